"""When a learning curve counts as level: one answer for the writer and for the reviewer."""

from __future__ import annotations

from collections.abc import Sequence

OF_THE_VALUE = 0.01
"""Share of the last value by which the last piece of a curve must fall to count as still descending; a guess."""
OF_THE_FALL = 0.04
"""The same as a share of the whole fall, for scores that are large beside what training changes; a guess."""


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
