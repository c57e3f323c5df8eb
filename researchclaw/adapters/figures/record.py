"""The only way by which a number reaches a figure: looked up in results.json and noted."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from pydantic import JsonValue

from researchclaw.adapters.figures.style import NARROW_IN, WIDTH_IN
from stages.contracts import FigureSpec, Metric, Results, SeedSummary, Slug
from stages.errors import ManuscriptRefused
from stages.f_analysis.results import TUNED, dump_results

BOTH = "both together"
"""What a row calls the condition that makes both changes of a study; captions say which they are."""


class Record:
    """results.json as one figure reads it; keeps a note of every number that was taken out."""

    def __init__(self, figure: FigureSpec, results: Results, width_in: float = WIDTH_IN) -> None:
        self.figure = figure
        self.width_in = width_in
        self.metric: Metric = results.metric
        self._results = results
        self._tree: JsonValue = json.loads(dump_results(results))
        self._notes: list[dict[str, str | float]] = []

    @property
    def narrow(self) -> bool:
        """The figure stands in one of two columns."""
        return self.width_in < NARROW_IN

    def conditions(self) -> tuple[Slug, ...]:
        """The figure's conditions in its order; all reported ones, baseline first, where it names none.

        Raises:
            ManuscriptRefused: a condition of the figure has no scores.
        """
        for condition in self.figure.conditions:
            if condition not in self._results.conditions:
                raise ManuscriptRefused(f"figure {self.figure.id} shows condition {condition}, which has no scores; leave it out")
        return self.figure.conditions or tuple(name for name in self.all_conditions() if name != TUNED)

    def all_conditions(self) -> tuple[Slug, ...]:
        """Baseline first, then by id: an order that a reload of results.json does not change."""
        return tuple(sorted(self._results.conditions, key=lambda name: (self.role(name) != "baseline", name)))

    def label(self, condition: Slug) -> str:
        return self._results.conditions[condition].label

    def short_label(self, condition: Slug) -> str:
        """The label for a row: the one combination of a study is 'both together', there and in the name of its ablation."""
        joint = [result.label for result in self._results.conditions.values() if result.role == "combination"]
        label = self.label(condition)
        return label.replace(joint[0], BOTH) if len(joint) == 1 else label

    def role(self, condition: Slug) -> str:
        return self._results.conditions[condition].role

    def summary(self, condition: Slug) -> SeedSummary:
        """The condition's scores over seeds; not noted as drawn."""
        return self._results.conditions[condition].metrics[self.metric.name]

    def curve_summary(self, condition: Slug, step: str) -> SeedSummary:
        """One point of the condition's learning curve over seeds; not noted as drawn."""
        return self._results.conditions[condition].curve[step]

    def steps(self, condition: Slug) -> tuple[str, ...]:
        """The steps of the condition's learning curve, ascending."""
        return tuple(sorted(self._results.conditions[condition].curve, key=int))

    def seeds(self, pointer: str) -> tuple[str, ...]:
        """The members of an object of results.json whose names are seeds, ascending."""
        seeds = self._at(pointer)
        if not isinstance(seeds, dict):
            raise ManuscriptRefused(f"figure {self.figure.id}: {pointer} holds no seeds")
        return tuple(sorted(seeds, key=int))

    def sides(self, comparison: str) -> tuple[Slug, Slug, str]:
        """(a, b, verdict) of a comparison.

        Raises:
            ManuscriptRefused: the comparison was not made.
        """
        found = self._results.interaction if comparison == "interaction" else None
        found = found or self._results.comparisons.get(comparison, {}).get(self.metric.name)
        if found is None:
            raise ManuscriptRefused(f"figure {self.figure.id} shows {comparison}, which was not compared; leave it out")
        return found.a, found.b, found.verdict

    def comparisons(self) -> tuple[str, ...]:
        """Keys of all comparisons, sorted."""
        return tuple(sorted(self._results.comparisons))

    def comparison_pointer(self, comparison: str) -> str:
        return "/interaction" if comparison == "interaction" else f"/comparisons/{comparison}/{self.metric.name}"

    def number(self, pointer: str) -> float:
        """The number at a JSON pointer, noted as drawn.

        Raises:
            ManuscriptRefused: there is no number.
        """
        value = self.optional(pointer)
        if value is None:
            raise ManuscriptRefused(f"figure {self.figure.id}: results.json has no number at {pointer}")
        return value

    def optional(self, pointer: str) -> float | None:
        """The same; None where results.json says null or lacks the key."""
        value = self._at(pointer)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        self._notes.append({"pointer": pointer, "value": value})
        return value

    def derived(self, pointer: str, value: float, how: str) -> float:
        """A number that the figure itself computed from the object at the pointer."""
        self._notes.append({"pointer": pointer, "value": value, "derived": how})
        return value

    def data_json(self) -> str:
        """Every number drawn, with the pointer into results.json; each once, in the order drawn."""
        unique = {json.dumps(note, sort_keys=True): note for note in self._notes}
        content = {"figure": self.figure.id, "kind": self.figure.kind, "numbers": list(unique.values())}
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def refuse(self, reason: str) -> ManuscriptRefused:
        return ManuscriptRefused(f"figure {self.figure.id} ({self.figure.kind}) has nothing to show: {reason}; leave it out")

    def _at(self, pointer: str) -> JsonValue:
        value = self._tree
        for part in pointer[1:].split("/"):
            if not isinstance(value, dict) or part not in value:
                return None
            value = value[part]
        return value


def metric_pointer(condition: Slug, metric: Metric) -> str:
    return f"/conditions/{condition}/metrics/{metric.name}"


def axis_label(metric: Metric, prefix: str = "", *, lines: bool = False) -> str:
    """'validation bits per byte (bpb, lower is better)'; over two lines where the axis is short."""
    direction = "lower is better" if metric.lower_is_better else "higher is better"
    unit = f"{metric.unit}, {direction}" if metric.unit else direction
    return f"{prefix}{metric.label}{chr(10) if lines else ' '}({unit})"


def wrapped(text: str, width: int) -> str:
    """The text over several lines of at most `width` characters."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False)) or text


def row_places(labels: Sequence[str]) -> tuple[list[float], float]:
    """Where the rows of a figure stand, each with room for the lines of its label; a row of up to two lines is 1 high.

    Returns: the rows' middles, the first at 0, and the height of all rows.
    """
    places: list[float] = []
    room = 0.0
    for label in labels:
        height = max(2, label.count("\n") + 1) / 2
        places.append(room + height / 2 - 0.5)
        room += height
    return places, room


def longest(labels: Sequence[str]) -> int:
    return max(len(line) for label in labels for line in label.split("\n"))
