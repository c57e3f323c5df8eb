"""Folding for comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.b_literature.names import family, folded


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Łukasz Kaiser", "Lukasz Kaiser"),
        ("Jakub Lála", "Jakub L'ala"),
        ("Warm-Up: Why?", "warm up why"),
        ("Müller", "Mu\u0308ller"),
        ("Straße", "Strasse"),
    ],
)
def test_what_sources_write_differently_becomes_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("Laurens van der Maaten", "maaten"),
        ("L. J. P. van der Maaten", "maaten"),
        ("Martin Luther King Jr.", "king"),
        ("Gabriel García-Márquez", "marquez"),
        ("Xi Peng 0001", "peng"),
        ("Plato", "plato"),
        ("Gemma Team", "team"),
    ],
)
def test_the_family_name_is_found_behind_particles_and_suffixes(name: str, last: str) -> None:
    assert family(name) == last
