"""The nouns of the improvement loop; the events are the lines of a run's log, and everything else is derived from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, NonNegativeFloat, PositiveFloat, PositiveInt, StringConstraints

from stages.contracts import Contract, Sha256

ObjectId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""Name of a git object."""

Direction = Literal["lower", "higher"]
Agent = Literal["offline", "model", "acp"]

Verdict = Literal["keep", "discard", "inconclusive", "crash", "timeout", "rejected", "guard-failed"]
"""keep: the branch moved on to it. inconclusive: may help, not shown; it can come up again. rejected: broke a rule."""


class Thresholds(Contract):
    """When a gain is worth its price."""

    min_delta: NonNegativeFloat = Field(default=0.0, description="A gain must be larger, in the metric's unit.")
    tiny_gain: NonNegativeFloat = Field(
        default=0.001, description="Relative gain below which more than `tiny_gain_lines` added lines are not worth it."
    )
    tiny_gain_lines: Annotated[int, Field(ge=0)] = Field(default=20, description="Net lines that a tiny gain may cost.")
    simpler_margin: NonNegativeFloat = Field(
        default=1.0, description="A change that removes lines may be this much worse, in sds of a paired difference, at 95 %."
    )
    confirmations: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="Fresh seeds that confirm a keep.")
    final_seeds: Annotated[int, Field(ge=0, le=50)] = Field(default=5, description="Fresh seeds of the final comparison.")


class Plan(Contract):
    """What a run is to do: written once at its start, never changed."""

    goal: str
    scope: tuple[str, ...] = Field(
        min_length=1, description="Globs of files that may change, '/' between folders, '**' for any depth."
    )
    verify: str = Field(description="Shell command that prints the metric; empty for a kit.")
    metric: str = Field(default="metric", description="Name in METRIC lines and JSON.")
    direction: Direction
    guards: tuple[str, ...] = ()
    holdout: str | None = Field(default=None, description="Command run for the baseline and at the end, never in between.")
    needs: tuple[str, ...] = Field(default=(), description="Untracked files of the repository that the commands read.")
    thresholds: Thresholds = Thresholds()
    calibration_runs: Annotated[int, Field(ge=2, le=50)] = 5
    iterations: PositiveInt | None = None
    budget_s: PositiveFloat | None = Field(default=None, description="Wall time of all processes of the run together.")
    timeout_s: PositiveFloat | None = Field(default=None, description="Of one command; None: ten times the baseline's and 10 s more.")
    parallel: PositiveInt = 1
    agent: Agent = "offline"
    propose: tuple[str, ...] = Field(default=(), description="Texts of patches that a person proposes, in order.")
    proposer_command: str | None = None
    patches: tuple[str, ...] = Field(default=(), description="Texts of patches that the rule-based proposer may try when it widens.")
    kit: str | None = None
    kit_budget_s: PositiveFloat | None = None
    kit_scored_bytes: PositiveInt | None = None
    screen: bool = Field(default=False, description="Begin with a two-level screening design over the annotated constants.")
    seed: Annotated[int, Field(ge=0)] = 0

    def gain(self, new: float, old: float) -> float:
        """How much better, in the metric's unit; positive is better."""
        return old - new if self.direction == "lower" else new - old


class Plausible(Contract):
    """What `loop plan` found when it tried the plan on the present commit."""

    plan: Plan
    commit: ObjectId
    values: tuple[FiniteFloat, ...] = Field(description="Of the verify command, twice.")
    seconds: NonNegativeFloat


class Score(Contract):
    """What one run of one version gave."""

    verdict: Literal["ok", "crash", "timeout", "rejected"]
    value: FiniteFloat | None = None
    reason: str | None = Field(default=None, description="One line, when there is no value.")
    wall_s: NonNegativeFloat
    cpu_s: NonNegativeFloat
    peak_memory_mb: NonNegativeFloat


class ScoreRequest(Contract):
    """The key of a score in the log. `salt` tells repetitions apart where the same run does not give the same number."""

    tree: ObjectId
    seed: int
    salt: str = ""


class GuardRequest(Contract):
    tree: ObjectId
    command: str
    salt: str = ""


class GuardResult(Contract):
    passed: bool
    reason: str | None = None
    wall_s: NonNegativeFloat


class Lesson(Contract):
    """What an attempt or a run taught. `operator` ties it to what can be tried again."""

    operator: str
    strategy: str
    outcome: str
    insight: str
    context: str
    at: str
    run: str
    shown: int = 0
    helped: int = Field(default=0, description="Attempts of later runs with the same operator that were kept after it was shown.")


class Calibration(Contract):
    """The baseline and its noise, before any attempt."""

    values: tuple[FiniteFloat, ...]
    repeats: tuple[FiniteFloat, ...] = Field(description="The same seeds again, as many as were needed to see whether they agree.")
    repeatable: bool = Field(description="The same version and seed gave the same number to the last bit.")
    deterministic: bool = Field(description="Every run gave the same number.")
    sd: NonNegativeFloat = Field(description="Of single values, in the metric's unit.")
    sd_difference: NonNegativeFloat = Field(description="Of a paired difference: measured, or sd times the root of two.")
    degrees: PositiveInt
    mde: NonNegativeFloat = Field(description="Gain that the keep rule would find in about 80 % of cases.")
    seconds: NonNegativeFloat = Field(description="Median wall time of one run.")
    advice: str | None = None


# ---------------------------------------------------------------- events


class LoopStarted(Contract):
    plan: Plan
    base: ObjectId = Field(description="Sealed commit: everything out of scope comes from it, in every attempt.")
    isolation: str
    lessons: tuple[Lesson, ...]


class Calibrated(Contract):
    calibration: Calibration


class HeldOut(Contract):
    """One look at the sealed test."""

    what: Literal["baseline", "final"]
    value: FiniteFloat | None
    reason: str | None = None


class Proposed(Contract):
    """A change that passed the door and was committed; `revision` counts repairs and reworks of one attempt."""

    number: PositiveInt
    revision: Annotated[int, Field(ge=0)] = 0
    proposer: str
    operator: str = Field(description="Kind of change, e.g. 'LEARNING_RATE up' or 'patch'; the bandit's arm.")
    hypothesis: str
    commit: ObjectId
    tree: ObjectId
    parent: ObjectId = Field(description="The incumbent's commit.")
    fingerprint: Sha256 = Field(description="Of the normalised code in scope; the same code is never tried twice.")
    added: int
    removed: int
    screening: bool = False


class AttemptEnded(Contract):
    """The verdict on one attempt."""

    number: PositiveInt
    verdict: Verdict
    reason: str
    operator: str
    hypothesis: str
    commit: ObjectId | None = Field(description="None: refused at the door, nothing was committed.")
    parent: ObjectId
    seeds: tuple[int, ...] = ()
    deltas: tuple[FiniteFloat, ...] = Field(default=(), description="Paired gains on development seeds, positive is better.")
    fresh_seeds: tuple[int, ...] = ()
    fresh_deltas: tuple[FiniteFloat, ...] = ()
    value: FiniteFloat | None = Field(default=None, description="Mean over the seeds that count: the fresh ones when there are any.")
    gain: FiniteFloat | None = Field(default=None, description="Mean paired gain on those seeds.")
    low: FiniteFloat | None = Field(default=None, description="90 % interval of the gain.")
    high: FiniteFloat | None = None
    runs: int = 0
    seconds: NonNegativeFloat = 0.0
    peak_memory_mb: NonNegativeFloat = 0.0
    guard: Literal["passed", "failed", "not run", "none"] = "none"
    repairs: int = 0
    reworks: int = 0
    lines: int = Field(default=0, description="Net lines of code, negative: simpler.")
    screening: bool = False
    crash_signature: str | None = None


class StrategyChanged(Contract):
    """The ladder's next rung."""

    to: Literal["refine", "pivot", "widen"]
    after: int = Field(description="Number of the attempt after which it was taken.")
    banned: str | None = Field(default=None, description="Operator family that a pivot sets aside.")
    reason: str


class Learned(Contract):
    lesson: Lesson


class FailedRun(Contract):
    """A run of the final comparison that gave no number."""

    seed: int
    version: Literal["baseline", "last"]
    reason: str


class FinalEstimate(Contract):
    """Baseline against the last incumbent on seeds that no decision has seen."""

    seeds: tuple[int, ...] = Field(description="Those on which both gave a number.")
    deltas: tuple[FiniteFloat, ...]
    gain: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat
    baseline: FiniteFloat
    value: FiniteFloat
    failed: tuple[FailedRun, ...] = ()


class NoFinalEstimate(Contract):
    """The final comparison was made, and on no seed both versions gave a number."""

    failed: tuple[FailedRun, ...]


class Surroundings(Contract):
    """What scores depend on beside the version that is measured."""

    corpus: str | None = Field(description="Name of the prepared data, for a message; None: no kit, or one that holds its data.")
    data: Sha256 | None = Field(description="Hash of the prepared data.")
    kit: Sha256 | None = Field(description="Hash of the kit's files and its harness; None: the run is on a repository.")
    python: str
    torch: str
    numpy: str
    processor: str = Field(description="Model of the CPU.")
    processor_class: str = Field(description="What the last bits of a sum depend on, see hardware.processor_class.")
    gpu: str | None = Field(description="Its name, for runs on one.")


class ProcessStarted(Contract):
    """A process begins to work on the run; one without a `ProcessEnded` was killed."""

    surroundings: Surroundings | None = Field(default=None, description="None: nobody looked.")


class ProcessEnded(Contract):
    seconds: NonNegativeFloat


class LoopEnded(Contract):
    reason: str
    improved: bool
