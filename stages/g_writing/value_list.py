"""The values that may be printed, as a writer without sight of results.json gets them: key beside value, a line for each family."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal

from stages.contracts import Results
from stages.errors import ManuscriptRefused
from stages.g_writing.values import Leaf, format_value, leaves

Family = Literal["conditions", "comparisons", "references", "settings", "data", "literature", "machine", "cost"]

_PAIR = re.compile(r"^(?P<operation>[a-z_]+)(?P<pair>\([^)]*\)\.\w+)(?P<field>\.\w+)?$")
_OF: dict[str, Family] = {
    "ref": "references",
    "data": "data",
    "lit": "literature",
    "cfg": "settings",
    "env": "machine",
    "cost": "cost",
}
_LEFT_OUT = re.compile(
    r"\.(?:min|max|median|seed\.\d+|tokens|t_p|wilcoxon_p)$|^seed_diff|^absrel|^interaction\.(?:n|dz|sd_diff|t_p|wilcoxon_p)$"
)
"""Values that a text seldom needs and that a table of the appendix prints; they can be looked up all the same."""
_LONGEST = 80
"""Characters of a setting that is a text, e.g. the name of the corpus."""


def value_lines(results: Results, families: Collection[Family]) -> tuple[str, ...]:
    """Lines such as 'constant: val_bpb.mean 2.253, val_bpb.std 0.011' and '(constant,baseline).val_bpb: diff +0.081, …'.

    What no text can print is left out: values that the record does not hold, and the verdict on two runs.
    """
    grouped: dict[str, list[str]] = {}
    for key, leaf in leaves(results).items():
        if leaf.value is None or _LEFT_OUT.search(key):
            continue
        family, head, name = _place(key, results)
        if family in families and (shown := _shown(leaf, key)) is not None:
            grouped.setdefault(head, []).append(f"{name} {shown}")
    labels = {name: f" ({condition.label}, {condition.role})" for name, condition in results.conditions.items()}
    return tuple(f"{head}{labels.get(head, '')}: {', '.join(values)}" for head, values in grouped.items())


def _place(key: str, results: Results) -> tuple[Family, str, str]:
    """(family, head of the line, name on the line)."""
    if pair := _PAIR.match(key):
        return "comparisons", pair["pair"], f"{pair['operation']}{pair['field'] or ''}"
    head, _, rest = key.partition(".")
    if head in results.conditions:
        return "conditions", head, rest
    return ("comparisons", head, rest) if head == "interaction" else (_OF[head], head, rest)


def _shown(leaf: Leaf, key: str) -> str | None:
    try:
        text, _, _ = format_value(leaf, None, key=key)
    except ManuscriptRefused:
        return None
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def how_to_write(results: Results) -> Iterator[str]:
    """How a line of the list becomes an expression, by examples of this study."""
    if results.conditions:
        name = next(iter(results.conditions))
        yield f"'{name}: {results.metric.name}.mean' is written {{{{{name}.{results.metric.name}.mean|f3}}}}"
    for metrics in results.comparisons.values():
        for metric, comparison in metrics.items():
            pair = f"({comparison.a},{comparison.b}).{metric}"
            yield f"'{pair}: diff' is written {{{{diff{pair}|signed3}}}}"
            yield f"'{pair}: test.holm_p' is written p {{{{test{pair}.holm_p|pequals}}}}"
            yield f"'{pair}: cmp' is written {{{{cmp{pair}|words}}}} and prints the verdict between the two names"
            break
        break
    yield "'cfg: seeds' is written {{cfg.seeds|words}}"
