"""Which metrics a number can be of: those named beside it, those of its unit, else the study's first."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import metrics_of, of_speed
from stages.g_writing.sentence_check.metric_names import is_complement
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import FRACTIONS, PERCENTS, UNIT_WORDS
from stages.g_writing.sentence_check.reading import Number

_AGAIN = re.compile(
    r"\d ?(?:[A-Za-z/%]+ ?)?(?:(?:per|for each|for every) \w+ ?)?[,;(]? ?(?:or|i\.\s?e\.|that is|equivalently|\()[,\s\\]*(?:about |roughly |around |nearly |almost )?$"
)
"""'365 s per run, i.e. 20 %': the second number says the first one's difference once more."""


def metrics_for(now: Progress, number: Number) -> list[str]:
    return [metric for metric, _ in metrics_with_complement(now, number)]


def metrics_with_complement(now: Progress, number: Number) -> list[tuple[str, bool]]:
    """Metrics that the number can be of: those named beside it, else in the sentence, else all; True: one minus it (error)."""
    mentions = now.sentence.metrics
    if not mentions and len(now.used_metrics) == 1 and number.unit in {"%", "x"} and _AGAIN.search(now.sentence.text[: number.start]):
        return [(next(iter(now.used_metrics)), False)]
    if now.reading and now.reading.metric:
        return [(now.reading.metric, False)]
    if number.unit == "x" and re.match(
        r"\W*(?:times|x|×)? ?(?:as )?(?:fast|slow|quick|long|faster|slower|quicker|longer)\b", now.sentence.text[number.end :]
    ):
        return [(metric, False) for metric in now.study.metrics if of_speed(metric, now.study)]
    said = re.match(r"\s*([A-Za-z][\w/]*)", now.sentence.text[number.end :])
    if said and number.unit != "%" and any(said[1] == facts.unit for facts in now.study.metrics.values()):
        of_unit = [metric for metric, facts in now.study.metrics.items() if facts.unit == said[1]]
        return [(metric, False) for metric in of_unit] if not mentions or {m.name for m in mentions} & set(of_unit) else []
    owner = [
        m
        for m in mentions
        if re.fullmatch(
            r"\W?\s*(?:percentage )?(?:points?|pp|seconds?|minutes?|nats|s|%) (?:of|in) (?:the |mean |test )*"
            r"|\s*(?:%|per ?cent|x|×|times)? (?:more|less|fewer|lower|higher|longer|shorter|extra|additional|better|worse|slower|faster|larger|smaller|greater|as much|as many) (?:mean |test |average )*",
            now.sentence.text[number.end : m.start],
        )
    ]
    beside = owner or [
        m for m in mentions if not any(min(m.start, number.start) < o.start < max(m.start, number.start) for o in now.sentence.numbers)
    ]
    chosen = beside or list(mentions)
    if len({m.name for m in chosen}) > 1:
        chosen = sorted(chosen, key=lambda m: (number.start - m.end) if m.end <= number.start else 1.5 * (m.start - number.end))[:1]
    if number.unit in {"pp", "points"} and chosen and all(of_speed(mention.name, now.study) for mention in chosen):
        chosen = []  # nobody counts points of seconds or of a rate
        shares = [metric for metric, facts in now.study.metrics.items() if facts.unit in (*FRACTIONS, *PERCENTS)]
        if shares:
            return [(shares[0], False)]
    found = []
    for mention in chosen:
        word = now.sentence.text[mention.start : mention.end].lower()
        error = is_complement(word, mention.name)
        if (mention.name, error) not in found:
            found.append((mention.name, error))
    return found or [(metric, False) for metric in unnamed_metrics(now, number)]


def unnamed_metrics(now: Progress, number: Number) -> list[str]:
    """Where the sentence names no metric: those of speed if it speaks of speed, those of the unit, else the study's first."""
    everything = list(now.study.metrics)
    if now.sentence.has(f"{w.FASTER}|{w.SLOWER}"):
        return [name for name, _ in metrics_of(now.sentence, now.study, number.start, "faster")] or everything
    if number.unit not in {"", "%", "pp", "points"} or UNIT_WORDS.match(now.sentence.text[number.end :]):
        return everything
    return everything[:1]
