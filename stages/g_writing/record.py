"""What a writer may draw on: the study's record, cut down to what a paper can say."""

from __future__ import annotations

from typing import Self

from pydantic import PositiveInt

from stages import python_source
from stages.contracts import (
    Analysis,
    AnalystRemark,
    Attempt,
    Brief,
    Candidates,
    CodeBundle,
    ConditionCode,
    Contract,
    CorpusFacts,
    Decision,
    ExperimentPlan,
    Factor,
    Finding,
    Goal,
    Hypotheses,
    Kit,
    Level,
    PrismaCounts,
    ProblemTree,
    RefinedRecords,
    Results,
    RunRecord,
    Schedule,
    SearchPlan,
    Shortlist,
    Slug,
    SourceOutcome,
    SubQuestion,
    Synthesis,
    Work,
)


class ConditionFacts(Contract):
    """What the proof of a condition's code showed; nothing that differs between machines but the number of steps."""

    condition: Slug
    patched: bool
    checks: tuple[str, ...]
    steps: PositiveInt
    parameters: PositiveInt

    @classmethod
    def of(cls, code: ConditionCode) -> Self:
        return cls(
            condition=code.condition,
            patched=bool(code.patch),
            checks=tuple(check.name for check in code.checks if check.passed),
            steps=code.steps,
            parameters=code.parameters,
        )


class FailedRun(Contract):
    condition: Slug
    seed: int
    verdict: str
    reason: str

    @classmethod
    def of(cls, run: RunRecord) -> Self:
        return cls(condition=run.condition, seed=run.seed, verdict=run.verdict, reason=run.reason or run.verdict)


class Tried(Contract):
    """One setting that the short search tried, in the words of the kit's catalogue of factors."""

    attempt: int
    name: str
    before: str | None
    """Label of the level that the search started from; None: the catalogue has none for this value."""
    after: str | None
    defined: str | None
    """What the new level is, as a clause."""
    works: tuple[str, ...]


class PaperRecord(Contract):
    """One typed view of everything that came before the writing; every contract in it is as its stage left it."""

    author: str
    researcher: str
    goal: Goal
    kit_title: str
    kit_summary: str
    factors: tuple[Factor, ...]
    """In the order of the topic."""
    sub_questions: tuple[SubQuestion, ...]
    search: SearchPlan
    outcomes: tuple[SourceOutcome, ...]
    works: tuple[Work, ...]
    """The shortlist: what may be cited."""
    counts: PrismaCounts
    synthesis: Synthesis
    hypotheses: Hypotheses
    plan: ExperimentPlan
    code: tuple[ConditionFacts, ...]
    device: str
    isolation: str
    workers: PositiveInt
    deviations: tuple[str, ...]
    corpus: CorpusFacts
    repairs: tuple[str, ...]
    incumbent: Slug | None
    attempts: tuple[Attempt, ...]
    tried: tuple[Tried, ...] = ()
    tuned_settings: dict[str, str]
    stopped_because: str
    failed: tuple[FailedRun, ...]
    commands: tuple[str, ...]
    """One recorded command for each condition, first seed."""
    results: Results
    findings: tuple[Finding, ...]
    remarks: tuple[AnalystRemark, ...]
    best: Slug
    decision: Decision

    @property
    def citable(self) -> frozenset[str]:
        return frozenset(work.key for work in self.works)


def paper_record(
    *,
    brief: Brief,
    goal: Goal,
    kit: Kit,
    problem_tree: ProblemTree,
    search: SearchPlan,
    candidates: Candidates,
    shortlist: Shortlist,
    synthesis: Synthesis,
    hypotheses: Hypotheses,
    plan: ExperimentPlan,
    bundle: CodeBundle,
    schedule: Schedule,
    refined: RefinedRecords,
    analysis: Analysis,
    decision: Decision,
) -> PaperRecord:
    """The record of a study whose analysis is done.

    Raises:
        StopIteration: the goal names a factor that its kit does not have; stage 1 makes this impossible.
    """
    reported = [run for run in refined.runs if run.purpose == "report"]
    first_commands = {run.condition: run.command for run in reversed(reported)}
    return PaperRecord(
        author=brief.author,
        researcher=brief.researcher,
        goal=goal,
        kit_title=kit.title,
        kit_summary=kit.summary,
        factors=tuple(next(factor for factor in kit.factors if factor.name == match.factor) for match in goal.matches),
        sub_questions=problem_tree.sub_questions,
        search=search,
        outcomes=candidates.outcomes,
        works=shortlist.works,
        counts=shortlist.counts,
        synthesis=synthesis,
        hypotheses=hypotheses,
        plan=plan,
        code=tuple(ConditionFacts.of(code) for code in bundle.codes),
        device=schedule.device,
        isolation=schedule.isolation,
        workers=schedule.workers,
        deviations=schedule.deviations,
        corpus=refined.corpus,
        repairs=refined.repairs,
        incumbent=refined.incumbent,
        attempts=refined.attempts,
        tried=tried_settings(kit, plan, refined),
        tuned_settings=refined.tuned_settings,
        stopped_because=refined.stopped_because,
        failed=tuple(FailedRun.of(run) for run in reported if run.verdict != "ok"),
        commands=tuple(first_commands[contrast.id] for contrast in plan.conditions if contrast.id in first_commands),
        results=analysis.results,
        findings=analysis.findings,
        remarks=analysis.remarks,
        best=analysis.best,
        decision=decision,
    )


def tried_settings(kit: Kit, plan: ExperimentPlan, refined: RefinedRecords) -> tuple[Tried, ...]:
    """Each setting of each attempt, with the labels that the catalogue has for its old and its new value."""
    start = next((contrast.settings for contrast in plan.conditions if contrast.id == refined.incumbent), {})

    def level(name: str, literal: str | None) -> Level | None:
        """The level whose own constant has this value; its own is the one that it names first."""
        if literal is None:
            return None
        value = python_source.literal(literal)  # 'rope' and "rope" are spelt differently and are the same
        levels = (level for factor in kit.factors for level in factor.levels if next(iter(level.settings), None) == name)
        return next((one for one in levels if python_source.literal(one.settings[name]) == value), None)

    found = []
    for attempt in refined.attempts:
        for name, literal in attempt.settings.items():
            before, after = level(name, start.get(name, kit.constants.get(name))), level(name, literal)
            found.append(
                Tried(
                    attempt=attempt.number,
                    name=name,
                    before=before.label if before else None,
                    after=after.label if after else None,
                    defined=after.defined if after else None,
                    works=after.defined_by if after else (),
                )
            )
    return tuple(found)
