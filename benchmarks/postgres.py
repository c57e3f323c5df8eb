"""A PostgreSQL of one's own for a test or a measurement: a new cluster in a temporary folder, on loopback, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class NoPostgres(Exception):
    """There is no PostgreSQL here that could be started; the message says why."""


@dataclass(frozen=True)
class Cluster:
    port: int
    pid: int
    folder: Path

    @property
    def url(self) -> str:
        """For `server.database_url`."""
        return f"postgresql+asyncpg://research@127.0.0.1:{self.port}/postgres"

    def cpu_s(self) -> float:
        """CPU time of all its processes that live."""
        return sum(cpu_s(pid) for pid in (self.pid, *children(self.pid)))


def cpu_s(pid: int) -> float:
    """CPU time of a process and of its children that have ended; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def binaries() -> Path | None:
    """The folder that holds initdb and postgres."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None)


@contextlib.contextmanager
def cluster() -> Iterator[Cluster]:
    """Raises: NoPostgres: not installed, or this is root and there is nobody else to run it."""
    place = binaries()
    if place is None:
        raise NoPostgres("PostgreSQL is not installed: apt install postgresql")
    user = None
    if os.getuid() == 0:  # it refuses to run as root
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in known), None)
        if user is None:
            raise NoPostgres("PostgreSQL does not run as root, and there is no other user")
    folder = Path(tempfile.mkdtemp(prefix="researchclaw-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        rest = {"user": user, "cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}}
        argv = [place / "initdb", "-D", data, "-U", "research", "--auth=trust", "--no-sync", "-E", "UTF8"]
        made = subprocess.run(argv, capture_output=True, text=True, check=False, **rest)
        if made.returncode != 0:
            raise NoPostgres(f"initdb failed: {made.stderr.strip()[-300:]}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        argv = [place / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log, **rest)
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                time.sleep(0.1)
            else:
                raise NoPostgres(f"it did not come up: {(folder / 'log').read_text()[-300:]}")
            yield Cluster(port, process.pid, folder)
        finally:
            process.send_signal(2)  # SIGINT: fast shutdown
            process.wait(30)
    finally:
        shutil.rmtree(folder)
