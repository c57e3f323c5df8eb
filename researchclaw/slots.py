"""The places of a worker at which one unit at a time is done: a process each, with its own GPU if there are any.

A process of its own, because which GPU a program sees is a matter of its environment, because the kernel must kill every
guest when the worker is killed (each process asks for that), and because a crash of one unit must not end the others.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context

PR_SET_PDEATHSIG = 1
START_S = 10.0
"""A new process says its number within a second on an idle machine."""


class SlotDied(Exception):
    """The process of a slot ended in the middle of a unit."""


class Slot:
    """One place; not to be used by two callers at once. gpu: as in CUDA_VISIBLE_DEVICES; None: no GPU is seen."""

    def __init__(self, gpu: str | None, work: Callable[[str], str]) -> None:
        self.gpu, self._work = gpu, work
        self._executor: ProcessPoolExecutor | None = None
        self._started: Future[int] | None = None

    def submit(self, unit: str) -> Future[str]:
        try:
            return self._submit(unit)
        except BrokenProcessPool:  # its process was killed while it had nothing to do
            self.kill()
            return self._submit(unit)

    def _submit(self, unit: str) -> Future[str]:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare, initargs=(os.getpid(), self.gpu))
            self._started = self._executor.submit(os.getpid)
        return self._executor.submit(self._work, unit)

    @property
    def pid(self) -> int | None:
        """Of the slot's process; None: it is starting, or there is none. Waits for nothing."""
        return self._known_pid(0)

    def _known_pid(self, timeout_s: float) -> int | None:
        try:
            return None if self._started is None else self._started.result(timeout_s)
        except (BrokenProcessPool, CancelledError, TimeoutError):
            return None

    def kill(self) -> None:
        """End the process with its guests; the next unit gets a new one. A process that is just starting is waited for."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        pid = self._known_pid(START_S)
        for child in active_children():  # a process that has ended already is not on it: its number may be another's by now
            if child.pid == pid:
                child.kill()
        executor.shutdown(wait=False, cancel_futures=True)
        self._started = None


def result_of(future: Future[str]) -> str:
    """Raises: SlotDied: the slot's process was killed; else what the unit raised."""
    try:
        return future.result()
    except BrokenProcessPool as exc:
        raise SlotDied("the process that did the unit was killed") from exc


def _prepare(parent: int, gpu: str | None) -> None:
    """In the new process: die with the worker, leave Ctrl-C to it, see one GPU or none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # the worker died before the line above
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu or ""
