"""Phase D, design: the frozen plan, the code of each condition, the schedule."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, PositiveFloat, PositiveInt

from stages.contracts.base import Contract, Sha256, Slug, says_nothing
from stages.contracts.generated_kits import GeneratedKit, Repair
from stages.contracts.kits import Metric
from stages.contracts.synthesis import Contrast


class PlannedComparison(Contract):
    """a is judged against b; all comparisons of the plan form one Holm family."""

    a: Slug
    b: Slug
    hypothesis: Slug | None
    purpose: Literal["hypothesis", "ablation", "interaction"]


class RegisteredHypothesis(Contract):
    """What was claimed before the first run, word for word, with the margin that judges it."""

    id: Slug
    statement: str
    treatment: Slug
    reference: Slug
    predicts: Literal["better", "worse", "same"]
    predicted_size: FiniteFloat = Field(ge=0)
    refuted_when: str


class ExperimentPlan(Contract):
    """Stage 9: frozen by `registration_sha256` before the first run."""

    kit: Slug
    kit_sha256: Sha256
    metric: Metric
    conditions: tuple[Contrast, ...] = Field(min_length=2)
    comparisons: tuple[PlannedComparison, ...] = Field(min_length=1)
    hypotheses: tuple[RegisteredHypothesis, ...] = Field(default=(), description="As debated; the first is the main one.")
    seeds: tuple[int, ...] = Field(min_length=1, description="Reported seeds, the same for every condition.")
    development_seeds: tuple[int, ...]
    confirmation_seeds: tuple[int, ...]
    refine_attempts: int
    budget_s: PositiveFloat
    scored_bytes: PositiveInt | None
    alpha: float = 0.05
    analysis: tuple[str, ...] = Field(description="The analysis plan, one full sentence each.")
    stopping_rules: tuple[str, ...]
    guidance_followed: tuple[str, ...] = ()
    guidance_not_understood: tuple[str, ...] = ()
    registration_sha256: Sha256

    @property
    def family(self) -> int:
        """Tests that are adjusted together: the planned comparisons and, where factors are combined, their interaction."""
        return len(self.comparisons) + any(condition.role == "combination" for condition in self.conditions)


class CodeCheck(Contract):
    name: str
    passed: bool
    detail: str


class ConditionCode(Contract):
    """One condition as a one-purpose patch of train.py, proved by a short run."""

    condition: Slug
    patch: str = Field(description="Unified diff against the kit's train.py; empty for the baseline.")
    train_py: str
    train_sha256: Sha256
    checks: tuple[CodeCheck, ...]
    steps: PositiveInt = Field(description="Optimisation steps that fit in the budget on the reference clock.")
    cost_ratio: PositiveFloat = Field(description="CPU time of one step over that of the baseline, interleaved measurement.")
    parameters: PositiveInt
    probe_sha256: Sha256 = Field(description="Hash of the probe's weights; equal hashes of two conditions are refused.")


class CodeBundle(Contract):
    """Stage 10."""

    baseline: Slug
    codes: tuple[ConditionCode, ...]
    reference_step_s: PositiveFloat = Field(description="Time of one baseline step by the parent's clock.")
    clock: Literal["cpu", "wall"]
    generated: GeneratedKit | None = Field(default=None, exclude_if=says_nothing, description="The kit, where it was written here.")
    generated_sha256: Sha256 | None = Field(default=None, exclude_if=says_nothing)
    review: tuple[str, ...] = Field(default=(), exclude_if=says_nothing, description="What the reviewer of prepare.py looked at.")
    repairs: tuple[Repair, ...] = Field(default=(), exclude_if=says_nothing)


STRONG_ISOLATION = ("bubblewrap", "docker", "podman")
"""How the name of an isolation begins that keeps a guest from files and network; any other must be told in the paper."""


class TrainingRequest(Contract):
    """Everything that determines a training run; its hash is the run's name in the journal."""

    kit: Slug
    kit_sha256: Sha256
    condition: Slug
    train_py: str
    seed: int
    steps: PositiveInt
    budget_s: PositiveFloat
    scored_bytes: PositiveInt | None
    split: Literal["val", "test"] = "val"
    purpose: Literal["report", "development", "confirmation", "probe", "replay"]
    sealed: bool = Field(
        default=False, exclude_if=says_nothing, description="The same weights are scored on the sealed test split as well."
    )
    generated: GeneratedKit | None = Field(default=None, exclude_if=says_nothing, description="Where no kit is shipped.")


class Schedule(Contract):
    """Stage 11: what will run, where, and what it will cost."""

    runs: tuple[TrainingRequest, ...]
    workers: PositiveInt
    device: str
    isolation: str
    estimated_run_s: PositiveFloat
    estimated_total_s: PositiveFloat
    deviations: tuple[str, ...] = Field(default=(), description="Where the schedule had to leave the plan; full sentences.")
