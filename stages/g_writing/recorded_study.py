"""A study's results as the sentence check takes them, and the way between its names and the study's own.

The check reads conditions, metrics and settings by their ids; a paper calls them by labels ('no warm-up', 'validation bits per
byte'). So each condition gets a made-up word here that no sentence uses for anything else, and a label in a sentence is read as
that word: two labels are never taken for one another, and a name that the study does not have is never taken for one that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from stages.contracts import PairedComparison, Results, SeedSummary, Slug
from stages.g_writing.binding import Names, names_of
from stages.g_writing.sentence_check.metric_names import metric_patterns
from stages.g_writing.sentence_check.study import Compared, MetricFacts, Scores, Study
from stages.g_writing.sentence_check.words import QUALIFIERS

BASELINE = "baseline"
"""The check's own word for what the others are compared with."""
TUNED = ("the tuned setting", "the tuned condition")
_ARTICLE = re.compile(r"^(?:an?|the) ")
_PER_STUDY = re.compile(r"(?:predicted|attempt|sealed)_|(?:max_works|repairs|loop_\w+|confirmation_seeds|scored_\w+)$")
"""Below cfg: numbers about the work on the study, which a sentence on a setting of the runs never means."""


@dataclass(frozen=True)
class RecordedStudy:
    """called: names of conditions beside their labels, e.g. {'cosine': ('cosine decay',)}.
    phrases: other names of the study, which may hold digits or words that compare."""

    results: Results
    called: Mapping[Slug, tuple[str, ...]]
    phrases: frozenset[str] = frozenset()

    @cached_property
    def words(self) -> dict[Slug, str]:
        """Condition -> what the check calls it."""
        baselines = [name for name, condition in self.results.conditions.items() if condition.role == "baseline"]
        found = dict.fromkeys(baselines[:1], BASELINE)
        others = [name for name in self.results.conditions if name not in found]
        return found | {name: f"qux{_letters(number)}" for number, name in enumerate(others)}

    @cached_property
    def conditions(self) -> dict[str, Slug]:
        """The other way round."""
        return {word: name for name, word in self.words.items()}

    @cached_property
    def names(self) -> Names:
        """What a text may call a condition, with and without its article."""
        more = {
            name: tuple(_ARTICLE.sub("", label) for label in (condition.label, *self.called.get(name, ())))
            + self.called.get(name, ())
            + (TUNED if condition.role == "tuned" else ())
            for name, condition in self.results.conditions.items()
        }
        return names_of(self.results, more)

    @property
    def metric_word(self) -> str:
        """What the check reads as the study's metric: the words of its name, where they are among those that it knows."""
        name = self.results.metric.name
        known = metric_patterns(name)
        own = " ".join(part for part in name.split("_") if part not in QUALIFIERS)
        return own if own in known else known[0]

    @cached_property
    def metric_names(self) -> re.Pattern[str]:
        """What a text calls the metric: its label, with or without its first word, its name and its unit."""
        metric = self.results.metric
        said = {metric.label, metric.name, metric.label.partition(" ")[2], metric.unit if len(metric.unit) > 2 else ""} - {""}
        longest_first = sorted(said, key=len, reverse=True)
        return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), re.IGNORECASE)

    @cached_property
    def other_names(self) -> re.Pattern[str]:
        """Names that are those of no condition: data, machines, levels."""
        stored = {value for value in (*self.results.data.values(), *self.results.environment.values()) if isinstance(value, str)}
        own = {name for name in (*stored, *self.phrases) if name.lower() not in self.names and not self.metric_names.fullmatch(name)}
        longest_first = sorted((name for name in own if len(name) > 2), key=len, reverse=True)
        return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first) or r"(?!)", re.IGNORECASE)

    def study(self, *, adjusted: bool, tuned: bool) -> Study:
        """What the check holds a sentence against.

        adjusted: p values are Holm's where the record has them. tuned: with the improvement loop's winner, which was run on other
        seeds and stands in no ranking.
        """
        if (adjusted, tuned) not in self._studies:
            self._studies[adjusted, tuned] = self._study(adjusted=adjusted, tuned=tuned)
        return self._studies[adjusted, tuned]

    @cached_property
    def _studies(self) -> dict[tuple[bool, bool], Study]:
        return {}

    def _study(self, *, adjusted: bool, tuned: bool) -> Study:
        results, metric = self.results, self.results.metric
        shown = {name: condition for name, condition in results.conditions.items() if tuned or condition.role != "tuned"}
        return Study(
            metrics={metric.name: MetricFacts(unit=metric.unit, direction="min" if metric.lower_is_better else "max")},
            conditions={
                self.words[name]: {of: _scores(summary) for of, summary in condition.metrics.items() if of == metric.name}
                for name, condition in shown.items()
            },
            comparisons={
                f"{self.words[made.a]}_vs_{self.words[made.b]}/{metric.name}": _compared(made, adjusted=adjusted)
                for by_metric in results.comparisons.values()
                for of, made in by_metric.items()
                if of == metric.name and {made.a, made.b} <= shown.keys()
            },
            config=dict(self._settings()),
        )

    def _settings(self) -> Iterator[tuple[str, JsonValue]]:
        """The configuration; where conditions differ in a setting, its value for each of them."""
        config, words = self.results.config, self.words
        own = {(name, key.removeprefix(f"{name}_")): key for name in words for key in config if key.startswith(f"{name}_")}
        changed = {setting for (_, setting) in own if setting in config}
        for key, value in config.items():
            if key in own.values() or _PER_STUDY.match(key):
                continue
            if key in changed:
                yield key, {word: config[own.get((name, key), key)] for name, word in words.items()}
            else:
                yield key, value
        for key in ("parameters", "steps"):
            yield key, {words[name]: getattr(condition, key) for name, condition in self.results.conditions.items()}


def _letters(number: int) -> str:
    """a, b, …, z, ba, bb, …: no digits, which the check would read."""
    more, last = divmod(number, 26)
    return (_letters(more) if more else "") + chr(ord("a") + last)


def _scores(summary: SeedSummary) -> Scores:
    return Scores(
        seeds=summary.seeds,
        n=summary.n,
        mean=summary.mean,
        std=summary.std,
        min=summary.min,
        max=summary.max,
        median=summary.median,
    )


def _compared(made: PairedComparison, *, adjusted: bool) -> Compared:
    """Hedges' effect size is what a paper may print."""
    interval = (made.ci95_low, made.ci95_high)
    return Compared(
        n=made.n,
        mean_diff=made.mean_diff,
        ci95=None if interval[0] is None or interval[1] is None else (interval[0], interval[1]),
        t_p=made.holm_p if adjusted and made.holm_p is not None else made.t_p,
        wilcoxon_p=made.wilcoxon_p,
        cohens_dz=made.hedges_dz,
        wins=made.wins,
    )
