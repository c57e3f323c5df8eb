"""The measures against scikit-learn, which computes them independently, and what cannot be scored."""

import math

import numpy as np
import pytest
import sklearn.metrics as reference

from stages.contracts import MeasureName
from stages.e_execution.measures import MEASURES, Unscorable, metric_of, score, trivial

RNG = np.random.default_rng(7)
VALUES, TARGETS = RNG.standard_normal(40), RNG.standard_normal(40)
LABELS = np.concatenate([np.zeros(25), np.ones(10), np.full(5, 2.0)])
GUESSES = RNG.permutation(LABELS)
SHARES = RNG.dirichlet(np.ones(3), size=40)


@pytest.mark.parametrize(
    ("name", "predictions", "targets", "expected"),
    [
        ("rmse", VALUES, TARGETS, reference.root_mean_squared_error(TARGETS, VALUES)),
        ("mae", VALUES, TARGETS, reference.mean_absolute_error(TARGETS, VALUES)),
        ("r2", VALUES, TARGETS, reference.r2_score(TARGETS, VALUES)),
        ("accuracy", GUESSES, LABELS, reference.accuracy_score(LABELS, GUESSES)),
        ("balanced_accuracy", GUESSES, LABELS, reference.balanced_accuracy_score(LABELS, GUESSES)),
        ("log_loss", SHARES, LABELS, reference.log_loss(LABELS, SHARES)),
        ("auc", SHARES, LABELS, reference.roc_auc_score(LABELS, SHARES, multi_class="ovr")),
        ("coefficient_error", VALUES, TARGETS, np.linalg.norm(VALUES - TARGETS) / np.linalg.norm(TARGETS)),
    ],
)
def test_measures_agree_with_another_program(name: MeasureName, predictions: np.ndarray, targets: np.ndarray, expected: float) -> None:
    assert score(name, predictions, targets, classes=3) == pytest.approx(expected, rel=1e-9)


def test_two_classes_and_ties_have_the_auc_of_another_program() -> None:
    labels, given = LABELS.clip(0, 1), SHARES.round(1)[:, 0].clip(0, 1)
    two = np.column_stack([1 - given, given])
    assert score("auc", two, labels, classes=2) == pytest.approx(reference.roc_auc_score(labels, given))


def test_bits_per_byte_of_a_uniform_guess_are_eight() -> None:
    uniform = np.full((10, 256), 1 / 256)
    assert score("bits_per_byte", uniform, np.arange(10.0), classes=256) == pytest.approx(8)


def test_a_certain_and_wrong_prediction_is_a_large_and_finite_loss() -> None:
    sure = np.tile([1.0, 0.0], (4, 1))
    assert score("log_loss", sure, np.ones(4), classes=2) == pytest.approx(-math.log(1e-12))


@pytest.mark.parametrize(
    ("name", "predictions", "why"),
    [
        ("rmse", np.ones(39), "shape"),
        ("rmse", np.full(40, np.nan), "not finite"),
        ("rmse", np.full(40, 1e300), "numbers beyond 1e\\+100"),
        ("r2", np.full(40, 1e99), "r2 is beyond 1e\\+100"),
        ("accuracy", np.full(40, 0.5), "class numbers from 0 to 2"),
        ("log_loss", np.ones((40, 3)), "sums to one"),
        ("log_loss", np.tile([2.0, -1.0, 0.0], (40, 1)), "none below zero"),
    ],
)
def test_what_is_no_prediction_is_not_scored(name: MeasureName, predictions: np.ndarray, why: str) -> None:
    with pytest.raises(Unscorable, match=why):
        score(name, predictions, LABELS, classes=3)


def test_measures_that_are_not_defined_say_so() -> None:
    with pytest.raises(Unscorable, match="all equal"):
        score("r2", np.ones(4), np.ones(4), classes=0)
    with pytest.raises(Unscorable, match="all of one class"):
        score("auc", np.full((4, 2), 0.5), np.ones(4), classes=2)


def test_every_measure_has_a_trivial_predictor() -> None:
    for name, measure in MEASURES.items():
        targets = LABELS if measure.task == "classification" else TARGETS
        _, value = trivial(name, targets, targets, classes=256 if name == "bits_per_byte" else 3)
        assert math.isfinite(value)
    assert trivial("r2", TARGETS, TARGETS, classes=0) == ("training_mean", pytest.approx(0))


def test_which_way_is_better_is_known_of_each() -> None:
    assert not metric_of("auc").lower_is_better
    assert metric_of("auc").gain(0.9, 0.8) > 0
    assert metric_of("rmse").gain(0.8, 0.9) > 0
