import json
from typing import Any

import pytest

from researchclaw.gate_forms import AnyForm, Decided, FormIncomplete, GateForm, PaperForm, PlanForm, WorksForm, form_for, gate_key
from researchclaw.run_store import Gate
from stages.contracts import (
    Candidate,
    Candidates,
    Contract,
    Contrast,
    ExperimentPlan,
    GateQuestion,
    Metric,
    PlannedComparison,
    PrismaCounts,
    QualityReport,
    Screened,
    Shortlist,
    Work,
)
from stages.d_design.experiment_design import registration


class Note(Contract):
    text: str


def work(key: str, gist: str | None = "introduced something") -> Work:
    return Work(
        key=key,
        title=key.title(),
        authors=("Ada Lovelace",),
        year=1843,
        venue="Notes",
        type="article",
        gist=gist,
        confirmed_by=("catalogue",),
    )


CANDIDATES = Candidates(
    candidates=tuple(
        Candidate(work=work(key, None if key == "silent" else "said"), score=1, queries=("q",)) for key in "a b c silent".split()
    ),
    outcomes=(),
)
SHORTLIST = Shortlist(
    works=(work("a", "said"), work("b", "said")),
    decisions=tuple(Screened(key=key, included=key in "ab", reason="as it is") for key in "a b c silent".split()),
    counts=PrismaCounts(identified=5, duplicates=1, screened=4, excluded=2, included=2),
)


def contrast(name: str, role: Any, ablates: str | None = None) -> Contrast:
    return Contrast(id=name, label=f"the {name}", role=role, ablates=ablates, removes="it" if ablates else None, reason="a reason")


def comparison(a: str, b: str) -> PlannedComparison:
    return PlannedComparison(a=a, b=b, hypothesis=None, purpose="hypothesis")


PLAN = ExperimentPlan(
    kit="tiny_lm",
    kit_sha256="0" * 64,
    metric=Metric.model_construct(name="val_bpb"),
    conditions=(
        contrast("baseline", "baseline"),
        contrast("x", "treatment"),
        contrast("y", "treatment"),
        contrast("x_less", "ablation", "x"),
    ),
    comparisons=(comparison("x", "baseline"), comparison("y", "baseline"), comparison("x_less", "x")),
    seeds=(1, 2, 3),
    development_seeds=(101,),
    confirmation_seeds=(201,),
    refine_attempts=0,
    budget_s=20,
    scored_bytes=None,
    analysis=(),
    stopping_rules=(),
    registration_sha256="0" * 64,
)
PLAN = PLAN.model_copy(update={"registration_sha256": registration(PLAN)})
REPORT = QualityReport(checks=(), passed=True, for_a_person=(), manuscript_sha256="0" * 64)


def filled(output: Contract, /, **values: object) -> Decided:
    def look(contract: type[Contract]) -> Contract:
        assert contract is Candidates
        return CANDIDATES

    return form_for(output).model_validate(values).decided(output, look)


def test_every_form_asks_first_for_the_decision_and_offers_what_may_be_chosen() -> None:
    for output in (SHORTLIST, PLAN, REPORT, Note(text="x")):
        schema = form_for(output).model_json_schema()
        assert list(schema["properties"])[:3] == ["decision", "comment", "name"]
        assert schema["required"] == ["decision"]  # nothing is decided by sending the form as it comes
    properties = form_for(SHORTLIST).model_json_schema()["properties"]
    assert properties["drop"]["items"]["enum"] == ["a", "b"]
    assert properties["keep"]["items"]["enum"] == ["c", "silent"]
    plan = form_for(PLAN).model_json_schema()["properties"]
    assert (plan["seeds"]["default"], plan["budget_s"]["default"]) == (3, 20)
    assert plan["conditions"]["default"] == ["baseline", "x", "y", "x_less"]
    assert json.loads(form_for(Note(text="x")).model_json_schema()["properties"]["output"]["default"]) == {"text": "x"}


@pytest.mark.parametrize(
    ("output", "word"), [(SHORTLIST, "approve"), (PLAN, "approve"), (REPORT, "accept"), (Note(text="x"), "approve")]
)
def test_an_approval_needs_no_more_than_the_word(output: Contract, word: str) -> None:
    assert filled(output, decision=word) == Decided("approve", "", "not named")


@pytest.mark.parametrize(("output", "word"), [(SHORTLIST, "reject"), (PLAN, "reject"), (REPORT, "return"), (Note(text="x"), "reject")])
def test_a_rejection_needs_a_reason(output: Contract, word: str) -> None:
    with pytest.raises(FormIncomplete, match="needs a reason"):
        filled(output, decision=word, comment=" ")
    assert filled(output, decision=word, comment="no", name="Ada") == Decided("reject", "no", "Ada")


def test_works_are_dropped_and_kept_by_key() -> None:
    edited = filled(SHORTLIST, decision="edit", drop=["a"], keep=["c"], comment="too old").edited
    assert isinstance(edited, Shortlist)
    assert [one.key for one in edited.works] == ["b", "c"]
    assert {d.key: (d.included, d.reason) for d in edited.decisions}["a"] == (False, "too old")
    assert {d.key: (d.included, d.reason) for d in edited.decisions}["b"] == (True, "as it is")
    assert (edited.counts.included, edited.counts.excluded, edited.counts.screened) == (2, 2, 4)
    assert filled(SHORTLIST, decision="reject", drop=["a"], keep=["c"]).changes == ("drop a", "keep c")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"decision": "approve", "drop": ["a"]}, "choose 'edit'"),
        ({"decision": "edit"}, "changed nothing"),
        ({"decision": "edit", "drop": ["a", "b"]}, "no work would be left"),
        ({"decision": "edit", "keep": ["silent"]}, "no summary"),
        ({"decision": "edit", "keep": ["stranger"]}, "did not bring up stranger"),
        ({"decision": "edit", "keep": ["a"], "drop": ["a"]}, "dropped and kept"),
    ],
)
def test_a_choice_of_works_that_cannot_be_is_asked_again(values: dict[str, object], why: str) -> None:
    with pytest.raises(FormIncomplete, match=why):
        filled(SHORTLIST, **values)


def test_conditions_seeds_and_budget_are_changed_and_the_plan_is_registered_anew() -> None:
    edited = filled(PLAN, decision="edit", conditions=["baseline", "y", "x_less"], seeds=5, budget_s=60).edited
    assert isinstance(edited, ExperimentPlan)
    assert [one.id for one in edited.conditions] == ["baseline", "y"]  # the ablation of what went goes too
    assert [(one.a, one.b) for one in edited.comparisons] == [("y", "baseline")]
    assert (edited.seeds, edited.budget_s) == ((1, 2, 3, 4, 5), 60)
    assert edited.registration_sha256 != PLAN.registration_sha256
    assert edited.guidance_followed == (
        "A person asked to leave out the x.",
        "A person asked to leave out the x_less.",
        "The number of seeds was set on a person's word.",
        "The training budget of a run was set on a person's word.",
    )
    told = filled(PLAN, decision="reject", conditions=["baseline", "x", "x_less"], seeds=5, budget_s=20)
    assert told.changes == ("drop y", "use 5 seeds")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"decision": "approve", "seeds": 9}, "use 9 seeds.*choose 'edit'"),
        ({"decision": "edit"}, "changed nothing"),
        ({"decision": "edit", "conditions": ["x", "y"]}, "baseline cannot"),
        ({"decision": "edit", "conditions": ["baseline"]}, "no comparison"),
        ({"decision": "reject", "budget_s": 60, "comment": "longer"}, "does not set the budget"),
    ],
)
def test_a_plan_that_cannot_be_is_asked_again(values: dict[str, object], why: str) -> None:
    with pytest.raises(FormIncomplete, match=why):
        filled(PLAN, **values)


def test_a_paper_is_returned_with_required_changes() -> None:
    told = filled(REPORT, decision="return", required_changes=['remove "very"', " "], comment="almost")
    assert (told.decision, told.changes, told.comment) == ("reject", ('remove "very"',), "almost")
    with pytest.raises(FormIncomplete, match="choose 'return'"):
        filled(REPORT, decision="accept", required_changes=["shorter"])


def test_another_output_is_edited_as_text_and_checked_against_its_type() -> None:
    assert filled(Note(text="x"), decision="edit", output='{"text": "y"}').edited == Note(text="y")
    with pytest.raises(FormIncomplete, match="txet: Extra inputs"):
        filled(Note(text="x"), decision="edit", output='{"text": "y", "txet": 1}')


@pytest.mark.parametrize("form", [AnyForm, WorksForm, PlanForm, PaperForm])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_an_answer_by_another_way_fits_the_form(form: type[GateForm], decision: str) -> None:
    form.model_validate(form.told(decision, "because", "Ada"))


def test_the_same_question_asked_again_is_another_one() -> None:
    question = GateQuestion(stage=5, title="May these works be cited?", body="- a")
    keys = {gate_key(Gate(question=question, asked=asked)) for asked in ("2026-01-01", "2026-01-02", "2026-01-01")}
    assert len(keys) == 2
    assert all(key.startswith("gate-05-") for key in keys)
