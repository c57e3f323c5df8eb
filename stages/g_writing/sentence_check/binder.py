"""Each number of a sentence bound to one quantity of the record; what cannot be bound is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from stages.g_writing.sentence_check.agreement import holds
from stages.g_writing.sentence_check.alternatives import readings
from stages.g_writing.sentence_check.changes import changes, ranges
from stages.g_writing.sentence_check.comparing import of_speed
from stages.g_writing.sentence_check.counts import Counts
from stages.g_writing.sentence_check.derived import Derived, derived
from stages.g_writing.sentence_check.levels import extremes_of_all, seed_bounds, values_of
from stages.g_writing.sentence_check.listed_runs import ends_a_range_of_runs, of_runs
from stages.g_writing.sentence_check.measured import metrics_for, metrics_with_complement
from stages.g_writing.sentence_check.pairs import Pair
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, REACHED
from stages.g_writing.sentence_check.powers import powers_of_ten
from stages.g_writing.sentence_check.progress import Progress, Refused
from stages.g_writing.sentence_check.quantified import bounded
from stages.g_writing.sentence_check.quantities import Quantity, fits, level, printed, whole
from stages.g_writing.sentence_check.reading import Number
from stages.g_writing.sentence_check.settings_compared import settings_compared
from stages.g_writing.sentence_check.setups import called_by_kind, limits_of_cases
from stages.g_writing.sentence_check.shares_of_gains import parts_of_changes
from stages.g_writing.sentence_check.strangers import of_others
from stages.g_writing.sentence_check.tested import half_widths, test_values

BOUNDING = ("level", "bound on seeds", "difference")
"""Roles in which a number can be the bound that so many seeds or conditions keep to."""


def bound_numbers(now: Progress) -> list[tuple[Number, Quantity]]:
    if of_others(now.sentence):
        return []
    roles = now.roles.all()
    levels = [number for number, role in roles if role == "level"]
    found = []
    for number, role in roles:
        if role == "free":
            continue
        if limit := limits_of_cases(number, now.sentence, now.study):
            key, value = limit
            if value != number.value:
                raise Refused(f"{number.text!r} is not the recorded {key}")
            found.append((number, Quantity(value, f"cfg.{key}")))
            continue
        within = bounded(number, now.sentence, now.study, metrics_with_complement(now, number)) if role in BOUNDING else None
        if within is False:
            raise Refused(f"{number.text!r} does not bound as many as is said")
        if within and not is_the_owners(now, number):
            raise Refused(f"{number.text!r} is not what was recorded for the one it is said to be of")
        if within:
            found.append((number, Quantity(number.value, f"bound({number.text})")))
            continue
        candidates = _candidates(now, number, role, levels, roles)
        if candidates and denied(now, number, role):
            raise Refused(f"{number.text!r} is denied, but it is what was recorded")
        if not candidates:
            raise Refused(f"{number.text!r} ({role}) is no recorded value that fits what the sentence says")
        found.append((number, candidates[0]))
        remember(now, candidates[0], number)
    _each_seed_once_and_in_its_order(now, found)
    return found


def _candidates(
    now: Progress, number: Number, role: str, levels: Sequence[Number], roles: Sequence[tuple[Number, str]]
) -> list[Quantity]:
    """What the number may be, by the first reading that gives anything."""
    candidates = (
        list(quantities_in(now, number, role, levels))
        or unit_said_once(now, number, role, levels, roles)
        or second_chance(now, number, role, levels)
        or calculated(now, number, role)
        or (list(called_by_kind(number, now.sentence, now.study)) if role in {"level", "setting"} else [])
        or (list(powers_of_ten(number, now.sentence, now.study)) if role == "difference" else [])
        or (list(of_runs(now, number)) if role in {"level", "bound on seeds", "range"} else [])
        or list(settings_compared(now, number))
        or list(parts_of_changes(now, number))
    )
    if role == "level" and not_reached(now, number):
        candidates = [each for each in candidates if each.of is not None and each.value < number.value]
    if role == "level" and ends_a_range_of_runs(now, number):
        own = [each for each in candidates if each.of is not None and not each.expression.endswith(".mean")]
        candidates = list(of_runs(now, number)) or own
    return candidates


def _each_seed_once_and_in_its_order(now: Progress, found: Sequence[tuple[Number, Quantity]]) -> None:
    """Raises:
    Refused: one seed's value stands twice, or values told 'by seed' are in another order.
    """
    seeds = [quantity.expression for _, quantity in found if ".seed." in quantity.expression]
    if len(seeds) != len(set(seeds)):
        raise Refused("one seed's value stands for two")
    if len(seeds) > 2 and _BY_SEED.search(now.sentence.text) and out_of_order(now, seeds):
        raise Refused("the values of the seeds are in another order")


_BY_SEED = re.compile(
    r"\b(?:by seed|(?:in|by) (?:the )?order of (?:the |their )?seeds?|(?:ordered|sorted|listed) by seed|(?:for|on|with) seeds \d)",
    re.IGNORECASE,
)


def out_of_order(now: Progress, seeds: Sequence[str]) -> bool:
    """Seeds of one condition that a sentence gives 'by seed', but not in the order of the record."""
    owners = {expression.rpartition(".seed.")[0] for expression in seeds}
    recorded = list(next(iter(next(iter(now.study.conditions.values())).values())).seeds)
    told = [expression.rpartition(".seed.")[2] for expression in seeds]
    return len(owners) == 1 and all(seed in recorded for seed in told) and told != sorted(told, key=recorded.index)


def quantities_in(  # noqa: PLR0912 - one case for each role
    now: Progress, number: Number, role: str, levels: Sequence[Number]
) -> Iterator[Quantity]:
    match role:
        case "p" | "dz" | "interval":
            yield from test_values(now, number, role)
        case "smallest p":
            yield from counts(now, number).smallest_p(number)
        case "seeds" | "part of seeds" | "conditions" | "metrics" | "comparisons":
            yield from counts(now, number).of_role(number, role)
        case "listed conditions":
            yield from counts(now, number).of_a_list(number)
        case "extreme":
            yield from extremes_of_all(now, number)
        case "unnamed setting":
            yield from now.settings.unnamed(number)
        case "setting":
            yield from now.settings.candidates(number)
        case "difference":
            yield from changes(now, number)
        case "range":
            if not now.sentence.has("standard deviations?"):
                yield from ranges(now, number)
            if not now.sentence.has("at most|up to|no more than"):
                yield from values_of(now, number, levels, "std")
        case "bound on seeds":
            yield from seed_bounds(now, number)
        case "std" if re.search(r"\bCIs?\b|\bintervals?\b|confidence", now.sentence.text):
            yield from half_widths(now, number)
        case "std" | "level":
            yield from values_of(now, number, levels, "std" if role == "std" else None)


def counts(now: Progress, number: Number) -> Counts:
    return Counts(now.sentence, now.study, now.pair, now.roles.all(), metrics_for(now, number))


def second_chance(now: Progress, number: Number, role: str, levels: Sequence[Number]) -> list[Quantity]:
    """The value that fits the nearest other reading of the number; none where no reading fits."""
    last = now.last_level[1] if now.last_level else None
    try:
        for reading in readings(number, role, now.sentence, now.study, last):
            now.reading = reading
            if found := list(quantities_in(now, replace(number, unit=reading.unit), reading.role, levels)):
                return found[:1]
        return []
    finally:
        now.reading = None


def calculated(now: Progress, number: Number, role: str) -> list[Quantity]:
    """A value that follows from the record by a short calculation; none for a number of a test, an interval or a count."""
    if role not in {"level", "difference", "setting", "range", "part of a whole", "metrics"}:
        return []
    before, _ = now.sentence.near(number)
    said = next((o.unit for o in now.sentence.numbers if o.start > number.start and o.unit in {"s", "min", "h"}), "")
    metrics = metrics_with_complement(now, number)
    named = {mention.name for mention in now.sentence.metrics}
    if number.unit in {"s", "min", "h", "ms"} and not any(of_speed(name, now.study) for name, _ in metrics):
        metrics = [(name, False) for name in now.study.metrics if of_speed(name, now.study)]
    points = next((o.unit for o in reversed(now.sentence.numbers) if o.end <= number.start and o.unit in {"pp", "points"}), "")
    again = points if not number.unit and not now.sentence.conditions[2:] else number.unit  # '1.08 points on seed 0, 1.67 on seed 1'
    for unit in dict.fromkeys((number.unit, said if not number.unit else number.unit, again)):
        tried = replace(number, unit=unit)
        of = (
            metrics
            if unit in {number.unit, "pp", "points"}
            else [(name, False) for name in named or now.study.metrics if of_speed(name, now.study)]
        )
        each = Derived(tried, now.sentence, now.study, of, lambda value: holds(number, before, value))
        if found := list(derived(each)):
            return found[:1]
    return []


def unit_said_once(
    now: Progress, number: Number, role: str, levels: Sequence[Number], roles: Sequence[tuple[Number, str]]
) -> list[Quantity]:
    """'0.19 points for one and 0.21 for the other'."""
    if number.unit or number.word:
        return []
    free = {other.start for other, its in roles if its == "free"}
    said = next((o.unit for o in reversed(now.sentence.numbers) if o.end <= number.start and o.unit and o.start not in free), "")
    found = (
        list(quantities_in(now, replace(number, unit=said), role, levels)) if said in {"%", "pp", "points", "s", "min", "h"} else []
    )
    return found or (list(now.settings.named(number)) if role == "level" else [])


def is_the_owners(now: Progress, number: Number) -> bool:
    """'reaches the baseline's 1.413': a bound that is somebody's value has to be it."""
    owner = next(
        (m for m in now.sentence.conditions if re.fullmatch(r"'s (?:mean |own )?", now.sentence.text[m.end : number.start])),
        None,
    )
    if owner is None:
        return True
    for metric, complement in metrics_with_complement(now, number):
        scores = now.study.conditions[owner.name].get(metric)
        for value, _ in level(scores, "mean", complement=complement, of=whole(now.study, metric)) if scores else ():
            shown = printed(value, now.study.metrics[metric].unit, number.unit)
            if shown is not None and fits(number, shown):
                return True
    return False


def remember(now: Progress, quantity: Quantity, number: Number) -> None:
    """What the numbers and comparing words behind this one are likely to be of."""
    measured = re.search(r"\)\.(?:1 - )?(\w+)$", quantity.expression)
    if measured and measured[1] in now.study.metrics:
        now.used_metrics.add(measured[1])
    if quantity.of:
        now.used_metrics.add(quantity.of[1])
        now.last_level, now.last_unit = quantity.of, number.unit


def denied(now: Progress, number: Number, role: str) -> bool:
    """'is not 0.92': a number under a negation that is not of a test, a bound or a count of seeds."""
    if role not in {"level", "difference", "setting", "std", "interval", "dz", "range"}:
        return False
    before = now.sentence.text[: number.start]
    return (
        re.search(
            r"\b(?:not|never|n't)\b(?![^.,;(]*\b(?:significan|claim|reject|distinguish|exclud|contain|includ|only|just|until|been)\w*)[^.,;:(]*$",
            before,
        )
        is not None
        and re.search(rf"(?:{ABOVE}|{BELOW}|{REACHED})\s*$", before, re.IGNORECASE) is None
    )


def not_reached(now: Progress, number: Number) -> bool:
    """'does not get to 82 %': rounding makes no value one that is not reached."""
    said = rf"\b(?:not|never|cannot|n't) (?:\w+ly |quite |even )?{REACHED}\s*$"
    return re.search(said, now.sentence.text[: number.start], re.IGNORECASE) is not None


def spoken_of(now: Progress) -> Pair:
    pair = Pair(tuple(dict.fromkeys(now.used)), named=len(set(now.used)) == 1) if now.used else now.pair
    return replace(pair, metric=next(iter(now.used_metrics))) if len(now.used_metrics) == 1 else pair
