"""Other readings of a number for which the first reading finds no value: what else the words of its clause let it be.

The first reading follows the words right beside a number. Where no recorded value fits it, a value is still the one meant if it agrees
with the printed digits, the unit, and the condition and metric that the number's own part of the sentence names, and if some word of
the sentence says that such a quantity is spoken of. An unknown word refuses nothing; a name or unit that disagrees does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.condition_names import REMOVED, part_pattern
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, DEVIATION, OF_A_CHANGE
from stages.g_writing.sentence_check.quantities import SECONDS
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study

_COMPARES = re.compile(
    rf"\b(?:{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}|differ\w*|gap|margin|chang\w+|apart|effect|costs?|"
    r"explain\w*|attribut\w*|adds?|due|gained|lost|contribut\w+|account\w*|worth|minus|delta|than|times|factor|twice|ratio|saving|overhead|penalty|premium|deficit|distance|shift\w*|"
    r"separat\w+|swing|offset|jump\w*|boost\w*|slow\w*|relative|relatively)\b",
    re.IGNORECASE,
)
_SCATTERS = re.compile(
    rf"{DEVIATION.pattern}|±|\+/-|\bscatter\w*|\bfluctuat\w*|\bvari\w+\b|\bnoise\b|\bsigma\b|\bwobbl\w*|\bjitter\w*", re.IGNORECASE
)
_VARIANCE = re.compile(r"\bvariances?\b", re.IGNORECASE)
_ADJACENT_CHANGE = re.compile(
    r"\b(?:by|rel\.)\s*(?:about |roughly |around |nearly |almost |just |only |some |a |an |the )*$", re.IGNORECASE
)
_CHANGE_BEHIND = re.compile(
    r"\s*(?:[\w/]+ ){0,4}?(?:above|below|higher|lower|more|less|fewer|better|worse|faster|slower|ahead|behind|apart|larger|smaller|longer|shorter)\b"
)
_INTERVAL = re.compile(r"\b(?:confidence|CIs?|intervals?)\b|\[\s*-?\d", re.IGNORECASE)
_CUT = re.compile(
    r"[,;:()\[\]]|\b(?:while|whereas|but|than|against|versus|vs|as opposed to|instead of|rather than|compared (?:with|to)|relative to|and|or)\b",
    re.IGNORECASE,
)
_UNIT_FOR_ALL = (
    ("%", r"\bin (?:percent|per cent|%)"),
    ("pp", r"\bin (?:percentage )?points\b"),
    ("ms", r"\bin (?:milliseconds|ms)\b"),
    ("s", r"\bin (?:seconds|s)\b"),
    ("min", r"\bin minutes\b"),
)


@dataclass(frozen=True)
class Reading:
    """One more way to read a number: None leaves the first reading's choice."""

    role: str
    unit: str
    condition: str | None = None
    metric: str | None = None
    stat: str | None = None


COARSE = 0.26
"""Share of a number that its last digit may be worth: nearly every record holds some value that rounds to a 1 or to 0.2. A guess."""


def readings(number: Number, role: str, sentence: Sentence, study: Study, last_metric: str | None) -> Iterator[Reading]:
    """The other readings that the sentence's words license, the nearest first."""
    start, end = part(number, sentence)
    conditions: list[str | None] = [None, *_conditions_for(number, sentence, study)]
    metrics: list[str | None] = [None, *_metrics_for(number, sentence, study, last_metric)]
    stats: list[str | None] = [None, *statistics(number, sentence, start, end)]
    if not sentence.conditions and _OF_ALL.search(sentence.text):
        for named in [m.name for m in sentence.metrics][:1] or study.metrics:
            yield from (Reading("extreme", unit, None, named) for unit in units(number, "level", sentence, study))
    if number.unit == "points" and number.step >= 1:  # 'trained on 800 points'
        yield Reading("setting", "")
    coarse = number.step > COARSE * abs(number.value) and number.unit in {"", "pp", "points"}
    for other in (role, *roles(number, role, sentence)):
        if coarse and other in {"level", "std", "range"}:
            continue
        of_one = conditions if other in {"level", "std", "range"} else [None]
        of_level = stats if other == "level" else [None]
        for unit, metric, condition, stat in product(units(number, other, sentence, study), metrics, of_one, of_level):
            if other != role or unit != number.unit or metric or condition or stat:
                yield Reading(other, unit, condition, metric, stat)


def _conditions_for(number: Number, sentence: Sentence, study: Study) -> list[str]:
    """Conditions that the number's own part names, or else the partner of the only one named, or the name before it."""
    if listed(sentence):
        return []
    start, end = part(number, sentence)
    named = list(dict.fromkeys(m.name for m in sentence.conditions if start <= m.start < end))
    conditions = beside(number, sentence) or (named if len(named) == 1 else [])
    if named or conditions:
        return conditions
    return opponent(number, sentence, study) or [m.name for m in sentence.conditions if m.end <= number.start][-1:]


def _metrics_for(number: Number, sentence: Sentence, study: Study, last_metric: str | None) -> list[str]:
    """Metrics that the unit, a word of their names or the number before speak for."""
    start, end = part(number, sentence)
    metrics = []
    if number.unit in {"s", "ms", "min", "h", "day"}:
        metrics += [metric for metric, facts in study.metrics.items() if facts.unit in {*SECONDS, "ms", "min", "h"}]
    if not any(start <= m.start < end for m in sentence.metrics):
        metrics = ([last_metric] if last_metric else []) + metrics
        metrics += [m for m in study.metrics if any(len(word) > 4 and sentence.has(rf"{word[:5]}\w*") for word in m.split("_"))]
    return list(dict.fromkeys(metrics))


_OF_ALL = re.compile(r"\b(?:all|any|every|each|whatever|overall|no|whichever|everything)\b", re.IGNORECASE)


def statistics(number: Number, sentence: Sentence, start: int, end: int) -> Iterator[str]:
    """The mean, where a deviation or an extreme is spoken of elsewhere only; the deviation, where it is the subject of the clause before."""
    own = sentence.text[start:end]
    ahead, behind = sentence.near(number, 24, 12)
    if re.search(r"(?:\bSD|s\.d\.|±|\bstd\b|deviations?(?: of)?|sigma)\s*(?:=|:|of)?\s*$", ahead) or re.match(
        r"\s*\(?(?:SD|s\.d\.)", behind
    ):
        return
    if not re.search(r"\b(?:best|worst|highest|lowest|max\w*|min\w*|median|seed \d)\b", own, re.IGNORECASE):
        if _SCATTERS.search(sentence.text) and not _SCATTERS.search(own) and not _SUBJECT_SCATTERS.search(sentence.text):
            yield "mean"
        elif _SUBJECT_SCATTERS.search(sentence.text):
            yield "std"


_SUBJECT_SCATTERS = re.compile(
    r"\b(?:scatter\w*|fluctuat\w*|(?<!un)stable|variab\w+|var(?:y|ies|ied))\b|^\W*(?:the |a )?(?:mean )?standard deviations?\b",
    re.IGNORECASE,
)


def part(number: Number, sentence: Sentence) -> tuple[int, int]:
    """The number's own part of the sentence: up to the neighbouring numbers, commas, brackets and contrasting words."""
    cuts = [(m.start(), m.end()) for m in _CUT.finditer(sentence.text) if not re.fullmatch(r"[\[(:]", m[0])]
    cuts += [(other.start, other.end) for other in sentence.numbers if other is not number and not other.word]
    start = max((end for _, end in cuts if end <= number.start), default=0)
    return start, min((begin for begin, _ in cuts if begin >= number.end), default=len(sentence.text))


def partners(number: Number, sentence: Sentence, study: Study) -> tuple[str, str] | None:
    """Among three names or more, the two whose difference a number is: 'a needs 20 % more than b, but only 3 % more than c'."""
    names = list(dict.fromkeys(mention.name for mention in sentence.conditions))
    if (
        study.proposed
        and sum(name.startswith(REMOVED) for name in names) > 1
        and set(names) <= {study.proposed, *(n for n in names if n.startswith(REMOVED))}
    ):
        start, end = part(number, sentence)
        own = [m.name for m in sentence.conditions if start <= m.start < end and m.name.startswith(REMOVED)]
        return (study.proposed, own[0]) if len(set(own)) == 1 else None
    parts = {
        name: name.removeprefix(next(p for p in REMOVED if name.startswith(p)))
        for name in study.conditions
        if name.startswith(REMOVED)
    }
    if study.proposed and len(parts) > 1 and set(names) <= {study.proposed}:
        start, end = part(number, sentence)
        said = [name for name, word in parts.items() if re.search(rf"\b{part_pattern(word)}", sentence.text[start:end], re.IGNORECASE)]
        return (study.proposed, said[0]) if len(said) == 1 else None
    if len(names) < 3:
        return None
    first = sentence.conditions[0]
    behind_all = re.search(
        r"\b(?:than|over|ahead of|behind|above|below|against)(?: that of)? (?:the )?$", sentence.text[: sentence.conditions[-1].start]
    )
    alike = [other for other in sentence.numbers if other.unit == number.unit and not other.word]
    if behind_all and len(alike) == len(names) - 1 and sentence.conditions[len(names) - 2].end <= alike[0].start and number in alike:
        return names[alike.index(number)], names[-1]  # 'a and b are x and y ahead of c'
    introduced = re.search(
        r"\b(?:compared (?:with|to)|relative to|against|over|versus|than|from)\s*(?:the |a )?$",
        sentence.text[: first.start],
        re.IGNORECASE,
    )
    limits = [other for other in sentence.numbers if other is not number and not other.word]
    start = max((other.end for other in limits if other.end <= number.start), default=0)
    end = min((other.start for other in limits if other.start >= number.end), default=len(sentence.text))
    ahead = [m for m in sentence.conditions if start <= m.start < number.start]
    if not introduced:
        ahead = [
            m
            for m in ahead
            if not re.search(r"\b(?:than|over|to|against|versus|of) (?:that of )?(?:the )?$", sentence.text[: m.start])
        ]
    behind = [m for m in sentence.conditions if number.end <= m.start < end]
    than = [
        m
        for m in behind
        if re.search(r"\b(?:than|over|below|above|behind|against|to|from)\b[^,;]*$", sentence.text[number.end : m.start])
    ]
    if introduced:
        subjects = [m for m in ahead if m is not first]
        return (subjects[-1].name, first.name) if subjects else None
    subject = ahead[0].name if ahead else first.name
    return (subject, than[0].name) if than and than[0].name != subject else None


def listed(sentence: Sentence) -> bool:
    """'a and b reach x and y': as many numbers behind the last name as there are names; their order says which is whose."""
    names = [m for k, m in enumerate(sentence.conditions) if k == 0 or m.name != sentence.conditions[k - 1].name]
    if len(names) < 2 or any(number.end <= names[-1].start for number in sentence.numbers if not number.word):
        return False
    gaps = [sentence.text[a.end : b.start] for a, b in itertools.pairwise(names)]
    behind = [number for number in sentence.numbers if number.start >= names[-1].end and not number.word]
    return len(behind) == len(names) and all(re.fullmatch(r"(?:,? (?:and|or)|,) (?:the )?", gap) for gap in gaps)


def opponent(number: Number, sentence: Sentence, study: Study) -> list[str]:
    """Of two values one stands beside the only name: the other is of the one that it is always compared with."""
    names = {mention.name for mention in sentence.conditions}
    if len(names) != 1:
        return []
    (name,) = names
    others = [other for other in sentence.numbers if other is not number and other.unit == number.unit and not other.word]
    ours, reference = study.main_pair or (None, study.reference)
    partner = {reference: ours, ours: reference}.get(name, reference if ours is None and name != reference else None)
    if name.startswith(REMOVED):
        partner = ours
    if len(others) == 1 and partner is not None:
        start, end = part(others[0], sentence)
        if any(start <= mention.start < end for mention in sentence.conditions):
            return [partner]
    return []


def beside(number: Number, sentence: Sentence) -> list[str]:
    """The condition that touches the number: 'a (91.1', '91.1 (a', 'a: 91.1', '91.1 for a', 'a, at 91.1', 'a reaches 91.1'."""
    for mention in sentence.conditions:
        if mention.end <= number.start:
            between = sentence.text[mention.end : number.start]
            if re.fullmatch(
                r"(?:'s)?[\s,]*(?:[(:=]|(?:, |, which |, who )?(?:at|with|has|is|stays at|remains at|reaches|gets|scores|takes|needs|stands at|comes to|ends at|yields|gives|))\s*(?:about |a |an |only )?",
                between,
            ):
                return [mention.name]
        elif mention.start >= number.end:
            between = sentence.text[number.end : mention.start]
            fronted = re.search(
                r"(?:^|[;,:] )(?:at|with)(?: an?| only| just| (?:[\w-]+ ){1,3}of)* $", sentence.text[: number.start], re.IGNORECASE
            )
            if fronted and re.fullmatch(r" ?(?:[\w/%\\\u00b7@-]+ ){0,3}?[\w/%\\]*, (?:the )?", between):
                return [mention.name]  # 'At 1.437 bits per character, a …'
            if re.fullmatch(
                r"\W?\s*(?:[A-Za-z/%\\]+\s*){0,2}(?:\(|\b(?:for|by|with|of|from|under|using)\s+)(?:the |in the case of )?", between
            ):
                return [mention.name]
    return []


def roles(number: Number, role: str, sentence: Sentence) -> Iterator[str]:
    """Roles that a word of the sentence licenses and none beside the number forbids."""
    text = sentence.text
    before, _ = sentence.near(number)
    change = _ADJACENT_CHANGE.search(before) is not None
    of_seeds = role == "range" and sentence.has("seeds?|runs?")
    if (
        (role in {"level", "range", "setting"} and not of_seeds and number.unit != "" and _COMPARES.search(text))
        or (
            role in {"level", "range"}
            and not of_seeds
            and _COMPARES.search(text)
            and (
                change
                or re.search(
                    r"\b(?:difference|gap|margin|advantage|lead|gain|gained|lost|due|delta|of (?:these|them|which)|comes? from|stems? from)\b",
                    text,
                )
            )
        )
        or (role in {"level", "setting"} and _CHANGE_BEHIND.match(sentence.text[number.end :]))
    ):
        yield "difference"
    if role in {"difference", "level"} and _SCATTERS.search(text) and not _VARIANCE.search(text):
        if role != "range" and not re.search(r"\bat most\b|\bup to\b|\bno more than\b", sentence.text):
            yield "std"
        if not re.search(r"\b(?:standard )?deviations?\b|\bs\.?d\b|±|\bsigma\b", text, re.IGNORECASE):
            yield "range"
    bounded = re.search(rf"(?<!\w)(?:{ABOVE}|{BELOW})\s*$", before, re.IGNORECASE) is not None
    if (
        role in {"range", "difference", "setting", "std"}
        and not change
        and not bounded
        and number.unit not in {"pp", "points", "x"}
        and not OF_A_CHANGE.match(text[number.end :])
    ):
        yield "level"
    if role in {"level", "difference"} and _INTERVAL.search(text):
        yield "interval"
    if role == "interval" and re.match(r"[^.;]{0,30}\b(?:CIs?|intervals?)\b", sentence.text[number.end :]):
        yield "difference"
    if role in {"conditions", "metrics", "seeds", "level", "difference", "part of a whole"} and number.unit == "":
        yield "setting"
        if not sentence.conditions and not sentence.metrics and number.step >= 1 and number.value >= 100 and not change:
            yield "unnamed setting"


def units(number: Number, role: str, sentence: Sentence, study: Study) -> Iterator[str]:
    """The unit as printed; where none is, one that is said once for all, or the per cent that a fraction's digits imply."""
    yield number.unit
    if number.unit == "%" and not re.match(r"\s*(?:%|per ?cent)", sentence.text[number.end :]) and abs(number.value) <= 1:
        yield ""  # '0.75 and 82 %'
    if number.unit or number.word:
        return
    if role == "difference" and (
        said := [other.unit for other in sentence.numbers if other.end <= number.start and other.unit in {"pp", "points"}]
    ):
        yield said[-1]
    for unit, pattern in _UNIT_FOR_ALL:
        if re.search(pattern, sentence.text, re.IGNORECASE):
            yield unit
            return
    fractions = any(study.metrics[m.name].unit in {"fraction", "ratio", "proportion"} for m in sentence.metrics)
    if role in {"level", "range"} and fractions and abs(number.value) > 1 and number.step < 1:
        yield "%"
