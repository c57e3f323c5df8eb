"""Stage 2: take the question apart into sub-questions with priorities."""

from __future__ import annotations

from collections.abc import Iterator
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

    def faults(self, answer: ProblemTree) -> Iterator[str]:
        known = {factor.name for factor in self.factors}
        for sub in answer.sub_questions:
            if strangers := sorted(set(sub.factors) - known):
                yield f"sub-question {sub.id!r} names unknown factors {strangers}"


def run(inputs: Inputs, ctx: Context) -> ProblemTree:
    """Sub-questions, those that must be answered first.

    Raises:
        MalformedAnswer: a sub-question names a factor that the kit does not have.
    """
    kit = kit_of(inputs.goal, ctx)
    question = DecomposeQuestion(goal=inputs.goal, factors=studied_factors(inputs.goal, kit))
    tree = accepted(ctx, question, ProblemTree)
    return ProblemTree(sub_questions=tuple(sorted(tree.sub_questions, key=lambda sub: sub.priority)))
