"""The laboratory whose training runs are done by Prefect workers on other machines.

Data are prepared and steps are timed here, as ever; each training run then is a flow run of a deployment in a work pool,
with the hash of its unit as its only parameter. Prefect's server is the queue; the project's store holds the units and the
results; the run's journal, not Prefect's database, says what is paid for. A unit is submitted again when its worker is gone
(it is offline for the server, or never said which it was), and a second time beside the first when it takes far longer than
the others; the first result counts. Everything is found again by name: a study that was killed takes what was done
meanwhile.
"""

from __future__ import annotations

import itertools
import logging
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State, StateType, Worker, WorkerStatus
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelling, Crashed

from researchclaw.adapters.experiment_runner import looked_at_test, run_folder, write_run
from researchclaw.adapters.laboratory import LocalLaboratory, append_result
from researchclaw.flow.unit import ENTRYPOINT, FLOW
from researchclaw.flow.work_pool import HEARTBEAT_S, UNFIT, make_pool, queue_of
from researchclaw.flow.zombies import UNIT_TAG
from researchclaw.unit_store import NotWhatItSays, RemoteStore, StoreSilent
from researchclaw.units import (
    UNIT_MAX,
    ResultRefused,
    Split,
    Unit,
    believed,
    environment_here,
    machine_of,
    packed,
    unit_name,
)
from stages.contracts import CorpusFacts, GeneratedKit, RunRecord, Slug, TrainingRequest
from stages.errors import ExperimentFailed, SettingsError
from stages.ports import Preparation, ProbeRequest, Probes

if TYPE_CHECKING:
    from researchclaw.units import UnitResult

logger = logging.getLogger(__name__)

POLL_S = 1.0
RETRY_S = 2.0
PENDING_S = 45.0
"""A unit that was taken runs within seconds; that of a worker that was killed just then stays pending for ever."""
AFTER_SILENCE_S = 90.0
"""After the server was away, workers need up to a minute for their next heartbeat: nobody is declared dead before."""
TRIES = 5
"""Times that a unit is submitted in one process of the study; those that met a machine unfit for any unit do not count."""
FAILURES = 3
"""Times that workers may say of a unit that they cannot do it."""
SLOWER = 4.0
"""A unit that takes so many times the median is done a second time beside it (a guess; load varies by 2 to 3)."""
SLOW_S = 60.0
PAGE = 200
BATCH = 20
"""Units that are submitted between two looks."""
LONG_S = 10.0
"""A look that takes longer has met a server, or a store, that was silent for a while."""
MISSED = 3
"""Times in a row that the server may lack what was made there a moment ago."""
ENDED = (StateType.CRASHED, StateType.FAILED, StateType.CANCELLING, StateType.CANCELLED, StateType.COMPLETED)
SILENT_S = 3.0 * HEARTBEAT_S
"""When the server calls a worker offline."""


@dataclass(frozen=True)
class PoolSettings:
    """How a study uses a pool."""

    name: str
    server_url: str
    secret: str | None
    limit: int | None = None
    """Units at once in the whole pool; None: as the pool has it."""
    patience_s: float = 600
    """A server that is away so long ends the study; it can be resumed."""
    lost_s: float = 35
    """Without a sign of life for so long, a worker is taken for dead; a heartbeat may be late on a busy machine."""
    no_worker_s: float = 300
    """So long a pool may have no worker for this study, or none that can do its units."""


class NoWorker(SettingsError):
    """Nobody serves the pool with the versions of this study, or nobody who can do its units."""


@dataclass
class _Open:
    """A unit that has no result yet."""

    unit: Unit
    name: str
    runs: dict[UUID, float | None] = field(default_factory=dict)
    """Flow run -> when it was first seen at work (monotonic seconds), None before."""
    pending_since: dict[UUID, float] = field(default_factory=dict)
    tries: int = 0
    attempt: int = 0
    failed: int = 0
    answer: str | None = None
    """Name of its result, once one is there: a fault elsewhere in the same look does not lose it."""
    said: str | None = None
    """What the last attempt ended with."""


class PoolLaboratory:
    """`stages.ports.Laboratory` in which training runs are done by the workers of a pool."""

    def __init__(
        self,
        local: LocalLaboratory,
        pool: PoolSettings,
        *,
        study: str,
        weaker_isolation: bool,
        workers: int | None = None,
        on_record: Callable[[TrainingRequest, RunRecord], None] | None = None,
    ) -> None:
        """local: prepares data, times steps, and owns the run folder. workers: runs at once, for the estimate of the time."""
        self._local, self._pool, self._study = local, pool, study
        self._weaker, self._workers, self._on_record = weaker_isolation, workers, on_record
        self._store = RemoteStore(pool.server_url, pool.secret, patience_s=pool.patience_s)
        self._queue: str | None = None
        self._deployment: UUID | None = None
        self._silent_at = float("-inf")
        self._served_at = 0.0
        self._seconds: list[float] = []
        self._gone_since: dict[str, float] = {}
        self._unfit: dict[str, str] = {}
        """Worker -> what keeps it from doing units (a full disk), until it has done one."""

    @property
    def isolation(self) -> str:
        return self._local.isolation

    @property
    def device(self) -> str:
        return f"{self._local.device}, and the same kind of processor in the workers of pool {self._pool.name}"

    @property
    def workers(self) -> int:
        """As set, else the workers that serve the pool now, at least one."""
        if self._workers is not None:
            return self._workers
        with self._connected() as client:
            return max(1, len(self._serving(client)))

    def corpus(self, kit: Slug) -> CorpusFacts:
        return self._local.corpus(kit)

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        """Raises: SettingsError: workers know shipped kits only."""
        raise SettingsError(
            f"the kit {kit.name!r} is written in this study, and workers train shipped kits only; "
            "`researchclaw resume --set experiment.executor=local` goes on here."
        )

    def probe(self, kit: Slug, requests: Sequence[ProbeRequest]) -> Probes:
        return self._local.probe(kit, requests)

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        """See `Laboratory.measure`. An interruption leaves the units to the workers; the next process takes the results.

        Raises:
            NoWorker: nobody serves the pool, or nobody who can.
            ExperimentFailed: a unit was refused, cancelled by a person, or lost again and again.
            StoreSilent: the server was away for too long.
        """
        records: dict[str, RunRecord] = {}
        names: list[str] = []
        opened: dict[str, _Open] = {}
        for request in requests:
            unit = self._unit(request)
            name = unit_name(unit)
            names.append(name)
            if name not in opened:
                opened[name] = _Open(unit, name)
        with self._connected() as client:
            self._patiently(lambda: self._ready(client))
            for one in list(opened.values()):
                self._send(one.unit, one.name)
                if (answer := self._store.result(one.name)) is not None:
                    records[one.name] = self._taken(opened.pop(one.name), answer)
            self._served_at = time.monotonic()
            while opened:
                for one, answer in self._patiently(lambda: self._look(client, opened)):
                    records[one.name] = self._taken(opened.pop(one.name), answer)
                if opened:
                    time.sleep(POLL_S)
        return tuple(records[name] for name in names)

    # ------------------------------------------------------------ sending

    def _unit(self, request: TrainingRequest) -> Unit:
        shipment = self._local.shipment(request)
        wanted: tuple[Split, ...] = ("train.bin", "val.bin" if request.split == "val" else "test.bin")
        if request.sealed:
            wanted = ("train.bin", "val.bin", "test.bin")
        return Unit(
            study=self._study,
            request=request,
            kit_files=shipment.kit_files,
            metric=shipment.metric,
            corpus=shipment.corpus,
            data={split: shipment.files[split] for split in wanted},
            environment=environment_here(),
            weaker_isolation=self._weaker,
            memory_mb=shipment.limits.memory_mb,
            disk_mb=shipment.limits.scratch_mb,
            processes=shipment.limits.processes,
            startup_s=shipment.startup_s,
            keep_weights=shipment.keep_weights,
            held_out=shipment.held_out,
        )

    def _send(self, unit: Unit, name: str) -> None:
        content = packed(unit)
        if len(content) > UNIT_MAX:
            raise ExperimentFailed(f"{unit.request.condition}: a unit of {len(content)} bytes; {UNIT_MAX} are allowed")
        folder = self._local.shipment(unit.request).folder
        for split, digest in unit.data.items():
            self._store.put(digest, folder / split)
        self._store.put(name, content)

    def _ready(self, client: SyncPrefectClient) -> None:
        """The pool and the deployment are there."""
        queue = environment_here().queue
        kind = make_pool(client, self._pool.name, queue, self._pool.limit)
        self._queue = queue if kind == "process" else None
        self._deployment = client.create_deployment(
            client.create_flow_from_name(FLOW),
            self._pool.name,
            work_pool_name=self._pool.name,
            work_queue_name=self._queue,
            entrypoint=ENTRYPOINT,
            description="One training run of a study; made by researchclaw.",
            enforce_parameter_schema=False,
        )

    def _submit(self, client: SyncPrefectClient, one: _Open) -> None:
        """Submit the unit, or find what an earlier process submitted; attempts that ended without a result count for nothing.

        An attempt counts when the server has confirmed it: where the answer was lost, the same key finds the same flow run.
        """
        if one.tries >= TRIES:
            raise ExperimentFailed(
                f"{_title(one.unit)} was lost {TRIES} times in pool {self._pool.name} (at last: {one.said or 'its worker was gone'}); "
                "see its flow runs, then `researchclaw resume`."
            )
        while True:
            run = self._flow_run(client, one, one.attempt + 1)
            one.attempt += 1
            if run.state_type not in ENDED or self._store.result(one.name) is not None:  # it may have ended since the study looked
                break
        one.runs[run.id] = None
        one.tries += 1

    def _flow_run(self, client: SyncPrefectClient, one: _Open, attempt: int) -> FlowRun:
        """Due now by the server's clock, which Prefect's own client does not know; the one that is there, if it is."""
        assert self._deployment is not None
        asked = {
            "parameters": {"unit": one.name},
            "name": _title(one.unit),
            "tags": [self._study, UNIT_TAG],
            "idempotency_key": f"{one.name}:{attempt}",
        }
        queue = {} if self._queue is None else {"work_queue_name": self._queue}
        place = {"id": self._deployment}
        answer = client.request("POST", "/deployments/{id}/create_flow_run", path_params=place, json={**asked, **queue})
        return FlowRun.model_validate(answer.json())

    # ------------------------------------------------------------ watching

    def _look(self, client: SyncPrefectClient, opened: dict[str, _Open]) -> list[tuple[_Open, str]]:
        """One look at every open unit: what has ended, with the names of the results; what is lost is submitted again."""
        try:
            with _absence_named():
                unsent = (one for one in opened.values() if not one.runs and one.answer is None)
                for one in itertools.islice(unsent, BATCH):  # what ends meanwhile is not to wait for a long list
                    self._submit(client, one)
                self._ended(client, opened)
                done = [(one, one.answer) for one in opened.values() if one.answer is not None]
                for one, _ in done:
                    self._stop(client, one)
                return done
        except ObjectNotFound:  # no deployment or no pool: the database was deleted, and all that it held is made again
            for one in opened.values():
                one.runs.clear()
            self._ready(client)
            return []

    def _ended(self, client: SyncPrefectClient, opened: dict[str, _Open]) -> None:
        of = {run: one for one in opened.values() for run in one.runs}
        found = _read(client, list(of))
        workers = client.read_workers_for_work_pool(self._pool.name)
        gone = self._gone(workers, {_worker(run) for run in found.values()} - {None})
        self._expect_workers(workers, found)
        now = time.monotonic()
        for run_id, one in of.items():
            if one.answer is None:
                self._see(client, one, run_id, found.get(run_id), gone, now)
        self._help_the_slow(client, [one for one in opened.values() if one.answer is None], found, now)

    def _see(self, client: SyncPrefectClient, one: _Open, run_id: UUID, run: FlowRun | None, gone: set[str], now: float) -> None:
        """What became of one flow run; None: it was deleted."""
        state = None if run is None else run.state_type
        if state in (StateType.CANCELLED, StateType.CANCELLING):
            raise ExperimentFailed(f"{_title(one.unit)} was cancelled in Prefect; `researchclaw resume` submits it again.")
        if run is None or state in ENDED:
            one.answer = self._store.result(one.name)
            began = one.runs.pop(run_id)
            if run is not None:
                self._judge(one, run)
            if one.answer is not None:
                if began is not None:
                    self._seconds.append(now - began)
                return
            one.said = (run.state.message if run is not None and run.state is not None else None) or "no reason given"
            if state == StateType.FAILED:
                one.failed += 1
                if one.failed >= FAILURES:
                    raise ExperimentFailed(f"{_title(one.unit)} was not done: {one.said}")
            logger.warning("%s is submitted again: %s", _title(one.unit), one.said)
            return
        if state == StateType.RUNNING:
            one.runs[run_id] = one.runs[run_id] or now
        if state in (StateType.RUNNING, StateType.PENDING) and self._is_lost(run, one, gone, now):
            logger.warning("%s: its worker is gone; it is submitted again", _title(one.unit))
            _tell(client, run_id, Crashed(message="The worker is gone; the unit is submitted again."), force=True)
            del one.runs[run_id]

    def _judge(self, one: _Open, run: FlowRun) -> None:
        """What the end of a flow run says of its worker; a unit that met an unfit one keeps its try."""
        worker, state = _worker(run), run.state
        if worker is None or state is None:
            return
        if state.type == StateType.COMPLETED:
            self._unfit.pop(worker, None)
        elif state.type == StateType.CRASHED and state.name == UNFIT:
            self._unfit[worker] = state.message or worker
            one.tries -= 1

    @staticmethod
    def _stop(client: SyncPrefectClient, one: _Open) -> None:
        """What is done a second time although the result is there need not go on: its worker kills it. The first result counts."""
        for run_id in list(one.runs):
            _tell(client, run_id, Cancelling(message="Another worker was first."))  # refused for one that has ended
            del one.runs[run_id]

    def _gone(self, workers: Sequence[Worker], named: Iterable[str | None] = ()) -> set[str]:
        """Workers that the server has called offline for a while, and those of `named` that it does not know any more."""
        now = time.monotonic()
        away = {worker.name for worker in workers if worker.status == WorkerStatus.OFFLINE}
        away |= {name for name in named if name is not None} - {worker.name for worker in workers}
        self._gone_since = {name: self._gone_since.get(name, now) for name in away}
        return {name for name, since in self._gone_since.items() if now - since >= self._pool.lost_s - SILENT_S}

    def _is_lost(self, run: FlowRun, one: _Open, gone: set[str], now: float) -> bool:
        if now - self._silent_at < AFTER_SILENCE_S:
            return False
        since = one.pending_since.setdefault(run.id, now)
        if run.state_type == StateType.PENDING and now - since > PENDING_S:
            return True
        return _worker(run) in gone

    def _help_the_slow(self, client: SyncPrefectClient, waiting: list[_Open], found: dict[UUID, FlowRun], now: float) -> None:
        """When nothing waits for a worker any more, what takes far longer than the rest is done a second time beside it."""
        unsent = any(not one.runs for one in waiting)
        if unsent or len(self._seconds) < 3 or any(run.state_type == StateType.SCHEDULED for run in found.values()):
            return
        slow_s = max(SLOW_S, SLOWER * statistics.median(self._seconds))
        for one in waiting:
            if (
                len(one.runs) == 1
                and one.tries < TRIES
                and all(began is not None and now - began > slow_s for began in one.runs.values())
            ):
                logger.warning("%s takes more than %.0f s; another worker does it too", _title(one.unit), slow_s)
                self._submit(client, one)

    def _expect_workers(self, workers: Sequence[Worker], found: dict[UUID, FlowRun]) -> None:
        """Raises: NoWorker: for too long nobody served the pool, or only who can do no unit, and nothing is at work."""
        now = time.monotonic()
        online = [worker.name for worker in workers if worker.status == WorkerStatus.ONLINE]
        serving = [name for name in online if queue_of(name) in (None, self._queue)]
        at_work = [_worker(run) for run in found.values() if run.state_type in (StateType.RUNNING, StateType.PENDING)]
        if any(name not in self._unfit for name in (*serving, *at_work)):
            self._served_at = now
        elif at_work:  # an unfit one that tries again: it may have been mended, which its result will show
            return
        elif now - max(self._served_at, self._silent_at) > self._pool.no_worker_s:
            if serving:
                causes = "; ".join(self._unfit[name] for name in sorted(serving))
                raise NoWorker(
                    f"pool {self._pool.name} has no worker that can do a unit ({causes}); "
                    "mend that or start a worker on another machine, then `researchclaw resume`."
                )
            others = "; ".join(sorted(online)) or "none at all"
            raise NoWorker(
                f"pool {self._pool.name} has no worker for {environment_here().queue} (online: {others}); start one with the same "
                f"versions: researchclaw worker start --pool {self._pool.name} --server {self._pool.server_url}, then resume."
            )

    def _serving(self, client: SyncPrefectClient) -> list[str]:
        try:
            with _absence_named():
                workers = client.read_workers_for_work_pool(self._pool.name)
        except ObjectNotFound:
            return []
        queue = environment_here().queue
        return [w.name for w in workers if w.status == WorkerStatus.ONLINE and queue_of(w.name) in (None, queue)]

    # ------------------------------------------------------------ taking

    def _taken(self, one: _Open, answer: str) -> RunRecord:
        """The checked result as a record of this study, with its files in the run folder."""
        try:
            result = believed(one.unit, self._store.get(answer))
        except (ResultRefused, NotWhatItSays) as exc:
            remedy = f"delete .prefect/store/results/{one.name} at the server to have it done again, then resume"
            raise ResultRefused(f"{exc}; {remedy}.") from exc
        request, folder = one.unit.request, run_folder(self._local.run_folder, one.unit.request)
        shipment = self._local.shipment(request)
        write_run(folder, request, shipment.baseline)
        for name, digest in result.weights.items():
            (folder / "weights").mkdir(exist_ok=True)
            self._store.fetch(digest, folder / "weights").replace(folder / "weights" / name)
        record = self._record(result, request, folder)
        if looked_at_test(request, record):
            self._local.note_look(request)
        (folder / "log.txt").write_text(result.log, encoding="utf-8")
        (folder / "measurement.json").write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")
        append_result(self._local.run_folder / "experiment_runs" / "results.tsv", request, record)
        if self._on_record is not None:
            self._on_record(request, record)
        return record

    def _record(self, result: UnitResult, request: TrainingRequest, folder: Path) -> RunRecord:
        root = self._local.run_folder
        return result.record.model_copy(
            update={
                "folder": str(folder.relative_to(root)),
                "command": self._local.command(request, folder),
                "machine": machine_of(result),
            }
        )

    # ------------------------------------------------------------ the server

    @contextmanager
    def _connected(self) -> Iterator[SyncPrefectClient]:
        with get_client(sync_client=True) as client:
            yield client

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Raises: StoreSilent: no answer for too long."""
        until = time.monotonic() + self._pool.patience_s
        missed = 0
        while True:
            began = time.monotonic()
            try:
                with _absence_named():
                    answer = ask()
            except (httpx.TransportError, StoreSilent) as exc:
                failure: Exception = exc
            except ObjectNotFound as exc:  # the database is being deleted or made just now; or it is no such server
                missed, failure = missed + 1, exc
                if missed >= MISSED:
                    raise SettingsError(f"the server at {self._pool.server_url} lacks what it was asked for: {exc.http_exc}") from exc
            except PrefectHTTPStatusError as exc:
                if exc.response.status_code < 500:
                    raise SettingsError(
                        f"the server at {self._pool.server_url} refuses ({exc.response.status_code}): {exc.response.text[:200]}"
                    ) from exc
                failure = exc
            else:
                if time.monotonic() - began > LONG_S:  # the store waits for itself, and Prefect's client for half a minute
                    self._silent_at = time.monotonic()
                return answer
            if self._silent_at < time.monotonic() - 5:
                logger.warning("the server gives no answer (%s); the workers go on, and so does the study when it is back", failure)
            self._silent_at = time.monotonic()
            if time.monotonic() > until:
                raise StoreSilent(
                    f"the server at {self._pool.server_url} gave no sound answer for {self._pool.patience_s:.0f} s "
                    f"({' '.join(str(failure).split())[:200]}); see `researchclaw server status`, then `researchclaw resume`."
                ) from failure
            time.sleep(RETRY_S)


@contextmanager
def _absence_named() -> Iterator[None]:
    """Only some calls of Prefect's client turn a 404 into ObjectNotFound."""
    try:
        yield
    except PrefectHTTPStatusError as exc:
        if exc.response.status_code == 404:
            raise ObjectNotFound(http_exc=exc) from exc
        raise


def _tell(client: SyncPrefectClient, run: UUID, state: State[Any], force: bool = False) -> None:
    """Set the state of a flow run; one that a person has deleted just now needs none."""
    try:
        with _absence_named():
            client.set_flow_run_state(run, state, force=force)
    except ObjectNotFound:
        logger.debug("the flow run %s was deleted", run)


def _worker(run: FlowRun) -> str | None:
    """Who took it, as Prefect's worker labels it."""
    name = run.labels.get("prefect.worker.name")
    return None if name is None else str(name)


def _read(client: SyncPrefectClient, ids: list[UUID]) -> dict[UUID, FlowRun]:
    found: dict[UUID, FlowRun] = {}
    for at in range(0, len(ids), PAGE):
        page = FlowRunFilter(id=FlowRunFilterId(any_=ids[at : at + PAGE]))
        found |= {run.id: run for run in client.read_flow_runs(flow_run_filter=page, limit=PAGE)}
    return found


def _title(unit: Unit) -> str:
    return f"{unit.request.condition}, seed {unit.request.seed}, {unit.request.purpose}"
