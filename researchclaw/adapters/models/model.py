"""`stages.ports.LanguageModel` over a dialect."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from researchclaw.adapters.models.dialect import Dialect
from researchclaw.adapters.models.exchange import Exchange, Turn
from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.parsing import NotInForm, read
from researchclaw.adapters.models.prompts import Prompts, answer_form, repair
from researchclaw.adapters.models.schema import form
from researchclaw.adapters.models.wire import Wire
from stages.contracts import Contract
from stages.errors import MalformedAnswer, SourceUnavailable
from stages.ports import Question

Answer = TypeVar("Answer", bound=Contract)


class HttpModel:
    """Asks one model; repairs answers that do not fit."""

    def __init__(
        self, wire: Wire, dialect: Dialect, model: str, prompts: Prompts, *, deadline_s: float, repair_rounds: int, max_tokens: int
    ) -> None:
        self.name = f"{model}, prompts {prompts.revision}"
        self._wire, self._dialect, self._model, self._prompts = wire, dialect, model, prompts
        self._deadline_s, self._repair_rounds, self._max_tokens = deadline_s, repair_rounds, max_tokens
        self._manners = dialect.manners

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        return self._wire.wait(self._ask(question, answer))

    async def _ask(self, question: Question, answer: type[Answer]) -> Answer:
        wanted = form(answer)
        text = self._prompts.text(question)
        try:
            async with asyncio.timeout(self._deadline_s):
                turns: tuple[Turn, ...] = ()
                complaint = ""
                for _ in range(1 + self._repair_rounds):
                    while True:
                        strategy = self._manners.strategies[0]
                        first = Turn(role="user", text=f"{text}\n\n{answer_form(wanted, strategy)}")
                        exchange = Exchange(
                            model=self._model, turns=(first, *turns), form=wanted, strategy=strategy, max_tokens=self._max_tokens
                        )
                        try:
                            received = await self._dialect.send(exchange, self._manners)
                            break
                        except Fault as fault:
                            other = self._manners.after(str(fault)) if fault.kind == "parameter" else None
                            if other is None:
                                raise
                            self._manners = other
                    try:
                        given = read(received.text, answer)
                        question.check(given)
                    except (NotInForm, MalformedAnswer) as exc:
                        complaint = str(exc)
                        turns = (*turns, Turn(role="assistant", text=received.text), Turn(role="user", text=repair(complaint)))
                    else:
                        return given
        except Fault as fault:
            raise SourceUnavailable(f"{self._model}: {fault}") from fault
        except TimeoutError as exc:
            raise SourceUnavailable(f"{self._model} gave no answer within {self._deadline_s:g} s") from exc
        raise MalformedAnswer(f"{self._model} gave no valid {answer.__name__}: {' '.join(complaint.split())[:200]}")
