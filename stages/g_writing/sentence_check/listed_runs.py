"""Values of single runs: every run's own in a list, the lowest and highest as the two ends of a range, and what a list is summed up by.

Two or more printed values that agree with a condition's recorded ones at three digits each are hardly there by chance, so the words
around them only decide whose they are, and speak against them where they name another statistic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check.measured import metrics_with_complement
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import PERCENTS, Quantity, fits, printed, whole
from stages.g_writing.sentence_check.reading import Number
from stages.g_writing.sentence_check.study import Scores

_DIGITS = 3
"""Digits from which on a number says by itself which value it is."""
_UNIT = r"\s?(?:%|per ?cent|nats|bits|s|ms|min|h|seconds|minutes)?\s?"
_NEXT = re.compile(rf"{_UNIT}(?:,|;|/|,? and|,? then)\s*(?:then )?")
_TO = re.compile(rf"{_UNIT}(?:-{{1,3}}|to|and|,|\.\.\.?|up to)\s*")
_WITHIN = re.compile(
    r"\b(?:within|inside|between|from|rang\w+|span\w*|interval|bracket|band|corridor|window|varie[sd]|vary|scatters?|moves?|spread\w*|confined to|limited to|lies?|extend\w*|runs?)\b[^.;\d]{0,40}$",
    re.IGNORECASE,
)
_OVER_RUNS = re.compile(
    r"\b(?:seeds?|runs?|trials?|repetitions?|restarts?|min(?:imum)?|max(?:imum)?|range|ranges|rang\w+)\b", re.IGNORECASE
)
_HEADED = re.compile(r"[^.;:\d]{1,60}: ")
"""'Ours: 0.9219 to 0.9268.'"""
_NO_RANGE = re.compile(
    r"\b(?:confidence|CIs?|medians?|averag\w+|means?|standard deviations?|quartiles?|percentiles?|gain|difference)\b"
)
_IN_ORDER = re.compile(r"\bseeds? \d|\bseeds \d+ to\b|\bin (?:the )?order\b|\brespectively\b", re.IGNORECASE)
_SUMMED_UP = re.compile(
    r"\b(?:(?P<mean>mean|average|averag\w+)|(?P<median>median)|(?P<max>maximum|highest|largest)|(?P<min>minimum|lowest|smallest))\b"
    r"[^.;,\d]{0,30}$",
    re.IGNORECASE,
)


def of_runs(now: Progress, number: Number) -> Iterator[Quantity]:
    """What the number is among the runs of the one condition that its list or range is of."""
    values = [other for other in now.sentence.numbers if _telling(other)]
    if number not in values:
        return
    for metric, complement in metrics_with_complement(now, number):
        for chain in _chains(now, values, _NEXT):
            name, scores = _owner(now, chain[0], metric)
            if scores is None or not _are_the_runs(now, chain, scores, metric, complement=complement):
                continue
            if number in chain:
                seed = _seed_of(now, number, chain, scores, metric, complement=complement)
                yield Quantity(number.value, f"{name}.{metric}.seed.{seed}", (name, metric))
            elif number.start > chain[-1].end and not _named_since(now, chain[-1], number):
                yield from _summary(now, number, name, metric, scores, complement=complement)
        for chain in _chains(now, values, _TO):
            if len(chain) == 2 and number in chain:
                yield from _end_of_the_range(now, number, chain, metric, complement=complement)


_BETWEEN = re.compile(r"\b(?:within|inside|between|rang\w+|span\w*|confined to|lies? in)\b[^.;\d]{0,20}$", re.IGNORECASE)


def ends_a_range_of_runs(now: Progress, number: Number) -> bool:
    """'within 0.259–0.270 over the seeds' of one condition: its ends are runs' values, no means."""
    text = now.sentence.text
    if len({mention.name for mention in now.sentence.conditions}) != 1 or _NO_RANGE.search(text) or not _OVER_RUNS.search(text):
        return False
    values = [other for other in now.sentence.numbers if _telling(other)]
    return any(len(chain) == 2 and number in chain and _BETWEEN.search(text[: chain[0].start]) for chain in _chains(now, values, _TO))


def _telling(number: Number) -> bool:
    digits = re.sub(r"e.*|\D", "", number.text).lstrip("0")
    return not number.word and len(digits if "." in number.text else digits.rstrip("0")) >= _DIGITS


def _chains(now: Progress, values: Sequence[Number], joint: re.Pattern[str]) -> Iterator[list[Number]]:
    """Numbers that stand one behind the other with nothing but a joint between them."""
    chain: list[Number] = []
    for value in values:
        if chain and joint.fullmatch(now.sentence.text[chain[-1].end : value.start]):
            chain.append(value)
            continue
        if len(chain) > 1:
            yield chain
        chain = [value]
    if len(chain) > 1:
        yield chain


def _owner(now: Progress, first: Number, metric: str) -> tuple[str, Scores | None]:
    """The condition named last before the list, or the only one that is named at all."""
    names = list(dict.fromkeys(mention.name for mention in now.sentence.conditions))
    ahead = [mention.name for mention in now.sentence.conditions if mention.end <= first.start]
    name = ahead[-1] if ahead else names[0] if len(names) == 1 else ""
    return name, now.study.conditions[name].get(metric) if name else None


def _shown(now: Progress, value: float, number: Number, metric: str, *, complement: bool) -> float | None:
    own = whole(now.study, metric) - value if complement else value
    return printed(own, now.study.metrics[metric].unit, number.unit)


def _is(now: Progress, number: Number, value: float, metric: str, *, complement: bool) -> bool:
    shown = _shown(now, value, number, metric, complement=complement)
    if shown is None and not number.unit and now.study.metrics[metric].unit in (*PERCENTS, "fraction"):
        shown = _shown(now, value, _with_percent(number), metric, complement=complement)
    return shown is not None and fits(number, shown)


def _with_percent(number: Number) -> Number:
    return Number(number.text, number.value, number.step, number.start, number.end, "%")


def _are_the_runs(now: Progress, chain: Sequence[Number], scores: Scores, metric: str, *, complement: bool) -> bool:
    """As many values as runs, each of them one run's; in their order where the sentence names seeds or an order."""
    own = list(scores.seeds.values())
    if len(chain) != len(own):
        return False
    if all(_is(now, number, value, metric, complement=complement) for number, value in zip(chain, own, strict=True)):
        return True
    if _IN_ORDER.search(now.sentence.text):
        return False
    own.sort()
    said = sorted(chain, key=lambda number: number.value, reverse=complement)
    return all(_is(now, number, value, metric, complement=complement) for number, value in zip(said, own, strict=True))


def _seed_of(now: Progress, number: Number, chain: Sequence[Number], scores: Scores, metric: str, *, complement: bool) -> str:
    """The seed of the number: the one at its place, else the first not yet taken whose value it is."""
    seeds = list(scores.seeds)
    if _is(now, number, scores.seeds[seeds[chain.index(number)]], metric, complement=complement):
        return seeds[chain.index(number)]
    return next(seed for seed in seeds if _is(now, number, scores.seeds[seed], metric, complement=complement))


def _named_since(now: Progress, last: Number, number: Number) -> bool:
    return any(last.end <= mention.start < number.start for mention in now.sentence.conditions)


def _summary(now: Progress, number: Number, name: str, metric: str, scores: Scores, *, complement: bool) -> Iterator[Quantity]:
    """'…, so the median is −152.3': the statistic that is named right before the number."""
    said = _SUMMED_UP.search(now.sentence.text[: number.start])
    if said is None:
        return
    stat = next(key for key, word in said.groupdict().items() if word)
    value = {"mean": scores.mean, "median": scores.median, "max": scores.max, "min": scores.min}[
        {"max": "min", "min": "max"}.get(stat, stat) if complement else stat
    ]
    if _is(now, number, value, metric, complement=complement):
        yield Quantity(number.value, f"{name}.{metric}.{stat}", (name, metric))


def _end_of_the_range(now: Progress, number: Number, chain: Sequence[Number], metric: str, *, complement: bool) -> Iterator[Quantity]:
    """'stays within 0.259–0.270 over the five seeds': the lowest and the highest run, in this order, of the one that is named."""
    names = {mention.name for mention in now.sentence.conditions}
    name, scores = _owner(now, chain[0], metric)
    ahead = now.sentence.text[: chain[0].start]
    if (
        len(names) != 1
        or scores is None
        or scores.n < 2
        or not (_WITHIN.search(ahead) or _HEADED.fullmatch(ahead))
        or not (_OVER_RUNS.search(now.sentence.text) or _HEADED.fullmatch(ahead))
        or _NO_RANGE.search(now.sentence.text)
    ):
        return
    low, high = (scores.max, scores.min) if complement else (scores.min, scores.max)
    if _is(now, chain[0], low, metric, complement=complement) and _is(now, chain[1], high, metric, complement=complement):
        stat = "min" if number is chain[0] else "max"
        yield Quantity(number.value, f"{name}.{metric}.{stat}", (name, metric))
