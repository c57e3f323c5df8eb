"""A Prefect worker that does training runs: polls a work pool, does units in processes of its own, says how they ended.

Prefect gives the queue, the limits, the heartbeat and the UI; that one unit goes to one worker is a rule of its server
(a run that is pending cannot become pending again). What the worker makes goes to the project's store under hashes; the
state of the flow run is a message about it.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import logging
import os
import re
import secrets
import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import httpx
from prefect.exceptions import Abort, ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Completed, Crashed, Failed, Running
from prefect.utilities.engine import propose_state
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from researchclaw.hardware import host_name
from researchclaw.slots import Slot, SlotDied, result_of
from researchclaw.units import Environment, environment_here
from stages.errors import ResearchError

if TYPE_CHECKING:
    from anyio.abc import TaskStatus
    from prefect.client.schemas.objects import FlowRun, State

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5
"""The server calls a worker offline after three of them."""
POLL_S = 1.0
RETRY_S = 2.0


def worker_name(given: str | None, environment: Environment) -> str:
    """Different in every process, so that a dead worker's units are not taken for its successor's; ends with its queue."""
    return f"{given or host_name()}-{secrets.token_hex(3)} [{environment.queue}]".replace("/", "-").replace("%", "-")


def queue_of(name: str) -> str | None:
    """The queue that a worker of ours serves; None: another kind of Prefect worker."""
    found = re.search(r"\[([^\[\]]+)\]$", name)
    return found.group(1) if found else None


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
            prefetch_seconds=1,
            create_pool_if_not_found=False,
            limit=len(gpus),
            heartbeat_interval_seconds=HEARTBEAT_S,
        )
        self._slots = [Slot(gpu, work) for gpu in gpus]
        self._free = list(self._slots)
        self.done = 0

    async def run(
        self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: TaskStatus[Any] | None = None
    ) -> UnitOutcome:
        slot = self._free.pop()
        if task_status is not None:
            task_status.started(f"{host_name()}:{os.getpid()}")
        try:
            if await self._may_begin(flow_run):
                await self._say(flow_run, await self._end(flow_run, slot))
        finally:
            self._free.append(slot)
        return UnitOutcome(identifier=self.name, status_code=0)

    async def _may_begin(self, flow_run: FlowRun) -> bool:
        """Whether the unit is this worker's to do: not cancelled, and not given to another one. A silent server is waited for."""
        while True:
            try:
                return (await propose_state(self.client, Running(), flow_run_id=flow_run.id)).is_running()
            except (Abort, ObjectNotFound):
                return False
            except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
                logger.warning("the server does not take the beginning of %s: %s", flow_run.name, exc)
                await anyio.sleep(RETRY_S)

    async def _end(self, flow_run: FlowRun, slot: Slot) -> State[Any]:
        """How the flow run ends; an interruption kills the unit and gives it back."""
        future = slot.submit(str(flow_run.parameters.get("unit", "")))
        try:
            await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            slot.kill()
            with anyio.CancelScope(shield=True), anyio.move_on_after(5):
                await self._say(flow_run, Crashed(message=f"{self.name} was stopped."))
            raise
        except Exception:
            logger.debug("a unit ended with an exception", exc_info=True)
        try:
            answer = result_of(future)
        except SlotDied as exc:
            slot.kill()
            return Crashed(message=f"{self.name}: {exc}")
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
                await self.client.set_flow_run_state(flow_run.id, state, force=False)
            except ObjectNotFound:  # the database was deleted; the result is in the store
                return
            except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
                logger.warning("the server does not take the end of %s: %s", flow_run.name, exc)
                await anyio.sleep(RETRY_S)
            else:
                return

    async def teardown(self, *exc_info: Any) -> None:
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
        await worker.start(printer=lambda _said: started() if worker.is_setup else None)


def start(
    pool: str, given_name: str | None, work: Callable[[str], str], gpus: Sequence[str | None], started: Callable[[str], None]
) -> int:
    """Make the pool if it is not there, and serve it; how many units were done. Prefect's variables must stand already."""
    from prefect.client.orchestration import get_client

    from researchclaw.flow.pool import make_pool

    environment = environment_here()
    name = worker_name(given_name, environment)
    with get_client(sync_client=True) as client:
        make_pool(client, pool, environment.queue)
    worker = ExperimentWorker(pool, name, environment, work, gpus)
    asyncio.run(serve(worker, lambda: started(name)))
    return worker.done
