"""Differences, factors, shares and ranges that a number can be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.agreement import holds
from stages.g_writing.sentence_check.alternatives import part, partners
from stages.g_writing.sentence_check.condition_names import REMOVED
from stages.g_writing.sentence_check.extremes import extremes_named
from stages.g_writing.sentence_check.measured import metrics_for, metrics_with_complement
from stages.g_writing.sentence_check.pairs import between_pairs, whole_of
from stages.g_writing.sentence_check.phrases import DIFFERENCE_BEFORE, GOES, LOGARITHM
from stages.g_writing.sentence_check.progress import Progress
from stages.g_writing.sentence_check.quantities import Quantity, differences, logarithms, other_unit, printed
from stages.g_writing.sentence_check.reading import Number


def changes(now: Progress, number: Number) -> Iterator[Quantity]:
    before, after = now.sentence.near(number)
    if now.sentence.has("medians?") and not now.sentence.has("means?|averaged?"):
        return  # differences are recorded of means
    start, end = part(number, now.sentence)
    if re.search(r"\bseed \d+\b", now.sentence.text[start:end], re.IGNORECASE):
        return  # those of one seed follow from the record
    if len(list(extremes_named(now.sentence))) == 2:
        return  # of extremes
    for (a, b), (metric, complement) in (
        (pair, each) for pair in pairs_of(now, number, before) for each in metrics_with_complement(now, number)
    ):
        if LOGARITHM.search(now.sentence.text) and number.unit == "":
            logs = [{label.split("(")[0]: v for v, label in logarithms(now.study, name, metric)} for name in (a, b)]
            for base in logs[0].keys() & logs[1].keys():
                shown = abs(logs[0][base] - logs[1][base])
                if holds(number, before, shown):
                    now.used.append((a, b))
                    yield Quantity(shown, f"abs{base}({a}/{b}).{metric}")
        unit = number.unit
        share = share_of(number, before, after)
        if other_unit(after, now.study.metrics[metric].unit):
            continue
        if re.search(r"factor of\s*(?:about )?$", before) or (
            unit == "" and re.search(r"\bspeed-?up (?:of|is|was|by)\s*(?:about |roughly |almost |nearly )?$", before)
        ):
            unit = "x"
        for value, expression in differences(
            now.study, a, b, metric, "x" if share else unit, complement=complement, absolute=now.sentence.has("absolute")
        ):
            inverse = (
                unit == "x"
                and not share
                and now.sentence.has(f"{w.FASTER}|as (?:fast|quick)|reduc\\w*|shorter|smaller|less|lower|fewer")
                and value < 1
            )
            slower = re.match(r"\s*(?:times|x|×)\s*(?:as (?:long|slow)|longer|slower)\b", after)
            inverse = inverse or (unit == "x" and slower is not None and now.study.metrics[metric].direction == "max")
            shown = 1 / value if inverse else 100 * value if share else value
            if share and now.last_level is None and "which is" in before:  # 'lower by x, which is y % of it'
                shown = 100 * abs(1 - value)
            if holds(number, before, shown) and not (
                unit == "%" and re.search(r"(?:percentage|absolute) points?|in absolute terms", after)
            ):
                now.used.append((a, b))
                yield Quantity(shown, expression)


def share_of(number: Number, before: str, after: str) -> bool:
    """'88 % of that of SGD', '42 % of the MLP's memory': one value over the other, not their difference."""
    other = re.match(
        r"\s*% of (?:that (?:of|for|with)\b|the [\w-]+'s?\b|[\w-]+'s?(?=[\s.,])|what\b|its |their |the (?:[\w-]+ ){1,2}(?:that|which|required by|taken by)\b|the (?:[\w-]+ )?(?:of|needed by|used by)\b)",
        after,
    )
    return number.unit == "%" and other is not None and not DIFFERENCE_BEFORE.search(before) and not GOES.search(before)


def pairs_of(now: Progress, number: Number, before: str) -> tuple[tuple[str, str], ...]:
    """The pairs that the sentence compares; '0.79 of the 1.29 points': of the whole gain, the main pair's."""
    main = now.study.main_pair
    without = [name for name in now.study.conditions if name.startswith(REMOVED)]
    if main and len(without) == 1 and re.search(r"\b(?:remaining|remainder|the rest|other)\b(?: \w+){0,2} $", before):
        return ((without[0], main[1]),)
    if (
        main
        and len(without) == 1
        and re.match(r"\s*(?:points? |pp )?(?:remain|are left|survive|persist|are kept|are retained)\b", now.sentence.near(number)[1])
    ):
        return ((without[0], main[1]),)
    already = (
        r"\s*(?:points? |pp |[a-z]+ )?(?:are|is|were|was) already (?:obtained|reached|achieved|gained|realised|realized|delivered)\b"
    )
    if main and len(without) == 1 and re.match(already, now.sentence.near(number)[1]):
        return ((without[0], main[1]),)
    due = r"\s*(?:points? |pp )?(?:of (?:these|them|which|this|that) )?(?:(?:are|is|were|was|would be) (?:lost|due|owed|attributable)|(?:come|comes|stem|stems) from|disappear|vanish)\b"
    lacking = [name for name in now.study.conditions if whole_of(name, now.study)]
    if len(lacking) == 1 and re.match(due, now.sentence.near(number)[1]):
        return ((whole_of(lacking[0], now.study) or "", lacking[0]),)  # 'of these, 0.79 come from the part'
    of_whole = r"^\s*(?:\w+ )?(?:out )?of (?:the |this |these |those |our |a total (?:of )?)?$|\b(?:total|whole|overall|full|entire) (?:gain|improvement|difference|effect|benefit|reduction)s? (?:of|is|was) $"
    if main and re.search(of_whole, before, re.IGNORECASE):
        return (main,)
    between = [each for each in between_pairs(now.sentence) if each[0] <= number.start]
    if between and len(between_pairs(now.sentence)) > 1:
        return (between[-1][1],)
    part_of_it = re.fullmatch(r"\s*(?:points? |pp )?(?:out )?of (?:the |a total of )?", now.sentence.near(number)[1])
    if main and len(without) == 1 and part_of_it:
        return ((main[0], without[0]),)  # '0.79 of 1.29 points': what the part costs
    own = partners(number, now.sentence, now.study)
    return _from_its_owner(now, number, (own,) if own else now.pair.options)


def _from_its_owner(now: Progress, number: Number, options: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """'gives up 9 % of b's throughput': a share of what b has is relative to b, whoever is named first."""
    owner = next(
        (
            m.name
            for m in now.sentence.conditions
            if m.start >= number.end
            and re.fullmatch(r" ?(?:%|per ?cent) of (?:the |what )?", now.sentence.text[number.end : m.start])
            and re.match(r"'s?\b|' ", now.sentence.text[m.end :])
        ),
        None,
    )
    return options if owner is None else tuple((b, a) if a == owner else (a, b) for a, b in options)


def ranges(now: Progress, number: Number) -> Iterator[Quantity]:
    """Largest minus smallest value over the seeds of a condition."""
    before, _ = now.sentence.near(number)
    if not now.sentence.conditions and now.sentence.has("any|every|all|each"):
        yield from widest_range(now, number, before)
    start, end = part(number, now.sentence)
    own = [mention for mention in now.sentence.conditions if start <= mention.start < end]
    for condition in dict.fromkeys(mention.name for mention in own or now.sentence.conditions):
        for metric in metrics_for(now, number):
            scores = now.study.conditions[condition].get(metric)
            if scores is None or scores.n < 2:
                continue
            shown = printed(scores.max - scores.min, now.study.metrics[metric].unit, number.unit, spread=True)
            if shown is not None and holds(number, before, shown):
                yield Quantity(shown, f"{condition}.{metric}.max - {condition}.{metric}.min")


def widest_range(now: Progress, number: Number, before: str) -> Iterator[Quantity]:
    """'the seeds of any condition differ by at most …'."""
    for metric in metrics_for(now, number):
        of = [scores[metric] for scores in now.study.conditions.values() if metric in scores]
        shown = printed(max(each.max - each.min for each in of), now.study.metrics[metric].unit, number.unit, spread=True)
        if shown is not None and holds(number, before, shown):
            yield Quantity(shown, f"max_range.{metric}")
