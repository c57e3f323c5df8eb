"""When which stage was at work: the events of the journal on an axis of working time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from researchclaw.journal import Entry, RunStarted, StageEnded, StageFailed, StageStarted, WentBack
from researchclaw.report.record import Record
from stages.stage import Stage


@dataclass(frozen=True)
class Span:
    """One time that a stage was at work. `begin` and `width` are per cent of the run's working time."""

    round: int
    began: str
    outcome: str
    seconds: float
    begin: float
    width: float
    first_line: int
    last_line: int


@dataclass(frozen=True)
class StageLine:
    """One of the 23: what came of it, and when it was at work."""

    stage: Stage
    state: str
    edited_by: str | None
    output_sha256: str | None
    spans: tuple[Span, ...]
    calls: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Turn:
    """The run went back to an earlier stage."""

    at: str
    line: int
    event: WentBack


@dataclass(frozen=True)
class Timeline:
    """working_s: seconds in which a process was at work; waiting for a person or a resume is left out."""

    working_s: float
    processes: int
    stages: tuple[StageLine, ...]
    turns: tuple[Turn, ...]
    calls: tuple[tuple[str, int], ...]


@dataclass
class _Open:
    stage: int
    round: int
    entry: Entry


def timeline(record: Record) -> Timeline:
    """The run's history in order; a stage that a kill cut short ends with the last line of its process."""
    clock = _Clock(record.journal)
    spans: dict[int, list[Span]] = {}
    calls: dict[int, Counter[str]] = {}
    turns: list[Turn] = []
    at_work: _Open | None = None
    last: Entry | None = None

    def close(outcome: str, end: Entry) -> None:
        nonlocal at_work
        if at_work is not None:
            spans.setdefault(at_work.stage, []).append(clock.span(at_work.entry, end, at_work.round, outcome))
            at_work = None

    for entry in record.journal:
        match entry.type:
            case "RunStarted" if last is not None:
                close("cut short", last)
            case "StageStarted":
                started = StageStarted.model_validate(entry.body)
                at_work = _Open(started.stage, started.round, entry)
            case "StageEnded":
                ended = StageEnded.model_validate(entry.body)
                close("reused" if ended.reused else "done", entry)
            case "StageFailed":
                close(f"ended with {StageFailed.model_validate(entry.body).error}", entry)
            case "WentBack":
                turns.append(Turn(entry.at, entry.n, WentBack.model_validate(entry.body)))
            case _ if entry.key is not None:
                calls.setdefault(at_work.stage if at_work else 0, Counter())[entry.kind] += 1
        last = entry
    if last is not None:
        close("at work" if record.status.pid is not None else "cut short", last)

    states = {stage.number: stage for stage in record.status.stages}
    return Timeline(
        working_s=clock.total_s,
        processes=clock.processes,
        stages=tuple(
            StageLine(
                stage=one.stage,
                state=states[one.stage.number].state,
                edited_by=one.output.edited_by if one.output else None,
                output_sha256=one.output.output_sha256 if one.output else None,
                spans=tuple(spans.get(one.stage.number, ())),
                calls=_sorted(calls.get(one.stage.number, Counter())),
            )
            for one in record.stages
        ),
        turns=tuple(turns),
        calls=_sorted(sum(calls.values(), Counter())),
    )


def _sorted(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items()))


class _Clock:
    """Working seconds since the run began, at any line of the journal."""

    def __init__(self, journal: Sequence[Entry]) -> None:
        self._working: dict[int, float] = {}
        self.processes = 0
        total = 0.0
        before: datetime | None = None
        for entry in journal:
            at = datetime.fromisoformat(entry.at)
            if entry.type == RunStarted.__name__:
                self.processes += 1
            elif before is not None:
                total += max(0.0, (at - before).total_seconds())  # a clock that was set back adds nothing
            self._working[entry.n] = total
            before = at
        self.total_s = total

    def span(self, first: Entry, last: Entry, round_: int, outcome: str) -> Span:
        begin, end = self._working[first.n], self._working[last.n]
        scale = 100 / self.total_s if self.total_s else 0.0
        return Span(
            round=round_,
            began=first.at,
            outcome=outcome,
            seconds=end - begin,
            begin=round(begin * scale, 3),
            width=round(max((end - begin) * scale, 0.35), 3),
            first_line=first.n,
            last_line=last.n,
        )
