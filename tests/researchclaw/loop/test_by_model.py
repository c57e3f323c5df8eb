"""A language model as the proposer: what it is told, what it may answer, and that its answers go through the door."""

from pathlib import Path
from types import ModuleType

import jinja2
import pytest

from researchclaw.loop.door import DoorClosedError
from researchclaw.loop.proposers.by_model import Change, ChangeQuestion, Edit, ModelProposer, SourceFile, edited
from stages.contracts import Contract
from stages.ports import Answer, Question

PROMPTS = Path(__file__).parents[3] / "templates" / "prompts"
FILES = {"a.py": "x = 1\ny = 1\n"}


def test_an_edit_replaces_what_stands_there_exactly_once_or_writes_a_new_file() -> None:
    edits = (Edit(path="a.py", search="x = 1", replace="x = 2"), Edit(path="b.py", search="", replace="z\n"))
    assert edited(FILES, edits) == {"a.py": "x = 2\ny = 1\n", "b.py": "z\n"}


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit(path="a.py", search="= 1", replace=""), "stands 2 times"),
        (Edit(path="a.py", search="q", replace=""), "stands 0 times"),
        (Edit(path="a.py", search="", replace="new"), "exists"),
        (Edit(path="judge.py", search="1", replace=""), "not among the files in scope"),
        (Edit(path="../a.py", search="", replace="x"), "no path inside"),
        (Edit(path=".git/hooks/pre-commit", search="", replace="x"), "git's own files"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit: Edit, why: str) -> None:
    with pytest.raises(DoorClosedError, match=why):
        edited(FILES, (edit,))


class CannedModel:
    """Answers in order, and keeps the questions as a model would see them."""

    name = "canned"

    def __init__(self, *changes: Change) -> None:
        self.changes, self.prompts = list(changes), list[str]()

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        assert isinstance(question, ChangeQuestion)
        strict = jinja2.Environment(loader=jinja2.FileSystemLoader(PROMPTS), undefined=jinja2.StrictUndefined)
        values: dict[str, object] = {name: getattr(question, name) for name in ChangeQuestion.model_fields}
        self.prompts.append(strict.get_template(question.template).render(**values, marker="0123"))
        found: Contract = self.changes.pop(0)
        assert isinstance(found, answer)
        return found


def test_an_answer_that_does_not_fit_is_asked_for_again_with_the_reason() -> None:
    files = (SourceFile(path="a.py", text="x = 1\n"),)
    question = ChangeQuestion(
        goal="g",
        metric="m",
        direction="lower",
        scope=("a.py",),
        files=files,
        left_out=(),
        tried=(),
        lessons=(),
        strategy="s",
        failed=None,
    )
    assert not list(question.faults(change("x = 1", "x = 2", "a.py")))
    assert list(question.faults(change("q", "x = 2", "a.py"))) == [
        "the search text of an edit stands 0 times in a.py; it must stand once"
    ]
    assert list(question.faults(change("", "x = 2", "b.py"))) == ["b.py is out of scope"]


def change(search: str, replace: str, path: str = "train.py") -> Change:
    return Change(hypothesis="because of this", kind="idea", edits=(Edit(path=path, search=search, replace=replace),))


def test_a_model_sees_history_and_failures_and_its_changes_are_measured_by_us(toy: ModuleType, tmp_path: Path) -> None:
    model = CannedModel(
        change("x", "y", "judge.py"),
        change("BATCH_SIZE = 32", "BATCH_SIZE = crash"),
        change("BATCH_SIZE = 32", "BATCH_SIZE = 8"),
        change("TABLES = 0", "TABLES = 2"),
    )
    the_run, repository = toy.begun(tmp_path, toy.plan(iterations=3))
    history = toy.worked(the_run, toy.FormulaScorer(repository, repeatable=True), ModelProposer(model)).history
    assert [(a.verdict, a.repairs) for a in history.attempts] == [("rejected", 0), ("keep", 1), ("keep", 0)]
    assert "===== train.py\nLEARNING_RATE = 0.001" in model.prompts[0]
    assert "judge.py" not in model.prompts[0]
    assert "- 1 rejected: refused at the door (judge.py is not among the files in scope)" in model.prompts[1]
    assert "crash: exit code 1: NameError at line 7" in model.prompts[2]
    assert "BATCH_SIZE = crash" in model.prompts[2]
    assert "- 2 keep, gain 0.2" in model.prompts[3]
    assert history.started.plan.metric == "loss"
