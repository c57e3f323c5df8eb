"""Markup, names and identifiers made plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from researchclaw.adapters.sources.decoding import abstract_of, arxiv_id, doi, is_group, person, plain


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Growth of <i>Arabidopsis</i> &amp;amp; friends", "Growth of Arabidopsis & friends"),
        (r"Schr{\"o}dinger's {BERT}", "Schrödinger's BERT"),
        (r"On $L_{2}$ norms of $\alpha$", "On L_2 norms of α"),
        ("100% of {GPUs} at p < 0.05", "100% of GPUs at p < 0.05"),
        ("From $100 to $5", "From $100 to $5"),
        ("H<sub>2</sub>O and <mml:math><mml:mi>x</mml:mi></mml:math>", "H2O and x"),
        ("two\n   lines", "two lines"),
    ],
)
def test_titles_lose_their_markup(written: str, meant: str) -> None:
    assert plain(written) == meant
    assert plain(meant) == meant


@given(st.text(alphabet=st.characters(whitelist_categories=["L", "N", "Zs"]), max_size=60))
def test_plain_words_stay(words: str) -> None:
    assert plain(words) == " ".join(words.split())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("van der Maaten, Laurens", "Laurens van der Maaten"),
        ("King, Jr., Martin", "Martin King Jr."),
        ("Xi Peng 0001", "Xi Peng"),
        (r"L{\'a}la, Jakub", "Jakub Lála"),
        ("Plato", "Plato"),
    ],
)
def test_names_stand_as_given_family(written: str, meant: str) -> None:
    assert person(written) == meant


def test_groups_are_told_from_persons() -> None:
    assert all(is_group(name) for name in ("DeepSeek-AI", "Gemma Team", "Open Science Collaboration"))
    assert not any(is_group(name) for name in ("Ai Weiwei", "Qingyao Ai", "Ada Lovelace"))


def test_identifiers_lose_resolver_and_version() -> None:
    assert doi("https://doi.org/10.1046/J.X") == "10.1046/j.x"
    assert doi("10.48550/arXiv.2304.05376") is None
    assert arxiv_id("10.48550/arXiv.2304.05376") == "2304.05376"
    assert arxiv_id("http://arxiv.org/abs/quant-ph/0201082v1") == "quant-ph/0201082"
    assert arxiv_id("2305.XXXX") is None


def test_an_inverted_index_is_read_in_order() -> None:
    assert abstract_of({"grow.": [1, 3], "Steps": [0], "They": [2]}) == "Steps grow. They grow."
    assert abstract_of(None) is None
