"""Settings in a reader's words."""

import pytest

from researchclaw.adapters.offline.writing.changes import changes_in_words, in_force, noun, setting_in_words, short_noun
from stages.contracts import Attempt, Edit


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("BATCH_SIZE", "BATCH_SIZE 16 -> 8", "a smaller batch"),
        ("LEARNING_RATE", "LEARNING_RATE 0.002 -> 0.005", "a higher learning rate"),
        ("NGRAM_TABLES", "NGRAM_TABLES 0 -> 2", "n-gram tables"),
        ("WEIGHT_DECAY", "WEIGHT_DECAY 0.1 -> 0.0", "no weight decay"),
        ("POSITION", "POSITION 'learned' -> 'rope'", "another position encoding"),
        ("BATCH_SIZE", "", "another batch size"),
    ],
)
def test_a_change_is_told_by_what_it_does(name, change, words):
    assert setting_in_words(name, change) == words


def test_a_table_of_settings_holds_what_is_on_record_and_read_by_some_run():
    reference = {"optimizer": "adamw", "learning_rate": 0.002, "matrix_momentum": 0.95, "schedule": "cosine", "cooldown": 0.5}
    assert in_force(reference, ["a"]) == ["OPTIMIZER", "LEARNING_RATE", "SCHEDULE"]
    assert "MATRIX_MOMENTUM" in in_force(reference | {"a_optimizer": "muon"}, ["a"])
    assert "COOLDOWN" in in_force(reference | {"a_schedule": "trapezoid"}, ["a"])


def test_running_text_takes_the_noun_without_its_explanation():
    assert short_noun("GRAD_CLIP") == "clipping threshold of the gradient norm"
    assert short_noun("WARMUP") == "warm-up"
    assert noun("GRAIN_SIZE") == "grain size"


def test_a_change_that_was_tried_again_is_told_once():
    attempt = Attempt(number=1, change="BATCH_SIZE 16 -> 8", settings={"BATCH_SIZE": "8"}, seed=1, value=2.0, gain=0.1, verdict="keep")
    assert changes_in_words([attempt, attempt.model_copy(update={"number": 2})]) == ["a smaller batch"]


@pytest.mark.parametrize(
    ("change", "words"), [("a finer grid of weights", "a finer grid of weights"), ("folds from 3 to 6", "a change of the program")]
)
def test_an_edit_is_told_in_the_words_of_its_author_unless_they_hold_a_numeral(change, words):
    edits = (Edit(find="FOLDS = 3", replace="FOLDS = 6"),)
    attempt = Attempt(number=1, change=change, settings={}, edits=edits, seed=1, value=2.0, gain=0.1, verdict="keep")
    assert changes_in_words([attempt]) == [words]
