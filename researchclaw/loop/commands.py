"""Runs a command on one version of a repository in the sandbox: the version is unpacked there and thrown away after it."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from researchclaw.adapters.isolation.job import Inside, Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.supervisor import Outcome
from researchclaw.loop.repository import Repository
from stages.errors import ExperimentFailed

_NOT_SET_UP = 97
_SCRIPT = f"""
mkdir tree && cd tree && tar -xf "$1" || exit {_NOT_SET_UP}
command=$2 seed=$3
shift 3
while [ $# -gt 0 ]; do
  mkdir -p "$(dirname "$1")" && ln -s "$2" "$1" || exit {_NOT_SET_UP}
  shift 2
done
export RESEARCHCLAW_SEED="$seed" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED="$seed"
exec /bin/sh -c "$command"
"""
_KEPT_TREES = 8


class Workbench:
    """Versions of one repository, packed, and a sandbox to run commands on them. Threads may share it."""

    def __init__(self, repository: Repository, isolation: Isolation, folder: Path, limits: Limits, needs: Mapping[str, Path]) -> None:
        """folder: for packed versions; emptied as they grow many. needs: path in the tree -> what is bound there, read-only."""
        self._repository, self._isolation, self._limits = repository, isolation, limits
        self._folder, self._needs = folder, dict(needs)
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def isolation(self) -> str:
        return self._isolation.name

    def run(
        self,
        tree: str,
        command: str,
        *,
        seed: int,
        timeout_s: float,
        stop: threading.Event | None = None,
        beside: Mapping[str, bytes] | None = None,
    ) -> Outcome:
        """How the command ended; it starts at the root of the unpacked version, without a network, with RESEARCHCLAW_SEED set.

        beside: name -> content of files that stand beside the version's folder, read-only, as ../../input/NAME.

        Raises:
            ExperimentFailed: the version could not be unpacked in the sandbox.
            SandboxUnavailable: no guest could be started.
        """
        needs = {f"needs/{number}": path for number, path in enumerate(self._needs.values())}

        def argv(inside: Inside) -> list[str]:
            links = [word for number, place in enumerate(self._needs) for word in (place, f"{inside.inputs}/needs/{number}")]
            return ["/bin/sh", "-c", _SCRIPT, "loop", f"{inside.inputs}/tree.tar", command, str(seed % 2**32), *links]

        job = Job(
            argv=argv,
            inputs={"tree.tar": self._packed(tree), **needs, **(beside or {})},
            limits=replace(self._limits, wall_s=timeout_s),
        )
        with self._isolation.start(job) as guest:
            outcome, _ = guest.run(stop)
        if outcome.exit_code == _NOT_SET_UP:
            raise ExperimentFailed("a version could not be unpacked in the sandbox; raise sandbox.disk_mb, or look at its file names.")
        return outcome

    def _packed(self, tree: str) -> Path:
        """The tree as a tar file; made from objects, so that no attribute or filter has a part in it."""
        place = self._folder / f"{tree}.tar"
        with self._lock:
            if not place.exists():
                for old in sorted(self._folder.glob("*.tar"), key=lambda file: file.stat().st_mtime)[: -_KEPT_TREES + 1]:
                    old.unlink()  # a guest that reads it keeps it open
                whole = place.with_suffix(".part")
                whole.write_bytes(packed(self._repository, tree))
                whole.chmod(0o644)  # the guest is another user
                whole.rename(place)
            else:
                os.utime(place)
        return place


def packed(repository: Repository, tree: str) -> bytes:
    """A tar file of the tree's files and links; submodules are left out."""
    entries = [entry for entry in repository.entries(tree) if entry.kind == "blob"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry, content in zip(entries, repository.blobs([entry.id for entry in entries]), strict=True):
            info = tarfile.TarInfo(entry.path)
            if entry.mode == "120000":
                info.type, info.linkname = tarfile.SYMTYPE, os.fsdecode(content)
                archive.addfile(info)
            else:
                info.mode, info.size = 0o755 if entry.mode == "100755" else 0o644, len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
