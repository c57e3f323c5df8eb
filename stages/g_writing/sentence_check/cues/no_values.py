"""Cues to numbers that are no values: pronouns and articles, names of seeds, words that only look like numbers."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.cues.place import Place


def every_one(at: Place) -> str | None:
    """'every one of'."""
    found = re.search(r"\b(?:every|each|any)\s*(?:single )?$", at.before, re.IGNORECASE) and at.number.text.lower() == "one"
    return "free" if found else None


def close_to_zero(at: Place) -> str | None:
    """'closer to zero'."""
    return "free" if at.number.text.lower() == "zero" and re.search(r"\b(?:closer|nearer|close|near) to\s*$", at.before) else None


def seed_by_its_name(at: Place) -> str | None:
    """'on seed 3', 'seeds 0 to 4', 'the seeds are 11, 12 and 13': numbers that name recorded seeds."""
    if re.search(r"\bseed\s*$", at.before, re.IGNORECASE) and "." not in at.number.text:
        return "free"
    listed = (
        r"\bseeds(?: used| were| are| run from| ran from| range from| numbered| numbers|:)*(?:[\s,]|\d|\band\b|\bto\b|\bthrough\b|-)*$"
    )
    named = at.number.text in at.study.seed_names and not at.number.unit and re.search(listed, at.ahead, re.IGNORECASE)
    return "free" if named else None


def article(at: Place) -> str | None:
    """'One training run takes half an hour': an article, no count."""
    timed = any(other.unit in {"s", "min", "h", "ms", "day"} for other in at.sentence.numbers)
    found = at.number.text.lower() == "one" and timed and re.match(r"\s(?:[\w-]+ ){0,2}?(?:run|seed|model|training)\b", at.behind)
    return "free" if found else None


def anaphora(at: Place) -> str | None:
    """'combining the two', 'between the other two', 'the slowest of the three': the conditions, as many as there are or are named."""
    number = at.number
    if not number.word or number.unit or not re.search(r"\b(?:the|these|those|all|other|remaining)\s+$", at.ahead, re.IGNORECASE):
        return None
    if not re.match(
        r"\s*(?:[,.;:()]|$|(?:is|are|was|were|at|with|in|by|on|gives?|has|have|lies?|reach\w*|taken|together|combined|apart|differs?|to|for|and|but|or|from|both)\b)",
        at.behind,
    ):
        return None
    named, there = len({mention.name for mention in at.sentence.conditions}), len(at.study.conditions)
    counts = {2.0, float(there), float(named), float(there - 1)} - {1.0, 0.0}
    return "free" if number.value in counts and number.value <= there else None


def shared_by_all(at: Place) -> str | None:
    """'all conditions share one backbone': an article."""
    return "free" if at.number.text.lower() == "one" and re.search(r"\bshar(?:e|es|ed|ing) $", at.ahead) else None


def one_device(at: Place) -> str | None:
    """'on one NVIDIA T4': an article of the recorded hardware; more of them are counted and refused."""
    return "free" if at.number.text.lower() == "one" and re.match(rf" (?:single )?(?:{w.HARDWARE})", at.behind) else None


def in_a_definition(at: Place) -> str | None:
    """'Two images are blended as $…$': a count in a sentence that defines, and names neither a condition nor a metric."""
    defines = re.search(r"\bformula\b", at.text) and not at.sentence.conditions and not at.sentence.metrics
    plain = at.number.word or at.number.text.lstrip("-") in {"0", "1"}
    return "free" if plain and not at.number.unit and defines else None


def one_sign(at: Place) -> str | None:
    """'all differences are of one sign'."""
    return "free" if at.number.text.lower() == "one" and re.match(r" signs?\b", at.behind) else None


def the_one_with(at: Place) -> str | None:
    """'the one with augmentation': a pronoun of a condition."""
    if at.number.text.lower() != "one":
        return None
    between = (at.text[at.number.end : mention.start] for mention in at.sentence.conditions if mention.start > at.number.end)
    return "free" if any(re.fullmatch(r" (?:of|with|at|by|without|under|using) (?:the |a )?", each) for each in between) else None
