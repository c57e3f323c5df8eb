"""A run is killed with -9 at some moment and resumed; benchmarks/kills.py does the same to the real pipeline."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.run_store import RunStore, runs


@pytest.mark.slow
@pytest.mark.parametrize("lines", [3, 9, 14])
def test_whenever_it_is_killed_a_resume_reports_the_same_and_repeats_no_call(
    tmp_path: Path, start_toy: Callable[..., subprocess.Popen[str]], toy: ModuleType, lines: int
) -> None:
    whole = toy.run_plainly(tmp_path / "whole")
    output = tmp_path / "artifacts"
    process = start_toy(str(output), "toys", "plain", "0.05")
    assert process.stdout is not None
    for _ in range(lines):  # one for each event of the run
        assert next(process.stdout)
    process.kill()
    process.communicate()
    (folder,) = runs(output)
    assert RunStore(folder).info().status != "done"
    again = start_toy(str(output), "toys", "plain")
    _, error = again.communicate(timeout=60)
    assert again.returncode == 0, error
    store = RunStore(folder)
    report, expected = store.output(toy.PIPELINE[6]), whole.output(toy.PIPELINE[6])
    assert report is not None
    assert expected is not None
    assert report.output_sha256 == expected.output_sha256
    keys = Counter(entry["key"] for entry in map(json.loads, store.journal_path.read_text().splitlines()) if entry["key"])
    assert set(keys.values()) == {1}
    paid = Counter(toy.paid(store))
    assert len(paid) == 6
    assert sum(paid.values()) <= 7  # the one call that was cut off after it was paid, before it was journalled
