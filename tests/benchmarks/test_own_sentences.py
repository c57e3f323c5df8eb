"""Sentences of a small paper, typed: true ones are known, changed ones are never put by reference."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Manuscript
from stages.g_writing import paper_outline

ROOT = Path(__file__).parents[2]
small = SimpleNamespace(**runpy.run_path(str(ROOT / "tests/stages/h_finalization/small_study.py")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outputs = small.record()
    results = paper_outline.record_of(small.inputs_of(paper_outline.Inputs, outputs), small.context(tmp_path)).results
    (tmp_path / "record").mkdir()
    (tmp_path / "results.json").write_text(results.model_dump_json())
    (tmp_path / "record/manuscript.json").write_text(outputs[Manuscript].model_dump_json())
    (tmp_path / "record/edition.json").write_text(json.dumps({"called": {"cosine": ["cosine decay"]}}))
    return tmp_path


def test_true_sentences_are_known_and_changed_ones_are_not_put_by_reference(folder: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks/own_sentences.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""})
    assert done.returncode == 0, done.stderr
    assert "true sentences refused: 0 of 4 " in done.stdout
    assert "typed values with no reference: 0 of 4 " in done.stdout
    assert "false sentences bound by rule: 0 of " in done.stdout
