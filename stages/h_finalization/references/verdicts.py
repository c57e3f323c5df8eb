"""The verdict on a reference from what the sources answered, with the evidence of each layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from pydantic import Field

from stages.contracts import CitedWork, Contract, Difference, LayerEvidence
from stages.h_finalization.references.identifiers import doi_says, impossible_arxiv, impossible_doi
from stages.h_finalization.references.matching import YEAR_TOLERANCE, Comparison, FieldResult, compare
from stages.h_finalization.references.names import is_placeholder
from stages.h_finalization.references.reference import Record, Reference
from stages.h_finalization.references.venues import compare_venues, known_series, names_preprint

Verdict = Literal["verified", "mismatch", "not found", "not checked", "retracted"]
Outcome = Literal["agrees", "differs", "absent", "not asked", "failed"]
Name = Literal["title", "authors", "year", "venue", "doi", "arxiv_id"]


class SourceAnswer(Contract):
    """What one source said when it was asked about one reference."""

    source: str
    outcome: Literal["found", "absent", "failed"]
    records: tuple[Record, ...] = Field(default=(), description="What may be meant; comparing is not the source's business.")
    complete: bool = Field(description="The source would hold the work if it existed; a small collection's 'absent' says little.")
    reason: str | None = Field(default=None, description="Why the source failed.")


def judge(
    reference: Reference,
    answers: Sequence[SourceAnswer],
    *,
    now: tuple[int, int],
    venue_noted: Sequence[Literal["differs", "unknown"]] = (),
) -> CitedWork:
    """The verdict with its reasons.

    verified: a record agrees in title, authors and everything else that the reference names. mismatch: a field or an
    identifier contradicts. not found: every source that would know says no. not checked: nothing contradicts, and what
    would have to confirm failed or was not asked. retracted: the work was withdrawn.

    now: (year, month) of the day of asking, for identifiers that lie in the future.
    venue_noted: relations of the cited venue to the records' that are told among the evidence and change no verdict.
    """
    compared = sorted(
        (compare(reference, record) for answer in answers for record in answer.records), key=lambda found: -found.closeness
    )
    same = [found for found in compared if found.same_work]
    # What a source holds exists, whatever form its identifier has.
    held = {result.field for found in same for result in found.fields if result.outcome == "agrees"} & {"doi", "arxiv_id"}
    impossible = tuple(difference for difference in _impossible(reference, now) if difference.field not in held)
    elsewhere = tuple(_elsewhere(compared, same))
    if not same:
        return _unmatched(reference, answers, (*impossible, *elsewhere, *_against_itself(reference)), compared)

    merged = _merged(same)
    notes = tuple(_venue_note(part) for part in merged if part.field == "venue" and part.outcome in venue_noted)
    merged = tuple(part for part in merged if part.field != "venue" or part.outcome not in venue_noted)
    wrong = {difference.field: difference for difference in (*impossible, *elsewhere)}
    differences = tuple(
        wrong.get(result.field, result.difference) for result in merged if result.field in wrong or result.outcome == "differs"
    )
    unknown = [result for result in merged if result.outcome == "unknown" and result.field not in wrong]
    nobody = next(result for result in merged if result.field == "authors").outcome == "silent"
    by_identifier = any(result.outcome == "agrees" for result in merged if result.field in ("doi", "arxiv_id"))
    doubt = [f"{_NAMES[result.field]} {result.cited} is confirmed by no source that was asked" for result in unknown]
    if nobody and not by_identifier:
        doubt.append("no author is cited, and a title alone is shared by several works")

    verdict, evidence = _verdict(same, merged, differences, doubt)
    return CitedWork(
        key=reference.key,
        verdict=verdict,
        evidence=(*evidence, *notes),
        layers=(_identifier_layer(reference, merged, wrong), _record_layer(same, differences), _second_layer(same, answers)),
        differences=differences,
    )


def _verdict(
    same: Sequence[Comparison], merged: Sequence[FieldResult], differences: Sequence[Difference], doubt: Sequence[str]
) -> tuple[Verdict, tuple[str, ...]]:
    withdrawn = next((found.record for found in same if found.record.retracted), None)
    if withdrawn is not None:
        return "retracted", (f"{withdrawn.source} says that the work was retracted",)
    if differences:
        return "mismatch", tuple(_sentence(difference) for difference in differences)
    if doubt:
        return "not checked", tuple(doubt)
    agreeing = [result for result in merged if result.outcome == "agrees"]
    notes = (f"{_NAMES[result.field]}: {result.note}" for result in agreeing if result.note)
    return "verified", (f"same {', '.join(_NAMES[result.field] for result in agreeing)} as in {_sources(same)}", *notes)


_NAMES: Final[dict[Name, str]] = {
    "title": "title",
    "authors": "authors",
    "year": "year",
    "venue": "venue",
    "doi": "DOI",
    "arxiv_id": "arXiv number",
}


def _venue_note(part: FieldResult) -> str:
    return f"venue, for a reader to compare: {part.cited!r}, in the record {part.found or 'none'}"


def _impossible(reference: Reference, now: tuple[int, int]) -> Iterator[Difference]:
    """What cannot be, whatever any source says."""
    if reference.arxiv_id and (reason := impossible_arxiv(reference.arxiv_id, now=now)):
        yield Difference(field="arxiv_id", cited=reference.arxiv_id, found=f"nothing: {reason}")
    if reference.doi and (reason := impossible_doi(reference.doi)):
        yield Difference(field="doi", cited=reference.doi, found=f"nothing: {reason}")
    if reference.year is not None and reference.year > now[0] + 1:
        yield Difference(field="year", cited=str(reference.year), found="nothing: the year lies in the future")
    if names := [who.written for who in reference.authors.people if is_placeholder(who)]:
        yield Difference(field="authors", cited=", ".join(names), found="nobody: the name stands for one that was not known")


def _against_itself(reference: Reference) -> Iterator[Difference]:
    """Where the DOI itself says another conference or year than the reference; asked only where no record could be compared."""
    said = doi_says(reference.doi) if reference.doi else None
    if said is None or names_preprint(reference.venue):
        return
    series, year = said
    if known_series(series) and compare_venues(reference.venue, series) == "different":
        yield Difference(field="venue", cited=reference.venue or "", found=f"{series.upper()} by the DOI {reference.doi} itself")
    if reference.year is not None and abs(reference.year - year) > YEAR_TOLERANCE:
        yield Difference(field="year", cited=str(reference.year), found=f"{year} by the DOI {reference.doi} itself")


def _elsewhere(compared: Sequence[Comparison], same: Sequence[Comparison]) -> Iterator[Difference]:
    """Identifiers that belong to a work with another title; harmless when the right work carries them as well."""
    for field in ("doi", "arxiv_id"):
        if any(found.result(field).outcome == "agrees" for found in same):
            continue
        for found in compared:
            result = found.result(field)
            if result.outcome == "agrees" and not found.same_work:
                yield Difference(field=field, cited=result.cited, found=f"another work: {found.record.titles[0]!r}")
                break


def _merged(same: Sequence[Comparison]) -> tuple[FieldResult, ...]:
    """Each field by the record that speaks best for it: versions of a work lie in several records."""
    rank = {"agrees": 0, "silent": 1, "differs": 2, "unknown": 3}
    closest = same[0]
    whole = [found for found in same if found.title == closest.title] or [closest]
    return tuple(
        min((found.result(part.field) for found in whole), key=lambda result: rank[result.outcome]) for part in closest.fields
    )


def _unmatched(
    reference: Reference, answers: Sequence[SourceAnswer], wrong: tuple[Difference, ...], compared: Sequence[Comparison]
) -> CitedWork:
    """No record is about the work: absent, or nobody could say."""
    failed = [answer for answer in answers if answer.outcome == "failed"]
    knowing = [answer for answer in answers if answer.complete and answer.outcome != "failed"]
    asked = ", ".join(answer.source for answer in answers if answer.outcome != "failed") or "no source"
    nearest = compared[0].record if compared and compared[0].title == "near" else None
    hint = () if nearest is None else (f"the nearest record is {nearest.titles[0]!r} in {nearest.source}, by other authors",)
    reasons = tuple(f"{answer.source} gave no answer ({answer.reason or 'no reason was given'})" for answer in failed)
    verdict: Verdict = "mismatch" if wrong else "not found" if knowing and not failed else "not checked"
    if wrong:
        evidence = (*(_sentence(difference) for difference in wrong), f"no such work in {asked}")
    elif failed:
        evidence = reasons
    else:
        evidence = (f"no such work in {asked}" + ("" if knowing else ", and no source that would know was asked"),)
    cited = reference.doi or reference.arxiv_id
    outcome: Outcome = "differs" if wrong else "failed" if failed else "not asked" if cited is None else "absent"
    layers = (
        _layer("identifier", outcome, cited or "none is cited"),
        _layer("record", "failed" if failed and not knowing else "absent", f"asked: {asked}"),
        _layer("second source", "not asked", "there is no first one"),
    )
    return CitedWork(key=reference.key, verdict=verdict, evidence=(*evidence, *hint), layers=layers, differences=wrong)


def _identifier_layer(reference: Reference, merged: Sequence[FieldResult], wrong: Mapping[Name, Difference]) -> LayerEvidence:
    cited = [result for result in merged if result.field in ("doi", "arxiv_id") and result.outcome != "silent"]
    if not cited:
        return _layer("identifier", "not asked", "no identifier is cited")
    bad = [result for result in cited if result.outcome == "differs" or result.field in wrong]
    if bad:
        found = (wrong[result.field].found if result.field in wrong else result.found for result in bad)
        return _layer("identifier", "differs", "; ".join(f"{r.cited}: {f}" for r, f in zip(bad, found, strict=True)))
    if unknown := [result.cited for result in cited if result.outcome == "unknown"]:
        return _layer("identifier", "not asked", f"no asked source holds {', '.join(unknown)}")
    return _layer("identifier", "agrees", ", ".join(result.cited for result in cited))


def _record_layer(same: Sequence[Comparison], differences: Sequence[Difference]) -> LayerEvidence:
    fields = ", ".join(_NAMES[difference.field] for difference in differences)
    outcome: Literal["agrees", "differs"] = "differs" if differences else "agrees"
    record = same[0].record
    return _layer("record", outcome, f"{record.key} in {record.source}" + (f": {fields} differ" if fields else ""))


def _second_layer(same: Sequence[Comparison], answers: Sequence[SourceAnswer]) -> LayerEvidence:
    sources = list(dict.fromkeys(found.record.source for found in same))
    if len(sources) > 1:
        return _layer("second source", "agrees", f"also in {', '.join(sources[1:])}")
    if (second := same[0].record.second) is not None:
        return _layer("second source", "agrees", second)
    others = [answer for answer in answers if answer.source != sources[0]]
    if failed := [answer.source for answer in others if answer.outcome == "failed"]:
        return _layer("second source", "failed", f"{', '.join(failed)} gave no answer")
    if asked := [answer.source for answer in others if answer.complete]:
        return _layer("second source", "absent", f"not in {', '.join(asked)}")
    return _layer("second source", "not asked", "no other source was asked")


def _layer(
    layer: Literal["identifier", "record", "second source"],
    outcome: Outcome,
    detail: str,
) -> LayerEvidence:
    return LayerEvidence(layer=layer, outcome=outcome, detail=detail)


def _sources(same: Sequence[Comparison]) -> str:
    return " and ".join(dict.fromkeys(f"{found.record.source} ({found.record.key})" for found in same))


def _sentence(difference: Difference) -> str:
    return f"{_NAMES[difference.field]}: {difference.cited!r}, in the record {difference.found}"
