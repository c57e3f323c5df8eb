"""How many requests one model gets at a time: fewer after a refusal, more again after answers, and a pause that all share."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LONGEST_PAUSE_S = 60.0
"""A Retry-After beyond this is no pause but a closed door (the SDKs of OpenAI and Anthropic do not wait longer either)."""


class Turns:
    """Touched on the event loop only. Additive increase, multiplicative decrease (Chiu & Jain 1989)."""

    def __init__(self, at_once: int) -> None:
        self._most = float(at_once)
        self._limit = float(at_once)
        self._busy = 0
        self._calm_until = 0.0
        self._changed = asyncio.Condition()

    @property
    def limit(self) -> int:
        """Requests at a time, as things stand."""
        return int(self._limit)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and for the end of a pause; then the place is ours."""
        while not await self._taken():
            await asyncio.sleep(max(0.0, self._calm_until - time.monotonic()))
        try:
            yield
        finally:
            self._busy -= 1
            async with self._changed:
                self._changed.notify_all()

    def answered(self) -> None:
        self._limit = min(self._most, self._limit + 1 / self._limit)

    def refused(self, pause_s: float) -> None:
        """All wait for `pause_s` with a little jitter; the limit is halved once in a pause, however many were refused with it."""
        now = time.monotonic()
        if now >= self._calm_until:
            self._limit = max(1.0, self._limit / 2)
        self._calm_until = max(self._calm_until, now + pause_s * random.uniform(1.0, 1.1))  # noqa: S311 (no secret)

    async def _taken(self) -> bool:
        """Take a place as soon as one is free; False while there is a pause."""
        async with self._changed:
            while self._busy >= self.limit:
                await self._changed.wait()
            if self._calm_until > time.monotonic():
                return False
            self._busy += 1
            return True
