"""A mind's judgement on citing sentences: does the record of the work say what the sentence says of it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from pydantic import PositiveInt

from stages.asking import accepted, at_once
from stages.contracts import CitationSupport, Contract, Judgement
from stages.ports import Context, Question

TOGETHER: Final = 40
"""Pairs in one question (a guess: two pages of text)."""


class CitingSentence(Contract):
    number: PositiveInt
    sentence: str
    key: str
    rests_on: str


class SupportQuestion(Question):
    """Which citing sentences does the record of the cited work support?"""

    template: ClassVar[str] = "h_finalization/citation_support.md.j2"

    pairs: tuple[CitingSentence, ...]

    def faults(self, answer: SupportJudgements) -> Iterator[str]:
        if sorted(one.number for one in answer.judgements) != [pair.number for pair in self.pairs]:
            yield "the reading of the citing sentences must judge each pair exactly once, and nothing else"


class NumberedJudgement(Contract):
    number: PositiveInt
    judgement: Judgement


class SupportJudgements(Contract):
    judgements: tuple[NumberedJudgement, ...]


def judged(ctx: Context, support: Sequence[CitationSupport]) -> tuple[CitationSupport, ...]:
    """Those entries on which the mind could say something, with its judgement. It informs a person and changes no verdict.

    Raises:
        MalformedAnswer: a pair was left out or judged twice.
    """

    def read(some: Sequence[CitationSupport]) -> tuple[CitationSupport, ...]:
        pairs = tuple(
            CitingSentence(number=number, sentence=entry.sentence, key=entry.key, rests_on=entry.rests_on)
            for number, entry in enumerate(some, 1)
        )
        by_number = {one.number: one.judgement for one in accepted(ctx, SupportQuestion(pairs=pairs), SupportJudgements).judgements}
        return tuple(
            entry.model_copy(update={"judgement": by_number[number]})
            for number, entry in enumerate(some, 1)
            if by_number[number].verdict != "cannot tell"
        )

    pages = [support[start : start + TOGETHER] for start in range(0, len(support), TOGETHER)]
    return tuple(entry for page in at_once(read, pages) for entry in page)


def with_judgements(support: Sequence[CitationSupport], known: Sequence[CitationSupport]) -> tuple[CitationSupport, ...]:
    """The entries with the judgements that were made on the same sentence and work."""
    made: Mapping[tuple[str, str], Judgement | None] = {(entry.key, entry.sentence): entry.judgement for entry in known}
    return tuple(entry.model_copy(update={"judgement": made.get((entry.key, entry.sentence))}) for entry in support)
