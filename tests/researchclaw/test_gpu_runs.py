"""What stands behind `experiment --kit` of a GPU kit: its one GPU, its record in a few lines, its looks at the test split."""

from pathlib import Path

import pytest

from researchclaw import gpu_kits, gpu_runs, nvidia, wiring
from researchclaw.adapters.gpu_experiment import GpuRecord
from researchclaw.gpu_runs import count_look
from researchclaw.settings import SandboxSettings, Settings
from stages.errors import GpuUnavailable


@pytest.mark.parametrize(
    ("split", "weights", "counted"),
    [("test", "1" * 64, [1, 2]), ("test", None, [None, None]), ("val", "1" * 64, [None, None])],
)
def test_weights_that_met_the_test_split_are_a_look(
    tmp_path: Path, split: str, weights: str | None, counted: list[int | None]
) -> None:
    settings = Settings(output=tmp_path)
    wiring.state_folder(settings).mkdir()
    record = GpuRecord.model_construct(
        split=split, weights_sha256=weights, corpus_sha256="a" * 64, seed=0, verdict="rejected", value=None
    )
    assert [count_look(record, settings) for _ in range(2)] == counted


def test_the_sandbox_is_shown_one_gpu_of_those_that_the_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that found two could use both, and would have twice the time. The compiler is tried before any data are made."""
    shown: list[tuple[int, ...]] = []

    def refuse(*_: object) -> None:
        raise GpuUnavailable("no compiler")

    monkeypatch.setattr(gpu_kits, "found_gpus", lambda: ("NVIDIA L4", "NVIDIA L4"))
    monkeypatch.setattr(nvidia, "uuid", lambda _: "GPU-1")
    monkeypatch.setattr(wiring, "isolation_of", lambda settings, _: shown.append(settings.sandbox.gpu))
    monkeypatch.setattr(gpu_runs, "refuse_without_compiler", refuse)
    with pytest.raises(GpuUnavailable, match="no compiler"):
        gpu_runs.bench_of(gpu_kits.load_gpu_kit("gpu_lm"), Settings(output=tmp_path, sandbox=SandboxSettings(gpu=(1, 0))))
    assert shown == [(1,)]


def test_a_record_tells_what_part_was_scored_and_what_start_up_cost() -> None:
    record = GpuRecord.model_construct(
        verdict="ok", reason=None, metric="val_bpb", value=1.0, scored_bytes=4 << 20, split_bytes=1 << 30, split="val", steps=9,
        train_s=280.0, budget_s=300.0, tokens_per_s=None, mfu=None, peak_memory_mb=None, startup_s=110.0, startup_charged_s=20.0,
        save_s=1.0, evaluation_s=9.0, device="NVIDIA L4", isolation="-",
    )  # fmt: skip
    lines = gpu_runs.told(record)
    assert lines[1].endswith("on 4194304 of the 1073741824 bytes of the val split")
    assert "start-up and compiling 110.0 s (20.0 s of it off the budget)" in "".join(lines)
    assert gpu_runs.told(record.model_copy(update={"scored_bytes": 1 << 30}))[1].endswith("on 1073741824 bytes of the val split")
