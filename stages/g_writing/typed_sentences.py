"""A sentence in which somebody typed numbers, before the study's record: is it true, and which references would print it?

Two answers are given. A *proposal* names the reference for a typed number, for whoever wrote it to judge. A *rewriting* is made
only where nothing is left to judge: every typed number has a reference that prints exactly it, the words beside it say whose it
is, and the sentence speaks of this study, of what came, and of nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pydantic import Field

from stages.contracts import Contract, Slug
from stages.errors import ManuscriptRefused
from stages.g_writing.binding import mentions
from stages.g_writing.claims import BETTER, COMPARISON, PREDICTION, WORSE, Sentence
from stages.g_writing.document import Cite, Code, Emphasis, Inline, Inlines, Link, Maths, Strong, Text, ValueRef, flat
from stages.g_writing.lint import PREDICTING
from stages.g_writing.markdown import print_inlines
from stages.g_writing.proposed_references import Printed, Reference, as_ascii, printed_by
from stages.g_writing.recorded_facts import Facts
from stages.g_writing.recorded_study import BASELINE, RecordedStudy
from stages.g_writing.sentence_check.check import Judgement, judge
from stages.g_writing.sentence_check.reading import plain
from stages.g_writing.sentence_check.words import setting_words
from stages.g_writing.values import Kind, Leaf, format_value, leaves, normal

_UNDECIDED = "was set beside"
"""For a verdict that decides nothing: the check takes 'does not differ clearly' for a claim about the means."""
_UNADJUSTED = re.compile(r"(?i)\b(?:unadjusted|uncorrected|raw)\b")
_READ_BY_THE_CHECK = re.compile(
    r"(?P<condition>\w+)\.\w+\.(?:mean|std|min|max|median|n|seed\.\w+)$|(?:diff|absdiff|rel|absrel|ci_low|ci_high|dz|wins|test|cmp)\("
    r"|cfg\.(?:seeds|conditions|runs_reported)$"
)
"""References that the check is shown by their value; of others it only hears that something stands there."""

OWN_RESULTS = re.compile(r"abstract|sec:(?:introduction|result|ablation|discussion|limitation|conclusion)|fig:|tbl:")
OWN_SETTINGS = re.compile(r"abstract|sec:(?:setup|method|experiment|result|ablation|discussion|limitation|conclusion|appendix)|fig:|tbl:")
"""Places whose sentences are about what this study found, and about how it was run."""
_OF_OTHERS = re.compile(
    r"(?i)\b(?:typical(?:ly)?|usual(?:ly)?|often|common(?:ly)?|in general|generally|literature|prior|previous(?:ly)?|earlier|known|popular"
    r"|recommend\w*|defaults?|standard (?:practice|choice|setting)s?|original(?:ly)?|elsewhere|publi\w+|reported (?:by|in|for|elsewhere)"
    r"|et al|authors?|practice|practitioners?|state[- ]of|other (?:works?|studies|authors|papers|groups|people)"
    r"|larger? (?:language )?models?|their|them|they|in (?:19|20)\d\d)\b"
)
_OURS = re.compile(
    r"(?i)\b(?:we|our|here|this (?:study|paper|work)|(?:each|every|all|both|the|no) (?:\w+ )?(?:runs?|conditions?|models?|networks?|trainings?|transformers?))\b"
)
_ELSEWHERE = re.compile(
    r"(?i)\b(?:steps?|epochs?|half-?way|mid-?way|initial\w*|at first|early|curves?|checkpoints?|sealed|test|training (?:loss|bits|set|split|score)"
    r"|exclud\w+|except\w*|subset|remaining|first \w+ seeds?|outliers?|(?:after|before|until) \w+ (?:seconds?|minutes?))\b"
)
"""Words by which a score is not the one that the record has for a condition: another place of the run, another split, fewer seeds."""
_COUNTED = {"cfg.seeds": "seeds?", "cfg.conditions": "conditions?", "cfg.comparisons": "comparisons?", "cfg.runs_reported": "runs?"}
_REFERENCED = re.compile(
    r"\b(?:than|against|versus|vs\.?|over|compared (?:with|to)|relative to|unlike|from|instead of|rather than|respect to|between|to|of)"
    r" (?:(?:the|a|an|that|those|of|with|for|by|in|training|runs?) )*$"
)
"""Before a name: it is not the one that the clause is about."""
_BREAK = re.compile(
    r"[;:]|\b(?:while|whereas|but|although|though|than|against|versus|vs|compared|relative|instead|rather|unlike|over|from|which|who|that)\b"
)
_BESIDE_BEFORE = re.compile(r"(?:'s|\u2019s)?(?: (?:own|mean|score|value|bpb)){0,2} ?(?:\(|at |with |of |: |is |reaches |has )?(?:a mean of )?")
_BESIDE_BEHIND = re.compile(r"(?: (?!compared|relative|than|against|over|as)[\w%]+){0,2} ?(?:\(|(?:for|with|of|by|under|from) )(?:(?:the|training|runs|with|a|an) )*")
_MEASURED: frozenset[Kind] = frozenset({"measure", "difference", "percent"})
_TELLING_DIGITS = 2
"""Significant digits from which a difference or a level is bound without asking; '0.1' is some value of any record."""


_NUMERAL = re.compile(r"(?<![\w.])[+\-\u2212]?\d[\d,.]*\d|(?<![\w.])\d(?!\w)")
_COMPARES = re.compile(f"{BETTER.pattern.removeprefix('(?i)')}|{WORSE.pattern.removeprefix('(?i)')}", re.IGNORECASE)
_PLACED = re.compile(r"'([^']+)' \(\w[\w ]*\) is no recorded value")
"""How the check says that a number is none that it knows."""


class Typed(Contract):
    """What the record says to a sentence with typed numbers."""

    verdict: Literal["fine", "needs references", "refused"]
    reason: str
    references: tuple[Reference, ...] = Field(default=(), description="For typed numbers; nothing for one that no stored value prints.")
    unprinted: tuple[str, ...] = Field(default=(), description="Typed numbers that follow from the record, but are no stored value.")
    rewritten: str | None = Field(default=None, description="The Markdown by references; None where somebody has to judge.")

    @property
    def advice(self) -> str:
        """What to write, or why the sentence cannot stand; empty where there is nothing to say."""
        if self.references:
            return "write " + " and ".join(f"{one.markdown} for '{one.typed}'" for one in dict.fromkeys(self.references))
        if self.verdict == "refused":
            return f"the record does not bear it out: {self.reason}"
        if self.unprinted:
            return f"no stored value prints {', '.join(map(repr, self.unprinted))}; say it by values that are stored"
        return ""


@dataclass(frozen=True)
class _Shown:
    """The sentence as text, with the place of each of its inlines; `typed`: whether somebody typed the words there."""

    text: str
    pieces: tuple[tuple[int, int, bool], ...]


@dataclass(frozen=True)
class _Read:
    """The sentence with the check's words for conditions and metric; `edits`: (begin, end, begin in the text shown, its end)."""

    text: str
    edits: tuple[tuple[int, int, int, int], ...]
    named: tuple[tuple[Slug, int, int], ...]
    """Conditions with their places in this text."""
    measured: tuple[int, ...]
    """Where the metric or its unit stands."""

    def back(self, at: int) -> int:
        """The place in the text shown; no number lies within an edit."""
        shift = 0
        for _, end, _, own_end in self.edits:
            if end <= at:
                shift = own_end - end
        return at + shift


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
        """The record's word on the sentence; None for one that is not about this study's numbers: it cites, or is maths."""
        parts = tuple(flat(sentence.content))
        if any(isinstance(part, Cite) or (isinstance(part, Maths) and re.search(r"\d", part.tex)) for part in parts):
            return None
        if PREDICTING.match(sentence.place):
            return None
        shown = self._shown(sentence.content)
        read = self._read(shown.text)
        about = {condition for condition, _, _ in read.named}
        tuned = any(self.recorded.results.conditions[name].role == "tuned" for name in about)
        about |= {name for part in parts if isinstance(part, ValueRef) for name in self._compared(part)}
        study = self.recorded.study(adjusted=not _UNADJUSTED.search(shown.text), tuned=tuned)
        first = read.text
        judgement, facts = judge(read.text, study), []
        while judgement.verdict == "refused" and (other := self._fact(judgement, shown, read, about)) is not None:
            reference, read = other
            facts += [] if reference is None else [reference]
            judgement = judge(read.text, study)
        if judgement.verdict == "refused":
            return self._all_facts(shown, read) or self._refused(judgement, shown)
        if len(plain(read.text)) != len(read.text):
            return None  # signs of another notation: places would not be those of the sentence
        found: list[Printed] = []
        unprinted: list[str] = []
        for bound in judgement.bound:
            start = read.back(bound.start)
            if not any(begin <= start < end for begin, end, typed in shown.pieces if typed):
                continue
            printed = printed_by(
                bound,
                shown.text,
                start,
                start + len(bound.text),
                conditions=self.recorded.conditions,
                results=self.recorded.results,
                known=self._known,
            )
            if printed is None:
                unprinted.append(bound.text)
            elif printed.kind in _MEASURED and not _followed_well(shown.text[printed.end :], self.recorded):
                return None  # 'x gigabytes', 'x hours': of a thing that the record does not measure
            else:
                found.append(printed)
        sure = bool(found) and not unprinted and read.text == first and all(self._sure(one, sentence, shown, read) for one in found)
        return Typed(
            verdict="needs references" if facts else judgement.verdict,
            reason=judgement.reason,
            references=(*(one.reference for one in found), *facts),
            unprinted=tuple(unprinted),
            rewritten=print_inlines(_with(sentence.content, shown, found)).strip() if sure else None,
        )

    def _compared(self, part: ValueRef) -> frozenset[Slug]:
        """The two that a value by key compares."""
        pair = COMPARISON.search(normal(part.expression))
        return frozenset({pair["a"], pair["b"]} & self.recorded.results.conditions.keys()) if pair else frozenset()

    def _fact(
        self, judgement: Judgement, shown: _Shown, read: _Read, about: Collection[Slug]
    ) -> tuple[Reference | None, _Read] | None:
        """A reference for the number that the check could not place, and the sentence without it; None where no value is it."""
        if (quoted := _PLACED.match(judgement.reason)) is None:
            return None
        number = re.search(rf"(?<![\w.,]){re.escape(quoted[1])}(?!\w|[.,]\d)", as_ascii(read.text))
        if number is None:
            return None
        start, end = read.back(number.start()), read.back(number.end())
        if not any(begin <= start and end <= stop for begin, stop, typed in shown.pieces if typed):
            return None
        reference = self._facts.named(shown.text, start, end, about=about)
        if reference is None and quoted[1].lower() != "one":  # no numeral to the lint
            return None
        blank = "\u00b7" * (number.end() - number.start())
        return reference, replace(read, text=read.text[: number.start()] + blank + read.text[number.end() :])

    def _all_facts(self, shown: _Shown, read: _Read) -> Typed | None:
        """Of a sentence on something else than results: its typed numbers, where each is a value that the words name."""
        typed = [
            (begin + number.start(), begin + number.end())
            for begin, end, own in shown.pieces
            if own
            for number in _NUMERAL.finditer(self.recorded.other_names.sub(lambda name: "\u00b7" * len(name[0]), shown.text[begin:end]))
        ]
        found = [self._facts.named(shown.text, start, end, about=()) for start, end in typed]
        references = tuple(one for one in found if one is not None)
        if read.named or not found or len(references) < len(found) or _COMPARES.search(shown.text):
            return None
        return Typed(verdict="needs references", reason="every number is in the record", references=references)

    def _refused(self, judgement: Judgement, shown: _Shown) -> Typed | None:
        """None where the fault is found in a value that is looked up: the lint and the claims table judge those."""
        quoted = _PLACED.match(judgement.reason)
        looked_up = [shown.text[begin:end] for begin, end, typed in shown.pieces if not typed]
        if quoted and any(quoted[1] in as_ascii(text) for text in looked_up):
            return None
        reason = judgement.reason
        for word, name in self.recorded.conditions.items():
            if word != BASELINE:
                reason = re.sub(rf"\b{word}\b", lambda _, of=name: self.recorded.results.conditions[of].label, reason)
        return Typed(verdict="refused", reason=reason)

    # ------------------------------------------------------------ the sentence as text

    def _shown(self, content: Inlines) -> _Shown:
        text, pieces = "", []
        for part in flat(content):
            if isinstance(part, Emphasis | Strong | Link):
                continue  # what they hold follows
            words = re.sub(r"\s", " ", part.text) if isinstance(part, Text) else self._word(part)
            pieces.append((len(text), len(text) + len(words), isinstance(part, Text)))
            text += words
        return _Shown(text, tuple(pieces))

    def _word(self, part: Inline) -> str:
        if isinstance(part, ValueRef):
            key = normal(part.expression)
            if key not in self._known or not _READ_BY_THE_CHECK.match(key):
                return "some"
            try:
                shown = format_value(self._known[key], part.format, key=key)[0]
            except ManuscriptRefused:
                return "some"  # another rule names the fault
            return _UNDECIDED if self._known[key].value == "not distinguishable" else shown
        return "formula" if isinstance(part, Maths) else "code" if isinstance(part, Code) else "the figure"

    def _read(self, text: str) -> _Read:
        recorded = self.recorded
        found = [
            (mention.start, mention.end, "the baseline" if recorded.words[mention.condition] == BASELINE else recorded.words[mention.condition], mention.condition)
            for mention in mentions(text, recorded.names)
        ]  # fmt: skip
        taken = [(start, end) for start, end, _, _ in found]
        names = [
            (match.start(), match.end(), "\u00b7" * (match.end() - match.start()), None)
            for match in recorded.other_names.finditer(text)
            if not any(start < match.end() and match.start() < end for start, end in taken)
        ]
        taken += [(start, end) for start, end, _, _ in names]
        measured = [
            (match.start(), match.end(), recorded.metric_word, "")
            for match in recorded.metric_names.finditer(text)
            if not any(start < match.end() and match.start() < end for start, end in taken)
        ]
        tests = [
            (match.start(), match.end(), "p = ", None)
            for match in re.finditer(r"(?<!\w)p (?=[01]\.\d)", text)
            if not any(start < match.end() and match.start() < end for start, end in taken)
        ]
        read, done = "", 0
        edits: list[tuple[int, int, int, int]] = []
        named: list[tuple[Slug, int, int]] = []
        places: list[int] = []
        for start, end, word, condition in sorted((*found, *names, *measured, *tests), key=lambda edit: edit[0]):
            read += text[done:start]
            edits.append((len(read), len(read) + len(word), start, end))
            if condition:
                named.append((condition, len(read), len(read) + len(word)))
            elif condition is not None:
                places.append(len(read))
            read, done = read + word, end
        return _Read(read + text[done:], tuple(edits), tuple(named), tuple(places))

    # ------------------------------------------------------------ whether nothing is left to judge

    def _sure(self, one: Printed, sentence: Sentence, shown: _Shown, read: _Read) -> bool:
        if PREDICTION.search(shown.text) or _OF_OTHERS.search(shown.text):
            return False
        key = one.reference.key
        if key in _COUNTED:
            behind = shown.text[one.end :]
            return bool(OWN_SETTINGS.match(sentence.place)) and bool(re.match(rf"[ -](?:\w+ )?(?:{_COUNTED[key]})\b", behind))
        if key.startswith("cfg.") or one.kind == "count":
            return self._sure_of_setting(one, sentence, shown, read)
        if not OWN_RESULTS.match(sentence.place) or not one.conditions:
            return False
        return self._sure_of_result(one, sentence, shown, read)

    def _sure_of_setting(self, one: Printed, sentence: Sentence, shown: _Shown, read: _Read) -> bool:
        """The setting's own word stands near the number, in a sentence about the runs of this study."""
        named = {condition for condition, _, _ in read.named}
        if not OWN_SETTINGS.match(sentence.place) or not one.conditions <= named or (one.conditions and len(named) > 1):
            return False
        name = one.reference.key.rpartition(".")[2]
        for condition in one.conditions:
            name = name.removeprefix(f"{condition}_")
        if name in {"n", "wins"} or ("(" in one.reference.key):
            return bool(re.match(r"[ -](?:\w+ )?(?:seeds?|runs?|pairs?)\b", shown.text[one.end :]))
        near = f"{shown.text[max(0, one.start - 30) : one.start]} \u2022 {shown.text[one.end : one.end + 30]}"
        said = any(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", near, re.IGNORECASE) for pattern in setting_words(name))
        return said and bool(_OURS.search(shown.text) or one.conditions)

    def _sure_of_result(self, one: Printed, sentence: Sentence, shown: _Shown, read: _Read) -> bool:
        if _ELSEWHERE.search(_without(read)):
            return False
        named = {condition for condition, _, _ in read.named}
        if not one.conditions <= named:
            return False
        if one.kind in _MEASURED:
            digits = re.sub(r"\D", "", one.reference.typed).lstrip("0")
            if len(digits) < _TELLING_DIGITS or not (read.measured or self._measured_by_reference(sentence)):
                return False
        if len(one.conditions) == 2:
            return len(named) == 2
        return self._owned(one, shown, read)

    def _measured_by_reference(self, sentence: Sentence) -> bool:
        metric = self.recorded.results.metric.name
        return any(isinstance(part, ValueRef) and f".{metric}" in part.expression for part in flat(sentence.content))

    def _owned(self, one: Printed, shown: _Shown, read: _Read) -> bool:
        """The condition is the one that the number's clause is about, or its name stands right beside the number."""
        (owner,) = one.conditions
        text = shown.text
        places = [(condition, read.back(start), read.back(end)) for condition, start, end in read.named]
        before = [place for place in places if place[2] <= one.start]
        behind = [place for place in places if place[1] >= one.end]
        if behind and _BESIDE_BEHIND.fullmatch(text[one.end : behind[0][1]]):
            return behind[0][0] == owner
        if not before or before[-1][0] != owner:
            return False
        between = text[before[-1][2] : one.start]
        if _BESIDE_BEFORE.fullmatch(between):
            return True
        return not _BREAK.search(between) and not _REFERENCED.search(text[: before[-1][1]])


def _without(read: _Read) -> str:
    """The words without the names of conditions and of the metric, which may hold any word."""
    text = read.text
    for begin, end, _, _ in read.edits:
        text = text[:begin] + "\u2022" * (end - begin) + text[end:]
    return text


def _followed_well(after: str, recorded: RecordedStudy) -> bool:
    """Behind the number stands its unit or the metric, or nothing that could be another unit."""
    return bool(
        re.match(r" ?%", after)
        or re.match(r" ?(?:percentage )?points?\b", after)
        or recorded.metric_names.match(after.lstrip())
        or re.match(
            r"(?:[,.;:)\]!?]|$| ?(?:\u00b1|\()| (?:and|or|for|with|on|in|to|over|than|against|versus|at|by|while|whereas|but|when|as|per seed"
            r"|below|above|lower|higher|better|worse|under|is|was|from|of the|(?:across|averaged)\b)\b)",
            after,
        )
    )


def _with(content: Inlines, shown: _Shown, found: list[Printed]) -> Inlines:
    """The inlines with a reference in the place of each number."""
    pieces = iter(shown.pieces)

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


def _split(text: str, found: list[Printed], begin: int) -> Iterator[Inline]:
    """begin: where the text stands in the sentence."""
    done = 0
    for one in sorted(found, key=lambda one: one.start):
        if words := text[done : one.start - begin]:
            yield Text(text=words)
        yield ValueRef(expression=one.reference.key, format=one.reference.format)
        done = one.end - begin
    if words := text[done:]:
        yield Text(text=words)
