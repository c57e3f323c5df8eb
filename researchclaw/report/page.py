"""The page: every part looked up in the record, rendered strictly, the same bytes for the same record."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from researchclaw.progress import duration
from researchclaw.report.numbers import Numbers, Shown, run_anchor
from researchclaw.report.record import Picture, Record
from researchclaw.report.safe_text import shown, web_address, work_address
from researchclaw.report.timeline import timeline
from researchclaw.shipped import shipped
from researchclaw.spending import spending_of
from stages import contracts as c
from stages.g_writing.document import Document, Equation, Figure, Table, blocks, cited_keys, rewrite
from stages.g_writing.markdown import parse

TEMPLATE = "page.html.j2"
STYLE = "style.css"

_SCORES = (("quality", 4), ("clarity", 4), ("significance", 4), ("originality", 4), ("overall", 6), ("confidence", 5))


@dataclass(frozen=True)
class ConditionLine:
    """One row of the table of conditions; None where the record holds no value."""

    id: str
    result: c.ConditionResult
    mean: Shown | None
    std: Shown | None
    n: Shown | None
    steps: Shown | None
    best: bool


@dataclass(frozen=True)
class ComparisonLine:
    """One row of the table of comparisons."""

    a: str
    b: str
    difference: Shown | None
    low: Shown | None
    high: Shown | None
    p: Shown | None
    wins: Shown | None
    pairs: Shown | None
    verdict: Shown | None


@dataclass(frozen=True)
class HypothesisLine:
    """A prediction and what the data say about it; finding is None before the analysis."""

    hypothesis: c.Hypothesis
    primary: bool
    finding: c.Finding | None
    comparison: ComparisonLine | None


@dataclass(frozen=True)
class WorkLine:
    """A work of the shortlist. cited: by the newest text. verdict: on its record, None before the final check."""

    work: c.Work
    anchor: str
    address: str | None
    reason: str
    cited: bool
    verdict: str | None


def report(record: Record) -> str:
    """The page as one HTML document that loads nothing and runs nothing.

    Raises:
        SettingsError: this installation lacks the template.
    """
    environment = _environment()
    numbers = Numbers(record)
    style = (shipped("templates") / "report" / STYLE).read_text(encoding="utf-8")
    document = _document(record, numbers)
    works = _works(record, document)
    parts = {
        "record": record,
        "get": {kind.__name__: output for kind, output in record.outputs.items()},
        "style": Markup(style),  # noqa: S704 (our own file)
        "policy": _policy(style),
        "timeline": timeline(record),
        "works": works,
        "work_anchors": {work.work.key: work.anchor for work in works},
        "claim": _claim(record, numbers),
        "hypotheses": _hypotheses(record, numbers),
        "conditions": _conditions(record, numbers),
        "comparisons": _comparisons(record, numbers),
        "interaction": _interaction(record, numbers),
        "remarks": _remarks(record, numbers),
        "flow": _flow(record, numbers),
        "costs": _costs(record, numbers),
        "spending": spending_of(record.journal),
        "document": document,
        "pictures": {picture.figure.id: picture for picture in record.pictures},
        "figures": _figures(record, document),
        "prose": numbers.prose,
        "scores": _SCORES,
        "numbers": numbers,
    }
    return environment.get_template(TEMPLATE).render(parts)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "duration": duration,
        "seconds": lambda s: f"{s:.2f} s" if s < 10 else duration(s),  # most stages take milliseconds
        "anchor": run_anchor,
        "address": web_address,
        "png": _data_uri,
        "thousands": lambda number: f"{number:,}",
        "plural": lambda number, one, many: f"{number:,} {one if number == 1 else many}",
        "score": lambda value: f"{value:.5f}",
    }
    environment.filters |= filters
    return environment


def _policy(style: str) -> str:
    """Nothing is loaded, no script runs, no form is sent; the one style sheet is known by its hash (CSP level 3)."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"


# ---------------------------------------------------------------- the parts


def _claim(record: Record, numbers: Numbers) -> tuple[object, ...]:
    outline = record.get(c.Outline)
    return () if outline is None else numbers.prose(outline.claim, "summary")


def _hypotheses(record: Record, numbers: Numbers) -> tuple[HypothesisLine, ...]:
    stated, analysis = record.get(c.Hypotheses), record.get(c.Analysis)
    if stated is None:
        return ()
    findings = {} if analysis is None else {finding.hypothesis: finding for finding in analysis.findings}
    lines = []
    for place, hypothesis in enumerate(stated.hypotheses):
        finding = findings.get(hypothesis.id)
        made = None
        if analysis is not None and finding is not None and finding.comparison in analysis.results.comparisons:
            made = _comparison(hypothesis.treatment, hypothesis.reference, analysis.results, numbers, "hypotheses")
        lines.append(HypothesisLine(hypothesis, place == 0, finding, made))
    return tuple(lines)


def _conditions(record: Record, numbers: Numbers) -> tuple[ConditionLine, ...]:
    analysis = record.get(c.Analysis)
    if analysis is None:
        return ()
    metric = analysis.results.metric.name
    place = "results"
    return tuple(
        ConditionLine(
            id=name,
            result=result,
            mean=numbers.show(f"{name}.{metric}.mean", "f4", place=place),
            std=numbers.show(f"{name}.{metric}.std", "f4", place=place),
            n=numbers.show(f"{name}.{metric}.n", place=place),
            steps=numbers.show(f"{name}.steps", place=place),
            best=name == analysis.best,
        )
        for name, result in analysis.results.conditions.items()
        if metric in result.metrics
    )


def _comparisons(record: Record, numbers: Numbers) -> tuple[ComparisonLine, ...]:
    analysis = record.get(c.Analysis)
    if analysis is None:
        return ()
    pairs = [(found.a, found.b) for by_metric in analysis.results.comparisons.values() for found in by_metric.values()]
    return tuple(_comparison(a, b, analysis.results, numbers, "results") for a, b in pairs)


def _comparison(a: str, b: str, results: c.Results, numbers: Numbers, place: str) -> ComparisonLine:
    pair = f"({a},{b}).{results.metric.name}"
    return ComparisonLine(
        a=results.conditions[a].label,
        b=results.conditions[b].label,
        difference=numbers.show(f"diff{pair}", "signed3", place=place),
        low=numbers.show(f"ci_low{pair}", "signed3", place=place),
        high=numbers.show(f"ci_high{pair}", "signed3", place=place),
        p=numbers.show(f"test{pair}.holm_p", "p", place=place),
        wins=numbers.show(f"wins{pair}", place=place),
        pairs=numbers.show(f"pairs{pair}", place=place),
        verdict=numbers.show(f"cmp{pair}", place=place),
    )


def _interaction(record: Record, numbers: Numbers) -> tuple[tuple[str, Shown | None], ...]:
    analysis = record.get(c.Analysis)
    if analysis is None or analysis.results.interaction is None:
        return ()
    fields = (("difference", "mean_diff"), ("from", "ci95_low"), ("to", "ci95_high"), ("verdict", "verdict"))
    return tuple((word, numbers.show(f"interaction.{field}", place="results")) for word, field in fields)


def _remarks(record: Record, numbers: Numbers) -> tuple[tuple[str, tuple[object, ...]], ...]:
    analysis = record.get(c.Analysis)
    if analysis is None:
        return ()
    return tuple((remark.analyst, numbers.prose(remark.text, "analysts")) for remark in analysis.remarks)


def _flow(record: Record, numbers: Numbers) -> tuple[tuple[str, str, Shown], ...]:
    """The counts of PRISMA 2020 in order: id, words, number; before the analysis they lead to the stage that counted."""
    shortlist = record.get(c.Shortlist)
    if shortlist is None:
        return ()
    words = (
        ("identified", "records found by the queries"),
        ("duplicates", "duplicates set aside"),
        *((("removed_by_rule", "left out by rule before the screening, unread"),) if shortlist.counts.removed_by_rule else ()),
        ("screened", "works screened"),
        ("excluded", "excluded, each with a reason"),
        ("included", "on the shortlist"),
    )
    lines = []
    for name, text in words:
        found = numbers.show(f"lit.{name}", place="literature") if numbers.has(f"lit.{name}") else None
        lines.append((name, text, found or Shown(f"{getattr(shortlist.counts, name):,}", "#stage-5")))
    return tuple(lines)


def _costs(record: Record, numbers: Numbers) -> tuple[tuple[str, Shown], ...]:
    analysis = record.get(c.Analysis)
    if analysis is None:
        return ()
    costs = analysis.results.cost
    lines = ((name, numbers.show(f"cost.{name}", None if isinstance(costs[name], int) else "f2", place="cost")) for name in costs)
    return tuple((name.replace("_", " "), value) for name, value in lines if value is not None)


def _works(record: Record, document: Document | None) -> tuple[WorkLine, ...]:
    shortlist, verification = record.get(c.Shortlist), record.get(c.VerificationReport)
    if shortlist is None:
        return ()
    reasons = {decision.key: decision.reason for decision in shortlist.decisions}
    cited = frozenset() if document is None else frozenset(cited_keys(document))
    verdicts = {} if verification is None else {work.key: work.verdict for work in verification.citations}
    return tuple(
        WorkLine(
            work=work,
            anchor=f"work-{number}",
            address=work_address(work.doi, work.arxiv_id, work.url),
            reason=reasons.get(work.key, ""),
            cited=work.key in cited,
            verdict=verdicts.get(work.key),
        )
        for number, work in enumerate(shortlist.works, 1)
    )


def _document(record: Record, numbers: Numbers) -> Document | None:
    """The newest text of the paper, every value a link to its evidence."""
    revised, drafted = record.get(c.RevisedManuscript), record.get(c.Manuscript)
    manuscript = revised.manuscript if revised is not None else drafted
    if manuscript is None:
        return None
    return rewrite(parse(manuscript.markdown, manuscript.authors), numbers.linked)


def _figures(record: Record, document: Document | None) -> dict[str, int]:
    """Label -> number of each float, in reading order, as cross-references print it."""
    if document is None:
        return {}
    counts = {"fig": 0, "tbl": 0, "eq": 0}
    numbered: dict[str, int] = {}
    for _, block in blocks(document):
        match block:
            case Figure(id=name):
                prefix = "fig"
            case Table(id=name):
                prefix = "tbl"
            case Equation(id=str() as name):
                prefix = "eq"
            case _:
                continue
        counts[prefix] += 1
        numbered[f"{prefix}:{name}"] = counts[prefix]
    return numbered
