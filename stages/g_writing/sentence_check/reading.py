"""A sentence taken apart: its plain text, its numbers with their units, and the conditions and metrics that it names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from stages.g_writing.sentence_check import words as w
from stages.g_writing.sentence_check.condition_names import condition_pattern, conditions_in, with_part_nouns
from stages.g_writing.sentence_check.mentions import Mention
from stages.g_writing.sentence_check.metric_names import metrics_in
from stages.g_writing.sentence_check.names_with_cues import without_cues
from stages.g_writing.sentence_check.study import Study

_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+])?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|\.\d+)(?:e(?P<exp>[-+]?\d+))?"
    r"(?P<scale>k|K|M|B|G| thousand\b| million\b| billion\b)?(?![\w])"
)
_MATHS_ONLY = re.compile(
    r"\$[^$]*_(?:[ijkt]\b|\{[ijkt][^{}]*\})[^$]*\$|\$[^$]*\\(?:frac|lVert|sum|int|nabla|mathbb|mathcal|lVert|log|exp|sqrt|partial|min|max|arg|hat|bar|tilde|widehat|widetilde|vec|odot|circ|cdots|ldots|theta|phi|ell)(?![a-zA-Z])[^$]*\$"
)
_CONSTRAINT = re.compile(r"\$\\?[A-Za-z]+_(?:\{[a-z, ]+\}|[a-z])\s*(?:\\geq?|\\leq?|>|<|\\in|=)\s*[01]\s*\$")
"""'$\\alpha_{ij} \\ge 0$': what an indexed symbol of a method keeps to; zero and one are no results there."""
_BOUND_OF_A_SYMBOL = re.compile(
    r"\$\s*(?:[01]\s*(?:<|\\leq?(?![a-z])|\\lt)\s*)?(?:(?![pnd]\b)[a-zA-Z]|\\[a-z]+)(?:_(?:\{\w+\}|\w))?\s*(?:\\geq?(?![a-z])|\\leq?(?![a-z])|\\[gl]t(?![a-z])|>|<)\s*[01]\s*\$"
    r"|\$\s*(?:[a-zA-Z]|\\[a-z]+)_(?:\{0\}|0)\s*=\s*[01]\s*\$|\$\s*[a-z]\s*=\s*[01]\s*,\s*(?:2\s*,\s*)?\\[lc]?dots[^$\d]*\$"
)
"""'$t \\geq 1$', '$0 < \\gamma < 1$', '$m_0 = 0$', '$k = 1, \\dots, K$': what an index or a parameter keeps to; p, n and d are of tests."""
_RANGE_OF_A_SYMBOL = re.compile(
    r"\$\\?[A-Za-z]+(?:_\{?\w+\}?)?'?(?:\([^()$]*\))?\s*\\in\s*\\?[\[({]\s*(?:-\s*)?[01]\s*,\s*[01]\s*\\?[\])}]\s*\$"
)
"""'$\\lambda \\in [0, 1]$'."""
_NEXT_INDEX = re.compile(r"([_^]\{[A-Za-z]\s*[-+]\s*)\d(\})")
"""'h_{l+1}', 'x^{t-1}'."""
_UNIT_INTERVAL = re.compile(r"\$\s*[\[(]\s*(?:0|-\s*1)\s*,\s*1\s*[\])]\s*\$")
"""'$(0, 1)$', to which a function maps."""
_COEFFICIENT = re.compile(
    r"(?<![\w.])\d+(?:\.\d+)?(?=\s*(?:\^\s*(?:\{[^{}]*[A-Za-z][^{}]*\}|[a-z]\b)|\([^()]*[a-z][^()]*\)|\\(?:lambda|alpha|theta|pi|sigma(?!\s*\$)|mu|beta|gamma|eta|tau|phi|psi|rho|kappa|delta|epsilon|nabla|log|exp|sqrt|frac|sum)\b|[a-zA-Z](?:_|\^|\s*[-+/=])))"
    r"|(?<![\w.])1(?=\s*[-+]\s*(?:\\[a-z]+|[a-z]\b))|(?<![\w.])1(?=\s*/\s*\([^()$]*[a-z])"
)
"""A factor, base or summand of a symbol in a formula: '2(z - c)', '10000^{-2i/d}', '1 - \\lambda'."""
_FORMULA = re.compile(r"\$[^$]*\$")
_STRUCTURE = re.compile(
    r"\b(?:Sections?|Tables?|Figures?|Figs?\.?|Appendix|Appendices|Equations?|Eqs?\.?|Algorithms?|Chapters?|Lines?|Steps?|Theorems?|Lemmas?|Propositions?"
    r"|Corollar(?:y|ies)|Definitions?|Remarks?|Listings?|Assumptions?|Hypothes[ie]s|RQ|H(?![A-Z]))"
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
class Sentence:
    """`text` is plain: commands of LaTeX read, protected numerals blanked out by as many dots."""

    raw: str
    text: str
    numbers: tuple[Number, ...]
    conditions: tuple[Mention, ...]
    metrics: tuple[Mention, ...]
    cited: bool
    unblanked: str
    """`text` with the numerals in the names of conditions and metrics."""

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
    text = re.sub(r"\\[,;](?=[A-Za-z])", " ", text)
    text = re.sub(r"(?<=\d)(?=(?:s|ms|min|h|pp|nats|MB|GB)\b)", " ", text)  # '1813s': a unit is no part of its number
    for command, sign in (
        ("\\times", "×"), ("\\pm", "±"), ("\\%", "%"), ("\\leq", "<="), ("\\geq", ">="), ("\\le", "<="), ("\\ge", ">="), ("\\approx", "~="),
        ("\\sim", "~="), ("\\lt", "<"), ("\\gt", ">"), ("\\,", ""), ("\\;", " "), ("\\ ", " "), ("~", " "), ("{,}", ","), ("\\beta", "beta"),
        ("\\gamma", "gamma"), ("\\eta", "eta"), ("\\lambda", "lambda"), ("\\epsilon", "epsilon"), ("\\alpha", "alpha"), ("\\tau", "tau"), ("\\&", "&"), ("\\AA{}", "\u00c5"), ("\\AA", "\u00c5"),
        ("β", "beta"), ("γ", "gamma"), ("≤", "<="), ("≥", ">="), ("η", "eta"), ("λ", "lambda"), ("≈", "~="), ("τ", "tau"),
    ):  # fmt: skip
        text = text.replace(command, sign)
    text = re.sub(r"(?<=\d)\s?--\s?(?=\d)", "-", text)
    text = re.sub(
        r"(-?\d[\d.,]*[kM]?(?: ?%| ?s| ?points| ?nats)?)\s*(?:\\(?:right|long|longright)?arrow\b|\\to\b|→|->)\s*(?=-?\d)",
        r"from \1 to ",
        text,
    )
    text = text.replace("$", "").replace("~=", "about ")
    text = re.sub(r"\b(\d+) ?min(?:utes)?(?: and)? (\d{1,2}) ?s(?:econds|ec)?\b", lambda m: f"{60 * int(m[1]) + int(m[2])} s", text)
    text = re.sub(r"(?<![\w./])(\d+)/(\d+)(?= (?:\w+ )?(?:seeds|runs|pairs)\b)", r"\1 of \2", text)
    return re.sub(r"[ \t]+", " ", text)


def read(raw: str, study: Study) -> Sentence:
    """The sentence as the checks see it."""
    cited = bool(re.search(r"\\cite[pt]?\w*\*?(?:\[[^\]]*\])*\{[^}]+\}|\[@\w|(?<!\w)@\w+\d{4}", raw))
    raw_text = re.sub(r"\$?\\ell_\{?([12])\}?\$?(?=[ -])", r"L\1", raw)
    raw_text = _FORMULA.sub(lambda m: _COEFFICIENT.sub("q", _NEXT_INDEX.sub(r"\1q\2", m[0])), raw_text)
    text = _MATHS_ONLY.sub(lambda m: m[0] if _tells_a_value(m[0]) else "formula", raw_text)
    text = _CONSTRAINT.sub("formula", _BOUND_OF_A_SYMBOL.sub("formula", _RANGE_OF_A_SYMBOL.sub("formula", text)))
    if not re.search(r"confidence|\bCIs?\b|\d ?\\?% interval", raw):
        text = _UNIT_INTERVAL.sub("formula", text)
    text = plain(re.sub(r"\\cite[pt]?\w*\*?(?:\[[^\]]*\])*\{[^}]+\}", "(cited)", text))
    text = _blank(_STRUCTURE, text)
    text = _blank(_COMMON_NAMES, text)
    patterns = [rf"(?:{condition_pattern(name)})" for name in study.conditions]
    for name in sorted(_names(study), key=len, reverse=True):
        if any(re.fullmatch(pattern, name, re.IGNORECASE) for pattern in patterns):
            continue  # the configuration's model is one of the conditions: its name is read as theirs
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", lambda m: re.sub(r"[\d-]", "\u00b7", m[0]), text)
    for letters, number in _names_with_years(study):
        if not any(re.fullmatch(pattern, f"{letters}{number}", re.IGNORECASE) for pattern in patterns):
            spelt = rf"(?<![\w-]){letters}[\s'\u2019_-]{{0,2}}(?:20)?{number}(?!\w)"
            text = re.sub(spelt, lambda m: re.sub(r"[\d-]", "\u00b7", m[0]), text)
    unblanked = text
    metrics = tuple(metrics_in(text, study))
    for mention in metrics:  # the digits of F1 and R^2 are no numbers
        text = text[: mention.start] + re.sub(r"\d", "\u00b7", text[mention.start : mention.end]) + text[mention.end :]
    conditions = tuple(conditions_in(text, study))
    for mention in conditions:  # those of 'a width of 64' neither
        text = text[: mention.start] + re.sub(r"\d", "\u00b7", text[mention.start : mention.end]) + text[mention.end :]
    conditions, metrics = with_part_nouns(conditions, metrics, text)
    text = without_cues(text, conditions, study)
    metrics = tuple(mention for mention in metrics if not _is_a_method(mention, conditions, text))
    conditions = tuple(mention for mention in conditions if not _is_a_measure(mention, metrics, text))
    if cited:
        text = re.sub(r"\b(?:19|20)\d\d\b", lambda m: "\u00b7" * 4, text)
    return Sentence(
        raw=raw,
        text=text,
        numbers=tuple(n for n in _numbers(text) if not any(m.start <= n.start < m.end for m in (*conditions, *metrics))),
        conditions=conditions,
        metrics=metrics,
        cited=cited,
        unblanked=unblanked,
    )


def _is_a_method(metric: Mention, conditions: tuple[Mention, ...], text: str) -> bool:
    """'training with cross-entropy': a metric's other name that is a condition's, too, names the condition; 'a training' is its run.

    Not where it is measured: behind an article or a split ('a cross-entropy of …'), or right before its value.
    """
    ahead, behind = text[: metric.start], text[metric.end :]
    if text[metric.start : metric.end].lower() == "training":
        scheme = re.match(r" (?:schemes?|regimes?|methods?|procedures?|objectives?|strateg(?:y|ies)|recipes?|variants?)\b", behind)
        named = any(re.fullmatch(r"[ -]", text[m.end : metric.start]) for m in conditions if m.end <= metric.start)
        timed = re.match(
            r" (?:times?|takes?|took|lasts?|needs?|costs?|requires?|is|was|by|to|runs?|finish\w*|completes?|[-\d])", behind
        )
        return scheme is not None or (named and timed is None)
    if not any(m.start <= metric.start and metric.end <= m.end for m in conditions):
        return False
    if re.match(r" (?:is|was)\b", behind) and re.search(
        r"\b(?:between|and|than|with|over|against|versus|using|under|for|by) (?:the )?$", ahead
    ):
        return True
    measured = re.search(
        r"\b(?:an?|mean|average|test|validation|training|lower|higher|in|its|the (?:test|validation)) $",
        text[: metric.start],
        re.IGNORECASE,
    )
    return (
        measured is None
        and re.match(r" (?:of|is|was|reach\w*|falls?|drops?|decreas\w*|rises?|loss|values?|scores?)\b", text[metric.end :]) is None
    )


def _is_a_measure(condition: Mention, metrics: tuple[Mention, ...], text: str) -> bool:
    """'attains a cross-entropy of 0.13': the name of a condition that is a metric's, too, is measured there."""
    return (
        any(m.start <= condition.start and condition.end <= m.end for m in metrics)
        and re.search(r"\b(?:an?|mean|average|test|validation|lower|higher) $", text[: condition.start], re.IGNORECASE) is not None
        and re.match(r" of (?:about |only |just )?-?\d", text[condition.end :]) is not None
    )


def _tells_a_value(formula: str) -> bool:
    """A formula holds a number of the study: one with decimals, of two digits, or behind the last '='; a factor of a definition is none.

    '\\frac{200}{H}\\sum_h …': a whole number over or before a symbol, in a formula that sums, defines and equates nothing.
    """
    inner = re.sub(r"\\mathbb\{\w\}\^\{[^}]*\}", "", formula)
    if re.search(r"\\(?:sum|int|prod)\b", inner):
        inner = re.sub(r"\\frac\{\d+\}\{[A-Za-z|][^}\d]*\}", "", inner)
    return re.search(r"\d\.\d|\d{2,}", inner) is not None


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: re.sub(r"[\d]", "\u00b7", match[0]), text)


def _names(study: Study) -> Iterator[str]:
    """Recorded names that hold digits: ResNet-18, CIFAR-10, Pendulum-v1."""
    for value in study.config.values():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and any(character.isdigit() for character in name):
                yield name


def _names_with_years(study: Study) -> Iterator[tuple[str, str]]:
    """Letters and number of a name that texts write in more than one way: 'ISIC 2018' for ISIC2018, 'IWSLT'14' for IWSLT14."""
    for name in _names(study):
        for letters, number in re.findall(r"(?<![A-Za-z\d])([A-Z][A-Za-z]{2,})[-_]?(\d+)(?![\w.])", name):
            yield letters, number.removeprefix("20") if len(number) == 4 else number


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
            r"-(?:sided|tailed|hot|shot|way)\b|[- ](?:(?:third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?\b|of (?:about )?-?\d|of (?:the|our|these)\b(?! (?:[\w\u00b7-]+ ){0,3}?(?:seeds|runs|pairs|differences))|another|can|may|might|could|must|will|should|would|has to|obtains|gets|finds|sees|needs to|wants|looks|pays|buys|gains|loses|trades|accepts|considers|compares|is\b|way\b|by one|hand)",
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
        r"-(?:wide|deep|layer|token) $|\b(?:best|worst|weakest|smallest|largest|shortest|longest|greatest|poorest|luckiest|quickest|strongest|fastest|slowest|lowest|highest|remaining|only|single) $",
        before,
    ):
        return re.match(r" (?:\w+ )?(?:seeds?|runs?|point|hours?|minutes?|seconds?)\b", after) is None
    if re.search(r"\b(?:is|was|being|namely|,) the $", before) and re.match(r" (?:with|from|under|using|that|which|for)\b", after):
        return True  # 'the worst of our runs, which is the one with seed 3'
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
        (
            "points",
            r"\s*(?:accuracy |error |score |return |reward |mIoU |IoU |F1 |Dice |BLEU |ROUGE |AUC |AUROC |WER |CER |FID |mAP |AP |recall |precision |NDCG |nDCG |MRR |hit-rate |perplexity |success )?points?\b",
        ),
        ("%", r"\s*(?:%|per ?cent\b)"),
        ("x", r"\s*(?:×(?!\s?\d)|x\b|-?fold\b|times\b)"),
        ("min", r"\s*-?(?:additional |extra |more |further |fewer )?(?:minutes?|mins?)\b"),
        ("h", r"\s*-?(?:additional |extra |more |further |fewer )?(?:hours?|hrs?|h)\b"),
        ("ms", r"\s*-?(?:additional |extra |more |further |fewer )?(?:milliseconds?|ms)\b"),
        ("s", r"\s*-?(?:additional |extra |more |further |fewer )?(?:seconds?|secs?|s)\b"),
        ("day", r"\s*-?days?\b"),
    ):
        if re.match(pattern, after):
            return unit
    return ""
