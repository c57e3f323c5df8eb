"""Where a person decides: approved by flag, at the terminal, in the UI of a server, or by a command; the first answer counts."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from researchclaw.edits import EditRefused, check_editable, edited_output
from researchclaw.gate_forms import Decided
from researchclaw.run_store import GateAlreadyAnswered, RunStore, now
from stages.contracts import Contract, GateAnswer, GateQuestion, Guidance
from stages.errors import SettingsError, WaitingAtGate
from stages.stage import Stage


class Gatekeeper(Protocol):
    """Gets the decision at a gate."""

    def decide(self, stage: Stage, output: Contract, question: GateQuestion, *, suspend: bool = False) -> GateAnswer:
        """The decision, recorded in gates/NN.json.

        suspend: put the question down where people will find it, and wait for nobody.
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
    by: str = "--auto-approve"

    def decide(self, stage: Stage, output: Contract, question: GateQuestion, *, suspend: bool = False) -> GateAnswer:
        answer = GateAnswer(
            stage=stage.number, decision="approve", comment="Not read by a person.", by=self.by, via="auto-approve", at=now()
        )
        return _first(self.store, answer)


def waiting(store: RunStore, stage: Stage, why: str = "waiting") -> WaitingAtGate:
    run = store.reference
    return WaitingAtGate(
        f"{why} at gate {stage.number} ({stage.name}): read {store.folder / 'gates'}/{stage.number:02d}.json, then "
        f'`researchclaw approve {run}` or `researchclaw reject {run} --reason "…"`, then `researchclaw resume {run}`.'
    )


@dataclass(frozen=True)
class LeaveWaiting:
    """Nobody is at a terminal: the process ends, the question stays."""

    store: RunStore

    def decide(self, stage: Stage, output: Contract, question: GateQuestion, *, suspend: bool = False) -> GateAnswer:
        raise waiting(self.store, stage)


def no_way_back(number: int) -> str:
    return f"stage {number} cannot be sent back: no stage up to it reads a person's words; edit its output instead."


class AnsweredElsewhere(Exception):
    """Raised into a prompt that waits: somebody has decided in another way."""

    def __init__(self, answer: GateAnswer) -> None:
        super().__init__(f"gate {answer.stage}: {answer.decision} by {answer.by} ({answer.via})")
        self.answer = answer


Look = Callable[[], None]
"""To be called about once a second while a prompt waits.

Raises:
    AnsweredElsewhere, WaitingAtGate: the prompt is to be given up.
"""


@dataclass(frozen=True)
class AtTerminal:
    """Asks the person who is sitting there, as long as nobody decides in another way.

    show: puts Markdown on the screen. ask: a line typed by the person, '' at an empty line.
    """

    store: RunStore
    show: Callable[[str], None]
    ask: Callable[[str, Look], str]
    check_guided: Callable[[int], None] = lambda _: None
    """Raises SettingsError for a stage that would not read a person's words."""

    def decide(
        self, stage: Stage, output: Contract, question: GateQuestion, look: Look | None = None, *, suspend: bool = False
    ) -> GateAnswer:
        if suspend:
            raise waiting(self.store, stage)
        watch = look or (lambda: _raise_if_answered(self.store, stage.number))
        try:
            return self._asked(stage, output, question, watch)
        except AnsweredElsewhere as exc:
            self.show(f"Answered elsewhere: {exc}.")
            return exc.answer
        except EOFError as exc:  # Ctrl-D at any question
            raise waiting(self.store, stage) from exc

    def _asked(self, stage: Stage, output: Contract, question: GateQuestion, look: Look) -> GateAnswer:
        self.show(f"# Gate {stage.number}: {question.title}\n\n{question.body}")
        while True:
            prompt = "[a]pprove, [r]eject, [e]dit, [v]iew, [g]uide a later stage, [q]uit and decide later: "
            word = self.ask(prompt, look).strip().lower()
            if word in ("a", "approve"):
                return self._answer(stage, "approve", self.ask("Comment (may be empty): ", look).strip())
            if word in ("r", "reject") and not question.may_reject:
                self.show(no_way_back(stage.number))
            elif word in ("r", "reject"):
                reason = self.ask("Reason (the stage that made this will be told): ", look).strip()
                if reason:
                    return self._answer(stage, "reject", reason)
                self.show("A rejection needs a reason.")
            elif word in ("e", "edit"):
                changed = self._edit(stage, output, look)
                if changed is not None:
                    return self._answer(stage, "edit", self.ask("What did you change, and why? ", look).strip(), changed)
            elif word in ("v", "view"):
                self.show(f"```json\n{output.model_dump_json(indent=2)}\n```")
            elif word in ("g", "guide"):
                self._guide(stage, look)
            elif word in ("q", "quit"):
                raise waiting(self.store, stage)
            else:
                self.show("Please type a, r, e, v, g or q.")

    def _answer(
        self, stage: Stage, decision: Literal["approve", "reject", "edit"], comment: str, changed: Contract | None = None
    ) -> GateAnswer:
        answer = GateAnswer(stage=stage.number, decision=decision, comment=comment, by=person(), via="terminal", at=now())
        return _first(self.store, answer, self.show, None if changed is None else (stage, changed))

    def _guide(self, stage: Stage, look: Look) -> None:
        given = self.ask(f"Stage to guide ({stage.number + 1} or later): ", look).strip()
        if not given.isdecimal() or int(given) <= stage.number:
            self.show("Only a stage that has not run yet can be guided here; reject to change an earlier one.")
            return
        try:
            self.check_guided(int(given))
        except SettingsError as exc:
            self.show(f"{str(exc)[0].upper()}{str(exc)[1:]}")
            return
        message = self.ask("Message: ", look).strip()
        if message:
            self.store.add_guidance(Guidance(stage=int(given), message=message, by=person()))

    def _edit(self, stage: Stage, output: Contract, look: Look) -> Contract | None:
        """Open the output in the person's editor; the changed version when a valid one was saved."""
        text = output.model_dump_json(indent=2)
        try:
            check_editable(stage.output)
        except EditRefused as exc:
            self.show(str(exc))
            return None
        while True:
            text = edited(text)
            try:
                return edited_output(output, text)
            except EditRefused as exc:
                self.show(f"Not saved: {exc}.")
                if self.ask("Edit again? [y/n] ", look).strip().lower() not in ("y", "yes"):
                    return None


class OpenForm(Protocol):
    """A form that stands in the UI of a server while the run waits."""

    link: str

    def filled(self) -> Decided | None:
        """What a person submitted; None while nobody has. A form that is no decision is shown again, with the reason.

        Raises:
            WaitingAtGate: the run was cancelled there.
        """
        ...

    def close(self, answer: GateAnswer) -> None:
        """The gate is decided: the form goes away; who submitted it too late is told so."""
        ...


@dataclass(frozen=True)
class Anywhere:
    """Waits for whoever answers first: the form in the UI, a command from another terminal, the prompt.

    prompt: None where nobody sits at a terminal. timeout_s: None waits for ever. tell: a line for the person.
    """

    store: RunStore
    open_form: Callable[[Stage, Contract], OpenForm]
    prompt: AtTerminal | None
    timeout_s: float | None
    tell: Callable[[str], None]
    look_every_s: float = 0.5
    ask_server_every: int = 4
    """Looks at the gate's file for each question to the server (measured together: see docs/server.md)."""

    def decide(self, stage: Stage, output: Contract, question: GateQuestion, *, suspend: bool = False) -> GateAnswer:
        form = self.open_form(stage, output)
        until = None if self.timeout_s is None else time.monotonic() + self.timeout_s
        looks = 0

        def look() -> None:
            nonlocal looks
            _raise_if_answered(self.store, stage.number)
            if looks % self.ask_server_every == 0 and (decided := form.filled()) is not None:
                raise AnsweredElsewhere(from_ui(self.store, stage, decided, self.tell))
            looks += 1
            if until is not None and time.monotonic() > until:
                raise waiting(self.store, stage, f"no answer within {self.timeout_s:g} s (gates.timeout); waiting")

        if suspend:
            raise waiting(self.store, stage, f"suspended: fill in {form.link}, or decide by command; waiting")
        self.tell(f"gate {stage.number} waits: {form.link} or `researchclaw approve {self.store.reference}`")
        answer = self._wait(look) if self.prompt is None else self.prompt.decide(stage, output, question, look)
        form.close(answer)
        return answer

    def _wait(self, look: Look) -> GateAnswer:
        while True:
            try:
                look()
            except AnsweredElsewhere as exc:
                return exc.answer
            time.sleep(self.look_every_s)


def from_ui(store: RunStore, stage: Stage, decided: Decided, tell: Callable[[str], None]) -> GateAnswer:
    """The recorded decision: that of the form, or that of somebody who was faster."""
    answer = GateAnswer(
        stage=stage.number,
        decision=decided.decision,
        comment=decided.comment,
        changes=decided.changes,
        by=decided.by,
        via="prefect ui",
        at=now(),
    )
    return _first(store, answer, tell, None if decided.edited is None else (stage, decided.edited))


def _raise_if_answered(store: RunStore, number: int) -> None:
    gate = store.gate(number)
    if gate is not None and gate.answer is not None:
        raise AnsweredElsewhere(gate.answer)


def edited(text: str) -> str:
    """The text as the person's editor ($VISUAL, $EDITOR, else vi) left it.

    Raises:
        SettingsError: the editor cannot be started.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if command is None and not sys.stdin.isatty():  # vi would wait for ever
        raise SettingsError("there is no terminal for an editor; give the new output as a file: --from FILE.")
    command = command or "vi"
    with tempfile.NamedTemporaryFile("w+", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            subprocess.run([*shlex.split(command), file.name], check=True)
        except (OSError, subprocess.CalledProcessError) as exc:
            raise SettingsError(f"the editor '{command}' did not work ({exc}); set EDITOR.") from exc
        return Path(file.name).read_text(encoding="utf-8")


def _first(
    store: RunStore,
    answer: GateAnswer,
    show: Callable[[str], None] = lambda _: None,
    edit: tuple[Stage, Contract] | None = None,
) -> GateAnswer:
    """The recorded decision: ours, or that of somebody who was faster."""
    try:
        return store.answer(answer, edit)
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
    gate = store.gate(number)
    if decision == "reject" and gate is not None and not gate.question.may_reject:
        raise SettingsError(no_way_back(number))
    return store.answer(GateAnswer(stage=number, decision=decision, comment=comment, by=person(), via="command line", at=now()))
