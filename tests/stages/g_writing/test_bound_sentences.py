"""Typed numbers put by reference: only where rules and claims let the rewritten sentence stand."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.g_writing import paper_outline
from stages.g_writing.bound_sentences import bound_by_rule
from stages.g_writing.document import Document
from stages.g_writing.markdown import parse
from stages.g_writing.record import PaperRecord

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> PaperRecord:
    world = small.context(tmp_path_factory.mktemp("world"))
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), world)


def read(texts: tuple[str, ...]) -> Document:
    return parse(
        "# T\n\n## Abstract\n\nWords.\n\n" + "\n\n".join(f"## S {{#sec:results_{n}}}\n\n{t}" for n, t in enumerate(texts)) + "\n"
    )


def test_a_sentence_that_is_wrapped_is_found_and_only_it_is_changed(record: PaperRecord) -> None:
    texts = ("Linear decay is a schedule. Linear decay\nreaches 2.234 bpb.", "Linear decay reaches 2.274 bpb.")
    changed, done = bound_by_rule(texts, read, record)
    assert changed == ("Linear decay is a schedule. Linear decay reaches {{linear.val_bpb.mean|f3}} bpb.", texts[1])
    assert [(one.place, one.typed) for one in done] == [("sec:results_0", "Linear decay reaches 2.234 bpb.")]


@pytest.mark.parametrize(
    "texts",
    [
        ("Linear decay reaches 2.234 bpb.", "Linear decay reaches 2.234 bpb."),  # which of the two?
        ("Linear decay is worse than the baseline by 0.0006 bpb.",),  # no verdict says so
        ("A constant learning rate reaches 2.274 bpb, the state of the art.",),
        ("Linear decay reaches 2.234 bpb [@kingma2015adam].",),
    ],
)
def test_what_could_not_stand_is_left_as_it_was(texts: tuple[str, ...], record: PaperRecord) -> None:
    assert bound_by_rule(texts, read, record) == (texts, ())


def test_only_the_chosen_sentences_are_changed(record: PaperRecord) -> None:
    texts = ("Linear decay reaches 2.234 bpb.",)
    assert bound_by_rule(texts, read, record, among=lambda _: False) == (texts, ())
