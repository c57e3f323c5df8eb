"""Small pieces of English."""

import random
from difflib import SequenceMatcher

import pytest

from researchclaw.adapters.offline.writing.language import (
    LOOK_ALIKE,
    Voice,
    cited,
    common_subsequence,
    listing,
    look_alike,
    lowered,
    printable,
    singular,
)


@pytest.mark.parametrize(
    ("label", "one"),
    [
        ("rotary embeddings", False),
        ("multiple attention heads", False),
        ("attention with 4 heads", True),
        ("a wider network without position embeddings", True),
        ("warm-up", True),
        ("loss", True),
        ("weight decay and warm-up", False),
    ],
)
def test_the_head_of_a_name_decides_the_number_of_the_verb(label, one):
    assert singular(label) == one


def test_a_list_reads_as_people_write_it():
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing(["a", "b and c"]) == "a as well as b and c"


@pytest.mark.parametrize(
    ("sentence", "inner"),
    [
        ("Large steps overshoot.", "large steps overshoot"),
        ("AdamW rescales the step.", "AdamW rescales the step"),
        ("Muon turns the momentum.", "Muon turns the momentum"),
        ("A peak may be too high.", "a peak may be too high"),
    ],
)
def test_a_sentence_made_part_of_another_keeps_its_names(sentence, inner):
    assert lowered(sentence) == inner


def test_only_citable_works_stay_cited():
    assert cited("It was shown [@a; @b].", {"b"}) == "It was shown [@b]."
    assert cited("It was shown [@a].", set()) == "It was shown."
    assert cited("@a showed it.", set()) is None


def test_typed_numbers_and_identifiers_are_not_printable_unless_they_are_names():
    assert printable("The rate decays.")
    assert not printable("The rate is 0.1.")
    assert not printable("It takes two runs.")
    assert not printable("Condition lr_high wins.")
    assert printable("Runs with batch size 8 are short.", names=("batch size 8",))


def test_a_voice_prefers_what_it_has_not_said():
    voice = Voice("topic")
    first = voice.say("x", "The seeds disagree about the sign here.", "Between seeds the sign flips, as it happens.")
    second = voice.say("x", "The seeds disagree about the sign here.", "Between seeds the sign flips, as it happens.")
    assert {first, second} == {"The seeds disagree about the sign here.", "Between seeds the sign flips, as it happens."}
    assert voice.say("x", "The seeds disagree about the sign here.") == ""


def test_what_may_not_stand_in_a_section_is_no_option():
    voice = Voice("topic", sayable=lambda text, section: "best" not in text)
    assert (
        voice.say("x", "It is best of all the settings tried.", "It has the leading mean of all.") == "It has the leading mean of all."
    )


@pytest.mark.parametrize(
    ("one", "other", "length"), [("", "", 0), ("a", "", 0), ("", "a", 0), ("abcbdab", "bdcaba", 4), ("the seeds", "these beds", 8)]
)
def test_the_longest_common_subsequence_is_counted(one, other, length):
    assert common_subsequence(one, other) == length


def test_two_texts_look_alike_exactly_when_difflib_says_so():
    draw = random.Random(5)
    found = []
    for _ in range(400):
        one = [draw.choice("the seds ") for _ in range(draw.randrange(1, 70))]
        other = [draw.choice("the seds ") if draw.random() < 0.15 else letter for letter in one]
        texts = "".join(one), "".join(other)
        found.append(look_alike(*texts))
        assert found[-1] == (SequenceMatcher(None, *texts, autojunk=False).ratio() >= LOOK_ALIKE), texts
    assert 40 < sum(found) < 360
