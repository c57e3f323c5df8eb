"""Stage 16: decide what the paper claims, section by section, and which figures it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from stages.a_scoping.study import kit_of
from stages.asking import accepted
from stages.contracts import (
    Analysis,
    Brief,
    Candidates,
    CodeBundle,
    Contract,
    Decision,
    ExperimentPlan,
    Goal,
    Hypotheses,
    Outline,
    ProblemTree,
    RefinedRecords,
    Schedule,
    SearchPlan,
    Shortlist,
    Synthesis,
)
from stages.g_writing.against_record import names as names_of_study
from stages.g_writing.record import PaperRecord, paper_record
from stages.g_writing.remark_check import remark_faults
from stages.ports import Context, Question

SECTIONS: tuple[tuple[str, str], ...] = (
    ("abstract", "Abstract"),
    ("introduction", "Introduction"),
    ("related_work", "Related work"),
    ("method", "Method"),
    ("setup", "Experimental set-up"),
    ("results", "Results"),
    ("ablations", "Ablations"),
    ("discussion", "Discussion"),
    ("limitations", "Limitations"),
    ("conclusion", "Conclusion"),
    ("appendix_reproducibility", "Reproducibility"),
    ("appendix_plan", "Registered plan and deviations"),
    ("appendix_seeds", "Values of every seed"),
    ("appendix_search", "Search protocol"),
    ("appendix_cost", "Cost"),
)
"""Sections of every paper, in order; those that begin with 'appendix_' stand after the references."""


class Inputs(Contract):
    brief: Brief
    goal: Goal
    problem_tree: ProblemTree
    search: SearchPlan
    candidates: Candidates
    shortlist: Shortlist
    synthesis: Synthesis
    hypotheses: Hypotheses
    plan: ExperimentPlan
    bundle: CodeBundle
    schedule: Schedule
    refined: RefinedRecords
    analysis: Analysis
    decision: Decision


class OutlineQuestion(Question):
    """What does the paper claim, what has each section to say, and which figures show it?"""

    template: ClassVar[str] = "g_writing/paper_outline.md.j2"

    record: PaperRecord
    sections: tuple[tuple[str, str], ...]
    """(id, title) of every section that the paper must have, in order."""
    guidance: tuple[str, ...]

    def faults(self, answer: Outline) -> Iterator[str]:
        yield from _faults(answer, self.record)


def record_of(inputs: Inputs, ctx: Context) -> PaperRecord:
    """The record that the outline and the draft are written from."""
    return paper_record(
        brief=inputs.brief,
        goal=inputs.goal,
        kit=kit_of(inputs.goal, ctx),
        problem_tree=inputs.problem_tree,
        search=inputs.search,
        candidates=inputs.candidates,
        shortlist=inputs.shortlist,
        synthesis=inputs.synthesis,
        hypotheses=inputs.hypotheses,
        plan=inputs.plan,
        bundle=inputs.bundle,
        schedule=inputs.schedule,
        refined=inputs.refined,
        analysis=inputs.analysis,
        decision=inputs.decision,
    )


def run(inputs: Inputs, ctx: Context) -> Outline:
    """The outline, with every section in its place.

    Raises:
        MalformedAnswer: a section is missing or out of order, a work is not on the shortlist, or a figure shows an unknown condition.
    """
    record = record_of(inputs, ctx)
    question = OutlineQuestion(record=record, sections=SECTIONS, guidance=tuple(item.message for item in ctx.guidance))
    return accepted(ctx, question, Outline)


def _faults(outline: Outline, record: PaperRecord) -> Iterator[str]:
    if tuple(section.id for section in outline.sections) != tuple(name for name, _ in SECTIONS):
        yield f"the outline must have exactly these sections, in order: {', '.join(name for name, _ in SECTIONS)}"
    planned = {key for section in outline.sections for key in section.keys}
    if strangers := sorted(planned - record.citable):
        yield f"the outline cites works that are not on the shortlist: {strangers}"
    if len({figure.id for figure in outline.figures}) != len(outline.figures):
        yield "the outline gives the same id to two figures"
    kinds = [figure.kind for figure in outline.figures]
    if len(set(kinds)) != len(kinds):
        yield "the outline has two figures of one kind"
    for figure in outline.figures:
        unknown = set(figure.conditions) - set(record.results.conditions)
        unknown |= set(figure.comparisons) - set(record.results.comparisons) - {"interaction"}
        if unknown:
            yield f"figure {figure.id!r} shows what was not measured: {sorted(unknown)}"
    names = names_of_study(record)
    for what, text in (("title", outline.title), ("claim", outline.claim)):
        yield from (f"the {what}: {fault}" for fault in remark_faults(text, record.results, names))
