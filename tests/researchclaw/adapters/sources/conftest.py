"""Sources on loopback: the farm of the benchmarks, and clients that ask it."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.sources.cache import Cache
from researchclaw.adapters.sources.http import Terms, Web

ROOT = Path(__file__).parents[4]
NAMES = ("openalex", "semantic_scholar", "arxiv", "crossref", "datacite")


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def farming() -> ModuleType:
    """benchmarks/provider_farm.py as a module."""
    return loaded(ROOT / "benchmarks" / "provider_farm.py")


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """samples.py of this folder as a module."""
    return loaded(Path(__file__).with_name("samples.py"))


@pytest.fixture
def farm(farming: ModuleType) -> Iterator[Callable[..., Any]]:
    """Starts a farm that answers as told: one answer for all, or a function of the call."""
    with ExitStack() as open_farms:

        def start(answer: Any) -> Any:
            answering = answer if callable(answer) else lambda _: answer
            return open_farms.enter_context(farming.Farm(answering))

        yield start


@pytest.fixture
def web() -> Iterator[Callable[..., Web]]:
    """A `Web` whose sources all stand at one place, without waiting between requests."""
    with ExitStack() as opened:

        def make(url: str, cache: Cache | None = None, mode: str = "cache-first", **changes: object) -> Web:
            given = {"base_url": url, "per_second": 1000, "at_once": 8, "timeout_s": 5, "backoff_s": (0.05, 0.05), "off_s": 60}
            made = Web({name: Terms(**{**given, **changes}) for name in NAMES}, cache, mode)  # type: ignore[arg-type]
            opened.callback(made.close)
            return made

        yield make


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path / "state" / "literature.sqlite")
    yield made
    made.close()


@pytest.fixture
def soon() -> float:
    """A deadline ten seconds away."""
    return time.monotonic() + 10
