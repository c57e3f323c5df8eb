"""Phase E, execution: what was measured, and what the improvement loop tried."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, PositiveInt

from stages.contracts.base import Contract, Sha256, Slug, says_nothing
from stages.contracts.design import ConditionCode
from stages.contracts.generated_kits import Edit, Repair


def _is_none(value: object) -> bool:
    return value is None


def _counts_bytes(value: object) -> bool:
    return value == "bytes"


class CurvePoint(Contract):
    step: int
    value: FiniteFloat = Field(description="Metric by the evaluator on a saved checkpoint, on the curve's own sample.")


class Measurement(Contract):
    """One score, computed by the evaluator from predictions, never by the trained code."""

    metric: Slug
    value: FiniteFloat
    split: Literal["val", "test"]
    scored_bytes: PositiveInt
    curve: tuple[CurvePoint, ...]
    parameters: PositiveInt
    steps: PositiveInt
    tokens: PositiveInt = Field(description="Training tokens seen.")
    weights_sha256: Sha256
    corpus_sha256: Sha256
    counts: Literal["bytes", "rows"] = Field(
        default="bytes", exclude_if=_counts_bytes, description="What `scored_bytes` and `tokens` count."
    )
    sealed_value: FiniteFloat | None = Field(
        default=None, exclude_if=_is_none, description="Of the same weights on the sealed test split, where the request asked for it."
    )
    sealed_fault: str | None = Field(
        default=None, exclude_if=_is_none, description="Why the look at the test split that the request asked for gave no score."
    )


class RunCost(Contract):
    """Not reproducible between machines: kept out of everything but the cost line."""

    train_cpu_s: float
    train_wall_s: float
    startup_s: float
    evaluation_s: float
    peak_memory_mb: float


Verdict = Literal["ok", "crash", "timeout", "nonfinite", "rejected"]


class RunRecord(Contract):
    """What came of one training request."""

    request_sha256: Sha256
    condition: Slug
    seed: int
    purpose: Literal["report", "development", "confirmation", "probe", "replay"]
    verdict: Verdict
    reason: str | None = Field(default=None, description="Named when the verdict is not ok.")
    measurement: Measurement | None = None
    cost: RunCost
    isolation: str
    command: str = Field(description="Re-runs it from the folder that holds experiment_runs/.")
    folder: str = Field(description="Relative to the run folder.")
    log_tail: str = ""
    machine: str | None = Field(
        default=None,
        exclude_if=says_nothing,
        description="The worker that ran it, with its hardware; None: the study's machine.",
    )


class CorpusFacts(Contract):
    """The data as prepared, with reference values that need no training."""

    name: str
    sha256: Sha256
    files: PositiveInt
    train_bytes: PositiveInt
    val_bytes: PositiveInt
    test_bytes: PositiveInt
    references: dict[Slug, FiniteFloat] = Field(description="bpb of gzip, bz2, xz, order_1 … on the validation split.")
    counts: Literal["bytes", "rows"] = Field(default="bytes", exclude_if=_counts_bytes, description="What the sizes count.")


class RunRecords(Contract):
    """Stage 12."""

    corpus: CorpusFacts
    runs: tuple[RunRecord, ...]


class Attempt(Contract):
    """One try of the improvement loop."""

    number: PositiveInt
    change: str = Field(description="e.g. 'LEARNING_RATE 0.002 -> 0.003'.")
    settings: dict[str, str]
    edits: tuple[Edit, ...] = Field(default=(), exclude_if=says_nothing, description="In a generated kit, what was changed.")
    seed: int
    value: FiniteFloat | None
    gain: FiniteFloat | None = Field(description="Over the incumbent on the same development seed; positive is better.")
    verdict: Literal["keep", "discard", "same", "crash", "timeout", "nonfinite", "rejected"] = Field(
        description="'same': it predicts what the incumbent predicts, so it was not measured."
    )


class RefinedRecords(Contract):
    """Stage 13: repairs, and the improvement loop on development seeds with its confirmation on fresh ones."""

    corpus: CorpusFacts
    runs: tuple[RunRecord, ...] = Field(description="All reported runs, repaired ones replaced.")
    repairs: tuple[str, ...]
    incumbent: Slug | None = Field(description="Condition that the loop started from; None: no loop was run.")
    attempts: tuple[Attempt, ...]
    development: tuple[RunRecord, ...] = Field(default=(), description="Incumbent and attempts on the development seed.")
    tuned: ConditionCode | None = Field(description="The winner, as a patch; its condition id is 'tuned'.")
    tuned_settings: dict[str, str] = Field(default_factory=dict)
    confirmation: tuple[RunRecord, ...] = Field(description="Incumbent and winner on the same fresh seeds.")
    stopped_because: str
    mended: tuple[ConditionCode, ...] = Field(
        default=(), exclude_if=says_nothing, description="Conditions whose failing code was repaired, all runs of it."
    )
    mending: tuple[Repair, ...] = Field(default=(), exclude_if=says_nothing)
