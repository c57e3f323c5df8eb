"""What the folder's readers are told of the record."""

from stages.contracts import Lesson
from stages.h_finalization.reports import reproduce_markdown

LESSON = Lesson(
    strategy="The lasso lowers it.", outcome="undecided: The interval includes zero.", insight="More seeds.", context="here"
)


def test_a_lesson_is_a_sentence_with_one_period() -> None:
    text = reproduce_markdown(("researchclaw run",), (LESSON,), ())
    assert "- The lasso lowers it: undecided: The interval includes zero. More seeds. (here)" in text


def test_a_study_with_a_written_kit_needs_a_language_model() -> None:
    assert "This needs a language model" in reproduce_markdown(("researchclaw run",), (), (), written=True)
    assert "language model" not in reproduce_markdown(("researchclaw run",), (), ())
