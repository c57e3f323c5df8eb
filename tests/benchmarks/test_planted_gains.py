"""The benchmark of planted gains, over a formula in the place of training: the loop itself is the real one."""

import ast
import hashlib
import importlib.util
import math
import random
import statistics
import sys
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.kits import kit_folder, load_kit
from stages.d_design.patching import apply_settings, constant_places

SEEDS = 10**6


@pytest.fixture(scope="module")
def planted() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "planted_gains.py"
    spec = importlib.util.spec_from_file_location("planted_gains", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted_gains"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plain() -> str:
    return load_kit(kit_folder("tiny_lm")).train_py


def formula(source: str, seed: int) -> float:
    """A bowl in batch size and learning rate, a gain by tables, and noise of 0.01; nothing else of the source matters."""
    places = constant_places(source)
    batch, rate, tables = (ast.literal_eval(places[name][0]) for name in ("BATCH_SIZE", "LEARNING_RATE", "NGRAM_TABLES"))
    own = random.Random(int(hashlib.sha256(f"{seed}{source}".encode()).hexdigest(), 16))
    return float(3 + 0.05 * math.log2(batch / 4) ** 2 + 0.05 * math.log(rate / 0.003) ** 2 - 0.2 * tables + own.gauss(0, 0.01))


def test_the_edit_that_undoes_the_handicap_is_kept_among_null_edits_and_costs_nothing_twice(
    planted: ModuleType, plain: str, tmp_path: Path
) -> None:
    measured: list[int] = []

    class Bench:
        def value(self, source: str, seed: int, steps: int) -> float:
            measured.append(seed)
            return formula(source, seed)

        def cost_ratio(self, source: str) -> float:
            return 1.0

    def session(steps: int) -> object:
        measure = planted.measured(Bench(), planted.Notebook(tmp_path / "scores.jsonl"), plain, steps, 1)
        return planted.undo(measure, plain, "batch size", 3)

    first = session(7)
    assert (first.kept, first.value, first.nulls_offered, first.nulls_kept) == (True, "BATCH_SIZE = 8", 3, ())
    assert first.gain == pytest.approx(0.05, abs=0.03)
    once = len(measured)
    assert once == first.runs + 10  # five pairs tell what the edit is worth
    assert statistics.fmean(first.true_gains) == pytest.approx(0.05, abs=0.03)
    assert {seed // SEEDS for seed in measured} == {4}  # seeds of its own
    assert session(7) == first
    assert len(measured) == once  # nothing was measured again
    session(8)  # with other steps it is another run
    assert len(measured) == 2 * once


def test_a_handicap_that_is_none_is_not_kept(planted: ModuleType, plain: str) -> None:
    session = planted.undo(lambda source, seed: formula(plain, seed), plain, "tables", 0)
    assert (session.kept, session.nulls_kept) == (False, ())


def test_the_rules_find_the_handicap_by_themselves(planted: ModuleType, plain: str) -> None:
    session = planted.find(formula, plain, "tables", 0, {"NGRAM_TABLES": ("2", "1")}, 12, 0.4)
    assert session.found
    assert session.attempts <= 12
    assert session.constant == any("NGRAM_TABLES" in operator for operator in session.kept)
    assert "found" in planted.table_of_found([session])[0]


def test_null_edits_change_the_program_and_no_constant(planted: ModuleType, plain: str) -> None:
    edits = planted.null_edits(plain)
    assert len({plain, *edits.values()}) == len(edits) + 1
    for source in edits.values():
        changed = [(a, b) for a, b in zip(plain.splitlines(), source.splitlines(), strict=True) if a != b]
        assert len(changed) == 1
        assert "search:" not in changed[0][0]
    with pytest.raises(ValueError, match="need it once"):
        planted.null_edits(plain.replace("zlib.crc32", "crc32"))


def test_versions_whose_steps_cost_the_same_are_timed_once(planted: ModuleType, plain: str) -> None:
    other = apply_settings(plain, {"BATCH_SIZE": "64", "LEARNING_RATE": "0.001"})
    for source in (other, *planted.null_edits(other).values()):
        assert planted.same_cost(plain, source) == apply_settings(plain, {"BATCH_SIZE": "64"})
