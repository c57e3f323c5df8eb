"""A legend that never lies over the data: below the panels, in as many columns as the labels allow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from researchclaw.adapters.figures.record import longest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHARACTER_IN = 0.052
"""Mean width of a 7 pt serif character, generous; measured on English labels in STIX."""

HANDLE_IN = 0.45


def legend_below(figure: Figure, panel: Axes, width_in: float) -> None:
    """One legend for the whole figure, from the labelled artists of one panel."""
    handles, labels = panel.get_legend_handles_labels()
    fitting = int((width_in - 0.1) // (longest(labels) * CHARACTER_IN + HANDLE_IN))
    most = max(1, min(len(labels), fitting))
    rows = math.ceil(len(labels) / most)
    figure.legend(
        handles, labels, loc="outside lower center", ncols=math.ceil(len(labels) / rows), handlelength=2.6, columnspacing=1.2
    )
