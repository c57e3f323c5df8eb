"""What a log cannot hide, what a kill may leave behind, and what the next process makes good."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.journal import START, Entry, JournalDamaged
from researchclaw.loop import checking, lessons, opening
from researchclaw.loop.contracts import Lesson
from researchclaw.loop.history import History
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion
from researchclaw.loop.repository import Repository
from researchclaw.loop.store import LoopStore, runs

Fields = dict[str, Any]


@dataclass
class Recorded:
    """A run that has ended."""

    store: LoopStore
    repository: Repository
    history: History


class Scripted:
    """Two gains, and then so many losses that the ladder is climbed to a pivot."""

    name = "scripted"
    changes = ("TABLES = 1", "TABLES = 2", *(f"TABLES = -{number}" for number in range(1, 6)))

    def propose(self, situation: Situation) -> Suggestion | None:
        if situation.number > len(self.changes):
            return None
        change = self.changes[situation.number - 1]
        files = {"train.py": re.sub("TABLES = -?[0-9]", change, situation.files["train.py"])}
        return Suggestion(operator="TABLES up", hypothesis=change, files=files)

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        return None


@pytest.fixture(scope="module")
def once(toy: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("once")
    run, repository = toy.begun(home, toy.plan(holdout="secret", budget_s=8 * 3600.0))
    toy.worked(run, toy.FormulaScorer(repository, repeatable=True), Scripted())
    return home


@pytest.fixture
def ended(once: Path, tmp_path: Path) -> Recorded:
    """A copy of its own: two keeps, a pivot, two looks at the sealed test, an end."""
    home = shutil.copytree(once, tmp_path / "copy")
    (run,) = runs(home / "runs")
    return Recorded(run, Repository(home / "repository.git"), run.history())


def faults(ended: Recorded) -> tuple[str, ...]:
    return checking.verify_log(ended.store, ended.repository).faults


def resumed(toy: ModuleType, ended: Recorded) -> History:
    toy.worked(ended.store, toy.FormulaScorer(ended.repository, repeatable=True), Scripted())
    return ended.store.history()


def cut(run: LoopStore, kept: int) -> None:
    lines = run.log_path.read_text().splitlines(keepends=True)
    run.log_path.write_text("".join(lines[:kept]))


def rewritten(run: LoopStore, keep: Callable[[Fields], Fields | None]) -> None:
    """Another log with a whole chain: entries changed or left out."""
    lines: list[str] = []
    prev = START
    for line in run.log_path.read_text().splitlines():
        fields = keep(json.loads(line))
        if fields is None:
            continue
        fields |= {"n": len(lines) + 1, "prev": prev}
        fields["sha"] = prev = Entry.seal(fields)
        lines.append(json.dumps(fields) + "\n")
    run.log_path.write_text("".join(lines))


def without_anchor(ended: Recorded) -> None:
    for name in ended.repository.refs(ended.store.log_refs):
        ended.repository.run("update-ref", "-d", name)


def killed_after(ended: Recorded, kind: str, number: int = 0) -> None:
    """The state after a kill just behind the event: the log ends there, and so does what was written down of it."""
    run = ended.store
    at = [n for n, line in enumerate(run.log_path.read_text().splitlines(), start=1) if json.loads(line)["type"] == kind][number]
    cut(run, at)
    without_anchor(ended)
    head = json.loads(run.log_path.read_text().splitlines()[-1])
    ended.repository.point(f"{run.log_refs}{at}.{head['sha']}", ended.history.started.base)


# ---------------------------------------------------------------- the end of the log


def test_lines_that_were_cut_off_the_end_are_found_and_nothing_goes_on_from_there(toy: ModuleType, ended: Recorded) -> None:
    assert faults(ended) == ()
    count = len(ended.store.log_path.read_text().splitlines())
    cut(ended.store, count - 2)
    assert faults(ended)[0] == f"the log ends before entry {count}, which was written"
    scorer = toy.FormulaScorer(ended.repository, repeatable=True)
    with pytest.raises(JournalDamaged, match=f"ends before entry {count}"):
        toy.worked(ended.store, scorer)
    assert (scorer.calls, scorer.held) == ([], [])


def test_a_lock_of_another_git_ends_no_run_and_the_end_is_written_down_later(toy: ModuleType, tmp_path: Path) -> None:
    run, repository = toy.begun(tmp_path, toy.plan(iterations=2))
    lock = repository.git_dir / "packed-refs.lock"
    lock.touch()
    history = toy.worked(run, toy.FormulaScorer(repository, repeatable=True)).history
    assert len(history.attempts) == 2
    lock.unlink()
    toy.worked(run, toy.FormulaScorer(repository, repeatable=True))
    assert checking.verify_log(run, repository).faults == ()


def test_another_end_with_a_whole_chain_is_found(ended: Recorded) -> None:
    rewritten(ended.store, lambda fields: fields | {"at": "2026-01-01T00:00:00.000+00:00"})
    assert "is not the one that was written" in faults(ended)[0]
    without_anchor(ended)
    assert faults(ended) == ("the ref that holds the head of the log is gone",)


def test_a_log_of_which_only_the_first_line_is_left_is_found_by_refs_branch_and_tables_too(ended: Recorded) -> None:
    cut(ended.store, 1)
    without_anchor(ended)
    found = faults(ended)
    assert f"{ended.store.attempt_ref(2, 0)} has no event in the log" in found
    assert any("points to" in fault for fault in found)
    assert {"results.tsv is not what the log says", "attempts.tsv is not what the log says"} <= set(found)


def test_the_log_of_an_older_program_verifies_goes_on_and_is_anchored_then(toy: ModuleType, ended: Recorded) -> None:
    rewritten(ended.store, lambda fields: None if fields["type"] in ("ProcessStarted", "LoopEnded") else fields)
    without_anchor(ended)
    assert faults(ended) == ()
    assert ended.store.history().seconds > 0  # its process said so at its end
    assert resumed(toy, ended).ended is not None
    assert faults(ended) == ()
    cut(ended.store, 5)
    assert "ends before entry" in faults(ended)[0]


# ---------------------------------------------------------------- tables, refs, branch


@pytest.mark.parametrize("table", ["results.tsv", "attempts.tsv"])
def test_a_forged_table_is_found_while_the_run_is_open_too(toy: ModuleType, ended: Recorded, table: str) -> None:
    killed_after(ended, "AttemptEnded", -1)
    path = ended.store.folder / table
    text = path.read_text()
    path.write_text(text.replace("\tkeep\t", "\tdiscard\t") if "\tkeep\t" in text else text.replace("discard", "keep"))
    assert f"{table} is not what the log says" in faults(ended)
    path.write_text("".join(text.splitlines(keepends=True)[:-1]))  # a kill came before the last row
    assert faults(ended) == ()
    path.unlink()
    resumed(toy, ended)
    assert path.read_text() == text
    path.write_text("".join(text.splitlines(keepends=True)[:-1]))  # and no kill came here
    assert faults(ended) == (f"{table} is not what the log says",)


def test_a_branch_moved_elsewhere_is_found_while_the_run_is_open_and_one_that_lags_by_a_keep_is_none(ended: Recorded) -> None:
    keep = ended.history.keeps[-1]
    place = ended.history.attempts.index(keep)
    killed_after(ended, "AttemptEnded", place)
    for name in list(ended.repository.refs(ended.store.attempt_refs)):
        if int(name.rpartition("/")[2].split(".")[0]) > keep.number + 1:
            ended.repository.run("update-ref", "-d", name)
    for table, made in checking._TABLES.items():
        (ended.store.folder / table).write_text(made(ended.store.history()))
    assert faults(ended) == ()
    ended.repository.point(ended.store.branch, keep.parent)  # the kill came between verdict and branch
    assert faults(ended) == ()
    other = ended.history.proposed[3, 0].commit
    ended.repository.point(ended.store.branch, other)
    assert f"points to {other[:7]}, the log ends at {ended.history.incumbent[:7]}" in faults(ended)[0]


def test_a_ref_without_an_event_is_a_fault_unless_a_kill_leaves_it(ended: Recorded) -> None:
    base, run = ended.history.started.base, ended.store
    for number, revision in ((8, 0), (7, 1)):  # the next attempt, the next repair
        ended.repository.point(run.attempt_ref(number, revision), base)
    assert faults(ended) == ()
    ended.repository.point(run.attempt_ref(10, 0), base)
    assert faults(ended) == (f"{run.attempt_ref(10, 0)} has no event in the log",)


# ---------------------------------------------------------------- wall time


def test_a_killed_process_counts_to_its_last_entry_and_the_budget_is_spent_by_it(toy: ModuleType, ended: Recorded) -> None:
    killed_after(ended, "AttemptEnded", 2)
    began = datetime(2026, 11, 20, 8, tzinfo=UTC)
    count = len(ended.store.log_path.read_text().splitlines())

    def spread(fields: Fields) -> Fields:
        return fields | {"at": (began + timedelta(hours=9) * fields["n"] / count).isoformat()}

    rewritten(ended.store, spread)
    without_anchor(ended)
    spent = ended.store.history().seconds
    assert spent == pytest.approx(9 * 3600 * (count - 2) / count)  # from the process's start, the second entry
    assert spent > 8 * 3600
    again = resumed(toy, ended)
    assert again.ended is not None and again.ended.reason == "The budget of 28800 s is spent."
    assert len(again.attempts) == 3
    assert ended.store.history().seconds == pytest.approx(spent, abs=30)  # the night in between counts nothing


# ---------------------------------------------------------------- lessons


def told(those: Iterable[Lesson]) -> list[tuple[str, str, str, str]]:
    return [(lesson.outcome, lesson.operator, lesson.strategy, lesson.insight) for lesson in those]


@pytest.mark.parametrize(("kind", "number"), [("AttemptEnded", 0), ("AttemptEnded", 1), ("StrategyChanged", 1), ("Learned", -1)])
def test_a_kill_beside_a_lesson_neither_loses_nor_doubles_it(toy: ModuleType, ended: Recorded, kind: str, number: int) -> None:
    before = told(ended.history.learned)
    assert [outcome for outcome, *_ in before] == ["keep", "keep", "pivot", "end"]
    killed_after(ended, kind, number)
    assert told(resumed(toy, ended).learned) == before
    assert faults(ended) == ()


def test_what_an_ended_run_learned_is_remembered_once_however_often_it_is_closed(ended: Recorded) -> None:
    place, run = opening.Place(ended.store.folder.parent), ended.store
    killed_after(ended, "LoopEnded")
    (run.folder / "results.tsv").unlink()
    assert faults(ended) == ()
    for _ in range(2):
        opening.close(place, run)
        assert sorted(told(lessons.load(place.home))) == sorted(told(ended.history.learned))
    assert (run.folder / "results.tsv").is_file()
