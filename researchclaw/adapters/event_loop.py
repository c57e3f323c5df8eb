"""The event loop on which adapters speak HTTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Value = TypeVar("Value")


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


class LoopThread:
    """An event loop in a thread of its own; safe for threads. There is none before the first call asks for it."""

    def __init__(self, name: str, at_end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """name: the thread's. at_end: what has to end with the loop; on the loop."""
        self._name, self._at_end = name, at_end
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def begin(self, work: Coroutine[Any, Any, Value]) -> concurrent.futures.Future[Value]:
        """What `work` will give; it goes on meanwhile."""
        return asyncio.run_coroutine_threadsafe(work, self._running())

    def close(self) -> None:
        """End the thread and what it holds; a later call starts it again."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        atexit.unregister(self.close)
        asyncio.run_coroutine_threadsafe(self._at_end(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)
        loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = EventLoop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
                atexit.register(self.close)
            return self._loop
