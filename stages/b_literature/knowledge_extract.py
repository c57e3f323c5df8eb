"""Stage 6: note what each work on the shortlist says, tied to the span that says it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

from stages.asking import accepted, at_once
from stages.contracts import Contract, Goal, KnowledgeCard, KnowledgeCards, Shortlist, Work
from stages.errors import EvidenceMissing
from stages.foreign_text import seen
from stages.ports import Context, Question

READ_TOGETHER = 8
"""Works with a summary in the words of a catalogue that share one question. A foreign abstract is read alone: what it tries to
talk a mind into can then spoil its own card at most."""


class Inputs(Contract):
    goal: Goal
    shortlist: Shortlist


class CardsQuestion(Question):
    """What does each of these works say that bears on the goal?"""

    template: ClassVar[str] = "b_literature/knowledge_extract.md.j2"

    goal: Goal
    works: tuple[Work, ...]

    def faults(self, answer: KnowledgeCards) -> Iterator[str]:
        """Each card belongs to one of the works and rests on words that stand in it."""
        by_key = {work.key: work for work in self.works}
        keys = [card.key for card in answer.cards]
        if sorted(keys) != sorted(by_key):
            yield f"each of {', '.join(sorted(by_key))} needs exactly one card; there are cards for {', '.join(keys) or 'none'}"
            return
        for card in answer.cards:
            yield from _faults(card, by_key[card.key], {match.factor for match in self.goal.matches})


def run(inputs: Inputs, ctx: Context) -> KnowledgeCards:
    """One card per work that has a text to rest on, in the order of the shortlist.

    Raises:
        MalformedAnswer: a work has no card or two, a card's span does not stand in its source, or it is about a foreign tag.
        EvidenceMissing: no work on the shortlist has a text.
    """
    readable = [work for work in inputs.shortlist.works if work.gist or work.abstract]
    if not readable:
        raise EvidenceMissing("no work on the shortlist has a text that a card could rest on")

    def read(works: tuple[Work, ...]) -> KnowledgeCards:
        return accepted(ctx, CardsQuestion(goal=inputs.goal, works=works), KnowledgeCards)

    cards = {card.key: card for answer in at_once(read, _batches(readable)) for card in answer.cards}
    return KnowledgeCards(cards=tuple(cards[work.key] for work in readable))


def _batches(works: Sequence[Work]) -> Iterator[tuple[Work, ...]]:
    ours = [work for work in works if work.gist]
    for start in range(0, len(ours), READ_TOGETHER):
        yield tuple(ours[start : start + READ_TOGETHER])
    for work in works:
        if not work.gist:
            yield (work,)


def _faults(card: KnowledgeCard, work: Work, tags: Collection[str]) -> Iterator[str]:
    source = {"gist": work.gist, "title": work.title, "abstract": work.abstract}.get(card.span_source)
    if source is None or not card.span.strip() or seen(card.span) not in seen(source):
        yield f"the card of {work.key!r} rests on a span that is not in its {card.span_source}"
    if not card.claim.strip():
        yield f"the card of {work.key!r} claims nothing"
    if strangers := sorted(set(card.about) - {*work.about, *tags}):
        yield f"the card of {work.key!r} is about {', '.join(strangers)}, which is no tag of the work and no factor of the study"
