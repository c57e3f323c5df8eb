"""Where a person decides: approved by flag, asked at the terminal, or left waiting for a command."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import ValidationError

from researchclaw.run_store import GateAlreadyAnswered, RunStore, now
from stages.contracts import Contract, GateAnswer, GateQuestion, Guidance
from stages.errors import SettingsError, WaitingAtGate
from stages.stage import Stage

Via = Literal["auto-approve", "terminal", "command line", "prefect ui"]


class Gatekeeper(Protocol):
    """Gets the decision at a gate."""

    def decide(self, stage: Stage, output: Contract, question: GateQuestion) -> GateAnswer:
        """The decision, recorded in gates/NN.json.

        Raises:
            WaitingAtGate: nobody is there to decide; the question is written down.
        """
        ...


def person() -> str:
    """The user's login name, as the record names who decided."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry in the password file
        return f"uid {os.getuid()}"


@dataclass(frozen=True)
class AutoApprove:
    """Approves, and says in the record that nobody looked."""

    store: RunStore

    def decide(self, stage: Stage, output: Contract, question: GateQuestion) -> GateAnswer:
        answer = GateAnswer(
            stage=stage.number, decision="approve", comment="Not read by a person.", by="--auto-approve", via="auto-approve", at=now()
        )
        return _first(self.store, answer)


@dataclass(frozen=True)
class LeaveWaiting:
    """Nobody is at a terminal: the process ends, the question stays."""

    store: RunStore

    def decide(self, stage: Stage, output: Contract, question: GateQuestion) -> GateAnswer:
        run = self.store.reference
        raise WaitingAtGate(
            f"waiting at gate {stage.number} ({stage.name}): read {self.store.folder / 'gates'}/{stage.number:02d}.json, then "
            f'`researchclaw approve {run}` or `researchclaw reject {run} --reason "…"`, then `researchclaw resume {run}`.'
        )


@dataclass(frozen=True)
class AtTerminal:
    """Asks the person who is sitting there.

    show: puts Markdown on the screen. ask: a line typed by the person, '' at an empty line.
    """

    store: RunStore
    show: Callable[[str], None]
    ask: Callable[[str], str]

    def decide(self, stage: Stage, output: Contract, question: GateQuestion) -> GateAnswer:
        try:
            return self._asked(stage, output, question)
        except EOFError:  # Ctrl-D at any question
            return LeaveWaiting(self.store).decide(stage, output, question)

    def _asked(self, stage: Stage, output: Contract, question: GateQuestion) -> GateAnswer:
        self.show(f"# Gate {stage.number}: {question.title}\n\n{question.body}")
        while True:
            word = self.ask("[a]pprove, [r]eject, [e]dit, [v]iew, [g]uide a later stage, [q]uit and decide later: ").strip().lower()
            if word in ("a", "approve"):
                return self._answer(stage, "approve", self.ask("Comment (may be empty): ").strip())
            if word in ("r", "reject"):
                reason = self.ask("Reason (the stage that made this will be told): ").strip()
                if reason:
                    return self._answer(stage, "reject", reason)
                self.show("A rejection needs a reason.")
            elif word in ("e", "edit"):
                if self._edit(stage, output):
                    return self._answer(stage, "edit", self.ask("What did you change, and why? ").strip())
            elif word in ("v", "view"):
                self.show(f"```json\n{output.model_dump_json(indent=2)}\n```")
            elif word in ("g", "guide"):
                self._guide(stage)
            elif word in ("q", "quit"):
                return LeaveWaiting(self.store).decide(stage, output, question)
            else:
                self.show("Please type a, r, e, v, g or q.")

    def _answer(self, stage: Stage, decision: Literal["approve", "reject", "edit"], comment: str) -> GateAnswer:
        answer = GateAnswer(stage=stage.number, decision=decision, comment=comment, by=person(), via="terminal", at=now())
        return _first(self.store, answer, self.show)

    def _guide(self, stage: Stage) -> None:
        number = self.ask(f"Stage to guide ({stage.number + 1} or later): ").strip()
        if not number.isdecimal() or int(number) <= stage.number:
            self.show("Only a stage that has not run yet can be guided here; reject to change an earlier one.")
            return
        message = self.ask("Message: ").strip()
        if message:
            self.store.add_guidance(Guidance(stage=int(number), message=message, by=person()))

    def _edit(self, stage: Stage, output: Contract) -> bool:
        """Open the output in the person's editor; True when a valid, changed version was saved."""
        before = self.store.output(stage)
        assert before is not None
        text = output.model_dump_json(indent=2)
        while True:
            text = edited(text)
            try:
                changed = stage.output.model_validate_json(text)
            except ValidationError as exc:
                first = exc.errors()[0]
                place = ".".join(str(part) for part in first["loc"]) or "the text"
                self.show(f"Not saved: {place}: {first['msg']}.")
                if self.ask("Edit again? [y/n] ").strip().lower() in ("y", "yes"):
                    continue
                return False
            if changed == output:
                self.show("Nothing was changed.")
                return False
            self.store.write_edited(stage, before, changed, person())
            return True


def edited(text: str) -> str:
    """The text as the person's editor ($VISUAL, $EDITOR, else vi) left it.

    Raises:
        SettingsError: the editor cannot be started.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.NamedTemporaryFile("w+", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            subprocess.run([*shlex.split(command), file.name], check=True)
        except (OSError, subprocess.CalledProcessError) as exc:
            raise SettingsError(f"the editor '{command}' did not work ({exc}); set EDITOR.") from exc
        return Path(file.name).read_text(encoding="utf-8")


def _first(store: RunStore, answer: GateAnswer, show: Callable[[str], None] = lambda _: None) -> GateAnswer:
    """The recorded decision: ours, or that of somebody who was faster."""
    try:
        return store.answer(answer)
    except GateAlreadyAnswered as exc:
        show(str(exc))
        return exc.first


def answer_by_command(store: RunStore, decision: Literal["approve", "reject"], comment: str, number: int | None = None) -> GateAnswer:
    """Decide at the gate that the run waits at, or at gate `number`.

    Raises:
        SettingsError: the run waits at no gate, or never asked at this one.
        GateAlreadyAnswered: somebody was faster.
    """
    if number is None:
        waiting = store.waiting_gates()
        if not waiting:
            answered = [gate for n in range(99, 0, -1) if (gate := store.gate(n)) is not None and gate.answer is not None]
            if answered and answered[0].answer is not None and store.info().status == "waiting":
                raise GateAlreadyAnswered(answered[0].answer)
            raise SettingsError(f"{store.run_id} waits at no gate; its status is '{store.info().status}'.")
        number = waiting[0].question.stage
    return store.answer(GateAnswer(stage=number, decision=decision, comment=comment, by=person(), via="command line", at=now()))
