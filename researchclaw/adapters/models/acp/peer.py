"""JSON-RPC 2.0 between two programs: one message a line, in both directions; what the other side sends is hostile."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

from researchclaw.adapters.models.wire import mapping

logger = logging.getLogger(__name__)

LARGEST_LINE = 32 * 2**20
"""Bytes of one message, as for a body over HTTP; agents that send 3 MB in one were measured."""
READ_BYTES = 2**16
METHOD_NOT_FOUND, INVALID_PARAMS = -32601, -32602


class Gone(Exception):
    """The other side can be spoken to no longer."""


class Refused(Exception):
    """The other side answered a request with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unknown(Exception):
    """A request of the other side that is not served here."""


class Peer:
    """Belongs to one event loop. `listen` must run for `request` to come to an end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_notice: Callable[[str, dict[str, Any]], None],
        on_request: Callable[[str, dict[str, Any]], JsonValue],
    ) -> None:
        """on_request: gives the result, or raises `Unknown`."""
        self._reader, self._writer = reader, writer
        self._on_notice, self._on_request = on_notice, on_request
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._gone: str | None = None
        self.noise = ""
        """The first words on the stream that were no message; a banner, or the program is no agent."""

    async def request(self, method: str, params: dict[str, JsonValue]) -> dict[str, Any]:
        """The result.

        Raises:
            Refused: the other side answered with an error.
            Gone: it ends before it answers.
        """
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            return await answer
        finally:
            self._waiting.pop(number, None)

    def notify(self, method: str, params: dict[str, JsonValue]) -> None:
        """Told without waiting; to one who has gone, nothing is."""
        if self._gone is None and not self._writer.is_closing():
            self._writer.write(_line({"jsonrpc": "2.0", "method": method, "params": params}))

    async def listen(self) -> None:
        """Take what comes, to the end of the stream; then every waiting request ends with `Gone`."""
        reason = "its output was closed"
        try:
            await self._lines()
        except Gone as gone:
            reason = str(gone)
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
        finally:
            self._gone = reason
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Gone(reason))

    async def _lines(self) -> None:
        buffer = bytearray()
        looked = 0
        while chunk := await self._reader.read(READ_BYTES):
            buffer += chunk
            while (end := buffer.find(b"\n", looked)) >= 0:
                line = bytes(buffer[:end])
                del buffer[: end + 1]
                looked = 0
                await self._take(line)
            looked = len(buffer)
            if looked > LARGEST_LINE:
                raise Gone(f"it sent a line of more than {LARGEST_LINE // 2**20} MB")

    async def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not ({"method", "result", "error"} & message.keys()):
            if line.strip():
                self.noise = self.noise or shown(line.decode(errors="replace"), 120)
                logger.debug("no message: %s", shown(line[:1000].decode(errors="replace"), 120))
            return
        method, number = message.get("method"), message.get("id")
        if not isinstance(method, str):
            self._answered(number, message)
        elif number is None:
            self._on_notice(method, mapping(message.get("params")))
        else:
            try:
                reply: dict[str, JsonValue] = {"result": self._on_request(method, mapping(message.get("params")))}
            except Unknown:
                reply = {"error": {"code": METHOD_NOT_FOUND, "message": f"{shown(method, 60)} is not offered"}}
            await self._send({"jsonrpc": "2.0", "id": number, **reply})

    def _answered(self, number: object, message: dict[str, Any]) -> None:
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(mapping(message.get("result")))
            return
        fields = mapping(error)
        code, data = fields.get("code"), fields.get("data")
        words = f"{fields.get('message') or ''} {json.dumps(data) if data else ''}"
        answer.set_exception(Refused(code if isinstance(code, int) else 0, shown(words, 300) or "an error without words"))

    async def _send(self, message: dict[str, JsonValue]) -> None:
        if self._gone is not None or self._writer.is_closing():
            raise Gone(self._gone or "its input was closed")
        try:
            self._writer.write(_line(message))
            await self._writer.drain()
        except OSError as exc:
            raise Gone(exc.strerror or "its input was closed") from exc


def _line(message: dict[str, JsonValue]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def shown(text: str, letters: int) -> str:
    """Text of others on one line of a message: printable and bounded."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 8 * letters]).split())[:letters]
