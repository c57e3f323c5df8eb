"""A mind that only remembers: answers that an earlier run's journal holds, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from researchclaw.journal import entries, request_key
from researchclaw.replay import MODEL_CALL
from stages.contracts import Contract
from stages.errors import MalformedAnswer, ModelUnavailable, SettingsError
from stages.ports import Question

Answer = TypeVar("Answer", bound=Contract)


class CannedModel:
    """`stages.ports.LanguageModel` from a journal."""

    def __init__(self, path: Path) -> None:
        """path: a journal.jsonl, or the folder of a run.

        Raises:
            SettingsError: there is no journal, or it holds no answer of a model.
            JournalDamaged: it is not as it was written.
        """
        file = path / "journal.jsonl" if path.is_dir() else path
        if not file.is_file():
            raise SettingsError(f"llm.answers: {path} is no run folder and no journal; give the folder of a finished run.")
        found = [entry for entry in entries(file) if entry.kind.startswith(MODEL_CALL)]
        if not found:
            raise SettingsError(f"llm.answers: {file} holds no answer of a model.")
        self.name = found[-1].kind.removeprefix(MODEL_CALL)
        """That of the mind whose answers these are: nobody else has thought."""
        self._answers: dict[str | None, JsonValue] = {entry.key: entry.body for entry in found}

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        """The answer on record.

        Raises:
            ModelUnavailable: this very question was never answered.
            MalformedAnswer: the record is of another version of the program.
        """
        key = request_key(question)
        if key not in self._answers:
            raise ModelUnavailable(
                f"the recorded answers hold none to this {type(question).__name__}; ask a model instead (llm.provider)."
            )
        try:
            return answer.model_validate(self._answers[key])
        except ValidationError as exc:
            raise MalformedAnswer(f"the recorded answer to {type(question).__name__} is of another version of researchclaw") from exc
