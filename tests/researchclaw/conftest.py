"""The toy pipeline, for the tests of the machine that runs stages."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """tests/researchclaw/toy.py as a module."""
    spec = importlib.util.spec_from_file_location("toy", HERE / "toy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start_toy(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts toy.py as a process of its own, with a home folder that must stay empty."""
    home = tmp_path / "home"
    home.mkdir()

    def start(*arguments: str, path: str = "") -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        environment |= {"HOME": str(home), "PYTHONPATH": f"{path}:{ROOT}", "OMP_NUM_THREADS": "1", "PREFECT_API_KEY": "not-ours"}
        return subprocess.Popen(
            [sys.executable, str(HERE / "toy.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        )

    return start
