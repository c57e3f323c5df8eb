"""The same paper again from the journal and the run folder: no model, no laboratory, no network.

Each stage is done again on what the stages before it made in the replay. Whatever it asks of the world is looked up in a copy
of the run's journal; a question that the journal does not hold is refused. What it makes must be what the run made.
Not compared: PDF and PNG, which depend on the installed TeX and fonts, and what is derived from their bytes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from pydantic import JsonValue

from researchclaw.journal import Journal, entries
from researchclaw.run_store import RunStore, StageOutput, read_model
from stages import contracts as c
from stages.errors import ResearchMustChange, SettingsError
from stages.ports import (
    Answer,
    Context,
    LanguageModel,
    NeighbourAnswer,
    Preparation,
    ProbeRequest,
    Probes,
    Question,
    SearchAnswer,
)
from stages.stage import Stage

COMPARED = ("paper.tex", "results.json", "references.bib")
"""The paper: compared byte for byte, in this order."""

NOT_COMPARED = (c.Deliverables, c.VerificationReport)
"""Their outputs hold sizes and hashes of PDF and PNG; their files are compared instead."""

MODEL_CALL = "model call: "


class NotOnRecord(ResearchMustChange):
    """A stage asked the world for something that the journal does not hold."""


class SourceNotOnRecord(NotOnRecord):
    """The same for a source: answers of a source that was down are not kept, so that a resume asks again."""


class ReplayDiffers(ResearchMustChange):
    """The replay made something else than the run; the message names the first difference."""


class Replayed(c.Contract):
    """What came out the same."""

    folder: str
    stages: int
    looked_up: int
    files: tuple[str, ...]
    taken: tuple[str, ...]
    """Stages whose output was taken from the run folder: edited by a person, or made while a source was down."""


# ---------------------------------------------------------------- a world that only remembers


class SilentModel:
    """Stands where a model was; knows nothing by itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        _refuse(f"an answer to {type(question).__name__} by {self.name}")


class Named:
    """A model under the name by which the journal knows its answers."""

    def __init__(self, model: LanguageModel, name: str) -> None:
        self._model, self.name = model, name

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        return self._model.ask(question, answer)


class SilentLibrary:
    """Stands where the sources were; it knows only their names."""

    def __init__(self, sources: tuple[str, ...]) -> None:
        self.sources = sources

    def search(self, query: c.SearchQuery, limit: int) -> SearchAnswer:
        raise SourceNotOnRecord(f"the journal does not hold an answer of every source to the query {query.id}")

    def neighbours(self, works: Sequence[c.Work], queries: Sequence[c.SearchQuery], limit: int) -> NeighbourAnswer:
        raise SourceNotOnRecord(f"the journal does not hold an answer of every source on what cites the {len(works)} first works")

    def passages(self, work: c.Work, words: str) -> c.Reading:
        raise SourceNotOnRecord(f"the journal does not hold what the full text of {work.key} says")

    def verify(self, works: Sequence[c.Work]) -> tuple[c.CitedWork, ...]:
        raise SourceNotOnRecord(f"the journal does not hold definite verdicts on the {len(works)} cited works")


class SilentLaboratory:
    """Stands where code was run; its facts are those that the schedule noted, and it runs nothing."""

    def __init__(self, schedule: c.Schedule) -> None:
        self.isolation, self.device, self.workers = schedule.isolation, schedule.device, schedule.workers

    def corpus(self, kit: c.Slug) -> c.CorpusFacts:
        _refuse(f"the corpus of {kit}")

    def prepare(self, kit: c.GeneratedKit, seed: int) -> Preparation:
        _refuse(f"the data of {kit.name} for seed {seed}")

    def probe(self, kit: c.Slug, requests: Sequence[ProbeRequest]) -> Probes:
        _refuse(f"a probe of {', '.join(request.condition for request in requests)}")

    def measure(self, requests: Sequence[c.TrainingRequest]) -> tuple[c.RunRecord, ...]:
        first = requests[0]
        _refuse(f"the training run of {first.condition} with seed {first.seed} ({first.purpose}), {len(requests)} in all")


def _refuse(what: str) -> NoReturn:
    raise NotOnRecord(f"the journal does not hold {what}")


def models_of(journal: Path) -> tuple[str, ...]:
    """The names of those who answered, as the journal has them."""
    found = {entry.kind.removeprefix(MODEL_CALL): None for entry in entries(journal) if entry.kind.startswith(MODEL_CALL)}
    return tuple(found)


# ---------------------------------------------------------------- the replay


World = Callable[[Path, Journal, c.Schedule], Context]
"""Builds the remembering world over a scratch run folder and a copy of the journal; see `wiring.remembered`."""


def replay(store: RunStore, pipeline: Sequence[Stage], output: Path, world: World) -> Replayed:
    """Write the run's paper again into the folder `output`, which must not hold anything yet.

    Raises:
        SettingsError: the run is not finished, a file of it is damaged, or the folder is not empty.
        NotOnRecord: a stage asks for what the journal does not hold; nothing is written.
        ReplayDiffers: something came out differently; nothing is written.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise SettingsError(f"{output} is not empty; name a new folder with --output")
    found = {stage.number: _finished(store, stage) for stage in pipeline}
    info = store.info()
    if info.brief is None:
        raise SettingsError(f"{store.run_id} has no brief; `researchclaw resume {store.run_id}` first")
    (schedule,) = (one.output for one in found.values() if one.contract == c.Schedule.__name__)
    with _scratch(store, output) as folder, Journal(folder / "journal.jsonl") as journal:
        context = world(folder, journal, c.Schedule.model_validate(schedule))
        record: dict[type[c.Contract], c.Contract] = {c.Brief: info.brief}
        taken = []
        for stage in pipeline:
            kept = found[stage.number]
            here = replace(context, guidance=store.guidance(stage.number), round=kept.round, lessons=())
            as_kept = stage.output.model_validate(kept.output)
            try:
                made = stage.output.model_validate_json(stage.run(stage.gather(record), here).model_dump_json())
            except NotOnRecord as exc:
                if not (isinstance(exc, SourceNotOnRecord) and _source_was_down(as_kept)):
                    raise NotOnRecord(f"stage {stage.number} ({stage.name}): {exc}; its inputs or this program have changed") from exc
                made = as_kept
                taken.append(f"{stage.task_name}: a source was down")
            else:
                _compare(stage, made, _own(store, stage, kept))
            if kept.edited_by is not None:
                made = as_kept
                taken.append(f"{stage.task_name}: edited by {kept.edited_by}")
            record[stage.output] = made
        files = _compare_files(store.deliverables, folder / "deliverables")
        looked_up = journal.reused
        _publish(folder / "deliverables", output)
    return Replayed(folder=str(output), stages=len(pipeline), looked_up=looked_up, files=files, taken=tuple(taken))


def _finished(store: RunStore, stage: Stage) -> StageOutput:
    found = store.output(stage)
    if found is None:
        raise SettingsError(
            f"{store.run_id} is not finished: stage {stage.number} ({stage.name}) has no output; "
            f"`researchclaw resume {store.run_id}` first."
        )
    return found


def _source_was_down(output: c.Contract) -> bool:
    """The one case in which the journal cannot hold what a stage got."""
    match output:
        case c.Candidates():
            return any(not outcome.answered for outcome in output.outcomes)
        case c.VerificationReport():
            return any(work.verdict == "not checked" for work in output.citations)
        case _:
            return False


def _own(store: RunStore, stage: Stage, kept: StageOutput) -> StageOutput:
    """What the stage itself made, before a person edited it at the gate."""
    if kept.edited_by is None:
        return kept
    return read_model(store.stage_folder(stage) / "output.before_edit.json", StageOutput)


@contextmanager
def _scratch(store: RunStore, output: Path) -> Iterator[Path]:
    """A folder beside `output` with a copy of the journal, and the training runs to be read."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=output.parent) as name:
        folder = Path(name)
        shutil.copyfile(store.journal_path, folder / "journal.jsonl")
        (folder / "experiment_runs").symlink_to(store.experiment_runs)
        yield folder


def _compare(stage: Stage, made: c.Contract, kept: StageOutput) -> None:
    if stage.output in NOT_COMPARED:
        return
    where = first_difference(made.model_dump(mode="json"), kept.output)
    if where is not None:
        raise ReplayDiffers(f"stage {stage.number} ({stage.name}) made something else: {where}")


def first_difference(made: JsonValue, kept: JsonValue) -> str | None:
    """Where two JSON values differ first, as pointer with both values; None when they are equal."""
    return next(_differences(made, kept, ""), None)


def _differences(made: JsonValue, kept: JsonValue, path: str) -> Iterator[str]:
    if isinstance(made, dict) and isinstance(kept, dict):
        for name in (*kept, *(name for name in made if name not in kept)):
            if name in made and name in kept:
                yield from _differences(made[name], kept[name], f"{path}/{name}")
            else:
                yield f"{path}/{name} is only in the {'run' if name in kept else 'replay'}"
    elif isinstance(made, list) and isinstance(kept, list):
        for place, (one, other) in enumerate(zip(made, kept, strict=False)):
            yield from _differences(one, other, f"{path}/{place}")
        if len(made) != len(kept):
            yield f"{path} has {len(made)} entries, in the run {len(kept)}"
    elif type(made) is not type(kept) or made != kept:
        yield f"{path or '/'} is {_short(made)}, in the run {_short(kept)}"


def _short(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _compare_files(kept: Path, made: Path) -> tuple[str, ...]:
    """The files that are the same, byte for byte; the paper first, then every other text.

    Raises:
        ReplayDiffers: names the first file and line that differ.
    """
    texts = sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*") if path.is_file() and _is_text(path))
    names = (*COMPARED, *(name for name in texts if name not in COMPARED))
    for name in names:
        if not (kept / name).is_file() or not (made / name).is_file():
            raise ReplayDiffers(f"{name} is missing in the {'replay' if (kept / name).is_file() else 'run'}")
        ours, theirs = (made / name).read_bytes(), (kept / name).read_bytes()
        if ours != theirs:
            lines = zip(ours.splitlines(), theirs.splitlines(), strict=False)
            number = next((n for n, (one, other) in enumerate(lines, 1) if one != other), None)
            raise ReplayDiffers(f"{name} differs{f' from line {number} on' if number else ' in its length'}")
    return names


def _is_text(path: Path) -> bool:
    """Everything but pictures, and the two files that hold hashes of pictures."""
    return path.suffix not in (".pdf", ".png") and path.name not in ("manifest.json", "verification_report.json")


def _publish(made: Path, output: Path) -> None:
    if output.exists():
        output.rmdir()
    made.rename(output)
