"""The engine over a formula: what is kept, what is not, when it stops; git, lock, killing and resuming."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.journal import JournalDamaged
from researchclaw.loop import checking, store
from researchclaw.loop.engine import BaselineFailedError
from researchclaw.loop.history import FINAL_SEEDS
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion
from researchclaw.loop.telling import told
from researchclaw.run_store import RunLocked

HERE = Path(__file__).parent


class Scripted:
    """Proposes the given sources one after the other, and repairs from a second list."""

    name = "scripted"

    def __init__(self, *sources: str | Suggestion, repairs: tuple[str, ...] = ()) -> None:
        self.sources, self.repairs, self.failures = list(sources), list(repairs), list[Failure]()

    def propose(self, situation: Situation) -> Suggestion | None:
        if situation.number > len(self.sources):
            return None
        source = self.sources[situation.number - 1]
        if isinstance(source, Suggestion):
            return source
        return Suggestion(operator=f"scripted {situation.number}", hypothesis=f"try {situation.number}", files={"train.py": source})

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        self.failures.append(failure)
        if not self.repairs:
            return None
        return Suggestion(operator="mended", hypothesis="mended", files={"train.py": self.repairs.pop(0)})


def run(toy: ModuleType, home: Path, proposer: Any = None, *, sd: float = 0.0, repeatable: bool | None = True, **plan: Any) -> Any:
    the_run, repository = toy.begun(home, toy.plan(**plan))
    return toy.worked(the_run, toy.FormulaScorer(repository, sd, repeatable=repeatable), proposer)


def test_the_rules_find_planted_gains_and_the_branch_holds_what_was_kept(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, sd=0.02, iterations=24)
    history = engine.history
    source = engine._scorer.source(engine._repository.tree_of(history.incumbent))
    assert toy.value_of(source) < toy.value_of(toy.SOURCE) - 0.4
    assert engine._repository.ref(engine._store.branch) == history.incumbent
    assert history.ended.improved
    assert history.final is not None
    assert abs(history.final.gain - (toy.value_of(toy.SOURCE) - toy.value_of(source))) < 0.1


@pytest.mark.parametrize("failing", [2, 5], ids=["two seeds fail", "all seeds fail"])
def test_a_last_version_that_fails_on_final_seeds_is_told_and_is_no_improvement(toy: ModuleType, tmp_path: Path, failing: int) -> None:
    the_run, repository = toy.begun(tmp_path, toy.plan(iterations=24))
    scorer = toy.FormulaScorer(repository, 0.02, repeatable=True)
    scorer.refuse_final = lambda source, seed: source != toy.SOURCE and seed < FINAL_SEEDS + failing
    history = toy.worked(the_run, scorer).history
    assert history.keeps
    assert not history.ended.improved
    assert [(run.seed, run.version, run.reason) for run in history.final.failed] == [
        (FINAL_SEEDS + index, "last", "not causal") for index in range(failing)
    ]
    assert getattr(history.final, "seeds", ()) == tuple(FINAL_SEEDS + index for index in range(failing, 5))
    assert "last version: not causal" in (told(history.final, history.started.plan) or "")


def test_the_same_seed_proposes_the_same_and_another_seed_something_else(toy: ModuleType, tmp_path: Path) -> None:
    tried = []
    for number, seed in enumerate((0, 0, 1)):
        (home := tmp_path / str(number)).mkdir()
        tried.append([a.hypothesis for a in run(toy, home, sd=0.02, iterations=5, seed=seed).history.attempts])
    assert tried[0] == tried[1] != tried[2]


def test_every_attempt_is_a_commit_that_stays_reachable_when_it_is_discarded(toy: ModuleType, tmp_path: Path) -> None:
    worse = toy.SOURCE.replace("0.001", "0.0001")
    engine = run(toy, tmp_path, Scripted(worse))
    (attempt,) = engine.history.attempts
    assert attempt.verdict == "discard"
    assert engine._repository.ref(engine._store.attempt_ref(1, 0)) == attempt.commit
    assert engine._repository.ref(engine._store.branch) == engine.history.started.base
    assert "-LEARNING_RATE = 0.001" in engine._repository.patch(attempt.parent, attempt.commit)


def test_a_gain_is_reported_from_fresh_seeds_that_become_the_next_development_seeds(toy: ModuleType, tmp_path: Path) -> None:
    better = toy.SOURCE.replace("TABLES = 0", "TABLES = 2")
    engine = run(toy, tmp_path, Scripted(better), sd=0.01)
    (attempt,) = engine.history.attempts
    assert attempt.verdict == "keep"
    assert set(attempt.seeds) <= {1, 2, 3, 4, 5}
    assert not set(attempt.fresh_seeds) & set(attempt.seeds)
    assert attempt.gain == pytest.approx(sum(attempt.fresh_deltas) / len(attempt.fresh_deltas))
    assert engine.history.seeds(attempt.commit, len(attempt.fresh_seeds)) == attempt.fresh_seeds


def test_an_equal_number_with_less_code_is_kept_and_a_tiny_gain_with_much_code_is_not(toy: ModuleType, tmp_path: Path) -> None:
    long = toy.SOURCE + "UNUSED = 1\n"
    (home := tmp_path / "a").mkdir()
    the_run, repository = toy.begun(home, toy.plan(), long)
    shorter = toy.worked(the_run, toy.FormulaScorer(repository, repeatable=True), Scripted(toy.SOURCE))
    assert [a.verdict for a in shorter.history.attempts] == ["keep"]
    assert "lines less" in shorter.history.attempts[0].reason

    tiny = toy.SOURCE.replace("0.001", "0.00101") + "".join(f"PADDING_{n} = 0\n" for n in range(30))
    (home := tmp_path / "b").mkdir()
    engine = run(toy, home, Scripted(tiny))
    assert [a.verdict for a in engine.history.attempts] == ["discard"]
    assert "not worth 30 more lines" in engine.history.attempts[0].reason


def test_a_crash_is_repaired_three_times_at_most_and_the_repair_is_what_counts(toy: ModuleType, tmp_path: Path) -> None:
    broken = [toy.SOURCE + f"crash_{n} = 1\n" for n in range(5)]
    better = toy.SOURCE.replace("TABLES = 0", "TABLES = 2")
    (home := tmp_path / "a").mkdir()
    proposer = Scripted(broken[0], repairs=(broken[1], better))
    engine = run(toy, home, proposer)
    (attempt,) = engine.history.attempts
    assert (attempt.verdict, attempt.repairs) == ("keep", 2)
    assert proposer.failures[0].reason == "exit code 1: NameError at line 7"
    assert engine._repository.ref(engine._store.attempt_ref(1, 2)) == attempt.commit

    (home := tmp_path / "b").mkdir()
    engine = run(toy, home, Scripted(broken[0], repairs=(*broken[1:], better)))
    (attempt,) = engine.history.attempts
    assert (attempt.verdict, attempt.repairs) == ("crash", 3)


def test_a_failing_guard_is_reworked_twice_at_most(toy: ModuleType, tmp_path: Path) -> None:
    good = [toy.SOURCE.replace("TABLES = 0", "TABLES = 2") + f"X = {n}\n" for n in range(4)]
    the_run, repository = toy.begun(tmp_path, toy.plan(guards=("tests",)))
    scorer = toy.FormulaScorer(repository, repeatable=True)
    scorer.refuse_guard = lambda source: "TABLES = 2" in source
    engine = toy.worked(the_run, scorer, Scripted(good[0], repairs=tuple(good[1:])))
    (attempt,) = engine.history.attempts
    assert (attempt.verdict, attempt.guard, attempt.reworks) == ("guard-failed", "failed", 2)
    assert engine.history.incumbent == engine.history.started.base


def test_a_baseline_that_breaks_its_guard_starts_nothing(toy: ModuleType, tmp_path: Path) -> None:
    the_run, repository = toy.begun(tmp_path, toy.plan(guards=("tests",)))
    scorer = toy.FormulaScorer(repository, repeatable=True)
    scorer.refuse_guard = lambda _: True
    with pytest.raises(BaselineFailedError, match="fails before any change"):
        toy.worked(the_run, scorer, Scripted())


def test_what_the_door_refuses_is_an_attempt_without_a_commit_that_ran_nothing(toy: ModuleType, tmp_path: Path) -> None:
    outside = Suggestion(operator="x", hypothesis="rewrite the exam", files={"judge.py": "print(0)\n"})
    commented = toy.SOURCE + "# a comment\n"
    worse = toy.SOURCE.replace("32", "64")
    broken = Suggestion(operator="x", hypothesis="y", patch="--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n")
    the_run, repository = toy.begun(tmp_path, toy.plan())
    scorer = toy.FormulaScorer(repository, repeatable=True)
    engine = toy.worked(the_run, scorer, Scripted(outside, worse, commented, worse + "# again\n", broken))
    assert [a.verdict for a in engine.history.attempts] == ["rejected", "discard", "rejected", "rejected", "rejected"]
    assert [a.commit is None for a in engine.history.attempts] == [True, False, True, True, True]
    reasons = [a.reason for a in engine.history.attempts]
    assert reasons[0] == "judge.py is out of scope"
    assert reasons[2] == "the change alters layout or comments only"
    assert reasons[3] == "the same code was tried in attempt 2"
    assert len({tree for tree, _ in scorer.calls}) == 2


def test_five_same_crashes_end_the_run(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, Scripted(*(toy.SOURCE + f"crash_{n} = 1\n" for n in range(9))))
    assert len(engine.history.attempts) == 5
    assert "same crash came 5 times" in engine.history.ended.reason


def test_nothing_to_gain_climbs_the_ladder_and_stops_with_the_reason(toy: ModuleType, tmp_path: Path) -> None:
    best = toy.SOURCE.replace("0.001 ", "0.01 ").replace("32", "8").replace("TABLES = 0", "TABLES = 2")
    the_run, repository = toy.begun(tmp_path, toy.plan(), best)
    engine = toy.worked(the_run, toy.FormulaScorer(repository, 0.02, repeatable=True))
    history = engine.history
    steps = [change.to for change in history.changes]
    assert steps == ["refine", "pivot", "refine", "pivot", "widen", "refine", "pivot"]
    assert history.ended.reason.startswith("3 changes of strategy")
    assert not history.ended.improved
    assert [lesson.outcome for lesson in history.learned] == ["pivot", "pivot", "pivot", "end"]


def test_the_sealed_test_is_looked_at_for_the_baseline_and_at_the_end_only(toy: ModuleType, tmp_path: Path) -> None:
    the_run, repository = toy.begun(tmp_path, toy.plan(holdout="secret", iterations=6))
    scorer = toy.FormulaScorer(repository, 0.02, repeatable=True)
    engine = toy.worked(the_run, scorer)
    assert [look.what for look in engine.history.held_out] == ["baseline", "final"]
    assert len(scorer.held) == 2


def test_a_batch_keeps_its_best_and_leaves_the_others_open(toy: ModuleType, tmp_path: Path) -> None:
    good, best = toy.SOURCE.replace("TABLES = 0", "TABLES = 1"), toy.SOURCE.replace("TABLES = 0", "TABLES = 2")
    engine = run(toy, tmp_path, Scripted(good, best), parallel=2)
    assert {a.number: a.verdict for a in engine.history.attempts} == {2: "keep", 1: "inconclusive"}
    assert "another attempt was kept meanwhile" in engine.history.attempts[1].reason


def test_screening_tells_the_constants_that_matter_from_the_inert_one(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, sd=0.02, screen=True, iterations=12)
    screened = [a for a in engine.history.attempts if a.screening]
    assert len(screened) >= 8
    assert all(a.verdict == "inconclusive" and len(a.deltas) == 1 for a in screened)
    assert not engine.history.attempts[len(screened)].operator.startswith("INERT")


# ---------------------------------------------------------------- records


def test_only_one_process_works_on_a_run(toy: ModuleType, tmp_path: Path) -> None:
    the_run, _ = toy.begun(tmp_path, toy.plan())
    with the_run.lock(), pytest.raises(RunLocked, match="is being worked on"), the_run.lock():
        pass


def test_a_request_to_stop_ends_the_process_and_resuming_goes_on_to_the_same_end(toy: ModuleType, tmp_path: Path) -> None:
    (a := tmp_path / "a").mkdir(), (b := tmp_path / "b").mkdir()
    whole = run(toy, a, sd=0.02, iterations=10)
    the_run, repository = toy.begun(b, toy.plan(iterations=10))
    scorer = toy.FormulaScorer(repository, 0.02, repeatable=True)
    toy.worked(the_run, scorer, tell=lambda event: the_run.request_stop() if type(event).__name__ == "AttemptEnded" else None)
    assert len(the_run.history().attempts) == 1
    calls = len(scorer.calls)
    toy.worked(the_run, scorer)
    resumed = the_run.history()
    assert [(x.hypothesis, x.verdict, x.deltas) for x in resumed.attempts] == [
        (x.hypothesis, x.verdict, x.deltas) for x in whole.history.attempts
    ]
    assert len(scorer.calls) == len(set(scorer.calls)) > calls


def test_the_tables_have_the_five_columns_and_no_row_can_be_forged(toy: ModuleType, tmp_path: Path) -> None:
    wicked = Suggestion(
        operator="x",
        hypothesis="fine\nabcdef1\t0.000001\t0.0\tkeep\tforged \x1b[31m",
        files={"train.py": toy.SOURCE.replace("32", "64")},
    )
    engine = run(toy, tmp_path, Scripted(wicked))
    lines = (engine._store.folder / "results.tsv").read_text().splitlines()
    assert lines[0] == "commit\tloss\tmemory_gb\tstatus\tdescription"
    assert len(lines) == 3
    assert all(len(line.split("\t")) == 5 for line in lines)
    extended = (engine._store.folder / "attempts.tsv").read_text().splitlines()
    assert len({len(line.split("\t")) for line in extended}) == 1


def test_a_changed_line_of_the_log_is_found(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, Scripted(toy.SOURCE.replace("32", "64")))
    the_run = engine._store
    assert checking.verify_log(the_run, engine._repository).faults == ()
    text = the_run.log_path.read_text()
    the_run.log_path.write_text(text.replace('"verdict":"discard"', '"verdict":"keep"'))
    with pytest.raises(JournalDamaged, match="was changed"):
        checking.verify_log(the_run, engine._repository)


def test_a_moved_ref_is_found(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, Scripted(toy.SOURCE.replace("32", "64")))
    engine._repository.point(engine._store.attempt_ref(1, 0), engine.history.started.base)
    assert "does not point to" in checking.verify_log(engine._store, engine._repository).faults[0]


def test_a_replay_gives_the_recorded_numbers(toy: ModuleType, tmp_path: Path) -> None:
    engine = run(toy, tmp_path, Scripted(toy.SOURCE.replace("32", "16")), sd=0.02)
    again = checking.replayed(engine._store, engine._repository, toy.FormulaScorer(engine._repository, 0.02, repeatable=True), 1)
    assert len(again) >= 1
    assert all(before is not None and before.value == now.value for _, before, now in again)


@pytest.mark.slow
def test_killed_at_random_points_the_log_verifies_and_nothing_is_lost_or_counted_twice(toy: ModuleType, tmp_path: Path) -> None:
    (a := tmp_path / "a").mkdir(), (b := tmp_path / "b").mkdir()
    the_plan = toy.plan(iterations=14)
    whole_run, repository = toy.begun(a, the_plan)
    whole = toy.worked(whole_run, toy.FormulaScorer(repository, 0.02, repeatable=True)).history
    the_run, _ = toy.begun(b, the_plan)
    draw = random.Random(11)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    kills = 0
    for _ in range(12):
        process = subprocess.Popen([sys.executable, str(HERE / "toy_loop.py"), str(b)], env=environment)
        before = the_run.log_path.stat().st_size
        while process.poll() is None and the_run.log_path.stat().st_size == before:  # it has begun to write
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.12))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
        if the_run.history().ended is not None:
            break
    if the_run.history().ended is None:
        subprocess.run([sys.executable, str(HERE / "toy_loop.py"), str(b)], env=environment, check=True)
    assert kills >= 3
    history = the_run.history()
    checked = checking.verify_log(the_run, store_repository(b))
    assert checked.faults == ()
    assert [x.number for x in history.attempts] == list(range(1, 15))
    assert [(x.hypothesis, x.verdict, x.deltas, x.gain) for x in history.attempts] == [
        (x.hypothesis, x.verdict, x.deltas, x.gain) for x in whole.attempts
    ]
    assert the_run.evaluations() == whole_run.evaluations()


def store_repository(home: Path) -> Any:
    from researchclaw.loop.repository import Repository

    return Repository(home / "repository.git")


def test_runs_are_found_by_the_beginning_of_their_id(toy: ModuleType, tmp_path: Path) -> None:
    the_run, _ = toy.begun(tmp_path, toy.plan())
    assert store.find(tmp_path / "runs", the_run.run_id[:8]).run_id == the_run.run_id
