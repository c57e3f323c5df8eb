"""The folder of a loop's run: its log is the truth, the tables beside it are views.

events.jsonl    what happened: append-only, fsynced, hash-chained (as in journal.py)
lock.json       who writes
results.tsv     commit, metric, memory_gb, status, description: the five columns of karpathy's autoresearch
attempts.tsv    the same with parent, hypothesis, seeds, gains, interval, cost, guard
stop            somebody asked the process to stop
repository.git  of a kit's run: there is no repository of the user's
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from researchclaw.adapters.isolation.streams import plain
from researchclaw.journal import Journal, entries
from researchclaw.loop.contracts import AttemptEnded, LoopStarted
from researchclaw.loop.history import History, history_of
from researchclaw.run_store import Holder, RunLocked, holder_of, living, write_whole
from stages.errors import SettingsError

HOME = "researchclaw/loop"
"""Below the common git folder: not in the user's tree, shared by its work trees."""


class LoopStore:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def log_path(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def branch(self) -> str:
        return f"refs/heads/researchclaw/{self.run_id}"

    def attempt_ref(self, number: int, revision: int) -> str:
        return f"{self.attempt_refs}{number}.{revision}"

    @property
    def attempt_refs(self) -> str:
        """What the names of all attempts' refs begin with."""
        return f"refs/researchclaw/{self.run_id}/attempts/"

    @property
    def log_refs(self) -> str:
        """What the name of the ref begins with that holds the log's head, see anchor.py."""
        return f"refs/researchclaw/{self.run_id}/log/"

    # ------------------------------------------------------------ reading

    def history(self) -> History:
        """Raises: JournalDamaged, SettingsError."""
        return history_of(list(entries(self.log_path)))

    def evaluations(self) -> int:
        """Scores in the log: runs that were paid for."""
        return sum(entry.kind == "score" for entry in entries(self.log_path))

    def holder(self) -> Holder | None:
        """The living process that writes, if there is one.

        Raises:
            SettingsError: the file does not say who writes.
        """
        path = self.folder / "lock.json"
        if not path.exists() or not (text := path.read_bytes()):
            return None
        try:
            holder = Holder.model_validate_json(text)
        except ValidationError as exc:
            raise SettingsError(f"{path} is damaged; make sure that no process works on this loop, then remove the file.") from exc
        return holder if living(holder) else None

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists()

    # ------------------------------------------------------------ writing

    def request_stop(self) -> None:
        (self.folder / "stop").touch()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one that writes; a lock whose process is gone, or from before a reboot, is taken over.

        Raises:
            RunLocked
        """
        path = self.folder / "lock.json"
        me = holder_of(os.getpid())
        with _turn(path):
            other = self.holder()
            if other is not None:
                raise RunLocked(f"loop {self.run_id} is being worked on by process {other.pid}; `researchclaw loop stop` ends it.")
            path.write_text(me.model_dump_json(), encoding="utf-8")
        (self.folder / "stop").unlink(missing_ok=True)
        try:
            yield
        finally:
            with _turn(path):
                path.write_text("", encoding="utf-8")

    def write_views(self, history: History) -> None:
        """The tables, whole, from the events."""
        write_whole(self.folder / "results.tsv", results_tsv(history).encode())
        write_whole(self.folder / "attempts.tsv", attempts_tsv(history).encode())


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# ---------------------------------------------------------------- views


def results_tsv(history: History) -> str:
    plan, calibration = history.started.plan, history.calibration
    rows: list[tuple[object, ...]] = [("commit", plan.metric, "memory_gb", "status", "description")]
    if calibration:
        mean = sum(calibration.values) / len(calibration.values)
        rows.append((history.started.base[:7], f"{mean:.6f}", "0.0", "keep", "baseline"))
    for attempt in history.attempts:
        value = f"{attempt.value:.6f}" if attempt.value is not None else "0.000000"
        memory = f"{attempt.peak_memory_mb / 1024:.1f}"
        status = {"keep": "keep", "crash": "crash", "timeout": "crash"}.get(attempt.verdict, "discard")
        rows.append(((attempt.commit or "-------")[:7], value, memory, status, attempt.hypothesis))
    return _tsv(rows)


_EXTENDED = (
    *("number", "commit", "parent", "verdict", "operator", "hypothesis", "seeds", "deltas", "fresh_seeds", "fresh_deltas"),
    *("value", "gain", "low", "high", "runs", "seconds", "peak_memory_mb", "guard", "repairs", "reworks", "lines", "reason"),
)


def attempts_tsv(history: History) -> str:
    return _tsv([_EXTENDED, *(_extended(attempt) for attempt in history.attempts)])


def _extended(attempt: AttemptEnded) -> tuple[object, ...]:
    values = attempt.model_dump(mode="json")
    return tuple(json.dumps(values[name]) if isinstance(values[name], list) else values[name] for name in _EXTENDED)


_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def _tsv(rows: list[tuple[object, ...]]) -> str:
    """Tab-separated; what would break a row (a proposer wrote it) becomes a space, and nothing begins like a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, dialect="excel-tab", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None)
    for row in rows:
        writer.writerow([_cell(cell) for cell in row])
    return buffer.getvalue()


def _cell(cell: object) -> str:
    text = plain(_BREAKING.sub(" ", "" if cell is None else str(cell))).strip()
    return f" {text}" if isinstance(cell, str) and text[:1] in ("=", "@", "+") else text


# ---------------------------------------------------------------- runs of a home


def new_run(home: Path) -> LoopStore:
    """An empty folder with a name of its own."""
    number = 0
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    while True:
        folder = home / (f"{stamp}-{number}" if number else stamp)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
            continue
        return LoopStore(folder)


def runs(home: Path) -> tuple[LoopStore, ...]:
    """Oldest first."""
    return tuple(LoopStore(path.parent) for path in sorted(home.glob("*/events.jsonl")))


def find(home: Path, reference: str) -> LoopStore:
    """A run by its id, the beginning of it, or 'latest'.

    Raises:
        SettingsError
    """
    known = runs(home)
    if not known:
        raise SettingsError("there is no loop here yet; begin with `researchclaw loop plan`.")
    if reference == "latest":
        return known[-1]
    found = [store for store in known if store.run_id == reference] or [s for s in known if s.run_id.startswith(reference)]
    if len(found) != 1:
        raise SettingsError(f"'{reference}' fits {len(found)} loops; there are: {', '.join(store.run_id for store in known[-9:])}.")
    return found[0]


def at_work(home: Path) -> LoopStore | None:
    """The run that a living process works on."""
    return next((store for store in runs(home) if store.holder() is not None), None)


def begin(store: LoopStore, started: LoopStarted) -> None:
    """Write the first event."""
    with Journal(store.log_path) as journal:
        journal.note(started)
