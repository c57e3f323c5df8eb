"""A gate in Prefect's UI: the flow run is paused, a typed form stands beside the question, and the filled form is fetched.

Prefect keeps three texts with a paused run, named after the pause: the form's schema, the question in Markdown, and what was
submitted. We ask for them instead of blocking in `pause_flow_run`, because the prompt and the commands may answer too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import PrefectHTTPStatusError
from prefect.input.run_input import RunInput, keyset_from_paused_state
from prefect.states import Paused
from pydantic import ValidationError

from researchclaw.gate_forms import C, Decided, FormIncomplete, GateForm, Look, asked_text, form_for, gate_key
from researchclaw.gates import no_way_back, waiting
from researchclaw.run_store import Gate, RunStore
from researchclaw.server import listens
from stages.contracts import Contract, GateAnswer
from stages.errors import UserMustAct
from stages.stage import Stage

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

logger = logging.getLogger(__name__)

TIMES = 20
"""A form that is no decision is shown again this often before the gate is left to the other ways."""


class PausedRun:
    """The form of one gate in the UI. `OpenForm` of gates.py."""

    def __init__(
        self, client: SyncPrefectClient, flow_run_id: UUID, ui: str, store: RunStore, stage: Stage, output: Contract, look: Look[Any]
    ) -> None:
        gate = store.gate(stage.number)
        assert gate is not None
        self._client, self._id, self._stage, self._output, self._look = client, flow_run_id, stage, output, look
        self._gate, self._store = gate, store
        self._form = form_for(output)
        self._times = 0
        self._silent = False
        self._ui = ui
        self.link = f"{ui}/runs/flow-run/{flow_run_id}"
        self._open("")

    def _open(self, why_again: str) -> None:
        state: Any = Paused(pause_key=pause_key(self._gate, self._times), reschedule=False)
        state.name = "Paused"
        self._keys = keyset_from_paused_state(state)
        state.state_details.run_input_keyset = self._keys
        form = RunInput.subclass_from_base_model_type(self._form).with_initial_data(
            description=asked_text(self._gate, self._stage, self._store.run_id, self._store.reference, why_again)
        )
        # first the form, then the state: the UI must not find a pause without its form
        form.save(self._keys, flow_run_id=self._id)
        result = self._client.set_flow_run_state(self._id, state)
        if result.status != SetStateStatus.ACCEPT:
            raise UserMustAct(f"the Prefect server does not pause the run: {result.details}")

    def filled(self) -> Decided | None:
        try:
            self._knock()
            state = self._client.read_flow_run(self._id).state
            if state is None or state.is_paused():
                return None
            if not state.is_running():
                raise waiting(self._store, self._stage, f"the flow run was set to {state.name} on the server; waiting")
            value = self._client.read_flow_run_input(self._id, self._keys["response"])
            try:
                return read(self._form, value, self._output, self._look, self._gate)
            except FormIncomplete as exc:
                self._times += 1
                if self._times >= TIMES:
                    return None
                self._open(str(exc))
        except (httpx.HTTPError, PrefectHTTPStatusError) as exc:  # the commands still work
            if not self._silent:
                logger.warning("gate %d: the Prefect server gives no answer (%s)", self._stage.number, exc)
                self._silent = True
        return None

    def _knock(self) -> None:
        if not listens(self._ui):
            raise httpx.ConnectError(f"nobody listens at {self._ui}")

    def close(self, answer: GateAnswer) -> None:
        try:
            self._knock()
            self._close(answer)
        except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
            logger.warning("gate %d: the form in the UI cannot be closed (%s)", answer.stage, exc)

    def _close(self, answer: GateAnswer) -> None:
        if answer.via == "prefect ui":
            return
        told = self._form.told(answer.decision, answer.comment, answer.by)
        result = self._client.resume_flow_run(self._id, run_input=told)
        if result.status != SetStateStatus.ACCEPT:  # it was submitted in the moment between
            create_markdown_artifact(
                markdown=second_answer(answer),
                key=f"gate-{answer.stage:02d}-second-answer",
                description=f"The form of gate {answer.stage} was submitted too late",
            )


def second_answer(first: GateAnswer) -> str:
    return (
        f"Gate {first.stage} was answered already: **{first.decision}** by {first.by} ({first.via}) at {first.at}. "
        "The first answer counts; what was submitted here was not used.\n"
    )


def pause_key(gate: Gate, times: int) -> str:
    return f"{gate_key(gate)}-{times}"


def read(form: type[GateForm], value: str, output: Contract, look: Look[Any], gate: Gate) -> Decided:
    """Raises: FormIncomplete: it is no decision."""
    try:
        filled = form.model_validate(json.loads(value))
    except (ValueError, ValidationError) as exc:
        raise FormIncomplete(f"the form does not fit its type: {' '.join(str(exc).split())}") from exc
    decided = filled.decided(output, look)
    if decided.decision == "reject" and not gate.question.may_reject:
        raise FormIncomplete(no_way_back(gate.question.stage))
    return decided


def submitted(client: SyncPrefectClient, flow_run_id: UUID, gate: Gate) -> list[str]:
    """What was submitted for a gate while no process was at work, in the order in which it was asked."""
    found = []
    for times in range(TIMES):
        state: Any = Paused(pause_key=pause_key(gate, times))
        try:
            found.append(client.read_flow_run_input(flow_run_id, keyset_from_paused_state(state)["response"]))
        except PrefectHTTPStatusError as exc:
            if exc.response.status_code != httpx.codes.NOT_FOUND:
                raise
            break
    return found


def look_in(store: RunStore, pipeline: Sequence[Stage]) -> Look[Any]:
    """The recorded output of a type."""

    def look(contract: type[C]) -> C:
        stage = next(stage for stage in pipeline if stage.output is contract)
        found = store.output(stage)
        if found is None:
            raise FormIncomplete(f"stage {stage.task_name} has left no output")
        return contract.model_validate(found.output)

    return look
