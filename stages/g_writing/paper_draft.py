"""Stage 17: write the paper section by section, every number by its key."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from stages.contracts import Contract, Manuscript, Outline, SectionPlan
from stages.errors import ManuscriptRefused
from stages.g_writing import paper_outline
from stages.g_writing.against_record import faults
from stages.g_writing.lint import Finding
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord
from stages.g_writing.values import leaves, render_values
from stages.ports import Context, Question

MENDING_ROUNDS = 3
"""Times that a writer sees the faults of a section before the draft is refused."""


class Inputs(paper_outline.Inputs):
    outline: Outline


class SectionQuestion(Question):
    """What does this section say?"""

    template: ClassVar[str] = "g_writing/paper_draft.md.j2"

    record: PaperRecord
    outline: Outline
    section: SectionPlan
    citable: tuple[str, ...]
    """Keys that may be cited; nothing else may be."""
    values: tuple[str, ...]
    """Every value expression that the record can answer."""
    guidance: tuple[str, ...]


class MendQuestion(Question):
    """How does the section read without these faults?"""

    template: ClassVar[str] = "g_writing/paper_mend.md.j2"

    record: PaperRecord
    outline: Outline
    section: SectionPlan
    citable: tuple[str, ...]
    values: tuple[str, ...]
    markdown: str
    complaints: tuple[str, ...]


class SectionDraft(Contract):
    """The body of a section in the manuscript's dialect, without its heading."""

    markdown: str


def run(inputs: Inputs, ctx: Context) -> Manuscript:
    """The manuscript, its values still by key.

    Raises:
        ManuscriptRefused: the text says something that the record does not, after the rounds of mending.
    """
    record = paper_outline.record_of(inputs, ctx)
    outline = inputs.outline
    citable, values = tuple(sorted(record.citable)), tuple(leaves(record.results))
    guidance = tuple(item.message for item in ctx.guidance)

    def write(section: SectionPlan) -> str:
        question = SectionQuestion(record=record, outline=outline, section=section, citable=citable, values=values, guidance=guidance)
        return ctx.model.ask(question, answer=SectionDraft).markdown

    def mend(section: SectionPlan, markdown: str, complaints: tuple[str, ...]) -> str:
        question = MendQuestion(
            record=record,
            outline=outline,
            section=section,
            citable=citable,
            values=values,
            markdown=markdown,
            complaints=complaints,
        )
        return ctx.model.ask(question, answer=SectionDraft).markdown if complaints else markdown

    with ThreadPoolExecutor(max_workers=len(outline.sections)) as pool:
        bodies = tuple(pool.map(write, outline.sections))
        for _ in range(MENDING_ROUNDS):
            complaints = complaints_of(outline, bodies, record)
            if not any(complaints):
                break
            bodies = tuple(pool.map(mend, outline.sections, bodies, complaints))
    if refused := [line for lines in complaints_of(outline, bodies, record) for line in lines]:
        raise ManuscriptRefused(f"the draft still has {len(refused)} faults after {MENDING_ROUNDS} rounds; the first: {refused[0]}")
    return Manuscript(title=outline.title, authors=(record.author,), markdown=assembled(outline, bodies), figures=outline.figures)


def assembled(outline: Outline, bodies: Sequence[str]) -> str:
    """The whole text: title, abstract, sections in the order of the outline, appendices marked as such."""
    parts = [f"# {outline.title}"]
    for section, body in zip(outline.sections, bodies, strict=True):
        parts += [_heading(section), body.strip()]
    return "\n\n".join(parts) + "\n"


def _heading(section: SectionPlan) -> str:
    if section.id == "abstract":
        return "## Abstract"
    return f"## {section.title} {{#sec:{section.id}{' .appendix' if section.id.startswith('appendix_') else ''}}}"


def complaints_of(outline: Outline, bodies: Sequence[str], record: PaperRecord) -> tuple[tuple[str, ...], ...]:
    """For each section what forbids its export: a form that cannot be read, a value without a record, a fault of the lint.

    Raises:
        ManuscriptRefused: a fault lies between sections (a label used twice) or in the outline (the title).
    """
    unreadable = tuple(_unreadable(section, body, record) for section, body in zip(outline.sections, bodies, strict=True))
    if any(unreadable):
        return unreadable
    document = parse(assembled(outline, bodies), (record.author,))
    findings = [finding for finding in faults(document, outline.figures, record) if finding.gate]
    by_section = tuple(
        tuple(finding.message for finding in findings if _lies_in(finding, section, body))
        for section, body in zip(outline.sections, bodies, strict=True)
    )
    nowhere = [finding.message for finding in findings if not any(finding.message in lines for lines in by_section)]
    if nowhere:
        raise ManuscriptRefused(nowhere[0])
    return by_section


def _unreadable(section: SectionPlan, body: str, record: PaperRecord) -> tuple[str, ...]:
    """Why the body alone cannot be read or its values not be printed; empty when they can."""
    try:
        render_values(parse(f"# Title\n\n{_heading(section)}\n\n{body.strip()}\n"), record.results)
    except ManuscriptRefused as refusal:
        return (str(refusal),)
    return ()


def _lies_in(finding: Finding, section: SectionPlan, body: str) -> bool:
    label = finding.place.split("[")[0].split(" ")[0]
    if label in ("abstract", f"sec:{section.id}"):
        return label.removeprefix("sec:") == section.id
    return f"{{#{label}" in body
