"""Kits that are one program: found by name, scored through the loop's door, refused where the machine lacks what they need."""

from pathlib import Path

import pytest

from researchclaw.adapters.command_experiment import CommandRecord
from researchclaw.loop import program_kits
from researchclaw.loop.contracts import Plan
from researchclaw.loop.program_kits import ProgramScorer
from researchclaw.loop.repository import Repository
from researchclaw.loop.scorers import InterruptedScoringError
from researchclaw.settings import Settings
from stages.errors import GpuUnavailable


def test_digits_is_scored_through_the_same_door_as_any_kit(tmp_path: Path) -> None:
    record = CommandRecord(
        kit="digits", seed=3, split="val", verdict="nonfinite", reason="accuracy is not finite", metric="accuracy", value=None,
        scored_by="-", train_cpu_s=2.0, wall_s=3.0, peak_memory_mb=99.0, isolation="-", log_tail="",
    )  # fmt: skip
    asked: list[tuple[bytes, int, str, bool]] = []

    def measure(source: bytes, seed: int, split: str, whole: bool) -> CommandRecord:
        asked.append((source, seed, split, whole))
        return record

    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"train.py": b"WIDTH = 1\n", "kit.yaml": b"name: digits\n"})
    scorer = ProgramScorer(repository, "-", measure)
    score = scorer.score(tree, 3)
    assert (score.verdict, score.value, score.reason) == ("crash", None, "accuracy is not finite")
    assert (score.wall_s, score.cpu_s, score.peak_memory_mb) == (3.0, 2.0, 99.0)
    scorer.held_out(tree)
    assert asked == [(b"WIDTH = 1\n", 3, "val", False), (b"WIDTH = 1\n", 0, "test", True)]
    scorer.stop.set()
    with pytest.raises(InterruptedScoringError):
        scorer.score(tree, 4)


def test_a_change_that_takes_the_program_away_is_rejected_and_nothing_is_run(tmp_path: Path) -> None:
    def measure(*_: object) -> CommandRecord:
        raise AssertionError

    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"kit.yaml": b"name: digits\n"})
    score = ProgramScorer(repository, "-", measure).score(tree, 3)
    assert (score.verdict, score.reason) == ("rejected", "the change takes train.py away")


def test_a_confirmation_on_the_sealed_labels_counts_its_look_in_the_projects_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Path]] = []

    def run(*_: object, split: str, state: Path, **__: object) -> CommandRecord:
        asked.append((split, state))
        raise InterruptedScoringError

    monkeypatch.setattr(program_kits, "run_command_kit", run)
    monkeypatch.setattr(program_kits.wiring, "isolation_of", lambda *_: Isolated())
    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"train.py": b"WIDTH = 1\n"})
    plan = Plan.model_construct(kit="digits", kit_budget_s=None)
    scorer = program_kits.program_scorer("digits", repository, plan, Settings(output=tmp_path))
    assert scorer is not None
    with pytest.raises(InterruptedScoringError):
        scorer.held_out(tree)
    assert asked == [("test", tmp_path / ".state")]


class Isolated:
    name = "-"


def test_every_shipped_kit_can_be_improved() -> None:
    assert {"tiny_lm", "digits", "gpu_lm"} <= set(program_kits.loop_kit_names())
    assert [program_kits.metric_of(name).name for name in ("tiny_lm", "digits", "gpu_lm")] == ["val_bpb", "accuracy", "val_bpb"]
    for name in program_kits.loop_kit_names():
        assert all((program_kits.folder_of(name) / file).is_file() for file in ("train.py", "program.md", "kit.yaml"))


def test_a_gpu_kit_is_refused_before_a_run_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GpuUnavailable, match="gpu_lm needs an NVIDIA GPU"):
        program_kits.check_machine("gpu_lm", Settings())
    program_kits.check_machine("digits", Settings())
