"""A loop over a repository of three lines, scored by a formula: no sandbox, milliseconds."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """toy_loop.py as a module."""
    spec = importlib.util.spec_from_file_location("toy_loop", HERE / "toy_loop.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy_loop"] = module
    spec.loader.exec_module(module)
    return module
