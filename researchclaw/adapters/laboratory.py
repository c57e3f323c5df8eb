"""The laboratory: kits' experiments on this machine, in sandboxes, one thread each, as many at once as there are cores.

What is measured once per machine is kept below the state folder: prepared corpora by the hash of what made them, and
costs of steps by the hash of what was timed. A second study on the same machine therefore gets the same numbers of steps,
and with them the same results.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import platform
import queue
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from pydantic import Field, ValidationError

from researchclaw import hardware
from researchclaw.adapters.experiment_runner import Bench, Interrupted, command_of, last_line, run_one
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, collect
from researchclaw.adapters.isolation.guest_python import modules_in
from researchclaw.adapters.isolation.job import Isolation, Job
from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS, Limits
from researchclaw.adapters.isolation.warm import WarmPlace, WarmWorker
from researchclaw.adapters.memory_room import MemoryRoom
from researchclaw.adapters.sealed_looks import note_look
from researchclaw.adapters.step_clock import StepCost, time_steps
from researchclaw.adapters.table_laboratory import TableLaboratory
from researchclaw.journal import sha256_of
from researchclaw.kits import file_hashes, load_kit
from stages.contracts import Contract, CorpusFacts, GeneratedKit, Kit, RunRecord, Sha256, Slug, TrainingRequest
from stages.errors import ExperimentFailed, SettingsError
from stages.ports import Preparation, Probe, ProbeRequest, Probes

logger = logging.getLogger(__name__)

_SPLITS = ("train.bin", "val.bin", "test.bin")
_SPLIT_MAX = 1 << 30
_PREPARE_WALL_S = 900.0
_PROBE_METHOD = 3  # part of the calibration's key: raise it when step_clock measures differently
_TSV_HEAD = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\n"


class _Stored(Contract):
    """corpus.json of a prepared corpus in the state folder."""

    facts: CorpusFacts
    files: dict[str, Sha256]


class _Calibration(Contract):
    """calibration.json: costs by the hash of everything that they depend on."""

    costs: dict[str, StepCost] = Field(default_factory=dict)


@dataclass(frozen=True)
class Shipment:
    """What another machine must know of a kit here, to run it there with the same result."""

    folder: Path
    """Holds the prepared splits."""
    files: dict[str, Sha256]
    """Split -> hash."""
    corpus: CorpusFacts
    kit_files: dict[str, Sha256]
    metric: Slug
    baseline: str
    limits: Limits
    startup_s: float
    keep_weights: bool
    held_out: tuple[str, ...]
    """Modules of the standard library that are validation or test text."""


class _Slots:
    """Threads, each with a core of its own or none, and a warm worker once it had a run."""

    def __init__(self, cores: Sequence[int | None]) -> None:
        self._free: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        for core in cores:
            self._free.put(core)
        self._mine = threading.local()
        self._places: list[WarmPlace] = []
        self.pool = ThreadPoolExecutor(len(cores), thread_name_prefix="run", initializer=self._begin)

    def _begin(self) -> None:
        self._mine.core, self._mine.place = self._free.get(), WarmPlace()
        self._places.append(self._mine.place)

    def core(self) -> int | None:
        """The core of the calling thread's guests."""
        core: int | None = self._mine.core
        return core

    def warm(self, bench: Bench, stop: threading.Event) -> Callable[[], WarmWorker]:
        """The calling thread's worker; started when there is none, or the last one went with its run."""
        place: WarmPlace = self._mine.place
        limits = replace(bench.limits, cpu=self.core())
        return lambda: place.worker(bench.isolation, bench.harness, limits, stop, held_out=bench.held_out)

    def close(self) -> None:
        """End the threads and with them their workers."""
        self.pool.shutdown(wait=True, cancel_futures=True)
        for place in self._places:
            place.close()


class LocalLaboratory:
    """`stages.ports.Laboratory` on this machine's processors."""

    def __init__(
        self,
        *,
        kits_root: Path,
        state: Path,
        run_folder: Path,
        isolation: Isolation,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        corpus: Path | None = None,
        keep_weights: bool = False,
        pin: bool = False,
        startup_s: float = 4.0,
        on_start: Callable[[TrainingRequest], None] | None = None,
        on_record: Callable[[TrainingRequest, RunRecord], None] | None = None,
    ) -> None:
        """kits_root: the folder that holds kits by name; `harness` lies beside it. state: kept between runs.

        workers: at most so many runs at once, fewer where memory does not suffice; None: one for each physical core.
        corpus: text to prepare instead of the kit's own.
        pin: bind each worker's guests to a core of its own. Off by default: beside other work the kernel places them better.
        startup_s: CPU time that a run may spend outside its training steps; with 1.5 budgets on top it is a timeout.
        on_start is called in a worker's thread, on_record in the caller's, as each run ends.
        """
        self._kits_root = kits_root.resolve()
        self._state = state.resolve()
        self._run_folder = run_folder.resolve()
        self._isolation = isolation
        self._workers = workers or hardware.physical_cores()
        self._limits = limits
        self._corpus_source = corpus
        self._keep_weights = keep_weights
        self._startup_s = startup_s
        self._on_start = on_start
        self._on_record = on_record
        self._kits: dict[str, Kit] = {}
        self._shipments: dict[str, Shipment] = {}
        allowed = sorted(os.sched_getaffinity(0))
        cores = [allowed[worker % len(allowed)] if pin else None for worker in range(self._workers)]
        self._slots = _Slots(cores)
        self._keeping = threading.Lock()
        self._room = MemoryRoom(lambda: hardware.available_memory_bytes() / 2**20)
        weakref.finalize(self, self._slots.close)
        self._tables = TableLaboratory(
            isolation=isolation,
            harness=self._kits_root.parent / "table_harness",
            state=self._state,
            run_folder=self._run_folder,
            limits=limits,
            startup_s=startup_s,
        )

    @property
    def isolation(self) -> str:
        return self._isolation.name

    @property
    def device(self) -> str:
        return f"CPU, one thread per run ({hardware.cpu_name()})"

    @property
    def workers(self) -> int:
        return self._workers

    # ------------------------------------------------------------ data

    def corpus(self, kit: Slug) -> CorpusFacts:
        """See `Laboratory.corpus`. The second call reads what the first one stored, and checks its hashes.

        Raises:
            SettingsError: the corpus is too small or cannot be read.
            ExperimentFailed: the kit's prepare.py failed.
        """
        return self.prepared(kit)[1]

    def prepared(self, kit: Slug) -> tuple[Path, CorpusFacts]:
        """The folder with the splits, and what `corpus` tells of them."""
        folder = self._state / "data" / f"{kit}-{self._corpus_key(kit)}"
        if not folder.is_dir():
            self._prepare(kit, folder)
        try:
            stored = _Stored.model_validate_json((folder / "corpus.json").read_bytes())
        except (OSError, ValidationError) as exc:
            raise SettingsError(f"{folder / 'corpus.json'} is damaged or missing. Delete {folder} and run again.") from exc
        for name, digest in stored.files.items():
            if not (folder / name).is_file():
                raise SettingsError(f"{folder / name} is missing. Delete {folder} and run again.")
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise SettingsError(f"{folder / name} has changed since it was prepared. Delete {folder} and run again.")
        return folder, stored.facts

    def held_out(self, prepared: Path) -> tuple[str, ...]:
        """Modules of the standard library that are validation or test text, where the text is the kit's own; see `Job`.

        A text of the user's may hold any module, also such as torch imports.
        """
        return () if self._corpus_source is not None else modules_in(prepared / "val.bin", prepared / "test.bin")

    def _corpus_key(self, kit: Slug) -> str:
        source = "standard library" if self._corpus_source is None else _listing(self._corpus_source)
        made_by = f"{self._kit(kit).prepare_sha256}|{sys.version}|{sys.base_prefix}|{source}"
        return hashlib.sha256(made_by.encode()).hexdigest()[:16]

    def _prepare(self, kit: Slug, folder: Path) -> None:
        """Run the kit's prepare.py in the sandbox; the folder appears whole or not at all."""
        source = self._corpus_source
        inputs: dict[str, bytes | Path] = {"prepare.py": (self._kits_root / kit / "prepare.py").read_bytes()}
        place = "" if source is None else f"corpus/{source.resolve().name}"
        if source is not None:
            inputs[place] = source.read_bytes() if source.is_file() else source.resolve()
        job = Job(
            argv=lambda inside: [
                *(inside.python, "-I", "-B", f"{inside.inputs}/prepare.py", "--out", f"{inside.scratch}"),
                *(("--corpus", f"{inside.inputs}/{place}") if source is not None else ()),
            ],
            inputs=inputs,
            limits=Limits(wall_s=_PREPARE_WALL_S, memory_mb=self._limits.memory_mb, scratch_mb=max(512, self._limits.scratch_mb)),
            sources=True,
        )
        logger.info("preparing the data of %s", kit)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{kit}-", dir=folder.parent) as parent, self._isolation.start(job) as guest:
            outcome, _ = guest.run()
            if outcome.exit_code == 2:
                raise SettingsError(f"experiment.corpus: {last_line(outcome.stderr)}")
            if outcome.exit_code != 0:
                why = f"too much {outcome.excess}" if outcome.excess else last_line(outcome.stderr)
                raise ExperimentFailed(f"the data of kit {kit} could not be prepared: {why}")
            built = Path(parent, "data")
            built.mkdir(mode=0o755)
            try:
                files = {name: collect(guest.scratch, name, built / name, _SPLIT_MAX) for name in _SPLITS}
                collect(guest.scratch, "corpus.json", built / "facts.json", 1 << 20)
                facts = CorpusFacts.model_validate_json((built / "facts.json").read_bytes())
            except (ArtefactRefusedError, ValidationError) as exc:
                raise ExperimentFailed(f"kit {kit}: prepare.py left no usable data: {exc}") from exc
            (built / "facts.json").unlink()
            write_whole(built / "corpus.json", _Stored(facts=facts, files=files).model_dump_json(indent=2))
            with contextlib.suppress(OSError):  # another process was first, with the same data
                built.rename(folder)

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        """See `Laboratory.prepare`."""
        return self._tables.prepare(kit, seed)

    # ------------------------------------------------------------ probes

    def probe(self, kit: Slug, requests: Sequence[ProbeRequest]) -> Probes:
        """See `Laboratory.probe`. What was timed on this machine before is not timed again."""
        if requests[0].generated is not None:
            return Probes(clock="cpu", probes=self._tables.probe(requests, threading.Event()))
        known = self._calibration()
        keys = [self._cost_key(kit, requests[0], request) for request in requests]
        missing = [index for index, key in enumerate(keys) if key not in known.costs]
        if missing:
            indices = sorted({0, *missing})
            with tempfile.TemporaryDirectory(prefix="researchclaw-probe-") as scratch:
                bench = self._bench(kit, self._run_folder)
                timed = time_steps(bench, [requests[index] for index in indices], Path(scratch), threading.Event())
            found = {keys[index]: cost for index, cost in zip(indices, timed, strict=True)}
            known = self._remember({key: cost for key, cost in found.items() if key not in known.costs})
            costs = [known.costs.get(key) or found[key] for key in keys]
        else:
            costs = [known.costs[key] for key in keys]
        probes = tuple(Probe(condition=request.condition, **dict(cost)) for request, cost in zip(requests, costs, strict=True))
        return Probes(clock="cpu", probes=probes)

    def _cost_key(self, kit: Slug, baseline: ProbeRequest, request: ProbeRequest) -> str:
        parts = (
            *(self._kit(kit).kit_sha256, self._corpus_key(kit), baseline.train_py, request.train_py),
            *(hardware.cpu_name(), version("torch"), sys.version, platform.machine(), str(_PROBE_METHOD)),
        )
        return hashlib.sha256("\0".join(hashlib.sha256(part.encode()).hexdigest() for part in parts).encode()).hexdigest()

    def _calibration(self) -> _Calibration:
        file = self._state / "calibration.json"
        if not file.exists():
            return _Calibration()
        try:
            return _Calibration.model_validate_json(file.read_text(encoding="utf-8"))
        except ValidationError as exc:
            raise SettingsError(f"{file} is damaged ({exc.error_count()} errors). Delete it; steps will be timed again.") from exc

    def _remember(self, costs: dict[str, StepCost]) -> _Calibration:
        """Add what succeeded; the first timing of a condition stays, also when two processes time it at once."""
        self._state.mkdir(parents=True, exist_ok=True)
        with locked(self._state / "calibration.lock"):
            known = {key: cost for key, cost in costs.items() if cost.failure is None} | self._calibration().costs
            calibration = _Calibration(costs=known)
            write_whole(self._state / "calibration.json", calibration.model_dump_json(indent=1))
        return calibration

    # ------------------------------------------------------------ runs

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        """See `Laboratory.measure`. An interruption kills every guest before it goes on its way.

        Raises:
            SandboxUnavailable: no guest can be started.
            ExperimentFailed: the harness failed, or the kit is not the one that was planned with.
        """
        shipped = [request for request in requests if request.generated is None]
        benches = {kit: self._bench(kit, self._run_folder) for kit in dict.fromkeys(request.kit for request in shipped)}
        for request in shipped:
            if request.kit_sha256 != self._kit(request.kit).kit_sha256:
                raise ExperimentFailed(f"kit {request.kit} has changed since the plan was made; `resume --from-stage 9` plans again.")
        stop = threading.Event()
        records: dict[int, RunRecord] = {}

        def work(request: TrainingRequest) -> RunRecord:
            if stop.is_set():
                raise Interrupted
            if self._on_start is not None:
                self._on_start(request)
            if request.generated is not None:
                with self._room.taken(stop):
                    return self._tables.run(request, self._slots.core(), stop)
            bench = benches[request.kit]
            warm = self._slots.warm(bench, stop) if bench.isolation.seals else None
            with self._room.taken(stop):
                record = run_one(bench, request, self._slots.core(), stop, warm)
            if record.cost.peak_memory_mb > 0:
                self._room.seen(record.cost.peak_memory_mb)
            return record

        futures: dict[Future[RunRecord], int] = {
            self._slots.pool.submit(work, request): index for index, request in enumerate(requests)
        }
        try:
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=futures.__getitem__):
                    index = futures[future]
                    records[index] = future.result()
                    self._keep(requests[index], records[index])
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            wait(futures)
            raise
        return tuple(records[index] for index in range(len(requests)))

    def _keep(self, request: TrainingRequest, record: RunRecord) -> None:
        with self._keeping:
            append_result(self._run_folder / "experiment_runs" / "results.tsv", request, record)
        if self._on_record is not None:
            self._on_record(request, record)

    # ------------------------------------------------------------ for runs on other machines

    @property
    def run_folder(self) -> Path:
        return self._run_folder

    def shipment(self, request: TrainingRequest) -> Shipment:
        """Raises: ExperimentFailed: the kit is not the one that was planned with."""
        kit = self._kit(request.kit)
        if request.kit_sha256 != kit.kit_sha256:
            raise ExperimentFailed(f"kit {request.kit} has changed since the plan was made; `resume --from-stage 9` plans again.")
        if request.kit not in self._shipments:
            folder, facts = self.prepared(request.kit)
            stored = _Stored.model_validate_json((folder / "corpus.json").read_text(encoding="utf-8"))
            self._shipments[request.kit] = Shipment(
                folder=folder,
                files=stored.files,
                corpus=facts,
                kit_files=file_hashes(self._kits_root / request.kit),
                metric=kit.metric.name,
                baseline=kit.train_py,
                limits=self._limits,
                startup_s=self._startup_s,
                keep_weights=self._keep_weights,
                held_out=self.held_out(folder),
            )
        return self._shipments[request.kit]

    def command(self, request: TrainingRequest, folder: Path) -> str:
        """Re-runs the request whose files lie in `folder`."""
        return command_of(request, (folder / "train.py").relative_to(self._run_folder), self._corpus_source)

    # ------------------------------------------------------------ kits

    def _kit(self, kit: Slug) -> Kit:
        if kit not in self._kits:
            self._kits[kit] = load_kit(self._kits_root / kit)
        return self._kits[kit]

    def _bench(self, kit: Slug, run_folder: Path) -> Bench:
        data, corpus = self.prepared(kit)
        return Bench(
            isolation=self._isolation,
            harness=self._kits_root.parent / "harness",
            data=data,
            corpus=corpus,
            metric=self._kit(kit).metric.name,
            baseline=self._kit(kit).train_py,
            run_folder=run_folder,
            own_corpus=self._corpus_source,
            limits=self._limits,
            keep_weights=self._keep_weights,
            startup_s=self._startup_s,
            on_look=self.note_look,
            held_out=self.held_out(data),
        )

    def note_look(self, request: TrainingRequest) -> None:
        """Write down that the weights of a request were scored on the sealed test split, here or by a worker."""
        note_look(self._state, self.shipment(request).corpus.sha256, sha256_of(request), request.seed)


def append_result(file: Path, request: TrainingRequest, record: RunRecord) -> None:
    """One row of karpathy's results.tsv; a run that is made again replaces its row.

    An attempt of the improvement loop is a discard until its program is run again under a fresh seed: then it was kept.
    """
    commit = hashlib.sha256(request.train_py.encode()).hexdigest()[:7]
    value = f"{record.measurement.value:.6f}" if record.measurement is not None else "0.000000"
    name = record.folder.removeprefix("experiment_runs/")
    description = name if record.reason is None else f"{name}: {record.verdict}, {' '.join(record.reason.split())}"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = file.read_text(encoding="utf-8").splitlines()[1:] if file.exists() else []
    rows = [row for row in (_row(line, file) for line in lines if line.strip()) if row[4].split(":")[0] != name]
    kept = request.purpose != "development" or any(row[0] == commit for row in rows)
    status = "crash" if record.verdict != "ok" else "keep" if kept else "discard"
    if status == "keep":
        rows = [[*row[:3], "keep", row[4]] if row[0] == commit and row[3] == "discard" else row for row in rows]
    rows.append([commit, value, f"{record.cost.peak_memory_mb / 1024:.1f}", status, description])
    write_whole(file, _TSV_HEAD + "".join("\t".join(row) + "\n" for row in rows))


def _row(line: str, file: Path) -> list[str]:
    row = line.split("\t")
    if len(row) != 5:
        raise SettingsError(f"{file} is damaged: {line[:60]!r} is no row of it. Delete that line and run again.")
    return row


def write_whole(file: Path, text: str) -> None:
    """Write under a temporary name, sync, rename: a reader sees the old or the new file."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}-", delete=False) as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    Path(out.name).chmod(0o644)
    Path(out.name).replace(file)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file; waits for another process that has it."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _listing(source: Path) -> str:
    """A file or folder as it lies: names, sizes, times of change.

    Raises:
        SettingsError: it does not exist.
    """
    if not source.exists():
        raise SettingsError(f"experiment.corpus: there is no file or folder {source}")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    listing = [f"{file.relative_to(source)}|{file.stat().st_size}|{file.stat().st_mtime_ns}" for file in files]
    return f"{source.resolve()}|" + hashlib.sha256("\n".join(listing).encode()).hexdigest()
