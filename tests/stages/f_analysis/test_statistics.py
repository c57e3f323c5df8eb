"""Reference values: R's documented examples (`sleep`, `wilcox.test`, `p.adjust`), R's package pwr, Hedges (1981), scipy."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stages.contracts import Metric, PairedComparison
from stages.errors import EvidenceMissing
from stages.f_analysis import statistics
from stages.f_analysis.statistics import Sample, holm, paired_difference, summarise

BPB = Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True)
ACCURACY = Metric(name="accuracy", label="accuracy", unit="", lower_is_better=False)

# Student's sleep data (R: datasets::sleep), hours of extra sleep of ten patients under two drugs.
DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def sample(name: str, values: tuple[float, ...]) -> Sample:
    return Sample(name, dict(enumerate(values, start=1)))


def compare(a: tuple[float, ...], b: tuple[float, ...], metric: Metric = BPB) -> PairedComparison:
    return paired_difference(sample("a", a), sample("b", b), metric, alpha=0.05)


scores = st.floats(min_value=0.5, max_value=8.0, allow_nan=False).map(statistics.stored)
pairs = st.lists(st.tuples(scores, scores), min_size=1, max_size=9)


def test_paired_t_agrees_with_r_on_the_sleep_data():
    found = compare(DRUG_1, DRUG_2)
    # R: t.test(extra1, extra2, paired = TRUE): t = -4.0621, df = 9, p-value = 0.002833, CI -2.4598858 -0.7001142
    assert found.mean_diff == pytest.approx(-1.58)
    assert found.t_p == pytest.approx(0.002832890, abs=1e-8)
    assert found.ci95_low == pytest.approx(-2.4598858, abs=1e-7)
    assert found.ci95_high == pytest.approx(-0.7001142, abs=1e-7)
    assert found.dz == pytest.approx(-4.0621277 / math.sqrt(10), abs=1e-7)


def test_exact_wilcoxon_agrees_with_r_on_the_depression_data():
    # R: example(wilcox.test), Hollander & Wolfe (1973), 29f: V = 40, one-sided p = 0.01953
    x = (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30)
    y = (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29)
    assert compare(x, y).wilcoxon_p == pytest.approx(2 * 0.01953125)


@given(st.lists(st.integers(-6, 6), min_size=6, max_size=9))
def test_exact_wilcoxon_with_ties_and_zeros_counts_every_sign_pattern(differences: list[int]):
    nonzero = [float(value) for value in differences if value]
    found = statistics.exact_wilcoxon([float(value) for value in differences])
    if len(nonzero) < 6:
        assert found is None
        return
    ranks = stats.rankdata([abs(value) for value in nonzero])
    sums = [sum(rank for rank, positive in zip(ranks, signs, strict=True) if positive) for signs in product((0, 1), repeat=len(ranks))]
    seen = sum(rank for rank, value in zip(ranks, nonzero, strict=True) if value > 0)
    seen = min(seen, sum(ranks) - seen)
    assert found == pytest.approx(min(1.0, 2 * sum(value <= seen for value in sums) / len(sums)))


def test_wilcoxon_is_not_computed_where_it_cannot_reach_the_level():
    assert compare((1.0, 2.0, 3.0, 4.0, 5.0), (2.0, 3.1, 4.2, 5.3, 6.4)).wilcoxon_p is None


def test_holm_agrees_with_r_p_adjust():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.2), "holm")
    assert holm((0.01, 0.02, 0.03, 0.2)) == pytest.approx((0.04, 0.06, 0.06, 0.2))
    assert holm((0.2, 0.03, 0.01, 0.02)) == pytest.approx((0.2, 0.06, 0.04, 0.06))
    assert holm(()) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values: list[float]):
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    assert [q for _, q in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)


@pytest.mark.parametrize(("dz", "pairs_needed"), [(0.2, 198.15), (0.5, 33.367), (0.8, 14.303)])
def test_detectable_effect_agrees_with_r_pwr(dz: float, pairs_needed: float):
    # R: pwr::pwr.t.test(d = dz, power = .8, sig.level = .05, type = "paired")$n
    assert statistics.detectable_dz(math.floor(pairs_needed), 0.05) > dz > statistics.detectable_dz(math.ceil(pairs_needed), 0.05)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_hedges_factor_makes_dz_unbiased_under_the_noncentral_t(n: int):
    # E[t] of scipy's noncentral t with shift delta * sqrt(n), divided by sqrt(n), is the expectation of dz.
    expected_dz = stats.nct.mean(n - 1, 0.7 * math.sqrt(n)) / math.sqrt(n)
    assert statistics.hedges_factor(n) * expected_dz == pytest.approx(0.7)


def test_summary_uses_the_sample_standard_deviation():
    # R: sd(c(2, 4, 4, 4, 5, 5, 7, 9)) = 2.13809
    found = summarise(dict(enumerate((2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0))))
    assert (found.mean, found.median, found.min, found.max) == (5.0, 4.5, 2.0, 9.0)
    assert found.std == pytest.approx(2.13809, abs=1e-5)
    assert summarise({3: 1.5}).std is None
    with pytest.raises(EvidenceMissing):
        summarise({})


def test_one_run_and_two_runs_get_no_interval_and_no_test():
    one, two = compare((1.0,), (2.0,)), compare((1.0, 1.1), (2.0, 2.2))
    assert (one.verdict, two.verdict) == ("single run", "two runs")
    assert (one.sd_diff, one.ci95_low, one.t_p, two.ci95_low, two.t_p, two.mde, two.dz) == (None,) * 7


def test_a_difference_is_called_only_when_the_interval_excludes_zero():
    better = compare((1.00, 1.01, 1.02), (1.10, 1.12, 1.11))
    assert better.verdict == "better"
    assert compare((1.10, 1.12, 1.11), (1.00, 1.01, 1.02)).verdict == "worse"
    assert compare((1.10, 1.12, 1.11), (1.00, 1.01, 1.02), ACCURACY).verdict == "better"
    assert compare((1.0, 1.2, 1.4), (1.1, 1.1, 1.3)).verdict == "not distinguishable"


def test_holm_takes_back_a_verdict_that_a_family_cannot_carry():
    clear = compare((1.00, 1.01, 1.02), (1.10, 1.12, 1.11))
    weak = compare((1.000, 1.000, 1.000), (1.0095, 1.0145, 1.0195))
    assert weak.verdict == "better"
    assert 0.03 < weak.t_p < 0.05
    family = statistics.with_holm((clear, weak, compare((1.0, 1.1), (1.2, 1.2)), weak), BPB, 0.05)
    assert [member.verdict for member in family] == ["better", "not distinguishable", "two runs", "not distinguishable"]
    assert family[0].holm_p == pytest.approx(3 * clear.t_p)
    assert family[2].holm_p is None


def test_only_shared_seeds_are_compared():
    found = paired_difference(Sample("a", {1: 1.0, 2: 2.0, 5: 9.0}), Sample("b", {2: 1.5, 1: 2.0, 7: 0.0}), BPB, 0.05)
    assert found.differences == {"1": -1.0, "2": 0.5}
    assert found.wins == 1
    with pytest.raises(EvidenceMissing, match="share no seed"):
        paired_difference(Sample("a", {1: 1.0}), Sample("b", {2: 1.0}), BPB, 0.05)


def test_a_shift_that_is_the_same_on_every_seed_has_no_effect_size():
    found = compare((1.1, 2.1, 3.1), (1.0, 2.0, 3.0))
    assert (found.sd_diff, found.dz, found.mde, found.t_p, found.verdict) == (0.0, None, 0.0, 0.0, "worse")
    same = compare((1.1, 2.1, 3.1), (1.1, 2.1, 3.1))
    assert (same.mean_diff, same.t_p, same.wins, same.verdict) == (0.0, 1.0, 0, "not distinguishable")


def test_effects_that_add_up_do_not_interact():
    base, a, b = (3.0, 3.1, 3.3), (2.8, 2.95, 3.1), (2.9, 2.98, 3.2)
    both = tuple(x + y - z for x, y, z in zip(a, b, base, strict=True))
    args = (sample("a", a), sample("b", b), sample("base", base))
    assert statistics.interaction(sample("both", both), *args, metric=BPB, alpha=0.05).mean_diff == 0.0
    helped = statistics.interaction(sample("both", tuple(x - 0.1 for x in both)), *args, metric=BPB, alpha=0.05)
    assert helped.mean_diff == pytest.approx(-0.1)
    assert (helped.a, helped.b, helped.wins) == ("both", "base", 3)


def test_a_curve_is_summarised_step_by_step_over_the_seeds_that_got_there():
    curve = statistics.learning_curve({1: {10: 3.0, 20: 2.0}, 2: {10: 5.0}})
    assert list(curve) == ["10", "20"]
    assert (curve["10"].mean, curve["10"].n, curve["20"].n) == (4.0, 2, 1)


def test_interval_of_the_mean_agrees_with_scipy():
    values = (2.31, 2.28, 2.35, 2.30)
    low, high = statistics.mean_interval(summarise(dict(enumerate(values))))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert statistics.mean_interval(summarise({1: 2.0, 2: 3.0})) is None


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_seeds_does_not_matter(values, random):
    seeds = list(range(len(values)))
    random.shuffle(seeds)
    forward = {seed: values[seed] for seed in range(len(values))}
    shuffled = {seed: values[seed] for seed in seeds}
    assert summarise({s: v[0] for s, v in forward.items()}) == summarise({s: v[0] for s, v in shuffled.items()})
    results = [
        paired_difference(
            Sample("a", {s: v[0] for s, v in order.items()}), Sample("b", {s: v[1] for s, v in order.items()}), BPB, 0.05
        )
        for order in (forward, shuffled)
    ]
    assert results[0] == results[1]


@given(pairs)
def test_swapping_the_conditions_flips_the_signs_and_nothing_else(values):
    a, b = tuple(value[0] for value in values), tuple(value[1] for value in values)
    one, other = compare(a, b), compare(b, a)
    flipped = {"better": "worse", "worse": "better"}
    assert other.mean_diff == -one.mean_diff
    assert (other.ci95_low, other.ci95_high) == (
        None if one.ci95_high is None else -one.ci95_high,
        None if one.ci95_low is None else -one.ci95_low,
    )
    assert (other.t_p, other.wilcoxon_p, other.sd_diff, other.mde) == (one.t_p, one.wilcoxon_p, one.sd_diff, one.mde)
    assert other.verdict == flipped.get(one.verdict, one.verdict)
    assert one.wins + other.wins == sum(difference != 0 for difference in one.differences.values())


@given(pairs)
def test_a_stored_comparison_is_its_own_fixed_point(values):
    a, b = tuple(value[0] for value in values), tuple(value[1] for value in values)
    one = compare(a, b)
    again = compare(a, b)
    assert PairedComparison.model_validate_json(one.model_dump_json()) == again
    assert statistics.stored(one.mean_diff) == one.mean_diff
