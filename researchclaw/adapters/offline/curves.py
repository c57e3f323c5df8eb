"""How learning curves are read: one answer for the writer, for the reviewer and for whoever draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

OF_THE_VALUE = 0.01
"""Share of the last value by which the last piece of a curve must fall to count as still descending; a guess."""
OF_THE_FALL = 0.04
"""The same as a share of the whole fall, for scores that are large beside what training changes; a guess."""


HIDDEN = 3.0
"""How many times the spread of the means over the whole of training exceeds that of its last part where that part is drawn again,
enlarged; a guess."""


@dataclass(frozen=True)
class Means:
    """The mean curve of a condition: x in steps or in percent of the budget, y in the unit of the metric."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def enlarged_from(curves: Sequence[Means]) -> float | None:
    """Where the last part of training begins that a second panel shows, enlarged; None where one panel shows everything.

    As late as leaves three points of every curve, from half of the training on.
    """
    end = max(curve.x[-1] for curve in curves)
    late = min(max(end / 2, curve.x[-3]) for curve in curves)

    def spread(start: float) -> float:
        values = [y for curve in curves for x, y in zip(curve.x, curve.y, strict=True) if x >= start]
        return max(values) - min(values)

    return late if spread(0.0) > HIDDEN * spread(late) else None


def by_budget(ends: Sequence[float]) -> bool:
    """Whether conditions make so unequal numbers of steps that curves are drawn over the budget, which is what they share."""
    return max(ends) > BUDGET_AXIS * min(ends)


BUDGET_AXIS = 1.02


def still_descending(means: Sequence[float], *, lower_is_better: bool = True) -> bool:
    """Whether the curve was still getting better at its last checkpoint.

    means: of one condition in the order of steps, in the unit of the metric; below two checkpoints nothing is seen.
    """
    if len(means) < 2:
        return False
    sign = 1 if lower_is_better else -1
    last = sign * (means[-2] - means[-1])
    whole = sign * (means[0] - means[-1])
    return last > 0 and (last > OF_THE_VALUE * abs(means[-1]) or (len(means) > 2 and last > OF_THE_FALL * whole))
