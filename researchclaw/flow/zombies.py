"""What killed processes leave on the server, and the deployment that lets a person retry a run there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Crashed, Pending

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.flows import Flow

FLOW = "researchclaw"
DEPLOYMENT = "runs of this folder"
KILLED = "The process was killed."
UNIT_TAG = "training unit"
"""On every flow run that is one training run at a worker, beside the run's id."""


def close_tasks(client: SyncPrefectClient, flow_run: FlowRun) -> None:
    """Mark the tasks as crashed that still seem to run."""
    left = client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])),
        task_run_filter=TaskRunFilter(
            state=TaskRunFilterState(type=TaskRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING]))
        ),
    )
    for task_run in left:
        client.set_task_run_state(task_run.id, Crashed(message="The process was killed in the middle."), force=True)


def cancel_units(client: SyncPrefectClient, run_id: str) -> None:
    """Tell the workers to kill what they train for this run; what waits for a worker is cancelled at once."""
    at_work = FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING])
    these = FlowRunFilter(tags=FlowRunFilterTags(all_=[run_id, UNIT_TAG]), state=FlowRunFilterState(type=at_work))
    while found := client.read_flow_runs(flow_run_filter=these, limit=200):
        for unit in found:
            with contextlib.suppress(ObjectNotFound):  # deleted just now
                client.set_flow_run_state(unit.id, Cancelling(message="The run was cancelled."))


def new_flow_run(client: SyncPrefectClient, flow: Flow[Any, Any], run_id: str) -> FlowRun:
    """A flow run that belongs to a deployment: without one the server refuses 'Retry', and the UI does not offer it.

    Nothing but the runner in runner.py takes up what is scheduled there.
    """
    deployment_id = client.create_deployment(
        flow_id=client.create_flow(flow),
        name=DEPLOYMENT,
        description='Lets a run be retried here. A new run is started by `researchclaw run --topic "…"`.',
        paused=True,
    )
    return client.create_flow_run_from_deployment(deployment_id, name=run_id, state=Pending())
