"""The project's server and the temporary one: real processes, seconds each."""

import base64
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from researchclaw import server
from researchclaw.run_store import RunStore, runs
from researchclaw.settings import ServerSettings, load
from stages.errors import SettingsError

SECRET = "ada:not-a-real-secret"

AUDIT = """
import os, sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind", "socket.getaddrinfo"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        with open(os.environ["SOCKETS"], "a") as file:
            file.write(f"{event}\\t{address!r}\\n")
sys.addaudithook(hook)
"""


def test_the_users_own_prefect_settings_are_left_out_and_nothing_phones_home(tmp_path: Path) -> None:
    found = server.environment(tmp_path, "http://127.0.0.1:1/api")
    assert found["PREFECT_HOME"] == str(tmp_path / ".prefect")
    assert found["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert found["DO_NOT_TRACK"] == "1"
    assert "127.0.0.1" in found["NO_PROXY"]
    assert found["no_proxy"] == found["NO_PROXY"]  # the name in lower case wins
    assert "PREFECT_API_AUTH_STRING" not in found


def test_a_temporary_server_that_does_not_come_up_is_one_line_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TEMPORARY", "import sys; sys.exit(7)")
    for name, value in os.environ.items():
        monkeypatch.setenv(name, value)  # put back afterwards what the server's start takes away
    for name in server.environment(tmp_path, ""):
        monkeypatch.setenv(name, "")
    with server.server(tmp_path, None, 60) as reached, pytest.raises(SettingsError, match=r"code 7.*flow\.engine=plain"):
        reached.wait()
    assert not reached.lasting


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "lab.example"])
def test_beyond_loopback_nothing_is_started_without_authentication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.delenv(server.AUTH, raising=False)
    with pytest.raises(SettingsError, match=rf"server\.host.*{server.AUTH}"):
        server.start(tmp_path, ServerSettings(host=host), 1)
    assert server.running(tmp_path) is None


def test_a_port_that_is_taken_is_a_setting_to_mend(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(SettingsError, match=r"server\.port.*in use"):
            server.start(tmp_path, ServerSettings(port=other.getsockname()[1]), 1)


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql+asyncpg://ada:secret@host/db", "postgresql://ada@host/db"])
def test_a_database_url_with_a_password_or_another_driver_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"server\.database_url"):
        load(None, None, [f"server.database_url={url}"], folder=tmp_path)


def test_a_postgresql_url_goes_to_prefect_and_the_password_stays_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "pg-secret")
    url = "postgresql+asyncpg://ada@db.example/research"
    found = server._server_environment(tmp_path, ServerSettings(database_url=url), 4200, None)
    assert found["PREFECT_SERVER_DATABASE_CONNECTION_URL"] == url
    assert found["PGPASSWORD"] == "pg-secret"


def test_a_server_whose_process_is_gone_is_not_up(tmp_path: Path) -> None:
    (tmp_path / ".prefect").mkdir()
    holder = {"pid": os.getpid(), "boot_id": "another", "started": "1"}
    record = {"holder": holder, "host": "127.0.0.1", "port": 1, "authentication": False, "started": "2026-01-01"}
    (tmp_path / ".prefect" / "server.json").write_text(json.dumps(record))
    assert server.running(tmp_path) is None
    assert server.stop(tmp_path) is None
    assert not (tmp_path / ".prefect" / "server.json").exists()


@pytest.mark.slow
def test_the_server_is_started_once_answers_touches_loopback_only_and_stops_cleanly(
    new_project: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(AUDIT)
    monkeypatch.setenv("SOCKETS", str(tmp_path / "sockets.txt"))
    monkeypatch.setenv("PYTHONPATH", str(hook))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert "there is none" in new_project.command("server", "status", code=1)
    new_project.start()
    assert "is up already" in new_project.command("server", "start")
    facts = json.loads(new_project.command("server", "status", "--json"))
    assert (facts["up"], facts["answers"], facts["url"]) == (True, True, new_project.url)
    assert new_project.ask("GET", "/health") == (200, "true")
    # another page in the user's browser, or a name that was made to point here, gets nowhere
    body = {"run_input": {"decision": "approve"}}
    forged = "/flow_runs/00000000-0000-0000-0000-000000000000/resume"
    assert new_project.ask("POST", forged, body, Origin="http://evil.example")[0] == 403
    assert new_project.ask("POST", forged, body, token=False)[0] == 403
    assert new_project.ask("GET", "/health", Host="evil.example:80")[0] == 400
    assert new_project.ask("POST", "/flow_runs/filter", {}, Origin=new_project.url)[0] == 200
    new_project.command("server", "stop")
    assert not server._healthy(new_project.url, 1)
    assert "there is none" in new_project.command("server", "stop")
    sockets = (tmp_path / "sockets.txt").read_text().splitlines()
    strangers = [line for line in sockets if not any(local in line for local in ("127.0.0.1", "'localhost'", "::1"))]
    assert [line for line in strangers if "None" not in line and "AF_UNIX" not in line] == []
    assert len(sockets) > 3
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_beyond_loopback_an_unauthenticated_request_is_refused_and_a_run_needs_the_secret(
    new_project: Any, start_toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_project.environment = {server.AUTH: SECRET}
    new_project.start("--set", "server.host=0.0.0.0")
    basic = "Basic " + base64.b64encode(SECRET.encode()).decode()
    wrong = "Basic " + base64.b64encode(b"ada:guess").decode()
    assert new_project.ask("POST", "/flow_runs/filter", {}, token=False)[0] in (401, 403)
    for headers in ({}, {"Authorization": wrong}):  # not even the token that a form needs
        assert new_project.ask("GET", "/csrf-token?client=x", **headers)[0] == 401
        assert new_project.ask("GET", "/admin/version", **headers)[0] == 401
    assert new_project.ask("POST", "/flow_runs/filter", {}, Authorization=basic) == (200, [])
    without = start_toy(str(new_project.output), "toys", "prefect")
    _, error = without.communicate(timeout=120)
    assert (without.returncode, server.AUTH in error) == (2, True)
    monkeypatch.setenv("LAB_AUTH", SECRET)  # start_toy leaves out what begins with PREFECT
    with_it = start_toy(str(new_project.output), "toys", "prefect")
    _, error = with_it.communicate(timeout=120)
    assert with_it.returncode == 0, error
    assert RunStore(runs(new_project.output)[0]).info().status == "done"
    texts = [path.read_bytes() for path in new_project.output.rglob("*") if path.is_file()]
    assert not [text for text in texts if SECRET.encode() in text]
