"""A unit done on this machine: fetch, refuse or train and score, send back. Knows no Prefect."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from researchclaw import hardware
from researchclaw.adapters.experiment_runner import Bench, run_one
from researchclaw.adapters.isolation.choice import Backend, choose_isolation
from researchclaw.adapters.isolation.job import Isolation
from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS
from researchclaw.adapters.isolation.warm import WarmPlace, WarmWorker
from researchclaw.shipped import shipped
from researchclaw.unit_store import RemoteStore
from researchclaw.units import (
    Environment,
    Unit,
    UnitRefused,
    UnitResult,
    WorkerUnfit,
    environment_here,
    packed,
    read_unit,
    refuse_unless_same,
)
from stages.contracts import RunRecord, TrainingRequest

PATIENCE_S = 3600.0
"""A finished result is worth waiting for a server that is away."""
LOG_MAX = 1 << 20
"""Characters of a run's log that are sent."""


SPARE_MB = 64
"""What must be free beside a unit's own disk: its result, and the data of the next."""

_OF_THIS_PROCESS = WarmPlace()
"""A slot does its units one after the other in the main thread of its process; the kernel ends its guests with that."""


@dataclass(frozen=True)
class Place:
    """What a worker's processes need to know; goes to them by pickle."""

    server_url: str
    secret: str | None
    folder: Path
    worker: str
    allow_weaker: bool = False
    memory_mb: int = DEFAULT_LIMITS.memory_mb
    """At most; a unit that wants more is refused."""
    disk_mb: int = DEFAULT_LIMITS.scratch_mb
    backend: Backend = "auto"
    image: str | None = None


def gpus_of_slot(visible: str) -> tuple[int, ...]:
    """The GPUs that `worker start --gpus` gave to this slot, by number."""
    return tuple(int(number) for number in visible.split(",") if number.strip().isdigit())


def perform(name: str, place: Place, warm: WarmPlace = _OF_THIS_PROCESS) -> str:
    """Do the unit, unless its result is there; the name of the result's file in the store.

    warm: where a sandbox with torch in it waits for the next unit; to be used by one thread.
    Raises:
        UnitRefused: this machine must not do it.
        WorkerUnfit: its disk is full or out of order; another machine may do it.
        NotWhatItSays: the unit or its data are not what their names promise.
        StoreSilent: the server was away for an hour.
        SandboxUnavailable, ExperimentFailed: as from the laboratory.
    """
    store = RemoteStore(place.server_url, place.secret, patience_s=PATIENCE_S)
    try:
        return store.result(name) or _made(name, place, store, warm)
    except OSError as exc:
        raise WorkerUnfit(f"{exc.strerror or exc} ({exc.filename or place.folder}); mend it there.") from exc
    finally:
        store.close()


def _made(name: str, place: Place, store: RemoteStore, warm: WarmPlace) -> str:
    unit = read_unit(store.get(name))
    isolation = choose_isolation(
        place.folder,
        allow_weaker=place.allow_weaker,
        backend=place.backend,
        image=place.image,
        gpus=gpus_of_slot(os.environ.get("CUDA_VISIBLE_DEVICES", "")),
    )
    here = environment_here()
    refuse_unless_same(unit, here, isolation.name)
    if unit.memory_mb > place.memory_mb or unit.disk_mb > place.disk_mb:
        raise UnitRefused(
            f"it may use {unit.memory_mb} MB of memory and {unit.disk_mb} MB of disk; "
            f"{place.memory_mb} and {place.disk_mb} are allowed here (sandbox.memory_mb, sandbox.disk_mb)"
        )
    clean(place.folder)
    _enough_disk(place.folder, unit.disk_mb)
    result = _done(name, unit, place, store, isolation, here, warm)
    if result.record.verdict != "ok":
        _enough_disk(place.folder, 0)  # what ended badly on a full disk says nothing about the candidate
    content = packed(result)
    answer = hashlib.sha256(content).hexdigest()
    store.put(answer, content)
    store.put_result(name, answer)
    return answer


def _enough_disk(folder: Path, wanted_mb: int) -> None:
    """Raises: WorkerUnfit: less is free."""
    free_mb = shutil.disk_usage(folder).free >> 20
    if free_mb < wanted_mb + SPARE_MB:
        raise WorkerUnfit(f"{folder} has {free_mb} MB free and a unit may need {wanted_mb + SPARE_MB}; free some space there.")


def _done(
    name: str, unit: Unit, place: Place, store: RemoteStore, isolation: Isolation, here: Environment, warm: WarmPlace
) -> UnitResult:
    fetched = {split: store.fetch(digest, place.folder / "files") for split, digest in unit.data.items()}
    with tempfile.TemporaryDirectory(prefix=f"unit-{_here()}-{os.getpid()}-", dir=place.folder) as scratch:
        data = Path(scratch, "data")
        data.mkdir()
        for split, path in fetched.items():
            (data / split).hardlink_to(path)  # a guest is shown no link
        bench = Bench(
            isolation=isolation,
            harness=shipped("sandbox") / "harness",
            data=data.resolve(),
            corpus=unit.corpus,
            metric=unit.metric,
            baseline=unit.request.train_py,  # the patch is the study's to write
            run_folder=Path(scratch).resolve(),
            limits=replace(DEFAULT_LIMITS, memory_mb=unit.memory_mb, scratch_mb=unit.disk_mb, processes=unit.processes),
            keep_weights=unit.keep_weights,
            startup_s=unit.startup_s,
            held_out=unit.held_out,
        )
        record = trained(bench, unit.request, here, warm)
        folder = Path(scratch, record.folder)
        weights: dict[str, str] = {}
        for path in sorted((folder / "weights").glob("*.safetensors")) if unit.keep_weights else ():
            with path.open("rb") as file:
                weights[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
            store.put(weights[path.name], path)
        return UnitResult(
            unit=name,
            record=record,
            log=(folder / "log.txt").read_text(encoding="utf-8")[-LOG_MAX:],
            weights=weights,
            worker=place.worker,
            hardware=hardware.found(),
            environment=here,
        )


def trained(bench: Bench, request: TrainingRequest, here: Environment, warm: WarmPlace) -> RunRecord:
    """Train and score in the sandbox that waits there, where the isolation can be sealed; else each starts cold."""
    never = threading.Event()
    if not bench.isolation.seals:
        return run_one(bench, request, None, never)

    def worker() -> WarmWorker:
        return warm.worker(bench.isolation, bench.harness, bench.limits, never, here, held_out=bench.held_out)

    return run_one(bench, request, None, never, worker)


def _here() -> str:
    """This machine since it was started, or this container: a folder may be shared by several, whose process numbers differ."""
    words = Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def clean(folder: Path) -> None:
    """Remove what killed units left behind here; a disk would fill up with them."""
    for left in folder.glob(f"unit-{_here()}-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)  # another slot may be at it
