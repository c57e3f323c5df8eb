"""What a person fills in at a gate: typed forms, and how a filled one becomes a decision. Knows no Prefect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, create_model

from researchclaw.edits import EditRefused, edited_output
from researchclaw.journal import canonical
from researchclaw.run_store import Gate
from stages.b_literature import literature_screen
from stages.contracts import Candidates, Contract, ExperimentPlan, QualityReport, Shortlist
from stages.d_design import experiment_design
from stages.errors import ResearchError, UserMustAct
from stages.stage import Stage

C = TypeVar("C", bound=Contract)
Look = Callable[[type[C]], C]
"""The run's recorded output of a type."""

NOT_NAMED = "not named"


class FormIncomplete(UserMustAct):
    """What was filled in is no decision; the message says what is missing, and the form is shown again."""


@dataclass(frozen=True)
class Decided:
    """A filled form, read."""

    decision: Literal["approve", "reject", "edit"]
    comment: str
    by: str
    changes: tuple[str, ...] = ()
    edited: Contract | None = None


class GateForm(BaseModel):
    """Every gate asks for these; the fields stand in the order of the form."""

    model_config = ConfigDict(extra="forbid")

    decision: str
    comment: str = Field(default="", title="Comment", description="Kept with the decision; a rejection needs one.")
    name: str = Field(default="", title="Your name", description="Kept with the decision.")

    def decided(self, output: Contract, look: Look[Any]) -> Decided:
        """The decision that was filled in.

        Raises:
            FormIncomplete: a rejection without a reason, changes that were approved, or a change that cannot be made.
        """
        raise NotImplementedError

    @staticmethod
    def told(decision: str, comment: str, by: str) -> dict[str, str]:
        """The form as somebody filled it in who answered in another way."""
        return {"decision": decision, "comment": comment, "name": by}

    def _rejected(self, changes: tuple[str, ...]) -> Decided:
        if not (self.comment.strip() or changes):
            raise FormIncomplete("a rejection needs a reason: fill in the comment")
        return Decided("reject", self.comment.strip(), self._by(), changes)

    def _approved(self, changes: tuple[str, ...]) -> Decided:
        if changes:
            raise FormIncomplete(f"you approved and asked for changes ({'; '.join(changes)}); choose 'edit' to make them")
        return Decided("approve", self.comment.strip(), self._by())

    def _edited(self, output: Contract, edited: Contract) -> Decided:
        if edited == output:
            raise FormIncomplete("you chose 'edit' and changed nothing; choose 'approve' to leave it as it is")
        return Decided("edit", self.comment.strip(), self._by(), edited=edited)

    def _by(self) -> str:
        return self.name.strip() or NOT_NAMED


Decision = Literal["approve", "reject", "edit"]
DECISION = "approve; reject: the stage that made this does it again and is told what you write; edit: your changes, as they are"


class AnyForm(GateForm):
    """For outputs without a form of their own: the whole output as text."""

    decision: Decision = Field(title="Decision", description=DECISION)
    output: str = Field(default="", title="Output (JSON)", description="For 'edit': change it here; it is checked against its type.")

    def decided(self, output: Contract, look: Look[Any]) -> Decided:
        if self.decision == "reject":
            return self._rejected(())
        if self.decision == "approve":
            return self._approved(())
        if self.output.strip() == output.model_dump_json(indent=2):
            return self._edited(output, output)
        try:
            return self._edited(output, edited_output(output, self.output))
        except EditRefused as exc:
            raise FormIncomplete(str(exc)) from exc


class WorksForm(GateForm):
    """Gate 5: which works may be cited."""

    decision: Decision = Field(title="Decision", description=DECISION)
    drop: list[str] = Field(default_factory=list, title="Drop", description="Keys of works that must not be cited.")
    keep: list[str] = Field(default_factory=list, title="Keep", description="Keys of works that were left out and may be cited.")

    def decided(self, output: Contract, look: Look[Any]) -> Decided:
        assert isinstance(output, Shortlist)
        wishes = (*(f"drop {key}" for key in self.drop), *(f"keep {key}" for key in self.keep))
        if self.decision == "reject":
            return self._rejected(wishes)
        if self.decision == "approve":
            return self._approved(wishes)
        try:
            edited = literature_screen.with_choice(
                output, look(Candidates), drop=self.drop, keep=self.keep, reason=self.comment.strip() or "a person's choice"
            )
        except ResearchError as exc:
            raise FormIncomplete(str(exc)) from exc
        return self._edited(output, edited)


Seeds = Annotated[int, Field(ge=1, le=99)]
"""As in the settings: the seeds of development count from 101."""


class PlanForm(GateForm):
    """Gate 9: what is run, how often and how long."""

    decision: Decision = Field(title="Decision", description=DECISION)
    conditions: list[str] = Field(default_factory=list, title="Conditions", description="Take out what is not to be run.")
    seeds: Seeds = Field(default=1, title="Seeds", description="Reported seeds per condition.")
    budget_s: PositiveFloat = Field(default=1, title="Budget", description="Training budget of one run in seconds; only by 'edit'.")

    def decided(self, output: Contract, look: Look[Any]) -> Decided:
        assert isinstance(output, ExperimentPlan)
        gone = [condition for condition in output.conditions if condition.id not in self.conditions]
        wishes = tuple(f"drop {condition.id}" for condition in gone)
        if self.seeds != len(output.seeds):
            wishes += (f"use {self.seeds} seeds",)
        if self.budget_s != output.budget_s:
            if self.decision == "reject":
                raise FormIncomplete("the design does not set the budget of a run; choose 'edit' to change it")
            wishes += (f"{self.budget_s:g} s for each run",)
        if self.decision == "reject":
            return self._rejected(wishes)
        if self.decision == "approve":
            return self._approved(wishes)
        try:
            edited = experiment_design.with_changes(output, conditions=self.conditions, seeds=self.seeds, budget_s=self.budget_s)
        except ResearchError as exc:
            raise FormIncomplete(str(exc)) from exc
        return self._edited(output, edited)


class PaperForm(GateForm):
    """Gate 20: the paper is accepted, or returned with required changes."""

    decision: Literal["accept", "return"] = Field(
        title="Decision", description="accept: the paper is exported; return: the revision is done again with your changes"
    )
    required_changes: list[str] = Field(
        default_factory=list, title="Required changes", description='One each, e.g. replace "…" with "…"; remove "…".'
    )

    def decided(self, output: Contract, look: Look[Any]) -> Decided:
        changes = tuple(change.strip() for change in self.required_changes if change.strip())
        if self.decision == "return":
            return self._rejected(changes)
        if changes:
            raise FormIncomplete("you accepted and required changes; choose 'return' to have them made")
        return self._approved(())

    @staticmethod
    def told(decision: str, comment: str, by: str) -> dict[str, str]:
        return {"decision": "return" if decision == "reject" else "accept", "comment": comment, "name": by}


def form_for(output: Contract) -> type[GateForm]:
    """The form of a gate, with what may be chosen and what stands there now."""
    if isinstance(output, Shortlist):
        included = [work.key for work in output.works]
        left_out = [decision.key for decision in output.decisions if not decision.included]
        return create_model(
            "WorksForm",
            __base__=WorksForm,
            drop=(list[str], _chosen(WorksForm, "drop", included, [])),
            keep=(list[str], _chosen(WorksForm, "keep", left_out, [])),
        )
    if isinstance(output, ExperimentPlan):
        ids = [condition.id for condition in output.conditions]
        return create_model(
            "PlanForm",
            __base__=PlanForm,
            conditions=(list[str], _chosen(PlanForm, "conditions", ids, ids)),
            seeds=(Seeds, _now(PlanForm, "seeds", len(output.seeds))),
            budget_s=(PositiveFloat, _now(PlanForm, "budget_s", output.budget_s)),
        )
    if isinstance(output, QualityReport):
        return PaperForm
    return create_model("AnyForm", __base__=AnyForm, output=(str, _now(AnyForm, "output", output.model_dump_json(indent=2))))


def _now(form: type[GateForm], name: str, value: object) -> Any:
    field = form.model_fields[name]
    return Field(default=value, title=field.title, description=field.description)


def _chosen(form: type[GateForm], name: str, among: list[str], value: list[str]) -> Any:
    """A choice of several; the schema, against which the server checks too, names them all."""
    field = form.model_fields[name]
    extra: dict[str, Any] = {"items": {"type": "string", "enum": among}} if among else {"maxItems": 0}
    return Field(default=value, title=field.title, description=field.description, json_schema_extra=extra)


def gate_key(gate: Gate) -> str:
    """Names this question among all that the gate may ask: another text, or the same one asked again, is another question."""
    mark = hashlib.sha256(f"{canonical(gate.question)}{gate.asked}".encode()).hexdigest()
    return f"gate-{gate.question.stage:02d}-{mark[:12]}"


def asked_text(gate: Gate, stage: Stage, run_id: str, reference: str, why_again: str = "") -> str:
    """The Markdown beside the form: what is asked, and the other ways to answer."""
    again = f"> **Asked again:** {why_again}.\n\n" if why_again else ""
    return (
        f"{again}## Gate {stage.number}: {gate.question.title}\n\n{gate.question.body}\n\n---\n\n"
        f"Run `{run_id}`, stage `{stage.task_name}`. The first answer counts, whichever way it comes: this form, the prompt of "
        f'the run, `researchclaw approve {reference}` or `researchclaw reject {reference} --reason "…"`.\n'
    )
