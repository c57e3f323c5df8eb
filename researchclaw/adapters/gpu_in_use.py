"""A GPU for one run alone: a lock on it from the start to the score, nobody else's programs beside it, and its memory watched.

Not covered: a program of somebody else's that begins while a run is under way, or that uses less memory than an idle GPU may.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from researchclaw import nvidia
from researchclaw.nvidia import Gpu
from stages.errors import GpuUnavailable

_LOCK_WAIT_S = 3600.0  # the longest run of ours that is sensible: start-up, training, scoring
_OTHERS_WAIT_S = 600.0
_QUIET_S = 10.0  # memory of a guest that was killed comes back within seconds (a guess: not measured on a GPU)
_POLL_S = 0.5

logger = logging.getLogger(__name__)


@contextmanager
def alone_on(gpu: Gpu, idle_mb: float) -> Iterator[None]:
    """Hold the GPU. Waits, and says so, while another run of this account has it, or other programs use its memory.

    idle_mb: of its memory that others may use, for a desktop.

    Raises:
        GpuUnavailable: it was not free in time.
    """
    lock = os.open(_folder() / f"{gpu.uuid}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(lock, gpu.number)
        _await_others(gpu.number, idle_mb)
        yield
    finally:
        os.close(lock)


def _folder() -> Path:
    """The locks of this account on this machine, whatever project the runs belong to."""
    folder = Path(tempfile.gettempdir()) / f"researchclaw-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != os.getuid():
        raise GpuUnavailable(f"{folder} belongs to somebody else; nothing was run. Remove it.")
    return folder


def _lock(lock: int, number: int) -> None:
    began = time.monotonic()
    warned = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - began > _LOCK_WAIT_S:
                raise GpuUnavailable(
                    f"GPU {number} has been in use by another run for {_LOCK_WAIT_S / 60:.0f} minutes; nothing was run. "
                    "Wait for it to end, or choose another with sandbox.gpu."
                ) from None
            if not warned:
                logger.warning("GPU %d is in use by another run of researchclaw; waiting for it", number)
                warned = True
            time.sleep(_POLL_S)
        else:
            return


def _await_others(number: int, idle_mb: float) -> None:
    """Programs cannot be named from within a container; their memory is told there, too."""
    began = time.monotonic()
    warned = False
    while (used := nvidia.used_mb(number)) > idle_mb:
        waited = time.monotonic() - began
        if waited > _OTHERS_WAIT_S:
            raise GpuUnavailable(
                f"GPU {number}: other programs use {used:.0f} MB of its memory (nvidia-smi names them), and a run would be slowed by "
                "them; nothing was run. End them, choose another with sandbox.gpu, or allow them with experiment.gpu_idle_mb."
            )
        if waited > _QUIET_S and not warned:
            logger.warning(
                "GPU %d: other programs use %.0f MB of it; waiting %.0f minutes for them", number, used, _OTHERS_WAIT_S / 60
            )
            warned = True
        time.sleep(_POLL_S)


class MemoryWatch:
    """Reads how much of a GPU's memory is used, until it is left."""

    def __init__(self, gpu: int) -> None:
        self._gpu = gpu
        self._ended = threading.Event()
        self._least = self._most = nvidia.used_mb(gpu)
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._ended.wait(_POLL_S):
            try:
                used = nvidia.used_mb(self._gpu)
            except GpuUnavailable as exc:
                self._fault = str(exc)  # the watch goes on; a peak that may have been missed is none
            else:
                self._least, self._most = min(self._least, used), max(self._most, used)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def peak_mb(self) -> float | None:
        """The largest reading less the smallest (an earlier guest's memory may still be on its way back); None: one failed."""
        if self._fault is not None:
            logger.warning("the peak of the GPU's memory is not known: %s", self._fault)
            return None
        return round(self._most - self._least, 1)
