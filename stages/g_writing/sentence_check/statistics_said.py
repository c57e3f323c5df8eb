"""Which statistic of a metric the words beside a number speak of: mean, median, extreme, deviation, each seed's own."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.phrases import DEVIATION, DEVIATION_HEAD
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.reading import Number

_NO_DEVIATION = re.compile(
    rf"\b(?:no|not|without|cannot|lack\w*|neither)\b(?:(?! ±)[^.;\d]){{0,30}}?(?:{DEVIATION.pattern})", re.IGNORECASE
)
"""'we cannot give a spread'."""
_GOOD = frozenset({"best", "strongest", "fastest", "quickest"})
_BAD = frozenset({"worst", "weakest", "slowest"})


def statistics_said(  # noqa: PLR0912 - one return for each statistic, in the order of their cues
    now: Progress, number: Number, before: str, after: str, metric: str, *, complement: bool
) -> tuple[str, ...]:
    """Statistics that the words beside the number speak of."""
    after = re.sub(r"^\s*-?min\b", " •", after) if number.unit == "min" else after  # minutes, no minimum
    upward = (now.study.metrics[metric].direction == "max") is not complement
    clause = re.split(r"[,;]|\b(?:is|are|than|and|whereas|while)\b", after)[0]
    near = f"{before} \u2022 {clause}"
    whole = re.sub(r"(?<=\d)( ?)min\b", r"\1•••", now.sentence.text)
    for own_word in {*metric.split("_")} & {"peak", "max", "min", "top", "best", "worst"}:  # of the metric's own name
        near, whole = (re.sub(rf"\b{own_word}\b", "\u2022" * len(own_word), text, flags=re.IGNORECASE) for text in (near, whole))
    seed = re.search(r"\bseed (\d+)\b", before, re.IGNORECASE) or re.search(r"\bseed (\d+)\b", whole, re.IGNORECASE)
    if seed:
        return (f"seed.{seed[1]}",)
    deviation = DEVIATION.search(whole)
    if (
        deviation
        and not _NO_DEVIATION.search(now.sentence.without_conditions)
        and not DEVIATION_HEAD.search(whole)
        and "±" not in whole
        and (deviation.start() < number.start or re.match(rf"\W*(?:[\w-]+\W+){{0,1}}?(?:{DEVIATION.pattern})", after))
    ):
        return ("std",)
    if re.search(r"\b(?:more|less|most|least) (?:\w+ )?(?:consistent|stable|variable|reproducible|noisy)\b", whole):
        return ("std",)
    if re.search(r"\bvar(?:y|ies|ied) (?:much |even |far )?(?:less|more|least|most)\b", whole, re.IGNORECASE):
        return ("std",)
    if re.search(r"\bmedian\b", near, re.IGNORECASE) or re.search(
        r"\A(?=.*\bmedians?\b)(?!.*\b(?:means?|averaged?)\b)", whole, re.IGNORECASE
    ):
        return ("median",)
    if (
        re.search(r"\b(?:rang\w+|between(?=\W*[-\d])|vary|varies|span\w*)\b", whole, re.IGNORECASE)
        and not several(now)
        and not re.search(r"difference between", whole)
    ):
        second = re.search(r"(?:\bto|\band|-)\s*(?:about )?$", before) is not None
        return ("max",) if second else ("min",)
    if re.search(
        r"\b(?:seeds|runs) (?:of (?:the )?[\w -]+? )?(?:reach(?:ed)?|gave|gives?|yield(?:ed)?|obtain(?:ed)?|score|have) |\b(?:per-seed|seed by seed|(?:ordered|sorted|listed|broken down) by seed|individual|each seed|seeds? (?:scores?|values?|returns?|give|are))\b",
        whole,
        re.IGNORECASE,
    ):
        return ("seeds",)
    extreme = re.search(
        r"\b(best|worst|highest|lowest|smallest|largest|shortest|longest|greatest|maximum|minimum|max|min|top(?!-)|peak|peaks|peaked|weakest|strongest|fastest|quickest|slowest)\b",
        near,
        re.IGNORECASE,
    )
    own = re.match(r"\W*(?:\w+ )?(?:in|on|with|at|for) (?:its|the|their) (best|worst|highest|lowest)\b", after, re.IGNORECASE)
    if own:
        extreme = own
    if extreme is None and not re.search(r"\b(?:mean|average)\b", whole[: number.start], re.IGNORECASE):
        extreme = re.search(r"\b(maximum|minimum|max|min)\b", whole[: number.start], re.IGNORECASE)
    if extreme is None:
        extreme = re.search(r"\b(best|worst|highest|lowest|smallest|largest)\b(?=[^.]*\b(?:seeds?|runs?)\b)", whole, re.IGNORECASE)
    if extreme:
        word = extreme[1].lower()
        high = word in {"highest", "largest", "longest", "greatest", "maximum", "max", "peak", "peaks", "peaked", "top"} or ((word in _GOOD) == upward and word in {*_GOOD, *_BAD})  # fmt: skip
        stat = "max" if high is not complement else "min"
        of_seeds = re.search(r"\b(?:seeds?|runs?|single|trial)\b", whole, re.IGNORECASE) or extreme_of_one(now, extreme[1])
        if re.search(r"\b(?:mean|average)\b", near, re.IGNORECASE):
            return ("mean",)
        alone = re.search(rf"\ba {word}\b", near, re.IGNORECASE) or word in {
            "maximum",
            "minimum",
            "max",
            "min",
            "peak",
            "peaks",
            "peaked",
        }
        return (stat,) if of_seeds or alone else ("mean",)
    return ("mean",)


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
