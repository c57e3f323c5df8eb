"""The keep rule, case by case; its error rates are tested in tests/benchmarks/test_loop.py."""

from typing import Any

import pytest

from researchclaw.loop.contracts import Plan, Thresholds
from researchclaw.loop.keep_rule import (
    Noise,
    calibrate,
    confirmed,
    critical,
    decide,
    final_interval,
    interval,
    noise_of,
    smallest_detectable,
    worth_its_lines,
)

KNOWN = Noise(sd=1.0, degrees=10_000)
RULE = Thresholds()


def plan(**changes: Any) -> Plan:
    return Plan.model_validate({"goal": "g", "scope": ("a",), "verify": "v", "direction": "lower"} | changes)


@pytest.mark.parametrize(
    ("gains", "decision"),
    [
        ((-0.1,), "more"),
        ((-0.3,), "drop"),
        ((5.0,), "accept"),
        ((0.1, -0.1), "drop"),
        ((0.5, 0.5), "more"),
        ((1.3, 1.3, 1.3), "accept"),
        ((1.0, 1.0, 1.0), "more"),
        ((0.1, 0.2, 0.2), "drop"),
        ((1.1, 1.1, 1.1, 1.1), "accept"),
        ((0.8, 0.8, 0.8, 0.8, 0.8), "accept"),
        ((0.6, 0.6, 0.6, 0.6, 0.6), "more"),
        ((0.4,) * 8, "accept"),
        ((0.3,) * 8, "undecided"),
        ((0.9,) * 7 + (-7.0,), "drop"),
    ],
)
def test_boundaries_for_a_well_known_usual_sd(gains: tuple[float, ...], decision: str) -> None:
    assert decide(gains, KNOWN, RULE, 0) == decision


def test_an_sd_that_is_hardly_known_asks_for_more() -> None:
    assert decide((1.2, 2.0, 1.1), KNOWN, RULE, 0) == "accept"
    assert decide((1.2, 2.0, 1.1), Noise(sd=1.0, degrees=1), RULE, 0) == "more"
    assert critical(1.96, 10**9) == pytest.approx(1.96, abs=1e-3)
    assert critical(1.645, 4) == pytest.approx(2.132, abs=2e-3)  # Student's table: 5 %, 4 degrees of freedom


def test_a_gain_below_min_delta_is_not_accepted() -> None:
    assert decide((1.3, 1.3, 1.3), KNOWN, Thresholds(min_delta=2.0), 0) == "more"


def test_an_edit_with_much_more_scatter_is_judged_by_its_own() -> None:
    assert decide((0.1, 9.0, 2.0), KNOWN, RULE, 0) == "more"
    assert decide((3.6, 3.7, 3.8), KNOWN, RULE, 0) == "accept"


def test_a_metric_without_noise_needs_one_run() -> None:
    exact = Noise(sd=0.0, degrees=4, deterministic=True)
    assert decide((0.001,), exact, RULE, 5) == "accept"
    assert decide((0.0,), exact, RULE, 0) == "drop"
    assert decide((0.0,), exact, RULE, -1) == "simpler"
    assert decide((-0.001,), exact, RULE, -50) == "drop"


def test_removed_dead_code_says_nothing_about_the_noise_of_others() -> None:
    seeded = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], [1.0], plan(), [1.0])
    before = noise_of(seeded, [])
    assert noise_of(seeded, [(0.0, 0.0, 0.0, 0.0, 0.0)] * 4) == before
    assert not before.deterministic
    exact = calibrate([3.0] * 5, [3.0], plan(), [1.0])
    assert noise_of(exact, [(0.0,), (0.5,)]).deterministic
    assert not noise_of(exact, [(0.0, 0.1)]).deterministic


def test_an_edit_that_diverges_on_one_seed_does_not_hide_the_gains_of_others() -> None:
    seeded = calibrate([1.0, 1.01, 0.99, 1.02, 0.98], [1.0], plan(), [1.0])
    usual = [(0.01, 0.03, -0.01), (0.0, 0.02, 0.01), (0.02, -0.01, 0.0)] * 3
    assert noise_of(seeded, [*usual, (0.02, -1e30)]).sd < 2 * noise_of(seeded, usual).sd


def test_edits_of_the_last_bits_make_no_others_certain() -> None:
    seeded = calibrate([1.0, 1.01, 0.99, 1.02, 0.98], [1.0], plan(), [1.0])
    assert noise_of(seeded, [(1e-9, -1e-9, 2e-9)] * 30) == noise_of(seeded, [])


def test_simpler_code_may_be_equal_but_not_worse() -> None:
    assert decide((0.1, -0.1, 0.0, 0.1, 0.0), KNOWN, RULE, -3) == "simpler"
    assert decide((-0.6, -0.4, -0.5, -0.6, -0.4), KNOWN, RULE, -3) == "drop"
    assert decide((-2.0,), KNOWN, RULE, -3) == "drop"


def test_fresh_seeds_must_agree() -> None:
    assert not confirmed((0.5, -0.9, 0.1), RULE, simpler=False, noise=KNOWN)
    assert not confirmed((0.5, -0.2, 0.1), RULE, simpler=False, noise=KNOWN)
    assert confirmed((0.5, 0.3, 0.1), RULE, simpler=False, noise=KNOWN)
    assert not confirmed((0.5, 0.5, 0.5), Thresholds(min_delta=1.0), simpler=False, noise=KNOWN)


def test_a_tiny_gain_is_not_worth_many_lines() -> None:
    assert not worth_its_lines(0.5, 21, 100.0, KNOWN, RULE)
    assert worth_its_lines(0.5, 20, 100.0, KNOWN, RULE)
    assert worth_its_lines(2.0, 400, 100.0, KNOWN, RULE)


def test_calibration_tells_the_three_kinds_of_metric_apart() -> None:
    exact = calibrate([3.0] * 5, [3.0], plan(), [1.0])
    assert (exact.deterministic, exact.repeatable, exact.mde) == (True, True, 0.0)
    seeded = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], [1.0], plan(), [1.0])
    assert (seeded.deterministic, seeded.repeatable) == (False, True)
    assert seeded.sd_difference == pytest.approx(seeded.sd * 2**0.5)
    varies = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], [1.5, 2.0, 2.5, 4.0, 5.0], plan(), [1.0])
    assert not varies.repeatable
    assert varies.mde == smallest_detectable(varies.sd_difference)


def test_noise_that_hides_every_plausible_gain_brings_advice() -> None:
    loud = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], [1.0], plan(), [1.0])
    assert loud.advice is not None and "cannot be told from noise" in loud.advice
    assert calibrate([3.0, 3.001, 3.002, 3.0, 3.001], [3.0], plan(), [1.0]).advice is None


def test_the_log_replaces_an_upper_bound_once_it_knows_enough() -> None:
    seeded = calibrate([1.0, 2.0, 3.0, 4.0, 5.0], [1.0], plan(), [1.0])
    assert noise_of(seeded, [(0.1, 0.2)]).sd > 1.5
    learned = noise_of(seeded, [(0.1, 0.2, 0.0, 0.1, 0.1)] * 2 + [(9.1, 9.2, 9.0)])
    assert learned.sd == pytest.approx(0.0775, abs=0.002)  # a real gain of nine is no noise


def test_the_interval_is_students() -> None:
    mean, low, high = interval((1.0, 2.0, 3.0), Noise(sd=1.0, degrees=4))
    half = 1.943 / 3**0.5  # Student's table: 5 %, 4 degrees of freedom of the usual sd and 2 of its own, which is 1 as well
    assert (mean, low, high) == (2.0, pytest.approx(2 - half, abs=2e-3), pytest.approx(2 + half, abs=2e-3))


def test_the_final_interval_goes_by_its_own_scatter() -> None:
    mean, low, high = final_interval((1.0, 2.0, 3.0, 4.0, 5.0), Noise(sd=0.01, degrees=200))
    half = 2.132 * 2.5**0.5 / 5**0.5  # Student's table: 5 %, 4 degrees of freedom
    assert (mean, low, high) == (3.0, pytest.approx(3 - half, abs=2e-3), pytest.approx(3 + half, abs=2e-3))
