"""Why a test gives what it gives, or was not made: same signs, the least p of a rank test, its level, too few seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check.pairs import Pair
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.study import Study
from stages.g_writing.sentence_check.tests_named import RANK_TEST

LEAST_P = re.compile(
    r"\bas (?:low|small) as (?:it|p|this|the (?:test|p-?\s?value)) (?:can|could|gets?|goes)\b|\b(?:cannot|can not|could not) (?:go|fall|get|be|become) (?:any )?(?:lower|smaller)\b"
    r"|\b(?:lowest|smallest|least|minimum|minimal) (?:possible |attainable |achievable |reachable )?(?:value|p\b|p-?\s?value|level)?",
    re.IGNORECASE,
)
_SAME_SIGN = re.compile(r"\b(?:same|identical|equal|one) signs?\b|\bsigns? (?:is|are) the same\b|\bagree in sign\b", re.IGNORECASE)
_UNDER_LEVEL = re.compile(
    r"(?P<denied>\b(?:not|never|no longer|cannot|without)(?: \w+){0,2} |\bfails? to )?\b(?:fall|falls|falling|fell|drop|drops|dropping|get|gets|getting|go|goes|going|is|are|lies?|stays?|reach|reaches) (?:not )?(?:under|below|beneath)"
    r" the (?:\w+ )?(?P<level>0?\.\d+|\d+ ?%) (?:significance )?(?:level|threshold)\b",
    re.IGNORECASE,
)
_NO_TEST = re.compile(
    r"\b(?:refrain\w* from|abstain\w* from|dispens\w+ with|forgo|forego|do without|(?:make|report|run|perform|conduct|carry out|offer|give|compute|attempt) no|(?:do|did) not (?:make|report|run|perform|conduct|carry out|attempt|compute))"
    r" (?:(?:any|a|an|all|formal|statistical|hypothesis|significance|making|running|reporting|performing) )*(?:tests?\b|testing\b|p-?\s?values?\b)",
    re.IGNORECASE,
)


def of_the_pairs(sentence: Sentence, cause: re.Match[str]) -> bool:
    """'because there are only five pairs': the reason is how many differences there are, or which signs they have."""
    reason = re.split(r"[,;]", sentence.text[cause.end() :])[0]
    return (
        re.search(
            r"\b(?:signs?|differences?|pairs?|seeds?|runs?|samples?|number of|observations?|n ?=|(?:test|p-?\s?value)s?)\b", reason
        )
        is not None
    )


def least_p_explained(sentence: Sentence) -> bool:
    """'Because all differences have the same sign, the signed-rank test returns …': a reason that follows from how the test is made."""
    return RANK_TEST.search(sentence.text) is not None and (
        _SAME_SIGN.search(sentence.text) is not None or LEAST_P.search(sentence.text) is not None
    )


def same_sign(sentence: Sentence) -> bool:
    """'Every one of the differences has the same sign': counted by `reasons`, whatever the words behind it compare."""
    return _SAME_SIGN.search(sentence.text) is not None and re.search(r"\bdifferences?\b", sentence.text) is not None


def reasons(sentence: Sentence, study: Study, pair: Pair, bound: Sequence[tuple[float, str]]) -> Iterator[str]:
    """Reasons against what is said about a test; bound: each number's recorded value with the expression for it."""
    yield from _tests_there_are(sentence, study)
    if RANK_TEST.search(sentence.text) is None:
        return
    p = [value for value, expression in bound if expression.endswith(".wilcoxon_p")]
    tests = [found[0] for a, b in pair.options for metric in study.metrics if (found := study.compared(a, b, metric))]
    if (said := LEAST_P.search(sentence.text)) and p and tests and said[0].lower().startswith("as"):
        least = 2.0 ** (1 - tests[0].n)
        if any(abs(value - least) > 1e-3 * least for value in p):
            yield f"{said[0]!r}: the least p of {tests[0].n} pairs is {least:g}"
    if (said := _UNDER_LEVEL.search(sentence.text)) and p:
        level = float(said["level"].rstrip(" %")) / (100 if "%" in said["level"] else 1)
        ahead = re.split(r"[;,]", sentence.text[: said.start()])[-1]
        denied = said["denied"] is not None or re.search(r"\b(?:neither|none|no|nor)\b", ahead, re.IGNORECASE) is not None
        if any((value < level) is denied for value in p):
            yield f"{said[0]!r}: the recorded p is {min(p):g}"
    if (said := _SAME_SIGN.search(sentence.text)) and re.search(r"\bdifferences?\b", sentence.text):
        metric = sentence.first_metric(study)
        for a, b in pair.options[:1]:
            one, other = (study.conditions[name][metric].seeds if metric in study.conditions[name] else {} for name in (a, b))
            gaps = [one[seed] - other[seed] for seed in one if seed in other]
            if not (all(gap < 0 for gap in gaps) or all(gap > 0 for gap in gaps)):
                yield f"{said[0]!r}: not for every seed"


def _tests_there_are(sentence: Sentence, study: Study) -> Iterator[str]:
    """'We refrain from any test', where tests are on record and the sentence speaks of no pair without one."""
    said = _NO_TEST.search(sentence.text)
    if (
        said
        and not sentence.conditions
        and not sentence.metrics
        and any(test.t_p is not None or test.wilcoxon_p is not None for test in study.comparisons.values())
    ):
        yield f"{said[0]!r}: tests are recorded"
