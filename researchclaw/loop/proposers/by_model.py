"""A language model or an agent proposes: one focused change as search/replace edits, with history, lessons and failures in view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from researchclaw.loop.door import DoorClosedError, check_path, in_scope
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion
from stages.contracts import Contract
from stages.ports import LanguageModel, Question

_FILE_CHARACTERS, _ALL_CHARACTERS, _ATTEMPTS, _LESSONS = 60_000, 160_000, 25, 10


class TriedBefore(Contract):
    """An attempt as the prompt tells it."""

    number: int
    verdict: str
    hypothesis: str
    gain: float | None
    reason: str


class SourceFile(Contract):
    path: str
    text: str


class ChangeQuestion(Question):
    """Which single change of these files is worth a try?"""

    template: ClassVar[str] = "loop/change.md.j2"

    goal: str
    metric: str
    direction: str
    scope: tuple[str, ...]
    files: tuple[SourceFile, ...]
    left_out: tuple[str, ...] = Field(description="Files in scope that are too long to show.")
    tried: tuple[TriedBefore, ...]
    lessons: tuple[str, ...]
    strategy: str
    failed: str | None = Field(description="What went wrong with the attempt that is to be repaired.")
    failed_files: tuple[SourceFile, ...] = ()

    def faults(self, answer: Any) -> Iterator[str]:
        """An edit that does not fit the files, or leaves the scope, is asked for again before it costs an attempt."""
        if isinstance(answer, Change):
            try:
                edited({file.path: file.text for file in self.files}, answer.edits)
            except DoorClosedError as exc:
                yield str(exc)
            yield from (f"{edit.path} is out of scope" for edit in answer.edits if not in_scope(edit.path, self.scope))


class Edit(Contract):
    """Replace `search`, which must stand in the file exactly once, by `replace`; an empty `search` writes a new file."""

    path: str = Field(max_length=1000)
    search: str = Field(max_length=60_000)
    replace: str = Field(max_length=60_000)


class Change(Contract):
    hypothesis: str = Field(min_length=1, max_length=400, description="What the change is and why it should help, in one sentence.")
    kind: str = Field(pattern=r"^[a-z][a-z0-9 _-]{0,40}$", description="Kind of idea in a few words, e.g. 'learning rate'.")
    edits: tuple[Edit, ...] = Field(min_length=1, max_length=12)


class ModelProposer:
    """Asks a `LanguageModel`; what it answers is text that goes through the door like anybody's."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    def propose(self, situation: Situation) -> Suggestion | None:
        """See `Proposer.propose`.

        Raises:
            MalformedAnswer, SourceUnavailable, BudgetSpent: see `LanguageModel.ask`.
        """
        return self._suggestion(situation, self._model.ask(question(situation, None), answer=Change))

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        """See `Proposer.mend`."""
        return self._suggestion(situation, self._model.ask(question(situation, failure), answer=Change))

    def _suggestion(self, situation: Situation, change: Change) -> Suggestion:
        hypothesis = " ".join(change.hypothesis.split())
        return Suggestion(operator=f"{change.kind} idea", hypothesis=hypothesis, files=edited(situation.files, change.edits))


def question(situation: Situation, failure: Failure | None) -> ChangeQuestion:
    """Everything that the model is told."""
    plan, history = situation.plan, situation.history
    shown, left_out = _shown(situation.files)
    lessons = sorted((*history.started.lessons, *history.learned), key=lambda lesson: (-lesson.helped, lesson.at))[:_LESSONS]
    now = history.standing
    strategy = (
        "Nothing has helped for long: leave the present line of thought, try something of another kind."
        if now.pivots
        else "Several attempts in a row failed: vary the most promising one in smaller steps."
        if now.refined
        else "Choose the change with the largest expected gain."
    )
    return ChangeQuestion(
        goal=plan.goal,
        metric=plan.metric,
        direction=plan.direction,
        scope=plan.scope,
        files=shown,
        left_out=left_out,
        tried=tuple(
            TriedBefore(number=a.number, verdict=a.verdict, hypothesis=a.hypothesis[:300], gain=a.gain, reason=a.reason[:300])
            for a in history.attempts[-_ATTEMPTS:]
        ),
        lessons=tuple(f"{lesson.strategy}: {lesson.insight} ({lesson.context})" for lesson in lessons),
        strategy=strategy,
        failed=f"{failure.kind}: {failure.reason}" if failure else None,
        failed_files=_shown({p: t for p, t in failure.files.items() if situation.files.get(p) != t})[0] if failure else (),
    )


def _shown(files: Mapping[str, str]) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    shown: list[SourceFile] = []
    left_out: list[str] = []
    room = _ALL_CHARACTERS
    for path, text in sorted(files.items(), key=lambda item: (len(item[1]), item[0])):
        if len(text) <= min(room, _FILE_CHARACTERS):
            shown.append(SourceFile(path=path, text=text))
            room -= len(text)
        else:
            left_out.append(path)
    return tuple(sorted(shown, key=lambda file: file.path)), tuple(left_out)


def edited(files: Mapping[str, str], edits: tuple[Edit, ...]) -> dict[str, str]:
    """The files after the edits, one after the other.

    Raises:
        DoorClosedError: an edit does not fit the files.
    """
    now = dict(files)
    changed: dict[str, str] = {}
    for edit in edits:
        check_path(edit.path)
        if edit.search == "":
            if edit.path in now:
                raise DoorClosedError(f"{edit.path} exists; an edit without a search text writes a new file")
            now[edit.path] = changed[edit.path] = edit.replace
            continue
        if edit.path not in now:
            raise DoorClosedError(f"{edit.path} is not among the files in scope")
        count = now[edit.path].count(edit.search)
        if count != 1:
            raise DoorClosedError(f"the search text of an edit stands {count} times in {edit.path}; it must stand once")
        now[edit.path] = changed[edit.path] = now[edit.path].replace(edit.search, edit.replace)
    return changed
