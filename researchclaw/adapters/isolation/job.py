"""One program to be run by a guest, described without knowing which isolation runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS, Limits
from researchclaw.adapters.isolation.supervisor import Guest

STATUS_FD = 3
"""Where the guest writes its signs of life, when a job asks for them."""

CONTROL_FD = 3
"""Where a guest of ours listens, when a job asks for that instead."""


@dataclass(frozen=True)
class Inside:
    """Names as the guest sees them."""

    python: str
    inputs: str
    scratch: str


@dataclass(frozen=True)
class Job:
    """What to run and what it may see.

    inputs: name below the inputs folder -> bytes (copied) or a host path (a file or a folder, bound read-only).
    stdin, stdout: an open descriptor of ours, or what to do instead; captured output is in the outcome.
    one_process: the guest may start threads and no process, so that its CPU clock misses nothing.
    sealed: nothing is writable and there are no sockets, so that one process of the guest can leave no note for the next.
    sources: the guest needs the standard library as text; only preparing data does.
    hidden: folders below site-packages that the guest must not see, e.g. because they hold the answers.
    environment: what the guest has beside the few variables that all guests have.
    control: the guest gets a socket to us as CONTROL_FD; for programs of the harness that run before any candidate.
    held_out: modules of the standard library (`guest_python.modules_in`) that the guest must not have, but for those that
        torch and the interpreter import; kept by bubblewrap alone.
    data_sets: the guest may read the data sets that packages bring along; only preparing data may.
    """

    argv: Callable[[Inside], Sequence[str]]
    inputs: Mapping[str, bytes | Path] = field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS
    stdin: int | Literal["closed", "pipe"] = "closed"
    stdout: int | Literal["captured"] = "captured"
    status: bool = False
    one_process: bool = False
    sealed: bool = False
    sources: bool = False
    control: bool = False
    hidden: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    data_sets: bool = False
    held_out: tuple[str, ...] = ()


class Isolation(Protocol):
    """A way to run untrusted programs."""

    @property
    def name(self) -> str:
        """As every record and the paper print it."""
        ...

    @property
    def seals(self) -> bool:
        """Whether `Job.sealed` is kept, so that one process can serve several runs one after the other."""
        ...

    def start(self, job: Job) -> Guest:
        """Start a guest. The calling thread must live until the guest has ended: the kernel kills guests of dead threads.

        Raises:
            SandboxUnavailable: nothing was run; the message says what to do.
        """
        ...
