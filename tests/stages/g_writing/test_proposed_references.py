"""From a bound number to the expression that prints exactly it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Results
from stages.g_writing import paper_outline
from stages.g_writing.proposed_references import Printed, printed_by
from stages.g_writing.sentence_check.check import Bound
from stages.g_writing.values import leaves

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))
CONDITIONS = {"baseline": "cosine", "quxa": "constant", "quxb": "linear"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    world = small.context(tmp_path_factory.mktemp("world"))
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), world).results


def proposed(expression: str, before: str, number: str, after: str, results: Results, value: float = 0.0) -> Printed | None:
    bound = Bound(text=number, expression=expression, value=value, start=len(before))
    return printed_by(
        bound,
        before + number + after,
        len(before),
        len(before) + len(number),
        conditions=CONDITIONS,
        results=results,
        known=leaves(results),
    )


@pytest.mark.parametrize(
    ("expression", "before", "number", "after", "markdown"),
    [
        ("quxa.val_bpb.mean", "", "2.274", "", "{{constant.val_bpb.mean|f3}}"),
        ("quxa.val_bpb.mean", "", "2.3", "", "{{constant.val_bpb.mean|f1}}"),
        ("absdiff(quxa,baseline).val_bpb", "by ", "0.041", " bpb", "{{absdiff(constant,cosine).val_bpb|f3}}"),
        ("absdiff(baseline,quxa).val_bpb", "by ", "0.041", " bpb", "{{absdiff(constant,cosine).val_bpb|f3}}"),
        ("absdiff(quxa,baseline).val_bpb", "of ", "+0.041", " bpb", "{{diff(constant,cosine).val_bpb|signed3}}"),
        ("absrel(quxa,baseline).val_bpb", "by ", "1.8", " %", "{{absrel(constant,cosine).val_bpb|percent1}}"),
        ("absrel(quxa,baseline).val_bpb", "by ", "1.8", "%", "{{absrel(constant,cosine).val_bpb|f1}}"),
        ("ratio(quxa,baseline).val_bpb", "", "1.02", " times", "{{ratio(constant,cosine).val_bpb|f2}}"),
        ("n(all)", "over ", "five", " seeds", "{{cfg.seeds|words}}"),
        ("n(quxa)", "over ", "5", " seeds", "{{constant.val_bpb.n|int}}"),
        ("cfg.learning_rate", "rate ", "0.002", "", "{{cfg.learning_rate|text}}"),
        ("cfg.parameters.quxa", "", "1,000", "", "{{constant.parameters|int}}"),
    ],
)
def test_the_reference_prints_what_stands_there(
    expression: str, before: str, number: str, after: str, markdown: str, results: Results
) -> None:
    parameters = {**results.conditions, "constant": results.conditions["constant"].model_copy(update={"parameters": 1000})}
    found = proposed(expression, before, number, after, results.model_copy(update={"conditions": parameters}))
    assert found is not None
    assert found.reference.markdown == markdown


@pytest.mark.parametrize(
    ("expression", "before", "number", "after"),
    [
        ("quxa.val_bpb.mean", "", "2.28", ""),  # rounds to 2.27
        ("quxa.val_bpb.mean", "", "2", ""),
        ("absdiff(baseline,quxa).val_bpb", "of ", "-0.041", " bpb"),  # the other way round than it is recorded
        ("absdiff(quxa,baseline).val_bpb", "of ", "-0.041", " bpb"),
        ("absrel(baseline,quxa).val_bpb", "by ", "1.8", " %"),  # of the other mean
        ("ci_low(baseline,quxa).val_bpb", "from ", "-0.045", ""),
        ("ratio(baseline,quxa).val_bpb", "", "0.98", " times"),  # the other way round than it is recorded
        ("all.val_bpb.max", "up to ", "2.300", ""),
        ("absdiff(quxa,quxb).val_bpb", "by ", "0.041", ""),  # never compared
        ("count(metrics)", "", "one", ""),
        ("bound(2.3)", "below ", "2.3", ""),
    ],
)
def test_what_no_stored_value_prints_gets_no_reference(
    expression: str, before: str, number: str, after: str, results: Results
) -> None:
    assert proposed(expression, before, number, after, results) is None


def test_a_p_value_is_the_one_that_was_meant(results: Results) -> None:
    made = results.comparisons["linear_vs_cosine"]["val_bpb"].model_copy(update={"t_p": 0.0211, "holm_p": 0.0214})
    alike = results.model_copy(update={"comparisons": {"linear_vs_cosine": {"val_bpb": made}}})
    for field, value in (("t_p", 0.0211), ("holm_p", 0.0214)):
        found = proposed("test(quxb,baseline).val_bpb.t_p", "p = ", "0.021", "", alike, value)
        assert found is not None
        assert found.reference.markdown == f"{{{{test(linear,cosine).val_bpb.{field}|pequals}}}}"
        assert found.reference.typed == "= 0.021"
