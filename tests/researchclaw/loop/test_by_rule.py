"""The order in which the rules try things: what the attempts so far say about the next one."""

from collections import Counter
from types import ModuleType

from researchclaw.loop.contracts import AttemptEnded, LoopStarted, StrategyChanged
from researchclaw.loop.history import History
from researchclaw.loop.proposers.by_rule import RuleProposer
from researchclaw.loop.proposers.proposer import Situation, Suggestion

SOURCE = "BATCH_SIZE = 32  # search: 2 to 64\nNORM = 'a'  # search: 'a', 'b', 'c'\nINERT = 0.5  # search: 0.0 to 1.0\n"


def attempt(number: int, operator: str, hypothesis: str, verdict: str, *deltas: float) -> AttemptEnded:
    ids = {"commit": "a" * 40, "parent": "b" * 40}
    return AttemptEnded.model_validate(
        {"number": number, "operator": operator, "hypothesis": hypothesis, "verdict": verdict, "deltas": deltas, "reason": "-"} | ids
    )


def proposed(toy: ModuleType, seed: int, attempts: list[AttemptEnded], source: str = SOURCE, pivot: int | None = None) -> Suggestion:
    history = History(LoopStarted(plan=toy.plan(seed=seed), base="c" * 40, isolation="-", lessons=()))
    for one in attempts:
        history.add(one)
        if one.number == pivot:
            history.add(StrategyChanged(to="pivot", after=one.number, banned=None, reason="-"))
    situation = Situation(
        number=history.next_number,
        plan=history.started.plan,
        history=history,
        files={"train.py": source},
        tree="d" * 40,
        is_new=lambda _: True,
    )
    suggestion = RuleProposer().propose(situation)
    assert suggestion is not None
    return suggestion


def shares(toy: ModuleType, attempts: list[AttemptEnded], source: str = SOURCE) -> dict[str, float]:
    """Operator -> how often it comes next, over sixty seeds."""
    found = Counter(proposed(toy, seed, attempts, source).operator for seed in range(60))
    return {operator: count / 60 for operator, count in found.items()}


def test_strong_constants_come_first(toy: ModuleType) -> None:
    found = shares(toy, [])
    assert found["BATCH_SIZE up"] + found["BATCH_SIZE down"] > 0.7


def test_what_was_worse_one_way_is_tried_the_other_way_next(toy: ModuleType) -> None:
    worse = [attempt(1, "INERT up", "INERT 0.5 -> 0.75", "discard", -0.3)]
    assert shares(toy, worse, SOURCE.replace("BATCH_SIZE", "WORDS"))["INERT down"] > 0.7


def test_a_direction_that_was_kept_goes_on_and_nothing_goes_back_to_where_it_came_from(toy: ModuleType) -> None:
    kept = [attempt(1, "BATCH_SIZE down", "BATCH_SIZE 48 -> 32", "keep", 0.3)]
    assert shares(toy, kept)["BATCH_SIZE down"] > 0.9
    kept += [
        attempt(2, "NORM = 'a'", "NORM 'b' -> 'a'", "keep", 0.2),
        attempt(3, "BATCH_SIZE down", "BATCH_SIZE 32 -> 16", "discard", -1.0),
    ]
    found = shares(toy, kept)
    assert sum(found.get(operator, 0.0) for operator in ("NORM = 'b'", "BATCH_SIZE up", "BATCH_SIZE down")) < 0.3


def test_after_a_pivot_near_misses_are_tried_together(toy: ModuleType) -> None:
    tried = [
        attempt(1, "BATCH_SIZE down", "BATCH_SIZE 32 -> 16", "inconclusive", 0.3, 0.1),
        attempt(2, "NORM = 'b'", "NORM 'a' -> 'b'", "discard", 0.2, -0.1),
        attempt(3, "INERT up", "INERT 0.5 -> 0.75", "discard", -0.3),
    ]
    found = proposed(toy, 0, tried, pivot=3)
    assert (found.operator, found.hypothesis) == ("BATCH_SIZE+NORM together", "together: BATCH_SIZE 32 -> 16; NORM 'a' -> 'b'")
    assert found.files["train.py"] == SOURCE.replace("32 ", "16 ").replace("= 'a'", "= 'b'")
