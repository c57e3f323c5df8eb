"""The kit and the factors of a study, looked up from its goal, or made from its blueprint where the kit is yet to be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stages import python_source
from stages.contracts import Blueprint, Contrast, Factor, Goal, Kit
from stages.d_design.generated_code import blueprint_sha256
from stages.e_execution.measures import metric_of
from stages.ports import Context


def kit_of(goal: Goal, ctx: Context) -> Kit:
    """The kit that the goal was tied to in stage 1."""
    return kit_among(goal, ctx.kits)


def kit_among(goal: Goal, kits: Iterable[Kit]) -> Kit:
    """The same without a context: the kit that will be written, or one of `kits`."""
    if goal.blueprint is not None:
        return kit_to_be(goal.blueprint)
    return next(kit for kit in kits if kit.name == goal.kit)


def foreign_settings(contrast: Contrast, factors: Iterable[Factor]) -> list[str]:
    """Those constants of a condition that no level and no ablation of the factors sets to this literal, as 'NAME = literal'."""
    given = [settings for factor in factors for settings in (*(level.settings for level in factor.levels), factor.ablation.settings)]
    allowed = {(name, literal) for settings in given for name, literal in settings.items()}
    return [f"{name} = {literal}" for name, literal in contrast.settings.items() if (name, literal) not in allowed]


def without_idle_settings(contrast: Contrast, constants: Mapping[str, str]) -> Contrast:
    """The condition without the constants that it sets to what the reference has anyway: such a setting is no change.

    constants: constant -> literal of the reference; one that is not known there stays.
    """
    idle = {name for name, value in contrast.settings.items() if name in constants and _same_literal(value, constants[name])}
    if not idle:
        return contrast
    return contrast.model_copy(update={"settings": {name: value for name, value in contrast.settings.items() if name not in idle}})


def _same_literal(one: str, other: str) -> bool:
    """Whether both name the same value, however it is quoted; what is no literal is compared as it stands."""
    try:
        first, second = python_source.literal(one), python_source.literal(other)
    except (ValueError, SyntaxError):
        return one == other
    return type(first) is type(second) and first == second


def kit_to_be(blueprint: Blueprint) -> Kit:
    """The kit of a blueprint before its code is written: nothing to set, and the blueprint's hash in place of its files'."""
    sha256 = blueprint_sha256(blueprint)
    return Kit(
        name=blueprint.name,
        title=blueprint.title,
        domain=blueprint.domain,
        summary=blueprint.summary,
        metric=metric_of(blueprint.measure),
        default_budget_s=60,
        answers=(),
        scope_words=(),
        factors=blueprint.factors,
        constants={},
        tunable={},
        train_py="",
        prepare_sha256=sha256,
        kit_sha256=sha256,
    )


def studied_factors(goal: Goal, kit: Kit) -> tuple[Factor, ...]:
    """The factors of the study, in the order of the topic."""
    by_name = {factor.name: factor for factor in kit.factors}
    return tuple(by_name[match.factor] for match in goal.matches)
