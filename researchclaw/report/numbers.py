"""Every number of the page with the way to what it was computed from: an anchor, the stored value, the runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from researchclaw.report.record import Record, TrainingRun
from stages.contracts import Analysis, RefinedRecords
from stages.errors import ManuscriptRefused
from stages.f_analysis.results import TUNED
from stages.g_writing.document import Inline, Link, Text, ValueRef
from stages.g_writing.values import Leaf, PrintedValue, leaves, resolve

_VALUE = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|\s*([a-z0-9]+)\s*)?\}\}")

_STAGES = {
    "config": (9, "Terms of the study: the frozen plan and the settings of the baseline."),
    "data": (12, "The corpus as it was prepared and counted."),
    "references": (12, "Reference compressors and counts over the same validation files; nothing was trained."),
    "literature": (5, "Counts of the search and of the screening."),
    "environment": (11, "The machine, as it was found when the run began."),
    "cost": (13, "What the training runs took on this machine."),
    "seconds": (13, "What the scored runs of each condition took on this machine."),
    "metric": (9, "The metric of the frozen plan."),
}
"""First token of a pointer into results.json -> the stage that brought the value forth, and how."""


@dataclass(frozen=True)
class Shown:
    """A number as it is printed, and where a click leads."""

    text: str
    href: str


@dataclass
class Row:
    """One stored value. `runs`: those it rests on, where they are fewer than its group's."""

    pointer: str
    value: str
    anchor: str
    runs: tuple[TrainingRun, ...]
    printed: dict[str, None] = field(default_factory=dict)


@dataclass
class Group:
    """Values that rest on the same evidence."""

    title: str
    how: str
    stage: int
    runs: tuple[TrainingRun, ...]
    rows: list[Row] = field(default_factory=list)


def run_anchor(run: TrainingRun) -> str:
    """Unique within a page and safe in HTML: from the hash of the run's request."""
    return f"run-{run.record.request_sha256[:16]}"


class Numbers:
    """Looks values up, and keeps what was shown so that the page can say where it comes from."""

    def __init__(self, record: Record) -> None:
        analysis = record.get(Analysis)
        self._known: Mapping[str, Leaf] = {} if analysis is None else leaves(analysis.results)
        self._runs = record.runs
        refined = record.get(RefinedRecords)
        self._standing = frozenset(run.request_sha256 for run in (*refined.runs, *refined.confirmation)) if refined else frozenset()
        self._groups: dict[str, Group] = {}
        self._rows: dict[str, Row] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        """What was shown so far, in the order of first use."""
        return tuple(self._groups.values())

    def show(self, key: str, format_name: str | None = None, *, place: str) -> Shown | None:
        """The value of a key, or None where the record holds none (too few seeds for an interval).

        place: where the page or the paper prints it.
        Raises:
            ManuscriptRefused: there is no such key, or the format does not fit.
        """
        leaf = self._known.get(key)
        if leaf is not None and leaf.value is None:
            return None
        if leaf is not None and leaf.kind == "verdict":
            return Shown(str(leaf.value), f"#{self._row(leaf.path, str(leaf.value), place).anchor}")
        return self._shown(resolve(ValueRef(expression=key, format=format_name), self._known, file="report", place=place))

    def has(self, key: str) -> bool:
        """Whether the record knows the key at all."""
        return key in self._known

    def linked(self, place: str, inline: Inline) -> Inline:
        """A value of the manuscript as a link to its evidence; any other inline as it is.

        A key that the record does not hold stays as it was written: drafts and quoted errors have such keys.
        """
        if not isinstance(inline, ValueRef):
            return inline
        try:
            shown = self._shown(resolve(inline, self._known, file="paper", place=place))
        except ManuscriptRefused:
            given = f"|{inline.format}" if inline.format else ""
            return Text(text=f"{{{{{inline.expression}{given}}}}}")
        return Link(url=shown.href, content=(Text(text=shown.text),))

    def prose(self, text: str, place: str) -> tuple[Inline, ...]:
        """A sentence with its values by key, each as a link."""
        parts: list[Inline] = []
        end = 0
        for match in _VALUE.finditer(text):
            if match.start() > end:
                parts.append(Text(text=text[end : match.start()]))
            parts.append(self.linked(place, ValueRef(expression=match[1], format=match[2])))
            end = match.end()
        if end < len(text):
            parts.append(Text(text=text[end:]))
        return tuple(parts)

    def _shown(self, printed: PrintedValue) -> Shown:
        return Shown(printed.text, f"#{self._row(printed.path, str(printed.value), printed.place).anchor}")

    def _row(self, pointer: str, value: str, place: str) -> Row:
        row = self._rows.get(pointer)
        if row is None:
            group = self._group(pointer)
            row = Row(pointer, value, f"value-{len(self._rows) + 1}", self._narrower(pointer, group))
            self._rows[pointer] = row
            group.rows.append(row)
        row.printed[place] = None
        return row

    def _group(self, pointer: str) -> Group:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
        head = tokens[0]
        name = " ".join(tokens[:2]) if head in ("conditions", "comparisons") else head
        if name not in self._groups:
            self._groups[name] = self._new_group(tokens)
        return self._groups[name]

    def _new_group(self, tokens: list[str]) -> Group:
        head = tokens[0]
        if head == "conditions":
            runs = self._of(tokens[1])
            return Group(f"Condition {tokens[1]}", "Over the seeds of this condition; steps and cost from its schedule.", 14, runs)
        if head == "comparisons":
            a, b = self._pair(tokens[1])
            purpose = "confirmation" if a == TUNED else "report"
            runs = (*self._of(a, purpose), *self._of(b, purpose))
            return Group(f"Comparison {a} against {b}", "Differences within shared seeds, first less second.", 14, runs)
        if head == "interaction":
            return Group(
                "Interaction", "The joint effect less the two single effects, within seeds.", 14, tuple(self._counted("report"))
            )
        stage, how = _STAGES[head]
        return Group(head.capitalize(), how, stage, self._runs if head in {"cost", "seconds"} else ())

    def _pair(self, name: str) -> tuple[str, str]:
        """The two conditions of 'a_vs_b'; a condition may hold '_vs_' itself, so both halves must have been run."""
        ran = {run.record.condition for run in self._runs}
        cuts = [(name[: m.start()], name[m.end() :]) for m in re.finditer(r"_vs_", name)]
        return next((cut for cut in cuts if set(cut) <= ran), cuts[0])

    def _of(self, condition: str, purpose: str | None = None) -> tuple[TrainingRun, ...]:
        """The runs that count for a condition: scored, and in the records that the analysis was given."""
        wanted = purpose or ("confirmation" if condition == TUNED else "report")
        counted = (run for run in self._counted(wanted) if run.record.condition == condition)
        return tuple(sorted(counted, key=lambda run: run.record.seed))

    def _counted(self, purpose: str) -> Iterator[TrainingRun]:
        for run in self._runs:
            if run.record.purpose == purpose and run.record.verdict == "ok" and run.record.request_sha256 in self._standing:
                yield run

    def _narrower(self, pointer: str, group: Group) -> tuple[TrainingRun, ...]:
        """The runs of one value, where they are not its group's: those of a seed, those that failed, those that were counted."""
        if match := re.search(r"/(?:seeds|differences)/(-?\d+)$", pointer):
            return tuple(run for run in group.runs if run.record.seed == int(match[1]))
        if match := re.fullmatch(r"/conditions/(\w+)/failed", pointer):
            return tuple(run for run in self._runs if run.record.condition == match[1] and run.record.verdict != "ok")
        match pointer:
            case "/config/runs_reported":
                return tuple(run for run in self._runs if run.record.purpose == "report")
            case "/config/runs_failed":
                return tuple(run for run in self._runs if run.record.verdict != "ok")
            case "/config/loop_attempts":
                return tuple(run for run in self._runs if run.record.purpose == "development")
        return ()
