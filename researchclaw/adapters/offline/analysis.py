"""The rule-based answers of the analysis: the analysts' remarks, and the decision to proceed, refine or pivot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from researchclaw.adapters.offline.analysts.devils_advocate import DEVILS_ADVOCATE
from researchclaw.adapters.offline.analysts.domain_reader import DOMAIN_READER
from researchclaw.adapters.offline.analysts.statistician import STATISTICIAN
from researchclaw.adapters.offline.analysts.view import PAIRS_NEEDED, Speaker, View
from stages.contracts import AnalystRemark, Decision, Stand
from stages.f_analysis.research_decision import ConditionOutcome, DecisionQuestion
from stages.f_analysis.result_analysis import Analyst, AnalystQuestion, Remarks

TOLERATED_FAILURES = 0.2
"""Share of failed runs above which the study is repaired before it is written up; a guess."""

REFINE_BEFORE_ROUND = 2
PIVOT_UP_TO_ROUND = 2

_SPEAKERS: Mapping[Analyst, tuple[Speaker, ...]] = {
    "statistician": STATISTICIAN,
    "domain reader": DOMAIN_READER,
    "devil's advocate": DEVILS_ADVOCATE,
}

_VIEWS: Mapping[str, Literal["holds", "fails", "open"]] = {"supported": "holds", "contradicted": "fails", "undecided": "open"}
"""A rule thinks of a hypothesis what its finding says."""


def remarks(question: AnalystQuestion) -> Remarks:
    """What one analyst has to say about these results; may be nothing at all."""
    view = View(question)
    return Remarks(
        remarks=tuple(
            AnalystRemark(analyst=question.analyst, text=text, comparison=comparison)
            for speak in _SPEAKERS[question.analyst]
            for text, comparison in speak(view)
        ),
        stands=tuple(
            Stand(analyst=question.analyst, hypothesis=finding.hypothesis, view=_VIEWS[finding.verdict])
            for finding in question.findings
        ),
    )


def decide(question: DecisionQuestion) -> Decision:
    """Refine when too many runs failed early on, pivot when the primary hypothesis cannot be tested, else proceed."""
    failed = sum(outcome.failed for outcome in question.outcomes)
    total = failed + sum(outcome.ended_well for outcome in question.outcomes)
    share = failed / total
    if share > TOLERATED_FAILURES and question.round < REFINE_BEFORE_ROUND:
        return _decision(
            "refine",
            (
                f"{failed} of {total} reported runs did not end well, more than the tolerated share.",
                *(_why(outcome) for outcome in question.outcomes if outcome.failed),
            ),
            ("/config/runs_failed", "/config/runs_reported"),
        )
    primary = question.hypotheses.hypotheses[0]
    if question.primary_pairs == 0 and question.alternatives and question.round <= PIVOT_UP_TO_ROUND:
        return _decision(
            "pivot",
            (
                f"The primary hypothesis cannot be tested: {primary.treatment} and {primary.reference} share no seed that ended well.",
                f"Another hypothesis has scores: {question.alternatives[0]}.",
            ),
            ("/config/runs_failed",),
        )
    metric = question.analysis.results.metric.name
    evidence = tuple(f"/comparisons/{key}/{metric}" for key in sorted(question.analysis.results.comparisons))
    return _decision("proceed", tuple(_proceeding(question, failed, total)), evidence)


def _proceeding(question: DecisionQuestion, failed: int, total: int) -> Iterator[str]:
    pairs = question.primary_pairs
    if pairs >= PAIRS_NEEDED:
        yield f"The primary comparison has {pairs} paired seeds of {question.planned_seeds} planned, enough for an interval."
    elif pairs and question.planned_seeds < PAIRS_NEEDED:
        yield f"The plan asked for {question.planned_seeds} seeds only; the values are reported without interval and test."
    elif pairs:
        yield f"Only {pairs} of {question.planned_seeds} planned seeds could be paired: no interval and no test is reported."
    else:
        yield "The primary hypothesis stays untested after the rounds allowed; the paper has to say so."
    undecided = sum(finding.verdict == "undecided" for finding in question.analysis.findings)
    stated = len(question.analysis.findings)
    yield f"{stated - undecided} of {stated} hypotheses are decided; an open one is a result too."
    if failed:
        yield f"{failed} of {total} reported runs did not end well and are disclosed."


def _why(outcome: ConditionOutcome) -> str:
    return f"{outcome.condition}: {outcome.failed} failed ({'; '.join(outcome.reasons)})."


def _decision(verdict: Literal["proceed", "refine", "pivot"], reasons: tuple[str, ...], evidence: tuple[str, ...]) -> Decision:
    return Decision(verdict=verdict, reasons=reasons, evidence=evidence)
