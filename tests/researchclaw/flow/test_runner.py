"""What the server does when a run is cancelled in its UI: decided over a client that is pretended."""

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

pytest.importorskip("prefect")

from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from researchclaw.flow import runner as module
from researchclaw.flow.runner import Runner
from researchclaw.flow.zombies import UNIT_TAG


class Client:
    """One run that a person has cancelled, and its training runs."""

    def __init__(self, units: int) -> None:
        self.run = SimpleNamespace(id=uuid4(), name="rc-1", state_type=StateType.CANCELLING)
        self.units = [SimpleNamespace(id=uuid4(), state_type=StateType.RUNNING) for _ in range(units)]
        self.said: list[tuple[UUID, StateType]] = []
        self.faults: dict[UUID, list[Exception]] = {}

    def read_flow_runs(self, flow_run_filter: Any, limit: int = 200, **_: Any) -> list[Any]:
        wanted = flow_run_filter.state.type.any_
        if flow_run_filter.tags is not None:
            assert flow_run_filter.tags.all_ == ["rc-1", UNIT_TAG]
            return [unit for unit in self.units if unit.state_type in wanted][:limit]
        return [self.run] if self.run.state_type in wanted else []

    def read_task_runs(self, **_: Any) -> list[Any]:
        return []

    def set_flow_run_state(self, run: UUID, state: Any, force: bool = False) -> None:
        if self.faults.get(run):
            fault = self.faults[run].pop()
            if isinstance(fault, ObjectNotFound):
                self.units = [unit for unit in self.units if unit.id != run]
            raise fault
        self.said.append((run, state.type))
        next(one for one in (self.run, *self.units) if one.id == run).state_type = state.type


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What was killed; the run has a process as long as `holder` says so."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))
    return told


def held(monkeypatch: pytest.MonkeyPatch, holder: object) -> None:
    monkeypatch.setattr(module.RunStore, "holder", lambda _: holder)


def test_the_training_runs_of_a_cancelled_run_are_cancelled_however_often_the_server_falls_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[tuple[int, int]]
) -> None:
    client, runner = Client(units=2), Runner(tmp_path)
    client.faults[client.units[1].id] = [httpx.ReadTimeout("late"), httpx.ReadTimeout("late")]
    held(monkeypatch, SimpleNamespace(pid=7))
    with pytest.raises(httpx.ReadTimeout):
        runner.look(client)  # type: ignore[arg-type]
    client.run.state_type = StateType.CRASHED  # so Prefect's engine calls it when its process is told to end
    held(monkeypatch, None)
    with pytest.raises(httpx.ReadTimeout):
        runner.look(client)  # type: ignore[arg-type]
    assert client.run.state_type == StateType.CRASHED  # not yet cancelled: a training run goes on
    runner.look(client)  # type: ignore[arg-type]
    assert [unit.state_type for unit in client.units] == [StateType.CANCELLING] * 2
    assert client.said[-1] == (client.run.id, StateType.CANCELLED)
    assert killed == [(7, signal.SIGTERM)]
    assert (runner._ending, runner._units_told) == ({}, set())


def test_what_the_process_submitted_before_it_ended_is_cancelled_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[tuple[int, int]]
) -> None:
    client, runner = Client(units=1), Runner(tmp_path)
    held(monkeypatch, SimpleNamespace(pid=7))
    runner.look(client)  # type: ignore[arg-type]
    client.units.append(SimpleNamespace(id=uuid4(), state_type=StateType.SCHEDULED))
    runner.look(client)  # type: ignore[arg-type]
    held(monkeypatch, None)
    runner.look(client)  # type: ignore[arg-type]
    assert [unit.state_type for unit in client.units] == [StateType.CANCELLING] * 2
    assert len(killed) == 1


def test_a_training_run_that_is_deleted_just_then_does_not_keep_the_run_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, runner = Client(units=2), Runner(tmp_path)
    client.faults[client.units[0].id] = [ObjectNotFound(http_exc=httpx.ReadTimeout("404"))]
    held(monkeypatch, None)
    runner.look(client)  # type: ignore[arg-type]
    assert [unit.state_type for unit in client.units] == [StateType.CANCELLING]
    assert client.run.state_type == StateType.CANCELLED
