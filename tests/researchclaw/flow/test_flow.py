"""The flow with the real Prefect and its temporary server: seconds each."""

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw import flow
from researchclaw.run_store import RunStore, runs

Start = Callable[..., subprocess.Popen[str]]

AUDIT = """
import os, sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        with open(os.environ["SOCKETS"], "a") as file:
            file.write(f"{event}\\t{address!r}\\n")
sys.addaudithook(hook)
"""


def wait_for(process: subprocess.Popen[str], word: str, times: int = 1) -> None:
    """Read the process's lines until `word` came `times` times."""
    assert process.stdout is not None
    for line in process.stdout:
        times -= line.startswith(word)
        if times == 0:
            return
    assert process.stderr is not None
    raise AssertionError(f"{word} never came: {process.stderr.read()}")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, error = process.communicate(timeout=120)
    return process.returncode, error


def listeners_of(folder: Path) -> list[int]:
    """Living processes of servers whose home is below `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes()
        except OSError:
            continue
        if f"PREFECT_HOME={folder}".encode() in environment:
            found.append(int(path.parent.name))
    return found


def query(output: Path, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{output / '.prefect' / 'prefect.db'}?mode=ro", uri=True) as database:
        rows = database.execute(sql).fetchall()
    database.close()
    return rows


@pytest.mark.slow
def test_a_run_is_a_flow_of_named_tasks_with_rounds_and_artifacts_and_touches_loopback_only(
    tmp_path: Path, start_toy: Start, monkeypatch: pytest.MonkeyPatch, toy: ModuleType
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(AUDIT)
    monkeypatch.setenv("SOCKETS", str(tmp_path / "sockets.txt"))
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:1")  # would be used for loopback too if we let it
    monkeypatch.setenv("ALL_PROXY", "socks5://192.0.2.1:1080")
    monkeypatch.setenv("no_proxy", "example.org")
    # neither are the user's own Prefect and the files that it would read in the folder where the run is started
    monkeypatch.setenv("PREFECT_API_URL", "http://192.0.2.1:2/api")
    (tmp_path / ".env").write_text("PREFECT_SERVER_DATABASE_CONNECTION_URL=postgresql+asyncpg://u:p@192.0.2.1/db\n")
    (tmp_path / "prefect.toml").write_text('[api]\ntls_insecure_skip_verify = "no word for yes or no"\n')
    output = tmp_path / "artifacts"
    code, error = ended(start_toy(str(output), "toys", "prefect", path=str(hook)))
    assert code == 0, error
    assert error == ""
    (run,) = runs(output)
    assert RunStore(run).info().status == "done"
    assert query(output, "select name from flow_run") == [(run.name,)]
    names = sorted(name for (name,) in query(output, "select name from task_run"))
    assert names == [
        "01 aim", "02 search", "03 screen", "04 design", "05 trial", "05 trial (round 2)",
        "06 judge", "06 judge (round 2)", "07 report (round 2)",
        "toy, seed 0: 0.2000", "toy, seed 0: 0.2500", "toy, seed 1: 0.1667", "toy, seed 1: 0.2000",
        "toy, seed 2: 0.1429", "toy, seed 2: 0.1667",
    ]  # fmt: skip
    assert {key for (key,) in query(output, "select key from artifact")} == {"gate-03-question"}
    assert {state for (state,) in query(output, "select state_type from task_run")} == {"COMPLETED"}
    sockets = (tmp_path / "sockets.txt").read_text().splitlines()
    strangers = [line for line in sockets if not any(local in line for local in ("127.0.0.1", "'localhost'", "::1"))]
    assert [line for line in strangers if "None" not in line and "AF_UNIX" not in line] == []
    assert len(sockets) > 5
    assert list((tmp_path / "home").iterdir()) == []
    assert listeners_of(output) == []


@pytest.mark.slow
def test_kill_9_leaves_no_server_and_a_resume_pays_nothing_twice(tmp_path: Path, start_toy: Start, toy: ModuleType) -> None:
    output = tmp_path / "artifacts"
    first = start_toy(str(output), "toys", "prefect", "0.2")
    wait_for(first, "ExperimentEnded", 2)
    first.kill()
    ended(first)
    store = RunStore(runs(output)[0])
    assert len(toy.paid(store)) in (2, 3)
    until = time.monotonic() + 5
    while listeners_of(output) and time.monotonic() < until:
        time.sleep(0.05)
    assert listeners_of(output) == []
    code, error = ended(start_toy(str(output), "toys", "prefect"))
    assert code == 0, error
    paid = toy.paid(store)
    # only the call that was cut off after it was paid, before it was journalled, may come twice
    assert set(paid) == {"0/1", "1/1", "2/1", "0/2", "1/2", "2/2"}
    assert len(paid) <= 7
    assert sorted(query(output, "select state_type from flow_run")) == [("COMPLETED",), ("CRASHED",)]
    whole = tmp_path / "whole"
    assert ended(start_toy(str(whole), "toys", "plain"))[0] == 0
    report = toy.PIPELINE[6]
    resumed, straight = store.output(report), RunStore(runs(whole)[0]).output(report)
    assert resumed is not None
    assert straight is not None
    assert resumed.output_sha256 == straight.output_sha256


@pytest.mark.slow
def test_a_temporary_server_that_is_killed_is_started_again(tmp_path: Path, start_toy: Start, toy: ModuleType) -> None:
    output = tmp_path / "artifacts"
    process = start_toy(str(output), "toys", "prefect", "0.5")
    wait_for(process, "ExperimentEnded")
    (victim,) = listeners_of(output)
    os.kill(victim, signal.SIGKILL)
    code, error = ended(process)
    assert code == 0, error
    assert query(output, "select state_type from flow_run") == [("COMPLETED",)]
    assert len(toy.paid(RunStore(runs(output)[0]))) == 6
    assert listeners_of(output) == []


@pytest.mark.slow
def test_an_interrupted_run_says_so_and_leaves_no_process(tmp_path: Path, start_toy: Start) -> None:
    output = tmp_path / "artifacts"
    process = start_toy(str(output), "toys", "prefect", "0.2")
    wait_for(process, "ExperimentEnded")
    process.send_signal(signal.SIGINT)  # SIGTERM raises the same, see the command line
    code, _ = ended(process)
    assert code == 130
    store = RunStore(runs(output)[0])
    assert (store.info().status, store.info().exit_code) == ("interrupted", 130)
    assert listeners_of(output) == []
    assert store.holder() is None


@pytest.mark.slow
def test_two_runs_may_begin_at_once_on_a_new_database_and_a_gate_that_waits_is_no_failure(
    tmp_path: Path, start_toy: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "artifacts"
    monkeypatch.setenv("TOY_NEW", "1")
    monkeypatch.setenv("TOY_WAITS", "1")
    both = [start_toy(str(output), topic, "prefect", new_database=True) for topic in ("one", "two")]
    for process in both:
        code, error = ended(process)
        assert code == 3, error
        assert error.startswith("waiting at gate 3")
    assert query(output, "select state_type, state_name from flow_run") == [("COMPLETED", "Waiting")] * 2


@pytest.mark.slow
def test_what_may_be_tried_again_is_retried_and_other_failures_pass_at_once(
    project: Any, start_toy: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = project.output
    monkeypatch.setenv("TOY_NEW", "1")
    monkeypatch.setenv("TOY_FAILS", "2")
    code, error = ended(start_toy(str(output), "toys", "prefect"))
    assert code == 0, error
    body = {"flow_runs": {"name": {"any_": [runs(output)[-1].name]}}, "task_runs": {"name": {"any_": ["05 trial"]}}}
    (retried,) = project.ask("POST", "/task_runs/filter", body)[1]
    assert retried["run_count"] == 3
    monkeypatch.setenv("TOY_FAILS", "99")
    code, error = ended(start_toy(str(output), "toys", "prefect"))
    assert code == 1
    assert error == "the toy laboratory is out to lunch\n"  # no traceback of Prefect's
    failed = runs(output)[-1]
    info = json.loads((failed / "run.json").read_text())
    assert (info["status"], info["exit_code"], info["stage"]) == ("failed", 1, "05 trial")
    (flow_run,) = project.ask("POST", "/flow_runs/filter", {"flow_runs": {"name": {"any_": [failed.name]}}})[1]
    assert flow_run["state_type"] == "FAILED"


def test_prefect_is_imported_by_the_flow_and_its_server_only() -> None:
    root = Path(flow.__file__).parents[2]
    guilty = [
        path.relative_to(root).as_posix()
        for folder in ("researchclaw", "stages", "sandbox")
        for path in (root / folder).rglob("*.py")
        if any(line.strip().startswith(("import prefect", "from prefect")) for line in path.read_text().splitlines())
    ]
    # server.py: in the text of the temporary server, which is a process of its own
    assert [path for path in guilty if not path.startswith("researchclaw/flow/")] == ["researchclaw/server.py"]


def test_secrets_are_left_out_of_messages_and_tracebacks() -> None:
    try:
        {}["refused: sk-12345678"]
    except KeyError:
        record = logging.LogRecord("x", logging.INFO, "", 1, "key %s", ("sk-12345678",), sys.exc_info())
    text = flow.WithoutSecrets(logging.Formatter(), ["sk-12345678"]).format(record)
    assert text.startswith("key ***")
    assert "refused: ***" in text
    assert "sk-1234" not in text
