"""Stage 6: note what each work on the shortlist says, tied to the span that says it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from stages.contracts import Contract, Goal, KnowledgeCard, KnowledgeCards, Shortlist, Work
from stages.errors import EvidenceMissing, MalformedAnswer
from stages.ports import Context, Question

AT_ONCE = 8
"""Questions asked at the same time; a model's adapter may hold back further (a guess)."""


class Inputs(Contract):
    goal: Goal
    shortlist: Shortlist


class CardQuestion(Question):
    """What does this one work say that bears on the goal?"""

    template: ClassVar[str] = "b_literature/knowledge_extract.md.j2"

    goal: Goal
    work: Work


def run(inputs: Inputs, ctx: Context) -> KnowledgeCards:
    """One card per work that has a text to rest on.

    Raises:
        MalformedAnswer: a card's span does not stand in its source.
        EvidenceMissing: no work on the shortlist has a text.
    """
    readable = [work for work in inputs.shortlist.works if work.gist or work.abstract]
    if not readable:
        raise EvidenceMissing("no work on the shortlist has a text that a card could rest on")
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        cards = pool.map(lambda work: _card(inputs.goal, work, ctx), readable)
        return KnowledgeCards(cards=tuple(cards))


def _card(goal: Goal, work: Work, ctx: Context) -> KnowledgeCard:
    card = ctx.model.ask(CardQuestion(goal=goal, work=work), answer=KnowledgeCard)
    source = {"gist": work.gist, "title": work.title, "abstract": work.abstract}.get(card.span_source)
    if card.key != work.key or source is None or card.span not in source:
        raise MalformedAnswer(f"the card of {work.key!r} rests on a span that is not in its {card.span_source}")
    return card
