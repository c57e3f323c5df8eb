"""Text from outside, made safe to show to a mind: nothing that a reader would not see, and the same text for every check."""

from __future__ import annotations

import unicodedata

LONGEST = 6000
"""Characters of one foreign text that a prompt shows; abstracts have 1,000 to 2,500, the rest is cut (a guess)."""

_KEPT = "\n\t"


def seen(text: str) -> str:
    """The text as a reader sees it: control, zero-width, bidirectional, tag and private-use characters are dropped.

    Line ends become '\\n'. Nothing else is changed: a quotation from the result can be looked up in it letter for letter.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(sign for sign in lines if sign in _KEPT or unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs", "Cn"})


def flat(text: str) -> str:
    """The text as one line, runs of white space as one blank; for comparing a quotation with its source."""
    return " ".join(seen(text).split())
