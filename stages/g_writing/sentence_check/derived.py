"""Values that follow from the record by a short calculation, for numbers that the other readings leave without a value.

A number of three digits or more that agrees with such a value is hardly there by chance, so of its words only those count that speak
against it: a seed, an extreme, a unit or a name that is another one's. A shorter number needs a word for its role as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check.alternatives import part
from stages.g_writing.sentence_check.extremes import extremes_named
from stages.g_writing.sentence_check.phrases import any_of
from stages.g_writing.sentence_check.quantities import SECONDS, Quantity, mean, printed
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Scores, Study

TELLING = 3
"""Digits from which on a number says by itself which value it is; among some hundred derivable values two digits meet one by chance."""
_EXTREME = re.compile(
    r"(?<!second-)(?<!second )(?<!next-)(?<!next )\b(?:(?P<good>best|strongest|luckiest|most (?:favou?rable|fortunate|successful|lucky))|(?P<bad>worst|weakest|poorest|unluckiest|least (?:favou?rable|fortunate|successful|lucky))|(?P<high>highest|largest|top|maximum|biggest|greatest|slowest|longest)"
    r"|(?P<low>lowest|smallest|minimum|least|fastest|quickest|shortest))\b",
    re.IGNORECASE,
)
_OTHER_STATISTIC = re.compile(r"\b(?:median|standard deviations?|s\.d\.|std|confidence|intervals?|p-?values?)\b|±", re.IGNORECASE)
_RANGE = any_of(r"span\w*|rang\w+|spread|differ\w*|apart|separat\w+|between|distance|gap|vary|varies|fluctuat\w*|scatter\w*|lies?")
_SEEDS_APART = re.compile(r"\bspan|\b(?:seeds|runs)\b[^.;]*\b(?:differ|vary|spread|scatter|apart)", re.IGNORECASE)
_PAIRED = re.compile(
    r"\b(?:gap|gain|lead|advantage|margin|difference|improvement|ahead|behind|deficit|paired|benefit|edge|pairwise|beat|better|worse|above|below|higher|lower|more|less|by)s?\b",
    re.IGNORECASE,
)
_SEED_BY_SEED = re.compile(
    r"\bseed (?:for|by) seed\b|\b(?:per-seed|paired|pairwise|seed-wise)\b|\b(?:from seed to seed|across (?:the )?seeds|depending on the seed)\b",
    re.IGNORECASE,
)
_OF_PAIRS = any_of(r"per-seed|paired|pairwise|seed-wise|seeds?|runs?|pairs?")
_OVER_SEEDS = re.compile(
    r"\b(?:seeds?|runs?|trials?|luck\w+|unluck\w+|at best|at worst)\b|(?:'s|\b(?:its|our|their)) (?:own )?(?:best|worst|highest|lowest|weakest|strongest)\b",
    re.IGNORECASE,
)
"""Words by which a superlative ranges over the seeds of one condition, not over the conditions."""
_NEAR_END, _FAR_END = r"\b(?:best|fastest|lowest|smallest|shortest)\b", r"\b(?:worst|slowest|highest|largest|longest)\b"
_FROM_END_TO_END = re.compile(rf"{_NEAR_END}.*{_FAR_END}|{_FAR_END}.*{_NEAR_END}", re.IGNORECASE)
_DISTANCE = any_of(
    r"distance|gap|apart|difference|differ\w*|separat\w+|away|between|margin|by|short of|behind|ahead|better|worse|above|below|higher|lower"
)
_WRONG = any_of(r"misclassif\w+|mis-?label\w+|wrong\w*|mistak\w+|errors?|errs|incorrect\w*|fails? on|misjudg\w+|misrecogni[sz]\w+")
_RIGHT = re.compile(r"(?<!in)\bcorrect\w*\b|\bright\b", re.IGNORECASE)
_TOGETHER = any_of(
    r"in total|altogether|together|all in all|overall|in sum|all told|summed|sums?|combined|add up|adds up|the total|amount(?:s|ed)? to"
)


@dataclass(frozen=True)
class Derived:
    """What a calculation needs of the sentence: the number, its own part, and what that part names."""

    number: Number
    sentence: Sentence
    study: Study
    metrics: list[tuple[str, bool]]
    """The metrics that the number can be of; True: one minus it."""
    holds: Callable[[float], bool]
    """Whether a value is the printed number, or on the side of it that the words before it say."""

    @property
    def telling(self) -> bool:
        return not self.number.word and len(re.sub(r"e.*|\D", "", self.number.text).strip("0")) >= TELLING

    @property
    def own(self) -> str:
        start, end = part(self.number, self.sentence)
        return self.sentence.text[start:end]

    def names(self) -> list[str]:
        """Conditions of the number's own part, else those of the sentence."""
        start, end = part(self.number, self.sentence)
        own = list(dict.fromkeys(m.name for m in self.sentence.conditions if start <= m.start < end))
        return own or list(dict.fromkeys(m.name for m in self.sentence.conditions))

    def pair(self) -> tuple[str, str] | None:
        """The two that the sentence names, or the one named and its partner."""
        names = list(dict.fromkeys(m.name for m in self.sentence.conditions))
        main = self.study.main_pair
        if len(names) == 2:
            return names[0], names[1]
        if main and (not names or (len(names) == 1 and names[0] in main)):
            return main
        if main and len(names) == 1:
            return main[0], names[0]
        return None

    def shown(self, value: float, metric: str, *, spread: bool) -> float | None:
        """The value in the sentence's unit, where it is the printed number."""
        if spread and self.number.unit == "%":
            return None  # per cent of what, or points: not said
        shown = printed(value, self.study.metrics[metric].unit, self.number.unit, spread=spread)
        return shown if shown is not None and self.holds(shown) else None

    def scores(self, name: str, metric: str) -> Scores | None:
        return self.study.conditions[name].get(metric)

    def seeds(self) -> set[str]:
        """The seeds that the sentence names."""
        return set(re.findall(r"\bseed (\d+)\b", self.sentence.text, re.IGNORECASE))

    def seeds_of_the_clause(self) -> set[str]:
        """The one seed that is named in the number's own clause: 'by 30.6 with seed 0, and the gap widens to 34.9 with seed 2'."""
        cuts = [
            0,
            *(m.start() for m in re.finditer(r"[,;:(]|\b(?:and|while|whereas|but)\b", self.sentence.text)),
            len(self.sentence.text),
        ]
        start = max(cut for cut in cuts if cut <= self.number.start)
        end = min(cut for cut in cuts if cut >= self.number.end)
        found = set(re.findall(r"\bseed (\d+)\b", self.sentence.text[start:end], re.IGNORECASE))
        return found if len(found) == 1 else set()

    def extremes(self, metric: str, *, complement: bool) -> list[str]:
        """'max' or 'min' for each extreme that the number's own part names; of the whole sentence where it names none."""
        upward = (self.study.metrics[metric].direction == "max") is not complement
        found = list(_EXTREME.finditer(self.own)) or list(_EXTREME.finditer(self.sentence.text))
        return [_side(match, upward=upward) for match in found]


def derived(each: Derived) -> Iterator[Quantity]:
    """Quantities that the number can be, the likeliest first."""
    for metric, complement in each.metrics:
        yield from _of_seeds(each, metric, complement=complement)
        yield from _span(each, metric)
        yield from _paired(each, metric)
        yield from _between_means(each, metric)
        yield from _between_extremes(each, metric)
        yield from _of_spreads(each, metric)
        yield from _closed_gap(each, metric, complement=complement)
        yield from _of_comparisons(each, metric)
    yield from _counted_items(each)
    yield from _times(each)
    yield from _of_the_configuration(each)


def _of_seeds(each: Derived, metric: str, *, complement: bool) -> Iterator[Quantity]:
    """The best or worst seed's value, or that of a seed which the sentence names."""
    if (
        not each.telling
        or complement
        or _OTHER_STATISTIC.search(each.own)
        or re.search(r"\b(?:mean|average) [\w ]{0,20}(?:is|of|was) $", each.own)
        or each.number.unit in {"pp", "points", "x"}
    ):
        return
    names = each.names()
    alike = [n for n in each.sentence.numbers if n.unit == each.number.unit and "." in n.text]
    main = each.study.main_pair
    if main and set(names) == set(main) and len(alike) == 2 and each.number in alike and re.search(r"\bwe\b", each.sentence.text):
        names = [main[alike.index(each.number)]]  # 'we measure x against y'
    elif len(names) == len(alike) > 1 and each.number in alike:  # as many values as names: in their order
        names = [names[alike.index(each.number)]]
    sides = set(each.extremes(metric, complement=complement)) if _OVER_SEEDS.search(each.sentence.text) else set()
    run = re.search(r"\d-$", each.sentence.text[: each.number.start]) or re.match(r"-\d", each.sentence.text[each.number.end :])
    if run and _FROM_END_TO_END.search(each.sentence.text):
        sides = {"min" if each.sentence.text[each.number.end :].startswith("-") else "max"}
    if side := _end_of_a_range(each):
        ahead = [m.name for m in each.sentence.conditions if m.end <= each.number.start]
        sides, names = {side}, ahead[-1:] or names[:1]
    for name in names:
        scores = each.scores(name, metric)
        if scores is None:
            continue
        values = {f"seed.{seed}": scores.seeds[seed] for seed in each.seeds() if seed in scores.seeds}
        values |= {side: scores.max if side == "max" else scores.min for side in sorted(sides)} if not values else {}
        for label, value in values.items():
            if (shown := each.shown(value, metric, spread=False)) is not None:
                yield Quantity(shown, f"{name}.{metric}.{label}")


def _end_of_a_range(each: Derived) -> str | None:
    """'between 0.9088 and 0.9142' over the seeds: which end the number is."""
    if not re.search(r"\b(?:seeds?|runs?|span\w*|rang\w+|lies?|var(?:y|ies)|returns|scatter\w*)\b", each.sentence.text, re.IGNORECASE):
        return None  # 'from x to y' is a change, too
    before, _ = each.sentence.near(each.number)
    if re.search(r"\b(?:from|between)\s*$", before):
        return "min"
    ahead = each.sentence.text[: each.number.start]
    return "max" if re.search(r"\b(?:from|between) [-\d.,]+ ?%? (?:to|and)\s*$", ahead) else None


def _span(each: Derived, metric: str) -> Iterator[Quantity]:
    """From the lowest seed of one condition to its highest."""
    names = each.names()
    both = len(set(each.extremes(metric, complement=False))) == 2
    if (
        len(names) != 1
        or not (both or _RANGE.search(each.sentence.text))
        or not (both or each.telling or _SEEDS_APART.search(each.sentence.text))
    ):
        return
    scores = each.scores(names[0], metric)
    if scores is None or scores.n < 2 or _OTHER_STATISTIC.search(each.sentence.text):
        return
    if (shown := each.shown(scores.max - scores.min, metric, spread=True)) is not None:
        yield Quantity(shown, f"{names[0]}.{metric}.max - {names[0]}.{metric}.min")


def _paired(each: Derived, metric: str) -> Iterator[Quantity]:
    """A seed's difference between two conditions, or the largest or smallest of these."""
    pair, text = each.pair(), each.sentence.text
    if pair is None or not _PAIRED.search(text) or not (_OF_PAIRS.search(text) or each.telling):
        return
    one, other = (each.scores(name, metric) for name in pair)
    if one is None or other is None:
        return
    sign = 1 if each.study.metrics[metric].direction == "max" else -1
    gaps = {seed: sign * (value - other.seeds[seed]) for seed, value in one.seeds.items() if seed in other.seeds}
    sides = (
        each.extremes(metric, complement=False)
        if re.search(r"\b(?:largest|biggest|greatest|highest|smallest|least|lowest)\b", text)
        else []
    )
    named = set(re.findall(r"\bseed (\d+)\b", each.own, re.IGNORECASE)) or each.seeds_of_the_clause() or each.seeds()
    listed = re.search(r"\bseeds (\d+(?:(?:, and |, | and )\d+)+)", text)
    alike = [n.start for n in each.sentence.numbers if "." in n.text]
    if listed and len(each_seed := re.findall(r"\d+", listed[1])) == len(alike) and each.number.start in alike:
        named = {each_seed[alike.index(each.number.start)]}
    if re.search(r"\b(?:on average|mean|averaged)\b", each.own, re.IGNORECASE):
        return
    before, _ = each.sentence.near(each.number)
    if not sides and not named and _SEED_BY_SEED.search(text) and _RANGE.search(text):
        sides = (
            ["min"] if re.search(r"\b(?:from|between)\s*$", before) else ["max"] if re.search(r"\b(?:to|and)\s*$|-$", before) else []
        )
    for seed, gap in gaps.items():
        sizes = [abs(size) for size in gaps.values()]
        is_extreme = "max" if abs(gap) == max(sizes) else "min" if abs(gap) == min(sizes) else ""
        if (named and named != {seed}) or (sides and is_extreme not in sides) or not (named or sides):
            continue
        if (shown := each.shown(abs(gap), metric, spread=True)) is not None:
            yield Quantity(shown, f"absdiff({pair[0]},{pair[1]}).{metric}.seed.{seed}")


def _between_means(each: Derived, metric: str) -> Iterator[Quantity]:
    """The distance between the means of the two conditions that are named, or what one of them is more than the other in per cent."""
    pair = each.pair()
    near = re.search(r"\bwithin\s*$", each.sentence.near(each.number)[0]) is not None
    if pair is None or not (each.telling or near) or each.seeds() or _EXTREME.search(each.own) or _OTHER_STATISTIC.search(each.own):
        return
    one, other = (mean(each.study, name, metric) for name in pair)
    if one is None or other is None or not (near or _DISTANCE.search(each.sentence.text)):
        return
    if len(list(extremes_named(each.sentence))) == 2:
        return
    if each.number.unit == "%" and other and near:
        if each.holds(100 * abs(one - other) / abs(other)):
            yield Quantity(100 * abs(one - other) / abs(other), f"absrel({pair[0]},{pair[1]}).{metric}")
        return
    if (shown := each.shown(abs(one - other), metric, spread=True)) is not None:
        yield Quantity(shown, f"absdiff({pair[0]},{pair[1]}).{metric}")


def _between_extremes(each: Derived, metric: str) -> Iterator[Quantity]:
    """'the worst run of a is better than the best of b, by 23.4'."""
    pair = each.pair()
    said = list(_EXTREME.finditer(each.sentence.text))
    if pair is None or len(said) != 2 or not _DISTANCE.search(each.sentence.text):
        return
    one, other = (each.scores(name, metric) for name in pair)
    sides = [_side(match, upward=each.study.metrics[metric].direction == "max") for match in said]
    if one is None or other is None:
        return
    values = [scores.max if side == "max" else scores.min for scores, side in zip((one, other), sides, strict=True)]
    if (shown := each.shown(abs(values[0] - values[1]), metric, spread=True)) is not None:
        yield Quantity(shown, f"{pair[0]}.{metric}.{sides[0]} - {pair[1]}.{metric}.{sides[1]}")


def _of_spreads(each: Derived, metric: str) -> Iterator[Quantity]:
    """'a's standard deviation is 1.6 times that of b'."""
    pair = each.pair()
    if pair is None or each.number.unit != "x" or not re.search(r"\b(?:standard deviation|s\.d\.|spread|scatter)", each.sentence.text):
        return
    one, other = (scores.std if (scores := each.scores(name, metric)) else None for name in pair)
    if not one or not other:
        return
    smaller = re.match(r"\s*(?:times|×|x)?\s*(?:as )?(?:smaller|lower|less|small|low)\b", each.sentence.text[each.number.end :])
    if each.holds(other / one if smaller else one / other):
        yield Quantity(one / other, f"std({pair[0]})/std({pair[1]}).{metric}")


_CLOSES = re.compile(
    r"\b(?:clos|bridg|recover|cover|narrow|recoup|regain|mak|clear)\w*(?: up| back)? (?:about |roughly |nearly |almost |some |around |only |just )?$",
    re.IGNORECASE,
)
_OF_THE_GAP = re.compile(r" ?(?:%|per ?cent) of the (?:[\w-]+ )?(?:gap|distance|deficit|difference|loss)\b", re.IGNORECASE)


def _closed_gap(each: Derived, metric: str, *, complement: bool) -> Iterator[Quantity]:
    """'a closes 48 % of the gap between b and c': the way from the worse one of the two to the better one that a is."""
    text, number = each.sentence.text, each.number
    if number.unit != "%" or not _CLOSES.search(text[: number.start]) or not _OF_THE_GAP.match(text[number.end :]):
        return
    ahead = [m.name for m in each.sentence.conditions if m.end <= number.start]
    behind = list(dict.fromkeys(m.name for m in each.sentence.conditions if m.start >= number.end))
    if not ahead or len(behind) != 2 or ahead[-1] in behind:
        return
    subject, one, other = (mean(each.study, name, metric, complement=complement) for name in (ahead[-1], *behind))
    if subject is None or one is None or other is None or one == other:
        return
    upward = (each.study.metrics[metric].direction == "max") is not complement
    worse, better = sorted((one, other), reverse=not upward)
    share = 100 * (subject - worse) / (better - worse)
    if each.holds(share):
        yield Quantity(share, f"({ahead[-1]} - {behind[0]})/({behind[1]} - {behind[0]}).{metric}")


def _of_comparisons(each: Derived, metric: str) -> Iterator[Quantity]:
    """'both gains, 1.29 and 0.79 points': the recorded comparisons in their order, as many as there are numbers."""
    tests = [test for key, test in each.study.comparisons.items() if key.endswith(f"/{metric}")]
    alike = [n for n in each.sentence.numbers if "." in n.text and not n.word]
    said = re.search(
        r"\b(?:both|the two|all) (?:\w+ )?(?:gains|differences|improvements|effects)\b", each.sentence.text, re.IGNORECASE
    )
    if said is None or each.sentence.conditions or len(alike) != len(tests):
        return
    place = next((k for k, other in enumerate(alike) if other.start == each.number.start), None)
    if place is not None and (shown := each.shown(abs(tests[place].mean_diff), metric, spread=True)) is not None:
        yield Quantity(shown, f"mean_diff({place}).{metric}")


def _side(match: re.Match[str], *, upward: bool) -> str:
    high = match["high"] is not None or (match["good"] is not None and upward) or (match["bad"] is not None and not upward)
    return "max" if high else "min"


def _counted_items(each: Derived) -> Iterator[Quantity]:
    """Items of the test set that are classified wrongly or rightly, of one condition or of one more than of another."""
    size, number = each.study.config.get("n_test"), each.number
    accuracies = [m for m, facts in each.study.metrics.items() if "acc" in m and facts.unit in {"fraction", "ratio", "proportion"}]
    wrong, right = _WRONG.search(each.sentence.text), _RIGHT.search(each.sentence.text)
    if not isinstance(size, int) or not accuracies or number.unit or "." in number.text or not (wrong or right) or number.step > 1:
        return
    metric = next((m for m in accuracies if "test" in m), accuracies[0])
    start, end = part(number, each.sentence)
    apart = re.match(r"\s*(?:\w+ ){0,3}?(?:more|fewer|less)\b|\s*(?:further|additional)\b", each.sentence.text[number.end :])
    pair = each.pair()
    by = re.search(r"\bby\s*(?:about )?$", each.sentence.near(number)[0]) is not None
    in_cases = re.search(
        r"\b(?:correspond\w*|amounts?|equals?|comes?|translates?) (?:to|into) (?:about )?$", each.sentence.near(number)[0]
    )
    by = by or bool(
        in_cases
        and re.match(
            r" (?:\w+ )?(?:images|examples|samples|cases|items|sentences|documents) (?:that|which) ", each.sentence.text[number.end :]
        )
        and _one_errs(each, pair)
    )
    if (apart or by) and pair:
        one, other = (mean(each.study, name, metric) for name in pair)
        rises = apart is not None and re.search(r"\b(?:fewer|less)\b", apart[0]) is None
        if one is None or other is None or (not by and ((one > other) is rises) is (wrong is not None)):
            return
        if each.holds(round(abs(one - other) * size)) and each.telling:
            yield Quantity(abs(one - other) * size, f"absdiff({pair[0]},{pair[1]}).{metric} * cfg.n_test")
        return
    named = [m.name for m in each.sentence.conditions if start <= m.start < end] or each.names()[:1]
    turn = _turn(each, pair)
    for name in dict.fromkeys(turn or named):
        value = mean(each.study, name, metric)
        if value is not None and each.telling and each.holds(round((1 - value if wrong else value) * size)):
            yield Quantity((1 - value if wrong else value) * size, f"{'1 - ' if wrong else ''}{name}.{metric}.mean * cfg.n_test")


def _one_errs(each: Derived, pair: tuple[str, str] | None) -> bool:
    """'… which b misclassifies and a does not': the one behind 'which' is the worse one of the two."""
    said = re.search(r"\b(?:that|which) (?:the )?", each.sentence.text[each.number.end :])
    if said is None or pair is None:
        return False
    start = each.number.end + said.end()
    first = next((m.name for m in each.sentence.conditions if m.start >= each.number.end and abs(m.start - start) < 5), None)
    metric = each.metrics[0][0]
    values = {name: mean(each.study, name, metric) for name in pair}
    better = max(pair, key=lambda name: values[name] or 0.0)
    return first in pair and (first == better) is (_RIGHT.search(each.sentence.text) is not None)


def _turn(each: Derived, pair: tuple[str, str] | None) -> list[str]:
    """'drops from x to y when the baseline is replaced': the reference's value first."""
    before, _ = each.sentence.near(each.number)
    if pair is None or pair != each.study.main_pair or not re.search(r"\bfrom\b.*\bto\b", each.sentence.text):
        return []
    if re.search(r"\bfrom\s*(?:about )?$", before):
        return [pair[1]]
    return [pair[0]] if re.search(r"\bto\s*(?:about )?$", before) else []


def _times(each: Derived) -> Iterator[Quantity]:
    """All runs together, one epoch, or a number of tokens at the recorded rate."""
    number, text, study = each.number, each.sentence.text, each.study
    if number.unit not in {"s", "ms", "min", "h", "day"}:
        return
    names = each.names()
    timed = [m for m, facts in study.metrics.items() if facts.unit in SECONDS and ("time" in m or "wall" in m)]
    for metric in timed[:1]:
        if _TOGETHER.search(text) and not re.search(r"\b(?:per|each|every|a single|on average|mean)\b", text):
            of = [scores for name in names or study.conditions if (scores := each.scores(name, metric))]
            total = math.fsum(value for scores in of for value in scores.seeds.values())
            if (shown := each.shown(total, metric, spread=False)) is not None:
                yield Quantity(shown, f"sum({','.join(names) or 'all'}).{metric}")
        epochs = study.config.get("epochs")
        if (
            isinstance(epochs, int)
            and re.search(r"\b(?:per|an|each|every|one|a single) epoch\b", text, re.IGNORECASE)
            and len(names) == 1
        ):
            value = mean(study, names[0], metric)
            if value is not None and (shown := each.shown(value / epochs, metric, spread=False)) is not None:
                yield Quantity(shown, f"{names[0]}.{metric}.mean / cfg.epochs")
    tokens = study.config.get("tokens", study.config.get("n_tokens"))
    rates = [m for m, facts in study.metrics.items() if facts.unit in {"tok/s", "tokens/s"}]
    if isinstance(tokens, int) and rates and re.search(r"\btokens?\b|\bbudget\b|\bthroughput\b", text) and len(names) == 1:
        rate = mean(study, names[0], rates[0])
        seconds = {"s": 1.0, "ms": 0.001, "min": 60.0, "h": 3600.0, "day": 86400.0}[number.unit]
        if rate and each.holds(tokens / rate / seconds):
            yield Quantity(tokens / rate / seconds, f"cfg.tokens / {names[0]}.{rates[0]}.mean")


_PRODUCTS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str, str], ...] = (
    ("head width", ("d_model",), ("heads",), r"dimension\w*|\bwide\b|\bwidth\b|channels|units|components", r"\bheads?\b"),
    ("head width", ("d_model",), ("n_heads",), r"dimension\w*|\bwide\b|\bwidth\b|channels|units|components", r"\bheads?\b"),
    ("tokens of a step", ("batch_size", "context"), (), r"tokens", r"\b(?:step|update|batch|mini-?batch|iteration)\b"),
    ("tokens of a step", ("batch_size", "seq_len"), (), r"tokens", r"\b(?:step|update|batch|mini-?batch|iteration)\b"),
    ("sequences in all", ("batch_size", "steps"), (), r"(?:sequences|samples|examples|batch elements)", r"\b(?:total|altogether|all|overall)\b"),
    ("steps of an epoch", ("n_train",), ("batch_size",), r"(?:\w+ )?(?:steps|updates|batches|mini-?batches|iterations)", r"\bepoch\b"),
    ("steps in all", ("n_train", "epochs"), ("batch_size",), r"(?:\w+ )?(?:steps|updates|iterations)", r"\b(?:total|altogether|overall|all)\b"),
    ("images seen", ("n_train", "epochs"), (), r"(?:\w+ )?(?:images|examples|samples|presentations)", r"\b(?:total|altogether|overall|seen|shown|processed)\b"),
)  # fmt: skip
"""(name, factors, divisors, the noun behind the number, another word of the sentence)."""


def _of_the_configuration(each: Derived) -> Iterator[Quantity]:
    """Products and quotients of settings, named by the noun behind the number and one more word."""
    config, number = each.study.config, each.number
    after = each.sentence.text[number.end :]
    for name, factors, divisors, noun, word in _PRODUCTS:
        values = [config.get(key) for key in (*factors, *divisors)]
        if not all(isinstance(value, int) and not isinstance(value, bool) and value > 0 for value in values):
            continue
        named = each.telling or re.search(word, each.sentence.text, re.IGNORECASE)
        if not named or not re.match(rf"[\s-]*(?:\w+ ){{0,1}}?(?:{noun})\b", after, re.IGNORECASE):
            continue
        sizes = [value for value in values if isinstance(value, int)]
        exact = math.prod(sizes[: len(factors)]) / math.prod(sizes[len(factors) :])
        per_epoch = math.prod(sizes[:1]) / math.prod(sizes[len(factors) :])
        whole = {exact} if not divisors else {float(math.ceil(per_epoch)), float(math.floor(per_epoch))}
        repeats = config.get("epochs") if "epochs" in factors and divisors else 1
        if any(each.holds(value * (repeats if isinstance(repeats, int) else 1)) for value in whole):
            yield Quantity(
                exact, f"{' * '.join(f'cfg.{key}' for key in factors)}{''.join(f' / cfg.{key}' for key in divisors)} ({name})"
            )
