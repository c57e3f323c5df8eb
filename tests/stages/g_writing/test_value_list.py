"""Values for a writer."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Results
from stages.g_writing.remark_check import remark_faults
from stages.g_writing.value_list import how_to_write, value_lines
from stages.g_writing.values import leaves

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    from stages.g_writing import paper_outline

    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), small.context(tmp_path)).results


def test_each_family_is_shown_when_it_is_asked_for_and_not_else(results: Results) -> None:
    assert not value_lines(results, ())
    conditions = value_lines(results, ("conditions",))
    assert [line.split(" ")[0] for line in conditions] == ["Of", *results.conditions]
    assert "val_bpb.mean" in conditions[0]
    assert all(line.startswith(("(", "Of each (first,second).metric: diff; ")) for line in value_lines(results, ("comparisons",)))
    (settings,) = value_lines(results, ("settings",))
    (plan,) = value_lines(results, ("plan",))
    assert settings.startswith("cfg: ")
    assert "learning_rate" in settings and "seeds" not in settings
    assert "seeds" in plan and "learning_rate" not in plan and "gain" not in plan
    assert all("loop_" in part or "attempt_" in part for line in value_lines(results, ("loop",)) for part in line.split(","))


def test_each_column_of_a_list_stands_above_its_values(results: Results) -> None:
    names, *rows = value_lines(results, ("conditions",))
    columns = names.removeprefix("Of each condition: ").split("; ")
    for row in rows:
        head, _, values = row.rpartition("): ")
        known = dict(zip(columns, values.split("; "), strict=True))
        summary = results.conditions[head.split(" ")[0]].metrics["val_bpb"]
        assert known["val_bpb.mean"] == f"{summary.mean:.3f}"
        assert known["val_bpb.n"] == str(summary.n)


def test_the_examples_are_expressions_that_the_record_answers(results: Results) -> None:
    written = [example.split("{{")[1].split("|")[0] for example in how_to_write(results, ("conditions", "comparisons", "plan"))]
    assert len(written) == 5
    assert not list(how_to_write(results, ("data",)))
    assert set(written) <= set(leaves(results))


def test_a_verdict_on_two_runs_is_not_offered(results: Results) -> None:
    key, metrics = next(iter(results.comparisons.items()))
    metric, comparison = next(iter(metrics.items()))
    two = comparison.model_copy(update={"verdict": "two runs"})
    few = results.model_copy(update={"comparisons": {key: {metric: two}}})
    (line,) = value_lines(few, ("comparisons",))
    assert "cmp" not in line
    assert "diff" in line


def test_a_remark_with_values_by_key_passes(results: Results) -> None:
    assert remark_faults("The mean is {{constant.val_bpb.mean|f3}} bpb.", results, ()) == ()
    assert remark_faults("The mean is 2.1 bpb.", results, ())


def test_the_scores_on_the_test_split_are_told_with_the_loop_and_not_with_the_set_up(results: Results) -> None:
    sealed: dict[str, int | float | str] = {"sealed_looks": 2, "sealed_incumbent": 2.5, "sealed_tuned": 2.25, "sealed_gain": 0.25}
    looked = results.model_copy(update={"config": {**results.config, **sealed}})
    (loop,) = value_lines(looked, ("loop",))
    assert all(name in loop for name in sealed)
    assert not any("sealed_" in line for line in value_lines(looked, ("settings", "plan")))
