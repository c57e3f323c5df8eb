"""`stages.ports.LanguageModel` over HTTP: a question, its text, a valid answer, or an error that says who can mend it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from researchclaw.adapters.models.dialect import Dialect
from researchclaw.adapters.models.exchange import Answered, Asked, Exchange, Turn
from researchclaw.adapters.models.faults import DEAD, Fault, Kind
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.parsing import NotInForm, read
from researchclaw.adapters.models.prompts import repair, revision
from researchclaw.adapters.models.purse import Purse
from researchclaw.adapters.models.schema import form
from researchclaw.adapters.models.seat import Seat
from researchclaw.adapters.models.wire import Wire
from researchclaw.prompts import Prompts
from stages.contracts import Contract
from stages.errors import BudgetSpent, MalformedAnswer, ModelRefused, ModelUnavailable, QuestionTooLong, ResearchError, SettingsError
from stages.ports import Question

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=Contract)

DOUBLINGS = 2
"""How often an answer that ran into its limit is asked for with twice the tokens."""


@dataclass(frozen=True)
class Limits:
    deadline_s: float
    """For one question, with all attempts, pauses, repairs and other models."""
    repair_rounds: int
    max_tokens: int
    temperature: float | None


class HttpModel:
    """Asks the first model of a chain, then the next. One process, one event loop, any number of threads that ask."""

    def __init__(
        self,
        wire: Wire,
        seats: Sequence[Seat],
        prompts: Prompts,
        purse: Purse,
        memory: Memory,
        limits: Limits,
        judge: Seat | None = None,
    ) -> None:
        """judge: asked first for verdicts on work that is done; None: nobody else."""
        assert seats
        names = ", else ".join(seat.model for seat in seats) + (f", judged by {judge.model}" if judge else "")
        self.name = f"{names}; prompts {revision()}"
        """Other models and other prompts are another mind: what the journal holds of this one is no answer of the next."""
        self._wire, self._seats, self._prompts = wire, tuple(seats), prompts
        self._judges = (judge, *seats) if judge else self._seats
        self._purse, self._memory, self._limits = purse, memory, limits

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        """The answer, valid against its contract and accepted by its question.

        Raises:
            MalformedAnswer: no model gave an answer that fits, after the repair rounds.
            ModelUnavailable: no model gave an answer in time.
            ModelRefused: the models will not answer.
            QuestionTooLong: the question, or its answer, is longer than the models can take.
            BudgetSpent: the next request could pass a limit, or the account at the provider is empty.
            SettingsError: no model, or no key, is known to the endpoint.
        """
        return self.ask_text(question, self._prompts.text(question), answer)

    def ask_text(self, question: Question, text: str, answer: type[Answer]) -> Answer:
        """As `ask`, with the question in these words."""
        asked, nth = self._memory.asked(question), self._memory.nth(question)
        try:
            return self._wire.wait(self._within(text, question, answer, asked, nth))
        except (MalformedAnswer, ModelUnavailable, ModelRefused, QuestionTooLong):
            self._memory.give_up(question)
            raise

    @property
    def strategy(self) -> str:
        """How the first model is held to a form, as far as that is found out."""
        return self._seats[0].manners.strategy

    @property
    def endpoint(self) -> Dialect:
        """The first model's."""
        return self._seats[0].dialect

    def listed(self) -> tuple[str, ...]:
        """The models that the first endpoint has.

        Raises:
            Fault: it does not tell.
        """
        return self._wire.wait(self._seats[0].dialect.models())

    def close(self) -> None:
        """End the connections; a later question starts them again."""
        self._wire.close()

    async def _within(self, text: str, question: Question, answer: type[Answer], asked: Asked, nth: int) -> Answer:
        failures: list[tuple[Seat, Fault]] = []
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                return await self._first_that_answers(text, question, answer, asked, nth, failures)
        except TimeoutError as exc:
            before = f"; before that: {failures[-1][1]}" if failures else ""
            raise ModelUnavailable(
                f"{self._seats[0].model} gave no answer to {asked.question} within {self._limits.deadline_s:g} s "
                f"(llm.deadline_sec){before}."
            ) from exc

    async def _first_that_answers(
        self, text: str, question: Question, answer: type[Answer], asked: Asked, nth: int, failures: list[tuple[Seat, Fault]]
    ) -> Answer:
        malformed: MalformedAnswer | None = None
        seats = self._judges if question.judges else self._seats
        for seat in seats:
            if seat.closed is not None:
                failures.append((seat, seat.closed))
                continue
            try:
                return await self._conversation(seat, text, question, answer, asked, nth)
            except Fault as fault:
                failures.append((seat, fault))
                self._close(seat, fault)
                if seat is not seats[-1]:
                    logger.warning("%s: %s; the next model is asked", seat.model, fault)
            except MalformedAnswer as exc:
                malformed = malformed or exc
        raise malformed or _error(asked, failures)

    def _close(self, seat: Seat, fault: Fault) -> None:
        """A model that is dead is not asked again; nor is another one with a key that was refused or an account that is empty."""
        if fault.kind in DEAD:
            seat.closed = fault
        if fault.kind in ("forbidden", "quota"):
            for other in self._judges:
                if other.key_group == seat.key_group:
                    other.closed = other.closed or fault

    async def _conversation(self, seat: Seat, text: str, question: Question, answer: type[Answer], asked: Asked, nth: int) -> Answer:
        """Ask, and send back what does not fit with what is wrong.

        Raises:
            Fault: the model gives no answer.
            MalformedAnswer: it gives none that fits.
        """
        wanted = form(answer)
        turns: tuple[Turn, ...] = (Turn(role="user", text=text),)
        complaint = ""
        for _ in range(1 + self._limits.repair_rounds):
            temperature = 0.0 if question.judges else self._limits.temperature
            exchange = Exchange(
                model=seat.model, turns=turns, form=wanted, max_tokens=self._limits.max_tokens, temperature=temperature, nth=nth
            )
            answered, given = await self._whole(seat, exchange, asked, answer)
            if isinstance(given, Contract):
                try:
                    question.check(given)
                except MalformedAnswer as exc:
                    given = NotInForm(str(exc))
                else:
                    return given
            complaint = str(given)
            turns = (*turns, Turn(role="assistant", text=answered.text), Turn(role="user", text=repair(complaint)))
        raise MalformedAnswer(f"{seat.model} gave no valid answer to {asked.question}: {' '.join(complaint.split())[:240]}")

    async def _whole(self, seat: Seat, first: Exchange, asked: Asked, answer: type[Answer]) -> tuple[Answered, Answer | NotInForm]:
        """One turn of the model, whole; cut and empty ones are asked for again with twice the tokens."""
        for doubling in range(DOUBLINGS + 1):
            exchange = first.model_copy(update={"max_tokens": first.max_tokens << doubling})
            try:
                answered = await seat.answer(exchange, asked, self._purse, self._memory)
                return answered, read(answered.text, answer)
            except NotInForm as exc:
                return answered, exc
            except Fault as fault:
                last = DOUBLINGS if fault.kind == "length" else 1 if fault.kind == "empty" else 0
                capped = seat.manners.most_tokens is not None and exchange.max_tokens >= seat.manners.most_tokens
                if doubling == last or doubling > last or capped:
                    raise
                logger.info("%s: %s; asked again with twice the tokens", seat.model, fault)
        raise AssertionError("the last round returns or raises")


_WHO_CAN_MEND: dict[Kind, type[ResearchError]] = {
    "refused": ModelRefused,
    "context": QuestionTooLong,
    "length": QuestionTooLong,
    "quota": BudgetSpent,
    "no model": SettingsError,
    "forbidden": SettingsError,
    "no agent": SettingsError,
    "signed out": SettingsError,
    "rejected": SettingsError,
    "parameter": SettingsError,
}
_REMEDY: dict[Kind, str] = {
    "refused": "name another model in llm.fallback",
    "context": "use a model with a larger window",
    "length": "raise llm.max_tokens or use another model",
    "quota": "top up the account or change the key, then resume",
    "no model": "mend llm.model; `researchclaw doctor` lists what the endpoint has",
    "forbidden": "set a valid key in its environment variable (llm.api_key_env)",
    "no agent": "mend llm.agent; `researchclaw doctor` tries it",
    "signed out": "sign in, then resume",
    "rejected": "mend the llm section of the settings",
    "parameter": "mend the llm section of the settings",
}


def _error(asked: Asked, failures: Sequence[tuple[Seat, Fault]]) -> ResearchError:
    """The error for the user: that of the first model, with what became of the others."""
    seat, fault = failures[0]
    kind = _WHO_CAN_MEND.get(fault.kind, ModelUnavailable)
    remedy = _REMEDY.get(fault.kind, "resume later")
    others = "".join(f"; {other.model}: {its}" for other, its in failures[1:])
    return kind(f"{seat.model} did not answer {asked.question}: {fault}{others}. {remedy[0].upper()}{remedy[1:]}.")
