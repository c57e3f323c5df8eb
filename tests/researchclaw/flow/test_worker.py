"""What a worker does when the server, a person or its own disk gets in the way: decided over a server that is pretended."""

import asyncio
import errno
import os
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

pytest.importorskip("prefect")

from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.workers.base import BaseWorker

from researchclaw import unit_bench
from researchclaw.flow import worker as module
from researchclaw.flow.work_pool import UNFIT, worker_name
from researchclaw.flow.worker import ExperimentWorker
from researchclaw.unit_store import RemoteStore
from researchclaw.units import Environment, WorkerUnfit

HERE = Environment(python="3.11", torch="2.9.0", numpy="2.3.0", processor="x86_64-AuthenticAMD-avx2")
GONE = httpx.ConnectError("refused")


class Server:
    """One flow run and what was said about it; each call first ends with the next fault, if there is one left."""

    def __init__(self, state: StateType) -> None:
        self.state: StateType = state
        self.faults: list[Exception] = []
        self.said: list[State[Any]] = []

    def _fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    async def read_flow_run(self, _id: object) -> Any:
        self._fault()
        return SimpleNamespace(state=State(type=self.state))

    async def read_flow_runs(self, flow_run_filter: Any) -> list[Any]:
        self._fault()
        at_work = flow_run_filter.id.any_
        return [SimpleNamespace(id=one) for one in at_work] if self.state in flow_run_filter.state.type.any_ else []

    async def set_flow_run_state(self, _id: object, state: State[Any], force: bool = False) -> Any:
        """As the server: what is being cancelled can only become cancelled."""
        self._fault()
        self.said.append(state)
        if self.state == StateType.CANCELLING and state.type != StateType.CANCELLED:
            return SimpleNamespace(status=SetStateStatus.REJECT, state=State(type=self.state))
        self.state = state.type
        return SimpleNamespace(status=SetStateStatus.ACCEPT, state=state)


class Place:
    """A slot whose unit ends as the test says."""

    def __init__(self) -> None:
        self.future: Future[str] = Future()
        self.killed = False

    def submit(self, _unit: str) -> Future[str]:
        return self.future

    def kill(self) -> None:
        self.killed = True


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> ExperimentWorker:
    for name in ("RETRY_S", "LOOK_S", "REST_S"):
        monkeypatch.setattr(module, name, 0)
    return ExperimentWorker("lab", worker_name("one", HERE), HERE, str, (None,))


def at(worker: ExperimentWorker, state: StateType, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(state)
    worker._client = server  # type: ignore[assignment]

    async def proposed(client: Any, state: State[Any], flow_run_id: object) -> State[Any]:
        await client.set_flow_run_state(flow_run_id, state)
        return State(type=client.state)

    monkeypatch.setattr(module, "propose_state", proposed)
    return server


def flow_run() -> Any:
    return SimpleNamespace(id=uuid4(), name="cosine, seed 1, report", parameters={"unit": "a" * 64})


BEGINS = {
    StateType.PENDING: True,
    StateType.RUNNING: True,  # the answer to its own first word was lost
    StateType.CRASHED: False,  # it slept for minutes, and the study gave the unit to another worker
    StateType.COMPLETED: False,
    StateType.CANCELLED: False,
    StateType.CANCELLING: False,
}


@pytest.mark.parametrize(("state", "begins"), BEGINS.items())
def test_only_a_unit_that_was_neither_cancelled_nor_given_to_another_is_begun_however_often_the_server_falls_silent(
    worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch, state: StateType, begins: bool
) -> None:
    server = at(worker, state, monkeypatch)
    server.faults = [GONE, httpx.ReadTimeout("late")]
    assert asyncio.run(worker._may_begin(flow_run())) is begins
    assert server.state == (StateType.RUNNING if begins else StateType.CANCELLED if state == StateType.CANCELLING else state)


def test_a_unit_of_a_deleted_database_is_not_begun(worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    at(worker, StateType.PENDING, monkeypatch).faults = [ObjectNotFound(http_exc=GONE)]
    assert asyncio.run(worker._may_begin(flow_run())) is False


def test_the_end_is_told_when_the_server_is_back_and_a_late_cancellation_is_closed(
    worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = at(worker, StateType.CANCELLING, monkeypatch)
    server.faults = [GONE] * 3
    asyncio.run(worker._say(flow_run(), State(type=StateType.COMPLETED, message="result abc")))
    assert (server.state, server.said[-1].message) == (StateType.CANCELLED, "result abc")


def test_a_unit_that_a_person_cancels_is_killed(worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    server, place = at(worker, StateType.RUNNING, monkeypatch), Place()

    async def scene() -> State[Any]:
        looking = asyncio.create_task(worker.look_for_cancelled())
        ending = asyncio.create_task(worker._end(flow_run(), place))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        assert not ending.done()
        server.faults = [GONE]
        server.state = StateType.CANCELLING
        state = await asyncio.wait_for(ending, 5)
        looking.cancel()
        return state

    assert asyncio.run(scene()).type == StateType.CANCELLED
    assert place.killed
    assert worker._cancelled == {}


def test_a_full_disk_is_told_at_once_as_the_machines_crash_and_the_whole_worker_rests(
    worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(worker, StateType.RUNNING, monkeypatch)
    waiting, place, submitted = flow_run(), Place(), list[Any]()
    place.future.set_exception(WorkerUnfit("/data has 3 MB free"))

    async def scheduled(_: object) -> list[Any]:
        return [waiting]

    async def submit(_: object, one: Any) -> None:
        submitted.append(one)

    monkeypatch.setattr(BaseWorker, "get_and_submit_flow_runs", scheduled)
    monkeypatch.setattr(BaseWorker, "_submit_run", submit)
    monkeypatch.setattr(module, "REST_S", 60)

    async def scene() -> State[Any]:
        state = await worker._end(flow_run(), place)  # type: ignore[arg-type]
        assert await worker.get_and_submit_flow_runs() == []
        worker._submitting_flow_run_ids.add(waiting.id)
        await worker._submit_run(waiting)  # found before the rest began
        assert (submitted, worker._submitting_flow_run_ids) == ([], set())
        worker._rests_until = time.monotonic()
        assert await worker.get_and_submit_flow_runs() == [waiting]
        await worker._submit_run(waiting)
        return state

    state = asyncio.run(scene())
    assert (state.type, state.name, submitted) == (StateType.CRASHED, UNFIT, [waiting])
    assert state.message is not None
    assert state.message.endswith("/data has 3 MB free")


def test_a_worker_outlives_a_server_that_is_away_for_long(worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> Any:
        raise GONE

    for name in ("get_and_submit_flow_runs", "sync_with_backend", "_submit_run"):
        monkeypatch.setattr(BaseWorker, name, away)
    taken = flow_run()

    async def scene() -> None:
        for _ in range(50):  # Prefect's own loop ends after twelve
            assert await worker.get_and_submit_flow_runs() == []
            await worker.sync_with_backend()
        worker._submitting_flow_run_ids.add(taken.id)
        await worker._submit_run(taken)

    asyncio.run(scene())
    assert worker._submitting_flow_run_ids == set()


def test_a_slot_that_has_ended_asks_at_once_after_it_counts_as_free_and_a_full_worker_does_not_ask(
    worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(worker, StateType.PENDING, monkeypatch)
    place, one, asked = Place(), flow_run(), list[int]()
    worker._slots[:] = worker._free[:] = [place]  # type: ignore[list-item]
    worker._limiter = anyio.CapacityLimiter(1)

    async def scheduled(_: object) -> list[Any]:
        asked.append(int(worker.limiter.available_tokens))
        return []

    monkeypatch.setattr(BaseWorker, "get_and_submit_flow_runs", scheduled)

    async def scene() -> None:
        asking = asyncio.create_task(worker.ask_when_free())
        worker.limiter.acquire_on_behalf_of_nowait(one.id)
        at_work = asyncio.create_task(worker._submit_run_and_capture_errors(one))
        while worker._free:
            await asyncio.sleep(0)
        assert await worker.get_and_submit_flow_runs() == []
        assert asked == []
        place.future.set_result("result")
        await at_work
        await asyncio.sleep(0)
        assert asked == [1]
        asking.cancel()

    async def nothing(*_: object, **__: object) -> Any:
        return None

    worker._work_pool = SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setattr(worker.job_configuration, "resolve_for_flow_run", nothing)
    for name in ("_give_worker_labels_to_flow_run", "_propose_submitting_state"):
        monkeypatch.setattr(worker, name, nothing)
    monkeypatch.setattr(worker, "_emit_flow_run_submitted_event", lambda *_: None)
    monkeypatch.setattr(worker, "get_flow_run_logger", lambda _: module.logger)
    asyncio.run(asyncio.wait_for(scene(), 5))


def test_a_worker_that_is_stopped_takes_nothing_any_more(worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()

    async def noted(*_: object) -> list[Any]:
        asked.append("something")
        return []

    for name in ("teardown", "get_and_submit_flow_runs", "_submit_run"):
        monkeypatch.setattr(BaseWorker, name, noted)

    async def scene() -> None:
        await worker.teardown()
        asked.clear()
        await worker.get_and_submit_flow_runs()
        await worker._submit_run(flow_run())

    asyncio.run(scene())
    assert asked == []


def test_an_answer_that_is_older_than_the_beginning_of_a_unit_does_not_count_it_twice(
    worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, waiting, taken = flow_run(), flow_run(), list[Any]()
    worker._limiter = anyio.CapacityLimiter(2)

    async def submit(_: object, one: Any) -> None:
        taken.append(one)

    monkeypatch.setattr(ExperimentWorker, "_submit_run", submit)
    monkeypatch.setattr(worker, "get_flow_run_logger", lambda _: module.logger)

    async def scene() -> None:
        worker.limiter.acquire_on_behalf_of_nowait(at_work.id)
        answer: Any = [SimpleNamespace(flow_run=one) for one in (at_work, waiting)]
        async with anyio.create_task_group() as worker._runs_task_group:
            await worker._submit_scheduled_flow_runs(answer)

    asyncio.run(scene())
    assert taken == [waiting]


def test_a_worker_that_is_refused_does_not_go_on(worker: ExperimentWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    request = httpx.Request("POST", "http://127.0.0.1:9/x")

    async def refused(*_: object) -> Any:
        raise PrefectHTTPStatusError("401", request=request, response=httpx.Response(401, request=request))

    monkeypatch.setattr(BaseWorker, "get_and_submit_flow_runs", refused)
    with pytest.raises(PrefectHTTPStatusError):
        asyncio.run(worker.get_and_submit_flow_runs())


def test_a_disk_out_of_order_is_the_machines_and_not_the_units_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "files"))

    monkeypatch.setattr(unit_bench, "_made", full)
    monkeypatch.setattr(RemoteStore, "result", lambda *_: None)
    place = unit_bench.Place("http://127.0.0.1:9", None, tmp_path, "one")
    with pytest.raises(WorkerUnfit, match=r"No space left on device \(.*files\)"):
        unit_bench.perform("a" * 64, place)
    with pytest.raises(WorkerUnfit, match="a unit may need"):
        unit_bench._enough_disk(tmp_path, 1 << 40)


def test_what_killed_units_left_is_removed_and_what_is_at_work_stays(tmp_path: Path) -> None:
    mine, dead, elsewhere = (f"unit-{unit_bench._here()}-{os.getpid()}-a", f"unit-{unit_bench._here()}-99999999-b", "unit-other-1-c")
    for name in (mine, dead, elsewhere):
        (tmp_path / name / "data").mkdir(parents=True)
    unit_bench.clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {mine, elsewhere}
