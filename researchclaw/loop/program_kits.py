"""Kits that are one program instead of a study, as the loop sees them: `digits`, scored by labels, and those of a GPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from researchclaw import gpu_kits, gpu_runs, wiring
from researchclaw.adapters.command_experiment import CommandRecord, run_command_kit
from researchclaw.adapters.gpu_experiment import GpuRecord, run_gpu_kit
from researchclaw.command_kits import command_kit_names, command_kits_folder, load_command_kit
from researchclaw.gpu_kits import gpu_kit_names, gpu_kits_folder, load_gpu_kit
from researchclaw.kits import kit_folder, kit_names, load_kit
from researchclaw.loop.contracts import GuardResult, Plan, Score
from researchclaw.loop.repository import Repository
from researchclaw.loop.scorers import NO_PROGRAM, InterruptedScoringError, program_of
from researchclaw.settings import Settings
from stages.contracts import CorpusFacts, Metric

Measure = Callable[[bytes, int, Literal["val", "test"], bool], CommandRecord | GpuRecord]
"""Source, seed, split, whether all of the split is scored -> record."""


def loop_kit_names() -> tuple[str, ...]:
    """Every shipped kit, since the loop works on all of them."""
    return (*kit_names(), *command_kit_names(), *gpu_kit_names())


def folder_of(name: str) -> Path:
    """Where the kit's train.py, program.md and kit.yaml lie."""
    if name in command_kit_names():
        return command_kits_folder() / name
    return gpu_kits_folder() / name if name in gpu_kit_names() else kit_folder(name)


def metric_of(name: str) -> Metric:
    """What the kit measures."""
    if name in command_kit_names():
        return load_command_kit(folder_of(name)).metric
    return load_gpu_kit(name).metric if name in gpu_kit_names() else load_kit(folder_of(name)).metric


def check_machine(name: str, settings: Settings) -> None:
    """Raises: GpuUnavailable, SettingsError: the kit needs a GPU and cannot have one."""
    if name in gpu_kit_names() and settings.experiment.device == "cuda":
        gpu_kits.gpu_for(load_gpu_kit(name), settings.sandbox.gpu)


def program_scorer(name: str, repository: Repository, plan: Plan, settings: Settings) -> ProgramScorer | None:
    """The scorer of a kit that is one program; None for a kit of a study."""
    if name in command_kit_names():
        kit, folder = load_command_kit(folder_of(name)), folder_of(name)
        state = wiring.state_folder(settings)
        isolation = wiring.isolation_of(settings, state)
        limits = wiring.limits_of(settings)

        def once(source: bytes, seed: int, split: Literal["val", "test"], whole: bool) -> CommandRecord:
            return run_command_kit(
                kit,
                folder,
                isolation,
                limits,
                seed=seed,
                split=split,
                candidate=source,
                budget_s=plan.kit_budget_s,
                state=state,
            )

        return ProgramScorer(repository, isolation.name, once)
    if name in gpu_kit_names():
        bench = gpu_runs.bench_of(load_gpu_kit(name), settings)
        one_at_a_time = threading.Lock()  # two programs on one GPU would take each other's time

        def on_gpu(source: bytes, seed: int, split: Literal["val", "test"], whole: bool) -> GpuRecord:
            with one_at_a_time:
                record = run_gpu_kit(
                    bench,
                    source.decode(),
                    program="candidate",
                    seed=seed,
                    budget_s=plan.kit_budget_s,
                    split=split,
                    scored_bytes=None if whole else plan.kit_scored_bytes,
                )
            gpu_runs.count_look(record, settings)
            return record

        return ProgramScorer(repository, bench.isolation.name, on_gpu, bench.corpus, bench.gpu.name if bench.gpu else None)
    return None


class ProgramScorer:
    """See `Scorer`. Whether a seed repeats itself is found out: it need not on a GPU."""

    repeatable = None

    def __init__(
        self, repository: Repository, isolation: str, measure: Measure, corpus: CorpusFacts | None = None, gpu: str | None = None
    ) -> None:
        """corpus: the prepared data of a kit that has such. gpu: name of the one that the program runs on."""
        self._repository, self._measure = repository, measure
        self.isolation, self.corpus, self.gpu = isolation, corpus, gpu
        self.stop = threading.Event()

    def expect(self, seconds: float) -> None:
        """The kit's own limits hold."""

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        """See `Scorer.score`."""
        return self._scored(tree, seed, "val", whole)

    def held_out(self, tree: str) -> Score:
        return self._scored(tree, 0, "test", whole=True)

    def guard(self, tree: str, command: str) -> GuardResult:
        raise NotImplementedError("a kit's run has no guard commands; the plan is checked for it")

    def _scored(self, tree: str, seed: int, split: Literal["val", "test"], whole: bool) -> Score:
        if self.stop.is_set():
            raise InterruptedScoringError
        program = program_of(self._repository, tree)
        if program is None:
            return NO_PROGRAM
        record = self._measure(program, seed, split, whole)
        if self.stop.is_set():
            raise InterruptedScoringError
        if isinstance(record, CommandRecord):
            cost = (record.wall_s, record.train_cpu_s, record.peak_memory_mb)
        else:
            cost = (record.startup_s + record.train_s + record.save_s + record.evaluation_s, 0.0, record.peak_memory_mb or 0.0)
        return Score(
            verdict="crash" if record.verdict == "nonfinite" else record.verdict,
            value=record.value,
            reason=record.reason,
            wall_s=cost[0],
            cpu_s=cost[1],
            peak_memory_mb=cost[2],
        )
