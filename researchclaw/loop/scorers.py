"""Where the number comes from: the user's command or a kit's harness, run by us in the sandbox; never from who proposed."""

from __future__ import annotations

import threading
from typing import Protocol

from researchclaw.adapters.experiment_runner import last_line
from researchclaw.adapters.isolation.streams import plain_text
from researchclaw.adapters.isolation.supervisor import Outcome
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.experiment_cli import steps_in_budget
from researchclaw.loop.commands import Workbench
from researchclaw.loop.contracts import GuardResult, Plan, Score
from researchclaw.loop.metric_text import NoMetricError, metric_in
from researchclaw.loop.repository import Repository
from stages.contracts import Kit, RunRecord, TrainingRequest

_FIRST_TIMEOUT_S = 3600.0  # before the baseline was timed


class InterruptedScoringError(Exception):
    """The process was asked to end while a run was going on; it is done again on resume."""


class Scorer(Protocol):
    """Measures versions. Threads may share it."""

    stop: threading.Event

    @property
    def isolation(self) -> str: ...

    @property
    def repeatable(self) -> bool | None:
        """Whether one version and seed always give one number; None: found out by calibration."""
        ...

    def expect(self, seconds: float) -> None:
        """How long the baseline takes: what needs ten times that and 10 s more is a timeout."""
        ...

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        """whole: on all data that the metric knows, for milestones; a search may look at a sample of them.

        Whatever a version does is a verdict. An exception is a fault of the harness or of the machine: nothing is written, the
        process ends with it, and a resume measures again.
        """
        ...

    def guard(self, tree: str, command: str) -> GuardResult: ...

    def held_out(self, tree: str) -> Score: ...


class CommandScorer:
    """The metric is what the verify command prints."""

    repeatable = None

    def __init__(self, workbench: Workbench, plan: Plan) -> None:
        self._workbench, self._plan = workbench, plan
        self._timeout_s = plan.timeout_s or _FIRST_TIMEOUT_S
        self.stop = threading.Event()

    @property
    def isolation(self) -> str:
        return self._workbench.isolation

    def expect(self, seconds: float) -> None:
        if self._plan.timeout_s is None:
            self._timeout_s = 10 * seconds + 10

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        """See `Scorer.score`; a command always gives the same metric."""
        return self._score(tree, self._plan.verify, seed)

    def held_out(self, tree: str) -> Score:
        assert self._plan.holdout is not None
        return self._score(tree, self._plan.holdout, 0)

    def guard(self, tree: str, command: str) -> GuardResult:
        outcome = self._run(tree, command, 0)
        reason = _failure(outcome, self._timeout_s)
        return GuardResult(passed=reason is None, reason=reason, wall_s=outcome.wall_s)

    def _run(self, tree: str, command: str, seed: int) -> Outcome:
        outcome = self._workbench.run(tree, command, seed=seed, timeout_s=self._timeout_s, stop=self.stop)
        if outcome.stopped and outcome.excess is None:
            raise InterruptedScoringError
        return outcome

    def _score(self, tree: str, command: str, seed: int) -> Score:
        outcome = self._run(tree, command, seed)
        reason = _failure(outcome, self._timeout_s)
        cost = {"wall_s": outcome.wall_s, "cpu_s": outcome.cpu_s, "peak_memory_mb": outcome.peak_memory_mb}
        if reason is not None:
            return Score(verdict="timeout" if outcome.excess in ("wall time", "CPU time") else "crash", reason=reason, **cost)
        if outcome.stdout_left_out:
            reason = "the command printed more than is kept, and a second METRIC line may be lost; send logs to stderr or /dev/null"
            return Score(verdict="rejected", reason=reason, **cost)
        try:
            return Score(verdict="ok", value=metric_in(plain_text(outcome.stdout), self._plan.metric), **cost)
        except NoMetricError as exc:
            return Score(verdict="rejected", reason=str(exc), **cost)


def _failure(outcome: Outcome, timeout_s: float) -> str | None:
    """Why a command did not end well, in one line."""
    if outcome.excess in ("wall time", "CPU time"):
        return f"stopped after {outcome.wall_s:.0f} s; {timeout_s:.0f} s are allowed"
    if outcome.excess is not None:
        return f"stopped: too much {outcome.excess}"
    if outcome.exit_code != 0:
        said = last_line(outcome.stderr) or last_line(outcome.stdout)
        return f"exit code {outcome.exit_code}" + (f": {said}" if said else "")
    return None


NO_PROGRAM = Score(verdict="rejected", reason="the change takes train.py away", wall_s=0, cpu_s=0, peak_memory_mb=0)


def program_of(repository: Repository, tree: str) -> bytes | None:
    """The kit's program in a version; None: a change took it away."""
    entries = [entry for entry in repository.entries(tree) if entry.path == "train.py" and entry.is_file]
    return b"".join(repository.blobs([entries[0].id])) if entries else None


class KitScorer:
    """The metric is what the kit's harness computes from the weights of a training run."""

    repeatable = True

    def __init__(self, repository: Repository, laboratory: LocalLaboratory, kit: Kit, plan: Plan) -> None:
        self._repository, self._laboratory, self._kit, self._plan = repository, laboratory, kit, plan
        self._budget_s = plan.kit_budget_s or kit.default_budget_s
        self._sources: dict[str, str] = {}
        self._timing: dict[str, threading.Lock] = {}
        self.stop = threading.Event()

    @property
    def isolation(self) -> str:
        return self._laboratory.isolation

    def expect(self, seconds: float) -> None:
        """The kit's own limits hold."""

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        """See `Scorer.score`."""
        return self._scored(tree, seed, "val", None if whole else self._plan.kit_scored_bytes)

    def held_out(self, tree: str) -> Score:
        return self._scored(tree, 0, "test", None)

    def guard(self, tree: str, command: str) -> GuardResult:
        raise NotImplementedError("a kit's run has no guard commands; the plan is checked for it")

    def _scored(self, tree: str, seed: int, split: str, scored_bytes: int | None) -> Score:
        source = self._train_py(tree)
        if source is None:
            return NO_PROGRAM
        with self._timing.setdefault(tree, threading.Lock()):  # seeds of one version begin at once; its steps are timed once
            steps = steps_in_budget(self._laboratory, self._kit.name, self._kit.train_py, source, self._budget_s)
        request = TrainingRequest.model_validate(
            {
                "kit": self._kit.name,
                "kit_sha256": self._kit.kit_sha256,
                "condition": f"tree_{tree[:12]}",
                "train_py": source,
                "seed": seed,
                "steps": steps,
                "budget_s": self._budget_s,
                "scored_bytes": scored_bytes,
                "split": split,
                "purpose": "development",
            }
        )
        (record,) = self._laboratory.measure([request])
        return _score_of(record)

    def _train_py(self, tree: str) -> str | None:
        if tree not in self._sources:
            program = program_of(self._repository, tree)
            if program is None:
                return None
            self._sources[tree] = program.decode()
        return self._sources[tree]


def _score_of(record: RunRecord) -> Score:
    cost = record.cost
    return Score(
        verdict="crash" if record.verdict == "nonfinite" else record.verdict,
        value=record.measurement.value if record.measurement else None,
        reason=record.reason,
        wall_s=cost.startup_s + cost.train_wall_s + cost.evaluation_s,
        cpu_s=cost.train_cpu_s,
        peak_memory_mb=cost.peak_memory_mb,
    )
