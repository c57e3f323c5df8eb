"""What results.json says of the sealed split is computed again from the delivered measurements."""

import pytest

from stages.contracts import Measurement, Metric
from stages.f_analysis.results import sealed_facts
from stages.h_finalization.recomputed import _of_the_sealed_split

METRIC = Metric(name="val_bpb", label="bits per byte", unit="bpb", lower_is_better=True)


class Told:
    """The two parts of the results that are read."""

    metric = METRIC

    def __init__(self, **config: float) -> None:
        self.config = config


def measured(**values: float | None) -> dict[tuple[str, str], dict[int, Measurement]]:
    return {
        ("confirmation", name): {
            seed: Measurement(
                metric="val_bpb", value=2.0, split="val", scored_bytes=1, curve=(), parameters=1, steps=1, tokens=1,
                weights_sha256="0" * 64, corpus_sha256="0" * 64, sealed_value=value if seed == 201 else None,
            )
            for seed in (201, 202)
        }
        for name, value in values.items()
    }  # fmt: skip


RIGHT = {"sealed_looks": 2, "sealed_incumbent": 2.5, "sealed_tuned": 2.25, "sealed_gain": 0.25}


def test_right_facts_pass_and_each_wrong_one_is_named() -> None:
    runs = measured(both=2.5, tuned=2.25)
    assert sealed_facts(METRIC, {"both": 2.5, "tuned": 2.25}) == RIGHT
    assert list(_of_the_sealed_split(Told(**RIGHT), runs)) == []  # type: ignore[arg-type]
    for name in RIGHT:
        wrong = Told(**{**RIGHT, name: 9.0})
        assert list(_of_the_sealed_split(wrong, runs)) == [f"config/{name} differs from its measurements"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("told", "faults"), [({}, 0), (RIGHT, 4)])
def test_facts_without_a_look_are_made_up(told: dict[str, float], faults: int) -> None:
    assert len(list(_of_the_sealed_split(Told(**told), measured(both=None, tuned=None)))) == faults  # type: ignore[arg-type]


def test_looks_that_are_kept_quiet_are_named() -> None:
    assert len(list(_of_the_sealed_split(Told(), measured(both=2.5, tuned=2.25)))) == 4  # type: ignore[arg-type]


def test_a_look_that_was_refused_counts() -> None:
    runs = measured(both=None, tuned=2.25)
    first = runs["confirmation", "both"]
    first[201] = first[201].model_copy(update={"sealed_fault": "rejected: an answer is no number"})
    assert list(_of_the_sealed_split(Told(sealed_looks=2), runs)) == []  # type: ignore[arg-type]
    assert list(_of_the_sealed_split(Told(sealed_looks=1), runs)) == ["config/sealed_looks differs from its measurements"]  # type: ignore[arg-type]
