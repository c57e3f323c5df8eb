"""A manuscript as a reader will see it, with its values printed, and the way back from words of his to the manuscript's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.contracts import Results
from stages.errors import ManuscriptRefused
from stages.g_writing.values import Leaf, format_value, leaves, normal

_VALUE = re.compile(r"\{\{(?P<expression>[^{}|]+)(?:\|(?P<format>\w+))?\}\}")


@dataclass(frozen=True)
class AsPrinted:
    """`text` is what is read; sections, tables and labels stand as in the manuscript."""

    text: str
    _markdown: str
    _places: tuple[tuple[int, int, int, int], ...]
    """Of each value: its begin and end in the text, and in the manuscript."""

    def own_words(self, quote: str) -> str | None:
        """The manuscript's words for a passage of the text, values by key; None where the text has no such passage.

        Blanks and line ends count alike. A quotation that begins or ends within a value takes the whole value.
        """
        words = quote.split()
        found = re.search(r"\s+".join(map(re.escape, words)), self.text) if words else None
        return None if found is None else self._markdown[self._begin(found.start()) : self._end(found.end())]

    def _begin(self, at: int) -> int:
        shift = 0
        for begin, end, own_begin, own_end in self._places:
            if begin <= at < end:
                return own_begin
            if end <= at:
                shift = own_end - end
        return at + shift

    def _end(self, at: int) -> int:
        shift = 0
        for begin, end, _, own_end in self._places:
            if begin < at <= end:
                return own_end
            if end < at:
                shift = own_end - end
        return at + shift


def as_printed(markdown: str, results: Results) -> AsPrinted:
    """The manuscript with each value that the record holds; what it does not hold stays by key, for a reader to stumble over."""
    known = leaves(results)
    pieces: list[str] = []
    places: list[tuple[int, int, int, int]] = []
    done = length = 0
    for found in _VALUE.finditer(markdown):
        if (shown := _shown(found, known)) is None:
            continue
        pieces += [markdown[done : found.start()], shown]
        begin = length + found.start() - done
        length, done = begin + len(shown), found.end()
        places.append((begin, length, *found.span()))
    return AsPrinted(text="".join([*pieces, markdown[done:]]), _markdown=markdown, _places=tuple(places))


def _shown(found: re.Match[str], known: dict[str, Leaf]) -> str | None:
    key = normal(found["expression"])
    if key not in known:
        return None
    try:
        return format_value(known[key], found["format"], key=key)[0]
    except ManuscriptRefused:
        return None
