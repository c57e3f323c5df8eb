"""The numbers are made up for the fixture and look like those of a tiny language model."""

import itertools
import json
import math
import random
import struct
from collections.abc import Mapping, Sequence

import pytest

from researchclaw.adapters.figures import MatplotlibIllustrator
from researchclaw.adapters.figures.forests import difference_forest
from researchclaw.adapters.figures.record import Record
from researchclaw.adapters.figures.scores import seed_dots
from researchclaw.adapters.figures.style import WIDTH_IN, house_style
from stages.contracts import ConditionResult, FigureSpec, Metric, PrismaCounts, Results
from stages.errors import ManuscriptRefused
from stages.f_analysis import statistics
from stages.f_analysis.results import comparison_key, dump_results
from stages.f_analysis.statistics import Sample

BPB = Metric(name="val_bpb", label="validation bits per byte", unit="bpb", lower_is_better=True)
PRISMA = PrismaCounts(identified=143, duplicates=21, screened=122, excluded=96, included=26)
KINDS = ("learning_curves", "difference_forest", "seed_dots", "ablation_forest", "cost_quality", "method_diagram", "prisma")

LABELS = {
    "constant": "constant learning rate",
    "cosine": "cosine decay to zero",
    "linear": "linear decay to zero",
    "inverse_sqrt": "inverse square-root decay",
    "trapezoid": "trapezoidal schedule with late decay",
    "cosine_no_warmup": "cosine decay without warm-up",
}
EFFECTS = {"constant": 0.0, "cosine": -0.031, "linear": -0.027, "inverse_sqrt": 0.004, "trapezoid": -0.036, "cosine_no_warmup": -0.019}


def made_up(names: Sequence[str], seeds: int, steps: Mapping[str, int] | None = None) -> Results:
    """Conditions with shared seed noise, so that pairing helps as it does in real runs."""
    noise = random.Random(7)
    shared = {seed: noise.gauss(0, 0.012) for seed in range(1, seeds + 1)}
    conditions, samples = {}, {}
    for name in names:
        own = {seed: noise.gauss(0, 0.006) for seed in shared}
        values = {seed: 2.27 + EFFECTS[name] + shared[seed] + own[seed] for seed in shared}
        last = (steps or {}).get(name, 700)
        curves = {
            seed: {
                round(last * share / 10): value + 5.7 * math.exp(-9 * share / 10) + 0.35 * (1 - share / 10) + noise.gauss(0, 0.004)
                for share in range(11)
            }
            for seed, value in values.items()
        }
        samples[name] = Sample(name, values)
        conditions[name] = ConditionResult(
            label=LABELS[name],
            role="baseline" if name == "constant" else "ablation" if name == "cosine_no_warmup" else "treatment",
            metrics={"val_bpb": statistics.summarise(values)},
            steps=last,
            parameters=132_000,
            tokens=last * 2048,
            cost_ratio=round(700 / last + 0.01 * len(name) / 10, 3),
            curve=statistics.learning_curve(curves),
            failed=0,
        )
    pairs = [(name, "constant") for name in names if name not in {"constant", "cosine_no_warmup"}]
    pairs += [("cosine_no_warmup", "cosine")] if "cosine_no_warmup" in names else []
    family = [statistics.paired_difference(samples[a], samples[b], BPB, 0.05) for a, b in pairs]
    return Results(
        metric=BPB,
        conditions=conditions,
        comparisons={comparison_key(c.a, c.b): {"val_bpb": c} for c in statistics.with_holm(family, BPB, 0.05)},
        interaction=None,
        references={"gzip": 1.995},
        data={"train_mb": 9.37, "val_mb": 0.57},
        config={"budget_s": 20, "seeds": seeds},
        literature=PRISMA.model_dump(),
        environment={},
        cost={},
    )


def spec(kind: str, **more: tuple[str, ...]) -> FigureSpec:
    return FigureSpec.model_validate({"id": "fig", "kind": kind, "caption": "c", "alt": "a", **more})


@pytest.fixture(scope="module")
def results() -> Results:
    return made_up(tuple(LABELS), seeds=3)


def at(tree: object, pointer: str) -> object:
    for part in pointer[1:].split("/"):
        assert isinstance(tree, dict)
        tree = tree[part]
    return tree


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_record_gives_the_same_bytes_and_every_number_drawn_is_in_it(kind: str, results: Results):
    drawing = MatplotlibIllustrator().draw(spec(kind), results, PRISMA)
    again = MatplotlibIllustrator().draw(spec(kind), Results.model_validate_json(dump_results(results)), PRISMA)
    assert drawing == again
    assert drawing.pdf.startswith(b"%PDF-")
    assert drawing.png.startswith(b"\x89PNG")
    assert b"/Type3" not in drawing.pdf
    assert b"/CreationDate" not in drawing.pdf
    numbers = json.loads(drawing.data_json)["numbers"]
    stored = json.loads(dump_results(results))
    assert numbers
    for number in numbers:
        found = at(stored, number["pointer"])
        assert isinstance(found, dict) if "derived" in number else found == number["value"]


def test_a_figure_of_something_without_scores_is_refused(results: Results):
    draw = MatplotlibIllustrator().draw
    with pytest.raises(ManuscriptRefused, match="has no scores"):
        draw(spec("seed_dots", conditions=("constant", "warmup_only")), results, PRISMA)
    with pytest.raises(ManuscriptRefused, match="was not compared"):
        draw(spec("difference_forest", comparisons=("linear_vs_cosine",)), results, PRISMA)
    with pytest.raises(ManuscriptRefused, match="nothing to show"):
        draw(spec("ablation_forest"), made_up(("constant", "cosine"), seeds=3), PRISMA)
    with pytest.raises(ManuscriptRefused, match="nothing to show"):
        draw(spec("seed_dots", conditions=("constant",)), results, PRISMA)
    with pytest.raises(ManuscriptRefused, match="counts of the literature"):
        draw(spec("prisma"), results, PRISMA.model_copy(update={"included": 27}))


@pytest.mark.parametrize("width_in", [3.25, 5.5])
def test_the_flow_of_records_draws_what_a_rule_left_out_and_adds_up(results: Results, width_in: float):
    counts = PrismaCounts(identified=143, duplicates=21, removed_by_rule=30, screened=92, excluded=66, included=26)
    drawing = MatplotlibIllustrator().draw(
        spec("prisma"), results.model_copy(update={"literature": counts.model_dump()}), counts, width_in
    )
    drawn = {number["pointer"]: number["value"] for number in json.loads(drawing.data_json)["numbers"]}
    assert drawn == {f"/literature/{name}": value for name, value in counts.model_dump().items()}
    before = MatplotlibIllustrator().draw(spec("prisma"), results, PRISMA, width_in)
    assert struct.unpack(">I", drawing.png[20:24]) > struct.unpack(">I", before.png[20:24])
    for wrong in ({"screened": 122}, {"removed_by_rule": 0}, {"excluded": 96}):
        off = counts.model_copy(update=wrong)
        with pytest.raises(ManuscriptRefused, match="do not add up"):
            MatplotlibIllustrator().draw(spec("prisma"), results.model_copy(update={"literature": off.model_dump()}), off)


def test_one_seed_draws_no_interval():
    drawing = MatplotlibIllustrator().draw(spec("difference_forest"), made_up(("constant", "cosine"), seeds=1), PRISMA)
    assert not any("ci95" in number["pointer"] for number in json.loads(drawing.data_json)["numbers"])


@pytest.mark.parametrize("label", [r"$\frac{$ a_b^c % & # {x}", "$5 against $6", r"\input{/etc/passwd} $$"])
def test_a_label_sets_no_mathematics(label: str, results: Results):
    name = "cosine"
    strange = results.model_copy(
        update={"conditions": {**results.conditions, name: results.conditions[name].model_copy(update={"label": label})}}
    )
    for kind in ("difference_forest", "cost_quality"):
        drawn = MatplotlibIllustrator().draw(spec(kind), strange, PRISMA)
        assert drawn.pdf.startswith(b"%PDF")


def test_neighbouring_rows_have_room_for_their_labels_however_many_lines_each_has(results: Results):
    long = "a schedule that keeps its peak for most of the run and then comes down along a straight line to nothing at all"
    conditions = dict(results.conditions)
    conditions["linear"] = conditions["linear"].model_copy(update={"label": long})
    changed = results.model_copy(update={"conditions": conditions})
    for draw, width_in in itertools.product((seed_dots, difference_forest), (WIDTH_IN, 3.25)):
        with house_style():
            figure = draw(Record(spec("seed_dots"), changed, width_in))
            figure.draw_without_rendering()
            labels = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
        assert not any(one.overlaps(other) for one, other in itertools.pairwise(labels))


def test_a_row_calls_the_one_joint_condition_in_short(results: Results):
    conditions = dict(results.conditions)
    conditions["cosine"] = conditions["cosine"].model_copy(update={"role": "combination", "label": "one and other together"})
    conditions["cosine_no_warmup"] = conditions["cosine_no_warmup"].model_copy(
        update={"label": "one and other together without warm-up"}
    )
    record = Record(spec("seed_dots"), results.model_copy(update={"conditions": conditions}))
    assert record.short_label("cosine") == "both together"
    assert record.short_label("cosine_no_warmup") == "both together without warm-up"
    assert record.short_label("linear") == LABELS["linear"]
