from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.engine import Plainly
from researchclaw.gates import LeaveWaiting
from researchclaw.journal import Journal, StageStarted, WentBack
from researchclaw.run_store import RunStore, now
from stages.contracts import GateAnswer, Guidance
from stages.errors import BudgetSpent, EvidenceMissing, SettingsError, SourceUnavailable, WaitingAtGate


@pytest.fixture
def store(tmp_path: Path, toy: ModuleType) -> RunStore:
    return toy.new_run(tmp_path / "artifacts")


@pytest.fixture
def go(store: RunStore, toy: ModuleType) -> Callable[..., None]:
    """One process of the run: lock, journal, engine."""

    def process(change: Callable[[Any], None] = lambda _: None, **named: Any) -> None:
        with store.lock(), Journal(store.journal_path) as journal:
            engine = toy.engine(store, journal)
            change(engine)
            engine.run(**named)

    return process


def begun(store: RunStore) -> list[tuple[int, int]]:
    with Journal(store.journal_path) as journal:
        return [(event.stage, event.round) for event in journal.events(StageStarted)]


def test_a_run_goes_to_its_end_and_a_loop_back_is_a_new_round(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    go()
    assert store.info().status == "done"
    assert store.info().exit_code == 0
    assert begun(store) == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (5, 2), (6, 2), (7, 2)]
    assert toy.paid(store) == ["0/1", "1/1", "2/1", "0/2", "1/2", "2/2"]
    assert (store.folder / "archive" / "1" / "stages" / "06_judge" / "output.json").exists()


def test_a_done_run_is_not_done_again(store: RunStore, go: Callable[..., None]) -> None:
    go()
    before = begun(store)
    go()
    assert begun(store) == before


def test_to_stage_stops_and_resume_goes_on(store: RunStore, go: Callable[..., None]) -> None:
    go(to_stage=4)
    assert store.info().status == "stopped"
    assert begun(store)[-1] == (4, 1)
    go()
    assert store.info().status == "done"
    assert [stage for stage, _ in begun(store)].count(4) == 1


def test_from_stage_redoes_and_archives_but_pays_nothing_twice(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    go()
    report = store.output(toy.PIPELINE[6])
    paid = toy.paid(store)
    go(from_stage=4)
    assert toy.paid(store) == paid
    assert begun(store)[9:] == [(4, 1), (5, 1), (6, 1), (5, 2), (6, 2), (7, 2)]
    again = store.output(toy.PIPELINE[6])
    assert report is not None
    assert again is not None
    assert again.output_sha256 == report.output_sha256
    assert (store.folder / "archive" / "2" / "stages" / "07_report" / "output.json").exists()


def test_a_redo_behind_the_loop_keeps_its_round(store: RunStore, go: Callable[..., None]) -> None:
    go()
    go(from_stage=6)
    assert begun(store)[9:] == [(6, 2), (7, 2)]


def test_new_guidance_redoes_its_stage_and_all_after_it(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    go(to_stage=4)
    store.add_guidance(Guidance(stage=2, message="look at older works", by="ada"))
    go(to_stage=4)
    found = store.output(toy.PIPELINE[1])
    assert found is not None
    assert isinstance(found.output, dict)
    assert found.output["heard"] == ["look at older works"]
    assert [stage for stage, _ in begun(store)] == [1, 2, 3, 4, 2, 3, 4]
    assert (store.folder / "archive" / "1" / "stages" / "04_design" / "output.json").exists()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (EvidenceMissing("no work was found"), "failed", 5),
        (BudgetSpent("the money is gone"), "budget spent", 4),
        (KeyboardInterrupt(), "interrupted", 130),
        (ZeroDivisionError("a bug"), "failed", 1),
    ],
)
def test_how_a_run_ends_is_recorded_and_raised(
    store: RunStore, go: Callable[..., None], error: BaseException, status: str, code: int
) -> None:
    def break_it(engine: Any) -> None:
        def invoke(stage: Any, round_: int, body: Any) -> Any:
            if stage.number == 4:
                raise error
            return body()

        engine.invoke = invoke

    with pytest.raises(type(error)):
        go(break_it)
    info = store.info()
    assert (info.status, info.exit_code, info.stage) == (status, code, "04 design")
    assert "\n" not in info.message
    go()
    assert store.info().status == "done"
    assert [stage for stage, _ in begun(store)].count(3) == 1


def test_a_kill_between_the_journal_and_the_archive_is_mended(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    class Killed(BaseException):
        pass

    def kill(engine: Any) -> None:
        def archive(number: int, from_stage: int, reason: str) -> None:
            store.stage_folder(toy.PIPELINE[5]).rename(store.folder / "gone")  # half of the move
            (store.folder / "archive" / "1" / "stages").mkdir(parents=True)
            (store.folder / "gone").rename(store.folder / "archive" / "1" / "stages" / "06_judge")
            raise Killed

        engine.store = RunStore(store.folder)
        engine.store.archive = archive

    with pytest.raises(Killed):
        go(kill)
    go()
    assert begun(store)[6:] == [(5, 2), (6, 2), (7, 2)]
    with Journal(store.journal_path) as journal:
        assert len(journal.events(WentBack)) == 1


def test_what_may_be_tried_again_is_tried_again(toy: ModuleType) -> None:
    tries: list[int] = []

    def body() -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise SourceUnavailable("down")
        return toy.Aim(text="x")

    assert Plainly(retries=2)(toy.PIPELINE[0], 1, body).text == "x"
    tries.clear()
    with pytest.raises(SourceUnavailable):
        Plainly(retries=1)(toy.PIPELINE[0], 1, body)


def test_a_topic_that_stage_1_refuses_ends_before_any_stage_begins(store: RunStore, go: Callable[..., None]) -> None:
    def refuse(engine: Any) -> None:
        def brief(topic: str) -> Any:
            raise SettingsError(f"no kit knows {topic}")

        engine.world.brief = brief

    with pytest.raises(SettingsError):
        go(refuse)
    assert begun(store) == []
    assert store.info().exit_code == 2


def test_a_topic_whose_first_reading_fails_ends_at_stage_1(store: RunStore, go: Callable[..., None]) -> None:
    def fail(engine: Any) -> None:
        def context(*_: Any) -> Any:
            raise EvidenceMissing("nothing can be read of it")

        engine.world.context = context

    with pytest.raises(EvidenceMissing):
        go(fail)
    assert store.info().stage == "01 aim"
    assert begun(store) == []


def test_times_are_utc() -> None:
    assert now().endswith("+00:00")


def test_in_a_stepwise_mode_a_stage_that_is_no_gate_waits_and_can_be_rejected(
    store: RunStore, toy: ModuleType, go: Callable[..., None]
) -> None:
    def stepwise(engine: Any) -> None:
        engine.gatekeeper = LeaveWaiting(store)
        engine.policies = {2: "ask", 3: "auto", 4: "suspend", 6: "ask"}
        engine.reading, engine.auto_by = (2,), "mode custom"

    def decide(number: int, decision: Any, comment: str = "") -> None:
        store.answer(GateAnswer(stage=number, decision=decision, comment=comment, by="Ada", via="command line", at=now()))

    with pytest.raises(WaitingAtGate, match="gate 2"):
        go(stepwise)
    gate = store.gate(2)
    assert gate is not None
    assert "second work" in gate.question.body
    decide(2, "approve")
    with pytest.raises(WaitingAtGate, match="gate 4"):
        go(stepwise)
    third = store.gate(3)
    assert third is not None
    assert third.answer is not None
    assert third.answer.by == "mode custom"  # the real gate was let pass, and the record says by what
    decide(4, "reject", "older works")
    with pytest.raises(WaitingAtGate, match="gate 2"):  # the nearest stage that reads the reason is done again, and asked about
        go(stepwise)
    again = store.gate(2)
    assert again is not None
    assert "older works" in again.question.body
    decide(2, "approve")
    with pytest.raises(WaitingAtGate, match="gate 4"):
        go(stepwise)
    decide(4, "approve")
    with pytest.raises(WaitingAtGate, match="gate 6"):
        go(stepwise)
    decide(6, "approve")
    go(stepwise)
    assert store.info().status == "done"


def test_a_question_of_another_mode_is_closed_when_nobody_is_asked_any_more(
    store: RunStore, toy: ModuleType, go: Callable[..., None]
) -> None:
    def stepwise(engine: Any) -> None:
        engine.gatekeeper, engine.policies = LeaveWaiting(store), {2: "ask"}

    with pytest.raises(WaitingAtGate):
        go(stepwise)
    go()
    assert store.info().status == "done"
    assert store.waiting_gates() == ()


def test_a_persons_word_on_a_decision_comes_before_the_way_back_that_it_takes(store: RunStore, go: Callable[..., None]) -> None:
    def asking(engine: Any) -> None:
        engine.gatekeeper, engine.policies = LeaveWaiting(store), {3: "auto", 6: "ask"}

    for round_ in (1, 2):
        with pytest.raises(WaitingAtGate, match="gate 6"):
            go(asking)
        assert begun(store)[-1] == (6, round_)
        store.answer(GateAnswer(stage=6, decision="approve", by="Ada", via="command line", at=now()))
    go(asking)
    assert store.info().status == "done"
