"""Statistics for a handful of seeds.

Conditions share their seeds, so they are compared seed by seed. What may be said depends on n, the number of shared seeds:

    n = 1      "single run": no interval, no test
    n = 2      "two runs": both differences, no interval, no test
    n = 3-5    the 95 % t interval of the paired difference decides; Wilcoxon cannot reach 0.05 and is not computed
    n >= 6     the same, and the exact Wilcoxon test is reported beside it

At n = 3 a nominal 95 % interval covers .953 by t, .815 by z and .746 by percentile bootstrap (simulation, 4,000 repetitions):
only the t interval is offered.

Every number enters and leaves rounded to `SIGNIFICANT_DIGITS`: what is printed can then be recomputed, to the last digit,
from the seeds as they are stored in results.json.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from stages.contracts import Metric, PairedComparison, SeedSummary, Slug
from stages.errors import EvidenceMissing

SIGNIFICANT_DIGITS = 10
"""Of a stored number. Scores are printed with at most 5 decimals; a difference of 0.001 between scores near 2 keeps 6 digits."""

CONFIDENCE = 0.95
POWER = 0.80
"""Of the minimum detectable effect; the convention of Cohen (1988)."""

ROUNDING_NOISE = 1e-9
"""Spread below this share of the values' size is the rounding of the stored numbers, not a measurement."""

Verdict = Literal["better", "worse", "not distinguishable", "single run", "two runs"]


@dataclass(frozen=True)
class Sample:
    """One metric of one condition: seed -> value, same unit for all."""

    condition: Slug
    values: Mapping[int, float]


def stored(value: float) -> float:
    """The value as results.json holds it: rounded to `SIGNIFICANT_DIGITS`."""
    return float(f"{value:.{SIGNIFICANT_DIGITS - 1}e}")


def summarise(values: Mapping[int, float]) -> SeedSummary:
    """Mean, sample standard deviation (n - 1), range and median over seeds.

    values: seed -> value, at least one.
    Raises:
        EvidenceMissing: no seed has a value.
    """
    if not values:
        raise EvidenceMissing("no seed has a value to summarise; look at the verdicts of the runs")
    numbers = [stored(values[seed]) for seed in sorted(values)]
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else math.fsum(ordered[middle - 1 : middle + 1]) / 2
    deviation = _deviation(numbers)
    return SeedSummary(
        seeds={str(seed): stored(values[seed]) for seed in sorted(values)},
        n=len(numbers),
        mean=stored(_mean(numbers)),
        std=None if deviation is None else stored(deviation),
        min=ordered[0],
        max=ordered[-1],
        median=stored(median),
    )


def mean_interval(summary: SeedSummary) -> tuple[float, float] | None:
    """The 95 % t interval of the mean over seeds; None below three seeds."""
    if summary.n < 3 or summary.std is None:
        return None
    half = _critical_t(summary.n - 1, 1 - CONFIDENCE) * summary.std / math.sqrt(summary.n)
    return stored(summary.mean - half), stored(summary.mean + half)


def learning_curve(curves: Mapping[int, Mapping[int, float]]) -> dict[str, SeedSummary]:
    """Step -> metric over seeds.

    curves: seed -> step -> value. A step that only some seeds reached is summarised over those; its n says so.
    """
    steps = sorted({step for curve in curves.values() for step in curve})
    return {str(step): summarise({seed: curve[step] for seed, curve in curves.items() if step in curve}) for step in steps}


def paired_difference(a: Sample, b: Sample, metric: Metric, alpha: float) -> PairedComparison:
    """a minus b over the seeds that both have, with the verdict that this many seeds allow.

    The verdict is that of a single test; `with_holm` adjusts a family of comparisons.
    Raises:
        EvidenceMissing: a and b share no seed.
    """
    differences = {seed: stored(a.values[seed]) - stored(b.values[seed]) for seed in sorted(a.values.keys() & b.values.keys())}
    scale = max((abs(b.values[seed]) for seed in differences), default=0.0)
    reference = _mean([stored(b.values[seed]) for seed in differences]) if differences else math.nan
    compared = _comparison(a.condition, b.condition, differences, reference, scale, metric=metric, alpha=alpha)
    mean = _mean([stored(a.values[seed]) for seed in differences])
    return compared.model_copy(update={"mean_ratio": stored(mean / reference) if min(mean, reference) > 0 else None})


def interaction(both: Sample, a: Sample, b: Sample, base: Sample, *, metric: Metric, alpha: float) -> PairedComparison:
    """(both - a) - (b - base) over the seeds that all four have; zero when the effects of a and b simply add up.

    Below zero (for a metric where lower is better) the two help each other. The result names `both` as a and `base` as b;
    percentages are of the mean of `base`.
    Raises:
        EvidenceMissing: the four conditions share no seed.
    """
    samples = (both, a, b, base)
    shared = sorted(set(both.values).intersection(*(sample.values for sample in samples)))
    value = {sample.condition: {seed: stored(sample.values[seed]) for seed in shared} for sample in samples}
    differences = {
        seed: (value[both.condition][seed] - value[a.condition][seed]) - (value[b.condition][seed] - value[base.condition][seed])
        for seed in shared
    }
    scale = max((abs(number) for numbers in value.values() for number in numbers.values()), default=0.0)
    reference = _mean(list(value[base.condition].values())) if shared else math.nan
    return _comparison(both.condition, base.condition, differences, reference, scale, metric=metric, alpha=alpha)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's (1979) step-down adjusted p values, in the order given; controls the family-wise error under any dependence."""
    count = len(p_values)
    adjusted = [0.0] * count
    running = 0.0
    for rank, index in enumerate(sorted(range(count), key=lambda position: p_values[position])):
        running = max(running, min(1.0, (count - rank) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def with_holm(family: Sequence[PairedComparison], metric: Metric, alpha: float) -> tuple[PairedComparison, ...]:
    """The family with Holm-adjusted p values and the verdicts that follow; members without a test stay as they are."""
    tested = [index for index, comparison in enumerate(family) if comparison.t_p is not None]
    adjusted = dict(zip(tested, holm([family[index].t_p or 0.0 for index in tested]), strict=True))
    return tuple(
        comparison
        if index not in adjusted
        else comparison.model_copy(
            update={
                "holm_p": stored(adjusted[index]),
                "verdict": _verdict(
                    comparison.n,
                    low=comparison.ci95_low,
                    high=comparison.ci95_high,
                    p=stored(adjusted[index]),
                    metric=metric,
                    alpha=alpha,
                ),
            }
        )
        for index, comparison in enumerate(family)
    )


def hedges_factor(n: int) -> float:
    """What dz of n pairs is multiplied with to be unbiased: gamma(m / 2) / (sqrt(m / 2) gamma((m - 1) / 2)), m = n - 1.

    Hedges (1981), with the degrees of freedom of one sample of differences: .564 at n = 3, .798 at 5, .914 at 10.
    (The values .80, .90, .96 seen in some places use the 2 (n - 1) of two separate groups.)
    n: >= 3.
    """
    m = n - 1
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)


@cache
def detectable_dz(n: int, alpha: float) -> float:
    """Smallest mean difference, in standard deviations of the difference, that n pairs find with 80 % power (two-sided t)."""
    from scipy.special import nctdtrinc

    # The wrong-sided tail adds less than 1e-6 to the power here and is left out.
    return float(nctdtrinc(n - 1, 1 - POWER, _critical_t(n - 1, alpha))) / math.sqrt(n)


def exact_wilcoxon(differences: Sequence[float]) -> float | None:
    """Two-sided p of the signed-rank test by counting all sign patterns; zeros are dropped, ties share their mean rank.

    None below six non-zero differences: no outcome could reach 0.05.
    """
    sizes = sorted(abs(difference) for difference in differences if difference != 0)
    if len(sizes) < 6:
        return None
    # Ranks are doubled so that mean ranks of ties stay whole numbers.
    doubled = [2 * sizes.index(size) + 1 + sizes.count(size) for size in sizes]
    rank_of = dict(zip(sizes, doubled, strict=True))
    positive = sum(rank_of[difference] for difference in differences if difference > 0)
    total = sum(doubled)
    patterns = [1] + [0] * total
    for rank in doubled:
        for rank_sum in range(total, rank - 1, -1):
            patterns[rank_sum] += patterns[rank_sum - rank]
    tail = sum(patterns[: min(positive, total - positive) + 1])
    return min(1.0, 2.0 * tail / 2.0 ** len(doubled))


def _comparison(
    a: Slug, b: Slug, raw: Mapping[int, float], reference: float, scale: float, *, metric: Metric, alpha: float
) -> PairedComparison:
    if not raw:
        raise EvidenceMissing(f"{a} and {b} share no seed that ended well; nothing can be compared")
    # A difference carries the rounding error of the scores it is made of; what lies below it is no difference.
    differences = {seed: 0.0 if abs(value) < ROUNDING_NOISE * scale else stored(value) for seed, value in raw.items()}
    numbers = list(differences.values())
    n = len(numbers)
    mean = _mean(numbers)
    deviation = _deviation(numbers)
    if deviation is not None and deviation <= ROUNDING_NOISE * scale:
        deviation = 0.0
    low = high = t_p = dz = hedges = mde = None
    if deviation is not None and n >= 3:
        error = deviation / math.sqrt(n)
        half = _critical_t(n - 1, 1 - CONFIDENCE) * error
        low, high = mean - half, mean + half
        t_p = _two_sided_p(mean, error, n - 1)
        mde = detectable_dz(n, alpha) * deviation
        if deviation > 0:
            dz = mean / deviation
            hedges = dz * hedges_factor(n)
    wilcoxon = exact_wilcoxon(numbers)
    if reference == 0:
        raise EvidenceMissing(f"the mean of {b} is exactly zero: a difference in percent of it does not exist")
    relative = 100 * mean / reference
    return PairedComparison(
        a=a,
        b=b,
        n=n,
        differences={str(seed): value for seed, value in differences.items()},
        mean_diff=stored(mean),
        abs_mean_diff=stored(abs(mean)),
        rel_diff_percent=stored(relative),
        abs_rel_diff_percent=stored(abs(relative)),
        sd_diff=_stored(deviation),
        ci95_low=_stored(low),
        ci95_high=_stored(high),
        t_p=_stored(t_p),
        holm_p=None,
        wilcoxon_p=_stored(wilcoxon),
        dz=_stored(dz),
        hedges_dz=_stored(hedges),
        wins=sum(metric.gain(value, 0.0) > 0 for value in numbers),
        mde=_stored(mde),
        verdict=_verdict(n, low=_stored(low), high=_stored(high), p=_stored(t_p), metric=metric, alpha=alpha),
    )


def _verdict(n: int, *, low: float | None, high: float | None, p: float | None, metric: Metric, alpha: float) -> Verdict:
    """A difference is called only when the 95 % interval excludes zero and the (adjusted) p value is at most alpha."""
    if n == 1:
        return "single run"
    if n == 2:
        return "two runs"
    if low is None or high is None or p is None or low <= 0 <= high or p > alpha:
        return "not distinguishable"
    return "better" if metric.gain(low, 0.0) > 0 else "worse"


def _critical_t(df: int, alpha: float) -> float:
    """Two-sided critical value; scipy is imported here because the list of stages must print without it (0.6 s)."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - alpha / 2))


def _two_sided_p(mean: float, error: float, df: int) -> float:
    if error == 0:
        # The limit of the t statistic: equal everywhere, or the same shift on every seed.
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr

    return 2.0 * float(stdtr(df, -abs(mean) / error))


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: Sequence[float]) -> float | None:
    """Sample standard deviation; None below two numbers. `fsum` makes it independent of their order."""
    if len(numbers) < 2:
        return None
    mean = _mean(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (len(numbers) - 1))


def _stored(value: float | None) -> float | None:
    return None if value is None else stored(value)
