"""When a place starts another warm worker: decided over workers that are pretended."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from researchclaw.adapters.isolation import warm
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.warm import WarmPlace
from researchclaw.shipped import shipped
from stages.errors import SandboxUnavailable


class Pretended:
    def __init__(self, _isolation: object, programs: Mapping[str, bytes], *_: object) -> None:
        if b"broken" in programs["warm_worker.py"]:
            raise SandboxUnavailable("A warm worker did not start.")
        self.waits, self.closed = True, False

    def close(self) -> None:
        self.waits, self.closed = False, True


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(warm, "WarmWorker", Pretended)
    for name, content in warm.guest_programs(shipped("sandbox") / "harness").items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_worker_serves_run_after_run_and_another_is_started_for_whatever_may_change_a_result(harness: Path) -> None:
    place, never, usual = WarmPlace(), threading.Event(), Limits()
    isolation: Any = object()
    other: Any = object()

    def asked(isolation: Any = isolation, limits: Limits = usual, versions: object = "torch 1", held_out: tuple[str, ...] = ()) -> Any:
        return place.worker(isolation, harness, limits, never, versions, held_out)

    first = asked()
    assert asked(limits=replace(usual)) is first
    changes: tuple[dict[str, Any], ...] = (
        {"isolation": other},
        {"limits": replace(usual, memory_mb=64)},
        {"versions": "torch 2"},
        {"held_out": ("imaplib.py",)},
    )
    for change in changes:
        before, after = asked(), asked(**change)
        assert after is not before
        assert before.closed
        assert asked(**change) is after
    before = asked()
    (harness / "run_training.py").write_text("# another version was installed")
    after = asked()
    assert after is not before
    after.waits = False  # it went with its run, or was killed while it waited
    assert asked() is not after
    assert after.closed


def test_a_worker_that_cannot_be_started_leaves_an_empty_place(harness: Path) -> None:
    place, isolation = WarmPlace(), object()
    first: Any = place.worker(isolation, harness, Limits(), threading.Event())  # type: ignore[arg-type]
    (harness / "warm_worker.py").write_text("broken")
    for _ in range(2):
        with pytest.raises(SandboxUnavailable, match="did not start"):
            place.worker(isolation, harness, Limits(), threading.Event())  # type: ignore[arg-type]
    assert first.closed
    place.close()
