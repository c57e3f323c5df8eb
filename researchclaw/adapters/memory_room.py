"""Room for runs in memory: as many at once as fit, by what a run was seen to need; always at least one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

FIRST_GUESS_MB = 1024.0
"""Of a run that nobody has seen; the baseline of tiny_lm takes 370 MB, a small one of 4.8 million parameters 890 (2026-11)."""
_KEPT_FREE = 0.1


class MemoryRoom:
    """Lets runs begin one after the other until the memory that was free at the start is spoken for."""

    def __init__(self, available_mb: Callable[[], float]) -> None:
        self._available_mb = available_mb
        self._need_mb = FIRST_GUESS_MB
        self._seen = False
        self._running = 0
        self._free_mb = 0.0
        self._change = threading.Condition()

    def seen(self, peak_mb: float) -> None:
        """A run has needed so much; the largest counts."""
        with self._change:
            self._need_mb = max(self._need_mb, peak_mb) if self._seen else max(peak_mb, 1.0)
            self._seen = True
            self._change.notify_all()

    @contextlib.contextmanager
    def taken(self, stop: threading.Event) -> Iterator[None]:
        """Hold the room of one run; waits for it, or until `stop` is set."""
        with self._change:
            while not stop.is_set() and not self._fits():
                self._change.wait(0.2)
            self._running += 1
        try:
            yield
        finally:
            with self._change:
                self._running -= 1
                self._change.notify_all()

    def _fits(self) -> bool:
        if self._running == 0:
            self._free_mb = self._available_mb() * (1 - _KEPT_FREE)
            return True
        return (self._running + 1) * self._need_mb <= self._free_mb
