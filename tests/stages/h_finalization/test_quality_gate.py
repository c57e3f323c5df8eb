"""The gate passes a sound text, names what is wrong with another, and freezes what it saw."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import BoundSentence, ChangeAnswer, Manuscript, QualityReport, Reviews, RevisedManuscript, Weakness
from stages.h_finalization import quality_gate

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))
ASKED = Weakness(id="w1", reviewer="method", quote="x", text="Thin.", severity="major", required_change="Say more.")


def report(tmp_path: Path, markdown: str = "", answers: tuple[ChangeAnswer, ...] = (), *, asked: bool = False) -> QualityReport:
    outputs = small.record()
    manuscript = outputs[Manuscript].model_copy(update={"markdown": markdown or small.MARKDOWN})
    outputs[RevisedManuscript] = RevisedManuscript(manuscript=manuscript, answers=answers)
    outputs[Reviews] = Reviews(reviews=(), required=(ASKED,) if asked else ())
    return quality_gate.run(small.inputs_of(quality_gate.Inputs, outputs), small.context(tmp_path))


def failed(found: QualityReport) -> dict[str, str]:
    return {check.name: check.detail for check in found.checks if not check.passed}


def test_the_small_text_fails_only_for_what_it_lacks(tmp_path: Path) -> None:
    found = failed(report(tmp_path))
    assert set(found) == {"figures and tables", "sections", "length"}
    assert "no section 'Introduction'" in found["sections"]
    assert "abstract has" in found["length"]
    assert "1 figures; at least 3" in found["figures and tables"]


BROKEN = {
    "values": ("{{cosine.val_bpb.mean|f3}}", "{{warmup.val_bpb.mean|f3}}"),
    "language": ("suits cosine decay.", "suits cosine decay. It took 37 hours."),
    "claims": ("Linear decay {{cmp(linear,cosine).val_bpb}} the baseline.", "Linear decay beats the baseline."),
    "citations": ("@kingma2015adam", "@nobody2020made"),
    "figures and tables": ("@tbl:main gives", "@tbl:other gives"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_fails_its_check(name: str, tmp_path: Path) -> None:
    old, new = BROKEN[name]
    assert old in small.MARKDOWN
    found = report(tmp_path, small.MARKDOWN.replace(old, new, 1))
    assert name in failed(found)
    assert not found.passed


def test_a_number_that_a_person_typed_into_the_text_gets_its_reference_told(tmp_path: Path) -> None:
    old = "Adam was used throughout [@kingma2015adam]."
    typed = small.MARKDOWN.replace(old, f"{old} Linear decay reaches 2.234 bpb. The baseline reaches 2.234 bpb.")
    said = failed(report(tmp_path, typed))["language"]
    assert "write {{linear.val_bpb.mean|f3}} for '2.234'" in said
    assert "no reference is proposed: '2.234'" in said


def test_what_was_put_by_reference_is_shown_to_a_person(tmp_path: Path) -> None:
    outputs = small.record()
    one = BoundSentence(place="sec:results", typed="It reaches 2.234 bpb.", bound="It reaches {{linear.val_bpb.mean|f3}} bpb.")
    manuscript = outputs[Manuscript].model_copy(update={"bound": (one,)})
    outputs[RevisedManuscript] = RevisedManuscript(manuscript=manuscript, answers=())
    outputs[Reviews] = Reviews(reviews=(), required=())
    found = quality_gate.run(small.inputs_of(quality_gate.Inputs, outputs), small.context(tmp_path))
    assert any(one.bound in line and one.typed in line for line in found.for_a_person)


def test_a_required_change_without_an_answer_fails_and_a_refusal_goes_to_a_person(tmp_path: Path) -> None:
    assert "w1 was not answered" in failed(report(tmp_path, asked=True))["required changes"]
    refused = ChangeAnswer(id="w1", done=False, answer="The record does not hold it.")
    found = report(tmp_path, answers=(refused,), asked=True)
    assert "required changes" not in failed(found)
    assert any("w1 was not done" in line for line in found.for_a_person)


def test_the_question_shows_what_failed_and_that_approval_does_not_lift_it(tmp_path: Path) -> None:
    asked = quality_gate.question(report(tmp_path))
    assert asked.stage == 20
    assert "**failed**: sections" in asked.body
    assert "Approving does not lift them" in asked.body


def test_any_change_of_the_text_changes_its_hash(tmp_path: Path) -> None:
    one, other = report(tmp_path), report(tmp_path, small.MARKDOWN.replace("suits", "fits"))
    assert one.manuscript_sha256 != other.manuscript_sha256
    assert one.manuscript_sha256 == report(tmp_path).manuscript_sha256


def test_a_small_study_needs_fewer_words_than_a_large_one() -> None:
    comparison = SimpleNamespace(ci95_low=-0.1)
    metric = SimpleNamespace(name="val_bpb")

    def record(tested: int, untested: int = 0) -> SimpleNamespace:
        findings = [SimpleNamespace(comparison=f"c{number}") for number in range(tested + untested)]
        comparisons = {f"c{number}": {"val_bpb": comparison} for number in range(tested)}
        return SimpleNamespace(results=SimpleNamespace(comparisons=comparisons, metric=metric), findings=findings)

    least = [quality_gate.fewest_words(record(tested)) for tested in range(8)]
    assert least == sorted(least)
    assert least[1] < least[3] < quality_gate.PAPER_WORDS[0]
    assert least[-1] == quality_gate.PAPER_WORDS[0]
    assert quality_gate.fewest_words(record(1, untested=3)) == least[1]
