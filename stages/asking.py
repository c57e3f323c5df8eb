"""Asking a mind: independent questions at once, and a refused answer again with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from stages.errors import MalformedAnswer
from stages.ports import Answer, Context, Question

AT_ONCE = 16
"""Questions put at the same time; a model's adapter may hold them back further (a guess)."""

ROUNDS = 2
"""Times that a mind may answer again after a refusal."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def at_once(function: Callable[[Item], Result], items: Iterable[Item]) -> tuple[Result, ...]:
    """What the function gives for each item, in the order of the items; the calls go on side by side.

    The first failure in that order is raised once all calls have ended: what they were answered is in the journal by then.
    """
    todo = tuple(items)
    if not todo:
        return ()
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(todo))) as pool:
        return tuple(pool.map(function, todo))


def accepted(ctx: Context, question: Question, answer: type[Answer]) -> Answer:
    """The first answer in which the question finds no fault; each further round shows what was wrong with the one before.

    A question asked again is another question to the journal, so a resume finds every round.
    Raises:
        MalformedAnswer: the answer after the last round still has a fault; the message is the first one.
    """
    given = ctx.model.ask(question, answer=answer)
    for _ in range(ROUNDS):
        wrong = tuple(question.faults(given))
        if not wrong:
            return given
        given = ctx.model.ask(question.model_copy(update={"complaints": wrong}), answer=answer)
    if wrong := tuple(question.faults(given)):
        raise MalformedAnswer(f"{wrong[0]} (after {ROUNDS} further tries)")
    return given
