"""Who is compared with whom in a sentence."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.condition_names import REMOVED, part_pattern, removed
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

_PLAIN = r"(?:(?:plain|standard|vanilla|ordinary|simple|basic|original|usual|classical|conventional|regular|default|unmodified|mere|bare|common|existing|strong|stronger|weak|weaker|older|undistilled|untrained) )*"
"""Adjectives that set a reference off from what is compared with it."""
_REFERENCE = re.compile(
    r"(?:than|over|relative to|compared (?:with|to)|against|versus|vs\.?|below|above|as|of|with respect to|from|beats?|outperform\w*|behind|between|to"
    r"|exceed\w*|surpass\w*|overtakes?|tops|trails?|lags?|follows?|match(?:es)?|improves? (?:on|upon)|edges out|short of)"
    r"\s*(?:that of |those of |for (?:the )?|with the |in (?:the )?|the |a |\w+ (?:of|for|by|with) (?:the )?|with |worst |best |mean |average |variant |version |model |method )*"
    rf"{_PLAIN}$",
    re.IGNORECASE,
)
_STARTED_FROM = re.compile(
    r"\bfrom (?:about )?[-\d.,]+k? ?(?:%|[A-Za-z/]+)?(?: ?\(?| (?:for|with|by|under|in|of) (?:the )?)$", re.IGNORECASE
)
"""'from 0.295 nats without x': the value before a change."""
_INTRODUCED = re.compile(
    rf"(?:compared (?:with|to)|relative to|next to|alongside|beside|with respect to|as opposed to|unlike|over|against|versus|than|(?<!trained )(?<!training )(?<!learned )(?<!learnt )(?<!fitted )from|(?:compared (?:with|to)|relative to|next to|over|against|versus|than|from) (?:[a-z]+ )?(?:train(?:ed|ing)|learn(?:ed|t|ing)|fitted) from)\s*(?:the |an? )?{_PLAIN}$",
    re.IGNORECASE,
)
_TAKEN_AS = (
    re.compile(r"\b(?:taking|using|with|treating|setting|given|keeping|having) (?:the |our |a )?$", re.IGNORECASE),
    re.compile(
        r"(?: [\w-]+)? as (?:the |a |our |its )?(?:reference|baseline|yardstick|benchmark|control|point of (?:comparison|reference)|starting point|standard)\b",
        re.IGNORECASE,
    ),
)
"""'taking a as reference', before and behind the name."""


@dataclass(frozen=True)
class Pair:
    """(subject, reference) in the order of likelihood; several where the sentence leaves one of them out."""

    options: tuple[tuple[str, str], ...]
    named: bool
    strict: bool = False
    """A claim against everything that is left out: it has to hold for all of the options."""
    metric: str | None = None
    """The one metric that the sentence's numbers are of."""


_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|gets?) (?:\w+ly )?(?:outperformed|beaten|surpassed|exceeded|overtaken|outdone|undercut|outpaced)\b",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    rf"\b(?:{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}|twice|half|times|thrice)\b|\d|×", re.IGNORECASE
)


def pair_of(sentence: Sentence, study: Study) -> Pair:
    """The compared, the other way round where the verb is passive."""
    pair = _active_pair(sentence, study)
    said = _PASSIVE.search(sentence.text)
    if said and not _agent_first(said, sentence):
        return replace(pair, options=tuple((b, a) for a, b in pair.options))
    return pair


def _agent_first(said: re.Match[str], sentence: Sentence) -> bool:
    """'Even without x, the baseline is beaten': nobody is named behind the verb, the one before its subject beats it."""
    ahead = [mention for mention in sentence.conditions if mention.end <= said.start()]
    return (
        len({mention.name for mention in ahead}) == 2 == len({mention.name for mention in sentence.conditions})
        and ahead[-1].end + 1 >= said.start()
    )


_ITS_OWN = re.compile(
    r"\b(?:gains?|advantages?|leads?|improvements|edge|superiority|head start|wins?|victor(?:y|ies)) $", re.IGNORECASE
)
"""'both gains of a': those that a makes over others."""


def _is_reference(before: str) -> bool:
    """The words before a name make it what others are compared with; 'of' only behind a comparing word."""
    found = _REFERENCE.search(before)
    if found is not None and found[0].lower().startswith("of") and _ITS_OWN.search(before[: found.start()]):
        return False
    return found is not None and (not found[0].lower().startswith("of") or _COMPARING.search(before[: found.start()]) is not None)


REPLACES = re.compile(
    r" (?:replaces?|replaced|takes? the place of|supersedes?|stands in for|is substituted for|substitutes) (?:the )?"
)
"""'a replaces b': b was there before."""


CHANGES_OF = re.compile(
    rf" (?:(?!of\b|in\b|and\b)\w+ ){{0,2}}?(?:{w.NUMERIC_UP}|{w.NUMERIC_DOWN}|improves?) (?:[\w-]+ ){{1,5}}?(?:of|for|by|over) (?:the )?",
    re.IGNORECASE,
)
"""'a cuts the tardiness of b', with 'from x to y' behind it: x is b's."""


def _exchanged(before: str, between: str) -> bool:
    """'replacing a by b', 'swapping a for b', 'a is replaced by b': the second one is what the sentence is about."""
    replaced = re.search(r"\breplac(?:ed|ing|es?) (?:the |an? )?$", before, re.IGNORECASE) and re.search(
        r"\b(?:by|with) (?:the |an? )?$", between
    )
    swapped = re.search(
        r"\b(?:swap\w*|exchang\w+|trad(?:e|es|ed|ing)|giv(?:e|es|ing) up|abandon\w*|ditch\w*|drop\w*|leav(?:e|es|ing)) (?:the |an? )?$",
        before,
        re.IGNORECASE,
    ) and re.fullmatch(r" (?:(?!and\b|or\b|but\b)[\w-]+ ){0,2}?(?:for|by|with|against|in favou?r of) (?:the |an? )?", between)
    substituted = re.search(r"\bsubstitut\w+ (?:the |an? )?$", before, re.IGNORECASE) and re.fullmatch(
        r" (?:[\w-]+ ){0,2}?(?:by|with) (?:the |an? )?", between
    )
    passive = re.fullmatch(
        r" (?:[\w-]+ ){0,2}?(?:is|was|are|were|gets?|being) (?:replaced|swapped|exchanged|substituted|traded) (?:by|with|for) (?:the |an? )?| (?:gives?|makes?) way to (?:the |an? )?",
        between,
    )
    return bool(replaced or swapped or substituted or passive)


def _as_reference(mention: Mention, text: str) -> bool:
    """'Taking a as the reference': the name, by the words on both sides of it, is what others are compared with."""
    ahead, behind = _TAKEN_AS
    return ahead.search(text[: mention.start]) is not None and behind.match(text[mention.end :]) is not None


def _active_pair(sentence: Sentence, study: Study) -> Pair:
    mentions = sentence.conditions
    names = list(dict.fromkeys(mention.name for mention in mentions))
    everyone = list(study.conditions)
    main = study.main_pair
    if len(names) >= 2:
        first, second = names[0], names[1]
        start = next(mention for mention in mentions if mention.name == first)
        swapped = bool(_INTRODUCED.search(sentence.text[: start.start])) or _as_reference(start, sentence.text)
        following = next(mention for mention in mentions if mention.name == second)
        led = re.search(r"\bfrom (?:\w+ (?:with|of|for|by) )?(?:the )?$", sentence.text[: start.start]) is not None
        if re.search(r"\bfrom\b.*\bto\b", sentence.text) and len(sentence.numbers) >= 2:
            taken = whole_of(first, study) == second and re.match(r"\w+ing\b", sentence.text[start.start :])
            replaces = REPLACES.fullmatch(sentence.text[start.end : following.start])
            bracketed = _STARTED_FROM.search(sentence.text[: following.start]) is not None
            changes = CHANGES_OF.fullmatch(sentence.text[start.end : following.start])
            between = sentence.text[start.end : following.start]
            measured = re.search(
                r"\bfrom (?:about )?-?\d.* to (?:about )?-?\d.*\b(?:compared (?:with|to)|relative to|over|versus|against|instead of) (?:the )?$",
                between,
            )
            swapped = not (taken or replaces or bracketed or changes or measured) and (
                not re.search(r"\b(?:intervals?|CIs?|rang\w+|runs?)\b", sentence.text) or led
            )
        swapped = swapped or _exchanged(sentence.text[: start.start], sentence.text[start.end : following.start])
        if led and re.search(r"\bto (?:\w+ (?:with|of|for|by) )?(?:the )?$", sentence.text[start.end : following.start]):
            swapped = True
        if re.search(r"difference between", sentence.text, re.IGNORECASE):
            return Pair(((first, second), (second, first)), named=False)
        return Pair(((second, first),) if swapped else ((first, second),), named=True)
    if len(names) == 1:
        name = names[0]
        mention = mentions[0]
        is_reference = (
            _is_reference(sentence.text[: mention.start])
            or _STARTED_FROM.search(sentence.text[: mention.start]) is not None
            or _as_reference(mention, sentence.text)
        )
        part = ablated(sentence, study)
        if (
            part
            and name == whole_of(part, study)
            and sentence.has(r"worth|adds?|contribut\w+|brings?|owes|benefits?|(?:effect|value|benefit|contribution) of")
        ):
            return Pair(((name, part),), named=True)  # 'x is worth 0.8 points to the method'
        others = [other for other in everyone if other != name]
        if (whole := whole_of(name, study)) is not None:
            others = [whole]
        if main and name in main:
            others = [main[0] if name == main[1] else main[1]]
        if main is None and study.reference not in {None, name} and not (study.proposed and name.startswith(REMOVED)):
            others = [other for other in others if other == study.reference]
        pairs = tuple((other, name) if is_reference else (name, other) for other in others)
        return Pair(pairs, named=len(pairs) == 1, strict=True)
    removed = ablated(sentence, study)
    if removed and not study.proposed and (whole := whole_of(removed, study)):
        return Pair(((whole, removed),), named=True)
    if removed:
        return Pair(
            tuple((study.proposed or other, removed) for other in everyone if other != removed)[: 1 if study.proposed else None],
            named=bool(study.proposed),
        )
    if main:
        return Pair((main,), named=True)
    return Pair(tuple((a, b) for a in everyone for b in everyone if a != b), named=False)


def _tested_against(name: str, study: Study) -> str | None:
    """The one condition that was tested against a condition without a part, in a study where none is called the proposed one."""
    pairs = [key.split("/")[0].split("_vs_") for key in study.comparisons]
    whole = {(set(pair) - {name}).pop() for pair in pairs if len(pair) == 2 and name in pair and pair[0] != pair[1]}
    return whole.pop() if len(whole) == 1 and whole <= set(study.conditions) else None


def whole_of(name: str, study: Study) -> str | None:
    """The method that a condition lacks a part of: gatv2 for gatv2_no_skip, the proposed one for no_skip."""
    taken = removed(name)
    whole = None if taken is None else taken[0] if taken[0] in study.conditions else study.proposed or _tested_against(name, study)
    return None if whole == name else whole


def ablated(sentence: Sentence, study: Study) -> str | None:
    """The condition without a part, where the sentence speaks of that part or of the ablation and there is only one."""
    without = {name: taken[1] for name in study.conditions if (taken := removed(name))}
    named = [name for name, part in without.items() if sentence.has(part_pattern(part))]
    if named:
        return named[0] if len(named) == 1 else None
    return next(iter(without)) if len(without) == 1 and sentence.has(r"ablat\w+") else None


def between_pairs(sentence: Sentence) -> list[tuple[int, tuple[str, str]]]:
    """The pairs that 'between a and b', 'moving from a to b' or 'a's lead over b' name, each with the place where it ends."""
    return [
        (second.end, (first.name, second.name))
        for first, second in itertools.pairwise(sentence.conditions)
        if (
            re.search(r"\bbetween (?:the )?$", sentence.text[: first.start], re.IGNORECASE)
            and re.fullmatch(r" and (?:the )?", sentence.text[first.end : second.start])
        )
        or (
            re.search(r"\bfrom (?:the )?$", sentence.text[: first.start], re.IGNORECASE)
            and re.fullmatch(r" to (?:the )?", sentence.text[first.end : second.start])
        )
        or re.fullmatch(r"'s? (?:lead|advantage|gain|improvement|margin|edge) over (?:the )?", sentence.text[first.end : second.start])
    ]
