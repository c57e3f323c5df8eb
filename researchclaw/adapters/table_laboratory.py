"""Experiments of generated kits: data, fit and prediction in three sandboxes, the split and the score on our side.

A kit that a mind wrote is trusted with nothing. Its prepare.py makes rows in a sandbox of its own; which rows are held out
is decided here, by a seed that is salted with a number no model has seen, so that neither the data nor the split can be
made again by train.py. A candidate sees the training rows; another process of it, in a fresh sandbox, gets the held-out
inputs without their targets; the measure is computed here.

Not covered: a data set that a model knows by heart and writes into train.py. The reviewer and the length of the source are
what stands against that; synthetic data cannot be known.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from researchclaw.adapters.experiment_runner import (
    Interrupted,
    cost_of,
    forged_signs,
    last_line,
    printed,
    run_folder,
    untold_end,
    verdict_of,
)
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, NonFiniteWeightsError, Weights, collect_weights
from researchclaw.adapters.isolation.job import STATUS_FD, Isolation, Job
from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS, Limits
from researchclaw.adapters.sealed_looks import note_look
from researchclaw.journal import sha256_of
from stages.contracts import CorpusFacts, GeneratedKit, Measurement, RunCost, RunRecord, TrainingRequest, Verdict
from stages.d_design.generated_code import kit_sha256, prepared_as_frozen
from stages.d_design.patching import unified_patch
from stages.e_execution.measures import MEASURES, Unscorable, score, trivial
from stages.errors import ExperimentFailed
from stages.ports import Preparation, Probe, ProbeRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}
FEWEST_ROWS, MOST_NUMBERS = 50, 20_000_000
"""Fewer rows leave ten to score on; more numbers are more than a minute's study on a laptop can use."""
LEAKING_CORRELATION = 0.9999
"""A column that follows the target this closely is the target; honest noise-free features stay below it (a guess)."""
SHARED_ROWS = 0.1
"""Share of held-out rows that may also be training rows: bundled data sets have a few (iris has one in 150)."""
PROBE_SEED = 0
TWIN_SEEDS = (0, 1_001, 1_002)
"""Two conditions that agree on the first may have chosen alike by chance there (a penalty from a grid); on all, they are the same."""
TWINS = 1e-9
"""Predictions that differ by less, relative to their spread, are the same."""
_TOLERANCE = 1e-6
_KINDS = frozenset({"F64"})
"""What the guests' programs write; other kinds of numbers come from who wrote the file instead of them."""
_DATA_WALL_S = 300.0
_TAIL = 2000


@dataclass(frozen=True)
class Rows:
    """The data of one seed, split. `truth` are the true coefficients, where the data have one."""

    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]
    truth: Array | None
    classes: int
    sha256: str


@dataclass
class _Fitted:
    verdict: Verdict = "ok"
    reason: str | None = None
    state: Weights | None = None
    predictions: Array | None = None
    cost: RunCost = field(
        default_factory=lambda: RunCost(train_cpu_s=0, train_wall_s=0, startup_s=0, evaluation_s=0, peak_memory_mb=0)
    )
    printed: str = ""


class DataRefused(Exception):
    """prepare.py did not give usable data; the message is one line, `log` what it printed."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.log = log


class TableLaboratory:
    """What `LocalLaboratory` does with the requests of generated kits."""

    def __init__(
        self,
        *,
        isolation: Isolation,
        harness: Path,
        state: Path,
        run_folder: Path,
        limits: Limits = DEFAULT_LIMITS,
        startup_s: float = 10.0,
    ) -> None:
        """harness: the folder of the guests' programs. state: prepared data are kept below it, by the hash of what made them."""
        self._isolation, self._harness, self._state, self._run_folder = isolation, harness, state, run_folder
        self._limits, self._startup_s = limits, startup_s
        self._rows: dict[tuple[str, int], Rows] = {}
        self._preparing = threading.Lock()

    # ------------------------------------------------------------ data

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        """See `Laboratory.prepare`. A kit without a salt gets one."""
        salt = kit.salt or secrets.token_hex(16)
        try:
            rows = self._split(kit.model_copy(update={"salt": salt}), seed)
            name, value = trivial(kit.measure, rows.targets["train"], _goal(kit, rows, "val"), classes=rows.classes)
        except (DataRefused, Unscorable) as exc:
            log = exc.log if isinstance(exc, DataRefused) else ""
            return Preparation(facts=None, failure=str(exc), log_tail=log[-_TAIL:], salt=salt)
        sizes = {split: len(targets) for split, targets in rows.targets.items()}
        facts = CorpusFacts(
            name=kit.data_name,
            sha256=rows.sha256,
            files=1,
            train_bytes=sizes["train"],
            val_bytes=sizes["val"],
            test_bytes=sizes["test"],
            references={name: value},
            counts="rows",
        )
        return Preparation(facts=facts, salt=salt, features=rows.inputs["train"].shape[1], classes=rows.classes)

    def _split(self, kit: GeneratedKit, seed: int) -> Rows:
        """The rows of one seed in three parts, checked for leaks.

        Raises:
            DataRefused: prepare.py failed, or its rows cannot be used.
        """
        import numpy as np

        key = (_recipe(kit), seed)
        if key not in self._rows:
            with self._preparing:
                if key not in self._rows:
                    made, digest = self._made(kit, seed)
                    rows = _checked(kit, made, np.random.default_rng(_salted(kit, "split", seed)), digest)
                    self._rows[key] = rows
        return self._rows[key]

    def _made(self, kit: GeneratedKit, seed: int) -> tuple[dict[str, Array], str]:
        """What prepare.py gives for a seed, from the state folder or from its sandbox, and the hash of the bytes."""
        from safetensors.numpy import load_file

        file = self._state / "data" / f"{kit.name}-{_recipe(kit)[:16]}" / f"{seed}.safetensors"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{seed}-", dir=file.parent) as building:
                first = self._run_prepare(kit, seed, Path(building, "data"))
                if seed == PROBE_SEED and self._run_prepare(kit, seed, Path(building, "again")).sha256 != first.sha256:
                    raise DataRefused("prepare.py gives other data when it is run again with the same seed")
                with contextlib.suppress(OSError):
                    first.path.rename(file)
        return load_file(file), hashlib.sha256(file.read_bytes()).hexdigest()

    def _run_prepare(self, kit: GeneratedKit, seed: int, target: Path) -> Weights:
        data_seed = _salted(kit, "data", seed)
        job = Job(
            argv=lambda inside: [
                *(inside.python, "-I", "-B", f"{inside.inputs}/run_prepare.py", "--prepare", f"{inside.inputs}/prepare.py"),
                *("--seed", str(data_seed), "--out", inside.scratch),
            ],
            inputs={"run_prepare.py": (self._harness / "run_prepare.py").read_bytes(), "prepare.py": kit.prepare_py.encode()},
            limits=replace(self._limits, wall_s=_DATA_WALL_S),
            data_sets=True,
        )
        with self._isolation.start(job) as guest:
            outcome, _ = guest.run()
            if outcome.exit_code != 0:
                why = f"stopped: too much {outcome.excess}" if outcome.excess else last_line(outcome.stderr)
                raise DataRefused(f"prepare.py failed: {why}", printed(outcome))
            try:
                return collect_weights(guest.scratch, "data.safetensors", target, 8 * MOST_NUMBERS + (1 << 20), _KINDS)
            except ArtefactRefusedError as exc:
                raise DataRefused(f"prepare.py left no usable data: {exc}", printed(outcome)) from exc

    # ------------------------------------------------------------ probes

    def probe(self, requests: Sequence[ProbeRequest], stop: threading.Event) -> tuple[Probe, ...]:
        """Fit and predict each condition once; the first request is the baseline. Same predictions as an earlier one are named."""
        seen: list[tuple[ProbeRequest, Array]] = []
        probes: list[Probe] = []
        base_s: float | None = None
        for request in requests:
            assert request.generated is not None
            kit = prepared_as_frozen(request.generated)
            with tempfile.TemporaryDirectory(prefix="researchclaw-probe-") as scratch:
                fitted = self._fit(kit, request.train_py, PROBE_SEED, "val", 30.0, Path(scratch), None, stop)
            took_s = max(fitted.cost.train_cpu_s, 0.01)  # the clock's tick
            base_s = took_s if base_s is None else base_s
            twin = None
            if fitted.predictions is not None:
                alike = [other for other, answers in seen if _same(fitted.predictions, answers)]
                twin = next((other.condition for other in alike if self._same_elsewhere(kit, request, other, stop)), None)
                seen.append((request, fitted.predictions))
            ok = fitted.verdict == "ok" and fitted.state is not None
            probes.append(
                Probe(
                    condition=request.condition,
                    failure=None if ok else f"{fitted.verdict}: {fitted.reason}",
                    step_s=took_s if ok else None,
                    cost_ratio=round(took_s / base_s, 3) if ok else None,
                    parameters=fitted.state.parameters if ok and fitted.state else None,
                    weights_sha256=fitted.state.sha256 if ok and fitted.state else None,
                    same_as=twin,
                    log_tail=fitted.printed[-_TAIL:],
                )
            )
        return tuple(probes)

    def _same_elsewhere(self, kit: GeneratedKit, a: ProbeRequest, b: ProbeRequest, stop: threading.Event) -> bool:
        """Whether both predict the same on the other seeds too."""
        for seed in TWIN_SEEDS[1:]:
            answers = []
            for request in (a, b):
                with tempfile.TemporaryDirectory(prefix="researchclaw-probe-") as scratch:
                    fitted = self._fit(kit, request.train_py, seed, "val", 30.0, Path(scratch), None, stop)
                answers.append(fitted.predictions)
            if answers[0] is None or answers[1] is None or not _same(answers[0], answers[1]):
                return False
        return True

    # ------------------------------------------------------------ runs

    def run(self, request: TrainingRequest, cpu: int | None, stop: threading.Event) -> RunRecord:
        """Fit and score one request. Whatever the candidate does ends in a verdict.

        Raises:
            Interrupted: `stop` was set.
            ExperimentFailed: the kit is not the one that was frozen, or its data cannot be had.
        """
        assert request.generated is not None
        kit = prepared_as_frozen(request.generated)
        if request.kit_sha256 != kit_sha256(kit):
            raise ExperimentFailed(f"kit {kit.name} is not the one that was frozen before the first run")
        folder = run_folder(self._run_folder, request)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / "train.py").write_text(request.train_py, encoding="utf-8")
        (folder / "prepare.py").write_text(kit.prepare_py, encoding="utf-8")
        (folder / "patch.diff").write_text(unified_patch(kit.train_py, request.train_py), encoding="utf-8")
        (folder / "request.json").write_text(request.model_dump_json(indent=2) + "\n", encoding="utf-8")
        measurement = None
        with tempfile.TemporaryDirectory(prefix="researchclaw-fit-") as scratch:
            fitted = self._fit(kit, request.train_py, request.seed, request.split, request.budget_s, Path(scratch), cpu, stop)
            if request.split == "test" and fitted.state is not None:  # what was fitted has been asked about the sealed rows
                note_look(self._state, self._split(kit, request.seed).sha256, sha256_of(request), request.seed)
            if fitted.verdict == "ok":
                measurement = self._measure(kit, request, fitted)
        record = RunRecord(
            request_sha256=sha256_of(request),
            condition=request.condition,
            seed=request.seed,
            purpose=request.purpose,
            verdict=fitted.verdict,
            reason=fitted.reason,
            measurement=measurement,
            cost=fitted.cost,
            isolation=self._isolation.name,
            command=f"researchclaw experiment --request {(folder / 'request.json').relative_to(self._run_folder)} --json",
            folder=str(folder.relative_to(self._run_folder)),
            log_tail=fitted.printed[-_TAIL:],
        )
        (folder / "log.txt").write_text(_log(fitted, record), encoding="utf-8")
        (folder / "measurement.json").write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return record

    def _measure(self, kit: GeneratedKit, request: TrainingRequest, fitted: _Fitted) -> Measurement | None:
        """The score; None, with the verdict changed, when the predictions cannot be scored."""
        rows = self._split(kit, request.seed)
        assert fitted.predictions is not None
        assert fitted.state is not None
        try:
            value = score(kit.measure, fitted.predictions, _goal(kit, rows, request.split), classes=rows.classes)
        except Unscorable as exc:
            fitted.verdict, fitted.reason = "rejected", str(exc)
            return None
        return Measurement(
            metric=kit.measure,
            value=value,
            split=request.split,
            scored_bytes=len(rows.targets[request.split]),
            curve=(),
            parameters=fitted.state.parameters,
            steps=request.steps,
            tokens=len(rows.targets["train"]),
            weights_sha256=fitted.state.sha256,
            corpus_sha256=rows.sha256,
            counts="rows",
        )

    def _fit(
        self,
        kit: GeneratedKit,
        train_py: str,
        seed: int,
        split: str,
        budget_s: float,
        scratch: Path,
        cpu: int | None,
        stop: threading.Event,
    ) -> _Fitted:
        """Fit in one sandbox and predict in another."""
        from safetensors.numpy import save

        try:
            rows = self._split(kit, seed)
        except DataRefused as exc:
            raise ExperimentFailed(f"kit {kit.name}, seed {seed}: {exc}") from exc
        fitted = _Fitted()
        training = save({"inputs": rows.inputs["train"], "targets": rows.targets["train"]})
        fit_seed = _salted(kit, "fit", seed)
        job = self._job("run_fit.py", train_py, {"train.safetensors": training}, budget_s, cpu)
        job = replace(
            job,
            argv=lambda inside: [
                *(inside.python, "-I", "-B", f"{inside.inputs}/run_fit.py", "--train", f"{inside.inputs}/train.py", "--data"),
                *(f"{inside.inputs}/train.safetensors", "--seed", str(fit_seed), "--out", inside.scratch),
                *("--status-fd", str(STATUS_FD)),
            ],
            status=True,
        )
        self._guest(job, "state.safetensors", scratch, fitted, budget_s, stop)
        if fitted.verdict != "ok" or fitted.state is None:
            return fitted
        if _asks_truth(kit):
            self._take_coefficients(fitted, rows)
            return fitted
        self._predict(kit, train_py, rows.inputs[split], seed, scratch, fitted, budget_s, cpu, stop)
        return fitted

    def _job(self, program: str, train_py: str, more: Mapping[str, bytes | Path], budget_s: float, cpu: int | None) -> Job:
        return Job(
            argv=lambda inside: [inside.python],
            inputs={program: (self._harness / program).read_bytes(), "train.py": train_py.encode(), **more},
            limits=replace(self._limits, wall_s=10 * budget_s + 6 * self._startup_s, cpu_s=1.5 * budget_s + self._startup_s, cpu=cpu),
            one_process=True,  # a child that nobody waits for takes its CPU time along
        )

    def _guest(self, job: Job, file: str, scratch: Path, fitted: _Fitted, budget_s: float, stop: threading.Event) -> None:
        """Run a guest of the candidate and take what it leaves."""
        began = time.monotonic()
        with self._isolation.start(job) as guest:
            waited_s = time.monotonic() - began
            outcome, signs = guest.run(stop)
            fitted.printed += printed(outcome)
            if outcome.stopped and outcome.excess is None:
                raise Interrupted
            fitting = file == "state.safetensors"
            if fitting:
                fitted.cost = cost_of(outcome, signs, waited_s)
            else:
                fitted.cost = fitted.cost.model_copy(update={"evaluation_s": round(outcome.wall_s, 3)})
            fitted.verdict, fitted.reason = verdict_of(outcome, self._limits, budget_s)
            if fitted.verdict != "ok":
                return
            forged = forged_signs(signs)
            if forged is not None:
                fitted.verdict, fitted.reason = "rejected", forged
                return
            try:
                taken = collect_weights(guest.scratch, file, scratch / file, self._limits.scratch_mb * 2**20, _KINDS)
            except NonFiniteWeightsError as exc:
                fitted.verdict, fitted.reason = "nonfinite", str(exc)
            except ArtefactRefusedError as exc:
                fitted.verdict, fitted.reason = "rejected", str(exc)
            else:
                fitted.state = taken if fitting else fitted.state
                untold = untold_end(signs) if fitting else None
                if untold is not None:
                    fitted.verdict, fitted.reason = "rejected", untold

    def _take_coefficients(self, fitted: _Fitted, rows: Rows) -> None:
        from safetensors.numpy import load_file

        assert fitted.state is not None
        assert rows.truth is not None
        found = load_file(fitted.state.path).get("coefficients")
        if found is None or found.shape != rows.truth.shape:
            fitted.verdict, fitted.reason = "rejected", f"fit must leave 'coefficients' of shape {rows.truth.shape} in its state"
        else:
            fitted.predictions = found

    def _predict(
        self,
        kit: GeneratedKit,
        train_py: str,
        inputs: Array,
        seed: int,
        scratch: Path,
        fitted: _Fitted,
        budget_s: float,
        cpu: int | None,
        stop: threading.Event,
    ) -> None:
        """Predictions for all rows, checked against those for some of them alone."""
        import numpy as np
        from safetensors.numpy import load_file, save

        assert fitted.state is not None
        part = np.sort(np.random.default_rng(_salted(kit, "audit", seed)).permutation(len(inputs))[: max(1, len(inputs) // 3)])
        rows = save({"all": inputs, "part": np.ascontiguousarray(inputs[part])})
        more: dict[str, bytes | Path] = {"state.safetensors": fitted.state.path.read_bytes(), "rows.safetensors": rows}
        job = replace(
            self._job("run_predict.py", train_py, more, budget_s, cpu),
            argv=lambda inside: [
                *(inside.python, "-I", "-B", f"{inside.inputs}/run_predict.py", "--train", f"{inside.inputs}/train.py", "--state"),
                *(f"{inside.inputs}/state.safetensors", "--rows", f"{inside.inputs}/rows.safetensors", "--out", inside.scratch),
            ],
        )
        self._guest(job, "predictions.safetensors", scratch, fitted, budget_s, stop)
        if fitted.verdict != "ok":
            return
        found = load_file(scratch / "predictions.safetensors")
        whole, alone = found.get("all"), found.get("part")
        if whole is None or alone is None or not _one_each(whole, alone, (len(inputs), len(part))):
            fitted.verdict, fitted.reason = "rejected", "predict(state, inputs) must give one prediction for each row"
        elif not np.allclose(whole[part], alone, rtol=_TOLERANCE, atol=_TOLERANCE * (1 + float(np.abs(whole).max()))):
            fitted.verdict, fitted.reason = "rejected", "a prediction depends on the other rows that are predicted with it"
        else:
            fitted.predictions = whole


# ---------------------------------------------------------------- rows


def _checked(kit: GeneratedKit, made: Mapping[str, Array], rng: np.random.Generator, digest: str) -> Rows:
    """The rows split, after every check that needs no judgement.

    Raises:
        DataRefused: shapes are wrong, targets are constant, a column is the target, or the parts share too many rows.
    """
    import numpy as np

    inputs, targets, truth = made.get("inputs"), made.get("targets"), made.get("coefficients")
    if inputs is None or targets is None:
        raise DataRefused(f"prepare.py must leave inputs and targets; it left {', '.join(sorted(made))[:200]}")
    if inputs.ndim != 2 or targets.shape != (len(inputs),):
        raise DataRefused(f"inputs must be [rows, columns] and targets [rows]; they are {inputs.shape} and {targets.shape}")
    if len(inputs) < FEWEST_ROWS or inputs.size > MOST_NUMBERS:
        raise DataRefused(
            f"the data must have {FEWEST_ROWS} rows or more, and {MOST_NUMBERS} numbers at most; they are {inputs.shape}"
        )
    if float(np.ptp(targets)) == 0:
        raise DataRefused("all targets are equal: every prediction would be right")
    classes = 0
    if kit.task == "classification":
        labels = np.unique(targets)
        classes = 256 if kit.measure == "bits_per_byte" else len(labels)
        if not np.isin(targets, np.arange(classes)).all() or classes < 2:
            raise DataRefused(f"targets must be class numbers from 0 without gaps; they are {labels[:10].tolist()}")
    if (truth is None) == _asks_truth(kit) or (truth is not None and truth.shape != (inputs.shape[1],)):
        raise DataRefused(
            "the measure coefficient_error needs 'coefficients' with one number for each column, and no other measure may have them"
        )
    _refuse_leaks(inputs, targets)
    order = rng.permutation(len(inputs)) if kit.split == "random" else np.arange(len(inputs))
    ends = [round(SHARES["train"] * len(order)), round((SHARES["train"] + SHARES["val"]) * len(order))]
    parts = dict(zip(SHARES, np.split(order, ends), strict=True))
    _refuse_shared(inputs, targets, parts)
    return Rows(
        inputs={name: np.ascontiguousarray(inputs[part]) for name, part in parts.items()},
        targets={name: np.ascontiguousarray(targets[part]) for name, part in parts.items()},
        truth=truth,
        classes=classes,
        sha256=digest,
    )


def _refuse_leaks(inputs: Array, targets: Array) -> None:
    """Refuse a column that is the target, up to scale and shift."""
    import numpy as np

    centred, goal = inputs - inputs.mean(axis=0), targets - targets.mean()
    length = np.linalg.norm(centred, axis=0) * np.linalg.norm(goal)
    agreement = np.abs(centred.T @ goal) / np.where(length == 0, 1.0, length)
    leaking = np.flatnonzero(agreement > LEAKING_CORRELATION)
    if leaking.size:
        raise DataRefused(f"leak: column {int(leaking[0])} of the inputs is the target (correlation {agreement[leaking[0]]:.6f})")


def _refuse_shared(inputs: Array, targets: Array, parts: Mapping[str, NDArray[np.intp]]) -> None:
    """Refuse held-out rows that are training rows as well."""
    import numpy as np

    whole = np.column_stack([inputs, targets])
    known = {row.tobytes() for row in whole[parts["train"]]}
    for name in ("val", "test"):
        shared = sum(row.tobytes() in known for row in whole[parts[name]])
        if shared > SHARED_ROWS * len(parts[name]):
            raise DataRefused(f"leak: {shared} of {len(parts[name])} rows of the {name} split are also rows of the training split")


def _asks_truth(kit: GeneratedKit) -> bool:
    return MEASURES[kit.measure].needs == "coefficients"


def _goal(kit: GeneratedKit, rows: Rows, split: str) -> Array:
    """What a candidate is scored against, and never holds."""
    if not _asks_truth(kit):
        return rows.targets[split]
    assert rows.truth is not None  # the data were refused otherwise
    return rows.truth


def _salted(kit: GeneratedKit, purpose: str, seed: int) -> int:
    """A seed that cannot be found from the study's seeds by who does not know the salt."""
    digest = hashlib.sha256(f"{kit.salt}|{kit.prepare_sha256}|{purpose}|{seed}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (2**31)


def _recipe(kit: GeneratedKit) -> str:
    """Hash of everything that the data follow from, apart from the seed."""
    versions = [f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn", "torch")]
    parts = (kit.prepare_py, kit.salt, kit.task, kit.measure, kit.split, sys.version, *versions)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _one_each(whole: Array, alone: Array, rows: tuple[int, int]) -> bool:
    """Whether both hold a number, or equally many, for each of their rows. Who writes the file itself may leave any shape."""
    both = (whole.shape[:1], alone.shape[:1]) == (rows[:1], rows[1:])
    return both and whole.ndim <= 2 and whole.shape[1:] == alone.shape[1:] and whole.size > 0


def _same(a: Array, b: Array) -> bool:
    import numpy as np

    return a.shape == b.shape and bool(np.abs(a - b).max() <= TWINS * (1e-300 + float(np.abs(b).max())))


def _log(fitted: _Fitted, record: RunRecord) -> str:
    """What the run printed, each line marked, then our numbers."""
    lines = [f"> {line}" for line in fitted.printed.splitlines()] + ["---", f"verdict:          {record.verdict}"]
    if record.reason is not None:
        lines.append(f"reason:           {record.reason}")
    if record.measurement is not None:
        lines.append(f"{record.measurement.metric + ':':<18}{record.measurement.value:.6f}")
        lines.append(f"rows_fitted:      {record.measurement.tokens}")
        lines.append(f"rows_scored:      {record.measurement.scored_bytes}")
    lines += [f"training_seconds: {record.cost.train_cpu_s:.1f}", f"peak_memory_mb:   {record.cost.peak_memory_mb:.1f}"]
    return "\n".join(lines) + "\n"
