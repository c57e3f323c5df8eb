"""Studies over workers: real servers and real worker processes; what is trained, and what only pretends to be.

The processes are those of benchmarks/workers.py, so that what is tested is what is measured.
"""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from researchclaw import server

ROOT = Path(__file__).parents[3]
SECRET = "ada:not-a-real-secret"


def _benchmark(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    _benchmark("postgres")
    return _benchmark("workers")


@pytest.fixture(scope="module")
def served(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], None]) -> Iterator[Any]:
    """A project with a server on SQLite that asks who is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(server.AUTH, SECRET)
        site = bench.Site(tmp_path_factory.mktemp("site"))
        with_database(site.output)
        with site as it:
            yield it


@pytest.fixture
def site(served: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same with a pool of the test's own, whose workers end with it."""
    served.pool = request.node.name[-40:]
    yield served
    for worker in served.workers:
        worker.kill()
        worker.communicate()
    served.workers.clear()


def arrived(study: subprocess.Popen[str], count: int) -> None:
    """Wait until that many records are in the journal."""
    assert study.stdout is not None
    while count:
        line = study.stdout.readline()
        assert line, study.stderr.read() if study.stderr else ""
        count -= line.startswith("ended")


def begun(site: Any) -> list[int]:
    """Seeds whose units were begun, in order."""
    log = site.folder / f"{site.pool}.txt"
    return [int(line.split()[2]) for line in log.read_text().splitlines() if line.split()[1] == "begin"] if log.exists() else []


@pytest.mark.slow
def test_two_workers_on_postgresql_of_which_one_is_killed_give_what_this_machine_gives(bench: ModuleType, tmp_path: Path) -> None:
    try:
        with bench.cluster() as postgres, bench.Site(tmp_path, postgres.url) as site:
            local = bench.records(site.study("local", 4, "local", steps=2))
            first, _ = site.worker("one"), site.worker("two")
            study = site.study("pool", 4, "pool", steps=2, set_=("experiment.worker_lost_sec=15",))
            arrived(study, 1)
            until = time.monotonic() + 60
            while '"machine":"one: ' not in (site.output / "pool" / "journal.jsonl").read_text():
                assert time.monotonic() < until
                time.sleep(0.1)
            its_own = descendants(first.pid)
            first.kill()
            end_soon(its_own)
            spread = bench.records(study)
            assert len({r["request_sha256"] for r in spread}) == len(spread) == 4
            assert bench.results(spread) == bench.results(local)
            assert all(r["verdict"] == "ok" for r in spread)
            assert {r["machine"].split(":")[0] for r in spread} == {"one", "two"}
            journal = (site.output / "pool" / "journal.jsonl").read_text()
            assert journal.count('"training run"') == 4
            assert len(list((site.output / "pool" / "experiment_runs" / "baseline").glob("*/measurement.json"))) == 4
        # the database is gone and nobody serves the pool: the journal knows all and asks nobody, then the store does
        site.database_url = None
        with site:
            assert bench.results(bench.records(site.study("pool", 4, "pool", steps=2))) == bench.results(local)
            assert (site.output / "pool" / "journal.jsonl").read_text() == journal
            (site.output / "pool" / "journal.jsonl").unlink()
            assert bench.results(bench.records(site.study("pool", 4, "pool", steps=2))) == bench.results(local)
            with httpx.Client(base_url=f"{site.url}/api/", trust_env=False) as client:
                token = client.get("csrf-token", params={"client": "test"}).json()["token"]
                headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "test"}
                assert client.post("flow_runs/count", json={}, headers=headers).json() == 0  # no new unit
    except bench.NoPostgres as exc:
        pytest.skip(str(exc))


@pytest.mark.slow
def test_neither_a_killed_study_nor_a_server_that_was_away_costs_or_repeats_a_unit_and_a_limit_holds(
    bench: ModuleType, site: Any
) -> None:
    for name in ("one", "two"):
        site.simulated_worker(name, 2, 0.3)
    study = site.study("killed", 8, "pool", set_=("experiment.pool_limit=1",))
    arrived(study, 1)
    study.send_signal(signal.SIGKILL)
    study.communicate()
    study = site.study("killed", 8, "pool", set_=("experiment.pool_limit=1",))
    arrived(study, 3)
    site.stop()
    time.sleep(3)
    site.start(site.port)
    assert len(bench.records(study)) == 8
    assert sorted(begun(site)) == list(range(8))
    words = [line.split()[1] for line in (site.folder / f"{site.pool}.txt").read_text().splitlines()]
    assert words == ["begin", "end"] * 8  # never two at once


@pytest.mark.slow
def test_a_pool_without_a_worker_ends_the_study_with_one_line(bench: ModuleType, site: Any) -> None:
    study = site.study("alone", 1, "pool", set_=("experiment.worker_wait_sec=1",))
    _, error = study.communicate()
    assert study.returncode != 0
    assert f"NoWorker: pool {site.pool} has no worker for py3" in error
    assert "online: none at all" in error


def cancels_a_unit(site: Any, worker: subprocess.Popen[str]) -> None:
    """A person cancels a training run in the UI: its slot's processes are gone within 15 s, and the study ends with one line."""
    idle = descendants(worker.pid)
    assert guests(idle)  # of the unit before: the sandbox that waits with torch in it
    study = site.study("cancelled", 1, "pool", steps=100_000)
    until = time.monotonic() + 60
    while not (found := units(site, "RUNNING")) or not (at_work := descendants(worker.pid) - idle):
        assert time.monotonic() < until, (found, study.poll())
        time.sleep(0.2)
    asked(site, f"flow_runs/{found[0]['id']}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    _, error = study.communicate(timeout=15)
    assert "baseline, seed 0, report was cancelled in Prefect; `researchclaw resume` submits it again." in error
    end_soon(at_work | guests(idle))
    until = time.monotonic() + 15
    while not units(site, "CANCELLED"):
        assert time.monotonic() < until
        time.sleep(0.2)


def asked(site: Any, path: str, body: dict[str, Any]) -> Any:
    with httpx.Client(base_url=f"{site.url}/api/", auth=tuple(SECRET.split(":")), trust_env=False) as client:  # type: ignore[arg-type]
        token = client.get("csrf-token", params={"client": "test"}).json()["token"]
        answer = client.post(path, json=body, headers={"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "test"})
    return answer.raise_for_status().json()


def units(site: Any, state: str) -> list[dict[str, Any]]:
    wanted = {"flow_runs": {"state": {"type": {"any_": [state]}}}, "work_pools": {"name": {"any_": [site.pool]}}}
    found: list[dict[str, Any]] = asked(site, "flow_runs/filter", wanted)
    return found


def descendants(pid: int) -> set[int]:
    """Processes that it started, and theirs."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found, news = set[int](), {pid}
    while news:
        news = {child for child, parent in parents.items() if parent in news}
        found |= news
    return found


def guests(pids: set[int]) -> set[int]:
    """Those of them that are a warm sandbox, with the processes around it."""
    return {pid for pid in pids if b"bwrap" in _file(pid, "cmdline") or b"warm_worker.py" in _file(pid, "cmdline")}


def end_soon(pids: set[int]) -> None:
    """They are gone, whoever inherited them, within 15 s; one that nobody has waited for yet counts as gone."""
    assert pids
    until = time.monotonic() + 15
    while left := {pid for pid in pids if _file(pid, "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])}:
        assert time.monotonic() < until, left
        time.sleep(0.1)


def _file(pid: int, name: str) -> bytes:
    """Empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


@pytest.mark.slow
def test_a_worker_needs_the_secret_and_writes_it_nowhere(bench: ModuleType, site: Any) -> None:
    command = [sys.executable, "-m", "researchclaw", "worker", "start", "--server", site.url, "--output", "stranger"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | {"PYTHONPATH": str(ROOT)}
    for given in ({}, {server.AUTH: "ada:guess"}):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment | given, cwd=site.folder)
        assert (done.returncode, server.AUTH in done.stderr) == (2, True)
    with_it = site.worker("one")
    assert bench.records(site.study("trained", 1, "pool", steps=1))[0]["verdict"] == "ok"
    cancels_a_unit(site, with_it)
    with_it.send_signal(signal.SIGINT)
    assert "stopped after 1 run\n" in with_it.communicate(timeout=60)[0]
    files = [path.read_bytes() for path in site.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [data for data in files if b"not-a-real-secret" in data]
    # nor do the records, which are delivered with the paper, name a folder of the worker: it may hold its user's name
    records = [path.read_bytes() for path in (site.output / "trained").rglob("*") if path.is_file()]
    assert records
    assert not [data for data in records if f"{site.folder}/one".encode() in data]


def test_a_run_that_wants_a_pool_needs_the_projects_server(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "researchclaw",
        "run",
        "--topic",
        "learning-rate schedules",
        "--output",
        str(tmp_path / "artifacts"),
    ]
    done = subprocess.run(
        [*command, "--set", "experiment.executor=workpool"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "researchclaw server start" in done.stderr
    assert not (tmp_path / "artifacts").exists() or not list((tmp_path / "artifacts").glob("rc-*"))
