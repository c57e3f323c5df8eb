import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.gates import AtTerminal, AutoApprove, LeaveWaiting, answer_by_command
from researchclaw.journal import Journal, StageStarted
from researchclaw.run_store import GateAlreadyAnswered, RunStore
from stages.contracts import GateAnswer
from stages.errors import SettingsError, WaitingAtGate


@pytest.fixture
def store(tmp_path: Path, toy: ModuleType) -> RunStore:
    return toy.new_run(tmp_path / "artifacts")


@pytest.fixture
def go(store: RunStore, toy: ModuleType) -> Callable[..., None]:
    def process(gatekeeper: object) -> None:
        with store.lock(), Journal(store.journal_path) as journal:
            toy.engine(store, journal, gatekeeper).run()

    return process


class Person:
    """Types the prepared words, and remembers what was shown."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)
        self.shown: list[str] = []

    def ask(self, prompt: str, look: Callable[[], None]) -> str:
        if not self.words:
            raise EOFError
        return self.words.pop(0)

    def show(self, text: str) -> None:
        self.shown.append(text)


def begun(store: RunStore) -> list[tuple[int, int]]:
    with Journal(store.journal_path) as journal:
        return [(event.stage, event.round) for event in journal.events(StageStarted)]


def answered(store: RunStore) -> GateAnswer:
    gate = store.gate(3)
    assert gate is not None
    assert gate.answer is not None
    return gate.answer


def test_auto_approval_is_recorded_as_such(store: RunStore, go: Callable[..., None]) -> None:
    go(AutoApprove(store))
    answer = answered(store)
    assert (answer.decision, answer.via, answer.by) == ("approve", "auto-approve", "--auto-approve")


def test_without_a_terminal_the_question_waits_and_approve_then_resume_goes_on(store: RunStore, go: Callable[..., None]) -> None:
    with pytest.raises(WaitingAtGate, match=f"researchclaw approve {re.escape(store.reference)}") as caught:
        go(LeaveWaiting(store))
    assert caught.value.exit_code == 3
    assert store.info().status == "waiting"
    assert store.info().exit_code == 3
    with pytest.raises(WaitingAtGate):  # nothing has changed: still waiting, nothing redone
        go(LeaveWaiting(store))
    assert begun(store) == [(1, 1), (2, 1), (3, 1)]
    answer_by_command(store, "approve", "fine")
    go(LeaveWaiting(store))
    assert store.info().status == "done"
    assert answered(store).comment == "fine"


def test_a_rejection_leads_back_to_the_maker_with_the_reason(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    with pytest.raises(WaitingAtGate):
        go(LeaveWaiting(store))
    answer_by_command(store, "reject", "older works please")
    with pytest.raises(WaitingAtGate):
        go(LeaveWaiting(store))
    found = store.output(toy.PIPELINE[1])
    assert found is not None
    assert isinstance(found.output, dict)
    assert found.output["heard"] == ["older works please"]
    assert begun(store)[3:] == [(2, 2), (3, 2)]
    assert [g.message for g in store.guidance(3)] == ["older works please"]
    assert (store.folder / "archive" / "1" / "gates" / "03.json").exists()
    assert [gate.question.stage for gate in store.waiting_gates()] == [3]


def test_a_second_answer_is_told_of_the_first(store: RunStore, go: Callable[..., None]) -> None:
    with pytest.raises(WaitingAtGate):
        go(LeaveWaiting(store))
    answer_by_command(store, "approve", "")
    with pytest.raises(GateAlreadyAnswered, match="approve by"):
        answer_by_command(store, "reject", "too late")
    with pytest.raises(GateAlreadyAnswered):
        answer_by_command(store, "reject", "too late", 3)


def test_a_run_that_waits_nowhere_cannot_be_approved(store: RunStore, go: Callable[..., None]) -> None:
    with pytest.raises(SettingsError, match="waits at no gate"):
        answer_by_command(store, "approve", "")
    with pytest.raises(SettingsError, match="has not asked at gate 3"):
        answer_by_command(store, "approve", "", 3)


def test_a_person_at_the_terminal_looks_guides_and_approves(store: RunStore, toy: ModuleType, go: Callable[..., None]) -> None:
    person = Person("what?", "view", "g", "2", "g", "4", "few seeds", "a", "looks good")
    go(AtTerminal(store, person.show, person.ask))
    assert "Are these the works?" in person.shown[0]
    assert "Please type" in person.shown[1]
    assert "second work" in person.shown[2]
    assert "not run yet" in person.shown[3]
    assert (answered(store).via, answered(store).comment) == ("terminal", "looks good")
    assert store.guidance(4)[0].message == "few seeds"


def test_a_rejection_at_the_terminal_needs_a_reason(store: RunStore, go: Callable[..., None]) -> None:
    person = Person("r", "", "r", "older works", "a", "")
    go(AtTerminal(store, person.show, person.ask))
    assert "A rejection needs a reason." in person.shown
    assert begun(store)[:5] == [(1, 1), (2, 1), (3, 1), (2, 2), (3, 2)]
    assert store.info().status == "done"


@pytest.mark.parametrize("words", [("a",), ("r",), ("g",), ("g", "4")])
def test_closing_the_terminal_at_a_later_word_leaves_the_question_too(
    words: tuple[str, ...], store: RunStore, go: Callable[..., None]
) -> None:
    with pytest.raises(WaitingAtGate):
        go(AtTerminal(store, Person().show, Person(*words).ask))
    gate = store.gate(3)
    assert gate is not None
    assert gate.answer is None


def test_closing_the_terminal_leaves_the_question(store: RunStore, go: Callable[..., None]) -> None:
    with pytest.raises(WaitingAtGate):
        go(AtTerminal(store, Person().show, Person().ask))
    assert store.gate(3) is not None


def test_an_edit_is_validated_recorded_as_a_persons_and_used_downstream(
    store: RunStore, toy: ModuleType, go: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[1]); mark = pathlib.Path(__file__).with_suffix('.mark')\n"
        "text = file.read_text()\n"
        "again = text.replace('wroks', 'works').replace('second work', 'better work')\n"
        "file.write_text(again if mark.exists() else text.replace('works', 'wroks'))\n"
        "mark.touch()\n"
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {editor}")
    person = Person("edit", "y", "the second one was wrong")
    go(AtTerminal(store, person.show, person.ask))
    assert any("Not saved" in text and "works: Field required" in text for text in person.shown)
    answer = answered(store)
    assert (answer.decision, answer.comment) == ("edit", "the second one was wrong")
    kept, design = store.output(toy.PIPELINE[2]), store.output(toy.PIPELINE[3])
    assert kept is not None
    assert kept.edited_by == answer.by
    assert kept.output == {"works": ["toys", "better work"]}
    assert design is not None
    assert isinstance(design.output, dict)
    assert design.output["works"] == ["toys", "better work"]
    assert (store.stage_folder(toy.PIPELINE[2]) / "output.before_edit.json").exists()
    before = begun(store)
    go(AutoApprove(store))  # a resume keeps the person's version
    assert begun(store) == before


def test_an_editor_that_does_not_start_is_a_setting_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    from researchclaw.gates import edited

    monkeypatch.setenv("VISUAL", "no-such-editor-here")
    with pytest.raises(SettingsError, match="set EDITOR"):
        edited("{}")
