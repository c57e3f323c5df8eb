"""Stage 7: say what the works agree on, where they pull apart and what they leave open."""

from __future__ import annotations

from typing import ClassVar

from stages.a_scoping.study import kit_of, studied_factors
from stages.contracts import Contract, Factor, Goal, KnowledgeCards, ProblemTree, Synthesis
from stages.errors import MalformedAnswer
from stages.ports import Context, Question


class Inputs(Contract):
    goal: Goal
    problem_tree: ProblemTree
    cards: KnowledgeCards


class SynthesisQuestion(Question):
    """Which themes, agreements, tensions and gaps do the cards show?"""

    template: ClassVar[str] = "c_synthesis/synthesis.md.j2"

    goal: Goal
    problem_tree: ProblemTree
    cards: KnowledgeCards
    factors: tuple[Factor, ...]


def run(inputs: Inputs, ctx: Context) -> Synthesis:
    """Themes and gaps, each tied to cards.

    Raises:
        MalformedAnswer: a theme, agreement or gap rests on a work without a card.
    """
    question = SynthesisQuestion(
        goal=inputs.goal,
        problem_tree=inputs.problem_tree,
        cards=inputs.cards,
        factors=studied_factors(inputs.goal, kit_of(inputs.goal, ctx)),
    )
    answer = ctx.model.ask(question, answer=Synthesis)
    known = {card.key for card in inputs.cards.cards}
    used = [key for theme in answer.themes for key in theme.keys]
    used += [key for agreement in answer.agreements for key in agreement.keys]
    used += [key for gap in answer.gaps for key in gap.rests_on]
    if strangers := sorted(set(used) - known):
        raise MalformedAnswer(f"the synthesis rests on works without a card: {strangers}")
    return answer
