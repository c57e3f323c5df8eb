"""Long sentences taken apart: each clause is judged as a sentence of its own, and one false clause is enough."""

import json
from pathlib import Path

import pytest

from stages.g_writing.sentence_check.check import judge
from stages.g_writing.sentence_check.clauses import LONGEST, clauses
from stages.g_writing.sentence_check.reading import read
from stages.g_writing.sentence_check.study import Study

CONTEXTS = json.loads((Path(__file__).parents[1] / "sentences.json").read_text(encoding="utf-8"))["contexts"]
A, B = (Study.model_validate(CONTEXTS[name]) for name in "AB")


@pytest.mark.parametrize(
    ("study", "sentence", "apart"),
    [
        (B, "Muon gives up 11.7\\% of SGD's throughput, Adam only 2.7\\%.", "Adam gives up only 2.7% of SGD's throughput"),
        (B, "SGD sustains 41.2k tokens/s, well ahead of Muon, whose throughput peaks at 36.5k.", "Muon's throughput peaks at 36.5k."),
        (A, "Our method reaches 92.4\\% and never drops below 92.1\\%.", "Our method never drops below 92.1%."),
        (A, "Our method trails no one at 92.4\\%, while the baseline stays at 91.1\\%.", "the baseline stays at 91.1%."),
    ],
)
def test_a_clause_takes_over_what_it_lacks(study: Study, sentence: str, apart: str) -> None:
    assert clauses(read(sentence, study), study)[-1].text == apart


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (
            "Muon gives up 11.7\\% of SGD's throughput, Adam only 2.7\\%.",
            "Muon gives up 11.7\\% of SGD's throughput, Adam only 3.7\\%.",
        ),
        ("Adam reaches a perplexity of 24.64, Muon 23.95.", "Adam reaches a perplexity of 23.95, Muon 24.64."),
    ],
)
def test_the_sentence_stands_where_every_clause_does(true: str, false: str) -> None:
    assert judge(true, B).verdict == "needs references"
    assert judge(false, B).verdict == "refused"


def test_the_places_of_the_references_are_those_in_the_sentence() -> None:
    found = judge("Muon gives up 11.7\\% of SGD's throughput, Adam only 2.7\\%.", B)
    assert found.rewritten == (
        "Muon gives up {{absrel(muon,sgd).tokens_per_s}}% of SGD's throughput, Adam only {{absrel(adam,sgd).tokens_per_s}}%."
    )


def test_what_belongs_together_is_not_taken_apart() -> None:
    assert clauses(read("The means of Adam and Muon are 24.64 and 23.95, respectively.", B), B) == ()
    assert clauses(read("Adam reaches 24.64; " * (LONGEST // 19), B), B) == ()
