"""The judgement: each number bound to one quantity, each comparing word held against the recorded values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from stages.contracts import Contract
from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.alternatives import Reading, part, partners, readings
from stages.g_writing.sentence_check.claims import claims
from stages.g_writing.sentence_check.counts import Counts
from stages.g_writing.sentence_check.derived import Derived, derived
from stages.g_writing.sentence_check.extremes import compared_stretch, extremes, extremes_named
from stages.g_writing.sentence_check.pairs import Pair, between_pairs, directions, metrics_of, of_speed, pair_of
from stages.g_writing.sentence_check.phrases import ABOVE, BELOW, DEVIATION, DEVIATION_HEAD, DIFFERENCE_BEFORE, REACHED
from stages.g_writing.sentence_check.quantified import bounded, quantified, trend_stretch, trends
from stages.g_writing.sentence_check.quantifiers import conditions_quantifier
from stages.g_writing.sentence_check.quantities import UNIT_WORDS, Quantity, differences, fits, level, logarithms, other_unit, printed
from stages.g_writing.sentence_check.reading import REMOVED, Mention, Number, Sentence, read
from stages.g_writing.sentence_check.roles import Roles
from stages.g_writing.sentence_check.settings import Settings
from stages.g_writing.sentence_check.significance import significance
from stages.g_writing.sentence_check.strangers import of_others, strangers
from stages.g_writing.sentence_check.study import Study


class Bound(Contract):
    """A number of the sentence and the reference that would print it."""

    text: str
    expression: str
    value: float
    start: int
    """Place in the sentence as `reading.plain` gives it."""


class Judgement(Contract):
    """'fine': nothing to look up; 'needs references': passes as `rewritten`; 'refused': says something else than the record."""

    verdict: Literal["fine", "needs references", "refused"]
    reason: str
    bound: tuple[Bound, ...] = ()
    rewritten: str = ""


class _Refused(Exception):
    pass


def _refuse(reasons: Iterator[str]) -> None:
    """Raise the first reason, where there is one."""
    for reason in reasons:
        raise _Refused(reason)


def judge(sentence: str, study: Study) -> Judgement:
    """Whether the sentence may stand, and with which references."""
    read_sentence = read(sentence, study)
    try:
        _refuse(strangers(read_sentence, study))
        binder = _Binder(read_sentence, study)
        bound = binder.bound()
        _refuse(
            directions(read_sentence, study, binder.spoken_of(), compared_stretch(read_sentence), trend_stretch(read_sentence, study))
        )
        _refuse(significance(read_sentence, study))
        _refuse(claims(read_sentence, study, binder.spoken_of()))
        _refuse(extremes(read_sentence, study))
        _refuse(quantified(read_sentence, study, binder.spoken_of()))
        _refuse(trends(read_sentence, study))
    except _Refused as refusal:
        return Judgement(verdict="refused", reason=str(refusal))
    if not bound:
        return Judgement(verdict="fine", reason="it holds no number of the study")
    rewritten, end = "", 0
    for number, quantity in bound:
        rewritten += read_sentence.text[end : number.start] + f"{{{{{quantity.expression}}}}}"
        end = number.end
    references = tuple(
        Bound(text=number.text, expression=quantity.expression, value=quantity.value, start=number.start) for number, quantity in bound
    )
    return Judgement(
        verdict="needs references",
        reason="every number is in the record",
        bound=references,
        rewritten=rewritten + read_sentence.text[end:],
    )


LOGARITHM = re.compile(r"\bcross-entropy\b|\bnats?\b|\bbits per token\b|\bentropy\b")
"""Words by which a perplexity may be given as its logarithm."""
BOUNDING = ("level", "bound on seeds", "difference")
"""Roles in which a number can be the bound that so many seeds or conditions keep to."""
_AGAINST = re.compile(r"\b(?:instead of|rather than|versus|vs|against|compared (?:with|to)|as opposed to|up from|down from|than)\b")
CLOSE = 0.1
"""How far, as a share, a value may be from a number that the text says it nearly reaches or just passes."""
ABOUT = 0.05
"""How far, as a share, a value may be from a number that the text calls approximate."""


class _Binder:
    def __init__(self, sentence: Sentence, study: Study) -> None:
        self.sentence, self.study = sentence, study
        self.pair: Pair = pair_of(sentence, study)
        self.settings = Settings(sentence, study)
        self.roles = Roles(sentence, study, self.settings)
        self.last_unit = ""
        self.last_level: tuple[str, str] | None = None
        """(condition, metric) of the value before; a deviation behind it is of the same."""
        self.reading: Reading | None = None
        """What another reading than the first one says of the number's condition and metric."""
        self.used_metrics: set[str] = set()
        self.used: list[tuple[str, str]] = []
        """The pairs whose differences were printed; the comparing words speak of them."""

    def bound(self) -> list[tuple[Number, Quantity]]:
        if of_others(self.sentence):
            return []
        roles = self.roles.all()
        levels = [number for number, role in roles if role == "level"]
        found = []
        for number, role in roles:
            if role == "free":
                continue
            within = bounded(number, self.sentence, self.study, self.metrics_with_complement(number)) if role in BOUNDING else None
            if within is False:
                raise _Refused(f"{number.text!r} does not bound as many as is said")
            if within and not self.is_the_owners(number):
                raise _Refused(f"{number.text!r} is not what was recorded for the one it is said to be of")
            if within:
                found.append((number, Quantity(number.value, f"bound({number.text})")))
                continue
            candidates = list(self.candidates(number, role, levels))
            if not candidates:
                candidates = self.unit_said_once(number, role, levels, roles)
            if not candidates:
                candidates = self.second_chance(number, role, levels)
            if not candidates:
                candidates = self.derived(number, role)
            if candidates and self.denied(number, role):
                raise _Refused(f"{number.text!r} is denied, but it is what was recorded")
            if not candidates:
                raise _Refused(f"{number.text!r} ({role}) is no recorded value that fits what the sentence says")
            found.append((number, candidates[0]))
            self.remember(candidates[0], number)
        seeds = [quantity.expression for _, quantity in found if ".seed." in quantity.expression]
        if len(seeds) != len(set(seeds)):
            raise _Refused("one seed's value stands for two")
        return found

    def second_chance(self, number: Number, role: str, levels: Sequence[Number]) -> list[Quantity]:
        """The value that fits the nearest other reading of the number; none where no reading fits."""
        last = self.last_level[1] if self.last_level else None
        try:
            for reading in readings(number, role, self.sentence, self.study, last):
                self.reading = reading
                if found := list(self.candidates(replace(number, unit=reading.unit), reading.role, levels)):
                    return found[:1]
            return []
        finally:
            self.reading = None

    def derived(self, number: Number, role: str) -> list[Quantity]:
        """A value that follows from the record by a short calculation; none for a number of a test, an interval or a count."""
        if role not in {"level", "difference", "setting", "range", "part of a whole", "metrics"}:
            return []
        before, _ = self.sentence.near(number)
        said = next((o.unit for o in self.sentence.numbers if o.start > number.start and o.unit in {"s", "min", "h"}), "")
        metrics = self.metrics_with_complement(number)
        named = {mention.name for mention in self.sentence.metrics}
        if number.unit in {"s", "min", "h", "ms"} and not any(of_speed(name, self.study) for name, _ in metrics):
            metrics = [(name, False) for name in self.study.metrics if of_speed(name, self.study)]
        for unit in dict.fromkeys((number.unit, said if not number.unit else number.unit)):
            tried = replace(number, unit=unit)
            of = (
                metrics
                if unit == number.unit
                else [(name, False) for name in named or self.study.metrics if of_speed(name, self.study)]
            )
            each = Derived(tried, self.sentence, self.study, of, lambda value: self.holds(number, before, value))
            if found := list(derived(each)):
                return found[:1]
        return []

    def unit_said_once(
        self, number: Number, role: str, levels: Sequence[Number], roles: Sequence[tuple[Number, str]]
    ) -> list[Quantity]:
        """'0.19 points for one and 0.21 for the other'."""
        if number.unit or number.word:
            return []
        free = {other.start for other, its in roles if its == "free"}
        said = next((o.unit for o in reversed(self.sentence.numbers) if o.end <= number.start and o.unit and o.start not in free), "")
        found = (
            list(self.candidates(replace(number, unit=said), role, levels)) if said in {"%", "pp", "points", "s", "min", "h"} else []
        )
        return found or (list(self.settings.named(number)) if role == "level" else [])

    def is_the_owners(self, number: Number) -> bool:
        """'reaches the baseline's 1.413': a bound that is somebody's value has to be it."""
        owner = next(
            (m for m in self.sentence.conditions if re.fullmatch(r"'s (?:mean |own )?", self.sentence.text[m.end : number.start])),
            None,
        )
        if owner is None:
            return True
        for metric, complement in self.metrics_with_complement(number):
            scores = self.study.conditions[owner.name].get(metric)
            for value, _ in level(scores, "mean", complement=complement) if scores else ():
                shown = printed(value, self.study.metrics[metric].unit, number.unit)
                if shown is not None and fits(number, shown):
                    return True
        return False

    def remember(self, quantity: Quantity, number: Number) -> None:
        """What the numbers and comparing words behind this one are likely to be of."""
        measured = re.search(r"\)\.(?:1 - )?(\w+)$", quantity.expression)
        if measured and measured[1] in self.study.metrics:
            self.used_metrics.add(measured[1])
        if quantity.of:
            self.used_metrics.add(quantity.of[1])
            self.last_level, self.last_unit = quantity.of, number.unit

    def denied(self, number: Number, role: str) -> bool:
        """'is not 0.92': a number under a negation that is not of a test, a bound or a count of seeds."""
        if role not in {"level", "difference", "setting", "std", "interval", "dz", "range"}:
            return False
        before = self.sentence.text[: number.start]
        return (
            re.search(
                r"\b(?:not|never|n't)\b(?![^.,;(]*\b(?:significan|claim|reject|distinguish|exclud|contain|includ|only|just|until|been)\w*)[^.,;(]*$",
                before,
            )
            is not None
            and re.search(rf"(?:{ABOVE}|{BELOW}|{REACHED})\s*$", before, re.IGNORECASE) is None
        )

    def spoken_of(self) -> Pair:
        pair = Pair(tuple(dict.fromkeys(self.used)), named=len(set(self.used)) == 1) if self.used else self.pair
        return replace(pair, metric=next(iter(self.used_metrics))) if len(self.used_metrics) == 1 else pair

    def seed_bounds(self, number: Number) -> Iterator[Quantity]:
        before, _ = self.sentence.near(number)
        above = re.search(rf"(?<!\w)(?:{ABOVE}|{REACHED})\s*$", before, re.IGNORECASE) is not None
        denied = self.sentence.has("never|no|not|neither|none")
        above = above is not denied  # 'never below' bounds from below
        names = list(dict.fromkeys(m.name for m in self.sentence.conditions) or self.study.conditions)
        for metric, complement in self.metrics_with_complement(number):
            unit = self.study.metrics[metric].unit
            values = [
                printed(value, unit, number.unit)
                for name in names
                if metric in self.study.conditions[name]
                for value, _ in level(self.study.conditions[name][metric], "seeds", complement=complement)
            ]
            if None not in values and all((v > number.value) if above else (v < number.value) for v in values if v is not None):
                yield Quantity(number.value, f"{names[0] if len(names) == 1 else 'all'}.{metric}.{'min' if above else 'max'}")

    # ------------------------------------------------------------ candidates

    def candidates(  # noqa: PLR0912 - one case for each role
        self, number: Number, role: str, levels: Sequence[Number]
    ) -> Iterator[Quantity]:
        match role:
            case "p" | "dz" | "interval":
                yield from self.tests(number, role)
            case "smallest p":
                yield from self.counts(number).smallest_p(number)
            case "seeds" | "part of seeds" | "conditions" | "metrics" | "comparisons":
                yield from self.counts(number).of_role(number, role)
            case "extreme":
                yield from self.extremes_of_all(number)
            case "unnamed setting":
                yield from self.settings.unnamed(number)
            case "setting":
                yield from self.settings.candidates(number)
            case "difference":
                yield from self.differences(number)
            case "range":
                if not self.sentence.has("standard deviations?"):
                    yield from self.ranges(number)
                if not self.sentence.has("at most|up to|no more than"):
                    yield from self.levels(number, levels, "std")
            case "bound on seeds":
                yield from self.seed_bounds(number)
            case "std" if re.search(r"\bCIs?\b|\bintervals?\b|confidence", self.sentence.text):
                yield from self.half_widths(number)
            case "std" | "level":
                yield from self.levels(number, levels, "std" if role == "std" else None)

    def counts(self, number: Number) -> Counts:
        return Counts(self.sentence, self.study, self.pair, self.roles.all(), self.metrics(number))

    def tests(self, number: Number, role: str) -> Iterator[Quantity]:
        before, _ = self.sentence.near(number)
        if role == "p" and self.sentence.has(r"(?:both|all|every|each) (?:[\w-]+ )*(?:p\s?-?\s?values?|t-tests?|tests|comparisons)"):
            every = [
                list(self.p_values(number, before, test.t_p, test.wilcoxon_p, f"test({key})"))
                for key, test in self.study.comparisons.items()
            ]
            if every and all(every):
                yield every[0][0]
            return
        for (a, b), metric in ((pair, metric) for pair in self.tested(number) for metric in self.metrics(number)):
            found = self.study.compared(a, b, metric)
            if found is None:
                continue
            test, sign = found
            if role == "dz" and test.cohens_dz is not None and (fits(number, abs(test.cohens_dz)) or fits(number, test.cohens_dz)):
                yield Quantity(test.cohens_dz, f"dz({a},{b}).{metric}")
            elif role == "interval" and test.ci95 is not None:
                low, high = sorted(sign * end for end in test.ci95)
                second = (
                    bool(re.search(r"(?:\bto|\band|,|^\s*-)\s*$", before))
                    or re.search(r"\bupper (?:end|bound|limit|edge)\b", self.sentence.text[: number.start]) is not None
                )
                for end, turned, name in ((high, -low, "ci_high"),) if second else ((low, -high, "ci_low"),):
                    for value in (end, turned) if high < 0 else (end,):
                        shown = printed(value, self.study.metrics[metric].unit, number.unit, spread=True)
                        if shown is not None and fits(number, shown):
                            yield Quantity(shown, f"{name}({a},{b}).{metric}")
            elif role == "p":
                yield from self.p_values(number, before, test.t_p, test.wilcoxon_p, f"test({a},{b}).{metric}")

    def tested(self, number: Number) -> tuple[tuple[str, str], ...]:
        """The pairs that a test is of; where several are compared with one, that of the number's own part."""
        main = self.study.main_pair
        others = [mention for mention in self.sentence.conditions if main and mention.name != main[0]]
        start, end = part(number, self.sentence)
        _, behind = self.sentence.near(number)
        own = {mention.name for mention in others if start <= mention.start < end}
        follows = [m for m in others if number.end <= m.start < number.end + len(behind)][:1]
        if follows and re.fullmatch(
            r"[^();,]*\b(?:against|for|versus|vs|to|over) (?:that with )?(?:the )?", self.sentence.text[number.end : follows[0].start]
        ):
            own = {follows[0].name}
        if main and len({mention.name for mention in others}) > 1 and len(own) == 1:
            return ((main[0], own.pop()),)
        return self.pair.options

    def p_values(self, number: Number, before: str, t_p: float | None, wilcoxon_p: float | None, test: str) -> Iterator[Quantity]:
        wilcoxon, t_test = self.sentence.has("Wilcoxon|signed-rank"), self.sentence.has(r"t-tests?|t test|Student")
        told = list(re.finditer(r"(?P<w>Wilcoxon|signed-rank)|t-tests?|t test|Student", self.sentence.text[: number.start]))
        if wilcoxon and t_test and told:  # of both tests, the one named last
            wilcoxon, t_test = told[-1]["w"] is not None, told[-1]["w"] is None
        values = [(t_p, "t_p")] if t_test and not wilcoxon else [(wilcoxon_p, "wilcoxon_p")] if wilcoxon else [(t_p, "t_p")]
        sign = re.search(r"(<=?|>=?|=|below|under|above)\s*$", before)
        for value, name in values:
            if value is None:
                continue
            how = sign[1] if sign else "="
            true = value < number.value if how[0] in "<bu" else value > number.value if how[0] in ">a" else fits(number, value)
            if true:
                yield Quantity(value, f"{test}.{name}")

    def half_widths(self, number: Number) -> Iterator[Quantity]:
        """The deviation behind ± where the sentence speaks of an interval: half of the recorded one's width."""
        for (a, b), metric in ((pair, metric) for pair in self.pair.options for metric in self.metrics(number)):
            found = self.study.compared(a, b, metric)
            if found and found[0].ci95:
                low, high = found[0].ci95
                shown = printed((high - low) / 2, self.study.metrics[metric].unit, number.unit, spread=True)
                if shown is not None and fits(number, shown):
                    yield Quantity(shown, f"ci_half_width({a},{b}).{metric}")

    def differences(self, number: Number) -> Iterator[Quantity]:
        before, after = self.sentence.near(number)
        if self.sentence.has("medians?") and not self.sentence.has("means?|averaged?"):
            return  # differences are recorded of means
        start, end = part(number, self.sentence)
        if re.search(r"\bseed \d+\b", self.sentence.text[start:end], re.IGNORECASE):
            return  # those of one seed follow from the record
        if len(list(extremes_named(self.sentence))) == 2:
            return  # of extremes
        for (a, b), (metric, complement) in (
            (pair, each) for pair in self.pairs_of(number, before) for each in self.metrics_with_complement(number)
        ):
            if LOGARITHM.search(self.sentence.text) and number.unit == "":
                logs = [{label.split("(")[0]: v for v, label in logarithms(self.study, name, metric)} for name in (a, b)]
                for base in logs[0].keys() & logs[1].keys():
                    shown = abs(logs[0][base] - logs[1][base])
                    if self.holds(number, before, shown):
                        self.used.append((a, b))
                        yield Quantity(shown, f"abs{base}({a}/{b}).{metric}")
            unit = number.unit
            share = self.share_of(number, before, after)
            if other_unit(after, self.study.metrics[metric].unit):
                continue
            if re.search(r"factor of\s*(?:about )?$", before):
                unit = "x"
            for value, expression in differences(
                self.study, a, b, metric, "x" if share else unit, complement=complement, absolute=self.sentence.has("absolute")
            ):
                inverse = (
                    unit == "x"
                    and not share
                    and self.sentence.has(f"{w.FASTER}|as (?:fast|quick)|reduc\\w*|shorter|smaller|less|lower|fewer")
                    and value < 1
                )
                slower = re.match(r"\s*(?:times|x|×)\s*(?:as (?:long|slow)|longer|slower)\b", after)
                inverse = inverse or (unit == "x" and slower is not None and self.study.metrics[metric].direction == "max")
                shown = 1 / value if inverse else 100 * value if share else value
                if share and self.last_level is None and "which is" in before:  # 'lower by x, which is y % of it'
                    shown = 100 * abs(1 - value)
                if self.holds(number, before, shown) and not (
                    unit == "%" and re.search(r"(?:percentage|absolute) points?|in absolute terms", after)
                ):
                    self.used.append((a, b))
                    yield Quantity(shown, expression)

    @staticmethod
    def share_of(number: Number, before: str, after: str) -> bool:
        """'88 % of that of SGD', '42 % of the MLP's memory': one value over the other, not their difference."""
        other = re.match(
            r"\s*% of (?:that (?:of|for|with)\b|the [\w-]+'s?\b|[\w-]+'s?(?=[\s.,])|what\b|its |their |the (?:[\w-]+ ){1,2}(?:that|which|required by|taken by)\b|the (?:[\w-]+ )?(?:of|needed by|used by)\b)",
            after,
        )
        return number.unit == "%" and other is not None and not DIFFERENCE_BEFORE.search(before)

    def pairs_of(self, number: Number, before: str) -> tuple[tuple[str, str], ...]:
        """The pairs that the sentence compares; '0.79 of the 1.29 points': of the whole gain, the main pair's."""
        main = self.study.main_pair
        without = [name for name in self.study.conditions if name.startswith(REMOVED)]
        if main and len(without) == 1 and re.search(r"\b(?:remaining|remainder|the rest|other)\b(?: \w+){0,2} $", before):
            return ((without[0], main[1]),)
        if (
            main
            and len(without) == 1
            and re.match(
                r"\s*(?:points? |pp )?(?:remain|are left|survive|persist|are kept|are retained)\b", self.sentence.near(number)[1]
            )
        ):
            return ((without[0], main[1]),)
        of_whole = r"^\s*(?:\w+ )?(?:out )?of (?:the |this |these |those |our |a total (?:of )?)?$|\b(?:total|whole|overall|full|entire) (?:gain|improvement|difference|effect|benefit|reduction)s? (?:of|is|was) $"
        if main and re.search(of_whole, before, re.IGNORECASE):
            return (main,)
        between = [each for each in between_pairs(self.sentence) if each[0] <= number.start]
        if between and len(between_pairs(self.sentence)) > 1:
            return (between[-1][1],)
        part_of_it = re.fullmatch(r"\s*(?:points? |pp )?(?:out )?of (?:the |a total of )?", self.sentence.near(number)[1])
        if main and len(without) == 1 and part_of_it:
            return ((main[0], without[0]),)  # '0.79 of 1.29 points': what the part costs
        own = partners(number, self.sentence, self.study)
        return (own,) if own else self.pair.options

    def ranges(self, number: Number) -> Iterator[Quantity]:
        """Largest minus smallest value over the seeds of a condition."""
        before, _ = self.sentence.near(number)
        if not self.sentence.conditions and self.sentence.has("any|every|all|each"):
            yield from self.widest_range(number, before)
        for condition in dict.fromkeys(mention.name for mention in self.sentence.conditions):
            for metric in self.metrics(number):
                scores = self.study.conditions[condition].get(metric)
                if scores is None or scores.n < 2:
                    continue
                shown = printed(scores.max - scores.min, self.study.metrics[metric].unit, number.unit, spread=True)
                if shown is not None and self.holds(number, before, shown):
                    yield Quantity(shown, f"{condition}.{metric}.max - {condition}.{metric}.min")

    def widest_range(self, number: Number, before: str) -> Iterator[Quantity]:
        """'the seeds of any condition differ by at most …'."""
        for metric in self.metrics(number):
            of = [scores[metric] for scores in self.study.conditions.values() if metric in scores]
            shown = printed(max(each.max - each.min for each in of), self.study.metrics[metric].unit, number.unit, spread=True)
            if shown is not None and self.holds(number, before, shown):
                yield Quantity(shown, f"max_range.{metric}")

    def levels(  # noqa: PLR0912 - the conditions under which a recorded value is no candidate, one by one
        self, number: Number, levels: Sequence[Number], stat: str | None
    ) -> Iterator[Quantity]:
        before, after = self.sentence.near(number)
        conditions, metrics = self.conditions_of(number, levels), self.metrics_with_complement(number)
        if stat == "std" and self.last_level and re.search(r"(?:±|\+/-|\()\s*$", before):  # of the value that it stands behind
            conditions, metrics = [self.last_level[0]], [(self.last_level[1], False)]
        for condition in conditions:
            for metric, complement in metrics:
                scores = self.study.conditions[condition].get(metric)
                same_kind = self.last_level is not None and number.unit == self.last_unit and not self.sentence.metrics
                if same_kind and self.last_level is not None and metric != self.last_level[1]:
                    continue  # numbers of one unit in a sentence that names no metric are of one metric
                wrong_unit = other_unit(after, self.study.metrics[metric].unit)
                if (
                    scores is None
                    or (wrong_unit and not LOGARITHM.search(self.sentence.text))
                    or (stat == "std" and self.last_level not in {None, (condition, metric)})
                ):
                    continue
                bound_on_all = (
                    stat is None
                    and self.everywhere()
                    and len(levels) < len({m.name for m in self.sentence.conditions} or self.study.conditions)
                )
                for name in self.statistics_of(number, levels, stat, metric, scores.n, complement=complement):
                    if name in {"max", "min"} and not self.extreme_of_all(name, condition, metric):
                        continue
                    for value, label in level(scores, name, complement=complement):
                        shown = printed(value, self.study.metrics[metric].unit, number.unit, spread=name == "std")
                        if shown is None or not self.holds(number, before, shown):
                            continue
                        if bound_on_all and not self.holds_for_all(
                            number, before, metric, "std" if name == "std" else "mean", complement=complement
                        ):
                            continue
                        yield Quantity(shown, f"{'1 - ' if complement else ''}{condition}.{metric}.{label}", (condition, metric))
                if LOGARITHM.search(self.sentence.text) and self.last_level in {None, (condition, metric)}:
                    bits, nats = self.sentence.has("bits?"), self.sentence.has("nats?")
                    for value, expression in logarithms(self.study, condition, metric):
                        other_base = bits is not nats and expression.startswith("ln" if bits else "log2")
                        if not other_base and fits(number, value):
                            yield Quantity(value, expression)

    def statistics_of(
        self, number: Number, levels: Sequence[Number], stat: str | None, metric: str, n: int, *, complement: bool
    ) -> tuple[str, ...]:
        """Statistics that a level can be; the seeds' own values where three numbers or more stand for one condition."""
        if self.reading and self.reading.stat:
            return (self.reading.stat,)
        if stat is not None:
            return (stat,)
        if 2 < len(levels) <= n and len({m.name for m in self.sentence.conditions}) == 1:
            return ("seeds",)
        before, after = self.sentence.near(number)
        return self.stats(number, before, after, metric, complement=complement)

    def extremes_of_all(self, number: Number) -> Iterator[Quantity]:
        """The lowest and the highest value of any seed of any condition."""
        before, _ = self.sentence.near(number)
        for metric in self.metrics(number):
            of = [scores[metric] for scores in self.study.conditions.values() if metric in scores]
            high = re.search(r"\b(?:and|to|-)\s*$", before) is not None and self.sentence.has(
                r"between|from|rang\w*|span\w*|lie|within"
            )
            low = self.sentence.has(r"between|from|rang\w*|span\w*|within") and not high
            if not (low or high):
                continue
            value = max(scores.max for scores in of) if high else min(scores.min for scores in of)
            shown = printed(value, self.study.metrics[metric].unit, number.unit)
            if shown is not None and fits(number, shown):
                yield Quantity(shown, f"all.{metric}.{'max' if high else 'min'}")

    def extreme_of_all(self, stat: str, condition: str, metric: str) -> bool:
        """'the best return of any run': without a name, or of any run at all, it is the extreme over the conditions, too."""
        if self.sentence.conditions and not self.sentence.has(
            r"of any (?:run|seed|method|condition)|overall|of all (?:runs|seeds|methods)"
        ):
            return True
        if self.sentence.conditions and len({mention.name for mention in self.sentence.conditions}) > 1:
            return True
        values = [getattr(scores[metric], stat) for scores in self.study.conditions.values() if metric in scores]
        own = getattr(self.study.conditions[condition][metric], stat)
        named_here = bool(self.sentence.conditions) and self.sentence.has(rf"seed of (?:the |our )?|{w.OUR_NAMES}")
        return named_here or own == (max if stat == "max" else min)(values)

    # ------------------------------------------------------------ what the words allow

    def everywhere(self) -> bool:
        counted = conditions_quantifier(self.sentence.text, self.study.families)
        return (counted is not None and counted.whole) or self.sentence.has(
            r"both|all (?:\w+ )?(?:methods|models|conditions|variants|agents|optimi[sz]ers)|every (?:method|model|condition)|each (?:method|model)"
        )

    def holds_for_all(self, number: Number, before: str, metric: str, stat: str, *, complement: bool) -> bool:
        names = [mention.name for mention in self.sentence.conditions] or list(self.study.conditions)
        if self.sentence.has("both") and not self.sentence.conditions and self.study.main_pair:
            names = list(self.study.main_pair)
        for name in names:
            for value, _ in level(self.study.conditions[name][metric], stat, complement=complement):
                shown = printed(value, self.study.metrics[metric].unit, number.unit, spread=stat == "std")
                if shown is None or not self.holds(number, before, shown):
                    return False
        return True

    def holds(self, number: Number, before: str, value: float) -> bool:
        """Equal to the printed digits, or on the side of it that the words before it say."""
        words = (
            re.sub(r"(?:\bthan\s+)?(?:about|roughly|a|an|the|only)\s*$", "", before).rstrip()
            if re.search(r"than (?:an? |the )$", before)
            else before
        )
        bound = re.search(rf"(?<!\w)(?:(?P<above>{ABOVE})|{BELOW})\s*$", words, re.IGNORECASE)
        if bound and re.search(r"\b(?:not|never|cannot|n't)\s+(?:\w+\s+)?$", words[: bound.start()]):
            return value <= number.value if bound["above"] else value >= number.value
        close = re.search(r"\b(?:nearly|almost|just under|just over|slightly over)\s*$", words, re.IGNORECASE)
        if close and abs(value - number.value) > CLOSE * abs(number.value) and not fits(number, value):
            return False
        if re.search(rf"(?<!\w){ABOVE}\s*$", words, re.IGNORECASE):
            return value > number.value or (fits(number, value) and "least" in words)
        if re.search(rf"(?<!\w){BELOW}\s*$", words, re.IGNORECASE):
            return value < number.value or (
                fits(number, value) and re.search(r"most|up to|no more|within|<=", words[-16:]) is not None
            )
        if (
            re.search(r"(?:about|roughly|around|approximately|some|circa|nearly|almost|close to)\s*$", before, re.IGNORECASE)
            and number.value
        ):
            digits = re.sub(r"\D", "", number.text).strip("0")
            if len(digits) > 2:  # who says 'about 203' has counted
                return fits(number, value)
            return abs(number.value - value) <= ABOUT * abs(number.value) or fits(number, value)
        return fits(number, value)

    def metrics(self, number: Number) -> list[str]:
        return [metric for metric, _ in self.metrics_with_complement(number)]

    def metrics_with_complement(self, number: Number) -> list[tuple[str, bool]]:
        """Metrics that the number can be of: those named beside it, else in the sentence, else all; True: one minus it (error)."""
        mentions = self.sentence.metrics
        if self.reading and self.reading.metric:
            return [(self.reading.metric, False)]
        if number.unit == "x" and re.match(
            r"\W*(?:times|x|×)? ?(?:as )?(?:fast|slow|quick|long|faster|slower|quicker|longer)\b", self.sentence.text[number.end :]
        ):
            return [(metric, False) for metric in self.study.metrics if of_speed(metric, self.study)]
        said = re.match(r"\s*([A-Za-z][\w/]*)", self.sentence.text[number.end :])
        if said and any(said[1] == facts.unit for facts in self.study.metrics.values()):
            of_unit = [metric for metric, facts in self.study.metrics.items() if facts.unit == said[1]]
            return [(metric, False) for metric in of_unit] if not mentions or {m.name for m in mentions} & set(of_unit) else []
        owner = [
            m
            for m in mentions
            if re.fullmatch(
                r"\W?\s*(?:percentage )?(?:points?|pp|seconds?|minutes?|nats|s|%) (?:of|in) (?:the |mean |test )*",
                self.sentence.text[number.end : m.start],
            )
        ]
        beside = owner or [
            m
            for m in mentions
            if not any(min(m.start, number.start) < o.start < max(m.start, number.start) for o in self.sentence.numbers)
        ]
        chosen = beside or list(mentions)
        if len({m.name for m in chosen}) > 1:
            chosen = sorted(chosen, key=lambda m: (number.start - m.end) if m.end <= number.start else 1.5 * (m.start - number.end))[
                :1
            ]
        found = []
        for mention in chosen:
            word = self.sentence.text[mention.start : mention.end].lower()
            error = word.startswith(("err", "misclass")) and "acc" in mention.name
            if (mention.name, error) not in found:
                found.append((mention.name, error))
        return found or [(metric, False) for metric in self.unnamed_metrics(number)]

    def unnamed_metrics(self, number: Number) -> list[str]:
        """Where the sentence names no metric: those of speed if it speaks of speed, those of the unit, else the study's first."""
        everything = list(self.study.metrics)
        if self.sentence.has(f"{w.FASTER}|{w.SLOWER}"):
            return [name for name, _ in metrics_of(self.sentence, self.study, number.start, "faster")] or everything
        if number.unit not in {"", "%", "pp", "points"} or UNIT_WORDS.match(self.sentence.text[number.end :]):
            return everything
        return everything[:1]

    def stats(  # noqa: PLR0912 - one return for each statistic, in the order of their cues
        self, number: Number, before: str, after: str, metric: str, *, complement: bool
    ) -> tuple[str, ...]:
        """Statistics that the words beside the number speak of."""
        upward = (self.study.metrics[metric].direction == "max") is not complement
        clause = re.split(r"[,;]|\b(?:is|are|than|and|whereas|while)\b", after)[0]
        near = f"{before} \u2022 {clause}"
        whole = self.sentence.text
        for own_word in {*metric.split("_")} & {"peak", "max", "min", "top", "best", "worst"}:  # of the metric's own name
            near, whole = (re.sub(rf"\b{own_word}\b", "\u2022" * len(own_word), text, flags=re.IGNORECASE) for text in (near, whole))
        seed = re.search(r"\bseed (\d+)\b", before, re.IGNORECASE) or re.search(r"\bseed (\d+)\b", whole, re.IGNORECASE)
        if seed:
            return (f"seed.{seed[1]}",)
        deviation = DEVIATION.search(whole)
        if (
            deviation
            and not DEVIATION_HEAD.search(whole)
            and "±" not in whole
            and (deviation.start() < number.start or re.match(rf"\W*(?:[\w-]+\W+){{0,1}}?(?:{DEVIATION.pattern})", after))
        ):
            return ("std",)
        if re.search(r"\b(?:more|less|most|least) (?:\w+ )?(?:consistent|stable|variable|reproducible|noisy)\b", whole):
            return ("std",)
        if re.search(r"\bvar(?:y|ies|ied) (?:much |even |far )?(?:less|more|least|most)\b", whole, re.IGNORECASE):
            return ("std",)
        if re.search(r"\bmedian\b", near, re.IGNORECASE) or re.search(
            r"\A(?=.*\bmedians?\b)(?!.*\b(?:means?|averaged?)\b)", whole, re.IGNORECASE
        ):
            return ("median",)
        if (
            re.search(r"\b(?:rang\w+|between(?=\W*[-\d])|vary|varies|span\w*)\b", whole, re.IGNORECASE)
            and not self.several()
            and not re.search(r"difference between", whole)
        ):
            second = re.search(r"(?:\bto|\band|-)\s*(?:about )?$", before) is not None
            return ("max",) if second else ("min",)
        if re.search(
            r"\b(?:seeds|runs) (?:of (?:the )?[\w -]+? )?(?:reach(?:ed)?|gave|gives?|yield(?:ed)?|obtain(?:ed)?|score|have) |\b(?:per-seed|individual|each seed|seeds? (?:scores?|values?|returns?|give|are))\b",
            whole,
            re.IGNORECASE,
        ):
            return ("seeds",)
        extreme = re.search(
            r"\b(best|worst|highest|lowest|smallest|largest|shortest|longest|greatest|maximum|minimum|max|min|top(?!-)|peak|weakest|strongest)\b",
            near,
            re.IGNORECASE,
        )
        own = re.match(r"\W*(?:\w+ )?(?:in|on|with|at|for) (?:its|the|their) (best|worst|highest|lowest)\b", after, re.IGNORECASE)
        if own:
            extreme = own
        if extreme is None and not re.search(r"\b(?:mean|average)\b", whole[: number.start], re.IGNORECASE):
            extreme = re.search(r"\b(maximum|minimum|max|min)\b", whole[: number.start], re.IGNORECASE)
        if extreme is None:
            extreme = re.search(r"\b(best|worst|highest|lowest|smallest|largest)\b(?=[^.]*\b(?:seeds?|runs?)\b)", whole, re.IGNORECASE)
        if extreme:
            word = extreme[1].lower()
            high = word in {"highest", "largest", "longest", "greatest", "maximum", "max", "peak", "top"} or ((word in {"best", "strongest"}) == upward and word in {
                "best", "strongest", "worst", "weakest",
            })  # fmt: skip
            stat = "max" if high is not complement else "min"
            of_seeds = re.search(r"\b(?:seeds?|runs?|single|trial)\b", whole, re.IGNORECASE) or self.extreme_of_one(extreme[1])
            if re.search(r"\b(?:mean|average)\b", near, re.IGNORECASE):
                return ("mean",)
            alone = re.search(rf"\ba {word}\b", near, re.IGNORECASE) or word in {"maximum", "minimum", "max", "min", "peak"}
            return (stat,) if of_seeds or alone else ("mean",)
        return ("mean",)

    def several(self) -> bool:
        """Two names or more: 'from 36.4k (a) to 41.2k (b)' is a range of means."""
        return len({mention.name for mention in self.sentence.conditions}) > 1

    def extreme_of_one(self, word: str) -> bool:
        """'the lowest accuracy of our method', 'the baseline's best': the superlative ranges over the runs of the one named."""
        behind = (
            rf"(?<!\bis )(?<!\bwas )(?<!\bare )(?<!\bwere )(?<!\bbeing )\b{word}(?: [\w-]+){{0,3}}? (?:of|for|by|with|from) (?:the )?$"
        )
        return any(
            re.search(behind, self.sentence.text[: mention.start], re.IGNORECASE)
            or re.match(rf"'s? (?:own |single )?{word}\b", self.sentence.text[mention.end :], re.IGNORECASE)
            for mention in self.sentence.conditions
        )

    def conditions_of(self, number: Number, levels: Sequence[Number]) -> list[str]:
        """Conditions that the number can belong to, from the order of names and numbers."""
        if self.reading and self.reading.condition:
            return [self.reading.condition]
        mentions = self.sentence.conditions
        distinct = [m for i, m in enumerate(mentions) if i == 0 or m.name != mentions[i - 1].name]
        names = list(dict.fromkeys(m.name for m in distinct))
        place = next((k for k, each in enumerate(levels) if each.start == number.start), None)
        text = self.sentence.text
        main = self.study.main_pair
        if not names:
            return self.unnamed(number, levels, place)
        if len(names) == 1:
            if (
                re.fullmatch(r"\W?\s*(?:[A-Za-z/]+ )?", text[number.end : max(number.end, distinct[0].start)])
                and distinct[0].start > number.end
            ):
                return names  # '0.295 nats without x'
            if (
                len(levels) == 2
                and re.search(r"\bfrom\b.*\bto\b", text)
                and place is not None
                and not re.search(r"\brang|\bbetween\b|\bvar(?:y|ies)", text)
            ):
                other = [name for name in self.study.conditions if name != names[0]]
                reference = (
                    re.search(r"(?:from|compared|relative|baseline)", text[: distinct[0].start]) is not None
                    and names[0] == (main or ("", ""))[1]
                )
                if self.study.reference not in {None, names[0]} and not (main and names[0] not in main):
                    other = [name for name in other if name == self.study.reference]
                return (other if not (main and main[0] == names[0]) else [main[1]]) if (place == 0) is not reference else names
            turned = re.search(
                r"\b(?:falls?|fell|drops?|dropped|rises?|rose|improves?|improved|increases?|increased|decreases?|decreased|reduced|lowered|raised)"
                r" to\b",
                text,
            )
            if len(levels) == 2 and main and names[0] == main[1] and turned and levels[0].end <= turned.start() < levels[1].start:
                return names if number is levels[0] else [main[0]]
            against = re.search(r"\b(?:against|versus|vs|compared|than|instead of|not|up from|down from)\b", text)
            if len(levels) == 2 and main and names[0] in main and against:
                opponent = main[0] if names[0] == main[1] else main[1]
                if names[0] == main[0]:
                    return names if number.end <= against.start() or number is levels[0] else [opponent]
                nearest = min(levels, key=lambda n: min(abs(n.end - distinct[0].start), abs(n.start - distinct[0].end)))
                return names if nearest is number else [opponent]
            return names
        anchors = levels if place is not None else [n for n in self.sentence.numbers if n.start <= number.start and n in levels][-1:]
        if place is None:  # a deviation belongs to the value before it
            return self.conditions_of(anchors[-1], levels) if anchors else names
        if len(levels) == len(distinct) and len(distinct) == len(names):
            return [distinct[1 - place if self.reference_last(levels, distinct) else place].name]
        before = [m for m in distinct if m.end <= number.start]
        after = [m for m in distinct if m.start >= number.end]
        close = re.match(r"\s*(?:%|percent)?\s*(?:(?!that\b|those\b)\w+ ){0,2}(?:for|by|with|of) (?:the )?", text[number.end :])
        if close and after and after[0].start <= number.end + close.end() + 4:
            return [after[0].name]
        return [(before[-1] if before else after[0]).name]

    def unnamed(self, number: Number, levels: Sequence[Number], place: int | None) -> list[str]:
        """The conditions that a number belongs to where the sentence names none."""
        alike = [other for other in levels if other.unit == number.unit]
        if place is not None and len(alike) == 2 < len(levels) and number in alike:
            levels, place = alike, alike.index(number)
        text, main = self.sentence.text, self.study.main_pair
        if (
            place is not None
            and len(levels) == len(self.study.conditions) > 2
            and self.sentence.has(rf"all|the (?:\w+ )?(?:{w.CONDITION_NOUNS})")
        ):
            return [list(self.study.conditions)[place]]  # in the order of the record
        if (
            not self.sentence.metrics
            and number.unit == ""
            and (
                number.step >= 1
                or not self.sentence.has("it|its|we|our|method|model|results?|scores?|runs?|seeds?|gains?|improvements?|deviations?")
            )
        ):
            return []  # nothing of the study is named
        if self.everywhere() or self.sentence.has(r"of any (?:run|seed)|overall"):
            return list(self.study.conditions)
        if len(levels) == 2 and re.search(r"\bfrom\b", text) and re.search(r"\bto\b", text) and place is not None:
            return self.from_to(levels, place)
        if len(levels) == 2 and main and place is not None and _AGAINST.search(text[levels[0].end : levels[1].start]):
            return [main[place]]
        if main and not self.sentence.has("corresponds?|equals?|equivalent"):
            return [main[0]]
        return list(self.study.conditions)

    def reference_last(self, levels: Sequence[Number], distinct: Sequence[Mention]) -> bool:
        """'a improves it from x to y compared with b': the first number is the reference's, which is named last."""
        turn = re.search(r"\bfrom\b(?=.*\bto\b)", self.sentence.text)
        taken = distinct[0].name.startswith(REMOVED) and re.match(r"\w+ing\b", self.sentence.text[distinct[0].start :])
        if (
            turn
            and taken
            and len(levels) == 2 == len(distinct)
            and distinct[1].end <= levels[0].start
            and distinct[1].name == self.study.proposed
        ):
            return True  # 'removing a part lowers the value of the whole from x to y'
        compared = re.search(r"\b(?:compared (?:with|to)|relative to|over|versus|against|instead of)\b", self.sentence.text)
        if turn is None or compared is None or not len(levels) == 2 == len(distinct):
            return False
        return distinct[0].end <= turn.start() and levels[1].end <= compared.start() < distinct[1].start

    def from_to(self, levels: Sequence[Number], place: int) -> list[str]:
        """'falls from x to y' without names: the reference first; its direction is checked with the pair."""
        if self.study.main_pair:
            ours, baseline = self.study.main_pair
            return [baseline] if place == 0 else [ours]
        down = self.sentence.has(w.NUMERIC_DOWN)
        if (levels[1].value < levels[0].value) is not down:
            return []
        return list(self.study.conditions)
