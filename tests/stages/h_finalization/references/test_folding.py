"""Titles and names in LaTeX, HTML and Unicode fold to the same words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.h_finalization.references.folding import decoded, folded, main_title, title_key


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"Herv{\'e} J{\'e}gou", "Hervé Jégou"),
        (r"Herv\'e J\'egou", "Hervé Jégou"),
        (r"Fran{\c c}ois", "François"),
        (r"Fran\c{c}ois", "François"),
        (r"{\L}ukasz", "Łukasz"),
        (r"S{\o}ren Kierkegaard", "Søren Kierkegaard"),
        (r"Mart{\'\i}n Abadi", "Martín Abadi"),
        (r"Mart\'{\i}n Abadi", "Martín Abadi"),
        (r"Dvo\v{r}\'ak", "Dvořák"),
        (r"Erd\H{o}s", "Erdős"),
        (r"Jos{\'{e}}", "José"),
        (r"\textit{Deep} {\bf learning} \& more", "Deep learning & more"),
        ("{A}dam~{O}ptimiser", "Adam Optimiser"),
        ("<i>In vivo</i> &amp; more", "In vivo & more"),
        ("&lt;b&gt;", ""),
        ("100\\% of $n^2$", "100% of n2"),
    ],
)
def test_markup_is_decoded(written: str, plain: str) -> None:
    assert decoded(written) == plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pre-training", "Pretraining"),
        ("{BERT}: Pre-Training of", "BERT pre training of"),
        ("Optimisation of Behaviour", "Optimization of behavior"),
        ("On the $\\beta$-VAE", "On the β-VAE"),
        ("Straße", "STRASSE"),
        ("Modelling “quotes”", 'Modeling "quotes"'),
        ("Data & code", "Data and Code"),
    ],
)
def test_spellings_of_one_title_have_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(("one", "other"), [("Neural ODEs", "Neural ODE"), ("Towards X", "For X"), ("Layer 2", "Layer 3")])
def test_a_changed_word_is_another_title(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


def test_the_subtitle_is_what_stands_behind_a_colon_or_a_question() -> None:
    assert main_title("BERT: Pre-training of Deep Transformers") == "BERT"
    assert main_title("Think you have Solved It? Try ARC") == "Think you have Solved It?"
    assert main_title("Attention Is All You Need") is None
