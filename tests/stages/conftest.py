"""A canned world for the stages: real kit, real catalogue, rule-based mind, and a laboratory that is told what to find."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from researchclaw.adapters.catalogue import Catalogue
from researchclaw.adapters.offline import OfflineResearcher
from researchclaw.kits import shipped_kits
from stages.contracts import (
    Brief,
    Contract,
    CorpusFacts,
    CurvePoint,
    GeneratedKit,
    Guidance,
    Hardware,
    Measurement,
    RunCost,
    RunRecord,
    TrainingRequest,
)
from stages.ports import Context, Illustrator, Laboratory, Preparation, Probe, ProbeRequest, Probes, Shelf, Typesetter
from stages.stage import Stage

NO_COST = RunCost(train_cpu_s=20, train_wall_s=20, startup_s=2, evaluation_s=2, peak_memory_mb=400)


@dataclass
class CannedLaboratory:
    """Finds what `value` says for each request; None is a crash."""

    value: Callable[[TrainingRequest], float | None]
    cost_ratio: Callable[[str], float] = field(default=lambda _: 1.0)
    isolation: str = "canned"
    device: str = "canned"
    workers: int = 2
    asked: list[TrainingRequest] = field(default_factory=list)

    def corpus(self, kit: str) -> CorpusFacts:
        return CorpusFacts(name=kit, sha256="0" * 64, files=3, train_bytes=900, val_bytes=50, test_bytes=50, references={"gzip": 2.0})

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        return Preparation(facts=None, failure="a canned laboratory makes no data")

    def probe(self, kit: str, requests: Sequence[ProbeRequest]) -> Probes:
        return Probes(
            clock="cpu",
            probes=tuple(
                Probe(
                    condition=request.condition,
                    failure=None,
                    step_s=0.02,
                    cost_ratio=self.cost_ratio(request.condition),
                    parameters=1000,
                    weights_sha256=hashlib.sha256(request.train_py.encode()).hexdigest(),
                )
                for request in requests
            ),
        )

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        self.asked += requests
        return tuple(self._record(request) for request in requests)

    def _record(self, request: TrainingRequest) -> RunRecord:
        value = self.value(request)
        measurement = value and Measurement(
            metric="val_bpb",
            value=value,
            split="val",
            scored_bytes=50,
            curve=(CurvePoint(step=10, value=value + 1), CurvePoint(step=request.steps, value=value)),
            parameters=1000,
            steps=request.steps,
            tokens=request.steps * 2048,
            weights_sha256="1" * 64,
            corpus_sha256="0" * 64,
            sealed_value=value + 0.5 if request.sealed else None,
        )
        return RunRecord(
            request_sha256="2" * 64,
            condition=request.condition,
            seed=request.seed,
            purpose=request.purpose,
            verdict="ok" if measurement else "crash",
            reason=None if measurement else "told to crash",
            measurement=measurement or None,
            cost=NO_COST,
            isolation=self.isolation,
            command="canned",
            folder=f"experiment_runs/{request.condition}/{request.seed}",
        )


@pytest.fixture
def make_brief() -> Callable[..., Brief]:
    def make(topic: str = "Does the learning-rate schedule matter for tiny language models?", **changes: object) -> Brief:
        given = {
            "topic": topic,
            "budget_s": 20,
            "seeds": 5,
            "max_conditions": 5,
            "refine_attempts": 3,
            "confirm_seeds": 3,
            "scored_bytes": 131072,
            "max_hours": 1,
            "max_works": 40,
            "author": "A. Author",
            "researcher": "rule-based researcher",
            "hardware": Hardware(
                cpu="a processor",
                physical_cores=2,
                memory_gb=8,
                accelerator=None,
                operating_system="Linux",
                python="3.11",
                torch="2.13.0",
            ),
        }
        return Brief.model_validate({**given, **changes})

    return make


@pytest.fixture
def make_context() -> Callable[..., Context]:
    def make(
        laboratory: Laboratory | None = None,
        guidance: tuple[Guidance, ...] = (),
        round: int = 1,  # noqa: A002
    ) -> Context:
        return Context(
            model=OfflineResearcher(),
            library=Catalogue(),
            laboratory=laboratory or CannedLaboratory(value=lambda request: 2.5 + 0.01 * request.seed),
            illustrator=cast("Illustrator", None),
            typesetter=cast("Typesetter", None),
            shelf=cast("Shelf", None),
            kits=shipped_kits(),
            guidance=guidance,
            round=round,
        )

    return make


@pytest.fixture
def canned_laboratory() -> type[CannedLaboratory]:
    return CannedLaboratory


@pytest.fixture
def walk() -> Callable[..., dict[type[Contract], Contract]]:
    """Run stages one after the other, as the flow does; gives the record of outputs by type."""

    def go(stages: Sequence[Stage], brief: Brief, context: Context) -> dict[type[Contract], Contract]:
        record: dict[type[Contract], Contract] = {Brief: brief}
        for stage in stages:
            record[stage.output] = stage.run(stage.gather(record), context)
        return record

    return go
