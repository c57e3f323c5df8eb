"""The rule-based reviewer sees what the record shows; what it asks for would satisfy itself."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from researchclaw.adapters.offline import review
from stages.contracts import Attempt, Manuscript
from stages.g_writing import paper_outline
from stages.g_writing.against_record import claims, faults
from stages.g_writing.claims import sentences
from stages.g_writing.markdown import parse
from stages.g_writing.mechanical_review import mechanical_review
from stages.g_writing.peer_review import ROLES, ReviewQuestion
from stages.g_writing.record import PaperRecord

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[3] / "stages/h_finalization/small_study.py")))


@pytest.fixture
def record(tmp_path: Path) -> PaperRecord:
    return paper_outline.record_of(small.inputs_of(paper_outline.Inputs, small.record()), small.context(tmp_path))


def question(role: Any, manuscript: Manuscript, **changes: Any) -> ReviewQuestion:
    """What a reviewer is asked, without what only a model reads."""
    return ReviewQuestion(role=role, manuscript=manuscript, text="", facts=(), values=(), **changes)


def points(record: PaperRecord, role: Any) -> list[review.Point]:
    manuscript = small.record()[Manuscript]
    document = parse(manuscript.markdown, manuscript.authors)
    text, table = sentences(document), claims(document, record)
    mechanical = mechanical_review(document, text, table, faults(document, manuscript.figures, record), record)
    asked = question(role, manuscript, sentences=text, claims=table, mechanical=mechanical, record=record)
    return list(review._POINTS[role](asked))


def troubled(record: PaperRecord) -> PaperRecord:
    """The same study with a failed run, an unconfirmed change, a costly condition and a departure from the plan."""
    results = record.results
    costly = results.conditions["linear"].model_copy(update={"cost_ratio": 1.4})
    return record.model_copy(
        update={
            "results": results.model_copy(update={"conditions": {**results.conditions, "linear": costly}, "references": {"xz": 1.7}}),
            "failed": ({"condition": "linear", "seed": 6, "verdict": "crash", "reason": "exit code 1"},),
            "attempts": (Attempt(number=1, change="X", settings={}, seed=9, value=2.1, gain=0.1, verdict="keep"),),
            "deviations": ("Fewer seeds were run than planned.",),
            "best": "linear",
        }
    )


def test_every_wording_says_what_its_own_rule_looks_for(record: PaperRecord) -> None:
    for study in (record, troubled(record)):
        for role in ROLES:
            for point in points(study, role):
                if point.wording:
                    assert re.search(point.told, point.wording, re.IGNORECASE), point.wording


def test_no_wording_types_a_number(record: PaperRecord) -> None:
    for role in ROLES:
        for point in points(troubled(record), role):
            assert not re.search(r"\d", re.sub(r"\{\{[^}]*\}\}", "", point.wording or "")), point.wording


def test_each_trouble_of_the_record_is_a_point(record: PaperRecord) -> None:
    texts = " ".join(point.text for role in ROLES for point in points(troubled(record), role))
    for trouble in (
        "Few seeds",
        "below what this design can find",
        "not confirmed on fresh seeds",
        "did not end with a score",
        "costs another time",
        "All runs read one corpus",
        "The models are small",
        "not decided by the data",
        "No component of linear decay",
        "does not reach references that need no training, on the same text: xz",
        "Only the validation split",
        "departs from its registered plan",
    ):
        assert trouble in texts
    untroubled = " ".join(point.text for role in ROLES for point in points(record, role))
    for trouble in ("not confirmed", "did not end with a score", "costs another time", "departs from"):
        assert trouble not in untroubled


def test_what_is_asked_about_the_test_split_follows_whether_it_was_looked_at(record: PaperRecord) -> None:
    def asked(**config: float) -> review.Point:
        results = record.results.model_copy(update={"config": {**record.results.config, **config}})
        looked = record.model_copy(update={"results": results})
        (point,) = [point for point in points(looked, "method") if "split" in point.text]
        return point

    assert "was not scored" in (asked().wording or "")
    both = asked(sealed_looks=2, sealed_incumbent=2.5, sealed_tuned=2.25, sealed_gain=0.25)
    lost = asked(sealed_looks=2)
    for point in (both, lost):
        assert point.wording is not None
        assert "not scored" not in point.wording
        assert "Only the validation" not in point.text
        assert re.search(point.told, point.wording)
    assert "{{cfg.sealed_tuned|f3}}" in (both.wording or "")
    assert not re.search(both.told, "The sealed test split was not looked at.")


def test_a_remark_on_a_sentence_quotes_that_sentence(record: PaperRecord) -> None:
    manuscript = small.record()[Manuscript]
    long = f"Linear decay {' and decay' * 50} was used."
    text = sentences(parse(manuscript.markdown.replace("Adam was used", f"{long} Adam was used"), manuscript.authors))
    table = claims(parse(manuscript.markdown, manuscript.authors), record)
    mechanical = small.c.Review(reviewer="mechanical", summary="None.", strengths=(), weaknesses=())
    told = review.review_paper(question("clarity", manuscript, sentences=text, claims=table, mechanical=mechanical, record=record))
    remark = next(weakness for weakness in told.weaknesses if "hard to read" in weakness.text)
    assert remark.quote.startswith("Linear decay")
    assert str(len(remark.quote.split())) in remark.text
