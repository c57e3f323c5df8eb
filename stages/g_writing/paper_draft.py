"""Stage 17: write the paper section by section, every number by its key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from stages.asking import at_once
from stages.contracts import BoundSentence, Contract, FigureSpec, Manuscript, Outline, SectionPlan, Work
from stages.errors import ManuscriptRefused
from stages.g_writing import paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.bound_sentences import bound_by_rule
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord
from stages.g_writing.section_facts import facts_for, figures_for, values_for
from stages.g_writing.value_list import how_to_write, value_lines
from stages.g_writing.values import render_values
from stages.ports import Context, Question

MENDING_ROUNDS = 3
"""Times that a writer sees the faults of a section before the draft is refused."""

APPENDIX = "appendix_"
"""How the ids of the sections begin that hold nothing but the record's own tables."""


class Inputs(paper_outline.Inputs):
    outline: Outline


class SectionQuestion(Question):
    """What does this section say?

    A language model sees the facts, values, figures and works that the section needs; the record is for a mind that works by rules.
    """

    template: ClassVar[str] = "g_writing/paper_draft.md.j2"

    record: PaperRecord
    outline: Outline
    section: SectionPlan
    facts: tuple[str, ...]
    values: tuple[str, ...] = Field(
        description="Key beside value, a line for each condition, each comparison and each kind of setting."
    )
    examples: tuple[str, ...] = Field(description="How a line becomes an expression.")
    figures: tuple[FigureSpec, ...] = Field(description="Those that the section places.")
    works: tuple[Work, ...] = Field(description="Those that the section may cite.")
    guidance: tuple[str, ...]


class AppendixQuestion(Question):
    """What does the record hold for this appendix? Deviations, seeds and costs are disclosed in full, not as a mind likes to."""

    by_rule: ClassVar[bool] = True

    record: PaperRecord
    outline: Outline
    section: SectionPlan
    guided: bool


class MendQuestion(Question):
    """Which passages of the section change, so that these faults are gone?"""

    template: ClassVar[str] = "g_writing/paper_mend.md.j2"

    record: PaperRecord
    outline: Outline
    section: SectionPlan
    values: tuple[str, ...]
    examples: tuple[str, ...]
    figures: tuple[FigureSpec, ...]
    works: tuple[Work, ...]
    markdown: str
    found: tuple[str, ...] = Field(description="The faults, one a line.")


class SectionDraft(Contract):
    """The body of a section in the manuscript's dialect, without its heading."""

    markdown: str


class Patch(Contract):
    before: str = Field(description="Verbatim from the section, and there exactly once.")
    after: str = Field(description="What stands there instead; may be empty.")


class Mended(Contract):
    patches: tuple[Patch, ...]


def run(inputs: Inputs, ctx: Context) -> Manuscript:
    """The manuscript, its values still by key.

    Raises:
        ManuscriptRefused: the text says something that the record does not, after the rounds of mending.
    """
    record, outline = paper_outline.record_of(inputs, ctx), inputs.outline
    desk = _Desk(ctx, record, outline, inputs.shortlist.works, tuple(item.message for item in ctx.guidance))
    bodies, bound, complaints = _by_reference(outline, at_once(desk.written, outline.sections), record)
    for _ in range(MENDING_ROUNDS):
        if not any(complaints):
            break
        parts = zip(outline.sections, bodies, complaints, strict=True)
        bodies, more, complaints = _by_reference(outline, at_once(lambda part: desk.mended(*part), parts), record)
        bound += more
    if refused := [line for lines in complaints for line in lines]:
        faulty, which = ("a fault", "") if len(refused) == 1 else (f"{len(refused)} faults", ", the first")
        raise ManuscriptRefused(f"the draft still has {faulty} after {MENDING_ROUNDS} rounds of mending{which}: {refused[0]}")
    return Manuscript(
        title=outline.title,
        authors=(record.author,),
        markdown=assembled(outline, bodies),
        figures=outline.figures,
        bound=bound,
    )


@dataclass(frozen=True)
class _Desk:
    """Has the sections of a paper written and mended, one question each."""

    ctx: Context
    record: PaperRecord
    outline: Outline
    works: tuple[Work, ...]
    guidance: tuple[str, ...]

    def written(self, section: SectionPlan) -> str:
        if section.id.startswith(APPENDIX):
            appendix = AppendixQuestion(record=self.record, outline=self.outline, section=section, guided=bool(self.guidance))
            return self.ctx.model.ask(appendix, answer=SectionDraft).markdown
        question = SectionQuestion(
            record=self.record,
            outline=self.outline,
            section=section,
            facts=facts_for(section.id, self.record),
            values=self._values(section),
            examples=self._examples(section),
            figures=figures_for(section.id, self.outline.figures),
            works=self._citable(section),
            guidance=self.guidance,
        )
        return self.ctx.model.ask(question, answer=SectionDraft).markdown

    def mended(self, section: SectionPlan, body: str, found: tuple[str, ...]) -> str:
        """The body with patches for its faults; as it is where it has none."""
        if not found:
            return body
        question = MendQuestion(
            record=self.record,
            outline=self.outline,
            section=section,
            values=self._values(section),
            examples=self._examples(section),
            figures=figures_for(section.id, self.outline.figures),
            works=self._citable(section),
            markdown=body,
            found=found,
        )
        return with_patches(body, self.ctx.model.ask(question, answer=Mended).patches)

    def _values(self, section: SectionPlan) -> tuple[str, ...]:
        return value_lines(self.record.results, values_for(section.id))

    def _examples(self, section: SectionPlan) -> tuple[str, ...]:
        return tuple(how_to_write(self.record.results, values_for(section.id)))

    def _citable(self, section: SectionPlan) -> tuple[Work, ...]:
        works = {work.key: work for work in self.works}
        return tuple(works[key] for key in dict.fromkeys(section.keys))


def _by_reference(
    outline: Outline, bodies: Sequence[str], record: PaperRecord
) -> tuple[tuple[str, ...], tuple[BoundSentence, ...], tuple[tuple[str, ...], ...]]:
    """The sections with typed numbers by reference where nothing is left to judge, what was so changed, and the complaints left."""
    complaints = complaints_of(outline, bodies, record)
    if not any(complaints):
        return tuple(bodies), (), complaints
    unreadable = any(_unreadable(section, body, record) for section, body in zip(outline.sections, bodies, strict=True))
    if unreadable or any(_doubled_labels(outline, bodies)):
        return tuple(bodies), (), complaints
    changed, bound = bound_by_rule(bodies, lambda texts: parse(assembled(outline, texts), (record.author,)), record)
    return changed, bound, complaints_of(outline, changed, record) if bound else complaints


def with_patches(body: str, patches: Sequence[Patch]) -> str:
    """The body with each patch whose passage stands there exactly once; of the others the fault stays, and is shown again."""
    for patch in patches:
        if patch.before and body.count(patch.before) == 1:
            body = body.replace(patch.before, patch.after)
    return body


def assembled(outline: Outline, bodies: Sequence[str]) -> str:
    """The whole text: title, abstract, sections in the order of the outline, appendices marked as such."""
    parts = [f"# {outline.title}"]
    for section, body in zip(outline.sections, bodies, strict=True):
        parts += [_heading(section), body.strip()]
    return "\n\n".join(parts) + "\n"


def _heading(section: SectionPlan) -> str:
    if section.id == "abstract":
        return "## Abstract"
    return f"## {section.title} {{#sec:{section.id}{' .appendix' if section.id.startswith(APPENDIX) else ''}}}"


def complaints_of(outline: Outline, bodies: Sequence[str], record: PaperRecord) -> tuple[tuple[str, ...], ...]:
    """For each section what forbids its export: a form that cannot be read, a value without a record, a label that another section
    has, a fault of the lint, a comparison that the record does not bear out.

    Raises:
        ManuscriptRefused: a fault lies in the outline (the title), which no section can mend.
    """
    unreadable = tuple(_unreadable(section, body, record) for section, body in zip(outline.sections, bodies, strict=True))
    if any(unreadable):
        return unreadable
    doubled = _doubled_labels(outline, bodies)
    if any(doubled):
        return doubled
    document = parse(assembled(outline, bodies), (record.author,))
    found = [(finding.place, finding.message) for finding in faults(document, outline.figures, record) if finding.gate]
    found += [
        (claim.place, f"{claim.place}: the comparison is {claim.verdict}: {claim.reason} ({claim.sentence[:160]!r})")
        for claim in claims(document, record)
        if claim.verdict != "supported"
    ]
    by_section = tuple(
        tuple(dict.fromkeys(message for place, message in found if _lies_in(place, section, body)))
        for section, body in zip(outline.sections, bodies, strict=True)
    )
    nowhere = [message for _, message in found if not any(message in lines for lines in by_section)]
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


def _doubled_labels(outline: Outline, bodies: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """For each section the labels that an earlier one has already."""
    owner = {f"sec:{section.id}": section.title for section in outline.sections}
    found = []
    for section, body in zip(outline.sections, bodies, strict=True):
        own = re.findall(r"\{#((?:sec|fig|tbl|eq):[A-Za-z0-9_-]+)", body)
        found.append(tuple(f"the label {label} stands in {owner[label]} already" for label in own if label in owner))
        owner |= {label: section.title for label in own if label not in owner}
    return tuple(found)


def _lies_in(place: str, section: SectionPlan, body: str) -> bool:
    label = place.split("[", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    if label in ("abstract", f"sec:{section.id}"):
        return label.removeprefix("sec:") == section.id
    return f"{{#{label}" in body
