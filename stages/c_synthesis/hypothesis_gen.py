"""Stage 8: state falsifiable hypotheses; three roles argue, a chair decides, all on record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from stages.a_scoping.study import kit_of, studied_factors
from stages.contracts import Brief, Contract, Contrast, Factor, Goal, Hypotheses, Role, Slug, Statement, Synthesis
from stages.errors import MalformedAnswer
from stages.ports import Context, Question

DEBATERS: tuple[Role, ...] = ("proponent", "skeptic", "methodologist")


class Inputs(Contract):
    brief: Brief
    goal: Goal
    synthesis: Synthesis


class ContrastQuestion(Question):
    """Which conditions would tell the possible answers apart?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.contrasts.md.j2"

    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    max_conditions: int
    round: int
    guidance: tuple[str, ...]


class Contrasts(Contract):
    """The baseline first; `spare` are levels that the limit on conditions leaves out."""

    contrasts: tuple[Contrast, ...]
    spare: tuple[Contrast, ...] = ()


class DebateQuestion(Question):
    """What does one role say about each contrast?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.debate.md.j2"

    role: Role
    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    contrasts: Contrasts


class Turn(Contract):
    contrast: Slug
    statement: Statement


class Turns(Contract):
    turns: tuple[Turn, ...]


class ChairQuestion(Question):
    """Which hypotheses stand, in which order, after the debate?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.chair.md.j2"

    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    contrasts: Contrasts
    debate: tuple[Turn, ...]


def run(inputs: Inputs, ctx: Context) -> Hypotheses:
    """Hypotheses with their debate; the first one is the primary one.

    Raises:
        MalformedAnswer: a hypothesis is about a condition that is not among the contrasts, or its debate lacks a role.
    """
    factors = studied_factors(inputs.goal, kit_of(inputs.goal, ctx))
    contrasts = ctx.model.ask(
        ContrastQuestion(
            goal=inputs.goal,
            synthesis=inputs.synthesis,
            factors=factors,
            max_conditions=inputs.brief.max_conditions,
            round=ctx.round,
            guidance=tuple(item.message for item in ctx.guidance),
        ),
        answer=Contrasts,
    )

    def argue(role: Role) -> tuple[Turn, ...]:
        question = DebateQuestion(role=role, goal=inputs.goal, synthesis=inputs.synthesis, factors=factors, contrasts=contrasts)
        return ctx.model.ask(question, answer=Turns).turns

    with ThreadPoolExecutor(max_workers=len(DEBATERS)) as pool:
        debate = tuple(turn for turns in pool.map(argue, DEBATERS) for turn in turns)
    hypotheses = ctx.model.ask(
        ChairQuestion(goal=inputs.goal, synthesis=inputs.synthesis, factors=factors, contrasts=contrasts, debate=debate),
        answer=Hypotheses,
    )
    _check(hypotheses)
    return hypotheses


def _check(hypotheses: Hypotheses) -> None:
    known = {contrast.id for contrast in hypotheses.contrasts}
    for hypothesis in hypotheses.hypotheses:
        if strangers := {hypothesis.treatment, hypothesis.reference} - known:
            raise MalformedAnswer(f"hypothesis {hypothesis.id!r} is about unknown conditions {sorted(strangers)}")
        if missing := {*DEBATERS, "chair"} - {statement.role for statement in hypothesis.debate}:
            raise MalformedAnswer(f"the debate of hypothesis {hypothesis.id!r} lacks {sorted(missing)}")
