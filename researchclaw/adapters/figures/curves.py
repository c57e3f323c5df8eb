"""Learning curves: mean and 95 % t band over seeds, thin lines for single seeds where they are few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from researchclaw.adapters.figures.legend import legend_below
from researchclaw.adapters.figures.record import Record, axis_label
from researchclaw.adapters.figures.style import Look, look, new_figure
from researchclaw.adapters.offline.curves import Means, by_budget, enlarged_from
from stages.contracts import SeedSummary, Slug
from stages.f_analysis.statistics import mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_SEEDS = 5
"""Up to here every seed gets its own thin line."""


@dataclass(frozen=True)
class Curve:
    """One condition as drawn; x in steps or in percent of its budget."""

    label: str
    look: Look
    x: tuple[float, ...]
    mean: tuple[float, ...]
    band: tuple[tuple[float, float] | None, ...]
    seeds: tuple[tuple[float | None, ...], ...]


def learning_curves(record: Record) -> Figure:
    """The whole training on the left; its last part enlarged on the right where the start would hide the end."""
    conditions = record.conditions()
    if min((len(record.steps(condition)) for condition in conditions), default=0) < 3:
        raise record.refuse("a curve needs at least three points")
    ends = {condition: int(record.steps(condition)[-1]) for condition in conditions}
    # Conditions that cost more per step make fewer of them: what they share is the budget.
    over_budget = by_budget(list(ends.values()))
    order = record.all_conditions()
    curves = [_curve(record, condition, order.index(condition), over_budget=over_budget) for condition in conditions]
    late = enlarged_from([Means(curve.x, curve.mean) for curve in curves])
    figure = new_figure(2.55, record.width_in)
    panels = figure.subplots(1, 1 if late is None else 2, squeeze=False)[0]
    for panel in panels:
        for curve in curves:
            _plot(panel, curve)
        panel.set_xlabel("training budget used (%)" if over_budget else "optimisation step")
    panels[0].set_ylabel(axis_label(record.metric, lines=True))
    if late is not None:
        _zoom(panels[1], curves, late)
    legend_below(figure, panels[0], record.width_in)
    return figure


def _curve(record: Record, condition: Slug, position: int, *, over_budget: bool) -> Curve:
    steps = record.steps(condition)
    base = f"/conditions/{condition}/curve"
    seeds = sorted({seed for step in steps for seed in record.seeds(f"{base}/{step}/seeds")}, key=int)
    if over_budget:
        how = "100 * step / last step of the condition"
        x = tuple(record.derived(f"{base}/{step}", 100 * float(step) / float(steps[-1]), how) for step in steps)
    else:
        x = tuple(record.derived(f"{base}/{step}", float(step), "the step, which is the name of this object") for step in steps)
    return Curve(
        label=record.label(condition),
        look=look(position),
        x=x,
        mean=tuple(record.number(f"{base}/{step}/mean") for step in steps),
        band=tuple(_band(record, condition, step) for step in steps),
        seeds=tuple(tuple(record.optional(f"{base}/{step}/seeds/{seed}") for step in steps) for seed in seeds)
        if 1 < len(seeds) <= FEW_SEEDS
        else (),
    )


def _band(record: Record, condition: Slug, step: str) -> tuple[float, float] | None:
    summary: SeedSummary = record.curve_summary(condition, step)
    interval = mean_interval(summary)
    if interval is None:
        return None
    low, high = interval
    pointer = f"/conditions/{condition}/curve/{step}"
    return (
        record.derived(pointer, low, "mean - t(0.975, n - 1) * std / sqrt(n)"),
        record.derived(pointer, high, "mean + t(0.975, n - 1) * std / sqrt(n)"),
    )


def _plot(panel: Axes, curve: Curve) -> None:
    for seed in curve.seeds:
        points = [(x, y) for x, y in zip(curve.x, seed, strict=True) if y is not None]
        panel.plot([x for x, _ in points], [y for _, y in points], color=curve.look.colour, linewidth=0.35, alpha=0.45)
    band = [(x, *interval) for x, interval in zip(curve.x, curve.band, strict=True) if interval is not None]
    if band:
        x, low, high = zip(*band, strict=True)
        panel.fill_between(x, low, high, color=curve.look.colour, alpha=0.13, linewidth=0)
    panel.plot(
        curve.x,
        curve.mean,
        color=curve.look.colour,
        linestyle=curve.look.line,
        marker=curve.look.marker,
        markersize=2.6,
        label=curve.label,
    )


def _zoom(panel: Axes, curves: list[Curve], start: float) -> None:
    """Show x >= start, with the axis fitted to the means, the seeds and the bands there."""
    values: list[float] = []
    for curve in curves:
        for index, x in enumerate(curve.x):
            if x >= start:
                values += [curve.mean[index], *(y for seed in curve.seeds if (y := seed[index]) is not None)]
                values += curve.band[index] or ()
    margin = 0.04 * (max(values) - min(values))
    end = max(curve.x[-1] for curve in curves)
    panel.set_xlim(start - 0.03 * (end - start), end + 0.03 * (end - start))
    panel.set_ylim(min(values) - margin, max(values) + margin)
