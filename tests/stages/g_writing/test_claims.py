"""A comparing sentence says what the record says, or is called contradicted or untested."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Analysis, Results
from stages.g_writing.claims import Claim, claims_table, sentences
from stages.g_writing.markdown import parse

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))
CALLED = {"cosine": ("cosine decay",)}
WORSE = "{{cmp(constant,cosine).val_bpb}}"
OPEN = "{{cmp(linear,cosine).val_bpb}}"


@pytest.fixture(scope="module")
def results() -> Results:
    return small.record()[Analysis].results


def claims(text: str, results: Results, section: str = "results") -> tuple[Claim, ...]:
    return claims_table(parse(f"# T\n\n## Abstract\n\nWords.\n\n## R {{#sec:{section}}}\n\n{text}\n"), results, CALLED)


SUPPORTED = [
    f"A constant learning rate {WORSE} the baseline.",
    f"Training with a constant learning rate {WORSE} training with cosine decay by {{{{absdiff(constant,cosine).val_bpb|f3}}}} bpb.",
    "A constant learning rate is worse than the baseline by {{absdiff(constant,cosine).val_bpb|f3}} bpb.",
    "The baseline is better than a constant learning rate, by {{absdiff(constant,cosine).val_bpb|f3}} bpb.",
    "Cosine decay beats a constant learning rate.",
    "Linear decay is not better than the baseline ({{diff(linear,cosine).val_bpb|signed3}} bpb).",
    f"A constant learning rate {WORSE} the baseline, while linear decay {OPEN} it.",
    "We expected a constant learning rate to do better than cosine decay ({{diff(constant,cosine).val_bpb|signed3}}).",
    "Linear decay was better on {{wins(linear,cosine).val_bpb|int}} of {{pairs(linear,cosine).val_bpb|int}} seeds.",
]
CONTRADICTED = [
    "A constant learning rate is better than the baseline by {{absdiff(constant,cosine).val_bpb|f3}} bpb.",
    "A constant learning rate outperforms cosine decay.",
    f"Cosine decay {WORSE} a constant learning rate.",
    "Linear decay improves on the baseline ({{diff(linear,cosine).val_bpb|signed3}} bpb).",
    "Linear decay differs significantly from the baseline ({{diff(linear,cosine).val_bpb|signed3}} bpb).",
    "Linear decay and the baseline are equivalent ({{diff(linear,cosine).val_bpb|signed3}} bpb).",
]


@pytest.mark.parametrize("text", SUPPORTED)
def test_a_sentence_that_follows_the_record_is_supported(text: str, results: Results) -> None:
    assert [claim.verdict for claim in claims(text, results)] == ["supported"]


@pytest.mark.parametrize("text", CONTRADICTED)
def test_a_sentence_against_the_record_is_contradicted(text: str, results: Results) -> None:
    assert [claim.verdict for claim in claims(text, results)] == ["contradicted"]


@pytest.mark.parametrize(
    "text", ["Linear decay {{cmp(linear,constant).val_bpb}} a constant learning rate.", "Linear decay beats a constant learning rate."]
)
def test_a_comparison_that_was_not_made_is_untested(text: str, results: Results) -> None:
    assert [claim.verdict for claim in claims(text, results)] == ["untested"]


def test_other_peoples_work_and_background_are_no_claims(results: Results) -> None:
    text = "Cosine decay beats a constant learning rate in long training [@loshchilov2017sgdr]."
    assert claims(text, results) == ()
    assert claims("Cosine decay beats a constant learning rate.", results, section="related_work") == ()


def test_a_table_row_with_the_value_of_another_condition_is_contradicted(results: Results) -> None:
    table = "| Condition | Mean |\n|---|--:|\n| Linear decay | {{constant.val_bpb.mean|f3}} |\n\n: Means of the study. {#tbl:main}"
    (claim,) = claims(table, results)
    assert claim.verdict == "contradicted"
    assert claim.place == "tbl:main[1,2]"


def test_a_sentence_stands_verbatim_in_the_markdown(results: Results) -> None:
    document = parse(small.MARKDOWN)
    found = sentences(document)
    assert [sentence.markdown for sentence in found if sentence.place == "sec:limitations"] == [
        "The peak rate of {{cfg.learning_rate|text}} suits cosine decay."
    ]
    assert all(sentence.markdown in " ".join(small.MARKDOWN.split()) for sentence in found)
    assert {claim.verdict for claim in claims_table(document, results, CALLED)} == {"supported"}
