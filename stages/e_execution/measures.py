"""The measures that a generated kit may choose from. They are computed here, in the parent, and nowhere else.

A generated kit names one of these and holds no code for it, so a metric that is hard-coded cannot be expressed. The
arithmetic sees predictions that were made without the targets, and targets that the candidate never had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stages.contracts import MeasureName, Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Needs = Literal["values", "labels", "probabilities", "coefficients"]
"""What `predict` returns: numbers, class numbers, one probability for each class; or what `fit` leaves in its state."""

LEAST_PROBABILITY = 1e-12
"""A probability of zero for what happened would be an infinite loss; the usual floor."""
LARGEST = 1e100
"""A prediction or score beyond it is no result: the squares that a comparison takes would leave the numbers."""


@dataclass(frozen=True)
class Measure:
    """One measure: how the paper calls it, which way is better, and what it needs."""

    label: str
    unit: str
    lower_is_better: bool
    task: Literal["regression", "classification"]
    needs: Needs


MEASURES: dict[MeasureName, Measure] = {
    "rmse": Measure("held-out root mean squared error", "RMSE", True, "regression", "values"),
    "mae": Measure("held-out mean absolute error", "MAE", True, "regression", "values"),
    "r2": Measure("held-out coefficient of determination", "R2", False, "regression", "values"),
    "coefficient_error": Measure("relative error of the coefficients", "relative error", True, "regression", "coefficients"),
    "accuracy": Measure("held-out accuracy", "accuracy", False, "classification", "labels"),
    "balanced_accuracy": Measure("held-out balanced accuracy", "balanced accuracy", False, "classification", "labels"),
    "log_loss": Measure("held-out log loss", "nats", True, "classification", "probabilities"),
    "auc": Measure("held-out area under the ROC curve", "AUC", False, "classification", "probabilities"),
    "bits_per_byte": Measure("held-out bits per byte", "bpb", True, "classification", "probabilities"),
}


def metric_of(name: MeasureName) -> Metric:
    """The measure as the rest of the study speaks of it."""
    measure = MEASURES[name]
    return Metric(name=name, label=measure.label, unit=measure.unit, lower_is_better=measure.lower_is_better)


class Unscorable(ValueError):
    """The predictions are not what the measure needs; the message is one line."""


def score(name: MeasureName, predictions: Array, targets: Array, *, classes: int) -> float:
    """The measure over held-out rows, or for 'coefficient_error' of estimated against true coefficients.

    predictions: [n] for values and labels, [n, classes] for probabilities whose rows sum to one; targets: [n].
    Raises:
        Unscorable: shape or range is wrong, or the measure is not defined on these targets.
    """
    import numpy as np

    _check(name, predictions, targets, classes)
    match name:
        case "rmse":
            value = np.sqrt(np.mean((predictions - targets) ** 2))
        case "mae":
            value = np.mean(np.abs(predictions - targets))
        case "r2":
            spread = np.sum((targets - targets.mean()) ** 2)
            if spread == 0:
                raise Unscorable("r2 is not defined: the held-out targets are all equal")
            value = 1.0 - np.sum((predictions - targets) ** 2) / spread
        case "coefficient_error":
            length = np.linalg.norm(targets)
            if length == 0:
                raise Unscorable("coefficient_error is not defined: the true coefficients are all zero")
            value = np.linalg.norm(predictions - targets) / length
        case "accuracy":
            value = np.mean(predictions == targets)
        case "balanced_accuracy":
            value = np.mean([np.mean(predictions[targets == label] == label) for label in np.unique(targets)])
        case "log_loss" | "bits_per_byte":
            given = predictions[np.arange(len(targets)), targets.astype(int)]
            nats = -np.mean(np.log(np.maximum(given, LEAST_PROBABILITY)))
            value = nats / np.log(2) if name == "bits_per_byte" else nats
        case "auc":
            value = _auc(predictions, targets)
    if not abs(value) <= LARGEST:
        raise Unscorable(f"{name} is beyond {LARGEST:g}")
    return float(value)


def _check(name: MeasureName, predictions: Array, targets: Array, classes: int) -> None:
    import numpy as np

    needs = MEASURES[name].needs
    expected = (len(targets), classes) if needs == "probabilities" else targets.shape
    if predictions.shape != expected:
        raise Unscorable(f"{name} needs predictions of shape {expected}, not {predictions.shape}")
    if not np.isfinite(predictions).all():
        raise Unscorable("the predictions hold numbers that are not finite")
    if np.abs(predictions).max() > LARGEST:
        raise Unscorable(f"the predictions hold numbers beyond {LARGEST:g}")
    if needs == "labels" and not np.isin(predictions, np.arange(classes)).all():
        raise Unscorable(f"{name} needs class numbers from 0 to {classes - 1}")
    if needs == "probabilities" and (predictions.min() < 0 or not np.allclose(predictions.sum(axis=1), 1.0, atol=1e-4)):
        raise Unscorable(f"{name} needs probabilities: none below zero, and each row sums to one")


def _auc(predictions: Array, targets: Array) -> float:
    """Mann-Whitney form with half a point for ties; of several classes the mean over one-against-the-rest."""
    import numpy as np
    from scipy.stats import rankdata

    present = np.unique(targets).astype(int)
    if len(present) < 2:
        raise Unscorable("auc is not defined: the held-out rows are all of one class")
    of_class = []
    for label in present if predictions.shape[1] > 2 else [1]:
        positive = targets == label
        n, m = int(positive.sum()), int((~positive).sum())
        ranks = rankdata(predictions[:, label])
        of_class.append((float(ranks[positive].sum()) - n * (n + 1) / 2) / (n * m))
    return float(np.mean(of_class))


def trivial(name: MeasureName, train_targets: Array, targets: Array, *, classes: int) -> tuple[str, float]:
    """What a predictor scores that has seen no input: its name, and the measure.

    Raises:
        Unscorable: as `score`.
    """
    import numpy as np

    match MEASURES[name].needs:
        case "values":
            return "training_mean", score(name, np.full(len(targets), train_targets.mean()), targets, classes=classes)
        case "coefficients":
            return "all_zero", score(name, np.zeros_like(targets), targets, classes=classes)
        case "labels":
            common = np.bincount(train_targets.astype(int), minlength=classes).argmax()
            return "most_frequent_class", score(name, np.full(len(targets), float(common)), targets, classes=classes)
        case "probabilities":
            shares = np.bincount(train_targets.astype(int), minlength=classes) / len(train_targets)
            return "class_shares", score(name, np.tile(shares, (len(targets), 1)), targets, classes=classes)
