"""Scores of conditions: every seed as a dot, and quality against cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from researchclaw.adapters.figures.legend import legend_below
from researchclaw.adapters.figures.record import Record, axis_label, metric_pointer, row_places, wrapped
from researchclaw.adapters.figures.style import GREY, look, new_figure
from stages.contracts import Slug
from stages.f_analysis.statistics import mean_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


OVERLAP = 0.04
"""Share of an axis below which two marks touch: a mark of 5.5 pt on a panel of 2 in."""


def seed_dots(record: Record) -> Figure:
    """One row a condition, one dot a seed; thin lines join the same seed, a tick marks the mean, a bar its 95 % interval."""
    conditions = record.conditions()
    if len(conditions) < 2:
        raise record.refuse("scores of one condition alone compare nothing")
    order = record.all_conditions()
    labels = [wrapped(record.short_label(condition), 24 if record.narrow else 28) for condition in conditions]
    places, room = row_places(labels)
    figure = new_figure(0.7 + (0.36 if record.narrow else 0.28) * room, record.width_in)
    panel = figure.subplots()
    paths: dict[str, list[tuple[float, float]]] = {}
    for row, condition in zip(places, conditions, strict=True):
        shown = look(order.index(condition))
        pointer = metric_pointer(condition, record.metric)
        for seed in record.seeds(f"{pointer}/seeds"):
            paths.setdefault(seed, []).append((record.number(f"{pointer}/seeds/{seed}"), row))
        values = [points[-1][0] for points in paths.values() if points[-1][1] == row]
        panel.plot(values, [row] * len(values), shown.marker, color=shown.colour, markersize=3.6, alpha=0.85, zorder=3)
        interval = _interval(record, condition)
        if interval is not None:
            panel.plot(interval, [row + 0.25] * 2, color=shown.colour, linewidth=1.0, zorder=2)
        if len(values) > 1:
            mean = record.number(f"{pointer}/mean")
            panel.plot([mean], [row + 0.25], "|", color=shown.colour, markersize=6, markeredgewidth=1.2, zorder=4)
    for points in paths.values():
        panel.plot([x for x, _ in points], [row for _, row in points], color=GREY, linewidth=0.4, alpha=0.5, zorder=1)
    panel.set_yticks(places, labels)
    panel.set_ylim(room - 0.4, -0.5)
    panel.tick_params(axis="y", length=0)
    panel.margins(x=0.04)
    panel.locator_params(axis="x", nbins=5 if record.narrow else 9)
    panel.set_xlabel(axis_label(record.metric, lines=record.narrow))
    return figure


def cost_quality(record: Record) -> Figure:
    """Mean score with its 95 % interval against the time of one step relative to the baseline."""
    conditions = record.conditions()
    if len(conditions) < 2:
        raise record.refuse("a trade-off needs at least two conditions")
    order = record.all_conditions()
    figure = new_figure(2.5, record.width_in)
    panel = figure.subplots()
    drawn: list[tuple[float, float]] = []
    points = [
        (record.number(f"/conditions/{name}/cost_ratio"), record.number(f"{metric_pointer(name, record.metric)}/mean"))
        for name in conditions
    ]
    reach = [max(values) - min(values) for values in zip(*points, strict=True)]
    for condition in conditions:
        shown = look(order.index(condition))
        cost = record.number(f"/conditions/{condition}/cost_ratio")
        mean = record.number(f"{metric_pointer(condition, record.metric)}/mean")
        interval = _interval(record, condition)
        if interval is not None:
            panel.plot([cost, cost], interval, color=shown.colour, linewidth=0.9)
        # Hollow, and the later the wider: conditions of one price and nearly one score would hide each other.
        near = sum(abs(x - cost) <= OVERLAP * reach[0] and abs(y - mean) <= OVERLAP * reach[1] for x, y in drawn)
        drawn.append((cost, mean))
        panel.plot(
            [cost],
            [mean],
            shown.marker,
            color=shown.colour,
            markersize=5.5 + 3.5 * near,
            fillstyle="none",
            label=record.label(condition),
        )
    timed = "fit" if record.optional("/data/train_rows") is not None else "step"
    panel.set_xlabel(f"time of one {timed} relative to the baseline{chr(10) if record.narrow else ' '}(lower is cheaper)")
    panel.set_ylabel(axis_label(record.metric, lines=True))
    panel.margins(x=0.08, y=0.08)
    low, high = panel.get_xlim()
    # Costs are known to about 2 %: equal costs must look equal.
    panel.set_xlim(min(low, 0.9), max(high, 1.1))
    panel.grid(linewidth=0.3, color="#DDDDDD")
    panel.set_axisbelow(True)
    legend_below(figure, panel, record.width_in)
    return figure


def _interval(record: Record, condition: Slug) -> tuple[float, float] | None:
    interval = mean_interval(record.summary(condition))
    if interval is None:
        return None
    pointer = metric_pointer(condition, record.metric)
    low, high = interval
    return (
        record.derived(pointer, low, "mean - t(0.975, n - 1) * std / sqrt(n)"),
        record.derived(pointer, high, "mean + t(0.975, n - 1) * std / sqrt(n)"),
    )
