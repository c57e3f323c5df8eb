"""The A/A and planted-gain tests of the loop's keep rule, over the pure functions that the loop uses."""

import ast
import importlib.util
import sys
from pathlib import Path
from statistics import fmean
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def loop() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "loop.py"
    spec = importlib.util.spec_from_file_location("loop_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["loop_benchmark"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("paired", [True, False])
def test_of_forty_null_edits_at_most_one_in_twenty_is_kept(loop: ModuleType, paired: bool) -> None:
    kept = [loop.edits(session, 40, 0.0, paired=paired)[0] / 40 for session in range(30)]
    assert fmean(kept) <= 0.05


@pytest.mark.parametrize("paired", [True, False])
def test_a_gain_of_two_sds_is_found_nine_times_in_ten(loop: ModuleType, paired: bool) -> None:
    kept = [loop.edits(session, 40, 2.0, paired=paired)[0] / 40 for session in range(10)]
    assert fmean(kept) >= 0.9


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("given", [{"unlike": 0.8}, {"no_ops": 0.2}], ids=["unlike scatter", "dead code removed"])
def test_null_edits_are_not_kept_either_when(loop: ModuleType, given: dict[str, float], paired: bool) -> None:
    kept = [loop.edits(session, 40, 0.0, paired=paired, **given)[0] / 40 for session in range(20)]
    assert fmean(kept) <= 0.05


def test_strictly_better_keeps_null_edits(loop: ModuleType) -> None:
    assert fmean(loop.strict(session, 100)[0] for session in range(100)) > 3


def test_planted_gains_in_batch_size_learning_rate_and_tables_are_found_in_nine_runs_of_ten(loop: ModuleType) -> None:
    sessions, found = 10, 0
    for session in range(sessions):
        source, _ = loop.ours(loop.Session(loop.noisy(0.02, session), 150), loop.LANDSCAPE, session)
        c = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(source).body if isinstance(node, ast.Assign)}
        found += c["BATCH_SIZE"] < 24 and c["LEARNING_RATE"] > 0.003 and c["TABLES"] >= 1
    assert found >= 0.9 * sessions
