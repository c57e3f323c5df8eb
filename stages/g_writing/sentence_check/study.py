"""The results that a sentence is held against."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, FiniteFloat, JsonValue

from stages.contracts import Contract


class MetricFacts(Contract):
    unit: str
    direction: Literal["max", "min"]


class Scores(Contract):
    """One metric of one condition over its seeds; std None for one seed."""

    seeds: dict[str, FiniteFloat]
    n: int
    mean: FiniteFloat
    std: FiniteFloat | None
    min: FiniteFloat
    max: FiniteFloat
    median: FiniteFloat


class Compared(Contract):
    """A test that was made and recorded."""

    n: int
    mean_diff: FiniteFloat
    ci95: tuple[FiniteFloat, FiniteFloat] | None = None
    t_p: FiniteFloat | None = None
    wilcoxon_p: FiniteFloat | None = None
    cohens_dz: FiniteFloat | None = None
    wins: int | None = None


class Study(Contract):
    """Everything that a sentence may speak of."""

    task: str = ""
    metrics: dict[str, MetricFacts]
    conditions: dict[str, dict[str, Scores]]
    comparisons: dict[str, Compared]
    """'a_vs_b/metric' -> the test of a against b."""
    config: dict[str, JsonValue]
    notes: dict[str, str] = Field(default_factory=dict)

    def compared(self, a: str, b: str, metric: str) -> tuple[Compared, int] | None:
        """The recorded test of the two, and 1 or -1 for the order in which it was made."""
        for key, sign in ((f"{a}_vs_{b}/{metric}", 1), (f"{b}_vs_{a}/{metric}", -1)):
            if key in self.comparisons:
                return self.comparisons[key], sign
        return None

    @property
    def planned_seeds(self) -> int:
        """Seeds that the configuration names; the largest number that was run where it names none."""
        seeds = self.config.get("seeds")
        if isinstance(seeds, list):
            return len(seeds)
        if isinstance(seeds, int):
            return seeds
        return max(scores.n for by_metric in self.conditions.values() for scores in by_metric.values())

    @property
    def seed_names(self) -> set[str]:
        """Every seed that was run or planned, as it is written."""
        named = {seed for by_metric in self.conditions.values() for scores in by_metric.values() for seed in scores.seeds}
        planned = self.config.get("seeds")
        return named | {str(seed) for seed in planned} if isinstance(planned, list) else named

    def completed(self, condition: str) -> int:
        return min(scores.n for scores in self.conditions[condition].values())

    @property
    def families(self) -> dict[str, dict[str, str]]:
        """Conditions that are values of one setting: {'width': {'width_64': '64', 'width_128': '128'}}."""
        found: dict[str, dict[str, str]] = {}
        for name in self.conditions:
            if match := re.fullmatch(r"([a-z][a-z_]*?)_?(\d+(?:[._p]\d+)?(?:e-?\d+)?k?)", name):
                found.setdefault(match[1], {})[name] = re.sub("[_p]", ".", match[2])
            elif match := re.fullmatch(r"(\d+(?:[._p]\d+)?)_?([a-z]{3,}?)s?", name):  # 4bit, 3_layers
                found.setdefault(match[2], {})[name] = re.sub("[_p]", ".", match[1])
        return {key: members for key, members in found.items() if len(members) > 1}

    def noted(self, role: str) -> str | None:
        """The one condition whose note begins with its role: 'baseline: plain strided downsampling'."""
        named = [name for name in self.conditions if re.match(rf"{role}\b", self.notes.get(name, ""), re.IGNORECASE)]
        return named[0] if len(named) == 1 else None

    @property
    def reference(self) -> str | None:
        """What the others are compared with, where a condition is called so."""
        return next(
            (name for name in self.conditions if name in {"baseline", "base", "control", "vanilla", "reference"}), None
        ) or self.noted("baseline")

    @property
    def proposed(self) -> str | None:
        """The method that the study is about, where a condition is called so; ablations take parts from it."""
        return next(
            (name for name in self.conditions if name in {"ours", "proposed", "our_method", "method", "full"}), None
        ) or self.noted("proposed")

    @property
    def main_pair(self) -> tuple[str, str] | None:
        """(proposed, baseline) where the study has one of each by name; a sentence without a subject speaks of these."""
        proposed = self.proposed
        named = next((name for name in self.conditions if name in {"baseline", "base", "control", "vanilla"}), None)
        baseline = named or self.noted("baseline")
        return (proposed, baseline) if proposed and baseline else None
