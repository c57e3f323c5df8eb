"""A reference against one record: field by field, with what differs and what the record cannot say."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, Literal

from stages.contracts import Contract, Difference
from stages.h_finalization.references.folding import decoded, main_title, title_key, title_words
from stages.h_finalization.references.identifiers import arxiv_year
from stages.h_finalization.references.names import Authors, compare_authors
from stages.h_finalization.references.reference import Record, Reference
from stages.h_finalization.references.venues import compare_venues, names_preprint

NEAR: Final = 0.80
"""Similarity of folded titles from which a record is shown as what may have been meant; it never confirms (a guess)."""

YEAR_TOLERANCE: Final = 1
"""Years between a preprint, its conference and its proceedings that are let pass (facts of 2026-11: catalogues differ by one)."""

Field = Literal["title", "authors", "year", "venue", "doi", "arxiv_id"]
TitleRelation = Literal["same", "main title", "near", "other"]


class FieldResult(Contract):
    """'silent': the reference does not name it. 'unknown': it does, and the record cannot say whether that is right."""

    field: Field
    outcome: Literal["agrees", "differs", "unknown", "silent"]
    cited: str
    found: str
    note: str | None = None

    @property
    def difference(self) -> Difference:
        return Difference(field=self.field, cited=self.cited, found=f"{self.found} ({self.note})" if self.note else self.found)


class Comparison(Contract):
    """One reference against one record."""

    record: Record
    fields: tuple[FieldResult, ...]
    title: TitleRelation
    same_work: bool
    """The record is about the work that the reference means, rightly or wrongly described."""
    closeness: float
    """Orders records of one reference; comparable for one reference only."""

    def result(self, field: Field) -> FieldResult:
        return next(result for result in self.fields if result.field == field)


def compare(reference: Reference, record: Record) -> Comparison:
    """Every field of the reference against the record."""
    relation, title, likeness = _title(reference, record)
    authors = compare_authors(reference.authors, record.authors)
    fields = (
        title,
        FieldResult(
            field="authors",
            outcome="silent" if authors.kind == "none cited" else "agrees" if authors.agrees else "differs",
            cited=_listed(reference.authors),
            found=_listed(record.authors),
            note=authors.note,
        ),
        _year(reference, record),
        _venue(reference, record),
        _identifier("doi", reference.doi, record.dois),
        _identifier("arxiv_id", reference.arxiv_id, record.arxiv_ids),
    )
    share = authors.shared / max(1, len(reference.authors.people))
    by_identifier = any(result.outcome == "agrees" for result in fields[4:])
    # A near title alone is chance; with its authors or its identifier it is the work that was meant.
    meant = relation == "same" or (relation == "near" and (by_identifier or (authors.first_agrees and share >= 0.5)))
    if relation == "main title":  # short titles are shared by several works: 'Efficient Transformers'
        meant = by_identifier or share >= 0.5 or not reference.authors.people
    return Comparison(
        record=record,
        fields=fields,
        title=relation,
        same_work=meant,
        closeness=likeness + share + 0.5 * by_identifier + 0.1 * sum(result.outcome == "agrees" for result in fields),
    )


def compare_titles(cited: str, recorded: str) -> tuple[TitleRelation, float]:
    """The relation and the similarity of the folded titles, 0 to 1. 'main title': the subtitle, or the name before it, was dropped.

    One word more or less makes a title 'near': a made-up reference often is a real one with a word changed.
    """
    mine, yours = title_key(cited), title_key(recorded)
    if not mine or not yours:
        return "other", 0.0
    if mine == yours:
        return "same", 1.0
    front = main_title(recorded)
    if front is not None and main_title(cited) is None:
        back = decoded(recorded)[len(front) :]
        if mine == title_key(front) or (mine == title_key(back) and len(title_words(back)) >= 4):
            return "main title", 0.95
    likeness = SequenceMatcher(None, " ".join(title_words(cited)), " ".join(title_words(recorded)), autojunk=False).ratio()
    cited_front = main_title(cited)
    shares_front = front is not None and cited_front is not None and title_key(cited_front) == title_key(front)
    inside = len(title_words(cited)) >= 3 and (mine in yours or yours in mine)
    return ("near" if likeness >= NEAR or shares_front or inside else "other"), likeness


def _title(reference: Reference, record: Record) -> tuple[TitleRelation, FieldResult, float]:
    compared = [(*compare_titles(reference.title, title), title) for title in record.titles]
    order = ("same", "main title", "near", "other")
    relation, likeness, title = min(compared, key=lambda found: (order.index(found[0]), -found[1]))
    note = "the subtitle is left out" if relation == "main title" else None
    outcome: Literal["agrees", "differs"] = "agrees" if relation in ("same", "main title") else "differs"
    return relation, FieldResult(field="title", outcome=outcome, cited=reference.title, found=title, note=note), likeness


def _year(reference: Reference, record: Record) -> FieldResult:
    """Within a year of a version's; who cites the preprint may also name any year between it and the latest version."""
    preprints = [year for number in record.arxiv_ids if (year := arxiv_year(number)) is not None]
    found = "/".join(str(year) for year in dict.fromkeys((*record.years, *preprints)))
    if reference.year is None:
        return FieldResult(field="year", outcome="silent", cited="", found=found)
    cited = reference.year
    as_preprint = bool(preprints) and names_preprint(reference.venue)
    exact = cited in record.years or (as_preprint and cited in preprints)
    near = any(abs(cited - year) <= YEAR_TOLERANCE for year in record.years)
    between = as_preprint and min(preprints) <= cited <= max(record.years) + YEAR_TOLERANCE
    return FieldResult(
        field="year",
        outcome="agrees" if exact or near or between else "differs",
        cited=str(cited),
        found=found,
        note="of another version" if (near or between) and not exact else None,
    )


def _venue(reference: Reference, record: Record) -> FieldResult:
    """A record without a venue, or with a preprint only, cannot say where the work was published."""
    cited, found = reference.venue or "", " / ".join(record.venues)
    relations = [compare_venues(reference.venue, venue) for venue in record.venues or ("",)]
    if "none cited" in relations:
        return FieldResult(field="venue", outcome="silent", cited=cited, found=found)
    if "same" in relations:
        return FieldResult(field="venue", outcome="agrees", cited=cited, found=found)
    if "preprint of it" in relations:
        note = "the preprint is cited"
        return FieldResult(field="venue", outcome="agrees", cited=cited, found=found, note=note)
    if "different" in relations:
        return FieldResult(field="venue", outcome="differs", cited=cited, found=found)
    return FieldResult(field="venue", outcome="unknown", cited=cited, found=found, note="the record knows only the preprint")


def _identifier(field: Literal["doi", "arxiv_id"], cited: str | None, known: tuple[str, ...]) -> FieldResult:
    if cited is None:
        return FieldResult(field=field, outcome="silent", cited="", found=", ".join(known))
    outcome: Literal["agrees", "differs", "unknown"] = "agrees" if cited in known else "differs" if known else "unknown"
    return FieldResult(field=field, outcome=outcome, cited=cited, found=", ".join(known))


def _listed(authors: Authors) -> str:
    names = [who.written for who in authors.people]
    shown = names[:6] + ([f"{len(names) - 6} more"] if len(names) > 6 else []) + (["others"] if authors.cut else [])
    return ", ".join(shown)
