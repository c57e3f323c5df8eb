"""Reviews are tied to the text, and what they require is what the text lacks."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stages.contracts import Manuscript, Review, Reviews, Weakness
from stages.errors import MalformedAnswer
from stages.g_writing import peer_review
from stages.g_writing.markdown import parse, print_markdown
from stages.g_writing.peer_review import INSERT, AreaChairQuestion, RequiredChanges, ReviewQuestion

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))


def reviewed(tmp_path: Path, markdown: str = "", **answers: Any) -> Reviews:
    outputs = small.record()
    if markdown:
        outputs[Manuscript] = outputs[Manuscript].model_copy(update={"markdown": markdown})
    rules = {{"review": ReviewQuestion, "chair": AreaChairQuestion}[name]: rule for name, rule in answers.items()}
    world = small.context(tmp_path, model=small.CannedMind(rules))
    return peer_review.run(small.inputs_of(peer_review.Inputs, outputs), world)


def test_rules_find_what_the_record_shows_and_the_text_does_not_say(tmp_path: Path) -> None:
    reviews = reviewed(tmp_path)
    assert [review.reviewer for review in reviews.reviews] == ["mechanical", "experiments", "method", "clarity"]
    wordings = [weakness.required_change or "" for weakness in reviews.required]
    assert any(INSERT in wording and "seeds" in wording for wording in wordings)
    assert any("same corpus" in wording for wording in wordings)
    assert any("mde(linear,cosine)" in wording for wording in wordings)
    assert len({weakness.id for weakness in reviews.required}) == len(reviews.required)


def test_nothing_is_required_that_the_text_already_says(tmp_path: Path) -> None:
    said = (
        "The peak rate of {{cfg.learning_rate|text}} suits cosine decay. All runs read the same corpus. "
        "Intervals assume normal differences. Larger models may differ. The sealed test files were not scored."
    )
    markdown = small.MARKDOWN.replace("The peak rate of {{cfg.learning_rate|text}} suits cosine decay.", said)
    before = {weakness.required_change for weakness in reviewed(tmp_path).required}
    after = {weakness.required_change for weakness in reviewed(tmp_path, markdown).required}
    dropped = " ".join(change or "" for change in before - after)
    for words in ("same corpus", "normally distributed", "parameters", "sealed test split"):
        assert words in dropped


def test_every_quotation_stands_in_the_text_or_names_a_float(tmp_path: Path) -> None:
    text = print_markdown(parse(small.MARKDOWN))
    for review in reviewed(tmp_path).reviews:
        for weakness in review.weaknesses:
            assert weakness.quote in text or weakness.quote.startswith(("fig:", "tbl:", "sec:", "abstract"))


def test_a_weakness_without_its_sentence_is_dropped_and_counted(tmp_path: Path) -> None:
    def careless(question: ReviewQuestion) -> Review:
        quotes = ("A sentence that nobody wrote.", "the", "", "tbl:main", "Adam was used throughout [@kingma2015adam].")
        weaknesses = tuple(Weakness(id="w", reviewer="x", quote=quote, text="Weak.", severity="minor") for quote in quotes)
        return Review(reviewer="x", summary="Fine.", strengths=(), weaknesses=weaknesses)

    reviews = reviewed(tmp_path, review=careless, chair=lambda _: RequiredChanges(ids=()))
    method = reviews.reviews[2]
    assert [weakness.quote for weakness in method.weaknesses] == ["tbl:main", "Adam was used throughout [@kingma2015adam]."]
    assert [weakness.id for weakness in method.weaknesses] == ["method_1", "method_2"]
    assert "Dropped because their quotation is not in the manuscript: 3." in method.summary


def test_what_rules_call_major_is_required_whatever_the_chair_says(tmp_path: Path) -> None:
    wrong = small.MARKDOWN.replace(
        "Linear decay {{cmp(linear,cosine).val_bpb}} the baseline.",
        "Linear decay is better than the baseline ({{diff(linear,cosine).val_bpb|signed3}} bpb).",
    )
    reviews = reviewed(tmp_path, wrong, chair=lambda _: RequiredChanges(ids=()))
    assert any("contradicts the record" in weakness.text for weakness in reviews.required)


def test_a_chair_that_requires_what_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedAnswer, match="nobody_1"):
        reviewed(tmp_path, chair=lambda _: RequiredChanges(ids=("nobody_1",)))


def test_the_rule_based_reviewer_says_so_and_scores_only_by_rule(tmp_path: Path) -> None:
    for review in reviewed(tmp_path).reviews:
        assert "made by rules" in review.summary
        assert review.overall is None
        assert review.originality is None


OPEN = "{{cmp(linear,cosine).val_bpb}} the baseline."
PLANTED = {
    "swapped conditions": (
        "a constant learning rate {{cmp(constant,cosine).val_bpb}} the baseline by",
        "the baseline {{cmp(constant,cosine).val_bpb}} a constant learning rate by",
    ),
    "wrong direction": (OPEN, "is better than the baseline ({{diff(linear,cosine).val_bpb|signed3}} bpb)."),
    "significance without a test": (OPEN, "is significantly worse than the baseline."),
    "invented citation": ("[@kingma2015adam]", "[@nobody2020made]"),
    "typed number": ("by {{absdiff(constant,cosine).val_bpb|f3}} bpb", "by 0.12 bpb"),
    "altered table cell": ("| Linear decay | {{linear.val_bpb.mean|f3}}", "| Linear decay | {{constant.val_bpb.mean|f3}}"),
    "typed table cell": ("| Linear decay | {{linear.val_bpb.mean|f3}}", "| Linear decay | 2.111"),
    "comparison never made": (OPEN, "{{cmp(linear,constant).val_bpb}} a constant learning rate."),
    "abstract without the result": (
        "a constant learning rate {{cmp(constant,cosine).val_bpb}} training with cosine decay",
        "some rates matters",
    ),
    "dropped condition": ("Linear decay {{cmp(linear,cosine).val_bpb}} the baseline. ", ""),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_required_to_be_mended(name: str, tmp_path: Path) -> None:
    old, new = PLANTED[name]
    assert old in small.MARKDOWN
    markdown = small.MARKDOWN.replace(old, new, 1)
    if name == "dropped condition":
        markdown = "\n".join(line for line in markdown.splitlines() if not line.startswith("| Linear"))
    sound = {weakness.text for weakness in reviewed(tmp_path).required}
    found = [weakness for weakness in reviewed(tmp_path, markdown).required if weakness.text not in sound]
    assert any(weakness.reviewer == "mechanical" for weakness in found), name


def test_a_reviewer_sees_what_his_side_is_about_with_code_runs_and_values(tmp_path: Path) -> None:
    asked: dict[str, ReviewQuestion] = {}

    def reads(question: ReviewQuestion) -> Review:
        asked[question.role] = question
        return Review(reviewer="x", summary="Fine.", strengths=(), weaknesses=())

    reviewed(tmp_path, review=reads, chair=lambda _: RequiredChanges(ids=()))
    assert set(asked) == {"experiments", "method", "clarity"}
    experiments = asked["experiments"]
    assert any("changes" in fact and "seeds have a score" in fact for fact in experiments.facts)
    assert any("ci_low" in line for line in experiments.values)
    assert "## Abstract" in experiments.text
    assert len(asked["clarity"].text) >= len(experiments.text)
    assert all(question.judges for question in (ReviewQuestion, AreaChairQuestion))


def test_a_chair_that_mends_its_answer_is_heard(tmp_path: Path) -> None:
    def chair(question: AreaChairQuestion) -> RequiredChanges:
        return RequiredChanges(ids=() if question.complaints else ("nobody_1",))

    assert reviewed(tmp_path, chair=chair).reviews
