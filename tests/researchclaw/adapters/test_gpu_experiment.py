"""A run of a GPU kit: on the CPU at check size through the real sandbox; for a GPU the arguments alone, since none is here."""

import hashlib
import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from researchclaw import gpu_kits
from researchclaw.adapters import gpu_experiment
from researchclaw.adapters.gpu_experiment import GpuBench, MemoryWatch, run_gpu_kit, serving_job, training_job
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap, resource_limits
from researchclaw.adapters.isolation.job import Inside
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.shipped import shipped
from stages.contracts import CorpusFacts
from stages.errors import ExperimentFailed

KIT = gpu_kits.load_gpu_kit("gpu_lm")
PROGRAM = gpu_kits.program(KIT)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Splits of this checkout's own Markdown and Python."""
    folder = tmp_path_factory.mktemp("data")
    root = Path(__file__).parents[3]
    text = b"\0".join(file.read_bytes() for file in sorted((root / "stages").rglob("*.py")))
    for name, part in (("train", text[:200_000]), ("val", text[200_000:240_000]), ("test", text[240_000:280_000])):
        (folder / f"{name}.bin").write_bytes(part)
    return folder


def bench(data: Path, isolation: Bubblewrap | PlainProcess, gpu: tuple[int, str] | None = None) -> GpuBench:
    facts = CorpusFacts(
        name="ours", sha256=hashlib.sha256(b"ours").hexdigest(), files=1, train_bytes=200_000, val_bytes=40_000, test_bytes=40_000,
        references={},
    )  # fmt: skip
    return GpuBench(KIT, isolation, shipped("sandbox"), data, facts, Limits(), gpu)


@pytest.fixture(scope="module")
def on_cpu(data: Path, tmp_path_factory: pytest.TempPathFactory) -> GpuBench:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return bench(data, Bubblewrap(tmp_path_factory.mktemp("state")))


@pytest.mark.slow
def test_a_short_run_trains_for_its_time_and_is_scored(on_cpu: GpuBench) -> None:
    record = run_gpu_kit(on_cpu, PROGRAM, program="ours", budget_s=2.0, scored_bytes=8_192)
    assert (record.verdict, record.reason) == ("ok", None)
    assert record.device == "CPU (check size)"
    assert record.value is not None
    assert 1.0 < record.value < 5.0
    assert 1.0 < record.train_s <= 4.0
    assert record.steps > 3
    assert record.tokens == record.steps * 8 * 128
    assert record.tokens_per_s == pytest.approx(record.tokens / record.train_s, rel=1e-3)
    assert record.mfu is None
    assert record.scored_bytes == 8_192
    assert record.flops_per_token == 6 * (2 * 12 * 64 * 64 + 32 * 2 + 256 * 64) + 6 * 2 * 64 * 128


LOOKS_AHEAD = """
honest_ = GPT.forward
def forward_(self, tokens):
    logits = honest_(self, tokens)
    ahead = functional.one_hot(torch.roll(tokens, -1, 1), 256).float() * 9
    return logits if self.training else logits + ahead
GPT.forward = forward_
"""
CHEATS = {
    "looks ahead": (LOOKS_AHEAD, "rejected", "not causal"),
    "needs data to begin": (  # start-up is free, so the text must not be there
        "init_ = Training.__init__\n"
        "def begun(self, data, seed):\n"
        "    import os\n"
        "    assert any('train.bin' in names for _, _, names in os.walk('/lab')), 'no text yet'\n"
        "    init_(self, data, seed)\n"
        "Training.__init__ = begun\n",
        "crash",
        "no text yet",
    ),
    "is late": (
        "step_ = Training.step\n"
        "def late(self, progress):\n"
        "    __import__('time').sleep(2)\n"
        "    return step_(self, progress)\n"
        "Training.step = late\n"
        "Training.warm_up = lambda self: None\n",
        "timeout",
        "s of steps; the budget is 1 s",
    ),
    "diverges": ("Training.step = lambda self, progress: torch.tensor(float('nan'))\n", "nonfinite", "nan"),
    "chooses its seed": ("torch.manual_seed(3)\n", "rejected", "its own seed"),
    "has an odd context": (None, "rejected", "divides 2048"),
}


@pytest.mark.slow
def test_what_cheats_or_breaks_is_named(on_cpu: GpuBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_experiment, "_LEAST_LATE_S", 0.5)
    for name, (code, verdict, reason) in CHEATS.items():
        source = PROGRAM + code if code is not None else PROGRAM.replace("CONTEXT = 2048", "CONTEXT = 300")
        record = run_gpu_kit(on_cpu, source, program="candidate", budget_s=1.0, scored_bytes=4_096)
        assert (name, record.verdict) == (name, verdict), record.reason
        assert re.search(reason, record.reason or ""), (name, record.reason)
        assert record.value is None


def test_on_a_gpu_the_guest_may_reserve_addresses_and_start_a_compiler(data: Path, tmp_path: Path) -> None:
    there = replace(bench(data, PlainProcess(), (0, "NVIDIA H100 80GB HBM3")), held_out=("imaplib.py",))
    limits = gpu_experiment.guest_limits(there, 400.0)
    assert not {"AS", "MEMLOCK"} & resource_limits(limits).keys()
    assert {"AS", "MEMLOCK"} <= resource_limits(Limits()).keys()
    job = training_job(there, PROGRAM, 7, tmp_path, limits)
    argv = list(job.argv(Inside(python="python", inputs="/in", scratch="/out")))
    assert argv[argv.index("--device") + 1] == "cuda"
    assert argv[argv.index("--later") + 1] == "/in/later"
    assert "train.bin" not in job.inputs  # it comes when the clock starts
    assert not job.one_process
    assert limits.cpu_s is None
    serving = serving_job(there, PROGRAM, tmp_path / "w", 0, 1)
    assert serving.sealed
    assert job.held_out == serving.held_out == ("imaplib.py",)
    assert not any("train.bin" in name or "val.bin" in name for name in serving.inputs)


def test_on_the_cpu_the_guest_is_one_process(data: Path, tmp_path: Path) -> None:
    here = bench(data, PlainProcess())
    job = training_job(here, PROGRAM, 7, tmp_path, gpu_experiment.guest_limits(here, 10.0))
    assert job.one_process
    assert job.limits.address_space


def test_the_peak_of_a_gpus_memory_is_the_largest_rise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool, used = tmp_path / "nvidia-smi", tmp_path / "used"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat {used}\n', encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    used.write_text("500\n", encoding="utf-8")
    with MemoryWatch(2) as watch:
        used.write_text("45060\n", encoding="utf-8")
        time.sleep(0.7)
        used.write_text("600\n", encoding="utf-8")
    assert watch.peak_mb == 44_560
    assert "-i 2" in (tmp_path / "asked").read_text(encoding="utf-8")
    used.write_text("[N/A]\n", encoding="utf-8")
    with pytest.raises(ExperimentFailed, match="tells no memory of GPU 0"):
        MemoryWatch(0)


def test_a_program_that_cannot_be_made_small_is_rejected_and_nothing_is_started(data: Path) -> None:
    without = re.sub(r"^DEPTH = .*\n", "", PROGRAM, flags=re.MULTILINE)
    record = run_gpu_kit(bench(data, PlainProcess()), without, program="candidate", budget_s=1.0)
    assert record.verdict == "rejected"
    assert "cannot be made small" in str(record.reason)
