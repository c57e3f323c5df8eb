"""The same paper from the journal alone; whatever is missing or different is named, and nothing is asked of the world."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from researchclaw.adapters.journalled import JournalledLaboratory, JournalledLibrary, JournalledModel
from researchclaw.adapters.shelf import FolderShelf
from researchclaw.journal import Journal
from researchclaw.replay import (
    Named,
    NotOnRecord,
    ReplayDiffers,
    SilentLaboratory,
    SilentLibrary,
    SilentModel,
    World,
    first_difference,
    models_of,
    replay,
)
from researchclaw.run_store import RunStore
from stages import contracts as c
from stages.errors import SettingsError
from stages.ports import Context, Question
from stages.stage import Stage

HARDWARE = c.Hardware(cpu="x", physical_cores=1, memory_gb=1, accelerator=None, operating_system="Linux", python="3", torch="2")
BRIEF = c.Brief(
    topic="a topic",
    budget_s=1,
    seeds=1,
    max_conditions=2,
    refine_attempts=0,
    confirm_seeds=0,
    scored_bytes=None,
    max_hours=1,
    max_works=1,
    author="",
    researcher="a mind",
    hardware=HARDWARE,
)
REQUEST = c.TrainingRequest(
    kit="k",
    kit_sha256="0" * 64,
    condition="baseline",
    train_py="",
    seed=7,
    steps=1,
    budget_s=1,
    scored_bytes=None,
    purpose="report",
)
RECORD = c.RunRecord(
    request_sha256="0" * 64,
    condition="baseline",
    seed=7,
    purpose="report",
    verdict="crash",
    reason="it was told to",
    cost=c.RunCost(train_cpu_s=1, train_wall_s=1, startup_s=0, evaluation_s=0, peak_memory_mb=1),
    isolation="none",
    command="true",
    folder="experiment_runs/baseline/7",
)
FACTS = c.CorpusFacts(name="d", sha256="0" * 64, files=1, train_bytes=1, val_bytes=1, test_bytes=1, references={})


class Ask(Question):
    template: ClassVar[str] = "none"
    about: str


class NeedsBrief(c.Contract):
    brief: c.Brief


class NeedsAll(c.Contract):
    tree: c.SubQuestion
    records: c.RunRecords


class Mind:
    name = "a mind"

    def ask(self, question: Any, answer: type[Any]) -> Any:
        return answer(id="q", text=f"What about {question.about}?", priority=1)


class Bench:
    isolation, device, workers = "strong", "cpu", 3

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def corpus(self, kit: str) -> c.CorpusFacts:
        return FACTS

    def measure(self, requests: Any) -> tuple[c.RunRecord, ...]:
        self.journal.record("training run", requests[0], RECORD)
        return (RECORD,)


def asks(inputs: Any, ctx: Context) -> c.SubQuestion:
    return ctx.model.ask(Ask(about=inputs.brief.topic), c.SubQuestion)


def schedules(inputs: Any, ctx: Context) -> c.Schedule:
    bench = ctx.laboratory
    return c.Schedule(
        runs=(REQUEST,),
        workers=bench.workers,
        device=bench.device,
        isolation=bench.isolation,
        estimated_run_s=1,
        estimated_total_s=1,
    )


def runs(inputs: Any, ctx: Context) -> c.RunRecords:
    return c.RunRecords(corpus=ctx.laboratory.corpus("k"), runs=ctx.laboratory.measure([REQUEST]))


def exports(inputs: Any, ctx: Context) -> c.Deliverables:
    ctx.shelf.begin()
    for name in ("paper.tex", "results.json", "references.bib", "paper.pdf"):
        ctx.shelf.put(name, f"{name}\n{inputs.tree.text}\nround {ctx.round}\n".encode())
    ctx.shelf.publish()
    return c.Deliverables(files=(), typeset_by="latex", pages=1, degraded=())


def stage(number: int, run: Callable[..., Any], inputs: type[c.Contract], output: type[c.Contract]) -> Stage:
    return Stage(number, run.__name__, "A", "", inputs, output, cast("Any", run), None)


PIPELINE = (
    stage(1, asks, NeedsBrief, c.SubQuestion),
    stage(2, schedules, NeedsBrief, c.Schedule),
    stage(3, runs, NeedsBrief, c.RunRecords),
    stage(4, exports, NeedsAll, c.Deliverables),
)


def context(folder: Path, model: Any, library: Any, laboratory: Any) -> Context:
    nothing = cast("Any", None)
    return Context(
        model=model,
        library=library,
        laboratory=laboratory,
        illustrator=nothing,
        typesetter=nothing,
        shelf=FolderShelf(folder),
        kits=(),
    )


def remembered(names: tuple[str, ...] = ("a mind",)) -> World:
    def world(folder: Path, journal: Journal, schedule: c.Schedule) -> Context:
        model: Any = SilentModel("nobody")
        for name in names:
            model = JournalledModel(Named(model, name), journal)
        bench = JournalledLaboratory(SilentLaboratory(schedule), journal)
        return context(folder, model, JournalledLibrary(SilentLibrary(("catalogue",)), journal), bench)

    return world


@pytest.fixture
def finished(tmp_path: Path) -> RunStore:
    """A finished run of the four stages."""
    store = RunStore.create(tmp_path / "runs", "a topic", settings={}, hardware=HARDWARE, version="0", versions={})
    store.write_info(store.info().model_copy(update={"brief": BRIEF, "status": "done"}))
    (store.experiment_runs / "baseline" / "7").mkdir(parents=True)
    with Journal(store.journal_path) as journal:
        bench = JournalledLaboratory(cast("Any", Bench(journal)), journal)
        here = context(store.folder, JournalledModel(cast("Any", Mind()), journal), None, bench)
        record: dict[type[c.Contract], c.Contract] = {c.Brief: BRIEF}
        for one in PIPELINE:
            made = one.run(one.gather(record), replace(here, round=2))
            store.write_output(one, made, round_=2, inputs={}, guidance=(), seconds=0)
            record[one.output] = made
    return store


def snapshot(store: RunStore) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in store.folder.rglob("*") if file.is_file()}


def test_the_same_paper_comes_out_and_the_run_folder_stays_as_it_was(finished: RunStore, tmp_path: Path) -> None:
    before = snapshot(finished)
    found = replay(finished, PIPELINE, tmp_path / "again", remembered())
    assert snapshot(finished) == before
    for name in ("paper.tex", "results.json", "references.bib"):
        assert (tmp_path / "again" / name).read_bytes() == (finished.deliverables / name).read_bytes()
    assert found.files == ("paper.tex", "results.json", "references.bib")
    assert found.looked_up == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "runs"]  # no scratch folder is left


def test_models_are_known_by_the_names_in_the_journal(finished: RunStore, tmp_path: Path) -> None:
    assert models_of(finished.journal_path) == ("a mind",)
    replay(finished, PIPELINE, tmp_path / "again", remembered(("an older mind", "a mind")))


def cut_journal(store: RunStore, line: int) -> None:
    lines = store.journal_path.read_bytes().splitlines(keepends=True)
    store.journal_path.write_bytes(b"".join(lines[:line]))


def test_a_training_run_that_the_journal_lacks_is_refused_by_name(finished: RunStore, tmp_path: Path) -> None:
    cut_journal(finished, 2)
    with pytest.raises(NotOnRecord, match=r"stage 3 \(runs\): .* training run of baseline with seed 7 \(report\), 1 in all"):
        replay(finished, PIPELINE, tmp_path / "again", remembered())
    assert not (tmp_path / "again").exists()
    assert NotOnRecord.exit_code == 1


def test_an_answer_that_the_journal_lacks_is_refused_by_name(finished: RunStore, tmp_path: Path) -> None:
    cut_journal(finished, 0)
    with pytest.raises(NotOnRecord, match=r"stage 1 \(asks\): the journal does not hold an answer to Ask"):
        replay(finished, PIPELINE, tmp_path / "again", remembered())


def test_a_stage_that_makes_something_else_is_named_with_the_place(finished: RunStore, tmp_path: Path) -> None:
    def asks_otherwise(inputs: Any, ctx: Context) -> c.SubQuestion:
        return asks(inputs, ctx).model_copy(update={"priority": 2})

    changed = (stage(1, asks_otherwise, NeedsBrief, c.SubQuestion), *PIPELINE[1:])
    with pytest.raises(ReplayDiffers, match=r"stage 1 \(asks_otherwise\) made something else: /priority is 2, in the run 1"):
        replay(rename_stage(finished, "01_asks", "01_asks_otherwise"), changed, tmp_path / "again", remembered())
    assert ReplayDiffers.exit_code == 1


def rename_stage(store: RunStore, old: str, new: str) -> RunStore:
    (store.folder / "stages" / old).rename(store.folder / "stages" / new)
    return store


def test_a_file_that_was_changed_is_named_with_its_line(finished: RunStore, tmp_path: Path) -> None:
    paper = finished.deliverables / "paper.tex"
    paper.write_text(paper.read_text().replace("round 2", "round 3"))
    with pytest.raises(ReplayDiffers, match=r"paper\.tex differs from line 3 on"):
        replay(finished, PIPELINE, tmp_path / "again", remembered())
    assert not (tmp_path / "again").exists()


def test_a_stage_edited_by_a_person_is_taken_as_edited(finished: RunStore, tmp_path: Path) -> None:
    before = finished.output(PIPELINE[0])
    assert before is not None
    edited = c.SubQuestion(id="q", text="What else?", priority=1)
    finished.write_edited(PIPELINE[0], before, edited, "somebody")
    for file in ("paper.tex", "results.json", "references.bib"):
        place = finished.deliverables / file
        place.write_text(place.read_text().replace("What about a topic?", "What else?"))
    found = replay(finished, PIPELINE, tmp_path / "again", remembered())
    assert found.taken == ("01 asks: edited by somebody",)
    assert "What else?" in (tmp_path / "again" / "paper.tex").read_text()


class NeedsTree(c.Contract):
    tree: c.SubQuestion


def searches(inputs: Any, ctx: Context) -> c.Candidates:
    answer = ctx.library.search(c.SearchQuery(id="q", text="x", about=(), sub_question="q", sources=("s",)), 5)
    return c.Candidates(candidates=(), outcomes=answer.outcomes)


@pytest.mark.parametrize("answered", [True, False])
def test_what_was_found_while_a_source_was_down_is_taken_from_the_run_folder(
    answered: bool, finished: RunStore, tmp_path: Path
) -> None:
    found = c.Candidates(candidates=(), outcomes=(c.SourceOutcome(source="s", answered=answered, found=0, reason="down"),))
    searching = stage(5, searches, NeedsTree, c.Candidates)
    finished.write_output(searching, found, round_=1, inputs={}, guidance=(), seconds=0)
    if answered:
        with pytest.raises(NotOnRecord, match=r"stage 5 \(searches\): the journal does not hold an answer of every source"):
            replay(finished, (*PIPELINE, searching), tmp_path / "again", remembered())
    else:
        done = replay(finished, (*PIPELINE, searching), tmp_path / "again", remembered())
        assert done.taken == ("05 searches: a source was down",)


def test_a_folder_with_something_in_it_is_left_alone(finished: RunStore, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="not empty"):
        replay(finished, PIPELINE, tmp_path / "again", remembered())
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["mine.txt"]


def test_an_unfinished_run_is_named_with_its_stage(finished: RunStore, tmp_path: Path) -> None:
    (finished.folder / "stages" / "03_runs" / "output.json").unlink()
    with pytest.raises(SettingsError, match=r"stage 3 \(runs\) has no output"):
        replay(finished, PIPELINE, tmp_path / "again", remembered())


@pytest.mark.parametrize(
    ("made", "kept", "said"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "/a/1/b is 2, in the run 3"),
        ({"a": 1}, {"a": 1, "b": 2}, "/b is only in the run"),
        ([1], [1, 2], " has 1 entries, in the run 2"),
        (1, 1.0, "/ is 1, in the run 1.0"),
        (json.loads("[1]"), [1], None),
    ],
)
def test_the_first_difference_is_a_pointer(made: Any, kept: Any, said: str | None) -> None:
    assert first_difference(made, kept) == said
