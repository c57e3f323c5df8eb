"""Numbers that are parts of a change, or say a change once more: '61 % of the whole gain', 'from a to b, a loss of 12 %'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from stages.g_writing.sentence_check.agreement import holds
from stages.g_writing.sentence_check.measured import metrics_for
from stages.g_writing.sentence_check.pairs import ablated
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import Quantity, differences, mean
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study

_OF_THE_GAIN = re.compile(
    r" ?(?:%|per ?cent) of (?:the|this|that|our|its) (?:(?:whole|total|overall|full|entire|combined|mean|accuracy) )?(?:gain|improvement|benefit|advantage|difference)s?\b"
    r"(?! (?:between|from|with|without|due))",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"\b(?:remain\w*|kept|keeps?|retain\w*|surviv\w*|persist\w*|preserv\w*|left|still|already|without needing)\b", re.IGNORECASE
)
_APPOSITION = re.compile(
    r"(?:, |\(|: | - | — )(?:i\.e\.,? |that is,? |which is |or )?(?:an? )(?:[\w-]+ )?"
    r"(?P<noun>loss|drop|decrease|reduction|decline|cut|fall|gain|rise|increase|improvement|jump)(?: of)? (?:about |nearly |almost |roughly |around |some |just |only |over |under )*$",
    re.IGNORECASE,
)
_UP = frozenset({"gain", "rise", "increase", "improvement", "jump"})


_STEP = re.compile(r"(?: to (?:the )?|, | vs\.? | versus | minus | against | over |-{1,3}| / )")
_HEADED = re.compile(r"(?:,? in (?:[\w-]+ ){1,3}| (?:[\w-]+ )?)?: (?:about |only |just )?\+?")


def parts_of_changes(now: Progress, number: Number) -> Iterator[Quantity]:
    """What a number in per cent is of a change that the sentence names, or the change itself told once more."""
    yield from _step_headed(now, number)
    if number.unit == "%" and _OF_THE_GAIN.match(now.sentence.text[number.end :]):
        yield from _of_the_gain(now, number)
    if number.unit in {"%", "pp", "points"} and (said := _APPOSITION.search(now.sentence.text[: number.start])):
        yield from _told_again(now, number, said)


def signed_steps(sentence: Sentence, study: Study) -> Iterator[str]:
    """'a to b: +6.84' where b has less than a."""
    for number in sentence.numbers:
        names = [mention for mention in sentence.conditions if mention.end <= number.start]
        if len(names) != 2 or number.text[0] not in "+-" or not _HEADED.fullmatch(sentence.text[names[1].end : number.start]):
            continue
        joint = _STEP.fullmatch(sentence.text[names[0].end : names[1].start])
        if joint is None:
            continue
        metric = sentence.first_metric(study)
        first, second = (mean(study, mention.name, metric) for mention in names)
        if first is None or second is None:
            continue
        rises = second > first if joint[0].startswith(" to ") else first > second
        if rises is (number.text[0] == "-"):
            yield f"{number.text!r}: the recorded means of {metric} differ the other way"


def _step_headed(now: Progress, number: Number) -> Iterator[Quantity]:
    """'a to b: -6.84': what b has more than a; 'a versus b: +6.84': what a has more than b. Without a sign, the distance."""
    names = [mention for mention in now.sentence.conditions if mention.end <= number.start]
    if len(names) != 2 or re.search(r"[\d.;]", now.sentence.text[: names[0].start]):
        return
    joint = _STEP.fullmatch(now.sentence.text[names[0].end : names[1].start])
    plus = number.text.startswith("+")
    if joint is None or not _HEADED.fullmatch(now.sentence.text[names[1].end : number.start]):
        return
    a, b = names[0].name, names[1].name
    subject, reference = (b, a) if joint[0].startswith(" to ") else (a, b)
    before, _ = now.sentence.near(number)
    size = replace(number, value=abs(number.value))
    for metric in metrics_for(now, number)[:1]:
        one, other = mean(now.study, subject, metric), mean(now.study, reference, metric)
        if one is None or other is None or ((number.signed or plus) and (one < other) is not number.signed):
            continue
        for value, expression in differences(now.study, subject, reference, metric, number.unit, complement=False):
            if holds(size, before, value):
                now.used.append((subject, reference))
                yield Quantity(value, expression)


def _of_the_gain(now: Progress, number: Number) -> Iterator[Quantity]:
    """What taking a part away costs, over what the whole method gains; what remains, where the words say so."""
    main, part = now.study.main_pair, ablated(now.sentence, now.study)
    named = [m.name for m in now.sentence.conditions if main and m.name not in main]
    part = part or (named[0] if len(set(named)) == 1 else None)
    if main is None or part is None or part in main:
        return
    before, after = now.sentence.near(number)
    for metric in metrics_for(now, number)[:1]:
        full, base, less = (mean(now.study, name, metric) for name in (*main, part))
        if full is None or base is None or less is None or full == base:
            continue
        lost = 100 * (full - less) / (full - base)
        share = 100 - lost if _KEPT.search(f"{before} {after}") else lost
        if holds(number, before, share):
            yield Quantity(share, f"({main[0]} - {part})/({main[0]} - {main[1]}).{metric}")


def _told_again(now: Progress, number: Number, said: re.Match[str]) -> Iterator[Quantity]:
    """'a has 41.2 thousand, b 36.4 thousand, a loss of nearly 12 %': of the two whose values stand right before."""
    values = [other for other in now.sentence.numbers if other.end <= said.start() and not other.word]
    names = list(dict.fromkeys(m.name for m in now.sentence.conditions if m.end <= said.start()))
    if now.last_level is None or len(names) != 2 or not values or values[-1].end + 30 < said.start():
        return
    subject, metric = now.last_level
    reference = next(name for name in names if name != subject) if subject in names else ""
    one, other = mean(now.study, subject, metric), mean(now.study, reference, metric) if reference else None
    upward = said["noun"].lower() in _UP
    if one is None or other is None or (one > other) is not upward:
        return
    before, _ = now.sentence.near(number)
    for value, expression in differences(now.study, subject, reference, metric, number.unit, complement=False):
        if holds(number, before, value):
            now.used.append((subject, reference))
            yield Quantity(value, expression)
