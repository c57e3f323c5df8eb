"""A language model that misbehaves on purpose: chat completions and messages over plain sockets, by script.

Independent of the client: it writes bytes as an endpoint would, and knows nothing of the client's code. Each request takes the
next act of the script; after the last one every request is answered well. What was asked is kept in `seen`.
"""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

Act = Callable[["Line"], None]


class Line:
    """One connection with one request on it."""

    def __init__(self, sock: socket.socket, path: str, headers: dict[str, str], body: dict[str, Any], answer: str) -> None:
        self.sock, self.path, self.headers, self.body, self.answer = sock, path, headers, body, answer

    @property
    def anthropic(self) -> bool:
        return self.path.endswith("/messages")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def event(self, payload: object, name: str = "") -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.send((f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode())

    def reset(self) -> None:
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    # ---- one way of speaking for both dialects

    def begin(self) -> None:
        self.head()
        if self.anthropic:
            self.event({"type": "message_start", "message": {"usage": {"input_tokens": 100, "output_tokens": 1}}}, "message_start")

    def piece(self, text: str) -> None:
        if self.anthropic:
            self.event(
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}, "content_block_delta"
            )
        else:
            self.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    def thought(self, text: str) -> None:
        if self.anthropic:
            self.event({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": text}})
        else:
            self.event({"choices": [{"index": 0, "delta": {"reasoning_content": text}, "finish_reason": None}]})

    def end(self, finish: str = "stop", usage: bool = True) -> None:
        if self.anthropic:
            names = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
            told = {"usage": {"output_tokens": 50}} if usage else {}
            self.event({"type": "message_delta", "delta": {"stop_reason": names[finish]}, **told}, "message_delta")
            self.event({"type": "message_stop"}, "message_stop")
            return
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if usage:
            counts = {"prompt_tokens": 100, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 40}}
            self.event({"choices": [], "usage": counts})
        self.event("[DONE]")

    def say(self, text: str, finish: str = "stop", usage: bool = True) -> None:
        self.begin()
        for start in range(0, len(text), 40):
            self.piece(text[start : start + 40])
        self.end(finish, usage)

    def error(self, status: int, message: str, code: str | int | None = None, **headers: str) -> None:
        self.head(status, "application/json", **headers)
        self.send(json.dumps({"error": {"message": message, "code": code, "type": "x"}}).encode())


def well(line: Line) -> None:
    line.say(line.answer)


def status(number: int, message: str = "no", code: str | None = None, **headers: str) -> Act:
    return lambda line: line.error(number, message, code, **headers)


def says(text: str, finish: str = "stop") -> Act:
    return lambda line: line.say(text, finish)


def around(before: str, after: str) -> Act:
    return lambda line: line.say(before + line.answer + after)


def reset_early(line: Line) -> None:
    line.reset()


def reset_in_the_middle(line: Line) -> None:
    line.begin()
    line.piece(line.answer[:30])
    line.reset()


def ends_without_a_reason(line: Line) -> None:
    line.begin()
    line.piece(line.answer)


def cut_short(line: Line) -> None:
    line.say(line.answer[: len(line.answer) // 2], "length")


def garbage(line: Line) -> None:
    line.begin()
    line.event("{\x01 no json")


def binary(line: Line) -> None:
    line.send(b"\x00\xff\x00\xff not http at all\r\n\r\n")


def html(line: Line) -> None:
    line.head(200, "text/html")
    line.send(b"<html><body>Please sign in to the wireless network.</body></html>")


def empty(line: Line) -> None:
    line.say("")


def only_reasoning(line: Line) -> None:
    line.begin()
    line.thought("I wonder. ")
    line.end()


def refusal(line: Line) -> None:
    line.begin()
    if line.anthropic:
        line.end("content_filter")
    else:
        line.event({"choices": [{"index": 0, "delta": {"refusal": "I cannot help with that."}, "finish_reason": None}]})
        line.end()


def slow(line: Line) -> None:
    """Alive, but so slow that only a limit on the whole can end it."""
    line.begin()
    for _ in range(200):
        line.piece(" ")
        time.sleep(0.05)


def stall(line: Line) -> None:
    line.begin()
    line.piece(line.answer[:30])
    time.sleep(2)


def error_with_200(line: Line) -> None:
    line.head(200, "application/json")
    line.send(json.dumps({"error": {"message": "upstream overloaded", "code": 529}}).encode())


def error_in_the_stream(line: Line) -> None:
    line.begin()
    line.piece(line.answer[:30])
    line.event({"type": "error", "error": {"message": "overloaded", "type": "overloaded_error"}}, "error")


def not_streamed(line: Line) -> None:
    line.head(200, "application/json")
    if line.anthropic:
        whole: dict[str, Any] = {
            "type": "message",
            "content": [{"type": "text", "text": line.answer}],
            "stop_reason": "end_turn",
            "usage": {},
        }
    else:
        whole = {"choices": [{"index": 0, "message": {"role": "assistant", "content": line.answer}, "finish_reason": "stop"}]}
    line.send(json.dumps(whole).encode())


def without_usage(line: Line) -> None:
    line.say(line.answer, usage=False)


def comments_between(line: Line) -> None:
    line.begin()
    for start in range(0, len(line.answer), 40):
        line.send(b": keep-alive\n\n")
        line.piece(line.answer[start : start + 40])
    line.end()


def refuses(*names: str, message: str = "{} is not supported here", status: int = 400) -> Act:
    """Refuse a request that has one of the parameters; answer well without."""

    def act(line: Line) -> None:
        found = next((name for name in names if name in line.body), None)
        if found is None:
            line.say(line.answer)
        else:
            line.error(status, message.format(found))

    return act


class Scripted:
    """The server. `script` holds the acts to come; `forever` is what follows after the last one."""

    def __init__(self, answer: Callable[[dict[str, Any]], str]) -> None:
        self.answer = answer
        self.script: list[Act] = []
        self.forever: Act = well
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file, suppress(OSError):
            words = file.readline().decode().split()
            if not words:  # a client that went away before it asked
                return
            headers: dict[str, str] = {}
            while (line := file.readline().decode().strip()) != "":
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            if words[0] == "HEAD":  # Claude Code looks whether anybody is there
                sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                return
            if words[0] == "GET":
                body = json.dumps({"data": [{"id": "good-model"}, {"id": "other-model"}]}).encode()
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
                return
            asked = json.loads(file.read(int(headers["content-length"])))
            file.close()  # an open one would keep the socket open after `reset`
            with self._lock:
                self.seen.append(asked)
                self.headers.append(headers)
                self.times.append(time.monotonic())
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                act = self.script.pop(0) if self.script else self.forever
            try:
                act(Line(sock, words[1], headers, asked, self.answer(asked)))
            finally:
                with self._lock:
                    self.at_once -= 1
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)


@contextmanager
def scripted(answer: Callable[[dict[str, Any]], str]) -> Iterator[Scripted]:
    server = Scripted(answer)
    try:
        yield server
    finally:
        server.close()
