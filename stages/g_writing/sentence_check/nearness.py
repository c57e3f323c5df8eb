"""Distances and losses told without a number: 'a is closer to b than to c', 'seed 1 was lost'."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.comparing import means_hold, metrics_of
from stages.g_writing.sentence_check.pairs import pair_of
from stages.g_writing.sentence_check.quantities import mean
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_CLOSER = re.compile(
    r"\b(?:farther|further(?: away)?|more distant|(?P<near>closer|nearer)) (?:to|from) (?:that of |those of )?(?:the )?$",
    re.IGNORECASE,
)
_THAN_TO = re.compile(r" than (?:it is |they are )?(?:to|from) (?:that of |those of )?(?:the )?")
_LOST = r"lost|crash(?:ed|es)?|failed|diverged|missing|aborted"
_KEPT = r"kept|finish(?:ed|es)?|complet(?:ed|es)?|surviv(?:ed|es)?|left"
_SEEDS = re.compile(
    rf"\bseeds? (?P<list>\d+(?:(?:, and |, | and )\d+)*) (?:(?:is|are|was|were|has|have|had|been|has been) )*(?:(?P<lost>{_LOST})|(?:{_KEPT}))\b",
    re.IGNORECASE,
)


def nearness(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against who is closer to whom, and against which seeds are said to be lost or kept."""
    yield from _closer(sentence, study)
    yield from _gained(sentence, study)
    yield from _does_not(sentence, study)
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


_GAINS = re.compile(
    r"\b(?:gains?|gained|wins|earns|picks up) (?:us )?(?:about |only |just |some |another |nearly |almost )?$", re.IGNORECASE
)


def _gained(sentence: Sentence, study: Study) -> Iterator[str]:
    """'Going from a to b gains 3,685 tokens per second': by that metric, b is the better one."""
    pair = pair_of(sentence, study)
    for number in sentence.numbers:
        said = _GAINS.search(sentence.text[: number.start])
        named = [
            m.name
            for m in sentence.metrics
            if re.fullmatch(r" ?(?:%|points? of|points? in)? ?(?:[a-z]+ )?", sentence.text[number.end : m.start])
            and m.start >= number.end
        ][:1]
        if (
            said is None
            or not named
            or not pair.named
            or number.word
            or re.search(r"\b(?:not|never|no)\b", sentence.text[: said.start()])
        ):
            continue
        if not any(means_hold(study, a, b, named[0], "better", complement=False) for a, b in pair.options):
            yield f"{said[0].strip()!r}: the recorded means of {named[0]} say otherwise"


_DOES_NOT = re.compile(r" (?:does|do|did) not\b(?! [a-z])")
_IMPROVES = re.compile(r"\bimprov(?:es?|ed)\b[^.;:]*\b(?:but|yet|while|whereas) (?:the |its |our )?(?:mean |test )?$", re.IGNORECASE)


def _does_not(sentence: Sentence, study: Study) -> Iterator[str]:
    """'The accuracy improves but the loss does not': the second metric of the main pair."""
    pair = pair_of(sentence, study)
    for mention in sentence.metrics:
        denied = _DOES_NOT.match(sentence.text[mention.end :]) and _IMPROVES.search(sentence.text[: mention.start])
        if denied and pair.named and means_hold(study, *pair.options[0], mention.name, "better", complement=False):
            yield f"'{sentence.text[mention.start : mention.end]} does not': the recorded means of {mention.name} say otherwise"


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
