import json
from typing import Any

import pytest

from researchclaw.edits import EditRefused, edited_output
from researchclaw.kits import shipped_kits
from stages.contracts import (
    BoundSentence,
    Contract,
    Contrast,
    ExperimentPlan,
    Goal,
    Hardware,
    Hypotheses,
    Hypothesis,
    Manuscript,
    PlannedComparison,
    PrismaCounts,
    RevisedManuscript,
    RunRecords,
    Screened,
    Shortlist,
    Statement,
    TopicMatch,
    Work,
)
from stages.d_design.experiment_design import registration


class Note(Contract):
    text: str


def contrast(name: str, role: Any) -> Contrast:
    return Contrast(id=name, label=f"the {name}", role=role, reason="a reason")


@pytest.fixture
def plan() -> ExperimentPlan:
    it = ExperimentPlan(
        kit="tiny_lm",
        kit_sha256="0" * 64,
        metric=shipped_kits()[0].metric,
        conditions=(contrast("baseline", "baseline"), contrast("x", "treatment"), contrast("y", "treatment")),
        comparisons=(PlannedComparison(a="x", b="baseline", hypothesis=None, purpose="hypothesis"),),
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
    return it.model_copy(update={"registration_sha256": registration(it)})


def work(key: str) -> Work:
    return Work(
        key=key,
        title=key,
        authors=("Ada Lovelace",),
        year=1843,
        venue="Notes",
        type="article",
        gist="said",
        confirmed_by=("catalogue",),
    )


@pytest.fixture
def shortlist() -> Shortlist:
    return Shortlist(
        works=(work("a"), work("b")),
        decisions=tuple(Screened(key=key, included=key in "ab", reason="as it is") for key in "abc"),
        counts=PrismaCounts(identified=3, duplicates=0, screened=3, excluded=1, included=2),
    )


def changed(output: Contract, **values: Any) -> str:
    return json.dumps({**output.model_dump(mode="json"), **values})


def test_a_valid_version_takes_the_place_and_others_say_why_not() -> None:
    note = Note(text="a")
    assert edited_output(note, '{"text": "b"}') == Note(text="b")
    for text, why in (("{", "does not fit its type"), ('{"text": 1}', "text: "), ('{"text": "a"}', "nothing was changed")):
        with pytest.raises(EditRefused, match=why):
            edited_output(note, text)


def test_what_was_measured_is_not_edited() -> None:
    records = RunRecords.model_construct(corpus=None, runs=())
    with pytest.raises(EditRefused, match="found, measured or checked"):
        edited_output(records, "{}")


def test_a_plan_is_registered_anew_and_must_make_sense(plan: ExperimentPlan) -> None:
    edited = edited_output(plan, changed(plan, seeds=[1, 2]))
    assert isinstance(edited, ExperimentPlan)
    assert edited.registration_sha256 == registration(edited) != plan.registration_sha256
    rows = plan.model_dump(mode="json")
    stranger = [{**rows["comparisons"][0], "a": "nobody"}]
    for values, why in (
        ({"kit": "another"}, "kit and metric"),
        ({"conditions": rows["conditions"][1:]}, "must be the baseline"),
        ({"conditions": [*rows["conditions"], rows["conditions"][1]]}, "same id"),
        ({"comparisons": stranger}, "nobody"),
    ):
        with pytest.raises(EditRefused, match=why):
            edited_output(plan, changed(plan, **values))


def test_a_shortlist_stays_whole(shortlist: Shortlist) -> None:
    rows = shortlist.model_dump(mode="json")
    key = rows["works"][0]["key"]
    decisions = [{**one, "included": one["included"] and one["key"] != key} for one in rows["decisions"]]
    edited = edited_output(shortlist, changed(shortlist, works=rows["works"][1:], decisions=decisions))
    assert isinstance(edited, Shortlist)
    assert edited.counts.included == len(rows["works"]) - 1
    for values, why in (
        ({"works": rows["works"][1:]}, "those whose decision says"),
        ({"decisions": rows["decisions"][1:]}, "needs one decision"),
        ({"decisions": [*rows["decisions"][:2], {**rows["decisions"][2], "by_rule": True}]}, "'by_rule' says who decided"),
        ({"works": [{**rows["works"][0], "title": "Mine"}, *rows["works"][1:]]}, "records of works"),
    ):
        with pytest.raises(EditRefused, match=why):
            edited_output(shortlist, changed(shortlist, **values))


@pytest.fixture
def hypotheses() -> Hypotheses:
    one = Hypothesis(
        id="h1",
        statement="It helps.",
        treatment="x",
        reference="baseline",
        predicts="better",
        predicted_size=0.1,
        refuted_when="it does not",
        rationale="a reason",
        novelty="unknown",
        debate=tuple(Statement(role=role, text="Said.") for role in ("proponent", "skeptic", "methodologist")),
    )
    return Hypotheses(contrasts=(contrast("baseline", "baseline"), contrast("x", "treatment")), hypotheses=(one,))


@pytest.mark.parametrize(
    ("treatment", "role", "reason"), [("z", "baseline", "unknown conditions: z"), ("x", "treatment", "must be the baseline")]
)
def test_a_hypothesis_about_a_condition_that_nobody_runs_is_refused(
    treatment: str, role: str, reason: str, hypotheses: Hypotheses
) -> None:
    data = json.loads(hypotheses.model_dump_json())
    data["hypotheses"][0]["treatment"], data["contrasts"][0]["role"] = treatment, role
    with pytest.raises(EditRefused, match=reason):
        edited_output(hypotheses, json.dumps(data))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kit": "another"}, "kit is not the goal's to change"),
        ({"matches": [{"factor": "depth", "levels": [], "words": []}]}, "factors of the study are not edited"),
        ({"matches": [{"factor": "dropout", "levels": ["lots"], "words": []}]}, "dropout has no level lots"),
    ],
)
def test_a_goal_that_no_kit_can_study_is_refused(change: dict[str, Any], reason: str) -> None:
    kit = shipped_kits()[0]
    goal = Goal(
        topic="Does dropout help?",
        question="Does dropout help?",
        domain="language models",
        kit=kit.name,
        study="one_factor",
        contest=False,
        matches=(TopicMatch(factor="dropout", words=("dropout",)),),
        metric=kit.metric,
        success_criterion="a gain",
        choices=(),
        hardware=HARDWARE,
    )
    with pytest.raises(EditRefused, match=reason):
        edited_output(goal, json.dumps(json.loads(goal.model_dump_json()) | change))
    assert edited_output(goal, json.dumps(json.loads(goal.model_dump_json()) | {"question": "Is it any good?"})) != goal


HARDWARE = Hardware(
    cpu="a processor", physical_cores=2, memory_gb=8, accelerator=None, operating_system="Linux", python="3.11", torch="2.13.0"
)


def test_the_flow_of_records_is_counted_and_not_edited(shortlist: Shortlist) -> None:
    ruled = shortlist.model_copy(
        update={
            "decisions": (*shortlist.decisions, Screened(key="d", included=False, reason="not read", by_rule=True)),
            "counts": PrismaCounts(identified=4, duplicates=0, removed_by_rule=1, screened=3, excluded=1, included=2),
        }
    )
    rows = ruled.model_dump(mode="json")
    decisions = [{**one, "included": one["key"] == "b"} for one in rows["decisions"]]
    edited = edited_output(
        ruled, changed(ruled, works=rows["works"][1:], decisions=decisions, counts={**rows["counts"], "identified": 99})
    )
    assert isinstance(edited, Shortlist)
    assert edited.counts == PrismaCounts(identified=4, duplicates=0, removed_by_rule=1, screened=3, excluded=2, included=1)


@pytest.mark.parametrize("revised", [False, True])
def test_the_text_is_a_person_s_to_edit_and_what_was_put_by_reference_is_not(revised: bool) -> None:
    manuscript = Manuscript(title="T", authors=(), markdown="# T", figures=())
    before = RevisedManuscript(manuscript=manuscript, answers=()) if revised else manuscript

    def edited(**changes: object) -> str:
        other = manuscript.model_copy(update=changes)
        return (RevisedManuscript(manuscript=other, answers=()) if revised else other).model_dump_json()

    assert edited_output(before, edited(markdown="# U")) != before
    with pytest.raises(EditRefused, match="put by reference"):
        edited_output(before, edited(bound=(BoundSentence(place="abstract", typed="5 seeds", bound="{{cfg.seeds|int}} seeds"),)))
