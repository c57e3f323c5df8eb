"""What a reviewer reads, and how a quotation of it finds its place in the manuscript."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Results, Review, Weakness
from stages.g_writing import paper_outline
from stages.g_writing.as_printed import AsPrinted, as_printed
from stages.g_writing.peer_review import with_checked_quotes

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))

MANUSCRIPT = """## Results {#sec:results}

Linear decay ends at {{linear.val_bpb.mean|f3}} bpb, which {{cmp(linear,cosine).val_bpb}}
cosine decay. It was trained from {{cfg.seeds|words}} seeds.

The record does not know {{linear.val_bpb.fame|f3}}, and cannot print {{linear.val_bpb.mean|pequals}}.
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), small.context(tmp_path)).results


@pytest.fixture
def printed(results: Results) -> AsPrinted:
    return as_printed(MANUSCRIPT, results)


def test_values_are_read_as_they_will_be_printed(printed: AsPrinted) -> None:
    assert (
        "Linear decay ends at 2.234 bpb, which does not differ clearly from\ncosine decay. It was trained from five seeds."
        in printed.text
    )
    assert printed.text.startswith("## Results {#sec:results}")


def test_what_the_record_does_not_hold_stays_by_key(printed: AsPrinted) -> None:
    assert "{{linear.val_bpb.fame|f3}}, and cannot print {{linear.val_bpb.mean|pequals}}." in printed.text


@pytest.mark.parametrize(
    ("quote", "own"),
    [
        (
            "ends at 2.234 bpb, which does not differ clearly from cosine decay.",
            "ends at {{linear.val_bpb.mean|f3}} bpb, which {{cmp(linear,cosine).val_bpb}}\ncosine decay.",
        ),
        ("It was trained from five seeds.", "It was trained from {{cfg.seeds|words}} seeds."),
        ("clearly from cosine", "{{cmp(linear,cosine).val_bpb}}\ncosine"),
        ("bpb, which does", "bpb, which {{cmp(linear,cosine).val_bpb}}"),
        ("The record does not know", "The record does not know"),
        ("ends at 2.235 bpb", None),
        ("   ", None),
    ],
)
def test_a_quotation_is_found_in_the_manuscripts_own_words(printed: AsPrinted, quote: str, own: str | None) -> None:
    assert printed.own_words(quote) == own


def test_a_weakness_that_quotes_printed_values_is_kept_with_the_keys(printed: AsPrinted) -> None:
    quotes = ("It was trained from five seeds.", "It was trained from six seeds.", "from {{cfg.seeds|words}} seeds.")
    weaknesses = tuple(Weakness(id="w", reviewer="x", quote=quote, text="t", severity="minor") for quote in quotes)
    review = Review(reviewer="x", summary="s", strengths=(), weaknesses=weaknesses)
    checked = with_checked_quotes(review, "method", MANUSCRIPT, frozenset(), printed)
    assert [weakness.quote for weakness in checked.weaknesses] == ["It was trained from {{cfg.seeds|words}} seeds.", quotes[2]]
    assert checked.summary.endswith("Dropped because their quotation is not in the manuscript: 1.")
