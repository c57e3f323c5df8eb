"""Whether the number of a sentence that takes a part away is that of the condition without the part; refused where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.condition_names import part_pattern, removed, variants_of
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study

_TAKEN = (
    r"(?:removed|disabled|dropped|ablated|omitted|left out|left away|taken (?:away|out|off)|(?:switched|turned) off|strip(?:ped)? (?:away|out|off)|stripped|skipped"
    r"|missing|absent|deactivated|withheld|withdrawn|discarded|unused|excluded|eliminated|deleted|cut(?: out)?|gone|not (?:used|applied|included|present|available))"
)
_REMOVAL = re.compile(
    r"\b(?:without|w/o|sans|lacking|lacks?|deprived of|stripped of|shorn of|bereft of|robbed of|devoid of|free (?:of|from)|absence of|absent|removal of|no|barring|in lieu of|(?:los|miss)(?:es|ing) (?:its|the|their)|dispens\w+ with|do(?:es|ing)? without"
    r"|except(?: for)?|apart from|aside from|other than|save for|excluding|omitting|removing|dropping|disabling|deactivating|ablating|skipping|for(?:e)?go(?:es|ing)?|deleting|withholding|discarding"
    r"|(?:leaving|taking|switching|turning|stripping|take|takes|leave|leaves) (?:out|away|off)|(?:leav|tak|switch|turn|stripp)ing (?:[\w-]+ ){1,4}(?:out|away|off)"
    r"|(?:we|one) (?:remove|drop|disable|ablate|omit|skip|leave out|take away|switch off|turn off)d?"
    r"|(?:not|never|n't|no longer|instead of) (?:us(?:e[sd]?|ing)|employ(?:ing)?|apply(?:ing)?|includ(?:e|ing)|add(?:ing)?|hav(?:e|ing)|rely(?:ing)? on|with|(?:trained|fitted|learned|run) (?:with|on|using))"
    rf"|(?:is|are|was|were|be|been|being|gets?|got) (?:[a-z]+ly )?{_TAKEN}|(?:with|once|when|if|after) (?:the |its |all |any )?(?:[\w-]+ ){{1,6}}?{_TAKEN}|had (?:[\w-]+ ){{1,4}}not been|(?:not|never) been {_TAKEN[:-1]}|used|applied)|[a-z]{{3,}}-(?:free|less)|(?!never|none|regard|use|wire|harm|count|doubt|loss|price|point)[a-z]{{4,}}less)\b",
    re.IGNORECASE,
)
"""Words that take something away."""
_NO_PART = re.compile(
    r"\W*(?:(?:more|less|fewer|longer|other|later|earlier|better|worse|higher|lower|faster|slower|single|one|two|reason|evidence|indication|sign|such)\b|(?:(?:sample |standard )?(?:deviation|error)s?|conclusions?|comparisons?)\b)|\W*(?:(?:any|an?|the|its|their|such|further|additional|all|every|loss of) )*(?:(?:sample |standard )?(?:deviations?|errors?(?! rate))|spreads?|p-values?|significan\w+|statistic\w+|hypothes\w+|tests?\b|correct(?:ing|ion)\b|exceptions?|loss\b|losing|differences?|overlap\w*"
    r"|doubts?|fail\w*|crash\w*|diverg\w*|further|zero\b|0\b|claim\w*|intervals?|error bars|affecting|chang\w+|altering|hurting|harming|increas\w+|reduc\w+|sacrific\w+|degrad\w+|rais\w+|lower\w+"
    r"|exceeding|being|costs?\b|GPUs?|its price|seeds?|runs?|\d|errors?|mistakes|misclassif\w+|of the (?:comparison|analysis|tests?|table|figure)|from (?:the|our|this|any) (?:comparison|analysis|tests?|table|figure|mean|average)s?)",
    re.IGNORECASE,
)
"""What may be missing without that a part of a method is: a statistic, a side effect, a run."""
_NOBODY = re.compile(
    rf" (?:{w.SEED_NOUNS}|{w.CONDITION_NOUNS}|[\w-]+ (?:seeds?|runs?|methods?|conditions?|variants?|optimi[sz]ers?))\b", re.IGNORECASE
)
"""'no run', 'no other method': of how many something holds."""
_SUBJECT_NO_PART = re.compile(
    r"\b(?:seeds?|runs?|values?|errors?|mistakes|misclassifications|pairs|images|examples|samples|records|outliers) $", re.IGNORECASE
)
_OF_WHICH = re.compile(r"\b(?:all|every|each|none|no|any|both|neither)\b", re.IGNORECASE)
_EXCEPTING = re.compile(r"except|apart|aside|other than|save|barring", re.IGNORECASE)


def removals(sentence: Sentence, study: Study, bound: Sequence[tuple[Number, str]]) -> Iterator[str]:
    """Reasons against a sentence with values that takes a part away.

    bound: each number with the expression of what it was bound to. The part has to be that of a recorded condition without it, or
    what a recorded condition has on top of another one; and one of the values has to be that condition's.
    """
    measured = [(number, text) for number, text in bound if any(re.search(rf"\b{re.escape(m)}\b", text) for m in study.metrics)]
    if not measured:
        return
    for match in _REMOVAL.finditer(sentence.text):
        lacking = next(
            (m for m in sentence.conditions if m.start < match.end() and match.start() < m.end and removed(m.name)),
            None,
        )
        if any(metric.start <= match.start() < metric.end for metric in sentence.metrics):
            continue  # the misses of a miss rate
        if lacking is None and (_of_no_part(sentence, match) or _of_a_name(sentence, match)):
            continue
        owner = lacking.name if lacking else _left_over(sentence, study, match)
        if owner is None:
            yield f"{match[0]!r}: no condition without it was recorded"
            continue
        if lacking and re.match(
            r"(?: [a-z]+)? (?:(?:or|nor)\b|and (?:the |its )?[a-z-]+(?: [a-z-]+)?[,.]) ?", sentence.text[lacking.end :]
        ):
            yield f"{match[0]!r}: no condition without both was recorded"
        if not any(re.search(rf"\b{re.escape(owner)}\b", text) for _, text in measured):
            yield f"{match[0]!r}: the value is not that of {owner}"


def _of_a_name(sentence: Sentence, match: re.Match[str]) -> bool:
    """The '-free' of 'schedule-free', where a condition is called so."""
    return any(mention.start <= match.start() and match.end() <= mention.end for mention in sentence.conditions)


def _of_no_part(sentence: Sentence, match: re.Match[str]) -> bool:
    """The words take away no part: 'without p-values', 'all except a', 'one run was excluded'."""
    if _EXCEPTING.match(match[0]) and _OF_WHICH.search(sentence.text[: match.start()]):
        return True
    if match[0].lower().startswith("miss") and re.match(r" (?:[\w-]+ ){1,4}by\b", sentence.text[match.end() :]):
        return True  # 'misses the solubility by a factor of 4'
    passive = re.match(r"(?:is|are|was|were|be|been|being|gets?|got)\b", match[0], re.IGNORECASE)
    if passive and _SUBJECT_NO_PART.search(sentence.text[: match.start()]):
        return True
    if match[0].lower() == "no" and _NOBODY.match(sentence.text, match.end()):
        return True
    return _NO_PART.match(sentence.text, match.end()) is not None


def _left_over(sentence: Sentence, study: Study, match: re.Match[str]) -> str | None:
    """'without pretraining', where one condition is another one with pretraining: that other one."""
    for variant in variants_of(tuple(study.conditions), study.proposed or ""):
        part = variant.name.removeprefix(f"{variant.base}_")
        if removed(variant.name) or variant.name == part:
            continue
        spelt = re.compile(rf"\W*(?:(?:the|any|its|a) )?(?:{part_pattern(part)})(?!\w)", re.IGNORECASE)
        if spelt.match(sentence.text, match.end()) or re.search(rf"\b(?:{part_pattern(part)})\b", match[0], re.IGNORECASE):
            return variant.base
    return None
