"""The judgement: each number bound to one quantity, each comparing word held against the recorded values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from stages.contracts import Contract
from stages.g_writing.sentence_check.binder import bound_numbers, spoken_of
from stages.g_writing.sentence_check.claims import claims
from stages.g_writing.sentence_check.directions import directions
from stages.g_writing.sentence_check.extremes import compared_stretch, extremes
from stages.g_writing.sentence_check.progress import Progress, Refused
from stages.g_writing.sentence_check.quantified import quantified, trend_stretch, trends
from stages.g_writing.sentence_check.reading import read
from stages.g_writing.sentence_check.removals import removals
from stages.g_writing.sentence_check.significance import significance
from stages.g_writing.sentence_check.strangers import recorded_words, strangers
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.subjects import unknown_subjects


class Bound(Contract):
    """A number of the sentence and the reference that would print it."""

    text: str
    expression: str
    value: float
    start: int
    """Place in the sentence as `reading.plain` gives it."""


class Judgement(Contract):
    """'fine': nothing to look up; 'needs references': passes as `rewritten`; 'refused': says something else than the record."""

    verdict: Literal["fine", "needs references", "refused"]
    reason: str
    bound: tuple[Bound, ...] = ()
    rewritten: str = ""


def _refuse(reasons: Iterator[str]) -> None:
    """Raise the first reason, where there is one."""
    for reason in reasons:
        raise Refused(reason)


def judge(sentence: str, study: Study) -> Judgement:
    """Whether the sentence may stand, and with which references."""
    read_sentence = read(sentence, study)
    try:
        _refuse(strangers(read_sentence, study))
        now = Progress.start(read_sentence, study)
        bound = bound_numbers(now)
        if any(metric in quantity.expression for _, quantity in bound for metric in study.metrics):
            _refuse(unknown_subjects(read_sentence, study, recorded_words(study)))
        _refuse(removals(read_sentence, study, [(number, quantity.expression) for number, quantity in bound]))
        _refuse(directions(read_sentence, study, spoken_of(now), compared_stretch(read_sentence), trend_stretch(read_sentence, study)))
        _refuse(significance(read_sentence, study))
        _refuse(claims(read_sentence, study, spoken_of(now)))
        _refuse(extremes(read_sentence, study))
        _refuse(quantified(read_sentence, study, spoken_of(now)))
        _refuse(trends(read_sentence, study))
    except Refused as refusal:
        return Judgement(verdict="refused", reason=str(refusal))
    if not bound:
        return Judgement(verdict="fine", reason="it holds no number of the study")
    rewritten, end = "", 0
    for number, quantity in bound:
        rewritten += read_sentence.text[end : number.start] + f"{{{{{quantity.expression}}}}}"
        end = number.end
    references = tuple(
        Bound(text=number.text, expression=quantity.expression, value=quantity.value, start=number.start) for number, quantity in bound
    )
    return Judgement(
        verdict="needs references",
        reason="every number is in the record",
        bound=references,
        rewritten=rewritten + read_sentence.text[end:],
    )
