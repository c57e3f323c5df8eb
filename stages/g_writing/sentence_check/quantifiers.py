"""The words that say of how many seeds or conditions something holds: 'none of the', 'all but one', 'three of four'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stages.g_writing.sentence_check import words as w

_COUNT = r"(?:\d{1,2}|" + "|".join(word for word, value in w.NUMBER_WORDS.items() if value <= 20) + r")"
_QUANTIFIER = (
    rf"(?P<no>none of|no|not (?:one|a single(?: one)?|any)(?: of)?|neither of|neither)|(?P<but>all but|all except)(?: (?P<less>{_COUNT}))?(?: of)?"
    rf"|(?P<every>all(?: of)?|every(?: single)?(?: one of)?|each(?: of)?|both(?: of)?)"
    rf"|(?P<bound>at least|at most|more than|fewer than|less than|only|just|exactly)? ?(?P<k>{_COUNT})(?: out)? of"
)
_SEEDS = re.compile(
    rf"\b(?P<few>at least|at most|more than|fewer than|only|just|exactly)? ?(?P<of_all>{_COUNT}) (?:seeds?|runs?) out of (?:the |our |all )?{_COUNT}\b|"
    rf"\b(?:{_QUANTIFIER})(?: (?!(?:{w.CONDITION_NOUNS}|were|was|are|is|on|with|in|for|of|has|have)\b)[\w'-]+){{0,4}}? (?:{w.SEED_NOUNS})\b",
    re.IGNORECASE,
)
_CONDITIONS = re.compile(
    rf"\b(?:{_QUANTIFIER})(?: (?:the|our|these|all))?(?: {_COUNT})?(?: (?:other|remaining|tested|compared|\w+ed))?(?: (?!(?:{w.SEED_NOUNS}|of|for|in|on|with|by|at|to|than|and|or|is|are|was|were|that|which)\b)[\w-]+)? (?:{w.CONDITION_NOUNS})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantifier:
    """How many of a whole have to fulfil something."""

    start: int
    end: int
    holds: Callable[[int, int], bool]
    """(fulfilling, of) -> whether the words are true of it."""
    whole: bool
    """All of them: what is true of each is true of the means."""


def seeds_quantifier(text: str) -> Quantifier | None:
    """The words that say on how many seeds."""
    return _quantifier(_SEEDS, text)


def conditions_quantifier(text: str, families: Iterable[str] = ()) -> Quantifier | None:
    """The words that say of how many conditions; families: settings whose values are the conditions ('every width')."""
    nouns = "|".join(re.escape(key.replace("_", " ")) + "s?" for key in families)
    pattern = re.compile(_CONDITIONS.pattern.replace(f"(?:{w.CONDITION_NOUNS})", f"(?:{w.CONDITION_NOUNS}|{nouns})"), re.IGNORECASE)
    return _quantifier(pattern if nouns else _CONDITIONS, text)


def _quantifier(pattern: re.Pattern[str], text: str) -> Quantifier | None:
    found = next((m for m in pattern.finditer(text)), None)
    if found is None:
        return None
    whole = False
    said = found.groupdict()
    if said.get("of_all"):
        return Quantifier(found.start(), found.end(), _counting(_value(found["of_all"]), (found["few"] or "").lower()), whole)
    if found["no"]:
        holds: Callable[[int, int], bool] = lambda k, _: k == 0  # noqa: E731
    elif found["but"]:
        less = _value(found["less"] or "one")
        holds = lambda k, n: k == n - less  # noqa: E731
    elif found["every"]:
        holds, whole = (lambda k, n: k == n), True
    else:
        holds = _counting(_value(found["k"]), (found["bound"] or "").lower())
    return Quantifier(found.start(), found.end(), holds, whole)


def _counting(count: int, bound: str) -> Callable[[int, int], bool]:
    """(fulfilling, of) -> whether so many are 'at least three', 'only one'."""
    return {
        "at least": lambda k, _: k >= count,
        "at most": lambda k, _: k <= count,
        "more than": lambda k, _: k > count,
        "fewer than": lambda k, _: k < count,
        "less than": lambda k, _: k < count,
    }.get(bound, lambda k, _: k == count)


def _value(text: str) -> int:
    return int(text) if text.isdigit() else int(w.NUMBER_WORDS[text.lower()])
