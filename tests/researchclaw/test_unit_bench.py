"""Units in the sandbox that waits for them, against units that each start cold."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from researchclaw import unit_bench
from researchclaw.adapters.experiment_runner import Bench
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.warm import WarmPlace
from researchclaw.kits import kits_folder, load_kit
from researchclaw.shipped import shipped
from researchclaw.unit_bench import trained
from researchclaw.units import Environment
from stages.contracts import CorpusFacts, RunRecord, TrainingRequest

HERE = Environment(python="3.11", torch="2.9.0", numpy="2.3.0", processor="x86_64-AuthenticAMD-avx2")


@pytest.fixture
def unit(tmp_path: Path) -> Callable[..., RunRecord]:
    """Trains two steps on random letters and scores them."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    letters = random.Random(1)
    for split in ("train.bin", "val.bin"):
        (tmp_path / split).write_bytes(bytes(letters.choices(range(97, 123), k=20_000)))
    corpus = CorpusFacts(name="text", sha256="a" * 64, files=1, train_bytes=20_000, val_bytes=20_000, test_bytes=1, references={})
    kit = load_kit(kits_folder() / "tiny_lm")
    isolation = {seals: Bubblewrap(tmp_path) for seals in (True, False)}
    isolation[False].seals = False

    def make(place: WarmPlace, seals: bool = True) -> RunRecord:
        bench = Bench(
            isolation=isolation[seals], harness=shipped("sandbox") / "harness", data=tmp_path, corpus=corpus, metric="val_bpb",
            baseline=kit.train_py, run_folder=tmp_path / "run", startup_s=30,
        )  # fmt: skip
        request = TrainingRequest(
            kit=kit.name, kit_sha256=kit.kit_sha256, condition="cosine", train_py=kit.train_py, seed=3, steps=2,
            budget_s=30, scored_bytes=2048, purpose="report",
        )  # fmt: skip
        return trained(bench, request, HERE, place)

    return make


@pytest.mark.slow
def test_units_share_a_sandbox_as_long_as_it_lives_and_each_has_the_bits_of_a_cold_start(unit: Callable[..., RunRecord]) -> None:
    with closing(WarmPlace()) as place:
        cold = unit(place, seals=False)
        assert place._worker is None
        assert cold.measurement is not None
        assert unit(place).measurement == cold.measurement
        worker = place._worker
        assert worker is not None
        assert unit(place).measurement == cold.measurement
        assert place._worker is worker
        os.kill(worker._guest._wiring.process.pid, signal.SIGKILL)  # e.g. for its memory, while nothing was to do
        until = time.monotonic() + 10
        while worker.waits and time.monotonic() < until:
            time.sleep(0.01)
        assert unit(place).measurement == cold.measurement
        assert place._worker is not worker


def test_a_units_worker_has_none_of_the_modules_that_the_study_holds_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []

    class Asked(WarmPlace):
        def worker(self, *_: object, held_out: tuple[str, ...] = (), **__: object) -> Any:
            asked.append(held_out)

    monkeypatch.setattr(unit_bench, "run_one", lambda bench, request, cpu, stop, warm: warm())
    bench: Any = SimpleNamespace(isolation=SimpleNamespace(seals=True), harness=tmp_path, limits=None, held_out=("imaplib.py",))
    request: Any = None
    trained(bench, request, HERE, Asked())
    assert asked == [("imaplib.py",)]
