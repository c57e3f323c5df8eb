"""A made-up study: four conditions of a learning-rate schedule, three seeds, a loop with a confirmed winner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from stages import contracts as c
from stages.f_analysis import research_decision, result_analysis

SHA = "0" * 64
METRIC = c.Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True)
TRAIN_PY = """
LEARNING_RATE = 2e-3
BATCH_SIZE: int = 16
SCHEDULE = 'constant'
MINIMUM = -1
TIED = True
lower_case = 3
def build(): ...
"""
HARDWARE = c.Hardware(
    cpu="a processor", physical_cores=2, memory_gb=23.4, accelerator=None, operating_system="Linux", python="3.11.7", torch="2.13.0"
)
COSINE, SMALL = {"SCHEDULE": "'cosine'"}, {"BATCH_SIZE": "8"}
CONTRASTS = tuple(
    c.Contrast.model_validate({"reason": "asked", **fields})
    for fields in (
        {"id": "constant", "label": "constant rate", "role": "baseline"},
        {"id": "cosine", "label": "cosine decay", "role": "treatment", "levels": {"schedule": "cosine"}, "settings": COSINE},
        {"id": "batch8", "label": "small batch", "role": "treatment", "levels": {"batch": "small"}, "settings": SMALL},
        {
            "id": "both",
            "label": "cosine decay with small batch",
            "role": "combination",
            "levels": {"schedule": "cosine", "batch": "small"},
            "settings": COSINE | SMALL,
        },
        {
            "id": "no_warmup",
            "label": "cosine decay without warm-up",
            "role": "ablation",
            "settings": {"WARMUP": "0.0"},
            "removes": "warm-up",
            "ablates": "cosine",
        },
    )
)
NOISE = {1: 0.000, 2: 0.011, 3: -0.008, 4: 0.004, 5: -0.013, 6: 0.017, 7: 0.009}
OWN = {
    "constant": {1: 0.001, 2: -0.001, 3: 0.002},
    "cosine": {1: -0.001, 2: 0.002, 3: 0.000},
    "batch8": {1: 0.003, 2: -0.002, 3: 0.004},
    "both": {1: 0.002, 2: 0.001, 3: -0.003},
    "no_warmup": {1: 0.000, 2: 0.001, 3: 0.003},
    "tuned": {4: 0.0, 5: 0.001, 6: -0.001},
}
EFFECT = {"constant": 0.0, "cosine": -0.040, "batch8": 0.001, "both": -0.070, "no_warmup": -0.030, "tuned": -0.075}


def score(condition: str, seed: int) -> float:
    return 2.2345678912345 + EFFECT[condition] + NOISE[seed] + OWN[condition].get(seed, 0.0)


def run_of(condition: str, seed: int, *, purpose: str = "report", steps: int = 700, value: float | None = None) -> c.RunRecord:
    value = score(condition, seed) if value is None else value
    return c.RunRecord.model_validate(
        {
            "request_sha256": SHA,
            "condition": condition,
            "seed": seed,
            "purpose": purpose,
            "verdict": "ok",
            "measurement": {
                "metric": "val_bpb",
                "value": value,
                "split": "val",
                "scored_bytes": 131072,
                "curve": [{"step": round(steps * i / 5), "value": value + 1.2 * (1 - i / 5) ** 3} for i in range(6)],
                "parameters": 132000,
                "steps": steps,
                "tokens": steps * 2048,
                "weights_sha256": SHA,
                "corpus_sha256": SHA,
            },
            "cost": {"train_cpu_s": 20.1, "train_wall_s": 21.0, "startup_s": 2.0, "evaluation_s": 3.0, "peak_memory_mb": 400.5},
            "isolation": "bubblewrap",
            "command": "python train.py",
            "folder": "experiment_runs/x",
        }
    )


def failed(run: c.RunRecord) -> c.RunRecord:
    return run.model_copy(update={"verdict": "crash", "reason": "exit code 1", "measurement": None})


def code(condition: str, cost_ratio: float = 1.0) -> c.ConditionCode:
    return c.ConditionCode(
        condition=condition,
        patch="",
        train_py=TRAIN_PY,
        train_sha256=SHA,
        checks=(),
        steps=700,
        cost_ratio=cost_ratio,
        parameters=132000,
        probe_sha256=SHA,
    )


def hypothesis(treatment: str, reference: str, predicts: str, size: float = 0.02) -> c.Hypothesis:
    turns = [{"role": role, "text": "Words."} for role in ("proponent", "skeptic", "methodologist")]
    return c.Hypothesis.model_validate(
        {
            "id": f"h_{treatment}",
            "statement": "A claim.",
            "treatment": treatment,
            "reference": reference,
            "predicts": predicts,
            "predicted_size": size,
            "refuted_when": "The interval lies on the other side.",
            "rationale": "A reason.",
            "debate": turns,
            "novelty": "unknown",
        }
    )


def planned(a: str, b: str, purpose: str = "hypothesis") -> c.PlannedComparison:
    return c.PlannedComparison.model_validate({"a": a, "b": b, "hypothesis": None, "purpose": purpose})


@dataclass(frozen=True)
class Study:
    """The inputs of stages 14 and 15; `but` gives a study that differs in one thing."""

    runs: tuple[c.RunRecord, ...]
    confirmation: tuple[c.RunRecord, ...]
    hypotheses: tuple[c.Hypothesis, ...]
    alpha: float = 0.05
    seeds: tuple[int, ...] = (1, 2, 3)
    references: Mapping[str, float] = field(default_factory=lambda: {"gzip": 1.995, "xz": 1.708})

    def but(self, **changes: object) -> "Study":
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_run(self, condition: str, seed: int, change: Callable[[c.RunRecord], c.RunRecord]) -> "Study":
        return self.but(runs=tuple(change(run) if (run.condition, run.seed) == (condition, seed) else run for run in self.runs))

    @property
    def plan(self) -> c.ExperimentPlan:
        return c.ExperimentPlan(
            kit="tiny_lm",
            kit_sha256=SHA,
            metric=METRIC,
            conditions=CONTRASTS,
            comparisons=(
                planned("cosine", "constant"),
                planned("batch8", "constant"),
                planned("both", "constant", "interaction"),
                planned("no_warmup", "cosine", "ablation"),
            ),
            seeds=self.seeds,
            development_seeds=(7,),
            confirmation_seeds=(4, 5, 6),
            refine_attempts=4,
            budget_s=20.0,
            scored_bytes=131072,
            alpha=self.alpha,
            analysis=("Paired.",),
            stopping_rules=(),
            registration_sha256=SHA,
        )

    @property
    def records(self) -> c.RefinedRecords:
        return c.RefinedRecords(
            corpus=c.CorpusFacts(
                name="the standard library",
                sha256=SHA,
                files=610,
                train_bytes=9373061,
                val_bytes=572058,
                test_bytes=571000,
                references=dict(self.references),
            ),
            runs=self.runs,
            repairs=(),
            incumbent="both",
            attempts=(c.Attempt(number=1, change="LEARNING_RATE", settings={}, seed=7, value=2.1, gain=0.01, verdict="keep"),),
            tuned=code("tuned") if self.confirmation else None,
            tuned_settings={"LEARNING_RATE": "3e-3"} if self.confirmation else {},
            confirmation=self.confirmation,
            stopped_because="The attempts are used up.",
        )

    @property
    def analysis_inputs(self) -> result_analysis.Inputs:
        codes = tuple(code(contrast.id, 1.25 if contrast.id == "batch8" else 1.0) for contrast in CONTRASTS)
        return result_analysis.Inputs(
            brief=c.Brief(
                topic="schedules",
                budget_s=20,
                seeds=3,
                max_conditions=6,
                refine_attempts=4,
                confirm_seeds=3,
                scored_bytes=131072,
                max_hours=1,
                max_works=30,
                author="A",
                researcher="rule-based researcher",
                hardware=HARDWARE,
            ),
            goal=self.goal,
            shortlist=c.Shortlist(
                works=(), decisions=(), counts=c.PrismaCounts(identified=9, duplicates=2, screened=7, excluded=3, included=4)
            ),
            hypotheses=self.stated,
            plan=self.plan,
            code_bundle=c.CodeBundle(baseline="constant", codes=codes, reference_step_s=0.03, clock="cpu"),
            schedule=c.Schedule(runs=(), workers=2, device="cpu", isolation="bubblewrap", estimated_run_s=25, estimated_total_s=200),
            records=self.records,
        )

    @property
    def goal(self) -> c.Goal:
        return c.Goal(
            topic="schedules",
            question="Does the schedule matter?",
            domain="language modelling",
            kit="tiny_lm",
            study="two_factors",
            contest=False,
            matches=(c.TopicMatch(factor="schedule", words=("schedule",)),),
            metric=METRIC,
            success_criterion="An interval.",
            choices=(),
            hardware=HARDWARE,
        )

    @property
    def stated(self) -> c.Hypotheses:
        return c.Hypotheses(contrasts=CONTRASTS, hypotheses=self.hypotheses)

    def decision_inputs(self, analysis: c.Analysis) -> research_decision.Inputs:
        return research_decision.Inputs(
            goal=self.goal, hypotheses=self.stated, plan=self.plan, analysis=analysis, records=self.records
        )


@pytest.fixture
def study() -> Study:
    runs = tuple(
        run_of(contrast.id, seed, steps=560 if contrast.id == "batch8" else 700) for contrast in CONTRASTS for seed in (1, 2, 3)
    )
    confirmation = tuple(run_of(condition, seed, purpose="confirmation") for condition in ("both", "tuned") for seed in (4, 5, 6))
    hypotheses = (hypothesis("cosine", "constant", "better"), hypothesis("batch8", "constant", "same"))
    return Study(runs=runs, confirmation=confirmation, hypotheses=hypotheses)


@pytest.fixture
def fail() -> Callable[[c.RunRecord], c.RunRecord]:
    return failed


@pytest.fixture
def state() -> Callable[..., c.Hypothesis]:
    return hypothesis
