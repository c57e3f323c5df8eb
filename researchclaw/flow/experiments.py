"""Training runs in Prefect's UI: a task run each, with condition, seed and result, and how far the schedule is.

They are registered when they have ended, by a thread of its own: an experiment waits for no server, and none is lost when
the server does not answer. So the UI's own durations say nothing (the server stamps states itself, and takes no earlier
time); the training time stands in the state's message. A view only: the run folder holds the records.
"""

from __future__ import annotations

import logging
import queue
import threading
from uuid import UUID, uuid4

import httpx
from prefect import task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Completed, Failed, Running

from researchclaw.journal import Event, ExperimentEnded, ExperimentsPlanned

logger = logging.getLogger(__name__)

CLOSE_WITHIN_S = 30.0


@task(name="training run")
def training_run() -> None:
    """Stands for what the laboratory did; never called."""


class Experiments:
    """A listener of the journal; to be closed at the end of the flow."""

    def __init__(self, flow_run_id: UUID) -> None:
        self._flow_run_id = flow_run_id
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="experiments to Prefect", daemon=True)
        self._thread.start()
        self._process = uuid4().hex[:8]  # a retried flow run holds the task runs of several processes
        self._number = self._done = self._planned = 0
        self._progress: UUID | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, ExperimentEnded | ExperimentsPlanned):
            self._queue.put(event)

    def close(self, within_s: float) -> None:
        self._queue.put(None)
        self._thread.join(within_s)
        if self._thread.is_alive():
            logger.warning("the Prefect server did not take every training run within %.0f s", within_s)

    def _work(self) -> None:
        told = False
        with get_client(sync_client=True) as client:
            while (event := self._queue.get()) is not None:
                try:
                    self._register(client, event)
                except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
                    if not told:
                        logger.warning("training runs are missing in Prefect's UI: %s", exc)
                    told = True

    def _register(self, client: SyncPrefectClient, event: Event) -> None:
        if isinstance(event, ExperimentsPlanned):
            self._planned, self._done = event.runs, 0
            self._show_progress(client)
        elif isinstance(event, ExperimentEnded):
            self._number += 1
            run = client.create_task_run(
                training_run,
                flow_run_id=self._flow_run_id,
                dynamic_key=f"{self._process}-{self._number}",
                name=run_name(event),
                extra_tags=["training run", event.purpose, event.condition],
            )
            for state in (Running(), end_state(event)):
                client.set_task_run_state(run.id, state, force=True)
            if event.purpose == "report" and self._planned:
                self._done += 1
                self._show_progress(client)

    def _show_progress(self, client: SyncPrefectClient) -> None:
        percent = min(100.0, 100 * self._done / self._planned)
        words = f"{self._done} of {self._planned} scheduled training runs have ended"
        if self._progress is None:
            artifact = ArtifactCreate(
                key="training-runs", type="progress", description=words, data=percent, flow_run_id=self._flow_run_id
            )
            self._progress = client.create_artifact(artifact).id
        else:
            client.update_artifact(self._progress, ArtifactUpdate(data=percent, description=words))


def run_name(event: ExperimentEnded) -> str:
    """e.g. 'cosine, seed 3: 2.0123'."""
    result = event.verdict if event.value is None else f"{event.value:.4f}"
    return f"{event.condition}, seed {event.seed}: {result}"


def end_state(event: ExperimentEnded) -> State[None]:
    seconds = "" if event.seconds is None else f", trained for {event.seconds:.1f} s"
    if event.verdict == "ok":
        return Completed(message=f"{event.purpose}: {event.value}{seconds}")
    return Failed(message=f"{event.purpose}: {event.verdict}: {event.reason or 'no reason given'}{seconds}")
