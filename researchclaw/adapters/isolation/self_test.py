"""A short attack on our own sandbox: what an isolation promises is tried from inside before anything relies on it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from researchclaw.adapters.isolation.job import Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.streams import plain_text
from stages.errors import SandboxUnavailable

_ATTACK = Path(__file__).with_name("attack.py")
_PROCESSES = 24
PROCESSES = "start more processes than allowed"
"""An attempt's name, as the guest says it."""


@dataclass(frozen=True)
class Attempt:
    """One thing that a guest must not be able to do."""

    name: str
    blocked: bool
    detail: str


def self_test(isolation: Isolation) -> tuple[Attempt, ...]:
    """Every attempt with its outcome; takes about a quarter of a second.

    Raises:
        SandboxUnavailable: the guest could not be started, or gave no account of itself.
    """
    with tempfile.TemporaryDirectory(prefix="researchclaw-self-test-") as name, _listener() as tcp, _abstract() as unix:
        folder = Path(name)
        canary = folder / "canary.txt"
        canary.write_text(secrets.token_hex(16), encoding="utf-8")
        folder.chmod(0o777)  # the sandbox, not the file's mode, must keep the guest out
        canary.chmod(0o666)
        targets = {
            "canary": str(canary),
            "home": str(Path.home()),
            "folder": str(folder),
            "port": tcp.getsockname()[1],
            "abstract": unix.getsockname().decode("latin-1"),
            "pid": os.getpid(),
            "processes": _PROCESSES,
            "executable": sys.executable,
        }
        job = Job(
            argv=lambda inside: [inside.python, "-I", "-S", "-B", f"{inside.inputs}/attack.py", json.dumps(targets)],
            inputs={"attack.py": _ATTACK.read_bytes()},
            limits=Limits(wall_s=60, processes=_PROCESSES, scratch_mb=16, tmp_mb=16, shm_mb=16, nice=0),
        )
        with isolation.start(job) as guest:
            outcome, _ = guest.run()
        attempts, ended = _account(outcome.stdout)
        if outcome.excess == "processes":  # the last attempt; without a process namespace the supervisor counts
            attempts, ended = [*attempts, Attempt(PROCESSES, True, "stopped from outside")], True
        if not ended:
            said = plain_text(outcome.stderr).strip().splitlines()
            why = outcome.excess or (said[-1] if said else f"exit code {outcome.exit_code}")
            raise SandboxUnavailable(f"The sandbox's self-test did not end ({why}); nothing was run. Try 'researchclaw doctor'.")
        left = sorted(path.name for path in folder.iterdir() if path != canary)
        outside = Attempt("leave a file outside", not left, ", ".join(left) or "nothing there")
        return (*attempts, outside)


def _account(stdout: bytes) -> tuple[list[Attempt], bool]:
    """What the guest told, and whether it came to its end."""
    attempts: list[Attempt] = []
    for line in stdout.splitlines():
        told = json.loads(line)
        if told == "end":
            return attempts, True
        name, blocked, detail = told
        attempts.append(Attempt(str(name), bool(blocked), str(detail)))
    return attempts, False


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    return listener


def _abstract() -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(b"\0researchclaw-" + secrets.token_hex(8).encode())
    listener.listen(1)
    return listener
