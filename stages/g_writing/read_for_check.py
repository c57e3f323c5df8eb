"""A sentence of a manuscript as the sentence check reads it, and the way back from a place there to the sentence's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stages.contracts import Slug
from stages.errors import ManuscriptRefused
from stages.g_writing.binding import mentions
from stages.g_writing.document import Code, Emphasis, Inline, Inlines, Link, Maths, Strong, Text, ValueRef, flat
from stages.g_writing.recorded_study import BASELINE, RecordedStudy
from stages.g_writing.values import Leaf, format_value, normal

BLANK = "\N{MIDDLE DOT}"
"""What the check itself puts for digits that are no number."""
_VERDICT = "was set beside"
"""For a verdict by key: the claims table judges it, and the check takes 'does not differ clearly' for a claim about the means."""
_KNOWN_TO_THE_CHECK = re.compile(
    r"\w+\.\w+\.(?:mean|std|min|max|median|n|seed\.\w+)$|(?:diff|absdiff|rel|absrel|ratio|ci_low|ci_high|dz|wins|test|cmp)\("
    r"|cfg\.(?:seeds|conditions|runs_reported)$"
)
"""References that the check is shown by their value; of others it only hears that something stands there."""
_P_VALUE = re.compile(r"(?<!\w)p (?=[01]\.\d)")
"""'adjusted p 0.012': the check wants a sign."""


@dataclass(frozen=True)
class Shown:
    """The sentence with its values printed, and the place of each of its innermost inlines; the flag: somebody typed the words."""

    text: str
    pieces: tuple[tuple[int, int, bool], ...]

    def typed(self, start: int, end: int) -> bool:
        """Whether all of this stands in words that somebody typed."""
        return any(begin <= start and end <= stop for begin, stop, own in self.pieces if own)


@dataclass(frozen=True)
class ForCheck:
    """The sentence with the check's words for the study's names."""

    text: str
    edits: tuple[tuple[int, int, int, int], ...]
    """Of each: begin and end here, begin and end in the text shown."""
    named: tuple[tuple[Slug, int, int], ...]
    """Conditions, with their places here."""
    measured: tuple[int, ...]
    """Where the metric or its unit stands."""

    def back(self, at: int) -> int:
        """The place in the text shown; no number lies within an edit."""
        shift = 0
        for _, end, _, own_end in self.edits:
            if end <= at:
                shift = own_end - end
        return at + shift

    @property
    def without_names(self) -> str:
        """The words without the study's names, which may hold any word."""
        text = self.text
        for begin, end, _, _ in self.edits:
            text = text[:begin] + "\N{BULLET}" * (end - begin) + text[end:]
        return text


def shown(content: Inlines, known: Mapping[str, Leaf]) -> Shown:
    """known: `leaves` of the results."""
    text, pieces = "", []
    for part in flat(content):
        if isinstance(part, Emphasis | Strong | Link):
            continue  # what they hold follows
        words = re.sub(r"\s", " ", part.text) if isinstance(part, Text) else _word(part, known)
        pieces.append((len(text), len(text) + len(words), isinstance(part, Text)))
        text += words
    return Shown(text, tuple(pieces))


def _word(part: Inline, known: Mapping[str, Leaf]) -> str:
    if isinstance(part, ValueRef):
        key = normal(part.expression)
        if key not in known or not _KNOWN_TO_THE_CHECK.match(key):
            return "some"
        if known[key].kind == "verdict":
            return _VERDICT
        try:
            return format_value(known[key], part.format, key=key)[0]
        except ManuscriptRefused:
            return "some"  # another rule names the fault
    return "formula" if isinstance(part, Maths) else "code" if isinstance(part, Code) else "the figure"


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    word: str
    condition: Slug | None = None
    of_metric: bool = False


def for_check(text: str, recorded: RecordedStudy) -> ForCheck:
    """text: of a `Shown`."""
    read, done = "", 0
    edits: list[tuple[int, int, int, int]] = []
    named: list[tuple[Slug, int, int]] = []
    measured: list[int] = []
    for edit in sorted(_edits(text, recorded), key=lambda edit: edit.start):
        if edit.start < done:
            continue  # within a name that was found before
        read += text[done : edit.start]
        end = len(read) + len(edit.word)
        edits.append((len(read), end, edit.start, edit.end))
        if edit.condition is not None:
            named.append((edit.condition, len(read), end))
        elif edit.of_metric:
            measured.append(len(read))
        read, done = read + edit.word, edit.end
    return ForCheck(read + text[done:], tuple(edits), tuple(named), tuple(measured))


def _edits(text: str, recorded: RecordedStudy) -> Iterator[_Edit]:
    """Names of conditions first, then other names of the study, then the metric."""
    taken: list[tuple[int, int]] = []

    def free(match: re.Match[str]) -> bool:
        if any(start < match.end() and match.start() < end for start, end in taken):
            return False
        taken.append(match.span())
        return True

    for mention in mentions(text, recorded.names):
        word = recorded.words[mention.condition]
        taken.append((mention.start, mention.end))
        yield _Edit(mention.start, mention.end, "the baseline" if word == BASELINE else word, mention.condition)
    for match in recorded.other_names.finditer(text):
        if free(match):
            yield _Edit(match.start(), match.end(), BLANK * len(match[0]))
    for match in recorded.metric_names.finditer(text):
        if free(match):
            yield _Edit(match.start(), match.end(), recorded.metric_word, of_metric=True)
    for match in _P_VALUE.finditer(text):
        if free(match):
            yield _Edit(match.start(), match.end(), "p = ")
