"""A sentence in which somebody typed numbers, before the study's record: is it true, and which references would print it?

Two answers are given. A *proposal* names the reference for a typed number, for whoever wrote it to judge. A *rewriting* is made
only where nothing is left to judge: see `beyond_doubt`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pydantic import Field

from stages.contracts import Contract, Slug
from stages.g_writing.beyond_doubt import MEASURED, beyond_doubt, of_the_metric
from stages.g_writing.claims import BETTER, COMPARISON, WORSE, Sentence, sentences
from stages.g_writing.document import Cite, Document, Emphasis, Inline, Inlines, Link, Maths, Strong, Text, ValueRef, flat
from stages.g_writing.lint import PREDICTING, Finding
from stages.g_writing.markdown import print_inlines
from stages.g_writing.proposed_references import Printed, Reference, as_ascii, printed_by
from stages.g_writing.read_for_check import BLANK, ForCheck, Shown, for_check, shown
from stages.g_writing.recorded_facts import Facts
from stages.g_writing.recorded_study import BASELINE, RecordedStudy
from stages.g_writing.sentence_check.check import Judgement, judge
from stages.g_writing.sentence_check.reading import plain
from stages.g_writing.values import Leaf, leaves, normal

TYPED = frozenset({"numeral", "number word"})
"""Rules of the lint that a typed number breaks."""
_UNADJUSTED = re.compile(r"(?i)\b(?:unadjusted|uncorrected|raw)\b")
_NUMERAL = re.compile(r"(?<![\w.])[+\-\u2212]?\d[\d,.]*\d|(?<![\w.])\d(?!\w)")
_COMPARES = re.compile("|".join(pattern.pattern.removeprefix("(?i)") for pattern in (BETTER, WORSE)), re.IGNORECASE)
_NOT_PLACED = re.compile(r"'([^']+)' \(\w[\w ]*\) is no recorded value")
"""How the check says that a number is none that it knows."""


class Typed(Contract):
    """What the record says to a sentence with typed numbers."""

    verdict: Literal["fine", "needs references", "refused"]
    reason: str
    references: tuple[Reference, ...] = Field(default=(), description="For typed numbers; none for one that no stored value prints.")
    unprinted: tuple[str, ...] = Field(default=(), description="Typed numbers that follow from the record, but are no stored value.")
    rewritten: str | None = Field(default=None, description="The Markdown by references; None where somebody has to judge.")

    @property
    def advice(self) -> str:
        """What to write, or why the sentence cannot stand; empty where there is nothing to say."""
        said = []
        if self.references:
            said.append("write " + " and ".join(f"{one.markdown} for '{one.typed}'" for one in dict.fromkeys(self.references)))
        if self.verdict == "refused":
            said.append(f"no reference is proposed: {self.reason}")
        elif self.unprinted:
            said.append(f"no stored value prints {' and '.join(map(repr, self.unprinted))}")
        return "; ".join(said)


@dataclass(frozen=True)
class Desk:
    """A study's record, laid out for one sentence after another."""

    recorded: RecordedStudy

    @cached_property
    def _known(self) -> dict[str, Leaf]:
        return leaves(self.recorded.results)

    @cached_property
    def _facts(self) -> Facts:
        return Facts(self.recorded.results, self._known)

    def judged(self, sentence: Sentence) -> Typed | None:
        """The record's word on the sentence; None where it has none: the sentence cites, is maths or predicts."""
        parts = tuple(flat(sentence.content))
        if any(isinstance(part, Cite) or (isinstance(part, Maths) and re.search(r"\d", part.tex)) for part in parts):
            return None
        if PREDICTING.match(sentence.place):
            return None
        text = shown(sentence.content, self._known)
        read = first = for_check(text.text, self.recorded)
        about = {condition for condition, _, _ in read.named}
        study = self.recorded.study(
            adjusted=not _UNADJUSTED.search(text.text),
            tuned=any(self.recorded.results.conditions[name].role == "tuned" for name in about),
        )
        about |= {name for part in parts if isinstance(part, ValueRef) for name in self._compared(part)}
        facts: list[Reference] = []
        judgement = judge(read.text, study)
        while judgement.verdict == "refused" and (other := self._without_number(judgement, text, read, about)) is not None:
            reference, read = other
            facts += [] if reference is None else [reference]
            judgement = judge(read.text, study)
        if judgement.verdict == "refused":
            return self._of_facts(text, read) or self._refused(judgement, text, facts)
        if len(plain(read.text)) != len(read.text):
            return None  # signs of another notation: places would not be those of the sentence
        found: list[Printed] = []
        unprinted: list[str] = []
        for bound in judgement.bound:
            start, end = read.back(bound.start), read.back(bound.start) + len(bound.text)
            if not text.typed(start, end):
                continue
            printed = printed_by(
                bound,
                text.text,
                start,
                end,
                conditions=self.recorded.conditions,
                results=self.recorded.results,
                known=self._known,
            )
            if printed is None:
                unprinted.append(bound.text)
            elif printed.kind in MEASURED and not of_the_metric(text.text[printed.end :], self.recorded):
                return None  # 'x gigabytes', 'x hours': of a thing that the record does not measure
            else:
                found.append(printed)
        certain = bool(found) and not unprinted and read is first and beyond_doubt(found, sentence, text, read, self.recorded)
        return Typed(
            verdict="needs references" if facts else judgement.verdict,
            reason=judgement.reason,
            references=(*(one.reference for one in found), *facts),
            unprinted=tuple(unprinted),
            rewritten=print_inlines(_with(sentence.content, text, found)).strip() if certain else None,
        )

    def _compared(self, part: ValueRef) -> frozenset[Slug]:
        """The two that a value by key compares."""
        pair = COMPARISON.search(normal(part.expression))
        return frozenset({pair["a"], pair["b"]} & self.recorded.results.conditions.keys()) if pair else frozenset()

    def _without_number(
        self, judgement: Judgement, text: Shown, read: ForCheck, about: Collection[Slug]
    ) -> tuple[Reference | None, ForCheck] | None:
        """A reference for the number that the check could not place, and the sentence without it; None where no value is it.

        'one' may go without a reference: it is no numeral to the lint.
        """
        if (quoted := _NOT_PLACED.match(judgement.reason)) is None:
            return None
        number = re.search(rf"(?<![\w.,]){re.escape(quoted[1])}(?!\w|[.,]\d)", as_ascii(read.text))
        if number is None:
            return None
        start, end = read.back(number.start()), read.back(number.end())
        if not text.typed(start, end):
            return None
        reference = self._facts.named(text.text, start, end, about=about)
        if reference is None and quoted[1].lower() != "one":
            return None
        blank = BLANK * (number.end() - number.start())
        return reference, replace(read, text=read.text[: number.start()] + blank + read.text[number.end() :])

    def _of_facts(self, text: Shown, read: ForCheck) -> Typed | None:
        """Of a sentence on something else than results: its typed numbers, where each is a value that the words name."""
        if read.named or _COMPARES.search(text.text):
            return None
        words = text.text
        for name in self.recorded.other_names.finditer(words):
            words = words[: name.start()] + BLANK * len(name[0]) + words[name.end() :]
        typed = [number.span() for number in _NUMERAL.finditer(words) if text.typed(*number.span())]
        found = [self._facts.named(text.text, start, end, about=()) for start, end in typed]
        references = tuple(one for one in found if one is not None)
        if not found or len(references) < len(found):
            return None
        return Typed(verdict="needs references", reason="every number is in the record", references=references)

    def _refused(self, judgement: Judgement, text: Shown, facts: Sequence[Reference]) -> Typed | None:
        """None where the fault is found in a value that is looked up: the lint and the claims table judge those."""
        quoted = _NOT_PLACED.match(judgement.reason)
        looked_up = [text.text[begin:end] for begin, end, typed in text.pieces if not typed]
        if quoted and any(quoted[1] in as_ascii(words) for words in looked_up):
            return None
        reason = judgement.reason
        for word, name in self.recorded.conditions.items():
            if word != BASELINE:
                reason = re.sub(rf"\b{word}\b", self.recorded.results.conditions[name].label.replace("\\", r"\\"), reason)
        return Typed(verdict="refused", reason=reason, references=tuple(facts))


def advised(findings: tuple[Finding, ...], document: Document, desk: Desk) -> tuple[Finding, ...]:
    """The findings; those of typed numbers say which reference to write, or why the sentence cannot stand."""
    if not any(finding.rule in TYPED for finding in findings):
        return findings
    read = {(sentence.place, sentence.markdown): sentence for sentence in sentences(document)}

    def told(finding: Finding) -> Finding:
        sentence = read.get((finding.place, finding.quote)) if finding.rule in TYPED else None
        judged = desk.judged(sentence) if sentence else None
        advice = judged.advice if judged else ""
        return finding.model_copy(update={"text": f"{finding.text}: {advice}"}) if advice else finding

    return tuple(told(finding) for finding in findings)


def _with(content: Inlines, text: Shown, found: Sequence[Printed]) -> Inlines:
    """The inlines with a reference in the place of each number."""
    pieces = iter(text.pieces)

    def run(inner: Inlines) -> Iterator[Inline]:
        for part in inner:
            if isinstance(part, Emphasis | Strong | Link):
                yield part.model_copy(update={"content": tuple(run(part.content))})
                continue
            begin, end, _ = next(pieces)
            if isinstance(part, Text):
                yield from _split(part.text, [one for one in found if begin <= one.start and one.end <= end], begin)
            else:
                yield part

    return tuple(run(content))


def _split(text: str, found: Sequence[Printed], begin: int) -> Iterator[Inline]:
    """begin: where the text stands in the sentence."""
    done = 0
    for one in sorted(found, key=lambda one: one.start):
        if words := text[done : one.start - begin]:
            yield Text(text=words)
        yield ValueRef(expression=one.reference.key, format=one.reference.format)
        done = one.end - begin
    if words := text[done:]:
        yield Text(text=words)
