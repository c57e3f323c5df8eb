"""When a unit is taken for lost, and when it is done a second time: decided without a server."""

import time
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

pytest.importorskip("prefect")

from prefect.client.schemas.objects import StateType, WorkerStatus

from researchclaw.flow.pool import PENDING_S, NoWorker, PoolLaboratory, PoolSettings, _Open
from stages.errors import ExperimentFailed


class Client:
    """Takes submissions; what was submitted before has ended in the states given."""

    def __init__(self, *earlier: StateType) -> None:
        self.keys: list[str] = []
        self._earlier = list(earlier)

    def create_flow_run_from_deployment(self, _deployment: UUID, **given: Any) -> Any:
        self.keys.append(given["idempotency_key"])
        return SimpleNamespace(id=uuid4(), state_type=self._earlier.pop(0) if self._earlier else StateType.SCHEDULED)


@pytest.fixture
def laboratory() -> PoolLaboratory:
    pool = PoolSettings(name="lab", server_url="http://127.0.0.1:9", secret=None, no_worker_s=10)
    made = PoolLaboratory(SimpleNamespace(), pool, study="rc-1", weaker_isolation=False)  # type: ignore[arg-type]
    made._deployment = uuid4()
    made._queue = "py3_torch"
    return made


def opened() -> Any:
    return _Open(SimpleNamespace(request=SimpleNamespace(condition="cosine", seed=1, purpose="report")), "a" * 64)  # type: ignore[arg-type]


def at_work(run: UUID) -> dict[UUID, Any]:
    return {run: SimpleNamespace(id=run, state_type=StateType.RUNNING, labels={})}


def test_attempts_that_ended_badly_count_for_nothing_and_an_open_one_is_found_again(laboratory: PoolLaboratory) -> None:
    client: Any = Client(StateType.CRASHED, StateType.CANCELLED, StateType.RUNNING)
    one = opened()
    laboratory._submit(client, one)
    assert client.keys == [f"{'a' * 64}:{number}" for number in (1, 2, 3)]
    assert len(one.runs) == 1


def test_a_unit_that_is_lost_again_and_again_ends_the_study(laboratory: PoolLaboratory) -> None:
    one = opened()
    one.tries = 5
    with pytest.raises(ExperimentFailed, match=r"cosine, seed 1, report was lost 5 times in pool lab"):
        laboratory._submit(Client(), one)  # type: ignore[arg-type]


SLOW = [([5.0] * 3, 100, True), ([5.0] * 3, 50, False), ([30.0] * 3, 100, False), ([5.0] * 2, 100, False)]


@pytest.mark.parametrize(("seconds", "took", "twice"), SLOW)
def test_what_takes_far_longer_than_the_rest_is_done_a_second_time_once(
    laboratory: PoolLaboratory, seconds: list[float], took: float, twice: bool
) -> None:
    now, one, client = time.monotonic(), opened(), Client()
    run = uuid4()
    one.runs[run] = now - took
    laboratory._seconds = seconds
    for _ in range(2):
        laboratory._help_the_slow(client, [one], at_work(run), now)  # type: ignore[arg-type]
    assert len(client.keys) == int(twice)


def test_as_long_as_something_waits_for_a_worker_nothing_is_done_twice(laboratory: PoolLaboratory) -> None:
    now, one, client = time.monotonic(), opened(), Client()
    run = uuid4()
    one.runs[run] = now - 1000
    laboratory._seconds = [1.0] * 5
    waiting = {uuid4(): SimpleNamespace(state_type=StateType.SCHEDULED)}
    laboratory._help_the_slow(client, [one], at_work(run) | waiting, now)  # type: ignore[arg-type, operator]
    laboratory._help_the_slow(client, [one, opened()], at_work(run), now)  # type: ignore[arg-type]
    assert client.keys == []


def test_a_unit_is_lost_when_its_worker_is_gone_or_it_was_taken_and_never_begun(laboratory: PoolLaboratory) -> None:
    one, now = opened(), 1000.0
    labels = {"prefect.worker.name": "one"}
    at_work = SimpleNamespace(id=uuid4(), labels=labels, state_type=StateType.RUNNING)
    taken = SimpleNamespace(id=uuid4(), labels=labels, state_type=StateType.PENDING)
    assert laboratory._is_lost(at_work, one, {"one"}, now)  # type: ignore[arg-type]
    assert not laboratory._is_lost(at_work, one, {"two"}, now + 1000)  # type: ignore[arg-type]
    assert not laboratory._is_lost(taken, one, set(), now)  # type: ignore[arg-type]
    assert laboratory._is_lost(taken, one, set(), now + PENDING_S + 1)  # type: ignore[arg-type]
    laboratory._silent_at = now  # the server was away: heartbeats come late
    assert not laboratory._is_lost(at_work, one, {"one"}, now + 60)  # type: ignore[arg-type]


def test_a_single_late_heartbeat_is_no_death(laboratory: PoolLaboratory) -> None:
    workers: Any = [SimpleNamespace(name="one", status=WorkerStatus.OFFLINE)]
    assert laboratory._gone(workers) == set()
    laboratory._offline_since["one"] -= 21
    assert laboratory._gone(workers) == {"one"}
    assert laboratory._gone([SimpleNamespace(name="one", status=WorkerStatus.ONLINE)]) == set()  # type: ignore[list-item]
    assert laboratory._gone(workers) == set()


def test_workers_of_another_version_are_named(laboratory: PoolLaboratory) -> None:
    laboratory._served_at = time.monotonic() - 11
    online: Any = [SimpleNamespace(name="old-1 [py3_torch2.0]", status=WorkerStatus.ONLINE)]
    with pytest.raises(NoWorker, match=r"online: old-1 \[py3_torch2\.0\]"):
        laboratory._expect_workers(online, {})
    online[0].name = "new-1 [py3_torch]"
    laboratory._expect_workers(online, {})
