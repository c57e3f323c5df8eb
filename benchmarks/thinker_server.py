"""A chat-completions endpoint behind which the rule-based researcher thinks: an honest stand-in for a capable model.

The text of a question cannot be turned back into its facts, so the client's prompts tell the server which question each text
was made from: those of this process directly, those of a command line that was started with `told_by` through the server's
own address. All else goes over HTTP: the body is parsed, the answer waits for the latency, and the typed answer is streamed
as JSON. The server counts what it is asked.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from researchclaw.adapters.offline import OfflineResearcher, rules
from researchclaw.prompts import Prompts
from stages.ports import Question

TELLING = Path(__file__).parent / "telling"
"""Holds a sitecustomize.py that makes the prompts of `python -m researchclaw` known to the server that LEARNS names."""
LEARNS = "RESEARCHCLAW_BENCHMARK_LEARNS"


def by_rules(question: Question) -> str:
    """What the rule-based researcher answers, as JSON."""
    said: str = rules()[type(question)](question).model_dump_json()
    return said


def told_by(base_url: str) -> dict[str, str]:
    """The environment of a command line whose questions the server behind the address is to understand."""
    path = os.pathsep.join((str(TELLING), str(TELLING.parents[1])))
    return {**os.environ, "PYTHONPATH": path, LEARNS: base_url.removesuffix("/v1") + "/learn"}


@dataclass(frozen=True)
class Call:
    """One request. Tokens are a fourth of the letters, as in the figures that are compared with."""

    question: str
    messages_sha256: str
    letters_in: int
    letters_of_form: int
    letters_out: int
    began: float
    ended: float


@dataclass
class Thinker:
    """What the server knows and has seen."""

    latency_s: float
    says: Callable[[Question], str] = by_rules
    """Question -> the answer as it goes over the line."""
    calls: list[Call] = field(default_factory=list)
    most_at_once: int = 0
    _questions: dict[str, Question] = field(default_factory=dict)
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, text: str, question: Question) -> None:
        self._questions[text] = question

    def answer(self, body: dict[str, Any]) -> str:
        began = time.monotonic()
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        text = body["messages"][0]["content"].rpartition("\n\nAnswer with one JSON object")[0]
        question = self._questions[text]
        said = self.says(question)
        time.sleep(max(0.0, began + self.latency_s - time.monotonic()))
        with self._lock:
            self._at_once -= 1
            self.calls.append(
                Call(
                    question=type(question).__name__,
                    messages_sha256=hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest(),
                    letters_in=sum(len(message["content"]) for message in body["messages"]),
                    letters_of_form=len(json.dumps(body.get("response_format", {}), separators=(",", ":"))),
                    letters_out=len(said),
                    began=began,
                    ended=time.monotonic(),
                )
            )
        return said


@contextmanager
def serving(thinker: Thinker) -> Iterator[str]:
    """The endpoint's base URL while it is up; meanwhile every rendered prompt is made known to the thinker."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/learn":
                kind: type[Question] = getattr(importlib.import_module(body["module"]), body["name"])
                thinker.learn(body["text"], kind.model_validate_json(body["question"]))
                self.send_response(204)
                self.end_headers()
                return
            said = thinker.answer(body)
            usage = {"prompt_tokens": sum(len(m["content"]) for m in body["messages"]) // 4, "completion_tokens": len(said) // 4}
            events = (
                {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                {"choices": [], "usage": usage},
            )
            data = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n"
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    render = Prompts.text

    def told(prompts: Prompts, question: Question) -> str:
        text = render(prompts, question)
        thinker.learn(text, question)
        return text

    OfflineResearcher()  # its rules are imported before the clock runs
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Prompts.text = told  # type: ignore[method-assign]
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        Prompts.text = render  # type: ignore[method-assign]
        server.shutdown()
        server.server_close()
