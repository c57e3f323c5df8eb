"""Stage 6: note what each work on the shortlist says, tied to the span that says it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from stages.asking import accepted, at_once
from stages.contracts import Contract, Goal, KnowledgeCard, KnowledgeCards, Passage, Reading, RefusedCard, Shortlist, Work
from stages.errors import EvidenceMissing, MalformedAnswer
from stages.foreign_text import seen
from stages.ports import Context, Question

READ_TOGETHER = 12
"""Works with a summary in the words of a catalogue that share one question. A foreign abstract is read alone: what it tries to
talk a mind into can then spoil its own card at most."""


LONGEST_SPAN = 800
"""Signs; who quotes more points at nothing, and the span is delivered with the paper."""


class Inputs(Contract):
    goal: Goal
    shortlist: Shortlist


class CardsQuestion(Question):
    """What does each of these works say that bears on the goal?"""

    template: ClassVar[str] = "b_literature/knowledge_extract.md.j2"

    goal: Goal
    works: tuple[Work, ...]
    passages: tuple[Passage, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Of the full text of the only work, where that is at hand: those that bear on the goal."""

    def faults(self, answer: KnowledgeCards) -> Iterator[str]:
        """Each card belongs to one of the works and rests on words that stand in it."""
        by_key = {work.key: work for work in self.works}
        keys = [card.key for card in answer.cards]
        if sorted(keys) != sorted(by_key):
            yield f"each of {', '.join(sorted(by_key))} needs exactly one card; there are cards for {', '.join(keys) or 'none'}"
            return
        for card in answer.cards:
            yield from _faults(card, by_key[card.key], self.passages, {match.factor for match in self.goal.matches})


def run(inputs: Inputs, ctx: Context) -> KnowledgeCards:
    """One card per work that has a text to rest on, in the order of the shortlist; one that rests on nothing is refused and named.

    Raises:
        MalformedAnswer: no card rests on a span of its text.
        EvidenceMissing: no work on the shortlist has a text.
    """
    words = f"{inputs.goal.question} {inputs.goal.topic}"
    works = inputs.shortlist.works
    readings = dict(zip((work.key for work in works), at_once(lambda work: ctx.library.passages(work, words), works), strict=True))
    readable = [work for work in works if work.gist or work.abstract or readings[work.key].passages]
    if not readable:
        raise EvidenceMissing("no work on the shortlist has a text that a card could rest on")
    found = at_once(lambda batch: _read(inputs.goal, batch, readings, ctx), _batches(readable, readings))
    cards = {card.key: card for batch in found for card in batch}
    refused = tuple(card for work in readable if isinstance(card := cards[work.key], RefusedCard))
    kept = tuple(card for work in readable if isinstance(card := cards[work.key], KnowledgeCard))
    if not kept:
        raise MalformedAnswer(
            f"none of {len(refused)} cards rests on a span of its text, such as {refused[0].key}: {refused[0].reason}"
        )
    return KnowledgeCards(cards=kept, refused=refused)


def _batches(works: Sequence[Work], readings: Mapping[str, Reading]) -> Iterator[tuple[Work, ...]]:
    together = [work for work in works if work.gist and not readings[work.key].passages]
    for start in range(0, len(together), READ_TOGETHER):
        yield tuple(together[start : start + READ_TOGETHER])
    for work in works:
        if not work.gist or readings[work.key].passages:
            yield (work,)


def _read(
    goal: Goal, works: tuple[Work, ...], readings: Mapping[str, Reading], ctx: Context
) -> tuple[KnowledgeCard | RefusedCard, ...]:
    """A card for each work; where a batch stays faulty its works are read alone, so that one spoils only its own."""
    passages = readings[works[0].key].passages if len(works) == 1 else ()
    try:
        answer = accepted(ctx, CardsQuestion(goal=goal, works=works, passages=passages), KnowledgeCards)
    except MalformedAnswer as error:
        if len(works) > 1:
            return tuple(card for work in works for card in _read(goal, (work,), readings, ctx))
        return (RefusedCard(key=works[0].key, reason=str(error)),)
    return tuple(_placed(card, readings[card.key]) for card in answer.cards)


def _placed(card: KnowledgeCard, reading: Reading) -> KnowledgeCard:
    """The card with the page of its span and the quotations that stand in the full text; others are dropped."""
    quotes = tuple(
        quote
        for quote in card.quotes
        if any(quote.page == passage.page and quote.text in passage.text for passage in reading.passages)
    )
    from_text = card.span_source == "full text"
    page = next((passage.page for passage in reading.passages if from_text and seen(card.span) in seen(passage.text)), None)
    source = reading.source if quotes or from_text else None
    return card.model_copy(update={"page": page, "quotes": quotes, "text_source": source})


def _faults(card: KnowledgeCard, work: Work, passages: Sequence[Passage], tags: Collection[str]) -> Iterator[str]:
    sources = {"gist": (work.gist,), "title": (work.title,), "abstract": (work.abstract,)}.get(
        card.span_source, tuple(passage.text for passage in passages)
    )
    span = seen(card.span)
    if not span.strip() or not any(source and span in seen(source) for source in sources):
        yield f"the card of {work.key!r} rests on a span that is not in its {card.span_source}"
    if len(span) > LONGEST_SPAN:
        yield f"the card of {work.key!r} rests on {len(span)} signs; a span is a sentence or a few"
    if not card.claim.strip():
        yield f"the card of {work.key!r} claims nothing"
    if strangers := sorted(set(card.about) - {*work.about, *tags}):
        yield f"the card of {work.key!r} is about {', '.join(strangers)}, which is no tag of the work and no factor of the study"
