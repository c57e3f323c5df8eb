"""The wheel: built, installed beside nothing but the dependencies, and used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and sees the dependencies, but not the checkout."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", wheel], check=True)
    packages = next((home / "lib").glob("python*")) / "site-packages"
    # a path added this way is searched, but its own .pth files, such as that of an editable install, are not read
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return home / "bin" / "researchclaw"


def test_the_wheel_carries_what_the_program_reads(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "researchclaw/_shipped/config.arc.yaml",
        "researchclaw/_shipped/configs/quick.yaml",
        "researchclaw/_shipped/sandbox/kits/tiny_lm/train.py",
        "researchclaw/_shipped/sandbox/kits/tiny_lm/factors.yaml",
        "researchclaw/_shipped/sandbox/harness/evaluate.py",
        "researchclaw/_shipped/templates/paper/neurips/frame.tex",
        "researchclaw/catalogue/works.json",
        "stages/pipeline.py",
    ):
        assert needed in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


@pytest.mark.slow
def test_the_installed_program_runs_from_another_folder(installed: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run([installed, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    stages = run("stages")
    assert stages.returncode == 0, stages.stderr
    assert "citation_verify" in stages.stdout
    assert "tiny_lm" in run("kits", "list").stdout
    done = run(
        "run", "--topic", TOPIC, "--auto-approve", "--preset", "smoke", "--to-stage", "experiment_design", "--set", "flow.engine=plain"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run_folder = next((tmp_path / "artifacts").glob("rc-*"))
    assert (run_folder / "stages" / "09_experiment_design" / "output.json").is_file()
