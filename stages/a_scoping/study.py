"""The kit and the factors of a study, looked up from its goal."""

from __future__ import annotations

from stages.contracts import Factor, Goal, Kit
from stages.ports import Context


def kit_of(goal: Goal, ctx: Context) -> Kit:
    """The kit that the goal was tied to in stage 1."""
    return next(kit for kit in ctx.kits if kit.name == goal.kit)


def studied_factors(goal: Goal, kit: Kit) -> tuple[Factor, ...]:
    """The factors of the study, in the order of the topic."""
    by_name = {factor.name: factor for factor in kit.factors}
    return tuple(by_name[match.factor] for match in goal.matches)
