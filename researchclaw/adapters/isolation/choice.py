"""Which isolation this machine gets: the strongest that proves itself, or none."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Literal

from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.container import Container
from researchclaw.adapters.isolation.job import Isolation
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.isolation.self_test import PROCESSES, Attempt, self_test
from stages.errors import SandboxUnavailable

Backend = Literal["auto", "bubblewrap", "docker", "podman"]

_NO_CONTROL_GROUPS = (
    "A container engine keeps limits by control groups, and rootless Podman ignores them where they are of version 1: run it as root, "
    "change the machine to version 2, choose bubblewrap"
)

logger = logging.getLogger(__name__)

_proved: dict[tuple[str, ...], Isolation] = {}
_lock = threading.Lock()


def choose_isolation(
    state: Path, *, allow_weaker: bool = False, backend: Backend = "auto", image: str | None = None, gpus: tuple[int, ...] = ()
) -> Isolation:
    """The isolation of the settings, after it has withstood the self-test once in this process; 'auto' is bubblewrap.

    image: of a container engine. gpus: numbers of the GPUs that guests may use.
    allow_weaker: where it cannot be had, give a plain process; its name, 'process only', goes into every record.
    Raises:
        SandboxUnavailable: there is no isolation, and weaker is not allowed.
    """
    key = (backend, image or "", str(state), *map(str, gpus))
    try:
        with _lock:
            if key not in _proved:
                isolation = make_isolation(state, backend=backend, image=image, gpus=gpus)
                refuse_unless_blocked(isolation, self_test(isolation))
                _proved[key] = isolation
            return _proved[key]
    except SandboxUnavailable as exc:
        if not allow_weaker:
            raise
        logger.warning("no isolation, generated code runs as a plain process: %s", exc)
        return PlainProcess()


def make_isolation(state: Path, *, backend: Backend, image: str | None = None, gpus: tuple[int, ...] = ()) -> Isolation:
    """One of the backends, not yet proved.

    Raises:
        SandboxUnavailable: it cannot be had here.
    """
    match backend:
        case "docker" | "podman":
            return Container(backend, image, gpus=gpus)
        case "auto" | "bubblewrap":
            return Bubblewrap(state, gpus=gpus)


def refuse_unless_blocked(isolation: Isolation, attempts: tuple[Attempt, ...]) -> None:
    """Raises SandboxUnavailable when an attempt of the self-test succeeded."""
    for attempt in attempts:
        if not attempt.blocked:
            remedy = _NO_CONTROL_GROUPS if attempt.name == PROCESSES else "Bring it up to date"
            raise SandboxUnavailable(
                f"{isolation.name} did not stop the attempt to {attempt.name} ({attempt.detail}); nothing was run. "
                f"{remedy}, or set sandbox.allow_weaker: true and accept results marked 'process only'."
            )
