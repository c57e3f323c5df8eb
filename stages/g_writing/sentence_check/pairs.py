"""Who is compared with whom in a sentence, and whether its comparing words are true of the recorded means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.quantities import FRACTIONS, mean, wins
from stages.g_writing.sentence_check.reading import REMOVED, Sentence, metric_patterns
from stages.g_writing.sentence_check.study import Study

_REFERENCE = re.compile(
    r"(?:than|over|relative to|compared (?:with|to)|against|versus|vs\.?|below|above|as|of|with respect to|from|beats?|outperform\w*|behind|between|to)"
    r"\s*(?:that of |those of |the |a |\w+ (?:of|for|by|with) (?:the )?|worst |best |mean |average |variant |version |model |method )*$",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(r"(?:compared (?:with|to)|relative to|over|against|versus|than|from)\s*(?:the |a )?$", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """(subject, reference) in the order of likelihood; several where the sentence leaves one of them out."""

    options: tuple[tuple[str, str], ...]
    named: bool
    strict: bool = False
    """A claim against everything that is left out: it has to hold for all of the options."""


def pair_of(sentence: Sentence, study: Study) -> Pair:
    mentions = sentence.conditions
    names = list(dict.fromkeys(mention.name for mention in mentions))
    everyone = list(study.conditions)
    main = study.main_pair
    if len(names) >= 2:
        first, second = names[0], names[1]
        start = next(mention for mention in mentions if mention.name == first)
        swapped = bool(_INTRODUCED.search(sentence.text[: start.start]))
        if re.search(r"\bfrom\b.*\bto\b", sentence.text) and len(sentence.numbers) >= 2:
            swapped = True
        if re.search(r"difference between", sentence.text, re.IGNORECASE):
            return Pair(((first, second), (second, first)), named=False)
        return Pair(((second, first),) if swapped else ((first, second),), named=True)
    if len(names) == 1:
        name = names[0]
        mention = mentions[0]
        is_reference = bool(_REFERENCE.search(sentence.text[: mention.start]))
        others = [other for other in everyone if other != name]
        if main and name not in main and name.startswith(REMOVED):
            others = [main[0]]
        if main and name in main:
            others = [main[0] if name == main[1] else main[1]]
        pairs = tuple((other, name) if is_reference else (name, other) for other in others)
        return Pair(pairs, named=len(pairs) == 1, strict=True)
    if main:
        return Pair((main,), named=True)
    return Pair(tuple((a, b) for a in everyone for b in everyone if a != b), named=False)


def directions(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Comparing words that the recorded means contradict, or that nothing recorded can bear out."""
    text = _without_statistics(sentence.text)
    yield from _superlatives(sentence, text, study)
    for kind, pattern in (
        ("up", w.NUMERIC_UP), ("down", w.NUMERIC_DOWN), ("better", w.BETTER), ("worse", w.WORSE), ("faster", w.FASTER), ("slower", w.SLOWER),
    ):  # fmt: skip
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            if _about_a_bound(text, match) or (kind == "better" and match[0].lower() == "best"):
                continue
            denied = re.search(rf"{w.NEGATED}(?:\s+\w+){{0,2}}\s*$", text[: match.start()], re.IGNORECASE) is not None
            metrics = _metrics_of(sentence, study, match.start(), kind)
            if not metrics:
                yield f"{match[0]!r}: nothing was recorded that could bear it out"
                continue
            for metric, complement in metrics[:1] if sentence.metrics else metrics:
                holds = [_holds(study, a, b, metric, kind, complement=complement) for a, b in pair.options]
                good = all(holds) if pair.strict or pair.named else any(holds)
                if good is denied and holds:
                    yield f"{match[0]!r}: the recorded means of {metric} say otherwise"
                    break
                if not sentence.metrics and good:
                    break
    yield from _factors(text, sentence, study, pair)
    yield from _every_seed(text, sentence, study, pair)
    everyone = r"\b(?:all|every|each|both) (?:\w+ ){0,2}?(?:methods?|conditions?|agents?|optimi[sz]ers?|models?|runs?|seeds?)\b"
    if re.search(rf"{everyone}[^.]*\b(?:complet\w+|finish\w+|converg\w+|succe\w+)", text, re.IGNORECASE) and any(
        study.completed(name) < study.planned_seeds for name in {m.name for m in sentence.conditions} or study.conditions
    ):
        yield "not every seed was completed"


def _without_statistics(text: str) -> str:
    """Without words that only look like comparisons."""
    text = re.sub(r"\((?:lower|higher) is better\)|(?:lower|higher) is better", "", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\b\w+ (?:in|on) (?:only )?\w+ (?:out )?of (?:the |all )?\w+ (?:\w+ )?(?:seeds|runs)\b", "", text, flags=re.IGNORECASE
    )
    return re.sub(r"\b(?:best|worst|highest|lowest) (?:single |\w+ )?(?:seed|run|trial)\w*|\bloss(?:es)?\b|\bmore(?:over| details)?\b(?= details|over)", "", text, flags=re.IGNORECASE)  # fmt: skip


def _about_a_bound(text: str, match: re.Match[str]) -> bool:
    """'more than one point', 'exceed 91 %': the bound itself is checked with its number."""
    rest = text[match.end() :]
    bound = r"\s*(?:than\s+)?(?:about |an? |some )?(?:\d|(?:" + "|".join(w.NUMBER_WORDS) + r")\b)"
    return match[0].lower() in {
        "more",
        "less",
        "fewer",
        "above",
        "below",
        "exceed",
        "exceeds",
        "exceeded",
        "higher",
        "lower",
    } and bool(re.match(bound, rest, re.IGNORECASE))


def _metrics_of(sentence: Sentence, study: Study, place: int, kind: str) -> list[tuple[str, bool]]:
    if kind in {"faster", "slower"}:
        speed = [
            metric for metric in study.metrics if any(part in w.SPEED for part in (metric, metric.split("_")[-1], *metric.split("_")))
        ]
        return [(metric, False) for metric in speed]
    mentions = sorted(sentence.metrics, key=lambda mention: abs(mention.start - place))
    found = []
    for mention in mentions:
        word = sentence.text[mention.start : mention.end].lower()
        found.append((mention.name, word.startswith(("error", "misclass")) and "acc" in mention.name))
    if found:
        return found
    unit = next((number.unit for number in sentence.numbers if number.unit in {"pp", "points", "s", "min", "h"}), "")
    fractions = [metric for metric, facts in study.metrics.items() if facts.unit in FRACTIONS] if unit == "pp" else []
    return [(metric, False) for metric in fractions or study.metrics][: None if fractions else 1]


def _holds(study: Study, a: str, b: str, metric: str, kind: str, *, complement: bool) -> bool:
    one, other = mean(study, a, metric, complement=complement), mean(study, b, metric, complement=complement)
    if one is None or other is None:
        return False
    rises = one > other
    upward = (study.metrics[metric].direction == "max") is not complement
    match kind:
        case "up":
            return rises
        case "down":
            return one < other
        case "better" | "faster":
            return one != other and rises == upward
        case _:
            return one != other and rises != upward


def _superlatives(sentence: Sentence, text: str, study: Study) -> Iterator[str]:
    match = re.search(
        r"\b(best|worst|highest|lowest|fastest|slowest|strongest|weakest|most accurate|least accurate|cheapest)\b", text, re.IGNORECASE
    )
    if match is None or not sentence.conditions:
        return
    subject = min(sentence.conditions, key=lambda mention: abs(mention.start - match.start()))
    speedy = match[1].lower() in {"fastest", "slowest", "cheapest"}
    metrics = _metrics_of(sentence, study, match.start(), "faster" if speedy else "better")
    if not metrics:
        yield f"{match[1]!r}: nothing was recorded that could bear it out"
        return
    metric, complement = metrics[0]
    values = {name: value for name in study.conditions if (value := mean(study, name, metric, complement=complement)) is not None}
    upward = (study.metrics[metric].direction == "max") is not complement
    word = match[1].lower()
    high = word == "highest" or (word in {"best", "strongest", "most accurate", "fastest", "cheapest"} and upward) or (
        word in {"worst", "weakest", "least accurate", "slowest"} and not upward
    )  # fmt: skip
    winner = (max if high else min)(values, key=lambda name: values[name])
    if subject.name != winner:
        yield f"{match[1]!r}: by {metric} it is {winner}"


_FACTORS = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "thrice": 3.0, "triple": 3.0, "triples": 3.0, "tripled": 3.0,
            "half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5, "quadruple": 4.0, "quadruples": 4.0, "tenfold": 10.0, "twofold": 2.0,
            "threefold": 3.0, "a third": 1 / 3, "a quarter": 0.25, "two thirds": 2 / 3, "an order of magnitude": 10.0}  # fmt: skip


def _factors(text: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Factors in words, held to a tenth."""
    for match in re.finditer(rf"\b(?:{'|'.join(_FACTORS)})\b", text, re.IGNORECASE):
        factor = _FACTORS[match[0].lower()]
        kind = "faster" if re.search(w.FASTER + r"|\bfast\b|\bslow\b|\bquick", text) else "better"
        true = False
        for metric, complement in _metrics_of(sentence, study, match.start(), kind):
            for a, b in pair.options:
                one, other = mean(study, a, metric, complement=complement), mean(study, b, metric, complement=complement)
                if one is None or other is None or one <= 0 or other <= 0:
                    continue
                ratio = one / other
                if re.search(r"\bfast\b|faster|quick", text) and study.metrics[metric].direction == "min":
                    ratio = 1 / ratio
                true = true or abs(ratio / factor - 1) <= 0.1
        if not true:
            yield f"{match[0]!r}: no recorded ratio is near {factor:g}"


def _every_seed(text: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    if not re.search(r"\b(?:all|every|each)\b(?:[^.,;]{0,20})\bseeds?\b", text) or not re.search(
        rf"\b(?:{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER})\b", text
    ):
        return
    worse = re.search(rf"\b(?:{w.WORSE})\b", text) is not None
    metric = sentence.metrics[0].name if sentence.metrics else next(iter(study.metrics))
    for a, b in pair.options[:1]:
        if metric in study.conditions[a] and metric in study.conditions[b]:
            won, of = wins(study, a, b, metric)
            if (of - won if worse else won) != of:
                yield f"not on every seed: {won} of {of}"


def significance(sentence: Sentence, study: Study) -> Iterator[str]:
    """'significant' needs a recorded test on its side; 'comparable' one that does not tell the two apart."""
    text = sentence.text
    pair = pair_of(sentence, study)
    metrics = [mention.name for mention in sentence.metrics] or list(study.metrics)
    match = re.search(r"\bsignifican\w+\b|\bconclusive(?:ly)?\b|\bstatistically (?:clear|reliable)", text, re.IGNORECASE)
    if match and not re.search(r"significance (?:tests?|level)", text):
        denied = re.search(rf"{w.NEGATED}(?:\s+[\w-]+){{0,3}}\s*$", text[: match.start()], re.IGNORECASE) or re.search(
            r"\bnon-?$|\bin$", text[: match.start()]
        )
        tests = [found[0] for a, b in pair.options for metric in metrics if (found := study.compared(a, b, metric))]
        wilcoxon = re.search("Wilcoxon|signed-rank", text)
        values = [test.wilcoxon_p if wilcoxon else test.t_p for test in tests]
        known = [value for value in values if value is not None]
        if not known and not denied:
            yield f"{match[0]!r}: no test was recorded"
        elif known and (min(known) < 0.05) is bool(denied):
            yield f"{match[0]!r}: the recorded p is {min(known):g}"
    alike = re.search(
        r"\b(?:comparabl[ey]|equally|similarly|on par|similar|indistinguishable|equal|identical|the same|equivalent|match(?:es)?)\b",
        text,
        re.IGNORECASE,
    )
    if (
        alike
        and sentence.conditions
        and any(re.search(rf"\b{re.escape(p)}", text, re.IGNORECASE) for m in metrics for p in metric_patterns(m))
    ):
        for a, b in pair.options[:1]:
            one, other = mean(study, a, metrics[0]), mean(study, b, metrics[0])
            found = study.compared(a, b, metrics[0])
            if found and found[0].t_p is not None and found[0].t_p < 0.05:
                yield f"{alike[0]!r}: the recorded test tells them apart"
            elif one is not None and other is not None and abs(one - other) > 0.01 * abs(other):
                yield f"{alike[0]!r}: the means differ by more than one per cent"
