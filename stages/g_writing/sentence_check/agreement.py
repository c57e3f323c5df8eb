"""Whether a value is the printed number, or on the side of it that the words say."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.phrases import ABOVE, BELOW
from stages.g_writing.sentence_check.quantities import fits
from stages.g_writing.sentence_check.reading import Number

CLOSE = 0.1
"""How far, as a share, a value may be from a number that the text says it nearly reaches or just passes."""

CLOSE_IN_WORDS = 0.35
"""The same distance for a number in words: 'a little over two' of 2.3. A guess."""

ABOUT = 0.05
"""How far, as a share, a value may be from a number that the text calls approximate."""


_EXTENDS = re.compile(r"\b(?:spread(?:s|ing)?|scatter(?:s|ed)?|var(?:y|ies)|extends?|stretch(?:es)?)(?: out)? over\s*$")
"""'spreads over 0.54 points': no bound."""


def holds(number: Number, before: str, value: float) -> bool:
    """Equal to the printed digits, or on the side of it that the words before it say."""
    words = (
        re.sub(r"(?:\bthan\s+)?(?:about|roughly|a|an|the|only)\s*$", "", before).rstrip()
        if re.search(r"than (?:an? |the )$", before)
        else before
    )
    words = re.sub(r"\)\s+over\s*$", ") ", words)  # 'from 0.512 (a) over 0.405 (b) to 0.371 (c)': by way of
    words = _EXTENDS.sub("spreads ", words)
    bound = re.search(rf"(?<!\w)(?:(?P<above>{ABOVE})|{BELOW})\s*$", words, re.IGNORECASE)
    if bound and re.search(r"\b(?:not|never|cannot|n't)\s+(?:\w+\s+)?$", words[: bound.start()]):
        return value <= number.value if bound["above"] else value >= number.value
    close = re.search(
        r"\b(?:nearly|almost|just under|just over|slightly over|(?:a little|a bit|somewhat|slightly|barely|marginally|a touch|a shade|a hair) (?:over|above|more than|under|below|less than)|shy of)\s*$",
        words,
        re.IGNORECASE,
    )
    near = max(CLOSE * abs(number.value), CLOSE_IN_WORDS if number.word else 0.0)
    if close and abs(value - number.value) > near and not fits(number, value):
        return False
    if re.search(r"\bup to\s*$", words):  # the largest of something, or where something was brought to
        return fits(number, value)
    if re.search(rf"(?<!\w){ABOVE}\s*$", words, re.IGNORECASE):
        return value > number.value or (fits(number, value) and "least" in words)
    if re.search(rf"(?<!\w){BELOW}\s*$", words, re.IGNORECASE):
        return value < number.value or (fits(number, value) and re.search(r"most|up to|no more|within|<=", words[-16:]) is not None)
    if (
        re.search(r"(?:about|roughly|around|approximately|some|circa|nearly|almost|close to)\s*$", before, re.IGNORECASE)
        and number.value
    ):
        digits = re.sub(r"\D", "", number.text).strip("0")
        if len(digits) > 2:  # who says 'about 203' has counted
            return fits(number, value)
        return abs(number.value - value) <= ABOUT * abs(number.value) or fits(number, value)
    return fits(number, value)
