"""What a reader does not see is not there."""

import pytest

from stages.foreign_text import flat, seen

HIDDEN = {
    "zero width": "\u200b",
    "bidirectional": "\u202e",
    "tag": "\U000e0041",
    "control": "\x1b",
    "null": "\x00",
    "private use": "\ue000",
    "byte order mark": "\ufeff",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_characters_are_dropped(name: str) -> None:
    assert seen(f"pra{HIDDEN[name]}ise") == "praise"


def test_what_a_reader_sees_stays_letter_for_letter() -> None:
    text = "Größe x² – \N{GREEK SMALL LETTER ALPHA}\t“quoted”\nnext"
    assert seen(text) == text


def test_line_ends_are_one_kind_and_a_flat_text_has_none() -> None:
    assert seen("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
    assert flat(" a\n\n b\tc ") == "a b c"
