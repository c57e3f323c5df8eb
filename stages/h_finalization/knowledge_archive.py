"""Stage 21: keep what later studies can learn from this one, and the commands that reproduce it."""

from __future__ import annotations

import shlex

from stages.contracts import (
    Analysis,
    Archive,
    Attempt,
    Brief,
    Contract,
    ExperimentPlan,
    Finding,
    Goal,
    Hypotheses,
    Lesson,
    PairedComparison,
    RefinedRecords,
    Results,
    RunRecord,
)
from stages.ports import Context


class Inputs(Contract):
    brief: Brief
    goal: Goal
    hypotheses: Hypotheses
    plan: ExperimentPlan
    refined: RefinedRecords
    analysis: Analysis


def run(inputs: Inputs, ctx: Context) -> Archive:
    """Lessons that the record itself holds, and every command that made a number."""
    data = "data" if inputs.refined.corpus.counts == "rows" else "corpus"
    context = (
        f"{inputs.plan.kit}, {inputs.plan.budget_s:g} s per run, {len(inputs.plan.seeds)} seeds, "
        f"{data} {inputs.refined.corpus.name} ({inputs.refined.corpus.sha256[:12]})"
    )
    statements = {hypothesis.id: hypothesis.statement for hypothesis in inputs.hypotheses.hypotheses}
    lessons = [_of_finding(finding, statements, inputs.analysis.results, context) for finding in inputs.analysis.findings]
    lessons += [_of_attempt(attempt, inputs.refined, context) for attempt in inputs.refined.attempts]
    lessons += [_of_failure(run, context) for run in inputs.refined.runs if run.verdict != "ok"]
    lessons += [
        Lesson(strategy="repair of a failed run", outcome=repair, insight=repair, context=context) for repair in inputs.refined.repairs
    ]
    return Archive(lessons=tuple(lessons), reproduction=reproduction(inputs.brief, inputs.goal, inputs.plan, inputs.refined))


def reproduction(brief: Brief, goal: Goal, plan: ExperimentPlan, refined: RefinedRecords) -> tuple[str, ...]:
    """The command for the whole study, then one for each recorded training run that ended well."""
    runs = (*refined.runs, *refined.development, *refined.confirmation)
    return (study_command(brief, goal, plan), *(run.command for run in runs if run.verdict == "ok"))


def study_command(brief: Brief, goal: Goal, plan: ExperimentPlan) -> str:
    """The whole study again with the same limits; keys as in config.arc.yaml. Seeds and budget may be a person's, from gate 9."""
    limits: dict[str, float | int | str | None] = {
        "experiment.kit": brief.kit,
        "experiment.time_budget_sec": plan.budget_s,
        "experiment.seeds": len(plan.seeds),
        "experiment.max_conditions": brief.max_conditions,
        "experiment.refine_attempts": brief.refine_attempts,
        "experiment.confirm_seeds": brief.confirm_seeds,
        "experiment.max_repairs": brief.max_repairs if goal.blueprint is not None else None,
        "experiment.scored_bytes": brief.scored_bytes,
        "experiment.max_hours": brief.max_hours,
        "literature.max_works": brief.max_works,
    }
    words = ["researchclaw", "run", "--topic", goal.topic, "--auto-approve"]
    for key, value in limits.items():
        if value is not None:
            words += ["--set", f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"]
    return shlex.join(words)


def _of_finding(finding: Finding, statements: dict[str, str], results: Results, context: str) -> Lesson:
    comparison = results.comparisons.get(finding.comparison, {}).get(results.metric.name)
    return Lesson(
        strategy=statements.get(finding.hypothesis, finding.hypothesis),
        outcome=f"{finding.verdict}: {finding.reason}",
        insight=_insight(comparison, results) if comparison else f"The comparison {finding.comparison} was not measured.",
        context=context,
    )


def _insight(comparison: PairedComparison, results: Results) -> str:
    """What a later study can do with the comparison: a size to reckon with, or the seeds that it would have needed."""
    unit = results.metric.unit
    a, b = results.conditions[comparison.a].label, results.conditions[comparison.b].label
    size = f"{a} minus {b}: {comparison.mean_diff:+.4f} {unit} over {comparison.n} seeds, {comparison.verdict}"
    if comparison.verdict == "not distinguishable" and comparison.mde is not None:
        return f"{size}; only a difference above {comparison.mde:.4f} {unit} would have been found here."
    return f"{size}."


def _of_attempt(attempt: Attempt, refined: RefinedRecords, context: str) -> Lesson:
    if attempt.verdict == "same":
        insight = "It changes no prediction of what stood, so it was not measured."
    elif attempt.gain is None:
        insight = f"The change gave no score ({attempt.verdict})."
    elif attempt.verdict == "keep":
        insight = f"Kept on the development seed; its confirmation has {len(refined.confirmation)} runs on fresh seeds."
    else:
        insight = "On the development seed it was no better than what stood."
    gain = "no score" if attempt.gain is None else f"gain {attempt.gain:+.4f} on seed {attempt.seed}"
    return Lesson(
        strategy=f"{attempt.change} (from {refined.incumbent})", outcome=f"{attempt.verdict}: {gain}", insight=insight, context=context
    )


def _of_failure(run: RunRecord, context: str) -> Lesson:
    return Lesson(
        strategy=f"train {run.condition} with seed {run.seed}",
        outcome=f"{run.verdict}: {run.reason or 'no reason was recorded'}",
        insight=f"The run did not count; its log is in {run.folder}.",
        context=context,
    )
