"""Whether words and values speak of the same condition: the guard against swapped names and altered table rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from stages.contracts import Contract, Results, Slug
from stages.g_writing.document import Document, Inlines, Table, Text, ValueRef, blocks, flat

Names = Mapping[str, Slug]
"""Lower-case name in the text -> condition."""
VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
_PAIR = re.compile(r"^\s*(?P<operation>[a-z_]+)\(\s*(?P<a>[a-z]\w*)\s*,\s*(?P<b>[a-z]\w*)\s*\)")
_OWN = re.compile(r"^\s*(?P<condition>[a-z]\w*)\.")


class Mention(Contract):
    """A condition named in a text, from character `start` to `end`."""

    condition: Slug
    start: int
    end: int


class Misbound(Contract):
    """Words that name one condition around a value of another."""

    place: str
    reason: str


def names_of(results: Results, called: Mapping[Slug, tuple[str, ...]] | None = None) -> Names:
    """Every name of every condition; a name that two conditions share is left out, for it tells nothing.

    called: further names, e.g. the baseline's level ('cosine decay').
    """
    found: dict[str, set[Slug]] = {}
    for condition, result in results.conditions.items():
        own = [result.label, *(called or {}).get(condition, ())]
        if result.role == "baseline":
            own += ["the baseline"]
        for name in own:
            found.setdefault(name.lower(), set()).add(condition)
    return {name: next(iter(conditions)) for name, conditions in found.items() if len(conditions) == 1}


def mentions(words: str, names: Names) -> tuple[Mention, ...]:
    """Conditions named in the words, in order; of overlapping names the longest counts."""
    if not names:
        return ()
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)))
    return tuple(Mention(condition=names[match[0]], start=match.start(), end=match.end()) for match in pattern.finditer(words.lower()))


def misbound_verdicts(content: Inlines, words: str, names: Names) -> Iterator[str]:
    """Faults of a sentence that prints a verdict: its subject stands before the verdict and its object after it.

    words: the sentence with `VALUE` for each value reference.
    """
    places = [match.start() for match in re.finditer(VALUE, words)]
    references = [part for part in flat(content) if isinstance(part, ValueRef)]
    named = mentions(words, names)
    for place, reference in zip(places, references, strict=True):
        pair = _PAIR.match(reference.expression)
        if pair is None or pair["operation"] != "cmp":
            continue
        before = next((mention for mention in reversed(named) if mention.end <= place), None)
        after = next((mention for mention in named if mention.start > place), None)
        if before is not None and before.condition == pair["b"] and (after is None or after.condition in {pair["a"], pair["b"]}):
            yield f"the verdict of {pair['a']} against {pair['b']} is printed with {pair['b']} as its subject"
        elif after is not None and after.condition == pair["a"] and pair["a"] != pair["b"] and before is None:
            yield f"the verdict of {pair['a']} against {pair['b']} is printed with {pair['a']} as its object"


def misbound_rows(document: Document, names: Names) -> tuple[Misbound, ...]:
    """Table rows that open with the name of one condition, or of two, and print values of others."""
    found: list[Misbound] = []
    for _, block in blocks(document):
        if not isinstance(block, Table):
            continue
        for number, row in enumerate(block.rows, 1):
            headed = {mention.condition for mention in mentions(_plain(row[0]), names)}
            for column, cell in enumerate(row[1:], 2):
                for part in flat(cell):
                    if isinstance(part, ValueRef) and (about := _about(part.expression, set(names.values()))) and headed:
                        fits = about <= headed if len(headed) > 1 else bool(about & headed)
                        if not fits:
                            found.append(
                                Misbound(
                                    place=f"tbl:{block.id}[{number},{column}]",
                                    reason=f"the row of {', '.join(sorted(headed))} prints {part.expression}",
                                )
                            )
    return tuple(found)


def _about(expression: str, known: set[Slug]) -> set[Slug]:
    """The conditions that an expression is about; none for settings and other facts."""
    if pair := _PAIR.match(expression):
        return {pair["a"], pair["b"]} & known
    own = _OWN.match(expression)
    return {own["condition"]} & known if own else set()


def _plain(cell: Inlines) -> str:
    return "".join(part.text for part in flat(cell) if isinstance(part, Text))
