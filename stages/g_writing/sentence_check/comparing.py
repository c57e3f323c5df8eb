"""What a comparing word is about: its metric, whether the recorded means bear it out, and the words that superlatives share."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.metric_names import is_complement
from stages.g_writing.sentence_check.quantities import FRACTIONS, SECONDS, mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study


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
    cuts = [
        m.start()
        for m in re.finditer(r"[,;:()]|\b(?:and|while|whereas|(?<!nothing )but|at the (?:price|cost|expense) of)\b", sentence.text)
    ]
    left, right = max((c for c in cuts if c < place), default=0), min((c for c in cuts if c > place), default=len(sentence.text))

    def far(mention: Mention) -> int:
        between = sentence.text[place : mention.start] if mention.start > place else ""
        own = re.search(r"\b(?:in|of) (?:the |mean |terms of )*$", between) and not re.search(r"[,;]|\band\b|\bbut\b", between)
        if not own and left <= mention.start < right and len(sentence.metrics) > 1:
            return 1
        return 0 if own else 2 + abs(mention.start - place)

    mentions = sorted(sentence.metrics, key=far)
    beside = any(mention.start < right for mention in mentions)
    pointed = re.match(r" (?:about |only |just |some )?\d[\d.]* (?:percentage )?points?\b", sentence.text[place + len(word) :])
    if (
        word
        and kind in {"better", "worse"}
        and mentions
        and (pointed or not beside)
        and all(of_speed(mention.name, study) for mention in mentions)
    ):
        return [(metric, False) for metric in study.metrics if not of_speed(metric, study)][
            :1
        ]  # 'is better but takes 1.6 times as long'
    found = []
    for mention in mentions:
        word = sentence.text[mention.start : mention.end].lower()
        found.append((mention.name, is_complement(word, mention.name)))
    if found:
        return found
    said = [re.match(r"\s*([A-Za-z][\w/]*)", sentence.text[number.end :]) for number in sentence.numbers]
    units = {match[1] for match in said if match}
    if of_unit := [metric for metric, facts in study.metrics.items() if facts.unit in units]:
        return [(metric, False) for metric in of_unit]
    unit = next((number.unit for number in sentence.numbers if number.unit in {"pp", "points", "s", "min", "h"}), "")
    fractions = [metric for metric, facts in study.metrics.items() if facts.unit in FRACTIONS] if unit == "pp" else []
    return [(metric, False) for metric in fractions or study.metrics][: None if fractions else 1]


def means_hold(study: Study, a: str, b: str, metric: str, kind: str, *, complement: bool) -> bool:
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


HIGH = "highest|largest|longest|greatest|most|biggest"
LOW = "lowest|smallest|shortest|least|fewest"
GOOD = "best|strongest|most accurate|fastest|cheapest|quickest|most efficient|most frugal|leanest|most economical|thriftiest"
BAD = "worst|weakest|least accurate|slowest|most expensive|hungriest|most demanding|costliest|priciest|least economical"
VARIATION = re.compile(
    r"\b(?:varia(?:nce|tion|bility|ble)\w*|spread|standard deviations?|deviations?|noise|stable|unstable|scatter)\b", re.IGNORECASE
)
FRACTION_WORDS = r"(?:an?|one|two|three|four) (?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?"
