"""Which statistical test a sentence names, and whether the p that it prints is that test's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study

RANK_TEST = re.compile(
    r"(?i:wilcoxon|signed[- ]rank|\brank[- ](?:based )?tests?\b|\brank-based\b|\bnon-?parametric\b|\bdistribution-free\b|\b(?:with|on|of|by) (?:the |their )?ranks\b)"
)
"""The rank test that is recorded beside the t test."""
T_TEST = re.compile(r"\bt[- ]tests?\b|\bt[- ]statistics?\b|Student|(?<!non)(?<!-)\b[Pp]arametric (?:test|check|counterpart)")
_UNRECORDED = re.compile(
    r"\b(?:(?<!no )(?:sign|permutation|randomi[sz]ation|bootstrap(?:ped)?|binomial|exact|rank-sum|chi-squared?|likelihood[- ]ratio|log-?rank|z|F)[- ]tests?"
    r"|(?:Mann-Whitney|Welch|ANOVA|McNemar|Friedman|Kruskal|Kolmogorov|Nemenyi|Tukey|Dunnett|Fisher|Levene|Brunner|Diebold|Anderson|Shapiro)\w*|(?:unpaired|two-sample|independent(?:-samples)?) t?-?\s?tests?"
    r"|analysis of variance|one-sided)(?!\w)",
    re.IGNORECASE,
)
"""Tests and kinds of tests of which no p is ever on record."""
_P = re.compile(
    r"\bp\s*(?:-?\s*values?)?\s*(?:of|is|was|being|=|<=?|>=?|equal to|below|above|about|at)\s*(?:about )?\.?\d", re.IGNORECASE
)


def other_tests(sentence: Sentence, study: Study) -> Iterator[str]:
    """'A sign test gives p = 0.03': a p said to be of a test that was not made."""
    said = _UNRECORDED.search(sentence.text)
    recorded = f"{study.task} {' '.join(map(str, study.config.values()))} {' '.join(study.notes.values())}".lower()
    if said is None or sentence.cited or said[0].lower() in recorded:
        return
    if said[0].lower().startswith("exact") and RANK_TEST.search(sentence.text):
        return  # an exact signed-rank test
    if _P.search(sentence.text):
        yield f"{said[0]!r}: no such test was recorded"


def another_tests_p(sentence: Sentence, expressions: Sequence[str]) -> Iterator[str]:
    """'The signed-rank test returns p = x', where x is the t test's; expressions: what the numbers were bound to."""
    rank, t = RANK_TEST.search(sentence.text), T_TEST.search(sentence.text)
    for expression in expressions:
        if rank and not t and expression.endswith(".t_p"):
            yield f"{rank[0]!r}: the p is that of the t test"
        if t and not rank and expression.endswith(".wilcoxon_p"):
            yield f"{t[0]!r}: the p is that of the signed-rank test"
