"""The lint with what one study's record knows: which works, figures and names the text may use."""

from __future__ import annotations

from collections.abc import Iterable

from stages.contracts import FigureSpec, Slug
from stages.g_writing.claims import Claim, claims_table
from stages.g_writing.document import Document
from stages.g_writing.lint import Finding, lint
from stages.g_writing.record import PaperRecord
from stages.g_writing.recorded_study import RecordedStudy
from stages.g_writing.typed_sentences import Desk, advised


def faults(document: Document, figures: Iterable[FigureSpec], record: PaperRecord) -> tuple[Finding, ...]:
    """Every fault of the text, gates first; where a number is typed, with the reference that would print it."""
    found = lint(
        document,
        citation_keys=record.citable,
        figure_ids={figure.id for figure in figures},
        names=names(record),
    )
    return advised(found, document, desk(record))


def desk(record: PaperRecord) -> Desk:
    """The record, laid out for judging sentences with typed numbers."""
    return Desk(RecordedStudy(record.results, called(record), names(record)))


def claims(document: Document, record: PaperRecord) -> tuple[Claim, ...]:
    """The claims table of the text, with the names that the study gives its conditions."""
    return claims_table(document, record.results, called(record))


def called(record: PaperRecord) -> dict[Slug, tuple[str, ...]]:
    """Names of conditions beside their labels: of a study of one factor, the baseline is called by its level; and 'no warm-up' is
    'without warm-up' in running text."""
    found: dict[Slug, tuple[str, ...]] = {}
    for contrast in record.plan.conditions:
        absent = contrast.label.removeprefix("no ")
        if absent != contrast.label and contrast.role != "combination":
            found[contrast.id] = (f"without {absent.replace(' without ', ' and without ')}",)
    if len(record.factors) == 1:
        baseline = next(contrast.id for contrast in record.plan.conditions if contrast.role == "baseline")
        found[baseline] = tuple(level.label for factor in record.factors for level in factor.levels if level.is_baseline)
    return found


def names(record: PaperRecord) -> frozenset[str]:
    """Phrases of the study that may hold digits or claim words: what conditions, data, devices and works are called."""
    found = {condition.label for condition in record.results.conditions.values()}
    for contrast in record.plan.conditions:
        found |= {contrast.label, contrast.removes or ""}
    for factor in record.factors:
        found |= {factor.label, factor.ablation.label, factor.ablation.removes, *(level.label for level in factor.levels)}
    found |= {record.results.metric.label, record.corpus.name, record.kit_title, record.device, record.isolation, record.goal.topic}
    found |= {work.title for work in record.works}
    return frozenset(name for name in found if name.strip())
