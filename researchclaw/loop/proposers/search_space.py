"""The typed search space that a file declares: constants with a `search:` note.

    LEARNING_RATE = 0.002  # search: log scale, 0.0003 to 0.03; the peak of the schedule
    ACTIVATION = "gelu"    # search: 'relu', 'gelu', 'silu'
    BLOCK = 64;            // search: 8 to 4096, log

Before the first ';' stand a range (`low to high`, with `log` for a multiplicative one) or values apart by commas; brackets
hold remarks. What follows is for people.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LINE = re.compile(
    r"^(?P<head>\s*(?:(?:const|let|var|static|final|int|float|double|long|auto|export|\#define)\s+)*(?P<name>[A-Za-z_]\w*)\s*(?:[:=]\s*|\s))"
    r"(?P<literal>\"[^\"\n]*\"|'[^'\n]*'|[-+]?[\w.+-]+)"
    r"(?P<tail>\s*[;,]?\s*(?:\#|//|--|;|/\*)\s*search:\s*(?P<space>.*?)\s*(?:\*/)?)$"
)
_NUMBER = re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$")


@dataclass(frozen=True)
class Knob:
    """An annotated constant."""

    path: str
    line: int
    name: str
    literal: str
    choices: tuple[str, ...] = ()
    """Literals to try, in order; for a kit the ones it names first."""
    low: float | None = None
    high: float | None = None
    log: bool = False

    @property
    def is_number(self) -> bool:
        return bool(_NUMBER.match(self.literal))

    @property
    def is_whole(self) -> bool:
        return re.fullmatch(r"[-+]?\d+", self.literal) is not None

    def moved(self, direction: int, step: float) -> str | None:
        """The literal one step up (+1) or down (-1); None at the end of the range.

        step: of the range's width on a linear scale, a factor of 1 + 4 * step on a logarithmic one (0.25: doubled), and more
        where the range spans many orders of magnitude.
        """
        if self.low is None or self.high is None or not self.is_number:
            return None
        value = float(self.literal)
        by_factor = self.log and value > 0 and self.low > 0
        factor = max(1 + 4 * step, (self.high / self.low) ** (0.6 * step)) if by_factor else 1.0
        new = value * factor**direction if by_factor else value + direction * step * (self.high - self.low)
        new = min(max(new, self.low), self.high)
        if self.is_whole:
            new = round(new)
            if new == value:
                new = min(max(value + direction, self.low), self.high)
        return None if new == value else self.written(new)

    def at(self, fraction: float) -> str | None:
        """A literal somewhere in the range."""
        if self.low is None or self.high is None or not self.is_number:
            return None
        if self.log and self.low > 0:
            return self.written(self.low * (self.high / self.low) ** fraction)
        return self.written(self.low + fraction * (self.high - self.low))

    def written(self, value: float) -> str:
        return str(round(value)) if self.is_whole else f"{float(f'{value:.3g}')!r}"


def knobs(files: Mapping[str, str], preferred: Mapping[str, Sequence[str]] | None = None) -> tuple[Knob, ...]:
    """The annotated constants, those of `preferred` (name -> literals to try) first and in its order."""
    found = [knob for path in sorted(files) for knob in _of_file(path, files[path])]
    if not preferred:
        return tuple(found)
    order = {name: place for place, name in enumerate(preferred)}
    with_choices = [
        Knob(k.path, k.line, k.name, k.literal, tuple(preferred.get(k.name, ())) or k.choices, k.low, k.high, k.log) for k in found
    ]
    return tuple(sorted(with_choices, key=lambda knob: order.get(knob.name, len(order))))


def _of_file(path: str, text: str) -> list[Knob]:
    if "search:" not in text:
        return []
    found = []
    for number, line in enumerate(text.splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        knob = _knob(path, number, match["name"], match["literal"], match["space"])
        if knob is not None:
            found.append(knob)
    return found


def _knob(path: str, line: int, name: str, literal: str, space: str) -> Knob | None:
    words = re.sub(r"\([^)]*\)", "", space.split(";", 1)[0]).strip()
    log = bool(re.search(r"\blog\b", words))
    span = re.search(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s+to\s+([-+]?[\d.]+(?:[eE][-+]?\d+)?)", words)
    if span:
        low, high = float(span[1]), float(span[2])
        if not low < high:
            return None
        return Knob(path, line, name, literal, (), low, high, log or (low > 0 and high / low >= 8))
    choices = tuple(choice for part in words.split(",") if (choice := part.strip()) and _is_literal(choice))
    return Knob(path, line, name, literal, choices) if choices else None


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text in ("true", "false")
    return True


def with_literal(text: str, knob: Knob, literal: str) -> str:
    """The file with another value of the constant; everything else stays as it is."""
    lines = text.splitlines(keepends=True)
    line = lines[knob.line].rstrip("\r\n")
    ending = lines[knob.line][len(line) :]
    match = _LINE.match(line)
    assert match is not None
    if knob.literal[:1] in "\"'" and literal[:1] in "\"'":
        literal = knob.literal[0] + literal[1:-1] + knob.literal[0]  # quotes as they were
    lines[knob.line] = f"{match['head']}{literal}{match['tail']}{ending}"
    return "".join(lines)


def same_value(a: str, b: str) -> bool:
    """'0.10' and '0.1', "'x'" and '"x"' are one value."""
    try:
        first, second = ast.literal_eval(a), ast.literal_eval(b)
    except (ValueError, SyntaxError):
        return a == b
    return bool(first == second) and isinstance(first, bool) is isinstance(second, bool)
