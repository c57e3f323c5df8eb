"""From a number that the sentence check has bound to the expression of our grammar that prints the very same text.

The check also binds what the record holds in other words only (a ratio of two means, a range over seeds). Where no stored value
prints exactly what stands there, nothing is proposed: a near miss would change what a sentence says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from stages.contracts import Contract, Results, Slug
from stages.errors import ManuscriptRefused
from stages.g_writing.sentence_check.check import Bound
from stages.g_writing.values import Kind, Leaf, format_value

_LEVEL = re.compile(r"(?P<a>[a-z]+)\.(?P<metric>\w+)\.(?P<field>mean|std|min|max|median|seed\.\w+)")
_PAIR = re.compile(r"(?P<operation>[a-z_]+)\((?P<a>[a-z]+),(?P<b>[a-z]+)\)\.(?P<metric>\w+)(?:\.(?P<field>[\w.]+))?")
_COUNT = re.compile(r"n\((?P<a>[a-z]+)\)")
_SETTING = re.compile(r"cfg\.(?P<name>\w+)(?:\.(?P<a>[a-z]+))?")
_TOTALS = {
    "cfg.seeds": "cfg.seeds",
    "n(all)": "cfg.seeds",
    "count(conditions)": "cfg.conditions",
    "count(comparisons)": "cfg.comparisons",
    "count(runs)": "cfg.runs_reported",
}
_OF_PAIR = {"absdiff", "absrel", "ratio", "ci_low", "ci_high", "dz", "wins", "test"}
_EITHER_WAY = {"absdiff", "test"}
"""Values that do not depend on the order of the two."""
SIGNS = "+-\u2212\u2013"


class Reference(Contract):
    """A typed text and the expression that prints it."""

    typed: str = Field(description="As it stands in the sentence, with the sign or the per cent that the format prints itself.")
    key: str
    format: str

    @property
    def markdown(self) -> str:
        return f"{{{{{self.key}|{self.format}}}}}"


class Printed(Contract):
    """A reference and the place in the sentence that it takes."""

    reference: Reference
    start: int
    end: int
    conditions: frozenset[Slug] = Field(description="Those that the value is of.")
    kind: Kind


def printed_by(
    bound: Bound, text: str, start: int, end: int, *, conditions: Mapping[str, Slug], results: Results, known: Mapping[str, Leaf]
) -> Printed | None:
    """The reference that prints the number at this place of the text; None where there is none.

    conditions: the check's word -> condition. known: `leaves(results)`.
    """
    for key, about in _keys(bound.expression, conditions, results, signed=text[start] in SIGNS):
        leaf = known.get(key)
        if leaf is None or leaf.value is None or (leaf.kind == "p" and leaf.value != bound.value):
            continue
        for name, first, last in _formats(leaf, text, start, end):
            typed = text[first:last]
            if _shown(leaf, name, key) == as_ascii(typed):
                return Printed(
                    reference=Reference(typed=typed, key=key, format=name), start=first, end=last, conditions=about, kind=leaf.kind
                )
    return None


def as_ascii(typed: str) -> str:
    """With the hyphen and the blank that our formats print."""
    return typed.replace("\u2212", "-").replace("\u2013", "-").replace("\u00a0", " ")


def _keys(expression: str, conditions: Mapping[str, Slug], results: Results, *, signed: bool) -> Iterator[tuple[str, frozenset[Slug]]]:
    """Keys of the record for what the check calls a value; several where the record has it under more than one name."""
    if expression in _TOTALS:
        yield _TOTALS[expression], frozenset()
    elif level := _LEVEL.fullmatch(expression):
        if (own := conditions.get(level["a"])) is not None:  # not 'all' of them
            yield f"{own}.{level['metric']}.{level['field']}", frozenset({own})
    elif count := _COUNT.fullmatch(expression):
        if (own := conditions.get(count["a"])) is not None:
            yield f"{own}.{results.metric.name}.n", frozenset({own})
    elif setting := _SETTING.fullmatch(expression):
        if setting["a"] is None:
            yield f"cfg.{setting['name']}", frozenset()
        else:
            own = conditions[setting["a"]]
            for key in (f"{own}.{setting['name']}", f"cfg.{own}_{setting['name']}", f"cfg.{setting['name']}"):
                yield key, frozenset({own})
    elif pair := _PAIR.fullmatch(expression):
        yield from _of_pair(pair, conditions, results, signed=signed)


def _of_pair(
    pair: re.Match[str], conditions: Mapping[str, Slug], results: Results, *, signed: bool
) -> Iterator[tuple[str, frozenset[Slug]]]:
    """A comparison is recorded in one order; in the other one its signs and its per cents would be others."""
    if pair["operation"] not in _OF_PAIR:
        return
    operation, a, b = pair["operation"], conditions[pair["a"]], conditions[pair["b"]]
    turned = f"{a}_vs_{b}" not in results.comparisons
    if turned and f"{b}_vs_{a}" not in results.comparisons:
        return
    if pair["field"] and pair["field"].startswith("seed."):
        if not turned:
            yield f"seed_diff({a},{b}).{pair['metric']}.{pair['field'].removeprefix('seed.')}", frozenset({a, b})
        return
    if turned and operation not in _EITHER_WAY:
        return
    if turned and operation == "absdiff" and signed:
        return
    of = f"({b},{a})" if turned else f"({a},{b})"
    tail = f"{of}.{pair['metric']}"
    about = frozenset({a, b})
    if operation == "test":
        fields = ("holm_p", "t_p") if pair["field"] == "t_p" else (str(pair["field"]),)
        yield from ((f"test{tail}.{field}", about) for field in fields)
    elif signed and operation in {"absdiff", "absrel"}:
        yield f"{operation.removeprefix('abs')}{tail}", about
    else:
        yield f"{operation}{tail}", about


def _formats(leaf: Leaf, text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """(format, place in the text) in the order of the house's preference."""
    digits = re.search(r"\.(\d+)$", text[start:end])
    decimals = len(digits[1]) if digits else 0
    match leaf.kind:
        case "count":
            yield from (("int", start, end), ("words", start, end))
        case "setting":
            yield from (("text", start, end), ("int", start, end), ("words", start, end))
        case "percent":
            unit = re.match(r"[ \u00a0]%", text[end:])
            if unit and decimals == 1:
                yield "percent1", start, end + unit.end()
        case "difference" if text[start] in SIGNS and decimals == 3:
            yield "signed3", start, end
        case "p":
            sign = re.search(r"[<=] $", text[:start])
            if sign:
                yield "pequals", sign.start(), end
            yield "p", start, end
        case _:
            pass
    if decimals:
        yield f"f{decimals}", start, end


def _shown(leaf: Leaf, name: str, key: str) -> str | None:
    try:
        return format_value(leaf, name, key=key)[0]
    except ManuscriptRefused:
        return None  # a format that this kind of value does not take
