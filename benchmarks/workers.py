"""Training runs over workers: how much faster two are than one, what a killed one costs, and what a server takes.

    python benchmarks/workers.py                       24 short runs here, by one worker, by two, and by two of which one is killed
    python benchmarks/workers.py --simulate 1000       units without training through SQLite and PostgreSQL: the server's part alone

Everything on this machine: the project's server, a PostgreSQL of its own (skipped when it is not installed), workers as
processes with folders of their own. The load before each part is printed: only figures of one call can be compared.
`study` and `simulated-worker` are the parts that it starts as processes.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from postgres import Cluster, NoPostgres, cluster, cpu_s  # noqa: E402

from researchclaw import server  # noqa: E402
from researchclaw.settings import load  # noqa: E402

WAIT_S = 120


class Site:
    """A project with its server; workers and studies are processes."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder, self.output, self.database_url = folder, folder / "artifacts", database_url
        self.url, self.pool = "", "bench"
        self.workers: list[subprocess.Popen[str]] = []
        self.studies: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Site:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for study in self.studies:
            study.kill()  # of an interrupted measurement; one that has ended is left as it is
            study.wait()
        self.studies.clear()
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.communicate()
        self.workers.clear()
        self.stop()

    def start(self, port: int | None = None) -> None:
        self.output.mkdir(parents=True, exist_ok=True)
        words = ["--set", f"server.port={port or 'null'}", "--set", f"server.database_url={json.dumps(self.database_url)}"]
        self._server("start", *words, "--set", f"flow.startup_timeout_sec={WAIT_S}")
        record = server.running(self.output)
        assert record is not None
        self.url, self.pid, self.port = record.url, record.holder.pid, record.port

    def _server(self, *words: str) -> None:
        command = [sys.executable, "-m", "researchclaw", "server", *words, "--output", str(self.output)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, env=_clean())

    def stop(self) -> None:
        self._server("stop")

    def worker(self, name: str, *words: str, limit: int = 1) -> subprocess.Popen[str]:
        """A worker that is ready, in a folder of its own."""
        command = [sys.executable, "-m", "researchclaw", "worker", "start", "--pool", self.pool, "--server", self.url, "--name", name]
        command += ["--limit", str(limit), "--output", str(self.folder / name), *words]
        return self._ready(command)

    def simulated_worker(self, name: str, limit: int, seconds: float = 0) -> subprocess.Popen[str]:
        """seconds: that each unit takes; begin and end stand in a file of the pool's name."""
        words = [self.url, self.pool, str(self.folder / name), str(limit), str(seconds)]
        return self._ready([sys.executable, str(Path(__file__).absolute()), "simulated-worker", *words])

    def _ready(self, command: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder, env=_clean())
        self.workers.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if "at once for" not in line:
            process.kill()
            raise SystemExit(f"a worker did not start: {line}{process.communicate()[0]}")
        return process

    def study(self, run: str, units: int, executor: str, *, steps: int = 10, set_: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Prints a line of JSON for each record as it arrives, then 'all'."""
        words = [str(self.output), self.pool, run, str(units), executor, str(steps)]
        command = [sys.executable, str(Path(__file__).absolute()), "study", *words]
        process = subprocess.Popen(
            [*command, *set_], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder, env=_clean()
        )
        self.studies.append(process)
        return process


def _clean() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT") or name == server.AUTH}
    return kept | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def records(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Of a study that ran to its end, in the order of its requests."""
    out, error = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"the study failed: {error[-2000:]}")
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def results(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """What must be the same wherever a run was made, to the last bit."""
    return sorted((r["request_sha256"], r["verdict"], json.dumps(r["measurement"], sort_keys=True)) for r in found)


# ---------------------------------------------------------------- processes of their own


def study(output: Path, pool: str, run: str, units: int, executor: str, steps: int, set_: list[str]) -> None:
    from researchclaw import wiring
    from researchclaw.adapters.journalled import JournalledLaboratory
    from researchclaw.journal import ExperimentEnded, Journal
    from researchclaw.kits import kits_folder, load_kit
    from stages.contracts import TrainingRequest

    folder = output / run
    folder.mkdir(parents=True, exist_ok=True)
    given = [f"output={output}", f"experiment.pool={pool}", "experiment.workers=1", "experiment.worker_wait_sec=120", *set_]
    settings = load(None, None, given, folder=folder)
    kit = load_kit(kits_folder() / "tiny_lm")
    common = {"kit": kit.name, "kit_sha256": kit.kit_sha256, "condition": "baseline", "train_py": kit.train_py, "purpose": "report"}
    common |= {"steps": steps, "budget_s": 60, "scored_bytes": 8192}
    requests = [TrainingRequest.model_validate({**common, "seed": seed}) for seed in range(units)]
    with Journal(folder / "journal.jsonl") as journal:
        journal.listen(lambda event: print("ended", event.seed, flush=True) if isinstance(event, ExperimentEnded) else None)
        local = wiring.laboratory(settings, folder, journal)
        laboratory = local if executor == "local" else wiring.pool_laboratory(settings, local, run, journal)
        for record in JournalledLaboratory(laboratory, journal).measure(requests):
            print(record.model_dump_json())
    print("all")


def simulated(name: str, url: str, seconds: float, log: Path) -> str:
    """A unit's whole way without its training: an honest 'crash' that says so."""
    from researchclaw import hardware
    from researchclaw.journal import sha256_of
    from researchclaw.unit_store import RemoteStore
    from researchclaw.units import UnitResult, packed, read_unit
    from stages.contracts import RunCost, RunRecord

    store = RemoteStore(url, os.environ.get("PREFECT_API_AUTH_STRING"), patience_s=60)
    if (known := store.result(name)) is not None:  # as a real worker
        return known
    unit = read_unit(store.get(name))
    request = unit.request
    _note(log, "begin", request.seed)
    time.sleep(seconds)
    record = RunRecord(
        request_sha256=sha256_of(request), condition=request.condition, seed=request.seed, purpose=request.purpose,
        verdict="crash", reason="simulated: nothing was trained", isolation="bubblewrap (not used)", command="none",
        folder="none", cost=RunCost(train_cpu_s=0, train_wall_s=0, startup_s=0, evaluation_s=0, peak_memory_mb=0),
    )  # fmt: skip
    found = hardware.found()
    content = packed(UnitResult(unit=name, record=record, log="", worker="simulated", hardware=found, environment=unit.environment))
    answer = hashlib.sha256(content).hexdigest()
    store.put(answer, content)
    store.put_result(name, answer)
    store.close()
    _note(log, "end", request.seed)
    return answer


def _note(log: Path, word: str, seed: int) -> None:
    with log.open("a") as file:
        file.write(f"{time.time():.3f} {word} {seed}\n")


def simulated_worker(url: str, pool: str, folder: Path, limit: int, seconds: float) -> None:
    from researchclaw import server_of_worker

    folder.mkdir(parents=True, exist_ok=True)
    with server_of_worker.prefect_for(folder, url, os.environ.get(server.AUTH)):
        from researchclaw.flow import worker
    work = partial(simulated, url=url, seconds=seconds, log=folder.parent / f"{pool}.txt")
    worker.start(pool, folder.name, work, (None,) * limit, lambda name: print(name, "at once for", flush=True))


# ---------------------------------------------------------------- measurements


@contextlib.contextmanager
def database(kind: str) -> Iterator[Cluster | None]:
    if kind == "sqlite":
        yield None
    else:
        with cluster() as found:
            yield found


@contextlib.contextmanager
def place(kind: str) -> Iterator[tuple[Site, Cluster | None]]:
    with (
        tempfile.TemporaryDirectory(prefix="researchclaw-workers-") as folder,
        database(kind) as postgres,
        Site(Path(folder), postgres.url if postgres else None) as site,
    ):
        yield site, postgres


def load_now() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores"


def compare(units: int, steps: int, kind: str) -> dict[str, Any]:
    """Wall times of one worker, of two, of two with a death, and of this process alone."""
    found: dict[str, Any] = {"units": units, "steps": steps, "database": kind}
    with place(kind) as (site, _):
        records(site.study("warm", 1, "local", steps=1))  # the data are prepared
        local, found["local_s"], found["load_local"] = timed(lambda: site.study("local", units, "local", steps=steps))
        site.worker("one")
        records(site.study("warm1", 1, "pool", steps=1))
        one, found["one_worker_s"], found["load_one"] = timed(lambda: site.study("one", units, "pool", steps=steps))
        site.worker("two")
        records(site.study("warm2", 2, "pool", steps=1))
        two, found["two_workers_s"], found["load_two"] = timed(lambda: site.study("two", units, "pool", steps=steps))
        found["ratio"] = round(found["two_workers_s"] / found["one_worker_s"], 3)
        found["spread"] = dict(Counter(r["machine"].split("-")[0].split(":")[0] for r in two))
        found["identical"] = results(one) == results(two) == results(local)
        began = time.perf_counter()
        killed = site.study("killed", units, "pool", steps=steps)
        assert killed.stdout is not None
        for _ in range(units // 3):
            killed.stdout.readline()
        site.workers[0].kill()
        after = records(killed)
        found["killed_s"] = round(time.perf_counter() - began, 1)
        found["killed_identical"] = results(after) == results(local)
        found["killed_records"] = len({r["request_sha256"] for r in after})
    return found


def timed(start: Any) -> tuple[list[dict[str, Any]], float, str]:
    load, began = load_now(), time.perf_counter()
    found = records(start())
    wall = round(time.perf_counter() - began, 1)
    print(f"{len(found)} units in {wall} s, {load}", file=sys.stderr, flush=True)  # a whole comparison takes minutes
    return found, wall, load


def simulate(units: int, kind: str, slots: int, minutes: float) -> dict[str, Any]:
    """The server's part of `units` experiments, or of as many as were done in so many minutes."""
    with place(kind) as (site, postgres):
        records(site.study("warm", 1, "local", steps=1))
        for number in (1, 2):
            site.simulated_worker(f"worker{number}", slots)
        empty = size(site, postgres)
        before, load, began = cpu(site, postgres), load_now(), time.perf_counter()
        done = ended(site.study("simulated", units, "pool", set_=(f"experiment.worker_wait_sec={WAIT_S}",)), 60 * minutes)
        wall = time.perf_counter() - began
        if not done:
            raise SystemExit(f"no unit was done in {wall:.0f} s")
        used = cpu(site, postgres) - before
        store = sum(path.stat().st_size for path in (site.output / ".prefect" / "store").rglob("*") if path.is_file())
        return {
            "submitted": units,
            "units": done,
            "database": kind,
            "load": load,
            "wall_s": round(wall, 1),
            "units_per_s": round(done / wall, 2),
            "server_cpu_s": round(used, 1),
            "server_cpu_ms_per_unit": round(1000 * used / done, 1),
            "database_mb": round((size(site, postgres) - empty) / 2**20, 1),
            "store_mb": round(store / 2**20, 1),
            "server_memory_mb": memory_mb(site.pid),
        }


def ended(process: subprocess.Popen[str], seconds: float) -> int:
    """Units of a study that have ended when it has, or when its time is over; it is killed then."""
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0].count("ended ")
    if process.returncode != 0:
        raise SystemExit(f"the study failed: {error[-2000:]}")
    return out.count("ended ")


def cpu(site: Site, postgres: Cluster | None) -> float:
    return cpu_s(site.pid) + (postgres.cpu_s() if postgres else 0)


def memory_mb(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def size(site: Site, postgres: Cluster | None) -> int:
    """Bytes of the database, with its log of changes for SQLite."""
    if postgres is None:
        return sum(path.stat().st_size for path in (site.output / ".prefect").glob("prefect.db*"))
    return sum(path.stat().st_size for path in (postgres.folder / "data" / "base").rglob("*") if path.is_file())


def main() -> None:
    if sys.argv[1:2] == ["study"]:
        output, pool, run, units, executor, steps, *set_ = sys.argv[2:]
        return study(Path(output), pool, run, int(units), executor, int(steps), set_)
    if sys.argv[1:2] == ["simulated-worker"]:
        url, pool, folder, limit, seconds = sys.argv[2:]
        return simulated_worker(url, pool, Path(folder), int(limit), float(seconds))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=24)
    parser.add_argument("--steps", type=int, default=40, help="Training steps of each run.")
    parser.add_argument("--simulate", type=int, metavar="N", help="N units without training instead.")
    parser.add_argument("--minutes", type=float, default=60, help="For N at most; what was done by then is counted.")
    parser.add_argument("--slots", type=int, default=8, help="Of each of the two workers when nothing is trained.")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default=None)
    given = parser.parse_args()
    kinds = {"both": ("sqlite", "postgresql"), None: ("sqlite", "postgresql") if given.simulate else ("postgresql",)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    for kind in kinds.get(given.database, (given.database,)):
        try:
            if given.simulate:
                found = simulate(given.simulate, kind, given.slots, given.minutes)
            else:
                found = compare(given.units, given.steps, kind)
            print(json.dumps(found), flush=True)
        except NoPostgres as exc:
            print(f"skipped: {exc}")
    return None


if __name__ == "__main__":
    main()
