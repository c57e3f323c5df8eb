"""Two-level screening (Plackett & Burman 1946): which of up to eleven changes matter, from twelve runs of one seed each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GENERATOR = (1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1)  # their design for 12 runs
MAX_FACTORS = len(_GENERATOR)
RUNS = MAX_FACTORS + 1


def design(factors: int) -> tuple[tuple[bool, ...], ...]:
    """One row per run, one column per factor: is its change made? The last row changes nothing.

    factors: 1 to 11. Main effects are estimated clear of each other, not of interactions.
    """
    rows = [tuple(_GENERATOR[(column - row) % MAX_FACTORS] > 0 for column in range(factors)) for row in range(MAX_FACTORS)]
    return (*rows, (False,) * factors)


def main_effects(rows: Sequence[Sequence[bool]], gains: Sequence[float]) -> tuple[float, ...]:
    """Gain from making each change, by least squares with a small ridge, so that rows that crashed may be missing."""
    signs = np.array([[1.0 if made else 0.0 for made in row] for row in rows])
    matrix = np.column_stack([np.ones(len(rows)), signs])
    ridge = 1e-3 * np.eye(matrix.shape[1])
    solved = np.linalg.solve(matrix.T @ matrix + ridge, matrix.T @ np.asarray(gains, dtype=float))
    return tuple(float(effect) for effect in solved[1:])
