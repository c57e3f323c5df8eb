"""Whatever the runs turn out to be, the paper by rule is written, sound by every check of the gate, and true to its record."""

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from researchclaw.wiring import paper_templates
from stages.contracts import ExperimentPlan, QualityReport, RevisedManuscript
from stages.pipeline import PIPELINE

WARMUP = "Do tiny language models need warm-up when gradients are clipped?"
NORM = "What kind of normalisation, if any, does a shallow language model need in order to train quickly?"
CLIPPING = "Does gradient clipping matter for tiny language models?"
POSITION = "Does a short-context language model need explicit information about position, and in which form?"
PATTERNS = runpy.run_path(str(Path(__file__).with_name("outcomes.py")))["PATTERNS"]


def manuscript(topic: str, pattern: str, seeds: int, most: int, make_brief, make_context, walk, canned_laboratory):
    """(text, checks that failed) of the paper after stage 20."""
    found = PATTERNS[pattern]
    plan: list[ExperimentPlan] = []
    laboratory = canned_laboratory(value=lambda request: found.value(plan[0], request))
    context = replace(make_context(laboratory), templates=paper_templates("plain"))
    record = walk(PIPELINE[:9], make_brief(topic, seeds=seeds, max_conditions=most), context)
    plan.append(record[ExperimentPlan])
    for stage in PIPELINE[9:20]:
        record[stage.output] = stage.run(stage.gather(record), context)
    failed = [f"{check.name}: {check.detail}" for check in record[QualityReport].checks if not check.passed]
    return record[RevisedManuscript].manuscript.markdown, failed


_WRITTEN: dict[tuple[object, ...], tuple[str, list[str]]] = {}
"""Papers are functions of their study; a second test of one need not walk the stages again."""


@pytest.fixture
def written(make_brief, make_context, walk, canned_laboratory):
    def once(*study):
        if study not in _WRITTEN:
            _WRITTEN[study] = manuscript(*study, make_brief, make_context, walk, canned_laboratory)
        return _WRITTEN[study]

    return once


SCARCE = "Does dropout help a tiny language model when the data are scarce?"

STUDIES = [
    (SCARCE, "a strong interaction", 3, 5),
    (WARMUP, "all better", 3, 5),
    (WARMUP, "ties", 3, 5),
    (WARMUP, "a tuned winner over ties", 3, 5),
    (POSITION, "a tuned winner, all planned worse", 3, 4),
    (WARMUP, "some worse, some better, some alike", 5, 5),
    (NORM, "signs flip between seeds", 2, 3),
    (POSITION, "the main condition crashed", 3, 5),
    (POSITION, "a tiny spread", 3, 5),
    (CLIPPING, "identical scores", 3, 2),
]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: f"{study[1]}, {study[2]} seeds: {study[0][:24]}")
def test_every_pattern_of_results_gives_a_paper_that_passes_the_gate(study, written):
    _, failed = written(*study)
    assert failed == []


def test_two_changes_that_cancel_each_other_are_not_called_idle(written):
    text, _ = written(WARMUP, "some worse, some better, some alike", 5, 5)
    assert "has no hold on runs this short" not in text
    assert "does not make its parts idle" in text
    assert "if clipping does harm" not in text.lower()  # the runs without it are the ones that lose


def test_scores_that_agree_to_the_last_digit_favour_nobody(written):
    text, _ = written(CLIPPING, "identical scores", 3, 2)
    assert "score exactly the same" in text
    assert "seeds agree, in favour" not in text
    assert "has the leading mean" not in text


def test_a_lost_condition_is_no_want_of_seeds(written):
    text, _ = written(POSITION, "the main condition crashed", 3, 5)
    conclusion = text.split("{#sec:conclusion}")[1].split("\n## ")[0]
    assert "ended with a score" in conclusion
    assert "has to wait for more seeds" not in conclusion


def test_a_gain_that_turns_round_on_fresh_seeds_is_said_to(written):
    text, _ = written(NORM, "signs flip between seeds", 2, 3)
    assert "the gain is one over untuned settings" not in text


def test_a_question_about_one_thing_under_another_is_answered_for_that_case(written):
    text, _ = written(SCARCE, "a strong interaction", 3, 5)
    abstract = text.split("## Abstract")[1].split("\n## ")[0]
    assert "In the case that the question names" in abstract
    pair = "light_dropout_and_data_fiftieth,data_fiftieth"
    assert f"{{{{cmp({pair}).val_bpb}}}}" in abstract.replace(", ", ",")
    plain, _ = written(WARMUP, "all better", 3, 5)
    assert "In the case that the question names" not in plain


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: f"{study[1]}, {study[2]} seeds: {study[0][:24]}")
def test_no_paper_says_two_things_of_its_curves_or_one_thing_twice(study, written):
    text, _ = written(*study)
    assert not ("have flattened" in text and "levelled off" in text)
    conclusion = text.split("{#sec:conclusion}")[1].split("\n## ")[0]
    assert conclusion.count("this had been predicted") <= 1
    assert conclusion.count("the prediction about it stays undecided") <= 1


def test_one_comparison_is_not_spoken_of_as_several(written):
    text, _ = written(CLIPPING, "identical scores", 3, 2)
    assert "the same comparisons on a common axis" not in text
    assert "the comparisons show at a glance" not in text


UNSEEN = ("not looked at", "remain sealed", "sealed for a later test", "was not scored", "only the validation split")


@pytest.mark.parametrize("study", [STUDIES[3], STUDIES[6]], ids=lambda study: study[1])
def test_a_paper_whose_loop_was_scored_on_the_test_split_says_so_and_gives_the_scores(study, written):
    text, failed = written(*study)
    assert failed == []
    assert not [words for words in UNSEEN if words in text.lower()]
    ablations = text.split("{#sec:ablations}")[1].split("\n## ")[0]
    for part in ("incumbent", "tuned", "gain"):
        assert f"{{{{cfg.sealed_{part}|f3}}}}" in ablations


def test_a_paper_without_a_look_at_the_test_split_says_that_nobody_looked(written):
    text, _ = written(CLIPPING, "identical scores", 3, 2)
    assert any(words in text for words in UNSEEN[:3])
    assert "cfg.sealed_" not in text
