"""One model at one endpoint: its turns, its manners, its price, and the attempts that a request gets."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

from researchclaw.adapters.models.dialect import Dialect, Manners, Received
from researchclaw.adapters.models.exchange import Answered, Asked, Cost, Exchange, Usage, estimated_tokens
from researchclaw.adapters.models.faults import AGAIN, Fault
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.prices import Price
from researchclaw.adapters.models.prompts import answer_form
from researchclaw.adapters.models.purse import Purse, Sum
from researchclaw.adapters.models.turns import LONGEST_PAUSE_S, Turns
from researchclaw.secret_values import masked

logger = logging.getLogger(__name__)

ATTEMPTS = 4
"""As the SDKs of OpenAI and Anthropic at most, and twice more: a study waits rather than fails."""
LONGEST_BACKOFF_S = 20.0


@dataclass
class Seat:
    """`key_group`: seats that use the same key; when it is refused, none of them is asked again."""

    model: str
    dialect: Dialect
    turns: Turns
    price: Price | None
    key_group: str
    retry_s: float
    manners: Manners = field(init=False)
    closed: Fault | None = None
    """Why this model is not asked again in this process."""

    def __post_init__(self) -> None:
        self.manners = self.dialect.manners

    async def answer(self, exchange: Exchange, asked: Asked, purse: Purse, memory: Memory) -> Answered:
        """The answer, from memory or after at most `ATTEMPTS` requests.

        Raises:
            Fault: what the last request ended with.
            BudgetSpent: the next request could pass a limit.
        """
        known = memory.find(exchange)
        if known is not None:
            return known
        failed = 0
        while True:
            try:
                return await self._request(exchange, asked, purse, memory)
            except Fault as fault:
                other = self.manners.after(str(fault), exchange.max_tokens) if fault.kind == "parameter" else None
                if other is not None:
                    logger.info("%s: %s; asked without from now on", self.model, fault)
                    self.manners = other
                    continue
                failed += 1
                pause_s = fault.retry_after_s if fault.retry_after_s is not None else self._backoff_s(failed)
                if fault.kind not in AGAIN or failed == ATTEMPTS or pause_s > LONGEST_PAUSE_S:
                    raise
                logger.info("%s: %s; tried again in %.1f s", self.model, fault, pause_s)
                if fault.kind == "throttled":
                    self.turns.refused(pause_s)
                else:
                    await asyncio.sleep(pause_s)

    def _backoff_s(self, failed: int) -> float:
        """Half fixed, half random ('equal jitter'; M. Brooker, AWS Architecture Blog, 2015): never almost nothing."""
        whole: float = min(LONGEST_BACKOFF_S, self.retry_s * 2 ** (failed - 1))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)

    async def _request(self, exchange: Exchange, asked: Asked, purse: Purse, memory: Memory) -> Answered:
        prompt = sum(estimated_tokens(turn.text) for turn in exchange.turns) + estimated_tokens(answer_form(exchange.form, "prompted"))
        worst_tokens = prompt * 4 // 3  # the estimate may be a fourth too low: 3 bytes to a token
        worst = Sum(self.price.at_worst(worst_tokens, exchange.max_tokens) if self.price else 0.0, worst_tokens + exchange.max_tokens)
        received = Received()
        async with self.turns.turn(), purse.hold(worst) as took:
            began = time.monotonic()

            def cost() -> Cost:
                usage = received.usage or Usage(prompt=0, completion=0)
                if received.begun and (received.usage is None or not received.usage.prompt):
                    usage = Usage(prompt=prompt, completion=len(received.text.encode()) // 4, estimated=True)
                usd = None if self.price is None else self.price.of(usage)
                return Cost(usage=usage, usd=usd, seconds=round(time.monotonic() - began, 3))

            try:
                await self.dialect.send(exchange, self.manners, received)
            except Fault as fault:
                took.append(_sum(cost()))
                memory.failed(exchange, asked, fault, cost())
                raise
            except asyncio.CancelledError:
                took.append(_sum(cost()))
                memory.failed(
                    exchange, asked, Fault("silent", "given up: the time for the question was over, or the run was ended"), cost()
                )
                raise
            self.turns.answered()
            answered = Answered(text=masked(received.text), asked=asked, model=self.model, cost=cost(), tools=tuple(received.tools))
            took.append(_sum(answered.cost))
            memory.keep(exchange, answered)
            return answered


def _sum(cost: Cost) -> Sum:
    return Sum(cost.usd or 0.0, cost.usage.total)
