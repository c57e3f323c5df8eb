"""What a guest may use, and what stopped one that wanted more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Excess = Literal[
    "wall time",
    "CPU time",
    "memory",
    "memory of the machine",
    "processes",
    "descriptors",
    "disk",
    "files",
    "output",
    "unread input",
]


NOFILE = 768
"""Open files of one process. As an ordinary user's guest it may have so many and 253 more on their way through sockets, which
the kernel counts for the whole account: 1024, the usual limit of our other processes, must not be reached (unix(7), ETOOMANYREFS)."""


@dataclass(frozen=True)
class Limits:
    """Ceilings for one sandbox. Memory files (scratch, /tmp, /dev/shm) count apart from `memory_mb`."""

    wall_s: float = 600.0
    cpu_s: float | None = None
    memory_mb: int = 4096
    processes: int = 128
    descriptors: int = 2048
    """Open files and sockets of all processes together: each socket may hold some 400 KB that no other limit sees."""
    scratch_mb: int = 512
    file_mb: int | None = None
    """One file; None: as much as the scratch folder holds."""
    scratch_files: int = 20_000
    tmp_mb: int = 256
    shm_mb: int = 256
    output_kb: int = 1024
    """Kept of each stream: its beginning and its end. A guest that writes 64 times as much is stopped."""
    address_space: bool = True
    """Off where an accelerator's driver reserves huge virtual ranges."""
    nice: int = 10
    cpu: int | None = None
    """Pin the guest to this core."""


DEFAULT_LIMITS = Limits()
