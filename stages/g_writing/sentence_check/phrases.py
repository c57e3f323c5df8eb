"""Phrases around a number that more than one check reads: bounds, deviations, changes, and what is counted."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w


def any_of(words: str) -> re.Pattern[str]:
    """One of the words, separated by '|', as a whole word in any case."""
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


COUNTED = {
    "seeds": rf"^[\s-]*(?:of (?:the |our )?\w+ )?(?:(?!per\b|over\b|on\b|and\b|seconds?\b|minutes?\b|hours?\b)\w+ ){{0,2}}?(?:{w.SEED_NOUNS})\b",
    "conditions": rf"^\s*(?:(?!for\b|with\b|by\b|and\b|or\b)\w+ ){{0,2}}?(?:{w.CONDITION_NOUNS})\b",
    "comparisons": r"^\s*(?:(?!for\b|with\b)\w+ ){0,2}?(?:comparisons|tests|contrasts)\b",
    "metrics": r"^[\s-]*(?:\w+ ){0,1}?(?:metrics|measures|measurements|quantities|criteria|outcomes)\b",
}
DIFFERENCE_BEFORE = re.compile(
    r"(?:\bby(?: a factor of| a margin of)?|\b(?:gain|improvement|increase|decrease|reduction|drop|difference|gap|advantage|margin|overhead|deficit|rise|lead|decline"
    r"|saving|speed-?up|cost|change|benefit|effect|(?:additional|extra|added)(?: [\w-]+){1,3})s?(?: (?!from\b|to\b(?! (?:the|a|our)\b))[\w()-]+){0,8}? (?:of|is|was|amounts to|equals|corresponds to)"
    r"|\b(?:additional|extra|adds|added|costs?|saves?|gains?|t(?:akes?|ook|aking) off|takes?(?= (?:about |roughly |nearly |a further |another )?[-\d.]+ ?\S* off\b)|gives? up|trades?(?: in| away)?|sacrifices?|forfeits?|foregoes|loses?|contributes?|accounts? for|brings?|worth|shav(?:es?|ed|ing)|shed(?:s|ding)?|knock(?:s|ed|ing)?|removes?|trims?))"
    r"\s*(?:an? |the |another |further |about |only |roughly |around |approximately |nearly |almost |just |some |slightly |more than |less than |over |under |at least |at most |relative |absolute |\(|mean |small |large |modest |moderate |clear |mere |tiny |little |bit |shade |touch |hair |full |whole |slim |narrow |good |solid |hefty |meagre |scant |slender |considerable |substantial |minor )*$",
    re.IGNORECASE,
)
DIFFERENCE_AFTER = re.compile(
    r"^\s*(?:%|per ?cent|×|x|times|percentage points?|points?|pp|[A-Za-z][\w/-]*(?= (?:below|above|lower|higher|less|more|better|worse|behind|ahead)\b)|nats|bits|seconds?|minutes?|hours?|s|ms|min|h|GB|MB)?\s*(?:in absolute terms |absolute |relative |units? )?"
    r"(?:in relative terms|in absolute terms|of (?:additional|extra|further)|additional|extra|further|added|higher|lower|better|worse|faster|slower|earlier|later|sooner|more|less|fewer|longer|shorter|larger|smaller|below|above|cheaper|behind|ahead|short of|gain|improvement|reduction"
    r"|increase|decrease|overhead|drop|speed-?up|relative (?:gain|improvement|reduction|increase)|advantage)\b",
    re.IGNORECASE,
)
GOES = re.compile(
    r"\b(?:eliminat|remov|avoid|prevent|sav|spar|cut)\w*(?: out| away)? (?:about |roughly |nearly |almost |some |around )?$",
    re.IGNORECASE,
)
"""'eliminates' right before a share of something: what is gone, no rest."""

OF_A_CHANGE = re.compile(
    r" (?:of (?:these|those|them|which|this|that) )(?:come|comes|coming|stem|stems|is due|are due|due|vanish|disappear|remain|survive)\b",
    re.IGNORECASE,
)
"""Behind a number that is a part of a change told before: '0.85 of these come from x'."""

ABOVE = r"(?:(?<!no )more than|above|exceed\w*|at least|greater than|>=?|no less than|surpass\w*|just over|well over|slightly over|over|upwards of|higher than|longer than|larger than|beyond|past|clears?)"
BELOW = r"(?:(?<!no )less than|below|under|at most|fewer than|<=?|up to|nearly|almost|just under|no more than|lower than|within|shorter than|smaller than|(?:just )?shy of)"

REACHED = r"(?:reach\w*|attain\w*|achiev\w*|get(?:s|ting)? to|hits?|cross\w*|pass\w*|top(?:s|ped)?)"
"""Verbs that bound a number from below where every or no run is their subject."""

DEVIATION = re.compile(
    r"\bstandard deviations?\b|\bs\.d\.|\bs\.?d\.?\b|\bstd\b|\bspread\b|\bdeviations?\b|\bvariation\b", re.IGNORECASE
)


DEVIATION_HEAD = re.compile(r"\((?:[\w ]+ )?(?:standard deviations?|s\.d\.|sd|std)\b[^)]*\)(?=[^(]*\(\s*\d)", re.IGNORECASE)
"""'Accuracy (standard deviation): a 91.14 (0.21)': deviations stand in brackets behind their values."""

LOGARITHM = re.compile(r"\bcross-entropy\b|\bnats?\b|\bbits per \w+\b|\bentropy\b")
"""Words by which a perplexity may be given as its logarithm."""
