"""Values by key: what `{{expression|format}}` prints, and the pointer into results.json that proves it.

An expression names a stored leaf of the record and nothing else; no sum, difference or ratio is computed here, so that every
printed text is `format(value at the pointer)` and anybody can check it.

    condition.metric.mean|std|min|max|median|n      condition.metric.seed.<seed>
    condition.steps|parameters|tokens|cost_ratio|failed
    diff(a,b).metric   absdiff   rel (per cent)   absrel   ratio   ci_low   ci_high   wins   pairs   dz   sd   mde
    test(a,b).metric.t_p|holm_p|wilcoxon_p          seed_diff(a,b).metric.<seed>
    n(condition.metric)   n()   test(a,b).metric.p  other spellings of condition.metric.n, cfg.seeds, the p of the verdict (holm_p)
    cmp(a,b).metric                                 the verdict in words
    interaction.<field of the comparison>           ref.<name> data.<name> cfg.<name> lit.<name> env.<name> cost.<name>

Formats: `int` (thousands with a comma), `f1`…`f5`, `signed3` to `signed5`, `percent1` (leaves that are per cent), `pct1`, `pct2` (of
fractions: 0.916 is '91.6 %'), `pp`, `pp1`, `pp2` (of differences of fractions: '+1.3 percentage points'), `p` (three decimals, or
'< 0.001'), `pequals` ('= 0.012' or '< 0.001'), `words` (verdicts, whole numbers to twenty), `text` (as stored).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

from pydantic import JsonValue

from stages.contracts import Contract, PairedComparison, Results
from stages.errors import ManuscriptRefused
from stages.g_writing.document import Document, Inline, Text, ValueRef, rewrite

Kind = Literal["measure", "difference", "percent", "ratio", "count", "p", "verdict", "setting"]
Leafvalue = float | int | str | None

P_FLOOR = 0.001
"""Below it a p value is printed as a bound (APA style: exact to three decimals, else '< .001')."""

_DEFAULT: dict[Kind, str] = {
    "measure": "f3",
    "difference": "signed3",
    "percent": "percent1",
    "ratio": "f2",
    "count": "int",
    "p": "p",
    "verdict": "words",
    "setting": "text",
}
_ALLOWED: dict[Kind, frozenset[str]] = {
    "measure": frozenset({"f1", "f2", "f3", "f4", "f5"}),
    "difference": frozenset({"f1", "f2", "f3", "f4", "f5", "signed3", "signed4", "signed5"}),
    "percent": frozenset({"percent1", "f1", "f2"}),
    "ratio": frozenset({"f1", "f2", "f3"}),
    "count": frozenset({"int", "words"}),
    "p": frozenset({"p", "pequals", "f2", "f3", "f4", "f5"}),
    "verdict": frozenset({"words"}),
    "setting": frozenset({"text", "int", "words", "f1", "f2", "f3", "f4", "f5"}),
}
_OF_FRACTIONS: dict[Kind, frozenset[str]] = {
    "measure": frozenset({"pct1", "pct2"}),
    "difference": frozenset({"pp", "pp1", "pp2"}),
}
"""What a score between zero and one and its differences take as well."""
FRACTIONS = frozenset({"accuracy", "balanced accuracy", "fraction"})
"""Units of a metric that is a share of cases, as `stages/e_execution/measures.py` and the kits name them."""
_OTHER_SPELLINGS = (
    (re.compile(r"^n\(\)$"), "cfg.seeds"),
    (re.compile(r"^n\((\w+\.\w+)\)$"), r"\1.n"),
    (re.compile(r"^(test\(\w+,\w+\)\.\w+)\.p$"), r"\1.holm_p"),
)
_WORDS = (
    "zero one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
).split()
_VERDICTS = {"better": "is better than", "worse": "is worse than", "not distinguishable": "does not differ clearly from"}
_PAIRED: dict[str, tuple[str, Kind]] = {
    "diff": ("mean_diff", "difference"),
    "absdiff": ("abs_mean_diff", "measure"),
    "rel": ("rel_diff_percent", "percent"),
    "absrel": ("abs_rel_diff_percent", "percent"),
    "ratio": ("mean_ratio", "ratio"),
    "ci_low": ("ci95_low", "difference"),
    "ci_high": ("ci95_high", "difference"),
    "wins": ("wins", "count"),
    "pairs": ("n", "count"),
    "dz": ("hedges_dz", "ratio"),
    "sd": ("sd_diff", "measure"),
    "mde": ("mde", "measure"),
    "cmp": ("verdict", "verdict"),
}
_INTERACTION: dict[str, Kind] = {
    "n": "count",
    "mean_diff": "difference",
    "abs_mean_diff": "measure",
    "rel_diff_percent": "percent",
    "abs_rel_diff_percent": "percent",
    "sd_diff": "measure",
    "ci95_low": "difference",
    "ci95_high": "difference",
    "t_p": "p",
    "holm_p": "p",
    "wilcoxon_p": "p",
    "dz": "ratio",
    "hedges_dz": "ratio",
    "wins": "count",
    "mde": "measure",
    "verdict": "verdict",
}


@dataclass(frozen=True)
class Leaf:
    """A stored value and where it is stored; value is None where the record holds none (e.g. no interval below three seeds).

    fraction: of a metric that is a share of cases, so that it may be printed in per cent.
    """

    path: str
    value: Leafvalue
    kind: Kind
    fraction: bool = False


class PrintedValue(Contract):
    """One line of provenance.json. `bound`: the text bounds the value from above instead of rounding it."""

    text: str
    key: str
    path: str
    value: float | int | str
    format: str
    bound: bool = False
    file: str
    place: str


def leaves(results: Results) -> dict[str, Leaf]:
    """Every expression that the record can answer, with its leaf; the order is that of the record."""
    found: dict[str, Leaf] = {}
    for condition, result in results.conditions.items():
        at = f"/conditions/{condition}"
        for metric, summary in result.metrics.items():
            for field in ("mean", "std", "min", "max", "median"):
                found[f"{condition}.{metric}.{field}"] = Leaf(f"{at}/metrics/{metric}/{field}", getattr(summary, field), "measure")
            found[f"{condition}.{metric}.n"] = Leaf(f"{at}/metrics/{metric}/n", summary.n, "count")
            for seed, value in summary.seeds.items():
                found[f"{condition}.{metric}.seed.{seed}"] = Leaf(f"{at}/metrics/{metric}/seeds/{_escaped(seed)}", value, "measure")
        for field in ("steps", "parameters", "tokens", "failed"):
            found[f"{condition}.{field}"] = Leaf(f"{at}/{field}", getattr(result, field), "count")
        found[f"{condition}.cost_ratio"] = Leaf(f"{at}/cost_ratio", result.cost_ratio, "ratio")
    for name, by_metric in results.comparisons.items():
        for metric, comparison in by_metric.items():
            found.update(_paired(f"/comparisons/{_escaped(name)}/{metric}", metric, comparison))
    if results.interaction is not None:
        for field, kind in _INTERACTION.items():
            found[f"interaction.{field}"] = Leaf(f"/interaction/{field}", getattr(results.interaction, field), kind)
    found |= {f"ref.{name}": Leaf(f"/references/{name}", value, "measure") for name, value in results.references.items()}
    found |= {f"lit.{name}": Leaf(f"/literature/{name}", value, "count") for name, value in results.literature.items()}
    found |= _settings("data", "data", results.data)
    found |= _settings("cfg", "config", results.config)
    found |= _settings("env", "environment", results.environment)
    found |= _settings("cost", "cost", results.cost)
    if results.metric.unit in FRACTIONS:
        of_metric = re.compile(rf"\.{results.metric.name}(?:\.(?!n$)|$)|^interaction\.")
        found = {
            key: replace(leaf, fraction=leaf.kind in _OF_FRACTIONS and bool(of_metric.search(key))) for key, leaf in found.items()
        }
    for condition, took in results.seconds.items():
        for field in ("mean", "least", "most"):
            found[f"seconds.{condition}.{field}"] = Leaf(f"/seconds/{condition}/{field}", getattr(took, field), "measure")
    return found


def _paired(at: str, metric: str, comparison: PairedComparison) -> dict[str, Leaf]:
    pair = f"({comparison.a},{comparison.b}).{metric}"
    found = {f"{name}{pair}": Leaf(f"{at}/{field}", getattr(comparison, field), kind) for name, (field, kind) in _PAIRED.items()}
    for field in ("t_p", "holm_p", "wilcoxon_p"):
        found[f"test{pair}.{field}"] = Leaf(f"{at}/{field}", getattr(comparison, field), "p")
    for seed, value in comparison.differences.items():
        found[f"seed_diff{pair}.{seed}"] = Leaf(f"{at}/differences/{_escaped(seed)}", value, "difference")
    return found


def _settings(prefix: str, field: str, values: Mapping[str, int | float | str]) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    for name, value in values.items():
        kind: Kind = "count" if isinstance(value, int) and prefix != "cfg" else "setting"
        found[f"{prefix}.{name}"] = Leaf(f"/{field}/{_escaped(name)}", value, kind)
    return found


def _escaped(name: str) -> str:
    """A reference token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def normal(expression: str) -> str:
    """The expression as keys are written: without spaces, and by the one spelling that the record lists."""
    key = re.sub(r"\s+", "", expression)
    for other, spelled in _OTHER_SPELLINGS:
        key = other.sub(spelled, key)
    return key


def format_value(leaf: Leaf, format_name: str | None, *, key: str) -> tuple[str, str, bool]:
    """(text, format used, whether the text is a bound).

    Raises:
        ManuscriptRefused: the record holds no value here, or the format does not fit the value's kind.
    """
    value = leaf.value
    if value is None:
        raise ManuscriptRefused(f"{{{{{key}}}}}: the record holds no value at {leaf.path} (too few seeds, or outside the plan)")
    name = format_name or ("int" if leaf.kind == "count" else _DEFAULT[leaf.kind])
    fitting = _ALLOWED[leaf.kind] | (_OF_FRACTIONS[leaf.kind] if leaf.fraction else frozenset())
    if name not in fitting or (isinstance(value, str) and name not in {"text", "words"}):
        allowed = ", ".join(sorted(fitting))
        raise ManuscriptRefused(f"{{{{{key}|{name}}}}}: {leaf.kind} values take the formats {allowed}")
    return _text(value, name, key), name, name in {"p", "pequals"} and not isinstance(value, str) and value < P_FLOOR


def _text(value: float | int | str, name: str, key: str) -> str:  # noqa: PLR0911, PLR0912 - one return for each format
    if isinstance(value, str):
        if name == "text":
            return value
        if value not in _VERDICTS:
            raise ManuscriptRefused(f"{{{{{key}}}}}: '{value}' allows no comparison in words; report the values instead")
        return _VERDICTS[value]
    match name:
        case "words":
            if value != int(value) or not 0 <= value < len(_WORDS):
                raise ManuscriptRefused(f"{{{{{key}|words}}}}: words are for whole numbers from zero to twenty, not {value}")
            return _WORDS[int(value)]
        case "int":
            return f"{round(value):,}"
        case "text":
            return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
        case "signed3" | "signed4" | "signed5":
            return f"{_as_recorded(value):+.{name[-1]}f}"
        case "percent1":
            return f"{_as_recorded(value):.1f} %"
        case "pct1" | "pct2":
            return f"{100 * _as_recorded(value):.{name[3]}f} %"
        case "pp" | "pp1" | "pp2":
            return f"{100 * _as_recorded(value):+.{name[2:] or 1}f} percentage points"
        case "p":
            return f"< {P_FLOOR}" if value < P_FLOOR else f"{_as_recorded(value):.3f}"
        case "pequals":
            return f"< {P_FLOOR}" if value < P_FLOOR else f"= {_as_recorded(value):.3f}"
    return f"{_as_recorded(value):.{int(name[1])}f}"


def _as_recorded(value: float) -> Decimal:
    """The number as results.json spells it: 2.24795 rounds to 2.2480 there, though its binary neighbour lies below the half."""
    return Decimal(repr(value))


def resolve(reference: ValueRef, known: Mapping[str, Leaf], *, file: str, place: str) -> PrintedValue:
    """What the reference prints, with its proof.

    known: `leaves(results)`.
    Raises:
        ManuscriptRefused: no such key (the nearest ones are named), no value, or a format that does not fit.
    """
    key = normal(reference.expression)
    leaf = known.get(key)
    if leaf is None:
        near = get_close_matches(key, known, n=3, cutoff=0.5)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise ManuscriptRefused(f"{place}: the record has no value {{{{{key}}}}}{hint}")
    text, name, bound = format_value(leaf, reference.format, key=key)
    assert leaf.value is not None  # format_value refused it otherwise
    return PrintedValue(text=text, key=key, path=leaf.path, value=leaf.value, format=name, bound=bound, file=file, place=place)


def render_values(document: Document, results: Results, *, file: str = "paper.tex") -> tuple[Document, tuple[PrintedValue, ...]]:
    """The document with every value printed, and the provenance of each in reading order.

    Raises:
        ManuscriptRefused: a value without a record; the message names the place.
    """
    known = leaves(results)
    printed: list[PrintedValue] = []

    def change(place: str, inline: Inline) -> Inline:
        if not isinstance(inline, ValueRef):
            return inline
        printed.append(resolve(inline, known, file=file, place=place))
        return Text(text=printed[-1].text)

    return rewrite(document, change), tuple(printed)


def at_pointer(record: JsonValue, path: str) -> JsonValue:
    """The value in a dumped record at a JSON pointer.

    Raises:
        ManuscriptRefused: nothing is stored there.
    """
    here = record
    for token in path.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if not isinstance(here, dict) or name not in here:
            raise ManuscriptRefused(f"results.json holds nothing at {path}")
        here = here[name]
    return here


def holds(printed: PrintedValue, record: JsonValue) -> bool:
    """Whether the text is still what the record gives at the pointer; for audits of results.json and provenance.json."""
    value = at_pointer(record, printed.path)
    if value != printed.value or isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    return _text(value, printed.format, printed.key) == printed.text
