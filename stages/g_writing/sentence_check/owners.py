"""Whose a number is: the conditions that it can belong to, from the order of names and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.pairs import CHANGES_OF, REPLACES, ablated, whole_of
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantifiers import conditions_quantifier
from stages.g_writing.sentence_check.reading import Number

_AGAINST = re.compile(r"\b(?:instead of|rather than|versus|vs|against|compared (?:with|to)|as opposed to|up from|down from|than)\b")


def conditions_of(now: Progress, number: Number, levels: Sequence[Number]) -> list[str]:
    """Conditions that the number can belong to, from the order of names and numbers."""
    if now.reading and now.reading.condition:
        subject = _level_of_the_subject(now, number)
        return [now.reading.condition] if subject in {None, now.reading.condition} else []
    mentions = now.sentence.conditions
    distinct = [m for i, m in enumerate(mentions) if i == 0 or m.name != mentions[i - 1].name]
    names = list(dict.fromkeys(m.name for m in distinct))
    place = next((k for k, each in enumerate(levels) if each.start == number.start), None)
    text = now.sentence.text
    if not names:
        return unnamed(now, number, levels, place)
    if causer := _causer(now, number, distinct):
        return [causer]
    if own := _bracketed_pair(now, number):
        return [own]
    if subject := _level_of_the_subject(now, number):
        return [subject]
    if len(names) == 1:
        return _of_the_only_name(now, number, levels, place, distinct[0])
    owned = {other.start: name for other in levels if (name := bracketed(now, other, distinct))}
    if number.start in owned:
        return [owned[number.start]]
    if place is not None and len(levels) == 2 == len(names) and owned:  # 'with a, it falls from x (b) to y'
        return [name for name in names if name not in owned.values()]
    anchors = levels if place is not None else [n for n in now.sentence.numbers if n.start <= number.start and n in levels][-1:]
    if place is None:  # a deviation belongs to the value before it
        return conditions_of(now, anchors[-1], levels) if anchors else names
    if len(levels) == len(distinct) and len(distinct) == len(names):
        return [distinct[1 - place if reference_last(now, levels, distinct) else place].name]
    before = [m for m in distinct if m.end <= number.start]
    after = [m for m in distinct if m.start >= number.end]
    close = re.match(r"\s*(?:%|percent)?\s*(?:(?!that\b|those\b)\w+ ){0,2}(?:for|by|with|of) (?:the )?", text[number.end :])
    if close and after and after[0].start <= number.end + close.end() + 4:
        return [after[0].name]
    return [(before[-1] if before else after[0]).name]


_APART = re.compile(
    r"\b(?:ahead of|short of|behind|above|below|over|under|beyond|than|by)\b[^,;:]*, (?:(?:at|with|reaching|scoring|ending (?:up )?at|landing at) )(?:an? (?:[\w@-]+ ){1,4}of )?(?:about |around |only |just )?$",
    re.IGNORECASE,
)


_BRACKETED_PAIR = re.compile(
    r"\((?:an? |the )?(?:about )?-?[\d.,]+[kM]? ?(?:%|[A-Za-z/]+)? (?:against|versus|vs\.?|compared (?:with|to)|instead of|rather than|as opposed to) (?:about )?-?[\d.,]+[kM]?\b[^()\d]{0,25}\)"
)


def _bracketed_pair(now: Progress, number: Number) -> str | None:
    """'a is as fast as b (40.1k against 41.2k tokens per second)': the first value is the subject's, the second the other's."""
    said = next((m for m in _BRACKETED_PAIR.finditer(now.sentence.text) if m.start() < number.start < m.end()), None)
    names = {mention.name for mention in now.sentence.conditions}
    if said is None or len(now.pair.options) != 1 or not now.pair.named or not names <= set(now.pair.options[0]):
        return None
    inner = [other for other in now.sentence.numbers if said.start() < other.start < said.end()]
    return now.pair.options[0][0 if number.start == inner[0].start else 1] if len(inner) == 2 else None


def _level_of_the_subject(now: Progress, number: Number) -> str | None:
    """'a stays 0.5 points ahead of b, at 91.6 %': behind the distance of the two stands the value of the one that the clause is about."""
    said = _APART.search(now.sentence.text[: number.start])
    pairs = {a for a, _ in now.pair.options}
    if said is None or len(pairs) != 1 or not now.pair.named or number.unit in {"pp", "points", "x"}:
        return None
    start = max(now.sentence.text.rfind(cut, 0, said.start()) for cut in (",", ";", ":"))
    before = [other for other in now.sentence.numbers if start < other.start and other.end <= number.start]
    named = [mention for mention in now.sentence.conditions if start < mention.start < number.start]
    values = [other for other in now.sentence.numbers if other.start >= number.start]
    if len(before) != 1 or len(values) != 1 or not named or now.roles.role(before[0]) != "difference":
        return None
    return pairs.pop()


_BRINGS_TO = re.compile(
    r"\b(?:reduces?|reduced|lowers?|lowered|raises?|raised|increases?|increased|decreases?|decreased|brings?|brought|cuts?|pushe[sd]|lifts?|lifted|improves?|improved|boosts?|boosted)"
    r" (?:(?!from\b|by\b|while\b|and\b)[^\d,;:]){2,80}? to (?:about |around |roughly |only |just )?$",
    re.IGNORECASE,
)


_LEAVES_AT = re.compile(r"\b(?:leav(?:es|ing)|left) (?:it|them|us|the \w+) (?:at|with)(?: an?| only| just| about)? $", re.IGNORECASE)


def _causer(now: Progress, number: Number, distinct: Sequence[Mention]) -> str | None:
    """'Removing x reduces the accuracy of y to 79.6 %': the value after a change is that of the verb's subject, not that of its object."""
    said = _BRINGS_TO.search(now.sentence.text[: number.start])
    if (
        _LEAVES_AT.search(now.sentence.text[: number.start])
        and re.match(r"\W*[A-Z][a-z]+ing\b", now.sentence.text)
        and distinct[0].start < 2
    ):
        return distinct[0].name  # 'Dropping x costs y 0.5 points and leaves it at 95.1 %'
    if said is None or len({mention.name for mention in distinct}) < 2:
        return None
    subjects = [
        mention
        for mention in distinct
        if mention.end <= said.start()
        and not re.search(
            r"\b(?:from|of|in|to|over|than|with|for|against|on) (?:the )?$", now.sentence.text[: mention.start], re.IGNORECASE
        )
    ]
    return subjects[0].name if len({mention.name for mention in subjects}) == 1 else None


def _of_the_only_name(now: Progress, number: Number, levels: Sequence[Number], place: int | None, mention: Mention) -> list[str]:
    """Whose a number is where one condition is named: its own, or that of the one it is compared with."""
    text, main, names = now.sentence.text, now.study.main_pair, [mention.name]
    clause = _clause_of_change(now, number, levels)
    if clause:  # 'a climbs from x to y, while b falls from u to v'
        levels, place = clause, clause.index(number)
    if re.fullmatch(r"\W?\s*(?:[A-Za-z/]+ )?", text[number.end : max(number.end, mention.start)]) and mention.start > number.end:
        return names  # '0.295 nats without x'
    if (
        len(levels) == 2
        and re.search(r"\bfrom\b.*\bto\b", text)
        and place is not None
        and not re.search(r"\brang|\bbetween\b|\bvar(?:y|ies)", text)
    ):
        other = [name for name in now.study.conditions if name != names[0]]
        reference = (
            re.search(r"(?:from|compared|relative|baseline)", text[: mention.start]) is not None and names[0] == (main or ("", ""))[1]
        )
        if now.study.reference not in {None, names[0]} and not (main and names[0] not in main):
            other = [name for name in other if name == now.study.reference]
        return (other if not (main and main[0] == names[0]) else [main[1]]) if (place == 0) is not reference else names
    turned = re.search(
        r"\b(?:falls?|fell|drops?|dropped|rises?|rose|improves?|improved|increases?|increased|decreases?|decreased|reduced|lowered|raised)"
        r" to\b",
        text,
    )
    if len(levels) == 2 and main and names[0] == main[1] and turned and levels[0].end <= turned.start() < levels[1].start:
        return names if number is levels[0] else [main[0]]
    against = re.search(r"\b(?:against|versus|vs|compared|than|instead of|not|up from|down from)\b", text)
    if len(levels) == 2 and main and names[0] in main and against:
        opponent = main[0] if names[0] == main[1] else main[1]
        if names[0] == main[0]:
            return names if number.end <= against.start() or number is levels[0] else [opponent]
        nearest = min(levels, key=lambda n: min(abs(n.end - mention.start), abs(n.start - mention.end)))
        return names if nearest is number else [opponent]
    return names


def _clause_of_change(now: Progress, number: Number, levels: Sequence[Number]) -> list[Number]:
    """The two values of a clause 'from x to y' that the number stands in, where the sentence holds other values as well."""
    cuts = [0, *(m.end() for m in re.finditer(r"[,;]|\b(?:while|whereas)\b", now.sentence.text)), len(now.sentence.text)]
    start, end = max(c for c in cuts if c <= number.start), min(c for c in cuts if c >= number.end)
    own = [other for other in levels if start <= other.start < end]
    change = re.search(r"\bfrom\b.*\bto\b", now.sentence.text[start:end])
    return own if change and len(own) == 2 < len(levels) and number in own else []


def unnamed(now: Progress, number: Number, levels: Sequence[Number], place: int | None) -> list[str]:
    """The conditions that a number belongs to where the sentence names none."""
    alike = [other for other in levels if other.unit == number.unit]
    if place is not None and len(alike) == 2 < len(levels) and number in alike:
        levels, place = alike, alike.index(number)
    text, main = now.sentence.text, now.study.main_pair
    if (
        place is not None
        and len(levels) == len(now.study.conditions) > 2
        and now.sentence.has(rf"all|the (?:\w+ )?(?:{w.CONDITION_NOUNS})")
    ):
        return [list(now.study.conditions)[place]]  # in the order of the record
    if (
        not now.sentence.metrics
        and number.unit == ""
        and (
            number.step >= 1
            or not now.sentence.has("it|its|we|our|method|model|results?|scores?|runs?|seeds?|gains?|improvements?|deviations?")
        )
    ):
        return []  # nothing of the study is named
    if everywhere(now) or now.sentence.has(r"of any (?:run|seed)|overall"):
        return list(now.study.conditions)
    if len(levels) == 2 and re.search(r"\bfrom\b", text) and re.search(r"\bto\b", text) and place is not None:
        return from_to(now, levels, place)
    if len(levels) == 2 and main and place is not None and _AGAINST.search(text[levels[0].end : levels[1].start]):
        return [main[place]]
    if main and not now.sentence.has("corresponds?|equals?|equivalent"):
        return [main[0]]
    return list(now.study.conditions)


def bracketed(now: Progress, number: Number, distinct: Sequence[Mention]) -> str | None:
    """The one in brackets right behind a number: '24.64 (Adam)'."""
    return next(
        (
            mention.name
            for mention in distinct
            if mention.start > number.end
            and re.fullmatch(r"\s?%?(?: [A-Za-z/]+){0,2} \((?:the )?", now.sentence.text[number.end : mention.start])
            and now.sentence.text[mention.end :].startswith(")")
        ),
        None,
    )


def reference_last(now: Progress, levels: Sequence[Number], distinct: Sequence[Mention]) -> bool:
    """'a improves it from x to y compared with b': the first number is the reference's, which is named last."""
    turn = re.search(r"\bfrom\b(?=.*\bto\b)", now.sentence.text)
    taken = whole_of(distinct[0].name, now.study) == distinct[1].name and re.match(r"\w+ing\b", now.sentence.text[distinct[0].start :])
    if turn and taken and len(levels) == 2 == len(distinct) and distinct[1].end <= levels[0].start:
        return True  # 'removing a part lowers the value of the whole from x to y'
    between = now.sentence.text[distinct[0].end : distinct[1].start]
    changed = CHANGES_OF.fullmatch(between) and distinct[1].end <= levels[0].start
    if turn and len(levels) == 2 == len(distinct) and (changed or REPLACES.fullmatch(between)):
        return True  # 'falls from x to y once a replaces b'
    compared = re.search(r"\b(?:compared (?:with|to)|relative to|over|versus|against|instead of)\b", now.sentence.text)
    if turn is None or compared is None or not len(levels) == 2 == len(distinct):
        return False
    return distinct[0].end <= turn.start() and levels[1].end <= compared.start() < distinct[1].start


_ENABLING = re.compile(r"\b(?:re-?)?(?:enabl|add|introduc|includ|switch|turn|us|apply|employ|restor|reinstat)ing\b", re.IGNORECASE)
"""'Enabling augmentation lowers it from x to y': from the value without the part to that of the whole."""


def from_to(now: Progress, levels: Sequence[Number], place: int) -> list[str]:
    """'falls from x to y' without names: the reference first; its direction is checked with the pair."""
    part = ablated(now.sentence, now.study)
    if part and (whole := whole_of(part, now.study)) and _ENABLING.search(now.sentence.text[: levels[0].start]):
        return [part] if place == 0 else [whole]
    if now.study.main_pair:
        ours, baseline = now.study.main_pair
        return [baseline] if place == 0 else [ours]
    down = now.sentence.has(w.NUMERIC_DOWN)
    if (levels[1].value < levels[0].value) is not down:
        return []
    return list(now.study.conditions)


def everywhere(now: Progress) -> bool:
    counted = conditions_quantifier(now.sentence.text, now.study.families)
    return (counted is not None and counted.whole) or now.sentence.has(
        r"both|all (?:\w+ )?(?:methods|models|conditions|variants|agents|optimi[sz]ers)|every (?:method|model|condition)|each (?:method|model)"
    )
