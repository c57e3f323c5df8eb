"""Factors and fractions in words ('twice', 'a fifth more'), held against the recorded ratios."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import FRACTION_WORDS, VARIATION, metrics_of
from stages.g_writing.sentence_check.condition_names import REMOVED, part_pattern
from stages.g_writing.sentence_check.metric_names import is_complement
from stages.g_writing.sentence_check.pairs import Pair, between_pairs
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_FACTORS = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "thrice": 3.0, "triple": 3.0, "triples": 3.0, "tripled": 3.0,
            "half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5, "quadruple": 4.0, "quadruples": 4.0, "tenfold": 10.0, "twofold": 2.0,
            "threefold": 3.0, "a third": 1 / 3, "a quarter": 0.25, "two thirds": 2 / 3, "an order of magnitude": 10.0,
            **{f"{a} {name}{'' if k == 1 else 's'}": k / n for n, name in enumerate(("third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 3)
               for k, a in ((1, "a"), (1, "an"), (1, "one"), (2, "two"), (3, "three"), (4, "four")) if k < n}}  # fmt: skip


def factors(text: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Factors in words, held to a tenth."""
    for match in re.finditer(
        rf"\b(?:{'|'.join(_FACTORS)})\b(?! an? (?:hour|minute|day|second|dozen|(?:percentage )?point))", text, re.IGNORECASE
    ):
        if _of_a_setting(match, text, study) or _of_a_gain(match, text) or re.search(r"\band a $", text[: match.start()]):
            continue
        if _repeated(match, text):
            if {"twice": 2, "thrice": 3}[match[0].lower()] != study.planned_seeds:
                yield f"{match[0]!r}: {study.planned_seeds} seeds were run"
            continue
        factor = _FACTORS[match[0].lower()]
        after = text[match.end() :]
        kind = "faster" if re.search(w.FASTER + r"|\bfast\b|\bslow\b|\bquick", text) else "better"
        true = False
        metrics = _right_behind(match, sentence) or metrics_of(sentence, study, match.start(), kind)
        for metric, complement in metrics:
            for a, b in pair.options:
                one, other = mean(study, a, metric, complement=complement), mean(study, b, metric, complement=complement)
                if VARIATION.search(text):
                    one, other = study.conditions[a][metric].std, study.conditions[b][metric].std
                if len(gaps := between_pairs(sentence)) == 2:
                    one, other = (_gap(study, names, metric) for _, names in gaps)
                if effects := _of_parts(text, metric, study):
                    one, other = effects
                if one is None or other is None or one * other <= 0 or (one < 0 and not re.match(_CLOSER, after)):
                    continue
                ratio = one / other
                if re.search(r"\bfast\b|faster|quick", text) and study.metrics[metric].direction == "min":
                    ratio = 1 / ratio
                true = true or _near_factor(
                    ratio, factor, text[: match.start()], after, halved=match[0].lower() in {"halves", "halved", "halving"}
                )
        true = true or _of_settings(match, sentence, study, pair, factor)
        if not true:
            yield f"{match[0]!r}: no recorded ratio is near {factor:g}"


def _gap(study: Study, names: tuple[str, str], metric: str) -> float | None:
    one, other = (mean(study, name, metric) for name in names)
    return None if one is None or other is None else abs(one - other)


_CLOSER = r" (?:closer|nearer)\b"
_CHANGED = re.compile(
    r" (?:of )?(?:(?P<up>more|longer|higher|larger|slower|additional|extra|above|over)|(?P<down>less|fewer|shorter|lower|smaller|closer|nearer|faster|off|quicker|below|under))\b",
    re.IGNORECASE,
)


def _repeated(match: re.Match[str], text: str) -> bool:
    """'trained thrice per optimiser': how often, not how much."""
    made = r"\b(?:train(?:ed|ing)?|run|runs|repeated|carried out|executed|conducted|performed)(?: [\w]+){0,2} $"
    return match[0].lower() in {"twice", "thrice"} and (
        re.search(made, text[: match.start()]) is not None
        and re.match(r"(?: per| with| for each| from|[,.]|$)", text[match.end() :]) is not None
    )


def _of_a_gain(match: re.Match[str], text: str) -> bool:
    """'three fifths of our gain': a share, held against the record with the other shares."""
    return (
        re.match(r" of (?:the|this|that|our|its) (?:\w+ ){0,2}?(?:gain|improvement|benefit|advantage)s?\b", text[match.end() :])
        is not None
    )


def _right_behind(match: re.Match[str], sentence: Sentence) -> list[tuple[str, bool]]:
    """'one fifth more training time': the metric that follows, else of several the last one before."""
    if not re.match(FRACTION_WORDS, match[0], re.IGNORECASE):
        return []
    found = [
        m for m in sentence.metrics if m.start >= match.end() and re.fullmatch(r" (?:\w+ )?", sentence.text[match.end() : m.start])
    ]
    found = found or [m for m in sentence.metrics if m.end <= match.start()][-1:]
    return [(m.name, is_complement(sentence.text[m.start : m.end], m.name)) for m in found]


def _of_settings(match: re.Match[str], sentence: Sentence, study: Study, pair: Pair, factor: float) -> bool:
    """'one's learning rate is a fifth of the other's': two conditions' values of one setting."""
    for key, values in study.config.items():
        if not isinstance(values, dict) or not any(sentence.has(pattern) for pattern in w.setting_words(key)):
            continue
        for a, b in pair.options:
            one, other = values.get(a), values.get(b)
            if isinstance(one, int | float) and isinstance(other, int | float) and other:
                return _near_factor(one / other, factor, sentence.text[: match.start()], sentence.text[match.end() :])
    return False


def _near_factor(ratio: float, factor: float, before: str, after: str, *, halved: bool = False) -> bool:
    """Whether a ratio is what 'twice', 'by a fifth', 'a fifth more' or 'more than half' say."""
    changed = _CHANGED.match(after) if factor < 1 else None
    if changed:
        if (ratio > 1) is not (changed["up"] is not None):
            return False
        ratio = abs(1 - ratio)
    elif re.search(r"\bby (?:about |nearly |almost |roughly |more than |over |less than )?$", before):
        ratio = abs(1 - ratio)
    if re.search(r"(?:more than|over|above|at least)\s*$", before, re.IGNORECASE):
        return ratio < factor if halved else ratio > factor
    if re.search(r"(?:less than|under|below|nearly|almost)\s*$", before, re.IGNORECASE):
        return 0.8 * factor <= ratio < factor
    return abs(ratio / factor - 1) <= 0.1


def _of_parts(text: str, metric: str, study: Study) -> tuple[float, float] | None:
    """'the planner is worth twice as much as the memory': what each costs when it is taken away."""
    if study.proposed is None or not re.search(
        r"\b(?:worth|contribut\w+|matters?|effects?|costs?|important|counts?|gains?|adds?|brings?|helps?|hurts?)\b", text
    ):
        return None
    places = {}
    for name in study.conditions:
        prefix = next((prefix for prefix in REMOVED if name.startswith(prefix)), None)
        found = re.search(rf"\b{part_pattern(name.removeprefix(prefix))}", text, re.IGNORECASE) if prefix else None
        if found:
            places[name] = found.start()
    full = mean(study, study.proposed, metric)
    values = [mean(study, name, metric) for name in sorted(places, key=lambda name: places[name])]
    if full is None or len(values) != 2 or values[0] is None or values[1] is None:
        return None
    return abs(full - values[0]), abs(full - values[1])


def _of_a_setting(match: re.Match[str], text: str, study: Study) -> bool:
    """'Doubling the width', 'a second doubling': what was set, not what was measured."""
    if not match[0].lower().endswith("ing"):
        return False
    if re.search(r"\b(?:second|first|third|each|every|another|further|next) $", text[: match.start()], re.IGNORECASE):
        return True
    keys = [*study.families, *(key for key in study.config if key != "seeds")]
    words = "|".join(pattern for key in keys for pattern in w.setting_words(key))
    return re.match(rf" (?:the |its )?(?:{words})\b", text[match.end() :], re.IGNORECASE) is not None
