"""A run of a GPU kit: on the CPU at check size through the real sandbox; for a GPU the arguments alone, since none is here."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast, get_args

import pytest

from researchclaw import gpu_kits
from researchclaw.adapters import gpu_experiment
from researchclaw.adapters.experiment_runner import verdict_of
from researchclaw.adapters.gpu_experiment import GpuBench, run_gpu_kit, serving_job, training_job
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap, resource_limits
from researchclaw.adapters.isolation.collector import Weights
from researchclaw.adapters.isolation.job import Inside, Job
from researchclaw.adapters.isolation.limits import Excess, Limits
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.isolation.supervisor import Guest, Outcome, Sign
from researchclaw.nvidia import Gpu
from researchclaw.shipped import shipped
from stages.contracts import CorpusFacts
from stages.errors import SandboxUnavailable

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


def bench(data: Path, isolation: Bubblewrap | PlainProcess, gpu: Gpu | None = None) -> GpuBench:
    facts = CorpusFacts(
        name="ours", sha256=hashlib.sha256(b"ours").hexdigest(), files=1, train_bytes=200_000, val_bytes=40_000, test_bytes=40_000,
        references={},
    )  # fmt: skip
    return GpuBench(KIT, isolation, shipped("sandbox"), data, facts, Limits(), gpu, startup_s=300.0, idle_mb=1024)


@pytest.fixture(scope="module")
def on_cpu(data: Path, tmp_path_factory: pytest.TempPathFactory) -> GpuBench:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return bench(data, Bubblewrap(tmp_path_factory.mktemp("state")))


SPOILS_ITS_WEIGHTS = """
honest_warm_up = Training.warm_up
def warm_up_(self):
    honest_warm_up(self)
    with torch.no_grad():
        for p in self.model.parameters():
            p.add_(1e6)
Training.warm_up = warm_up_
step_ = Training.step
def checked(self, progress):
    assert max(float(p.abs().max()) for p in self.model.parameters()) < 1e5, "the weights of the warm-up"
    return step_(self, progress)
Training.step = checked
"""


@pytest.mark.slow
def test_a_short_run_trains_for_its_time_and_is_scored(on_cpu: GpuBench) -> None:
    """Its warm-up spoils the weights, which is undone before the clock starts."""
    record = run_gpu_kit(on_cpu, PROGRAM + SPOILS_ITS_WEIGHTS, program="ours", budget_s=2.0, scored_bytes=8_192)
    assert (record.verdict, record.reason) == ("ok", None)
    assert record.device == "CPU (check size)"
    assert record.value is not None
    assert 1.0 < record.value < 5.0
    assert 1.0 < record.train_s <= 4.0
    assert record.steps > 3
    assert record.tokens == record.steps * 8 * 128
    assert record.tokens_per_s == pytest.approx(record.tokens / record.train_s, rel=1e-3)
    assert record.mfu is None
    assert (record.scored_bytes, record.split_bytes) == (8_192, 40_000)
    assert record.startup_charged_s == 0.0
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
    "says that it ran before it was asked": (
        "init_ = Training.__init__\n"
        "def forging(self, data, seed):\n"
        '    __import__(\'os\').write(3, b\'{"event": "ready"}\\n\' + b\'{"event": "ran"}\\n\' * 80)\n'
        "    init_(self, data, seed)\n"
        "Training.__init__ = forging\n",
        "rejected",
        "the sign 'ran' before it was asked",
    ),
    "counts without end": ("BATCH_SIZE = 2_000_000\n", "rejected", "sets BATCH_SIZE"),
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
    there = replace(bench(data, PlainProcess(), Gpu(0, "NVIDIA H100 80GB HBM3", "GPU-1")), held_out=("imaplib.py",))
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
    serving = serving_job(there, PROGRAM, tmp_path / "w", 0, 1, 900.0)
    assert serving.sealed
    assert job.held_out == serving.held_out == ("imaplib.py",)
    assert job.environment["CUDA_VISIBLE_DEVICES"] == serving.environment["CUDA_VISIBLE_DEVICES"] == "GPU-1"
    assert not any("train.bin" in name or "val.bin" in name for name in serving.inputs)


def test_on_the_cpu_the_guest_is_one_process(data: Path, tmp_path: Path) -> None:
    here = bench(data, PlainProcess())
    job = training_job(here, PROGRAM, 7, tmp_path, gpu_experiment.guest_limits(here, 10.0))
    assert job.one_process
    assert job.limits.address_space


def test_a_program_that_cannot_be_made_small_is_rejected_and_nothing_is_started(data: Path) -> None:
    without = re.sub(r"^DEPTH = .*\n", "", PROGRAM, flags=re.MULTILINE)
    record = run_gpu_kit(bench(data, PlainProcess()), without, program="candidate", budget_s=1.0)
    assert record.verdict == "rejected"
    assert "cannot be made small" in str(record.reason)


class Talking:
    """A guest that answers at once, and as it likes."""

    def __init__(self, answers: Callable[[str], list[str]], startup_s: float = 1.0) -> None:
        self.wall_s, self.said = startup_s, list[str]()
        self._answers, self._signs = answers, [Sign("ready", {}, 0.0, 0.0)]

    def say(self, line: str) -> None:
        self.said.append(line)
        self._signs += [Sign(event, {}, 0.0, 0.0) for event in self._answers(line.split(maxsplit=1)[0])]

    def unasked(self) -> Sign | None:
        return self._signs[0] if self._signs else None

    def next_sign(self) -> Sign | None:
        return self._signs.pop(0) if self._signs else None


HONEST = {"data": ["loaded"], "steps": ["ran"], "save": ["done"]}


def driven(there: GpuBench, guest: Talking, later: Path, budget_s: float) -> gpu_experiment._Run:
    run = gpu_experiment._Run()
    gpu_experiment._paid(cast("Guest", guest), there, later, budget_s, 2.0, run)
    return run


def test_start_up_above_the_allowance_comes_off_the_budget(data: Path, tmp_path: Path) -> None:
    there = replace(bench(data, PlainProcess()), startup_s=90.0)
    run = driven(there, Talking(HONEST.__getitem__, startup_s=89.0), tmp_path, 0.05)
    assert run.charged_s == 0.0
    run = driven(there, Talking(HONEST.__getitem__, startup_s=90.4), tmp_path, 0.5)
    assert run.charged_s == pytest.approx(0.4)
    assert run.train_s < 0.3
    with pytest.raises(gpu_experiment._LateError, match="91 s; 90 s are free, and the rest is more than the budget"):
        driven(there, Talking(HONEST.__getitem__, startup_s=91.0), tmp_path, 1.0)


def test_signs_that_nobody_asked_for_are_refused_and_a_block_is_bounded(data: Path, tmp_path: Path) -> None:
    """Else each of them would shorten what is taken for a step, until a block has more of them than a number can hold."""
    there = bench(data, PlainProcess())
    with pytest.raises(gpu_experiment._ForgedError, match="'ran' before it was asked"):
        driven(there, Talking(lambda name: HONEST[name] * 80 if name == "steps" else HONEST[name]), tmp_path, 1.0)
    with pytest.raises(gpu_experiment._ForgedError, match="'done' where 'loaded' was due"):
        driven(there, Talking(lambda _: ["done"]), tmp_path, 1.0)
    guest = Talking(HONEST.__getitem__)  # answers in microseconds
    driven(there, guest, tmp_path, 0.2)
    assert all(int(line.split()[1]) <= 5000 for line in guest.said if line.startswith("steps"))
    assert gpu_experiment._steps_now(1e-300, 300.0) == 5000


def test_a_large_split_gets_time_and_is_scored_in_part(data: Path) -> None:
    assert gpu_experiment.evaluation_limit_s(gpu_experiment.WHOLE_BYTES) == pytest.approx(900 + 512)
    assert gpu_experiment.evaluation_limit_s(1 << 30) > 100_000
    asked: list[list[str]] = []

    class Refusing(PlainProcess):
        def start(self, job: Job) -> Guest:
            raise SandboxUnavailable(str(job.limits.wall_s))

    def evaluator(argv: list[str], **_: object) -> subprocess.Popen[bytes]:
        asked.append(argv)
        return subprocess.Popen(["true"])

    there = bench(data, Refusing())
    run = gpu_experiment._Run(weights=Weights(data / "w", "0" * 64, 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gpu_experiment, "WHOLE_BYTES", 16_384)
        patched.setattr(gpu_experiment, "subprocess", SimpleNamespace(Popen=evaluator, DEVNULL=-3, PIPE=-1))
        for given in (None, 8_192, 40_000):
            with pytest.raises(SandboxUnavailable, match=str(gpu_experiment.evaluation_limit_s(given or 16_384))):
                gpu_experiment._score(there, PROGRAM, 0, 128, "val", given, run)
    assert [argv[argv.index("--scored-bytes") + 1] for argv in asked] == ["16384", "8192", "all"]


def test_a_guest_that_reads_nothing_never_blocks_us(unread: Guest) -> None:
    """A pipe holds 64 KiB: what finds no room ends the guest, with a verdict."""
    for _ in range(3000):
        unread.say("steps 1 0.123456789 0.123456789\n")
    assert unread.next_sign() is None
    outcome, _ = unread.run()
    assert verdict_of(outcome, Limits(), 1.0) == ("crash", "stopped: too much unread input")


@pytest.fixture
def unread() -> Iterator[Guest]:
    job = Job(argv=lambda inside: [inside.python, "-I", "-c", "import time; time.sleep(60)"], stdin="pipe", status=True)
    with PlainProcess().start(job) as guest:
        yield guest


@pytest.mark.parametrize("excess", get_args(Excess))
def test_every_excess_is_a_verdict(excess: Excess) -> None:
    outcome = Outcome(None, excess, True, 1.0, 1.0, 1.0, b"", b"")
    verdict, reason = verdict_of(outcome, Limits(), 1.0)
    assert verdict in ("crash", "timeout")
    assert reason


def test_a_gpu_is_held_from_the_start_to_the_score(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    @contextmanager
    def held(gpu: Gpu, idle_mb: float) -> Iterator[None]:
        assert idle_mb == 1024
        order.append(f"held {gpu.number}")
        yield
        order.append("free")

    monkeypatch.setattr(gpu_experiment, "alone_on", held)
    monkeypatch.setattr(gpu_experiment, "MemoryWatch", lambda _: nullcontext(SimpleNamespace(peak_mb=7.0)))
    monkeypatch.setattr(gpu_experiment, "_train", lambda *_: order.append("train") or Weights(data, "0" * 64, 1))
    monkeypatch.setattr(gpu_experiment, "_score", lambda *_: order.append("score"))
    monkeypatch.setattr(gpu_experiment, "matrix_parameters", lambda _: 1)
    record = run_gpu_kit(bench(data, PlainProcess(), Gpu(3, "NVIDIA L4", "GPU-1")), PROGRAM, program="ours")
    assert order == ["held 3", "train", "score", "free"]
    assert record.peak_memory_mb == 7.0
