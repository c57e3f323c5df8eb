"""Conditions told in the order of one metric: 'a has the best return, then b, then c', 'a comes first, followed by b and c'."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.comparing import BAD, GOOD, HIGH, LOW, metrics_of
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_FIRST = re.compile(
    rf"\b(?:(?P<high>{HIGH}|first)|(?P<low>{LOW})|(?P<good>{GOOD}|wins|leads|in front|on top)|(?P<bad>{BAD}|last))\b", re.IGNORECASE
)
_THEN = re.compile(
    r"[^,;()\d]{0,20}(?:\([^()]*\))?(?:,|;)? (?:and )?(?:then|next|(?:closely |directly |immediately )?followed by|ahead of|before|and finally|and last)(?: comes?)? (?:the (?:[\w-]+ ){0,3}(?:of|by|for) |the |our )?"
)


def rankings(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against an order in which two or more conditions are said to follow the first."""
    mentions = sentence.conditions
    chain: list[Mention] = []
    for one, other in itertools.pairwise(mentions):
        if _THEN.fullmatch(_tail(sentence, one.end, other.start)):
            chain = chain or [one]
            chain.append(other)
        elif chain:
            break
    if len({mention.name for mention in chain}) < 3:
        return
    said = _FIRST.search(sentence.text[: chain[1].start])
    if said is None:
        return
    metrics = metrics_of(sentence, study, said.start(), "faster" if re.search(r"fast|slow|quick", said[0]) else "better")
    if not metrics:
        return
    metric, complement = metrics[0]
    values = [mean(study, mention.name, metric, complement=complement) for mention in chain]
    if None in values:
        yield f"{said[0]!r}: {metric} was not recorded for each of them"
        return
    upward = (study.metrics[metric].direction == "max") is not complement
    plain = said[0].lower() == "first"
    falling = (said["high"] and not plain) or ((said["good"] or plain) and upward) or (said["bad"] and not upward)
    if values != sorted((value for value in values if value is not None), reverse=bool(falling)):
        yield f"{said[0]!r}: the recorded means of {metric} are in another order"


def _tail(sentence: Sentence, start: int, end: int) -> str:
    """What stands between two names, without the predicate of the first one."""
    between = sentence.text[start:end]
    cut = re.search(r"(?:,|;)? (?:and )?(?:then|next|(?:\w+ly )?followed by|and finally|and last)\b", between)
    return between[cut.start() :] if cut else between
