"""Values by key: each printed text is the format of a stored leaf, and nothing else can be printed."""

from __future__ import annotations

import re
import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from stages.contracts import ConditionResult, Metric, PairedComparison, Results, SeedSummary
from stages.errors import ManuscriptRefused
from stages.g_writing.document import Text, inlines
from stages.g_writing.markdown import parse
from stages.g_writing.values import Leaf, PrintedValue, at_pointer, format_value, holds, leaves, normal, render_values


def _summary(values: list[float]) -> SeedSummary:
    return SeedSummary(
        seeds={str(seed): value for seed, value in enumerate(values, 1)},
        n=len(values),
        mean=statistics.mean(values),
        std=statistics.stdev(values),
        min=min(values),
        max=max(values),
        median=statistics.median(values),
    )


def _condition(label: str, role: str, values: list[float]) -> ConditionResult:
    return ConditionResult.model_validate(
        {
            "label": label,
            "role": role,
            "metrics": {"val_bpb": _summary(values)},
            "steps": 1234,
            "parameters": 123456,
            "tokens": 9876543,
            "cost_ratio": 1.0312,
            "curve": {},
            "failed": 0,
        }
    )


@pytest.fixture
def results() -> Results:
    cosine, constant = [2.411, 2.398, 2.405], [2.431, 2.420, 2.419]
    differences = [a - b for a, b in zip(cosine, constant, strict=True)]
    mean = statistics.mean(differences)
    comparison = PairedComparison(
        a="cosine",
        b="constant",
        n=3,
        differences={str(seed): value for seed, value in enumerate(differences, 1)},
        mean_diff=mean,
        abs_mean_diff=abs(mean),
        rel_diff_percent=100 * mean / statistics.mean(constant),
        abs_rel_diff_percent=abs(100 * mean / statistics.mean(constant)),
        mean_ratio=statistics.mean(cosine) / statistics.mean(constant),
        sd_diff=statistics.stdev(differences),
        ci95_low=mean - 0.01,
        ci95_high=mean + 0.01,
        t_p=0.00012,
        holm_p=0.0234,
        wilcoxon_p=None,
        dz=1.5,
        hedges_dz=1.2,
        wins=3,
        mde=0.02,
        verdict="better",
    )
    return Results(
        metric=Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True),
        conditions={
            "cosine": _condition("cosine decay", "treatment", cosine),
            "constant": _condition("constant rate", "baseline", constant),
        },
        comparisons={"cosine_vs_constant": {"val_bpb": comparison}},
        interaction=None,
        references={"gzip": 2.9},
        data={"train_bytes": 7_000_000, "name": "standard library"},
        config={"learning_rate": 0.002, "SMALL": 1e-5, "seeds": 3},
        literature={"included": 25},
        environment={"cores": 2},
        cost={"hours": 0.21},
    )


def printed(results: Results, text: str) -> tuple[str, PrintedValue]:
    document, provenance = render_values(parse(f"# T\n\n## Abstract\n\n{text}\n"), results)
    words = "".join(inline.text for _, inline in inlines(document) if isinstance(inline, Text))
    return words, provenance[0]


@pytest.mark.parametrize(
    ("expression", "text", "path"),
    [
        ("cosine.val_bpb.mean", "2.405", "/conditions/cosine/metrics/val_bpb/mean"),
        ("cosine.val_bpb.mean|f5", "2.40467", "/conditions/cosine/metrics/val_bpb/mean"),
        ("cosine.val_bpb.n|words", "three", "/conditions/cosine/metrics/val_bpb/n"),
        ("cosine.val_bpb.seed.2", "2.398", "/conditions/cosine/metrics/val_bpb/seeds/2"),
        ("cosine.tokens", "9,876,543", "/conditions/cosine/tokens"),
        ("cosine.cost_ratio", "1.03", "/conditions/cosine/cost_ratio"),
        ("diff(cosine, constant).val_bpb", "-0.019", "/comparisons/cosine_vs_constant/val_bpb/mean_diff"),
        ("absdiff(cosine,constant).val_bpb", "0.019", "/comparisons/cosine_vs_constant/val_bpb/abs_mean_diff"),
        ("absrel(cosine,constant).val_bpb", "0.8 %", "/comparisons/cosine_vs_constant/val_bpb/abs_rel_diff_percent"),
        ("ratio(cosine,constant).val_bpb|f3", "0.992", "/comparisons/cosine_vs_constant/val_bpb/mean_ratio"),
        ("n(cosine.val_bpb)|words", "three", "/conditions/cosine/metrics/val_bpb/n"),
        ("n()|words", "three", "/config/seeds"),
        ("test(cosine, constant).val_bpb.p|pequals", "= 0.023", "/comparisons/cosine_vs_constant/val_bpb/holm_p"),
        ("ci_high(cosine,constant).val_bpb", "-0.009", "/comparisons/cosine_vs_constant/val_bpb/ci95_high"),
        ("test(cosine,constant).val_bpb.t_p", "< 0.001", "/comparisons/cosine_vs_constant/val_bpb/t_p"),
        ("test(cosine,constant).val_bpb.holm_p|pequals", "= 0.023", "/comparisons/cosine_vs_constant/val_bpb/holm_p"),
        ("dz(cosine,constant).val_bpb", "1.20", "/comparisons/cosine_vs_constant/val_bpb/hedges_dz"),
        ("seed_diff(cosine,constant).val_bpb.1", "-0.020", "/comparisons/cosine_vs_constant/val_bpb/differences/1"),
        ("cmp(cosine,constant).val_bpb", "is better than", "/comparisons/cosine_vs_constant/val_bpb/verdict"),
        ("cfg.SMALL", "0.00001", "/config/SMALL"),
        ("data.name", "standard library", "/data/name"),
        ("ref.gzip", "2.900", "/references/gzip"),
        ("lit.included", "25", "/literature/included"),
    ],
)
def test_a_value_is_the_rounded_leaf_at_its_pointer(results: Results, expression: str, text: str, path: str) -> None:
    words, value = printed(results, f"{{{{{expression}}}}}")
    assert words == text
    assert (value.text, value.path) == (text, path)
    record = results.model_dump(mode="json")
    assert at_pointer(record, path) == value.value
    assert holds(value, record)


def test_every_leaf_stands_in_the_dumped_record(results: Results) -> None:
    record = results.model_dump(mode="json")
    for leaf in leaves(results).values():
        assert at_pointer(record, leaf.path) == leaf.value


def test_a_bound_is_marked_as_one(results: Results) -> None:
    assert printed(results, "{{test(cosine,constant).val_bpb.t_p}}")[1].bound
    assert not printed(results, "{{test(cosine,constant).val_bpb.holm_p}}")[1].bound


def test_an_altered_text_or_record_does_not_hold(results: Results) -> None:
    record = results.model_dump(mode="json")
    _, value = printed(results, "{{cosine.val_bpb.mean}}")
    assert not holds(value.model_copy(update={"text": "2.406"}), record)
    record["conditions"]["cosine"]["metrics"]["val_bpb"]["mean"] = 2.5
    assert not holds(value, record)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("cosin.val_bpb.mean", "nearest: cosine.val_bpb.mean"),
        ("diff(constant,cosine).val_bpb", "nearest: "),
        ("test(cosine,constant).val_bpb.wilcoxon_p", "holds no value"),
        ("cosine.val_bpb.mean|percent1", "take the formats"),
        ("cosine.steps|f3", "take the formats"),
        ("data.name|f2", "take the formats"),
        ("cosine.steps|words", "from zero to twenty"),
    ],
)
def test_what_is_not_recorded_is_not_printed(results: Results, expression: str, says: str) -> None:
    with pytest.raises(ManuscriptRefused, match=says.replace("(", r"\(")):
        printed(results, f"{{{{{expression}}}}}")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("cosine.accuracy.mean|pct1", "91.6 %"),
        ("cosine.accuracy.seed.1|pct2", "91.62 %"),
        ("diff(cosine,constant).accuracy|pp", "+0.7 percentage points"),
        ("ci_low(cosine,constant).accuracy|pp2", "-0.27 percentage points"),
    ],
)
def test_a_share_of_cases_is_printed_in_per_cent_and_its_difference_in_points(results: Results, expression: str, text: str) -> None:
    spelled = results.model_dump_json().replace("val_bpb", "accuracy").replace('"unit":"bpb"', '"unit":"accuracy"')
    shares = Results.model_validate_json(spelled)
    cosine, constant = [0.9162, 0.9158], [0.9091, 0.9097]
    comparison = shares.comparisons["cosine_vs_constant"]["accuracy"].model_copy(update={"mean_diff": 0.0066, "ci95_low": -0.0027})
    shares = shares.model_copy(
        update={
            "conditions": {
                name: condition.model_copy(update={"metrics": {"accuracy": _summary(values)}})
                for (name, condition), values in zip(shares.conditions.items(), (cosine, constant), strict=True)
            },
            "comparisons": {"cosine_vs_constant": {"accuracy": comparison}},
        }
    )
    words, value = printed(shares, f"{{{{{expression}}}}}")
    assert words == text
    assert holds(value, shares.model_dump(mode="json"))


@pytest.mark.parametrize("expression", ["cosine.val_bpb.mean|pct1", "diff(cosine,constant).val_bpb|pp"])
def test_what_is_no_share_is_not_printed_in_per_cent(results: Results, expression: str) -> None:
    with pytest.raises(ManuscriptRefused, match="take the formats"):
        printed(results, f"{{{{{expression}}}}}")


def test_a_single_run_allows_no_comparing_words(results: Results) -> None:
    comparison = results.comparisons["cosine_vs_constant"]["val_bpb"].model_copy(update={"verdict": "single run"})
    single = results.model_copy(update={"comparisons": {"cosine_vs_constant": {"val_bpb": comparison}}})
    with pytest.raises(ManuscriptRefused, match="no comparison in words"):
        printed(single, "{{cmp(cosine,constant).val_bpb}}")


def test_the_place_names_the_cell(results: Results) -> None:
    text = "# T\n\n## Abstract\n\nA.\n\n## R {#sec:r}\n\n| a | b |\n|---|--:|\n| x | {{cosine.steps}} |\n\n: Caption. {#tbl:main}\n"
    _, provenance = render_values(parse(text), results)
    assert [value.place for value in provenance] == ["tbl:main[1,2]"]


@pytest.mark.parametrize(("value", "text"), [(2.24795, "2.2480"), (2.24785, "2.2478"), (-0.00004, "-0.0000")])
def test_a_value_is_rounded_as_the_record_spells_it(value: float, text: str) -> None:
    assert format_value(Leaf(path="/x", value=value, kind="measure"), "f4", key="x")[0] == text


def test_every_expression_of_the_handbook_can_be_printed_in_its_format(results: Results) -> None:
    """docs/manuscript.md, whose study has other conditions and values."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "manuscript.md").read_text("utf-8")
    known = leaves(results.model_copy(update={"config": {"seeds": 3}}))
    rows = re.findall(r"^\| `\{\{(.+?)\}\}` \|", page, re.MULTILINE)
    assert len(rows) == 17
    for row in rows:
        expression, _, name = row.replace("\\|", "|").replace("rope", "cosine").replace("baseline", "constant").partition("|")
        of_fraction = name.startswith(("pct", "pp"))
        text, _, _ = format_value(replace(known[normal(expression)], fraction=of_fraction), name or None, key=expression)
        assert text
    beside = re.findall(r"`(std|min|max|median|absdiff|absrel|ci_high|pairs|dz|mde|t_p|parameters|tokens|failed)`", page)
    keys = " ".join(known)
    assert len(set(beside)) == 14
    assert all(re.search(rf"\b{word}\b", keys) for word in beside)
