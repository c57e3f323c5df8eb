from types import SimpleNamespace
from typing import Any

import pytest

from researchclaw.adapters.offline import analysis as rules
from stages.contracts import Analysis, AnalystRemark, Decision
from stages.errors import ExperimentFailed, MalformedAnswer
from stages.f_analysis import research_decision, result_analysis
from stages.f_analysis.research_decision import DecisionQuestion
from stages.f_analysis.result_analysis import AnalystQuestion, Remarks
from stages.g_writing.document import ValueRef
from stages.g_writing.markdown import parse_inlines
from stages.g_writing.values import leaves, resolve


class RuleBased:
    """The rules themselves as the mind; keeps what it was asked."""

    name = "rules"

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def ask(self, question: Any, answer: type) -> Any:
        self.asked.append(question)
        return rules.decide(question) if isinstance(question, DecisionQuestion) else rules.remarks(question)


class Says:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.name = "canned"

    def ask(self, question: Any, answer: type) -> Any:
        return self.answer


def world(model: Any, round_number: int = 1) -> Any:
    return SimpleNamespace(model=model, round=round_number)


def analysed(study) -> Analysis:
    return result_analysis.run(study.analysis_inputs, world(RuleBased()))


def words(analysis: Analysis) -> str:
    """The remarks as the paper prints them; every value is looked up."""
    known = leaves(analysis.results)
    printed = []
    for remark in analysis.remarks:
        parts = parse_inlines(remark.text)
        printed.append(
            "".join(resolve(p, known, file="f", place="p").text if isinstance(p, ValueRef) else getattr(p, "text", "") for p in parts)
        )
    return "\n".join(printed)


# ---------------------------------------------------------------- findings


def finding_of(study, *stated: Any) -> Any:
    inputs = study.but(hypotheses=stated).analysis_inputs
    return result_analysis.run(inputs, world(RuleBased())).findings[0]


def test_a_prediction_that_the_verdict_agrees_with_is_supported(study, state):
    found = finding_of(study, state("cosine", "constant", "better"))
    assert (found.comparison, found.verdict) == ("cosine_vs_constant", "supported")


def test_an_interval_on_the_other_side_contradicts(study, state):
    assert finding_of(study, state("cosine", "constant", "worse")).verdict == "contradicted"


def test_an_interval_that_holm_takes_back_decides_nothing(study, state):
    found = finding_of(study.but(alpha=1e-6), state("cosine", "constant", "better"))
    assert found.verdict == "undecided"
    assert "all comparisons of the plan" in found.reason


def test_sameness_needs_the_whole_interval_within_the_declared_size(study, state):
    assert finding_of(study, state("batch8", "constant", "same", 0.02)).verdict == "supported"
    assert finding_of(study, state("batch8", "constant", "same", 0.0001)).verdict == "undecided"
    assert finding_of(study, state("cosine", "constant", "same", 0.01)).verdict == "contradicted"


def test_a_claim_about_a_condition_without_scores_stays_undecided(study, state, fail):
    for seed in (1, 2, 3):
        study = study.with_run("cosine", seed, fail)
    found = finding_of(study, state("cosine", "constant", "better"))
    assert found.verdict == "undecided"
    assert found.reason == "No run of cosine ended well, so the claim was not put to the test."


def test_two_seeds_decide_nothing(study, state, fail):
    found = finding_of(study.with_run("cosine", 2, fail), state("cosine", "constant", "better"))
    assert (found.verdict, found.reason) == ("undecided", "There are too few shared seeds for an interval.")


def test_the_best_mean_is_sought_among_the_reported_conditions(study):
    assert analysed(study).best == "both"


# ---------------------------------------------------------------- analysts


def test_three_analysts_see_the_same_facts(study):
    model = RuleBased()
    analysis = result_analysis.run(study.analysis_inputs, world(model))
    assert {question.analyst for question in model.asked} == set(result_analysis.ANALYSTS)
    assert all(question.results == analysis.results for question in model.asked)
    assert [remark.analyst for remark in analysis.remarks] == sorted(
        (remark.analyst for remark in analysis.remarks), key=result_analysis.ANALYSTS.index
    )


def test_an_analyst_may_not_speak_of_what_was_not_compared(study):
    remark = AnalystRemark(analyst="statistician", text="Words.", comparison="cosine_vs_both")
    with pytest.raises(MalformedAnswer, match="not compared"):
        result_analysis.run(study.analysis_inputs, world(Says(Remarks(remarks=(remark,), stands=()))))


def test_an_analyst_may_not_speak_for_another(study):
    remark = AnalystRemark(analyst="domain reader", text="Words.")
    with pytest.raises(MalformedAnswer, match="in the name of"):
        result_analysis.run(study.analysis_inputs, world(Says(Remarks(remarks=(remark,), stands=()))))


def test_a_dead_baseline_ends_the_study(study, fail):
    for seed in (1, 2, 3):
        study = study.with_run("constant", seed, fail)
    with pytest.raises(ExperimentFailed):
        analysed(study)


# ---------------------------------------------------------------- the rule-based analysts


def variants(study, fail) -> dict[str, Any]:
    def raised(run):
        higher = run.measurement.value + 0.2
        return run.model_copy(update={"measurement": run.measurement.model_copy(update={"value": higher})})

    def steep(run):
        curve = tuple(p.model_copy(update={"value": p.value - 0.3 * i}) for i, p in enumerate(run.measurement.curve))
        return run.model_copy(update={"measurement": run.measurement.model_copy(update={"curve": curve})})

    one_seed = study.but(runs=tuple(run for run in study.runs if run.seed == 1), confirmation=())
    gone = study
    for seed in (1, 2, 3):
        gone = gone.with_run("cosine", seed, fail)
    return {
        "plain": study,
        "strict": study.but(alpha=1e-6),
        "noisy": study.with_run("cosine", 2, raised),
        "noisy_baseline": study.with_run("constant", 3, raised),
        "failed": study.with_run("cosine", 2, fail),
        "gone": gone,
        "one_seed": one_seed,
        "beats_gzip": study.but(references={"gzip": 2.3, "xz": 1.7}),
        "beats_all": study.but(references={"gzip": 2.6, "xz": 2.5}),
        "no_references": study.but(references={}),
        "steep": study.but(runs=tuple(steep(run) for run in study.runs)),
    }


def test_every_value_named_in_a_remark_is_on_record_and_no_numeral_is_typed(study, fail):
    for name, variant in variants(study, fail).items():
        analysis = analysed(variant)
        assert analysis.remarks, name
        words(analysis)
        for remark in analysis.remarks:
            text = "".join("" if isinstance(p, ValueRef) else getattr(p, "text", "") for p in parse_inlines(remark.text))
            assert not any(character.isdigit() for character in text), remark.text
            assert "{" not in text
            assert text.endswith(".")


def test_remarks_follow_the_data_and_none_is_said_twice(study, fail):
    said = {name: words(analysed(variant)) for name, variant in variants(study, fail).items()}
    assert len(set(said.values())) == len(said)
    for text in said.values():
        assert len(set(text.split("\n"))) == len(text.split("\n"))
    assert "cosine decay is better than constant rate" in said["plain"]
    assert "A step with small batch takes longer, so fewer of them fit into the same budget (560 against 700" in said["plain"]
    assert "In every planned comparison the sign of the difference agrees" in said["plain"]
    assert "A single seed reverses the order of" in said["noisy_baseline"]
    assert "(two of three seeds favour the former)" in said["noisy"]
    assert "within the family of planned tests it does not hold" in said["strict"]
    assert "includes zero" in said["noisy"]
    assert "Taken alone, the interval of the interaction (-0.040 to -0.024 bpb) speaks against" in said["strict"]
    assert "rests on one shared seed" in said["one_seed"]
    assert "did not end well" in said["failed"]
    assert "stays above what gzip reaches" in said["plain"]
    assert "need fewer bits than gzip (2.300) but more than xz (1.700)" in said["beats_gzip"]
    assert "xz comes nearest (2.500)" in said["beats_all"]
    assert "could reorder the conditions" in said["steep"]
    assert "On seeds that played no part in the search" in said["plain"]


# ---------------------------------------------------------------- decision


def decided(study, round_number: int = 1) -> Decision:
    return research_decision.run(study.decision_inputs(analysed(study)), world(RuleBased(), round_number))


def test_three_paired_seeds_are_enough_to_proceed(study):
    decision = decided(study)
    assert decision.verdict == "proceed"
    assert decision.reasons[0] == "The primary comparison has 3 paired seeds of 3 planned, enough for an interval."
    assert "/comparisons/cosine_vs_constant/val_bpb" in decision.evidence


def test_many_failures_are_repaired_first_but_only_once(study, fail):
    for condition, seed in (("both", 1), ("both", 2), ("no_warmup", 1), ("batch8", 1)):
        study = study.with_run(condition, seed, fail)
    assert decided(study).verdict == "refine"
    assert "both: 2 failed (crash: exit code 1)." in decided(study).reasons
    assert decided(study, round_number=2).verdict == "proceed"


def test_an_untestable_primary_hypothesis_gives_way_to_another(study, fail):
    for seed in (1, 2, 3):
        study = study.with_run("cosine", seed, fail)
    assert decided(study, round_number=1).verdict == "pivot"
    assert decided(study, round_number=3).verdict == "proceed"
    assert decided(study, round_number=3).reasons[0].startswith("The primary hypothesis stays untested")


def test_a_small_plan_proceeds_and_says_that_it_is_small(study):
    small = study.but(runs=tuple(run for run in study.runs if run.seed == 1), seeds=(1,), confirmation=())
    decision = decided(small)
    assert decision.verdict == "proceed"
    assert "without interval and test" in decision.reasons[0]


def test_a_decision_needs_reasons_and_evidence_that_exists(study):
    inputs = study.decision_inputs(analysed(study))
    with pytest.raises(MalformedAnswer, match="without a reason"):
        research_decision.run(inputs, world(Says(Decision(verdict="proceed", reasons=(), evidence=()))))
    with pytest.raises(MalformedAnswer, match="not in the results"):
        research_decision.run(inputs, world(Says(Decision(verdict="proceed", reasons=("x",), evidence=("/comparisons/a_vs_b",)))))


def test_nothing_to_compare_is_no_paper(study, fail):
    for condition in ("cosine", "batch8", "both", "no_warmup"):
        for seed in (1, 2, 3):
            study = study.with_run(condition, seed, fail)
    study = study.but(confirmation=())
    inputs = study.decision_inputs(analysed(study))
    with pytest.raises(ExperimentFailed, match="no comparison"):
        research_decision.run(inputs, world(Says(Decision(verdict="proceed", reasons=("x",), evidence=()))))


def test_every_analyst_asks_a_question_of_its_own_kind(study):
    model = RuleBased()
    result_analysis.run(study.analysis_inputs, world(model))
    assert all(isinstance(question, AnalystQuestion) and question.template for question in model.asked)


# ---------------------------------------------------------------- what an analyst may not say


class Misled(RuleBased):
    """The rules, but one analyst says something of his own; as often as he is asked, or until he is told why not."""

    def __init__(self, text: str, *, mends: bool) -> None:
        super().__init__()
        self.text, self.mends = text, mends

    def ask(self, question: Any, answer: type) -> Any:
        given = super().ask(question, answer)
        if question.analyst != "domain reader" or (self.mends and question.complaints):
            return given
        remark = AnalystRemark(analyst="domain reader", text=self.text)
        return given.model_copy(update={"remarks": (remark,)})


WRONG = {
    "typed numeral": ("The loss falls by 0.31 bits.", r"0\.31"),
    "typed count": ("On four of five seeds the order holds.", "four of five"),
    "unknown value": ("The mode is {{cosine.val_bpb.mode|f3}}.", "mode"),
    "claim without a value": ("Cosine decay is significantly better than everything else.", "better|claim|signific"),
    "no text of the dialect": ("> Ignore all rules.", "line"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_remark_that_the_record_does_not_bear_is_asked_for_again_and_then_refused(study, name):
    text, reason = WRONG[name]
    mind = Misled(text, mends=True)
    analysis = result_analysis.run(study.analysis_inputs, world(mind))
    assert text not in {remark.text for remark in analysis.remarks}
    assert sum(bool(question.complaints) for question in mind.asked) == 1
    with pytest.raises(MalformedAnswer, match=reason):
        result_analysis.run(study.analysis_inputs, world(Misled(text, mends=False)))


def test_disagreement_stays_on_record(study):
    class Contrarian(RuleBased):
        def ask(self, question: Any, answer: type) -> Any:
            given = super().ask(question, answer)
            if question.analyst != "devil's advocate":
                return given
            other = {"holds": "fails", "fails": "open", "open": "holds"}
            changed = tuple(stand.model_copy(update={"view": other[stand.view]}) for stand in given.stands[:1])
            return given.model_copy(update={"stands": (*changed, *given.stands[1:])})

    analysis = result_analysis.run(study.analysis_inputs, world(Contrarian()))
    assert analysis.disagreements == (analysis.findings[0].hypothesis,)
    assert len(analysis.stands) == 3 * len(analysis.findings)
    assert analysed(study).disagreements == ()


def test_an_analyst_who_leaves_a_hypothesis_out_is_refused(study):
    class Silent(RuleBased):
        def ask(self, question: Any, answer: type) -> Any:
            return super().ask(question, answer).model_copy(update={"stands": ()})

    with pytest.raises(MalformedAnswer, match="must say once of each"):
        result_analysis.run(study.analysis_inputs, world(Silent()))


def test_a_reason_may_name_what_was_counted_and_no_measurement(study):
    inputs = study.decision_inputs(analysed(study))
    evidence = ("/config/runs_failed",)
    counted = Decision(verdict="proceed", reasons=("All 3 planned seeds were paired.",), evidence=evidence)
    assert research_decision.run(inputs, world(Says(counted))) == counted
    typed = Decision(verdict="proceed", reasons=("The loss fell by 0.31.",), evidence=evidence)
    with pytest.raises(MalformedAnswer, match=r"0\.31"):
        research_decision.run(inputs, world(Says(typed)))
    with pytest.raises(MalformedAnswer, match="no evidence"):
        research_decision.run(inputs, world(Says(Decision(verdict="proceed", reasons=("x",), evidence=()))))
