"""The run's journal: append-only, fsynced, hash-chained lines; nothing that it holds is paid for twice.

One line is one JSON object {"n", "at", "prev", "kind", "key", "type", "body", "sha"}: `key` is the hash of the request of
an answer and null for an event, `type` names the contract in `body`, `prev` is the `sha` of the line before, and `sha`
covers everything else on the line. A kill may tear the last line; it is dropped when the journal is opened, and said so.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self, TypeVar

from pydantic import Field, FiniteFloat, JsonValue, ValidationError

from researchclaw.secret_values import masked_values
from stages.contracts import Contract, GateAnswer, RunRecord, Sha256, Verdict
from stages.errors import UserMustAct

logger = logging.getLogger(__name__)

START = "0" * 64
"""`prev` of the first line."""

Request = TypeVar("Request", bound=Contract)
Answer = TypeVar("Answer", bound=Contract)


class JournalDamaged(UserMustAct):
    """A line before the last one is unreadable or does not follow from its predecessor."""


def canonical(value: Contract) -> str:
    """The one JSON text of a contract: sorted keys, no spaces, floats as Python writes them."""
    return canonical_json(value.model_dump(mode="json"))


def canonical_json(value: JsonValue | Mapping[str, JsonValue]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Contract) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return sha256_of_text(canonical(value))


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- events


class StageStarted(Contract):
    stage: int
    name: str
    round: int


class StageEnded(Contract):
    """`reused`: the output of an earlier process was still valid, nothing was computed."""

    stage: int
    name: str
    round: int
    seconds: float
    reused: bool


class StageFailed(Contract):
    stage: int
    name: str
    round: int
    error: str = Field(description="Class of the error.")
    message: str


class ExperimentsPlanned(Contract):
    """What stage 11 put on the schedule."""

    runs: int
    estimated_s: float
    lower_is_better: bool | None = None


class ExperimentEnded(Contract):
    """One training run has its verdict; emitted by whoever wraps the laboratory."""

    condition: str
    seed: int
    purpose: str
    verdict: Verdict
    value: FiniteFloat | None
    reason: str | None = None
    seconds: float | None = Field(default=None, description="Wall time of the training.")

    @classmethod
    def of(cls, record: RunRecord) -> Self:
        return cls(
            condition=record.condition,
            seed=record.seed,
            purpose=record.purpose,
            verdict=record.verdict,
            value=record.measurement.value if record.measurement else None,
            reason=record.reason,
            seconds=record.cost.train_wall_s,
        )


class WentBack(Contract):
    """Stages from `to` on are archived under archive/<archive>/ and done again.

    'refine', 'pivot' and 'rejected' begin a new round of the research; the others do the same round again.
    """

    archive: int
    to: int
    by: Literal["refine", "pivot", "rejected", "guidance", "changed inputs", "user"]
    reason: str


class GateAsked(Contract):
    stage: int
    title: str


class GateDecided(Contract):
    answer: GateAnswer


class RunStarted(Contract):
    run_id: str
    pid: int
    resumed: bool


class RunEnded(Contract):
    status: str
    exit_code: int
    message: str = ""


class ModelRequestFailed(Contract):
    """A request to a language model that gave no answer. What it took is estimated where the endpoint did not count."""

    stage: int | None
    question: str = Field(description="Kind of question, e.g. 'CardQuestion'.")
    model: str
    request: Sha256 = Field(description="Hash of the request.")
    fault: str = Field(description="e.g. 'throttled', 'length'.")
    message: str
    prompt: int = Field(description="Tokens.")
    cached: int = Field(description="Of these, from the endpoint's cache.")
    completion: int = Field(description="Tokens.")
    usd: FiniteFloat | None = Field(description="None: the price is not known.")
    seconds: FiniteFloat


class QuestionGivenUp(Contract):
    """No model gave a valid answer; the next time the question is put anew instead of looked up."""

    question: str
    request: Sha256


Event = (
    StageStarted
    | StageEnded
    | StageFailed
    | ExperimentsPlanned
    | ExperimentEnded
    | WentBack
    | GateAsked
    | GateDecided
    | RunStarted
    | RunEnded
    | ModelRequestFailed
    | QuestionGivenUp
)


# ---------------------------------------------------------------- entries


class Entry(Contract):
    """One line."""

    n: int
    at: str
    prev: Sha256
    kind: str
    key: Sha256 | None
    type: str
    body: JsonValue
    sha: Sha256

    @staticmethod
    def seal(fields: Mapping[str, JsonValue]) -> str:
        """SHA-256 over the line without its `sha`."""
        return sha256_of_text(canonical_json({k: v for k, v in fields.items() if k != "sha"}))

    def line(self) -> str:
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def entries(path: Path) -> Iterator[Entry]:
    """The entries of a journal that may be written to at this moment; a torn last line is left out.

    Raises:
        JournalDamaged: a line that is not the last one is unreadable or breaks the chain.
    """
    good, _ = _read(path)
    yield from good


def _read(path: Path) -> tuple[list[Entry], int]:
    """The entries, and how many bytes of the file they fill; what follows is a torn line."""
    found: list[Entry] = []
    if not path.exists():
        return found, 0
    data = path.read_bytes()
    good = 0
    prev = START
    for raw in data.splitlines(keepends=True):
        number = len(found) + 1
        last = good + len(raw) == len(data)
        if last and not raw.endswith(b"\n"):
            break
        try:
            fields = json.loads(raw)
            entry = Entry.model_validate(fields)
        except (ValueError, ValidationError) as exc:
            if last:
                break
            raise JournalDamaged(f"{path}: line {number} is not a journal entry; restore the file from a backup.") from exc
        if entry.n != number or entry.prev != prev or entry.sha != Entry.seal(fields):
            raise JournalDamaged(f"{path}: line {number} was changed or does not follow line {number - 1}; restore the file.")
        found.append(entry)
        prev = entry.sha
        good += len(raw)
    return found, good


class Journal:
    """The journal of a run that this process holds the lock of.

    Threads may share it. Listeners are called in the thread that writes, after the line is on disk.
    """

    EVENT: ClassVar[str] = "event"

    def __init__(self, path: Path) -> None:
        self.path = path
        found, good = _read(path)
        size = path.stat().st_size if path.exists() else 0
        self.dropped = size - good
        """Bytes of a torn last line that were cut off; 0 as a rule."""
        if self.dropped:
            logger.warning("%s: the last line was torn by a kill; %d bytes dropped", path.name, self.dropped)
            os.truncate(path, good)
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._lock = threading.Lock()
        self._n = len(found)
        self._prev = found[-1].sha if found else START
        self._answers: dict[tuple[str, str], Entry] = {(e.kind, e.key): e for e in found if e.key is not None}
        self._events: list[Entry] = [e for e in found if e.kind == self.EVENT]
        self._flights: dict[tuple[str, str], threading.Lock] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self.reused = 0
        """Answers that were looked up instead of paid for, in this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._fd)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def event(self, event: Event) -> None:
        """Record an event, then tell the listeners."""
        entry = self._append(self.EVENT, None, event)
        self._events.append(entry)
        self.tell(event)

    def note(self, body: Contract) -> None:
        """Record an event of another kind of run than the pipeline's; nobody listens to those."""
        self._events.append(self._append(self.EVENT, None, body))

    def tell(self, event: Event) -> None:
        """Tell the listeners without a line of its own: what it says stands in the journal as an answer already."""
        for listener in self._listeners:
            listener(event)

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; 0 and `START` when there is none."""
        with self._lock:
            return self._n, self._prev

    def events(self, kind: type[Answer]) -> tuple[Answer, ...]:
        """All events of one type, oldest first."""
        return tuple(kind.model_validate(e.body) for e in self._events if e.type == kind.__name__)

    def find(self, kind: str, request: Contract, answer_type: type[Answer]) -> Answer | None:
        """The recorded answer, or None when the request was never answered."""
        entry = self._answers.get((kind, request_key(request)))
        return None if entry is None else answer_type.model_validate(entry.body)

    def record(self, kind: str, request: Contract, answer: Contract) -> None:
        """Write an answer down; it must be definite, for it is never asked for again."""
        key = request_key(request)
        self._answers[kind, key] = self._append(kind, key, answer)

    def once(
        self,
        kind: str,
        request: Contract,
        answer_type: type[Answer],
        compute: Callable[[], Answer],
        *,
        definite: Callable[[Answer], bool] = lambda _: True,
    ) -> Answer:
        """The answer to `request`: looked up, or computed and recorded.

        The same request in flight in another thread is waited for. An exception of `compute` passes and nothing is
        recorded; nor is an answer for which `definite` is false (a source that was down), so a resume asks again.
        """
        key = request_key(request)
        with self._lock:
            flight = self._flights.setdefault((kind, key), threading.Lock())
        with flight:
            known = self.find(kind, request, answer_type)
            if known is not None:
                self.reused += 1
                return known
            # through JSON, so that a first answer and a looked-up one are the same to the last bit
            answer = answer_type.model_validate_json(json.dumps(_recordable(compute())))
            if definite(answer):
                self.record(kind, request, answer)
            return answer

    def verify(self) -> int:
        """Read the file again and check the chain; the number of entries.

        Raises:
            JournalDamaged: a line was changed, removed or inserted.
        """
        found, good = _read(self.path)
        if good != self.path.stat().st_size or len(found) != self._n:
            raise JournalDamaged(f"{self.path}: {len(found)} entries on disk, {self._n} written; restore the file.")
        return len(found)

    def _append(self, kind: str, key: str | None, body: Contract) -> Entry:
        with self._lock:
            fields: dict[str, JsonValue] = {
                "n": self._n + 1,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "prev": self._prev,
                "kind": kind,
                "key": key,
                "type": type(body).__name__,
                "body": _recordable(body),
            }
            entry = Entry.model_validate({**fields, "sha": Entry.seal(fields)})
            data = (entry.line() + "\n").encode()
            self._write(data)
            self._n += 1
            self._prev = entry.sha
            return entry

    def _write(self, data: bytes) -> None:
        """Append and fsync; a full disk leaves the file as it was, so that the chain can go on later."""
        before = os.fstat(self._fd).st_size
        try:
            written = os.write(self._fd, data)
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, before)
            raise
        if written != len(data):
            os.ftruncate(self._fd, before)
            raise OSError(errno.ENOSPC, f"{self.path}: the disk took only part of a line")


def _recordable(body: Contract) -> JsonValue:
    """What JSON spells of a contract, without keys; never masked as text, which would cut numbers and the names of fields."""
    return masked_values(json.loads(body.model_dump_json()))


def request_key(request: Contract) -> str:
    """Hash of a request: its type's name and its canonical JSON."""
    return sha256_of_text(f"{type(request).__name__}\n{canonical(request)}")
