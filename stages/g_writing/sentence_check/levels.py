"""Recorded values of a condition that a number can be: means, deviations, extremes, bounds on every seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.agreement import holds
from stages.g_writing.sentence_check.alternatives import beside
from stages.g_writing.sentence_check.comparing import of_speed
from stages.g_writing.sentence_check.measured import metrics_for, metrics_with_complement
from stages.g_writing.sentence_check.owners import conditions_of, everywhere
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, LOGARITHM, REACHED
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import (
    Quantity,
    fits,
    level,
    logarithms,
    other_unit,
    printed,
    rescaled,
    said_scale,
    scale_of,
    whole,
)
from stages.g_writing.sentence_check.reading import Number
from stages.g_writing.sentence_check.statistics_said import statistics_said
from stages.g_writing.sentence_check.study import Study

NEARLY = r"about|roughly|around|approximately|nearly|almost|some|circa|close to|near|~|just|in the region of|on the order of|of the order of"
COARSE_LEVEL = 0.025
"""Share of a mean that its printed digits may be away from it, where nothing says that they are rounded. A guess."""


def values_of(  # noqa: PLR0912 - the conditions under which a recorded value is no candidate, one by one
    now: Progress, number: Number, levels: Sequence[Number], stat: str | None
) -> Iterator[Quantity]:
    before, after = now.sentence.near(number)
    conditions, metrics = conditions_of(now, number, levels), metrics_with_complement(now, number)
    if stat == "std" and now.last_level and re.search(r"(?:±|\+/-|\()\s*$", before):  # of the value that it stands behind
        conditions, metrics = [now.last_level[0]], [(now.last_level[1], False)]
    for condition in conditions:
        for metric, complement in metrics:
            scores = now.study.conditions[condition].get(metric)
            same_kind = now.last_level is not None and number.unit == now.last_unit and not now.sentence.metrics
            if same_kind and now.last_level is not None and metric != now.last_level[1]:
                continue  # numbers of one unit in a sentence that names no metric are of one metric
            wrong_unit = other_unit(after, now.study.metrics[metric].unit)
            of_entropy = LOGARITHM.search(now.sentence.text) is not None
            said, own = said_scale(before, after), scale_of(metric, now.study.metrics[metric].unit)
            if own and said and said != own and not (own == "perplexity" and stat is None):
                if scores is not None and stat is None and not complement:
                    yield from (
                        Quantity(v, e, (condition, metric))
                        for v, e in rescaled(now.study, condition, metric, said)
                        if holds(number, before, v)
                    )
                continue  # a value in nats is none in bits
            if (
                scores is None
                or (wrong_unit and not of_entropy)
                or (stat == "std" and now.last_level not in {None, (condition, metric)})
            ):
                continue
            bound_on_all = (
                stat is None
                and everywhere(now)
                and not beside(number, now.sentence)
                and len(levels) < len({m.name for m in now.sentence.conditions} or now.study.conditions)
            )
            for name in statistics_of(now, number, levels, stat, metric, scores.n, complement=complement):
                if name in {"max", "min"} and not extreme_of_all(now, name, condition, metric):
                    continue
                for value, label in level(scores, name, complement=complement, of=whole(now.study, metric)):
                    shown = printed(value, now.study.metrics[metric].unit, number.unit, spread=name == "std")
                    if shown is None or wrong_unit or not holds(number, before, shown):
                        continue
                    if name == "mean" and of_quality(metric, now.study) and too_coarse(number, before, shown):
                        continue
                    if bound_on_all and not holds_for_all(
                        now, number, before, metric, "std" if name == "std" else "mean", complement=complement
                    ):
                        continue
                    less = f"{whole(now.study, metric):g} - " if complement else ""
                    yield Quantity(shown, f"{less}{condition}.{metric}.{label}", (condition, metric))
            if of_entropy and now.last_level in {None, (condition, metric)}:
                bits, nats = now.sentence.has("bits?"), now.sentence.has("nats?")
                for value, expression in logarithms(now.study, condition, metric):
                    other_base = bits is not nats and expression.startswith("ln" if bits else "log2")
                    if not other_base and fits(number, value):
                        yield Quantity(value, expression)


def of_quality(metric: str, study: Study) -> bool:
    """No time, rate, memory or energy: these are rounded as one likes."""
    return not of_speed(metric, study) and study.metrics[metric].unit not in {"kB", "MB", "GB", "TB", "J", "W", "Wh", "kWh"}


def too_coarse(number: Number, before: str, value: float) -> bool:
    """'The accuracy is 0.8' of 0.756: rounded to one digit it is another value, unless the text says that it is near."""
    near = re.search(rf"(?<!\w)(?:{NEARLY}|{ABOVE}|{BELOW}|{REACHED})\s*(?:an? |the )?$", before, re.IGNORECASE)
    off = abs(number.value - value) > COARSE_LEVEL * abs(value)
    return off and near is None and not number.word and fits(number, value)


def statistics_of(
    now: Progress, number: Number, levels: Sequence[Number], stat: str | None, metric: str, n: int, *, complement: bool
) -> tuple[str, ...]:
    """Statistics that a level can be; the seeds' own values where three numbers or more stand for one condition."""
    if now.reading and now.reading.stat:
        return (now.reading.stat,)
    if stat is not None:
        return (stat,)
    if 2 < len(levels) <= n and len({m.name for m in now.sentence.conditions}) == 1:
        return ("seeds",)
    before, after = now.sentence.near(number, 90)
    return statistics_said(now, number, before, after, metric, complement=complement)


def holds_for_all(now: Progress, number: Number, before: str, metric: str, stat: str, *, complement: bool) -> bool:
    names = [mention.name for mention in now.sentence.conditions] or list(now.study.conditions)
    if now.sentence.has("both") and not now.sentence.conditions and now.study.main_pair:
        names = list(now.study.main_pair)
    for name in names:
        for value, _ in level(now.study.conditions[name][metric], stat, complement=complement, of=whole(now.study, metric)):
            shown = printed(value, now.study.metrics[metric].unit, number.unit, spread=stat == "std")
            if shown is None or not holds(number, before, shown):
                return False
    return True


def extremes_of_all(now: Progress, number: Number) -> Iterator[Quantity]:
    """The lowest and the highest value of any seed of any condition."""
    before, _ = now.sentence.near(number)
    for metric in metrics_for(now, number):
        of = [scores[metric] for scores in now.study.conditions.values() if metric in scores]
        high = re.search(r"\b(?:and|to|-)\s*$", before) is not None and now.sentence.has(r"between|from|rang\w*|span\w*|lie|within")
        low = now.sentence.has(r"between|from|rang\w*|span\w*|within") and not high
        if not (low or high):
            continue
        value = max(scores.max for scores in of) if high else min(scores.min for scores in of)
        shown = printed(value, now.study.metrics[metric].unit, number.unit)
        if shown is not None and fits(number, shown):
            yield Quantity(shown, f"all.{metric}.{'max' if high else 'min'}")


def extreme_of_all(now: Progress, stat: str, condition: str, metric: str) -> bool:
    """'the best return of any run': without a name, or of any run at all, it is the extreme over the conditions, too."""
    if now.sentence.conditions and not now.sentence.has(r"of any (?:run|seed|method|condition)|overall|of all (?:runs|seeds|methods)"):
        return True
    if now.sentence.conditions and len({mention.name for mention in now.sentence.conditions}) > 1:
        return True
    values = [getattr(scores[metric], stat) for scores in now.study.conditions.values() if metric in scores]
    own = getattr(now.study.conditions[condition][metric], stat)
    named_here = bool(now.sentence.conditions) and now.sentence.has(rf"seed of (?:the |our )?|{w.OUR_NAMES}")
    return named_here or own == (max if stat == "max" else min)(values)


def seed_bounds(now: Progress, number: Number) -> Iterator[Quantity]:
    before, _ = now.sentence.near(number)
    above = re.search(rf"(?<!\w)(?:{ABOVE}|{REACHED})\s*$", before, re.IGNORECASE) is not None
    denied = now.sentence.has("never|no|not|neither|none")
    above = above is not denied  # 'never below' bounds from below
    names = list(dict.fromkeys(m.name for m in now.sentence.conditions) or now.study.conditions)
    for metric, complement in metrics_with_complement(now, number):
        unit = now.study.metrics[metric].unit
        values = [
            printed(value, unit, number.unit)
            for name in names
            if metric in now.study.conditions[name]
            for value, _ in level(now.study.conditions[name][metric], "seeds", complement=complement, of=whole(now.study, metric))
        ]
        reached = (
            denied and re.search(r"\b(?:below|under|above|over|exceed\w*)\s*$", before, re.IGNORECASE) is not None
        )  # 'never below 3' may be 3
        if None not in values and all(
            (v == number.value and reached) or ((v > number.value) if above else (v < number.value)) for v in values if v is not None
        ):
            yield Quantity(number.value, f"{names[0] if len(names) == 1 else 'all'}.{metric}.{'min' if above else 'max'}")
