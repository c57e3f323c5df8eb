"""What the page is made from: a run folder, read once, with nothing written and nothing asked of the world."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from researchclaw.journal import Entry, entries
from researchclaw.progress import RunStatus
from researchclaw.progress import status as run_status
from researchclaw.run_store import Archived, Gate, GivenGuidance, GuidanceFile, RunInfo, RunStore, StageOutput, read_model
from stages.contracts import Contract, RevisedManuscript, RunRecord
from stages.errors import SettingsError
from stages.g_writing.document import Figure, blocks
from stages.g_writing.markdown import parse
from stages.stage import Stage

LOG_BYTES = 8192
"""Of one log on the page, half from its beginning and half from its end; a guess at what a person reads."""

PICTURE_BYTES = 4 * 2**20
"""A larger picture is named and left out: the page is to open on a telephone."""

PNG = b"\x89PNG\r\n\x1a\n"

Kind = TypeVar("Kind", bound=Contract)


@dataclass(frozen=True)
class StageRecord:
    """One stage and what it left, if it has come to that."""

    stage: Stage
    output: StageOutput | None


@dataclass(frozen=True)
class Log:
    """The log of a training run; `left_out` bytes are missing between head and tail."""

    head: str
    tail: str
    left_out: int


@dataclass(frozen=True)
class TrainingRun:
    """One line of the journal about training, with its log; log is None when the run folder holds none."""

    record: RunRecord
    line: int
    log: Log | None


@dataclass(frozen=True)
class Picture:
    """A figure of the paper as PNG; sizes in pixels."""

    figure: Figure
    png: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Record:
    """Everything that the page says, and nothing else."""

    info: RunInfo
    status: RunStatus
    stages: tuple[StageRecord, ...]
    outputs: Mapping[type[Contract], Contract]
    journal: tuple[Entry, ...]
    runs: tuple[TrainingRun, ...]
    gates: tuple[Gate, ...]
    guidance: tuple[GivenGuidance, ...]
    archived: tuple[Archived, ...]
    pictures: tuple[Picture, ...]

    def get(self, kind: type[Kind]) -> Kind | None:
        """The standing output of that contract, or None when the run has not come so far."""
        found = self.outputs.get(kind)
        assert found is None or isinstance(found, kind)
        return found


def read_record(store: RunStore, pipeline: Sequence[Stage]) -> Record:
    """The record of a run, which may be at work meanwhile.

    Raises:
        SettingsError: a file of the run is damaged, was changed by hand, or is of another version of the program.
        JournalDamaged: the journal is not as it was written.
        ManuscriptRefused: the manuscript on record is not of its own dialect.
    """
    stages = tuple(StageRecord(stage, store.output(stage)) for stage in pipeline)
    outputs = {one.stage.output: _typed(one.stage, one.output) for one in stages if one.output is not None}
    journal = tuple(entries(store.journal_path))
    return Record(
        info=store.info(),
        status=run_status(store, pipeline),
        stages=stages,
        outputs=outputs,
        journal=journal,
        runs=tuple(_runs(store.folder, journal)),
        gates=tuple(read_model(path, Gate) for path in sorted((store.folder / "gates").glob("[0-9][0-9].json"))),
        guidance=tuple(
            entry
            for path in sorted((store.folder / "guidance").glob("[0-9][0-9].json"))
            for entry in read_model(path, GuidanceFile).entries
        ),
        archived=tuple(
            sorted(
                (read_model(path, Archived) for path in (store.folder / "archive").glob("*/archived.json")),
                key=lambda one: one.number,
            )
        ),
        pictures=tuple(_pictures(store.deliverables, outputs)),
    )


def _typed(stage: Stage, found: StageOutput) -> Contract:
    try:
        return stage.output.model_validate(found.output)
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"])
        raise SettingsError(
            f"stages/{stage.folder}/output.json is of another version of researchclaw ({where}: {exc.errors()[0]['msg']}); "
            "use the version that run.json names."
        ) from exc


def _runs(folder: Path, journal: Sequence[Entry]) -> Iterator[TrainingRun]:
    """Every training run that was paid for, in the order in which they ended; one for each request."""
    found: dict[str, tuple[RunRecord, int]] = {}
    for entry in journal:
        if entry.type == RunRecord.__name__ and entry.key is not None:
            record = RunRecord.model_validate(entry.body)
            found[record.request_sha256] = (record, entry.n)
    for record, line in found.values():
        yield TrainingRun(record, line, _log(folder, record.folder))


def _log(folder: Path, relative: str) -> Log | None:
    path = _inside(folder, f"{relative}/log.txt")
    if path is None:
        return None
    data = path.read_bytes()
    if len(data) <= LOG_BYTES:
        return Log(data.decode(errors="replace"), "", 0)
    half = LOG_BYTES // 2
    return Log(data[:half].decode(errors="replace"), data[-half:].decode(errors="replace"), len(data) - 2 * half)


def _inside(folder: Path, relative: str) -> Path | None:
    """The file, if there is one and neither '..' nor a link leads out of the folder."""
    path = (folder / relative).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def _pictures(deliverables: Path, outputs: Mapping[type[Contract], Contract]) -> Iterator[Picture]:
    revised = outputs.get(RevisedManuscript)
    if not isinstance(revised, RevisedManuscript):
        return
    document = parse(revised.manuscript.markdown, revised.manuscript.authors)
    for figure in (block for _, block in blocks(document) if isinstance(block, Figure)):
        path = _inside(deliverables, f"{figure.path.rpartition('.')[0]}.png")
        if path is not None and path.stat().st_size <= PICTURE_BYTES:
            png = path.read_bytes()
            if png.startswith(PNG) and len(png) > 24:
                width, height = struct.unpack(">II", png[16:24])  # the IHDR chunk, PNG specification 11.2.2
                yield Picture(figure, png, width, height)
