"""How many at a time, and how a pause is shared."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from researchclaw.adapters.models.model import HttpModel
from researchclaw.adapters.models.turns import Turns
from stages.a_scoping.topic_init import TopicQuestion, TopicReading


def _many(question: TopicQuestion, number: int) -> list[TopicQuestion]:
    return [question.model_copy(update={"topic": f"{question.topic} {n}"}) for n in range(number)]


def test_independent_questions_are_asked_at_once_up_to_the_limit(
    mind: Callable[..., HttpModel], server: Any, scripted: ModuleType, question: TopicQuestion
) -> None:
    def after_a_while(line: Any) -> None:
        time.sleep(0.1)
        scripted.well(line)

    server.forever = after_a_while
    model = mind(concurrency=3)
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda one: model.ask(one, TopicReading), _many(question, 9)))
    assert server.most_at_once == 3


def test_a_refusal_halts_all_who_ask_the_model(
    mind: Callable[..., HttpModel], server: Any, scripted: ModuleType, question: TopicQuestion
) -> None:
    server.script = [scripted.status(429, "slow down", retry_after_ms="300")] * 4
    model = mind(concurrency=4)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: model.ask(one, TopicReading), _many(question, 8)))
    assert len(server.seen) == 12
    refused, later = server.times[3], server.times[4]
    assert later - refused > 0.25


def test_the_limit_is_halved_once_in_a_pause_and_grows_with_answers() -> None:
    turns = Turns(8)
    turns.refused(0.05)
    turns.refused(0.05)
    assert turns.limit == 4
    for _ in range(10):
        turns.answered()
    assert 5 <= turns.limit <= 8
    time.sleep(0.06)
    for _ in range(40):
        turns.answered()
    assert turns.limit == 8
