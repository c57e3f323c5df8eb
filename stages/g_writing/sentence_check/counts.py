"""Numbers that count: seeds, runs, conditions, metrics, wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.pairs import Pair
from stages.g_writing.sentence_check.quantified import bound_of
from stages.g_writing.sentence_check.quantifiers import seeds_quantifier
from stages.g_writing.sentence_check.quantities import Quantity, fits, wins
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.study import Study

DONE = r"finish\w*|complet\w*|converg\w*|surviv\w*|usable|made it|ran (?:through|to the end)|reached the end|went through"
FAILED = r"crash\w*|fail\w*|diverg\w*|abort\w*|blew up|exploded|collapsed|ran out of \w+|went (?:to )?NaN"
"""What becomes of a seed that is not in the record."""


_FARES = re.compile(r" (?:has |had )?(?:only |just )?(?:lost|loses|completed|finished|crashed|failed|kept)\b")


class Counts:
    """The counts that one number can be; metrics: those it can be of, the likeliest first."""

    def __init__(
        self, sentence: Sentence, study: Study, pair: Pair, roles: Sequence[tuple[Number, str]], metrics: Sequence[str]
    ) -> None:
        self.sentence, self.study, self.pair, self.roles, self.metrics = sentence, study, pair, roles, metrics

    def smallest_p(self, number: Number) -> Iterator[Quantity]:
        """The least that a two-sided exact signed-rank test can give with so many pairs; the number of pairs itself."""
        pairs = {test.n for test in self.study.comparisons.values()} or {self.study.planned_seeds}
        for n in pairs:
            if number.unit == "" and fits(number, 2.0 ** (1 - n)) and number.step < 1:
                yield Quantity(2.0 ** (1 - n), f"smallest_p({n})")
            elif number.step == 1 and number.value == n:
                yield Quantity(float(n), "n(all)")

    def of_role(self, number: Number, role: str) -> Iterator[Quantity]:
        study = self.study
        if role == "metrics" and number.value == len(study.metrics):
            yield Quantity(number.value, "count(metrics)")
        elif role == "comparisons" and number.value == len(study.comparisons):
            yield Quantity(number.value, "count(comparisons)")
        elif role == "conditions":
            named = len({mention.name for mention in self.sentence.conditions})
            before, after = self.sentence.near(number)
            complete = sum(study.completed(name) == study.planned_seeds for name in study.conditions)
            if number.value == complete and re.match(r"\s*(?:\w+ )?(?:complet\w+|finished|full(?:y run)?)\b", after):
                yield Quantity(number.value, "count(complete conditions)")
            runs = study.planned_seeds * len(study.conditions)
            all_done = sum(study.completed(name) for name in study.conditions) == runs
            if number.value == runs and all_done and re.match(r"\s*(?:\w+ )?(?:models|networks|agents)\b", after):
                yield Quantity(number.value, "count(runs)")
            others = (
                number.value == len(study.conditions) - 1
                and named == 1
                and self.sentence.has("than|over|beat|beats|beaten|outperformed|surpassed|against|exceed")
            )
            if others and re.search(r"\b[Aa]ll\s*$", before):
                yield Quantity(number.value, "count(conditions) - 1")
            if re.match(r"\s+(?:best|worst|highest|lowest|fastest|slowest|strongest|weakest|top)\b", after):
                yield from self.first_of_a_ranking(number, after)
                return
            if number.value == len(study.conditions) - 1 and re.search(r"\bother\s*$", before) and named == 1:
                yield Quantity(number.value, "count(conditions) - 1")
            if number.value in {
                len(study.conditions),
                *([named] if named > 1 and self.sentence.has("compare|between|both|two") else []),
            }:
                yield Quantity(number.value, "count(conditions)")
        elif role == "part of seeds":
            yield from self.parts_of_seeds(number)
        elif role == "seeds":
            yield from self.numbers_of_seeds(number)

    def of_a_list(self, number: Number) -> Iterator[Quantity]:
        """'Three recommenders are compared: a, b and c': as many as are listed behind the number."""
        if number.value == len({mention.name for mention in self.sentence.conditions if mention.start >= number.end}):
            yield Quantity(number.value, "count(conditions)")

    def first_of_a_ranking(self, number: Number, after: str) -> Iterator[Quantity]:
        """'the two best models, a and b': those that are named next have to be them."""
        k = int(number.value)
        following = list(dict.fromkeys(m.name for m in self.sentence.conditions if m.start >= number.end))[:k]
        worst = re.match(r"\s+(?:worst|weakest|slowest|lowest)\b", after) is not None
        for metric in self.metrics[:1]:
            upward = (self.study.metrics[metric].direction == "max") is not worst
            means = {name: scores[metric].mean for name, scores in self.study.conditions.items() if metric in scores}
            first = sorted(means, key=lambda name: means[name], reverse=upward)[:k]
            if k < len(means) and (not following or set(following) == set(first)):
                yield Quantity(number.value, f"count({', '.join(first)})")

    def numbers_of_seeds(self, number: Number) -> Iterator[Quantity]:  # noqa: PLR0912 - one case for each way of counting
        """Seeds that were planned, that were run, that failed, or runs in total: which, the words beside say."""
        study = self.study
        named_ones = self.named_with(number)
        if self.sentence.has(r"(?:single|lone|sole) (?:seed|run) out of") and not self.one_seed(named_ones):
            return
        counted = seeds_quantifier(self.sentence.text)
        told = [other.value for other, role in self.roles if role == "seeds" and other.start > number.start]
        if len(told) > 1 and sum(told) == number.value == sum(study.completed(name) for name in study.conditions):
            yield Quantity(number.value, "count(runs)")  # 'seven runs, three for a, three for b and one for c'
            return
        if counted and not counted.whole and counted.start < number.start < counted.end and number.value == study.planned_seeds:
            yield Quantity(number.value, "cfg.seeds")
            return
        done, runs = sum(study.completed(name) for name in study.conditions), study.planned_seeds * len(study.conditions)
        if named_ones and self.left_over(number):
            if number.value == study.completed(named_ones[0]):
                yield Quantity(number.value, f"n({named_ones[0]})")
            return
        of_all = not named_ones and self.sentence.has(r"runs|models|trainings|experiments")
        if (
            of_all
            and number.value == runs
            and (done == runs or self.sentence.has(rf"of (?:the |our |all )?{number.text}|planned|scheduled"))
        ):
            yield Quantity(number.value, "count(runs)")
        elif self.sentence.has(
            r"of (?:the |our |all )?\w+ (?:\w+ )?(?:seeds|runs|differences)|(?:seeds?|runs?) out of (?:the )?\w+|planned|scheduled|intended"
        ):
            if number.value == study.planned_seeds:
                yield Quantity(number.value, "cfg.seeds")
            elif number.value == study.planned_seeds * len(study.conditions) and self.sentence.has("planned|scheduled"):
                yield Quantity(number.value, "count(runs)")
        elif self.sentence.has(r"in total|in all(?! \w)|altogether|overall|planned|scheduled"):
            planned = study.planned_seeds * len(study.conditions)
            done = sum(study.completed(name) for name in study.conditions)
            if number.value == (planned if self.sentence.has("planned|scheduled") else done):
                yield Quantity(number.value, "count(runs)")
            elif all(study.completed(name) == number.value for name in named_ones or study.conditions):
                yield Quantity(number.value, f"n({named_ones[0] if named_ones else 'all'})")
        elif (
            re.search(
                r"\b(?:crash\w*|fail\w*|diverg\w*|aborted|missing|lost|lacking|lacks?|absent|unavailable)\b",
                self.own_clause(number),
                re.IGNORECASE,
            )
            and named_ones
        ):
            if number.value == study.planned_seeds - study.completed(named_ones[0]):
                yield Quantity(number.value, f"cfg.seeds - n({named_ones[0]})")
        elif all(study.completed(name) == number.value for name in named_ones or study.conditions):
            yield Quantity(number.value, f"n({named_ones[0] if named_ones else 'all'})")

    def one_seed(self, names: Sequence[str]) -> bool:
        """'survived on a single seed out of three': one seed was completed, or lost where the words speak of that."""
        if len(set(names)) != 1 or not self.sentence.has(rf"{DONE}|{FAILED}"):
            return False
        done = self.study.completed(names[0])
        return (self.study.planned_seeds - done if self.sentence.has(FAILED) else done) == 1

    def left_over(self, number: Number) -> bool:
        """'only one seed is left': what was completed, in a sentence about crashes."""
        left = r"\s*(?:seeds?|runs?)? ?(?:(?:is|are|was|were) left|remain(?:s|ed)?|surviv\w*)\b"
        part = re.search(r"\bout of (?:the )?$", self.sentence.text[: number.start])
        return part is None and re.match(left, self.sentence.text[number.end :]) is not None

    def named_with(self, number: Number) -> list[str]:
        """The conditions whose seeds the number counts; none where it counts those of all."""
        start = self.sentence.text.rfind(";", 0, number.start) + 1
        stop = self.sentence.text.find(";", number.end)
        if stop < 0 and (own := self.own_clause(number)) != self.sentence.text:
            stop = len(own)
        named_ones = [m.name for m in self.sentence.conditions if start <= m.start < (stop if stop > 0 else len(self.sentence.text))]
        for mention in self.sentence.conditions:  # 'the one run of PPO'
            between = self.sentence.text[number.end : mention.start] if mention.start >= number.end else "-"
            if re.fullmatch(rf" (?:[a-z]+ )?(?:{w.SEED_NOUNS}) (?:of|for|from) (?:the )?", between):
                return [mention.name]
        for mention in self.sentence.conditions:  # 'the one PPO run that finished'
            between = self.sentence.text[number.end : mention.start] if mention.start >= number.end else "-"
            if between == " " and re.match(rf" (?:{w.SEED_NOUNS})\b", self.sentence.text[mention.end :]):
                return [mention.name]
        if start or stop > 0:  # 'one has a single seed; the others have three each'
            return named_ones
        later = [other.start for other, role in self.roles if role == "seeds" and other.start > number.start]
        earlier = [other.end for other, role in self.roles if role == "seeds" and other.end < number.start]
        if re.search(r"\((?:only |just )?$", self.sentence.text[: number.start]):  # 'PPO: -178.6 (one seed)'
            named_ones = [m.name for m in self.sentence.conditions if m.end <= number.start][-1:]
        if later or earlier:  # 'three seeds for one and two for the other', 'one with three seeds, the other with two'
            behind = [m.name for m in self.sentence.conditions if number.end <= m.start < min(later, default=len(self.sentence.text))]
            ahead = [m.name for m in self.sentence.conditions if max(earlier, default=0) <= m.start < number.start]
            follows = re.match(r"\s*(?:\w+ )?(?:for|in) ", self.sentence.text[number.end :])
            named_ones = (behind if follows else ahead) or behind or ahead
        rest = r"\bthe (?:others?|rest|remaining|other (?:two|three|ones|\w+s))\b[^,;]*$"
        clause = re.split(r"[,;]", self.sentence.text[: number.start])[-1]
        if (earlier or later) and re.search(rest, clause, re.IGNORECASE):
            return [name for name in self.study.conditions if name not in {m.name for m in self.sentence.conditions}]
        return named_ones

    def own_clause(self, number: Number) -> str:
        """The sentence up to where another condition begins a clause of its own."""
        for mention in self.sentence.conditions:  # 'While a and b completed all three seeds, c lost two of them'
            opens = (
                re.search(r", (?:the |our )?$", self.sentence.text[number.end : mention.start])
                if mention.start >= number.end
                else None
            )
            if opens and _FARES.match(self.sentence.text[mention.end :]):
                return self.sentence.text[: number.end + opens.start()]
        return self.sentence.text

    def of_its_clause(self, number: Number) -> tuple[tuple[str, str], ...]:
        """'No seed lets a catch up: b is ahead five times out of five': behind the colon the one named there is the subject."""
        start = max(self.sentence.text.rfind(cut, 0, number.start) for cut in (":", ";"))
        names = {m.name for m in self.sentence.conditions}
        own = [m for m in self.sentence.conditions if start < m.start < number.start]
        if (
            start < 0
            or len(names) != 2
            or len(own) != 1
            or not re.fullmatch(r"[:;]\s*(?:and |so )?(?:the |our )?", self.sentence.text[start : own[0].start])
        ):
            return ()
        return ((own[0].name, (names - {own[0].name}).pop()),)

    def parts_of_seeds(self, number: Number) -> Iterator[Quantity]:
        counted = seeds_quantifier(self.sentence.text)
        bounds = [other for other in self.sentence.numbers if bound_of(other, self.sentence)]
        if (
            counted is not None
            and counted.start <= number.start < counted.end
            and number.value == 1
            and counted.holds(0, 2)
            and not counted.holds(1, 2)
        ):
            one_pair = len({frozenset(each) for each in self.pair.options}) == 1
            if one_pair and self.sentence.has(f"{w.BETTER}|{w.WORSE}|{w.FASTER}|{w.SLOWER}"):
                yield Quantity(number.value, f"count({self.sentence.text[counted.start : counted.end]})")  # 'not one seed'
            return
        if counted is not None and counted.start <= number.start < counted.end and bounds:
            yield Quantity(number.value, f"count({self.sentence.text[counted.start : counted.end]})")
            return
        if not self.sentence.conditions and self.sentence.has(r"(?:finish|complet|surviv|crash|fail)\w*"):
            done = sum(self.study.completed(name) for name in self.study.conditions)
            lost = self.study.planned_seeds * len(self.study.conditions) - done
            if number.value == (lost if self.sentence.has(r"(?:crash|fail)\w*") else done):
                yield Quantity(number.value, "count(runs)")
            return
        losing = rf"{FAILED}|lost|loses"
        if self.sentence.has(rf"{DONE}|{losing}"):
            ahead = [mention for mention in self.sentence.conditions if mention.end <= number.start]
            for mention in ahead[-1:] or self.sentence.conditions[:1]:
                done = self.study.completed(mention.name)
                if self.sentence.has(losing):
                    done = self.study.planned_seeds - done
                within = counted is not None and counted.start <= number.start < counted.end
                if counted is not None and within and re.match(r"all\b", self.sentence.text[counted.start :], re.IGNORECASE):
                    done = int(number.value) if counted.holds(done, self.study.planned_seeds) else -1  # 'all but one'
                if number.value == done:
                    yield Quantity(number.value, f"n({mention.name})")
            return
        start, stop = self.sentence.text.rfind(";", 0, number.start) + 1, self.sentence.text.find(";", number.end)
        clause = self.sentence.text[start : stop if stop > 0 else None]
        worse = re.search(rf"\b(?:{w.WORSE}|{w.SLOWER})\b", clause, re.IGNORECASE) is not None
        options = self.of_its_clause(number) or self.pair.options
        for (a, b), metric in ((pair, metric) for pair in options[:1] for metric in self.metrics[:1]):
            won, of = wins(self.study, a, b, metric)
            if number.value == (of - won if worse else won):
                yield Quantity(number.value, f"wins({a},{b}).{metric}")
