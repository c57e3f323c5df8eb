"""When a unit is taken for lost, and when it is done a second time: decided without a server."""

import time
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

pytest.importorskip("prefect")

from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

import researchclaw.flow.pool as pool_module
from researchclaw.flow.pool import PENDING_S, TRIES, NoWorker, PoolLaboratory, PoolSettings, _Open
from researchclaw.flow.work_pool import UNFIT
from researchclaw.unit_store import StoreSilent
from stages.errors import ExperimentFailed, SettingsError


class Client:
    """Takes submissions and keeps flow runs by their keys, as the server does; what was submitted before has ended as given."""

    def __init__(self, *earlier: StateType) -> None:
        self.keys: list[str] = []
        self.runs: dict[str, FlowRun] = {}
        self.workers: list[Any] = []
        self.told: list[tuple[UUID, StateType]] = []
        self.bodies: list[dict[str, Any]] = []
        self.faults: list[Exception | None] = []
        """What each call ends with after the server has done what it was asked; None, or at the end of the list: an answer."""
        self._earlier = list(earlier)

    def _fault(self) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault

    def request(self, _method: str, _path: str, *, path_params: Any, json: dict[str, Any]) -> httpx.Response:
        key = json["idempotency_key"]
        self.keys.append(key)
        self.bodies.append(json)
        if key not in self.runs:
            state = State(type=self._earlier.pop(0) if self._earlier else StateType.SCHEDULED)
            self.runs[key] = FlowRun(id=uuid4(), flow_id=uuid4(), name="unit", state=state, state_type=state.type)
        self._fault()
        return httpx.Response(200, json=self.runs[key].model_dump(mode="json"))

    def be(self, key: str, state: StateType, message: str = "", worker: str | None = None, name: str | None = None) -> None:
        labels = {} if worker is None else {"prefect.worker.name": worker}
        update = {"state": State(type=state, message=message, name=name), "state_type": state, "labels": labels}
        self.runs[key] = self.runs[key].model_copy(update=update)

    def read_flow_runs(self, **_: Any) -> list[FlowRun]:
        self._fault()
        return list(self.runs.values())

    def read_workers_for_work_pool(self, _name: str) -> list[Any]:
        self._fault()
        return self.workers

    def set_flow_run_state(self, run: UUID, state: Any, force: bool = False) -> None:
        self.told.append((run, state.type))
        self._fault()


class Results:
    """The store: which units have a result."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.faults: list[Exception] = []

    def result(self, unit: str) -> str | None:
        if self.faults:
            raise self.faults.pop(0)
        return self.known.get(unit)


@pytest.fixture
def laboratory(monkeypatch: pytest.MonkeyPatch) -> PoolLaboratory:
    monkeypatch.setattr(pool_module, "RETRY_S", 0)
    pool = PoolSettings(name="lab", server_url="http://127.0.0.1:9", secret=None, no_worker_s=10)
    made = PoolLaboratory(SimpleNamespace(), pool, study="rc-1", weaker_isolation=False)  # type: ignore[arg-type]
    made._deployment = uuid4()
    made._queue = "py3_torch"
    made._store = Results()  # type: ignore[assignment]
    made._served_at = time.monotonic()
    return made


def known(laboratory: PoolLaboratory) -> dict[str, str]:
    return laboratory._store.known  # type: ignore[attr-defined, no-any-return]


def look(laboratory: PoolLaboratory, client: Client, *units: Any) -> list[str]:
    """One look that is tried until the server answers; the names of the units that have a result."""
    todo = {one.name: one for one in units}
    return [one.name for one, _ in laboratory._patiently(lambda: laboratory._look(client, todo))]  # type: ignore[arg-type]


def opened(name: str = "a" * 64) -> Any:
    return _Open(SimpleNamespace(request=SimpleNamespace(condition="cosine", seed=1, purpose="report")), name)  # type: ignore[arg-type]


def at_work(run: UUID) -> dict[UUID, Any]:
    return {run: SimpleNamespace(id=run, state_type=StateType.RUNNING, labels={})}


def test_attempts_that_ended_badly_count_for_nothing_and_an_open_one_is_found_again(laboratory: PoolLaboratory) -> None:
    client: Any = Client(StateType.CRASHED, StateType.CANCELLING, StateType.COMPLETED, StateType.RUNNING)
    one = opened()
    laboratory._submit(client, one)
    assert client.keys == [f"{'a' * 64}:{number}" for number in (1, 2, 3, 4)]
    assert len(one.runs) == 1


def test_a_unit_that_is_lost_again_and_again_ends_the_study(laboratory: PoolLaboratory) -> None:
    one = opened()
    one.tries = 5
    with pytest.raises(
        ExperimentFailed, match=r"cosine, seed 1, report was lost 5 times in pool lab \(at last: its worker was gone\)"
    ):
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
    laboratory._help_the_slow(client, [one], at_work(run) | waiting, now)  # type: ignore[arg-type]
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
    laboratory._gone_since["one"] -= 21
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


# ---------------------------------------------------------------- a server that dies at every single call


GONE = httpx.ConnectError("refused")
CALLS = ["submit", "read the runs", "read the workers"]


def refused(code: int) -> PrefectHTTPStatusError:
    request = httpx.Request("POST", "http://127.0.0.1:9/x")
    return PrefectHTTPStatusError(str(code), request=request, response=httpx.Response(code, request=request))


@pytest.mark.parametrize("fault", [GONE, httpx.ReadTimeout("late"), refused(500), refused(503)])
@pytest.mark.parametrize("call", range(len(CALLS)), ids=CALLS)
def test_a_server_that_dies_at_a_call_costs_no_second_flow_run(laboratory: PoolLaboratory, call: int, fault: Exception) -> None:
    client, one = Client(), opened()
    client.faults = [None] * call + [fault] * 6
    assert look(laboratory, client, one) == []
    assert set(client.keys) == {one.name + ":1"}
    assert (len(one.runs), one.tries) == (1, 1)
    assert laboratory._silent_at > time.monotonic() - 5  # nobody is declared dead because of it


def test_a_server_that_is_away_for_too_long_ends_the_study_with_the_cause(laboratory: PoolLaboratory) -> None:
    laboratory._pool = PoolSettings(name="lab", server_url="http://127.0.0.1:9", secret=None, patience_s=0)
    client = Client()
    client.faults = [GONE] * 3
    with pytest.raises(StoreSilent, match=r"no sound answer for 0 s \(refused\); see `researchclaw server status`"):
        look(laboratory, client, opened())


def test_a_result_is_kept_when_another_units_look_fails_in_the_same_moment(laboratory: PoolLaboratory) -> None:
    client, done, other = Client(), opened(), opened("b" * 64)
    look(laboratory, client, done, other)
    known(laboratory)[done.name] = "c" * 64
    client.be(done.name + ":1", StateType.COMPLETED)
    client.be(other.name + ":1", StateType.RUNNING, worker="gone")
    laboratory._silent_at = float("-inf")
    laboratory._gone_since = {"gone": float("-inf")}
    client.faults = [None, None, GONE]  # the last: to say that the other one's worker is gone
    assert look(laboratory, client, done, other) == [done.name]
    assert client.keys == [done.name + ":1", other.name + ":1"]
    assert [state for _, state in client.told] == [StateType.CRASHED]


def test_a_store_that_was_silent_delays_the_declaring_of_deaths(laboratory: PoolLaboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    client, one = Client(), opened()
    look(laboratory, client, one)
    assert laboratory._silent_at == float("-inf")
    monkeypatch.setattr(pool_module, "LONG_S", -1)
    look(laboratory, client, one)
    assert laboratory._silent_at > time.monotonic() - 5


@pytest.mark.parametrize("call", range(len(CALLS)), ids=CALLS)
def test_a_deleted_database_is_filled_again_wherever_it_is_noticed(
    laboratory: PoolLaboratory, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    made: list[int] = []
    monkeypatch.setattr(laboratory, "_ready", lambda _client: made.append(1))
    client, one = Client(), opened()
    client.faults = [None] * call + [refused(404)]
    look(laboratory, client, one)
    look(laboratory, client, one)
    assert (made, len(one.runs)) == ([1], 1)


@pytest.mark.parametrize("absence", [refused(404), ObjectNotFound(http_exc=refused(404))], ids=["status", "named"])
def test_a_flow_run_that_is_deleted_while_its_death_is_told_costs_the_others_nothing(
    laboratory: PoolLaboratory, absence: Exception
) -> None:
    client, lost, other = Client(), opened(), opened("b" * 64)
    look(laboratory, client, lost, other)
    client.be(lost.name + ":1", StateType.RUNNING, worker="gone")
    laboratory._gone_since = {"gone": float("-inf")}
    client.faults = [None, None, absence]
    watched = dict(other.runs)
    look(laboratory, client, lost, other)
    look(laboratory, client, lost, other)
    assert client.keys == [lost.name + ":1", other.name + ":1", lost.name + ":2"]
    assert (other.runs, other.tries) == (watched, 1)


def test_a_second_one_that_is_deleted_before_it_is_stopped_does_not_delay_the_result(laboratory: PoolLaboratory) -> None:
    client, one, other = Client(), opened(), opened("b" * 64)
    look(laboratory, client, one, other)
    laboratory._submit(client, one)  # type: ignore[arg-type]
    known(laboratory)[one.name] = "c" * 64
    client.be(one.name + ":1", StateType.COMPLETED)
    client.faults = [None, None, refused(404)]
    assert look(laboratory, client, one, other) == [one.name]
    assert len(other.runs) == 1


def test_what_is_no_server_of_prefect_is_said_after_a_few_tries(laboratory: PoolLaboratory) -> None:
    def ask() -> None:
        raise refused(404)

    with pytest.raises(SettingsError, match="lacks what it was asked for"):
        laboratory._patiently(ask)
    with pytest.raises(SettingsError, match=r"refuses \(401\)"):
        laboratory._patiently(lambda: (_ for _ in ()).throw(refused(401)))


# ---------------------------------------------------------------- what else goes wrong


def test_units_are_due_by_the_servers_clock(laboratory: PoolLaboratory) -> None:
    client = Client()
    laboratory._submit(client, opened())  # type: ignore[arg-type]
    assert "state" not in client.bodies[0]  # Prefect's own client would put this machine's time there


def test_a_stopped_worker_that_comes_back_begins_twice_and_the_first_result_counts(laboratory: PoolLaboratory) -> None:
    client, one = Client(), opened()
    look(laboratory, client, one)
    client.be(one.name + ":1", StateType.RUNNING, worker="stopped")
    client.workers = [SimpleNamespace(name="stopped", status=WorkerStatus.OFFLINE)]
    look(laboratory, client, one)
    laboratory._gone_since["stopped"] -= 60
    look(laboratory, client, one)
    client.be(one.name + ":1", StateType.CRASHED)
    look(laboratory, client, one)
    assert client.keys == [one.name + ":1", one.name + ":2"]
    client.be(one.name + ":2", StateType.RUNNING, worker="other")
    client.workers = [SimpleNamespace(name=name, status=WorkerStatus.ONLINE) for name in ("stopped", "other")]
    known(laboratory)[one.name] = "c" * 64
    client.be(one.name + ":1", StateType.COMPLETED)  # it woke up and delivered; nobody asks for its flow run any more
    assert look(laboratory, client, one) == []
    client.be(one.name + ":2", StateType.COMPLETED)
    assert look(laboratory, client, one) == [one.name]


def test_of_two_that_do_the_same_the_second_is_stopped(laboratory: PoolLaboratory) -> None:
    client, one = Client(), opened()
    look(laboratory, client, one)
    laboratory._submit(client, one)  # type: ignore[arg-type]
    known(laboratory)[one.name] = "c" * 64
    client.be(one.name + ":1", StateType.COMPLETED)
    client.be(one.name + ":2", StateType.RUNNING, worker="slow")
    assert look(laboratory, client, one) == [one.name]
    assert client.told == [(client.runs[one.name + ":2"].id, StateType.CANCELLING)]


def test_a_worker_that_the_server_does_not_know_any_more_is_gone(laboratory: PoolLaboratory) -> None:
    assert laboratory._gone([], {"deleted"}) == set()
    laboratory._gone_since["deleted"] -= 21
    assert laboratory._gone([], {"deleted"}) == {"deleted"}


def test_the_last_try_is_not_spent_on_helping_the_slow(laboratory: PoolLaboratory) -> None:
    now, one, client = time.monotonic(), opened(), Client()
    run = uuid4()
    one.runs[run], one.tries = now - 1000, 5
    laboratory._seconds = [1.0] * 5
    laboratory._help_the_slow(client, [one], at_work(run), now)  # type: ignore[arg-type]
    assert client.keys == []


def test_a_crash_is_no_failure_of_the_unit_and_its_words_are_told_at_the_end(laboratory: PoolLaboratory) -> None:
    client, one = Client(), opened()
    for attempt in range(1, 6):
        look(laboratory, client, one)
        client.be(f"{one.name}:{attempt}", StateType.CRASHED, "lab2: killed by signal 9")
        look(laboratory, client, one)
    assert one.failed == 0
    with pytest.raises(ExperimentFailed, match=r"lost 5 times .*at last: lab2: killed by signal 9"):
        look(laboratory, client, one)


HEALTHY, FULL = "lab1-1 [py3_torch]", "lab2-1 [py3_torch]"


def given_back(laboratory: PoolLaboratory, client: Client, one: Any, times: int) -> None:
    """A machine with a full disk takes the unit and gives it back, so many times."""
    for _ in range(times):
        look(laboratory, client, one)
        client.be(f"{one.name}:{one.attempt}", StateType.CRASHED, f"{FULL}: /data has 3 MB free", FULL, UNFIT)
        look(laboratory, client, one)


def test_a_full_disk_costs_no_try_while_a_healthy_worker_is_busy(laboratory: PoolLaboratory) -> None:
    client, one, long = Client(), opened(), opened("b" * 64)
    client.workers = [SimpleNamespace(name=name, status=WorkerStatus.ONLINE) for name in (HEALTHY, FULL)]
    look(laboratory, client, long)
    client.be(long.name + ":1", StateType.RUNNING, worker=HEALTHY)
    given_back(laboratory, client, one, 2 * TRIES)
    laboratory._served_at = time.monotonic() - 1000
    look(laboratory, client, one, long)
    assert (one.tries, one.failed, len(one.runs)) == (1, 0, 1)


def test_a_pool_of_full_disks_ends_the_study_with_their_words(laboratory: PoolLaboratory) -> None:
    client, one = Client(), opened()
    client.workers = [SimpleNamespace(name=FULL, status=WorkerStatus.ONLINE)]
    given_back(laboratory, client, one, 2)
    served = laboratory._served_at
    look(laboratory, client, one)
    assert laboratory._served_at == served  # it is there, and serves nobody
    laboratory._served_at -= 11
    client.be(one.name + ":3", StateType.RUNNING, worker=FULL)
    look(laboratory, client, one)  # it may have been mended
    client.be(one.name + ":3", StateType.CRASHED, f"{FULL}: /data has 3 MB free", FULL, UNFIT)
    with pytest.raises(
        NoWorker, match=r"pool lab has no worker that can do a unit \(lab2-1 \[py3_torch\]: /data has 3 MB free\); mend"
    ):
        look(laboratory, client, one)


def test_a_worker_whose_disk_was_mended_serves_again_when_it_has_done_a_unit(laboratory: PoolLaboratory) -> None:
    client, one, other = Client(), opened(), opened("b" * 64)
    client.workers = [SimpleNamespace(name=FULL, status=WorkerStatus.ONLINE)]
    given_back(laboratory, client, one, 1)
    look(laboratory, client, one, other)
    known(laboratory)[one.name] = "c" * 64
    client.be(one.name + ":2", StateType.COMPLETED, worker=FULL)
    assert look(laboratory, client, one, other) == [one.name]
    laboratory._served_at -= 1000
    look(laboratory, client, other)
    assert laboratory._served_at > time.monotonic() - 5


def test_a_unit_that_a_person_cancels_ends_the_study_with_one_line(laboratory: PoolLaboratory) -> None:
    client, one = Client(), opened()
    look(laboratory, client, one)
    client.be(one.name + ":1", StateType.CANCELLING)
    with pytest.raises(ExperimentFailed, match=r"cosine, seed 1, report was cancelled in Prefect; `researchclaw resume`"):
        look(laboratory, client, one)
