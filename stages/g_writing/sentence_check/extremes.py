"""The best and worst seeds of two conditions held against each other: 'even the worst run of a beats b's best'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.comparing import metrics_of
from stages.g_writing.sentence_check.quantifiers import seeds_quantifier
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_EXTREME = re.compile(
    r"\b(?P<good>best|fastest|quickest|strongest|luckiest|most (?:favou?rable|fortunate|successful))|(?P<bad>worst|slowest|weakest|poorest|unluckiest|least (?:favou?rable|fortunate|successful))|(?P<high>highest|largest|top|maximum|longest)"
    r"|(?P<low>lowest|smallest|minimum|shortest)\b",
    re.IGNORECASE,
)
_ABOVE = re.compile(r"\b(?:above|exceed\w*|(?:higher|larger|more|greater|longer)(?: \w+){0,2} than)\b", re.IGNORECASE)
_BELOW = re.compile(r"\b(?:below|undercuts?|(?:lower|less|smaller|shorter)(?: \w+){0,2} than|under)\b", re.IGNORECASE)
_AHEAD = re.compile(rf"\b(?:{w.BETTER}|{w.FASTER}|reach\w*|match\w*|tops?|overtak\w*)\b", re.IGNORECASE)
_BEHIND = re.compile(rf"\b(?:{w.WORSE}|{w.SLOWER}|short of)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Extreme:
    condition: str
    kind: str
    start: int
    end: int


def compared_stretch(sentence: Sentence) -> tuple[int, int]:
    """The part of the sentence that compares two extremes; empty where none does."""
    found = list(extremes_named(sentence))
    return (found[0].start, found[1].end) if len(found) == 2 and found[0].condition != found[1].condition else (0, 0)


def extremes(sentence: Sentence, study: Study) -> Iterator[str]:
    """Reasons against a comparison of the extreme seeds of two conditions."""
    found = list(extremes_named(sentence))
    yield from _seeds_against(found, sentence, study)
    if len(found) != 2 or found[0].condition == found[1].condition:
        return
    between = re.sub(r"\([^)]*\)|,[^,]*\d[^,]*,", "", sentence.text[found[0].end : found[1].start])
    if re.search(r"[,;]|\b(?:and|while|whereas)\b", between):
        return
    metrics = metrics_of(sentence, study, found[0].start, "better")
    if not metrics or metrics[0][1] or any(metrics[0][0] not in study.conditions[each.condition] for each in found):
        return
    metric = metrics[0][0]
    upward = study.metrics[metric].direction == "max"
    one, other = (_value(each, metric, study, upward=upward) for each in found)
    if _ABOVE.search(between):
        holds = one > other
    elif _BELOW.search(between):
        holds = one < other
    elif _BEHIND.search(between):
        holds = (one < other) if upward else (one > other)
    elif _AHEAD.search(between):
        holds = (one > other) if upward else (one < other)
    else:
        return
    if holds is (re.search(w.NEGATED, between) is not None):
        yield f"{sentence.text[found[0].start : found[1].end]!r}: the recorded seeds are {one:g} and {other:g}"


def _seeds_against(found: list[_Extreme], sentence: Sentence, study: Study) -> Iterator[str]:
    """'No run of a reaches the worst of b'."""
    counted = seeds_quantifier(sentence.text)
    subjects = [mention for mention in sentence.conditions if len(found) == 1 and mention.end <= found[0].start]
    if counted is None or len(subjects) != 1 or counted.start > subjects[0].start or subjects[0].name == found[0].condition:
        return
    between = sentence.text[subjects[0].end : found[0].start]
    metrics = metrics_of(sentence, study, found[0].start, "better")
    if not metrics or any(metrics[0][0] not in study.conditions[name] for name in (subjects[0].name, found[0].condition)):
        return
    metric = metrics[0][0]
    upward = study.metrics[metric].direction == "max"
    limit = _value(found[0], metric, study, upward=upward)
    values = list(study.conditions[subjects[0].name][metric].seeds.values())
    if _ABOVE.search(between) or (
        not _BELOW.search(between) and bool(_AHEAD.search(between)) is upward and (_AHEAD.search(between) or _BEHIND.search(between))
    ):
        count = sum(value > limit for value in values)
    elif _BELOW.search(between) or _AHEAD.search(between) or _BEHIND.search(between):
        count = sum(value < limit for value in values)
    else:
        return
    if not counted.holds(count, len(values)):
        yield f"{sentence.text[counted.start : counted.end]!r}: it is so for {count} of {len(values)}"


def extremes_named(sentence: Sentence) -> Iterator[_Extreme]:
    """The best or worst seeds of conditions that the sentence names."""
    for match in _EXTREME.finditer(sentence.text):
        kind = next(name for name, said in match.groupdict().items() if said)
        for mention in sentence.conditions:
            ahead = sentence.text[mention.end : match.start()] if mention.end <= match.start() else "-"
            behind = sentence.text[match.end() : mention.start] if match.end() <= mention.start else "-"
            if (
                mention.start <= match.start() < mention.end
                or (ahead == " " and sentence.text[mention.start : mention.end].lower() == "our")
                or re.fullmatch(r"'s? (?:own |single )?", ahead)
                or re.fullmatch(r"(?: [\w-]+){0,3} (?:of|for|by|with|from|that) (?:the )?", behind)
                or (behind == " " and re.match(r" (?:seed|run|trial)\b", sentence.text[mention.end :]))
            ):
                yield _Extreme(mention.name, kind, min(match.start(), mention.start), max(match.end(), mention.end))
                break


def _value(each: _Extreme, metric: str, study: Study, *, upward: bool) -> float:
    scores = study.conditions[each.condition][metric]
    high = each.kind == "high" or ((each.kind == "good") is upward and each.kind in {"good", "bad"})
    return scores.max if high else scores.min
