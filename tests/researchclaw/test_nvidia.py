"""What the driver tells, from a nvidia-smi and a /proc that are made up as those of a pod with one GPU of eight."""

from pathlib import Path

import pytest

from researchclaw import nvidia
from stages.errors import GpuUnavailable

SMI = """#!/bin/sh
case "$*" in
  *"-i 0"*pci.bus_id*) echo "00000000:C1:00.0" ;;
  *"-i 0"*uuid*) echo "GPU-58cc1259-69d2-90d0-2a7c-35ecabe4c4ff" ;;
  *"-i 0"*memory.used*) echo "557" ;;
  *"-i 0 -q") printf '    GPU UUID                              : GPU-5\\n    Minor Number                          : 6\\n' ;;
  *) echo "No devices were found"; exit 6 ;;
esac
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nvidia-smi").write_text(SMI, encoding="utf-8")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(nvidia, "PROC", tmp_path / "gpus")
    return tmp_path / "gpus"


def test_a_gpus_number_is_not_that_of_its_device(proc: Path) -> None:
    file = proc / "0000:c1:00.0" / "information"
    file.parent.mkdir(parents=True)
    file.write_text("Model: \t\t NVIDIA H100 80GB HBM3\nBus Location: \t 0000:c1:00.0\nDevice Minor: \t 5\nGPU Firmware: 5\n")
    assert nvidia.minor(0) == 5


def test_without_proc_the_tool_is_asked(proc: Path) -> None:
    assert nvidia.minor(0) == 6
    assert nvidia.used_mb(0) == 557
    assert nvidia.uuid(0).startswith("GPU-58cc")


@pytest.mark.usefixtures("proc")
def test_what_the_tool_does_not_tell_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GpuUnavailable, match="GPU 3: nvidia-smi says: No devices were found"):
        nvidia.minor(3)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GpuUnavailable, match="nvidia-smi is not found, nothing was run; install"):
        nvidia.uuid(0)
