"""A run goes on only where its numbers would have come out the same: data, kit, harness, libraries, machine."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.loop import opening, surroundings
from researchclaw.loop.contracts import Calibration, LoopStarted, Surroundings
from researchclaw.loop.history import History
from researchclaw.loop.surroundings import Data
from researchclaw.settings import Settings
from stages.contracts import CorpusFacts
from stages.errors import SettingsError


def here(**changes: Any) -> Surroundings:
    values: dict[str, Any] = {
        "corpus": "standard library",
        "data": "a" * 64,
        "kit": "b" * 64,
        "python": "3.12.1",
        "torch": "2.9.0",
        "numpy": "2.3.0",
        "processor": "Make 1",
        "processor_class": "x86_64-Maker-avx2",
        "gpu": None,
    }
    return Surroundings.model_validate(values | changes)


def history(toy: ModuleType, *, kit: str | None = "tiny_lm", repeatable: bool | None = None) -> History:
    found = History(LoopStarted(plan=toy.plan(kit=kit), base="c" * 40, isolation="-", lessons=()), surroundings=here())
    if repeatable is not None:
        values = {"values": (1.0,), "repeats": (1.0,), "repeatable": repeatable, "deterministic": False, "sd": 0.1}
        found.calibration = Calibration.model_validate(values | {"sd_difference": 0.1, "degrees": 4, "mde": 0.1, "seconds": 1.0})
    return found


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corpus": "novel", "data": "d" * 64}, "'standard library' (aaaaaaa) and would go on with 'novel' (ddddddd); results would"),
        ({"kit": "d" * 64}, "another version of the kit or its harness (bbbbbbb)"),
        ({"torch": "2.10.0"}, "torch 2.9.0 and would go on with 2.10.0; results would not compare. Install that version again"),
        ({"python": "3.13.0"}, "Python 3.12.1"),
        ({"numpy": "2.4.0"}, "numpy 2.3.0"),
        ({"processor": "Make 2"}, "the processor Make 1 and would go on with the processor Make 2"),
        ({"gpu": "NVIDIA H200"}, "the processor Make 1 and would go on with the GPU NVIDIA H200"),
    ],
)
def test_each_difference_is_one_line_with_its_remedy(toy: ModuleType, changes: dict[str, Any], words: str) -> None:
    assert surroundings.difference(history(toy), here()) is None
    line = surroundings.difference(history(toy), here(**changes))
    assert line is not None
    assert words in line
    assert line.endswith(", or start a new loop.")


def test_another_processor_matters_where_time_may_stand_behind_the_number(toy: ModuleType) -> None:
    faster, wider = here(processor="Make 2"), here(processor_class="x86_64-Maker-avx512f")
    assert surroundings.difference(history(toy, kit=None, repeatable=False), faster) is not None
    assert surroundings.difference(history(toy, kit=None), faster) is not None  # nobody knows yet
    assert surroundings.difference(history(toy, kit=None, repeatable=True), faster) is None
    assert surroundings.difference(history(toy, kit=None, repeatable=True), wider) is not None
    assert surroundings.difference(history(toy, repeatable=True), faster) is not None  # steps that the budget pays for
    on_gpu = history(toy, kit="gpu_lm", repeatable=False)
    on_gpu.surroundings = here(gpu="NVIDIA H200")
    assert surroundings.difference(on_gpu, here(gpu="NVIDIA H200", processor="Make 2")) is None
    assert surroundings.difference(on_gpu, here(gpu="NVIDIA L4")) is not None


def test_kits_have_hashes_of_their_own_that_cover_their_harness(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {kit: surroundings.surroundings_of(toy.plan(kit=kit), Data()).kit for kit in ("tiny_lm", "digits", "gpu_lm", None)}
    assert len(set(found.values())) == 4
    assert found[None] is None
    monkeypatch.setattr(surroundings, "shipped", lambda _: tmp_path)  # another harness
    assert surroundings.surroundings_of(toy.plan(kit="gpu_lm"), Data()).kit != found["gpu_lm"]


def test_a_run_is_not_resumed_on_other_data_and_one_of_an_older_program_is(
    toy: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, repository = toy.begun(tmp_path, toy.plan(iterations=3))
    scorer = toy.FormulaScorer(repository, 0.02, repeatable=True)
    sha = "a" * 64

    def bench(*_: object) -> opening._Bench:
        sizes = {"files": 1, "train_bytes": 1, "val_bytes": 1, "test_bytes": 1, "references": {}}
        return opening._Bench(
            repository, scorer, data=lambda: Data(CorpusFacts.model_validate({"name": "text", "sha256": sha} | sizes))
        )

    monkeypatch.setattr(opening, "_measuring", bench)
    place, settings = opening.Place(tmp_path / "runs"), Settings()
    toy.worked(run, scorer, tell=lambda _: run.request_stop())  # nobody recorded the surroundings, as in older programs
    assert run.history().surroundings is None
    assert opening.work(place, run, settings, lambda _: run.request_stop()) is None
    recorded = run.history().surroundings
    assert recorded is not None and recorded.data == sha
    sha, calls, log = "d" * 64, len(scorer.calls), run.log_path.read_bytes()
    with pytest.raises(SettingsError, match=r"Give the experiment\.corpus that it began with"):
        opening.work(place, run, settings)
    assert (len(scorer.calls), run.log_path.read_bytes()) == (calls, log)
    sha = "a" * 64
    assert opening.work(place, run, settings) is not None
