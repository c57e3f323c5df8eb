"""Changing a manuscript by patches that are applied exactly once or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.contracts import BoundSentence, ChangeAnswer, Manuscript
from stages.errors import ManuscriptRefused
from stages.g_writing.against_record import claims, faults, names
from stages.g_writing.bound_sentences import bound_by_rule
from stages.g_writing.claims import sentences
from stages.g_writing.document import Document, cited_keys
from stages.g_writing.markdown import parse, print_markdown
from stages.g_writing.record import PaperRecord
from stages.g_writing.typed_sentences import TYPED
from stages.g_writing.values import render_values

_LOOKED_UP = re.compile(r"\{\{[^{}]*\}\}|\[@[^\]]*\]|@[A-Za-z0-9_:./+-]+|\{#[^}]*\}|\$[^$]*\$")
_NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")


def canonical(manuscript: Manuscript) -> Manuscript:
    """The same manuscript as the dialect prints it, so that each sentence read from it stands in it verbatim."""
    return manuscript.model_copy(update={"markdown": print_markdown(parse(manuscript.markdown, manuscript.authors))})


def apply_answers(
    manuscript: Manuscript, answers: tuple[ChangeAnswer, ...], record: PaperRecord
) -> tuple[Manuscript, tuple[ChangeAnswer, ...]]:
    """Each patch in order; one that cannot or may not be applied becomes an answer that is not done, with the reason."""
    settled = []
    for answer in answers:
        if not answer.done:
            settled.append(answer)
            continue
        before, after = answer.before or "", answer.after or ""
        bound: tuple[BoundSentence, ...] = ()
        try:
            after, bound = _bound(manuscript, before, after, record)
            manuscript = patched(manuscript, before, after, record)
        except ManuscriptRefused as error:
            settled.append(answer.model_copy(update={"done": False, "answer": f"Refused: {error}."}))
        else:
            manuscript = manuscript.model_copy(update={"bound": (*manuscript.bound, *bound)})
            settled.append(answer.model_copy(update={"after": after}) if bound else answer)
    return manuscript, tuple(settled)


def _bound(manuscript: Manuscript, before: str, after: str, record: PaperRecord) -> tuple[str, tuple[BoundSentence, ...]]:
    """What the patch puts in, with typed numbers by reference where no judgement is needed.

    Raises:
        ManuscriptRefused: the changed text cannot be read.
    """
    if not before or manuscript.markdown.count(before) != 1 or not (_numerals(after, record) - _numerals(before, record)):
        return after, ()

    def read(texts: Sequence[str]) -> Document:
        return parse(manuscript.markdown.replace(before, texts[0]), manuscript.authors)

    stood = {sentence.markdown for sentence in sentences(parse(manuscript.markdown, manuscript.authors))}
    texts, bound = bound_by_rule((after,), read, record, among=lambda sentence: sentence.markdown not in stood)
    return texts[0], bound


def patched(manuscript: Manuscript, before: str, after: str, record: PaperRecord) -> Manuscript:
    """The manuscript with `before` replaced by `after`.

    Raises:
        ManuscriptRefused: `before` does not stand there exactly once, or the new text brings a numeral, a citation, a value or a
            claim that the record does not hold, or breaks another rule of the text.
    """
    count = manuscript.markdown.count(before) if before else 0
    if count != 1:
        raise ManuscriptRefused(f"the passage to change stands {count} times in the manuscript, not once: {before[:80]!r}")
    typed = sorted(_numerals(after, record) - _numerals(before, record))
    changed = canonical(manuscript.model_copy(update={"markdown": manuscript.markdown.replace(before, after)}))
    old, new = parse(manuscript.markdown, manuscript.authors), parse(changed.markdown, changed.authors)
    if typed:
        had = {finding.message for finding in faults(old, manuscript.figures, record)}
        told = (found.text for found in faults(new, manuscript.figures, record) if found.rule in TYPED and found.message not in had)
        raise ManuscriptRefused("; ".join((f"the change types the numerals {', '.join(typed)}; values are given by key", *told)))
    if strangers := sorted(set(cited_keys(new)) - set(cited_keys(old)) - record.citable):
        raise ManuscriptRefused(f"the change cites works that are not on the shortlist: {', '.join(strangers)}")
    render_values(new, record.results)
    had = {finding.message for finding in faults(old, manuscript.figures, record)}
    for finding in faults(new, manuscript.figures, record):
        if finding.gate and finding.message not in had:
            raise ManuscriptRefused(f"the change breaks a rule of the text: {finding.message}")
    stood = {claim.sentence for claim in claims(old, record)}
    for claim in claims(new, record):
        if claim.verdict != "supported" and claim.sentence not in stood:
            raise ManuscriptRefused(f"the change makes a claim that is {claim.verdict}: {claim.reason}")
    return changed


def _numerals(text: str, record: PaperRecord) -> set[str]:
    """Numerals that are typed, the names of the study apart ('width 96')."""
    for name in sorted(names(record), key=len, reverse=True):
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return set(_NUMERAL.findall(_LOOKED_UP.sub(" ", text)))
