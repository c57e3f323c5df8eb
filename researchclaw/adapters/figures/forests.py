"""Forest plots: paired differences with 95 % intervals, one comparison a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from researchclaw.adapters.figures.record import Record, axis_label, row_places, wrapped
from researchclaw.adapters.figures.style import BLACK, BLUE, GREY, VERMILLION, new_figure
from stages.f_analysis.results import TUNED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_VERDICT_COLOUR = {"better": BLUE, "worse": VERMILLION}
_VERDICT_MARKER = {"better": "o", "worse": "D"}

LABEL_CHARACTERS, NARROW_LABEL_CHARACTERS = 32, 24
"""Longest line of a row's label; a third of the width is left to the labels, two fifths of a column."""

MANY_SEEDS = 12
"""Above this the single seeds are no longer drawn under the interval."""


def difference_forest(record: Record) -> Figure:
    """The figure's comparisons; all that are neither ablations nor the tuned condition where it names none."""
    chosen = record.figure.comparisons or tuple(
        key for key in record.comparisons() if not _is_ablation(record, key) and TUNED not in record.sides(key)[:2]
    )
    return _forest(record, chosen, "paired difference in ")


def ablation_forest(record: Record) -> Figure:
    """The comparisons of a condition with what is left of it when a component is taken out."""
    chosen = record.figure.comparisons or tuple(key for key in record.comparisons() if _is_ablation(record, key))
    return _forest(record, chosen, "paired difference in ")


def _is_ablation(record: Record, comparison: str) -> bool:
    a, b, _ = record.sides(comparison)
    return "ablation" in {record.role(a), record.role(b)}


def _forest(record: Record, comparisons: tuple[str, ...], prefix: str) -> Figure:
    if not comparisons:
        raise record.refuse("no comparison was made")
    labels = [_row_label(record, comparison) for comparison in comparisons]
    places, room = row_places(labels)
    figure = new_figure(0.75 + (0.35 if record.narrow else 0.31) * room + 0.15 * record.narrow, record.width_in)
    panel = figure.subplots()
    panel.axvline(0, color=BLACK, linewidth=0.6)
    for place, comparison in zip(places, comparisons, strict=True):
        _draw_row(panel, record, comparison, place)
    panel.set_yticks(places, labels)
    panel.set_ylim(room - 0.45, -0.55)
    panel.tick_params(axis="y", length=0)
    panel.spines["left"].set_visible(False)
    panel.margins(x=0.06)
    panel.locator_params(axis="x", nbins=4 if record.narrow else 9)
    panel.set_xlabel(axis_label(record.metric, prefix, lines=record.narrow))
    panel.annotate(
        "wins", xy=(1.0, 1.0), xycoords="axes fraction", xytext=(3, -1), textcoords="offset points", va="bottom", fontsize=7
    )
    panel.grid(axis="x", linewidth=0.3, color="#DDDDDD")
    panel.set_axisbelow(True)
    return figure


def _row_label(record: Record, comparison: str) -> str:
    a, b, _ = record.sides(comparison)
    most = NARROW_LABEL_CHARACTERS if record.narrow else LABEL_CHARACTERS
    if comparison == "interaction":
        return wrapped("interaction (departure from adding up)", most)
    minus = "\u2212"
    return f"{wrapped(record.short_label(a), most)}\n{wrapped(f'{minus} {record.short_label(b)}', most)}"


def _draw_row(panel: Axes, record: Record, comparison: str, row: float) -> None:
    pointer = record.comparison_pointer(comparison)
    verdict = record.sides(comparison)[2]
    colour = _VERDICT_COLOUR.get(verdict, GREY)
    mean = record.number(f"{pointer}/mean_diff")
    low, high = record.optional(f"{pointer}/ci95_low"), record.optional(f"{pointer}/ci95_high")
    seeds = record.seeds(f"{pointer}/differences")
    if 1 < len(seeds) <= MANY_SEEDS:
        values = [record.number(f"{pointer}/differences/{seed}") for seed in seeds]
        panel.plot(values, [row + 0.2] * len(values), "|", color=colour, markersize=5, markeredgewidth=0.7)
    if low is not None and high is not None:
        panel.plot([low, high], [row, row], color=colour, linewidth=1.2, solid_capstyle="butt")
        panel.plot([low, high], [row, row], "|", color=colour, markersize=5, markeredgewidth=0.9)
    # A hollow mark: the record does not call this difference.
    panel.plot(
        [mean],
        [row],
        _VERDICT_MARKER.get(verdict, "o"),
        color=colour,
        markersize=4.2,
        markerfacecolor=colour if verdict in _VERDICT_COLOUR else "white",
    )
    wins, count = record.number(f"{pointer}/wins"), record.number(f"{pointer}/n")
    panel.annotate(
        f"{wins:.0f}/{count:.0f}",
        xy=(1.0, row),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        annotation_clip=False,
    )
