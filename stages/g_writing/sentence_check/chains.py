"""Chains of changes: 'swapping a for b lowers it by x, and going on to c takes off a further y' is b against a, then c against b."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.reading import Sentence, read
from stages.g_writing.sentence_check.study import Study

_GOING_ON = re.compile(
    r"(?:(?:then|next|from there),? )?(?:(?:going|moving|switching|stepping|changing|proceeding|continuing|passing)(?: on| over| further| ahead| then| from there| once more)*|(?:a|the|another) (?:further|second|next|additional)? ?(?:step|switch|move|change)(?: on)?) to (?:the )?",
    re.IGNORECASE,
)
_FURTHER = re.compile(r"\b(?:further|another|additional|more|extra|again)\b", re.IGNORECASE)


def going_on(own: str, subject: str, study: Study) -> tuple[str, int] | None:
    """What has to stand before a clause that goes on from the subject of the one before, and how many characters that replaces."""
    said = _GOING_ON.match(own)
    if said is None or not subject or re.search(r"\bfrom\b(?! there)", said[0]):
        return None
    named = [mention for mention in read(own, study).conditions if mention.start <= said.end() < mention.end]
    return (f"Moving from {subject} to ", said.end()) if named else None


def chained(sentence: Sentence) -> bool:
    """A clause goes on from the one before: what it compares with is said only there."""
    return any(
        _GOING_ON.match(sentence.text, clause.end()) and _FURTHER.search(sentence.text[clause.end() :])
        for clause in re.finditer(r"[,;] (?:and |while |whereas |but )?|\band ", sentence.text)
        if any(number.end <= clause.start() for number in sentence.numbers)
    )
