"""The 23 stages over HTTP: every question is asked once, and the paper comes again with no model and no network."""

import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from researchclaw.progress import status, summary
from researchclaw.replay import models_of, replay
from researchclaw.report.page import report
from researchclaw.report.record import read_record
from researchclaw.settings import from_record
from researchclaw.wiring import remembered
from stages.pipeline import PIPELINE

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        model_calls = importlib.import_module("model_calls")
    finally:
        sys.path.remove(str(BENCHMARKS))
    with model_calls.study(
        tmp_path_factory.mktemp("study"), 0.05, ("export.typesetter=typst", "llm.prices=['stand-in 1 0.1 4']")
    ) as study:
        yield study


def test_all_stages_are_done_and_each_answer_was_asked_for_once(done: Any) -> None:
    found = status(done.store, PIPELINE)
    assert found.status == "done"
    assert found.spending is not None
    assert (found.spending.requests, found.spending.failed) == (len(done.calls), 0)
    asked = Counter(call.question for call in done.calls)
    assert {one.name: one.requests for one in found.spending.by_question} == asked


def test_independent_questions_are_asked_at_once(done: Any) -> None:
    assert done.most_at_once >= 8


def test_the_run_says_what_its_model_took(done: Any) -> None:
    said = summary(done.store, PIPELINE).models
    assert said is not None
    assert "USD" in said
    page = report(read_record(done.store, PIPELINE))
    assert "Language models" in page
    assert "SectionQuestion" in page


def test_the_paper_names_its_model(done: Any) -> None:
    assert "written by the language model stand-in" in (done.store.deliverables / "paper.tex").read_text()


def test_the_paper_comes_again_without_a_model(done: Any, tmp_path: Path) -> None:
    settings = from_record({**done.store.info().settings, "llm": {"provider": "offline"}})
    world = remembered(settings, models_of(done.store.journal_path), tmp_path / "fonts", done.store.info().created)
    before = len(done.calls)
    again = replay(done.store, PIPELINE, tmp_path / "again", world)
    assert again.stages == 23
    assert "paper.tex" in again.files
    assert len(done.calls) == before
