"""Whether the comparing words of a sentence are true of the recorded means."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import FRACTION_WORDS, means_hold, metrics_of, of_speed
from stages.g_writing.sentence_check.condition_names import REMOVED, removed
from stages.g_writing.sentence_check.factors import factors
from stages.g_writing.sentence_check.pairs import Pair
from stages.g_writing.sentence_check.quantifiers import conditions_quantifier, seeds_quantifier
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.superlatives import best_seed, superlatives


def directions(sentence: Sentence, study: Study, pair: Pair, *judged: tuple[int, int]) -> Iterator[str]:
    """Comparing words that the recorded means contradict, or that nothing recorded can bear out.

    judged: stretches of the text whose words compare something else, and are held against the record elsewhere.
    """
    text = _without_statistics(_without_names(sentence))
    yield from superlatives(sentence, study)
    yield from _paid_for(sentence, study, pair)
    yield from _against_gains(text, sentence, study, pair)
    yield from _unknown_verbs(sentence)
    yield from _costs(sentence, study, pair)
    counted = _counted(sentence.text, study)
    for kind, pattern in (
        ("up", w.NUMERIC_UP), ("down", w.NUMERIC_DOWN), ("better", w.BETTER), ("worse", w.WORSE), ("faster", w.FASTER), ("slower", w.SLOWER),
    ):  # fmt: skip
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE):
            if (
                _compares_else(text, match)
                or _priced(text, match)
                or _told_before(text, match)
                or any(start <= match.start() < end for start, end in judged)
                or counted
            ):
                continue
            varies = re.search(r"\b(?:vary|varies|varied)\s*(?:much |even )?$", text[: match.start()]) is not None
            denied = re.search(rf"{w.NEGATED}(?:\s+\w+){{0,2}}\s*$", text[: match.start()], re.IGNORECASE) is not None
            compared = (
                _of_the_options(sentence, study, match, pair)
                or _lost(sentence, study, match)
                or _than(sentence, text, match)
                or _of_several(sentence, match, pair)
                or pair
            )
            said = _of_quality(text, match) or kind
            quality = [(metric, False) for metric in study.metrics if not of_speed(metric, study)][:1]
            by_name = said == kind or sentence.metrics
            metrics = metrics_of(sentence, study, match.start(), said, match[0]) if by_name else quality
            if pair.metric and not sentence.metrics and kind in {"up", "down", "better", "worse"}:
                metrics = [(pair.metric, False)]
            if kind == "better" and re.search(
                r"\b(?:pa(?:ys?|id)|price) (?:for|of) (?:its|this|the|our|their) $", text[: match.start()]
            ):
                metrics = quality  # paid for with another
            if not metrics:
                yield f"{match[0]!r}: nothing was recorded that could bear it out"
                continue
            for metric, complement in metrics[:1] if sentence.metrics else metrics:
                if spread := "wide" if varies else _spread_words(text, match):
                    holds = [_wider(study, a, b, metric) is (kind == "up") for a, b in compared.options if kind in {"up", "down"}]
                    holds = [held is not (spread == "steady") for held in holds]
                else:
                    holds = [means_hold(study, a, b, metric, said, complement=complement) for a, b in compared.options]
                good = all(holds) if compared.strict or compared.named else any(holds)
                if good is denied and holds:
                    yield f"{match[0]!r}: the recorded means of {metric} say otherwise"
                    break
                if not sentence.metrics and good:
                    break
    yield from best_seed(sentence, study)
    yield from factors(text, sentence, study, pair)
    everyone = rf"\b(?:all|every|each|both) (?:\w+ ){{0,3}}?(?:{w.CONDITION_NOUNS}|{w.SEED_NOUNS})\b[^.]*\b(?:complet\w+|finish\w*|converg\w+|succe\w+)"
    unfailing = rf"\b(?:no|none of (?:the|our|all) (?:\w+ ){{0,3}}?|without (?:an?|any|a single) |not (?:one|a single) )(?: ?(?:{w.SEED_NOUNS}|{w.CONDITION_NOUNS}))? ?(?:\w+ )?(?:(?:had to be|was|were|has been|have been|is|are|needed to be) )?(?:fail\w*|crash\w*|diverg\w*|abort\w*|discard\w*|exclud\w*|lost|missing|remov\w*)"
    if re.search(rf"{everyone}|{unfailing}", text, re.IGNORECASE) and any(
        study.completed(name) < study.planned_seeds for name in {m.name for m in sentence.conditions} or study.conditions
    ):
        yield "not every seed was completed"


_COSTS = re.compile(
    r"\b(?:costs?|sacrific(?:es?|ed|ing)|forfeit(?:s|ed|ing)?|surrender(?:s|ed|ing)?|conced(?:es?|ed|ing)|relinquish(?:es|ed|ing)?|giv(?:es?|ing) (?:up|away)|gave (?:up|away)|lost|lose)"
    r" (?:(?!or\b|and\b|but\b|to\b)[\w-]+ ){0,4}?$",
    re.IGNORECASE,
)


_SET_AGAINST = re.compile(
    r"\b(?:compared|relative to|over|versus|against|than|instead of|rather than|switch\w*|mov(?:e|ing)|going|chang\w+|replac\w+|swap\w*|more|extra|additional|further)\b",
    re.IGNORECASE,
)


def _costs(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """'Switching to x costs 0.018 NDCG compared with y': x is worse by the metric that the number is of, be it a quality, a time or a memory.

    With one name only it is a price of its own ('a costs 744 s a run').
    """
    if len({mention.name for mention in sentence.conditions}) < 2:
        return
    for number in sentence.numbers:
        said = _COSTS.search(sentence.without_conditions[: number.start])
        if (
            said is None
            or (number.word and number.unit not in {"pp", "points"})
            or re.search(rf"{w.NEGATED}(?: \w+)?\s*$", sentence.text[: said.start()], re.IGNORECASE)
        ):
            continue
        others = {mention.name for mention in sentence.conditions if not mention.name.startswith(REMOVED)} - {study.proposed}
        compared = (not others and _lost(sentence, study, said)) or pair
        metrics = metrics_of(sentence, study, number.start, "worse")
        metric, complement = (pair.metric, False) if pair.metric else metrics[0] if metrics else ("", False)
        if metric and of_speed(metric, study) and not _SET_AGAINST.search(sentence.text):
            continue  # 'a run costs 30 minutes for a and 36 for b': two values
        if metric and not any(means_hold(study, a, b, metric, "worse", complement=complement) for a, b in compared.options):
            yield f"{said[0].strip()!r}: the recorded means of {metric} say otherwise"


def _of_quality(text: str, match: re.Match[str]) -> str | None:
    """'more accurately': better, whichever way the metric runs; None for other comparing words."""
    adverb = re.match(r" (?:accurate|precise|exact|correct|faithful)(?:ly)?\b", text[match.end() :])
    return {"more": "better", "less": "worse"}.get(match[0].lower()) if adverb else None


_AGAINST = re.compile(
    r"^\W*(?:against|the (?:price|cost) (?:of|for)|in return for|in exchange for|as the price (?:of|for)) (?:all )?(?:these|those|this|that|such an?) $",
    re.IGNORECASE,
)


def _told_before(text: str, match: re.Match[str]) -> bool:
    """'Against these gains stands …': gains told before, of a metric that this sentence does not name."""
    noun = re.fullmatch(r"(?:gain|benefit|advantage|improvement)s?", match[0], re.IGNORECASE)
    return noun is not None and _AGAINST.search(text[: match.start()]) is not None


def _against_gains(text: str, sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """Some metric that the sentence does not name has to be better for somebody of whom it speaks."""
    said = next((m for m in re.finditer(r"\b[a-z]+", text, re.IGNORECASE) if _told_before(text, m)), None)
    others = set(study.metrics) - {mention.name for mention in sentence.metrics}
    if said and not any(means_hold(study, a, b, metric, "better", complement=False) for a, b in pair.options for metric in others):
        yield f"{said[0]!r}: no other recorded metric is better"


_HAS_ITS_PRICE = re.compile(
    r" (?:\w+ ){0,2}?(?:comes? at|not free|not without|has|have|bought|carries|entails)\b[^:;.]*:", re.IGNORECASE
)


def _priced(text: str, match: re.Match[str]) -> re.Match[str] | None:
    """'This benefit comes at a cost: ': the words up to the colon, where the comparing word is of something said before."""
    opens = re.fullmatch(r"\W*(?:this|that|these|such an?) ", text[: match.start()], re.IGNORECASE)
    named = re.match(r"(?:gain|benefit|advantage|improvement)s?$", match[0], re.IGNORECASE)
    return _HAS_ITS_PRICE.match(text, match.end()) if opens and named else None


def _paid_for(sentence: Sentence, study: Study, pair: Pair) -> Iterator[str]:
    """'This benefit comes at a cost: …': some metric that the part behind the colon does not name has to be better for the subject.

    What is said behind the colon is held against the record by its own words.
    """
    match = re.search(r"\b(?:gain|benefit|advantage|improvement)s?\b", sentence.text, re.IGNORECASE)
    priced = _priced(sentence.text, match) if match else None
    if priced is None:
        return
    behind = {mention.name for mention in sentence.metrics if mention.start >= priced.end()}
    others = [metric for metric in study.metrics if metric not in behind] if behind and pair.named else []
    if not any(means_hold(study, a, b, metric, "better", complement=False) for a, b in pair.options for metric in others):
        yield f"{priced[0]!r}: no other recorded metric is better"


_RELATIONS = re.compile(
    rf"(?:{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}|{w.RESULT_VERBS}|and|or|nor|versus|vs|than|then|plus|minus|with|without|against|over|by|from|to|for|like|as|but|"
    r"uses?|used|extends?|extended|replaces?|replaced|contains?|includes?|included|lacks?|lacked|adds?|added|shares?|shared|follows?|followed|precedes?|preceded|matches|matched|equals?|equalled|"
    r"resembles?|resembled|differs?|joins?|joined|adopts?|adopted|modifies|modified|simplifies|generali[sz]es|combines?|combined|undercuts?|tops?|bests?|overtakes?|overtook|because|while|whereas|when|where|needs?|requires?)",
    re.IGNORECASE,
)


def _unknown_verbs(sentence: Sentence) -> Iterator[str]:
    """'a trounces b': one word between two names that is no known relation says which is ahead in a way that nothing here can check."""
    for first, second in itertools.pairwise(sentence.conditions):
        said = re.fullmatch(r" ([a-z]+(?:s|ed)) (?:the |our )?", sentence.text[first.end : second.start])
        lost = said and said[1] == "costs" and removed(first.name)
        if said and first.name != second.name and not lost and not _RELATIONS.fullmatch(said[1]):
            yield f"{said[1]!r}: what it says of the two is not known"


_GIVEN_BEHIND = re.compile(
    r"\b(?:values?|numbers?|figures?|data|ideas?|reason(?:s|ing)?|intuition|motivation|results|code|runs|scores|measurements|details|thinking|stands?) $",
    re.IGNORECASE,
)
"""'the values behind it': what something rests on, no rank."""


def _compares_else(text: str, match: re.Match[str]) -> bool:
    """The word is of effects, names a whole of which a share is told, or bounds a number."""
    ahead = text[: match.start()]
    if (
        re.search(r"\b(?:nothing|none|anything|no) $", ahead)
        and re.search(r"\b(?:signed-rank|Wilcoxon)\b", text)
        and match[0].lower() in {"smaller", "lower", "less"}
    ):
        return True  # 'six pairs allow nothing smaller': of p
    level = re.match(r"(?: below| under| above)? the [\d.]+ ?%? (?:significance )?level\b", text[match.end() :])
    if level or re.search(r"\bin (?:the )?order of $", ahead, re.IGNORECASE):
        return True  # what is held against the record elsewhere
    if (
        match[0].lower() == "behind"
        and _GIVEN_BEHIND.search(ahead)
        and re.match(r" (?:it|them|this|these|the|our|each)\b", text[match.end() :])
    ):
        return True
    if re.search(r"\b(?:Cohen's d|d_\{?z|effect size)[^.;]*$", ahead):
        return True
    behind = re.search(rf"\b{FRACTION_WORDS} (?:\w+ )?$", ahead, re.IGNORECASE)
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
        bare = match[0].lower() in {"above", "below", "behind", "ahead", "beats", "trails", "exceeds", "outperforms"}
        if (
            re.fullmatch(r" than (?:that of |with |for )?(?:the )?", between)
            or (
                bare
                and re.fullmatch(
                    r"(?: of)?(?: that of| those of)?(?: (?:the|its|our))?(?: (?:lone|single|only|sole|plain|one))? ", between
                )
            )
        ) and mention.name != names[0]:
            return Pair(((names[0], mention.name),), named=True)
    return None


_OPTION = re.compile(
    r" (?:(?!than\b)[a-z-]+ )?(?:option|alternative|choice|candidate|solution|remedy|route|one|variant|method|of the two)\b(?! (?:than|compared|over|relative)\b)"
)


def _of_the_options(sentence: Sentence, study: Study, match: re.Match[str], pair: Pair) -> Pair | None:
    """'a is the cheaper option, as it prolongs training by just 8 % over c': cheaper than the options besides c, which is where both start."""
    said = re.search(r"\b(?:is|was|remains?|makes?|offers?|be) (?:\w+ly )?(?:the|a) $", sentence.text[: match.start()])
    stop = re.search(r"[,;:]", sentence.text[match.end() :])
    if said is None or stop is None or not pair.named or len(study.conditions) < 3 or not _OPTION.match(sentence.text, match.end()):
        return None
    subject, reference = pair.options[0]
    behind = [m.name for m in sentence.conditions if m.start >= match.end() + stop.start()]
    ahead = {m.name for m in sentence.conditions} - set(behind)
    others = [name for name in study.conditions if name not in {subject, reference}]
    if ahead != {subject} or set(behind) != {reference} or not others:
        return None
    return Pair(tuple((subject, name) for name in others), named=True, strict=True)


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
        if removed(mention.name) or re.search(
            rf"\b(?:without|no|minus|dropping|cutting|{w.BETTER})\b", text[mention.start : mention.end], re.IGNORECASE
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
        r"\s*(?:than\s+)?(?:about |an? |some |p\s*=?\s*)?(?!one (?:of|with|from|by|for|under|in|using)\b)(?:-?\d|(?:half|thirds?|quarters?|fifth|sixth|seventh|eighth|ninth|tenth|halves|halved|halving|doubl\w+|tripl\w+|quadrupl\w+|twice|thrice|"
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
