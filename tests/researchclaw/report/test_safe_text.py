"""What escaping leaves: characters that HTML forbids, that nobody sees or that turn text around; addresses."""

import pytest

from researchclaw.report.safe_text import shown, web_address, work_address


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\x7f", "\x85", "\ud800", "\ufffe", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad"]
)
def test_a_forbidden_or_unseen_character_is_named(character: str) -> None:
    assert shown(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@pytest.mark.parametrize("text", ["tab\tand\nline", "naïve", "漢字", "עברית", "👩‍🔬", "a < b & c"])
def test_ordinary_text_of_any_script_stays(text: str) -> None:
    assert shown(text) == text


def test_none_is_an_error_and_not_a_word() -> None:
    with pytest.raises(TypeError, match="None"):
        shown(None)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//host/x",
        "https://",
        "vbscript:x",
        "https://u@h/",
        "http://[bad",
    ],
)
def test_an_address_that_is_none_is_not_followed(url: str) -> None:
    assert web_address(url) is None


def test_an_address_cannot_leave_its_attribute() -> None:
    assert web_address('https://example.org/"><script>') == "https://example.org/%22%3E%3Cscript%3E"


def test_a_work_is_found_by_doi_then_arxiv_then_address() -> None:
    assert work_address("10.1/a b<", "1", "https://x.org") == "https://doi.org/10.1/a%20b%3C"
    assert work_address(None, "1608.03983", "https://x.org") == "https://arxiv.org/abs/1608.03983"
    assert work_address(None, None, "https://x.org/1") == "https://x.org/1"
    assert work_address(None, None, "javascript:1") is None
