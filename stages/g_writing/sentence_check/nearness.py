"""Distances and losses told without a number: 'a is closer to b than to c', 'seed 1 was lost'."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.comparing import metrics_of
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_CLOSER = re.compile(r"\b(?:farther|further(?: away)?|more distant|(?P<near>closer|nearer)) (?:to|from) (?:that of |those of )?(?:the )?$", re.IGNORECASE)
_THAN_TO = re.compile(r" than (?:it is |they are )?(?:to|from) (?:that of |those of )?(?:the )?")
_LOST = r"lost|crash(?:ed|es)?|failed|diverged|missing|aborted"
_KEPT = r"kept|finish(?:ed|es)?|complet(?:ed|es)?|surviv(?:ed|es)?|left"
_SEEDS = re.compile(
    rf"\bseeds? (?P<list>\d+(?:(?:, and |, | and )\d+)*) (?:(?:is|are|was|were|has|have|had|been|has been) )*(?:(?P<lost>{_LOST})|(?:{_KEPT}))\b", re.IGNORECASE
)


def nearness(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against who is closer to whom, and against which seeds are said to be lost or kept."""
    yield from _closer(sentence, study)
    yield from _lost_seeds(sentence, study)


def _closer(sentence: Sentence, study: Study) -> Iterator[str]:
    for k in range(len(sentence.conditions) - 2):
        subject, first, second = sentence.conditions[k : k + 3]
        said = _CLOSER.search(sentence.text[: first.start])
        if said is None or said.start() < subject.end or not _THAN_TO.fullmatch(sentence.text[first.end : second.start]):
            continue
        metric, complement = (metrics_of(sentence, study, said.start(), "better") or [("", False)])[0]
        values = [mean(study, m.name, metric, complement=complement) if metric else None for m in (subject, first, second)]
        one, near, far = values
        if one is None or near is None or far is None or (abs(one - near) < abs(one - far)) is (said["near"] is None):
            yield f"{said[0].strip()!r}: the recorded means of {metric} say otherwise"


def _lost_seeds(sentence: Sentence, study: Study) -> Iterator[str]:
    """'a: seed 1 lost, seeds 0 and 2 kept', of the only condition that is named."""
    names = {mention.name for mention in sentence.conditions}
    if len(names) != 1:
        return
    (name,) = names
    done = {seed for scores in study.conditions[name].values() for seed in scores.seeds}
    for said in _SEEDS.finditer(sentence.text):
        if re.search(r"\b(?:not?|never|n't)\b", said[0]):
            continue
        listed = set(re.findall(r"\d+", said["list"]))
        if (listed & done) if said["lost"] else (listed - done):
            yield f"{said[0]!r}: {name} has the seeds {', '.join(sorted(done))}"
