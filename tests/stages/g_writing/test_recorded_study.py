"""The record as the sentence check takes it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Results
from stages.f_analysis.statistics import summarise
from stages.g_writing import paper_outline
from stages.g_writing.recorded_study import RecordedStudy

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    world = small.context(tmp_path_factory.mktemp("world"))
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), world).results


def test_conditions_have_words_that_no_text_uses_for_anything_else(results: Results) -> None:
    recorded = RecordedStudy(results, {"cosine": ("cosine decay",)})
    assert recorded.words == {"cosine": "baseline", "constant": "quxa", "linear": "quxb"}
    assert recorded.names["cosine decay"] == "cosine"
    assert recorded.names["constant learning rate"] == "constant"
    study = recorded.study(adjusted=True, tuned=False)
    assert set(study.conditions) == {"baseline", "quxa", "quxb"}
    assert study.reference == "baseline"
    assert study.planned_seeds == 5


def test_values_and_signs_are_those_of_the_record(results: Results) -> None:
    study = RecordedStudy(results, {}).study(adjusted=True, tuned=False)
    recorded = results.comparisons["constant_vs_cosine"]["val_bpb"]
    made = study.comparisons["quxa_vs_baseline/val_bpb"]
    assert (made.mean_diff, made.ci95) == (recorded.mean_diff, (recorded.ci95_low, recorded.ci95_high))
    assert study.metrics["val_bpb"].direction == "min"
    assert study.conditions["quxa"]["val_bpb"].seeds == results.conditions["constant"].metrics["val_bpb"].seeds


def test_a_plain_p_value_is_the_adjusted_one(results: Results) -> None:
    recorded = results.comparisons["constant_vs_cosine"]["val_bpb"]
    assert recorded.holm_p != recorded.t_p
    for adjusted, value in ((True, recorded.holm_p), (False, recorded.t_p)):
        study = RecordedStudy(results, {}).study(adjusted=adjusted, tuned=False)
        assert study.comparisons["quxa_vs_baseline/val_bpb"].t_p == value


def test_a_setting_that_conditions_change_has_its_value_for_each_of_them(results: Results) -> None:
    changed = results.model_copy(update={"config": {**results.config, "linear_width": 128}})
    study = RecordedStudy(changed, {}).study(adjusted=True, tuned=False)
    assert study.config["width"] == {"baseline": 96, "quxa": 96, "quxb": 128}
    assert "linear_width" not in study.config
    assert study.config["learning_rate"] == 0.002


def test_the_loop_s_winner_stands_in_no_ranking(results: Results) -> None:
    linear = results.conditions["linear"]
    tuned = linear.model_copy(
        update={"role": "tuned", "label": "linear decay, tuned", "metrics": {"val_bpb": summarise({7: 1.0, 8: 1.1, 9: 1.2})}}
    )
    with_winner = RecordedStudy(results.model_copy(update={"conditions": {**results.conditions, "tuned": tuned}}), {})
    assert with_winner.names["the tuned setting"] == "tuned"
    assert with_winner.words["tuned"] not in with_winner.study(adjusted=True, tuned=False).conditions
    assert with_winner.words["tuned"] in with_winner.study(adjusted=True, tuned=True).conditions
