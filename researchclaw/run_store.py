"""The run folder: the truth about a run, readable without this program.

    run.json                  what was asked, with which settings, on which machine, and how it stands
    journal.jsonl             see journal.py
    stages/NN_name/output.json
    guidance/NN.json          a person's words to a stage
    gates/NN.json             question and answer
    archive/<n>/              what a redo replaced
    experiment_runs/ deliverables/

Files are written whole: temporary name, fsync, rename, fsync of the folder. One process at a time writes (lock.json).
"""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from researchclaw.journal import canonical_json, sha256_of, sha256_of_text
from stages.contracts import Brief, Contract, GateAnswer, GateQuestion, Guidance, Hardware, Sha256
from stages.errors import SettingsError, UserMustAct
from stages.stage import Stage

SCHEMA = 1
"""Of run.json and output.json; raised when an older program could not read them."""

Status = Literal["running", "waiting", "done", "stopped", "failed", "interrupted", "budget spent"]
"""'stopped': ended on purpose at --to-stage."""


class RunLocked(UserMustAct):
    """Another living process writes to this run."""


class RunInfo(Contract):
    """run.json."""

    schema_: int = Field(default=SCHEMA, alias="schema")
    run_id: str
    topic: str
    status: Status
    exit_code: int | None = Field(description="Of the last process; None while one is at work.")
    message: str = Field(default="", description="One line for a person, when the run did not end well.")
    stage: str | None = Field(default=None, description="Where the run is or ended, e.g. '12 experiment_run'.")
    created: str
    updated: str
    seconds: float = Field(default=0, description="Wall time of all processes of this run together.")
    pid: int
    command: tuple[str, ...] = ()
    version: str
    versions: dict[str, str]
    hardware: Hardware
    settings: dict[str, JsonValue]
    brief: Brief | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class StageOutput(Contract):
    """stages/NN_name/output.json."""

    schema_: int = Field(default=SCHEMA, alias="schema")
    stage: str
    round: int
    inputs: dict[str, Sha256] = Field(description="Contract of each input -> SHA-256 of its canonical JSON.")
    guidance: Sha256 = Field(description="Of the guidance that the stage was given.")
    contract: str
    output: JsonValue
    output_sha256: Sha256
    seconds: float
    edited_by: str | None = Field(default=None, description="The person who changed the output at a gate.")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Gate(Contract):
    """gates/NN.json."""

    question: GateQuestion
    asked: str
    answer: GateAnswer | None = None


class GivenGuidance(Contract):
    guidance: Guidance
    at: str


class GuidanceFile(Contract):
    """guidance/NN.json."""

    entries: tuple[GivenGuidance, ...] = ()


class Archived(Contract):
    """archive/<n>/archived.json, written last: without it the move was cut short and is finished on resume."""

    number: int
    from_stage: int
    reason: str
    at: str


class Holder(Contract):
    """lock.json: who writes. A pid alone may belong to another process by now."""

    pid: int
    boot_id: str
    started: str = Field(description="Start time of the process in clock ticks since boot, from /proc/<pid>/stat.")


Model = TypeVar("Model", bound=BaseModel)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a kill leaves either the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_model(path: Path, model: BaseModel) -> None:
    text = json.dumps(model.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def read_model(path: Path, model: type[Model]) -> Model:
    """Raises: SettingsError: the file is missing or damaged."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError as exc:
        raise SettingsError(f"{path} is missing; the run cannot be read.") from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingsError(f"{path} is damaged: {where}: {first['msg']}.") from exc


def guidance_hash(guidance: Sequence[Guidance]) -> str:
    """Hash of the words and who they are for; who said them and when changes nothing."""
    return sha256_of_text(canonical_json([[g.stage, g.message] for g in guidance]))


# ---------------------------------------------------------------- places


def check_output(output: Path, min_free_mb: int) -> None:
    """Prove that runs can be written there, before anything is spent.

    Raises:
        SettingsError: not a folder, not writable, or too little space.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=output, prefix=".probe-") as probe:
            probe.write(b"x")
            probe.flush()
    except OSError as exc:
        raise SettingsError(f"output: nothing can be written to {output} ({exc.strerror}); choose another with --output.") from exc
    free_mb = shutil.disk_usage(output).free // 2**20
    if free_mb < min_free_mb:
        raise SettingsError(f"output: {output} has {free_mb} MB free, {min_free_mb} MB are asked for (min_free_mb).")


def runs(output: Path) -> tuple[Path, ...]:
    """Run folders below `output`, oldest first; their names begin with the time."""
    if not output.is_dir():
        return ()
    return tuple(sorted(path for path in output.glob("rc-*") if (path / "run.json").exists()))


def find_run(reference: str, output: Path) -> Path:
    """The folder of a run, given as 'latest', as a run id, as its beginning, or as a folder.

    Raises:
        SettingsError: there is no such run; the message names the nearest.
    """
    known = runs(output)
    if reference == "latest":
        if not known:
            raise SettingsError(f'there is no run in {output} yet; start one with `researchclaw run --topic "…"`.')
        return known[-1]
    folder = Path(reference)
    if os.path.exists(folder / "run.json"):  # noqa: PTH110 (unlike Path.exists it bears names that are too long)
        return folder
    if "/" not in reference and os.path.exists(output / reference / "run.json"):  # noqa: PTH110
        return output / reference
    begun = [path for path in known if path.name.startswith(reference)]
    if len(begun) == 1:
        return begun[0]
    if len(begun) > 1:
        raise SettingsError(f"'{reference}' fits {len(begun)} runs: {', '.join(path.name for path in begun)}.")
    close = difflib.get_close_matches(reference, [path.name for path in known], n=1, cutoff=0.4)
    hint = f"did you mean '{close[0]}'?" if close else f"{output} holds {len(known)} runs; see `researchclaw status`."
    raise SettingsError(f"there is no run '{reference}'; {hint}")


# ---------------------------------------------------------------- lock


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _started(pid: int) -> str | None:
    """Start time of a living process; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if fields[0] in "ZX" else fields[19]


def holder_of(pid: int) -> Holder:
    """A living process, named so that it is not taken for another one later."""
    started = _started(pid)
    if started is None:
        raise ProcessLookupError(f"process {pid} is gone")
    return Holder(pid=pid, boot_id=_boot_id(), started=started)


def living(holder: Holder) -> bool:
    return holder.boot_id == _boot_id() and holder.started == _started(holder.pid)


class RunStore:
    """One run folder. Reading needs no lock; everything that writes a stage's result does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    # ---- places

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def reference(self) -> str:
        """The run as a command takes it here: its id, or its folder where the id alone would not be found."""
        here = self.folder.parent == Path("artifacts").absolute()
        return self.run_id if here else shlex.quote(str(self.folder))

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def deliverables(self) -> Path:
        return self.folder / "deliverables"

    @property
    def experiment_runs(self) -> Path:
        return self.folder / "experiment_runs"

    # ---- run.json

    @classmethod
    def create(
        cls,
        output: Path,
        topic: str,
        *,
        settings: dict[str, JsonValue],
        hardware: Hardware,
        version: str,
        versions: dict[str, str],
        command: Sequence[str] = (),
    ) -> RunStore:
        """A new run folder with its run.json."""
        mark = hashlib.sha256(topic.encode()).hexdigest()[:8]
        while True:
            folder = output / f"rc-{datetime.now(UTC):%Y%m%d-%H%M%S}-{mark}"
            try:
                folder.mkdir(parents=True)
            except FileExistsError:  # the same topic twice within a second
                time.sleep(0.2)
                continue
            break
        store = cls(folder)
        store.write_info(
            RunInfo(
                run_id=folder.name,
                topic=topic,
                status="running",
                exit_code=None,
                created=now(),
                updated=now(),
                pid=os.getpid(),
                command=tuple(command),
                version=version,
                versions=versions,
                hardware=hardware,
                settings=settings,
            )
        )
        return store

    def info(self) -> RunInfo:
        return read_model(self.folder / "run.json", RunInfo)

    def write_info(self, info: RunInfo) -> None:
        write_model(self.folder / "run.json", info)

    def record_export(self, export: dict[str, JsonValue]) -> None:
        """How the paper is set from now on; the only settings that may change once the research has begun."""
        info = self.info()
        if info.settings.get("export") != export:
            self.write_info(info.model_copy(update={"settings": {**info.settings, "export": export}}))

    # ---- lock

    def holder(self) -> Holder | None:
        """The living process that writes to this run, if there is one."""
        try:
            text = (self.folder / "lock.json").read_bytes()
        except FileNotFoundError:
            return None
        try:
            holder = Holder.model_validate_json(text)
        except ValidationError:  # empty: released
            return None
        return holder if living(holder) else None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one that writes; a lock whose process is gone is taken over.

        Raises:
            RunLocked: another process is at work on the run.
        """
        path = self.folder / "lock.json"
        me = holder_of(os.getpid())
        with self._taking_turns(path):
            other = self.holder()
            if other is not None:
                raise RunLocked(f"{self.run_id} is being worked on by process {other.pid}; wait for it or stop it first.")
            path.write_text(me.model_dump_json())
        try:
            yield
        finally:
            with self._taking_turns(path):
                path.write_text("")

    @contextmanager
    def _taking_turns(self, path: Path) -> Iterator[None]:
        """A moment that no other process shares: look, then write."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # ---- stages

    def stage_folder(self, stage: Stage) -> Path:
        return self.folder / "stages" / stage.folder

    def output(self, stage: Stage) -> StageOutput | None:
        """What the stage left, or None.

        Raises:
            SettingsError: the file is damaged, or was changed without the program's knowledge.
        """
        path = self.stage_folder(stage) / "output.json"
        if not path.exists():
            return None
        again = f"put it back, or do the stage again: `researchclaw resume {self.reference} --from-stage {stage.number}`."
        try:
            found = read_model(path, StageOutput)
        except SettingsError as exc:
            raise SettingsError(f"{str(exc).removesuffix('.')}; {again}") from exc
        if sha256_of_text(canonical_json(found.output)) != found.output_sha256:
            raise SettingsError(f"{path} was changed by hand; {again}")
        return found

    def write_output(
        self,
        stage: Stage,
        output: Contract,
        *,
        round_: int,
        inputs: dict[str, str],
        guidance: Sequence[Guidance],
        seconds: float,
        edited_by: str | None = None,
    ) -> None:
        write_model(
            self.stage_folder(stage) / "output.json",
            StageOutput(
                stage=stage.task_name,
                round=round_,
                inputs=inputs,
                guidance=guidance_hash(guidance),
                contract=type(output).__name__,
                output=output.model_dump(mode="json"),
                output_sha256=sha256_of(output),
                seconds=round(seconds, 3),
                edited_by=edited_by,
            ),
        )

    def write_edited(self, stage: Stage, before: StageOutput, output: Contract, by: str) -> None:
        """Put a person's version in the place of the stage's; the stage's own stays beside it as output.before_edit.json."""
        if before.edited_by is None:
            write_model(self.stage_folder(stage) / "output.before_edit.json", before)
        write_model(
            self.stage_folder(stage) / "output.json",
            before.model_copy(update={"output": output.model_dump(mode="json"), "output_sha256": sha256_of(output), "edited_by": by}),
        )

    # ---- archive

    def next_archive(self) -> int:
        return 1 + max((int(path.name) for path in (self.folder / "archive").glob("[0-9]*")), default=0)

    def archive(self, number: int, from_stage: int, reason: str) -> None:
        """Move what a redo from a stage on replaces to archive/<number>/; may be repeated after a kill.

        Stays: experiment_runs/ and the journal, which hold what was paid for; guidance; answers of earlier gates.
        """
        target = self.folder / "archive" / str(number)
        if (target / "archived.json").exists():
            return
        target.mkdir(parents=True, exist_ok=True)
        for kind in ("stages", "gates"):
            for path in sorted((self.folder / kind).glob("[0-9][0-9]*")):
                if int(path.name[:2]) >= from_stage:
                    self._move(path, target / kind / path.name)
        if self.deliverables.exists():
            self._move(self.deliverables, target / "deliverables")
        write_model(target / "archived.json", Archived(number=number, from_stage=from_stage, reason=reason, at=now()))

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)

    # ---- guidance

    def guidance(self, number: int) -> tuple[Guidance, ...]:
        path = self.folder / "guidance" / f"{number:02d}.json"
        if not path.exists():
            return ()
        return tuple(entry.guidance for entry in read_model(path, GuidanceFile).entries)

    def add_guidance(self, guidance: Guidance, at: str | None = None) -> None:
        """Add a person's words to a stage; the same words of the same moment are kept once."""
        path = self.folder / "guidance" / f"{guidance.stage:02d}.json"
        entry = GivenGuidance(guidance=guidance, at=at or now())
        with self._taking_turns(self.folder / "guidance" / ".lock"):
            file = read_model(path, GuidanceFile) if path.exists() else GuidanceFile()
            if entry not in file.entries:
                write_model(path, GuidanceFile(entries=(*file.entries, entry)))

    # ---- gates

    def _gate_path(self, number: int) -> Path:
        return self.folder / "gates" / f"{number:02d}.json"

    def gate(self, number: int) -> Gate | None:
        path = self._gate_path(number)
        return read_model(path, Gate) if path.exists() else None

    def ask(self, question: GateQuestion) -> Gate:
        """Write the question down, unless it stands there; the gate as it is now."""
        with self._taking_turns(self.folder / "gates" / ".lock"):
            there = self.gate(question.stage)
            if there is not None and (there.answer is not None or there.question == question):
                return there
            gate = Gate(question=question, asked=now())
            write_model(self._gate_path(question.stage), gate)
            return gate

    def answer(self, answer: GateAnswer, edit: tuple[Stage, Contract] | None = None) -> GateAnswer:
        """Write the decision down, and with it the person's version of the stage's output; the first decision wins.

        Raises:
            SettingsError: the gate was not asked yet.
            GateAlreadyAnswered: somebody was faster.
        """
        with self._taking_turns(self.folder / "gates" / ".lock"):
            gate = self.gate(answer.stage)
            if gate is None:
                raise SettingsError(
                    f"the run has not asked at gate {answer.stage}; `researchclaw status {self.reference}` says where it is."
                )
            if gate.answer is not None:
                raise GateAlreadyAnswered(gate.answer)
            if edit is not None:
                stage, output = edit
                before = self.output(stage)
                assert before is not None
                self.write_edited(stage, before, output, answer.by)
            write_model(self._gate_path(answer.stage), gate.model_copy(update={"answer": answer}))
        return answer

    def replace_gate(self, question: GateQuestion, answer: GateAnswer) -> None:
        """A person's version has taken the place of what was decided on: its question, and their word; the old ones stay beside it."""
        with self._taking_turns(self.folder / "gates" / ".lock"):
            before = self.gate(question.stage)
            if before is not None:
                write_model(self.folder / "gates" / f"{question.stage:02d}.before_edit.json", before)
            write_model(self._gate_path(question.stage), Gate(question=question, asked=answer.at, answer=answer))

    def gates(self) -> tuple[Gate, ...]:
        """Every question that was asked and still stands, with its answer."""
        return tuple(read_model(path, Gate) for path in sorted((self.folder / "gates").glob("[0-9][0-9].json")))

    def waiting_gates(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates() if gate.answer is None)


class GateAlreadyAnswered(UserMustAct):
    """The first answer wins; the message says whose it was."""

    def __init__(self, first: GateAnswer) -> None:
        super().__init__(
            f"gate {first.stage} was answered already: {first.decision} by {first.by} ({first.via}) at {first.at}; "
            "the first answer counts."
        )
        self.first = first
