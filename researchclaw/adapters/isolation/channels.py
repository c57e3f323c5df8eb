"""The descriptors between us and a guest: made before it starts, the guest's ends closed once it has them."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence

from researchclaw.adapters.isolation.job import CONTROL_FD, STATUS_FD, Job
from researchclaw.adapters.isolation.supervisor import ChildProcess, Life, Wiring


class Channels:
    """Streams, status line and handshake of one job."""

    def __init__(self, job: Job) -> None:
        self._ours: list[int] = []
        self._theirs: list[int] = []
        self._nothing: int | None = None
        self.handed: tuple[int, ...] = ()
        self._handshake, self._their_handshake = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._stdin = self._write_end() if job.stdin == "pipe" else None
            self._their_stdin = (
                self._theirs[-1] if job.stdin == "pipe" else job.stdin if isinstance(job.stdin, int) else subprocess.DEVNULL
            )
            self._stdout = self._captured_end() if job.stdout == "captured" else None
            self._their_stdout = self._theirs[-1] if job.stdout == "captured" else job.stdout
            self._stderr = self._read_end()
            self._their_stderr = self._theirs[-1]
            self._status = self._read_end() if job.status else None
            self.fds: dict[int, int] = {STATUS_FD: self._theirs[-1]} if job.status else {}
            self._control: socket.socket | None = None
            if job.control:
                self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                self._theirs.append(theirs.detach())
                self.fds[CONTROL_FD] = self._theirs[-1]
        except BaseException:
            self.abandon()
            raise

    @property
    def handshake(self) -> int:
        """The guest's end, by its number here; it keeps the number in the guest's first program."""
        return self._their_handshake.fileno()

    def _read_end(self) -> int:
        ours, theirs = os.pipe()
        self._ours.append(ours)
        self._theirs.append(theirs)
        return ours

    def _captured_end(self) -> int:
        """Like `_read_end`, but no pipe: the guest's other processes of the same user could open that in /proc/PID/fd and write."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.shutdown(socket.SHUT_WR)
        self._ours.append(ours.detach())
        self._theirs.append(theirs.detach())
        return self._ours[-1]

    def _write_end(self) -> int:
        theirs, ours = os.pipe()
        self._ours.append(ours)
        self._theirs.append(theirs)
        return ours

    def start(self, argv: Sequence[str], pass_fds: Sequence[int] = ()) -> Wiring:
        """Start the program with these channels, an empty environment, and nothing else that is ours."""
        process = subprocess.Popen(
            argv,
            env={},
            cwd="/",
            stdin=self._their_stdin,
            stdout=self._their_stdout,
            stderr=self._their_stderr,
            pass_fds=[self.handshake, *self.fds.values(), *pass_fds],
            start_new_session=True,
        )
        return self.wire(ChildProcess(process), self._handshake)

    def given(self) -> dict[int, int]:
        """Number inside -> descriptor here, for a guest that cannot inherit: streams and what lies behind them."""
        return {0: self._opened(self._their_stdin), 1: self._opened(self._their_stdout), 2: self._their_stderr, **self.fds}

    def _opened(self, stream: int) -> int:
        if stream != subprocess.DEVNULL:
            return stream
        if self._nothing is None:
            self._nothing = os.open(os.devnull, os.O_RDWR)
            self._theirs.append(self._nothing)
        return self._nothing

    def wire(self, process: Life, handshake: socket.socket) -> Wiring:
        """Our ends, once the guest has its own; a guest that connected by itself gets them over that connection."""
        if handshake is not self._handshake:
            self._handshake.close()
            self.handed = tuple(os.dup(fd) for fd in self.given().values())
        self._close_theirs()
        return Wiring(process, handshake, self._stdin, self._stdout, self._stderr, self._status, self._control, self.handed)

    def abandon(self) -> None:
        """Close everything; no guest was started."""
        self._close_theirs()
        self._handshake.close()
        if self._control is not None:
            self._control.close()
        for fd in self._ours:
            os.close(fd)

    def _close_theirs(self) -> None:
        self._their_handshake.close()
        while self._theirs:
            os.close(self._theirs.pop())
