"""A mind's judgement on citing sentences: does the record of the work say what the sentence says of it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from pydantic import PositiveInt

from stages.contracts import CitationSupport, Contract, Judgement
from stages.errors import MalformedAnswer
from stages.ports import LanguageModel, Question

AT_ONCE: Final = 20
"""Pairs in one question (a guess: a page of text)."""


class CitingSentence(Contract):
    number: PositiveInt
    sentence: str
    key: str
    rests_on: str


class SupportQuestion(Question):
    """Which citing sentences does the record of the cited work support?"""

    template: ClassVar[str] = "h_finalization/citation_support.md.j2"

    pairs: tuple[CitingSentence, ...]


class NumberedJudgement(Contract):
    number: PositiveInt
    judgement: Judgement


class SupportJudgements(Contract):
    judgements: tuple[NumberedJudgement, ...]


def judged(model: LanguageModel, support: Sequence[CitationSupport]) -> tuple[CitationSupport, ...]:
    """Those entries on which the mind could say something, with its judgement. It informs a person and changes no verdict.

    Raises:
        MalformedAnswer: a pair was left out or judged twice.
    """
    found: list[CitationSupport] = []
    for start in range(0, len(support), AT_ONCE):
        some = support[start : start + AT_ONCE]
        pairs = tuple(
            CitingSentence(number=number, sentence=entry.sentence, key=entry.key, rests_on=entry.rests_on)
            for number, entry in enumerate(some, 1)
        )
        judgements = model.ask(SupportQuestion(pairs=pairs), answer=SupportJudgements).judgements
        by_number = {one.number: one.judgement for one in judgements}
        if sorted(one.number for one in judgements) != [pair.number for pair in pairs]:
            raise MalformedAnswer("the reading of the citing sentences must judge each pair exactly once, and nothing else")
        found += [
            entry.model_copy(update={"judgement": by_number[number]})
            for number, entry in enumerate(some, 1)
            if by_number[number].verdict != "cannot tell"
        ]
    return tuple(found)


def with_judgements(support: Sequence[CitationSupport], known: Sequence[CitationSupport]) -> tuple[CitationSupport, ...]:
    """The entries with the judgements that were made on the same sentence and work."""
    made: Mapping[tuple[str, str], Judgement | None] = {(entry.key, entry.sentence): entry.judgement for entry in known}
    return tuple(entry.model_copy(update={"judgement": made.get((entry.key, entry.sentence))}) for entry in support)
