"""The event loop on which adapters speak HTTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any


class EventLoop(asyncio.SelectorEventLoop):
    """Looks names up in threads that nobody waits for: without a network a resolver may sit for a minute, and so would the exit."""

    async def getaddrinfo(self, *asked: Any, **more: Any) -> Any:
        future = self.create_future()

        def tell(answer: Callable[[Any], None], value: object) -> None:
            if not future.done():
                answer(value)

        def look_up() -> None:
            answer: Callable[[Any], None]
            try:
                answer, value = future.set_result, socket.getaddrinfo(*asked, **more)
            except OSError as exc:
                answer, value = future.set_exception, exc  # type: ignore[assignment]
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile: nobody asks any more
                self.call_soon_threadsafe(tell, answer, value)

        threading.Thread(target=look_up, name="name look-up", daemon=True).start()
        return await future
