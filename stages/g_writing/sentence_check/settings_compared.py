"""Settings that are held against each other: 'a uses 0.02, b five times as much'."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import Quantity, fits
from stages.g_writing.sentence_check.reading import Number

_AS_MUCH = re.compile(
    r"(?: times|x|×|-fold)? (?:as (?:much|many|high|large|big|wide|deep|long)|(?:that|those|the one|the value|the rate)\b|the (?:[\w-]+ )?(?:rate|size|value|setting)|(?P<smaller>as (?:small|low|little|few)|smaller|lower))"
)


def settings_compared(now: Progress, number: Number) -> Iterator[Quantity]:
    """The ratio of a setting of the condition named last to that of the other one that it is compared with."""
    said = _AS_MUCH.match(now.sentence.text[number.end :]) if number.unit == "x" else None
    ahead = [mention.name for mention in now.sentence.conditions if mention.end <= number.start]
    if said is None or not ahead or now.sentence.metrics:
        return
    behind = next(
        (
            m.name
            for m in now.sentence.conditions
            if m.start >= number.end
            and re.fullmatch(r"[^,;(]* (?:as|than|of|for) (?:that of )?(?:the )?", now.sentence.text[number.end : m.start])
        ),
        None,
    )
    subject = ahead[-1]
    reference = behind or next((name for name in reversed(ahead) if name != subject), None)
    for key, values in now.study.config.items():
        if not isinstance(values, dict) or not any(now.sentence.has(pattern) for pattern in w.setting_words(key)):
            continue
        one, other = values.get(subject), values.get(reference or "")
        if isinstance(one, int | float) and isinstance(other, int | float) and one and other:
            ratio = other / one if said["smaller"] else one / other
            if fits(number, ratio):
                yield Quantity(ratio, f"cfg.{key}.{subject} / cfg.{key}.{reference}")
