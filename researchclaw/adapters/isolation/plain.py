"""A plain process with ceilings: no isolation. Only where the settings accept it, and every record says so.

Environment, descriptors, output, time, memory and scratch are bounded, and everything the guest starts is killed. Not
covered: it reads and writes what our account can, reaches the network, sees other processes, and can forge any file.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from researchclaw.adapters.isolation import process_tree
from researchclaw.adapters.isolation.bubblewrap import guest_environment, resource_limits
from researchclaw.adapters.isolation.job import STATUS_FD, Inside, Job
from researchclaw.adapters.isolation.supervisor import Guest, Wiring, kill_quietly

_SHIM = Path(__file__).with_name("shim.py")


class PlainProcess:
    """See `Isolation`."""

    name = "process only"

    def start(self, job: Job) -> Guest:
        """See `Isolation.start`."""
        home = Path(tempfile.mkdtemp(prefix="researchclaw-guest-"))
        scratch, temporary, inputs = home / "scratch", home / "tmp", home / "input"
        for folder in (scratch, temporary, inputs):
            folder.mkdir()
        for name, content in job.inputs.items():
            place = inputs / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                place.write_bytes(content)
            else:
                place.symlink_to(content.resolve())
        inside = Inside(python=sys.executable, inputs=str(inputs), scratch=str(scratch))

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        stdin_read, stdin_write = os.pipe() if job.stdin == "pipe" else (None, None)
        stdout_read, stdout_write = os.pipe() if job.stdout == "captured" else (None, None)
        stderr_read, stderr_write = os.pipe()
        status_read, status_write = os.pipe() if job.status else (None, None)
        fds = {} if status_write is None else {STATUS_FD: status_write}
        # The kernel counts processes per account here, ours included: the supervisor counts the guest's instead.
        ceilings = {name: value for name, value in resource_limits(job.limits).items() if name != "NPROC"}
        search_path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        settings = {
            "uid": None,
            "gid": None,
            "limits": ceilings,
            "nice": job.limits.nice,
            "cpu": job.limits.cpu,
            "fds": fds,
            "folders": [str(scratch), str(temporary)],
            "handshake": theirs.fileno(),
            "keep_children": True,
            "argv": list(job.argv(inside)),
            "env": {**guest_environment(search_path, str(scratch)), "TMPDIR": str(temporary)},
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(_SHIM), json.dumps(settings)],
            env={},
            cwd="/",
            stdin=stdin_read if stdin_read is not None else (job.stdin if isinstance(job.stdin, int) else subprocess.DEVNULL),
            stdout=stdout_write if stdout_write is not None else (job.stdout if isinstance(job.stdout, int) else None),
            stderr=stderr_write,
            pass_fds=[theirs.fileno(), *fds.values()],
            start_new_session=True,
        )
        theirs.close()
        for fd in (stdin_read, stdout_write, stderr_write, status_write):
            if fd is not None:
                os.close(fd)
        return Guest(
            Wiring(process, ours, stdin_write, stdout_read, stderr_read, status_read),
            job.limits,
            usage=_folder_usage,
            kill=lambda: _kill_tree(process.pid),
            explain=lambda said: f"The guest did not start: {said.strip().splitlines()[-1] if said.strip() else 'it said nothing'}",
            release=(lambda: _remove(home),),
        )


def _kill_tree(keeper: int) -> None:
    """Kill all that the keeper holds, then the keeper. Orphans come back to it, so the tree is whole."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        children = [pid for pid in process_tree.descendants(keeper) if pid != keeper]
        if not children:
            break
        for pid in children:
            kill_quietly(pid)
        time.sleep(0.005)
    kill_quietly(keeper)


def _folder_usage(folder: int) -> tuple[int, int]:
    """Bytes and files below an open folder; links are not followed. Deleted files that are still open are missed."""
    total = files = 0
    for _, folders, names, fd in os.fwalk(".", dir_fd=folder):
        for name in (*folders, *names):
            try:
                total += os.stat(name, dir_fd=fd, follow_symlinks=False).st_blocks * 512
            except FileNotFoundError:
                continue
            files += 1
    return total, files


def _remove(home: Path) -> None:
    """The guest may have made folders that cannot be entered."""
    for folder, folders, _ in os.walk(home):
        for name in folders:
            inner = Path(folder, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(home)
