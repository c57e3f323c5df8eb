"""What a study and its workers agree on: a pool, a queue for each kind of machine, and how a worker is named and speaks."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING

from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.workers.process import ProcessWorker

from researchclaw.hardware import pseudonym

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from researchclaw.units import Environment

logger = logging.getLogger(__name__)

HEARTBEAT_S = 5
"""The server calls a worker offline after three of them."""
UNFIT = "Unfit"
"""Name of the state in which a machine that cannot do units gives a unit back: it is no try of the unit."""


def make_pool(client: SyncPrefectClient, name: str, queue: str, limit: int | None = None) -> str:
    """The pool, and in it the queue of one kind of machine, are there; the pool's type."""
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        except ObjectAlreadyExists:
            logger.debug("another process made the pool %s just now", name)
        pool = client.read_work_pool(name)
    if limit is not None and pool.concurrency_limit != limit:
        client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=limit))
    if pool.type == "process":
        try:
            client.request("POST", "/work_pools/{work_pool_name}/queues", path_params={"work_pool_name": name}, json={"name": queue})
        except PrefectHTTPStatusError as exc:
            if exc.response.status_code != 409:
                raise
    return pool.type


def worker_name(given: str | None, environment: Environment) -> str:
    """Different in every process, so that a dead worker's units are not taken for its successor's; ends with its queue."""
    return f"{given or pseudonym()}-{secrets.token_hex(3)} [{environment.queue}]".replace("/", "-").replace("%", "-")


def queue_of(name: str) -> str | None:
    """The queue that a worker of ours serves; None: another kind of Prefect worker."""
    found = re.search(r"\[([^\[\]]+)\]$", name)
    return found.group(1) if found else None
