"""Stage 14: what the runs say about each hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from stages.asking import accepted, at_once
from stages.contracts import (
    Analysis,
    AnalystRemark,
    Brief,
    CodeBundle,
    Contract,
    ExperimentPlan,
    Finding,
    Goal,
    Hypotheses,
    Hypothesis,
    PairedComparison,
    RefinedRecords,
    Results,
    Schedule,
    Shortlist,
    Slug,
    Stand,
)
from stages.f_analysis.results import TUNED, build_results, comparison_key
from stages.g_writing.remark_check import remark_faults
from stages.g_writing.value_list import Family, how_to_write, value_lines
from stages.ports import Context, Question

Analyst = Literal["statistician", "domain reader", "devil's advocate"]

_SHOWN: tuple[Family, ...] = ("conditions", "comparisons", "references")
ANALYSTS: tuple[Analyst, ...] = ("statistician", "domain reader", "devil's advocate")


class Inputs(Contract):
    brief: Brief
    goal: Goal
    shortlist: Shortlist
    hypotheses: Hypotheses
    plan: ExperimentPlan
    code_bundle: CodeBundle
    schedule: Schedule
    records: RefinedRecords


class AnalystQuestion(Question):
    """What does one analyst see in the results? Values are named by reference, never typed."""

    template: ClassVar[str] = "f_analysis/result_analysis.md.j2"

    analyst: Analyst
    goal: Goal
    hypotheses: Hypotheses
    plan: ExperimentPlan
    results: Results
    findings: tuple[Finding, ...]

    values: tuple[str, ...] = Field(description="Key beside value, a line for each condition and each comparison.")
    examples: tuple[str, ...] = Field(description="How a line becomes an expression.")

    def faults(self, answer: Remarks) -> Iterator[str]:
        yield from _faults(answer, self)


class Remarks(Contract):
    remarks: tuple[AnalystRemark, ...]
    stands: tuple[Stand, ...] = Field(description="One for each hypothesis.")


def run(inputs: Inputs, ctx: Context) -> Analysis:
    """Aggregate the records, judge the hypotheses by rule, and let three analysts look at the same numbers independently.

    Raises:
        ExperimentFailed: no run of the baseline ended well.
        MalformedAnswer: an analyst speaks for another or of a comparison that was not made, types a number, names a value that
            the results do not hold, claims what they do not show, or leaves a hypothesis out.
    """
    results = build_results(
        plan=inputs.plan,
        code_bundle=inputs.code_bundle,
        records=inputs.records,
        shortlist=inputs.shortlist,
        hardware=inputs.brief.hardware,
        brief=inputs.brief,
        schedule=inputs.schedule,
        hypotheses=inputs.hypotheses,
    )
    findings = tuple(finding(hypothesis, inputs.plan, results) for hypothesis in inputs.hypotheses.hypotheses)
    questions = tuple(
        AnalystQuestion(
            analyst=analyst,
            goal=inputs.goal,
            hypotheses=inputs.hypotheses,
            plan=inputs.plan,
            results=results,
            findings=findings,
            values=value_lines(results, _SHOWN),
            examples=tuple(how_to_write(results, _SHOWN)),
        )
        for analyst in ANALYSTS
    )
    answers = at_once(lambda question: accepted(ctx, question, Remarks), questions)
    return Analysis(
        results=results,
        findings=findings,
        remarks=tuple(remark for answer in answers for remark in answer.remarks),
        stands=tuple(stand for answer in answers for stand in answer.stands),
        best=best_condition(results),
    )


def finding(hypothesis: Hypothesis, plan: ExperimentPlan, results: Results) -> Finding:
    """One hypothesis against its comparison; the rule is fixed before the runs and asks nobody."""
    key = comparison_key(hypothesis.treatment, hypothesis.reference)
    comparison = results.comparisons.get(key, {}).get(plan.metric.name)
    if comparison is None:
        verdict, reason = _untested(hypothesis, plan, results)
    elif hypothesis.predicts == "same":
        verdict, reason = _judge_sameness(comparison, hypothesis.predicted_size)
    else:
        verdict, reason = _judge_direction(comparison, hypothesis.predicts, results)
    return Finding(hypothesis=hypothesis.id, comparison=key, verdict=verdict, reason=reason)


def best_condition(results: Results) -> Slug:
    """The condition with the best mean on the reported seeds; the tuned one was scored on other seeds and is left out."""
    metric = results.metric
    reported = {name: condition.metrics[metric.name].mean for name, condition in results.conditions.items() if name != TUNED}
    return max(sorted(reported), key=lambda name: metric.gain(reported[name], 0.0))


Judgement = tuple[Literal["supported", "contradicted", "undecided"], str]


def _untested(hypothesis: Hypothesis, plan: ExperimentPlan, results: Results) -> Judgement:
    planned = {contrast.id for contrast in plan.conditions}
    for condition in (hypothesis.treatment, hypothesis.reference):
        if condition not in planned:
            return "undecided", f"The plan holds no condition {condition}, so the claim was not put to the test."
        if condition not in results.conditions:
            return "undecided", f"No run of {condition} ended well, so the claim was not put to the test."
    return "undecided", "The two conditions share no seed that ended well, so the claim was not put to the test."


def _judge_direction(comparison: PairedComparison, predicts: Literal["better", "worse"], results: Results) -> Judgement:
    if comparison.ci95_low is None or comparison.ci95_high is None:
        return "undecided", "There are too few shared seeds for an interval."
    if comparison.verdict == predicts:
        return "supported", "The interval of the paired difference lies on the predicted side, and the adjusted test agrees."
    gains = (results.metric.gain(comparison.ci95_low, 0.0), results.metric.gain(comparison.ci95_high, 0.0))
    side = "better" if min(gains) > 0 else "worse" if max(gains) < 0 else None
    if side is None:
        return "undecided", "The interval of the paired difference includes zero."
    if side == predicts:
        return "undecided", "The interval lies on the predicted side, but not once all comparisons of the plan are accounted for."
    return "contradicted", "The interval of the paired difference lies on the side opposite to the prediction."


def _judge_sameness(comparison: PairedComparison, margin: float) -> Judgement:
    """Equivalence: 'not distinguishable' alone is no evidence of sameness, the interval must lie within the margin."""
    low, high = comparison.ci95_low, comparison.ci95_high
    if low is None or high is None:
        return "undecided", "There are too few shared seeds for an interval."
    if max(abs(low), abs(high)) <= margin:
        return "supported", "The interval of the paired difference lies within the size that was declared negligible."
    if low > margin or high < -margin:
        return "contradicted", "The interval of the paired difference lies beyond the size that was declared negligible."
    return "undecided", "The interval reaches beyond the size that was declared negligible without excluding it."


def _faults(answer: Remarks, question: AnalystQuestion) -> Iterator[str]:
    results = question.results
    names = {condition.label for condition in results.conditions.values()} | {results.metric.label, question.goal.topic}
    names |= {text for contrast in question.plan.conditions for text in (contrast.label, contrast.removes) if text}
    for remark in answer.remarks:
        if remark.analyst != question.analyst:
            yield f"the {question.analyst} answered in the name of the {remark.analyst}; ask again"
        if remark.comparison is not None and remark.comparison not in results.comparisons:
            yield f"the {question.analyst} speaks of {remark.comparison!r}, which was not compared; ask again"
        yield from remark_faults(remark.text, results, names)
    wanted = [(question.analyst, hypothesis.id) for hypothesis in question.hypotheses.hypotheses]
    given = [(stand.analyst, stand.hypothesis) for stand in answer.stands]
    if sorted(given) != sorted(wanted):
        yield f"the {question.analyst} must say once of each of {[name for _, name in wanted]} what he thinks of it"
