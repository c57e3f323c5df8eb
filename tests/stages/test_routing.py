"""Ways on and back."""

import pytest

from stages.contracts import Contract, Decision
from stages.routing import MAX_LOOPS, REJECTED_GOES_TO, after


def decision(verdict: str) -> Decision:
    return Decision.model_validate({"verdict": verdict, "reasons": ("because",), "evidence": ()})


class Anything(Contract):
    pass


def test_a_stage_is_followed_by_the_next() -> None:
    assert after(4, Anything(), {}) == 5


@pytest.mark.parametrize(("verdict", "goes_to"), [("proceed", 16), ("refine", 13), ("pivot", 8)])
def test_a_decision_leads_on_or_back(verdict: str, goes_to: int) -> None:
    assert after(15, decision(verdict), {}) == goes_to


@pytest.mark.parametrize("verdict", ["refine", "pivot"])
def test_each_way_back_is_taken_at_most_twice(verdict: str) -> None:
    assert after(15, decision(verdict), {verdict: MAX_LOOPS}) == 16


def test_a_rejected_gate_leads_back_to_where_the_material_was_made() -> None:
    assert REJECTED_GOES_TO == {5: 3, 9: 9, 20: 19}
