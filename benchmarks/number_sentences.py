"""How the sentence check judges drawn sentences, by kind: `python benchmarks/number_sentences.py [--studies 60] [--draw 0] [--verbose]`.

Studies are drawn with their seed values; a grammar says true things about each, and twins of them with one thing changed: the value,
the condition, the unit, the direction, the count or the seed. The grammar was written without looking at the rules of the check, so
its rates tell whether those are general; what people write is more varied, so they are no estimate for a manuscript.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scipy.stats import t as student
from scipy.stats import ttest_rel, wilcoxon

from stages.g_writing.sentence_check.check import judge
from stages.g_writing.sentence_check.study import Study

WORDS = "zero one two three four five six seven eight nine ten".split()


@dataclass(frozen=True)
class Metric:
    id: str
    noun: str
    unit: str
    direction: str
    low: float
    high: float
    spread: float
    digits: int


METRICS = (
    Metric("test_accuracy", "test accuracy", "fraction", "max", 0.62, 0.95, 0.003, 3),
    Metric("val_loss", "validation loss", "nats", "min", 0.8, 3.5, 0.012, 3),
    Metric("val_bpb", "validation bits per byte", "", "min", 0.9, 1.9, 0.008, 3),
    Metric("latency_ms", "latency", "ms", "min", 8, 70, 0.4, 1),
    Metric("f1", "F1", "fraction", "max", 0.55, 0.92, 0.004, 3),
    Metric("wer", "word error rate", "%", "min", 4, 22, 0.15, 2),
    Metric("return", "return", "", "max", -300, -80, 4, 1),
    Metric("train_time_s", "training time", "s", "min", 300, 2400, 6, 0),
    Metric("tokens_per_s", "throughput", "tok/s", "max", 9000, 60000, 80, 0),
    Metric("rmse", "RMSE", "m", "min", 0.6, 4.2, 0.02, 3),
    Metric("bleu", "BLEU", "", "max", 18, 36, 0.2, 2),
    Metric("peak_memory_gb", "peak memory", "GB", "min", 4, 40, 0.06, 2),
)
CONDITIONS = (
    (("ours", "our method"), ("baseline", "the baseline"), ("no_warmup", "the variant without warm-up")),
    (("proposed", "the proposed method"), ("baseline", "the baseline"), ("no_dropout", "the model without dropout")),
    (("sgd", "SGD"), ("adam", "Adam"), ("lion", "Lion")),
    (("rope", "RoPE"), ("alibi", "ALiBi"), ("learned", "learned positions")),
    (("relu", "ReLU"), ("gelu", "GELU"), ("swiglu", "SwiGLU"), ("tanh", "tanh")),
    (("gbdt", "GBDT"), ("mlp", "the MLP"), ("ridge", "ridge")),
)
CONFIG: tuple[tuple[str, tuple[float | int, ...], tuple[str, ...]], ...] = (
    ("epochs", (12, 30, 45), ("{T} lasted {v} epochs", "all runs were trained for {v} epochs", "after {v} epochs we stopped training")),
    ("batch_size", (32, 48, 256), ("the batch size is {v}", "with batches of {v}, all models were trained", "we fix the batch size at {v}")),
    ("lr", (0.003, 0.0005, 0.02), ("a learning rate of {v} is used throughout", "the learning rate was set to {v}", "learning rate: {v}")),
    ("layers", (4, 6, 12), ("the network has {v} layers", "every model is {v} layers deep", "we stack {v} layers")),
    ("n_train", (800, 42000, 60000), ("we train on {v:,} examples", "the training set holds {v:,} examples", "{v:,} examples were used for training")),
    ("dropout", (0.1, 0.25), ("dropout is {v}", "a dropout rate of {v} was used")),
    ("params", (2410000, 11700000), ("the model has {M:.1f}M parameters", "{M:.1f} million parameters are trained")),
    ("weight_decay", (0.05, 0.1), ("weight decay is set to {v}", "we apply a weight decay of {v}")),
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A study with the words for its conditions and metrics."""

    study: Study
    called: dict[str, str]
    metrics: dict[str, Metric]


def draw_study(draw: random.Random) -> Drawn:
    """A study whose means differ in their first printed digits."""
    conditions = draw.choice(CONDITIONS)
    metrics = draw.sample(METRICS, draw.choice((1, 2, 2, 3)))
    n, first = draw.choice((3, 4, 5, 6)), draw.choice((0, 0, 1, 11))
    seeds = [first + k for k in range(n)]
    measured: dict[str, dict[str, object]] = {}
    values: dict[tuple[str, str], list[float]] = {}
    for metric in metrics:
        places = draw.sample(range(9), len(conditions))
        for (name, _), place in zip(conditions, places, strict=True):
            centre = metric.low + (metric.high - metric.low) * (place + draw.random() * 0.6) / 9
            of = [round(draw.gauss(centre, metric.spread), metric.digits + 1) for _ in seeds]
            values[name, metric.id] = of
            measured.setdefault(name, {})[metric.id] = {
                "seeds": dict(zip(map(str, seeds), of, strict=True)), "n": n, "mean": statistics.mean(of), "std": statistics.stdev(of),
                "min": min(of), "max": max(of), "median": statistics.median(of),
            }  # fmt: skip
    tests = {}
    a = conditions[0][0]
    for b, _ in conditions[1:]:
        one, other = values[a, metrics[0].id], values[b, metrics[0].id]
        gaps = [x - y for x, y in zip(one, other, strict=True)]
        mean, sd = statistics.mean(gaps), statistics.stdev(gaps)
        half = student.ppf(0.975, n - 1) * sd / n**0.5
        sign = 1 if metrics[0].direction == "max" else -1
        tests[f"{a}_vs_{b}/{metrics[0].id}"] = {
            "n": n, "mean_diff": mean, "ci95": (mean - half, mean + half), "t_p": float(ttest_rel(one, other).pvalue),
            "wilcoxon_p": float(wilcoxon(gaps).pvalue), "cohens_dz": mean / sd, "wins": sum(sign * gap > 0 for gap in gaps),
        }  # fmt: skip
    chosen = draw.sample(CONFIG, 5)
    config: dict[str, object] = {key: draw.choice(stored) for key, stored, _ in chosen}
    config["seeds"] = seeds
    study = Study.model_validate(
        {
            "task": "drawn",
            "metrics": {m.id: {"unit": m.unit, "direction": m.direction} for m in metrics},
            "conditions": measured,
            "comparisons": tests,
            "config": config,
        }
    )
    return Drawn(study, dict(conditions), {m.id: m for m in metrics})


Case = tuple[str, bool, str]
"""Kind, whether it is true, sentence."""


class Author:
    """Says true and false things about one drawn study."""

    def __init__(self, drawn: Drawn, draw: random.Random) -> None:
        self.drawn, self.study, self.draw = drawn, drawn.study, draw

    def pick(self, options: Sequence[str]) -> str:
        return self.draw.choice(options)

    def two(self) -> tuple[str, str]:
        a, b = self.draw.sample(sorted(self.study.conditions), 2)
        return a, b

    def metric(self) -> Metric:
        return self.draw.choice(list(self.drawn.metrics.values()))

    def mean(self, condition: str, metric: Metric) -> float:
        return self.study.conditions[condition][metric.id].mean

    def called(self, condition: str) -> str:
        return self.drawn.called[condition]

    def shown(self, value: float, metric: Metric, digits: int | None = None) -> str:
        """A level in one of the ways in which a text prints it."""
        digits = metric.digits if digits is None else digits
        if metric.unit == "fraction":
            if self.draw.random() < 0.6:
                return f"{100 * value:.{digits - 2}f}" + self.pick(("\\%", " %", " percent"))
            return f"{value:.{digits}f}"
        if metric.id == "tokens_per_s":
            return self.pick((f"{value / 1000:.1f}k tokens per second", f"{value:,.0f} tokens per second"))
        unit = {"%": "\\%", "nats": self.pick((" nats", "")), "": "", "m": self.pick((" m", "")), "s": self.pick((" s", " seconds"))}
        return f"{value:.{digits}f}{unit.get(metric.unit, ' ' + metric.unit)}"

    def gap(self, size: float, metric: Metric) -> str:
        """A plain difference of two levels."""
        if metric.unit == "fraction":
            return f"{100 * size:.{metric.digits - 2}f} " + self.pick(("percentage points", "points", "pp"))
        if metric.unit == "%":
            return f"{size:.{metric.digits}f} " + self.pick(("percentage points", "points"))
        if metric.id == "tokens_per_s":
            return f"{size:,.0f} tokens per second"
        unit = {"": "", "nats": " nats", "m": " m"}.get(metric.unit, " " + metric.unit)
        return f"{size:.{metric.digits}f}{unit}"

    def off(self, value: float, metric: Metric) -> float:
        """Another value of the size of a result, far from every recorded one."""
        recorded = [
            v for scores in self.study.conditions.values() for v in (*scores[metric.id].seeds.values(), scores[metric.id].mean)
        ]
        while True:
            other = value + self.draw.choice((-1, 1)) * (metric.high - metric.low) * self.draw.uniform(0.02, 0.2)
            if all(abs(other - each) > 3 * 10.0**-metric.digits + metric.spread for each in recorded):
                return other

    # ------------------------------------------------------------ kinds

    def level(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        form = self.pick(
            (
                "{A} reaches {x} in {m}.", "The {m} of {a} is {x}.", "With {a}, the {m} comes to {x}.", "For {a} we measure a {m} of {x}.",
                "A {m} of {x} was obtained with {a}.", "{x}: this is the mean {m} of {a}.", "In terms of {m}, {a} ends at {x}.",
                "Averaged over seeds, {a} has a {m} of {x}.", "{A} attains a mean {m} of {x}.", "On average, {a} yields {x} {m}.",
            )
        )  # fmt: skip
        say = self.say(form, m, a=a)
        yield "level", True, say(x=self.shown(self.mean(a, m), m))
        yield "level: value", False, say(x=self.shown(self.off(self.mean(a, m), m), m))
        yield "level: condition", False, say(x=self.shown(self.mean(b, m), m))

    def say(self, form: str, metric: Metric, **names: str) -> Callable[..., str]:
        def filled(**values: str) -> str:
            words = {key: self.called(name) for key, name in names.items()}
            words |= {key.upper(): word[0].upper() + word[1:] for key, word in words.items()}
            sentence = form.format(m=metric.noun, **words, **values)
            return sentence[0].upper() + sentence[1:]

        return filled

    def two_levels(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        form = self.pick(
            (
                "{A} and {b} reach a {m} of {x} and {y}, respectively.", "The {m} is {x} for {a} and {y} for {b}.",
                "{A} has a {m} of {x}, {b} one of {y}.", "While {a} has a {m} of {x}, {b} stands at {y}.", "{m}: {x} ({a}), {y} ({b}).",
                "We find a {m} of {x} with {a}, as opposed to {y} with {b}.", "{A} ({x}) and {b} ({y}) differ in {m}.",
                "The mean {m} for {a} and {b} is {x} and {y}.",
            )
        )  # fmt: skip
        say, one, other = self.say(form, m, a=a, b=b), self.mean(a, m), self.mean(b, m)
        yield "two levels", True, say(x=self.shown(one, m), y=self.shown(other, m))
        yield "two levels: swapped", False, say(x=self.shown(other, m), y=self.shown(one, m))
        yield "two levels: value", False, say(x=self.shown(one, m), y=self.shown(self.off(other, m), m))

    def spread(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        if m.unit == "fraction":
            digits = 2

            def sd(value: float) -> str:
                return f"{100 * value:.2f} points"
        else:
            digits = m.digits + 1
            unit = {"": "", "%": " points", "tok/s": " tokens per second"}.get(m.unit, " " + m.unit)

            def sd(value: float) -> str:
                return f"{value:.{digits}f}{unit}"

        form = self.pick(
            (
                "The standard deviation of the {m} of {a} is {x}.", "Across seeds, the {m} of {a} has a standard deviation of {x}.",
                "{A} varies in {m} with a standard deviation of {x} over the seeds.", "For {a}, the seeds scatter by {x} (standard deviation of the {m}).",
            )
        )  # fmt: skip
        say = self.say(form, m, a=a)
        one, other = self.study.conditions[a][m.id].std or 0, self.study.conditions[b][m.id].std or 0
        yield "sd", True, say(x=sd(one))
        if sd(one) != sd(other):
            yield "sd: condition", False, say(x=sd(other))
        yield "sd: value", False, say(x=sd(one * self.draw.choice((1.6, 0.55, 2.3))))

    def plus_minus(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        if m.unit == "fraction" or m.id == "tokens_per_s":
            return
        scores, other = self.study.conditions[a][m.id], self.study.conditions[b][m.id]
        form = self.pick(("{A} scores ${x} \\pm {s}$ in {m}.", "The {m} of {a} is ${x} \\pm {s}$.", "{A}: {x} ± {s} ({m})."))
        say = self.say(form, m, a=a)
        x, d = f"{scores.mean:.{m.digits}f}", m.digits + 1
        yield "mean ± sd", True, say(x=x, s=f"{scores.std:.{d}f}")
        yield "mean ± sd: value", False, say(x=x, s=f"{1.7 * (scores.std or 1):.{d}f}")
        yield "mean ± sd: condition", False, say(x=f"{other.mean:.{m.digits}f}", s=f"{other.std:.{d}f}")

    def difference(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        one, other = self.mean(a, m), self.mean(b, m)
        high, low = (a, b) if one > other else (b, a)
        better = a if (one > other) is (m.direction == "max") else b
        worse = b if better == a else a
        forms = (
            ("{A} is {x} above {b} in {m}.", high, low), ("In {m}, {a} lies {x} below {b}.", low, high),
            ("{A} improves the {m} of {b} by {x}.", better, worse), ("Going from {b} to {a} improves the {m} by {x}.", better, worse),
            ("The {m} of {a} exceeds that of {b} by {x}.", high, low), ("{A} beats {b} by {x} in {m}.", better, worse),
            ("{A} trails {b} by {x} in {m}.", worse, better), ("{A} has a {m} that is {x} lower than that of {b}.", low, high),
            ("Compared with {b}, {a} raises the {m} by {x}.", high, low), ("Relative to {b}, the {m} of {a} drops by {x}.", low, high),
        )  # fmt: skip
        form, first, second = self.draw.choice(forms)
        size = abs(one - other)
        yield "difference", True, self.say(form, m, a=first, b=second)(x=self.gap(size, m))
        yield "difference: direction", False, self.say(form, m, a=second, b=first)(x=self.gap(size, m))
        yield "difference: value", False, self.say(form, m, a=first, b=second)(x=self.gap(size * self.draw.choice((1.3, 0.7, 1.9)), m))
        if m.unit == "fraction" and abs(size / other - size) > 0.002 and abs(size / one - size) > 0.002:
            percent = f"{100 * size:.1f}\\%"
            yield "difference: unit", False, self.say("{A} has a {m} that is {x} higher than that of {b}, in relative terms.", m, a=high, b=low)(x=percent)  # fmt: skip

    def relative(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        one, other = self.mean(a, m), self.mean(b, m)
        if m.id == "return":
            return
        share = abs(one - other) / other * 100
        rises = one > other
        form, turned = self.draw.choice(
            (
                ("{A} raises the {m} of {b} by {x} in relative terms.", "{A} lowers the {m} of {b} by {x} in relative terms."),
                ("Relative to {b}, the {m} of {a} is {x} higher.", "Relative to {b}, the {m} of {a} is {x} lower."),
                ("This is a relative increase in {m} of {x} from {b} to {a}.", "This is a relative decrease in {m} of {x} from {b} to {a}."),
                ("In {m}, {a} is {x} above {b}, relatively speaking.", "In {m}, {a} is {x} below {b}, relatively speaking."),
            )
        )  # fmt: skip
        say, wrong = self.say(form if rises else turned, m, a=a, b=b), self.say(turned if rises else form, m, a=a, b=b)
        yield "relative", True, say(x=f"{share:.1f}\\%")
        yield "relative: direction", False, wrong(x=f"{share:.1f}\\%")
        yield "relative: value", False, say(x=f"{share * 1.4 + 1:.1f}\\%")

    def ratio(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        one, other = self.mean(a, m), self.mean(b, m)
        if (
            m.id not in {"latency_ms", "train_time_s", "tokens_per_s", "peak_memory_gb", "rmse"}
            or max(one, other) / min(one, other) < 1.2
        ):
            return
        if one < other:
            a, b, one, other = b, a, other, one
        form = self.pick(
            (
                "The {m} of {a} is {x} times that of {b}.", "{A} has {x}× the {m} of {b}.", "In {m}, {a} exceeds {b} by a factor of {x}.",
                "{A} and {b} differ in {m} by a factor of {x}.",
            )
        )  # fmt: skip
        yield "ratio", True, self.say(form, m, a=a, b=b)(x=f"{one / other:.2f}")
        yield "ratio: value", False, self.say(form, m, a=a, b=b)(x=f"{1.3 * one / other:.2f}")
        if "differ" not in form:
            yield "ratio: direction", False, self.say(form, m, a=b, b=a)(x=f"{one / other:.2f}")

    def seed_value(self) -> Iterator[Case]:
        (a, _), m = self.two(), self.metric()
        seeds = self.study.conditions[a][m.id].seeds
        seed = self.draw.choice(list(seeds))
        digits = m.digits + 1
        form = self.pick(
            ("With seed {k}, {a} reaches a {m} of {x}.", "On seed {k} the {m} of {a} is {x}.", "Seed {k} of {a} gives a {m} of {x}.")
        )
        say = self.say(form, m, a=a)
        yield "seed", True, say(k=seed, x=self.shown(seeds[seed], m, digits))
        other = next(
            (s for s in seeds if abs(seeds[s] - seeds[seed]) > 2 * 10.0**-digits and abs(seeds[s] / seeds[seed] - 1) > 0.006), None
        )
        if other and m.id != "tokens_per_s":
            yield "seed: another", False, say(k=seed, x=self.shown(seeds[other], m, digits))

    def extreme(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        scores, others = self.study.conditions[a][m.id], self.study.conditions[b][m.id]
        best, worst = (scores.max, scores.min) if m.direction == "max" else (scores.min, scores.max)
        best_other = others.max if m.direction == "max" else others.min
        if m.id == "tokens_per_s" or abs(best - worst) < 4 * 10.0**-m.digits:
            return
        form = self.pick(
            ("The best seed of {a} reaches a {m} of {x}.", "In its best run, {a} gets a {m} of {x}.", "{A} attains a {m} of {x} in its best run.")
        )  # fmt: skip
        say, digits = self.say(form, m, a=a), m.digits + 1
        yield "best seed", True, say(x=self.shown(best, m, digits))
        yield "best seed: the worst", False, say(x=self.shown(worst, m, digits))
        yield "best seed: condition", False, say(x=self.shown(best_other, m, digits))

    def seed_range(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        scores, other = self.study.conditions[a][m.id], self.study.conditions[b][m.id]
        if m.id == "tokens_per_s":
            return
        form = self.pick(
            (
                "Across seeds, the {m} of {a} ranges from {x} to {y}.", "The seeds of {a} lie between {x} and {y} in {m}.",
                "Over the seeds, {a} spans {x} to {y} in {m}.", "{A} varies between {x} and {y} in {m} from seed to seed.",
            )
        )  # fmt: skip
        say, digits = self.say(form, m, a=a), m.digits + 1
        low, high = (f"{v:.{digits}f}" for v in (scores.min, scores.max))
        yield "range", True, say(x=low, y=high)
        yield "range: condition", False, say(x=f"{other.min:.{digits}f}", y=f"{other.max:.{digits}f}")
        yield "range: value", False, say(x=low, y=f"{self.off(scores.max, m):.{digits}f}")

    def wins(self) -> Iterator[Case]:
        m = next(iter(self.drawn.metrics.values()))
        a, b = self.two()
        one, other = (self.study.conditions[name][m.id].seeds for name in (a, b))
        sign = 1 if m.direction == "max" else -1
        won, n = sum(sign * (one[s] - other[s]) > 0 for s in one), len(one)
        form = self.pick(
            (
                "{A} is better than {b} in {m} on {k} of the {n} seeds.", "On {k} of {n} seeds, {a} beats {b} in {m}.",
                "In {k} out of {n} runs, {a} has the better {m} of the two, {b} being the other.",
            )
        )  # fmt: skip
        say = self.say(form, m, a=a, b=b)
        yield "wins", True, say(k=WORDS[won], n=WORDS[n])
        yield "wins: count", False, say(k=WORDS[n - won if won * 2 != n else won - 1], n=WORDS[n])
        every = self.pick(("In every seed, {a} has a better {m} than {b}.", "{A} beats {b} in {m} on all seeds.", "{A} wins on each seed against {b} in {m}."))  # fmt: skip
        none = self.pick(("In none of the seeds does {a} have a better {m} than {b}.", "{A} beats {b} in {m} in none of the seeds.", "On no seed is {a} better than {b} in {m}."))  # fmt: skip
        if won in {0, n}:
            yield "wins in words", True, self.say(every if won else none, m, a=a, b=b)()
            yield "wins in words: turned", False, self.say(none if won else every, m, a=a, b=b)()

    def interval(self) -> Iterator[Case]:
        (key, test), m = self.draw.choice(list(self.study.comparisons.items())), next(iter(self.drawn.metrics.values()))
        a, b = key.partition("/")[0].split("_vs_")
        if test.ci95 is None:
            return
        scale, unit = (100, " points") if m.unit == "fraction" else (1, "")
        digits = max(1, m.digits - (1 if scale == 100 else 0))
        low, high = (f"{scale * end:.{digits}f}" for end in test.ci95)
        off = abs(test.ci95[0]) * 0.4 + 10.0**-digits
        form = self.pick(
            (
                "The 95\\% confidence interval of the difference in {m} between {a} and {b} is $[{x}, {y}]${u}.",
                "For {a} against {b}, the 95\\% interval of the {m} difference runs from {x} to {y}{u}.",
                "{A} minus {b} in {m}: 95\\% CI [{x}, {y}]{u}.",
            )
        )  # fmt: skip
        say = self.say(form, m, a=a, b=b)
        yield "interval", True, say(x=low, y=high, u=unit)
        yield "interval: value", False, say(x=low, y=f"{scale * (test.ci95[1] + off):.{digits}f}", u=unit)

    def tests(self) -> Iterator[Case]:
        (key, test), m = self.draw.choice(list(self.study.comparisons.items())), next(iter(self.drawn.metrics.values()))
        a, b = key.partition("/")[0].split("_vs_")
        p = test.t_p or 0
        if p < 1e-5:
            return
        form = self.pick(
            ("A paired t-test of {a} against {b} on {m} gives $p = {x}$.", "{A} and {b} differ in {m} (paired t-test, $p = {x}$).")
        )
        say = self.say(form, m, a=a, b=b)
        yield "p-value", True, say(x=f"{p:.2g}" if p >= 1e-4 else f"{p:.6f}")
        yield "p-value: value", False, say(x=f"{p * 2.7 + 0.0011:.2g}")
        dz = test.cohens_dz or 0
        size = self.say("The paired effect size of {a} against {b} in {m} is $d_z = {x}$.", m, a=a, b=b)
        yield "effect size", True, size(x=f"{dz:.2f}")
        yield "effect size: value", False, size(x=f"{dz * 1.45:.2f}")

    def counts(self) -> Iterator[Case]:
        n, k = self.study.planned_seeds, len(self.study.conditions)
        forms: tuple[tuple[str, int], ...] = (
            ("Each condition was run with {v} seeds.", n), ("All results are means over {v} seeds.", n), ("We compare {v} conditions.", k),
            ("In total, {v} runs were made.", n * k), ("Everything was repeated with {v} random seeds.", n), ("$n = {d}$ seeds per condition.", n),
            ("{v} seeds were used for each method.", n), ("The study comprises {v} methods and {w} seeds each.", k), ("This makes {v} training runs altogether.", n * k),
        )  # fmt: skip
        form, count = self.draw.choice(forms)

        def say(value: int) -> str:
            said = WORDS[value] if value <= 10 else str(value)
            sentence = form.format(v=said, d=value, w=WORDS[n])
            return sentence[0].upper() + sentence[1:]

        yield "count", True, say(count)
        wrong = [value for value in range(2, 10) if value not in {n, k, n * k, count}]
        yield "count: value", False, say(self.draw.choice(wrong))

    def seed_names(self) -> Iterator[Case]:
        seeds = sorted(int(seed) for seed in next(iter(self.study.conditions["" or next(iter(self.study.conditions))].values())).seeds)
        form = self.pick(("Seeds {x} to {y} were used.", "We use the seeds {x} to {y}.", "All runs use seeds {x}--{y}.", "The seeds run from {x} to {y}."))  # fmt: skip
        yield "seed names", True, form.format(x=seeds[0], y=seeds[-1])
        yield "seed names: others", False, form.format(x=seeds[0], y=seeds[-1] + self.draw.choice((-1, 1, 2)))

    def setting(self) -> Iterator[Case]:
        key, stored, forms = self.draw.choice([each for each in CONFIG if each[0] in self.study.config])
        value = self.study.config[key]
        assert isinstance(value, int | float)
        wrong = self.draw.choice([other for other in (*stored, value * 2) if other != value])
        form = self.pick(forms)

        def say(shown: float) -> str:
            sentence = form.format(v=shown, T="training", M=shown / 1e6) + "."
            return sentence[0].upper() + sentence[1:]

        yield "setting", True, say(value)
        yield "setting: value", False, say(wrong)

    def order(self) -> Iterator[Case]:
        (a, b), m = self.two(), self.metric()
        one, other = self.mean(a, m), self.mean(b, m)
        better, worse = (a, b) if (one > other) is (m.direction == "max") else (b, a)
        high, low = (a, b) if one > other else (b, a)
        form, first, second = self.draw.choice(
            (
                ("{A} outperforms {b} in {m}.", better, worse), ("{A} has a higher {m} than {b}.", high, low), ("The {m} of {a} is below that of {b}.", low, high),
                ("{A} is outperformed by {b} in {m}.", worse, better), ("In {m}, {a} is the better of {a} and {b}.", better, worse),
                ("Judged by {m}, {a} falls behind {b}.", worse, better), ("Switching from {b} to {a} lowers the {m}.", low, high),
            )
        )  # fmt: skip
        yield "order", True, self.say(form, m, a=first, b=second)()
        yield "order: turned", False, self.say(form, m, a=second, b=first)()
        means = {name: self.mean(name, m) for name in self.study.conditions}
        top, bottom = max(means, key=lambda name: means[name]), min(means, key=lambda name: means[name])
        form = self.pick(("{A} has the highest {m} of all conditions.", "The highest {m} is that of {a}.", "No condition has a higher {m} than {a}."))  # fmt: skip
        yield "superlative", True, self.say(form, m, a=top)()
        yield "superlative: turned", False, self.say(form, m, a=bottom)()

    def bounds(self) -> Iterator[Case]:
        m = self.metric()
        values = [self.mean(name, m) for name in self.study.conditions]
        if m.unit != "fraction":
            return
        floor, above = int(100 * min(values)), sum(100 * v > int(100 * max(values)) for v in values)
        form = self.pick(
            ("All conditions reach a {m} above {x}\\%.", "Every condition exceeds {x}\\% {m}.", "No condition falls below {x}\\% {m}.")
        )
        if floor < 100 * min(values) - 0.05:
            yield "bound", True, self.say(form, m)(x=str(floor))
            yield "bound: value", False, self.say(form, m)(x=str(int(100 * max(values)) - 1))
        yield "bound: counted", True, f"{WORDS[above].capitalize()} of the {WORDS[len(values)]} conditions reach{'es' if above == 1 else ''} a {m.noun} above {int(100 * max(values))}\\%."  # fmt: skip
        yield "bound: counted wrongly", False, f"{WORDS[above + 1].capitalize()} of the {WORDS[len(values)]} conditions reach a {m.noun} above {int(100 * max(values))}\\%."  # fmt: skip


KINDS: tuple[Callable[[Author], Iterator[Case]], ...] = (
    Author.level, Author.two_levels, Author.spread, Author.plus_minus, Author.difference, Author.relative, Author.ratio, Author.seed_value,
    Author.extreme, Author.seed_range, Author.wins, Author.interval, Author.tests, Author.counts, Author.seed_names, Author.setting,
    Author.order, Author.bounds,
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--studies", type=int, default=60)
    parser.add_argument("--draw", type=int, default=0, help="seed of the drawing")
    parser.add_argument("--verbose", action="store_true", help="every wrong judgement")
    options = parser.parse_args()
    draw = random.Random(options.draw)
    all_of: Counter[tuple[bool, str]] = Counter()
    wrong: Counter[tuple[bool, str]] = Counter()
    begun, judged = perf_counter(), 0
    for _ in range(options.studies):
        drawn = draw_study(draw)
        author = Author(drawn, draw)
        for kind in KINDS:
            for name, true, sentence in kind(author):
                judgement = judge(sentence, drawn.study)
                judged += 1
                all_of[true, name] += 1
                if (judgement.verdict == "refused") is true:
                    wrong[true, name] += 1
                    if options.verbose:
                        print(f"{'TRUE' if true else 'FALSE'} {name}: {judgement.verdict}: {judgement.reason}: {sentence}")
    seconds = perf_counter() - begun
    for true in (False, True):
        print("fabricated, accepted:" if not true else "true, refused:")
        for (label, name), count in sorted(all_of.items()):
            if label is true:
                print(f"  {name}: {wrong[label, name]} of {count}")
        missed, of = (sum(c for (label, _), c in counter.items() if label is true) for counter in (wrong, all_of))
        print(f"  in all: {missed} of {of} ({100 * missed / of:.1f} %)")
    print(f"{judged} sentences in {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
