"""A look at the test split by a GPU kit is counted where weights were scored, also where they were refused."""

from pathlib import Path

import pytest

from researchclaw import wiring
from researchclaw.adapters.gpu_experiment import GpuRecord
from researchclaw.gpu_runs import count_look
from researchclaw.settings import Settings


@pytest.mark.parametrize(
    ("split", "weights", "counted"),
    [("test", "1" * 64, [1, 2]), ("test", None, [None, None]), ("val", "1" * 64, [None, None])],
)
def test_weights_that_met_the_test_split_are_a_look(
    tmp_path: Path, split: str, weights: str | None, counted: list[int | None]
) -> None:
    settings = Settings(output=tmp_path)
    wiring.state_folder(settings).mkdir()
    record = GpuRecord.model_construct(
        split=split, weights_sha256=weights, corpus_sha256="a" * 64, seed=0, verdict="rejected", value=None
    )
    assert [count_look(record, settings) for _ in range(2)] == counted
