"""A guest's processes as the host sees them: who they are, what CPU time and memory they used.

Everything is asked of the kernel, from outside; nothing that a guest says enters.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_CPU_CLOCK_OF_A_PROCESS = 2  # CPUCLOCK_SCHED of linux/posix-timers.h
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GONE = (FileNotFoundError, ProcessLookupError)


def descendants(root: int) -> list[int]:
    """root and every process below it. Complete for a PID namespace: orphans come back to its first process.

    A process that is born or dies during the walk may be missed; the next walk sees it.
    """
    below = _listed_children if _kernel_lists_children() else _children_by_parent()
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(below(pid))
    return found


@functools.cache
def _kernel_lists_children() -> bool:
    """CONFIG_PROC_CHILDREN; nearly every distribution has it."""
    return Path(f"/proc/self/task/{os.getpid()}/children").exists()


def _listed_children(pid: int) -> list[int]:
    try:
        return [int(child) for thread in Path(f"/proc/{pid}/task").iterdir() for child in (thread / "children").read_text().split()]
    except _GONE:
        return []


def _children_by_parent() -> Callable[[int], list[int]]:
    """The same from one pass over all processes."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                after_name = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except _GONE:
                continue
            children.setdefault(int(after_name[1]), []).append(int(folder.name))
    return lambda pid: children.get(pid, [])


def cpu_ns(pid: int) -> int | None:
    """CPU time of one process with all its threads, in nanoseconds; None when it has gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK_OF_A_PROCESS)
    except OSError:  # EINVAL is how the kernel says that there is no such process
        return None


def resident_bytes(pids: Iterable[int]) -> int:
    """Sum of resident memory; pages shared between processes count once for each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except (*_GONE, IndexError):
            continue
    return total


def proportional_bytes(pids: Iterable[int]) -> int:
    """Like `resident_bytes`, but shared pages are divided among those who share them. Slower: the kernel walks the pages.

    A process that does not let itself be looked at counts with its resident memory.
    """
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except PermissionError:
            total += resident_bytes([pid])
        except _GONE:
            continue
    return total


def descriptors(pid: int, at_most: int) -> int:
    """Open files of a process; `at_most` for one that does not let itself be looked at."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except PermissionError:
        return at_most
    except _GONE:
        return 0


def machine_is_short_of_memory() -> bool:
    """Less than a fiftieth is available. Memory that the kernel keeps for a guest (sockets, page tables) shows nowhere else."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    available, total = (int(fields[name].split()[0]) for name in ("MemAvailable", "MemTotal"))
    return available < total // 50


class CpuMeter:
    """CPU time of a whole tree, those included that have ended since the last reading."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._running: dict[int, int] = {}
        self._ended = 0

    def read_s(self, pids: Iterable[int] | None = None) -> float:
        """Seconds since the tree began; what a process uses between its last reading and its end is missed here."""
        now = {pid: used for pid in (descendants(self._root) if pids is None else pids) if (used := cpu_ns(pid)) is not None}
        for pid, used in self._running.items():
            if pid not in now or now[pid] < used:  # ended, or its number went to a new process
                self._ended += used
        self._running = now
        return (self._ended + sum(now.values())) / 1e9
