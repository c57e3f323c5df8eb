"""Stage 15: go on to the paper, repair and refine, or turn to another hypothesis."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from stages.asking import accepted
from stages.contracts import Analysis, Contract, Decision, ExperimentPlan, Goal, Hypotheses, RefinedRecords, Results, Slug
from stages.errors import ExperimentFailed
from stages.f_analysis.results import comparison_key, dump_results
from stages.ports import Context, Question

INTERVAL_NEEDS = 3
"""Pairs below which there is no interval (stages.f_analysis.statistics)."""


class Inputs(Contract):
    goal: Goal
    hypotheses: Hypotheses
    plan: ExperimentPlan
    analysis: Analysis
    records: RefinedRecords


class ConditionOutcome(Contract):
    """How the reported runs of one condition ended."""

    condition: Slug
    ended_well: int
    failed: int
    reasons: tuple[str, ...]


class DecisionQuestion(Question):
    """Do the data carry a paper? The facts are counted here, the choice is the model's."""

    template: ClassVar[str] = "f_analysis/research_decision.md.j2"

    goal: Goal
    hypotheses: Hypotheses
    analysis: Analysis
    round: int
    outcomes: tuple[ConditionOutcome, ...]
    planned_seeds: int
    primary_comparison: str
    primary_pairs: int
    alternatives: tuple[Slug, ...] = Field(description="Ids of the other hypotheses whose conditions have scores.")

    def faults(self, answer: Decision) -> Iterator[str]:
        yield from _faults(answer, self, self.analysis.results)


def run(inputs: Inputs, ctx: Context) -> Decision:
    """What to do next, with reasons and with pointers to the evidence.

    Raises:
        ExperimentFailed: the model would proceed although not one planned comparison has a shared seed.
        MalformedAnswer: a reason or the evidence is missing, the evidence points at nothing in the results, or a reason types
            a number that was not counted.
    """
    question, results = decision_question(inputs, ctx.round), inputs.analysis.results
    decision = accepted(ctx, question, Decision)
    if decision.verdict == "proceed" and not results.comparisons:
        raise ExperimentFailed("no comparison of the plan has a seed on which both sides ended well; look at the logs of the runs")
    return decision


def _faults(decision: Decision, question: DecisionQuestion, results: Results) -> Iterator[str]:
    if not any(reason.strip() for reason in decision.reasons):
        yield f"the decision to {decision.verdict} came without a reason; ask again"
    if not decision.evidence and results.comparisons:
        yield f"the decision to {decision.verdict} points at no evidence"
    for pointer in decision.evidence:
        if not points_into(results, pointer):
            yield f"the decision rests on {pointer!r}, which is not in the results; ask again"
    counted = _counts(question)
    names = sorted((c.label for c in results.conditions.values()), key=len, reverse=True)
    for reason in decision.reasons:
        plain = reason
        for name in names:
            plain = plain.replace(name, " ")
        if typed := [number for number in re.findall(r"(?<![\w-])\d[\d.,]*\d|(?<![\w-])\d", plain) if number not in counted]:
            yield f"the reason {reason[:120]!r} types {', '.join(typed)}, which is none of the counts; values are given as evidence"


def _counts(question: DecisionQuestion) -> set[str]:
    """The numbers that the question itself gives: runs, seeds, pairs, hypotheses."""
    failed = sum(outcome.failed for outcome in question.outcomes)
    ended = sum(outcome.ended_well for outcome in question.outcomes)
    verdicts = [finding.verdict for finding in question.analysis.findings]
    counts = {failed, ended, failed + ended, question.planned_seeds, question.primary_pairs, question.round, len(verdicts)}
    counts |= {len(question.outcomes), len(question.alternatives), INTERVAL_NEEDS, *map(verdicts.count, set(verdicts))}
    counts |= {len(verdicts) - verdicts.count("undecided")}
    counts |= {number for outcome in question.outcomes for number in (outcome.failed, outcome.ended_well)}
    logged = {number for outcome in question.outcomes for reason in outcome.reasons for number in re.findall(r"\d[\d.,]*", reason)}
    return {str(number) for number in counts} | logged


def decision_question(inputs: Inputs, round_number: int) -> DecisionQuestion:
    """The facts of the decision, counted from the records."""
    results, metric = inputs.analysis.results, inputs.plan.metric.name
    primary, *others = inputs.hypotheses.hypotheses
    key = comparison_key(primary.treatment, primary.reference)
    comparison = results.comparisons.get(key, {}).get(metric)
    return DecisionQuestion(
        goal=inputs.goal,
        hypotheses=inputs.hypotheses,
        analysis=inputs.analysis,
        round=round_number,
        outcomes=tuple(_outcome(contrast.id, inputs.records) for contrast in inputs.plan.conditions),
        planned_seeds=len(inputs.plan.seeds),
        primary_comparison=key,
        primary_pairs=0 if comparison is None else comparison.n,
        alternatives=tuple(other.id for other in others if comparison_key(other.treatment, other.reference) in results.comparisons),
    )


def points_into(results: Results, pointer: str) -> bool:
    """Whether a JSON pointer (RFC 6901) names a value of results.json."""
    value: JsonValue = json.loads(dump_results(results))
    if not pointer.startswith("/"):
        return False
    for part in pointer[1:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def _outcome(condition: Slug, records: RefinedRecords) -> ConditionOutcome:
    runs = [run for run in records.runs if run.condition == condition and run.purpose == "report"]
    failed = [run for run in runs if run.verdict != "ok"]
    return ConditionOutcome(
        condition=condition,
        ended_well=len(runs) - len(failed),
        failed=len(failed),
        reasons=tuple(sorted({f"{run.verdict}: {run.reason}" for run in failed})),
    )
