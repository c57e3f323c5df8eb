"""Stages 1 to 13 with the rule-based researcher: what a topic becomes before anything is written."""

from collections.abc import Callable
from typing import Any

import pytest

from stages.contracts import (
    Brief,
    CodeBundle,
    Contract,
    ExperimentPlan,
    Goal,
    Guidance,
    Hypotheses,
    KnowledgeCards,
    RefinedRecords,
    Schedule,
    SearchPlan,
    Shortlist,
    Synthesis,
    TrainingRequest,
)
from stages.d_design import experiment_design
from stages.d_design.experiment_design import registration
from stages.errors import ExperimentFailed, SettingsError, TopicOutsideKits
from stages.pipeline import PIPELINE
from stages.ports import Context

Record = dict[type[Contract], Any]
Walk = Callable[..., Record]
Brief_ = Callable[..., Brief]
World = Callable[..., Context]

DESIGN = PIPELINE[:9]
EXECUTION = PIPELINE[:13]


@pytest.mark.parametrize(
    ("topic", "factors", "study"),
    [
        ("Does the learning-rate schedule matter for tiny byte-level language models?", ["schedule"], "one_factor"),
        ("Should a small GPT be wide or deep?", ["width", "depth"], "two_factors"),
        ("Is SwiGLU worth it in a small transformer language model?", ["activation"], "one_factor"),
        ("Do tiny language models need warm-up when gradients are clipped?", ["warmup", "grad_clip"], "two_factors"),
    ],
)
def test_a_topic_becomes_a_plan_about_its_own_factors(
    topic: str, factors: list[str], study: str, walk: Walk, make_brief: Brief_, make_context: World
) -> None:
    record = walk(DESIGN, make_brief(topic), make_context())
    goal, plan = record[Goal], record[ExperimentPlan]
    assert [match.factor for match in goal.matches] == factors
    assert goal.study == study
    assert plan.conditions[0].role == "baseline"
    assert 3 <= len(plan.conditions) <= 5
    assert {factor for condition in plan.conditions for factor in condition.levels} == set(factors)
    assert any(comparison.purpose == "ablation" for comparison in plan.comparisons)
    assert all(condition.removes for condition in plan.conditions if condition.role == "ablation")


def test_a_topic_outside_the_kits_lists_what_can_be_studied(make_brief: Brief_, make_context: World, walk: Walk) -> None:
    with pytest.raises(TopicOutsideKits, match="batch") as caught:
        walk(DESIGN, make_brief("Do bees sleep?"), make_context())
    assert "llm.provider" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_refused_topic_is_told_which_of_its_words_no_kit_varies(make_brief: Brief_, make_context: World, walk: Walk) -> None:
    with pytest.raises(TopicOutsideKits, match=r"\('epsilon': not among what a kit varies\)"):
        walk(DESIGN, make_brief("Adam epsilon in tiny language models"), make_context())


def test_an_unknown_kit_is_named(make_brief: Brief_, make_context: World, walk: Walk) -> None:
    with pytest.raises(SettingsError, match="tiny_lm"):
        walk(PIPELINE[:1], make_brief(kit="no_such_kit"), make_context())


def test_every_candidate_has_a_reason_and_the_shortlist_is_worth_citing(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    shortlist: Shortlist = walk(DESIGN, make_brief(), make_context())[Shortlist]
    assert 20 <= len(shortlist.works) <= 40
    assert all(decision.reason for decision in shortlist.decisions)
    counts = shortlist.counts
    assert counts.identified - counts.duplicates - counts.removed_by_rule == counts.screened == counts.excluded + counts.included


def test_every_card_rests_on_a_span_of_its_work(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    record = walk(DESIGN, make_brief(), make_context())
    gists = {work.key: work.gist for work in record[Shortlist].works}
    cards = record[KnowledgeCards].cards
    assert all(card.span in gists[card.key] for card in cards)
    assert {key for theme in record[Synthesis].themes for key in theme.keys} <= {card.key for card in cards}


def test_three_roles_argue_and_a_chair_decides(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    for hypothesis in walk(DESIGN, make_brief(), make_context())[Hypotheses].hypotheses:
        assert [turn.role for turn in hypothesis.debate] == ["proponent", "skeptic", "methodologist", "chair"]
        assert len({turn.text for turn in hypothesis.debate}) == 4
        assert hypothesis.refuted_when


def test_the_plan_is_frozen_by_its_registration(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    plan: ExperimentPlan = walk(DESIGN, make_brief(), make_context())[ExperimentPlan]
    assert plan.registration_sha256 == registration(plan)
    assert registration(plan.model_copy(update={"seeds": (1, 2)})) != plan.registration_sha256


def test_reported_development_and_confirmation_seeds_never_meet(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    plan: ExperimentPlan = walk(DESIGN, make_brief(), make_context())[ExperimentPlan]
    ranges = [set(plan.seeds), set(plan.development_seeds), set(plan.confirmation_seeds)]
    assert sum(len(seeds) for seeds in ranges) == len(set.union(*ranges))


def test_a_persons_comment_changes_the_plan(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    record = walk(DESIGN, make_brief(), make_context())
    dropped = record[ExperimentPlan].conditions[2]
    comment = f"use 7 seeds; drop {dropped.label}; paint it blue"
    stage = PIPELINE[8]
    plan = stage.run(stage.gather(record), make_context(guidance=(Guidance(stage=9, message=comment, by="someone"),)))
    assert isinstance(plan, ExperimentPlan)
    assert len(plan.seeds) == 7
    assert dropped.id not in {condition.id for condition in plan.conditions}
    assert plan.guidance_followed


def test_a_comment_on_one_condition_leaves_those_of_similar_name(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    def plan(*messages: str) -> ExperimentPlan:
        guidance = tuple(Guidance(stage=9, message=message, by="a person") for message in messages)
        brief = make_brief("Is ReLU or squared ReLU the better activation function of a small language model?")
        found: ExperimentPlan = walk(DESIGN, brief, make_context(guidance=guidance))[ExperimentPlan]
        return found

    def treatments(found: ExperimentPlan) -> list[str]:
        return [condition.id for condition in found.conditions if condition.role == "treatment"]

    assert {"relu", "relu2"} <= set(treatments(plan()))
    assert "relu" in treatments(plan("drop relu2"))
    assert "relu2" not in treatments(plan("drop relu2"))
    assert "relu2" in treatments(plan("drop ReLU"))


def test_what_would_leave_nothing_to_compare_is_not_heeded(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    words = "What matters more, weight decay or dropout?"
    before: ExperimentPlan = walk(DESIGN, make_brief(words), make_context())[ExperimentPlan]
    first, second = (condition for condition in before.conditions if condition.role == "treatment")
    guidance = tuple(Guidance(stage=9, message=f"drop {gone.id}", by="a person") for gone in (first, second))
    plan: ExperimentPlan = walk(DESIGN, make_brief(words), make_context(guidance=guidance))[ExperimentPlan]
    assert [condition.id for condition in plan.conditions if condition.role == "treatment"] == [second.id]
    assert plan.guidance_not_understood == (f"drop {second.id}",)


def test_a_comment_on_the_shortlist_drops_each_work_it_names(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    before: Shortlist = walk(DESIGN, make_brief(), make_context())[Shortlist]
    first, second, third, *_ = (work.key for work in before.works)
    message = f"drop {first}, {second} and keep {third}; also search for knowledge distillation"
    record = walk(DESIGN, make_brief(), make_context(guidance=(Guidance(stage=5, message=message, by="a person"),)))
    keys = {work.key for work in record[Shortlist].works}
    assert not {first, second} & keys
    assert third in keys
    assert any(query.text == "knowledge distillation" for query in record[SearchPlan].queries)


def test_a_comment_that_says_nothing_known_is_reported(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    record = walk(DESIGN, make_brief(), make_context())
    stage = PIPELINE[8]
    plan = stage.run(stage.gather(record), make_context(guidance=(Guidance(stage=9, message="paint it blue", by="x"),)))
    assert isinstance(plan, ExperimentPlan)
    assert plan.guidance_not_understood == ("paint it blue",)
    assert "paint it blue" in experiment_design.question(plan).body


def test_each_condition_is_a_patch_of_as_many_lines_as_constants(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    record = walk(EXECUTION, make_brief(), make_context())
    plan, bundle = record[ExperimentPlan], record[CodeBundle]
    for condition, code in zip(plan.conditions, bundle.codes, strict=True):
        added = [line for line in code.patch.splitlines() if line.startswith("+") and not line.startswith("+++")]
        assert len(added) == len(condition.settings)
        assert all(check.passed for check in code.checks)


def test_a_costlier_step_buys_fewer_steps(walk: Walk, make_brief: Brief_, make_context: World, canned_laboratory: Any) -> None:
    laboratory = canned_laboratory(value=lambda _: 2.5, cost_ratio=lambda name: 1.0 if name == "baseline" else 2.0)
    codes = walk(EXECUTION, make_brief(), make_context(laboratory))[CodeBundle].codes
    assert codes[0].steps == 1000
    assert codes[1].steps == 500


def test_all_conditions_share_their_seeds(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    schedule: Schedule = walk(EXECUTION, make_brief(), make_context())[Schedule]
    seeds = {}
    for run in schedule.runs:
        seeds.setdefault(run.condition, []).append(run.seed)
    assert all(found == [1, 2, 3, 4, 5] for found in seeds.values())


def test_a_plan_that_does_not_fit_loses_seeds_and_says_so(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    schedule: Schedule = walk(EXECUTION, make_brief(max_hours=0.11), make_context())[Schedule]
    assert len({run.seed for run in schedule.runs}) < 5
    assert schedule.deviations


def test_a_plan_that_cannot_fit_is_refused(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    with pytest.raises(SettingsError, match="max_hours"):
        walk(EXECUTION, make_brief(max_hours=0.01), make_context())


def test_nothing_but_crashes_is_an_error(walk: Walk, make_brief: Brief_, make_context: World, canned_laboratory: Any) -> None:
    with pytest.raises(ExperimentFailed, match="told to crash"):
        walk(EXECUTION, make_brief(), make_context(canned_laboratory(value=lambda _: None)))


def test_the_loop_confirms_its_winner_on_fresh_seeds(
    walk: Walk, make_brief: Brief_, make_context: World, canned_laboratory: Any
) -> None:
    def value(request: TrainingRequest) -> float:
        return 2.0 if request.condition in ("attempt_2", "tuned") else 2.5

    laboratory = canned_laboratory(value=value)
    refined: RefinedRecords = walk(EXECUTION, make_brief(), make_context(laboratory))[RefinedRecords]
    assert [attempt.verdict for attempt in refined.attempts] == ["discard", "keep", "discard"]
    assert refined.tuned is not None
    assert {run.seed for run in refined.confirmation} == {201, 202, 203}
    searched = {request.seed for request in laboratory.asked if request.purpose == "development"}
    assert searched == {101}
    looks = [(request.condition, request.seed) for request in laboratory.asked if request.sealed]
    assert looks == [(refined.incumbent, 201), ("tuned", 201)]  # once each, when the choice has been made


def test_a_loop_without_a_gain_confirms_nothing(walk: Walk, make_brief: Brief_, make_context: World) -> None:
    refined: RefinedRecords = walk(EXECUTION, make_brief(), make_context())[RefinedRecords]
    assert refined.tuned is None
    assert refined.confirmation == ()
    assert len(refined.attempts) == 3
