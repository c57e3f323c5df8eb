from pathlib import Path

import pytest

from researchclaw.loop.proposers.search_space import knobs, same_value, with_literal

TRAIN = Path(__file__).parents[3] / "sandbox" / "kits" / "tiny_lm" / "train.py"


def test_every_annotated_constant_of_the_shipped_kit_is_a_knob() -> None:
    text = TRAIN.read_text()
    found = {knob.name: knob for knob in knobs({"train.py": text})}
    assert len(found) == text.count("# search:")
    assert (found["LEARNING_RATE"].low, found["LEARNING_RATE"].high, found["LEARNING_RATE"].log) == (0.0003, 0.03, True)
    assert found["OPTIMIZER"].choices[:2] == ("'adamw'", "'sgd'")
    assert found["GRAD_CLIP"].low == 0.0
    assert found["SOFTCAP"].choices == ("0.0", "10.0", "15.0", "30.0")
    assert found["QK_NORM"].choices == ("True", "False")


def test_the_kit_s_own_order_goes_first() -> None:
    found = knobs({"train.py": TRAIN.read_text()}, {"NGRAM_TABLES": ("2",), "POSITION": ("'rope'",)})
    assert [knob.name for knob in found[:2]] == ["NGRAM_TABLES", "POSITION"]
    assert found[0].choices == ("2",)


@pytest.mark.parametrize(
    ("line", "literal", "changed"),
    [
        ("A = \"x\"  # search: 'x', 'y'; why", "'y'", "A = \"y\"  # search: 'x', 'y'; why"),
        ("const int N = 8; // search: 1 to 64", "16", "const int N = 16; // search: 1 to 64"),
        ("#define N 8 // search: 1 to 64", "16", "#define N 16 // search: 1 to 64"),
        ("rate: 0.1  # search: 0.0 to 1.0", "0.2", "rate: 0.2  # search: 0.0 to 1.0"),
    ],
)
def test_one_literal_changes_and_nothing_else(line: str, literal: str, changed: str) -> None:
    (knob,) = knobs({"f": f"first\r\n{line}\r\nlast"})
    assert with_literal(f"first\r\n{line}\r\nlast", knob, literal) == f"first\r\n{changed}\r\nlast"


def test_steps_stay_in_the_range_and_move_whole_numbers() -> None:
    (batch,) = knobs({"f": "B = 3  # search: 2 to 64"})
    assert (batch.moved(1, 0.25), batch.moved(-1, 0.25)) == ("6", "2")
    (low,) = knobs({"f": "B = 2  # search: 2 to 64"})
    assert low.moved(-1, 0.25) is None
    (one,) = knobs({"f": "D = 2  # search: 1 to 6"})
    assert one.moved(1, 0.01) == "3"


def test_a_range_upside_down_or_a_note_without_values_is_no_knob() -> None:
    assert knobs({"f": "A = 1  # search: 9 to 2\nB = 1  # search: whatever you like\n# search: 1 to 2"}) == ()


def test_values_are_compared_not_their_spelling() -> None:
    assert same_value("0.10", "0.1") and same_value("'a'", '"a"')
    assert not same_value("True", "1")
