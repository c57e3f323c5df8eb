"""A unit as a flow of its own, for pools that Prefect's own workers serve: Docker, Kubernetes, a plain process worker.

    prefect worker start --pool NAME        runs it by the deployment that the study makes: entrypoint below

It needs the variables that a Prefect worker passes on (PREFECT_API_URL, PREFECT_API_AUTH_STRING) and an image in which
researchclaw is installed.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

from prefect import flow

from researchclaw.adapters.isolation.warm import WarmPlace
from researchclaw.hardware import pseudonym
from researchclaw.unit_bench import Place, perform

FLOW = "training unit"
ENTRYPOINT = "researchclaw.flow.unit.training_unit"


@flow(name=FLOW, persist_result=False, retries=0, log_prints=False)
def training_unit(unit: str) -> None:
    """Do the unit of that name."""
    folder = Path(os.environ.get("RESEARCHCLAW_WORKER_FOLDER") or Path(tempfile.gettempdir()) / f"researchclaw-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    place = Place(os.environ["PREFECT_API_URL"].removesuffix("/api"), secret, folder, pseudonym())
    with closing(WarmPlace()) as warm:  # training and scoring share it
        perform(unit, place, warm)
