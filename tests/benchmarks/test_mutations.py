"""Seeded variants of the catalogue's references: every harmless one is verified, no false one passes."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_two_hundred_of_each_are_told_apart() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "mutations.py"), "--json", "--count", "200", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""})
    assert json.loads(done.stdout) == {"harmless": 200, "harmless_verified": 200, "false": 200, "false_verified": 0}
    assert done.returncode == 0
