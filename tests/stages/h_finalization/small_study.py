"""A small complete record, made by hand: three conditions, five seeds, three works, one figure, one table.

Run by path from the tests of review, revision, export and audit; `delivered(folder)` exports it and checks the export.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from researchclaw.adapters.offline import review
from researchclaw.adapters.shelf import FolderShelf
from researchclaw.kits import shipped_kits
from researchclaw.shipped import shipped
from stages import contracts as c
from stages.d_design.experiment_design import registration
from stages.f_analysis.results import build_results, dump_results
from stages.g_writing.paper_revision import RevisionQuestion
from stages.g_writing.peer_review import AreaChairQuestion, ReviewQuestion
from stages.h_finalization import citation_verify, export_publish, knowledge_archive
from stages.h_finalization.quality_gate import manuscript_sha256
from stages.h_finalization.references.judging import SupportQuestion
from stages.ports import Context, Drawing, Laboratory, Typeset

SHA = "0" * 64
METRIC = c.Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True)
SEEDS = (1, 2, 3, 4, 5)
NOISE = {1: 0.000, 2: 0.011, 3: -0.008, 4: 0.004, 5: -0.013}
OWN = {
    "cosine": {1: 0.001, 2: -0.001, 3: 0.002, 4: 0.0, 5: -0.002},
    "constant": {1: -0.001, 2: 0.002, 3: 0.0, 4: 0.001, 5: 0.003},
    "linear": {1: 0.004, 2: -0.006, 3: 0.001, 4: -0.003, 5: 0.002},
}
EFFECT = {"cosine": 0.0, "constant": 0.040, "linear": 0.001}
TRAIN_PY = "LEARNING_RATE = 0.002\nSCHEDULE = 'cosine'\nWIDTH = 96\n"
CONTRASTS = (
    c.Contrast(id="cosine", label="the baseline", role="baseline", reason="Given."),
    c.Contrast(
        id="constant",
        label="a constant learning rate",
        role="treatment",
        levels={"schedule": "constant"},
        settings={"SCHEDULE": "'constant'"},
        reason="Asked.",
    ),
    c.Contrast(
        id="linear",
        label="linear decay",
        role="treatment",
        levels={"schedule": "linear"},
        settings={"SCHEDULE": "'linear'"},
        reason="Asked.",
    ),
)
WORKS = tuple(
    c.Work(
        key=key,
        title=title,
        authors=authors,
        year=year,
        venue="International Conference on Learning Representations",
        type="conference",
        arxiv_id=arxiv,
        confirmed_by=("catalogue",),
    )
    for key, title, authors, year, arxiv in (
        (
            "loshchilov2017sgdr",
            "SGDR: Stochastic Gradient Descent with Warm Restarts",
            ("Ilya Loshchilov", "Frank Hutter"),
            2017,
            "1608.03983",
        ),
        ("kingma2015adam", "Adam: A Method for Stochastic Optimization", ("Diederik P. Kingma", "Jimmy Ba"), 2015, "1412.6980"),
    )
)
FIGURE = c.FigureSpec(
    id="difference_forest",
    kind="difference_forest",
    caption="Paired differences.",
    alt="A forest plot.",
    comparisons=("constant_vs_cosine", "linear_vs_cosine"),
)
MARKDOWN = """# A constant learning rate in short training

## Abstract

Training with a constant learning rate {{cmp(constant,cosine).val_bpb}} training with cosine decay over {{cfg.seeds|words}} seeds.

## Results {#sec:results}

@tbl:main gives the means and @fig:difference_forest the differences [@loshchilov2017sgdr].
Training with a constant learning rate {{cmp(constant,cosine).val_bpb}} the baseline by {{absdiff(constant,cosine).val_bpb|f3}} bpb.
Linear decay {{cmp(linear,cosine).val_bpb}} the baseline. Adam was used throughout [@kingma2015adam].

| Condition | Mean | SD |
|---|--:|--:|
| The baseline | {{cosine.val_bpb.mean|f3}} | {{cosine.val_bpb.std|f4}} |
| A constant learning rate | {{constant.val_bpb.mean|f3}} | {{constant.val_bpb.std|f4}} |
| Linear decay | {{linear.val_bpb.mean|f3}} | {{linear.val_bpb.std|f4}} |

: Means and standard deviations over all seeds of the study. {#tbl:main}

![Differences from the baseline, each with its interval.](charts/difference_forest.pdf){#fig:difference_forest alt="A forest plot"}

## Limitations {#sec:limitations}

The peak rate of {{cfg.learning_rate|text}} suits cosine decay.

## Cost {#sec:appendix_cost .appendix}

The runs took {{cost.train_cpu_hours|f2}} hours of processor time.
"""


def score(condition: str, seed: int) -> float:
    return 2.2345678912345 + EFFECT[condition] + NOISE[seed] + OWN[condition][seed]


def train_py(condition: str) -> str:
    return TRAIN_PY.replace("'cosine'", f"'{condition}'")


def run_of(condition: str, seed: int) -> c.RunRecord:
    value = score(condition, seed)
    return c.RunRecord(
        request_sha256=hashlib.sha256(f"{condition} {seed}".encode()).hexdigest(),
        condition=condition,
        seed=seed,
        purpose="report",
        verdict="ok",
        measurement=c.Measurement(
            metric="val_bpb",
            value=value,
            split="val",
            scored_bytes=131072,
            curve=tuple(c.CurvePoint(step=140 * i, value=value + 1.2 * (1 - i / 5) ** 3) for i in range(1, 6)),
            parameters=132000,
            steps=700,
            tokens=700 * 2048,
            weights_sha256=SHA,
            corpus_sha256=SHA,
        ),
        cost=c.RunCost(train_cpu_s=20.1, train_wall_s=21.0, startup_s=2.0, evaluation_s=3.0, peak_memory_mb=400.5),
        isolation="bubblewrap (user namespaces)",
        command=f"researchclaw kits run tiny_lm --train experiment_runs/{condition}/{seed}/train.py --seed {seed} --steps 700",
        folder=f"experiment_runs/{condition}/{seed}",
    )


def code(condition: str) -> c.ConditionCode:
    source = train_py(condition)
    return c.ConditionCode(
        condition=condition,
        patch="" if condition == "cosine" else f"-SCHEDULE = 'cosine'\n+SCHEDULE = '{condition}'\n",
        train_py=source,
        train_sha256=hashlib.sha256(source.encode()).hexdigest(),
        checks=(),
        steps=700,
        cost_ratio=1.0,
        parameters=132000,
        probe_sha256=SHA,
    )


def hypothesis(treatment: str, predicts: str) -> c.Hypothesis:
    return c.Hypothesis.model_validate(
        {
            "id": f"h_{treatment}",
            "statement": f"Training with {treatment} ends {predicts} than the baseline.",
            "treatment": treatment,
            "reference": "cosine",
            "predicts": predicts,
            "predicted_size": 0.02,
            "refuted_when": "The interval lies on the other side.",
            "rationale": "A reason.",
            "debate": [{"role": role, "text": "Words."} for role in ("proponent", "skeptic", "methodologist", "chair")],
            "novelty": "unknown",
        }
    )


def record() -> dict[type[c.Contract], Any]:
    """The outputs of stages 1 to 17 by type, as the flow keeps them."""
    return dict(_record())


@cache
def _record() -> dict[type[c.Contract], Any]:
    brief = c.Brief(
        topic="Does the learning-rate schedule matter?",
        budget_s=20,
        seeds=5,
        max_conditions=3,
        refine_attempts=0,
        confirm_seeds=0,
        scored_bytes=131072,
        max_hours=1,
        max_works=30,
        author="A. Author",
        researcher="rule-based researcher",
        hardware=c.Hardware(
            cpu="a processor",
            physical_cores=2,
            memory_gb=8,
            accelerator=None,
            operating_system="Linux",
            python="3.11.7",
            torch="2.13.0",
        ),
    )
    goal = c.Goal(
        topic=brief.topic,
        question=brief.topic,
        domain="language modelling",
        kit="tiny_lm",
        study="one_factor",
        contest=False,
        matches=(c.TopicMatch(factor="schedule", words=("schedule",)),),
        metric=METRIC,
        success_criterion="An interval.",
        choices=(),
        hardware=brief.hardware,
    )
    hypotheses = c.Hypotheses(contrasts=CONTRASTS, hypotheses=(hypothesis("constant", "worse"), hypothesis("linear", "better")))
    plan = c.ExperimentPlan(
        kit="tiny_lm",
        kit_sha256=SHA,
        metric=METRIC,
        conditions=CONTRASTS,
        comparisons=tuple(
            c.PlannedComparison(a=a, b="cosine", hypothesis=f"h_{a}", purpose="hypothesis") for a in ("constant", "linear")
        ),
        seeds=SEEDS,
        development_seeds=(),
        confirmation_seeds=(),
        refine_attempts=0,
        budget_s=20,
        scored_bytes=131072,
        analysis=("Paired differences are judged by the t interval.",),
        stopping_rules=(),
        registration_sha256=SHA,
    )
    plan = plan.model_copy(update={"registration_sha256": registration(plan)})
    refined = c.RefinedRecords(
        corpus=c.CorpusFacts(
            name="the standard library",
            sha256=SHA,
            files=610,
            train_bytes=9373061,
            val_bytes=572058,
            test_bytes=571000,
            references={"gzip": 1.995},
        ),
        runs=tuple(run_of(contrast.id, seed) for contrast in CONTRASTS for seed in SEEDS),
        repairs=(),
        incumbent=None,
        attempts=(),
        tuned=None,
        confirmation=(),
        stopped_because="No improvement loop was planned.",
    )
    shortlist = c.Shortlist(
        works=WORKS,
        decisions=(),
        counts=c.PrismaCounts(identified=4, duplicates=1, screened=3, excluded=1, included=2),
    )
    bundle = c.CodeBundle(baseline="cosine", codes=tuple(code(k.id) for k in CONTRASTS), reference_step_s=0.03, clock="cpu")
    schedule = c.Schedule(
        runs=(), workers=2, device="cpu", isolation="bubblewrap (user namespaces)", estimated_run_s=25, estimated_total_s=200
    )
    results = build_results(
        plan=plan,
        code_bundle=bundle,
        records=refined,
        shortlist=shortlist,
        hardware=brief.hardware,
        brief=brief,
        schedule=schedule,
        hypotheses=hypotheses,
    )
    analysis = c.Analysis(
        results=results,
        findings=(
            c.Finding(hypothesis="h_constant", comparison="constant_vs_cosine", verdict="supported", reason="The interval says so."),
            c.Finding(hypothesis="h_linear", comparison="linear_vs_cosine", verdict="undecided", reason="The interval holds zero."),
        ),
        remarks=(),
        best="cosine",
    )
    outputs: tuple[c.Contract, ...] = (
        brief,
        goal,
        c.ProblemTree(sub_questions=tuple(c.SubQuestion(id=f"q{i}", text="What?", priority=1) for i in (1, 2, 3))),
        c.SearchPlan(
            queries=(c.SearchQuery(id="s1", text="schedule", about=("schedule",), sub_question="q1", sources=("catalogue",)),),
            include_when=(),
            exclude_when=(),
        ),
        c.Candidates(candidates=(), outcomes=(c.SourceOutcome(source="catalogue", answered=True, found=4),)),
        shortlist,
        c.KnowledgeCards(cards=()),
        c.Synthesis(
            themes=(c.Theme(id="schedule", title="Schedules", about=("schedule",), keys=("loshchilov2017sgdr",)),),
            agreements=(),
            gaps=(c.Gap(id="short", text="Short budgets are open.", rests_on=()),),
        ),
        hypotheses,
        plan,
        bundle,
        schedule,
        refined,
        analysis,
        c.Decision(verdict="proceed", reasons=("Done.",), evidence=()),
        c.Manuscript(title="A constant learning rate in short training", authors=("A. Author",), markdown=MARKDOWN, figures=(FIGURE,)),
    )
    return {type(output): output for output in outputs}


def inputs_of(model: type[c.Contract], outputs: dict[type[c.Contract], Any]) -> Any:
    """The inputs of a stage, found by type."""
    return model(**{name: outputs[cast("type[c.Contract]", field.annotation)] for name, field in model.model_fields.items()})


class CannedIllustrator:
    """Draws nothing, notes one number."""

    def draw(self, figure: c.FigureSpec, results: c.Results, prisma: c.PrismaCounts, width_in: float = 5.5) -> Drawing:
        pointer = "/comparisons/constant_vs_cosine/val_bpb/mean_diff"
        value = json.loads(dump_results(results))["comparisons"]["constant_vs_cosine"]["val_bpb"]["mean_diff"]
        data = {"figure": figure.id, "kind": figure.kind, "numbers": [{"pointer": pointer, "value": value}]}
        return Drawing(pdf=b"%PDF", png=b"PNG", data_json=json.dumps(data))


class CannedTypesetter:
    def typeset(self, tex: str, typst: str, bib: str, figures: dict[str, bytes]) -> Typeset:
        return Typeset(pdf=b"%PDF", pages=2, by="latex", complaints=())


class CannedLibrary:
    """Confirms every work, or gives the verdict that it was told."""

    def __init__(self, verdict: str = "verified") -> None:
        self.verdict = verdict

    def verify(self, works: Sequence[c.Work]) -> tuple[c.CitedWork, ...]:
        return tuple(c.CitedWork.model_validate({"key": w.key, "verdict": self.verdict, "evidence": ("catalogue",)}) for w in works)


class CannedMind:
    """The rule-based reviewer and reviser; `answers` puts another rule in the place of one of them."""

    name = "rule-based researcher"

    def __init__(self, answers: dict[type[Any], Callable[[Any], Any]] | None = None) -> None:
        self.rules: dict[type[Any], Callable[[Any], Any]] = {
            ReviewQuestion: review.review_paper,
            AreaChairQuestion: review.preside,
            RevisionQuestion: review.revise,
            SupportQuestion: review.judge_support,
        }
        self.rules |= answers or {}

    def ask(self, question: Any, answer: type[Any]) -> Any:
        given = self.rules[type(question)](question)
        assert isinstance(given, answer)
        return given


def context(run_folder: Path, **changes: Any) -> Context:
    layouts = shipped("templates") / "paper"
    texts = {path: (layouts.parent / path).read_text() for path in ("paper/neurips/layout.json", "paper/neurips/frame.tex")}
    texts |= {style.relative_to(layouts.parent).as_posix(): style.read_text() for style in layouts.rglob("*.sty")}
    made = Context(
        model=CannedMind(),
        library=cast("Any", CannedLibrary()),
        laboratory=cast("Laboratory", None),
        illustrator=CannedIllustrator(),
        typesetter=CannedTypesetter(),
        shelf=FolderShelf(run_folder),
        kits=_kits(),
        templates=texts,
    )
    return dataclasses.replace(made, **changes)


@cache
def _kits() -> tuple[c.Kit, ...]:
    return shipped_kits()


def write_runs(run_folder: Path, refined: c.RefinedRecords) -> None:
    for run in refined.runs:
        folder = run_folder / run.folder
        folder.mkdir(parents=True)
        (folder / "measurement.json").write_text(run.model_dump_json(indent=2) + "\n")
        (folder / "train.py").write_text(train_py(run.condition))
        (folder / "log.txt").write_text("trained\n")


def ready(outputs: dict[type[c.Contract], Any]) -> dict[type[c.Contract], Any]:
    """The record with what stages 18 to 21 would add: nothing to change, every check passed."""
    manuscript = outputs[c.Manuscript]
    outputs = {**outputs, c.Reviews: c.Reviews(reviews=(), required=())}
    outputs[c.RevisedManuscript] = c.RevisedManuscript(manuscript=manuscript, answers=())
    outputs[c.QualityReport] = c.QualityReport(
        checks=(c.Check(name="values", passed=True, detail="fine"),),
        passed=True,
        for_a_person=(),
        manuscript_sha256=manuscript_sha256(manuscript),
    )
    outputs[c.Archive] = knowledge_archive.run(inputs_of(knowledge_archive.Inputs, outputs), cast("Context", None))
    return outputs


def delivered(run_folder: Path, **changes: Any) -> Path:
    """The folder after stages 22 and 23."""
    outputs = ready(record())
    write_runs(run_folder, outputs[c.RefinedRecords])
    world = context(run_folder, **changes)
    outputs[c.Deliverables] = export_publish.run(inputs_of(export_publish.Inputs, outputs), world)
    citation_verify.run(inputs_of(citation_verify.Inputs, outputs), world)
    return run_folder / "deliverables"
