"""What a number of a sentence is: a level, a difference, a deviation, a count, a setting, a p-value."""

from __future__ import annotations

import re

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.quantifiers import seeds_quantifier
from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.settings import Settings
from stages.g_writing.sentence_check.study import Study

COUNTED = {
    "seeds": rf"^[\s-]*(?:of (?:the |our )?\w+ )?(?:(?!per\b|over\b|on\b|and\b|seconds?\b|minutes?\b|hours?\b)\w+ ){{0,2}}?(?:{w.SEED_NOUNS})\b",
    "conditions": rf"^\s*(?:(?!for\b|with\b|by\b)\w+ ){{0,2}}?(?:{w.CONDITION_NOUNS})\b",
    "comparisons": r"^\s*(?:(?!for\b|with\b)\w+ ){0,2}?(?:comparisons|tests|contrasts)\b",
    "metrics": r"^[\s-]*(?:\w+ ){0,1}?(?:metrics|measures)\b",
}
DIFFERENCE_BEFORE = re.compile(
    r"(?:\bby(?: a factor of| a margin of)?|\b(?:gain|improvement|increase|decrease|reduction|drop|difference|gap|advantage|margin|overhead|deficit|rise|lead|decline"
    r"|saving|speed-?up|cost|change|benefit|effect|(?:additional|extra|added)(?: [\w-]+){1,3})s?(?: (?!from\b|to\b(?! (?:the|a|our)\b))[\w()-]+){0,8}? (?:of|is|was|amounts to|equals|corresponds to)"
    r"|\b(?:additional|extra|adds|added|costs?|saves?|gains?|loses?|contributes?|accounts? for|brings?|worth))"
    r"\s*(?:an? |the |another |further |about |only |roughly |around |approximately |nearly |almost |just |some |slightly |more than |less than |over |under |at least |at most |relative |absolute |\(|mean |small |large |modest |moderate |clear |considerable |substantial |minor )*$",
    re.IGNORECASE,
)
DIFFERENCE_AFTER = re.compile(
    r"^\s*(?:%|per ?cent|×|x|times|percentage points?|points?|pp|[A-Za-z][\w/]*(?= (?:below|above|lower|higher|less|more|better|worse)\b)|nats|bits|seconds?|minutes?|hours?|s|ms|min|h|GB|MB)?\s*(?:in absolute terms |absolute |relative |units? )?"
    r"(?:in relative terms|in absolute terms|additional|extra|further|added|higher|lower|better|worse|faster|slower|earlier|later|sooner|more|less|fewer|longer|shorter|larger|smaller|below|above|cheaper|behind|ahead|gain|improvement|reduction"
    r"|increase|decrease|overhead|drop|speed-?up|relative (?:gain|improvement|reduction|increase)|advantage)\b",
    re.IGNORECASE,
)
ABOVE = r"(?:(?<!no )more than|above|exceed\w*|at least|greater than|>=?|no less than|surpass\w*|just over|well over|slightly over|over|upwards of|higher than|beyond|past|clears?)"
BELOW = r"(?:(?<!no )less than|below|under|at most|fewer than|<=?|up to|nearly|almost|just under|no more than|lower than|within|shorter than)"


_MADE = r"train\w*|run|runs|repeat\w*|evaluated|executed|carried out|measured|re-?run"
REACHED = r"(?:reach\w*|attain\w*|achiev\w*|get(?:s|ting)? to|hits?|cross\w*|pass\w*|top(?:s|ped)?)"
"""Verbs that bound a number from below where every or no run is their subject."""

DEVIATION = re.compile(
    r"\bstandard deviations?\b|\bs\.d\.|\bs\.?d\.?\b|\bstd\b|\bspread\b|\bdeviations?\b|\bvariation\b", re.IGNORECASE
)


DEVIATION_HEAD = re.compile(r"\((?:[\w ]+ )?(?:standard deviations?|s\.d\.|sd|std)\b[^)]*\)(?=[^(]*\(\s*\d)", re.IGNORECASE)
"""'Accuracy (standard deviation): a 91.14 (0.21)': deviations stand in brackets behind their values."""


class Roles:
    """The role of each number of one sentence, from the words beside it."""

    def __init__(self, sentence: Sentence, study: Study, settings: Settings) -> None:
        self.sentence, self.study, self.settings = sentence, study, settings

    def all(self) -> list[tuple[Number, str]]:
        """Every number with its role; 'by 365 s, or 20 %' names one difference twice."""
        found: list[tuple[Number, str]] = []
        for number in self.sentence.numbers:
            role = self.role(number)
            before, _ = self.sentence.near(number)
            again = r"\s*(?:\S+ ?)?[,;(]?\s*(?:or|i\.\s?e\.|that is|equivalently|\()[,\s\\]*(?:about |roughly |around |nearly )?"
            if role == "level" and found and found[-1][1] == "difference" and number.unit and re.fullmatch(again, before):
                role = "difference"
            if (
                role == "level"
                and found
                and found[-1][1] == "p"
                and not number.unit
                and re.search(r"\band (?:one )?(?:of )?$", before)
            ):
                role = "p"
            found.append((number, role))
        return found

    def role(self, number: Number) -> str:  # noqa: PLR0912, PLR0915 - one return for each role, in the order of their cues
        before, after = self.sentence.near(number)
        if DEVIATION_HEAD.search(self.sentence.text) and number.step < 1:
            return "std" if re.search(r"\d\s?%?\s?\($", self.sentence.text[: number.start]) else "level"
        if (
            re.search(r"[Ww]ilcoxon|signed-rank", self.sentence.text)
            and self.sentence.has("possible|attainable|achievable|out of reach|unattainable|unreachable|ruled out")
            and re.search(r"\bp\b[^,;]*(?:below|under|<|smaller than)\s*$", self.sentence.text[: number.start])
        ):
            return "smallest p"
        if re.search(r"\b(?:every|each|any)\s*(?:single )?$", before, re.IGNORECASE) and number.text.lower() == "one":
            return "free"
        if number.text.lower() == "zero" and re.search(r"\b(?:closer|nearer|close|near) to\s*$", before):
            return "free"
        if re.match(r"\s*times\b", self.sentence.text[number.end :]) and re.search(r"\bupdated\s*$", before):
            return "setting"
        if (part := self.part_of_all(number)) is not None:
            return part
        if re.search(r"\bwithin\s*$", before) and re.match(r"\s*(?:[\w%]+ ){0,3}?of (?:each other|one another)", after):
            return "difference"
        families = "|".join(re.escape(key.replace("_", " ")) for key in self.study.families)
        if families and number.word and re.match(rf"\s(?:\w+ )?(?:{families})s\b", after):
            return "conditions"
        if re.search(r"\bfactor (?:of|is|was)\s*(?:about |around |roughly |almost |nearly )?$", before):
            return "difference"
        if number.word and re.match(r"\s*(?:each|apiece)\b", after) and self.sentence.has("seeds?|runs?"):
            return "seeds"
        if number.word and not number.unit and self.of_seeds(number):
            return "seeds"
        if re.search(r"\b(?:largest|highest|greatest)(?: \w+)? possible\b|\bpossible (?:maximum|largest)", self.sentence.text):
            return "largest p"
        if number.unit == "%" and re.match(r"[%\s\w]{0,6}(?:confidence|CIs?\b|intervals?)", after):
            if number.value != 95:
                return "other interval"
            return "free"
        if ("alpha" not in self.study.config and re.search(r"(?:level|alpha|threshold)\s*(?:of|=|at)?\s*$", before)) or re.match(
            r"\s*%?\s*(?:significance )?level\b", after
        ):
            share = number.value / 100 if number.unit == "%" else number.value
            return "free" if share in {0.05, 0.01, 0.1} else "level of a test"
        if re.search(
            r"\bp\s*-?\s*values? (?:(?:are|is|were|was|lie|lies|stay|stays|remain|remains|all|both) )*(?:below|above|<|>|under)\s*$",
            before,
            re.IGNORECASE,
        ):
            return "p"
        if re.search(
            r"\bp\s*(?:-?\s*values?)?(?: of which)?\s*(?:(?:being|lies|lay|stays|comes)\s*)?(?:of|is|was|being|=|<=?|>=?|equal to|below|above|about)\s*$",
            before,
            re.IGNORECASE,
        ):
            return "p"
        if re.search(r"\bn\s*=\s*$", before, re.IGNORECASE):
            return "seeds"
        if re.search(
            r"(?<!\w)(?:Cohen's d|d|d_\{?z\}?|dz|effect size|standardi[sz]ed(?: \w+){0,2})(?: \w+){0,2}\s*(?:=|of|is|was|amounts to|comes to|equals|at|reaches|gives|:)\s*(?:about |around |roughly )?$",
            before,
        ):
            return "dz"
        of_effects = re.match(r"\W*(?:The )?(?:paired |standardi[sz]ed )?(?:Cohen's d|d_\{?z|effect sizes?)", self.sentence.text)
        if (
            of_effects
            and "." in number.text
            and not number.unit
            and re.search(r"(?:\(|\b(?:than|to|versus|against|and|is|of))\s*$", before)
        ):
            return "dz"
        named = re.search(r"\b(?:confidence|CIs?|intervals?)\b", self.sentence.text)
        if (
            named
            and named.start() < number.start
            and re.match(
                r"\s*(?:%|\w+(?: points)?)?\s*(?:to|-|and)\s*[-+]?\d", after + self.sentence.text[number.end + len(after) :][:3]
            )
            and not re.search(r"\bp\b", after)
        ):
            return "interval"
        if (
            named
            and (named.start() < number.start or re.search(r"[\[(]\s*$|,\s*$", before))
            and re.search(r"[\[(]\s*$|(?:from|between|to|of|and|,)\s*$", before)
        ):
            return "interval"
        if (
            re.search(r"\b(?:at least|no less than)\s*$", before, re.IGNORECASE)
            and self.sentence.has("confidence")
            and number.unit in {"pp", "points"}
        ):
            return "interval"
        if (
            re.search(r"\b(?:lower|upper) (?:end|bound|limit|edge)\b[^.;]*\b(?:is|of|at|=)\s*$", self.sentence.text[: number.start])
            and named
        ):
            return "interval"
        if number.value == 0 and number.word and named:
            return "free"  # 'excludes zero' is a claim of its own
        if re.search(r"[Ww]ilcoxon|signed-rank", self.sentence.text) and re.search(
            r"\b(?:smallest|lowest|minimum|minimal|least|floor|largest|highest|cannot|can not|never|bounded|limited|at best|at least|no smaller than|impossible)\b",
            self.sentence.text,
        ):
            return (
                "largest p"
                if re.search(r"\b(?:largest|highest|greatest|above|exceed\w*|larger)\b", self.sentence.text)
                else "smallest p"
            )
        if re.search(r"\bseed\s*$", before, re.IGNORECASE) and "." not in number.text:
            return "free"
        if self.seed_name(number):
            return "free"
        if self.article(number) or self.anaphora(number):
            return "free"
        if number.text.lower() == "one" and any(
            re.fullmatch(r" (?:of|with|at|by|without|under|using) (?:the |a )?", self.sentence.text[number.end : mention.start])
            for mention in self.sentence.conditions
            if mention.start > number.end
        ):
            return "free"
        if re.match(r"\s*(?:times|x)\b", self.sentence.text[number.end :]) and number.word and self.sentence.has(_MADE):
            return "seeds"
        counted = seeds_quantifier(self.sentence.text)
        if counted and counted.start <= number.start < counted.end and re.match(r"\s*(?:out )?of\b", self.sentence.text[number.end :]):
            return "part of seeds"
        if re.match(
            r"\s*(?:of|out of)\s+(?:the |our |all )?\w+\s+(?:\w+ )?(?:seeds|runs|pairs|differences)", self.sentence.text[number.end :]
        ):
            return "part of seeds"
        if (
            number.word
            and re.search(r"\b(?:of|all|among)\s+(?:the )?$", before)
            and re.match(r"\s*(?:[,.(]|$|at\b|with\b|in\b|by\b|are\b|is\b|on\b)", after)
        ):
            return "conditions"
        others = [o for o in self.sentence.numbers if o.end < number.start and re.match(COUNTED["seeds"], self.sentence.text[o.end :])]
        if number.word and others and re.search(r"\bwith (?:only |just )?$", before):
            return "seeds"
        if number.word and re.match(r"\s+(?:for|with) ", self.sentence.text[number.end :]) and self.sentence.has("seeds|runs"):
            return "seeds"
        if re.match(
            r"\s+(?:were |was |have |had )?(?:finished|completed|crashed|failed|survived)\b", self.sentence.text[number.end :]
        ):
            return "part of seeds"
        if number.word and re.search(r"\bthe other\s*$", before) and "." not in number.text:
            return "conditions"
        if self.one_range(number, before):
            return "range"
        if self.bound_on_seeds(number, before):
            return "bound on seeds"
        if (
            re.match(r"\s+of (?:the|its|our|their) (?:\d[\d,]* )?(?!seeds|runs)[a-z]+", self.sentence.text[number.end :])
            and number.step == 1
            and not number.unit
        ):
            return "setting" if number.step == 1 and self.settings.countable(number) else "part of a whole"
        if re.match(r"\s*(?:\w+ )?models (?:in total|altogether|overall)\b", after):
            return "seeds"
        for kind, pattern in COUNTED.items():
            if "." not in number.text and number.step == 1 and re.match(pattern, after):
                return kind
        if re.search(r"(?:±|\+/-)\s*$", before):
            return "std"
        if (
            (deviation := DEVIATION.search(self.sentence.text))
            and deviation.start() < number.start
            and "±" not in self.sentence.text
            and not DIFFERENCE_BEFORE.search(before)
        ):
            return "level"
        rate = re.match(r"\s*(?:\w+ )?\w+\s*(?:per|/)\s*(?:second|s|sec|step|hour|minute)\b", after)
        if not rate and self.settings.countable(number) and number.unit not in {"pp", "points", "x", "%"}:
            return "setting"
        if re.match(
            r"\s*% of (?:that (?:of|for|with)\b|what\b|the (?:[\w-]+ ){1,2}(?:that|which|required by|taken by)\b|the [\w-]+'s?\b|[\w-]+'s?(?=[\s.,]))",
            after,
        ):
            return "difference"
        if number.unit in {"pp", "points", "x"} or DIFFERENCE_BEFORE.search(before) or DIFFERENCE_AFTER.match(after):
            return "difference"
        return "level"

    def part_of_all(self, number: Number) -> str | None:
        """'3 out of 3', 'five cases out of five': the seeds on which it is so, and all of them."""
        if number.unit or number.step != 1 or not self.sentence.has("seeds?|runs?"):
            return None
        ahead, behind = self.sentence.text[: number.start], self.sentence.text[number.end :]
        counted = rf"(?:\d{{1,2}}|{'|'.join(w.NUMBER_WORDS)})"
        if re.match(rf"\s(?:cases )?out of (?:the )?{counted}\W*(?:$|[,).;]|\w+ (?!seeds|runs))", behind, re.IGNORECASE):
            return "part of seeds"
        if re.search(rf"\b{counted}\s(?:cases )?out of (?:the )?$", ahead, re.IGNORECASE) and re.match(r"\s*(?:[,).;]|$)", behind):
            return "seeds"
        return None

    def article(self, number: Number) -> bool:
        """'One training run takes half an hour': an article, no count."""
        after = self.sentence.text[number.end :]
        timed = any(other.unit in {"s", "ms", "min", "h", "day"} for other in self.sentence.numbers)
        return number.text.lower() == "one" and timed and re.match(r"\s(?:\w+ ){0,2}?(?:run|seed|model|training)\b", after) is not None

    def of_seeds(self, number: Number) -> bool:
        """'the five accuracies of a', 'the three SAC returns': one value of the metric for each seed."""
        for mention in self.sentence.metrics:
            between = self.sentence.text[number.end : mention.start] if mention.start > number.end else "-"
            if (
                re.fullmatch(r"[ ][\w -]{0,25}", between)
                and re.match(r"[\w ]*(?:ies|[^s]s)\b", self.sentence.text[mention.start : mention.end])
                and not re.search(rf"\b(?:{w.CONDITION_NOUNS})\b", between)
                and not re.search(r"loss$", self.sentence.text[mention.start : mention.end])
            ):
                return re.search(
                    r"(?:\b(?:the|its|our|all|their)|'s)\s+$", self.sentence.text[: number.start], re.IGNORECASE
                ) is not None and number.value != len({m.name for m in self.sentence.conditions})
        return False

    def anaphora(self, number: Number) -> bool:
        """'combining the two', 'between the other two', 'the slowest of the three': the conditions, as many as there are or are named."""
        before, after = self.sentence.text[: number.start], self.sentence.text[number.end :]
        if not number.word or number.unit or not re.search(r"\b(?:the|these|those|all|other|remaining)\s+$", before, re.IGNORECASE):
            return False
        if not re.match(
            r"\s*(?:[,.;:()]|$|(?:is|are|was|were|at|with|in|by|on|gives?|has|have|lies?|reach\w*|taken|together|combined|apart|differs?|to|for|and|but|or|from|both)\b)",
            after,
        ):
            return False
        named = len({mention.name for mention in self.sentence.conditions})
        return number.value in {2.0, float(len(self.study.conditions)), float(named), float(len(self.study.conditions) - 1)} - {
            1.0,
            0.0,
        } and number.value <= len(self.study.conditions)

    def seed_name(self, number: Number) -> bool:
        """'seeds 0 to 4', 'the seeds are 11, 12 and 13': numbers that name recorded seeds."""
        named = {seed for by_metric in self.study.conditions.values() for scores in by_metric.values() for seed in scores.seeds}
        if isinstance(planned := self.study.config.get("seeds"), list):
            named |= {str(seed) for seed in planned}
        listed = r"\bseeds(?: used| were| are| run from| ran from| range from| numbered| numbers|:)*(?:[\s,]|\d|\band\b|\bto\b|\bthrough\b|-)*$"
        return (
            number.text in named
            and not number.unit
            and re.search(listed, self.sentence.text[: number.start], re.IGNORECASE) is not None
        )

    def bound_on_seeds(self, number: Number, before: str) -> bool:
        """'never falls below', 'no seed exceeds', 'every run stays above': the number bounds each seed's own value."""
        whole = self.sentence.text[: number.start]
        if re.match(COUNTED["seeds"], self.sentence.text[number.end :]):
            return False
        return bool(
            re.search(rf"(?<!\w)(?:{ABOVE}|{BELOW}|{REACHED})\s*$", before, re.IGNORECASE)
            and re.search(
                r"\bnever\b|\bneither\b|\bnone\b|\bno (?:\w+ ){0,2}?(?:method|model|variant|condition|optimi[sz]er|agent)\b|\bno (?:\w+ ){0,3}?(?:seed|run)\b|\b(?:every|each|all|any) (?:\w+ ){0,3}?(?:seeds?|runs?)\b",
                whole,
                re.IGNORECASE,
            )
        )

    def one_range(self, number: Number, before: str) -> bool:
        """'the seeds span 0.54 points', 'differ by at most …': one number for the distance from the worst seed to the best."""
        if not self.sentence.has("seeds?|runs?"):
            return False
        if re.search(
            r"\b(?:spread|difference|gap|distance|range) between (?:the |its )?(?:best|worst|highest|lowest)\b", self.sentence.text
        ):
            return True
        return bool(
            re.search(
                r"\b(?:span\w*|spread over|(?:differs?|vary|varies|varied|fluctuates?|scatters?|changes?) by|(?:a |the )?(?:range|spread) (?:of|is)|apart by)\s*(?:at most |no more than |at least |only |about |just |up to |less than |more than |over )*$",
                before,
            )
        )
