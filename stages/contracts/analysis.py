"""Phase F, analysis: every aggregate, what it says about the hypotheses, and what follows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, PositiveFloat, PositiveInt

from stages.contracts.base import Contract, Slug, says_nothing
from stages.contracts.kits import Metric


class SeedSummary(Contract):
    """One metric of one condition over seeds; std is None below two seeds."""

    seeds: dict[str, FiniteFloat] = Field(description="Seed -> value.")
    n: PositiveInt
    mean: FiniteFloat
    std: FiniteFloat | None
    min: FiniteFloat
    max: FiniteFloat
    median: FiniteFloat


class PairedComparison(Contract):
    """a minus b over shared seeds. Sign is the metric's: below zero is better when lower is better."""

    a: Slug
    b: Slug
    n: PositiveInt
    differences: dict[str, FiniteFloat]
    mean_diff: FiniteFloat
    abs_mean_diff: FiniteFloat = Field(ge=0)
    rel_diff_percent: FiniteFloat
    abs_rel_diff_percent: FiniteFloat = Field(ge=0)
    mean_ratio: PositiveFloat | None = Field(
        default=None, description="Mean of a over that of b; None for an interaction and where a mean is not above zero."
    )
    sd_diff: FiniteFloat | None
    ci95_low: FiniteFloat | None = Field(description="t interval of the paired difference; None below three seeds.")
    ci95_high: FiniteFloat | None
    t_p: FiniteFloat | None = Field(description="Two-sided paired t test; None below three seeds.")
    holm_p: FiniteFloat | None = Field(description="Holm-adjusted within the plan's family; None outside it.")
    wilcoxon_p: FiniteFloat | None = Field(description="Exact; None below six seeds.")
    dz: FiniteFloat | None
    hedges_dz: FiniteFloat | None = Field(description="dz with the small-sample correction.")
    wins: int = Field(ge=0, description="Seeds on which a is better.")
    mde: FiniteFloat | None = Field(description="Smallest difference found with 80 % power at this n and sd.")
    verdict: Literal["better", "worse", "not distinguishable", "single run", "two runs"]


class ConditionResult(Contract):
    label: str
    role: Literal["baseline", "treatment", "combination", "ablation", "tuned"]
    metrics: dict[Slug, SeedSummary]
    steps: PositiveInt
    parameters: PositiveInt
    tokens: PositiveInt
    cost_ratio: PositiveFloat
    curve: dict[str, SeedSummary] = Field(description="Step -> metric over seeds on the curve's own sample.")
    failed: int = Field(ge=0)


class RunSeconds(Contract):
    """Training time of one condition's scored runs, on the clock of the budget, in seconds."""

    mean: FiniteFloat = Field(ge=0)
    least: FiniteFloat = Field(ge=0)
    most: FiniteFloat = Field(ge=0)


class Results(Contract):
    """results.json: every aggregate that is printed anywhere. `path` in provenance.json is a JSON pointer into it."""

    metric: Metric
    conditions: dict[Slug, ConditionResult]
    comparisons: dict[str, dict[Slug, PairedComparison]] = Field(description="'a_vs_b' -> metric -> comparison.")
    interaction: PairedComparison | None = Field(description="(both - a) - (b - baseline), in a two-factor study.")
    references: dict[Slug, FiniteFloat]
    data: dict[Slug, int | float | str]
    config: dict[str, int | float | str]
    literature: dict[Slug, int]
    environment: dict[Slug, str | int | float]
    cost: dict[Slug, int | float] = Field(description="Differs between machines; printed on the cost line only.")
    seconds: dict[Slug, RunSeconds] = Field(
        default_factory=dict,
        exclude_if=says_nothing,
        description="Condition -> what its scored runs took; as `cost`, printed beside the cost line only.",
    )


class Finding(Contract):
    """What the data say about one hypothesis."""

    hypothesis: Slug
    comparison: str = Field(description="Key into Results.comparisons.")
    verdict: Literal["supported", "contradicted", "undecided"]
    reason: str


class AnalystRemark(Contract):
    analyst: Literal["statistician", "domain reader", "devil's advocate"]
    text: str = Field(description="May refer to values by {{key|format}} only.")
    comparison: str | None = None


class Stand(Contract):
    """What one analyst thinks of one hypothesis once he has seen the numbers; a finding stands whatever he thinks."""

    analyst: Literal["statistician", "domain reader", "devil's advocate"]
    hypothesis: Slug
    view: Literal["holds", "fails", "open"]


class Analysis(Contract):
    """Stage 14."""

    results: Results
    findings: tuple[Finding, ...]
    remarks: tuple[AnalystRemark, ...]
    stands: tuple[Stand, ...] = Field(default=(), exclude_if=says_nothing, description="Every analyst on every hypothesis.")
    best: Slug = Field(description="Condition with the best mean; says nothing about significance.")

    @property
    def disagreements(self) -> tuple[Slug, ...]:
        """Hypotheses on which the analysts do not think alike."""
        views: dict[Slug, set[str]] = {}
        for stand in self.stands:
            views.setdefault(stand.hypothesis, set()).add(stand.view)
        return tuple(hypothesis for hypothesis, held in views.items() if len(held) > 1)


class Decision(Contract):
    """Stage 15."""

    verdict: Literal["proceed", "refine", "pivot"]
    reasons: tuple[str, ...]
    evidence: tuple[str, ...] = Field(description="JSON pointers into results.json.")
