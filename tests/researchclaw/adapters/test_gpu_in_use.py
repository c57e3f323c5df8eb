"""One run at a time on a GPU, and its memory, by a nvidia-smi that is made up."""

import logging
import os
import threading
import time
from pathlib import Path

import pytest

from researchclaw.adapters import gpu_in_use
from researchclaw.adapters.gpu_in_use import MemoryWatch, alone_on
from researchclaw.nvidia import Gpu
from stages.errors import GpuUnavailable

GPU = Gpu(2, "NVIDIA L4", "GPU-1234")


def tell(used: Path, megabytes: object) -> None:
    """In one step: a reader in between must not find an empty file."""
    used.with_suffix(".new").write_text(f"{megabytes}\n", encoding="utf-8")
    used.with_suffix(".new").rename(used)


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file from which the tool tells used memory."""
    tool, used = tmp_path / "nvidia-smi", tmp_path / "used"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat {used}\n', encoding="utf-8")
    tool.chmod(0o755)
    tell(used, 500)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(gpu_in_use, "_POLL_S", 0.02)
    monkeypatch.setattr(gpu_in_use.tempfile, "gettempdir", lambda: str(tmp_path))
    return used


def test_a_gpu_is_held_by_one_run_at_a_time(used: Path, caplog: pytest.LogCaptureFixture) -> None:
    order: list[str] = []

    def second() -> None:
        with alone_on(GPU, 1024):
            order.append("second")

    waiting = threading.Thread(target=second)
    with caplog.at_level(logging.WARNING), alone_on(GPU, 1024):
        with alone_on(GPU._replace(uuid="GPU-5678"), 1024):  # another one is free
            waiting.start()
            time.sleep(0.2)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]
    assert "GPU 2 is in use by another run" in caplog.text


def test_a_gpu_that_stays_in_use_is_refused(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_in_use, "_LOCK_WAIT_S", 0.05)
    with alone_on(GPU, 1024), pytest.raises(GpuUnavailable, match="GPU 2 has been in use by another run"), alone_on(GPU, 1024):
        pass
    with alone_on(GPU, 1024):  # the one that was refused left no lock
        pass


def test_programs_of_others_are_waited_for_and_then_refused(
    used: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tell(used, 20000)
    monkeypatch.setattr(gpu_in_use, "_QUIET_S", 0.0)
    timer = threading.Timer(0.15, tell, (used, 300))
    timer.start()
    with caplog.at_level(logging.WARNING), alone_on(GPU, 1024):
        pass
    timer.join()
    assert "other programs use 20000 MB" in caplog.text
    tell(used, 20000)
    monkeypatch.setattr(gpu_in_use, "_OTHERS_WAIT_S", 0.05)
    with pytest.raises(GpuUnavailable, match=r"other programs use 20000 MB.*nothing was run"), alone_on(GPU, 1024):
        pass


def test_the_peak_is_the_largest_rise_from_the_smallest_reading(used: Path) -> None:
    """The first reading may still hold what the run before has not given back."""
    tell(used, 9000)
    with MemoryWatch(2) as watch:
        for reading in (500, 45060, 600):
            tell(used, reading)
            time.sleep(0.15)
    assert watch.peak_mb == 44_560
    assert "-i 2" in (used.parent / "asked").read_text(encoding="utf-8")


def test_a_reading_that_fails_does_not_end_the_watch_in_silence(used: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), MemoryWatch(2) as watch:
        tell(used, "[N/A]")
        time.sleep(0.15)
    assert watch.peak_mb is None
    assert "tells no used memory" in caplog.text
    with pytest.raises(GpuUnavailable, match="GPU 0: nvidia-smi tells no used memory"):
        MemoryWatch(0)
