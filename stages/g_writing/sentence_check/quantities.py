"""What a study's results can say as a number: stored values and those that follow from them, each with its reference."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check.reading import Number
from stages.g_writing.sentence_check.study import Scores, Study

FRACTIONS = ("fraction", "ratio", "proportion")
PERCENTS = ("%", "percent", "per cent", "pp")
SECONDS = ("s", "sec", "seconds", "second")
_PHYSICAL = (
    *SECONDS,
    "ms",
    "min",
    "h",
    "nats",
    "bits",
    "GB",
    "MB",
    "kWh",
    "m",
    "mm",
    "cm",
    "km",
    "px",
    "eV",
    "meV",
    "kJ",
    "Hz",
    "tok/s",
    "W",
    "J",
)
"""Units in which nobody counts points."""
LARGEST_EXPONENT = 100
"""Nats or bits beyond which nobody tells a perplexity."""
_IN_UNIT = {"s": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0, "ms": 0.001}


@dataclass(frozen=True)
class Quantity:
    """A value in the unit in which the sentence prints it."""

    value: float
    expression: str
    of: tuple[str, str] | None = None
    """The condition and metric of a level."""


def fits(number: Number, value: float) -> bool:
    """The value, rounded to the printed digits, is the printed number; only zero is printed as zero."""
    if number.value == 0:
        return value == 0
    return abs(number.value - value) <= number.step / 2 * (1 + 1e-9) + 1e-12


def printed(value: float, metric_unit: str, unit: str, *, spread: bool = False) -> float | None:
    """A value of the metric in the sentence's unit; None where the unit does not fit. spread: a deviation or difference."""
    if unit == "points" and metric_unit in _PHYSICAL:
        return None
    if unit == "points" and spread:
        unit = "pp" if metric_unit in (*FRACTIONS, *PERCENTS) else ""
    if metric_unit in FRACTIONS:
        if unit == "%" or (unit == "pp" and spread):
            return 100 * value
        return value if unit == "" else None
    if metric_unit == "" and unit == "%" and 0 <= value <= 1 and not spread:
        return 100 * value
    if metric_unit in PERCENTS:
        return value if unit in {"", "%"} or (unit == "pp" and spread) else None
    if metric_unit in SECONDS:
        return value if unit == "" else value / _IN_UNIT[unit] if unit in _IN_UNIT else None
    return value if unit in {"", metric_unit} else None


UNIT_WORDS = re.compile(r"\s*(nats?|bits?|[kMGT]?B|kWh|Wh|dB|Hz|FLOPs?|epochs?|days?|dollars?|euros?|k?m|kg)(?![\w/])")
"""Units that a sentence may name behind a number; they have to be the metric's own."""


def other_unit(after: str, metric_unit: str) -> bool:
    """The words behind a number name a unit in which the metric is not measured."""
    said = UNIT_WORDS.match(after)
    if metric_unit == "px" and re.match(r"\s*(?:pixels?|px)\b", after):
        return False
    return said is not None and not metric_unit.lower().startswith(said[1].lower().rstrip("s"))


_RANKED = {"second highest": (1, True), "second lowest": (1, False)}
"""Statistics by rank among the seeds: how many are before it, and whether they are counted from the highest."""


def whole(study: Study, metric: str) -> float:
    """What a metric and its complement add up to: 100 of one in per cent, else 1."""
    return 100.0 if study.metrics[metric].unit in PERCENTS else 1.0


def level(scores: Scores, stat: str, *, complement: bool, of: float = 1.0) -> Iterator[tuple[float, str]]:
    """(value, name) of a statistic; 'seeds' gives every seed's own. of: the whole that a complement is taken from."""
    if stat == "seeds":
        values = [(value, f"seed.{seed}") for seed, value in scores.seeds.items()]
    elif stat.startswith("seed."):
        seed = stat.removeprefix("seed.")
        values = [(scores.seeds[seed], stat)] if seed in scores.seeds else []
    elif stat in _RANKED:
        rank, downwards = _RANKED[stat]
        ordered = sorted(scores.seeds.values(), reverse=downwards)
        values = [(ordered[rank], stat)] if len(ordered) > rank else []
    elif stat == "std":
        values = [] if scores.std is None else [(scores.std, "std")]
    else:
        values = [({"mean": scores.mean, "min": scores.min, "max": scores.max, "median": scores.median}[stat], stat)]
    for value, name in values:
        yield (of - value if complement and name != "std" else value), name


def mean(study: Study, condition: str, metric: str, *, complement: bool = False) -> float | None:
    scores = study.conditions[condition].get(metric)
    return None if scores is None else whole(study, metric) - scores.mean if complement else scores.mean


def wins(study: Study, a: str, b: str, metric: str) -> tuple[int, int]:
    """Seeds on which a is better than b, and seeds that both finished."""
    one, other = study.conditions[a][metric].seeds, study.conditions[b][metric].seeds
    shared = [seed for seed in one if seed in other]
    sign = 1 if study.metrics[metric].direction == "max" else -1
    return sum(sign * (one[seed] - other[seed]) > 0 for seed in shared), len(shared)


def differences(
    study: Study, a: str, b: str, metric: str, unit: str, *, complement: bool, absolute: bool = False
) -> Iterator[tuple[float, str]]:
    """(size, reference) of a against b in the sentence's unit: plain difference, relative change in per cent, or factor."""
    one, other = mean(study, a, metric, complement=complement), mean(study, b, metric, complement=complement)
    if one is None or other is None:
        return
    of = f"1 - {metric}" if complement else metric
    if unit == "%":
        if other != 0:
            yield abs(one - other) / abs(other) * 100, f"absrel({a},{b}).{of}"
        if study.metrics[metric].unit in PERCENTS and absolute:
            yield abs(one - other), f"absdiff({a},{b}).{of}"
    elif unit == "x":
        if one > 0 and other > 0:
            yield one / other, f"ratio({a},{b}).{of}"
    else:
        value = printed(abs(one - other), study.metrics[metric].unit, unit, spread=True)
        if value is not None:
            yield value, f"absdiff({a},{b}).{of}"


def logarithms(study: Study, condition: str, metric: str) -> Iterator[tuple[float, str]]:
    """Cross-entropy in nats and in bits of a perplexity."""
    value = mean(study, condition, metric)
    if value is not None and value > 0 and metric.rsplit("_", maxsplit=1)[-1] in {"ppl", "perplexity"}:
        yield math.log(value), f"ln({condition}.{metric}.mean)"
        yield math.log2(value), f"log2({condition}.{metric}.mean)"


def scale_of(metric: str, unit: str) -> str:
    """'nats', 'bits' or 'perplexity': in what a metric of probabilities was recorded; '' for other metrics."""
    if {"ppl", "perplexity"} & set(metric.split("_")):
        return "perplexity"
    return next((scale for scale in ("nats", "bits") if re.match(rf"{scale[:-1]}s?\b", unit)), "")


def said_scale(before: str, after: str) -> str:
    """'1.36 bits per byte', 'in bits, it is 1.36', 'a perplexity of 3.29': in what the words beside a number say that it is."""
    if unit := re.match(r"[\s-]*(nat|bit)s?\b", after):
        return f"{unit[1]}s"
    if front := re.search(r"\b(?:[Ii]n|[Ee]xpressed in|[Cc]onverted (?:in)?to|[Mm]easured in) (nat|bit)s?\b[^.;]*$", before):
        return f"{front[1]}s"
    named = r"\bperplexit(?:y|ies)(?: (?:per \w+|on average))?(?: (?:of|is|was|=|at|near|around|about|roughly|just|only|to|reaches|becomes|equals))*\s*$"
    return "perplexity" if re.search(named, before, re.IGNORECASE) or re.match(r"\s*(?:in )?perplexity\b", after) else ""


def rescaled(study: Study, condition: str, metric: str, scale: str) -> Iterator[tuple[float, str]]:
    """A mean in nats as bits or as a perplexity, one in bits as nats; a likelihood has its loss's perplexity."""
    value, own = mean(study, condition, metric), scale_of(metric, study.metrics[metric].unit)
    sign = -1 if study.metrics[metric].direction == "max" else 1
    match own, scale:
        case _ if value is None:
            return
        case "nats", "bits":
            yield value / math.log(2), f"{condition}.{metric}.mean / ln(2)"
        case "bits", "nats":
            yield value * math.log(2), f"{condition}.{metric}.mean * ln(2)"
        case "nats", "perplexity" if abs(value) < LARGEST_EXPONENT:
            yield math.exp(sign * value), f"exp({'-' if sign < 0 else ''}{condition}.{metric}.mean)"
        case "bits", "perplexity" if abs(value) < LARGEST_EXPONENT:
            yield 2 ** (sign * value), f"2^({'-' if sign < 0 else ''}{condition}.{metric}.mean)"
        case _:
            return
