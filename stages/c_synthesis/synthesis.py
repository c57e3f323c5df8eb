"""Stage 7: say what the works agree on, where they pull apart and what they leave open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted
from stages.contracts import Contract, Factor, Goal, KnowledgeCards, ProblemTree, Synthesis
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

    def faults(self, answer: Synthesis) -> Iterator[str]:
        known = {card.key for card in self.cards.cards}
        used = [key for theme in answer.themes for key in theme.keys]
        used += [key for agreement in answer.agreements for key in agreement.keys]
        used += [key for gap in answer.gaps for key in gap.rests_on]
        if strangers := sorted(set(used) - known):
            yield f"the synthesis rests on works without a card: {strangers}"
        factors = {factor.name for factor in self.factors}
        for gap in answer.gaps:
            if gap.factor is not None and gap.factor not in factors:
                yield f"gap {gap.id!r} is about {gap.factor!r}, which the study does not vary"


def run(inputs: Inputs, ctx: Context) -> Synthesis:
    """Themes and gaps, each tied to cards.

    Raises:
        MalformedAnswer: a theme, agreement or gap rests on a work without a card, or a gap on a factor that is not studied.
    """
    question = SynthesisQuestion(
        goal=inputs.goal,
        problem_tree=inputs.problem_tree,
        cards=inputs.cards,
        factors=studied_factors(inputs.goal, kit_of(inputs.goal, ctx)),
    )
    return accepted(ctx, question, Synthesis)
