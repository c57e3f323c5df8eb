"""Who is compared with whom in a sentence, and whether its comparing words are true of the recorded means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.quantifiers import conditions_quantifier, seeds_quantifier
from stages.g_writing.sentence_check.quantities import FRACTIONS, SECONDS, mean
from stages.g_writing.sentence_check.reading import REMOVED, Mention, Sentence, part_pattern
from stages.g_writing.sentence_check.study import Study

_REFERENCE = re.compile(
    r"(?:than|over|relative to|compared (?:with|to)|against|versus|vs\.?|below|above|as|of|with respect to|from|beats?|outperform\w*|behind|between|to"
    r"|exceed\w*|surpass\w*|overtakes?|tops|trails?|lags?|follows?|match(?:es)?|improves? (?:on|upon)|edges out|short of)"
    r"\s*(?:that of |those of |the |a |\w+ (?:of|for|by|with) (?:the )?|with |worst |best |mean |average |variant |version |model |method )*$",
    re.IGNORECASE,
)
_STARTED_FROM = re.compile(r"\bfrom (?:about )?[-\d.,]+k? ?(?:%|[A-Za-z/]+)? ?\(?$", re.IGNORECASE)
"""'from 0.295 nats without x': the value before a change."""
_INTRODUCED = re.compile(r"(?:compared (?:with|to)|relative to|over|against|versus|than|from)\s*(?:the |a )?$", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """(subject, reference) in the order of likelihood; several where the sentence leaves one of them out."""

    options: tuple[tuple[str, str], ...]
    named: bool
    strict: bool = False
    metric: str | None = None
    """The one metric that the sentence's numbers are of."""
    """A claim against everything that is left out: it has to hold for all of the options."""


_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|gets?) (?:\w+ly )?(?:outperformed|beaten|surpassed|exceeded|overtaken|outdone)\b", re.IGNORECASE
)
_COMPARING = re.compile(
    rf"\b(?:{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}|twice|half|times|thrice)\b|\d|×", re.IGNORECASE
)


def pair_of(sentence: Sentence, study: Study) -> Pair:
    """The compared, the other way round where the verb is passive."""
    pair = _active_pair(sentence, study)
    said = _PASSIVE.search(sentence.text)
    if said and not _agent_first(said, sentence):
        return replace(pair, options=tuple((b, a) for a, b in pair.options))
    return pair


def _agent_first(said: re.Match[str], sentence: Sentence) -> bool:
    """'Even without x, the baseline is beaten': nobody is named behind the verb, the one before its subject beats it."""
    ahead = [mention for mention in sentence.conditions if mention.end <= said.start()]
    return (
        len({mention.name for mention in ahead}) == 2 == len({mention.name for mention in sentence.conditions})
        and ahead[-1].end + 1 >= said.start()
    )


def _is_reference(before: str) -> bool:
    """The words before a name make it what others are compared with; 'of' only behind a comparing word."""
    found = _REFERENCE.search(before)
    return found is not None and (not found[0].lower().startswith("of") or _COMPARING.search(before[: found.start()]) is not None)


def _exchanged(before: str, between: str) -> bool:
    """'replacing a by b', 'swapping a for b', 'a is replaced by b': the second one is what the sentence is about."""
    replaced = re.search(r"\breplac(?:ed|ing|es?) (?:the )?$", before, re.IGNORECASE) and re.search(
        r"\b(?:by|with) (?:the )?$", between
    )
    swapped = re.search(r"\b(?:swap\w*|exchang\w+|trad(?:e|es|ed|ing)) (?:the )?$", before, re.IGNORECASE) and re.fullmatch(
        r" (?:for|by|with|against) (?:the )?", between
    )
    passive = re.fullmatch(
        r" (?:is|was|are|were|gets?|being) (?:replaced|swapped|exchanged|substituted) (?:by|with|for) (?:the )?", between
    )
    return bool(replaced or swapped or passive)


def _active_pair(sentence: Sentence, study: Study) -> Pair:
    mentions = sentence.conditions
    names = list(dict.fromkeys(mention.name for mention in mentions))
    everyone = list(study.conditions)
    main = study.main_pair
    if len(names) >= 2:
        first, second = names[0], names[1]
        start = next(mention for mention in mentions if mention.name == first)
        swapped = bool(_INTRODUCED.search(sentence.text[: start.start]))
        following = next(mention for mention in mentions if mention.name == second)
        led = re.search(r"\bfrom (?:\w+ (?:with|of|for|by) )?(?:the )?$", sentence.text[: start.start]) is not None
        if re.search(r"\bfrom\b.*\bto\b", sentence.text) and len(sentence.numbers) >= 2:
            taken = first.startswith(REMOVED) and second == study.proposed and re.match(r"\w+ing\b", sentence.text[start.start :])
            swapped = not taken and (not re.search(r"\b(?:intervals?|CIs?|rang\w+|runs?)\b", sentence.text) or led)
        swapped = swapped or _exchanged(sentence.text[: start.start], sentence.text[start.end : following.start])
        if led and re.search(r"\bto (?:\w+ (?:with|of|for|by) )?(?:the )?$", sentence.text[start.end : following.start]):
            swapped = True
        if re.search(r"difference between", sentence.text, re.IGNORECASE):
            return Pair(((first, second), (second, first)), named=False)
        return Pair(((second, first),) if swapped else ((first, second),), named=True)
    if len(names) == 1:
        name = names[0]
        mention = mentions[0]
        is_reference = (
            _is_reference(sentence.text[: mention.start]) or _STARTED_FROM.search(sentence.text[: mention.start]) is not None
        )
        others = [other for other in everyone if other != name]
        if study.proposed and name != study.proposed and name.startswith(REMOVED):
            others = [study.proposed]
        if main and name in main:
            others = [main[0] if name == main[1] else main[1]]
        if main is None and study.reference not in {None, name} and not (study.proposed and name.startswith(REMOVED)):
            others = [other for other in others if other == study.reference]
        pairs = tuple((other, name) if is_reference else (name, other) for other in others)
        return Pair(pairs, named=len(pairs) == 1, strict=True)
    removed = ablated(sentence, study)
    if removed:
        return Pair(
            tuple((study.proposed or other, removed) for other in everyone if other != removed)[: 1 if study.proposed else None],
            named=bool(study.proposed),
        )
    if main:
        return Pair((main,), named=True)
    return Pair(tuple((a, b) for a in everyone for b in everyone if a != b), named=False)


def ablated(sentence: Sentence, study: Study) -> str | None:
    """The condition without a part, where the sentence speaks of that part or of the ablation and there is only one."""
    without = {name: name.removeprefix(prefix) for name in study.conditions for prefix in REMOVED if name.startswith(prefix)}
    named = [name for name, part in without.items() if sentence.has(part_pattern(part))]
    if named:
        return named[0] if len(named) == 1 else None
    return next(iter(without)) if len(without) == 1 and sentence.has(r"ablat\w+") else None


def between_pairs(sentence: Sentence) -> list[tuple[int, tuple[str, str]]]:
    """The pairs that 'between a and b' or 'a's lead over b' name, each with the place where it ends."""
    return [
        (second.end, (first.name, second.name))
        for first, second in itertools.pairwise(sentence.conditions)
        if (
            re.search(r"\bbetween (?:the )?$", sentence.text[: first.start], re.IGNORECASE)
            and re.fullmatch(r" and (?:the )?", sentence.text[first.end : second.start])
        )
        or re.fullmatch(r"'s? (?:lead|advantage|gain|improvement|margin|edge) over (?:the )?", sentence.text[first.end : second.start])
    ]


def directions(sentence: Sentence, study: Study, pair: Pair, *judged: tuple[int, int]) -> Iterator[str]:
    """Comparing words that the recorded means contradict, or that nothing recorded can bear out.

    judged: stretches of the text whose words compare something else, and are held against the record elsewhere.
    """
    text = _without_statistics(_without_names(sentence))
    yield from _superlatives(sentence, study)
    counted = _counted(sentence.text, study)
    for kind, pattern in (
        ("up", w.NUMERIC_UP), ("down", w.NUMERIC_DOWN), ("better", w.BETTER), ("worse", w.WORSE), ("faster", w.FASTER), ("slower", w.SLOWER),
    ):  # fmt: skip
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            if _compares_else(text, match) or any(start <= match.start() < end for start, end in judged) or counted:
                continue
            varies = re.search(r"\b(?:vary|varies|varied)\s*(?:much |even )?$", text[: match.start()]) is not None
            denied = re.search(rf"{w.NEGATED}(?:\s+\w+){{0,2}}\s*$", text[: match.start()], re.IGNORECASE) is not None
            compared = _lost(sentence, study, match) or _than(sentence, text, match) or _of_several(sentence, match, pair) or pair
            metrics = metrics_of(sentence, study, match.start(), kind, match[0])
            if pair.metric and not sentence.metrics and kind in {"up", "down", "better", "worse"}:
                metrics = [(pair.metric, False)]
            if kind == "better" and re.search(
                r"\b(?:pa(?:ys?|id)|price) (?:for|of) (?:its|this|the|our|their) $", text[: match.start()]
            ):
                metrics = [(metric, False) for metric in study.metrics if not of_speed(metric, study)][:1]  # paid for with another
            if not metrics:
                yield f"{match[0]!r}: nothing was recorded that could bear it out"
                continue
            for metric, complement in metrics[:1] if sentence.metrics else metrics:
                if spread := "wide" if varies else _spread_words(text, match):
                    holds = [_wider(study, a, b, metric) is (kind == "up") for a, b in compared.options if kind in {"up", "down"}]
                    holds = [held is not (spread == "steady") for held in holds]
                else:
                    holds = [_holds(study, a, b, metric, kind, complement=complement) for a, b in compared.options]
                good = all(holds) if compared.strict or compared.named else any(holds)
                if good is denied and holds:
                    yield f"{match[0]!r}: the recorded means of {metric} say otherwise"
                    break
                if not sentence.metrics and good:
                    break
    yield from _best_seed(sentence, study)
    yield from _factors(text, sentence, study, pair)
    everyone = r"\b(?:all|every|each|both) (?:\w+ ){0,2}?(?:methods?|conditions?|agents?|optimi[sz]ers?|models?|runs?|seeds?)\b"
    if re.search(rf"{everyone}[^.]*\b(?:complet\w+|finish\w+|converg\w+|succe\w+)", text, re.IGNORECASE) and any(
        study.completed(name) < study.planned_seeds for name in {m.name for m in sentence.conditions} or study.conditions
    ):
        yield "not every seed was completed"


def _compares_else(text: str, match: re.Match[str]) -> bool:
    """The word is of effects, names a whole of which a share is told, or bounds a number."""
    ahead = text[: match.start()]
    level = re.match(r"(?: below| under| above)? the [\d.]+ ?%? (?:significance )?level\b", text[match.end() :])
    if level or re.search(r"\bin (?:the )?order of $", ahead, re.IGNORECASE):
        return True  # what is held against the record elsewhere
    if re.search(r"\b(?:Cohen's d|d_\{?z|effect size)[^.;]*$", ahead):
        return True
    behind = re.search(rf"\b{_FRACTION} (?:\w+ )?$", ahead, re.IGNORECASE)
    effect = behind or re.search(r"\beffect\b[^.,;]*\s*(?:is |was )?(?:much |even )?$", ahead)
    whole = re.search(
        r"\b(?:half|most|all|part|%|thirds?|quarters?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|rest|bulk|share|points?) of (?:the|this|its|our|that) (?:\w+ )?$",
        ahead,
    )
    return effect is not None or whole is not None or _about_a_bound(text, match) or match[0].lower() in {"best", "worst"}


def _counted(text: str, study: Study) -> bool:
    """Of some seeds or conditions only: they are counted, the means of two say nothing about it."""
    found = seeds_quantifier(text), conditions_quantifier(text, study.families)
    return any(quantifier is not None and not quantifier.whole for quantifier in found)


def _than(sentence: Sentence, text: str, match: re.Match[str]) -> Pair | None:
    """'better than b and worse than c': the one behind this comparing word's own 'than', against the subject."""
    names = [m.name for m in sentence.conditions]
    if len(set(names)) < 3:
        return None
    for mention in sentence.conditions:
        between = text[match.end() : mention.start] if mention.start >= match.end() else "-"
        if re.fullmatch(r" than (?:that of |with |for )?(?:the )?", between) and mention.name != names[0]:
            return Pair(((names[0], mention.name),), named=True)
    return None


def _lost(sentence: Sentence, study: Study, match: re.Match[str]) -> Pair | None:
    """'Dropping x costs y points': without x against the whole."""
    ahead = [mention for mention in sentence.conditions if mention.end <= match.start()]
    if study.proposed and match[0].lower().startswith("cost") and ahead and ahead[-1].name.startswith(REMOVED):
        return Pair(((ahead[-1].name, study.proposed),), named=True)
    return None


def _of_several(sentence: Sentence, match: re.Match[str], pair: Pair) -> Pair | None:
    """'above both b and c', 'better than b or c': against each of those behind the comparing word."""
    behind = [m for m in sentence.conditions if m.start >= match.end()]
    ahead = [m for m in sentence.conditions if m.end <= match.start()]
    if (
        len(behind) < 2
        or not ahead
        or not re.fullmatch(
            r"(?: than| over| to)?(?: (?:both|either))?(?: of)? (?:the )?", sentence.text[match.end() : behind[0].start]
        )
    ):
        return None
    if not re.fullmatch(r"(?:,? (?:and|or|nor)|,) (?:the )?", sentence.text[behind[0].end : behind[1].start]):
        return None
    subject = ahead[0].name
    names = {behind[0].name, behind[1].name} - {subject}
    return Pair(tuple((subject, name) for name in sorted(names)), named=True) if len(names) == 2 else None


def _spread_words(text: str, match: re.Match[str]) -> str:
    """'wide' where the comparing word is of a spread over seeds, 'steady' where it is of its opposite, else ''."""
    if re.search(r"\bexplain\w*", text):
        return ""
    behind = text[match.end() : match.end() + 40]
    if re.match(r"\s*(?:\w+ )?(?:consistent|stable|reproducible|steady|reliable)\b", behind):
        return "steady"
    if re.match(r"\s*(?:\w+ )?(?:variable|unstable|noisy|erratic|scattered)\b", behind):
        return "wide"
    near = re.match(r"\s*(?:[\w-]+ ){0,3}?(?:standard deviations?|spread|variance|variability|variation)\b", behind)
    clause = re.split(r"[,;]|\bbut\b|\bwhile\b", text[: match.start()])[-1]
    subject = re.search(r"\b(?:standard deviations?|s\.d\.|spread|variability|variation)\b", clause) and not re.search(
        r"(?:±|\bwith a standard)", clause
    )
    return "wide" if near or subject else ""


def _wider(study: Study, a: str, b: str, metric: str) -> bool | None:
    one, other = (study.conditions[name][metric].std if metric in study.conditions[name] else None for name in (a, b))
    return None if one is None or other is None else one > other


def _without_names(sentence: Sentence) -> str:
    """The text with the names of conditions blanked: the 'without' of a name denies nothing."""
    text = sentence.text
    for mention in sentence.conditions:
        if mention.name.startswith(REMOVED) or re.search(
            r"\b(?:without|no|minus)\b", text[mention.start : mention.end], re.IGNORECASE
        ):
            text = text[: mention.start] + "\u2022" * (mention.end - mention.start) + text[mention.end :]
    return text


def _without_statistics(text: str) -> str:
    """Without words that only look like comparisons."""
    text = re.sub(r"\b(?:lower|upper) (?:end|bound|limit|edge)\b", "", text)
    text = re.sub(r"\((?:lower|higher) is better\)|(?:lower|higher) is better", "", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\b\w+ (?:in|on) (?:only )?\w+ (?:out )?of (?:the |all )?\w+ (?:\w+ )?(?:seeds|runs)\b", "", text, flags=re.IGNORECASE
    )
    return re.sub(r"\b(?:best|worst|highest|lowest) (?:single |\w+ )?(?:seed|run|trial)\w*|\bloss(?:es)?\b|\bmore(?:over| details)?\b(?= details|over)", "", text, flags=re.IGNORECASE)  # fmt: skip


def _about_a_bound(text: str, match: re.Match[str]) -> bool:
    """'more than one point', 'exceed 91 %': the bound itself is checked with its number."""
    rest = text[match.end() :]
    behind = re.match(r" (?:below|under|above|beyond|past|over)(?= )", rest)
    if behind:
        rest = rest[behind.end() :]
    bound = (
        r"\s*(?:than\s+)?(?:about |an? |some |p\s*=?\s*)?(?:-?\d|(?:half|thirds?|quarters?|fifth|sixth|seventh|eighth|ninth|tenth|"
        + "|".join(w.NUMBER_WORDS)
        + r")\b)"
    )
    return (
        behind is not None
        or match[0].lower()
        in {
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
        }
    ) and bool(re.match(bound, rest, re.IGNORECASE))


def of_speed(metric: str, study: Study) -> bool:
    """Measured as a time or as an amount per time."""
    unit = study.metrics[metric].unit
    return any(part in w.SPEED for part in (metric, *metric.split("_"))) or unit in {*SECONDS, "ms", "min", "h"} or unit.endswith("/s")


def metrics_of(sentence: Sentence, study: Study, place: int, kind: str, word: str = "") -> list[tuple[str, bool]]:
    """Metrics that a comparing word at a place is about, the likeliest first; True: one minus it."""
    if kind in {"faster", "slower"} or (word.lower() in {"longer", "shorter"} and not sentence.metrics):
        speed = [metric for metric in study.metrics if of_speed(metric, study)]
        named = [metric for metric in speed if any(mention.name == metric for mention in sentence.metrics)]
        return [(metric, False) for metric in named or speed]
    cuts = [m.start() for m in re.finditer(r"[,;:()]|\b(?:and|while|whereas|but)\b", sentence.text)]
    left, right = max((c for c in cuts if c < place), default=0), min((c for c in cuts if c > place), default=len(sentence.text))

    def far(mention: Mention) -> int:
        between = sentence.text[place : mention.start] if mention.start > place else ""
        own = re.search(r"\b(?:in|of) (?:the |mean |terms of )*$", between) and not re.search(r"[,;]|\band\b|\bbut\b", between)
        if not own and left <= mention.start < right and len(sentence.metrics) > 1:
            return 1
        return 0 if own else 2 + abs(mention.start - place)

    mentions = sorted(sentence.metrics, key=far)
    found = []
    for mention in mentions:
        word = sentence.text[mention.start : mention.end].lower()
        found.append((mention.name, word.startswith(("err", "misclass")) and "acc" in mention.name))
    if found:
        return found
    said = [re.match(r"\s*([A-Za-z][\w/]*)", sentence.text[number.end :]) for number in sentence.numbers]
    units = {match[1] for match in said if match}
    if of_unit := [metric for metric, facts in study.metrics.items() if facts.unit in units]:
        return [(metric, False) for metric in of_unit]
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


_HIGH = "highest|largest|longest|greatest|most|biggest"
_LOW = "lowest|smallest|shortest|least|fewest"
_GOOD = "best|strongest|most accurate|fastest|cheapest|quickest|most efficient"
_BAD = "worst|weakest|least accurate|slowest|most expensive"
_SUPERLATIVE = re.compile(rf"\b(?:{_GOOD}|{_BAD}|{_HIGH}|{_LOW})\b", re.IGNORECASE)
_OF_SEEDS = re.compile(
    r"\b(?:of|across|over|among|in|from|by) (?:any|its|all|the|every|each|their)?\s?(?:\w+ )?(?:seeds?|runs?|trials?)\b"
    r"|\b(?:seeds?|runs?|trials?)(?:'s)?\b",
    re.IGNORECASE,
)
_VARIATION = re.compile(
    r"\b(?:varia(?:nce|tion|bility|ble)\w*|spread|standard deviations?|deviations?|noise|stable|unstable|scatter)\b", re.IGNORECASE
)


def _superlatives(sentence: Sentence, study: Study) -> Iterator[str]:
    """Superlatives across conditions; one across the seeds of a condition is the number's own business."""
    for match in _SUPERLATIVE.finditer(sentence.text):
        if re.search(rf"\b(?:{'|'.join(w.NUMBER_WORDS)}) $", sentence.text[: match.start()], re.IGNORECASE):
            continue  # 'the two best' are counted
        if re.match(r" (?:of|likely|notably|importantly)\b", sentence.text[match.end() :]) and match[0].lower() == "most":
            continue
        if re.search(r"\bat (?:most|least|best|worst)?\s*$", sentence.text[: match.end()], re.IGNORECASE) and re.search(
            r"\bat $", sentence.text[: match.start()], re.IGNORECASE
        ):
            continue
        if (
            re.search(r"\b(?:var(?:y|ies|ied)|fluctuat\w*|scatter\w*|wobbl\w*|spread\w*)\s*(?:the )?$", sentence.text[: match.start()])
            and sentence.conditions
        ):
            subject = min(sentence.conditions, key=lambda mention: abs(mention.start - match.start()))
            yield from _least_varied(match[0].lower(), subject.name, sentence, study)
            continue
        clause = re.split(r"[,;:(]|\bwhile\b|\bbut\b|\bthan\b|\bexceeds?\b", sentence.text[match.end() :])[0]
        if re.match(r"\W*(?:\w+ ){0,2}?(?:seeds?|runs?|trials?)\b", clause) or (
            _OF_SEEDS.search(clause) and not re.search(r"\b(?:every|each|all) (?:\w+ )?seeds?\b", clause)
        ):
            continue
        if re.search(r"(?:\b(?:its|their|whose|[Oo]ur)|'s)\s*$", sentence.text[: match.start()]):
            continue  # across its own seeds
        if re.match(r"\W*(?:possible|value|learning|p\b)", clause) or re.search(r"\bseed \d", sentence.text, re.IGNORECASE):
            continue
        ranked = any(
            re.fullmatch(
                r" (?:always |again |still )?(?:(?:is|was|came|comes|performs?|performed|ranks?|ends up|turns out)(?: out)?)(?: \w+ly)? (?:the )?",
                sentence.text[m.end : match.start()],
            )
            for m in sentence.conditions
            if m.end <= match.start()
        )
        alone = not ranked and re.fullmatch(r"\W*(?:one )?(?:\([^)]*\))?\W*", clause)
        if alone and re.search(r"\b(?:seeds?|runs?|trials?|any)\b", sentence.text, re.IGNORECASE):
            continue
        if _of_one(match, sentence) or re.search(r"\b(?:second|third|next)[- ]$", sentence.text[: match.start()], re.IGNORECASE):
            continue
        yield from _superlative(match[0].lower(), match.start(), clause, sentence, study)


def _of_one(match: re.Match[str], sentence: Sentence) -> bool:
    """'the highest of the baseline', beside a number: over the runs of the one named."""
    if not sentence.numbers or re.search(
        r"\b(?:has|have|is|are|reach\w*|obtain\w*|attain\w*|achiev\w*|gives?|shows?) (?:by far )?(?:the |a )?$",
        sentence.text[: match.start()],
    ):
        return False
    return any(
        re.fullmatch(r"(?: [\w-]+){0,3}? (?:of|for|by|with|from) (?:the )?", sentence.text[match.end() : mention.start])
        for mention in sentence.conditions
        if mention.start > match.end()
    )


def _superlative(word: str, place: int, clause: str, sentence: Sentence, study: Study) -> Iterator[str]:
    if not sentence.conditions:
        return
    cut = max(sentence.text.rfind(";", 0, place), sentence.text.rfind(" while ", 0, place), sentence.text.rfind(" whereas ", 0, place))
    stop = sentence.text.find(";", place) if ";" in sentence.text[place:] else len(sentence.text)
    same = [mention for mention in sentence.conditions if cut <= mention.start < stop] or list(sentence.conditions)
    subject = min(same, key=lambda mention: abs(mention.start - place))
    for mention in sentence.conditions:  # 'lowest for a and highest for b'
        if mention.start > place and re.fullmatch(r" (?:for|with|by|in) (?:the )?", sentence.text[place + len(word) : mention.start]):
            subject = mention
    spoken = re.split(rf"\b(?:and|but)\b(?=[^,;]*{_SUPERLATIVE.pattern})", clause, flags=re.IGNORECASE)[0]
    if _VARIATION.search(spoken):
        yield from _least_varied(word, subject.name, sentence, study)
        return
    speedy = re.match(r" speed\b", clause) or re.fullmatch("fastest|slowest|cheapest|quickest|most efficient|most expensive", word)
    metrics = metrics_of(sentence, study, place + len(word) + 1, "faster" if speedy else "better")
    if word.endswith("accurate"):  # by quality, whatever speed the sentence names beside it
        slow = {metric for metric in study.metrics if any(part in w.SPEED for part in (metric, *metric.split("_")))}
        metrics = [each for each in metrics if each[0] not in slow] or [
            (metric, False) for metric in study.metrics if metric not in slow
        ]
    if not metrics:
        yield f"{word!r}: nothing was recorded that could bear it out"
        return
    both = re.search(r"\bboth\b", clause) is not None
    denied = (
        re.search(r"\b(?:not|never|no longer)\s+(?:\w+\s+)?(?:the |its |their )?$", sentence.text[:place], re.IGNORECASE) is not None
    )
    for metric, complement in metrics if both else metrics[:1]:
        wrong = list(_not_so(word, subject.name, metric, study, complement=complement))
        if denied and not wrong:
            yield f"{word!r} is denied, but by {metric} it is so"
        elif not denied:
            yield from wrong


def _not_so(word: str, subject: str, metric: str, study: Study, *, complement: bool) -> Iterator[str]:
    values = {name: value for name in study.conditions if (value := mean(study, name, metric, complement=complement)) is not None}
    upward = (study.metrics[metric].direction == "max") is not complement
    high = re.fullmatch(_HIGH, word) is not None or (
        upward if re.fullmatch(_GOOD, word) else not upward if re.fullmatch(_BAD, word) else False
    )
    winner = (max if high else min)(values, key=lambda name: values[name])
    if subject != winner:
        yield f"{word!r}: by {metric} it is {winner}"


def _best_seed(sentence: Sentence, study: Study) -> Iterator[str]:
    """'Seed 3 is the best of …': of the named condition, by the named metric."""
    seed = re.search(r"\bseed (\d+)\b", sentence.text, re.IGNORECASE)
    word = _SUPERLATIVE.search(sentence.text)
    names = list(dict.fromkeys(mention.name for mention in sentence.conditions))
    if not names and sentence.has("both") and study.main_pair:
        names = list(study.main_pair)
    if seed is None or word is None or not names or sentence.has("worst-case"):
        return
    if sentence.has("gaps?|gains?|lead|advantage|margin|differences?|improvements?|deficit") and _of_gaps(word, sentence):
        yield from _extreme_gap(seed, word, sentence, study)
        return
    for name in names if sentence.has("both") else names[:1]:
        yield from _extreme_seed(seed, word, name, sentence, study)


def _of_gaps(word: re.Match[str], sentence: Sentence) -> bool:
    """The superlative is of the distance between two conditions: 'the largest per-seed gap', 'where the gain is smallest'."""
    return re.fullmatch(f"{_HIGH}|{_LOW}", word[0], re.IGNORECASE) is not None and not re.match(
        r" (?:\w+ )?(?:accurac\w+|loss|return|perplexity|score|value)", sentence.text[word.end() :]
    )


def _extreme_gap(seed: re.Match[str], word: re.Match[str], sentence: Sentence, study: Study) -> Iterator[str]:
    metric = sentence.metrics[0].name if sentence.metrics else next(iter(study.metrics))
    pair = pair_of(sentence, study)
    one, other = (study.conditions[name][metric].seeds if metric in study.conditions[name] else {} for name in pair.options[0])
    gaps = {name: abs(value - other[name]) for name, value in one.items() if name in other}
    high = re.fullmatch(_HIGH, word[0], re.IGNORECASE) is not None
    if seed[1] not in gaps or gaps[seed[1]] != (max if high else min)(gaps.values()):
        yield f"{word[0]!r}: between {' and '.join(pair.options[0])} it is not on seed {seed[1]}"


def _extreme_seed(seed: re.Match[str], word: re.Match[str], name: str, sentence: Sentence, study: Study) -> Iterator[str]:
    metric = sentence.metrics[0].name if sentence.metrics else next(iter(study.metrics))
    scores = study.conditions[name].get(metric)
    if scores is None or seed[1] not in scores.seeds:
        yield f"seed {seed[1]} of it was not recorded"
        return
    upward = study.metrics[metric].direction == "max"
    high = re.fullmatch(_HIGH, word[0], re.IGNORECASE) is not None or (
        upward if re.fullmatch(_GOOD, word[0], re.IGNORECASE) else not upward if re.fullmatch(_BAD, word[0], re.IGNORECASE) else False
    )
    if scores.seeds[seed[1]] != (scores.max if high else scores.min):
        yield f"{word[0]!r}: seed {seed[1]} is not"


def _least_varied(word: str, subject: str, sentence: Sentence, study: Study) -> Iterator[str]:
    """Who varies least or most over seeds; one seed says nothing about it."""
    metric = sentence.metrics[0].name if sentence.metrics else next(iter(study.metrics))
    spreads = {name: scores[metric].std for name, scores in study.conditions.items() if metric in scores}
    known = {name: spread for name, spread in spreads.items() if spread is not None}
    if subject not in known:
        yield f"{word!r}: the spread of {subject} was not recorded"
        return
    high = re.fullmatch(f"{_HIGH}|{_BAD}", word) is not None
    winner = (max if high else min)(known, key=lambda name: known[name])
    if subject != winner:
        yield f"{word!r}: the spread of {metric} is so for {winner}"


_FRACTION = r"(?:an?|one|two|three|four) (?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?"
_FACTORS = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "thrice": 3.0, "triple": 3.0, "triples": 3.0, "tripled": 3.0,
            "half": 0.5, "halves": 0.5, "halved": 0.5, "halving": 0.5, "quadruple": 4.0, "quadruples": 4.0, "tenfold": 10.0, "twofold": 2.0,
            "threefold": 3.0, "a third": 1 / 3, "a quarter": 0.25, "two thirds": 2 / 3, "an order of magnitude": 10.0,
            **{f"{a} {name}{'' if k == 1 else 's'}": k / n for n, name in enumerate(("third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 3)
               for k, a in ((1, "a"), (1, "an"), (1, "one"), (2, "two"), (3, "three"), (4, "four")) if k < n}}  # fmt: skip


def _factors(text: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Factors in words, held to a tenth."""
    for match in re.finditer(
        rf"\b(?:{'|'.join(_FACTORS)})\b(?! an? (?:hour|minute|day|second|(?:percentage )?point))", text, re.IGNORECASE
    ):
        if _of_a_setting(match, text, study) or _of_a_gain(match, text):
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
                if _VARIATION.search(text):
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
                true = true or _near_factor(ratio, factor, text[: match.start()], after)
        true = true or _of_settings(match, sentence, study, pair, factor)
        if not true:
            yield f"{match[0]!r}: no recorded ratio is near {factor:g}"


def _gap(study: Study, names: tuple[str, str], metric: str) -> float | None:
    one, other = (mean(study, name, metric) for name in names)
    return None if one is None or other is None else abs(one - other)


_CLOSER = r" (?:closer|nearer)\b"
_CHANGED = re.compile(
    r" (?:of )?(?:(?P<up>more|longer|higher|larger|slower|additional|extra)|(?P<down>less|fewer|shorter|lower|smaller|closer|nearer|faster|off|quicker))\b",
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
    if not re.match(_FRACTION, match[0], re.IGNORECASE):
        return []
    found = [
        m for m in sentence.metrics if m.start >= match.end() and re.fullmatch(r" (?:\w+ )?", sentence.text[match.end() : m.start])
    ]
    found = found or [m for m in sentence.metrics if m.end <= match.start()][-1:]
    return [(m.name, sentence.text[m.start : m.end].lower().startswith(("err", "misclass")) and "acc" in m.name) for m in found]


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


def _near_factor(ratio: float, factor: float, before: str, after: str) -> bool:
    """Whether a ratio is what 'twice', 'by a fifth', 'a fifth more' or 'more than half' say."""
    changed = _CHANGED.match(after) if factor < 1 else None
    if changed:
        if (ratio > 1) is not (changed["up"] is not None):
            return False
        ratio = abs(1 - ratio)
    elif re.search(r"\bby (?:about |nearly |almost |roughly |more than |over |less than )?$", before):
        ratio = abs(1 - ratio)
    if re.search(r"(?:more than|over|above|at least)\s*$", before, re.IGNORECASE):
        return ratio > factor
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
