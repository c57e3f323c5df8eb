"""Stage 2: take the question apart into sub-questions with priorities."""

from __future__ import annotations

from typing import ClassVar

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted
from stages.contracts import Contract, Factor, Goal, ProblemTree
from stages.ports import Context, Question


class Inputs(Contract):
    goal: Goal


class DecomposeQuestion(Question):
    """Which sub-questions must be answered for the goal, and which may be?"""

    template: ClassVar[str] = "a_scoping/problem_decompose.md.j2"

    goal: Goal
    factors: tuple[Factor, ...]


def run(inputs: Inputs, ctx: Context) -> ProblemTree:
    """Sub-questions, those that must be answered first.

    Raises:
        MalformedAnswer: a sub-question names a factor that the kit does not have.
    """
    kit = kit_of(inputs.goal, ctx)
    known = {factor.name for factor in kit.factors}

    def faults(tree: ProblemTree) -> list[str]:
        strange = ((sub.id, sorted(set(sub.factors) - known)) for sub in tree.sub_questions)
        return [f"sub-question {name!r} names unknown factors {strangers}" for name, strangers in strange if strangers]

    question = DecomposeQuestion(goal=inputs.goal, factors=studied_factors(inputs.goal, kit))
    tree = accepted(ctx, question, ProblemTree, faults)
    return ProblemTree(sub_questions=tuple(sorted(tree.sub_questions, key=lambda sub: sub.priority)))
