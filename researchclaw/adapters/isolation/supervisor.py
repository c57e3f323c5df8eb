"""Watches one guest from outside: output, time, memory, processes, files; and ends it with everything it started."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from researchclaw.adapters.isolation import process_tree
from researchclaw.adapters.isolation.limits import NOFILE, Excess, Limits
from researchclaw.adapters.isolation.streams import KeptStream
from stages.errors import SandboxUnavailable

_POLL_S = 0.1
_START_S = 60.0  # a loaded machine needed 12 s to start Python; measured 2026-11
_READ = 1 << 16
_STATUS_LINE = 4096
_STATUS_TOTAL = 1 << 20
_OUTPUT_FACTOR = 64

Usage = Callable[[int], tuple[int, int]]
"""Bytes and files below an open folder."""


@dataclass(frozen=True)
class Outcome:
    """How a guest ended. `exit_code` is as a shell says it: 128 + n for signal n; None when we stopped it."""

    exit_code: int | None
    excess: Excess | None
    stopped: bool
    """We ended it, for an excess or because it was told to stop."""
    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    stdout: bytes
    stderr: bytes
    stdout_left_out: int = 0
    """Bytes of the middle that are not in `stdout`, where a note stands instead."""


@dataclass(frozen=True)
class Sign:
    """A sign of life that the guest gave, with what the host's clocks said when it came. Its content is not to be trusted."""

    event: str
    numbers: dict[str, float]
    wall_s: float
    cpu_s: float


class Life(Protocol):
    """The guest's first process, as far as its end goes."""

    pid: int

    def has_ended(self) -> bool: ...

    def end(self) -> tuple[int, float, int]:
        """Exit code as a shell says it, CPU seconds, peak memory in bytes; only after it has ended or was killed."""
        ...


class ChildProcess:
    """A child of ours."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def has_ended(self) -> bool:
        """It stays a zombie, so its number stays taken and its usage can still be read."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> tuple[int, float, int]:
        # bwrap does not wait for its first process, so what `used` holds may be less than was read from the clocks.
        _, status, used = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code  # Popen must not wait for a number that may be reused
        return code if code >= 0 else 128 - code, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


@dataclass
class Wiring:
    """Our ends of what the guest was started with. handshake: None when the guest is under way already."""

    process: Life
    handshake: socket.socket | None
    stdin: int | None
    stdout: int | None
    stderr: int
    status: int | None
    control: socket.socket | None = None
    handed: tuple[int, ...] = ()
    """Descriptors that go to the guest with the word to start; closed here then."""


class Guest:
    """A running guest. Use it as a context manager: leaving kills what is left and frees everything.

    written: bytes in files that a guest without folders was given. control: a guest of ours is spoken to over it.
    Not safe for several threads at once.
    """

    def __init__(
        self,
        wiring: Wiring,
        limits: Limits,
        *,
        usage: Usage,
        written: Callable[[], int] = lambda: 0,
        kill: Callable[[], None],
        explain: Callable[[str], str],
        release: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._wiring = wiring
        self._limits = limits
        self._usage = usage
        self._written = written
        self._kill = kill
        self._explain = explain
        self._release = list(release)
        self._kept = {"stdout": KeptStream(limits.output_kb * 1024), "stderr": KeptStream(limits.output_kb * 1024)}
        self._open: dict[int, str] = {wiring.stderr: "stderr"}
        if wiring.stdout is not None:
            self._open[wiring.stdout] = "stdout"
        if wiring.status is not None:
            self._open[wiring.status] = "status"
        for fd in (*self._open, *(() if wiring.stdin is None else (wiring.stdin,))):
            os.set_blocking(fd, False)
        self._status = bytearray()
        self._status_total = 0
        self._signs: list[Sign] = []
        self._meter = process_tree.CpuMeter(wiring.process.pid)
        self._cpu_s = 0.0
        self._peak = 0
        self._excess: Excess | None = None
        self._stopped = False
        self._ended: tuple[int, float] | None = None
        self._looked = 0.0
        self._began = time.monotonic()
        self.folders: tuple[int, ...] = ()
        self.on_output: Callable[[str, bytes], None] | None = None
        """Called with 'stdout' or 'stderr' and what came, beside keeping it."""
        if wiring.handshake is not None:
            try:
                self._shake_hands(wiring.handshake)
            except BaseException:
                self.close()
                raise

    # ------------------------------------------------------------ life

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def scratch(self) -> int:
        """The open scratch folder; it can be read until the guest is closed, also after its end."""
        return self.folders[0]

    @property
    def control(self) -> socket.socket:
        """Our end of the socket that the job asked for."""
        assert self._wiring.control is not None
        return self._wiring.control

    @property
    def wall_s(self) -> float:
        return time.monotonic() - self._began

    def cpu_s(self) -> float:
        """CPU time of all processes and threads of the guest, by the host's clocks, to the nanosecond."""
        self._cpu_s = max(self._cpu_s, self._meter.read_s())
        return self._cpu_s

    def say(self, line: str) -> None:
        """Write a line to the guest's standard input; a guest that no longer listens is found out by its end.

        One that has left so much unread that the line finds no room is ended: we wait for nothing here.
        """
        assert self._wiring.stdin is not None
        try:
            os.write(self._wiring.stdin, line.encode())  # whole or not at all: shorter than PIPE_BUF
        except BrokenPipeError:
            return
        except BlockingIOError:
            self._excess = "unread input"
            self.stop()

    def hang_up(self) -> None:
        """Close the guest's standard input."""
        if self._wiring.stdin is not None:
            os.close(self._wiring.stdin)
            self._wiring.stdin = None

    def wait_for(self, event: str, stop: threading.Event | None = None) -> Sign | None:
        """The next sign of this name, signs before it dropped; None when the guest ended first."""
        while True:
            while self._signs:
                sign = self._signs.pop(0)
                if sign.event == event:
                    return sign
            if self._ended is not None:
                return None
            self._turn(stop)

    def next_sign(self) -> Sign | None:
        """The next sign, whatever its name; None when the guest ended first."""
        while not self._signs and self._ended is None:
            self._turn(None)
        return self._signs.pop(0) if self._signs else None

    def unasked(self) -> Sign | None:
        """The first sign that has come and that nobody has waited for, read now."""
        self.look()
        return self._signs[0] if self._signs else None

    def look(self) -> None:
        """Read what has come and enforce the limits, without waiting."""
        if self._ended is None:
            self._turn(None, wait_s=0.0)

    def watch(self, until: Callable[[], bool], stop: threading.Event | None = None) -> bool:
        """Watch until something of ours has happened; False when the guest ended first or was told to stop."""
        while not until():
            if self._ended is not None:
                return False
            self._turn(stop)
        return True

    def linger(self, seconds: float) -> None:
        """Watch until the guest ends by itself, for so long at most."""
        until = time.monotonic() + seconds
        while self._ended is None and time.monotonic() < until:
            self._turn(None, wait_s=0.005)

    def run(self, stop: threading.Event | None = None) -> tuple[Outcome, list[Sign]]:
        """Watch until the guest ends or must be ended; then nothing of it is alive."""
        while self._ended is None:
            self._turn(stop)
        code, wall_s = self._ended
        outcome = Outcome(
            exit_code=None if self._stopped else code,
            excess=self._excess,
            stopped=self._stopped,
            wall_s=wall_s,
            cpu_s=self._cpu_s,
            peak_memory_mb=self._peak / 2**20,
            stdout=self._kept["stdout"].kept(),
            stderr=self._kept["stderr"].kept(),
            stdout_left_out=self._kept["stdout"].left_out,
        )
        return outcome, self._signs

    def stop(self) -> None:
        """End the guest now and with it everything that it started."""
        if self._ended is None:
            self._stopped = True
            self._finish()

    def close(self) -> None:
        """Kill what lives, close what is open. Scratch, /tmp and shared memory are gone after it."""
        if self._ended is None:
            self.stop()
        self.hang_up()
        for fd in (*self._open, *self.folders, *self._wiring.handed):
            os.close(fd)
        self._wiring.handed = ()
        self._open.clear()
        self.folders = ()
        for connection in (self._wiring.handshake, self._wiring.control):
            if connection is not None:
                connection.close()
        while self._release:
            self._release.pop()()

    # ------------------------------------------------------------ watching

    def _shake_hands(self, handshake: socket.socket) -> None:
        """Take the open writable folders from the shim, then let it start the guest."""
        handshake.settimeout(_START_S)
        try:
            message, folders, _, _ = socket.recv_fds(handshake, 16, 8)
        except TimeoutError:
            message, folders = b"", []
        if message != b"ready":
            self.stop()
            self._drain()
            said = self._kept["stderr"].kept().decode(errors="replace")
            raise SandboxUnavailable(self._explain(said))
        self.folders = tuple(folders)
        socket.send_fds(handshake, [b"g"], self._wiring.handed)
        for fd in self._wiring.handed:
            os.close(fd)
        self._wiring.handed = ()
        self._began = time.monotonic()

    def _turn(self, stop: threading.Event | None, wait_s: float = _POLL_S) -> None:
        """Read what has come, look whether the guest has ended or wants too much."""
        if stop is not None and stop.is_set():
            self.stop()
            return
        for fd in _readable(self._open, wait_s):
            self._read(fd)
        if not self._open:  # poll returned at once; look often, the end is near
            time.sleep(min(0.005, wait_s))
        if self._wiring.process.has_ended():
            self._finish()
            return
        now = time.monotonic()
        if now - self._looked >= _POLL_S:
            self._looked = now
            self._excess = self._find_excess()
            if self._excess is not None:
                self.stop()

    def _find_excess(self) -> Excess | None:
        limits = self._limits
        pids = process_tree.descendants(self._wiring.process.pid)
        self._cpu_s = max(self._cpu_s, self._meter.read_s(pids))
        memory = process_tree.resident_bytes(pids)
        if memory > limits.memory_mb * 2**20:
            memory = process_tree.proportional_bytes(pids)
        self._peak = max(self._peak, memory)
        used, files = self._usage(self.folders[0]) if self.folders else (self._written(), 0)
        elsewhere = sum(self._usage(folder)[1] for folder in self.folders[1:])
        checks: tuple[tuple[bool, Excess], ...] = (
            (self.wall_s > limits.wall_s, "wall time"),
            (limits.cpu_s is not None and self._cpu_s > limits.cpu_s, "CPU time"),
            (memory > limits.memory_mb * 2**20, "memory"),
            (process_tree.machine_is_short_of_memory(), "memory of the machine"),
            (len(pids) > limits.processes + 4, "processes"),  # bubblewrap's own are at most two
            (self._descriptors(pids) > limits.descriptors, "descriptors"),
            (used > limits.scratch_mb * 2**20, "disk"),
            (files + elsewhere > limits.scratch_files, "files"),
            (any(kept.total > _OUTPUT_FACTOR * limits.output_kb * 1024 for kept in self._kept.values()), "output"),
        )
        return next((name for found, name in checks if found), None)

    def _descriptors(self, pids: Sequence[int]) -> int:
        """An upper bound where that is low enough, else a count."""
        bound = len(pids) * NOFILE
        return bound if bound <= self._limits.descriptors else sum(process_tree.descriptors(pid, NOFILE) for pid in pids)

    def _read(self, fd: int) -> None:
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            return
        name = self._open[fd]
        if not data:
            os.close(fd)
            del self._open[fd]
        elif name == "status":
            self._take_signs(data)
        else:
            self._kept[name].add(data)
            if self.on_output is not None:
                self.on_output(name, data)

    def _take_signs(self, data: bytes) -> None:
        self._status_total += len(data)
        if self._status_total > _STATUS_TOTAL:
            return
        self._status += data
        *lines, rest = self._status.split(b"\n")
        self._status = bytearray(rest[-_STATUS_LINE:])
        wall_s, cpu_s = self.wall_s, self.cpu_s()
        for line in lines:
            sign = _sign(bytes(line), wall_s, cpu_s)
            if sign is not None:
                self._signs.append(sign)

    def _drain(self) -> None:
        """What is still in the pipes after the end; no process holds their other ends any more."""
        for fd in list(self._open):
            for _ in range(64):
                if fd not in self._open or not _readable([fd], 0.0):
                    break
                self._read(fd)

    def _finish(self) -> None:
        wall_s = self.wall_s
        self._cpu_s = max(self._cpu_s, self._meter.read_s())
        if self._stopped or self._wiring.handshake is not None:
            self._kill()
        code, cpu_s, peak = self._wiring.process.end()
        self._cpu_s = max(self._cpu_s, cpu_s)
        self._peak = max(self._peak, peak)
        self._ended = (code, wall_s)
        self._drain()


def _readable(fds: Iterable[int], wait_s: float) -> list[int]:
    """Those that have something to read or have been closed at the other end. poll, since select stops at number 1023."""
    poller = select.poll()
    for fd in fds:
        poller.register(fd, select.POLLIN)
    return [fd for fd, _ in poller.poll(wait_s * 1000)]


def _sign(line: bytes, wall_s: float, cpu_s: float) -> Sign | None:
    """A status line as a sign; None for anything that is not one: the guest may write what it likes there."""
    if len(line) > _STATUS_LINE:
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("event"), str):
        return None
    numbers = {
        str(key): float(value)
        for key, value in said.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    }
    return Sign(event=said["event"][:32], numbers=numbers, wall_s=wall_s, cpu_s=cpu_s)


def kill_quietly(pid: int) -> None:
    """SIGKILL; a process that has gone is no error."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
