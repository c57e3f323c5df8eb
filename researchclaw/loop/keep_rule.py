"""When a gain counts: sequential, on paired seeds, with the error under control. Pure.

After each pair of runs (incumbent and candidate on the same seed) the mean gain is compared with its standard error. It is
dropped early when it is hopeless (z <= -0.2, 0.1, 0.4, 0.6, 0.8, 1, 1.1 after 1 to 7 pairs) and goes on to fresh seeds when it is
clear (z > 2.3, 2.2, 2.1, 2, 1.75, 1.7, 1.7, 1.6 after 1 to 8). The sd is not known but estimated, first by calibration and then from
the log, and edits differ in it: one whose effect depends on the seed scatters more than one that changes the last bits. So each
edit is judged by a moderated t (Smyth 2004, doi:10.2202/1544-6115.1027): the usual variance counts like that of a few pairs, and
the edit's own pairs are added to it. At most three fresh seeds, one where z > 3 and two where z > 2, must agree with z > 0.5: they
are what keeps null edits out, so the search may be quick. `benchmarks/loop.py aa` shows what this keeps of null edits and of
planted gains, also where edits differ in their scatter (docs/loop.md has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev, variance
from typing import Literal

from pydantic import NonNegativeFloat

from researchclaw.loop.contracts import Calibration, Plan, Thresholds
from stages.contracts import Contract

MAX_PAIRS = 8
_FUTILITY = {1: -0.2, 2: 0.1, 3: 0.4, 4: 0.6, 5: 0.8, 6: 1.0, 7: 1.1}
_ACCEPT = {1: 2.3, 2: 2.2, 3: 2.1, 4: 2.0, 5: 1.75, 6: 1.7, 7: 1.7, 8: 1.6}
_CONFIRM = {1: 3.0, 2: 2.0}  # fresh seeds that need no further one
_CONFIRMED = 0.5  # z that the fresh seeds must show
_DETECTABLE = 1.25  # sds of a paired difference that are kept in 80 % of cases: `benchmarks/loop.py aa`
_PRIOR_DEGREES = 4  # weight of the usual variance; with 8 half as many again null edits of unlike scatter were kept
_LAST_BITS = 0.01  # of the calibration's sd: an edit with less scatter changes the last bits of a result (a guess)
_OUTLIER = 20.0  # times the usual variance; two pairs exceed nine times theirs in one of four hundred cases (chi-square)
_SIMPLER_PAIRS = 5  # pairs after which code that is simpler may be told to be no worse
_SIMPLER_DROP = -1.5  # z at which even a simpler change is clearly worse

Decision = Literal["more", "accept", "simpler", "drop", "undecided"]
"""undecided: all pairs were run and the gain is positive but not shown."""


class Noise(Contract):
    """Standard deviation of a paired difference as edits usually show it, and how well it is known."""

    sd: NonNegativeFloat
    degrees: int
    deterministic: bool = False
    """The metric never varied, in no run of the baseline and in no attempt: one run says all."""


def calibrate(values: Sequence[float], repeats: Sequence[float], plan: Plan, seconds: Sequence[float]) -> Calibration:
    """What the baseline's runs say about noise. repeats[i]: the seed of values[i] once more; at least one.

    Where the same seed does not repeat, the differences within pairs are measured directly. Where it does, the sd over seeds
    times the root of two stands in for them until the log knows better; pairing makes the truth smaller.
    """
    repeatable = all(a == b for a, b in zip(values, repeats, strict=False))
    deterministic = repeatable and len(set(values)) == 1
    sd = 0.0 if deterministic else stdev(values)
    if repeatable:
        sd_difference, degrees = sd * math.sqrt(2), len(values) - 1
    else:
        differences = [b - a for a, b in zip(values, repeats, strict=True)]
        # drift between the pairs is no noise within them, but a few pairs can agree by chance: both are asked
        sd_difference, degrees = max(stdev(differences), sd), len(differences) - 1
    mde = smallest_detectable(sd_difference)
    return Calibration(
        values=tuple(values),
        repeats=tuple(repeats),
        repeatable=repeatable,
        deterministic=deterministic,
        sd=sd,
        sd_difference=sd_difference,
        degrees=degrees,
        mde=mde,
        seconds=median(seconds),
        advice=_advice(mde, fmean(values), plan.thresholds.min_delta, repeatable),
    )


def smallest_detectable(sd_difference: float) -> float:
    """The gain that this rule keeps in about 80 % of cases."""
    return _DETECTABLE * sd_difference


def _advice(mde: float, mean: float, min_delta: float, repeatable: bool) -> str | None:
    large = abs(mean) * 0.1  # a guess: single edits rarely gain more
    if mde <= max(large, 2 * min_delta):
        return None
    cure = "score more data, or train longer" if repeatable else "time a larger piece of work, or take the best of several inside it"
    return f"gains below {mde:.4g} cannot be told from noise; make the verify command steadier: {cure}."


def noise_of(calibration: Calibration, differences: Sequence[Sequence[float]]) -> Noise:
    """The noise as the calibration and the paired gains of all attempts so far show it.

    differences: one sequence per attempt; only scatter within an attempt counts, so real gains do no harm. An attempt whose gains
    are all the same, up to the last bits, says nothing about the noise of others: it changed no result, as dead code that was removed.
    """
    least = _LAST_BITS * calibration.sd_difference
    groups = [group for group in differences if len(set(group)) >= 2 and stdev(group) > least]
    if calibration.deterministic and not groups:
        return Noise(sd=0.0, degrees=calibration.degrees, deterministic=True)
    variances = [variance(group) for group in groups]
    # An edit that fails on one seed by a great number would hide the gains of all others.
    most = _OUTLIER * max(calibration.sd_difference**2, median(variances) if variances else 0.0)
    squares = sum(min(one, most) * (len(group) - 1) for one, group in zip(variances, groups, strict=True))
    degrees = sum(len(group) - 1 for group in groups)
    # Over seeds the calibration is only an upper bound: the log replaces it once it knows enough.
    if not (calibration.repeatable and degrees >= 8):
        squares += calibration.sd_difference**2 * calibration.degrees
        degrees += calibration.degrees
    return Noise(sd=math.sqrt(squares / degrees), degrees=degrees)


def decide(gains: Sequence[float], noise: Noise, thresholds: Thresholds, lines: int) -> Decision:
    """What to do after these paired gains. lines: net lines of the change, negative when it makes the code simpler."""
    n, mean = len(gains), fmean(gains)
    simpler = lines < 0
    if noise.deterministic and len(set(gains)) == 1:
        if mean > thresholds.min_delta:
            return "accept"
        return "simpler" if mean == 0 and simpler else "drop"
    sd, degrees = _moderated(gains, noise)
    z = mean / (sd / math.sqrt(n))
    if n in _ACCEPT and z > critical(_ACCEPT[n], degrees) and mean > thresholds.min_delta:
        return "accept"
    no_worse = mean - critical(1.645, degrees) * sd / math.sqrt(n) > -thresholds.simpler_margin * sd
    if simpler and n >= _SIMPLER_PAIRS and no_worse:
        return "simpler"
    if n < MAX_PAIRS:
        return "drop" if z <= (_SIMPLER_DROP if simpler else _FUTILITY[n]) else "more"
    return "undecided" if mean > 0 else "drop"


def _moderated(gains: Sequence[float], noise: Noise) -> tuple[float, int]:
    """The sd by which this edit is judged, and its degrees of freedom: its own scatter, moderated by the usual one."""
    own = len(gains) - 1
    if noise.sd == 0.0:  # nothing varied before, and this edit does: only its own scatter is left
        return max(stdev(gains) if own else abs(gains[0]), math.ulp(1.0)), max(own, 1)
    usual = min(noise.degrees, _PRIOR_DEGREES)
    squares = usual * noise.sd**2 + (own * variance(gains) if own else 0.0)
    return math.sqrt(squares / (usual + own)), usual + own


def critical(z: float, degrees: int) -> float:
    """Student's quantile at the normal tail probability of z."""
    from scipy.special import ndtr, stdtrit

    return float(stdtrit(degrees, ndtr(z)))


def beyond_doubt(gains: Sequence[float], noise: Noise) -> bool:
    """One or two fresh seeds that need no third."""
    n = len(gains)
    if noise.deterministic or n >= 3:
        return True
    sd, degrees = _moderated(gains, noise)
    return fmean(gains) / (sd / math.sqrt(n)) > critical(_CONFIRM[n], degrees)


def confirmed(gains: Sequence[float], thresholds: Thresholds, *, simpler: bool, noise: Noise) -> bool:
    """Is the mean gain on fresh seeds on the right side, and by more than half a standard error?"""
    margin = -thresholds.simpler_margin * noise.sd if simpler else thresholds.min_delta
    mean = fmean(gains)
    if simpler or noise.deterministic:
        return mean >= margin if simpler else mean > margin
    sd, degrees = _moderated(gains, noise)
    return mean > max(margin, critical(_CONFIRMED, degrees) * sd / math.sqrt(len(gains)))


def interval(gains: Sequence[float], noise: Noise) -> tuple[float, float, float]:
    """Mean gain and its two-sided 90 % interval, with the moderated sd."""
    mean = fmean(gains)
    if noise.deterministic:
        return mean, mean, mean
    return _around(mean, *_moderated(gains, noise), len(gains))


def final_interval(gains: Sequence[float], noise: Noise) -> tuple[float, float, float]:
    """The same for the final comparison: several edits are in it, so only its own scatter counts (but for a single pair)."""
    if len(gains) == 1:
        return interval(gains, noise)
    return _around(fmean(gains), stdev(gains), len(gains) - 1, len(gains))


def _around(mean: float, sd: float, degrees: int, n: int) -> tuple[float, float, float]:
    half = critical(1.645, degrees) * sd / math.sqrt(n)
    return mean, mean - half, mean + half


def worth_its_lines(gain: float, lines: int, incumbent: float, noise: Noise, thresholds: Thresholds) -> bool:
    """A tiny gain that costs much code is not: tiny is below what can be detected, or below `tiny_gain` of the metric."""
    tiny = max(smallest_detectable(noise.sd), thresholds.tiny_gain * abs(incumbent))
    return lines <= thresholds.tiny_gain_lines or gain >= tiny
