"""Draws a figure of the kind that its specification names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from researchclaw.adapters.figures import curves, diagrams, forests, scores
from researchclaw.adapters.figures.record import Record
from researchclaw.adapters.figures.style import WIDTH_IN, house_style, saved
from stages.contracts import FigureSpec, PrismaCounts, Results
from stages.errors import ManuscriptRefused
from stages.ports import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KINDS: Mapping[str, Callable[[Record], Figure]] = {
    "learning_curves": curves.learning_curves,
    "difference_forest": forests.difference_forest,
    "ablation_forest": forests.ablation_forest,
    "seed_dots": scores.seed_dots,
    "cost_quality": scores.cost_quality,
    "method_diagram": diagrams.method_diagram,
    "prisma": diagrams.prisma,
}


class MatplotlibIllustrator:
    """Port `Illustrator`. matplotlib is imported at the first figure (about 1 s)."""

    def __init__(self, cache: Path | None = None) -> None:
        """cache: where matplotlib keeps its list of fonts; None leaves it to matplotlib, which takes the user's home."""
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
            os.environ["MPLCONFIGDIR"] = str(cache.resolve())

    def draw(self, figure: FigureSpec, results: Results, prisma: PrismaCounts, width_in: float = WIDTH_IN) -> Drawing:
        """The figure as PDF and PNG, and exactly the numbers that were drawn.

        Raises:
            ManuscriptRefused: the record holds nothing that the figure could show, or contradicts the literature's counts.
        """
        if figure.kind == "prisma" and prisma.model_dump() != results.literature:
            raise ManuscriptRefused(f"figure {figure.id}: the counts of the literature search differ from those in results.json")
        record = Record(figure, results, width_in)
        with house_style():
            pdf, png = saved(_KINDS[figure.kind](record))
        return Drawing(pdf=pdf, png=png, data_json=record.data_json())
