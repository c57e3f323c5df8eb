"""Real references are verified, fabricated ones never: on a few written here, and on the labelled data where it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REAL = {"title": "Group Normalization", "author": "Wu, Y. and He, K.", "year": "2018", "booktitle": "ECCV", "eprint": "1803.08494",
        "archiveprefix": "arXiv"}  # fmt: skip
CASES = [
    {"id": "1", "label": "real", "kind": "initials", "fields": REAL},
    {"id": "2", "label": "fabricated", "kind": "id", "fields": {**REAL, "eprint": "1803.08499"}},
    {"id": "3", "label": "fabricated", "kind": "title", "fields": {**REAL, "title": "Group Normalization via Gated Consensus"}},
]


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""})


def test_the_counts_are_printed_and_a_failure_is_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "cases.json").write_text(json.dumps(CASES))
    done = run("citation_cases.py", str(tmp_path / "cases.json"))
    assert "real verified: 1 of 1\nfabricated passed: 0 of 2\n" in done.stdout
    assert done.returncode == 0
    (tmp_path / "cases.json").write_text(json.dumps([{**CASES[0], "label": "fabricated"}]))
    done = run("citation_cases.py", str(tmp_path / "cases.json"))
    assert done.returncode == 1
    assert "WRONG fabricated 1 (initials): verified" in done.stdout


def test_the_labelled_cases(shared: Path) -> None:
    done = run("citation_cases.py", str(shared / "data/citation_cases.json"), "--json")
    found = json.loads(done.stdout)
    assert found["real_verified"] == found["real"] > 0
    assert found["fabricated_passed"] == 0


@pytest.mark.slow
def test_hallmark_passes_nothing_made_up(shared: Path) -> None:
    done = run("hallmark.py", str(shared / "data/hallmark/dev_public.jsonl"), "--json")
    found = json.loads(done.stdout)
    assert found["passed"] == 0
    assert found["false_alarms"] <= 5  # each is a wrong reference that the benchmark calls valid (read by eye)
    assert found["valid_verified"] >= 5


def test_hallmark_reads_a_line_an_entry(tmp_path: Path) -> None:
    entry = {"bibtex_key": "a", "fields": REAL, "label": "VALID", "hallucination_type": None}
    (tmp_path / "split.jsonl").write_text(json.dumps(entry) + "\n")
    assert "valid=1 valid_known=1 valid_verified=1 false_alarms=0" in run("hallmark.py", str(tmp_path / "split.jsonl")).stdout


def test_the_search_finds_what_bears_the_topic() -> None:
    found = json.loads(run("retrieval.py", "--json").stdout)
    assert found["as searched"]["recall@60"] > 0.90
    assert found["as searched"]["nDCG@10"] > 0.75
    assert found["without labels"]["nDCG@10"] > 0.60
