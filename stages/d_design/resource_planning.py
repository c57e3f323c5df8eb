"""Stage 11: what runs where, what it costs, and a refusal of what does not fit."""

from __future__ import annotations

import math

from stages.contracts import Brief, CodeBundle, Contract, ExperimentPlan, Schedule, TrainingRequest
from stages.errors import SettingsError
from stages.ports import Context

OVERHEAD_S = 8.0
"""Start of two sandboxes, torch imports and scoring of one run (measured 2026-11 on a two-core machine: 5-8 s)."""
FEWEST_SEEDS = 3
"""Below three seeds there is no interval (facts on statistics at few seeds), so a smaller study is refused."""


class Inputs(Contract):
    brief: Brief
    plan: ExperimentPlan
    code: CodeBundle


def run(inputs: Inputs, ctx: Context) -> Schedule:
    """Every planned training run, seed by seed, so that an early stop leaves whole pairs.

    Raises:
        SettingsError: the plan does not fit into experiment.max_hours even with the fewest seeds.
    """
    brief, plan = inputs.brief, inputs.plan
    workers = ctx.laboratory.workers
    run_s = plan.budget_s + OVERHEAD_S
    seeds, deviations = plan.seeds, []

    def hours(count: int) -> float:
        loop = 1 + plan.refine_attempts + 2 * len(plan.confirmation_seeds)
        return math.ceil((count * len(plan.conditions) + loop) / workers) * run_s / 3600

    while hours(len(seeds)) > brief.max_hours and len(seeds) > min(FEWEST_SEEDS, len(plan.seeds)):
        seeds = seeds[:-1]
    if hours(len(seeds)) > brief.max_hours:
        raise SettingsError(
            f"the plan needs about {hours(len(seeds)):.2f} h with {workers} run(s) at once and experiment.max_hours allows "
            f"{brief.max_hours:g}; raise it, or lower experiment.max_conditions or experiment.time_budget_sec"
        )
    if len(seeds) < len(plan.seeds):
        deviations.append(
            "Fewer seeds were run than planned, because the whole plan did not fit into the time allowed; "
            "the seeds that were left out are the same for every condition."
        )
    by_condition = {code.condition: code for code in inputs.code.codes}
    runs = tuple(
        TrainingRequest(
            kit=plan.kit,
            kit_sha256=inputs.code.generated_sha256 or plan.kit_sha256,
            generated=inputs.code.generated,
            condition=condition.id,
            train_py=by_condition[condition.id].train_py,
            seed=seed,
            steps=by_condition[condition.id].steps,
            budget_s=plan.budget_s,
            scored_bytes=plan.scored_bytes,
            purpose="report",
        )
        for seed in seeds
        for condition in plan.conditions
    )
    return Schedule(
        runs=runs,
        workers=workers,
        device=ctx.laboratory.device,
        isolation=ctx.laboratory.isolation,
        estimated_run_s=run_s,
        estimated_total_s=math.ceil(len(runs) / workers) * run_s,
        deviations=tuple(deviations),
    )
