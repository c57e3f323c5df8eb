"""Titles and names folded for comparison: what two sources write differently and mean alike becomes equal."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
"""Letters that do not come apart into a base letter and an accent."""

_SUFFIXES: Final = frozenset({"jr", "sr", "ii", "iii", "iv"})
_APOSTROPHES: Final = re.compile(r"['’ʼ`´]")


def folded(text: str) -> str:
    """Lower case without accents and punctuation, one blank between words. Folding twice changes nothing.

    Apostrophes go without a blank: sources write 'Lála' as "L'ala".
    """
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in bare if not unicodedata.combining(sign)).translate(_LETTERS)
    words = re.sub(r"[\W_]+", " ", _APOSTROPHES.sub("", bare))
    return " ".join(unicodedata.normalize("NFKC", words).split())


def family(author: str) -> str:
    """The last word of the family name, folded: equal for 'van der Maaten' with and without particles, initials or 'Jr.'"""
    words = folded(author.replace("-", " ")).split()
    while len(words) > 1 and (words[-1] in _SUFFIXES or words[-1].isdigit()):
        words.pop()
    return words[-1] if words else ""
