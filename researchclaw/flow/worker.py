"""A Prefect worker that does training runs: polls a work pool, does units in processes of its own, says how they ended.

Prefect gives the queue, the limits, the heartbeat and the UI; that one unit goes to one worker is a rule of its server
(a run that is pending cannot become pending again). What the worker makes goes to the project's store under hashes; the
state of the flow run is a message about it. A unit that a person cancels is killed here: Prefect's own observer of
cancellations looks after runs that are pending only, and gives up when the server is away for a while.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import anyio
import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Abort, ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Completed, Crashed, Failed, Running
from prefect.utilities.engine import propose_state
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from researchclaw.flow.work_pool import HEARTBEAT_S, UNFIT, make_pool, worker_name
from researchclaw.slots import Slot, SlotDied, result_of
from researchclaw.units import Environment, WorkerUnfit, environment_here
from stages.errors import ResearchError

if TYPE_CHECKING:
    from anyio.abc import TaskStatus
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.client.schemas.responses import WorkerFlowRunResponse

logger = logging.getLogger(__name__)

RETRY_S = 2.0
LOOK_S = 5.0
"""How often a worker asks which of its units a person has cancelled."""
REST_S = 60.0
"""A machine that cannot do units (its disk is full) takes no other for so long; a healthy one does."""
CLOCKS_S = 86_400
"""A worker asks for units that are due within a day: one whose clock is late would otherwise find none."""

Got = TypeVar("Got")


class UnitOutcome(BaseWorkerResult):
    """How a unit ended, as Prefect wants it; the flow run's state was set already."""


class ExperimentWorker(BaseWorker[BaseJobConfiguration, BaseVariables, UnitOutcome], abc.ABC):
    """abc.ABC: kept out of Prefect's registry, in which 'process' names Prefect's own worker."""

    type = "process"

    def __init__(self, pool: str, name: str, environment: Environment, work: Callable[[str], str], gpus: Sequence[str | None]) -> None:
        """work: does a unit of that name in another process, so it must be picklable. gpus: one for each slot."""
        super().__init__(
            pool,
            work_queues=[environment.queue],
            name=name,
            prefetch_seconds=CLOCKS_S,
            create_pool_if_not_found=False,
            limit=len(gpus),
            heartbeat_interval_seconds=HEARTBEAT_S,
        )
        self._slots = [Slot(gpu, work) for gpu in gpus]
        self._free = list(self._slots)
        self._cancelled: dict[UUID, asyncio.Event] = {}
        self._freed = asyncio.Event()
        self._asking = asyncio.Lock()
        self._away = False
        self._rests_until = float("-inf")
        self.done = 0

    async def run(
        self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: TaskStatus[Any] | None = None
    ) -> UnitOutcome:
        slot = self._free.pop()
        if task_status is not None:
            task_status.started(f"{self.name}:{os.getpid()}")
        try:
            if await self._may_begin(flow_run):
                await self._say(flow_run, await self._end(flow_run, slot))
                self._freed.set()  # heard after Prefect's worker has counted the slot as free: nothing waits between
        finally:
            self._free.append(slot)
        return UnitOutcome(identifier=self.name, status_code=0)

    async def _may_begin(self, flow_run: FlowRun) -> bool:
        """Whether the unit is this worker's to do: neither cancelled nor given up for lost. A silent server is waited for."""
        while True:
            try:
                state = (await self.client.read_flow_run(flow_run.id)).state
                if state is not None and state.is_cancelling():
                    await self._say(flow_run, Cancelled(message=f"Cancelled before {self.name} began."))
                # the server would let a run that has ended begin again; it says 'running' when its first answer was lost
                if state is None or not (state.is_pending() or state.is_running()):
                    return False
                return (await propose_state(self.client, Running(), flow_run_id=flow_run.id)).is_running()
            except (Abort, ObjectNotFound):
                return False
            except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
                logger.warning("the server does not take the beginning of %s: %s", flow_run.name, exc)
                await anyio.sleep(RETRY_S)

    async def _end(self, flow_run: FlowRun, slot: Slot) -> State[Any]:
        """How the flow run ends; an interruption kills the unit and gives it back, a person's cancellation kills it."""
        future = slot.submit(str(flow_run.parameters.get("unit", "")))
        ended = asyncio.wrap_future(future)
        ended.add_done_callback(lambda one: one.cancelled() or one.exception())  # `result_of` tells it
        cancelled = self._cancelled[flow_run.id] = asyncio.Event()
        told = asyncio.create_task(cancelled.wait())
        try:
            await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            slot.kill()
            with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                await self._say(flow_run, Crashed(message=f"{self.name} was stopped."))
            raise
        finally:
            told.cancel()
            del self._cancelled[flow_run.id]
        if not ended.done():
            slot.kill()
            return Cancelled(message=f"Cancelled; {self.name} has killed it.")
        try:
            answer = result_of(future)
        except SlotDied as exc:
            slot.kill()
            return Crashed(message=f"{self.name}: {exc}")
        except WorkerUnfit as exc:
            logger.warning("this machine takes no unit for %.0f s: %s", REST_S, exc)
            self._rests_until = time.monotonic() + REST_S
            return Crashed(name=UNFIT, message=f"{self.name}: {exc}")
        except ResearchError as exc:
            return Failed(message=f"{self.name}: {exc}")
        except Exception as exc:  # noqa: BLE001 (a worker outlives a unit that it cannot do; the study is told)
            return Failed(message=f"{self.name}: {type(exc).__name__}: {exc}")
        self.done += 1
        return Completed(message=f"result {answer} by {self.name}")

    async def _say(self, flow_run: FlowRun, state: State[Any]) -> None:
        """Tell the server, however long it is away: a unit that stays 'running' would hold the study."""
        while True:
            try:
                answer = await self.client.set_flow_run_state(flow_run.id, state, force=False)
            except ObjectNotFound:  # the database was deleted; the result is in the store
                return
            except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
                logger.warning("the server does not take the end of %s: %s", flow_run.name, exc)
                await anyio.sleep(RETRY_S)
            else:
                stands = answer.state
                if answer.status != SetStateStatus.REJECT or stands is None or stands.type != StateType.CANCELLING:
                    return
                state = Cancelled(message=state.message)  # cancelled at the last moment: nothing else may follow

    async def look_for_cancelled(self) -> None:
        """Ask the server every few seconds which of the units at work a person has cancelled."""
        cancelled = FlowRunFilterStateType(any_=[StateType.CANCELLING, StateType.CANCELLED])
        while True:
            await anyio.sleep(LOOK_S)
            if not self._cancelled:
                continue
            these = FlowRunFilter(id=FlowRunFilterId(any_=list(self._cancelled)), state=FlowRunFilterState(type=cancelled))
            for flow_run in await self._unless_away(self.client.read_flow_runs(flow_run_filter=these), []):
                if flow_run.id in self._cancelled:
                    self._cancelled[flow_run.id].set()

    # ------------------------------------------------------------ asking for units

    async def ask_when_free(self) -> None:
        """A slot that has ended asks for the next unit at once; the poll is for slots that had nothing to do."""
        while True:
            await self._freed.wait()
            self._freed.clear()
            await self.get_and_submit_flow_runs()

    async def _submit_scheduled_flow_runs(self, flow_run_response: list[WorkerFlowRunResponse]) -> list[FlowRun]:
        """Without those at work: an answer may be older than their beginning, and to count one twice would end the worker."""
        at_work = self.limiter.statistics().borrowers
        return await super()._submit_scheduled_flow_runs([one for one in flow_run_response if one.flow_run.id not in at_work])

    # ------------------------------------------------------------ a machine that rests, a server that is away

    def _rests(self) -> bool:
        """All slots have the same disk: with one that rests, the others would take its unit again at once."""
        return time.monotonic() < self._rests_until

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        if self._rests() or not self._free:  # the server lists all that is due: a full worker need not ask each second
            return []
        async with self._asking:  # an older answer must not submit again what a newer one began and has ended since
            return await self._unless_away(super().get_and_submit_flow_runs(), [])

    async def sync_with_backend(self) -> None:
        await self._unless_away(super().sync_with_backend(), None)

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """One that cannot be taken because the server falls silent or a rest begins just then is left to whoever asks next."""
        if self._rests() or not await self._unless_away(self._submitted(flow_run), False):
            self._submitting_flow_run_ids.discard(flow_run.id)
            self._release_limit_slot(flow_run.id)

    async def _submitted(self, flow_run: FlowRun) -> bool:
        await super()._submit_run(flow_run)
        return True

    async def _unless_away(self, asked: Awaitable[Got], otherwise: Got) -> Got:
        """Prefect's worker would end after some minutes without a server, and the units at work with it."""
        try:
            answer = await asked
        except (httpx.TransportError, PrefectHTTPStatusError, httpx.HTTPStatusError) as exc:
            if isinstance(exc, httpx.HTTPStatusError) and exc.response.status_code < 500:
                raise
            if not self._away:
                logger.warning("the server gives no answer (%s); what is at work goes on", exc)
            self._away = True
            return otherwise
        self._away = False
        return answer

    async def teardown(self, *exc_info: Any) -> None:
        self._rests_until = float("inf")  # a slot that ends by this kill asks for nothing
        for slot in self._slots:
            slot.kill()
        await super().teardown(*exc_info)


async def serve(worker: ExperimentWorker, started: Callable[[], None]) -> None:
    """Work until SIGINT or SIGTERM; a server that is away is waited for."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.look_for_cancelled())
            group.create_task(worker.ask_when_free())
            await worker.start(printer=lambda _said: started() if worker.is_setup else None)


def start(
    pool: str, given_name: str | None, work: Callable[[str], str], gpus: Sequence[str | None], started: Callable[[str], None]
) -> int:
    """Make the pool if it is not there, and serve it; how many units were done. Prefect's variables must stand already."""
    environment = environment_here()
    name = worker_name(given_name, environment)
    with get_client(sync_client=True) as client:
        make_pool(client, pool, environment.queue)
    worker = ExperimentWorker(pool, name, environment, work, gpus)
    asyncio.run(serve(worker, lambda: started(name)))
    return worker.done
