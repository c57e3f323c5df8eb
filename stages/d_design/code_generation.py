"""Stage 10: write each condition as a one-purpose patch of train.py and prove it by a short run."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from typing import ClassVar

from stages import python_source
from stages.a_scoping.study import kit_of
from stages.asking import at_once
from stages.contracts import Brief, CodeBundle, CodeCheck, ConditionCode, Contract, Contrast, ExperimentPlan, Goal, Kit
from stages.d_design.kit_making import write_kit
from stages.d_design.patching import normalised_hash, unified_patch
from stages.errors import ExperimentFailed, MalformedAnswer
from stages.ports import Context, Probe, ProbeRequest, Question


class Inputs(Contract):
    brief: Brief
    goal: Goal
    plan: ExperimentPlan


class CodeQuestion(Question):
    """What does train.py look like under this condition?"""

    by_rule: ClassVar[bool] = True
    """Setting the constants that the condition names leaves nothing to judge, and a whole script to copy."""

    condition: Contrast
    train_py: str


class TrainingCode(Contract):
    train_py: str


def run(inputs: Inputs, ctx: Context) -> CodeBundle:
    """Every condition as code: checked, run once, and timed against the baseline.

    Raises:
        MalformedAnswer: a patch fails a static check.
        ExperimentFailed: a condition does not survive its short run.
        KitRefused: a kit that is written here leaks, repeats a condition or does not run after its repairs.
    """
    if inputs.goal.blueprint is not None:
        return write_kit(inputs.goal.blueprint, inputs.plan, inputs.brief.max_repairs, ctx)
    kit = kit_of(inputs.goal, ctx)
    conditions = inputs.plan.conditions
    sources = at_once(lambda condition: _write(condition, kit, ctx), conditions)
    checks = [static_checks(condition, source, kit) for condition, source in zip(conditions, sources, strict=True)]
    _refuse_twins(conditions, sources)

    requests = [ProbeRequest(condition=c.id, train_py=source) for c, source in zip(conditions, sources, strict=True)]
    probes = ctx.laboratory.probe(kit.name, requests)
    reference = probes.probes[0]
    codes = tuple(
        condition_code(condition, source, kit, check, probe, reference, inputs.plan.budget_s)
        for condition, source, check, probe in zip(conditions, sources, checks, probes.probes, strict=True)
    )
    assert reference.step_s is not None  # condition_code has refused a failed baseline
    return CodeBundle(baseline=conditions[0].id, codes=codes, reference_step_s=reference.step_s, clock=probes.clock)


def _write(condition: Contrast, kit: Kit, ctx: Context) -> str:
    if not condition.settings:
        return kit.train_py
    question = CodeQuestion(condition=condition, train_py=kit.train_py)
    return ctx.model.ask(question, answer=TrainingCode).train_py


def static_checks(condition: Contrast, source: str, kit: Kit) -> tuple[CodeCheck, ...]:
    """Does the code parse, and does it change what the condition says and nothing else?

    Raises:
        MalformedAnswer: a check fails; the message names the condition and the check.
    """
    try:
        found = python_source.constants(source)
    except SyntaxError as error:
        raise MalformedAnswer(f"the code of {condition.id!r} does not parse: line {error.lineno}: {error.msg}") from error
    before = python_source.constants(kit.train_py)
    changed = {name for name in before.keys() | found.keys() if before.get(name) != found.get(name)}
    lines = [line for line in difflib.ndiff(kit.train_py.splitlines(), source.splitlines()) if line.startswith(("+ ", "- "))]
    checks = (
        CodeCheck(name="parses", passed=True, detail="the code is valid Python"),
        CodeCheck(
            name="changes what the condition says",
            passed=changed == {name for name, value in condition.settings.items() if before[name] != python_source.literal(value)},
            detail=f"changed: {', '.join(sorted(changed)) or 'nothing'}",
        ),
        CodeCheck(
            name="changes nothing else",
            passed=len(lines) == 2 * len(changed),
            detail=f"{len(lines)} lines of difference for {len(changed)} constants",
        ),
    )
    for check in checks:
        if not check.passed:
            raise MalformedAnswer(f"the code of {condition.id!r} fails the check {check.name!r}: {check.detail}")
    return checks


def _refuse_twins(conditions: tuple[Contrast, ...], sources: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for condition, source in zip(conditions, sources, strict=True):
        twin = seen.setdefault(normalised_hash(source), condition.id)
        if twin != condition.id:
            raise MalformedAnswer(f"conditions {twin!r} and {condition.id!r} are the same program")


def condition_code(
    condition: Contrast,
    source: str,
    kit: Kit,
    checks: tuple[CodeCheck, ...],
    probe: Probe,
    reference: Probe,
    budget_s: float,
) -> ConditionCode:
    """A condition with the number of steps that fit in the budget on the reference clock.

    Raises:
        ExperimentFailed: the short run failed.
    """
    if probe.failure or not (probe.cost_ratio and probe.parameters and probe.weights_sha256 and reference.step_s):
        raise ExperimentFailed(f"the short run of {condition.id!r} failed: {probe.failure or 'nothing was measured'}")
    differs = probe.weights_sha256 != reference.weights_sha256 or probe.condition == reference.condition
    behaviour = CodeCheck(
        name="behaves differently from the baseline",
        passed=differs,
        detail="other weights after the short run" if differs else "the same weights as the baseline after the short run",
    )
    return ConditionCode(
        condition=condition.id,
        patch=unified_patch(kit.train_py, source) if source != kit.train_py else "",
        train_py=source,
        train_sha256=hashlib.sha256(source.encode()).hexdigest(),
        checks=(*checks, behaviour),
        steps=max(1, int(budget_s / (reference.step_s * probe.cost_ratio))),
        cost_ratio=probe.cost_ratio,
        parameters=probe.parameters,
        probe_sha256=probe.weights_sha256,
    )
