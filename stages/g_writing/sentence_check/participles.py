"""Conditions called by what is done in them: 'sharing parameters across layers', 'when layers are shared' for shared_layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from stages.g_writing.sentence_check.mentions import Mention

_IRREGULAR = {"frozen": "freez", "tied": "ty", "learnt": "learn", "bound": "bind", "split": "splitt"}
"""Participles without -ed, and what their gerund begins with."""


def by_participles(text: str, names: tuple[str, ...]) -> Iterator[Mention]:
    """Places where a condition's participle and noun stand apart, or as a gerund with its object."""
    for name in names:
        if pattern := _pattern(name):
            yield from (Mention(name, match.start(), match.end()) for match in pattern.finditer(text))


@lru_cache(maxsize=1024)
def _pattern(name: str) -> re.Pattern[str] | None:
    participle, _, noun = name.partition("_")
    stem = _IRREGULAR.get(participle) or (participle.removesuffix("ed") if len(participle) > 4 and participle.endswith("ed") else "")
    if not stem or not re.fullmatch(r"[a-z]{4,}", noun):
        return None
    things = rf"{noun.removesuffix('s')}(?:s|es)?"
    gerund = rf"{stem}ing (?:(?:the|all|its|their) )?(?:[a-z]+ (?:across|between|among|over|in|of|for) (?:the |all |its )?)?{things}"
    passive = rf"(?:(?:when|if|once|where|with) )?(?:(?:the|all|its) )?{things} (?:is|are|was|were|being) (?:all )?{participle}"
    return re.compile(rf"(?<!\bwithout )(?<!\bnot )(?<!\bno )\b(?:{gerund}|{passive})(?!\w)", re.IGNORECASE)


def turned_round(text: str, names: tuple[str, ...]) -> Iterator[Mention]:
    """'distilled with soft targets' for soft_distill: the participle first, then what it was done with, a word of this id alone."""
    for name in names:
        first, _, verb = name.partition("_")
        if not re.fullmatch(r"[a-z]{4,}", first) or not re.fullmatch(r"[a-z]{4,}", verb):
            continue
        if sum(first in other.split("_") for other in names) > 1:
            continue
        pattern = rf"\b(?:[a-z]+s )?{verb.removesuffix('e')}(?:ed|ing|led|ling|ation) (?:with|using|from|by|on|via|through|under) (?:the |an? )?{first}(?: [a-z]+s\b)?(?!\w)"
        yield from (Mention(name, match.start(), match.end()) for match in re.finditer(pattern, text, re.IGNORECASE))
