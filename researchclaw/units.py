"""A training run as a unit of work for another machine: what is sent, what comes back, and what of it is believed.

A unit names everything by hash: the request, the kit, the data. No path of a unit is ever used as a path, and nothing of it
is executed outside the sandbox: the evaluator is the one that is installed on the worker, and a worker whose own differs
refuses. A worker is a machine of the user's, as trusted as this one; what it sends is checked all the same, field by field,
because a confused worker does as much harm as a hostile one.
"""

from __future__ import annotations

import hashlib
import math
import platform
from importlib import metadata
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from researchclaw import hardware
from researchclaw.journal import canonical, sha256_of
from researchclaw.kits import kit_sha256_of
from stages.contracts import Contract, CorpusFacts, Hardware, RunRecord, Sha256, Slug, TrainingRequest
from stages.errors import ExperimentFailed

DATA_MAX = 1 << 30
"""Bytes of one file of data or weights."""
UNIT_MAX = 4 << 20
"""Bytes of a unit or of a result; a candidate is some 10 KB, a log at most 2 MB."""
STRONG = "bubblewrap"

Split = Literal["train.bin", "val.bin", "test.bin"]
WeightsName = Annotated[str, StringConstraints(pattern=r"^(weights|checkpoint_[0-9]{1,9})\.safetensors$")]


class UnitRefused(ExperimentFailed):
    """This worker must not do this unit; the message names the worker's side and the unit's."""


class WorkerUnfit(ExperimentFailed):
    """This machine can do no unit now, such as with a full disk; another one may."""


class ResultRefused(ExperimentFailed):
    """What a worker sent is not the result of the unit."""


class Environment(Contract):
    """What the last bits of a training run depend on apart from its request."""

    python: str
    torch: str
    numpy: str
    processor: str

    @property
    def queue(self) -> str:
        """Name of the work queue that machines of this kind share; without the letters that Prefect forbids in names."""
        words = (f"py{self.python}", f"torch{self.torch}", f"numpy{self.numpy}", self.processor)
        return "_".join(words).replace("/", "-").replace("%", "-").replace("+", ".")


def environment_here() -> Environment:
    """Raises: importlib.metadata.PackageNotFoundError: torch or numpy is not installed."""
    return Environment(
        python=".".join(platform.python_version_tuple()[:2]),
        torch=metadata.version("torch"),
        numpy=metadata.version("numpy"),
        processor=hardware.processor_class(),
    )


class Unit(Contract):
    """One training run, to be done by any machine of the same kind. Its hash is its name everywhere."""

    format: Literal[1] = 1
    study: str = Field(description="Run id: two studies never share a result.")
    request: TrainingRequest
    kit_files: dict[str, Sha256] = Field(description="Path in the kit -> hash; with the harness they make the kit's hash.")
    metric: Slug
    corpus: CorpusFacts
    data: dict[Split, Sha256] = Field(description="Splits that the run needs, in the store.")
    environment: Environment
    weaker_isolation: bool = Field(description="A plain process may do; only where the study itself runs so.")
    memory_mb: int = Field(ge=1)
    disk_mb: int = Field(ge=1)
    processes: int = Field(ge=1)
    startup_s: float = Field(ge=0, le=3600)
    keep_weights: bool
    held_out: tuple[str, ...] = Field(
        default=(), max_length=4096, description="Modules of the standard library that are validation or test text."
    )


class UnitResult(Contract):
    """What came of a unit, and where."""

    unit: Sha256
    record: RunRecord
    log: str = Field(max_length=3 << 20)
    weights: dict[WeightsName, Sha256] = Field(default_factory=dict, description="In the store; empty unless they are to be kept.")
    worker: str = Field(max_length=300)
    hardware: Hardware
    environment: Environment


def packed(value: Unit | UnitResult) -> bytes:
    return canonical(value).encode()


def unit_name(unit: Unit) -> str:
    return hashlib.sha256(packed(unit)).hexdigest()


def read_unit(data: bytes) -> Unit:
    """Raises: UnitRefused: it is no unit that this version knows."""
    try:
        return Unit.model_validate_json(data)
    except ValidationError as exc:
        raise UnitRefused(f"not a unit that this version of researchclaw knows: {_first(exc)}") from exc


def refuse_unless_same(unit: Unit, here: Environment, isolation: str) -> None:
    """On the worker, before anything is fetched.

    Raises:
        UnitRefused: versions, processor, kit or isolation are not those of the study.
    """
    for name in Environment.model_fields:
        ours, theirs = getattr(here, name), getattr(unit.environment, name)
        if ours != theirs:
            raise UnitRefused(f"{name} is {ours} here, the study has {theirs}; results would not be identical")
    if kit_sha256_of(unit.kit_files) != unit.request.kit_sha256:
        raise UnitRefused("the harness that is installed here is not the study's; install the same version of researchclaw")
    if not (isolation.startswith(STRONG) or unit.weaker_isolation):
        raise UnitRefused(f"the isolation here is {isolation!r}, which is weaker than the study's")


def believed(unit: Unit, data: bytes) -> UnitResult:
    """The worker's result, if it is one of this unit.

    Raises:
        ResultRefused: another unit's, made elsewhere than it must, or with values that no such run can have.
    """
    if len(data) > UNIT_MAX:
        raise ResultRefused(f"a result of {len(data)} bytes; {UNIT_MAX} are allowed")
    try:
        result = UnitResult.model_validate_json(data)
    except ValidationError as exc:
        raise ResultRefused(f"not a result: {_first(exc)}") from exc
    fault = _fault(unit, result)
    if fault is not None:
        raise ResultRefused(f"worker {result.worker!r} sent a result that is not this unit's: {fault}")
    return result


def _fault(unit: Unit, result: UnitResult) -> str | None:
    for name, (found, expected) in _expected(unit, result).items():
        if found != expected:
            return f"{name} is {found}, not {expected}"
    record, measured = result.record, result.record.measurement
    faults = {
        "weights that nobody asked for": bool(result.weights) and not unit.keep_weights,
        f"isolation is {record.isolation!r}": not (record.isolation.startswith(STRONG) or unit.weaker_isolation),
        "the cost is no number": any(not (math.isfinite(value) and value >= 0) for value in record.cost.model_dump().values()),
    }
    if measured is not None:
        size = unit.corpus.val_bytes if unit.request.split == "val" else unit.corpus.test_bytes
        faults |= {
            f"scored_bytes is {measured.scored_bytes}, the split has {size}": measured.scored_bytes > size,
            "the curve has steps that the run has not": any(not 0 < p.step <= unit.request.steps for p in measured.curve),
            "the weights are missing": unit.keep_weights and "weights.safetensors" not in result.weights,
        }
    return next((fault for fault, there in faults.items() if there), None)


def _expected(unit: Unit, result: UnitResult) -> dict[str, tuple[object, object]]:
    """What the result says, and what only this unit's can say."""
    request, record, measured = unit.request, result.record, result.record.measurement
    said: dict[str, tuple[object, object]] = {
        "unit": (result.unit, unit_name(unit)),
        "environment": (result.environment, unit.environment),
        "request": (record.request_sha256, sha256_of(request)),
        "condition": (record.condition, request.condition),
        "seed": (record.seed, request.seed),
        "purpose": (record.purpose, request.purpose),
        "measurement": (measured is not None, record.verdict == "ok"),
        "reason": (record.reason is None, record.verdict == "ok"),
    }
    if measured is not None:
        said |= {
            "metric": (measured.metric, unit.metric),
            "split": (measured.split, request.split),
            "steps": (measured.steps, request.steps),
            "corpus": (measured.corpus_sha256, unit.corpus.sha256),
            "answers about the test split": (
                sum(said is not None for said in (measured.sealed_value, measured.sealed_fault)),
                int(request.sealed),
            ),
        }
    return said


def machine_of(result: UnitResult) -> str:
    """One line for the record: who ran it, on what."""
    found = result.hardware
    accelerator = f", {found.accelerator}" if found.accelerator else ""
    return f"{result.worker}: {found.cpu}, {found.physical_cores} cores{accelerator}; {found.operating_system}"


def _first(exc: ValidationError) -> str:
    first = exc.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}"
