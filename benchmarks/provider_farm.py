"""Simulated literature sources on loopback: what a source says is given, and so is how badly its line behaves."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Canned:
    """One answer; a fault makes the line break in the given way."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    after_s: float = 0
    fault: Literal["none", "closed", "cut", "drip"] = "none"


@dataclass(frozen=True)
class Call:
    """One request as the server saw it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float
    """Seconds of `time.monotonic`."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class Farm:
    """A server on loopback that answers with what `answer` says; use it as a context manager."""

    def __init__(self, answer: Callable[[Call], Canned]) -> None:
        self.calls: list[Call] = []
        self._stop = threading.Event()
        farm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", 0))
                sent = {name.lower(): value for name, value in self.headers.items()}
                call = Call(self.command, self.path, sent, self.rfile.read(length), time.monotonic())
                farm.calls.append(call)
                with contextlib.suppress(ConnectionError):  # the client has gone: that is what some tests are about
                    farm._send(self, answer(call))

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """No log: the calls are kept."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def _send(self, handler: BaseHTTPRequestHandler, canned: Canned) -> None:
        self._stop.wait(canned.after_s)
        if canned.fault == "closed":
            handler.close_connection = True
            return
        handler.send_response(canned.status)
        for name, value in canned.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(canned.body)))
        handler.end_headers()
        if canned.fault == "drip":
            for place in range(len(canned.body)):
                if self._stop.wait(0.1):
                    break
                handler.wfile.write(canned.body[place : place + 1])
                handler.wfile.flush()
            handler.close_connection = True
            return
        handler.close_connection |= canned.fault == "cut"
        handler.wfile.write(canned.body[: len(canned.body) // 2] if canned.fault == "cut" else canned.body)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Farm:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
