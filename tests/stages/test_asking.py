"""Questions side by side, and refused answers asked again."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from stages.asking import ROUNDS, accepted, at_once
from stages.contracts import Contract
from stages.errors import MalformedAnswer
from stages.ports import Question


class Number(Contract):
    value: int


class Wanted(Question):
    """How many?"""

    by_rule = True
    least: int = 1

    def faults(self, answer: Number) -> list[str]:
        return [f"{answer.value} is too small"] if answer.value < self.least else []


class Learner:
    """Answers with the next number each time."""

    name = "learner"

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def ask(self, question: Question, answer: type[Any]) -> Any:
        self.asked.append(question)
        return Number(value=len(self.asked))


def world(mind: Learner) -> Any:
    return SimpleNamespace(model=mind)


def test_answers_come_in_the_order_of_the_items_and_the_calls_go_on_side_by_side() -> None:
    together = threading.Barrier(3, timeout=10)

    def work(item: int) -> int:
        together.wait()
        return item * item

    assert at_once(work, (3, 1, 2)) == (9, 1, 4)
    assert at_once(work, ()) == ()


def test_a_failure_passes_once_all_calls_have_ended() -> None:
    ended = []

    def work(item: int) -> None:
        ended.append(item)
        if item == 1:
            raise MalformedAnswer("no")

    with pytest.raises(MalformedAnswer):
        at_once(work, (1, 2, 3))
    assert sorted(ended) == [1, 2, 3]


def test_a_refused_answer_is_asked_for_again_with_the_reason() -> None:
    mind = Learner()
    given = accepted(world(mind), Wanted(least=2), Number)
    assert given.value == 2
    assert [question.complaints for question in mind.asked] == [(), ("1 is too small",)]


def test_the_rounds_end() -> None:
    mind = Learner()
    with pytest.raises(MalformedAnswer, match="3 is too small"):
        accepted(world(mind), Wanted(least=99), Number)
    assert len(mind.asked) == 1 + ROUNDS


def test_a_question_without_complaints_is_the_same_request_as_ever() -> None:
    assert Wanted().model_dump(mode="json") == {"least": 1}
    assert Wanted(complaints=("why",)).model_dump(mode="json") == {"least": 1, "complaints": ["why"]}


def test_an_adapter_may_check_before_it_writes_an_answer_down() -> None:
    Wanted(least=2).check(Number(value=2))
    with pytest.raises(MalformedAnswer, match="1 is too small"):
        Wanted(least=2).check(Number(value=1))
