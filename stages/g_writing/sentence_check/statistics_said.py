"""Which statistic of a metric the words beside a number speak of: mean, median, extreme, deviation, each seed's own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.g_writing.sentence_check.phrases import DEVIATION, DEVIATION_HEAD
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.reading import Number

_NO_DEVIATION = re.compile(
    rf"\b(?:no|not|without|cannot|lack\w*|neither)\b(?:(?! ±)[^.;\d]){{0,30}}?(?:{DEVIATION.pattern})", re.IGNORECASE
)
"""'we cannot give a spread'."""
_LUCK = r"(?:accurate|successful|favou?rable|fortunate|lucky|rewarding|precise|effective)"
_GOOD_WORDS = rf"best|strongest|fastest|quickest|luckiest|most {_LUCK}"
_BAD_WORDS = rf"worst|weakest|slowest|poorest|unluckiest|least {_LUCK}"
_EXTREME = re.compile(
    rf"(?<!second-)(?<!second )(?<!next-)(?<!next )\b({_GOOD_WORDS}|{_BAD_WORDS}|highest|lowest|smallest|largest|shortest|longest|greatest|maximum|minimum|max|min|top(?!-)|peak|peaks|peaked)\b",
    re.IGNORECASE,
)
_OF_RUNS = re.compile(
    rf"\b(?<!learns )(?<!performs )(?<!does )(?<!works )({_GOOD_WORDS}|{_BAD_WORDS}|highest|lowest|smallest|largest)\b(?=[^.]*\b(?:seeds?|runs?)\b)",
    re.IGNORECASE,
)
_DOES_BEST = re.compile(r"\b(?:learns?|performs?|does|did|works?|fares?|scores?) (?:the )?(?:best|worst)\b")
"""An adverb, no superlative of runs."""
_SECOND = re.compile(
    rf"\b(?:(?P<good>(?:second|next)[- ](?:{_GOOD_WORDS})|runner-?up)|(?P<bad>(?:second|next)[- ](?:{_BAD_WORDS}))|(?P<high>(?:second|next)[- ](?:highest|largest|greatest))|(?P<low>(?:second|next)[- ](?:lowest|smallest)))\b",
    re.IGNORECASE,
)
_ONE_OF_THEM = re.compile(r"\b(?:seeds?|runs?|single|trials?|initiali[sz]ations?|repetitions?|replicates?|attempts?)\b", re.IGNORECASE)
_HIGH = frozenset({"highest", "largest", "longest", "greatest", "maximum", "max", "peak", "peaks", "peaked", "top"})
_ALONE = frozenset({"maximum", "minimum", "max", "min", "peak", "peaks", "peaked"})
"""They need no article and no seeds beside them to be an extreme of single runs."""


@dataclass(frozen=True)
class _Said:
    """The words around one number."""

    now: Progress
    number: Number
    before: str
    after: str
    near: str
    """What stands before the number, and the clause behind it."""
    whole: str
    """The sentence."""
    complement: bool
    upward: bool
    """Whether more of what the number counts is better."""


def statistics_said(now: Progress, number: Number, before: str, after: str, metric: str, *, complement: bool) -> tuple[str, ...]:
    """Statistics that the words beside the number speak of."""
    after = re.sub(r"^\s*-?min\b", " •", after) if number.unit == "min" else after  # minutes, no minimum
    upward = (now.study.metrics[metric].direction == "max") is not complement
    clause = re.split(r"[,;]|\b(?:is|are|than|and|whereas|while)\b", after)[0]
    near = f"{before} \u2022 {clause}"
    whole = re.sub(r"(?<=\d)( ?)min\b", r"\1•••", now.sentence.text)
    for own_word in {*metric.split("_")} & {"peak", "max", "min", "top", "best", "worst"}:  # of the metric's own name
        near, whole = (re.sub(rf"\b{own_word}\b", "\u2022" * len(own_word), text, flags=re.IGNORECASE) for text in (near, whole))
    said = _Said(now, number, before, after, near, whole, complement, upward)
    cues = (_one_seed, _deviation, _median, _end_of_a_range, _each_seed, _runner_up, _extreme)  # the first that speaks decides
    return next((found for cue in cues if (found := cue(said))), ("mean",))


def _one_seed(said: _Said) -> tuple[str, ...]:
    seed = re.search(r"\bseed (\d+)\b", said.before, re.IGNORECASE) or re.search(r"\bseed (\d+)\b", said.whole, re.IGNORECASE)
    if seed and _of_another_value(said):
        return ()
    return (f"seed.{seed[1]}",) if seed else ()


def _of_another_value(said: _Said) -> bool:
    """'seed 3, with 92.19 %, is above the best run of b, which reaches 91.42 %': behind another value and a superlative of its own."""
    named = list(re.finditer(r"\bseed \d+\b", said.whole, re.IGNORECASE))
    values = [other for other in said.now.sentence.numbers if "." in other.text and other.end <= said.number.start]
    own = values and _EXTREME.search(said.whole[values[-1].end : said.number.start])
    return bool(own) and all(m.end() < values[-1].start for m in named)


def _deviation(said: _Said) -> tuple[str, ...]:
    whole = said.whole
    deviation = DEVIATION.search(whole)
    if (
        deviation
        and not _NO_DEVIATION.search(said.now.sentence.without_conditions)
        and not DEVIATION_HEAD.search(whole)
        and "±" not in whole
        and (
            deviation.start() < said.number.start or re.match(rf"(?!\W*\()\W*(?:[\w-]+\W+){{0,1}}?(?:{DEVIATION.pattern})", said.after)
        )
    ):
        return ("std",)
    if re.search(r"\b(?:more|less|most|least) (?:\w+ )?(?:consistent|stable|variable|reproducible|noisy)\b", whole):
        return ("std",)
    return ("std",) if re.search(r"\bvar(?:y|ies|ied) (?:much |even |far )?(?:less|more|least|most)\b", whole, re.IGNORECASE) else ()


def _median(said: _Said) -> tuple[str, ...]:
    only = r"\A(?=.*\bmedians?\b)(?!.*\b(?:means?|averaged?)\b)"
    middle = r"\b(?:middle|central|middling)(?: of (?:the|its|our) (?:\w+ )?)? ?(?:runs?|seeds?|returns?|scores?|values?|one)\b"
    if re.search(middle, said.near, re.IGNORECASE) and len(said.now.sentence.conditions) < 3:
        return ("median",)
    return ("median",) if re.search(r"\bmedian\b", said.near, re.IGNORECASE) or re.search(only, said.whole, re.IGNORECASE) else ()


def _end_of_a_range(said: _Said) -> tuple[str, ...]:
    if (
        not re.search(r"\b(?:rang\w+|between(?=\W*[-\d])|vary|varies|span\w*)\b", said.whole, re.IGNORECASE)
        or several(said.now)
        or re.search(r"difference between", said.whole)
    ):
        return ()
    return ("max",) if re.search(r"(?:\bto|\band|-)\s*(?:about )?$", said.before) else ("min",)


def _each_seed(said: _Said) -> tuple[str, ...]:
    each = re.search(
        r"\b(?:seeds|runs) (?:of (?:the )?[\w -]+? )?(?:reach(?:ed)?|gave|gives?|yield(?:ed)?|obtain(?:ed)?|score|have) |\b(?:per-seed|seed by seed|(?:ordered|sorted|listed|broken down) by seed|individual|each seed|seeds? (?:scores?|values?|returns?|give|are))\b",
        said.whole,
        re.IGNORECASE,
    )
    return ("seeds",) if each else ()


def _runner_up(said: _Said) -> tuple[str, ...]:
    """'the second-best seed', 'its runner-up'."""
    second = _SECOND.search(said.near)
    if second is None or not _ONE_OF_THEM.search(said.whole):
        return ()
    high = second["high"] is not None or (second["low"] is None and (second["good"] is not None) is said.upward)
    return ("second highest" if high is not said.complement else "second lowest",)


def _extreme(said: _Said) -> tuple[str, ...]:
    """The best or worst of single runs; of conditions, a superlative speaks of means."""
    found = _superlative(said)
    if found is None:
        return ()
    word = found[1].lower()
    good, bad = re.fullmatch(_GOOD_WORDS, word) is not None, re.fullmatch(_BAD_WORDS, word) is not None
    high = word in _HIGH or (good is said.upward and (good or bad))
    of_seeds = _ONE_OF_THEM.search(said.whole) or extreme_of_one(said.now, found[1])
    behind_a_mean = re.search(
        rf"\b(?:mean|average)\b.*\band (?:its|their) (?:own |single )?{word}(?: is| was|,| of)? $",
        said.whole[: said.number.start],
        re.IGNORECASE,
    )
    if re.search(r"\b(?:mean|average)\b", said.near, re.IGNORECASE):
        return ("mean",)
    alone = re.search(rf"\ba {word}\b", said.near, re.IGNORECASE) or word in _ALONE
    return ("max" if high is not said.complement else "min",) if of_seeds or behind_a_mean or alone else ("mean",)


def _superlative(said: _Said) -> re.Match[str] | None:
    """Behind the number with its owner, beside it, or ahead of it in the sentence."""
    whole, ahead = said.whole, said.whole[: said.number.start]
    own = re.match(r"\W*(?:\w+ )?(?:in|on|with|at|for) (?:its|the|their) (best|worst|highest|lowest)\b", said.after, re.IGNORECASE)
    found = own or _EXTREME.search(_DOES_BEST.sub("", said.near))
    if found is None and not re.search(r"\b(?:mean|average)\b", ahead, re.IGNORECASE):
        found = re.search(r"\b(maximum|minimum|max|min)\b", ahead, re.IGNORECASE)
    return found or _OF_RUNS.search(whole)


def several(now: Progress) -> bool:
    """Two names or more: 'from 36.4k (a) to 41.2k (b)' is a range of means."""
    return len({mention.name for mention in now.sentence.conditions}) > 1


def extreme_of_one(now: Progress, word: str) -> bool:
    """'the lowest accuracy of our method', 'the baseline's best': the superlative ranges over the runs of the one named."""
    behind = rf"(?<!\bis )(?<!\bwas )(?<!\bare )(?<!\bwere )(?<!\bbeing )\b{word}(?:(?: [\w-]+){{0,3}}? of|(?: [\w-]+){{1,3}}? (?:for|by|with|from)) (?:the )?$"
    return any(
        re.search(behind, now.sentence.text[: mention.start], re.IGNORECASE)
        or re.match(rf"'s? (?:own |single )?{word}\b", now.sentence.text[mention.end :], re.IGNORECASE)
        for mention in now.sentence.conditions
    )
