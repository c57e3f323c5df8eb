"""The head of a run's log, written down outside of it: the chain alone cannot miss lines that were cut off its end.

It is a ref whose name holds number and hash of the last entry (refs/researchclaw/<run>/log/<n>.<sha>; it points to the
baseline). It is written after the entry, so a kill in between leaves a log that is longer than its anchor says, never shorter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from researchclaw.journal import Entry, JournalDamaged, entries
from researchclaw.loop.contracts import ProcessStarted
from researchclaw.loop.repository import GitRefusedError, Repository
from researchclaw.loop.store import LoopStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """An entry that was written."""

    n: int
    sha: str


def found(run: LoopStore, repository: Repository) -> Head | None:
    """What was written down last; None: nothing, as by older versions of this program."""
    heads = [_head(name) for name in repository.refs(run.log_refs)]
    return max((head for head in heads if head is not None), key=lambda head: head.n, default=None)


def fault(head: Head | None, lines: Sequence[Entry]) -> str | None:
    """What is wrong with the entries of a log, when another end of it was written; read the head before them."""
    if head is None:
        return "the ref that holds the head of the log is gone" if any(_anchored(line) for line in lines) else None
    if head.n > len(lines):
        return f"the log ends before entry {head.n}, which was written"
    if head.n and lines[head.n - 1].sha != head.sha:
        return f"entry {head.n} of the log is not the one that was written"
    return None


def _anchored(line: Entry) -> bool:
    return line.type == ProcessStarted.__name__  # who writes these events has written the ref before


class Anchor:
    """Keeps the head of one run's log written down, for the process that holds its lock."""

    def __init__(self, run: LoopStore, repository: Repository, commit: str) -> None:
        """commit: what the ref points to.

        Raises:
            JournalDamaged: the log does not hold what was written.
        """
        self._run, self._repository, self._commit = run, repository, commit
        head = found(run, repository)
        if head is not None and (why := fault(head, list(entries(run.log_path)))) is not None:
            raise JournalDamaged(f"{run.log_path}: {why}; restore the file from a backup, or start a new loop.")
        self._refs = tuple(repository.refs(run.log_refs))

    def drop(self, n: int, sha: str) -> None:
        """Write down that entry n, with this hash, is the last one.

        Where git can't (another git holds a lock of the repository), the ref stays behind the log until the next time: a log that is
        longer than its ref is whole.
        """
        name = f"{self._run.log_refs}{n}.{sha}"
        if self._refs == (name,):
            return
        try:
            self._repository.replace_refs(tuple(old for old in self._refs if old != name), name, self._commit)
        except GitRefusedError as exc:
            logger.warning("the log's end was not written down in git this time: %s", exc)
            self._refs = tuple(self._repository.refs(self._run.log_refs))
        else:
            self._refs = (name,)


def _head(name: str) -> Head | None:
    number, _, sha = name.rpartition("/")[2].partition(".")
    return Head(int(number), sha) if number.isdecimal() else None
