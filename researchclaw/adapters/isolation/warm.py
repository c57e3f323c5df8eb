"""Warm workers: a sealed sandbox in which torch has been imported, and which forks a fresh process for each run.

Importing torch takes a second of CPU time, twice for each run (training and scoring): a tenth of a 20 s run (measured
2026-11). A worker's sandbox is sealed, so a run finds nothing that an earlier one left: no writable folder, no sockets,
no process but the worker's own, which it cannot signal, trace or write to. Training data and weights come and go as open
files. What a candidate would need a folder for (a compiler, worker processes) does not work here: such kits start cold.
Any run that does not end by itself with exit code 0 takes its worker with it.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from researchclaw.adapters.isolation.job import CONTROL_FD, Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.seccomp import filter_program
from researchclaw.adapters.isolation.supervisor import Guest, Wiring
from stages.errors import SandboxUnavailable

_START_S = 120.0  # importing torch on an overloaded machine
_BORN_S = 30.0
_KILLED = 137
_GUEST_FILES = ("warm_worker.py", "run_training.py", "serve_model.py")
_DIED = "A warm worker has died before its run began; nothing was run. Try again."


def guest_programs(harness: Path) -> dict[str, bytes]:
    """The harness' guest side as it lies there now, by name."""
    return {name: (harness / name).read_bytes() for name in _GUEST_FILES}


class WarmWorker:
    """One sandbox, one run at a time. Use it from one thread, which must live as long as the worker."""

    def __init__(
        self,
        isolation: Isolation,
        programs: Mapping[str, bytes],
        limits: Limits,
        stop: threading.Event,
        held_out: tuple[str, ...] = (),
    ) -> None:
        """Start it; a second or two pass until it is ready, or `stop` is set. programs: of `guest_programs`; held_out: see `Job`.

        Raises:
            SandboxUnavailable: it could not be started, or was told to stop.
        """
        inputs: dict[str, bytes | Path] = dict(programs)
        inputs["one_process.bpf"] = filter_program(processes=False, signals=False, sealed=True)
        job = Job(
            argv=lambda inside: [
                *(inside.python, "-I", "-B", f"{inside.inputs}/warm_worker.py"),
                *("--control", str(CONTROL_FD), "--filter", f"{inside.inputs}/one_process.bpf"),
            ],
            inputs=inputs,
            limits=replace(limits, scratch_mb=1, tmp_mb=1, shm_mb=1, file_mb=limits.scratch_mb),  # weights go to files of ours
            control=True,
            sealed=True,
            held_out=held_out,
        )
        self._guest = isolation.start(job)
        self._control = self._guest.control
        deadline = time.monotonic() + _START_S
        while self._silent() and time.monotonic() < deadline and not stop.is_set():
            time.sleep(0.02)
        if stop.is_set():
            self.close()
            raise SandboxUnavailable("A warm worker was told to stop before it was ready.")
        if self._hear(0.1)[0] != b"ready":
            self._guest.linger(1.0)
            self._guest.stop()
            said = self._guest.run()[0].stderr.decode(errors="replace").strip()
            self.close()
            raise SandboxUnavailable(f"A warm worker did not start ({said.splitlines()[-1] if said else 'it said nothing'}).")
        self.alive = True

    @property
    def waits(self) -> bool:
        """Whether it lives and has nothing to do; one that waits for hours may be killed for its memory."""
        return self.alive and self._silent()

    def close(self) -> None:
        """Kill it with whatever it runs."""
        self.alive = False
        self._guest.close()

    def start(
        self,
        request: dict[str, Any],
        limits: Limits,
        *,
        files: Sequence[int],
        stdin: int | None = None,
        stdout: int | None = None,
        written: Callable[[], int] = lambda: 0,
    ) -> Guest:
        """Start a run; the descriptors stay the caller's. stdin, stdout: as `Job` has them, None: closed and captured.

        Raises:
            SandboxUnavailable: the worker has died.
        """
        with ExitStack() as theirs:

            def pipe() -> tuple[int, int]:
                reading, writing = os.pipe()
                theirs.callback(os.close, writing)
                return reading, writing

            content = os.memfd_create("request")
            theirs.callback(os.close, content)
            os.write(content, json.dumps(request).encode())
            os.lseek(content, 0, os.SEEK_SET)
            if stdin is None:
                stdin = os.open(os.devnull, os.O_RDONLY)
                theirs.callback(os.close, stdin)
            status, their_status = pipe()
            stderr, their_stderr = pipe()
            captured, their_stdout = pipe() if stdout is None else (None, stdout)
            try:
                message = [content, stdin, their_stdout, their_stderr, their_status, *files]
                try:
                    socket.send_fds(self._control, [b"run"], message)
                    pid = self._birth()
                except ConnectionError as exc:
                    raise SandboxUnavailable(_DIED) from exc
            except BaseException:
                for fd in (status, stderr, captured):
                    if fd is not None:
                        os.close(fd)
                self.close()
                raise
        life = _Run(self, pid)
        wiring = Wiring(life, None, None, captured, stderr, status)
        return Guest(wiring, limits, usage=lambda _: (0, 0), written=written, kill=self.close, explain=lambda said: said)

    def _birth(self) -> int:
        said, pid = self._hear(_BORN_S)
        if said != b"born":
            raise SandboxUnavailable(_DIED)
        return pid

    def hear_end(self, wait_s: float) -> tuple[int, float, int] | None:
        """Exit code, CPU seconds, peak memory of the run, when it has ended; a worker that died ends its run as killed."""
        if not self.alive:
            return _KILLED, 0.0, 0
        if not select.select([self._control], [], [], wait_s)[0]:
            return None
        said = self._hear(0)[0].split()
        if len(said) != 4 or said[0] != b"ended":
            self.close()
            return _KILLED, 0.0, 0
        if said[1] != b"0":
            self.close()
        return int(said[1]), float(said[2]), int(said[3]) * 1024

    def _silent(self) -> bool:
        """Nothing has come, not even the end."""
        return not select.select([self._control], [], [], 0)[0]

    def _hear(self, wait_s: float) -> tuple[bytes, int]:
        """A message and the process id of its sender, as this side knows it; empty when there is none."""
        if wait_s and not select.select([self._control], [], [], wait_s)[0]:
            return b"", 0
        message, extra, _, _ = self._control.recvmsg(128, socket.CMSG_SPACE(struct.calcsize("iII")))
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return message, struct.unpack("iII", data)[0]
        return message, 0


class WarmPlace:
    """Where one thread keeps a warm worker between its runs."""

    def __init__(self) -> None:
        self._worker: WarmWorker | None = None
        self._made_for: tuple[object, ...] = ()

    def worker(
        self,
        isolation: Isolation,
        harness: Path,
        limits: Limits,
        stop: threading.Event,
        versions: object = None,
        held_out: tuple[str, ...] = (),
    ) -> WarmWorker:
        """The one that is there; a new one when it went with its run, or was made for anything else than is wanted now.

        harness: compared by content, for a process that lives for days may see another version installed below it.
        versions: of what is imported in it, compared for the same reason. held_out: see `Job`.
        Raises:
            SandboxUnavailable: as from `WarmWorker`.
        """
        programs = guest_programs(harness)
        wanted = (isolation, programs, limits, versions, held_out)
        if self._worker is None or not self._worker.waits or self._made_for != wanted:
            self.close()
            self._worker, self._made_for = WarmWorker(isolation, programs, limits, stop, held_out), wanted
        return self._worker

    def close(self) -> None:
        """Kill the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()


@dataclass
class _Run:
    """The life of one run, as its worker tells it."""

    worker: WarmWorker
    pid: int
    told: tuple[int, float, int] | None = None

    def has_ended(self) -> bool:
        self.told = self.told or self.worker.hear_end(0.0)
        return self.told is not None

    def end(self) -> tuple[int, float, int]:
        return self.told or self.worker.hear_end(0.0) or (_KILLED, 0.0, 0)
