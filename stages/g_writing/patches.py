"""Changing a manuscript by patches that are applied exactly once or refused with the reason."""

from __future__ import annotations

import re

from stages.contracts import ChangeAnswer, Contract
from stages.errors import ManuscriptRefused
from stages.g_writing.claims import claims_table
from stages.g_writing.document import cited_keys
from stages.g_writing.lint import lint
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord
from stages.g_writing.values import render_values

_LOOKED_UP = re.compile(r"\{\{[^{}]*\}\}|\[@[^\]]*\]|@[A-Za-z0-9_:./+-]+|\{#[^}]*\}|\$[^$]*\$")
_NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")


class Patched(Contract):
    """The manuscript after the answers, each marked as done or refused."""

    markdown: str
    answers: tuple[ChangeAnswer, ...]


def apply_answers(markdown: str, authors: tuple[str, ...], answers: tuple[ChangeAnswer, ...], record: PaperRecord) -> Patched:
    """Each patch in order; one that cannot or may not be applied becomes an answer that is not done, with the reason."""
    settled = []
    for answer in answers:
        if not answer.done or answer.before is None or answer.after is None:
            settled.append(
                answer.model_copy(update={"done": False, "answer": f"Refused: no patch was given. {answer.answer}"}) if answer.done else answer
            )
            continue
        try:
            markdown = patched(markdown, authors, answer.before, answer.after, record)
        except ManuscriptRefused as error:
            settled.append(answer.model_copy(update={"done": False, "answer": f"Refused: {error}"}))
        else:
            settled.append(answer)
    return Patched(markdown=markdown, answers=tuple(settled))


def patched(markdown: str, authors: tuple[str, ...], before: str, after: str, record: PaperRecord) -> str:
    """The text with `before` replaced by `after`.

    Raises:
        ManuscriptRefused: `before` does not stand there exactly once, or the new text brings a numeral, a citation, a value or a
            claim that the record does not hold.
    """
    count = markdown.count(before) if before else 0
    if count != 1:
        raise ManuscriptRefused(f"the passage to change stands {count} times in the manuscript, not once: {before[:80]!r}")
    if typed := sorted(_numerals(after) - _numerals(before)):
        raise ManuscriptRefused(f"the change types the numerals {', '.join(typed)}; values are given by key")
    changed = markdown.replace(before, after)
    old, new = parse(markdown, authors), parse(changed, authors)
    if strangers := sorted(set(cited_keys(new)) - set(cited_keys(old)) - record.citable):
        raise ManuscriptRefused(f"the change cites works that are not on the shortlist: {', '.join(strangers)}")
    render_values(new, record.results)
    had = {finding.message for finding in lint(old, record)}
    if worse := [finding.message for finding in lint(new, record) if finding.gate and finding.message not in had]:
        raise ManuscriptRefused(f"the change breaks a rule of the text: {worse[0]}")
    stood = {claim.sentence for claim in claims_table(old, record.results)}
    for claim in claims_table(new, record.results):
        if claim.verdict != "supported" and claim.sentence not in stood:
            raise ManuscriptRefused(f"the change makes a claim that is {claim.verdict}: {claim.reason}")
    return changed


def _numerals(text: str) -> set[str]:
    return set(_NUMERAL.findall(_LOOKED_UP.sub(" ", text)))
