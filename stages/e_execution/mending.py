"""Repair of conditions whose reported runs failed, in kits that were written in this study."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.contracts import CodeBundle, ConditionCode, Contrast, ExperimentPlan, GeneratedKit, Repair, RunRecord, TrainingRequest
from stages.d_design.generated_code import CodeFault, check_source
from stages.d_design.kit_making import Failure, RepairShop, proved_code
from stages.errors import KitRefused
from stages.ports import Context, ProbeRequest

logger = logging.getLogger(__name__)


def training_request(
    code: ConditionCode, plan: ExperimentPlan, bundle: CodeBundle, seed: int, purpose: str, *, sealed: bool = False
) -> TrainingRequest:
    """One run of a condition under the plan's terms. sealed: scored on the test split, too."""
    return TrainingRequest.model_validate(
        {
            "kit": plan.kit,
            "kit_sha256": bundle.generated_sha256 or plan.kit_sha256,
            "generated": bundle.generated,
            "condition": code.condition,
            "train_py": code.train_py,
            "seed": seed,
            "steps": code.steps,
            "budget_s": plan.budget_s,
            "scored_bytes": plan.scored_bytes,
            "purpose": purpose,
            "sealed": sealed,
        }
    )


def mended(
    plan: ExperimentPlan, bundle: CodeBundle, runs: Sequence[RunRecord], max_repairs: int, ctx: Context
) -> tuple[CodeBundle, tuple[RunRecord, ...], tuple[Repair, ...]]:
    """Bundle and runs with every failing condition mended where that works, and what was tried.

    All runs of a mended condition are made again with its new code, also those that had ended well: a condition is one program.
    """
    assert bundle.generated is not None
    shop = RepairShop(ctx, max_repairs - len(bundle.repairs))
    codes, kept = {code.condition: code for code in bundle.codes}, list(runs)
    for condition in plan.conditions:
        own = [run for run in kept if run.condition == condition.id]
        failed = next((run for run in own if run.verdict != "ok"), None)
        if failed is None:
            continue
        trial = _Trial(condition, failed, tuple(run.seed for run in own), plan, bundle, bundle.generated, codes, ctx)
        try:
            text = shop.until_it_runs(condition.id, condition.reason, codes[condition.id].train_py, trial)
        except KitRefused as refused:  # its runs stay as they failed: the paper counts them
            logger.warning("%s could not be mended: %s", condition.id, refused)
            continue
        codes[condition.id], made = trial.made[text]
        by_seed = {run.seed: run for run in made}
        kept = [by_seed[run.seed] if run.condition == condition.id else run for run in kept]
    now = bundle.model_copy(update={"codes": tuple(codes[condition.id] for condition in plan.conditions)})
    return now, tuple(kept), tuple(shop.done)


@dataclass
class _Trial:
    """Runs a changed program of one condition: the checks, a short run beside the others, and all its seeds."""

    condition: Contrast
    failed: RunRecord
    seeds: tuple[int, ...]
    plan: ExperimentPlan
    bundle: CodeBundle
    kit: GeneratedKit
    codes: dict[str, ConditionCode]
    ctx: Context
    made: dict[str, tuple[ConditionCode, tuple[RunRecord, ...]]] = field(default_factory=dict)

    def __call__(self, text: str) -> Failure | None:
        if text == self.codes[self.condition.id].train_py:
            return _failure(self.failed)
        try:
            check_source("train.py", text)
        except CodeFault as fault:
            return Failure(str(fault))
        others = [code for code in self.codes.values() if code.condition != self.condition.id]
        requests = [ProbeRequest(condition=code.condition, train_py=code.train_py, generated=self.kit) for code in others]
        requests.append(ProbeRequest(condition=self.condition.id, train_py=text, generated=self.kit))
        probe = self.ctx.laboratory.probe(self.kit.name, requests).probes[-1]
        if probe.failure or probe.same_as:
            return Failure(probe.failure or f"it now gives the same predictions as {probe.same_as!r}", probe.log_tail)
        code = proved_code(self.condition, text, self.kit, probe)
        runs = self.ctx.laboratory.measure([training_request(code, self.plan, self.bundle, seed, "report") for seed in self.seeds])
        self.made[text] = (code, runs)
        bad = next((run for run in runs if run.verdict != "ok"), None)
        return _failure(bad) if bad else None


def _failure(run: RunRecord) -> Failure:
    return Failure(f"{run.verdict}: {run.reason} (seed {run.seed})", run.log_tail)
