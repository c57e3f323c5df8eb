"""The record read for meaning: which prediction held, what is clear, what is open, and how each value is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from researchclaw.adapters.offline.writing.changes import short_noun
from researchclaw.adapters.offline.writing.language import listing
from stages.contracts import Contrast, Factor, Finding, Hypothesis, Level, PairedComparison, Slug, Theme, Work
from stages.g_writing import against_record
from stages.g_writing.lint import lint
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord

_OWN_SCALE = re.compile(r"\b(larger|smaller)\b")
"""Labels that name a second constant as part of the level: 'tied embeddings with a larger initial scale'."""


def _is_a_quantity(level: Level) -> bool:
    """Whether the level is an amount of something: its label holds a numeral, or all that it sets are numbers."""
    if re.search(r"\d", level.label) or _OWN_SCALE.search(level.label):
        return True
    return all(re.fullmatch(r"-?[\d.]+(?:e-?\d+)?", literal) for literal in level.settings.values())


def _signed(*values: float | None) -> str:
    """The format of values that are printed side by side: '-0.000' would hide a sign on which a verdict may rest."""
    known = [abs(value) for value in values if value]
    return next((f"signed{digits}" for digits in (3, 4, 5) if all(value >= 0.5 * 10**-digits for value in known)), "signed5")


Outcome = Literal["held", "failed", "open", "uncompared"]


@dataclass(frozen=True)
class Trial:
    """A hypothesis with what was measured for it."""

    hypothesis: Hypothesis
    treatment: Contrast
    reference: Contrast
    finding: Finding | None
    result: PairedComparison | None
    lower_is_better: bool

    @property
    def n(self) -> int:
        return 0 if self.result is None else self.result.n

    @property
    def outcome(self) -> Outcome:
        """What became of the prediction; below three seeds nothing did."""
        if self.result is None or self.finding is None or self.n < 3:
            return "uncompared"
        return {"supported": "held", "contradicted": "failed", "undecided": "open"}[self.finding.verdict]  # type: ignore[return-value]

    @property
    def clear(self) -> bool:
        return self.result is not None and self.result.verdict in {"better", "worse"}

    @property
    def side(self) -> Literal["ahead", "behind", "both"]:
        """Where the whole interval lies, seen from the treatment, before any adjustment."""
        if self.result is None or self.result.ci95_low is None or self.result.ci95_high is None:
            return "both"
        if self.result.ci95_low <= 0 <= self.result.ci95_high:
            return "both"
        return "ahead" if (self.result.ci95_high < 0) == self.lower_is_better else "behind"

    @property
    def leans_as_predicted(self) -> bool:
        """Whether the mean difference has the predicted sign."""
        if self.result is None or self.hypothesis.predicts == "same":
            return False
        good = (self.result.mean_diff < 0) == self.lower_is_better
        return good == (self.hypothesis.predicts == "better")

    @property
    def ties(self) -> int:
        """Seeds on which both sides score exactly the same."""
        return 0 if self.result is None else sum(difference == 0 for difference in self.result.differences.values())

    @property
    def unanimous(self) -> bool:
        """Every seed points the same way."""
        return self.result is not None and not self.ties and self.result.wins in {0, self.n}

    @property
    def predicted_difference(self) -> float:
        """The predicted mean difference, with the metric's sign."""
        size = self.hypothesis.predicted_size
        if self.hypothesis.predicts == "same":
            return 0.0
        good = self.hypothesis.predicts == "better"
        return -size if good == self.lower_is_better else size

    @property
    def size_against_prediction(self) -> Literal["smaller", "close", "larger", "excluded", "none"]:
        """How the measured difference compares with the predicted one; 'excluded' when the interval leaves it out."""
        result, size = self.result, self.hypothesis.predicted_size
        if result is None or self.hypothesis.predicts == "same" or size == 0:
            return "none"
        if result.ci95_low is not None and result.ci95_high is not None and not self.leans_as_predicted:
            inside = result.ci95_low <= self.predicted_difference <= result.ci95_high
            return "none" if inside else "excluded"
        ratio = result.abs_mean_diff / size
        return "smaller" if ratio < 0.7 else "larger" if ratio > 1.4 else "close"

    @property
    def above_threshold(self) -> bool:
        """The difference is at least as large as what this design finds with the stated power."""
        return self.result is not None and self.result.mde is not None and self.result.abs_mean_diff >= self.result.mde


class Study:
    """The record with the readings that every section needs."""

    def __init__(self, record: PaperRecord) -> None:
        self.record = record
        self.results = record.results
        self.metric = record.results.metric
        self.m = self.metric.name
        self.factors = record.factors

    def sayable(self, text: str, section: str) -> bool:
        """Whether the source lint would let the text stand in the section; references to floats are judged with the whole paper."""
        document = parse(f"# Title\n\n## Abstract\n\nNothing.\n\n## Section {{#sec:{section}}}\n\n{text}\n")
        findings = lint(document, citation_keys=self.record.citable, figure_ids=(), names=self._lint_names)
        return not any(finding.severity != "minor" and finding.rule not in {"reference", "float"} for finding in findings)

    @cached_property
    def _lint_names(self) -> frozenset[str]:
        return against_record.names(self.record)

    @property
    def by_rules(self) -> bool:
        """Whether the arguments on record come from a fixed table, and no roles spoke to each other."""
        return self.record.researcher.startswith("rule-based")

    @property
    def tables(self) -> bool:
        """Whether rows of a table are fitted, by a kit that was made for the topic, and no language model is trained."""
        return self.record.corpus.counts == "rows"

    @property
    def doing(self) -> str:
        """What a run does."""
        return "fitting" if self.tables else "training"

    @property
    def here(self) -> str:
        """What the findings are bound to, after a verb: 'at this budget'."""
        return "on these data" if self.tables else "at this budget"

    @property
    def price(self) -> str:
        """What a condition's relative cost is the cost of."""
        return "the time of a fit" if self.tables else "the cost of a step"

    # ---------------------------------------------------------------- conditions

    @cached_property
    def conditions(self) -> dict[Slug, Contrast]:
        planned = {contrast.id: contrast for contrast in self.record.plan.conditions}
        return {contrast.id: contrast for contrast in self.record.hypotheses.contrasts} | planned

    @cached_property
    def measured(self) -> tuple[Contrast, ...]:
        """Planned conditions with at least one value, in the order of the plan."""
        return tuple(contrast for contrast in self.record.plan.conditions if self.has_value(contrast.id))

    @cached_property
    def lost(self) -> tuple[Contrast, ...]:
        """Planned conditions without a single value."""
        return tuple(contrast for contrast in self.record.plan.conditions if not self.has_value(contrast.id))

    def has_value(self, condition: Slug) -> bool:
        return condition in self.results.conditions and self.m in self.results.conditions[condition].metrics

    @cached_property
    def baseline(self) -> Contrast:
        return next(contrast for contrast in self.record.plan.conditions if contrast.role == "baseline")

    @cached_property
    def treatments(self) -> tuple[Contrast, ...]:
        return tuple(contrast for contrast in self.record.plan.conditions if contrast.role in {"treatment", "combination"})

    @cached_property
    def alternatives(self) -> str:
        """What is set against the baseline, in running text: 'linear decay and a constant learning rate'."""
        return listing([self.short(contrast) for contrast in self.treatments])

    @cached_property
    def ablations(self) -> tuple[Contrast, ...]:
        return tuple(contrast for contrast in self.record.plan.conditions if contrast.role == "ablation")

    def levels(self, contrast: Contrast) -> tuple[tuple[Factor, Level], ...]:
        """The levels that a condition sets away from the baseline."""
        by_name = {factor.name: factor for factor in self.factors}
        return tuple(
            (by_name[factor], level)
            for factor, name in contrast.levels.items()
            if factor in by_name
            for level in by_name[factor].levels
            if level.name == name
        )

    @cached_property
    def baseline_levels(self) -> tuple[tuple[Factor, Level], ...]:
        return tuple((factor, level) for factor in self.factors for level in factor.levels if level.is_baseline)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Labels in which a numeral is part of a name."""
        labels = {contrast.label for contrast in self.conditions.values()}
        labels |= {level.label for factor in self.factors for level in factor.levels}
        return tuple(sorted(labels, key=lambda label: (-len(label), label)))

    @cached_property
    def baseline_label(self) -> str:
        """The baseline by what it is: 'AdamW'; 'the baseline' where several factors would have to be named."""
        return self.baseline_levels[0][1].label if len(self.factors) == 1 else "the baseline"

    def label(self, contrast: Contrast) -> str:
        """The condition by its label alone; the baseline by what it is."""
        return self.baseline_label if contrast.id == self.baseline.id else contrast.label

    def name(self, contrast: Contrast) -> str:
        """The condition as running text calls it: 'no warm-up' would read as a negation there."""
        label = self.label(contrast)
        if not label.startswith("no "):
            return label
        if contrast.levels.keys() == {factor.name for factor in self.factors} and len(self.factors) > 1:
            return f"{self.doing} with {label}"  # 'without warm-up and SwiGLU' would take both out
        return f"{self.doing} without {label.removeprefix('no ').replace(' without ', ' and without ')}"

    def short(self, contrast: Contrast) -> str:
        """The condition in a list beside its parts."""
        return "both together" if contrast.role == "combination" and len(self.factors) == 2 else self.name(contrast)

    def arm(self, contrast: Contrast) -> str:
        """The condition after 'trained with'."""
        return "both together" if contrast.role == "combination" and len(self.factors) == 2 else self.label(contrast)

    @cached_property
    def baseline_in_full(self) -> str:
        """'AdamW', or 'the baseline (width 64 and depth 2)' where it has a level of each factor."""
        if len(self.factors) == 1:
            return self.baseline_label
        return f"the baseline ({listing([level.label for _, level in self.baseline_levels])})"

    def row(self, contrast: Contrast) -> str:
        """The condition as a table calls it: the baseline with what it is in brackets."""
        if contrast.id != self.baseline.id or len(self.factors) > 1:
            return self.baseline_in_full if contrast.id == self.baseline.id else self.label(contrast)
        return self.baseline_label if self.baseline_label.startswith("the baseline") else f"the baseline ({self.baseline_label})"

    def training(self, contrast: Contrast) -> str:
        """The condition as a noun phrase in the singular: 'training with cosine decay', 'the baseline'; a method that is fitted
        goes by its name."""
        label = self.name(contrast)
        if label == "the baseline" or label.startswith(f"{self.doing} ") or (self.tables and self.stands_alone(label)):
            return label
        if label.lower().startswith(("without ", "with ")):
            return f"{self.doing} {label[:1].lower()}{label[1:]}"
        return f"{self.doing} with {label}"

    def plain(self, contrast: Contrast) -> str:
        """The condition beside a verdict, in the singular: 'cosine decay'; 'training with tied embeddings' where the bare name would not do."""
        label = self.name(contrast)
        return label if self.stands_alone(label) else self.training(contrast)

    @staticmethod
    def stands_alone(label: str) -> bool:
        """Whether the label is a subject in the singular as it is."""
        head = re.split(r" (?:with|without) ", label)[0]
        bare = (
            not (head.endswith("s") and not head.endswith(("ss", "least squares"))) and " and " not in head and " of the " not in head
        )
        lead = label.split(maxsplit=1)[0].lower() if label else ""
        return bare and lead not in {"with", "without"}

    def runs(self, contrast: Contrast) -> str:
        """'the runs with cosine decay'."""
        return self.training(contrast).replace(self.doing, "the runs", 1).replace("the baseline", "the baseline runs", 1)

    # ---------------------------------------------------------------- what was tested

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        return tuple(
            Trial(
                hypothesis=hypothesis,
                treatment=self.conditions[hypothesis.treatment],
                reference=self.conditions[hypothesis.reference],
                finding=next((finding for finding in self.record.findings if finding.hypothesis == hypothesis.id), None),
                result=self.comparison(hypothesis.treatment, hypothesis.reference),
                lower_is_better=self.metric.lower_is_better,
            )
            for hypothesis in self.record.hypotheses.hypotheses
        )

    @property
    def primary(self) -> Trial:
        return self.trials[0]

    def comparison(self, a: Slug, b: Slug) -> PairedComparison | None:
        return self.results.comparisons.get(f"{a}_vs_{b}", {}).get(self.m)

    @cached_property
    def ablation_pairs(self) -> tuple[tuple[Contrast, Contrast, PairedComparison], ...]:
        """(ablation, what it is taken from, comparison) for each ablation that was compared."""
        pairs = []
        for planned in self.record.plan.comparisons:
            result = self.comparison(planned.a, planned.b)
            if self.conditions[planned.a].role == "ablation" and result is not None:
                pairs.append((self.conditions[planned.a], self.conditions[planned.b], result))
        return tuple(pairs)

    @cached_property
    def leader(self) -> Contrast:
        """The condition with the leading mean; ablations are no candidates."""
        candidates = [contrast for contrast in self.measured if contrast.role != "ablation"]
        return max(candidates, key=lambda contrast: self.metric.gain(self.results.conditions[contrast.id].metrics[self.m].mean, 0.0))

    @cached_property
    def lean_leader(self) -> Contrast | None:
        """The ablation with the leading mean of all planned conditions; None where another condition leads."""
        best = max(
            self.measured, key=lambda contrast: self.metric.gain(self.results.conditions[contrast.id].metrics[self.m].mean, 0.0)
        )
        leads = best.role == "ablation" and self._mean(best) != self._mean(self.leader)
        return best if leads else None

    @cached_property
    def lean_ahead(self) -> Contrast | None:
        """The ablation that leads all planned conditions and scores ahead of the baseline on every seed, three or more.

        No registered comparison sets it against the baseline, so a text may give both means and no verdict.
        """
        if self.lean_leader is None:
            return None
        pair = (self.lean_leader.id, self.baseline.id)
        if any(
            {compared.a, compared.b} == set(pair) for by_metric in self.results.comparisons.values() for compared in by_metric.values()
        ):
            return None  # a plan that a person changed may register it; its verdict is told with the others
        ours, base = (self.results.conditions[name].metrics[self.m].seeds for name in pair)
        ahead = ours.keys() == base.keys() and len(ours) >= 3 and all(self.metric.gain(ours[seed], base[seed]) > 0 for seed in ours)
        return self.lean_leader if ahead else None

    def _mean(self, contrast: Contrast) -> float:
        return self.results.conditions[contrast.id].metrics[self.m].mean

    @property
    def seeds(self) -> int:
        """Reported seeds of the plan."""
        return len(self.record.plan.seeds)

    @property
    def shared_seeds(self) -> str:
        """'the same three seeds', with the number by key."""
        return "the same {{cfg.seeds|words}} seeds" if self.seeds > 1 else "the same solitary seed"

    @property
    def seed_count(self) -> str:
        return "{{cfg.seeds|words}} seeds" if self.seeds > 1 else "a solitary seed"

    @property
    def compared(self) -> bool:
        """Whether there are seeds enough for an interval anywhere."""
        return any(trial.outcome != "uncompared" for trial in self.trials)

    def lost_with_fewer_steps(self, trial: Trial) -> bool:
        """Whether the treatment is clearly behind, against the prediction, and made fewer steps in the same time.

        Not where an alternative with as few steps is clearly ahead: the price did not decide there.
        """
        if self.tables or trial.outcome != "failed" or trial.result is None or trial.result.verdict != "worse":
            return False
        steps = {contrast.id: self.results.conditions[contrast.id].steps for contrast in self.measured}
        made = steps[trial.treatment.id]
        ahead = [other for other in self.trials if other.result is not None and other.result.verdict == "better"]
        return made < steps[trial.reference.id] and not any(steps[other.treatment.id] <= made for other in ahead)

    def counted(self, outcome: Outcome) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.outcome == outcome)

    @property
    def verdict(self) -> Literal["held", "failed", "open", "mixed", "uncompared"]:
        """The study in one word: all predictions alike, or mixed."""
        outcomes = {trial.outcome for trial in self.trials}
        return next(iter(outcomes)) if len(outcomes) == 1 else "mixed"

    # ---------------------------------------------------------------- names of things

    @property
    def subject(self) -> str:
        """'learning-rate schedule', 'width and depth'."""
        return listing([factor.label for factor in self.factors], "or" if self.record.goal.contest else "and")

    @property
    def about(self) -> str:
        """What the study is about, in running text: 'the learning-rate schedule', 'model width and depth'."""
        names = [factor.named for factor in self.factors]
        if len(names) == 2 and names[0].split()[0] == names[1].split()[0] and len(names[1].split()) == 2:
            names[1] = names[1].split()[1]
        return listing(names)

    @cached_property
    def parameters(self) -> str:
        """Parameters of the reported conditions: one number, or the span where they differ."""
        sizes = {contrast.id: self.results.conditions[contrast.id].parameters for contrast in self.measured}
        least, most = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
        if sizes[least] == sizes[most]:
            return self.of(self.baseline.id, "parameters")
        return f"{self.of(least, 'parameters')} to {self.of(most, 'parameters')}"

    @property
    def searched(self) -> bool:
        """Whether the score of a searched setting on fresh seeds is reported."""
        known = "tuned" in self.results.conditions and self.record.incumbent is not None
        return known and self.comparison("tuned", self.record.incumbent or "") is not None

    @property
    def scale(self) -> str:
        """The parameters of all runs whose scores are reported: those planned, and those of the search where they lie outside."""
        text = f"{self.parameters} parameters"
        if not self.searched:
            return text
        tuned = self.results.conditions["tuned"]
        sizes = [self.results.conditions[contrast.id].parameters for contrast in self.measured]
        if min(sizes) <= tuned.parameters <= max(sizes):
            return text
        return f"{text} ({self.of('tuned', 'parameters')} in the setting found by the search)"

    @cached_property
    def moved(self) -> tuple[Contrast, ...]:
        """Conditions that change constants beyond those of their levels, and whose labels do not say so."""
        return tuple(contrast for contrast in self.treatments if self.moved_along(contrast))

    def departs(self, condition: Slug, name: str) -> bool:
        """Whether the condition sets the constant to another value than the reference has; a value off the record counts as another."""
        config, key = self.results.config, name.lower()
        here = config.get(f"{condition}_{key}")
        return here is None or key not in config or here != config[key]

    def changed(self, contrast: Contrast) -> tuple[str, ...]:
        """The constants that a condition changes; one that is set to the value of the reference is no change."""
        return tuple(name for name in contrast.settings if self.departs(contrast.id, name))

    def moved_along(self, contrast: Contrast) -> tuple[str, ...]:
        """The constants that a condition changes beside the one that each of its levels is about."""
        changed = self.changed(contrast)
        if len(changed) <= len(contrast.levels) or _OWN_SCALE.search(contrast.label):
            return ()
        own = {
            next((name for name in level.settings if name in changed), "") for _, level in self.levels(contrast)
        }  # the first constant of a level is its own: OPTIMIZER before LEARNING_RATE
        return tuple(name for name in changed if name not in own)

    def noun(self, name: str) -> str:
        """A constant in running text; that of a program which was written for the topic is called by its own words."""
        return name.lower().replace("_", " ") if self.tables else short_noun(name)

    def moved_values(self, contrast: Contrast) -> str:
        """'peak learning rate 0.02 and weight decay 0.01', the values by key; a value that is not on record is left out."""
        known = ((self.noun(name), self.cfg(f"{contrast.id}_{name.lower()}", "text")) for name in self.moved_along(contrast))
        return listing([f"{noun} {value}" if value else noun for noun, value in known])

    def moved_from(self, contrast: Contrast) -> str:
        """'0.002 and 0.1': what the reference has where the condition has `moved_values`."""
        return listing([value for name in self.moved_along(contrast) if (value := self.cfg(name.lower(), "text"))])

    def works_of_level(self, level: Level) -> tuple[Work, ...]:
        """Works that are about this level itself; a size or a rate has none, since its works treat the factor at large."""
        return () if _is_a_quantity(level) else self.works(level.works)

    def works_at_large(self, factor: Factor) -> tuple[Work, ...]:
        """Works on the factor that its levels in this study name without being about one of them."""
        tried = {contrast.levels.get(factor.name) for contrast in self.record.plan.conditions}
        keys = [
            key
            for level in factor.levels
            if (level.is_baseline or level.name in tried) and _is_a_quantity(level)
            for key in level.works
        ]
        return tuple(work for work in self.works(tuple(dict.fromkeys(keys))) if factor.name in work.about)

    def names_conditions_only(self, text: str) -> bool:
        """Whether each level that the text names is a condition of the plan and no mere quantity."""
        for factor in self.factors:
            tried = {contrast.levels.get(factor.name) for contrast in self.record.plan.conditions}
            for level in factor.levels:
                named = re.search(rf"(?<!\w){re.escape(level.label)}(?!\w)", text) is not None
                if named and (_is_a_quantity(level) or not (level.is_baseline or level.name in tried)):
                    return False
        return True

    @property
    def tuned_ahead(self) -> bool:
        """Whether the loop's winner was confirmed as better than the condition that it started from."""
        result = None if self.record.incumbent is None else self.comparison("tuned", self.record.incumbent)
        return result is not None and result.verdict == "better"

    @cached_property
    def rivals(self) -> tuple[Contrast, Contrast] | None:
        """The conditions of a contest that the plan puts directly against each other, where that comparison has an interval."""
        for planned in self.record.plan.comparisons:
            one, other = self.conditions[planned.a], self.conditions[planned.b]
            result = self.comparison(planned.a, planned.b)
            if planned.purpose == "interaction" and one.role == other.role == "treatment" and result and result.ci95_low is not None:
                return one, other
        return None

    @property
    def interaction_measured(self) -> bool:
        both = self.results.interaction
        return both is not None and both.ci95_low is not None and len(self.factors) == 2

    @property
    def plural(self) -> bool:
        last = self.factors[-1].label
        return len(self.factors) > 1 or (last.endswith("s") and " of " not in last)

    def works(self, keys: tuple[str, ...]) -> tuple[Work, ...]:
        known = {work.key: work for work in self.record.works}
        return tuple(known[key] for key in keys if key in known)

    @cached_property
    def themes(self) -> tuple[Theme, ...]:
        """Themes with at least one citable work, those about the studied factors first."""
        studied = [factor.name for factor in self.factors]

        def place(theme: Theme) -> int:
            return min((studied.index(tag) for tag in theme.about if tag in studied), default=len(studied))

        return tuple(sorted((theme for theme in self.record.synthesis.themes if self.works(theme.keys)), key=place))

    # ---------------------------------------------------------------- values by key

    def cfg(self, name: str, form: str = "int") -> str | None:
        """Reference to a setting, None where the record does not hold it."""
        return f"{{{{cfg.{name}|{form}}}}}" if name in self.results.config else None

    def number(self, name: str) -> str | None:
        """Reference to a setting that is a number, None for a word and for what the record does not hold."""
        return None if isinstance(self.results.config.get(name), str) else self.cfg(name, "text")

    @property
    def settings_known(self) -> bool:
        """Whether conditions differ in constants of a script, and not in programs."""
        return any(contrast.settings for contrast in self.record.plan.conditions)

    @property
    def in_the_baseline(self) -> str:
        return f"in {self.baseline_label}" if self.baseline_label == "the baseline" else "in the reference"

    def data(self, name: str, form: str = "int") -> str | None:
        return f"{{{{data.{name}|{form}}}}}" if name in self.results.data else None

    def ref(self, name: str) -> str | None:
        return f"{{{{ref.{name}|f3}}}}" if name in self.results.references else None

    def env(self, name: str) -> str | None:
        return f"{{{{env.{name}|text}}}}" if name in self.results.environment else None

    def lit(self, name: str) -> str | None:
        return f"{{{{lit.{name}|int}}}}" if name in self.results.literature else None

    def value(self, condition: Slug, field: str, form: str) -> str:
        return f"{{{{{condition}.{self.m}.{field}|{form}}}}}"

    def of(self, condition: Slug, field: str, form: str = "int") -> str:
        """A fact of a condition that is no metric: steps, parameters, tokens, cost_ratio."""
        return f"{{{{{condition}.{field}|{form}}}}}"

    def pair(self, what: str, a: Slug, b: Slug, form: str | None = None) -> str:
        """e.g. pair('diff', a, b, 'signed3'), with as many decimals as show on which side of zero a value lies."""
        found = self.comparison(a, b)
        if form == "signed3" and found is not None and what in {"diff", "ci_low", "ci_high"}:
            form = _signed(*((found.mean_diff,) if what == "diff" else (found.ci95_low, found.ci95_high)))
        return f"{{{{{what}({a},{b}).{self.m}{'|' + form if form else ''}}}}}"

    def interplay(self, field: Literal["mean_diff", "ci95_low", "ci95_high"]) -> str:
        """A value of the interaction, with as many decimals as show on which side of zero it lies."""
        found = self.results.interaction
        values = () if found is None else (found.mean_diff,) if field == "mean_diff" else (found.ci95_low, found.ci95_high)
        return f"{{{{interaction.{field}|{_signed(*values)}}}}}"

    def test(self, a: Slug, b: Slug, field: str) -> str:
        return f"{{{{test({a},{b}).{self.m}.{field}|p}}}}"

    def cmp(self, a: Slug, b: Slug) -> str:
        return self.pair("cmp", a, b)

    def interval(self, a: Slug, b: Slug) -> str:
        """'[-0.1, +0.1]' as references."""
        return f"{self.pair('ci_low', a, b, 'signed3')} to {self.pair('ci_high', a, b, 'signed3')}"

    @property
    def confidence(self) -> str:
        return "{{cfg.confidence_percent|int}} %"
