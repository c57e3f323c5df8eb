"""The number in what a verify command printed. What is ambiguous or no finite number is refused, never guessed."""

from __future__ import annotations

import json
import math
import re

_METRIC = re.compile(r"^METRIC\s+([A-Za-z_][A-Za-z0-9_.\-]{0,63})\s*=\s*(\S{1,64})\s*$")
_NUMBER = re.compile(r"^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?$", re.ASCII)
LARGEST = 1e100
"""A comparison takes squares and sums of values; those of larger ones leave the numbers."""


class NoMetricError(Exception):
    """The output holds no usable number; one line that says why."""


def metric_in(printed: str, name: str) -> float:
    """The metric: a line `METRIC name=value`, else a last line that is a JSON object, else a last line that is a number.

    A METRIC line may stand anywhere, but only once in the whole output; what the program prints beside it does not matter.
    Raises:
        NoMetricError
    """
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    stated = [(found[1], found[2]) for line in lines if (found := _METRIC.match(line))]
    if stated:
        values = [value for given, value in stated if given == name]
        if not values and name == "metric" and len({given for given, _ in stated}) == 1:
            values = [value for _, value in stated]
        if not values:
            raise NoMetricError(f"no METRIC line names '{name}'; there are: {', '.join(sorted({given for given, _ in stated}))}")
        if len(values) > 1:
            raise NoMetricError(f"'METRIC {name}=' stands {len(values)} times in the output; it must stand once")
        return _number(values[0])
    if not lines:
        raise NoMetricError("the command printed nothing")
    last = lines[-1]
    if last.startswith("{"):
        return _from_json(last, name)
    return _number(last)


def _from_json(line: str, name: str) -> float:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise NoMetricError("the last line begins like JSON and is none") from None
    numbers = {key: value for key, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    if name in numbers:
        return _number(repr(numbers[name]))
    if name == "metric" and len(numbers) == 1:
        return _number(repr(next(iter(numbers.values()))))
    others = ", ".join(map(ascii, sorted(numbers)))  # JSON can spell half characters and escapes
    raise NoMetricError(f"the JSON of the last line has no number '{name}'; it has: {others or 'none'}"[:300])


def _number(text: str) -> float:
    if not _NUMBER.match(text):
        raise NoMetricError(f"{text[:60]!r} is no finite decimal number")
    value = float(text)
    if not math.isfinite(value):
        raise NoMetricError(f"{text[:60]!r} is no finite decimal number")
    if abs(value) > LARGEST:
        raise NoMetricError(f"{text[:60]!r} is beyond {LARGEST:g}")
    return value
