"""Money and tokens of a run: the worst case is held back before a request, what it took is booked after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from stages.errors import BudgetSpent


@dataclass(frozen=True)
class Sum:
    usd: float = 0.0
    tokens: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.usd + other.usd, self.tokens + other.tokens)

    def __sub__(self, other: Sum) -> Sum:
        return Sum(self.usd - other.usd, self.tokens - other.tokens)


class Purse:
    """Touched on the event loop only. A limit of None is none."""

    def __init__(self, limit_usd: float | None, limit_tokens: int | None, spent: Sum = Sum()) -> None:
        self._limit_usd, self._limit_tokens = limit_usd, limit_tokens
        self.spent = spent
        self._held = Sum()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, worst: Sum) -> AsyncIterator[list[Sum]]:
        """Hold `worst` back while a request runs; what it took is appended to the list that is given.

        What only waits for other requests to settle is waited for; what has been spent is gone.
        Raises:
            BudgetSpent: with this request the limit could be passed.
        """
        async with self._changed:
            while (reason := self._beyond(self.spent + self._held + worst)) is not None:
                if self._beyond(self.spent + worst) is not None:
                    raise BudgetSpent(
                        f"{reason}, and the next question may take {self._words(worst)}; "
                        f"{self._words(self.spent)} are spent. Raise the limit with --set and resume."
                    )
                await self._changed.wait()
            self._held += worst
        took: list[Sum] = []
        try:
            yield took
        finally:
            self._held -= worst
            self.spent = sum(took, self.spent)
            async with self._changed:
                self._changed.notify_all()

    def _beyond(self, total: Sum) -> str | None:
        if self._limit_usd is not None and total.usd > self._limit_usd:
            return f"llm.budget_usd is {self._limit_usd:g}"
        if self._limit_tokens is not None and total.tokens > self._limit_tokens:
            return f"llm.budget_tokens is {self._limit_tokens}"
        return None

    def _words(self, one: Sum) -> str:
        return f"{one.usd:.4f} USD" if self._limit_usd is not None else f"{one.tokens} tokens"
