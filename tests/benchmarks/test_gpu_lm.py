"""The GPU table: refused without a GPU, and right in its sums."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.adapters.gpu_experiment import GpuRecord

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu_lm.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gpu_lm_benchmark", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(program: str, seed: int, value: float | None, **changes: object) -> GpuRecord:
    usual = {
        "kit": "gpu_lm", "program": program, "seed": seed, "split": "val", "verdict": "ok", "reason": None, "metric": "val_bpb",
        "value": value, "scored_bytes": 1000, "device": "NVIDIA H200", "budget_s": 300, "train_s": 300, "startup_s": 40, "save_s": 1,
        "evaluation_s": 20, "steps": 900, "tokens": 9, "tokens_per_s": 1e6, "parameters": 10, "flops_per_token": 3, "mfu": 0.4,
        "split_bytes": 1000, "startup_charged_s": 0,
        "peak_memory_mb": 45_000.0, "weights_sha256": None, "corpus_sha256": "0" * 64, "isolation": "-", "log_tail": "",
    }  # fmt: skip
    return GpuRecord.model_validate(usual | changes)


def test_the_gain_is_the_mean_over_pairs(script: ModuleType) -> None:
    lines = script.table([(record("baseline", s, 1.0), record("ours", s, 0.98 - 0.01 * s)) for s in range(2)])
    assert "0.9750" in lines[3]
    assert "40.0" in lines[3]
    assert lines[-1] == "ours is 2.50 % lower, sd over seeds 0.71; the goal is 1 %"


def test_a_run_that_failed_leaves_a_gap_and_no_gain(script: ModuleType) -> None:
    lines = script.table([(record("baseline", 0, 1.0), record("ours", 0, None, verdict="crash", reason="out of memory"))])
    assert lines[-1] == "ours, seed 0: crash: out of memory"
    assert not any("% lower" in line for line in lines)


@pytest.mark.slow
def test_without_a_gpu_it_ends_with_one_line(tmp_path: Path) -> None:
    root = str(SCRIPT.parents[1])
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), "--state", str(tmp_path)],
        env={"PATH": "/nowhere", "PYTHONPATH": root, "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "needs an NVIDIA GPU" in ended.stderr
