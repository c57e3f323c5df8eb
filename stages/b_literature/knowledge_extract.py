"""Stage 6: note what each work on the shortlist says, tied to the span that says it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from pydantic import Field

from stages.contracts import Contract, Goal, KnowledgeCard, KnowledgeCards, Passage, Reading, RefusedCard, Shortlist, Work
from stages.errors import EvidenceMissing, MalformedAnswer
from stages.ports import Context, Question

AT_ONCE = 8
"""Questions asked at the same time; a model's adapter may hold back further (a guess)."""


LONGEST_SPAN = 800
"""Signs; who quotes more points at nothing, and the span is delivered with the paper."""


class Inputs(Contract):
    goal: Goal
    shortlist: Shortlist


class CardQuestion(Question):
    """What does this one work say that bears on the goal?"""

    template: ClassVar[str] = "b_literature/knowledge_extract.md.j2"

    goal: Goal
    work: Work
    passages: tuple[Passage, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Of its full text, where that is at hand: those that bear on the goal."""


def run(inputs: Inputs, ctx: Context) -> KnowledgeCards:
    """One card per work that has a text to rest on; a card whose span is not in that text is refused and named.

    Raises:
        MalformedAnswer: no card rests on a span of its text.
        EvidenceMissing: no work on the shortlist has a text.
    """
    words = f"{inputs.goal.question} {inputs.goal.topic}"
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        readings = list(pool.map(lambda work: ctx.library.passages(work, words), inputs.shortlist.works))
        readable = [
            (work, reading)
            for work, reading in zip(inputs.shortlist.works, readings, strict=True)
            if work.gist or work.abstract or reading.passages
        ]
        if not readable:
            raise EvidenceMissing("no work on the shortlist has a text that a card could rest on")
        found = list(pool.map(lambda pair: _card(inputs.goal, pair[0], pair[1], ctx), readable))
    cards = tuple(card for card in found if isinstance(card, KnowledgeCard))
    refused = tuple(card for card in found if isinstance(card, RefusedCard))
    if not cards:
        raise MalformedAnswer(
            f"none of {len(refused)} cards rests on a span of its text, such as {refused[0].key}: {refused[0].reason}"
        )
    return KnowledgeCards(cards=cards, refused=refused)


def _card(goal: Goal, work: Work, reading: Reading, ctx: Context) -> KnowledgeCard | RefusedCard:
    card = ctx.model.ask(CardQuestion(goal=goal, work=work, passages=reading.passages), answer=KnowledgeCard)
    if card.key != work.key:
        return RefusedCard(key=work.key, reason=f"the card is on {card.key!r}")
    if not card.span.strip() or len(card.span) > LONGEST_SPAN:
        return RefusedCard(key=work.key, reason=f"it rests on {len(card.span)} signs; a span is a sentence or a few")
    page = next((passage.page for passage in reading.passages if card.span in passage.text), None)
    source = {"gist": work.gist, "title": work.title, "abstract": work.abstract}.get(card.span_source)
    if page is None if card.span_source == "full text" else source is None or card.span not in source:
        return RefusedCard(key=work.key, reason=f"it rests on a span that is not in its {card.span_source}")
    quotes = tuple(
        quote
        for quote in card.quotes
        if any(quote.page == passage.page and quote.text in passage.text for passage in reading.passages)
    )
    return card.model_copy(
        update={
            "page": page if card.span_source == "full text" else None,
            "quotes": quotes,
            "text_source": reading.source if quotes or card.span_source == "full text" else None,
        }
    )
