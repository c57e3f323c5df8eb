"""The source lint: what no sentence of the manuscript may hold. Default deny: a numeral is a fault until a rule lets it pass.

It reads the document before values are printed, so that a looked-up number is still a reference and a typed one still stands out.
Gates stop the export whatever any score says; majors are for the review to require; minors are advice. Word lists are English.
Not covered: whether a sentence is true (`claims.py`), whether a reference names the right condition.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from typing import Literal

from pydantic import Field

from stages.contracts import Contract
from stages.g_writing.claims import Sentence, sentences
from stages.g_writing.document import (
    Cite,
    Code,
    Document,
    Equation,
    Figure,
    Inlines,
    Maths,
    Reference,
    Table,
    Text,
    ValueRef,
    block_inlines,
    blocks,
    flat,
    inlines,
    labels,
)
from stages.g_writing.markdown import print_inlines
from stages.g_writing.maths import refusal

Severity = Literal["gate", "major", "minor"]

REPORTING = ("abstract", "sec:result", "sec:ablation", "sec:discussion", "sec:conclusion", "fig:", "tbl:")
"""Places whose claims are about this study."""
PREDICTING = re.compile(r"sec:\w*(?:hypothes|predict|background|related|judging|analysis)")
"""Sections that may speak of better and worse without a measurement: predictions, other people's work, definitions."""

_NUMERAL = re.compile(r"\d[\d,.]*\d|\d")
_NUMBER_WORD = re.compile(
    r"(?i)\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|twice|thrice|half|halve[sd]?|halving|"
    r"doubl(?:e[sd]?|ing)|tripl(?:e[sd]?|ing)|quadrupl(?:e[sd]?|ing)|(?:two|three|four|five|ten)fold)\b"
)
_ALLOWED_NUMBERS = re.compile(
    r"(?i)\b(?:90|95|99)[\s\u00a0]?(?:%|per cent)(?=[\s-]+(?:\w+[\s-]+){0,2}(?:confidence|CIs?\b|intervals?))"  # named levels
    r"|\b80[\s\u00a0]?(?:%|per cent)(?= power)"  # the convention behind a minimum detectable effect
    r"|\((?:\d|i{1,3}|iv|v)\)(?=\s)"  # numbering inside a sentence
    r"|\btwo-(?:sided|tailed|factor)\b|\btop-\d\b|\b(?:first|second|last|other) half\b|\bhalf (?:a |of a )?(?:cosine|period|wave)\b"
    r"|\bdouble (?:descent|precision|blind)\b|\bhalf precision\b|\bone or two\b"
)
_NAME_WITH_DIGITS = re.compile(r"\b[A-Z][A-Za-z]*-?\d+[A-Za-z]*\b|\b[A-Za-z]+\d+\b(?!\.\d)")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")

_CLAIM = re.compile(
    r"(?i)\b(?:outperform\w*|surpass\w*|significant(?:ly)?|best|better|worse|worst|superior|inferior|faster|fastest|slower|"
    r"improv(?:e[sd]?|ing|ements?)|reduc(?:e[sd]|tions?)|beats?|exceeds?|degrad(?:e[sd]|ation)|state[- ]of[- ]the[- ]art|"
    r"(?:lower|higher|smaller|larger|greater|more|less) \w{0,20} ?than)\b"
)
_DEFINITION = re.compile(
    r"(?i)\b(?:lower|higher|smaller|larger|less|more) (?:values? )?(?:is|are|means?) (?:better|worse)\b|"
    r"\bbest[- ](?:known|practice)\b|"
    r"\b(?:called|counts? as|judged|said to be|taken as|means?|read as)\b[^.;]{0,30}\b(?:better|worse|significant)\b|\bmore than one\b"
)
_HEDGE = re.compile(
    r"(?i)\b(?:(?:predict|expect|hypothes|refut|assum|anticipat|suppos)\w*|would|could|can|may|might|should|whether|if|unless|until|when|"
    r"question|ask(?:s|ed)?|argu\w+|not|no|nor|neither|cannot|never|without|unclear|unknown|undecided)\b|\?"
)
_EVIDENCE = re.compile(r"^(?:cmp|diff|absdiff|rel|absrel|ratio|test|wins|ci_low|ci_high|dz|seed_diff)\(|^interaction\.")
_TEST = re.compile(r"^(?:test|cmp|ci_low|ci_high)\(|^interaction\.")

_PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBA|FIXME|XXX+|N/?A yet|lorem ipsum|placeholder|citation needed|to be (?:added|filled|determined)|"
    r"insert (?:\w+ ){1,3}here)\b|\?\?|\{\{|\}\}|<<|>>",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"(?i)\b(?:delv(?:e[sd]?|ing)|it is (?:worth|important) (?:noting|to note)|in the realm of|"
    r"plays? an? (?:crucial|pivotal|vital|key) role|"
    r"pav(?:e[sd]?|ing) the way|in recent years|cutting[- ]edge|ground-?breaking|leverag(?:e[sd]?|ing) the power|testament to|"
    r"sheds? (?:new )?light on|ever[- ](?:evolving|growing)|game[- ]chang\w+|underscores? the|rich tapestry|holistic|seamless(?:ly)?|"
    r"last but not least|to the best of our knowledge|"
    r"(?:gained|attracted) (?:significant|increasing|considerable) (?:attention|interest)|"
    r"has emerged as|remarkabl[ey]|extensive experiments|comprehensive (?:evaluation|study|analysis)|novel (?:framework|paradigm)|"
    r"promising (?:results|avenue|direction)|unlock(?:s|ing)? the|valuable insights?|robust(?:ly)? demonstrat\w+)\b"
)
_JARGON = re.compile(
    r"(?i)\b(?:artifacts?|artefacts?|pipelines?|stage \d+|this stage|earlier stages?|(?:the|this|a|its) kits?|harness|primary_metric|"
    r"earlier drafts?|logged (?:primary )?metric|json|provenance\.json|results\.json|prompt template|"
    r"language model call|orchestrat\w+)\b"
)
_IDENTIFIER = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b")

NEAR = 0.8
"""Shared three-word runs (Jaccard) from which two sentences count as the same; chosen by eye on generated drafts, a guess."""
LONGEST_SENTENCE = 60
ABSTRACT_WORDS = (80, 280)
SHORTEST_CAPTION = 6


class Finding(Contract):
    """One fault. `quote` stands verbatim in the Markdown, or names a section, table or figure."""

    rule: str
    severity: Severity
    place: str = Field(description="'abstract', 'sec:<id>', 'tbl:<id>[row,column]', 'fig:<id> caption'.")
    quote: str
    text: str = Field(description="What is wrong and what to do; one sentence.")

    @property
    def gate(self) -> bool:
        return self.severity == "gate"

    @property
    def message(self) -> str:
        return f"{self.place}: {self.text} ({self.quote[:100]!r})"


def lint(
    document: Document,
    *,
    citation_keys: Collection[str],
    figure_ids: Collection[str],
    names: Collection[str],
) -> tuple[Finding, ...]:
    """Every fault, gates first, then in reading order.

    citation_keys: works that may be cited. figure_ids: figures that are drawn.
    names: phrases that may hold digits or number words or underscores: condition and metric labels, data sets, programs.
    """
    text = sentences(document)
    mask = _mask(names)
    found = [
        *_structure(document),
        *_links(document, citation_keys, figure_ids),
        *_cells(document, mask),
        *_formulas(document),
        *_titles(document),
        *_repetition(text),
    ]
    for sentence in text:
        words = _masked(sentence, mask)
        found += _numbers(sentence, words)
        found += _code_numbers(sentence, names)
        found += _claims(sentence, words)
        found += _wording(sentence, words)
    order = {"gate": 0, "major": 1, "minor": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order[finding.severity]))


def typed_numbers(sentence: Sentence, names: Collection[str]) -> tuple[Finding, ...]:
    """Of these faults only those of the sentence's own numerals and number words."""
    return tuple(_numbers(sentence, _masked(sentence, _mask(names))))


def _masked(sentence: Sentence, mask: re.Pattern[str]) -> str:
    return mask.sub(lambda match: "\0" * len(match[0]), sentence.words) if mask.pattern else sentence.words


def _mask(names: Collection[str]) -> re.Pattern[str]:
    longest_first = sorted((name for name in names if name.strip()), key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), re.IGNORECASE)


def _of(sentence: Sentence, rule: str, severity: Severity, text: str) -> Finding:
    return Finding(rule=rule, severity=severity, place=sentence.place, quote=sentence.markdown, text=text)


# ---------------------------------------------------------------- numbers


def _numbers(sentence: Sentence, words: str) -> Iterator[Finding]:
    words = _ALLOWED_NUMBERS.sub(" ", words)
    cites = any(isinstance(part, Cite) for part in flat(sentence.content))
    plain = _NAME_WITH_DIGITS.sub(" ", words)
    if cites:
        plain = _YEAR.sub(" ", plain)
    if typed := [match[0] for match in _NUMERAL.finditer(plain)]:
        yield _of(sentence, "numeral", "gate", f"the numeral {', '.join(typed)} is typed; give the value by its key")
    if spelt := [match[0] for match in _NUMBER_WORD.finditer(words)]:
        # What another work did is told in its words; what this study did is looked up.
        severity: Severity = "minor" if cites else "gate"
        yield _of(sentence, "number word", severity, f"the number word {', '.join(spelt)} is typed; give the value by its key")


def _code_numbers(sentence: Sentence, names: Collection[str]) -> Iterator[Finding]:
    for part in flat(sentence.content):
        if isinstance(part, Code) and re.fullmatch(r"[\s\d.,%+\-e]*\d[\s\d.,%+\-e]*", part.text) and part.text not in names:
            yield _of(sentence, "numeral", "gate", f"the numeral {part.text.strip()} is typed as code; give the value by its key")


def _cells(document: Document, mask: re.Pattern[str]) -> Iterator[Finding]:
    """Numbers of a table come by key; whole numbers may head a row or a column (seeds)."""
    for _, block in blocks(document):
        if not isinstance(block, Table):
            continue
        for within, content in block_inlines(block):
            place = re.search(r"\[(\d+),(\d+)\]$", within)
            if place is None:
                continue
            words = "".join(part.text for part in flat(content) if isinstance(part, Text))
            masked = mask.sub(" ", words) if mask.pattern else words
            masked = _NAME_WITH_DIGITS.sub(" ", _ALLOWED_NUMBERS.sub(" ", masked))
            head = place[1] == "0" or place[2] == "1"
            typed = [match[0] for match in _NUMERAL.finditer(masked) if not (head and match[0].isdigit())]
            if typed:
                yield Finding(
                    rule="numeral",
                    severity="gate",
                    place=within,
                    quote=print_inlines(content),
                    text=f"the numeral {', '.join(typed)} is typed into the table; give the value by its key",
                )
            if found := _PLACEHOLDER.search(words):
                yield _in_place("placeholder", "gate", within, content, f"{found[0]!r} stands for something that is missing")


def _in_place(rule: str, severity: Severity, place: str, content: Inlines, text: str) -> Finding:
    return Finding(rule=rule, severity=severity, place=place, quote=print_inlines(content), text=text)


def _formulas(document: Document) -> Iterator[Finding]:
    formulas = [(place, part.tex) for place, part in inlines(document) if isinstance(part, Maths)]
    formulas += [(place, block.tex) for place, block in blocks(document) if isinstance(block, Equation)]
    for place, tex in formulas:
        if reason := refusal(tex):
            yield Finding(
                rule="maths", severity="gate", place=place, quote=tex, text=f"the formula is not of the allowed maths: {reason}"
            )
        elif typed := re.findall(r"\d+\.\d+|\d{2,}|^\s*[+-]?\d\s*$", tex):
            yield Finding(
                rule="numeral",
                severity="gate",
                place=place,
                quote=tex,
                text=f"the numeral {', '.join(typed)} is typed into a formula; give the value by its key",
            )


# ---------------------------------------------------------------- claims


def _claims(sentence: Sentence, words: str) -> Iterator[Finding]:
    plain = _DEFINITION.sub(" ", words)
    claimed = [match[0] for match in _CLAIM.finditer(plain)]
    if not claimed:
        return
    parts = list(flat(sentence.content))
    expressions = [part.expression.replace(" ", "") for part in parts if isinstance(part, ValueRef)]
    reporting = sentence.place.startswith(REPORTING)
    hedged = _HEDGE.search(plain) is not None
    strong = [word for word in claimed if word.lower().startswith("significant")]
    if strong and not any(_TEST.match(expression) for expression in expressions) and not hedged:
        yield _of(sentence, "claim", "gate", f"'{strong[0]}' is said without a test; print the test or the verdict by its key")
        return
    if any(_EVIDENCE.match(expression) for expression in expressions) or hedged or PREDICTING.match(sentence.place):
        return
    if any(isinstance(part, Cite) for part in parts) and not sentence.place.startswith(("abstract", "sec:result", "sec:ablation")):
        return
    severity: Severity = "gate" if reporting else "minor"
    yield _of(
        sentence,
        "claim",
        severity,
        f"'{claimed[0]}' claims something that no value in the sentence shows; print the comparison by its key",
    )


# ---------------------------------------------------------------- wording


def _wording(sentence: Sentence, words: str) -> Iterator[Finding]:
    if found := _PLACEHOLDER.search(sentence.words):
        yield _of(sentence, "placeholder", "gate", f"{found[0]!r} stands for something that is missing")
    if found := _JARGON.search(words):
        yield _of(sentence, "jargon", "major", f"'{found[0]}' is a word of the program, not of the field")
    if found := _IDENTIFIER.search(words):
        yield _of(sentence, "jargon", "major", f"'{found[0]}' is an identifier; write its label, or set it as code")
    if found := _STOCK.search(words):
        yield _of(sentence, "stock phrase", "minor", f"'{found[0]}' says nothing; cut it")
    if len(sentence.words.split()) > LONGEST_SENTENCE:
        yield _of(sentence, "length", "minor", f"the sentence has {len(sentence.words.split())} words; divide it")
    hidden = [sign for sign in sentence.words if unicodedata.category(sign) in {"Cf", "Co", "Cc"}]
    if hidden:
        yield _of(sentence, "hidden character", "major", f"the invisible character U+{ord(hidden[0]):04X} stands in the sentence")


def _titles(document: Document) -> Iterator[Finding]:
    for place, title in (("title", document.title), *((f"sec:{section.id}", section.title) for section in document.sections)):
        for rule, pattern, severity in (("placeholder", _PLACEHOLDER, "gate"), ("jargon", _IDENTIFIER, "major")):
            if found := pattern.search(title):
                yield Finding.model_validate(
                    {"rule": rule, "severity": severity, "place": place, "quote": title, "text": f"'{found[0]}' stands in a title"}
                )


def _repetition(text: tuple[Sentence, ...]) -> Iterator[Finding]:
    seen: list[tuple[frozenset[tuple[str, ...]], Sentence]] = []
    exact: dict[str, Sentence] = {}
    for sentence in text:
        words = re.findall(r"[\w.()]+", sentence.markdown.lower())
        if len(words) < 6 or not any(isinstance(part, Text) for part in sentence.content):
            continue
        whole = " ".join(words)
        if whole in exact:
            yield _of(sentence, "repetition", "gate", f"the sentence stands already in {exact[whole].place}")
            continue
        exact[whole] = sentence
        runs = frozenset(zip(words, words[1:], words[2:], strict=False))
        for other, earlier in seen:
            if len(runs & other) >= NEAR * len(runs | other):
                yield _of(
                    sentence, "repetition", "major", f"nearly the same sentence stands in {earlier.place}: {earlier.markdown[:80]!r}"
                )
                break
        seen.append((runs, sentence))


# ---------------------------------------------------------------- structure


def _structure(document: Document) -> Iterator[Finding]:
    def fault(rule: str, severity: Severity, place: str, text: str) -> Finding:
        return Finding(rule=rule, severity=severity, place=place, quote=place, text=text)

    if not document.abstract:
        yield fault("structure", "gate", "abstract", "the paper has no abstract")
    else:
        count = sum(len(sentence.words.split()) for sentence in sentences(document) if sentence.place == "abstract")
        if not ABSTRACT_WORDS[0] <= count <= ABSTRACT_WORDS[1]:
            yield fault(
                "length", "minor", "abstract", f"the abstract has {count} words; {ABSTRACT_WORDS[0]} to {ABSTRACT_WORDS[1]} are usual"
            )
    titles: set[str] = set()
    following = (*document.sections[1:], None)
    for section, after in zip(document.sections, following, strict=True):
        place = f"sec:{section.id}"
        if not section.blocks and (after is None or after.level <= section.level):
            yield fault("structure", "gate", place, f"the section '{section.title}' is empty")
        if section.title.lower() in titles:
            yield fault("structure", "major", place, f"two sections are called '{section.title}'")
        titles.add(section.title.lower())
    for _, block in blocks(document):
        if isinstance(block, Table | Figure):
            name = f"{'tbl' if isinstance(block, Table) else 'fig'}:{block.id}"
            if len(print_inlines(block.caption).split()) < SHORTEST_CAPTION:
                yield fault("caption", "minor", name, "the caption is too short to say what is seen")
            if isinstance(block, Table) and not block.rows:
                yield fault("structure", "gate", name, "the table has no rows")


def _links(document: Document, citation_keys: Collection[str], figure_ids: Collection[str]) -> Iterator[Finding]:
    known = labels(document)
    used: set[str] = set()
    for place, part in inlines(document):
        if isinstance(part, Cite):
            for key in part.keys:
                if key not in citation_keys:
                    yield Finding(
                        rule="citation", severity="gate", place=place, quote=f"@{key}", text=f"no confirmed work has the key {key}"
                    )
        elif isinstance(part, Reference):
            used.add(part.target)
            if part.target not in known:
                yield Finding(
                    rule="reference", severity="gate", place=place, quote=f"@{part.target}", text=f"nothing is labelled {part.target}"
                )
    for place, block in blocks(document):
        if isinstance(block, Figure) and block.id not in figure_ids:
            yield Finding(
                rule="figure", severity="gate", place=place, quote=f"fig:{block.id}", text=f"the figure {block.id} is drawn by nobody"
            )
    for target in sorted(known - used):
        if target.startswith(("fig:", "tbl:")):
            yield Finding(rule="float", severity="major", place=target, quote=target, text="the text never refers to it")
