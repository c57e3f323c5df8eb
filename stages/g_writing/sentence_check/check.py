"""The judgement: each number bound to one quantity, each comparing word held against the recorded values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from stages.contracts import Contract
from stages.g_writing.sentence_check.binder import bound_numbers, spoken_of
from stages.g_writing.sentence_check.chains import chained
from stages.g_writing.sentence_check.claims import claims, gaps_compared
from stages.g_writing.sentence_check.clauses import Clause, clauses
from stages.g_writing.sentence_check.completeness import completeness
from stages.g_writing.sentence_check.directions import directions
from stages.g_writing.sentence_check.done_to_others import done_to_others
from stages.g_writing.sentence_check.extremes import compared_stretch, extremes
from stages.g_writing.sentence_check.nearness import nearness
from stages.g_writing.sentence_check.pairs import pair_of
from stages.g_writing.sentence_check.progress import Progress, Refused
from stages.g_writing.sentence_check.quantified import quantified, trend_stretch, trends
from stages.g_writing.sentence_check.quantities import Quantity
from stages.g_writing.sentence_check.rankings import rankings
from stages.g_writing.sentence_check.reading import Number, Sentence, read
from stages.g_writing.sentence_check.reasons import reasons
from stages.g_writing.sentence_check.removals import removals
from stages.g_writing.sentence_check.shares_of_gains import signed_steps
from stages.g_writing.sentence_check.significance import significance
from stages.g_writing.sentence_check.strangers import recorded_words, strangers
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.subjects import unknown_subjects
from stages.g_writing.sentence_check.tests_named import another_tests_p, other_tests


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
        _refuse(completeness(read_sentence, study))
        _refuse(done_to_others(read_sentence, study))
        _refuse(other_tests(read_sentence, study))
        bound = _whole_or_by_clauses(read_sentence, study)
        _refuse(another_tests_p(read_sentence, [quantity.expression for _, quantity in bound]))
        told = [(quantity.value, quantity.expression) for _, quantity in bound]
        _refuse(reasons(read_sentence, study, pair_of(read_sentence, study), told))
    except Refused as refusal:
        return Judgement(verdict="refused", reason=str(refusal))
    return _with_references(read_sentence, bound)


def _whole_or_by_clauses(sentence: Sentence, study: Study) -> list[tuple[Number, Quantity]]:
    """The numbers with the quantities that they are; raises Refused, with what speaks against the whole sentence."""
    if chained(sentence) and (parts := clauses(sentence, study)):
        return _clause_by_clause(parts, sentence, study)
    try:
        return _checked(sentence, study)
    except Refused as refusal:
        parts = clauses(sentence, study)
        if not parts:
            raise
        try:
            return _clause_by_clause(parts, sentence, study)
        except Refused:
            raise refusal from None


def _checked(sentence: Sentence, study: Study) -> list[tuple[Number, Quantity]]:
    """The numbers with the quantities that they are; raises Refused."""
    now = Progress.start(sentence, study)
    bound = bound_numbers(now)
    if any(metric in quantity.expression for _, quantity in bound for metric in study.metrics):
        _refuse(unknown_subjects(sentence, study, recorded_words(study)))
    _refuse(removals(sentence, study, [(number, quantity.expression) for number, quantity in bound]))
    gaps = gaps_compared(sentence)
    judged = [compared_stretch(sentence), trend_stretch(sentence, study), *([gaps.span()] if gaps else [])]
    _refuse(directions(sentence, study, spoken_of(now), *judged))
    _refuse(significance(sentence, study))
    _refuse(claims(sentence, study, spoken_of(now)))
    _refuse(extremes(sentence, study))
    _refuse(quantified(sentence, study, spoken_of(now)))
    _refuse(trends(sentence, study))
    _refuse(rankings(sentence, study))
    _refuse(nearness(sentence, study))
    _refuse(signed_steps(sentence, study))
    return bound


def _clause_by_clause(parts: Sequence[Clause], sentence: Sentence, study: Study) -> list[tuple[Number, Quantity]]:
    """The same for each clause of its own; raises Refused for the first that is false."""
    found = []
    for clause in parts:
        try:
            bound = _of_clause(clause.text, clause.metric, sentence, study)
        except Refused:
            if not clause.reference:
                raise
            text = f"{clause.text.rstrip('.')}, compared with {clause.reference}."
            bound = _of_clause(text, clause.metric, sentence, study)
        for number, quantity in bound:
            place = clause.place(number.start)
            if place is not None:
                found.append((replace(number, start=place, end=place + number.end - number.start), quantity))
    return found


def _of_clause(text: str, metric: str | None, sentence: Sentence, study: Study) -> list[tuple[Number, Quantity]]:
    """metric: the one that the numbers are of, unless they are times; None: the clause names its own."""
    alone = replace(read(text, study), cited=sentence.cited)
    if metric is None:
        return _checked(alone, study)
    try:
        return _checked(alone, study.model_copy(update={"metrics": {metric: study.metrics[metric]}}))
    except Refused:
        if not any(number.unit in _OF_TIME for number in alone.numbers):
            raise
        return _checked(alone, study)


_OF_TIME = {"s", "ms", "min", "h", "day"}


def _with_references(sentence: Sentence, bound: Sequence[tuple[Number, Quantity]]) -> Judgement:
    if not bound:
        return Judgement(verdict="fine", reason="it holds no number of the study")
    rewritten, end = "", 0
    for number, quantity in bound:
        rewritten += sentence.text[end : number.start] + f"{{{{{quantity.expression}}}}}"
        end = number.end
    references = tuple(
        Bound(text=number.text, expression=quantity.expression, value=quantity.value, start=number.start) for number, quantity in bound
    )
    return Judgement(
        verdict="needs references",
        reason="every number is in the record",
        bound=references,
        rewritten=rewritten + sentence.text[end:],
    )
