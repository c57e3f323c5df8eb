"""The hand-made study, as a module."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def small() -> ModuleType:
    path = Path(__file__).with_name("small_study.py")
    found = importlib.util.spec_from_file_location("small_study", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["small_study"] = module
    found.loader.exec_module(module)
    return module
