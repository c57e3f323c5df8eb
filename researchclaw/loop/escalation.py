"""What to do when nothing is kept: refine, pivot, widen, stop. Pure; the counts are those of codex-autoresearch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from researchclaw.loop.contracts import AttemptEnded, StrategyChanged
from stages.contracts import Contract

REFINE_AFTER, PIVOT_AFTER, WIDEN_AFTER, STOP_AFTER = 3, 5, 2, 3
MAX_REPAIRS, MAX_REWORKS, SAME_CRASH = 3, 2, 5

Step = Literal["refine", "pivot", "widen", "stop"]


class Standing(Contract):
    """Counts since the last keep."""

    discards: int = 0
    """In a row, since the last keep or pivot."""
    pivots: int = 0
    refined: bool = False
    widened: bool = False
    """Since the run began: what was opened stays open."""
    banned: tuple[str, ...] = ()
    """Operator families that pivots have set aside since the last keep."""


def standing(attempts: Sequence[AttemptEnded], changes: Sequence[StrategyChanged]) -> Standing:
    """Where the ladder stands after these attempts and these changes of strategy."""
    discards, pivots, refined, widened = 0, 0, False, False
    banned: list[str] = []
    for attempt in attempts:
        if attempt.screening:
            continue
        if attempt.verdict == "keep":
            discards, pivots, refined, banned = 0, 0, False, []
        else:
            discards += 1
        for change in changes:
            if change.after != attempt.number:
                continue
            if change.to == "refine":
                refined = True
            elif change.to == "pivot":
                discards, refined, pivots = 0, False, pivots + 1
                if change.banned:
                    banned.append(change.banned)
            else:
                widened = True
    return Standing(discards=discards, pivots=pivots, refined=refined, widened=widened, banned=tuple(banned))


def next_step(now: Standing) -> Step | None:
    """The rung to take now; None: go on as before."""
    if now.pivots >= STOP_AFTER:
        return "stop"
    if now.pivots >= WIDEN_AFTER and not now.widened:
        return "widen"
    if now.discards >= PIVOT_AFTER:
        return "pivot"
    if now.discards >= REFINE_AFTER and not now.refined:
        return "refine"
    return None


def commonest(attempts: Sequence[AttemptEnded]) -> str:
    """The family that most of the last attempts, those that a pivot is due for, belong to; the screening apart."""
    recent = [family(attempt.operator) for attempt in attempts if not attempt.screening][-PIVOT_AFTER:]
    return max(sorted(set(recent)), key=recent.count)


def repeated_crash(attempts: Sequence[AttemptEnded]) -> str | None:
    """The crash that has come up so often that the run must stop, if there is one."""
    counts = Counter(attempt.crash_signature for attempt in attempts if attempt.crash_signature)
    worst = counts.most_common(1)
    return worst[0][0] if worst and worst[0][1] >= SAME_CRASH else None


def family(operator: str) -> str:
    """'LEARNING_RATE up' -> 'LEARNING_RATE'."""
    return operator.split(" ", 1)[0]
