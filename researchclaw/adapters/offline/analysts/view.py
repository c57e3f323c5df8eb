"""The results as an analyst sees them, with the words and the value references of a remark.

Values stand as references (`{{expression|format}}`, grammar: stages/g_writing/values.py), never as numerals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stages.contracts import PairedComparison, SeedSummary, Slug
from stages.f_analysis.result_analysis import AnalystQuestion
from stages.f_analysis.results import TUNED, comparison_key

Said = tuple[str, str | None]
"""A remark's text and the comparison it is about."""

PAIRS_NEEDED = 3
"""Fewest shared seeds that give an interval."""


class View:
    """The results with the words and references that the remarks need."""

    def __init__(self, question: AnalystQuestion) -> None:
        self.question = question
        self.results = question.results
        self.metric = question.results.metric
        planned = [(comparison_key(planned.a, planned.b), planned.purpose) for planned in question.plan.comparisons]
        self.planned = {key: self.results.comparisons[key][self.metric.name] for key, _ in planned if key in self.results.comparisons}
        self.ablations = {key for key, purpose in planned if purpose == "ablation"}
        first = question.hypotheses.hypotheses[0]
        self.primary_key = comparison_key(first.treatment, first.reference)
        self.primary = self.planned.get(self.primary_key)
        self.reported = {name: condition for name, condition in self.results.conditions.items() if name != TUNED}
        self.baseline = next(name for name, condition in self.reported.items() if condition.role == "baseline")

    def label(self, condition: Slug) -> str:
        return self.results.conditions[condition].label

    def opening(self, condition: Slug) -> str:
        """The label as the first words of a sentence."""
        label = self.label(condition)
        return label[0].upper() + label[1:]

    def summary(self, condition: Slug) -> SeedSummary:
        return self.results.conditions[condition].metrics[self.metric.name]

    def of(self, condition: Slug, field: str, form: str = "f3") -> str:
        return f"{{{{{condition}.{self.metric.name}.{field}|{form}}}}}"

    def between(self, name: str, comparison: PairedComparison, form: str, field: str = "") -> str:
        dotted = f".{field}" if field else ""
        return f"{{{{{name}({comparison.a},{comparison.b}).{self.metric.name}{dotted}|{form}}}}}"

    def unit(self) -> str:
        return f" {self.metric.unit}" if self.metric.unit else ""


Speaker = Callable[[View], Iterator[Said]]
"""One kind of remark: nothing where its fact does not hold."""
