"""The values that may be printed, as a writer without sight of results.json gets them: a line for each condition, pair or family."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Literal

from stages.contracts import Results
from stages.errors import ManuscriptRefused
from stages.g_writing.values import Leaf, format_value, leaves

Family = Literal["conditions", "comparisons", "references", "settings", "plan", "loop", "data", "literature", "machine", "cost"]
"""Of the keys that begin with cfg, settings are constants of the training script, loop tells what was tried after the runs, and the
plan is all else."""

_PAIR = re.compile(r"^(?P<operation>[a-z_]+)(?P<pair>\([^)]*\)\.\w+)(?P<field>\.\w+)?$")
_OF: dict[str, Family] = {
    "ref": "references",
    "data": "data",
    "lit": "literature",
    "env": "machine",
    "cost": "cost",
    "seconds": "cost",
}
_LOOP = re.compile(r"loop_\w+$|attempt_\d+_\w+$|sealed_(?:looks|incumbent|tuned|gain)$")
_PLAN = re.compile(
    r"(?:alpha|budget_s|comparisons|conditions|confidence_percent|confirmation_seeds|max_works|power_percent|repairs|seeds"
    r"|runs_\w+|scored_\w+|predicted_\w+)$"
)
"""Names below cfg; see `stages.f_analysis.results`."""
_LEFT_OUT = re.compile(
    r"\.(?:min|max|median|seed\.\d+|tokens|t_p|wilcoxon_p)$|^seconds\.\w+\.(?:least|most)$|^seed_diff|^absrel|^ratio|^interaction\.(?:n|dz|sd_diff|t_p|wilcoxon_p)$"
)
"""Values that a text seldom needs and that a table of the appendix prints; they can be looked up all the same."""
_LONGEST = 80
"""Characters of a setting that is a text, e.g. the name of the corpus."""


def value_lines(results: Results, families: Collection[Family]) -> tuple[str, ...]:
    """Lines such as 'cfg: seeds 5, budget_s 20', and for several of one kind the names first and then the values alone.

    So '(constant,baseline).val_bpb: +0.081; 0.081; …' stands below 'Of each (first,second).metric: diff; absdiff; …'. What no text
    can print is left out: values that the record does not hold, and the verdict on two runs.
    """
    grouped: dict[str, dict[str, str]] = {}
    for key, leaf in leaves(results).items():
        if leaf.value is None or _LEFT_OUT.search(key):
            continue
        family, head, name = _place(key, results)
        if family in families and (shown := _shown(leaf, key)) is not None:
            grouped.setdefault(head, {})[name] = shown
    labels = {name: f" ({condition.label}, {condition.role})" for name, condition in results.conditions.items()}
    alike = Counter((_kind(head, labels), *values) for head, values in grouped.items())
    lines: list[str] = []
    last: tuple[str, ...] = ()
    for head, values in grouped.items():
        columns = (_kind(head, labels), *values)
        if alike[columns] == 1:
            lines.append(f"{head}{labels.get(head, '')}: {', '.join(f'{name} {value}' for name, value in values.items())}")
        else:
            if columns != last:
                lines.append(f"Of each {columns[0]}: {'; '.join(values)}")
            lines.append(f"{head}{labels.get(head, '')}: {'; '.join(values.values())}")
        last = columns
    return tuple(lines)


def _kind(head: str, conditions: Collection[str]) -> str:
    return "condition" if head in conditions else "(first,second).metric" if head.startswith("(") else head


def _place(key: str, results: Results) -> tuple[Family, str, str]:
    """(family, head of the line, name on the line)."""
    if pair := _PAIR.match(key):
        return "comparisons", pair["pair"], f"{pair['operation']}{pair['field'] or ''}"
    head, _, rest = key.partition(".")
    if head in results.conditions:
        return "conditions", head, rest
    if head == "interaction":
        return "comparisons", head, rest
    if head == "cfg":
        return ("loop" if _LOOP.match(rest) else "plan" if _PLAN.match(rest) else "settings"), head, rest
    return _OF[head], head, rest


def _shown(leaf: Leaf, key: str) -> str | None:
    try:
        text, _, _ = format_value(leaf, None, key=key)
    except ManuscriptRefused:
        return None
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def how_to_write(results: Results, families: Collection[Family]) -> Iterator[str]:
    """How a line of the list becomes an expression, by examples of this study."""
    if results.conditions and "conditions" in families:
        name = next(iter(results.conditions))
        yield f"'{name}: {results.metric.name}.mean' is written {{{{{name}.{results.metric.name}.mean|f3}}}}"
    first = next(iter(results.comparisons.items()), None) if "comparisons" in families else None
    for metric, comparison in list(first[1].items())[:1] if first else ():
        pair = f"({comparison.a},{comparison.b}).{metric}"
        yield f"'{pair}: diff' is written {{{{diff{pair}|signed3}}}}"
        yield f"'{pair}: test.holm_p' is written p {{{{test{pair}.holm_p|pequals}}}}"
        yield f"'{pair}: cmp' is written {{{{cmp{pair}|words}}}} and prints the verdict between the two names"
    if not {"settings", "plan", "loop"}.isdisjoint(families):
        yield "'cfg: seeds' is written {{cfg.seeds|words}}"
