"""Of how many seeds, and of how many conditions, a sentence says something: counted from the recorded values.

'In none of the seeds', 'on all but one run', 'three of the four methods stay above 74 %', 'no condition has a higher loss than a':
the words give how many it has to be, the record how many it is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import metrics_of
from stages.g_writing.sentence_check.pairs import Pair
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, DEVIATION, REACHED
from stages.g_writing.sentence_check.quantifiers import Quantifier, conditions_quantifier, seeds_quantifier
from stages.g_writing.sentence_check.quantities import level, mean, printed, whole
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.reasons import same_sign
from stages.g_writing.sentence_check.study import Study

_COMPARING = re.compile(
    rf"\b(?:(?P<better>{w.BETTER}|{w.FASTER})|(?P<worse>{w.WORSE}|{w.SLOWER}|falls? (?:short|behind))|(?P<up>{w.NUMERIC_UP})|(?P<down>{w.NUMERIC_DOWN}))\b",
    re.IGNORECASE,
)


def bound_before(before: str) -> Callable[[float, float], bool] | None:
    """(value, number) -> whether the bounding words right before a number are true of the value; None without such words."""
    found = re.search(
        rf"(?<!\w)(?:(?P<up>{ABOVE}|{REACHED})|(?P<down>{BELOW}))\s*(?:(?:the )?[\w-]+'s (?:mean |own )?|about |an? (?:[\w@\u00b7-]+ ){{1,3}}of |the (?:[\w@\u00b7-]+ ){{1,3}}of |an? |the |in )*$",
        before,
        re.IGNORECASE,
    )
    if found is None or re.search(r"\bby (?:\w+ )?$", before[: found.start()]):
        return None
    strict = re.search(r"least|>=|reach|attain|achiev|most|<=|up to|no (?:less|more)", found[0], re.IGNORECASE) is None
    if found["up"]:
        return (lambda value, number: value > number) if strict else (lambda value, number: value >= number)
    return (lambda value, number: value < number) if strict else (lambda value, number: value <= number)


def bound_of(number: Number, sentence: Sentence) -> Callable[[float, float], bool] | None:
    """As `bound_before`, also where the bound is the subject: '92 % is exceeded by …'."""
    before, after = sentence.near(number)
    passive = re.match(
        r"\W*(?:[\w%]+ )?(?:is|was|are|were) (?:\w+ly )?(?P<verb>exceeded|surpassed|passed|topped|reached|attained|undercut)\b", after
    )
    if passive is None:
        return bound_before(before)
    if passive["verb"] == "undercut":
        return lambda value, bound: value < bound
    return (
        (lambda value, bound: value >= bound) if passive["verb"] in {"reached", "attained"} else (lambda value, bound: value > bound)
    )


def quantified(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Reasons against a claim about so many seeds, or so many conditions, that compares."""
    text = sentence.text
    if (seeds := seeds_quantifier(text)) is not None and not _bounded(sentence, seeds) and not same_sign(sentence):
        yield from _on_seeds(seeds, sentence, study, pair)
    if (conditions := conditions_quantifier(text, study.families)) is not None and not _bounded(sentence, conditions):
        yield from _of_conditions(conditions, sentence, study)
    yield from _on_named_seeds(sentence, study)


_NAMED_SEEDS = re.compile(r"\bseeds (?P<names>\d+(?:(?:,? and |, )\d+)+)", re.IGNORECASE)
_NOT_ALL_RUN = re.compile(
    r"\b(?:crash|fail|diverg|miss|lost|los[ei]|only|plan|except|intend|abort|discard|exclu|not\b|out of memory)", re.IGNORECASE
)


def _on_named_seeds(sentence: Sentence, study: Study) -> Iterator[str]:
    """'a and b are averaged over seeds 0, 1 and 2': every condition that is named was run on each of them."""
    said = _NAMED_SEEDS.search(sentence.text)
    if said is None or _NOT_ALL_RUN.search(sentence.text):
        return
    seeds = set(re.findall(r"\d+", said["names"]))
    for name in dict.fromkeys(mention.name for mention in sentence.conditions):
        for scores in study.conditions[name].values():
            if missing := sorted(seeds - set(scores.seeds)):
                yield f"{said[0]!r}: {name} was not run on seed {missing[0]}"
                break


_STEP = re.compile(r"\b(?:each|every) (?:further |additional )?(?:doubling|halving|step|increase|decrease|reduction)\b", re.IGNORECASE)
_GROWS = re.compile(
    r"\b(?:(?P<up>ris\w+|grow\w*|increas\w+|climb\w*)|(?P<down>fall\w*|drop\w*|decreas\w+|declin\w+|shrink\w*)|(?P<better>improv\w+)|(?P<worse>degrad\w+|deteriorat\w+|worsen\w*))"
    r"(?: \w+ly)? (?:with|as) (?:the |a |an |increasing |growing |larger )*",
    re.IGNORECASE,
)


_LARGER = re.compile(
    r"\b(?P<large>wider|deeper|longer|larger|bigger|higher|greater|more)|(?P<small>narrower|shallower|shorter|smaller|lower|less|fewer)\b",
    re.IGNORECASE,
)


def trend_stretch(sentence: Sentence, study: Study) -> tuple[int, int]:
    """The part of the sentence that says a trend over a setting's values; empty where none does."""
    said = _comparative(sentence, study)
    return (0, said[1].end()) if said else _steps(sentence)[0]


def _comparative(sentence: Sentence, study: Study) -> tuple[str, re.Match[str], bool] | None:
    """'Wider models are better': the setting, the comparing word, and whether it speaks of smaller values."""
    size = _LARGER.match(sentence.text)
    said = _COMPARING.search(sentence.text, size.end()) if size else None
    if size is None or said is None or len(study.families) != 1 or re.search(r"[,;:]", sentence.text[: said.start()]):
        return None
    if not re.match(
        r" (?:models?|networks?|values?|ones|settings?|contexts?|\w+s) (?:are|is|gives?|have|has|reach\w*|perform\w*|train\w*|lead|obtain|score)\b",
        sentence.text[size.end() :],
    ):
        return None
    return next(iter(study.families)), said, size["small"] is not None


def _steps(sentence: Sentence) -> tuple[tuple[int, int], tuple[str, str, str, str], bool] | tuple[tuple[int, int], None, bool]:
    """'Going from a to b helps more than going from c to d': the four, and whether more is said."""
    m = sentence.conditions
    for k in range(len(m) - 3):
        first, second, third, fourth = m[k : k + 4]
        gaps = [sentence.text[x.end : y.start] for x, y in ((first, second), (third, fourth))]
        between = sentence.text[second.end : third.start]
        said = re.search(r"\b(?P<more>more|larger|bigger|greater|higher)|(?P<less>less|smaller)\b", between)
        if (
            said
            and re.search(r"\bthan\b[^,;]*\bfrom (?:the )?$", between)
            and all(re.fullmatch(r" to (?:the )?", gap) for gap in gaps)
        ):
            return (first.start, fourth.end), (first.name, second.name, third.name, fourth.name), said["more"] is not None
    return (0, 0), None, False


def _steps_compared(sentence: Sentence, study: Study) -> Iterator[str]:
    stretch, names, more = _steps(sentence)
    if names is None:
        return
    metric = sentence.first_metric(study)
    values = [mean(study, name, metric) for name in names]
    if None in values:
        return
    a, b, c, d = (value or 0.0 for value in values)
    if (abs(b - a) > abs(d - c)) is not more:
        yield f"{sentence.text[stretch[0] : stretch[1]]!r}: the steps are {abs(b - a):g} and {abs(d - c):g}"


def trends(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against 'each doubling of the width lowers the loss' and 'the loss falls with the width'."""
    yield from _steps_compared(sentence, study)
    comparative = _comparative(sentence, study)
    for key, members in study.families.items():
        words = rf"(?:{re.escape(key.replace('_', ' '))})"
        step, grows = _STEP.search(sentence.text), _GROWS.search(sentence.text)
        said: re.Match[str] | None
        if comparative and comparative[0] == key:
            said, falling = comparative[1:]
        elif step and re.search(rf"\b{words}|^(?! of)", sentence.text[step.end() : step.end() + 20]):
            said = _COMPARING.search(sentence.text, step.end())
            falling = re.search(r"halving|decrease|reduction", step[0], re.IGNORECASE) is not None
        elif grows and re.match(rf"{words}", sentence.text[grows.end() :]):
            said, falling = grows, False
        else:
            continue
        if said is None:
            continue
        kind = next(name for name, found in said.groupdict().items() if found)
        metrics = metrics_of(sentence, study, said.start(), kind, said[0])
        ordered = sorted(members, key=lambda name: float(members[name].removesuffix("k")), reverse=falling)
        values = [value for name in ordered if metrics and (value := mean(study, name, metrics[0][0])) is not None]
        if len(values) < 2:
            continue
        upward = study.metrics[metrics[0][0]].direction == "max"
        rises = upward is (kind == "better") if kind in {"better", "worse"} else kind == "up"
        if any((b <= a) if rises else (b >= a) for a, b in itertools.pairwise(values)):
            yield f"{said[0]!r}: the means are {', '.join(f'{value:g}' for value in values)}"


def _bounded(sentence: Sentence, quantifier: Quantifier) -> bool:
    """A number behind the quantifier carries the bound, and is held against the record with it."""
    return any(not quantifier.start <= number.start < quantifier.end and bound_of(number, sentence) for number in sentence.numbers)


def _on_seeds(seeds: Quantifier, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    said = _COMPARING.search(re.sub(r"\b(?:best|worst)\b", "\u2022\u2022\u2022\u2022", sentence.text))
    if (
        said is None
        or re.search(r"\b(?:best|worst|weakest|strongest)\b", sentence.text)
        or len({frozenset(each) for each in pair.options}) != 1
    ):
        return
    a, b = pair.options[0]
    kind = next(name for name, found in said.groupdict().items() if found)
    metrics = metrics_of(sentence, study, said.start(), "faster" if re.search(f"{w.FASTER}|{w.SLOWER}", said[0]) else kind, said[0])
    if not metrics or any(metrics[0][0] not in study.conditions[name] for name in (a, b)):
        return
    metric, complement = metrics[0]
    one, other = study.conditions[a][metric].seeds, study.conditions[b][metric].seeds
    shared = [seed for seed in one if seed in other]
    rises = (
        (study.metrics[metric].direction == "max") is (kind == "better")
        if kind in {"better", "worse"}
        else (kind == "up") is not complement
    )
    count = sum((one[seed] > other[seed]) if rises else (one[seed] < other[seed]) for seed in shared)
    if not seeds.holds(count, len(shared)):
        yield f"{sentence.text[seeds.start : seeds.end]!r}: it is so on {count} of {len(shared)}"


def _of_conditions(quantifier: Quantifier, sentence: Sentence, study: Study) -> Iterator[str]:
    """'No condition has a higher loss than a', 'all other methods are worse than b'."""
    said = next((m for m in _COMPARING.finditer(sentence.text) if m.start() >= quantifier.end), None)
    if said is None or seeds_quantifier(sentence.text):
        return
    named = [mention for mention in sentence.conditions if mention.start > said.start()]
    if len({mention.name for mention in sentence.conditions}) != 1 or not named:
        return
    between = sentence.text[said.end() : named[0].start]
    if re.search(r"[,;(]", between):
        return
    kind = next(name for name, found in said.groupdict().items() if found)
    metrics = metrics_of(sentence, study, said.start(), "faster" if re.search(f"{w.FASTER}|{w.SLOWER}", said[0]) else kind, said[0])
    if not metrics:
        return
    metric, complement = metrics[0]
    reference = mean(study, named[0].name, metric, complement=complement)
    values = [mean(study, name, metric, complement=complement) for name in study.conditions if name != named[0].name]
    others = [value for value in values if value is not None]
    if reference is None or not others:
        return
    upward = (study.metrics[metric].direction == "max") is not complement
    rises = upward is (kind == "better") if kind in {"better", "worse"} else kind == "up"
    count = sum((value > reference) if rises else (value < reference) for value in others)
    if not quantifier.holds(count, len(others)) and not (quantifier.holds(count, len(others) + 1) and not quantifier.whole):
        yield f"{sentence.text[quantifier.start : quantifier.end]!r}: it is so for {count} of {len(others)}"


def bounded(number: Number, sentence: Sentence, study: Study, metrics: list[tuple[str, bool]]) -> bool | None:
    """Whether the bound that the number gives holds for as many seeds or conditions as is said; None where nothing is counted."""
    within = bound_of(number, sentence)
    if within is None:
        return None
    reached = re.search(rf"(?<!\w){REACHED}\s", sentence.near(number)[0], re.IGNORECASE) is not None
    neither = re.search(r"\bneither\b.*\bnor\b", sentence.text[: number.start], re.IGNORECASE)
    if neither:
        return _neither(neither.start(), within, reached, number, sentence, study, metrics)
    seeds, conditions = seeds_quantifier(sentence.text), conditions_quantifier(sentence.text, study.families)
    names = list(dict.fromkeys(mention.name for mention in sentence.conditions))
    for metric, complement in metrics:
        unit = study.metrics[metric].unit
        if seeds is not None and (seeds.end <= number.start or not bound_before(sentence.near(number)[0])):
            values = [
                shown
                for name in names or study.conditions
                if metric in study.conditions[name]
                for value, _ in level(study.conditions[name][metric], "seeds", complement=complement, of=whole(study, metric))
                if (shown := printed(value, unit, number.unit)) is not None
            ]
            quantifier = seeds
        elif conditions is not None and not names:
            spread = DEVIATION.search(sentence.text[: number.start]) is not None
            values = [
                shown
                for name in _group(sentence.text[conditions.start : conditions.end], study)
                if metric in study.conditions[name]
                for value, _ in level(
                    study.conditions[name][metric], "std" if spread else "mean", complement=complement, of=whole(study, metric)
                )
                if (shown := printed(value, unit, number.unit, spread=spread)) is not None
            ]
            quantifier = conditions
        else:
            continue
        if values:
            if reached and study.metrics[metric].direction == "min":  # who reaches a loss is at it or below
                return quantifier.holds(sum(value <= number.value for value in values), len(values))
            return quantifier.holds(sum(within(value, number.value) for value in values), len(values))
    return None


def _group(said: str, study: Study) -> list[str]:
    """'both prototype-based objectives': the conditions whose ids share a word that the counted noun is qualified by; else all."""
    parts = {part for name in study.conditions for part in name.lower().split("_") if len(part) > 3}
    for word in re.findall(r"[a-z]{4,}", said.lower()):
        for part in parts:
            members = [name for name in study.conditions if part in name.lower().split("_")]
            if word.startswith(part) and 1 < len(members) < len(study.conditions):
                return members
    networks = [name for name in study.conditions if _CLASSICAL.isdisjoint(name.lower().split("_"))]
    if re.search(r"\bboth (?:\w+ )?(?:networks|nets)\b", said, re.IGNORECASE):
        telling = [name for name in study.conditions if _NETWORK.search(name.lower())]
        return next((two for two in (networks, telling) if len(two) == 2), list(study.conditions))
    return list(study.conditions)


_NETWORK = re.compile(
    r"net(?:$|_|\d)|nn(?:$|_|\d)|lstm|gru(?:$|_)|gcn|gat(?:$|_|v)|former|(?:^|_)vit(?:$|_)|mlp|tcn(?:$|_)|perceptron|autoenc"
)
"""Letters in the ids of networks."""
_CLASSICAL = frozenset(
    """rf gbm gbdt xgb xgboost lgbm lightgbm catboost svm svr knn ridge lasso linear logreg logistic forest forests tree trees boosting gp
    arima sarima ets prophet naive persistence seasonal ols bayes kriging""".split()
)
"""Words in the ids of methods that are no networks."""


def _neither(
    start: int,
    within: Callable[[float, float], bool],
    reached: bool,
    number: Number,
    sentence: Sentence,
    study: Study,
    metrics: list[tuple[str, bool]],
) -> bool | None:
    """'Neither a nor b falls below it': of none of the names in between."""
    names = {
        mention.name
        for mention in sentence.conditions
        if start <= mention.start < number.start and not sentence.text[mention.end :].startswith("'s")
    }
    of_runs = re.search(r"\bany (?:\w+ )?(?:run|seed)\b", sentence.text)
    for metric, complement in metrics[:1]:
        low = reached and study.metrics[metric].direction == "min"
        values = [
            shown
            for name in names
            if metric in study.conditions[name]
            for value, _ in level(study.conditions[name][metric], "seeds" if of_runs else "mean", complement=complement)
            if (shown := printed(value, study.metrics[metric].unit, number.unit)) is not None
        ]
        if values:
            return not any(value <= number.value if low else within(value, number.value) for value in values)
    return None
