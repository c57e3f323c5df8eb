"""A plain process with ceilings: no isolation. Only where the settings accept it, and every record says so.

Environment, descriptors, output, time, memory and scratch are bounded, and everything the guest starts is killed. Not
covered: it reads and writes what our account can, reaches the network, sees other processes, and can forge any file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from researchclaw.adapters.isolation import process_tree
from researchclaw.adapters.isolation.bubblewrap import guest_environment, resource_limits
from researchclaw.adapters.isolation.channels import Channels
from researchclaw.adapters.isolation.job import Inside, Job
from researchclaw.adapters.isolation.supervisor import Guest, kill_quietly

_SHIM = Path(__file__).with_name("shim.py")


class PlainProcess:
    """See `Isolation`."""

    name = "process only"
    seals = False

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

        channels = Channels(job)
        # The kernel counts processes per account here, ours included: the supervisor counts the guest's instead.
        ceilings = {name: value for name, value in resource_limits(job.limits).items() if name != "NPROC"}
        search_path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        settings = {
            "uid": None,
            "gid": None,
            "limits": ceilings,
            "nice": job.limits.nice,
            "cpu": job.limits.cpu,
            "fds": channels.fds,
            "folders": [str(scratch), str(temporary)],
            "handshake": channels.handshake,
            "keep_children": True,
            "argv": list(job.argv(inside)),
            "env": {**guest_environment(search_path, str(scratch)), "TMPDIR": str(temporary), **job.environment},
        }
        try:
            wiring = channels.start([sys.executable, "-I", "-S", "-B", str(_SHIM), json.dumps(settings)])
        except BaseException:
            channels.abandon()
            raise
        return Guest(
            wiring,
            job.limits,
            usage=_folder_usage,
            kill=lambda: _kill_tree(wiring.process.pid),
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
