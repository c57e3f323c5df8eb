"""`researchclaw edit`: a person's version of an output, at the gate where the run waits or at any stage that is done."""

from __future__ import annotations

from pathlib import Path

from researchclaw.edits import EditRefused, check_editable, edited_output
from researchclaw.gates import edited, person
from researchclaw.questions import question_of
from researchclaw.run_store import RunStore, now
from stages.contracts import Contract, GateAnswer
from stages.errors import SettingsError
from stages.stage import Stage


def read_edit(store: RunStore, stage: Stage, file: Path | None) -> Contract:
    """The person's version, from a file or from their editor.

    Raises:
        SettingsError: the stage has left no output, or the file cannot be read.
        EditRefused: it cannot take the output's place.
    """
    before = _now(store, stage)
    check_editable(stage.output)
    if file is None:
        text = edited(before.model_dump_json(indent=2))
    else:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsError(f"--from: {file} cannot be read ({getattr(exc, 'strerror', None) or 'not UTF-8 text'}).") from exc
    try:
        return edited_output(before, text)
    except EditRefused as exc:
        raise EditRefused(f"stage {stage.number} is left as it was: {exc}.") from exc


def put_in_place(store: RunStore, stage: Stage, output: Contract, comment: str) -> int | None:
    """Record the version as a person's; the process that goes on with it, when one is waiting for it.

    Raises:
        GateAlreadyAnswered: somebody has decided in the meantime.
        RunLocked: a process is at work on the run.
    """
    gate = store.gate(stage.number)
    answer = GateAnswer(stage=stage.number, decision="edit", comment=comment, by=person(), via="command line", at=now())
    if gate is not None and gate.answer is None:
        store.answer(answer, (stage, output))
        at_work = store.holder()
        return None if at_work is None else at_work.pid
    with store.lock():
        found = store.output(stage)
        if found is None:
            raise SettingsError(f"stage {stage.number} ({stage.name}) has left no output that could be edited.")
        store.write_edited(stage, found, output, answer.by)
        if gate is not None:  # what was decided there was about another version
            store.replace_gate(question_of(stage, output), answer)
    return None


def _now(store: RunStore, stage: Stage) -> Contract:
    found = store.output(stage)
    if found is None:
        raise SettingsError(f"stage {stage.number} ({stage.name}) has left no output yet; `researchclaw status {store.reference}`.")
    return stage.output.model_validate(found.output)
