"""A sentence taken apart: its plain text, its numbers with their units, and the conditions and metrics that it names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.study import Study

_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|\.\d+)(?:e(?P<exp>[-+]?\d+))?"
    r"(?P<scale>k|K|M|B|G| thousand\b| million\b| billion\b)?(?![\w])"
)
_MATHS_ONLY = re.compile(
    r"\$[^$]*_(?:[ijkt]\b|\{[ijkt][^{}]*\})[^$]*\$|\$[^$]*\\(?:frac|lVert|sum|int|nabla|mathbb|mathcal|lVert|log|exp|sqrt|partial|min|max|arg|hat|bar|tilde|theta|phi|ell)\b[^$]*\$"
)
_STRUCTURE = re.compile(
    r"\b(?:Sections?|Tables?|Figures?|Figs?\.?|Appendix|Appendices|Equations?|Eqs?\.?|Algorithms?|Chapters?|Lines?|Steps?|Theorems?|Lemmas?|Propositions?"
    r"|Corollar(?:y|ies)|Definitions?|Remarks?|Listings?|Assumptions?|Hypothes[ie]s|RQ|H)"
    r"[\s~]*\(?[A-Z]?\.?\d+(?:\.\d+)*[a-z]?\)?(?:(?:,| and|,? and|--|-| to)\s*[A-Z]?\.?\d+(?:\.\d+)*)*"
)
_COMMON_NAMES = re.compile(r"\btop-1\b|\b0(?:--?|/)1(?= loss)|\bL[012]\b|\bell[_ ]?[12]\b|\b[kK]-fold\b|\b[123]D\b|\bfp(?:16|32)\b|\bbf16\b|\b(?:16|32)-bit\b|\bcuda:\d\b", re.IGNORECASE)  # fmt: skip


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in any case. Python keeps 512; one sentence asks for more, and compiling them anew took three quarters of the time."""
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True)
class Number:
    """A number as printed. `value` already holds the scale (k, M); `step` is the worth of its last digit."""

    text: str
    value: float
    step: float
    start: int
    end: int
    unit: str
    """'%', 'pp', 'x', 's', 'min', 'h' or ''."""
    word: bool = False
    signed: bool = False


@dataclass(frozen=True)
class Mention:
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """`text` is plain: commands of LaTeX read, protected numerals blanked out by as many dots."""

    raw: str
    text: str
    numbers: tuple[Number, ...]
    conditions: tuple[Mention, ...]
    metrics: tuple[Mention, ...]
    cited: bool

    def has(self, pattern: str) -> bool:
        return compiled(rf"\b(?:{pattern})\b").search(self.text) is not None

    def find(self, pattern: str) -> re.Match[str] | None:
        """The first place of a pattern, whatever its case."""
        return compiled(pattern).search(self.text)

    def first_metric(self, study: Study) -> str:
        """The metric named first; the study's first where none is named."""
        return self.metrics[0].name if self.metrics else next(iter(study.metrics))

    @cached_property
    def without_conditions(self) -> str:
        """The text with the names of conditions blanked."""
        text = self.text
        for mention in self.conditions:
            text = text[: mention.start] + "\u2022" * (mention.end - mention.start) + text[mention.end :]
        return text

    def near(self, number: Number, before: int = 60, after: int = 40, *, names: bool = True) -> tuple[str, str]:
        """The words on both sides, up to the neighbouring numbers; names: with those of conditions."""
        text = self.text if names else self.without_conditions
        left = max([other.end for other in self.numbers if other.end <= number.start], default=0)
        right = min([other.start for other in self.numbers if other.start >= number.end], default=len(self.text))
        return text[max(left, number.start - before) : number.start], text[number.end : min(right, number.end + after)]


def plain(raw: str) -> str:
    """LaTeX's commands read as signs: '$3\\\\times10^{-4}$' becomes 3e-4."""
    text = (
        unicodedata.normalize("NFC", raw).replace("\u2212", "-").replace("\u2013", "-").replace("\u00a0", " ").replace("\u2009", " ")
    )
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf|emph|textit)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"(\d(?:\.\d+)?)\s*(?:\\times|\\cdot|×)\s*10\s*\^\s*\{?\s*(-?\d+)\s*\}?", r"\1e\2", text)
    text = re.sub(r"(?<![\d.e])10\s*\^\s*\{?\s*(-?\d+)\s*\}?", r"1e\1", text)
    for command, sign in (
        ("\\times", "×"), ("\\pm", "±"), ("\\%", "%"), ("\\leq", "<="), ("\\geq", ">="), ("\\le", "<="), ("\\ge", ">="), ("\\approx", "~="),
        ("\\sim", "~="), ("\\lt", "<"), ("\\gt", ">"), ("\\,", ""), ("\\;", " "), ("\\ ", " "), ("~", " "), ("{,}", ","), ("\\beta", "beta"),
        ("\\gamma", "gamma"), ("\\epsilon", "epsilon"), ("\\alpha", "alpha"), ("\\tau", "tau"), ("\\&", "&"),
        ("β", "beta"), ("γ", "gamma"), ("≤", "<="), ("≥", ">="), ("≈", "~="), ("τ", "tau"),
    ):  # fmt: skip
        text = text.replace(command, sign)
    text = re.sub(r"(?<=\d)\s?--\s?(?=\d)", "-", text)
    text = re.sub(r"(-?\d[\d.,]*)\s*(?:\\(?:right|long|longright)?arrow\b|\\to\b|→|->)\s*(?=-?\d)", r"from \1 to ", text)
    text = text.replace("$", "").replace("~=", "about ")
    text = re.sub(r"\b(\d+) ?min(?:utes)?(?: and)? (\d{1,2}) ?s(?:econds|ec)?\b", lambda m: f"{60 * int(m[1]) + int(m[2])} s", text)
    text = re.sub(r"(?<![\w./])(\d+)/(\d+)(?= (?:\w+ )?(?:seeds|runs|pairs)\b)", r"\1 of \2", text)
    return re.sub(r"[ \t]+", " ", text)


def read(raw: str, study: Study) -> Sentence:
    """The sentence as the checks see it."""
    cited = bool(re.search(r"\\cite[pt]?\w*\*?(?:\[[^\]]*\])*\{[^}]+\}|\[@\w|(?<!\w)@\w+\d{4}", raw))
    text = _MATHS_ONLY.sub(
        lambda m: m[0] if re.search(r"\d\.\d|\d{2,}", re.sub(r"\\mathbb\{\w\}\^\{[^}]*\}", "", m[0])) else "formula", raw
    )
    text = plain(re.sub(r"\\cite[pt]?\w*\*?(?:\[[^\]]*\])*\{[^}]+\}", "(cited)", text))
    text = _blank(_STRUCTURE, text)
    text = _blank(_COMMON_NAMES, text)
    patterns = [rf"(?:{condition_pattern(name)})" for name in study.conditions]
    for name in sorted(_names(study), key=len, reverse=True):
        if any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns):
            continue  # the configuration's model is one of the conditions: its name is read as theirs
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lambda m: re.sub(r"[\d-]", "\u00b7", m[0]), text)
    metrics = tuple(_metrics(text, study))
    for mention in metrics:  # the digits of F1 and R^2 are no numbers
        text = text[: mention.start] + re.sub(r"\d", "\u00b7", text[mention.start : mention.end]) + text[mention.end :]
    conditions = tuple(_conditions(text, study))
    for mention in conditions:  # those of 'a width of 64' neither
        text = text[: mention.start] + re.sub(r"\d", "\u00b7", text[mention.start : mention.end]) + text[mention.end :]
    if cited:
        text = re.sub(r"\b(?:19|20)\d\d\b", lambda m: "\u00b7" * 4, text)
    return Sentence(
        raw=raw,
        text=text,
        numbers=tuple(n for n in _numbers(text) if not any(m.start <= n.start < m.end for m in conditions)),
        conditions=conditions,
        metrics=metrics,
        cited=cited,
    )


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: re.sub(r"[\d]", "\u00b7", match[0]), text)


def _names(study: Study) -> Iterator[str]:
    """Recorded names that hold digits: ResNet-18, CIFAR-10, Pendulum-v1."""
    for value in study.config.values():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and any(character.isdigit() for character in name):
                yield name


def _numbers(text: str) -> Iterator[Number]:
    found: list[Number] = []
    for match in _NUMBER.finditer(text):
        digits = match["digits"].replace(",", "")
        scale = _SCALES[match["scale"].strip()] if match["scale"] else 1.0
        exponent = int(match["exp"] or 0)
        decimals = len(digits.partition(".")[2])
        negative = match["sign"] == "-" and not re.search(r"[\d)]\s?$|\w$", text[: match.start()]) if match["sign"] else False
        if abs(exponent) > 100:  # no study's number; beyond the range of a float
            exponent = 100 if exponent > 0 else -100
        value = float(f"{digits}e{exponent}") * scale * (-1 if negative else 1)
        step = 10.0 ** (exponent - decimals) * scale
        start = match.start() + (1 if match["sign"] == "-" and not negative else 0)
        found.append(Number(text[start : match.end()], value, step, start, match.end(), _unit(text[match.end() :]), signed=negative))
    found += _in_words(text, [(number.start, number.end) for number in found])
    # A unit that follows the last number of a range or of value ± deviation belongs to both.
    found.sort(key=lambda number: number.start)
    for number, following in zip(found, [*found[1:], None], strict=False):
        between = text[number.end : following.start] if following else ""
        shared = (
            not number.unit
            and following is not None
            and following.unit
            and not (following.word and not number.word)
            and re.fullmatch(
                r"\s*(?:±|-|to|and|or|of|of (?:the|these|those|this|our|a total of)|\+/-|,|instead of|rather than|versus|vs\.?|against|compared (?:with|to)|as opposed to|than)\s*",
                between,
            )
        )
        yield replace(number, unit=following.unit) if shared and following is not None else number


def _in_words(text: str, figures: list[tuple[int, int]]) -> Iterator[Number]:
    """'three', 'thirty-two', 'five million', 'half an hour'; figures: the places of numerals."""
    for match in re.finditer(rf"\b(?:{'|'.join(w.NUMBER_WORDS)})\b", text, re.IGNORECASE):
        after = text[match.end() :]
        if any(start <= match.start() < end for start, end in figures):
            continue  # the thousand of '40 thousand'
        if match[0].lower() == "one" and _pronoun(text[: match.start()], after):
            continue
        if re.match(
            r"-(?:sided|tailed|hot|shot|way)\b|[- ](?:(?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?\b|of (?:about )?-?\d|of (?:the|our|these)\b(?! (?:\w+ ){0,3}?(?:seeds|runs|pairs|differences))|another|can|may|should|would|is\b|way\b|by one|hand)",
            after,
        ):
            continue
        if composed := _composed(match, text):
            yield composed
            continue
        value, scale, end = float(w.NUMBER_WORDS[match[0].lower()]), 1.0, match.end()
        if unit_word := re.match(r"-(one|two|three|four|five|six|seven|eight|nine)\b", after):
            if value < 20 or value > 90:
                continue
            value, end = value + w.NUMBER_WORDS[unit_word[1].lower()], end + unit_word.end()
        elif re.search(r"\b(?:twen|thir|for|fif|six|seven|eigh|nine)ty-$", text[: match.start()]):
            continue  # the two of 'thirty-two'
        if large := re.match(r" (hundred|thousand|million|billion)\b", text[end:]):
            scale = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9}[large[1]]
            end += large.end()
        elif re.search(r"\b(?:" + "|".join(w.NUMBER_WORDS) + r") $", text[: match.start()], re.IGNORECASE) and match[0].lower() in {
            "hundred",
            "thousand",
        }:
            continue  # counted with the word before
        yield Number(text[match.start() : end], value * scale, scale, match.start(), end, _unit(text[end:]), word=scale == 1.0)
    for match in re.finditer(
        r"\b(?:(half an?)(?= (?:hour|minute|day|second|(?:percentage )?point)\b)|(an?)(?= (?:hour|minute|day)\b))", text, re.IGNORECASE
    ):
        before = text[: match.start()]
        if re.search(r"\band $", before):
            continue
        value = 0.5 if match[0].lower().startswith("half") else 1.0
        yield Number(match[0], value, 0.1, match.start(), match.end(), _unit(text[match.end() :]), word=True)


def _composed(match: re.Match[str], text: str) -> Number | None:
    """'half a dozen', 'one and a half': a number of several words that is no sum of tens."""
    if match[0].lower() == "dozen" and (ahead := re.search(r"\b(?:half )?an? $", text[: match.start()], re.IGNORECASE)):
        value = 6.0 if ahead[0].lower().startswith("half") else 12.0
        return Number(text[ahead.start() : match.end()], value, 1.0, ahead.start(), match.end(), _unit(text[match.end() :]), word=True)
    if and_half := re.match(r" and a half\b", text[match.end() :]):
        value, end = w.NUMBER_WORDS[match[0].lower()] + 0.5, match.end() + and_half.end()
        return Number(text[match.start() : end], value, 0.1, match.start(), end, _unit(text[end:]), word=True)
    return None


def _pronoun(before: str, after: str) -> bool:
    """'the best one', 'one that …': the word stands for a noun."""
    if re.search(
        r"-(?:wide|deep|layer|token) $|\b(?:best|worst|weakest|strongest|fastest|slowest|lowest|highest|remaining|only|single) $",
        before,
    ):
        return re.match(r" (?:\w+ )?(?:seeds?|runs?|point|hours?|minutes?|seconds?)\b", after) is None
    if re.search(r"\b(?:than|as|to|from)\s$", before) and re.match(
        r" (?:with|of|by|for|at|in|under|without)\b(?! (?:the )?(?:\w+ )?(?:seeds|runs))", after
    ):
        return True
    counted = re.search(
        r"\b(?:than|least|most|only|just|by|exactly|of|all but|except|with|and|on|in|has|took|takes|to)\s*$", before, re.IGNORECASE
    )
    return re.match(r"(?:,|\.|$|\)| (?:for|is|was|in|at|that|which|being|by|and|on|to)\b)", after) is not None and (
        re.search(r"\b(?:the|a|this|that) (?:[\w-]+ )+$", before, re.IGNORECASE) is not None and counted is None
    )


def _unit(after: str) -> str:
    after = after.removeprefix("]")
    for unit, pattern in (
        ("pp", r"\s*(?:additional |extra |more |further )?(?:percentage[- ]points?|percent[- ]points?|pp\b|%[- ]points?|p\.p\.)"),
        ("points", r"\s*points?\b"),
        ("%", r"\s*(?:%|per ?cent\b)"),
        ("x", r"\s*(?:×|x\b|-?fold\b|times\b)"),
        ("min", r"\s*-?(?:additional |extra |more |further |fewer )?(?:minutes?|mins?)\b"),
        ("h", r"\s*-?(?:additional |extra |more |further |fewer )?(?:hours?|hrs?|h)\b"),
        ("ms", r"\s*-?(?:additional |extra |more |further |fewer )?(?:milliseconds?|ms)\b"),
        ("s", r"\s*-?(?:additional |extra |more |further |fewer )?(?:seconds?|secs?|s)\b"),
        ("day", r"\s*-?days?\b"),
    ):
        if re.match(pattern, after):
            return unit
    return ""


def _conditions(text: str, study: Study) -> Iterator[Mention]:
    patterns = {name: condition_pattern(name, study.proposed or "") for name in study.conditions}
    if study.proposed and any(removed(name) for name in study.conditions):
        patterns[study.proposed] += rf"|{_COMPLETE}"
    found = []
    for name, pattern in patterns.items():
        found += [Mention(name, match.start(), match.end()) for match in compiled(rf"\b(?:{pattern})\b").finditer(text)]
    for key, members in study.families.items():
        found += _of_family(key, members, text)
    without = [name for name in study.conditions if name.startswith(REMOVED)]
    if len(without) == 1:
        pattern = r"without (?:it|them)\b(?! (?:be|is|are))|(?:the )?ablated (?:variant|model|version|system|method)|the ablation(?! (?:study|studies|experiments?|shows?|of|confirms?|reveals?|removes?|isolates?)\b)"
        found += [Mention(without[0], match.start(), match.end()) for match in compiled(rf"\b(?:{pattern})").finditer(text)]
    found = [_with_noun(mention, text) for mention in found if not _NO_NAME.match(text, mention.start)]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    end = -1
    for mention in found:
        if mention.start >= end:
            yield mention
            end = mention.end


_COMPLETE = r"the (?:full|complete|whole|intact|entire) (?:recipe|method|model|version|system|configuration|variant|pipeline|network|agent|approach)"
"""What parts were taken from, where the study has conditions without a part."""


_NO_NAME = re.compile(r"learning (?:rates?|curves?|schedules?|algorithms?)\b|training (?:set|data|time|steps?)\b", re.IGNORECASE)
"""Terms of the trade that hold a word of some condition's name ('learning rate', where a condition is called learned)."""


def _of_family(key: str, members: dict[str, str], text: str) -> Iterator[Mention]:
    """'a width of 64', 'the 64-wide model', and a bare 64 in a sentence that speaks of widths."""
    words = r"[\s-]".join(w.SHORT.get(part, re.escape(part)) for part in key.split("_"))
    size = r"(?:the )?(?:{}) (?:{})(?: size| rate)?\b|the (?:{}) (?:model|network|variant|one|setting|value)\b"
    ends = sorted(members, key=lambda name: float(members[name].removesuffix("k")))
    for name, adjectives, own in (
        (ends[-1], "largest|biggest|highest|greatest|longest", w.LARGEST_OF),
        (ends[0], "smallest|lowest|shortest|least", w.SMALLEST_OF),
    ):
        special = own.get(key, "largest-possible")
        pattern = size.format(adjectives, words, special) + (rf"|(?:the )?{special}\b" if key in own else "")
        yield from (Mention(name, match.start(), match.end()) for match in compiled(rf"\b(?:{pattern})").finditer(text))
    bare = [value for value in members.values() if re.search(rf"(?<![\d.,]){re.escape(value)}(?![\d.]*\d)", text)]
    spoken = re.search(rf"\b(?:{words})", text, re.IGNORECASE) is not None or len(bare) > 1
    for name, value in members.items():
        shown = re.escape(value) + (r"|" + f"{int(value):,}" if value.isdigit() and int(value) > 999 else "")
        patterns = [
            rf"\b(?:the )?(?:{words})s?(?: size| rate)?(?: of|\s?=| at)? ?(?:{shown})(?![\d.]*\d|%)",
            rf"(?<![\d.])(?:{shown})[ -](?:{words}|{w.ADJECTIVE_OF.get(key, words)})\w*\b",
        ]
        if spoken:
            patterns.append(
                rf"(?<![\d.,]|[<>±=-])(?:{shown})(?=[,;:)]|\.?$|\.\s| (?:to|and|or|the|is|has|was|than|by|with|lowers?|raises?|gives?|needs?|takes?|beats?|reach\w*|costs?|saves?|loses?|gains?|improves?|hurts?|helps?|makes?|brings?|changes?|reduces?|increases?|decreases?|cuts?|doubles?|triples?|halves|quadruples|still|also|only|are|were|at|in|on|as|it|we|but|while)\b)"
            )
        for pattern in patterns:
            found = compiled(pattern).finditer(text)
            yield from (Mention(name, match.start(), match.end()) for match in found)


def _with_noun(mention: Mention, text: str) -> Mention:
    """'the variant without x' is one name."""
    noun = re.search(
        r"(?:\b(?:the|a|our) )?\b(?:variant|model|version|network|system|condition|method|configuration|run)s? $",
        text[: mention.start],
    )
    return replace(mention, start=noun.start()) if noun and text[mention.start :].lower().startswith(("without", "no ")) else mention


REMOVED = ("no_", "without_", "wo_", "minus_", "ablate_", "not_")


def _stem(word: str) -> str:
    """'plann' of planner: what its other endings begin with."""
    return word[: max(5, len(word) - 2)] if len(word) > 6 and word.endswith(("er", "ing", "ion", "ed")) else word


def part_pattern(part: str) -> str:
    """How a text may write the part that a condition lacks: with hyphens or in other endings."""
    return r"[\s-]".join(w.SHORT.get(word, "-?".join(map(re.escape, _stem(word))) + r"\w*") for word in part.split("_"))


def removed(name: str) -> tuple[str, str] | None:
    """('gatv2', 'skip') of gatv2_no_skip, ('', 'skip') of no_skip: what is left and what was taken from it."""
    found = re.fullmatch(rf"(?:(?P<base>\w+?)_)?(?:{'|'.join(REMOVED)})(?P<part>\w+)", name)
    return (found["base"] or "", found["part"]) if found else None


@lru_cache(maxsize=1024)
def condition_pattern(name: str, whole: str = "") -> str:
    """How a text may name a condition; whole: the method that parts are taken from."""
    if name in {"ours", "proposed", "our_method", "full"}:
        return w.OUR_NAMES
    if name in {"baseline", "base"}:
        return w.BASELINE_NAMES
    if name in {"both", "combined", "combination"}:
        return r"combin\w+(?: (?:the two|both|them))?|the combination|both (?:together|combined|at once|of them combined)|(?:with|using|under) both(?=[ ,.])(?! (?:methods|conditions|models|metrics|tests|seeds|the|of)\b)"
    if taken := removed(name):
        without = _without(part_pattern(taken[1]))
        base = condition_pattern(taken[0] or whole) if taken[0] or whole else ""
        noun = r"(?: (?!and|or|to|than|the|our|is|was)\w+)?"
        return rf"(?:{base}){noun} (?:{without})|(?:{without})(?:{noun},)? (?:the |our )?(?:{base})|{without}" if base else without
    words = r"[\s_-]?".join(w.SHORT.get(word, _spelt(word)) for word in name.split("_"))
    return "|".join((words, *w.NAMES_OF_METHODS.get(name, ()), *_initials(name)))


def _initials(name: str) -> Iterator[str]:
    """'mixture density network' for mdn: as many words as the name has letters, each with its letter; two letters are too few."""
    if re.fullmatch(r"[a-z]{3,5}", name):
        yield r"[\s-]".join(rf"{letter}[a-z]+" for letter in name)


def _without(part: str) -> str:
    """How a text may say that a part is missing."""
    return (
        rf"(?:leav\w+|tak\w+|switch\w*|turn\w*|strip\w*) (?:the )?{part} (?:out|away|off)|(?:without|no[ -]|lack(?:ing|s)?(?: of)?|absence of|(?:deprived|stripped|shorn|bereft|devoid|robbed) of|skipping|for(?:e?)going|removing|dropping|disabling|ablating|excluding|omitting|minus|turning off|leaving out|taking away|cutting|deleting) ?(?:the |its |any |data |\w+ )?{part}"
        rf"|{part}(?: (?!is|was|are|were)\w+)? (?:is |was |are |were )?(?:removed|disabled|dropped|ablated|left out|omitted|(?:switched|turned) off|(?:taken|stripped) (?:away|out)|skipped|missing|lacking|deactivated|excluded|absent)|{part}-free"
    )


LONG = 6
"""Letters from which on a word of an id may stand in two words in a text ('blur pooling' for blurpool) and take an ending."""


def _spelt(word: str) -> str:
    """A word that a text may hyphenate: U-Net for unet, GPT-2 for gpt2, blur-pooled for blurpool."""
    ending = next((each for each in ("ed", "ing") if word.endswith(each) and len(word) > len(each) + 2), "")
    if ending:  # 'fine-tuning' for fine_tuned
        return "-?".join(map(re.escape, word.removesuffix(ending))) + r"(?:ed|ing|e|es|s)?"
    if len(word) >= LONG:
        return r"[\s-]?".join(map(re.escape, word)) + r"(?:ed|ing|s)?"
    return "-?".join(map(re.escape, word)) if len(word) > 2 else re.escape(word)


def metric_patterns(metric: str) -> tuple[str, ...]:
    """How a text may call a metric, without its qualifier (test, validation)."""
    if metric in w.METRICS:
        return w.METRICS[metric]
    parts = [part for part in metric.split("_") if part not in {*w.QUALIFIERS, *w.UNIT_PARTS}]
    own = " ".join(parts)
    if not own and {*metric.split("_")} & {"s", "ms", "sec", "seconds", "min", "minutes", "hours", "h"}:
        return w.METRICS["time"]
    return (*(w.METRICS.get(parts[-1], ()) if parts else ()), own) if own else (metric,)


def _spaced(words: str) -> str:
    """The words with spaces or hyphens between them: 'on-time rate'."""
    return r"[\s-]".join(map(re.escape, words.split(" ")))


def _metric_stems(metric: str) -> Iterator[str]:
    """'fitting time' for fit_time_ms: the id's own words, each as a stem."""
    parts = [part for part in metric.split("_") if part not in {*w.QUALIFIERS, *w.UNIT_PARTS}]
    if len(parts) > 1 and all(len(part) > 2 for part in parts):
        yield r"[\s-]".join(rf"{re.escape(part)}\w*" for part in parts)
    if len(parts) > 2 and parts[-1] in {"rate", "ratio", "fraction", "share"}:  # '64 % are on time' of an on-time rate
        yield r"[\s-]".join(map(re.escape, parts[:-1]))
    if parts and re.fullmatch(r"[b-df-hj-np-tv-z]{3,5}", parts[-1]) and parts[-1] not in w.METRICS:  # 'real-time factor' of rtf
        yield from _initials(parts[-1])
    if "at" in parts[1:-1] and parts[-1].isdigit():  # nDCG@10
        place = parts.index("at")
        yield rf"{r'[ -]'.join(map(re.escape, parts[:place]))}\s?(?:@|at)\s?{parts[-1]}"


def _metrics(text: str, study: Study) -> Iterator[Mention]:
    found = []
    for metric in study.metrics:
        for pattern in (
            *(rf"(?:{_spaced(words)}\w{{0,2}}|{_spaced(words.removesuffix('y'))}ies)" for words in metric_patterns(metric)),
            *_metric_stems(metric),
        ):
            found += [
                Mention(metric, m.start(), m.end())
                for m in compiled(rf"\b(?:{pattern})(?!\w)").finditer(text)
                if m[0].lower() != "times"
                and not (
                    m[0].lower() in {"take", "takes"}
                    and re.match(r" (?:its|place|part|effect|care|account|advantage)\b", text[m.end() :])
                )
                and not (m[0].lower() == "taken" and re.match(r" (?:away|out|off|together|as|from)\b", text[m.end() :]))
            ]
    found.sort(key=lambda mention: (mention.start, -mention.end))
    end = -1
    for mention in found:
        if mention.start >= end:
            yield mention
            end = mention.end
