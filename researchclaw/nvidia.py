"""What the NVIDIA driver tells of a GPU: by its tool, and in /proc. A GPU's number is nvidia-smi's, which is not its device's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from stages.errors import GpuUnavailable

PROC = Path("/proc/driver/nvidia/gpus")
"""One folder for each GPU that the driver knows, named by its place on the bus."""


class Gpu(NamedTuple):
    """A GPU. number: nvidia-smi's; uuid: the same in every container of the machine."""

    number: int
    name: str
    uuid: str


def asked(gpu: int, *words: str) -> str:
    """What nvidia-smi says of one GPU.

    Raises:
        GpuUnavailable: the tool is missing, hangs, or knows no such GPU.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        raise GpuUnavailable(f"GPU {gpu}: nvidia-smi is not found, nothing was run; install the NVIDIA driver's tools.")
    try:
        answer = subprocess.run([tool, "-i", str(gpu), *words], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise GpuUnavailable(f"GPU {gpu}: nvidia-smi gave no answer ({exc}); restart the driver.") from exc
    if answer.returncode != 0:
        said = " ".join((answer.stdout + answer.stderr).split())[:300]
        raise GpuUnavailable(f"GPU {gpu}: nvidia-smi says: {said or f'exit code {answer.returncode}'}")
    return answer.stdout


def told(gpu: int, question: str) -> str:
    """One property by nvidia-smi's name for it. Raises: GpuUnavailable."""
    return asked(gpu, f"--query-gpu={question}", "--format=csv,noheader,nounits").strip()


def used_mb(gpu: int) -> float:
    """Used memory of the whole device, in MiB. Raises: GpuUnavailable."""
    said = told(gpu, "memory.used")
    try:
        return float(said)
    except ValueError:
        raise GpuUnavailable(
            f"GPU {gpu}: nvidia-smi tells no used memory ('{said[:40]}'); give a whole GPU, not a part of one."
        ) from None


def uuid(gpu: int) -> str:
    """Raises: GpuUnavailable."""
    said = told(gpu, "uuid")
    if not re.fullmatch(r"[A-Za-z0-9-]{4,80}", said):
        raise GpuUnavailable(f"GPU {gpu}: nvidia-smi tells no UUID ('{said[:40]}'); bring the driver up to date.")
    return said


def minor(gpu: int) -> int:
    """The N of the GPU's device /dev/nvidiaN.

    nvidia-smi counts the GPUs that it may use, in the order of the bus; a container with one of eight has only number 0.
    Raises:
        GpuUnavailable: neither /proc nor nvidia-smi tells it.
    """
    bus = re.fullmatch(r"([0-9a-f]+):([0-9a-f]+:[0-9a-f]+\.[0-9a-f]+)", told(gpu, "pci.bus_id").lower())
    if bus is not None:  # e.g. 00000000:c1:00.0; the kernel writes four digits of the domain
        file = PROC / f"{int(bus[1], 16):04x}:{bus[2]}" / "information"
        if file.is_file() and (found := re.search(r"^Device Minor:\s*(\d+)\s*$", file.read_text(errors="replace"), re.MULTILINE)):
            return int(found[1])
    found = re.search(r"^\s*Minor Number\s*:\s*(\d+)\s*$", asked(gpu, "-q"), re.MULTILINE)
    if found is None:
        raise GpuUnavailable(f"GPU {gpu}: the driver does not tell which /dev/nvidiaN it is; bring it up to date.")
    return int(found[1])
