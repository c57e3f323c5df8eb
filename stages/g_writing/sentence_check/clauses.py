"""A long sentence taken apart: each clause as a sentence of its own, with the subject and the metric that it takes over.

'x reaches 92.4 %, whereas y stays at 91.1 % and never exceeds 91.4 %' is three statements. Each one is read as if it stood alone, and
may be false alone; the sentence stands where all of them do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.chains import going_on
from stages.g_writing.sentence_check.pairs import pair_of
from stages.g_writing.sentence_check.quantifiers import conditions_quantifier
from stages.g_writing.sentence_check.reading import Sentence, read
from stages.g_writing.sentence_check.study import Study

LONGEST = 1500
"""Characters of a sentence that is taken apart; a longer one is no sentence. A guess."""
_JOINT = r"while|whereas|although|though|but|yet|and|with|so that|where"
_SUBORDINATE = r"while|whereas|although|though|when|once|even though|even if|if"
_PREDICATE = (
    rf"(?!above\b|below\b|more\b|less\b|fewer\b|higher\b|lower\b|larger\b|smaller\b|longer\b|shorter\b|better\b|worse\b|best\b|worst\b|faster\b|slower\b)(?:never|also|still|even|only|{w.RESULT_VERBS}|{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|{w.BETTER}|{w.WORSE}|averages?|amounts?|stands?|lies|"
    r"ends?|falls?|rises?|costs?|saves?|leaves?|keeps?|trails?|sustains?|peaks?|peaked|ranges?|varies|varied|completes?|completed)"
)
"""Words that begin a predicate without a subject."""
_APART = re.compile(
    rf";\s+|\s+[—–]\s+|:\s+|,\s+(?:{_JOINT})\s+|\s+(?:while|whereas|although|though|but)\s+|\s+and\s+(?=(?:{_PREDICATE})\b)",
    re.IGNORECASE,
)
_PREPOSITIONS = r"by|to|from|at|over|against|for|above|below|under"
_CHARACTER = r"(?:[^,;]|(?<=\d),(?=\d))"
_COORDINATED = re.compile(
    rf"\b(?P<first>{_PREPOSITIONS}) (?:(?!\b(?:{_PREPOSITIONS}|and)\b){_CHARACTER})*?\d{_CHARACTER}*?(?P<joint>,? and )(?P<second>(?:{_PREPOSITIONS}) {_CHARACTER}*\d.*)$",
    re.IGNORECASE,
)
"""'falls by 21.7 % with a and by 23.9 % with b': the words up to the first 'by' belong to both."""
_BETWEEN = re.compile(
    rf"\b(?P<first>between) {_CHARACTER}*?\d{_CHARACTER}*? and {_CHARACTER}*?\d{_CHARACTER}*?(?P<joint>,? and )(?P<second>between {_CHARACTER}*\d.*)$",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\b(?:compared (?:with|to)|relative to|measured against|over|than|against|versus)\s+$", re.IGNORECASE)
_ADVANTAGE = re.compile(
    r"\bthe (?:\w+ )?(?:advantage|lead|gain|improvement|difference|gap|margin|benefit|reduction|saving|overhead|distance) (?:of|between|over|from) [^,;.\d]+?(?= (?:is|was|amounts?|reache[sd]|stands?|comes?|equals?|measures?)\b)",
    re.IGNORECASE,
)
"""'the advantage of a over b', which 'it' means in the next clause."""
_PART_OF_BEFORE = re.compile(r"\b(?:out )?of (?:these|those|them|which|that)\b(?! (?:takes?|is|are|was|were)\b)", re.IGNORECASE)
"""'0.85 of these come from …': a share of a number in the clause before means nothing without it."""
_ADVERBS = r",? (?:(?:only|just|merely|even|about|roughly|nearly|almost|around|some|by|at|with|to) ){0,2}"
_UNIT_ONLY = r"\s?(?:%|percent|(?:percentage )?points?|pp|x|×|nats|bits|s|ms|min|h|seconds|minutes|hours|tokens/s)?[.,;]?\s*$"
_OF_ALL = re.compile(
    rf"\b(?:all|every|each|both|any|none|no|neither)\b(?! (?:of )?(?:its|the|of|their)?\s?(?:{w.SEED_NOUNS}))", re.IGNORECASE
)


@dataclass(frozen=True)
class Clause:
    """A clause as a sentence of its own."""

    text: str
    start: int
    """Where the clause's own words begin in the sentence."""
    at: int
    """Where they begin in `text`, behind what was taken over."""
    end: int
    """Where they end in `text`, before what was taken over."""
    metric: str | None
    """The one that its numbers are of where it names none."""
    reference: str = ""
    """What the clause before compared with: this one may mean it, too."""

    def place(self, start: int) -> int | None:
        """Place in the sentence of a place in `text`; None for what was taken over."""
        return start - self.at + self.start if self.at <= start < self.end else None


@dataclass(frozen=True)
class _Taken:
    """What a clause takes over from the one before."""

    subject: str = ""
    last: str = ""
    """The condition that was named last: the one that 'whose' means."""
    metric: str | None = None
    reference: str = ""
    clause: Sentence | None = None
    everyone: bool = False
    """The clause before spoke of all conditions, or of none: 'them'."""


def clauses(sentence: Sentence, study: Study) -> tuple[Clause, ...]:
    """The clauses of a sentence with numbers in more than one of them; none where there is nothing to take apart."""
    if len(sentence.numbers) < 2 or len(sentence.text) > LONGEST or re.search(r"\brespectively\b", sentence.text, re.IGNORECASE):
        return ()
    if _PART_OF_BEFORE.search(sentence.text):
        return ()
    spans = list(_coordinated(sentence, _spans(sentence)))
    if len(spans) < 2:
        return ()
    found: list[Clause] = []
    taken = _Taken()
    for start, end, head in spans:
        own = sentence.unblanked[start:end]
        clause = _standing_alone(own, head, start, taken, study)
        found.append(clause)
        taken = _left_behind(clause, taken, study)
    return tuple(found)


def _spans(sentence: Sentence) -> list[tuple[int, int]]:
    """Where the clauses stand: each holds a number, what holds none belongs to the one before (the first to the one behind)."""
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", lambda m: "(" + "x" * (len(m[0]) - 2) + ")", sentence.unblanked)
    cuts = [(m.start(), m.end()) for m in _APART.finditer(text)]
    for mention in sentence.conditions:
        listed = re.search(r"(?:,(?: and)?|;| and) (?=(?:the |our |for |with )?$)", text[: mention.start])
        if listed and any(other.end <= listed.start() for other in sentence.conditions):
            cuts.append((listed.start(), listed.end()))
        if whose := re.match(r", (?=(?:whose|which)\b)", text[mention.end :]):
            cuts.append((mention.end, mention.end + whose.end()))
    if re.match(rf"(?:{_SUBORDINATE})\b", text, re.IGNORECASE) and (comma := re.search(r"\d[^,]*(, )", text)):
        cuts.append((comma.start(1), comma.end(1)))
    spans, begin = [], 0
    for start, end in sorted(set(cuts)):
        if start < begin:
            continue
        if any(begin <= n.start < start for n in sentence.numbers) and any(n.start >= end for n in sentence.numbers):
            spans.append((begin, start))
            begin = end
    return [*spans, (begin, len(text))]


def _coordinated(sentence: Sentence, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """The clauses, with those of 'by x with a and by y with b' taken apart; the third: the words that belong to both."""
    for start, end in spans:
        text = sentence.unblanked[start:end]
        if pair := _BETWEEN.search(text) or _COORDINATED.search(text):
            yield start, start + pair.start("joint"), ""
            yield start + pair.start("second"), end, text[: pair.start("first")]
        else:
            yield start, end, ""


def _standing_alone(own: str, head: str, start: int, taken: _Taken, study: Study) -> Clause:
    """A clause with the subject and metric that it lacks."""
    if opening := re.match(rf"\s*(?:(?:{_JOINT}|{_SUBORDINATE}|as|so)\s+)+", own, re.IGNORECASE):
        start, own = start + opening.end(), own[opening.end() :]
    before, replaced = (head, 0) if head else _taken_over(own, taken, study)
    behind = ""
    if gapped := _gapped(own, taken, study):
        before, replaced, behind = gapped
        own = own.rstrip(" .,;")
    text = before + own[replaced:] + behind
    stands = read(text, study)
    named = {text[mention.start : mention.end] for mention in stands.conditions}
    reference = taken.reference if len(stands.conditions) == 1 and taken.reference not in named else ""
    end = len(text) - len(behind)
    return Clause(text, start + replaced, len(before), end, None if stands.metrics else taken.metric, reference)


def _gapped(own: str, taken: _Taken, study: Study) -> tuple[str, int, str] | None:
    """'a gives up 11.7 % of b's throughput, c only 2.7 %': the second clause leaves out what the first one says around its number.

    What has to stand before its number, how many of its first characters that replaces, and what has to stand behind.
    """
    stands = read(own, study)
    before = taken.clause
    if before is None or len(stands.conditions) != 1 or len(stands.numbers) != 1 or len(before.numbers) != 1:
        return None
    name, number, model = stands.conditions[0], stands.numbers[0], before.numbers[0]
    between = stands.text[name.end : number.start]
    if not re.fullmatch(_ADVERBS, between) or not re.fullmatch(_UNIT_ONLY, stands.text[number.end :]):
        return None
    subject = before.conditions[0] if before.conditions else None
    if subject is None or subject.end > model.start or number.unit != model.unit:
        return None
    verb = re.sub(rf"{_ADVERBS}$", " ", before.unblanked[subject.end : model.start])
    tail = (
        re.sub(rf"^{_UNIT_ONLY[:-1]}", "", before.unblanked[model.end :])
        if re.match(_UNIT_ONLY[:-1], before.text[model.end :])
        else ""
    )
    return (
        stands.unblanked[name.start : name.end] + verb + between.strip() + " " * bool(between.strip()),
        number.start,
        f" {tail.strip()}",
    )


def _taken_over(own: str, taken: _Taken, study: Study) -> tuple[str, int]:
    """What has to stand before a clause so that it stands alone, and how many of its first characters that replaces."""
    if taken.everyone and (them := re.match(r"(none|all|each|every one|neither|both) of them\b", own, re.IGNORECASE)):
        return f"{them[1]} of the conditions", them.end()
    if not taken.subject:
        return "", 0
    if chain := going_on(own, taken.subject, study):
        return chain
    for pattern, meant in (
        (r"whose\b", f"{taken.last}'s"),
        (r"which\b", taken.last),
        (r"(?:its|their)\b", f"{taken.subject}'s"),
        (r"(?:it|they|this one|that one|the latter)\b", taken.subject),
    ):
        if said := re.match(pattern, own, re.IGNORECASE):
            return meant, said.end()
    if re.match(rf"(?:{_PREDICATE})\b", own, re.IGNORECASE):
        return f"{taken.subject} ", 0
    inner = re.search(r"\b(?:its|their)\b", own)
    if inner and not re.search(r"\d", own[: inner.start()]) and not read(own[: inner.start()], study).conditions:
        return f"{own[: inner.start()]}{taken.subject}'s", inner.end()  # 'every one of its runs'
    if read(own, study).conditions or _OF_ALL.search(own):
        return "", 0
    return f"For {taken.subject}, ", 0


def _left_behind(clause: Clause, taken: _Taken, study: Study) -> _Taken:
    """What the next clause can take over: the subject and the last metric that was named."""
    stands = read(clause.text, study)
    subject, last = taken.subject, taken.last
    if stands.conditions:
        last = stands.unblanked[stands.conditions[-1].start : stands.conditions[-1].end]
        name = pair_of(stands, study).options[0][0]
        mention = next((m for m in stands.conditions if m.name == name), None)
        subject = stands.unblanked[mention.start : mention.end] if mention else "our method" if name == study.proposed else ""
    if advantage := _ADVANTAGE.search(stands.unblanked):
        subject = advantage[0]
    reference = _COMPARED.search(stands.unblanked[: stands.conditions[-1].start]) and last if stands.conditions else taken.reference
    return _Taken(
        subject,
        last,
        stands.metrics[-1].name if stands.metrics else taken.metric,
        reference or "",
        stands,
        everyone=conditions_quantifier(stands.text, study.families) is not None or (taken.everyone and not stands.conditions),
    )
