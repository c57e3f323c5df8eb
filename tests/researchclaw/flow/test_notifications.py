"""The server itself tells a webhook: a loopback receiver, and flow runs in the states of a run."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its URL, and what was sent to it."""
    got: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks/abc", got
    server.shutdown()
    server.server_close()
    thread.join()


def a_run(project: Any, flow: str, name: str, *states: dict[str, str]) -> None:
    _, made = project.ask("POST", "/flows/", {"name": flow})
    _, run = project.ask("POST", "/flow_runs/", {"flow_id": made["id"], "name": name, "state": {"type": "RUNNING", "name": "Running"}})
    for state in states:
        status, answer = project.ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
        assert status < 300, answer


@pytest.mark.slow
def test_a_gate_a_failure_and_the_end_are_told_to_a_webhook_and_other_flows_are_not(new_project: Any, receiver: Any) -> None:
    url, got = receiver
    new_project.start()
    new_project.command("server", "notify", url)
    said = new_project.command("server", "notify", url)  # a second time replaces the first: no word comes twice
    assert "hooks" not in said  # such a URL is a secret
    time.sleep(2)  # the server's triggers read new automations from its own events
    a_run(new_project, "another flow", "nobody's", {"type": "COMPLETED", "name": "Completed"})
    a_run(new_project, "researchclaw", "rc-1", {"type": "PAUSED", "name": "Paused"}, {"type": "COMPLETED", "name": "Completed"})
    a_run(new_project, "researchclaw", "rc-2", {"type": "FAILED", "name": "Failed", "message": 'a "bad" topic\n'})
    until = time.monotonic() + 60
    while len(got) < 3 and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1)
    texts = sorted(word["text"].rpartition(" ")[0] for word in got)
    assert texts == ["rc-1 has ended", "rc-1 waits at a gate", 'rc-2 failed: a "bad" topic\n']
    assert all("/runs/flow-run/" in word["text"] for word in got)


def test_what_is_no_webhook_is_refused(new_project: Any) -> None:
    assert "webhook" in new_project.command("server", "notify", "chat.example", code=2)
    assert "server start" in new_project.command("server", "notify", "https://chat.example/x", code=2)
