"""Typed numbers put by reference before a mind is asked again: only what the record leaves no doubt about, and all of it on record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from stages.contracts import BoundSentence
from stages.errors import ManuscriptRefused
from stages.g_writing.against_record import claims, desk, faults, names
from stages.g_writing.claims import Sentence, sentences
from stages.g_writing.document import Document
from stages.g_writing.lint import typed_numbers
from stages.g_writing.record import PaperRecord

Read = Callable[[Sequence[str]], Document]
"""The document that these texts make together."""


def bound_by_rule(
    texts: Sequence[str], read: Read, record: PaperRecord, *, among: Callable[[Sentence], bool] = lambda _: True
) -> tuple[tuple[str, ...], tuple[BoundSentence, ...]]:
    """The texts with each sentence by references that may be so written, and what was changed.

    A sentence is left as it was where it does not stand exactly once, where the rewritten one breaks a rule of the text, or where
    its comparison is none that the record supports. among: sentences that may be changed.
    """
    document = read(texts)
    phrases, judge = names(record), desk(record)
    done: list[BoundSentence] = []
    for sentence in sentences(document):
        if not among(sentence) or not any(found.gate for found in typed_numbers(sentence, phrases)):
            continue
        judged = judge.judged(sentence)
        if judged is None or judged.rewritten is None:
            continue
        one = BoundSentence(place=sentence.place, typed=sentence.markdown, bound=judged.rewritten)
        changed = _with(texts, one)
        if changed is not None and _stands(one, read, changed, record):
            texts = changed
            done.append(one)
    return tuple(texts), tuple(done)


def _with(texts: Sequence[str], one: BoundSentence) -> tuple[str, ...] | None:
    """The texts with the sentence exchanged; None where it does not stand exactly once, line ends apart."""
    pattern = re.compile(r"\s+".join(map(re.escape, one.typed.split())))
    if sum(len(pattern.findall(text)) for text in texts) != 1:
        return None
    return tuple(pattern.sub(lambda _: one.bound, text) for text in texts)


def _stands(one: BoundSentence, read: Read, changed: Sequence[str], record: PaperRecord) -> bool:
    """The rewritten sentence is read back as one, breaks no rule and claims only what the record supports."""
    try:
        document = read(changed)
    except ManuscriptRefused:
        return False
    if not any(sentence.markdown == one.bound and sentence.place == one.place for sentence in sentences(document)):
        return False
    wrong = any(found.gate and found.quote == one.bound for found in faults(document, (), record) if found.rule != "figure")
    return not wrong and all(claim.verdict == "supported" for claim in claims(document, record) if claim.sentence == one.bound)
