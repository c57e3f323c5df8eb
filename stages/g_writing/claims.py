"""The claims table: what each comparing sentence says, beside what the record says.

Mechanical and narrow on purpose. A sentence is read clause by clause; the comparisons are those that its value references name
or, in the sections that report results, those between two conditions that it names by label. Words of a prediction
("we expected …") claim nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from stages.contracts import Contract, PairedComparison, Results, Slug
from stages.g_writing.binding import VALUE, Names, mentions, misbound_rows, misbound_verdicts, names_of
from stages.g_writing.document import Cite, Document, Emphasis, Inline, Inlines, Link, Strong, Text, ValueRef, block_inlines, blocks
from stages.g_writing.markdown import print_inlines

COMPARISON = re.compile(r"\b[a-z_]+\(\s*(?P<a>[a-z]\w*)\s*,\s*(?P<b>[a-z]\w*)\s*\)")
"""The comparison that a value expression is about, whatever it takes from it (grammar: `values.py`)."""
BETTER = re.compile(
    r"(?i)\b(better|best|improv(?:e|es|ed|ement)|outperform(?:s|ed)?|beats?|helps?|helped|superior|(?:gains?|advantage|wins?) over)\b"
)
WORSE = re.compile(r"(?i)\b(worse|worst|hurts?|degrad(?:e|es|ed)|harms?|harmed|inferior|underperform(?:s|ed)?|(?:loses|lost) to)\b")
SAME = re.compile(r"(?i)\b(identical|equal to|equivalent|makes? no difference|has no effect|the same as)\b")
CERTAIN = re.compile(r"(?i)\b(significant(?:ly)?|clear(?:ly)? (?:better|worse))\b")
NEGATED = re.compile(r"(?i)\b(not|no|nor|neither|never|cannot|without|hardly|fails? to)\b[^,;]{0,40}$")
PREDICTION = re.compile(
    r"(?i)\b((?:predict|expect|hypothes|refut|assum|believe|anticipat)\w*|would|could|may|might|should|whether|if)\b"
)
OPENING = re.compile(
    r"(?i)^(?:as (?:predicted|expected|hypothesised)|(?:contrary to|against) (?:the|our) (?:prediction|expectation)s?),\s*"
)
"""Before a report of what came: 'As predicted, …' predicts nothing."""
BY_SEED = re.compile(r"(?i)\bseeds?\b")
REPORTING = ("abstract", "sec:result", "sec:ablation", "sec:discussion", "sec:conclusion")
"""Places whose plain words about two conditions are read as claims."""
_END = re.compile(r"(?<=[.!?])(?:['\")\]]*)\s+(?=[A-Z\"'(\[])")
_ABBREVIATED = re.compile(r"\b(?:e\.g|i\.e|cf|vs|al|Fig|Eq|Sec|No|Dr|approx)\.$")
_CLAUSE = re.compile(r"[;:]\s+|,\s+(?=(?:while|whereas|but|and|yet)\b)|\s+(?=(?:while|whereas)\b)")


class Sentence(Contract):
    """One sentence of running text; `markdown` stands verbatim in the manuscript."""

    place: str = Field(description="'abstract', 'sec:<id>', 'fig:<id> caption', 'tbl:<id>[row,column]' …")
    content: Inlines
    markdown: str
    words: str = Field(description="The plain words; each value reference is a '\N{OBJECT REPLACEMENT CHARACTER}'.")


class Claim(Contract):
    """A sentence that compares, and how it stands to the record."""

    place: str
    sentence: str = Field(description="Verbatim Markdown.")
    comparisons: tuple[str, ...] = Field(description="'a_vs_b' as the sentence has them.")
    verdict: Literal["supported", "contradicted", "untested"]
    reason: str


def sentences(document: Document, *, captions: bool = True) -> tuple[Sentence, ...]:
    """Every sentence in reading order; table cells are left out."""
    found: list[Sentence] = []
    for place, block in blocks(document):
        for within, content in block_inlines(block):
            if within.startswith("tbl:") and not within.endswith("caption"):
                continue
            if within.endswith("caption") and not captions:
                continue
            here = within if within.startswith(("tbl:", "fig:")) else place
            found.extend(
                Sentence(place=here, content=part, markdown=print_inlines(part).strip(), words=_words(part))
                for part in _split(content)
            )
    return tuple(found)


def claims_table(document: Document, results: Results, called: Mapping[Slug, tuple[str, ...]] | None = None) -> tuple[Claim, ...]:
    """Each comparing sentence of the document with its verdict, then each table row whose values belong to another condition.

    called: further names of conditions in the text, e.g. {'baseline': ('cosine decay',)}.
    """
    names = names_of(results, called)
    said = tuple(claim for sentence in sentences(document) if (claim := judge(sentence, results, names)) is not None)
    rows = (
        Claim(place=row.place, sentence=row.place.partition("[")[0], comparisons=(), verdict="contradicted", reason=row.reason)
        for row in misbound_rows(document, names)
    )
    return (*said, *rows)


def judge(sentence: Sentence, results: Results, names: Names) -> Claim | None:
    """The claim of one sentence; None when it compares nothing."""
    pairs = _pairs(sentence.content)
    if not pairs and sentence.place.startswith(REPORTING) and not any(isinstance(part, Cite) for part in sentence.content):
        pairs = _named_pairs(sentence.words, names)
    if not pairs:
        return None
    verdict: Literal["supported", "contradicted", "untested"] = "supported"
    reasons: list[str] = []
    for a, b in pairs:
        if recorded(results, a, b) is None:
            verdict, reasons = "untested", [*reasons, f"{a} was never compared with {b}"]
    if verdict == "supported":
        reasons = list(misbound_verdicts(sentence.content, sentence.words, names))
        for clause in _clauses(sentence):
            reasons += _contradictions(clause, sentence, pairs, results, names)
        verdict = "contradicted" if reasons else "supported"
    return Claim(
        place=sentence.place,
        sentence=sentence.markdown,
        comparisons=tuple(f"{a}_vs_{b}" for a, b in pairs),
        verdict=verdict,
        reason="; ".join(reasons) or "; ".join(f"{a} against {b}: {_verdict(results, a, b)}" for a, b in pairs),
    )


def recorded(results: Results, a: str, b: str) -> PairedComparison | None:
    """The comparison of a with b on the study's metric, in either order of the record; None when it was not made."""
    for name in (f"{a}_vs_{b}", f"{b}_vs_{a}"):
        if (found := results.comparisons.get(name, {}).get(results.metric.name)) is not None:
            return found
    return None


def _verdict(results: Results, a: str, b: str) -> str:
    """As recorded for a against b; turned round when the record has it the other way."""
    found = recorded(results, a, b)
    if found is None:
        return "untested"
    return {"better": "worse", "worse": "better"}.get(found.verdict, found.verdict) if found.a == b else found.verdict


def _contradictions(
    clause: Clause, sentence: Sentence, pairs: tuple[tuple[str, str], ...], results: Results, names: Names
) -> Iterator[str]:
    """What the clause's words say against every comparison that it may be about."""
    if PREDICTION.search(OPENING.sub("", sentence.words)):
        return
    about = [_in_order_of_words(pair, clause.words, names) for pair in clause.pairs or pairs]
    verdicts = {_verdict(results, a, b) for a, b in about}
    masked = _without_names(clause.words, names)
    said: dict[str, bool] = {}
    for word, pattern in (("better", BETTER), ("worse", WORSE)):
        said[word] = any(not NEGATED.search(masked[: match.start()]) for match in pattern.finditer(masked))
    if said["better"] != said["worse"] and not BY_SEED.search(masked):
        word = "better" if said["better"] else "worse"
        if word not in verdicts:
            yield f"the words say {word!r}, the record says {', '.join(sorted(verdicts))!r}"
    if SAME.search(masked) and not NEGATED.search(masked[: _start(SAME, masked)]):
        yield "the words say that two conditions are equal; a test can only fail to tell them apart"
    if CERTAIN.search(masked) and not NEGATED.search(masked[: _start(CERTAIN, masked)]) and not verdicts & {"better", "worse"}:
        yield f"the words claim a clear difference, the record says {', '.join(sorted(verdicts))!r}"


def _in_order_of_words(pair: tuple[str, str], words: str, names: Names) -> tuple[str, str]:
    """The pair with its grammatical subject first: the one that the words name first, where they name both."""
    order = [mention.condition for mention in mentions(words, names) if mention.condition in pair]
    return (pair[1], pair[0]) if pair[0] in order and pair[1] in order and order[0] == pair[1] else pair


def _start(pattern: re.Pattern[str], words: str) -> int:
    match = pattern.search(words)
    return match.start() if match else 0


class Clause(Contract):
    words: str
    pairs: tuple[tuple[str, str], ...]


def _clauses(sentence: Sentence) -> tuple[Clause, ...]:
    """The sentence at its semicolons and contrasting words, each piece with the comparisons that its references name."""
    references = [part.expression for part in _flat(sentence.content) if isinstance(part, ValueRef)]
    pieces = _CLAUSE.split(sentence.words)
    made, used = [], 0
    for piece in pieces:
        count = piece.count(VALUE)
        made.append(Clause(words=piece, pairs=_expression_pairs(references[used : used + count])))
        used += count
    return tuple(made)


def _pairs(content: Inlines) -> tuple[tuple[str, str], ...]:
    return _expression_pairs([part.expression for part in _flat(content) if isinstance(part, ValueRef)])


def _expression_pairs(expressions: list[str]) -> tuple[tuple[str, str], ...]:
    found = {(match["a"], match["b"]): None for text in expressions for match in COMPARISON.finditer(text)}
    return tuple(found)


def _named_pairs(words: str, names: Names) -> tuple[tuple[str, str], ...]:
    """The two conditions that a sentence with claim words names, in order; nothing unless it is exactly two."""
    claims = _without_names(words, names)
    if PREDICTION.search(claims) or not (BETTER.search(claims) or WORSE.search(claims) or CERTAIN.search(claims)):
        return ()
    named = tuple(dict.fromkeys(mention.condition for mention in mentions(words, names)))
    return ((named[0], named[1]),) if len(named) == 2 else ()


def _without_names(words: str, names: Names) -> str:
    """Names of conditions blanked out: 'without warm-up' negates nothing, 'lower peak rate' compares nothing."""
    for mention in mentions(words, names):
        words = words[: mention.start] + "\0" * (mention.end - mention.start) + words[mention.end :]
    return words


def _flat(content: Inlines) -> Iterator[Inline]:
    for part in content:
        if isinstance(part, Emphasis | Strong | Link):
            yield from _flat(part.content)
        else:
            yield part


def _words(content: Inlines) -> str:
    parts = []
    for part in _flat(content):
        if isinstance(part, Text):
            parts.append(part.text)
        elif isinstance(part, ValueRef):
            parts.append(VALUE)
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def _split(content: Inlines) -> Iterator[Inlines]:
    """Sentences; a full stop ends one when a capital follows and the word before it is no abbreviation."""
    current: list[Inline] = []
    for part in content:
        if not isinstance(part, Text):
            current.append(part)
            continue
        rest = part.text
        while (end := _next_end(rest)) is not None:
            current.append(Text(text=rest[: end[0]]))
            yield tuple(current)
            current, rest = [], rest[end[1] :]
        if rest:
            current.append(Text(text=rest))
    if any(not isinstance(part, Text) or part.text.strip() for part in current):
        yield tuple(current)


def _next_end(text: str) -> tuple[int, int] | None:
    for match in _END.finditer(text):
        if not _ABBREVIATED.search(text[: match.start()]):
            return match.start(), match.end()
    at_end = re.search(r"[.!?]['\")\]]*\s+$", text)
    if at_end and not _ABBREVIATED.search(text[: at_end.end()].rstrip()):
        return len(text[: at_end.end()].rstrip()), at_end.end()
    return None
