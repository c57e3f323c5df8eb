"""Sentences with typed numbers before a small study's record: three schedules, five seeds."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.g_writing import paper_outline
from stages.g_writing.against_record import desk, faults
from stages.g_writing.claims import Sentence, sentences
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord
from stages.g_writing.typed_sentences import Typed
from stages.g_writing.values import format_value, leaves

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> PaperRecord:
    world = small.context(tmp_path_factory.mktemp("world"))
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), world)


@pytest.fixture(scope="module")
def numbers(record: PaperRecord) -> dict[str, str]:
    """Short name -> as the record prints it; c: constant, b: the baseline, l: linear, d: the first against the second."""
    known = leaves(record.results)

    def shown(key: str, name: str = "f3") -> str:
        return format_value(known[key], name, key=key)[0]

    pair = "(constant,cosine).val_bpb"
    return {
        "c": shown("constant.val_bpb.mean"),
        "b": shown("cosine.val_bpb.mean"),
        "l": shown("linear.val_bpb.mean"),
        "sc": shown("constant.val_bpb.std", "f4"),
        "sb": shown("cosine.val_bpb.std", "f4"),
        "max": shown("constant.val_bpb.max"),
        "d": shown(f"absdiff{pair}"),
        "signed": shown(f"diff{pair}", "signed3"),
        "low": shown(f"ci_low{pair}"),
        "high": shown(f"ci_high{pair}"),
        "r": shown(f"absrel{pair}", "f1"),
        "p": shown(f"test{pair}.holm_p", "pequals"),
        "dl": shown("absdiff(linear,cosine).val_bpb", "f4"),
    }


def said(text: str, place: str = "results") -> Sentence:
    (sentence,) = sentences(parse(f"# T\n\n## S {{#sec:{place}}}\n\n{text}\n"))
    return sentence


def judged(text: str, record: PaperRecord, place: str = "results") -> Typed | None:
    return desk(record).judged(said(text, place))


TRUE = {
    "A constant learning rate ends at {c} bpb, the baseline at {b} bpb.": (
        "A constant learning rate ends at {{constant.val_bpb.mean|f3}} bpb, the baseline at {{cosine.val_bpb.mean|f3}} bpb."
    ),
    "A constant learning rate reaches {c} ± {sc} bpb over five seeds.": (
        "A constant learning rate reaches {{constant.val_bpb.mean|f3}} ± {{constant.val_bpb.std|f4}} bpb "
        "over {{constant.val_bpb.n|words}} seeds."
    ),
    "A constant learning rate is worse than the baseline by {d} bpb (95 % confidence interval {low} to {high}, p {p}).": (
        "A constant learning rate is worse than the baseline by {{absdiff(constant,cosine).val_bpb|f3}} bpb (95 % confidence "
        "interval {{ci_low(constant,cosine).val_bpb|f3}} to {{ci_high(constant,cosine).val_bpb|f3}}, "
        "p {{test(constant,cosine).val_bpb.holm_p|pequals}})."
    ),
    "The paired difference between a constant learning rate and the baseline is {signed} bpb.": (
        "The paired difference between a constant learning rate and the baseline is {{diff(constant,cosine).val_bpb|signed3}} bpb."
    ),
    "Against the baseline, a constant learning rate raises the validation bits per byte by {r} %.": (
        "Against the baseline, a constant learning rate raises the validation bits per byte by "
        "{{absrel(constant,cosine).val_bpb|percent1}}."
    ),
    "Against the baseline, a constant learning rate raises the validation bits per byte by *{r}* per cent.": (
        "Against the baseline, a constant learning rate raises the validation bits per byte by "
        "*{{absrel(constant,cosine).val_bpb|f1}}* per cent."
    ),
    "Every condition was run with five seeds.": "Every condition was run with {{cfg.seeds|words}} seeds.",
    "Every run has a budget of 20 seconds.": "Every run has a budget of {{cfg.budget_s|text}} seconds.",
    "In all runs the width is 96 and the learning rate is 0.002.": (
        "In all runs the width is {{cfg.width|text}} and the learning rate is {{cfg.learning_rate|text}}."
    ),
}


@pytest.mark.parametrize("text", TRUE)
def test_a_true_sentence_is_rewritten_by_the_references_that_print_it(text: str, record: PaperRecord, numbers: dict[str, str]) -> None:
    found = judged(text.format(**numbers), record)
    assert found is not None
    assert found.rewritten == TRUE[text]


FALSE = """A constant learning rate ends at {b} bpb, the baseline at {c} bpb.
Linear decay ends at {c} bpb.
A constant learning rate reaches {c} bpb over six seeds.
A constant learning rate reaches {c} ± {sb} bpb.
A constant learning rate gains {d} bpb against the baseline.
A constant learning rate is {d} bpb better than the baseline.
Linear decay is {d} bpb worse than the baseline.
The baseline is {d} bpb worse than a constant learning rate.
A constant learning rate lowers the validation bits per byte by {r} % against the baseline.
A constant learning rate raises the validation bits per byte by {d} % against the baseline.
The difference between a constant learning rate and the baseline is {low} bpb with a 95 % interval from {d} to {high}.
The difference between a constant learning rate and the baseline is {d} bpb with a 90 % interval from {low} to {high}.
The difference between a constant learning rate and the baseline is {b} bpb.
The gap of a constant learning rate to the baseline is {b} bpb.
The best seed of a constant learning rate reaches {max} bpb.
The median of a constant learning rate is {max} bpb.
A constant learning rate reaches {c} nats.
A constant learning rate needs {c} gigabytes.
A constant learning rate reaches {c} bpb on the test set.
A constant learning rate reaches {c} bpb after 96 steps.
A constant learning rate with warm restarts reaches {c} bpb.
A warm restart reaches {b} bpb, unlike the baseline.
On the larger corpus, the baseline reaches {b} bpb.
Without weight decay the baseline reaches {b} bpb.
The baseline would reach {b} bpb.
A typical transformer reaches {b} bpb like the baseline.
In 2002 the baseline reached {b} bpb.
We expected {d} bpb between a constant learning rate and the baseline.
All five seeds favour a constant learning rate over the baseline.
Earlier studies used five seeds.
We asked five annotators.
The model has 96 layers.
We trained for 96 epochs.
The learning rate is 0.02 in all runs.
The weight decay is 0.002 in all runs.
Every run has a budget of 20 bytes.
Every run has a batch size of 16 seconds.
In all runs the width is 96 layers.
In all runs the depth is 2 heads.
Every run has a budget of 20%.
A constant learning rate helps, with {c} bpb.
A constant learning rate ends at {c} bpb, so a constant learning rate helps clearly.
A constant learning rate led, with {c} bpb.
Linear decay reaches {l} bpb and a constant learning rate stays below.
A constant learning rate reaches {c} bpb, where the baseline lies above.
Linear decay reaches {l} bpb, and so does the baseline.
A constant learning rate is worse than the baseline by {d} bpb and helps.
A constant learning rate is worse than the baseline by {d} bpb with more parameters.
All 3 conditions differ clearly.
The 15 runs all end at the same mean.
Linear decay stays below {l} bpb on every seed.
Linear decay reaches at least {l} bpb on every seed.
Linear decay ends at {l} bpb in every run.
Linear decay ends at {l} bpb on a single seed.
A constant learning rate is worse than the baseline by at least {d} bpb on every seed.
Averaged over all conditions, linear decay reaches {l} bpb.
A constant learning rate with linear decay reaches {l} bpb.
We hold the learning rate at 0.002 in all runs.
Every run fixed the learning rate at 0.002.
All models use a learning rate of 0.002 until the end.
All models have a width of 96 or more.
Popular models use a width of 96.""".split("\n")


@pytest.mark.parametrize("text", FALSE)
def test_a_sentence_that_is_false_or_about_something_else_is_never_rewritten(
    text: str, record: PaperRecord, numbers: dict[str, str]
) -> None:
    found = judged(text.format(**numbers), record)
    assert found is None or found.rewritten is None


def test_every_changed_digit_keeps_a_sentence_from_being_rewritten(record: PaperRecord, numbers: dict[str, str]) -> None:
    text = "A constant learning rate ends at {c} bpb, the baseline at {b} bpb, a difference of {d} bpb.".format(**numbers)
    assert judged(text, record).rewritten is not None
    places = [place for place, sign in enumerate(text) if sign.isdigit()]
    for place in places:
        other = str((int(text[place]) + 1) % 10)
        found = judged(f"{text[:place]}{other}{text[place + 1 :]}", record)
        assert found is None or found.rewritten is None, place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("The baseline of others reaches {b} bpb [@kingma2015adam].", "results"),
        ("The baseline reaches {b} bpb.", "related_work"),
        ("The baseline reaches $2.234$ bpb.", "results"),
    ],
)
def test_of_citations_related_work_and_formulas_the_record_says_nothing(
    text: str, place: str, record: PaperRecord, numbers: dict[str, str]
) -> None:
    assert judged(text.format(**numbers), record, place) is None


def test_what_is_not_quite_certain_is_proposed_and_left_to_the_writer(record: PaperRecord, numbers: dict[str, str]) -> None:
    found = judged("The baseline with cosine restarts reaches {b} bpb.".format(**numbers), record)
    assert found is not None and found.rewritten is None
    assert found.advice == f"write {{{{cosine.val_bpb.mean|f3}}}} for '{numbers['b']}'"


def test_a_number_in_other_words_than_the_record_s_gets_no_reference(record: PaperRecord, numbers: dict[str, str]) -> None:
    found = judged("The baseline needs {ratio:.2f} times the bits per byte of a constant learning rate.".format(
        ratio=float(numbers["b"]) / float(numbers["c"])
    ), record)  # fmt: skip
    assert found is not None
    assert not found.references
    assert found.advice == "no stored value prints '0.98'"  # recorded is the ratio the other way round


def test_a_fact_beside_the_results_is_proposed_where_its_words_stand_there(record: PaperRecord) -> None:
    size = f"{record.results.data['train_bytes']:,}"
    found = judged(f"Training draws on {size} bytes.", record, "setup")
    assert found is not None and found.rewritten is None
    assert [one.markdown for one in found.references] == ["{{data.train_bytes|int}}"]
    other = judged(f"Linear decay draws on {size} watts.", record, "setup")
    assert other is None or not other.references


def test_the_lint_says_what_to_write_or_why_a_sentence_cannot_stand(record: PaperRecord, numbers: dict[str, str]) -> None:
    text = "A constant learning rate reaches {c} bpb. Linear decay reaches {c} bpb.".format(**numbers)
    document = parse(f"# T\n\n## Abstract\n\nWords.\n\n## Results {{#sec:results}}\n\n{text}\n")
    first, second = (finding.text for finding in faults(document, (), record) if finding.rule == "numeral")
    assert first.endswith(f"give the value by its key: write {{{{constant.val_bpb.mean|f3}}}} for '{numbers['c']}'")
    assert f"no reference is proposed: '{numbers['c']}'" in second
