"""Each required change is answered once, by a patch that the record allows or by a reason."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import ChangeAnswer, Guidance, Reviews, RevisedManuscript, Weakness
from stages.errors import MalformedAnswer
from stages.g_writing import paper_revision, peer_review
from stages.g_writing.paper_revision import RevisionAnswers, RevisionQuestion

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "h_finalization/small_study.py")))
SENTENCE = "Adam was used throughout [@kingma2015adam]."
ASKED = Weakness(id="w1", reviewer="method", quote=SENTENCE, text="Thin.", severity="major", required_change="Say more.")


def revised(
    tmp_path: Path,
    rule: Callable[[RevisionQuestion], RevisionAnswers] | None = None,
    required: tuple[Weakness, ...] = (ASKED,),
    guidance: tuple[str, ...] = (),
) -> RevisedManuscript:
    outputs = small.record()
    outputs[Reviews] = Reviews(reviews=(), required=required)
    mind = small.CannedMind({RevisionQuestion: rule} if rule else {})
    told = tuple(Guidance(stage=19, message=message, by="a person") for message in guidance)
    return paper_revision.run(small.inputs_of(paper_revision.Inputs, outputs), small.context(tmp_path, model=mind, guidance=told))


def patch(before: str, after: str) -> Callable[[RevisionQuestion], RevisionAnswers]:
    return lambda question: RevisionAnswers(
        answers=tuple(
            ChangeAnswer(id=weakness.id, done=True, answer="Done.", before=before, after=after)
            for weakness in (*question.required, *question.guidance)
        )
    )


def test_the_rule_based_reviser_inserts_what_the_rule_based_reviewers_ask_for(tmp_path: Path) -> None:
    outputs = small.record()
    world = small.context(tmp_path)
    outputs[Reviews] = peer_review.run(small.inputs_of(peer_review.Inputs, outputs), world)
    assert len(outputs[Reviews].required) >= 4
    revision = paper_revision.run(small.inputs_of(paper_revision.Inputs, outputs), world)
    refused = [answer for answer in revision.answers if not answer.done]
    assert [answer.id for answer in revision.answers] == [weakness.id for weakness in outputs[Reviews].required]
    assert all("rule-based researcher has no rule" in answer.answer or "Refused" in answer.answer for answer in refused)
    assert "All runs read the same corpus" in revision.manuscript.markdown
    again = peer_review.run(small.inputs_of(peer_review.Inputs, {**outputs, type(revision.manuscript): revision.manuscript}), world)
    assert {weakness.text for weakness in again.required if weakness.reviewer != "mechanical"} == set()


REFUSED = {
    "an absent passage": ("A sentence that nobody wrote.", "More.", "0 times"),
    "a passage that stands twice": ("the baseline", "the reference", "times in the manuscript, not once"),
    "a typed numeral": (SENTENCE, f"{SENTENCE} It took 37 hours.", "numerals 37"),
    "a number word": (SENTENCE, f"{SENTENCE} It took twelve hours.", "twelve"),
    "an invented citation": (SENTENCE, f"{SENTENCE} Others did so too [@nobody2020made].", "nobody2020made"),
    "an invented value": (SENTENCE, f"{SENTENCE} It reached {{{{warmup.val_bpb.mean|f3}}}} bpb.", "no value"),
    "a claim against the record": (SENTENCE, f"{SENTENCE} Linear decay beats the baseline.", "'beats' claims something"),
    "no patch": ("", "", "0 times"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_patch_that_the_record_does_not_allow_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    before, after, reason = REFUSED[name]
    revision = revised(tmp_path, patch(before, after))
    (answer,) = revision.answers
    assert not answer.done
    assert reason in answer.answer
    assert revision.manuscript.markdown == revised(tmp_path, required=()).manuscript.markdown


def test_a_refused_patch_gets_a_second_try_and_no_third(tmp_path: Path) -> None:
    asked: list[RevisionQuestion] = []

    def stubborn(question: RevisionQuestion) -> RevisionAnswers:
        asked.append(question)
        return patch("absent", "still absent")(question)

    revised(tmp_path, stubborn)
    assert len(asked) == 2
    assert "0 times" in asked[1].refused[0].answer


def test_an_answer_for_every_id_and_for_no_other(tmp_path: Path) -> None:
    stranger = ChangeAnswer(id="w2", done=False, answer="No.")
    with pytest.raises(MalformedAnswer, match="w1"):
        revised(tmp_path, lambda _: RevisionAnswers(answers=(stranger,)))


def test_guidance_is_followed_or_its_refusal_is_on_record(tmp_path: Path) -> None:
    revision = revised(
        tmp_path,
        required=(),
        guidance=('Please replace "Adam was used throughout" with "Adam was used in every run"', "Make it more exciting."),
    )
    assert "Adam was used in every run [@kingma2015adam]." in revision.manuscript.markdown
    followed, unheeded = revision.answers
    assert (followed.id, followed.done) == ("guidance_1", True)
    assert (unheeded.id, unheeded.done) == ("guidance_2", False)
    assert "Make it more exciting." in unheeded.answer


def test_a_patch_with_a_typed_number_that_the_record_holds_is_applied_by_reference(tmp_path: Path) -> None:
    typed = "Over five seeds, linear decay reaches 2.234 bpb."
    revision = revised(tmp_path, patch(SENTENCE, f"{SENTENCE} {typed}"))
    (answer,) = revision.answers
    (one,) = revision.manuscript.bound
    assert answer.done
    assert one.typed == typed
    assert one.bound == "Over {{linear.val_bpb.n|words}} seeds, linear decay reaches {{linear.val_bpb.mean|f3}} bpb."
    assert answer.after == f"{SENTENCE} {one.bound}"
    assert one.bound in revision.manuscript.markdown


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("Linear decay reaches 2.274 bpb.", "no reference is proposed: '2.274'"),
        ("Linear decay with restarts reaches 2.234 bpb.", "write {{linear.val_bpb.mean|f3}} for '2.234'"),
    ],
)
def test_a_refused_patch_says_which_reference_to_write_or_why_there_is_none(typed: str, says: str, tmp_path: Path) -> None:
    revision = revised(tmp_path, patch(SENTENCE, f"{SENTENCE} {typed}"))
    (answer,) = revision.answers
    assert not answer.done
    assert says in answer.answer
    assert not revision.manuscript.bound
