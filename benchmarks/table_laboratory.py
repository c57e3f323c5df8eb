"""A laboratory that trains nothing: a table answers for the runs. For measurements of everything else; its papers are thrown away."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from stages.contracts import CorpusFacts, CurvePoint, Measurement, RunCost, RunRecord, TrainingRequest
from stages.ports import Probe, ProbeRequest, Probes

COST = RunCost(train_cpu_s=20, train_wall_s=20, startup_s=2, evaluation_s=2, peak_memory_mb=400)
SHA = "1" * 64


class TableLaboratory:
    """`stages.ports.Laboratory`; a run's score is a hash of its program and seed, near 2.5 bits per byte."""

    isolation = "none: a table stands for the runs"
    device = "none"
    workers = 2

    def __init__(self, run_folder: Path, keep: Callable[[TrainingRequest, RunRecord], None]) -> None:
        self._run_folder, self._keep = run_folder, keep

    def corpus(self, kit: str) -> CorpusFacts:
        return CorpusFacts(
            name=kit, sha256=SHA, files=3, train_bytes=900000, val_bytes=50000, test_bytes=50000, references={"gzip": 2.9}
        )

    def probe(self, kit: str, requests: Sequence[ProbeRequest]) -> Probes:
        del kit
        return Probes(clock="cpu", probes=tuple(_probe(request) for request in requests))

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        return tuple(self._measure(request) for request in requests)

    def _measure(self, request: TrainingRequest) -> RunRecord:
        name = (
            request.condition if request.purpose == "report" else f"{request.condition}-{request.purpose}-{_sha(request.train_py)[:8]}"
        )
        folder = f"experiment_runs/{name}/{request.seed}"
        value = 2.5 + random.Random(_sha(request.train_py)).uniform(-0.05, 0.05) + random.Random(request.seed).uniform(-0.02, 0.02)
        value += random.Random(f"{request.seed}{_sha(request.train_py)}").uniform(-0.004, 0.004)
        record = RunRecord(
            request_sha256=_sha(request.model_dump_json()),
            condition=request.condition,
            seed=request.seed,
            purpose=request.purpose,
            verdict="ok",
            measurement=Measurement(
                metric="val_bpb",
                value=value,
                split="val",
                scored_bytes=50000,
                curve=tuple(
                    CurvePoint(step=max(1, request.steps * i // 5), value=value + 1.2 * (1 - i / 5) ** 3) for i in range(1, 6)
                ),
                parameters=132000,
                steps=request.steps,
                tokens=request.steps * 2048,
                weights_sha256=SHA,
                corpus_sha256=SHA,
            ),
            cost=COST,
            isolation=self.isolation,
            command="none: a table stands for the run",
            folder=folder,
        )
        place = self._run_folder / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "measurement.json").write_text(record.model_dump_json())
        (place / "request.json").write_text(request.model_dump_json())
        (place / "train.py").write_text(request.train_py)
        (place / "log.txt").write_text(json.dumps({"note": "a table stands for the run"}))
        self._keep(request, record)
        return record


def _probe(request: ProbeRequest) -> Probe:
    return Probe(
        condition=request.condition,
        failure=None,
        step_s=0.02,
        cost_ratio=1.0,
        parameters=132000,
        weights_sha256=_sha(request.train_py),
    )


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
