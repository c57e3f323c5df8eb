"""Which isolation this machine gets: the strongest that proves itself, or none."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.job import Isolation
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.isolation.self_test import Attempt, self_test
from stages.errors import SandboxUnavailable

logger = logging.getLogger(__name__)

_proved: dict[Path, Bubblewrap] = {}
_lock = threading.Lock()


def choose_isolation(state: Path, *, allow_weaker: bool = False) -> Isolation:
    """Bubblewrap, after it has withstood the self-test once in this process.

    allow_weaker: where it cannot be had, give a plain process; its name, 'process only', goes into every record.
    Raises:
        SandboxUnavailable: there is no isolation, and weaker is not allowed.
    """
    try:
        with _lock:
            if state not in _proved:
                isolation = Bubblewrap(state)
                refuse_unless_blocked(isolation, self_test(isolation))
                _proved[state] = isolation
            return _proved[state]
    except SandboxUnavailable as exc:
        if not allow_weaker:
            raise
        logger.warning("no isolation, generated code runs as a plain process: %s", exc)
        return PlainProcess()


def refuse_unless_blocked(isolation: Isolation, attempts: tuple[Attempt, ...]) -> None:
    """Raises SandboxUnavailable when an attempt of the self-test succeeded."""
    for attempt in attempts:
        if not attempt.blocked:
            raise SandboxUnavailable(
                f"{isolation.name} did not stop the attempt to {attempt.name} ({attempt.detail}); nothing was run. "
                "Bring bubblewrap up to date, or set sandbox.allow_weaker: true and accept results marked 'process only'."
            )
