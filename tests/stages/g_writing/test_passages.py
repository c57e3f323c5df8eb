"""Parts of a manuscript."""

from stages.g_writing.passages import around, chosen, main_text, sections_of

PAPER = """# T

## Abstract

What was found.

## Results {#sec:results}

First sentence. Second sentence.

| a | b |
|---|---|

: A table. {#tbl:main}

## Seeds {#sec:appendix_seeds .appendix}

All values.
"""


def test_sections_are_found_by_their_ids() -> None:
    assert list(sections_of(PAPER)) == ["abstract", "results", "appendix_seeds"]
    assert chosen(PAPER, ("results",)).startswith("## Results")
    assert "All values." not in main_text(PAPER)


def test_a_quotation_brings_its_paragraph_and_a_label_its_float() -> None:
    assert around(PAPER, ("Second\nsentence.",)) == "[results]\n\nFirst sentence. Second sentence."
    assert around(PAPER, ("tbl:main",)).endswith(": A table. {#tbl:main}")


def test_what_cannot_be_found_brings_the_whole_paper() -> None:
    assert around(PAPER, ("Nobody wrote this.",)) == PAPER
