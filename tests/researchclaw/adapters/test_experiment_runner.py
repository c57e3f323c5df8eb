"""What the evaluator says of the test split stays apart from the run's own verdict, and each answer is a look."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from researchclaw.adapters import experiment_runner, step_clock
from researchclaw.adapters.experiment_runner import Bench, Place, apart_allowed_s, cost_of, forged_signs, looked_at_test, untold_end
from researchclaw.adapters.isolation.collector import Weights
from researchclaw.adapters.isolation.job import Isolation, Job
from researchclaw.adapters.isolation.supervisor import Outcome, Sign
from stages.contracts import CorpusFacts, Measurement, RunCost, RunRecord, TrainingRequest
from stages.ports import ProbeRequest

CORPUS = CorpusFacts(name="c", sha256="c" * 64, files=1, train_bytes=9, val_bytes=9, test_bytes=9, references={})


class Guest:
    """A model's process that has nothing to do."""

    def __enter__(self) -> "Guest":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def watch(self, ended: Any, stop: threading.Event) -> bool:
        return True

    def linger(self, seconds: float) -> None:
        pass


def request(**changes: object) -> TrainingRequest:
    given: dict[str, object] = {
        "kit": "tiny_lm", "kit_sha256": "0" * 64, "condition": "tuned", "train_py": "BATCH_SIZE = 2\n", "seed": 201, "steps": 10,
        "budget_s": 1.0, "scored_bytes": None, "purpose": "confirmation", "sealed": True,
    }  # fmt: skip
    return TrainingRequest.model_validate(given | changes)


def scored(monkeypatch: pytest.MonkeyPatch, place: Path, verdicts: dict[str, str]) -> tuple[Any, list[TrainingRequest]]:
    """The progress of a run after both scorings; the looks. verdicts: of each split."""

    def evaluator(bench: Bench, asked: TrainingRequest, *_: object) -> "subprocess.Popen[bytes]":
        verdict = verdicts[asked.split]
        value = {"val": 2.5, "test": 3.0}[asked.split] if verdict == "ok" else None
        reason = None if value else "an answer is no number"
        said = {"verdict": verdict, "reason": reason, "value": value, "scored_bytes": 9, "curve": [], "context": 64}
        return subprocess.Popen(["echo", json.dumps(said)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    monkeypatch.setattr(experiment_runner, "_start_evaluator", evaluator)
    monkeypatch.setattr(experiment_runner, "_model_guest", lambda *_: Guest())
    looks: list[TrainingRequest] = []
    bench = Bench(cast(Isolation, None), place, place, CORPUS, "val_bpb", "", place, on_look=looks.append)
    progress, weights = experiment_runner._Progress(), [Weights(place / "w", "1" * 64, 100)]
    for step in (experiment_runner._score, experiment_runner._score_sealed):
        step(bench, request(), progress, weights, 64, Place(None, threading.Event(), None))
    return progress, looks


def test_a_score_on_the_test_split_stands_beside_the_validation_score(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    progress, looks = scored(monkeypatch, tmp_path, {"val": "ok", "test": "ok"})
    assert (progress.verdict, progress.measurement.value, progress.measurement.sealed_value) == ("ok", 2.5, 3.0)
    assert progress.measurement.sealed_fault is None
    assert [(look.split, look.seed) for look in looks] == [("test", 201)]


@pytest.mark.parametrize("verdict", ["rejected", "nonfinite"])
def test_a_refusal_on_the_test_split_takes_nothing_from_the_validation_score_and_is_a_look(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verdict: str
) -> None:
    progress, looks = scored(monkeypatch, tmp_path, {"val": "ok", "test": verdict})
    assert (progress.verdict, progress.reason) == ("ok", None)
    assert (progress.measurement.value, progress.measurement.split) == (2.5, "val")
    assert progress.measurement.sealed_value is None
    assert progress.measurement.sealed_fault == f"{verdict}: an answer is no number"
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("asked", "evaluation_s", "measured", "looked"),
    [
        ({"sealed": True}, 1.0, True, True),
        ({"sealed": True}, 1.0, False, False),  # refused on the validation split: never asked about the other
        ({"sealed": False}, 1.0, True, False),
        ({"sealed": False, "split": "test"}, 1.0, True, True),
        ({"sealed": False, "split": "test"}, 1.0, False, True),  # refused on the test split
        ({"sealed": False, "split": "test"}, 0.0, False, False),  # crashed while it trained
    ],
)
def test_a_record_tells_whether_its_weights_met_the_test_split(
    asked: dict[str, object], evaluation_s: float, measured: bool, looked: bool
) -> None:
    cost = RunCost(train_cpu_s=1, train_wall_s=1, startup_s=1, evaluation_s=evaluation_s, peak_memory_mb=1)
    measurement = Measurement.model_construct(value=2.5) if measured else None
    record = RunRecord.model_construct(cost=cost, measurement=measurement)
    assert looked_at_test(request(**asked), record) is looked


def test_a_warm_run_has_no_free_seconds_for_imports_that_it_does_not_make() -> None:
    assert apart_allowed_s(4.0, 2, warm=False) == 4.0
    assert apart_allowed_s(4.0, 2, warm=True) == pytest.approx(1.04)
    assert apart_allowed_s(4.0, 300, warm=True) == 4.0


def test_neither_a_cold_training_nor_a_cold_model_has_the_modules_that_are_held_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    harness = tmp_path / "harness"
    harness.mkdir()
    for name in ("run_training.py", "serve_model.py"):
        (harness / name).write_text("")
    started: list[Job] = []

    class Started:
        def start(self, job: Job) -> Guest:
            started.append(job)
            return Guest()

    bench = Bench(cast(Isolation, Started()), harness, tmp_path, CORPUS, "val_bpb", "", tmp_path, held_out=("imaplib.py",))
    weights = [Weights(tmp_path / "w", "1" * 64, 100)]
    experiment_runner._model_guest(bench, request(), weights, Place(None, threading.Event(), None), 0, 1)
    started.append(experiment_runner._training_job(bench, request(), bench.limits))
    step_clock._start(bench, ProbeRequest(condition="tuned", train_py=""))
    assert [job.held_out for job in started] == [("imaplib.py",)] * 3


def signs(*events: str) -> list[Sign]:
    """Half a second of CPU time and a second of the clock apart."""
    return [Sign(event, {}, 1.0 * at, 0.5 * at) for at, event in enumerate(events, 1)]


ENDED = Outcome(exit_code=0, excess=None, stopped=False, wall_s=9.0, cpu_s=4.0, peak_memory_mb=50.0, stdout=b"", stderr=b"")


def test_the_clock_runs_from_ready_to_trained() -> None:
    given = signs("ready", "step", "noise", "step", "trained", "done")
    assert forged_signs(given) is None
    cost = cost_of(ENDED, given, 0.25)
    assert (cost.train_cpu_s, cost.train_wall_s, cost.startup_s) == (2.0, 4.0, 1.25)
    assert untold_end(given) is None


@pytest.mark.parametrize(
    "events",
    [
        ("trained", "ready", "trained", "done"),
        ("ready", "ready", "trained", "done"),
        ("ready", "trained", "step", "trained", "done"),
        ("done",),
        ("ready", "trained", "done", "ready"),
    ],
)
def test_signs_out_of_their_order_are_forged_and_no_time_is_taken_from_them(events: tuple[str, ...]) -> None:
    assert "forged signs of life" in str(forged_signs(signs(*events)))
    cost = cost_of(ENDED, signs(*events), 0.25)
    assert (cost.train_cpu_s, cost.train_wall_s, cost.startup_s) == (4.0, 9.0, 0.25)


@pytest.mark.parametrize("events", [(), ("ready",), ("ready", "step")])
def test_an_end_that_nobody_told_is_named_and_a_run_that_was_stopped_has_forged_nothing(events: tuple[str, ...]) -> None:
    assert forged_signs(signs(*events)) is None
    assert untold_end(signs(*events)) is not None
    assert cost_of(ENDED, signs(*events), 0.0).train_cpu_s == (3.5 if events else 4.0)
