"""A topic beyond the kits with a capable model ends with a paper; with a model that cheats it is refused at the right place."""

import hashlib
import json
import re
from typing import Any

import pytest

from researchclaw.adapters.offline import OfflineResearcher
from researchclaw.adapters.table_laboratory import TWIN_SEEDS
from researchclaw.audit import audit
from researchclaw.cli.program import main
from stages.contracts import (
    Blueprint,
    Brief,
    CodeBundle,
    Deliverables,
    Edit,
    ExperimentPlan,
    Goal,
    Manuscript,
    Outline,
    RefinedRecords,
    Results,
    Review,
    Reviews,
    RunRecords,
    Schedule,
)
from stages.d_design.kit_making import (
    Objection,
    Patch,
    PatchQuestion,
    PrepareCode,
    PrepareQuestion,
    PrepareReview,
    PrepareReviewQuestion,
    RepairAnswer,
    RepairQuestion,
    TrainCode,
    TrainQuestion,
)
from stages.e_execution.iterative_refine import Proposal, Proposals, ProposeEditsQuestion
from stages.errors import KitRefused, ManuscriptRefused
from stages.g_writing.paper_draft import Mended, MendQuestion, SectionDraft, SectionQuestion
from stages.g_writing.paper_outline import OutlineQuestion
from stages.g_writing.peer_review import ReviewQuestion

pytestmark = pytest.mark.slow


# ---------------------------------------------------------------- the honest study


def test_a_topic_beyond_the_kits_ends_with_a_paper_that_passes_the_audit(study: Any) -> None:
    assert study.store.info().status == "done"
    checks = audit(study.deliverables)
    assert [check for check in checks if not check.passed] == []
    delivered = study.output(Deliverables)
    assert delivered.pages >= 5
    assert (study.deliverables / "paper.pdf").read_bytes().startswith(b"%PDF")


def test_every_run_was_made_in_the_sandbox_and_scored_by_the_parent(study: Any) -> None:
    records: RunRecords = study.output(RunRecords)
    plan: ExperimentPlan = study.output(ExperimentPlan)
    assert len(records.runs) == len(plan.conditions) * len(plan.seeds)
    assert all(run.verdict == "ok" and run.measurement for run in records.runs)
    assert len({run.measurement.value for run in records.runs if run.measurement}) == len(records.runs)
    results = Results.model_validate_json((study.deliverables / "results.json").read_bytes())
    assert (results.metric.name, results.metric.lower_is_better) == ("rmse", True)
    assert results.data["train_rows"] == 90


def test_all_conditions_of_a_seed_see_the_same_rows_and_each_seed_has_its_own(study: Any) -> None:
    by_seed: dict[int, set[str]] = {}
    for run in study.output(RunRecords).runs:
        by_seed.setdefault(run.seed, set()).add(run.measurement.corpus_sha256)
    assert all(len(rows) == 1 for rows in by_seed.values())
    assert len(set.union(*by_seed.values())) == len(by_seed)


def test_the_kit_was_frozen_before_the_first_run(study: Any) -> None:
    bundle: CodeBundle = study.output(CodeBundle)
    assert bundle.generated is not None
    assert bundle.generated.prepare_sha256 == hashlib.sha256(bundle.generated.prepare_py.encode()).hexdigest()
    schedule: Schedule = study.output(Schedule)
    assert {request.kit_sha256 for request in schedule.runs} == {bundle.generated_sha256}
    assert len(bundle.review) >= 1


def test_the_salt_of_the_data_stands_in_no_question(study: Any) -> None:
    bundle = study.output(CodeBundle)
    assert len(bundle.generated.salt) == 32
    shown = "".join(question.model_dump_json() for question in study.mind.asked)
    assert bundle.generated.salt not in shown


def test_the_delivered_code_holds_the_kit_and_a_recorded_run_comes_out_again(study: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("prepare.py", "train.py", "kit.yaml"):
        assert (study.deliverables / "code" / "kit" / name).stat().st_size > 0
    run = study.output(RunRecords).runs[1]
    request = study.deliverables / run.folder / "request.json"
    arguments = ["experiment", "--request", str(request), "--set", f"output={study.settings.output}", "--json"]
    assert main(arguments) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["measurement"]["value"] == run.measurement.value


def test_what_the_loop_tried_was_measured_on_a_seed_of_its_own(study: Any) -> None:
    refined: RefinedRecords = study.output(RefinedRecords)
    plan = study.output(ExperimentPlan)
    assert {run.seed for run in refined.development} == set(plan.development_seeds)
    assert not {run.seed for run in (*refined.development, *refined.confirmation)} & set(plan.seeds)
    assert all(attempt.edits for attempt in refined.attempts)


# ---------------------------------------------------------------- the trade of the paper

OF_LANGUAGE_MODELS = re.compile(
    r"\b(bpb|bits? per byte|bytes?|byte-level|tokens?|tokeni[sz]ers?|transformers?|corpus|corpora|perplexity|cross-entropy|"
    r"training (?:budgets?|scripts?|runs?|steps?|tokens)|optimisation steps?|batch(?:es)?|warm-up|epochs?|checkpoints?|"
    r"larger models?|program text|validation files|compressors?|gzip|PyTorch|learning (?:rate|curve)s?|networks?|"
    r"short (?:budget|training)|training of this length|step costs?|cost of a step|its loss)\b",
    re.IGNORECASE,
)
"""Words that belong to a study which trains language models, and mean nothing where a regression is fitted."""


def _out_of_trade(text: str) -> list[str]:
    """The sentences of the paper that speak of another trade; titles of cited works are what they are."""
    told = text.partition("## References")[0]
    return [line for line in re.split(r"(?<=[.?:;|])\s", told) if OF_LANGUAGE_MODELS.search(line)]


def test_the_delivered_paper_speaks_of_no_language_model(study: Any) -> None:
    assert _out_of_trade((study.deliverables / "paper_draft.md").read_text()) == []
    assert _out_of_trade((study.deliverables / "reproduce.md").read_text()) == []


@pytest.fixture(scope="module")
def by_rules(study: Any) -> Manuscript:
    """The paper that the rule-based writer makes of the same record: each sentence that it may lend, at once."""
    rules = OfflineResearcher()
    outline = study.again("paper_outline", {OutlineQuestion: lambda question: rules.ask(question, Outline)})
    written: Manuscript = study.again(
        "paper_draft", {SectionQuestion: lambda question: rules.ask(question, SectionDraft)}, outline=outline
    )
    return written


def test_the_rule_based_writer_speaks_of_no_language_model_either(by_rules: Manuscript) -> None:
    assert _out_of_trade(by_rules.markdown) == []
    assert _out_of_trade(" ".join(f"{figure.caption} {figure.alt}" for figure in by_rules.figures)) == []


def test_the_rule_based_writer_says_what_the_data_are_and_what_a_fit_is(by_rules: Manuscript) -> None:
    for said in ("{{data.train_rows|int}}", "{{ref.training_mean|f3}}", "### Fitting and scoring"):
        assert said in by_rules.markdown
    assert "no language model" not in by_rules.markdown.lower()


def test_the_rule_based_reviewers_speak_of_no_language_model_either(study: Any, by_rules: Manuscript) -> None:
    rules = OfflineResearcher()
    asked = {ReviewQuestion: lambda question: rules.ask(question, Review)}
    reviews: Reviews = study.again("peer_review", asked, manuscript=by_rules)
    said = [weakness.text for review in reviews.reviews for weakness in review.weaknesses]
    said += [weakness.required_change or "" for review in reviews.reviews for weakness in review.weaknesses]
    assert said
    assert _out_of_trade("\n".join(said)) == []


# ---------------------------------------------------------------- cheats


GIVE_UP = {RepairQuestion: lambda question: RepairAnswer(diagnosis="Nothing is wrong with it.", edits=())}


def test_a_metric_that_is_written_into_prepare_py_is_refused(study: Any, answers: Any) -> None:
    cheat = answers.PREPARE + "\n\ndef rmse(predictions, targets):\n    return 0.0\n"
    with pytest.raises(KitRefused, match=r"prepare.py, line \d+: defines rmse") as refused:
        study.again("code_generation", {PrepareQuestion: lambda question: PrepareCode(prepare_py=cheat), **GIVE_UP})
    assert str(refused.value).count("the repair was not usable") == 1


def test_a_measure_that_is_not_ours_cannot_be_named(answers: Any) -> None:
    with pytest.raises(ValueError, match="measure"):
        Blueprint.model_validate({**answers.BLUEPRINT.model_dump(), "measure": "always_one"})


def test_a_score_that_train_py_prints_or_writes_is_nobody_s_score(study: Any, answers: Any) -> None:
    boast = answers.TRAIN.replace("    return {", '    print("rmse: 0.000000")\n    return {')
    schedule = study.output(Schedule)
    first = schedule.runs[0].model_copy(update={"train_py": boast})
    (run,) = study.again("experiment_run", {}, schedule=schedule.model_copy(update={"runs": (first,)})).runs
    assert "rmse: 0.000000" in run.log_tail
    assert run.measurement.value > 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('"inputs": np.column_stack([inputs, 3 * targets + 1])', "leak: column 20 of the inputs is the target"),
        ('"inputs": np.repeat(inputs[:30], 5, axis=0)', "leak: .* are also rows of the training split"),
        ('"inputs": inputs[:40]', "inputs must be"),
    ],
)
def test_a_prepare_py_that_leaks_targets_is_refused(study: Any, answers: Any, line: str, why: str) -> None:
    cheat = answers.PREPARE.replace('"inputs": inputs', line)
    if "repeat" in line:
        cheat = cheat.replace('"targets": targets}', '"targets": np.repeat(targets[:30], 5)}')
    with pytest.raises(KitRefused, match=f"prepare.py.*{why}"):
        study.again("code_generation", {PrepareQuestion: lambda question: PrepareCode(prepare_py=cheat), **GIVE_UP})


def test_what_the_reviewer_objects_to_is_refused_with_its_words(study: Any) -> None:
    objection = Objection(kind="leakage", quote="rng = np.random.default_rng(seed)", text="Everything follows from the seed.")
    review = {PrepareReviewQuestion: lambda question: PrepareReview(looked_at=("The seed.",), objections=(objection,))}
    with pytest.raises(KitRefused, match="the reviewer objects: leakage: Everything follows from the seed"):
        study.again("code_generation", {**review, **GIVE_UP})


def test_two_conditions_that_are_the_same_program_are_refused_by_name(study: Any, answers: Any) -> None:
    same = {PatchQuestion: lambda question: answers.PATCHES["lasso" if question.ablated is None else "lasso_ablated"]}
    with pytest.raises(KitRefused, match="conditions 'lasso' and 'elastic_net' are the same program"):
        study.again("code_generation", same)


def test_two_conditions_that_behave_the_same_are_refused_by_name(study: Any, answers: Any) -> None:
    def patch(question: PatchQuestion) -> Patch:
        if question.condition.id != "elastic_net":
            found: Patch = answers.PATCHES[question.condition.id]
            return found
        return Patch(edits=(Edit(find="MIX = 0.0", replace="MIX = 0.5 + 0.5"),))

    assert len(TWIN_SEEDS) == 3
    with pytest.raises(KitRefused, match="conditions 'lasso' and 'elastic_net' behave the same"):
        study.again("code_generation", {PatchQuestion: patch})


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('    open("/etc/passwd").read()\n', "uses open"),
        ("    import sklearn.datasets\n", "reads a data set"),
        ('    np.fromfile("/lab/input/train.safetensors")\n', r"uses \.fromfile"),
        ("    import os\n", "imports os"),
    ],
)
def test_a_train_py_that_reads_elsewhere_is_refused_before_it_runs(study: Any, answers: Any, line: str, why: str) -> None:
    cheat = answers.TRAIN.replace("    centre, scale", f"{line}    centre, scale")
    with pytest.raises(KitRefused, match=f"train.py.*{why}"):
        study.again("code_generation", {TrainQuestion: lambda question: TrainCode(train_py=cheat), **GIVE_UP})


def test_a_prediction_that_depends_on_the_other_rows_is_refused(study: Any, answers: Any) -> None:
    cheat = answers.TRAIN.replace('inputs - state["centre"]', "inputs - inputs.mean(axis=0)")
    with pytest.raises(KitRefused, match="a prediction depends on the other rows"):
        study.again("code_generation", {TrainQuestion: lambda question: TrainCode(train_py=cheat), **GIVE_UP})


def test_a_reference_that_nobody_confirmed_is_refused(study: Any) -> None:
    _refused_in_discussion(study, "Others saw the same [@nobody2031everything].", "no confirmed work has the key nobody2031everything")


def test_a_number_that_is_typed_is_refused(study: Any) -> None:
    _refused_in_discussion(study, "The lasso is 37.5 per cent better.", "the numeral 37.5 is typed")


def _refused_in_discussion(study: Any, sentence: str, why: str) -> None:
    said = study.scripted.SCRIPT[SectionQuestion]

    def write(question: SectionQuestion) -> SectionDraft:
        draft: SectionDraft = said(question)
        return SectionDraft(markdown=f"{draft.markdown}\n\n{sentence}") if question.section.id == "discussion" else draft

    mend = {MendQuestion: lambda question: Mended(patches=())}
    with pytest.raises(ManuscriptRefused, match=why):
        study.again("paper_draft", {SectionQuestion: write, **mend})


def test_the_draft_of_the_honest_model_is_the_one_that_was_delivered(study: Any) -> None:
    assert study.again("paper_draft", {}) == study.output(Manuscript)


# ---------------------------------------------------------------- self-healing


def test_failing_code_is_mended_from_its_log_and_run_again(study: Any, answers: Any) -> None:
    broken = answers.TRAIN.replace("inputs.std(axis=0)", "inputs.standard(axis=0)")

    def mend(question: RepairQuestion) -> RepairAnswer:
        assert question.what == "train.py"
        assert "standard" in question.log_tail
        return RepairAnswer(
            diagnosis="Arrays have no such method.", edits=(Edit(find="inputs.standard(axis=0)", replace="inputs.std(axis=0)"),)
        )

    other = {TrainQuestion: lambda question: TrainCode(train_py=broken), RepairQuestion: mend}
    bundle = study.again("code_generation", other, plan=_of_two(study))
    assert [(repair.what, repair.attempt, repair.mended) for repair in bundle.repairs] == [("train.py", 1, True)]
    assert "AttributeError" in bundle.repairs[0].failure


def _of_two(study: Any) -> ExperimentPlan:
    plan: ExperimentPlan = study.output(ExperimentPlan)
    return plan.model_copy(update={"conditions": plan.conditions[:2]})


def test_three_repairs_of_one_failure_are_enough(study: Any, answers: Any) -> None:
    broken = answers.TRAIN.replace("inputs.std(axis=0)", "inputs.standard(axis=0)")
    tries: list[int] = []

    def worsen(question: RepairQuestion) -> RepairAnswer:
        tries.append(question.attempt)
        old, new = f"FOLDS = {2 + len(tries)}", f"FOLDS = {3 + len(tries)}"
        return RepairAnswer(diagnosis="The folds are too few.", edits=(Edit(find=old, replace=new),))

    other = {TrainQuestion: lambda question: TrainCode(train_py=broken), RepairQuestion: worsen}
    with pytest.raises(KitRefused, match=r"train\.py still fails after 3 repairs: crash: AttributeError"):
        study.again("code_generation", other)
    assert tries == [1, 2, 3]


def test_the_total_of_repairs_is_capped_by_the_settings(study: Any, answers: Any) -> None:
    broken = {TrainQuestion: lambda question: TrainCode(train_py="x = 1\n"), **GIVE_UP}
    brief = study.output(Brief).model_copy(update={"max_repairs": 1})
    with pytest.raises(KitRefused, match=r"All 1 repairs of experiment\.max_repairs are used up"):
        study.again("code_generation", broken, brief=brief)


def test_a_condition_that_fails_in_the_study_is_mended_and_all_its_runs_are_made_again(study: Any) -> None:
    plan, bundle = study.output(ExperimentPlan), study.output(CodeBundle)
    code = next(code for code in bundle.codes if code.condition == "elastic_net")
    unlucky = 'def predict(state, inputs):\n    if state["level"] > -1e9:\n        raise ValueError("unlucky")\n'
    failing = code.train_py.replace("def predict(state, inputs):\n", unlucky)
    codes = tuple(one.model_copy(update={"train_py": failing}) if one is code else one for one in bundle.codes)
    broken = bundle.model_copy(update={"codes": codes})
    records = study.output(RunRecords)
    runs = tuple(
        run.model_copy(update={"verdict": "crash", "reason": "ValueError: unlucky", "measurement": None})
        if run.condition == "elastic_net" and run.seed == 2
        else run
        for run in records.runs
    )
    mend = RepairAnswer(
        diagnosis="It gives up without need.", edits=(Edit(find='        raise ValueError("unlucky")', replace="        pass"),)
    )
    refined = study.again(
        "iterative_refine",
        {RepairQuestion: lambda question: mend, ProposeEditsQuestion: lambda question: Proposals(proposals=())},
        code=broken,
        records=records.model_copy(update={"runs": runs}),
    )
    own = [run for run in refined.runs if run.condition == "elastic_net"]
    assert [run.verdict for run in own] == ["ok"] * len(plan.seeds)
    was = {run.seed: run.measurement.value for run in records.runs if run.condition == "elastic_net" and run.measurement}
    assert {run.seed: run.measurement.value for run in own if run.measurement} == was
    assert refined.repairs == ("elastic_net: It gives up without need.",)
    assert [code.condition for code in refined.mended] == ["elastic_net"]


def test_a_proposal_that_changes_no_prediction_is_no_crash(study: Any) -> None:
    idle = Proposal(change="a longer name for the shares", edits=(Edit(find="SWEEPS = 60", replace="SWEEPS = 60 + 0"),))
    refined = study.again("iterative_refine", {ProposeEditsQuestion: lambda question: Proposals(proposals=(idle,))})
    assert [(attempt.verdict, attempt.value) for attempt in refined.attempts] == [("same", None)]


def test_a_proposal_that_cannot_be_applied_is_a_failed_attempt(study: Any) -> None:
    bad = Proposal(change="a passage that is not there", edits=(Edit(find="nowhere", replace="anywhere"),))
    refined = study.again("iterative_refine", {ProposeEditsQuestion: lambda question: Proposals(proposals=(bad,))})
    assert [(attempt.verdict, attempt.value) for attempt in refined.attempts] == [("crash", None)]
    assert refined.tuned is None


def test_without_a_model_such_a_topic_ends_with_the_list_of_what_can_be_studied(
    answers: Any, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--topic", answers.TOPIC, "--output", str(tmp_path), "--auto-approve"]) == 2
    assert "no study kit can answer the topic" in capsys.readouterr().err


def test_the_goal_carries_the_blueprint_and_the_matches_of_the_topic(study: Any, answers: Any) -> None:
    goal: Goal = study.output(Goal)
    assert goal.blueprint == answers.BLUEPRINT
    assert goal.matches[0].levels == ("lasso",)
    assert goal.matches[0].words == ("ridge", "lasso")
