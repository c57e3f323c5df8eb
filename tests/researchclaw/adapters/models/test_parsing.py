import json

import pytest

from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.parsing import NotInForm, read
from stages.contracts import Contract


class Note(Contract):
    text: str
    number: float


GOOD = '{"text": "a {brace} and \\"quotes\\"", "number": 2}'
NOTE = Note(text='a {brace} and "quotes"', number=2)


@pytest.mark.parametrize(
    "said",
    [
        GOOD,
        f"\ufeff\n {GOOD}\n",
        f"<think>{{}} or not</think>{GOOD}",
        f"<thinking>a</thinking>\n<think>b</think>{GOOD}",
        f"no tag at the start</think>\n{GOOD}",
        f"```\n{GOOD}\n```",
        f'```json\n{{"text": "draft", "number": "none"}}\n```\nBetter:\n```json\n{GOOD}\n```',
        f"Sure! {GOOD} Anything else?",
        f"First {{a}}, then {GOOD}, then {{b}}.",
    ],
)
def test_an_answer_is_found_in_what_surrounds_it(said: str) -> None:
    assert read(said, Note) == NOTE


def test_a_raw_line_break_in_a_string_is_let_pass() -> None:
    assert read('{"text": "two\nlines", "number": 1}', Note).text == "two\nlines"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"text": "cut', "no JSON object"),
        ('{"text": "no number"}', "number: Field required"),
        ('{"text": "x", "number": NaN}', "no JSON object"),
        ('{"text": "x", "number": 1, "more": 2}', "more: Extra inputs"),
        ("[1, 2]", "no JSON object"),
        ("I cannot say.", "no JSON object"),
    ],
)
def test_what_is_not_in_the_form_is_never_completed(said: str, complaint: str) -> None:
    with pytest.raises(NotInForm, match=complaint):
        read(said, Note)


@pytest.mark.parametrize("said", ["", "  \n", "<think>all I did was think</think>", "<think>not done"])
def test_thinking_alone_is_no_answer(said: str) -> None:
    with pytest.raises(Fault) as caught:
        read(said, Note)
    assert caught.value.kind == "empty"


def test_a_tag_within_a_string_is_text() -> None:
    said = json.dumps({"text": "the tag </think> closes a thought", "number": 1})
    assert read(said, Note).text == "the tag </think> closes a thought"


def test_a_deep_nest_is_refused_and_not_a_crash() -> None:
    with pytest.raises(NotInForm):
        read("{" * 100000, Note)
