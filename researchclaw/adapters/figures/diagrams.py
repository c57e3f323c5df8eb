"""Boxes and arrows: how the study was run, and how the literature was narrowed down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from researchclaw.adapters.figures.record import Record, wrapped
from researchclaw.adapters.figures.style import BLACK, BLUE, GREY, NARROW_IN, WIDTH_IN, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHARACTERS_PER_IN = 20
"""Of 7 pt serif text inside a box; generous, so that nothing touches the frame."""

LINE_IN = 0.125
"""Height of one line of 7 pt text."""


@dataclass(frozen=True)
class Box:
    """Centre and size in inches from the lower left corner of the figure."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> tuple[float, float]:
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> tuple[float, float]:
        return self.x, self.y - self.height / 2


def method_diagram(record: Record) -> Figure:
    """Data, one box a condition, evaluator, comparison; from left to right."""
    conditions = record.conditions()
    if len(conditions) < 2:
        raise record.refuse("a study of one condition compares nothing")
    scale = record.width_in / WIDTH_IN
    if record.narrow:
        raise record.refuse(f"a method diagram needs {NARROW_IN:g} in")
    width = 1.72 * scale
    texts = [_fitted(record.label(condition), width) for condition in conditions]
    heights = [LINE_IN * (text.count("\n") + 1) + 0.13 for text in texts]
    gap = 0.09
    height = max(1.65, sum(heights) + gap * (len(heights) - 1) + 0.62)
    figure, panel = _sheet(height, record.width_in)
    middle = (height - 0.3) / 2 + 0.06
    data = _box(panel, Box(0.62 * scale, middle, 1.14 * scale, 0.9), _data_text(record))
    order = record.all_conditions()
    top = middle + (sum(heights) + gap * (len(heights) - 1)) / 2
    boxes = []
    for condition, text, tall in zip(conditions, texts, heights, strict=True):
        place = Box(2.37 * scale, top - tall / 2, width, tall)
        boxes.append(_box(panel, place, text, edge=look(order.index(condition)).colour))
        top -= tall + gap
    score = _box(panel, Box(4.0 * scale, middle, 0.94 * scale, 0.9), _fitted(f"sealed evaluator: {record.metric.label}", 0.94 * scale))
    verdict = _box(panel, Box(5.03 * scale, middle, 0.8 * scale, 0.9), _fitted("seed-by-seed differences", 0.8 * scale))
    for box in boxes:
        _arrow(panel, data.right, box.left)
        _arrow(panel, box.right, score.left)
    _arrow(panel, score.right, verdict.left)
    budget, seeds = record.number("/config/budget_s"), record.number("/config/seeds")
    runs = "one seed" if seeds == 1 else f"{seeds:.0f} seeds"
    limit = f"at most {budget:g} s for a fit" if record.optional("/data/train_rows") is not None else f"{budget:g} s of training"
    panel.text(2.37 * scale, height - 0.1, f"{limit}, {runs} each", ha="center", va="center", fontsize=7)
    return figure


def prisma(record: Record) -> Figure:
    """Records identified, screened and included, with what was dropped on the way; counts that do not add up are not drawn."""
    numbers = {name: record.number(f"/literature/{name}") for name in ("identified", "duplicates", "screened", "excluded", "included")}
    unread = record.optional("/literature/removed_by_rule")  # there only where a rule left works out
    left_over = numbers["identified"] - numbers["duplicates"] - (unread or 0) - numbers["screened"]
    if left_over or numbers["screened"] != numbers["excluded"] + numbers["included"]:
        raise record.refuse("the counts of the literature search do not add up")
    count = {name: f"{value:.0f}" for name, value in (numbers | {"removed_by_rule": unread or 0}).items()}
    rise = 0.45 if unread else 0.0
    height = 1.95 + rise
    figure, panel = _sheet(height, record.width_in)
    size = (1.44, 0.38) if record.narrow else (1.9, 0.38)
    left, right = (0.76, 2.48) if record.narrow else (0.272 * record.width_in, 0.745 * record.width_in)

    def text(words: str, name: str) -> str:
        return f"{words}{chr(10) if record.narrow else ' '}(n = {count[name]})"

    followed = record.optional("/literature/by_citation")  # there only where sources were asked who cites whom
    found = _box(panel, Box(left, 1.65 + rise, *size), text("records identified", "identified"))
    if followed:
        by = f"works by citations{chr(10) if record.narrow else ' '}(n = {followed:.0f})"
        _arrow(panel, _box(panel, Box(right, 1.75 + rise, *size), by, edge=GREY).left, found.right)
    screened = _box(panel, Box(left, 0.975, *size), text("records screened", "screened"))
    kept = _box(panel, Box(left, 0.3, *size), text("works included", "included"), edge=BLUE)
    twice = _box(panel, Box(right, 1.3125 + rise, *size), text("duplicates removed", "duplicates"), edge=GREY)
    dropped = _box(panel, Box(right, 0.6375, *size), text("records excluded", "excluded"), edge=GREY)
    _arrow(panel, found.bottom, screened.top)
    _arrow(panel, screened.bottom, kept.top)
    _arrow(panel, (left, twice.y), twice.left)
    if unread:
        ruled = _box(panel, Box(right, 1.3125, *size), text("removed by rule", "removed_by_rule"), edge=GREY)
        _arrow(panel, (left, ruled.y), ruled.left)
    _arrow(panel, (left, dropped.y), dropped.left)
    return figure


def _data_text(record: Record) -> str:
    rows = record.optional("/data/train_rows")
    if rows is not None:
        train, val = rows, record.number("/data/val_rows")
        return f"rows of each seed\n{train:g} to fit\n{val:g} held out"
    train, val = record.number("/data/train_mb"), record.number("/data/val_mb")
    return f"corpus\n{train:g} MB to train on\n{val:g} MB held out"


def _sheet(height: float, width: float) -> tuple[Figure, Axes]:
    """An empty drawing area whose coordinates are inches."""
    figure = new_figure(height, width)
    figure.set_layout_engine("none")
    panel = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    panel.set_xlim(0, width)
    panel.set_ylim(0, height)
    panel.set_axis_off()
    return figure, panel


def _fitted(text: str, width: float) -> str:
    return wrapped(text, int((width - 0.1) * CHARACTERS_PER_IN))


def _box(panel: Axes, box: Box, text: str, edge: str = BLACK) -> Box:
    from matplotlib.patches import FancyBboxPatch

    x, y = box.x - box.width / 2, box.y - box.height / 2
    shape = FancyBboxPatch(
        (x + 0.03, y + 0.03),
        box.width - 0.06,
        box.height - 0.06,
        boxstyle="round,pad=0.03,rounding_size=0.05",
        facecolor="white",
        edgecolor=edge,
        linewidth=0.9,
    )
    panel.add_patch(shape)
    panel.text(box.x, box.y, text, ha="center", va="center", fontsize=7, linespacing=1.15)
    return box


def _arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    panel.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={"arrowstyle": "-|>", "linewidth": 0.7, "color": GREY, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7},
    )
