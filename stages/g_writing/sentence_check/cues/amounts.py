"""Cues to values of metrics and settings: deviations, ranges, differences, shares, settings, and plain levels."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check.cues.place import Place
from stages.g_writing.sentence_check.phrases import DEVIATION, DEVIATION_HEAD, DIFFERENCE_AFTER, DIFFERENCE_BEFORE, GOES, OF_A_CHANGE


def headed_by_deviation(at: Place) -> str | None:
    """'Accuracy (standard deviation): a 91.14 (0.21)': those in brackets are deviations, the others values."""
    if DEVIATION_HEAD.search(at.text) and at.number.step < 1:
        return "std" if re.search(r"\d\s?%?\s?\($", at.ahead) else "level"
    return None


_MEANS_AND_DEVIATIONS = re.compile(r"\bmeans? and (?:the |their )?(?:standard deviations?|s\.d\.|std)\b", re.IGNORECASE)


def mean_and_deviation(at: Place) -> str | None:
    """'means and standard deviations are 31.48 and 0.37 for a, 24.64 and 0.14 for b': the second of each two is the deviation."""
    if not _MEANS_AND_DEVIATIONS.search(at.ahead) or "." not in at.number.text:
        return None
    if re.match(r" ?%? and \d[\d.]* ?%? (?:for|with|by|under|of) ", at.behind):
        return "level"
    return "std" if re.search(r"\d ?%? and $", at.ahead) and re.match(r" ?%? (?:for|with|by|under|of) ", at.behind) else None


def updates(at: Place) -> str | None:
    """'updated 3000 times'."""
    return "setting" if re.match(r"\s*times\b", at.behind) and re.search(r"\bupdated\s*$", at.before) else None


def within_of_each_other(at: Place) -> str | None:
    """'within 0.2 points of each other'."""
    near = re.search(r"\bwithin\s*$", at.before) and re.match(r"\s*(?:[\w%]+ ){0,3}?of (?:each other|one another)", at.after)
    return "difference" if near else None


def factor_of(at: Place) -> str | None:
    """'by a factor of 1.8'."""
    return "difference" if re.search(r"\bfactor (?:of|is|was)\s*(?:about |around |roughly |almost |nearly )?$", at.before) else None


_SPREADS_OVER = re.compile(
    r"\b(?:spread(?:s|ing)?(?: out)?|scatter(?:s|ed)?|extends?|stretch(?:es)?) over (?:about |only |just |at most )*$", re.IGNORECASE
)
"""'spreads over 0.54 points': over no bound."""


def one_range(at: Place) -> str | None:
    """'the seeds span 0.54 points', 'differ by at most …': one number for the distance from the worst seed to the best."""
    if not at.sentence.has("seeds?|runs?"):
        measured = "." in at.number.text or at.number.unit in {"pp", "points"}
        return "range" if measured and _SPREADS_OVER.search(at.before) else None
    if re.search(r"\b(?:spread|difference|gap|distance|range) between (?:the |its )?(?:best|worst|highest|lowest)\b", at.text):
        return "range"
    spans = (
        r"\b(?:span\w*|spread(?:s|ing)?(?: out)? over|scatter(?:s|ed)? over|(?:extends?|stretch(?:es)?|reach(?:es)?) over|(?:differs?|vary|varies|varied|fluctuates?|scatters?|changes?) by|(?:a |the )?(?:range|spread) (?:of|is)|apart by)"
        r"\s*(?:at most |no more than |at least |only |about |just |up to |less than |more than |over )*$"
    )
    return "range" if re.search(spans, at.before) else None


def of_a_whole(at: Place) -> str | None:
    """'5,000 of the training images': a setting where the words name one."""
    whole = re.match(r"\s+of (?:the|its|our|their) (?:\d[\d,]* )?(?!seeds|runs)[a-z]+", at.behind)
    if whole and at.number.step == 1 and not at.number.unit:
        return "setting" if at.settings.countable(at.number) else "part of a whole"
    return None


def behind_plus_minus(at: Place) -> str | None:
    """'91.1 ± 0.2', '91.1 (s.d. 0.2)'."""
    return "std" if re.search(r"(?:±|\+/-|\((?:s\.\s?d\.|SD|std\.?|standard deviation)(?: of| =)?[\s\\]*)\s*$", at.before) else None


def behind_a_deviation(at: Place) -> str | None:
    """'with a standard deviation of 0.2': the deviation itself is found among the statistics of a level."""
    said = DEVIATION.search(at.text)
    if said and said.start() < at.number.start and "±" not in at.text and not DIFFERENCE_BEFORE.search(at.before):
        return "level"
    return None


def setting(at: Place) -> str | None:
    """'a batch size of 64': the words beside the number name a setting; a rate per second is none."""
    rate = re.match(r"\s*(?:\w+ )?\w+\s*(?:per|/)\s*(?:second|s|sec|step|hour|minute)\b", at.after)
    named = not rate and at.settings.countable(at.number) and at.number.unit not in {"pp", "points", "x", "%"}
    return "setting" if named else None


def share_of_another(at: Place) -> str | None:
    """'88 % of that of SGD', 'half the memory': one value over another."""
    share = (
        r"\s*% of (?:that (?:of|for|with)\b|what\b|the (?:[\w-]+ ){1,2}(?:that|which|required by|taken by)\b"
        r"|the [\w-]+'s?\b|[\w-]+'s?(?=[\s.,]))"
    )
    return "difference" if re.match(share, at.after) else None


def _share_that_goes(at: Place) -> bool:
    """'eliminates 9.4 % of the errors of a': a relative change of what is named behind it."""
    said = GOES.search(at.before)
    of = re.match(r" ?(?:%|per ?cent) of (?:the |all |those )?(?:[\w-]+ ){0,2}?(?:errors?|mistakes|misclassif\w+|misses)\b", at.behind)
    return at.number.unit == "%" and said is not None and of is not None


_TAKES_OFF = re.compile(
    r"\b(?:takes?|took|taking|shav(?:es?|ed|ing)|knock(?:s|ed|ing)?) (?:(?:about|roughly|nearly|almost|a further|another|some|only|just|a full) )*$",
    re.IGNORECASE,
)
_ERRS_BY = re.compile(
    r"\b(?:errs?|erred|(?:is|are|was|were) (?:off|wrong|out)|miss(?:es|ed)?(?: (?:the|its) (?:[a-z]+ ){0,2}?[a-z]+)?) (?:on average )?by\b"
)


def change(at: Place) -> str | None:
    """'by 1.3 points', '20 % faster', 'a gain of 0.79'."""
    if OF_A_CHANGE.match(at.behind):
        return "difference"  # '0.85 of these come from x'
    if _ERRS_BY.search(at.text) and re.search(r"\bby (?:about |only |on average )?$", at.before):
        return None  # 'errs by 31 W': the error itself
    if _TAKES_OFF.search(at.before) and re.match(r" ?[\w/%\u00b0]+ off\b", at.behind):
        return "difference"
    if _share_that_goes(at):
        return "difference"
    bearer = next(
        (m for m in at.sentence.conditions if re.fullmatch(r"\s*", at.text[m.end : at.number.start]) and m.end <= at.number.start),
        None,
    )
    if bearer and re.search(r"\b(?:costs?|saves?|earns?|buys?|brings?|robs?) (?:the )?$", at.text[: bearer.start]):
        return "difference"  # 'taking it away costs a 3.2 meV'
    changed = at.number.unit in {"pp", "points", "x"} or DIFFERENCE_BEFORE.search(at.before) or DIFFERENCE_AFTER.match(at.after)
    return "difference" if changed else None
