import json

import pytest

from stages.contracts import Metric, Results
from stages.errors import ExperimentFailed
from stages.f_analysis import statistics
from stages.f_analysis.results import build_results, dump_results, load_results
from stages.f_analysis.statistics import Sample


def built(study) -> Results:
    inputs = study.analysis_inputs
    return build_results(
        plan=inputs.plan,
        code_bundle=inputs.code_bundle,
        records=inputs.records,
        shortlist=inputs.shortlist,
        hardware=inputs.brief.hardware,
        brief=inputs.brief,
        schedule=inputs.schedule,
        hypotheses=inputs.hypotheses,
    )


def sample(results: Results, condition: str) -> Sample:
    return Sample(condition, {int(seed): value for seed, value in results.conditions[condition].metrics["val_bpb"].seeds.items()})


def test_every_planned_comparison_the_interaction_and_the_tuned_winner_are_there(study):
    results = built(study)
    assert set(results.comparisons) == {
        "cosine_vs_constant",
        "batch8_vs_constant",
        "both_vs_constant",
        "no_warmup_vs_cosine",
        "tuned_vs_both",
    }
    assert results.conditions["tuned"].label == "cosine decay with small batch, tuned"
    assert results.conditions["tuned"].role == "tuned"
    assert set(results.comparisons["tuned_vs_both"]["val_bpb"].differences) == {"4", "5", "6"}
    assert results.comparisons["tuned_vs_both"]["val_bpb"].holm_p is None
    assert results.interaction is not None
    assert results.interaction.holm_p is not None


def test_what_is_read_back_from_the_file_recomputes_exactly(study):
    results = built(study)
    text = dump_results(results)
    again = load_results(text)
    assert again == results
    assert dump_results(again) == text
    metric: Metric = again.metric
    for condition in again.conditions.values():
        for summary in (*condition.metrics.values(), *condition.curve.values()):
            assert statistics.summarise({int(seed): value for seed, value in summary.seeds.items()}) == summary
    family = [
        statistics.paired_difference(sample(again, a), sample(again, b), metric, 0.05)
        for a, b in (("cosine", "constant"), ("batch8", "constant"), ("both", "constant"), ("no_warmup", "cosine"))
    ]
    four = [sample(again, name) for name in ("both", "cosine", "batch8", "constant")]
    family.append(statistics.interaction(*four, metric=metric, alpha=0.05))
    *planned, interaction = statistics.with_holm(family, metric, 0.05)
    assert all(again.comparisons[f"{found.a}_vs_{found.b}"]["val_bpb"] == found for found in planned)
    assert again.interaction == interaction


def test_the_file_has_sorted_keys_and_ten_digits(study):
    text = dump_results(built(study))
    tree = json.loads(text)
    assert list(tree) == sorted(tree)
    assert tree["conditions"]["constant"]["metrics"]["val_bpb"]["seeds"]["1"] == 2.235567891
    assert text.endswith("}\n")


def test_constants_are_kept_under_the_names_that_the_paper_uses(study):
    config = built(study).config
    assert config["learning_rate"] == 0.002
    assert (config["batch_size"], config["batch8_batch_size"], config["both_batch_size"]) == (16, 8, 8)
    assert (config["minimum"], config["no_warmup_warmup"], config["tuned_learning_rate"]) == (-1, 0.0, 0.003)
    assert (config["schedule"], config["cosine_schedule"], config["tied"]) == ("constant", "cosine", "yes")
    assert "lower_case" not in config
    assert (config["budget_s"], config["seeds"], config["confidence_percent"], config["scored_kib"]) == (20, 3, 95, 128)
    assert isinstance(config["budget_s"], int)


def test_facts_around_the_scores_are_stored(study):
    results = built(study)
    assert (results.data["train_bytes"], results.data["train_mb"]) == (9373061, 9.37)
    assert results.literature == {"identified": 9, "duplicates": 2, "screened": 7, "excluded": 3, "included": 4}
    assert (results.environment["torch"], results.environment["cores"]) == ("2.13.0", 2)
    assert "accelerator" not in results.environment
    assert results.cost["runs"] == 21
    assert results.cost["train_cpu_hours"] == pytest.approx(21 * 20.1 / 3600)


def test_what_the_scored_runs_of_each_condition_took_is_stored_on_the_clock_of_the_budget(study):
    results = built(study)
    assert set(results.seconds) == set(results.conditions)
    assert {(took.mean, took.least, took.most) for took in results.seconds.values()} == {(20.1, 20.1, 20.1)}
    assert load_results(dump_results(results)).seconds == results.seconds


def test_a_failed_seed_is_counted_and_leaves_the_other_seeds(study, fail):
    results = built(study.with_run("cosine", 2, fail))
    assert set(results.conditions["cosine"].metrics["val_bpb"].seeds) == {"1", "3"}
    assert results.conditions["cosine"].failed == 1
    assert results.comparisons["cosine_vs_constant"]["val_bpb"].verdict == "two runs"
    assert results.config["runs_failed"] == 1


def test_a_condition_without_a_score_and_its_comparisons_are_absent(study, fail):
    for seed in (1, 2, 3):
        study = study.with_run("cosine", seed, fail)
    results = built(study)
    assert "cosine" not in results.conditions
    assert set(results.comparisons) == {"batch8_vs_constant", "both_vs_constant", "tuned_vs_both"}
    assert results.interaction is None


def test_a_comparison_without_a_shared_seed_is_absent(study, fail):
    study = study.with_run("cosine", 1, fail).with_run("constant", 2, fail).with_run("constant", 3, fail)
    assert "cosine_vs_constant" not in built(study).comparisons


def test_without_a_baseline_nothing_is_compared(study, fail):
    for seed in (1, 2, 3):
        study = study.with_run("constant", seed, fail)
    with pytest.raises(ExperimentFailed, match=r"no run of the baseline constant ended well .crash: exit code 1"):
        built(study)


def test_runs_on_different_corpora_are_refused(study):
    def other_corpus(run):
        return run.model_copy(update={"measurement": run.measurement.model_copy(update={"corpus_sha256": "1" * 64})})

    with pytest.raises(ExperimentFailed, match="different corpora"):
        built(study.with_run("cosine", 2, other_corpus))


def test_a_seed_recorded_twice_is_refused(study):
    with pytest.raises(ExperimentFailed, match="two records for seed 1"):
        built(study.but(runs=(*study.runs, study.runs[0])))


def test_an_unconfirmed_winner_is_absent(study):
    results = built(study.but(confirmation=()))
    assert "tuned" not in results.conditions
    assert "tuned_vs_both" not in results.comparisons


def test_every_attempt_of_the_loop_has_its_gain_and_the_runs_add_up(study):
    results = built(study)
    records = study.analysis_inputs.records
    gains = {f"attempt_{attempt.number}_gain": attempt.gain for attempt in records.attempts if attempt.gain is not None}
    assert gains
    assert {name: results.config[name] for name in gains} == gains
    assert results.cost["runs"] == len(records.runs) + results.cost["loop_runs"] + results.cost["confirmation_runs"]


def with_sealed(study, **values):
    """values: condition -> score on the test split, of its run on the first fresh seed."""
    first = min(run.seed for run in study.analysis_inputs.records.confirmation)
    return study.but(
        confirmation=tuple(
            run.model_copy(update={"measurement": run.measurement.model_copy(update={"sealed_value": values[run.condition]})})
            if run.seed == first and run.condition in values
            else run
            for run in study.analysis_inputs.records.confirmation
        )
    )


def test_the_sealed_split_is_told_with_its_looks(study):
    incumbent = study.analysis_inputs.records.incumbent
    config = built(with_sealed(study, **{incumbent: 2.5, "tuned": 2.25})).config
    told = {name: value for name, value in config.items() if name.startswith("sealed_")}
    assert told == {"sealed_looks": 2, "sealed_incumbent": 2.5, "sealed_tuned": 2.25, "sealed_gain": 0.25}


def test_a_study_that_never_looked_says_nothing_of_it(study):
    assert not any(name.startswith("sealed_") for name in built(study).config)


def test_a_look_that_gave_no_score_is_a_look_and_leaves_the_confirmation_whole(study):
    looked = with_sealed(study, tuned=2.25)
    records = looked.analysis_inputs.records
    first = min(run.seed for run in records.confirmation)
    refused = {"sealed_fault": "rejected: an answer is no number"}
    results = built(
        looked.but(
            confirmation=tuple(
                run.model_copy(update={"measurement": run.measurement.model_copy(update=refused)})
                if (run.seed, run.condition) == (first, records.incumbent)
                else run
                for run in records.confirmation
            )
        )
    )
    assert results.config["sealed_looks"] == 2
    assert "sealed_gain" not in results.config
    assert results.comparisons == built(study).comparisons


def test_one_look_alone_is_no_gain(study):
    config = built(with_sealed(study, tuned=2.25)).config
    assert config["sealed_looks"] == 1
    assert "sealed_gain" not in config
