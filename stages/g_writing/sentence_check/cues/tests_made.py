"""Cues to the numbers of a test: p values, effect sizes, the ends and the level of an interval, the level of a test."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.cues.place import Place

_RANK_TEST = re.compile(r"[Ww]ilcoxon|signed-rank")
_OF_AN_INTERVAL = re.compile(r"\b(?:confidence|CIs?|intervals?)\b")
LEVELS = (0.05, 0.01, 0.1)
"""Levels of a test that are named without being recorded."""


def smallest_p_in_reach(at: Place) -> str | None:
    """'with five pairs a signed-rank p below 0.05 is out of reach'."""
    spoken = _RANK_TEST.search(at.text) and at.sentence.has(
        "possible|cannot|can not|impossible|attainable|achievable|out of reach|unattainable|unreachable|ruled out|(?:can )?never (?:yield|give|produce|return|reach|go|get|fall|drop)\\w*"
    )
    if spoken and re.search(r"\bp\b[^,;]*(?:below|under|<|smaller than)\s*$", at.ahead):
        return "smallest p"
    return None


def largest_p(at: Place) -> str | None:
    """'the largest possible p': nothing recorded can be it."""
    found = re.search(r"\b(?:largest|highest|greatest)(?: \w+)? possible\b|\bpossible (?:maximum|largest)", at.text)
    return "largest p" if found else None


def level_of_an_interval(at: Place) -> str | None:
    """'a 95 % confidence interval': only those of 95 % are recorded."""
    if at.number.unit == "%" and re.match(r"[%\s\w]{0,6}(?:confidence|CIs?\b|intervals?)", at.after):
        return "free" if at.number.value == 95 else "other interval"
    return None


def level_of_a_test(at: Place) -> str | None:
    """'at the 5 % level', 'alpha = 0.05'; an alpha of the configuration that has this value is a setting."""
    if re.search(r"\balpha\s*(?:of|=|is|at)?\s*$", at.before) and at.settings.named_by("alpha", at.number):
        return "setting"
    named = "alpha" not in at.study.config and re.search(r"(?:level|alpha|threshold)\s*(?:of|=|at)?\s*$", at.before)
    if named or re.match(r"\s*%?\s*(?:significance )?level\b", at.after):
        share = at.number.value / 100 if at.number.unit == "%" else at.number.value
        return "free" if share in LEVELS else "level of a test"
    return None


def p_values_bounded(at: Place) -> str | None:
    """'both p values are below 0.05'."""
    pattern = r"\bp\s*-?\s*values? (?:(?:are|is|were|was|lie|lies|stay|stays|remain|remains|all|both) )*(?:below|above|<|>|under)\s*$"
    return "p" if re.search(pattern, at.before, re.IGNORECASE) else None


def p_value(at: Place) -> str | None:
    """'p = 0.003', 'a p value of 0.003'."""
    pattern = (
        r"\bp\s*(?:-?\s*values?)?(?: of which)?\s*(?:(?:being|lies|lay|stays|comes)\s*)?"
        r"(?:of|is|was|being|=|<=?|>=?|equal to|below|above|about)\s*$"
    )
    return "p" if re.search(pattern, at.before, re.IGNORECASE) else None


def effect_size(at: Place) -> str | None:
    """'Cohen's d of 1.3', 'd_z = 1.3'."""
    pattern = (
        r"(?<!\w)(?:Cohen's d|d|d_\{?z\}?|dz|effect size|standardi[sz]ed(?: \w+){0,2})(?: \w+){0,2}\s*"
        r"(?:=|of|is|was|amounts to|comes to|equals|at|reaches|gives|:)\s*(?:about |around |roughly )?$"
    )
    return "dz" if re.search(pattern, at.before) else None


def effect_size_listed(at: Place) -> str | None:
    """'The effect size is larger for a (1.3) than for b (0.9)': the sentence begins with what its numbers are."""
    spoken = re.match(r"\W*(?:The )?(?:paired |standardi[sz]ed )?(?:Cohen's d|d_\{?z|effect sizes?)", at.text)
    if spoken and "." in at.number.text and not at.number.unit:
        return "dz" if re.search(r"(?:\(|\b(?:than|to|versus|against|and|is|of))\s*$", at.before) else None
    return None


def first_end_of_an_interval(at: Place) -> str | None:
    """'the confidence interval is 0.4 to 1.9': the number before 'to'."""
    named = _OF_AN_INTERVAL.search(at.text)
    if (
        named
        and named.start() < at.number.start
        and re.match(r"\s*(?:%|\w+(?: points)?)?\s*(?:to|-|and)\s*[-+]?\d", at.after + at.behind[len(at.after) :][:3])
        and not re.search(r"\bp\b", at.after)
    ):
        return "interval"
    return None


def end_of_an_interval(at: Place) -> str | None:
    """'CI [0.4, 1.9]', 'an interval from 0.4 to 1.9'."""
    named = _OF_AN_INTERVAL.search(at.text)
    if (
        named
        and (named.start() < at.number.start or re.search(r"[\[(]\s*$|,\s*$", at.before))
        and re.search(r"[\[(]\s*$|(?:from|between|to|of|and|,)\s*$", at.before)
    ):
        return "interval"
    return None


def bound_with_confidence(at: Place) -> str | None:
    """'with 95 % confidence the gain is at least 0.4 points': the interval's lower end."""
    bounded = re.search(r"\b(?:at least|no less than)\s*$", at.before, re.IGNORECASE)
    return "interval" if bounded and at.sentence.has("confidence") and at.number.unit in {"pp", "points"} else None


def named_end_of_an_interval(at: Place) -> str | None:
    """'the lower end of the interval is 0.4'."""
    said = re.search(r"\b(?:lower|upper) (?:end|bound|limit|edge)\b[^.;]*\b(?:is|of|at|=)\s*$", at.ahead)
    return "interval" if said and _OF_AN_INTERVAL.search(at.text) else None


def zero_of_an_interval(at: Place) -> str | None:
    """'the interval excludes zero' is a claim of its own."""
    return "free" if at.number.value == 0 and at.number.word and _OF_AN_INTERVAL.search(at.text) else None


def extreme_p_of_a_rank_test(at: Place) -> str | None:
    """'a signed-rank test of five pairs cannot give less than 0.0625'."""
    bounds = (
        r"\b(?:smallest|lowest|minimum|minimal|least|floor|largest|highest|cannot|can not|never|bounded|limited|at best|at least"
        r"|no smaller than|impossible)\b"
    )
    if _RANK_TEST.search(at.text) and re.search(bounds, at.text):
        return "largest p" if re.search(r"\b(?:largest|highest|greatest|above|exceed\w*|larger)\b", at.text) else "smallest p"
    return None
