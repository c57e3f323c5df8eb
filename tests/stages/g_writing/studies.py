"""Studies for the tests of the writing: real topics, kit, catalogue and rules; training runs with values set by the test.

`finished("Does …?", effects={"cosine": -0.1})` is everything that stands in the record before stage 16. An effect is what a
condition adds to the baseline's score, below zero is better; unnamed conditions have none. Noise is fixed by seed and condition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from types import SimpleNamespace

from researchclaw.adapters.catalogue import Catalogue
from researchclaw.adapters.offline import OfflineResearcher
from researchclaw.kits import shipped_kits
from stages.a_scoping import problem_decompose, topic_init
from stages.b_literature import knowledge_extract, literature_collect, literature_screen, search_strategy
from stages.c_synthesis import hypothesis_gen, synthesis
from stages.contracts import (
    Attempt,
    Brief,
    CodeBundle,
    ConditionCode,
    CorpusFacts,
    CurvePoint,
    Hardware,
    Measurement,
    RefinedRecords,
    RunCost,
    RunRecord,
    Schedule,
)
from stages.d_design import experiment_design
from stages.d_design.patching import apply_settings
from stages.f_analysis import research_decision, result_analysis
from stages.ports import Context

HARDWARE = Hardware(
    cpu="AMD EPYC", physical_cores=2, memory_gb=16, accelerator=None, operating_system="Linux", python="3.11.7", torch="2.13.0"
)
CORPUS = CorpusFacts(
    name="the source code of Python's standard library",
    sha256="c" * 64,
    files=610,
    train_bytes=9_373_061,
    val_bytes=572_058,
    test_bytes=481_221,
    references={"gzip": 1.995, "bz2": 1.710, "xz": 1.708, "order_1": 3.620, "order_2": 2.737, "order_3": 2.231},
)
STEPS, PARAMETERS = 700, 131_584


@cache
def _kits():
    return shipped_kits()


@cache
def context() -> Context:
    """The parts of the world that stages 1 to 9, 14 and 15 ask: a mind, a library and the kits."""
    here = {"model": OfflineResearcher(), "library": Catalogue(), "kits": _kits()}
    needed = {field.name for field in fields(Context) if field.default is MISSING and field.default_factory is MISSING}
    return Context(**(dict.fromkeys(needed) | here))  # type: ignore[arg-type]


def with_mind(mind) -> Context:
    """The same world with another mind."""
    return replace(context(), model=mind)


@cache
def planned(topic: str, seeds: int = 3, max_conditions: int = 5) -> SimpleNamespace:
    """Stages 1 to 9 by the rule-based researcher."""
    ctx = context()
    brief = Brief(
        topic=topic,
        budget_s=20,
        seeds=seeds,
        max_conditions=max_conditions,
        refine_attempts=2,
        confirm_seeds=3,
        scored_bytes=65_536,
        max_hours=1,
        max_works=48,
        author="A. Author",
        researcher="rule-based researcher",
        hardware=HARDWARE,
    )
    goal = topic_init.run(topic_init.Inputs(brief=brief), ctx)
    tree = problem_decompose.run(problem_decompose.Inputs(goal=goal), ctx)
    search = search_strategy.run(search_strategy.Inputs(goal=goal, problem_tree=tree), ctx)
    candidates = literature_collect.run(literature_collect.Inputs(plan=search), ctx)
    shortlist = literature_screen.run(literature_screen.Inputs(brief=brief, goal=goal, plan=search, candidates=candidates), ctx)
    cards = knowledge_extract.run(knowledge_extract.Inputs(goal=goal, shortlist=shortlist), ctx)
    said = synthesis.run(synthesis.Inputs(goal=goal, problem_tree=tree, cards=cards), ctx)
    hypotheses = hypothesis_gen.run(hypothesis_gen.Inputs(brief=brief, goal=goal, cards=cards, synthesis=said), ctx)
    plan = experiment_design.run(experiment_design.Inputs(brief=brief, goal=goal, hypotheses=hypotheses), ctx)
    return SimpleNamespace(
        brief=brief,
        goal=goal,
        problem_tree=tree,
        search=search,
        candidates=candidates,
        shortlist=shortlist,
        synthesis=said,
        hypotheses=hypotheses,
        plan=plan,
    )


def finished(
    topic: str,
    effects: Mapping[str, float] | None = None,
    *,
    seeds: int = 3,
    noise: float = 0.008,
    failing: tuple[str, ...] = (),
    costs: Mapping[str, float] | None = None,
    tuned: float | None = None,
    parameters: Mapping[str, int] | None = None,
) -> dict[str, object]:
    """The inputs of stage 16 by field name. failing: conditions that lose their last seed, 'x!' loses all."""
    past = planned(topic, seeds)
    kit = next(kit for kit in _kits() if kit.name == past.goal.kit)
    codes = tuple(
        ConditionCode(
            condition=contrast.id,
            patch="" if contrast.role == "baseline" else "--- a\n+++ b\n",
            train_py=apply_settings(kit.train_py, contrast.settings),
            train_sha256=_hash(contrast.id),
            checks=(),
            steps=int(STEPS / (costs or {}).get(contrast.id, 1.0)),
            cost_ratio=(costs or {}).get(contrast.id, 1.0),
            parameters=(parameters or {}).get(contrast.id, PARAMETERS),
            probe_sha256=_hash("probe", contrast.id),
        )
        for contrast in past.plan.conditions
    )
    bundle = CodeBundle(baseline=past.plan.conditions[0].id, codes=codes, reference_step_s=0.025, clock="cpu")
    schedule = Schedule(
        runs=(), workers=2, device="cpu", isolation="bubblewrap (user namespaces)", estimated_run_s=25, estimated_total_s=300
    )
    runs = []
    for code in codes:
        for seed in past.plan.seeds:
            lost = f"{code.condition}!" in failing or (code.condition in failing and seed == past.plan.seeds[-1])
            value = (
                2.25 + (effects or {}).get(code.condition, 0.0) + 0.02 * _noise(str(seed)) + noise * _noise(code.condition, str(seed))
            )
            runs.append(_run(code, seed, value, lost=lost))
    attempts: tuple[Attempt, ...] = ()
    confirmation: tuple[RunRecord, ...] = ()
    development: tuple[RunRecord, ...] = ()
    winner = None
    incumbent = past.plan.conditions[1].id
    if tuned is not None:
        attempts = (
            Attempt(
                number=1, change="DROPOUT 0.0 -> 0.1", settings={"DROPOUT": "0.1"}, seed=101, value=2.3, gain=-0.05, verdict="discard"
            ),
            Attempt(number=2, change="BETA2 0.99 -> 0.95", settings={"BETA2": "0.95"}, seed=101, value=2.2, gain=0.05, verdict="keep"),
        )
        base = next(code for code in codes if code.condition == incumbent)
        winner = base.model_copy(update={"condition": "tuned", "parameters": (parameters or {}).get("tuned", base.parameters)})
        development = tuple(_run(base, 101, value, purpose="development") for value in (2.25, 2.3, 2.2))
        level = 2.25 + (effects or {}).get(incumbent, 0.0)
        confirmation = tuple(
            _run(
                code,
                seed,
                level + shift + 0.02 * _noise(str(seed)) + noise * _noise("fresh", str(seed), code.condition),
                purpose="confirmation",
            )
            for code, shift in ((base, 0.0), (winner, tuned))
            for seed in past.plan.confirmation_seeds
        )
    refined = RefinedRecords(
        corpus=CORPUS,
        runs=tuple(runs),
        repairs=(),
        incumbent=incumbent if tuned is not None else None,
        attempts=attempts,
        tuned=winner,
        tuned_settings={"BETA2": "0.95"} if winner else {},
        development=development,
        confirmation=confirmation,
        stopped_because="No improvement loop was planned." if tuned is None else "All attempts were used.",
    )
    analysis = result_analysis.run(
        _inputs(result_analysis.Inputs, past, code_bundle=bundle, schedule=schedule, records=refined), context()
    )
    decision = research_decision.run(_inputs(research_decision.Inputs, past, analysis=analysis, records=refined), context())
    return {
        **vars(past),
        "bundle": bundle,
        "schedule": schedule,
        "refined": refined,
        "analysis": analysis,
        "decision": decision,
    }


def _inputs(kind, past: SimpleNamespace, **more):
    known = {**vars(past), **more}
    return kind(**{name: known[name] for name in kind.model_fields})


def _run(code: ConditionCode, seed: int, value: float, *, purpose: str = "report", lost: bool = False) -> RunRecord:
    curve = tuple(
        CurvePoint(
            step=int(code.steps * share),
            value=round(value + 1.6 * (1 - share) ** 2 + 0.01 * _noise("curve", code.condition, str(share)), 5),
        )
        for share in (0.1, 0.2, 0.4, 0.7, 1.0)
    )
    return RunRecord(
        request_sha256=_hash(code.condition, str(seed), purpose),
        condition=code.condition,
        seed=seed,
        purpose=purpose,
        verdict="nonfinite" if lost else "ok",
        reason="the loss became infinite" if lost else None,
        measurement=None
        if lost
        else Measurement(
            metric="val_bpb",
            value=round(value, 5),
            split="val",
            scored_bytes=65_536,
            curve=curve,
            parameters=code.parameters,
            steps=code.steps,
            tokens=code.steps * 2048,
            weights_sha256=_hash("weights", code.condition, str(seed)),
            corpus_sha256=CORPUS.sha256,
        ),
        cost=RunCost(train_cpu_s=20.3, train_wall_s=24.1, startup_s=2.0, evaluation_s=1.5, peak_memory_mb=410.0),
        isolation="bubblewrap (user namespaces)",
        command=f"python -I -B run_training.py --train train.py --seed {seed} --steps {code.steps} --out {code.condition}",
        folder=f"experiment_runs/{code.condition}/{seed}",
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _noise(*parts: str) -> float:
    """Between -1 and 1, fixed by the parts."""
    return int(_hash(*parts)[:8], 16) / 0x7FFFFFFF - 1
