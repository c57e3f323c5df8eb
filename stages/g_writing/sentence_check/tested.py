"""Numbers of a recorded test: p values, effect sizes, ends and half widths of intervals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check.alternatives import part
from stages.g_writing.sentence_check.measured import metrics_for
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import Quantity, fits, printed
from stages.g_writing.sentence_check.reading import Number
from stages.g_writing.sentence_check.tests_named import RANK_TEST, T_TEST


def test_values(now: Progress, number: Number, role: str) -> Iterator[Quantity]:
    before, _ = now.sentence.near(number)
    if role == "p" and now.sentence.has(r"(?:both|all|every|each) (?:[\w-]+ )*(?:p\s?-?\s?values?|t-tests?|tests|comparisons)"):
        every = [
            list(p_values(now, number, before, test.t_p, test.wilcoxon_p, f"test({key})"))
            for key, test in now.study.comparisons.items()
        ]
        if every and all(every):
            yield every[0][0]
        return
    for (a, b), metric in ((pair, metric) for pair in tested_pairs(now, number) for metric in metrics_for(now, number)):
        found = now.study.compared(a, b, metric)
        if found is None:
            continue
        test, sign = found
        if role == "dz" and test.cohens_dz is not None and (fits(number, abs(test.cohens_dz)) or fits(number, test.cohens_dz)):
            yield Quantity(test.cohens_dz, f"dz({a},{b}).{metric}")
        elif role == "interval" and test.ci95 is not None:
            low, high = sorted(sign * end for end in test.ci95)
            second = (
                bool(re.search(r"(?:\bto|\band|,|^\s*-)\s*$", before))
                or re.search(r"\bupper (?:end|bound|limit|edge)\b", now.sentence.text[: number.start]) is not None
            )
            for end, turned, name in ((high, -low, "ci_high"),) if second else ((low, -high, "ci_low"),):
                for value in (end, turned) if high < 0 else (end,):
                    shown = printed(value, now.study.metrics[metric].unit, number.unit, spread=True)
                    if shown is not None and fits(number, shown):
                        yield Quantity(shown, f"{name}({a},{b}).{metric}")
        elif role == "p":
            yield from p_values(now, number, before, test.t_p, test.wilcoxon_p, f"test({a},{b}).{metric}")


_AT_THE_END = re.compile(
    r"\b(?:larger|smaller|greater|bigger|lower|higher|weaker|stronger)\b[^,;.]* than [^,;.]*, (?:at|with|namely|reaching)\b[^,;.]*$"
)
"""'The effect against a is smaller than that against b, at d_z = 2.6': behind the comparison stands the value of its subject."""


def tested_pairs(now: Progress, number: Number) -> tuple[tuple[str, str], ...]:
    """The pairs that a test is of; where several are compared with one, that of the number's own part."""
    main = now.study.main_pair
    others = [mention for mention in now.sentence.conditions if main and mention.name != main[0]]
    start, end = part(number, now.sentence)
    _, behind = now.sentence.near(number)
    own = {mention.name for mention in others if start <= mention.start < end}
    follows = [m for m in others if number.end <= m.start < number.end + len(behind)][:1]
    if follows and re.fullmatch(
        r"[^();,]*\b(?:against|for|versus|vs|to|over) (?:that with )?(?:the )?", now.sentence.text[number.end : follows[0].start]
    ):
        own = {follows[0].name}
    ahead = list(dict.fromkeys(mention.name for mention in others if mention.end <= number.start))
    if main and not own and len(ahead) == 2 and _AT_THE_END.search(now.sentence.text[: number.start]):
        own = {ahead[0]}
    if main and len({mention.name for mention in others}) > 1 and len(own) == 1:
        return ((main[0], own.pop()),)
    return now.pair.options


def p_values(now: Progress, number: Number, before: str, t_p: float | None, wilcoxon_p: float | None, test: str) -> Iterator[Quantity]:
    wilcoxon, t_test = RANK_TEST.search(now.sentence.text), T_TEST.search(now.sentence.text)
    told = list(re.finditer(rf"(?P<w>{RANK_TEST.pattern})|{T_TEST.pattern}", now.sentence.text[: number.start]))
    if wilcoxon and t_test and told:  # of both tests, the one named last
        wilcoxon, t_test = (told[-1], None) if told[-1]["w"] else (None, told[-1])
    values = [(t_p, "t_p")] if t_test and not wilcoxon else [(wilcoxon_p, "wilcoxon_p")] if wilcoxon else [(t_p, "t_p")]
    sign = re.search(r"(<=?|>=?|=|below|under|above)\s*$", before)
    for value, name in values:
        if value is None:
            continue
        how = sign[1] if sign else "="
        true = value < number.value if how[0] in "<bu" else value > number.value if how[0] in ">a" else fits(number, value)
        if true:
            yield Quantity(value, f"{test}.{name}")


def half_widths(now: Progress, number: Number) -> Iterator[Quantity]:
    """The deviation behind ± where the sentence speaks of an interval: half of the recorded one's width."""
    for (a, b), metric in ((pair, metric) for pair in now.pair.options for metric in metrics_for(now, number)):
        found = now.study.compared(a, b, metric)
        if found and found[0].ci95:
            low, high = found[0].ci95
            shown = printed((high - low) / 2, now.study.metrics[metric].unit, number.unit, spread=True)
            if shown is not None and fits(number, shown):
                yield Quantity(shown, f"ci_half_width({a},{b}).{metric}")
