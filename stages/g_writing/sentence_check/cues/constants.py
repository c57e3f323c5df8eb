"""Cues to the constants of a definition: the 0 and 1 that probabilities, labels and indices keep to."""

from __future__ import annotations

import itertools
import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.cues.place import Place

_SYMBOL = r"(?:[A-Za-z](?:_\{?\w+\}?)?'?|\\?(?:alpha|beta|gamma|theta|lambda|phi|psi|pi|mu|sigma|tau|eta|rho)(?:_\{?\w+\}?)?|formula)"
_SUMS = re.compile(
    r"\b(?:sums?|summing|adds?|adding|add|integrates?|integrate|normali[sz]ed|normali[sz]es?) (?:up )?to (?:exactly )?$", re.IGNORECASE
)
_IS = re.compile(
    r"\b(?:equals?|is|are|be|becomes?|takes? (?:on )?the values?|vanish\w*|set to|or|and) (?:exactly )?(?:to )?$", re.IGNORECASE
)
_CASE = re.compile(
    r",? (?:if(?: and only if)?|when(?:ever)?|where|iff|otherwise|elsewhere|for (?:all|every|any)|(?:and|or) (?:0|1|zero|one)\b)",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(?:^|[\s({,])(?:[hijklmqstuv](?:_\w)? ?(?:>=|<=|>|<|=)|[a-ceg-moqs-z]_\{?0\}? ?=) ?$")
"""'t >= 1', 'm_0 = 0': where an index begins; n, p, d and r are statistics."""
_RESULT = re.compile(r"\b(?:accurac|score|mean|average|gain|differ|margin|measured|observed|reach|attain|obtain)", re.IGNORECASE)


_CASES = re.compile(
    r"\b(?:[A-Za-z](?:_\{?\w+\}?)?(?:\([^()]*\))?|formula|which) (?:is|equals|takes the value|becomes) (?:exactly )?(?:0|1|zero|one)\b[^,;.\d]{0,60},? and (?:0|1|zero|one) (?:otherwise|elsewhere|outside)\b"
)
"""'M is 0 inside the patch and 1 elsewhere': a symbol defined by cases."""


def constant_by_cases(at: Place) -> str | None:
    """Both values of a symbol that is defined by cases."""
    if at.number.value not in {0, 1} or at.number.unit or "$" not in at.sentence.raw:
        return None
    said = _CASES.search(at.text)
    named = said and any(said.start() <= m.start < said.end() for m in (*at.sentence.conditions, *at.sentence.metrics))
    return "free" if said and not named and said.start() <= at.number.start < said.end() else None


def one_of_many(at: Place) -> str | None:
    """'the weights of one batch sum to 1': an article in a definition."""
    defines = "$" in at.sentence.raw and not at.sentence.conditions and not at.sentence.metrics
    article = re.search(r"\b(?:of|in|within|for|from|over) $", at.ahead) and re.match(
        r" (?:(?:mini-?)?batch|image|sentence|sequence|sample|example|class|token|query|episode|utterance|graph|document)\b", at.behind
    )
    return "free" if defines and article and at.number.text.lower() == "one" else None


def constant_of_a_definition(at: Place) -> str | None:
    """'… add up to 1', 'a term that equals 0 when p = q', 'is 1 if … and 0 otherwise': in a sentence with a formula and no condition."""
    if at.number.value not in {0, 1} or at.number.step != 1 or at.number.unit or at.sentence.conditions:
        return None
    if "$" not in at.sentence.raw:
        return None
    clause = re.split(r"[,;]|\b(?:where|with|while)\b", at.ahead)[-1]
    if _RESULT.search(clause) or any(at.number.start - len(clause) <= m.start < at.number.start for m in at.sentence.metrics):
        return None
    if _INDEX.search(at.ahead):
        return "free"
    if at.number.value == 1 and _SUMS.search(at.ahead):
        return "free"
    return "free" if _IS.search(at.ahead) and (_CASE.match(at.behind) or re.search(r"\b(?:and|or) $", at.ahead)) else None


def as_many_symbols(at: Place) -> str | None:
    """'the two distributions p and q': the count is that of the symbols behind it."""
    if not at.number.word or at.number.unit or at.sentence.conditions or "$" not in at.sentence.raw:
        return None
    said = re.match(rf" (?:[a-z-]+ ){{1,4}}(?P<list>{_SYMBOL}(?:, {_SYMBOL})*,? and {_SYMBOL})(?![\w'])", at.behind)
    if said is None or re.match(r" and\b", at.behind[said.end() :]):
        return None
    noun = at.behind[: said.start("list")].split()[-1]
    if any(re.fullmatch(pattern, noun) for patterns in w.SETTINGS.values() for pattern in patterns):
        return None  # 'the two layers': a setting
    symbols = [part for part in re.split(r",? and |, ", said["list"]) if part]
    apart = all(one != other for one, other in itertools.combinations(symbols, 2)) or "formula" in symbols
    return "free" if apart and len(symbols) == at.number.value else None
