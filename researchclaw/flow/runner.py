"""What the project's server does for runs whose process is gone: tells the truth about them, and goes on when a person says so.

A thread of the server's process. It looks at the flow runs that the server calls open and at their run folders:

    killed in the middle          marked as crashed, with its tasks
    retried in the UI             `researchclaw resume RUN` is started; it goes on as the same flow run
    form filled in, nobody there  the same
    cancelled in the UI           its process is ended as by Ctrl-C, its training runs at workers are cancelled
    nothing to go on with         closed, with the reason

The run folder decides: its lock says whether a process is at work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Completed, Crashed, Failed, Scheduled

from researchclaw.flow.zombies import FLOW, KILLED, cancel_units, close_tasks
from researchclaw.run_store import RunStore
from researchclaw.server import AUTH, home, without_prefect
from stages.errors import ResearchError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
OPEN = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)


@dataclass
class Runner:
    """Looks after the runs of one output folder."""

    output: Path
    resumes: bool = True
    """False: it marks what was killed, and starts nothing."""
    children: dict[UUID, subprocess.Popen[bytes]] = field(default_factory=dict)
    _told: bool = False
    _ending: dict[UUID, FlowRun] = field(default_factory=dict)
    """Cancelled flow runs whose process was told to end."""
    _units_told: set[UUID] = field(default_factory=set)
    """Those of them whose training runs are cancelled."""

    def begin(self) -> None:
        threading.Thread(target=self._work, name="runner", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            try:
                with get_client(sync_client=True) as client:
                    while True:
                        self.look(client)
                        time.sleep(LOOK_EVERY_S)
            except httpx.ConnectError:  # the server is just starting
                continue
            except (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound, ResearchError) as exc:  # it looks again in a moment
                if not self._told:
                    logger.warning("runs are not looked after: %s", exc)
                self._told = True

    def look(self, client: SyncPrefectClient) -> None:
        """One look at every open flow run."""
        found = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(OPEN)))),
            flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
        )
        for flow_run in found:
            if flow_run.state_type == StateType.CANCELLING:
                self._end_process(flow_run)
            else:
                self._look_at(client, flow_run)
        for flow_run in list(self._ending.values()):
            self._finish(client, flow_run)

    def _look_at(self, client: SyncPrefectClient, flow_run: FlowRun) -> None:
        scheduled = flow_run.state_type == StateType.SCHEDULED
        store = RunStore(self.output / flow_run.name)
        child = self.children.get(flow_run.id)
        if child is not None and child.poll() is None:
            return
        self.children.pop(flow_run.id, None)
        if not (store.folder / "run.json").is_file():
            if scheduled:
                self._set(client, flow_run, Cancelled(message='Runs are started by `researchclaw run --topic "…"`.'))
            return
        holder = store.holder()
        if holder is not None:
            if scheduled and _other_is_open(client, flow_run):  # else the process is just about to go on with this one
                self._set(client, flow_run, Cancelled(message=f"Process {holder.pid} is at work on this run already."))
        elif child is not None and scheduled:
            self._set(client, flow_run, Failed(message=f"It could not go on: {_last_line(self._log(store))}"))
        elif scheduled and store.info().status == "done":
            self._set(client, flow_run, Completed(message="The run is done; redo a part with `researchclaw resume --from-stage`."))
        elif scheduled:
            if self.resumes:
                self._resume(flow_run, store)
        elif store.info().status == "waiting":  # a form was filled in, which set the flow run to 'Running', and nobody was there
            if self.resumes and flow_run.deployment_id is not None:
                self._set(client, flow_run, Scheduled(name="Resuming", message="Goes on after what was filled in."))
        else:
            close_tasks(client, flow_run)
            self._set(client, flow_run, Crashed(message=f"{KILLED} 'Retry' goes on, or `researchclaw resume {store.run_id}`."))

    def _end_process(self, flow_run: FlowRun) -> None:
        """A person has cancelled the run: its process is told to end, once."""
        if flow_run.id in self._ending:
            return
        holder = RunStore(self.output / flow_run.name).holder()
        if holder is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(holder.pid, signal.SIGTERM)
        self._ending[flow_run.id] = flow_run

    def _finish(self, client: SyncPrefectClient, flow_run: FlowRun) -> None:
        """Cancel its training runs at workers, at every look until the server has taken it; then, without a process, it is over."""
        if flow_run.id not in self._units_told:
            cancel_units(client, flow_run.name)
            self._units_told.add(flow_run.id)
        store = RunStore(self.output / flow_run.name)
        if store.holder() is None:  # Prefect's engine has called it crashed when its process was told to end
            cancel_units(client, flow_run.name)  # what it submitted before it ended
            close_tasks(client, flow_run)
            self._set(client, flow_run, Cancelled(message=f"'Retry' goes on, or `researchclaw resume {store.run_id}`."))
            del self._ending[flow_run.id]
            self._units_told.discard(flow_run.id)

    @staticmethod
    def _set(client: SyncPrefectClient, flow_run: FlowRun, state: State[Any]) -> None:
        with contextlib.suppress(ObjectNotFound):  # deleted just now: there is nothing to say of it
            client.set_flow_run_state(flow_run.id, state, force=True)

    def _log(self, store: RunStore) -> Path:
        return home(self.output) / f"{store.run_id}.log"

    def _resume(self, flow_run: FlowRun, store: RunStore) -> None:
        environment = without_prefect(os.environ)
        if AUTH in os.environ:
            environment[AUTH] = os.environ[AUTH]
        with self._log(store).open("ab") as log:
            self.children[flow_run.id] = subprocess.Popen(
                [sys.executable, "-P", "-m", "researchclaw", "resume", str(store.folder), "--output", str(self.output)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # it outlives the server
                cwd=self.output.parent,
                env=environment,
            )


def _other_is_open(client: SyncPrefectClient, flow_run: FlowRun) -> bool:
    """Is there another flow run of the same run that a process works on?"""
    at_work = [StateType.RUNNING, StateType.PENDING, StateType.PAUSED]
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            name=FlowRunFilterName(any_=[flow_run.name]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=at_work)),
        )
    )
    return any(other.id != flow_run.id for other in found)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")[:300]
