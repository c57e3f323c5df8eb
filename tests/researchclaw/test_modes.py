from types import ModuleType

import pytest

from researchclaw.modes import check_guided, mode_of, policies, readers, ways_back
from researchclaw.settings import GateSettings
from stages.errors import SettingsError
from stages.pipeline import PIPELINE
from stages.routing import REJECTED_GOES_TO


def asked(gates: GateSettings) -> list[int]:
    return [number for number, policy in policies(gates, PIPELINE).items() if policy == "ask"]


@pytest.mark.parametrize(
    ("mode", "stops"),
    [
        (None, [5, 9, 20]),
        ("full-auto", []),
        ("gate-only", [5, 9, 20]),
        ("checkpoint", [2, 6, 8, 11, 13, 15, 19]),
        ("step-by-step", list(range(1, 23))),
        ("co-pilot", [8, 9, 16, 17]),
    ],
)
def test_a_mode_is_a_list_of_stages(mode: str | None, stops: list[int]) -> None:
    assert asked(GateSettings.model_validate({"mode": mode})) == stops


def test_custom_policies_stand_over_the_three_gates() -> None:
    found = policies(GateSettings(mode="custom", policies=("experiment_run=ask", "5=auto", " 20 = suspend ")), PIPELINE)
    assert {number: policy for number, policy in found.items() if policy != "auto"} == {9: "ask", 12: "ask", 20: "suspend"}


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (GateSettings(auto_approve=True, mode="co-pilot"), "contradict"),
        (GateSettings(policies=("9=ask",)), "--mode custom"),
        (GateSettings(mode="custom"), "needs gates.policies"),
        (GateSettings(mode="custom", policies=("99=ask",)), "no stage 99"),
        (GateSettings(mode="custom", policies=("desing=ask",)), "did you mean"),
        (GateSettings(mode="custom", policies=("9=maybe",)), "auto, ask, suspend"),
        (GateSettings(mode="custom", policies=("23=ask",)), "nothing follows"),
    ],
)
def test_what_contradicts_itself_is_one_line(gates: GateSettings, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        policies(gates, PIPELINE)
    assert "\n" not in str(refused.value)


def test_auto_approve_is_the_mode_full_auto() -> None:
    assert mode_of(GateSettings(auto_approve=True)) == mode_of(GateSettings(auto_approve=True, mode="full-auto")) == "full-auto"


def test_the_stages_that_read_a_persons_words_are_found_in_their_code() -> None:
    assert {3, 5, 8, 9, 16, 17, 19} <= set(readers(PIPELINE))
    assert readers(PIPELINE, ("experiment_design",)) == (9,)
    check_guided(9, PIPELINE, (3, 9))
    with pytest.raises(SettingsError, match=r"stage 12 \(experiment_run\) reads no guidance; these do: 3 search_strategy, 9 experi"):
        check_guided(12, PIPELINE, (3, 9))


def test_a_rejection_leads_to_the_nearest_stage_that_reads_its_reason() -> None:
    found = ways_back(PIPELINE, (3, 5, 9, 17, 19), REJECTED_GOES_TO)
    assert (found[4], found[5], found[8], found[9], found[13], found[18], found[20]) == (3, 3, 5, 9, 9, 17, 19)
    assert 2 not in found  # nobody up to there would read it


def test_a_toy_gate_keeps_its_own_way_back(toy: ModuleType) -> None:
    assert ways_back(toy.PIPELINE, (2,), {3: 2}) == {2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2}
