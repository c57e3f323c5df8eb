"""Stage 3: decide what is searched for, where, and what may enter the shortlist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted
from stages.contracts import Contract, Factor, Goal, ProblemTree, SearchPlan
from stages.ports import Context, Question


class Inputs(Contract):
    goal: Goal
    problem_tree: ProblemTree


class SearchQuestion(Question):
    """Which queries cover the sub-questions, and which rules decide on inclusion?"""

    template: ClassVar[str] = "b_literature/search_strategy.md.j2"

    goal: Goal
    problem_tree: ProblemTree
    factors: tuple[Factor, ...]
    guidance: tuple[str, ...]

    def faults(self, answer: SearchPlan) -> Iterator[str]:
        serves = {sub.id for sub in self.problem_tree.sub_questions}
        ids = [query.id for query in answer.queries]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield f"two queries have the id {name!r}"
        for query in answer.queries:
            if query.sub_question not in serves:
                yield f"query {query.id!r} serves {query.sub_question!r}, which is no sub-question"


def run(inputs: Inputs, ctx: Context) -> SearchPlan:
    """Queries for the library and the rules of the screening; every query goes to every source that the library asks.

    Raises:
        MalformedAnswer: a query serves no sub-question, or two have the same id.
    """
    factors = studied_factors(inputs.goal, kit_of(inputs.goal, ctx))
    question = SearchQuestion(
        goal=inputs.goal,
        problem_tree=inputs.problem_tree,
        factors=factors,
        guidance=tuple(item.message for item in ctx.guidance),
    )
    plan = accepted(ctx, question, SearchPlan)
    queries = tuple(query.model_copy(update={"sources": ctx.library.sources}) for query in plan.queries)
    return plan.model_copy(update={"queries": queries})
