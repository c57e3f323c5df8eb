"""Whether a reference may take the place of a typed number without anybody's judgement.

The reference prints what stood there, so the sentence says what it said before. What has to be certain is that it is about the
value at all: that the words beside the number name its condition, its metric or its setting, that it is a sentence on this study
and on what came, and that no word moves it elsewhere (another split, other seeds, an earlier step). The default is no.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.g_writing.claims import COMPARISON, PREDICTION, Sentence
from stages.g_writing.document import ValueRef, flat
from stages.g_writing.proposed_references import Printed
from stages.g_writing.read_for_check import ForCheck, Shown
from stages.g_writing.recorded_study import RecordedStudy
from stages.g_writing.sentence_check.words import NUMBER_WORDS, setting_words
from stages.g_writing.values import Kind

MEASURED: frozenset[Kind] = frozenset({"measure", "difference", "percent"})
TELLING_DIGITS = 2
"""Significant digits from which a measured number is bound without asking; '0.1' is some value of any record."""
OWN_RESULTS = re.compile(r"abstract|sec:(?:introduction|result|ablation|discussion|limitation|conclusion)|fig:|tbl:")
OWN_SETTINGS = re.compile(
    r"abstract|sec:(?:setup|method|experiment|result|ablation|discussion|limitation|conclusion|appendix)|fig:|tbl:"
)
"""Places whose sentences are about what this study found, and about how it was run."""
_OF_OTHERS = re.compile(
    r"(?i)\b(?:typical(?:ly)?|usual(?:ly)?|often|common(?:ly)?|in general|generally|literature|prior|previous(?:ly)?|earlier|known"
    r"|popular|recommend\w*|defaults?|standard (?:practice|choice|setting)s?|original(?:ly)?|elsewhere|publi\w+|et al|authors?"
    r"|reported (?:by|in|for|elsewhere)|practice|practitioners?|state[- ]of|other (?:works?|studies|authors|papers|groups|people)"
    r"|larger? (?:language )?models?|their|them|they|in (?:19|20)\d\d)\b"
)
_OURS = re.compile(
    r"(?i)\b(?:we|our|here|this (?:study|paper|work)"
    r"|(?:each|every|all|both|the|no) (?:\w+ )?(?:runs?|conditions?|models?|networks?|trainings?|transformers?))\b"
)
_ELSEWHERE = re.compile(
    r"(?i)\b(?:steps?|epochs?|half-?way|mid-?way|initial\w*|at first|early|curves?|checkpoints?|sealed|test|outliers?"
    r"|training (?:loss|bits|set|split|score)|exclud\w+|except\w*|subset|remaining|first \w+ seeds?"
    r"|(?:after|before|until) \w+ (?:seconds?|minutes?))\b"
)
"""Words by which a score is not the one that the record has: another place of the run, another split, fewer seeds."""
_COUNTED = {
    "cfg.seeds": "seeds?",
    "cfg.conditions": "conditions?",
    "cfg.comparisons": "comparisons?",
    "cfg.runs_reported": "runs?",
}
_REFERENCED = re.compile(
    r"\b(?:than|against|versus|vs\.?|over|compared (?:with|to)|relative to|unlike|from|instead of|rather than|respect to|between"
    r"|to|of) (?:(?:the|a|an|that|those|of|with|for|by|in|training|runs?) )*$"
)
"""Before a name: it is not the one that the clause is about."""
_BREAK = re.compile(
    r"[;:]|\b(?:while|whereas|but|although|though|than|against|versus|vs|compared|relative|instead|rather|unlike|over|from|which|who"
    r"|that)\b"
)
_BESIDE_BEFORE = re.compile(
    r"(?:'s|\u2019s)?(?: (?:own|mean|score|value)){0,2} ?(?:\(|at |with |of |: |is |reaches |has )?(?:a mean of )?"
)
_BESIDE_BEHIND = re.compile(
    r"(?: (?!compared|relative|than|against|over|as)[\w%]+){0,2} ?(?:\(|(?:for|with|of|by|under|from) )"
    r"(?:(?:the|training|runs|with|a|an) )*"
)
_A_DIFFERENCE = re.compile(
    r"(?i)\b(?:differ\w*|gap|margin|gains?|costs?|saves?|loses?|lost|gained|saved|by|more|less|lead|change\w*)\b"
)
_COMPARED_BEHIND = re.compile(r" (?:\w+ ){0,3}?(?:above|below|higher|lower|better|worse|more|less|ahead|behind)\b")
"""Beside a number: it is said to be a difference, and so is nobody's own value."""
_NO_UNIT = re.compile(
    r" ?%| per ?cent\b|[,.;:)\]!?]|$| ?(?:\u00b1|\()| (?:percentage )?points?\b"
    r"| (?:and|or|for|with|on|in|to|over|than|against|versus|at|by|while|whereas|but|when|as|per seed|below|above|lower|higher|better"
    r"|worse|under|is|was|from|of the|across|averaged|had|that)\b"
)
"""Behind a number: no word that could be a unit."""


_UNIT = re.compile(
    r"(?i)[ -]?(%|(?:per ?cent|points?|seconds?|minutes?|hours?|ms|s|bytes?|bits?|[kmg]i?b|tokens?|sequences?|steps?|epochs?|layers?"
    r"|heads?|parameters?|weights?|runs?|seeds?|pairs?|conditions?|comparisons?|models?|networks?|tables?|threads?|processors?)\b)"
)
"""Right behind a setting's number: what it counts."""
_UNITS_OF = {
    "budget_s": r"seconds?|s",
    "batch_size": r"sequences?",
    "context": r"bytes?|tokens?",
    "depth": r"layers?",
    "heads": r"heads?",
    "scored_bytes": r"bytes?",
    "scored_kib": r"kib",
    "parameters": r"parameters?|weights?",
    "tokens": r"tokens?|bytes?",
    "steps": r"steps?",
}
"""What a setting is counted in, by the end of its name; any other has no unit."""


_PLAIN = frozenset(
    """
    a an the this that these those its it both every all and or but also again as while whereas which there here we
    our is are was were be been has have had do does did ends ended end reach reaches reached reaching attains
    attained gets averages average averaged averaging differs stands lies gives gave yields yielded scores scored
    score shows show showed obtains obtained achieves achieved achieve measured measure measures observe observed find
    found report sees see seen amounts amount comes equals corresponds train trains trained training run runs ran use
    uses used using repeat repeated make made set shares remained obtain compare compared comparing
    relative respect with of for by to from at in on over across under against than between within through versus vs
    mean means median standard deviation deviations spread range ranges difference differences gap paired absolute
    confidence interval intervals ci cis per percent cent percentage points point p value values test tests holm adjusted
    effect size dz hedges result results seed seeds condition conditions comparison comparisons final respectively
    overall however then meanwhile rate peak length layers parameters sequences bytes tokens model models network
    networks transformer study paper main single individual largest smallest s sd n validation metric seconds budget
    time thread processor beside scatter whose reference how much trusted question case names open setting
    """.split()
)
"""Words that move a number to no other thing. A word that is missing costs a question to the writer, no more."""
_DIRECTED = frozenset(
    """
    better worse higher raises raise raised raising lowers lower lowered lowering increases increased increase decreases
    decreased decrease costs cost costing loses lost lose gains gained gain saves saved
    """.split()
)
"""Words that say who is ahead: the check holds them against the difference that stands beside them, and only there."""
_OF_EVERY_ONE = re.compile(
    r"(?i)\b(?:every|each|all|any|single|one|no|both)(?: of)?(?: the| these)? (?:\w+ )?(?:seeds?|runs?|conditions?|trainings?)\b"
    r"|\bat (?:least|most)\b|\bor (?:less|more)\b|\bover all\b"
)
"""A mean is no bound, and nobody's single value."""
_HELD = re.compile(r"(?i)\b(?:held?|holds|fix\w*|keeps?|kept|constant|until|or (?:more|less)|at (?:least|most))\b")
"""A setting that is said not to move may be the peak of a schedule."""


def beyond_doubt(found: Sequence[Printed], sentence: Sentence, shown: Shown, read: ForCheck, recorded: RecordedStudy) -> bool:
    """Whether the numbers are these values and no others."""
    if PREDICTION.search(shown.text) or _OF_OTHERS.search(shown.text) or not _plainly_said(found, read):
        return False
    if re.search(r"(?i)\bper (?:seed|run|condition|comparison|model|pair)\b", shown.text):  # what is counted in what
        return False
    named = {condition for condition, _, _ in read.named}
    for part in flat(sentence.content):  # a value by key compares what the sentence names, and nothing else
        pair = COMPARISON.search(part.expression) if isinstance(part, ValueRef) else None
        if pair and not {pair["a"], pair["b"]} <= named:
            return False
    covered = {condition for one in found for condition in one.conditions}
    by_key = " ".join(part.expression for part in flat(sentence.content) if isinstance(part, ValueRef))
    covered |= set(re.findall(r"\w+", by_key))
    if not named <= covered:  # a condition without a value of its own: what is said of it nobody has checked
        return False
    return all(_certain(one, sentence, shown, read, recorded) for one in found)


def _plainly_said(found: Sequence[Printed], read: ForCheck) -> bool:
    """No word of the sentence could name something that the record does not hold: a variant, a corpus, a machine."""
    words = read.without_names
    for one in found:
        if _is_setting(one):
            for pattern in setting_words(_setting_of(one)):
                words = re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", " ", words, flags=re.IGNORECASE)
    said = [word.lower() for word in re.findall(r"[^\W\d_]+", words)]
    directed = [word for word in said if word in _DIRECTED]
    if len(directed) > 1 or (directed and not all(len(one.conditions) == 2 for one in found)):
        return False
    return all(word in _PLAIN or word in _DIRECTED or word in NUMBER_WORDS for word in said)


def _is_setting(one: Printed) -> bool:
    return one.reference.key.startswith("cfg.") or one.kind == "count"


def _setting_of(one: Printed) -> str:
    name = one.reference.key.rpartition(".")[2]
    for condition in one.conditions:
        name = name.removeprefix(f"{condition}_")
    return name


def _certain(one: Printed, sentence: Sentence, shown: Shown, read: ForCheck, recorded: RecordedStudy) -> bool:
    key = one.reference.key
    if key in _COUNTED:
        counted = re.match(rf"[ -](?:\w+ )?(?:{_COUNTED[key]})\b", shown.text[one.end :])
        return OWN_SETTINGS.match(sentence.place) is not None and counted is not None
    if _is_setting(one):
        return _setting(one, sentence, shown, read)
    return OWN_RESULTS.match(sentence.place) is not None and bool(one.conditions) and _result(one, sentence, shown, read, recorded)


def of_the_metric(after: str, recorded: RecordedStudy) -> bool:
    """Behind a measured number stands its unit or the metric, or nothing that could be another unit."""
    return recorded.metric_names.match(after.lstrip()) is not None or _NO_UNIT.match(after) is not None


def _setting(one: Printed, sentence: Sentence, shown: Shown, read: ForCheck) -> bool:
    """The setting's own word stands near the number, in a sentence about the runs of this study."""
    named = {condition for condition, _, _ in read.named}
    if not OWN_SETTINGS.match(sentence.place) or not one.conditions <= named or (one.conditions and len(named) > 1):
        return False
    name = _setting_of(one)
    if name == "n" or "(" in one.reference.key:
        return re.match(r"[ -](?:\w+ )?(?:seeds?|runs?|pairs?)\b", shown.text[one.end :]) is not None
    if _HELD.search(read.without_names) or not _in_its_unit(name, shown.text[one.end :]):
        return False
    near = f"{shown.text[max(0, one.start - 30) : one.start]} \N{BULLET} {shown.text[one.end : one.end + 30]}"
    said = any(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", near, re.IGNORECASE) for pattern in setting_words(name))
    return said and (_OURS.search(shown.text) is not None or bool(one.conditions))


def _in_its_unit(name: str, after: str) -> bool:
    """Behind the number of the setting stands its own unit, or none."""
    unit = _UNIT.match(after)
    if unit is None:
        return True
    return any(re.search(rf"(?:^|_){key}$", name) and re.fullmatch(words, unit[1], re.IGNORECASE) for key, words in _UNITS_OF.items())


def _result(one: Printed, sentence: Sentence, shown: Shown, read: ForCheck, recorded: RecordedStudy) -> bool:
    named = {condition for condition, _, _ in read.named}
    if _ELSEWHERE.search(read.without_names) or not one.conditions <= named:
        return False
    if _OF_EVERY_ONE.search(shown.text) and ".seed." not in one.reference.key:
        return False
    if one.kind in MEASURED:
        digits = re.sub(r"\D", "", one.reference.typed).lstrip("0")
        if len(digits) < TELLING_DIGITS or not (read.measured or _another_value(sentence, recorded)):
            return False
    if len(one.conditions) == 2:
        return len(named) == 2
    ahead = re.split(r"[,;(]|\d", shown.text[: one.start])[-1]
    return not _A_DIFFERENCE.search(ahead) and not _COMPARED_BEHIND.match(shown.text[one.end :]) and _owned(one, shown, read)


def _another_value(sentence: Sentence, recorded: RecordedStudy) -> bool:
    """A value by key says what is measured."""
    name = f".{recorded.results.metric.name}"
    return any(isinstance(part, ValueRef) and name in part.expression for part in flat(sentence.content))


def _owned(one: Printed, shown: Shown, read: ForCheck) -> bool:
    """The condition is the one that the number's clause is about, or its name stands right beside the number."""
    (owner,) = one.conditions
    places = [(condition, read.back(start), read.back(end)) for condition, start, end in read.named]
    before = [place for place in places if place[2] <= one.start]
    behind = [place for place in places if place[1] >= one.end]
    if behind and _BESIDE_BEHIND.fullmatch(shown.text[one.end : behind[0][1]]):
        return behind[0][0] == owner
    if not before or before[-1][0] != owner:
        return False
    between = shown.text[before[-1][2] : one.start]
    if _BESIDE_BEFORE.fullmatch(between):
        return True
    return not _BREAK.search(between) and not _REFERENCED.search(shown.text[: before[-1][1]])
