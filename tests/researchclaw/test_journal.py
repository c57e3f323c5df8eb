import json
import threading
import time
from pathlib import Path

import pytest

from researchclaw.journal import Journal, JournalDamaged, RunEnded, StageStarted, entries
from stages.contracts import Contract
from stages.errors import SourceUnavailable


class Question(Contract):
    text: str


class OtherQuestion(Contract):
    text: str


class Answer(Contract):
    value: float
    parts: tuple[int, ...] = ()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_an_answer_is_paid_for_once_even_across_processes(path: Path) -> None:
    calls: list[str] = []

    def compute() -> Answer:
        calls.append("paid")
        return Answer(value=0.1 + 0.2, parts=(1, 2))

    with Journal(path) as journal:
        first = journal.once("model", Question(text="why?"), Answer, compute)
    with Journal(path) as journal:
        second = journal.once("model", Question(text="why?"), Answer, compute)
        assert journal.reused == 1
    assert first == second == Answer(value=0.1 + 0.2, parts=(1, 2))
    assert calls == ["paid"]


def test_questions_of_another_kind_type_or_text_are_other_questions(path: Path) -> None:
    with Journal(path) as journal:
        journal.once("model", Question(text="why?"), Answer, lambda: Answer(value=1))
        assert journal.once("search", Question(text="why?"), Answer, lambda: Answer(value=2)).value == 2
        assert journal.once("model", OtherQuestion(text="why?"), Answer, lambda: Answer(value=3)).value == 3
        assert journal.once("model", Question(text="how?"), Answer, lambda: Answer(value=4)).value == 4


def test_an_error_and_an_indefinite_answer_are_not_recorded(path: Path) -> None:
    def fail() -> Answer:
        raise SourceUnavailable("down")

    with Journal(path) as journal:
        with pytest.raises(SourceUnavailable):
            journal.once("search", Question(text="q"), Answer, fail)
        journal.once("search", Question(text="q"), Answer, lambda: Answer(value=0), definite=lambda a: a.value > 0)
        assert journal.find("search", Question(text="q"), Answer) is None
        assert journal.once("search", Question(text="q"), Answer, lambda: Answer(value=1)).value == 1


def test_the_same_request_in_flight_in_another_thread_is_waited_for(path: Path) -> None:
    calls: list[int] = []

    def slow() -> Answer:
        calls.append(1)
        time.sleep(0.05)
        return Answer(value=1)

    with Journal(path) as journal:
        threads = [threading.Thread(target=journal.once, args=("run", Question(text="q"), Answer, slow)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.verify() == 1
    assert len(calls) == 1


def test_threads_write_whole_lines_in_one_chain(path: Path) -> None:
    with Journal(path) as journal:
        threads = [threading.Thread(target=journal.record, args=("run", Question(text=str(n)), Answer(value=n))) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.verify() == 20


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_torn_last_line_is_dropped_said_so_and_the_chain_goes_on(path: Path, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    with Journal(path) as journal:
        journal.record("model", Question(text="1"), Answer(value=1))
        journal.record("model", Question(text="2"), Answer(value=2))
    path.write_bytes(path.read_bytes()[:-cut])
    assert len(list(entries(path))) == 1
    with Journal(path) as journal:
        assert journal.dropped > 0
        assert "torn" in caplog.text
        assert journal.find("model", Question(text="1"), Answer) == Answer(value=1)
        assert journal.find("model", Question(text="2"), Answer) is None
        journal.record("model", Question(text="2"), Answer(value=2))
        assert journal.verify() == 2


@pytest.mark.parametrize("change", ["edit", "remove", "swap"])
def test_a_changed_line_is_refused_by_name(path: Path, change: str) -> None:
    with Journal(path) as journal:
        for n in range(4):
            journal.record("model", Question(text=str(n)), Answer(value=n))
    lines = path.read_text().splitlines(keepends=True)
    if change == "edit":
        lines[1] = lines[1].replace('"value":1.0', '"value":9.0')
    elif change == "remove":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    path.write_text("".join(lines))
    with pytest.raises(JournalDamaged, match="line 2"):
        Journal(path)


def test_events_come_back_by_type_and_are_told_to_listeners(path: Path) -> None:
    told: list[object] = []
    started = StageStarted(stage=1, name="topic_init", round=1)
    with Journal(path) as journal:
        journal.listen(told.append)
        journal.event(started)
        journal.event(RunEnded(status="done", exit_code=0))
    assert told == [started, RunEnded(status="done", exit_code=0)]
    with Journal(path) as journal:
        assert journal.events(StageStarted) == (started,)


def test_each_line_names_its_predecessor(path: Path) -> None:
    with Journal(path) as journal:
        journal.event(RunEnded(status="done", exit_code=0))
        journal.event(RunEnded(status="done", exit_code=0))
    one, two = (json.loads(line) for line in path.read_text().splitlines())
    assert two["prev"] == one["sha"]
    assert one["prev"] == "0" * 64
