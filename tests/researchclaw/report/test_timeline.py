"""The timeline counts working time, shows what was cut short, and leaves waiting out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from researchclaw import journal as j
from researchclaw.journal import START, Entry
from researchclaw.report.record import Record, read_record
from researchclaw.report.timeline import StageLine, Timeline, timeline
from researchclaw.run_store import RunStore
from stages.contracts import Contract
from stages.pipeline import PIPELINE

Made = Callable[..., Timeline]


def entry(n: int, at: str, body: Contract, kind: str = "event", key: str | None = None) -> Entry:
    fields: dict[str, Any] = {"n": n, "at": f"2026-01-01T{at}+00:00", "prev": START, "kind": kind, "key": key}
    return Entry(**fields, type=type(body).__name__, body=body.model_dump(mode="json"), sha=START)


def started(pid: int = 1) -> j.RunStarted:
    return j.RunStarted(run_id="r", pid=pid, resumed=pid > 1)


def begun(stage: int, round_: int = 1) -> j.StageStarted:
    return j.StageStarted(stage=stage, name=PIPELINE[stage - 1].name, round=round_)


def ended(stage: int, *, reused: bool = False) -> j.StageEnded:
    return j.StageEnded(stage=stage, name=PIPELINE[stage - 1].name, round=1, seconds=1, reused=reused)


@pytest.fixture
def made(honest_run: RunStore) -> Made:
    record: Record = read_record(honest_run, PIPELINE)

    def of(*lines: tuple[str, Contract]) -> Timeline:
        return timeline(replace(record, journal=tuple(entry(n, at, body) for n, (at, body) in enumerate(lines, 1))))

    return of


def line(found: Timeline, number: int) -> StageLine:
    return found.stages[number - 1]


def test_the_night_between_two_processes_is_no_working_time(made: Made) -> None:
    found = made(
        ("01:00:00", started()),
        ("01:00:00", begun(1)),
        ("01:00:10", ended(1)),
        ("01:00:10", j.RunEnded(status="waiting", exit_code=3)),
        ("09:00:00", started(2)),
        ("09:00:00", begun(2)),
        ("09:00:30", ended(2)),
    )
    assert found.working_s == 40
    assert found.processes == 2
    first, second = line(found, 1).spans[0], line(found, 2).spans[0]
    assert (first.begin, first.width, first.seconds) == (0, 25, 10)
    assert (second.begin, second.width, second.seconds) == (25, 75, 30)


def test_a_stage_whose_process_was_killed_is_cut_short_and_done_in_the_next(made: Made) -> None:
    found = made(
        ("01:00:00", started()),
        ("01:00:00", begun(12)),
        ("01:00:05", begun(12)),
        ("02:00:00", started(2)),
        ("02:00:01", begun(12)),
        ("02:00:06", ended(12)),
    )
    assert [span.outcome for span in line(found, 12).spans] == ["cut short", "done"]
    assert line(found, 12).spans[1].first_line == 5


def test_rounds_failures_and_ways_back_are_told_apart(made: Made) -> None:
    found = made(
        ("01:00:00", started()),
        ("01:00:00", begun(13)),
        ("01:00:01", j.StageFailed(stage=13, name="iterative_refine", round=1, error="ExperimentFailed", message="no")),
        ("01:00:02", j.WentBack(archive=1, to=8, by="pivot", reason="because")),
        ("01:00:02", begun(13, 2)),
        ("01:00:03", ended(13)),
    )
    assert [(span.round, span.outcome) for span in line(found, 13).spans] == [(1, "ended with ExperimentFailed"), (2, "done")]
    assert found.turns[0].event.to == 8
    assert found.turns[0].line == 4


def test_a_clock_that_was_set_back_adds_nothing(made: Made) -> None:
    found = made(("01:00:00", started()), ("01:00:10", begun(1)), ("00:30:00", ended(1)))
    assert found.working_s == 10
    assert line(found, 1).spans[0].seconds == 0


def test_training_runs_are_counted_at_their_stage(honest_run: RunStore) -> None:
    found = timeline(read_record(honest_run, PIPELINE))
    assert line(found, 11).calls == (("training run", 15),)
    assert found.calls == (("training run", 15),)
