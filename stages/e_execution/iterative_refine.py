"""Stage 13: improve the leading condition on development seeds and confirm the gain on fresh ones.

A proposal is a change of constants (shipped kits) or a few edits (kits that were written in this study); both become a
patch that is checked, run for a short time, measured beside the incumbent and confirmed on fresh seeds in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import ClassVar

from pydantic import Field

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted, at_once
from stages.contracts import (
    Attempt,
    Brief,
    CodeBundle,
    ConditionCode,
    Contract,
    Contrast,
    Edit,
    ExperimentPlan,
    GeneratedKit,
    Goal,
    Kit,
    Metric,
    RefinedRecords,
    RunRecord,
    RunRecords,
    Slug,
)
from stages.d_design.code_generation import CodeQuestion, TrainingCode, condition_code, static_checks
from stages.d_design.generated_code import CodeFault, check_source, edited
from stages.d_design.kit_making import proved_code
from stages.e_execution.mending import mended, training_request
from stages.ports import Context, ProbeRequest, Question

TUNED: Slug = "tuned"


class Inputs(Contract):
    brief: Brief
    goal: Goal
    plan: ExperimentPlan
    code: CodeBundle
    records: RunRecords


class ProposeQuestion(Question):
    """Which single changes of the incumbent are worth a try?"""

    template: ClassVar[str] = "e_execution/iterative_refine.md.j2"

    incumbent: Contrast
    current: dict[str, str]
    tunable: dict[str, tuple[str, ...]]
    studied: tuple[str, ...]
    at_most: int

    def faults(self, answer: Proposals) -> Iterator[str]:
        yield from _faults(answer, self)


class Proposal(Contract):
    """One focused change; `settings` are differences from the incumbent."""

    change: str
    settings: dict[str, str] = Field(default_factory=dict)
    edits: tuple[Edit, ...] = Field(default=(), exclude_if=lambda edits: not edits, description="In a kit that was written here.")


class Proposals(Contract):
    proposals: tuple[Proposal, ...]


class ProposeEditsQuestion(Question):
    """Which small edits of the leading condition's program are worth a try?"""

    template: ClassVar[str] = "e_execution/kit_refine.md.j2"

    incumbent: Contrast
    train_py: str
    metric: Metric
    studied: tuple[str, ...] = Field(description="What the study itself varies and a proposal must leave alone.")
    at_most: int
    round: int


def run(inputs: Inputs, ctx: Context) -> RefinedRecords:
    """All reported runs, and what the improvement loop tried and confirmed.

    Raises:
        MalformedAnswer: a proposal sets what may not be tried, or does not become a one-purpose patch.
    """
    if inputs.code.generated is not None:
        code, runs, mending = mended(inputs.plan, inputs.code, inputs.records.runs, inputs.brief.max_repairs, ctx)
        records = inputs.records.model_copy(update={"runs": runs})
        refined = _improved(inputs.model_copy(update={"code": code, "records": records}), ctx)
        by_condition = {one.condition: one for one in code.codes}
        return refined.model_copy(
            update={
                "mending": mending,
                "mended": tuple(by_condition[name] for name in dict.fromkeys(one.what for one in mending if one.mended)),
                "repairs": tuple(f"{one.what}: {one.diagnosis}" for one in mending if one.mended),
            }
        )
    return _improved(inputs, ctx)


@dataclass(frozen=True)
class _Tries:
    """What was proposed and what became of it, by the proposal's number."""

    proposals: tuple[Proposal, ...]
    codes: dict[int, ConditionCode] = field(default_factory=dict)
    """Those that run and may be measured."""
    failures: dict[int, str] = field(default_factory=dict)
    alike: set[int] = field(default_factory=set)
    """Those that change no prediction."""


def _improved(inputs: Inputs, ctx: Context) -> RefinedRecords:
    """The improvement loop, with the reported runs as they are."""
    plan = inputs.plan
    incumbent = _leading(plan, inputs.records.runs)
    if plan.refine_attempts == 0:
        return _unchanged(inputs, "No improvement loop was planned.")
    if incumbent is None or not plan.development_seeds:
        return _unchanged(inputs, "No condition could lead the loop.")
    lead = next(code for code in inputs.code.codes if code.condition == incumbent.id)
    tries = _tries(incumbent, lead, inputs, ctx)
    if not tries.proposals:
        shipped = inputs.code.generated is None
        none_left = "Every change that the search space allows belongs to the factors under study."
        return _unchanged(inputs, none_left if shipped else "No change was proposed.")
    seed = plan.development_seeds[0]
    measured = [training_request(code, plan, inputs.code, seed, "development") for code in (lead, *tries.codes.values())]
    development = ctx.laboratory.measure(measured)
    attempts = _attempts(tries, development, seed, plan.metric)
    winner = max(
        (attempt for attempt in attempts if attempt.gain is not None and attempt.gain > 0),
        key=lambda attempt: attempt.gain or 0.0,
        default=None,
    )
    if winner is None or not plan.confirmation_seeds:
        return _unchanged(inputs, "No change improved on the leading condition.", incumbent.id, attempts, development)
    tuned = tries.codes[winner.number].model_copy(update={"condition": TUNED})
    return RefinedRecords(
        corpus=inputs.records.corpus,
        runs=inputs.records.runs,
        repairs=(),
        incumbent=incumbent.id,
        attempts=tuple(
            attempt.model_copy(update={"verdict": "keep"}) if attempt.number == winner.number else attempt for attempt in attempts
        ),
        development=development,
        tuned=tuned,
        tuned_settings={**incumbent.settings, **winner.settings},
        confirmation=_confirmation(lead, tuned, inputs, ctx),
        stopped_because="The planned number of attempts was reached.",
    )


def _tries(incumbent: Contrast, lead: ConditionCode, inputs: Inputs, ctx: Context) -> _Tries:
    """Proposed changes as code that runs: constants of a shipped kit, or edits of a program that was written in this study."""
    if inputs.code.generated is None:
        kit = kit_of(inputs.goal, ctx)
        proposals = _propose(incumbent, inputs, kit, ctx)
        return _candidates(proposals, incumbent, inputs, kit, ctx) if proposals else _Tries(())
    proposals = _propose_edits(incumbent, lead, inputs.plan, ctx)
    return _edited_candidates(proposals, lead, inputs.code.generated, inputs, ctx) if proposals else _Tries(())


def _attempts(tries: _Tries, development: Sequence[RunRecord], seed: int, metric: Metric) -> tuple[Attempt, ...]:
    """development: the run of the incumbent, then one for each code that may be measured."""
    lead, *runs = development
    outcomes = dict(zip(tries.codes, runs, strict=True))
    return tuple(
        _attempt(number, proposal, seed, outcomes.get(number), lead, metric, tries.failures.get(number), same=number in tries.alike)
        for number, proposal in enumerate(tries.proposals, start=1)
    )


def _confirmation(lead: ConditionCode, tuned: ConditionCode, inputs: Inputs, ctx: Context) -> tuple[RunRecord, ...]:
    """Incumbent and winner on the same fresh seeds."""
    plan = inputs.plan
    return ctx.laboratory.measure(
        [
            training_request(code, plan, inputs.code, seed, "confirmation", sealed=is_sealed_look(plan, inputs.code, seed))
            for seed in plan.confirmation_seeds
            for code in (lead, tuned)
        ]
    )


def is_sealed_look(plan: ExperimentPlan, code: CodeBundle, seed: int) -> bool:
    """Incumbent and winner are scored on the test split once, with the weights of the first fresh seed; no choice depends on it.

    Not where the kit was written in the study: its untouched rows stay untouched.
    """
    return code.generated is None and seed == plan.confirmation_seeds[0]


def _leading(plan: ExperimentPlan, runs: Sequence[RunRecord]) -> Contrast | None:
    """The condition with the best mean over its reported seeds, ablations apart; None when nothing was measured."""
    means: dict[str, float] = {}
    for condition in plan.conditions:
        values = [run.measurement.value for run in runs if run.condition == condition.id and run.measurement]
        if values and condition.role != "ablation":
            means[condition.id] = fmean(values)
    if not means:
        return None
    best = max(means, key=lambda name: plan.metric.gain(means[name], 0.0))
    return next(condition for condition in plan.conditions if condition.id == best)


def _propose(incumbent: Contrast, inputs: Inputs, kit: Kit, ctx: Context) -> tuple[Proposal, ...]:
    plan = inputs.plan
    taken = {(factor, level) for condition in plan.conditions for factor, level in condition.levels.items()}
    studied = {name for condition in plan.conditions for name in condition.settings}
    for factor in studied_factors(inputs.goal, kit):  # a level is also about the constants that it keeps as they are
        studied |= {name for level in factor.levels if (factor.name, level.name) in taken for name in level.settings}
    question = ProposeQuestion(
        incumbent=incumbent,
        current={**kit.constants, **incumbent.settings},
        tunable=kit.tunable,
        studied=tuple(sorted(studied)),
        at_most=plan.refine_attempts,
    )
    return accepted(ctx, question, Proposals).proposals[: plan.refine_attempts]


def _faults(answer: Proposals, question: ProposeQuestion) -> Iterator[str]:
    """A proposal sets one constant that may be tried to a literal that may be tried, and changes something."""
    for proposal in answer.proposals:
        if len(proposal.settings) != 1:
            yield f"the proposal {proposal.change!r} must set exactly one constant"
        for name, literal in proposal.settings.items():
            if name in question.studied or literal not in question.tunable.get(name, ()):
                yield f"{name} = {literal} may not be tried"
            elif literal == question.current.get(name):
                yield f"{name} is {literal} already"


def _candidates(proposals: tuple[Proposal, ...], incumbent: Contrast, inputs: Inputs, kit: Kit, ctx: Context) -> _Tries:
    """Proposals as checked and timed code, and why the others failed."""
    contrasts = [
        Contrast(
            id=f"attempt_{number}",
            label=proposal.change,
            role="treatment",
            settings={**incumbent.settings, **proposal.settings},
            reason=proposal.change,
        )
        for number, proposal in enumerate(proposals, start=1)
    ]

    def write(contrast: Contrast) -> str:
        return ctx.model.ask(CodeQuestion(condition=contrast, train_py=kit.train_py), answer=TrainingCode).train_py

    sources = at_once(write, contrasts)
    checks = [static_checks(contrast, source, kit) for contrast, source in zip(contrasts, sources, strict=True)]
    requests = [ProbeRequest(condition=inputs.code.baseline, train_py=kit.train_py)]
    requests += [ProbeRequest(condition=c.id, train_py=source) for c, source in zip(contrasts, sources, strict=True)]
    reference, *probes = ctx.laboratory.probe(kit.name, requests).probes
    failures = {number: probe.failure for number, probe in enumerate(probes, start=1) if probe.failure}
    codes = {
        number: condition_code(contrast, source, kit, check, probe, reference, inputs.plan.budget_s)
        for number, (contrast, source, check, probe) in enumerate(zip(contrasts, sources, checks, probes, strict=True), start=1)
        if number not in failures
    }
    return _Tries(proposals, codes, failures)


def _propose_edits(incumbent: Contrast, code: ConditionCode, plan: ExperimentPlan, ctx: Context) -> tuple[Proposal, ...]:
    question = ProposeEditsQuestion(
        incumbent=incumbent,
        train_py=code.train_py,
        metric=plan.metric,
        studied=tuple(condition.label for condition in plan.conditions if condition.role != "baseline"),
        at_most=plan.refine_attempts,
        round=ctx.round,
    )
    return accepted(ctx, question, Proposals).proposals[: plan.refine_attempts]


def _edited_candidates(
    proposals: tuple[Proposal, ...], lead: ConditionCode, kit: GeneratedKit, inputs: Inputs, ctx: Context
) -> _Tries:
    """Edits as proved code, why others cannot be applied or do not run, and which change no prediction."""
    sources: dict[int, str] = {}
    failures: dict[int, str] = {}
    alike: set[int] = set()
    for number, proposal in enumerate(proposals, start=1):
        try:
            source = edited(lead.train_py, proposal.edits)
            check_source("train.py", source)
        except CodeFault as fault:
            failures[number] = str(fault)
        else:
            sources[number] = source
    requests = [ProbeRequest(condition=lead.condition, train_py=lead.train_py, generated=kit)]
    requests += [ProbeRequest(condition=f"attempt_{number}", train_py=source, generated=kit) for number, source in sources.items()]
    codes: dict[int, ConditionCode] = {}
    for (number, source), probe in zip(sources.items(), ctx.laboratory.probe(kit.name, requests).probes[1:], strict=True):
        if probe.failure:
            failures[number] = probe.failure
        elif probe.same_as:
            alike.add(number)
        else:
            contrast = Contrast(
                id=f"attempt_{number}", label=proposals[number - 1].change, role="treatment", reason=proposals[number - 1].change
            )
            codes[number] = proved_code(contrast, source, kit, probe)
    return _Tries(proposals, codes, failures, alike)


def _attempt(
    number: int,
    proposal: Proposal,
    seed: int,
    run: RunRecord | None,
    lead: RunRecord,
    metric: Metric,
    failure: str | None,
    *,
    same: bool,
) -> Attempt:
    value = run.measurement.value if run and run.measurement else None
    gain = metric.gain(value, lead.measurement.value) if value is not None and lead.measurement else None
    failed = "same" if same else "crash" if failure else run.verdict if run and run.verdict != "ok" else None
    return Attempt.model_validate(
        {
            "number": number,
            "change": proposal.change,
            "settings": proposal.settings,
            "edits": proposal.edits,
            "seed": seed,
            "value": value,
            "gain": gain,
            "verdict": failed or "discard",
        }
    )


def _unchanged(
    inputs: Inputs,
    reason: str,
    incumbent: Slug | None = None,
    attempts: tuple[Attempt, ...] = (),
    development: tuple[RunRecord, ...] = (),
) -> RefinedRecords:
    return RefinedRecords(
        corpus=inputs.records.corpus,
        runs=inputs.records.runs,
        repairs=(),
        incumbent=incumbent,
        attempts=attempts,
        development=development,
        tuned=None,
        confirmation=(),
        stopped_because=reason,
    )
