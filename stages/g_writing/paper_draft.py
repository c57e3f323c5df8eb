"""Stage 17: write the paper section by section, every number by its key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from stages.contracts import Contract, Manuscript, Outline, SectionPlan
from stages.g_writing import paper_outline
from stages.g_writing.record import PaperRecord
from stages.ports import Context, Question


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
    guidance: tuple[str, ...]


class SectionDraft(Contract):
    """The body of a section in the manuscript's dialect, without its heading."""

    markdown: str


def run(inputs: Inputs, ctx: Context) -> Manuscript:
    """The manuscript, its values still by key.

    Raises:
        ManuscriptRefused: the text says something that the record does not, after the rounds of mending.
        MalformedAnswer: a section came back in a form that is none.
    """
    record = paper_outline.record_of(inputs, ctx)
    guidance = tuple(item.message for item in ctx.guidance)

    def write(plan: SectionPlan) -> str:
        question = SectionQuestion(
            record=record, outline=inputs.outline, section=plan, citable=tuple(sorted(record.citable)), guidance=guidance
        )
        return ctx.model.ask(question, answer=SectionDraft).markdown

    with ThreadPoolExecutor(max_workers=len(inputs.outline.sections)) as pool:
        bodies = tuple(pool.map(write, inputs.outline.sections))
    return Manuscript(
        title=inputs.outline.title,
        authors=(record.author,),
        markdown=assembled(inputs.outline, bodies),
        figures=inputs.outline.figures,
    )


def assembled(outline: Outline, bodies: tuple[str, ...]) -> str:
    """The whole text: title, abstract, sections in the order of the outline, appendices marked as such."""
    parts = [f"# {outline.title}"]
    for plan, body in zip(outline.sections, bodies, strict=True):
        mark = " .appendix" if plan.id.startswith("appendix_") else ""
        parts.append("## Abstract" if plan.id == "abstract" else f"## {plan.title} {{#sec:{plan.id}{mark}}}")
        parts.append(body.strip())
    return "\n\n".join(parts) + "\n"
