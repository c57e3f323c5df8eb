"""Cues to numbers that count: seeds and runs, those of them on which something is so, conditions, metrics, comparisons."""

from __future__ import annotations

import itertools
import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.cues.place import Place
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, COUNTED, REACHED
from stages.g_writing.sentence_check.quantifiers import seeds_quantifier

_MADE = r"train\w*|run|runs|repeat\w*|evaluated|executed|carried out|measured|re-?run"
_OF_SEEDS = r"(?:[\w\u00b7-]+ )?(?:seeds|runs|pairs|differences)"


_TIMES_OUT_OF = r"(?: times)? out of (?:the )?"


def not_one(at: Place) -> str | None:
    """'not one seed': none of them."""
    denied = at.number.text.lower() == "one" and re.search(r"\bnot (?:even )?$", at.ahead, re.IGNORECASE)
    return "part of seeds" if denied and re.match(r"\s(?:of (?:the|our|its) )?(?:\w+ ){0,2}?(?:seeds?|runs?)\b", at.behind) else None


def _two_named(at: Place) -> bool:
    """'a beats b three times out of three': of two conditions, what is counted are the seeds."""
    return len({mention.name for mention in at.sentence.conditions}) == 2 and re.search(r" times out of ", at.text) is not None


def times_out_of(at: Place) -> str | None:
    """'five times out of five': the seeds on which it is so."""
    if at.number.unit != "x" or not at.number.word or not (at.sentence.has("seeds?|runs?") or _two_named(at)):
        return None
    return (
        "part of seeds" if re.match(rf"{_TIMES_OUT_OF}(?:\d{{1,2}}|{'|'.join(w.NUMBER_WORDS)})\b", at.behind, re.IGNORECASE) else None
    )


def out_of_all(at: Place) -> str | None:
    """'3 out of 3', 'five cases out of five': the seeds on which it is so, and all of them."""
    if at.number.unit or at.number.step != 1 or not (at.sentence.has("seeds?|runs?") or _two_named(at)):
        return None
    counted = rf"(?:\d{{1,2}}|{'|'.join(w.NUMBER_WORDS)}|single|lone)"
    if re.match(rf"\s(?:seeds?|runs?) out of (?:the )?{counted}\b", at.behind, re.IGNORECASE):
        return "part of seeds"
    if re.search(
        rf"\b(?:{counted}|no)\s(?:seeds?|runs?) out of (?:the )?$|\bnot one (?:seed|run) (?:out )?of (?:the |our |all )?$",
        at.ahead,
        re.IGNORECASE,
    ):
        return "seeds"
    if re.match(rf"\s(?:cases )?out of (?:the )?{counted}\W*(?:$|[,).;]|\w+ (?!seeds|runs))", at.behind, re.IGNORECASE):
        return "part of seeds"
    if re.search(rf"\b{counted}\s(?:cases |times )?out of (?:the )?$", at.ahead, re.IGNORECASE) and re.match(
        r"\s*(?:[,).;]|$)", at.behind
    ):
        return "seeds"
    return None


def values_of_a_setting(at: Place) -> str | None:
    """'the three widths', where widths are the conditions."""
    families = "|".join(re.escape(key.replace("_", " ")) for key in at.study.families)
    named = families and at.number.word and re.match(rf"\s(?:\w+ )?(?:{families})s\b", at.after)
    return "conditions" if named else None


def seeds_apiece(at: Place) -> str | None:
    """'five each', of seeds or runs."""
    return "seeds" if at.number.word and re.match(r"\s*(?:each|apiece)\b", at.after) and at.sentence.has("seeds?|runs?") else None


def values_of_seeds(at: Place) -> str | None:
    """'the five accuracies of a', 'the three SAC returns': one value of the metric for each seed."""
    if not at.number.word or at.number.unit:
        return None
    for mention in at.sentence.metrics:
        between = at.text[at.number.end : mention.start] if mention.start > at.number.end else "-"
        plural = re.match(r"[\w ]*(?:ies|[^s]s)\b", at.text[mention.start : mention.end])
        if (
            re.fullmatch(r"[ ][\w -]{0,25}", between)
            and plural
            and not re.search(rf"\b(?:{w.CONDITION_NOUNS})\b", between)
            and not re.search(r"loss$", at.text[mention.start : mention.end])
        ):
            owned = re.search(r"(?:\b(?:the|its|our|all|their)|'s)\s+$", at.ahead, re.IGNORECASE) is not None
            return "seeds" if owned and at.number.value != len({m.name for m in at.sentence.conditions}) else None
    return None


def seeds_of_a_condition(at: Place) -> str | None:
    """'the eight logistic-regression runs': a condition's name between the number and what is counted."""
    if at.number.unit or at.number.step != 1 or at.number.value == 1:
        return None
    for mention in at.sentence.conditions:
        between = at.text[at.number.end : mention.start] if mention.start >= at.number.end else "-"
        if between == " " and re.match(rf"[ -](?:{w.SEED_NOUNS})\b", at.text[mention.end :]):
            return "seeds"
    return None


def n_equals(at: Place) -> str | None:
    """'n = 5'."""
    return "seeds" if re.search(r"\bn\s*=\s*$", at.before, re.IGNORECASE) else None


def times_made(at: Place) -> str | None:
    """'each was trained five times'."""
    made = re.match(r"\s*(?:times|x)\b", at.behind) and at.number.word and at.sentence.has(_MADE)
    return "seeds" if made else None


def so_many_of_the_seeds(at: Place) -> str | None:
    """'at least four of the five seeds', 'four of our five runs'."""
    counted = seeds_quantifier(at.text)
    if counted and counted.start <= at.number.start < counted.end and re.match(r"\s*(?:out )?of\b", at.behind):
        return "part of seeds"
    return "part of seeds" if re.match(rf"\s*(?:of|out of)\s+(?:the |our |all )?\w+\s+{_OF_SEEDS}", at.behind) else None


def all_of_them(at: Place) -> str | None:
    """'the fastest of the three', 'among all four'."""
    if at.number.word and re.search(r"\b(?:of|all|among)\s+(?:the )?$", at.before):
        return "conditions" if re.match(r"\s*(?:[,.(]|$|at\b|with\b|in\b|by\b|are\b|is\b|on\b)", at.after) else None
    return None


def with_so_many(at: Place) -> str | None:
    """'a was run with five seeds, b with three', 'three for a' where seeds are counted."""
    others = [o for o in at.sentence.numbers if o.end < at.number.start and re.match(COUNTED["seeds"], at.text[o.end :])]
    if at.number.word and others and re.search(r"\b(?:with|has|have|had|got|completed) (?:only |just )?$", at.before):
        return "seeds"
    return "seeds" if at.number.word and re.match(r"\s+(?:for|with) ", at.behind) and at.sentence.has("seeds|runs") else None


def so_many_finished(at: Place) -> str | None:
    """'two crashed', '13 were completed'."""
    finished = re.match(
        r"\s+(?:were |was |have |had )?(?:finished|completed|crashed|failed|survived|diverged|converged|collapsed|aborted)\b",
        at.behind,
    )
    return "part of seeds" if finished else None


def the_others(at: Place) -> str | None:
    """'the other two'."""
    others = at.number.word and re.search(r"\bthe other\s*$", at.before) and "." not in at.number.text
    return "conditions" if others else None


def bound_on_seeds(at: Place) -> str | None:
    """'never falls below', 'no seed exceeds', 'every run stays above': the number bounds each seed's own value."""
    if re.match(COUNTED["seeds"], at.behind):
        return None
    bounded = re.search(rf"(?<!\w)(?:{ABOVE}|{BELOW}|{REACHED})\s*$", at.before, re.IGNORECASE)
    counted = (
        r"\bnever\b|\bneither\b|\bnone\b|\bno (?:\w+ ){0,2}?(?:method|model|variant|condition|optimi[sz]er|agent)\b"
        r"|\b(?:seeds|runs) (?:(?!of\b|in\b|with\b|and\b)\w+ ){0,2}?(?:all|each|without exception)\b"
        r"|\bno (?:\w+ ){0,3}?(?:seed|run)\b|\b(?:every|each|all|any) (?:\w+ ){0,3}?(?:seeds?|runs?)\b"
    )
    return "bound on seeds" if bounded and re.search(counted, at.ahead, re.IGNORECASE) else None


def models_in_total(at: Place) -> str | None:
    """'15 models in total'."""
    return "seeds" if re.match(r"\s*(?:\w+ )?models (?:in total|altogether|overall)\b", at.after) else None


_LIST_JOINT = r"(?:,? (?:and|or|plus|&)|[,;]) (?:an? |the |our |with |by )*"
_INTRODUCES = r"[ -](?!seeds?\b|runs?\b|epochs?\b|steps?\b|hours?\b|minutes?\b|points?\b)[a-z-]+(?: [a-z-]+){0,8}?(?:: |, namely,? |, i\.e\.,? | \(| — | - )(?:an? |the |our |with |by )*"


def listed_behind(at: Place) -> str | None:
    """'Three recommenders are compared: a, b and c': as many as the list names that follows, and nothing else."""
    if not at.number.word or at.number.unit or len(at.sentence.conditions) < 2:
        return None
    behind = [mention for mention in at.sentence.conditions if mention.start >= at.number.end]
    if len(behind) < 2 or not re.fullmatch(_INTRODUCES, at.text[at.number.end : behind[0].start]):
        return None
    gaps = (at.text[first.end : second.start] for first, second in itertools.pairwise(behind))
    ends = re.fullmatch(r"\)?[\s.]*", at.text[behind[-1].end :])
    return "listed conditions" if ends and all(re.fullmatch(_LIST_JOINT, gap) for gap in gaps) else None


def sets_of_runs(at: Place) -> str | None:
    """'the two sets of runs do not overlap': one set for each condition."""
    sets = re.match(
        rf"\s(?:sets|groups|families|distributions|clouds|ranges) of (?:{w.SEED_NOUNS}|values|scores|results)\b", at.behind
    )
    return "conditions" if at.number.word and sets else None


def counted_noun(at: Place) -> str | None:
    """'five seeds', 'three optimisers', 'two metrics': the noun behind the number."""
    if "." in at.number.text or at.number.step != 1:
        return None
    return next((kind for kind, pattern in COUNTED.items() if re.match(pattern, at.after)), None)
