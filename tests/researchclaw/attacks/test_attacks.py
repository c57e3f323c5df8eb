"""The attack suite as the user who runs the tests, and, where that is root, once more as somebody without rights."""

import json
import os
import secrets
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SUITE = Path(__file__).with_name("suite.py")
NOBODY = 64099


def failures(output: str) -> list[str]:
    """Attacks that were not withstood, with what they won."""
    found = json.loads(output.strip())
    assert len(found) > 60, "the suite did not come to its end"
    return [f"{attack}: {detail}" for attack, (withstood, detail) in found.items() if not withstood]


@pytest.fixture(autouse=True)
def bubblewrap_is_here() -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")


@pytest.mark.slow
def test_no_attack_succeeds_and_none_harms_the_parent(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-B", str(SUITE), str(tmp_path / "state")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert failures(done.stdout) == []


@pytest.mark.slow
def test_no_attack_of_an_ordinary_users_guest_succeeds() -> None:
    if os.geteuid() != 0:
        pytest.skip("the test before this one has run as an ordinary user already")
    home = Path("/var/tmp") / f"researchclaw-test-{secrets.token_hex(4)}"  # a place that NOBODY can enter
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-B", str(SUITE), str(home / "state")],
            env={"PYTHONPATH": os.pathsep.join((str(ROOT), *site.getsitepackages())), "PATH": "/usr/bin:/bin", "HOME": str(home)},
            cwd=home,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as exc:
        pytest.skip(f"no Python that an ordinary user can run: {exc}")
    finally:
        shutil.rmtree(home)
    if "ModuleNotFoundError" in done.stderr or "PermissionError" in done.stderr or "ImportError" in done.stderr:
        pytest.skip("an ordinary user cannot run this checkout: " + done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert failures(done.stdout) == []
