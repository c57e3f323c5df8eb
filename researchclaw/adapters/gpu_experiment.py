"""One run of a GPU kit: a fixed wall time by our clock, then the trusted evaluator, then what the machine was made of.

The guest builds and compiles its model on random bytes; the training text is put before it only when our clock starts. Start-up
is free up to an allowance, and beyond it comes off the time for training: whoever learns meanwhile from what else lies in the
sandbox pays for it. We give out the steps in short blocks and say how much of the time is over; when it is over the weights are
called for, and what comes later than a moment after is no result.

Not covered: what is learnt within the allowance of start-up. The driver's calls are kernel code. The GPU's memory is not capped.
Steps and tokens are what the guest says that it did; nothing but the speed depends on them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, FiniteFloat, PositiveFloat, ValidationError

from researchclaw import gpu_kits
from researchclaw.adapters import candidate_rules
from researchclaw.adapters.experiment_runner import integer_constant, last_line, printed, verdict_of
from researchclaw.adapters.gpu_in_use import MemoryWatch, alone_on
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, NonFiniteWeightsError, Weights, collect_weights
from researchclaw.adapters.isolation.job import STATUS_FD, Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.supervisor import Guest
from researchclaw.gpu_kits import Device, GpuKit
from researchclaw.nvidia import Gpu
from stages.contracts import Contract, CorpusFacts, Sha256, Slug, Verdict
from stages.errors import ExperimentFailed, SettingsError

_BLOCK_S = 0.5  # of steps at a time: a block's round trip takes about a millisecond
_LEAST_STEP_S = 1e-4  # shorter ones are not steps of a model; bounds a block, whatever the guest says that it has done
_LATE = 0.02  # share of the budget by which a run may be late, and that the weights may take to be written
_LEAST_LATE_S = 2.0
_EVALUATION_S = 900.0  # of loading and audits, and then a second for so many bytes:
_EVALUATED_PER_S = 8192  # a twentieth of what we expect of the slowest GPU (a guess: not measured on one)
WHOLE_BYTES = 4 << 20
"""Of a larger split so many bytes are scored, spread over all of it: 2,048 spans (a guess; of tiny_lm's 512-byte spans 64 do)."""
_COUNTED = ("BATCH_SIZE", "ACCUMULATION", "CONTEXT", "DEPTH", "WIDTH")
_COUNT_MOST = 1 << 20
_WEIGHTS_MAX = 2 << 30
_GPU_MEMORY_MB = 32_768  # of the host: a driver maps much; at least that
_GPU_ENVIRONMENT = {  # folders are the guest's own; a compiler without helpers, since they outlive their work
    "TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor",  # noqa: S108
    "TRITON_CACHE_DIR": "/tmp/triton",  # noqa: S108
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "CUDA_CACHE_DISABLE": "1",
}
_FRAME_TOKENS = {"cuda": 65_536, "cpu": 4_096}  # 64 and 4 MiB of logits
_AUDITS = 64


class GpuRecord(Contract):
    """What a run of a GPU kit showed."""

    kit: Slug
    program: str = Field(description="The kit's own, the name of a recipe, or 'candidate'.")
    seed: int
    split: Literal["val", "test"]
    verdict: Verdict
    reason: str | None
    metric: Slug
    value: FiniteFloat | None
    scored_bytes: int
    split_bytes: int = Field(description="Of the split of which the scored bytes are a part, spread over all of it.")
    device: str = Field(description="The GPU's name; for checks 'CPU (check size)', whose figures mean nothing.")
    budget_s: PositiveFloat
    train_s: float = Field(description="Wall time from the arrival of the text to the last step, by our clock.")
    startup_s: float
    startup_charged_s: float = Field(description="What of the start-up was above the allowance and came off the budget.")
    save_s: float
    evaluation_s: float
    steps: int
    tokens: int
    tokens_per_s: float | None
    parameters: int | None
    flops_per_token: int | None
    mfu: float | None = Field(description="Share of the device's bfloat16 peak; None: not run on a GPU whose peak is known.")
    peak_memory_mb: float | None = Field(
        description="Largest rise of the GPU's used memory, read from the driver each half second; None: on a CPU, or not told."
    )
    weights_sha256: Sha256 | None
    corpus_sha256: Sha256
    isolation: str
    log_tail: str


@dataclass(frozen=True)
class GpuBench:
    """Where the runs of a GPU kit happen. gpu: None: the CPU, for checks. startup_s: of start-up that is free."""

    kit: GpuKit
    isolation: Isolation
    sandbox: Path
    """Holds `harness` and `gpu_harness`."""
    data: Path
    corpus: CorpusFacts
    limits: Limits
    gpu: Gpu | None
    startup_s: float
    idle_mb: float
    """Of the GPU's memory that others may use."""
    held_out: tuple[str, ...] = ()
    """Modules of the standard library that are validation or test text; see `Job`."""

    @property
    def device(self) -> Device:
        return "cpu" if self.gpu is None else "cuda"


@dataclass
class _Run:
    """What is known of a run so far."""

    verdict: Verdict = "ok"
    reason: str | None = None
    value: float | None = None
    scored_bytes: int = 0
    train_s: float = 0.0
    startup_s: float = 0.0
    charged_s: float = 0.0
    save_s: float = 0.0
    evaluation_s: float = 0.0
    steps: int = 0
    weights: Weights | None = None
    matrix_parameters: int = 0
    log: str = ""

    def refuse(self, verdict: Verdict, reason: str) -> None:
        self.verdict, self.reason = verdict, reason


def run_gpu_kit(
    bench: GpuBench,
    source: str,
    *,
    program: str,
    seed: int = 0,
    budget_s: float | None = None,
    split: Literal["val", "test"] = "val",
    scored_bytes: int | None = None,
) -> GpuRecord:
    """Train and score once. On the CPU the program is made small first. Whatever the program does is a verdict.

    scored_bytes: None: the whole split, of a large one WHOLE_BYTES spread over it.
    Raises:
        GpuUnavailable: the GPU is in use.
        SandboxUnavailable: no guest could be started.
        ExperimentFailed: the harness itself failed.
    """
    budget = budget_s or bench.kit.budget_s
    run, peak_mb = _Run(), None
    refusal = _refusal(bench, source)
    if refusal is not None:
        run.refuse("rejected", refusal)
    else:
        if bench.gpu is None:
            source = gpu_kits.check_size(bench.kit, source)
        context = integer_constant(source, "CONTEXT") or 1
        with tempfile.TemporaryDirectory(prefix="researchclaw-gpu-") as kept, ExitStack() as watched:
            watch = None
            if bench.gpu is not None:
                watched.enter_context(alone_on(bench.gpu, bench.idle_mb))
                watch = watched.enter_context(MemoryWatch(bench.gpu.number))
            weights = _train(bench, source, seed, budget, Path(kept), run)
            peak_mb = None if watch is None else watch.peak_mb
            if weights is not None:
                run.weights, run.matrix_parameters = weights, matrix_parameters(weights.path)
                _score(bench, source, seed, context, split, scored_bytes, run)
    return _record(bench, source, program, seed, budget, split, peak_mb, run)


def _refusal(bench: GpuBench, source: str) -> str | None:
    """Why a program is not run at all."""
    fault = candidate_rules.fault(source)
    if fault is not None:
        return fault
    context = integer_constant(source, "CONTEXT")
    if context is None or context < 1 or bench.kit.span % context:
        return f"train.py must set CONTEXT to a literal that divides {bench.kit.span}"
    for name, count in _counts(source).items():
        if not 1 <= count <= _COUNT_MOST:
            return f"train.py sets {name} to a literal that is not between 1 and {_COUNT_MOST}"
    if bench.gpu is None:
        try:
            gpu_kits.check_size(bench.kit, source)
        except SettingsError as exc:
            return str(exc).rstrip(".")
    return None


# ---------------------------------------------------------------- training


def training_job(bench: GpuBench, source: str, seed: int, later: Path, limits: Limits) -> Job:
    """The guest that trains; on a GPU it may start processes, since the compiler does."""
    size = (bench.data / "train.bin").stat().st_size
    return Job(
        argv=lambda inside: [
            *(inside.python, "-I", "-B", f"{inside.inputs}/run_by_clock.py", "--train", f"{inside.inputs}/train.py"),
            *("--later", f"{inside.inputs}/later", "--bytes", str(size), "--seed", str(seed), "--out", inside.scratch),
            *("--status-fd", str(STATUS_FD), "--device", bench.device),
        ],
        inputs={
            "run_by_clock.py": (bench.sandbox / "gpu_harness" / "run_by_clock.py").read_bytes(),
            "train.py": source.encode(),
            "later": later,
        },
        limits=limits,
        stdin="pipe",
        status=True,
        one_process=bench.gpu is None,
        held_out=bench.held_out,
        environment=_environment(bench),
    )


def _environment(bench: GpuBench) -> dict[str, str]:
    """A plain process sees every GPU, and CUDA counts them in another order than nvidia-smi does."""
    return {} if bench.gpu is None else {**_GPU_ENVIRONMENT, "CUDA_VISIBLE_DEVICES": bench.gpu.uuid}


def guest_limits(bench: GpuBench, wall_s: float) -> Limits:
    """A GPU's driver reserves huge ranges of addresses; a compiler needs room in /tmp; CPU time is no measure there."""
    if bench.gpu is None:
        return replace(bench.limits, wall_s=wall_s)
    return replace(
        bench.limits,
        wall_s=wall_s,
        cpu_s=None,
        address_space=False,
        memory_mb=max(_GPU_MEMORY_MB, bench.limits.memory_mb),
        processes=512,
        tmp_mb=4096,
        scratch_mb=_WEIGHTS_MAX >> 20,
    )


class _EndedError(Exception):
    """The guest has ended, by itself or for an excess."""


class _LateError(Exception):
    """The guest took more time than it has."""


class _ForgedError(Exception):
    """The guest says that it has done what nobody had asked for."""


def _train(bench: GpuBench, source: str, seed: int, budget_s: float, kept: Path, run: _Run) -> Weights | None:
    """The weights; None when the verdict is already known."""
    late_s = max(_LEAST_LATE_S, _LATE * budget_s)
    limits = guest_limits(bench, bench.startup_s + budget_s + 3 * late_s + 30)  # a guest that no longer answers is stopped then
    later = kept / "later"
    later.mkdir(mode=0o755)
    kept.chmod(0o755)  # the guest reads below it under another user id
    with bench.isolation.start(training_job(bench, source, seed, later, limits)) as guest:
        ended = False
        try:
            _paid(guest, bench, later, budget_s, late_s, run)
        except _LateError as exc:
            run.refuse("timeout", str(exc))
        except _ForgedError as exc:
            run.refuse("rejected", str(exc))
        except _EndedError:
            ended = True
        if not ended:
            guest.stop()
        outcome, _ = guest.run()
        run.log = printed(outcome)
        if ended:
            run.refuse(*_ended_early(outcome.exit_code == 0, verdict_of(outcome, limits, budget_s)))
        if run.verdict != "ok":
            return None
        try:
            return collect_weights(guest.scratch, "weights.safetensors", kept / "weights.safetensors", _WEIGHTS_MAX)
        except NonFiniteWeightsError as exc:
            run.refuse("nonfinite", str(exc))
        except ArtefactRefusedError as exc:
            run.refuse("rejected", str(exc))
        return None


def _ended_early(well: bool, told: tuple[Verdict, str | None]) -> tuple[Verdict, str]:
    verdict, reason = told
    return ("crash", "the program ended before it was told to") if well or reason is None else (verdict, reason)


def _paid(guest: Guest, bench: GpuBench, later: Path, budget_s: float, late_s: float, run: _Run) -> None:
    """Drive the guest through its time.

    Raises:
        _EndedError, _LateError, _ForgedError
    """
    _await(guest, "ready")
    run.startup_s = round(guest.wall_s, 3)
    run.charged_s = round(max(0.0, run.startup_s - bench.startup_s), 3)
    paid_s = budget_s - run.charged_s
    if paid_s <= 0:
        raise _LateError(
            f"start-up and compiling took {run.startup_s:.0f} s; {bench.startup_s:g} s are free, and the rest is more than the budget"
        )
    copy = later / "train.part"
    shutil.copyfile(bench.data / "train.bin", copy)
    copy.chmod(0o644)
    copy.rename(later / "train.bin")
    began = time.monotonic()
    _ask(guest, "data", "loaded")
    step_s: float | None = None
    while (spent := time.monotonic() - began) < paid_s and (count := _steps_now(step_s, paid_s - spent)):
        _ask(guest, f"steps {count} {spent / paid_s:.9f} {(step_s or 0.0) / paid_s:.9f}", "ran")
        run.steps += count
        step_s = (time.monotonic() - began - spent) / count
    run.train_s = round(time.monotonic() - began, 3)
    if run.train_s > paid_s + late_s:
        raise _LateError(f"{run.train_s:.1f} s of steps; the budget is {paid_s:g} s")
    _ask(guest, "save", "done")
    run.save_s = round(time.monotonic() - began - run.train_s, 3)
    if run.save_s > late_s:
        raise _LateError(f"the weights came {run.save_s:.1f} s after the time was over; {late_s:g} s are allowed")


def _steps_now(step_s: float | None, left_s: float) -> int:
    """Steps of the next block: half a second's worth, at least one if one fits, else none; one where nothing is known yet."""
    if step_s is None:
        return 1
    return max(int(min(_BLOCK_S, left_s) / max(step_s, _LEAST_STEP_S)), int(step_s <= left_s))


def _ask(guest: Guest, line: str, answer: str) -> None:
    """Say a line and wait for its answer. Raises: _EndedError, _ForgedError."""
    early = guest.unasked()
    if early is not None:
        raise _ForgedError(
            f"the program gave the sign '{last_line(early.event.encode(errors='replace'))}' before it was asked for anything"
        )
    guest.say(f"{line}\n")
    _await(guest, answer)


def _await(guest: Guest, event: str) -> None:
    """Raises: _EndedError, _ForgedError: another sign came."""
    sign = guest.next_sign()
    if sign is None:
        raise _EndedError
    if sign.event != event:
        raise _ForgedError(f"the program gave the sign '{last_line(sign.event.encode(errors='replace'))}' where '{event}' was due")


# ---------------------------------------------------------------- scoring


class _Report(Contract):
    """What the evaluator prints."""

    verdict: Literal["ok", "nonfinite", "rejected"]
    reason: str | None
    value: FiniteFloat | None
    scored_bytes: int
    curve: tuple[object, ...]
    context: int


def evaluation_limit_s(scored_bytes: int) -> float:
    """Wall time that answering for so many bytes may take."""
    return _EVALUATION_S + scored_bytes / _EVALUATED_PER_S


def serving_job(bench: GpuBench, source: str, weights: Path, requests: int, answers: int, wall_s: float) -> Job:
    """The guest that answers with the model's logits: sealed, nothing of the text but what it is asked."""
    return Job(
        argv=lambda inside: [
            *(inside.python, "-I", "-B", f"{inside.inputs}/serve_on_device.py", "--train", f"{inside.inputs}/train.py"),
            *("--weights", f"{inside.inputs}/weights.safetensors", "--device", bench.device),
        ],
        inputs={
            "serve_on_device.py": (bench.sandbox / "gpu_harness" / "serve_on_device.py").read_bytes(),
            "serve_model.py": (bench.sandbox / "harness" / "serve_model.py").read_bytes(),
            "train.py": source.encode(),
            "weights.safetensors": weights,
        },
        limits=replace(guest_limits(bench, wall_s), scratch_mb=1, tmp_mb=1, shm_mb=1),
        stdin=requests,
        stdout=answers,
        sealed=True,
        held_out=bench.held_out,
        environment=_environment(bench),
    )


def _score(
    bench: GpuBench, source: str, seed: int, context: int, split: Literal["val", "test"], scored_bytes: int | None, run: _Run
) -> None:
    assert run.weights is not None
    began = time.monotonic()
    size = _split_bytes(bench, split)
    scored = min(size, WHOLE_BYTES if scored_bytes is None else scored_bytes)
    limit_s = evaluation_limit_s(scored)
    ask_read, ask_write = os.pipe()
    answer_read, answer_write = os.pipe()
    argv = [sys.executable, "-I", "-B", str(bench.sandbox / "gpu_harness" / "evaluate_spans.py")]
    argv += ["--span", str(bench.kit.span), "--frame-tokens", str(_FRAME_TOKENS[bench.device])]
    argv += ["--split", str(bench.data / f"{split}.bin"), "--model-in", str(ask_write), "--model-out", str(answer_read)]
    argv += ["--context", str(context), "--scored-bytes", "all" if scored == size else str(scored)]
    argv += ["--audits", str(_AUDITS), "--seed", str(seed)]
    evaluator = subprocess.Popen(
        argv,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(ask_write, answer_read),
        start_new_session=True,
    )
    os.close(ask_write)
    os.close(answer_read)
    try:
        try:
            guest = bench.isolation.start(serving_job(bench, source, run.weights.path, ask_read, answer_write, limit_s))
        finally:
            os.close(ask_read)
            os.close(answer_write)
        excess = None
        with guest:
            if not guest.watch(lambda: evaluator.poll() is not None):
                excess = guest.run()[0].excess
        said, complaints = evaluator.communicate(timeout=limit_s)
    finally:
        if evaluator.poll() is None:
            evaluator.kill()
            evaluator.wait()
    if evaluator.returncode != 0:
        raise ExperimentFailed(f"the evaluator failed on {bench.kit.name}, seed {seed}: {last_line(complaints)}")
    try:
        report = _Report.model_validate_json(said)
    except ValidationError as exc:
        raise ExperimentFailed(f"the evaluator's report on {bench.kit.name} cannot be read") from exc
    run.evaluation_s = round(time.monotonic() - began, 3)
    run.value, run.scored_bytes, run.verdict = report.value, report.scored_bytes, report.verdict
    run.reason = report.reason
    if excess is not None and report.verdict != "ok":
        run.reason = f"the model's process was stopped while it answered: too much {excess}"


def _split_bytes(bench: GpuBench, split: Literal["val", "test"]) -> int:
    return (bench.data / f"{split}.bin").stat().st_size


def matrix_parameters(file: Path) -> int:
    """Numbers in matrices that are multiplied with, from a collected file's header: all but look-up tables, by their names."""
    with file.open("rb") as content:
        header = json.loads(content.read(int.from_bytes(content.read(8), "little")))
    return sum(
        entry["shape"][0] * entry["shape"][1]
        for name, entry in header.items()
        if name != "__metadata__" and len(entry["shape"]) == 2 and not any(word in name for word in ("embed", "tables", "values"))
    )


# ---------------------------------------------------------------- the record


def _counts(source: str) -> dict[str, int]:
    """The numbers from which tokens and operations are counted; 1 where the program sets none by a literal."""
    numbers = {name: integer_constant(source, name) for name in _COUNTED}
    return {name: 1 if number is None else number for name, number in numbers.items()}


def _record(
    bench: GpuBench,
    source: str,
    program: str,
    seed: int,
    budget_s: float,
    split: Literal["val", "test"],
    peak_mb: float | None,
    run: _Run,
) -> GpuRecord:
    numbers = {name: min(max(1, count), _COUNT_MOST) for name, count in _counts(source).items()}
    tokens = run.steps * numbers["BATCH_SIZE"] * numbers["ACCUMULATION"] * numbers["CONTEXT"]
    speed = tokens / run.train_s if run.train_s else None
    flops = (
        gpu_kits.flops_per_token(run.matrix_parameters, numbers["DEPTH"], numbers["WIDTH"], numbers["CONTEXT"])
        if run.matrix_parameters
        else None
    )
    peak = None if bench.gpu is None else gpu_kits.peak_flops(bench.gpu.name)
    return GpuRecord(
        kit=bench.kit.name,
        program=program,
        seed=seed,
        split=split,
        verdict=run.verdict,
        reason=run.reason,
        metric=bench.kit.metric.name,
        value=run.value,
        scored_bytes=run.scored_bytes,
        split_bytes=_split_bytes(bench, split),
        device="CPU (check size)" if bench.gpu is None else bench.gpu.name,
        budget_s=budget_s,
        train_s=run.train_s,
        startup_s=run.startup_s,
        startup_charged_s=run.charged_s,
        save_s=run.save_s,
        evaluation_s=run.evaluation_s,
        steps=run.steps,
        tokens=tokens,
        tokens_per_s=None if speed is None else round(speed, 1),
        parameters=None if run.weights is None else run.weights.parameters,
        flops_per_token=flops,
        mfu=None if peak is None or flops is None or speed is None else round(flops * speed / peak, 4),
        peak_memory_mb=peak_mb,
        weights_sha256=None if run.weights is None else run.weights.sha256,
        corpus_sha256=bench.corpus.sha256,
        isolation=bench.isolation.name + ("" if bench.gpu is None else ", GPU passed through"),
        log_tail=run.log[-2000:],
    )
