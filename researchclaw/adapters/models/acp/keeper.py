"""Runs one program and lets nothing of it outlive the process that asked: `keeper.py PARENT_PID FOLDER PROGRAM WORD…`.

A program of its own, executed and imported by nobody: agents are started by wrappers of npm, whose grandchildren go on when
the wrapper is killed (measured 2026-11: gemini, copilot). Descendants that leave the process group are found, too: this
process takes orphans up (PR_SET_CHILD_SUBREAPER). FOLDER is removed at the end.
It ends with the code of the program; 127: it could not be started.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GRACE_S = 1.0
"""An agent may be writing down the tokens with which it is signed in; it is asked to end before it is killed."""


class Asked(BaseException):
    """To end."""


def children() -> list[int]:
    """Of this process; the fourth word of stat is the parent's number, counted behind the name, which may hold anything."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
            except OSError:  # it has ended meanwhile
                continue
            if parent == os.getpid():
                found.append(int(folder.name))
    return found


def signalled(number: int) -> None:
    for pid in children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def sweep(grace_s: float) -> None:
    """End every child, and the children that come back to us with their deaths."""
    signalled(signal.SIGTERM)
    until = time.monotonic() + grace_s
    try:
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        while True:
            signalled(signal.SIGKILL)
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def asked(*_: object) -> None:
    raise Asked


def main(parent: int, folder: str, words: list[str]) -> int:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, asked)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        return 0
    code, grace_s = 143, GRACE_S
    try:
        try:
            program = subprocess.Popen(words)
        except OSError as exc:
            sys.stderr.write(f"{words[0]}: {exc.strerror}\n")
            return 127
        with Path(os.devnull).open("r+b") as nothing:  # the agent's end is seen at its streams, not at ours
            os.dup2(nothing.fileno(), 0)
            os.dup2(nothing.fileno(), 1)
        code = program.wait()
        grace_s = 0.0
    except Asked:
        pass
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sweep(grace_s)
    import shutil  # only now: it takes longer to load than all the rest

    shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
