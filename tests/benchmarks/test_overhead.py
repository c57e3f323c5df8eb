"""The split of a run's wall time reads what a run folder really holds."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.run_store import RunStore
from stages.contracts import Contract, Hardware
from stages.pipeline import PIPELINE


class Explanation(Contract):
    text: str


@pytest.fixture(scope="module")
def overhead() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "overhead.py"
    spec = importlib.util.spec_from_file_location("overhead_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_experiments_and_export_are_told_from_the_rest(overhead: ModuleType, tmp_path: Path) -> None:
    machine = {"cpu": "toy", "physical_cores": 1, "memory_gb": 1, "accelerator": None, "operating_system": "toy"}
    hardware = Hardware.model_validate(machine | {"python": "3.11", "torch": "2.13.0"})
    store = RunStore.create(tmp_path, "toys", settings={}, hardware=hardware, version="0", versions={})
    output = Explanation(text="of no interest here")
    for number, seconds in ((1, 2.0), (12, 50.0), (22, 5.0)):
        stage = next(stage for stage in PIPELINE if stage.number == number)
        store.write_output(stage, output, round_=1, inputs={}, guidance=(), seconds=seconds)
    found = overhead.split(60.0, overhead.seconds_of(store.folder))
    assert (found["experiments_s"], found["export_s"], found["other_stages_s"]) == (50.0, 5.0, 2.0)
    assert (found["start_and_orchestration_s"], found["overhead_s"]) == (3.0, 5.0)
