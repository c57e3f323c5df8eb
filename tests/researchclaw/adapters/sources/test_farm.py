"""Stage 4 against the benchmark's farm: what is asked, what goes at once, and what is said of the source that is down."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARK = Path(__file__).parents[4] / "benchmarks" / "literature.py"


@pytest.fixture(scope="module")
def benchmark(farming: ModuleType) -> ModuleType:
    """benchmarks/literature.py as a module; `farming` is the one that it imports."""
    spec = importlib.util.spec_from_file_location("literature_benchmark", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_query_goes_to_every_source_at_once(benchmark: ModuleType, farm: Callable[..., Any], tmp_path: Path) -> None:
    provider, lock, busy, most = benchmark.Provider(), threading.Lock(), [0], [0]

    def answer(call: Any) -> Any:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        try:
            threading.Event().wait(0.1)
            return provider(call)
        finally:
            with lock:
                busy[0] -= 1

    served = farm(answer)
    found = benchmark.collect(served.url, tmp_path)
    for place in ("/openalex", "/scholar"):
        asked = {call.target for call in served.calls if call.target.startswith(place) and "search" in call.target}
        assert len(asked) == len(benchmark.WORDS)
    assert most[0] >= 6
    outcomes = {outcome.source: outcome for outcome in found.outcomes}
    assert outcomes["OpenAlex"].found == len(benchmark.WORDS) * benchmark.PER_PAGE
    assert not outcomes["arXiv"].answered
    assert outcomes["arXiv"].reason == "failed with status 502"
    both = [candidate for candidate in found.candidates if {"openalex", "semantic_scholar"} <= set(candidate.work.confirmed_by)]
    assert len(both) > 30
    assert len({candidate.work.key for candidate in found.candidates}) == len(found.candidates)
