"""One training run from request to record: train in one sandbox, collect, score through another.

The guest never has the validation or test split while it trains, and its model never sees more than prefixes of them.
The score is computed by the kit's evaluator in a process of our own; what the guest prints is kept as a log and read by
nobody. Not covered: a model that computes long (only the time limit stops it), and knowledge of the corpus that a
candidate brings along in its source.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from pydantic import Field, FiniteFloat, PositiveInt

from researchclaw.adapters import candidate_rules
from researchclaw.adapters.isolation.collector import (
    ArtefactRefusedError,
    NonFiniteWeightsError,
    Weights,
    collect_weights,
    written_weights,
)
from researchclaw.adapters.isolation.job import STATUS_FD, Inside, Isolation, Job
from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS, Limits
from researchclaw.adapters.isolation.streams import plain_text
from researchclaw.adapters.isolation.supervisor import Guest, Outcome, Sign
from researchclaw.adapters.isolation.warm import WarmWorker
from researchclaw.journal import sha256_of
from stages import python_source
from stages.contracts import Contract, CorpusFacts, CurvePoint, Measurement, RunCost, RunRecord, Slug, TrainingRequest, Verdict
from stages.d_design.patching import unified_patch
from stages.errors import ExperimentFailed

CHECKPOINT_FRACTIONS = (0.1, 0.2, 0.4, 0.7)
_CURVE_BYTES = 32_768  # sees differences as well as the whole split does (standard deviations measured 2026-11)
_AUDITS = 64
_EVALUATION_WALL_S = 900.0
_EXIT_NONFINITE = 3
_TAIL_CHARACTERS = 2000
_GOODBYE_S = 5.0
_WARM_APART_S, _WARM_APART_SHARE = 1.0, 0.02
"""What a run in a warm worker may spend outside its steps, with a share of its budget: it imports nothing and needs 0.05 s
(measured 2026-11). The four seconds of a cold start would be three budgets of free training in a run of 2 s."""
_CLOCKED = ("ready", "trained", "done")
"""Signs of life that a run's clock rests on, in the harness' order."""
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Interrupted(Exception):
    """The run was told to stop; there is no record of it."""


class _Report(Contract):
    """What the evaluator prints."""

    verdict: Literal["ok", "nonfinite", "rejected"]
    reason: str | None
    value: FiniteFloat | None
    scored_bytes: int = Field(ge=0)
    curve: tuple[CurvePoint, ...]
    context: PositiveInt


@dataclass(frozen=True)
class Bench:
    """Where the runs of one kit happen."""

    isolation: Isolation
    harness: Path
    data: Path
    corpus: CorpusFacts
    metric: Slug
    baseline: str
    """The kit's own train.py, against which each run's patch is shown."""
    run_folder: Path
    own_corpus: Path | None = None
    """Text of the user's that was prepared instead of the kit's own."""
    limits: Limits = DEFAULT_LIMITS
    keep_weights: bool = False
    startup_s: float = 4.0
    """CPU time that a run may need outside its training steps: 1.5 to 3 s on an overloaded machine (measured 2026-11)."""
    on_look: Callable[[TrainingRequest], None] | None = None
    """Called each time that the evaluator has answered for the sealed test split, whatever its verdict; from any thread."""
    held_out: tuple[str, ...] = ()
    """Modules of the standard library that are validation or test text; see `Job`."""


@dataclass(frozen=True)
class Place:
    """Where the guests of one run are, and what ends them early."""

    cpu: int | None
    stop: threading.Event
    warm: Callable[[], WarmWorker] | None
    """Gives a worker that is free, where runs need not start cold."""


@dataclass
class _Progress:
    """What is known of a run so far."""

    verdict: Verdict = "ok"
    reason: str | None = None
    measurement: Measurement | None = None
    cost: RunCost = field(
        default_factory=lambda: RunCost(train_cpu_s=0, train_wall_s=0, startup_s=0, evaluation_s=0, peak_memory_mb=0)
    )
    printed: str = ""


def run_one(
    bench: Bench, request: TrainingRequest, cpu: int | None, stop: threading.Event, warm: Callable[[], WarmWorker] | None = None
) -> RunRecord:
    """Train and score one request. Whatever the candidate does ends in a verdict.

    warm: gives a worker that is free, where runs need not start cold.

    Raises:
        Interrupted: `stop` was set.
        ExperimentFailed: the harness itself failed.
        SandboxUnavailable: no guest could be started.
    """
    folder = run_folder(bench.run_folder, request)
    train = write_run(folder, request, bench.baseline)
    progress = _Progress()
    weights = folder / "weights"
    weights.mkdir()
    place = Place(cpu, stop, warm)
    try:
        context = integer_constant(request.train_py, "CONTEXT")
        broken_rule = candidate_rules.fault(request.train_py)
        if broken_rule is not None:
            progress.verdict, progress.reason = "rejected", broken_rule
        elif context is None or context < 1 or 512 % context:
            progress.verdict, progress.reason = "rejected", "train.py must set CONTEXT to a literal that divides 512"
        else:
            collected = _train(bench, request, progress, weights, place)
            if collected:
                _score(bench, request, progress, collected, context, place)
            if request.sealed and progress.measurement is not None:
                _score_sealed(bench, request, progress, collected[:1], context, place)
    finally:
        if not bench.keep_weights:
            shutil.rmtree(weights)
    record = RunRecord(
        request_sha256=sha256_of(request),
        condition=request.condition,
        seed=request.seed,
        purpose=request.purpose,
        verdict=progress.verdict,
        reason=progress.reason,
        measurement=progress.measurement,
        cost=progress.cost,
        isolation=bench.isolation.name,
        command=command_of(request, train.relative_to(bench.run_folder), bench.own_corpus),
        folder=str(folder.relative_to(bench.run_folder)),
        log_tail=progress.printed[-_TAIL_CHARACTERS:],
    )
    (folder / "log.txt").write_text(_log(progress, record), encoding="utf-8")
    (folder / "measurement.json").write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return record


def write_run(folder: Path, request: TrainingRequest, baseline: str) -> Path:
    """A new folder with what is known of a run before it begins; what stood there is dropped. The candidate's file."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    train = folder / "train.py"
    train.write_text(request.train_py, encoding="utf-8")
    (folder / "patch.diff").write_text(unified_patch(baseline, request.train_py), encoding="utf-8")
    (folder / "request.json").write_text(request.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return train


def run_folder(root: Path, request: TrainingRequest) -> Path:
    """experiment_runs/<condition>/<seed>, with the purpose in the name when it is not the report.

    Another request of the same name (the improvement loop tries several sources on one seed) gets its hash as a suffix.
    """
    name = str(request.seed) if request.purpose == "report" else f"{request.purpose}_{request.seed}"
    if request.split == "test":
        name += "_test"
    folder = root / "experiment_runs" / request.condition / name
    earlier = folder / "request.json"
    if earlier.exists() and earlier.read_text(encoding="utf-8") != request.model_dump_json(indent=2) + "\n":
        return folder.with_name(f"{name}_{sha256_of(request)[:7]}")
    return folder


def looked_at_test(request: TrainingRequest, record: RunRecord) -> bool:
    """Whether the weights of a run were scored on the sealed test split, whatever came of it."""
    if request.split == "test":
        return record.cost.evaluation_s > 0  # a run that ends before its evaluation has none
    return request.sealed and record.measurement is not None


def integer_constant(source: str, name: str) -> int | None:
    """The literal of a top-level `NAME = 123`, the last one if there are several; None when there is none."""
    found = None
    try:
        tree = python_source.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            value = node.value
            found = value.value if isinstance(value, ast.Constant) and type(value.value) is int else None
    return found


def checkpoint_steps(steps: int) -> tuple[int, ...]:
    """Steps whose weights are scored for the learning curve, as the harness chooses them."""
    return tuple(sorted({round(fraction * steps) for fraction in CHECKPOINT_FRACTIONS} - {0, steps}))


# ---------------------------------------------------------------- training


def training_argv(inside: Inside, *, seed: int, steps: int, checkpoints: Sequence[float] = (), control: bool = False) -> list[str]:
    """The guest's command; the names are those of `training_inputs`."""
    argv = [inside.python, "-I", "-B", f"{inside.inputs}/run_training.py"]
    argv += ["--train", f"{inside.inputs}/train.py", "--data", f"{inside.inputs}/train.bin"]
    argv += ["--seed", str(seed), "--steps", str(steps), "--out", inside.scratch, "--status-fd", str(STATUS_FD)]
    if checkpoints:
        argv += ["--checkpoints", ",".join(map(str, checkpoints))]
    return [*argv, "--control"] if control else argv


def training_inputs(harness: Path, data: Path, train_py: str) -> dict[str, bytes | Path]:
    """What a training guest can read: the harness' guest side, the candidate, the training split."""
    return {
        "run_training.py": (harness / "run_training.py").read_bytes(),
        "train.py": train_py.encode(),
        "train.bin": data / "train.bin",
    }


def _train(bench: Bench, request: TrainingRequest, progress: _Progress, weights: Path, place: Place) -> list[Weights]:
    """Weights of the run, the final ones first, then the checkpoints in order; empty when the verdict is already known."""
    limits = replace(
        bench.limits, wall_s=10 * request.budget_s + 6 * bench.startup_s, cpu_s=1.5 * request.budget_s + bench.startup_s, cpu=place.cpu
    )  # 10 times: a loaded laptop needed 7 (measured 2026-11)
    names = ["weights", *(f"checkpoint_{step}" for step in checkpoint_steps(request.steps))]
    cap = bench.limits.scratch_mb * 2**20
    began = time.monotonic()
    with ExitStack() as held:
        if place.warm is None:
            guest = held.enter_context(bench.isolation.start(_training_job(bench, request, limits)))

            def taken(name: str) -> Weights:
                return collect_weights(guest.scratch, f"{name}.safetensors", weights / f"{name}.safetensors", cap)
        else:
            files = {name: _own_file(held, weights / f"{name}.safetensors") for name in names}
            guest = held.enter_context(_warm_training(place.warm(), bench, request, limits, files))

            def taken(name: str) -> Weights:
                return written_weights(files[name], weights / f"{name}.safetensors", f"{name}.safetensors", cap)

        waited_s = time.monotonic() - began
        outcome, signs = guest.run(place.stop)
        progress.printed = printed(outcome)
        progress.cost = cost_of(outcome, signs, waited_s)
        if outcome.stopped and outcome.excess is None:
            raise Interrupted
        progress.verdict, progress.reason = verdict_of(outcome, bench.limits, request.budget_s)
        forged = forged_signs(signs)
        if progress.verdict == "ok" and forged is not None:
            progress.verdict, progress.reason = "rejected", forged
        apart_s = outcome.cpu_s - progress.cost.train_cpu_s
        allowed_s = apart_allowed_s(bench.startup_s, request.budget_s, warm=place.warm is not None)
        if progress.verdict == "ok" and apart_s > allowed_s:
            progress.verdict = "rejected"
            progress.reason = f"{apart_s:.1f} s of CPU time were spent outside the paid training steps; {allowed_s:.1f} s are allowed"
        if progress.verdict != "ok":
            return []
        try:
            collected = [taken(name) for name in names]
        except NonFiniteWeightsError as exc:
            progress.verdict, progress.reason = "nonfinite", str(exc)
        except ArtefactRefusedError as exc:
            progress.verdict, progress.reason = "rejected", str(exc)
        else:
            untold = untold_end(signs)
            if untold is None:
                return collected
            progress.verdict, progress.reason = "rejected", untold
        return []


def apart_allowed_s(startup_s: float, budget_s: float, *, warm: bool) -> float:
    """CPU time that a run may spend outside its paid steps; startup_s: with the imports."""
    return min(startup_s, _WARM_APART_S + _WARM_APART_SHARE * budget_s) if warm else startup_s


def _training_job(bench: Bench, request: TrainingRequest, limits: Limits) -> Job:
    return Job(
        argv=lambda inside: training_argv(inside, seed=request.seed, steps=request.steps, checkpoints=CHECKPOINT_FRACTIONS),
        inputs=training_inputs(bench.harness, bench.data, request.train_py),
        limits=limits,
        status=True,
        one_process=True,
        held_out=bench.held_out,
    )


def _own_file(held: ExitStack, path: Path) -> int:
    """A new file that a guest will write or read through its descriptor alone."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    held.callback(os.close, file)
    return file


def _warm_training(worker: WarmWorker, bench: Bench, request: TrainingRequest, limits: Limits, files: dict[str, int]) -> Guest:
    with (bench.data / "train.bin").open("rb") as data:
        return worker.start(
            {
                "do": "train",
                "train_py": request.train_py,
                "seed": request.seed,
                "steps": request.steps,
                "checkpoints": CHECKPOINT_FRACTIONS,
                "files": list(files),
            },
            limits,
            files=[data.fileno(), *files.values()],
            written=lambda: sum(space_of(os.fstat(file)) for file in files.values()),
        )


def space_of(file: os.stat_result) -> int:
    """Bytes that a file takes: its length, or what was set aside for it on the disk."""
    return max(file.st_size, 512 * file.st_blocks)


def verdict_of(outcome: Outcome, limits: Limits, budget_s: float) -> tuple[Verdict, str | None]:
    """What an outcome means for the run, and why it is not ok."""
    allowed = {
        "memory": f"{limits.memory_mb} MB",
        "processes": str(limits.processes),
        "disk": f"{limits.scratch_mb} MB",
        "files": str(limits.scratch_files),
        "descriptors": str(limits.descriptors),
        "output": f"{limits.output_kb} KB of each stream are kept",
    }
    if outcome.excess in ("wall time", "CPU time"):
        return (
            "timeout",
            f"stopped after {outcome.wall_s:.0f} s, {outcome.cpu_s:.0f} s of CPU time; the budget is {budget_s:.0f} s",
        )
    if outcome.excess is not None:
        ceiling = f" (allowed: {allowed[outcome.excess]})" if outcome.excess in allowed else ""
        return "crash", f"stopped: too much {outcome.excess}{ceiling}"
    if outcome.exit_code == _EXIT_NONFINITE:
        said = last_line(outcome.stdout)
        return "nonfinite", said.removeprefix("FAIL: ") if said.startswith("FAIL: ") else "the loss is not finite"
    if outcome.exit_code != 0:
        return "crash", last_line(outcome.stderr) or f"exit code {outcome.exit_code} without a word"
    return "ok", None


def last_line(data: bytes) -> str:
    """The last line that is not empty, cleaned and cut to 300 characters."""
    lines = [line.strip() for line in plain_text(data).splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def printed(outcome: Outcome) -> str:
    """What the guest said, as text."""
    stderr = plain_text(outcome.stderr).strip()
    return plain_text(outcome.stdout).rstrip() + (f"\n{stderr}" if stderr else "")


def cost_of(outcome: Outcome, signs: Sequence[Sign], waited_s: float) -> RunCost:
    """Clocks are the host's; where the guest gave no sign, or signs that `forged_signs` names, all of its time counts as training."""
    at = {} if forged_signs(signs) else {sign.event: sign for sign in signs}
    began_cpu, began_wall = (at["ready"].cpu_s, at["ready"].wall_s) if "ready" in at else (0.0, 0.0)
    ended_cpu, ended_wall = (at["trained"].cpu_s, at["trained"].wall_s) if "trained" in at else (outcome.cpu_s, outcome.wall_s)
    return RunCost(
        train_cpu_s=round(ended_cpu - began_cpu, 3),
        train_wall_s=round(ended_wall - began_wall, 3),
        startup_s=round(began_wall + waited_s, 3),
        evaluation_s=0.0,
        peak_memory_mb=round(outcome.peak_memory_mb, 1),
    )


def forged_signs(signs: Sequence[Sign]) -> str | None:
    """Why the candidate must have written signs of life itself: the harness gives each once, in one order. None: it shows nowhere."""
    given = [sign.event for sign in signs if sign.event in _CLOCKED]
    for expected, event in zip_longest(_CLOCKED[: len(given)], given):
        if event != expected:
            return f"forged signs of life: '{event}' came where the harness says {expected or 'nothing more'!r}"
    return None


def untold_end(signs: Sequence[Sign]) -> str | None:
    """Why the time of a run that ended well cannot be told: it kept back the harness' signs, or ended without the harness."""
    return None if any(sign.event == "trained" for sign in signs) else "the run never said that it had been trained"


# ---------------------------------------------------------------- scoring


def _score(bench: Bench, request: TrainingRequest, progress: _Progress, weights: list[Weights], context: int, place: Place) -> None:
    """Let the evaluator ask the model, which runs in a sandbox of its own; the verdict and the value are the evaluator's."""
    began = time.monotonic()
    steps = [*checkpoint_steps(request.steps), request.steps][-len(weights) :]
    ask_read, ask_write = os.pipe()
    answer_read, answer_write = os.pipe()
    evaluator = _start_evaluator(bench, request, ask_write, answer_read, context, steps)
    os.close(ask_write)
    os.close(answer_read)
    try:
        try:
            guest = _model_guest(bench, request, weights, place, ask_read, answer_write)
        finally:
            os.close(ask_read)
            os.close(answer_write)
        excess = None
        with guest:
            if not guest.watch(lambda: evaluator.poll() is not None, place.stop):
                excess = guest.run()[0].excess
            guest.linger(_GOODBYE_S)  # its input has ended; a warm worker that is killed must be started again
        if place.stop.is_set():
            raise Interrupted
        # A guest that ended early has closed its pipes; the evaluator sees that and ends with a verdict.
        said, complaints = evaluator.communicate(timeout=_EVALUATION_WALL_S)
    finally:
        if evaluator.poll() is None:
            evaluator.kill()
            evaluator.wait()
        for stream in (evaluator.stdout, evaluator.stderr):
            if stream is not None:
                stream.close()
    if evaluator.returncode != 0:
        raise ExperimentFailed(f"the evaluator failed on {request.condition}, seed {request.seed}: {last_line(complaints)}")
    report = _Report.model_validate_json(said)
    if request.split == "test" and bench.on_look is not None:
        bench.on_look(request)
    progress.cost = progress.cost.model_copy(update={"evaluation_s": round(time.monotonic() - began, 3)})
    progress.verdict = report.verdict
    progress.reason = f"the model's process was stopped while it answered: too much {excess}" if excess else report.reason
    if report.verdict == "ok":
        progress.reason = None  # all answers had been given
        assert report.value is not None
        batch = integer_constant(request.train_py, "BATCH_SIZE")
        progress.measurement = Measurement(
            metric=bench.metric,
            value=report.value,
            split=request.split,
            scored_bytes=report.scored_bytes,
            curve=report.curve,
            parameters=weights[0].parameters,
            steps=request.steps,
            tokens=request.steps * context * (batch or 1),
            weights_sha256=weights[0].sha256,
            corpus_sha256=bench.corpus.sha256,
        )


def _score_sealed(
    bench: Bench, request: TrainingRequest, progress: _Progress, weights: list[Weights], context: int, place: Place
) -> None:
    """The final weights once more, on the test split. What comes of that is told apart: no verdict rests on test data."""
    assert progress.measurement is not None
    again = _Progress(cost=progress.cost)
    _score(bench, request.model_copy(update={"split": "test"}), again, weights, context, place)
    evaluation_s = round(progress.cost.evaluation_s + again.cost.evaluation_s, 3)
    progress.cost = progress.cost.model_copy(update={"evaluation_s": evaluation_s})
    told: dict[str, object] = (
        {"sealed_fault": f"{again.verdict}: {again.reason}"}
        if again.measurement is None
        else {"sealed_value": again.measurement.value}
    )
    progress.measurement = progress.measurement.model_copy(update=told)


def _model_guest(bench: Bench, request: TrainingRequest, weights: list[Weights], place: Place, requests: int, answers: int) -> Guest:
    """The guest that answers with the model's logits."""
    limits = replace(bench.limits, wall_s=_EVALUATION_WALL_S, cpu_s=None, scratch_mb=1, tmp_mb=1, shm_mb=1, cpu=place.cpu)
    if place.warm is not None:
        with ExitStack() as opened:
            files = [opened.enter_context(file.path.open("rb")).fileno() for file in weights]
            return place.warm().start(
                {"do": "serve", "train_py": request.train_py}, limits, files=files, stdin=requests, stdout=answers
            )
    names = [f"{number}.safetensors" for number in range(len(weights))]
    job = Job(
        argv=lambda inside: [
            *(inside.python, "-I", "-B", f"{inside.inputs}/serve_model.py", "--train", f"{inside.inputs}/train.py", "--weights"),
            *(f"{inside.inputs}/{name}" for name in names),
        ],
        inputs={
            "serve_model.py": (bench.harness / "serve_model.py").read_bytes(),
            "train.py": request.train_py.encode(),
            **{name: file.path for name, file in zip(names, weights, strict=True)},
        },
        limits=limits,
        stdin=requests,
        stdout=answers,
        sealed=True,
        held_out=bench.held_out,
    )
    return bench.isolation.start(job)


def _start_evaluator(
    bench: Bench, request: TrainingRequest, ask: int, answers: int, context: int, steps: list[int]
) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-I", "-B", str(bench.harness / "evaluate.py"), "--split", str(bench.data / f"{request.split}.bin")]
    argv += ["--model-in", str(ask), "--model-out", str(answers), "--context", str(context)]
    argv += ["--weights-count", str(len(steps)), "--curve-steps", ",".join(map(str, steps))]
    argv += ["--scored-bytes", "all" if request.scored_bytes is None else str(request.scored_bytes)]
    argv += ["--curve-bytes", str(_CURVE_BYTES), "--audits", str(_AUDITS), "--seed", str(request.seed)]
    return subprocess.Popen(
        argv,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", **dict.fromkeys(_THREADS, "1")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(ask, answers),
        start_new_session=True,
    )


# ---------------------------------------------------------------- records


def command_of(request: TrainingRequest, train: Path, corpus: Path | None) -> str:
    """Re-runs a request from the folder that `train` is relative to."""
    words = ["researchclaw experiment --kit", request.kit, "--train", str(train), "--seed", str(request.seed)]
    words += ["--steps", str(request.steps)]
    if request.scored_bytes is not None:
        words += ["--scored-bytes", str(request.scored_bytes)]
    if request.split == "test":
        words += ["--split", "test"]
    if corpus is not None:
        words += ["--set", shlex.quote(f"experiment.corpus={corpus}")]
    return " ".join([*words, "--json"])


def _log(progress: _Progress, record: RunRecord) -> str:
    """What the run printed, each line marked, then the summary of karpathy's autoresearch with our numbers."""
    printed = "".join(f"> {line}\n" for line in progress.printed.splitlines())
    cost, measured = record.cost, record.measurement
    summary = [f"verdict:          {record.verdict}"]
    if record.reason is not None:
        summary.append(f"reason:           {record.reason}")
    if measured is not None:
        summary.append(f"{measured.metric + ':':<18}{measured.value:.6f}")
    summary += [
        f"training_seconds: {cost.train_cpu_s:.1f}",
        f"total_seconds:    {cost.startup_s + cost.train_wall_s + cost.evaluation_s:.1f}",
        f"peak_memory_mb:   {cost.peak_memory_mb:.1f}",
    ]
    if measured is not None:
        summary += [
            f"total_tokens_M:   {measured.tokens / 1e6:.3f}",
            f"num_steps:        {measured.steps}",
            f"num_params_M:     {measured.parameters / 1e6:.3f}",
        ]
    return printed + "---\n" + "\n".join(summary) + "\n"


def read_record(folder: Path) -> RunRecord:
    """The record of a finished run's folder."""
    return RunRecord.model_validate(json.loads((folder / "measurement.json").read_text(encoding="utf-8")))
