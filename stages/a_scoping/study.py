"""The kit and the factors of a study, looked up from its goal."""

from __future__ import annotations

from collections.abc import Iterable

from stages.contracts import Contrast, Factor, Goal, Kit
from stages.ports import Context


def kit_of(goal: Goal, ctx: Context) -> Kit:
    """The kit that the goal was tied to in stage 1."""
    return next(kit for kit in ctx.kits if kit.name == goal.kit)


def foreign_settings(contrast: Contrast, factors: Iterable[Factor]) -> list[str]:
    """Those constants of a condition that no level and no ablation of the factors sets to this literal, as 'NAME = literal'."""
    given = [settings for factor in factors for settings in (*(level.settings for level in factor.levels), factor.ablation.settings)]
    allowed = {(name, literal) for settings in given for name, literal in settings.items()}
    return [f"{name} = {literal}" for name, literal in contrast.settings.items() if (name, literal) not in allowed]


def studied_factors(goal: Goal, kit: Kit) -> tuple[Factor, ...]:
    """The factors of the study, in the order of the topic."""
    by_name = {factor.name: factor for factor in kit.factors}
    return tuple(by_name[match.factor] for match in goal.matches)
