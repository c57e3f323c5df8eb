"""Words inside names that only look like cues: the 'Drop' of R-Drop, the 'Mean' of Mean Teacher, the 'Reduce' of ReduceLROnPlateau."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.condition_names import removed
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.study import Study

_CUES = re.compile(
    rf"(?<![A-Za-z])(?:{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}|(?:up|drop|reduc|cut|rais|fall|sav|lift|grow|climb|ris|less|more|low|high|shrink|trim|add|boost)[A-Za-z]*"
    r"|best|worst|top|min|max|mean|median|std|peak|minimum|maximum|average|averaged|averaging|first|second|third|last|half|double|twice|triple|all|no|none|both|never|not|without|minus"
    r"|fast|slow|quick|cheap|match(?:ing)?|equal|same|gap|range|between|spread|variance|seed|run)(?![a-z])",
    re.IGNORECASE,
)
"""Words that say a direction, a statistic or a quantity where they stand on their own."""


_CAMEL = re.compile(r"[a-z][A-Z]")
_INFLECTED = re.compile(r"^.{1,6}$|(?:ed|ing|s|er|est|en)$", re.IGNORECASE)
"""Words that may say what they say in any sentence; 'DropPath' and 'droppath' are names."""


def without_cues(text: str, mentions: Iterable[Mention], study: Study) -> str:
    """The text, as long as before, with the cue words inside names made letters that say nothing.

    A word is a part of a condition's name where the condition's id holds it and the name is more than that word: 'the mean teacher'
    of mean_teacher, but not 'the smaller' of small. Names in the configuration count as they are spelt there.
    """
    for mention in mentions:
        if not removed(mention.name):
            text = _masked(text, mention.start, mention.end, re.sub(r"[^a-z]", "", mention.name.lower()))
    for name in _recorded_names(study):
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            text = _masked(text, match.start(), match.end(), re.sub(r"[^a-z]", "", name.lower()))
    return text


def _masked(text: str, start: int, end: int, letters: str) -> str:
    name = text[start:end]
    spelt = re.sub(r"[^a-z]", "", name.lower())
    if (
        re.fullmatch(r"[A-Za-z]+", name)
        and spelt == letters
        and (_CAMEL.search(name) or not _INFLECTED.search(name))
        and _CUES.match(name)
    ):
        return text[:start] + "q" * len(name) + text[end:]
    return (
        text[:start]
        + _CUES.sub(lambda cue: "q" * len(cue[0]) if cue[0].lower() in letters and cue[0].lower() != spelt else cue[0], name)
        + text[end:]
    )


def _recorded_names(study: Study) -> Iterator[str]:
    """Names in the configuration: written with a capital letter."""
    for value in study.config.values():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and re.search(r"[A-Z]", name) and _CUES.search(name):
                yield name
