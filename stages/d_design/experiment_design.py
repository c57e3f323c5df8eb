"""Stage 9: freeze conditions, seeds, primary metric and analysis plan before the first run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import ClassVar

from stages.a_scoping.study import foreign_settings, kit_of, studied_factors, without_idle_settings
from stages.asking import accepted
from stages.contracts import (
    Brief,
    Contract,
    Contrast,
    ExperimentPlan,
    Factor,
    GateQuestion,
    Goal,
    Hypotheses,
    PlannedComparison,
    RegisteredHypothesis,
)
from stages.errors import UserMustAct
from stages.ports import Context, Question

DEVELOPMENT_SEEDS_FROM = 101
CONFIRMATION_SEEDS_FROM = 201
"""Three ranges that never meet: reported seeds count from 1."""


class Inputs(Contract):
    brief: Brief
    goal: Goal
    hypotheses: Hypotheses


class DesignQuestion(Question):
    """Which conditions, comparisons and numbers of seeds answer the hypotheses within the limits?"""

    template: ClassVar[str] = "d_design/experiment_design.md.j2"

    brief: Brief
    goal: Goal
    hypotheses: Hypotheses
    factors: tuple[Factor, ...]
    guidance: tuple[str, ...]

    def faults(self, answer: Design) -> Iterator[str]:
        yield from _faults(answer, self.factors)


class Design(Contract):
    """What a mind decides; the stage adds what the settings decide and freezes the whole."""

    conditions: tuple[Contrast, ...]
    comparisons: tuple[PlannedComparison, ...]
    seeds: int
    analysis: tuple[str, ...]
    stopping_rules: tuple[str, ...]
    guidance_followed: tuple[str, ...] = ()
    guidance_not_understood: tuple[str, ...] = ()


def run(inputs: Inputs, ctx: Context) -> ExperimentPlan:
    """The pre-registered plan.

    Raises:
        MalformedAnswer: no baseline, a comparison with a stranger, or an ablation that does not name what it removes.
    """
    brief, kit = inputs.brief, kit_of(inputs.goal, ctx)
    question = DesignQuestion(
        brief=brief,
        goal=inputs.goal,
        hypotheses=inputs.hypotheses,
        factors=studied_factors(inputs.goal, kit),
        guidance=tuple(item.message for item in ctx.guidance),
    )
    design = accepted(ctx, question, Design)
    plan = ExperimentPlan(
        kit=kit.name,
        kit_sha256=kit.kit_sha256,
        metric=kit.metric,
        conditions=tuple(without_idle_settings(condition, kit.constants) for condition in design.conditions),
        comparisons=design.comparisons,
        hypotheses=tuple(
            RegisteredHypothesis(
                id=hypothesis.id,
                statement=hypothesis.statement,
                treatment=hypothesis.treatment,
                reference=hypothesis.reference,
                predicts=hypothesis.predicts,
                predicted_size=hypothesis.predicted_size,
                refuted_when=hypothesis.refuted_when,
            )
            for hypothesis in inputs.hypotheses.hypotheses
        ),
        seeds=tuple(range(1, design.seeds + 1)),
        development_seeds=(DEVELOPMENT_SEEDS_FROM,),
        confirmation_seeds=tuple(range(CONFIRMATION_SEEDS_FROM, CONFIRMATION_SEEDS_FROM + brief.confirm_seeds)),
        refine_attempts=brief.refine_attempts,
        budget_s=brief.budget_s,
        scored_bytes=brief.scored_bytes,
        analysis=design.analysis,
        stopping_rules=design.stopping_rules,
        guidance_followed=design.guidance_followed,
        guidance_not_understood=design.guidance_not_understood,
        registration_sha256="0" * 64,
    )
    return plan.model_copy(update={"registration_sha256": registration(plan)})


def with_changes(plan: ExperimentPlan, *, conditions: Sequence[str], seeds: int, budget_s: float) -> ExperimentPlan:
    """The plan as a person wants it, registered anew; ablations of what is taken out go with it.

    Raises:
        UserMustAct: the baseline would go, or no comparison would be left.
    """
    gone = {c.id for c in plan.conditions if c.id not in conditions}
    gone |= {c.id for c in plan.conditions if c.ablates in gone}
    kept = tuple(c for c in plan.conditions if c.id not in gone)
    if not kept or kept[0].role != "baseline":
        raise UserMustAct("the baseline cannot be taken out")
    comparisons = tuple(c for c in plan.comparisons if not gone & {c.a, c.b})
    if not comparisons:
        raise UserMustAct("no comparison would be left; keep a condition beside the baseline")
    followed = [f"A person asked to leave out {c.label}." for c in plan.conditions if c.id in gone]
    if seeds != len(plan.seeds):
        followed.append("The number of seeds was set on a person's word.")
    if budget_s != plan.budget_s:
        followed.append("The training budget of a run was set on a person's word.")
    changed = plan.model_copy(
        update={
            "conditions": kept,
            "comparisons": comparisons,
            "seeds": tuple(range(1, seeds + 1)),
            "budget_s": budget_s,
            "guidance_followed": (*plan.guidance_followed, *followed),
        }
    )
    return changed.model_copy(update={"registration_sha256": registration(changed)})


def registration(plan: ExperimentPlan) -> str:
    """Hash over everything in the plan but the hash itself; a later change of the plan shows."""
    frozen = plan.model_dump(mode="json", exclude={"registration_sha256"})
    return hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()


def _faults(design: Design, factors: tuple[Factor, ...]) -> Iterator[str]:
    known = {condition.id: condition for condition in design.conditions}
    if len(known) != len(design.conditions):
        yield "two conditions have the same id"
    if not design.conditions or design.conditions[0].role != "baseline" or sum(c.role == "baseline" for c in design.conditions) != 1:
        yield "the first condition, and no other, must be the baseline"
    for condition in design.conditions:
        if strange := foreign_settings(condition, factors):
            yield f"condition {condition.id!r} sets {', '.join(strange)}, which no level and no ablation of the factors sets"
        if condition.role == "ablation" and not (condition.removes and condition.ablates in known):
            yield f"ablation {condition.id!r} does not name what it removes, and from which condition"
    for comparison in design.comparisons:
        if strangers := {comparison.a, comparison.b} - set(known):
            yield f"a comparison names unknown conditions {sorted(strangers)}"
    if design.seeds < 1 or not design.comparisons:
        yield "the plan needs a seed and a comparison at least"


def question(output: ExperimentPlan) -> GateQuestion:
    """May these experiments be run?"""
    rows = "\n".join(
        f"| {c.id} | {c.label} | {c.role} | {', '.join(f'{name} = {value}' for name, value in c.settings.items()) or 'nothing'} |"
        for c in output.conditions
    )
    comparisons = "\n".join(f"- {c.a} against {c.b} ({c.purpose})" for c in output.comparisons)
    runs = len(output.conditions) * len(output.seeds)
    not_understood = "".join(f"\n- not understood: {text}" for text in output.guidance_not_understood)
    return GateQuestion(
        stage=9,
        title="May these experiments be run?",
        body=(
            f"{len(output.conditions)} conditions x {len(output.seeds)} seeds = **{runs} runs** of "
            f"{output.budget_s:g} s of training each, then at most {output.refine_attempts} attempts of the improvement "
            f"loop with {len(output.confirmation_seeds)} fresh seeds. Metric: {output.metric.label}.\n\n"
            f"| condition | label | role | changes |\n|---|---|---|---|\n{rows}\n\nComparisons:\n\n{comparisons}\n"
            f"{not_understood}\n\nRegistration: `{output.registration_sha256}`\n\n"
            "To change the plan, reject with a comment such as `drop CONDITION`, `add LEVEL` or `use 7 seeds`."
        ),
    )
