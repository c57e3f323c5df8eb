"""The machine, as found: without importing torch, which costs seconds."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from stages.contracts import Hardware
from stages.errors import SettingsError

LIBRARIES = ("torch", "numpy", "scipy", "pydantic", "prefect", "matplotlib", "safetensors", "bibtexparser", "typst", "bm25s")
"""Whose versions stand in run.json and in the paper's appendix."""


def found() -> Hardware:
    """Raises: SettingsError: torch is not installed."""
    return Hardware(
        cpu=cpu_name(),
        physical_cores=physical_cores(),
        memory_gb=round(memory_bytes() / 2**30, 1),
        accelerator=accelerator(),
        operating_system=operating_system(),
        python=platform.python_version(),
        torch=_version("torch"),
    )


def versions() -> dict[str, str]:
    """Library -> installed version.

    Raises:
        SettingsError: one is missing.
    """
    return {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError as exc:
        raise SettingsError(f"the Python package '{name}' is not installed; install researchclaw again.") from exc


def cpu_name(cpuinfo: str | None = None) -> str:
    """Model name of the first processor, else the architecture (ARM kernels name no model)."""
    for line in (cpuinfo or Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model") and value.strip():
            return value.strip()
    return platform.machine()


WIDEST = ("amx_tile", "avx512_bf16", "avx512_vnni", "avx512f", "avx2", "sve2", "sve", "asimd", "sse4_2")
"""Vector instructions by which numeric libraries choose their kernels, the widest first."""


def processor_class(cpuinfo: str | None = None) -> str:
    """What the last bits of a sum may depend on: architecture, maker, widest vectors; e.g. 'x86_64-AuthenticAMD-avx2'."""
    maker, flags = "unknown", set[str]()
    for line in (cpuinfo or Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("vendor_id", "CPU implementer"):
            maker = value.strip()
        elif name.strip() in ("flags", "Features"):
            flags |= set(value.split())
    widest = next((name for name in WIDEST if name in flags), "scalar")
    return f"{platform.machine()}-{maker}-{widest}"


def physical_cores(cpuinfo: str | None = None, allowed: set[int] | None = None, quota: float | None = None) -> int:
    """Cores that this process may use, hyper-threads counted once; at least 1.

    Bounded by the affinity mask and by the cgroup's CPU quota. On machines that tell no core ids every processor counts.
    """
    text = cpuinfo or Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    allowed = os.sched_getaffinity(0) if allowed is None else allowed
    quota = cpu_quota() if quota is None else quota
    cores: set[tuple[str, str]] = set()
    for block in text.split("\n\n"):
        fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in block.splitlines())}
        processor = fields.get("processor", "")
        if processor.isdecimal() and int(processor) in allowed:
            cores.add((fields.get("physical id", "0"), fields.get("core id", f"processor {processor}")))
    count = len(cores) or len(allowed)
    return max(1, min(count, int(quota)) if quota is not None else count)


def cpu_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Processors' worth of time that the container may use; None: no limit."""
    two = root / "cpu.max"
    if two.exists():
        quota, period = two.read_text().split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    one = root / "cpu" / "cpu.cfs_quota_us"
    if one.exists() and (quota_us := int(one.read_text())) > 0:
        return quota_us / int((root / "cpu" / "cpu.cfs_period_us").read_text())
    return None


def memory_bytes(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory of the machine, or of the container if that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        if limit.exists() and (text := limit.read_text().strip()).isdecimal():
            return min(total, int(text))
    return total


def available_memory_bytes(meminfo: str | None = None) -> int:
    """What programs can still take without swapping, within the container's limit."""
    text = meminfo or Path("/proc/meminfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return min(int(fields["MemAvailable"].split()[0]) * 1024, memory_bytes())


def accelerator() -> str | None:
    """Names of the NVIDIA GPUs as the driver's tool tells them; None: the tool is missing or sees none.

    Raises:
        SettingsError: the driver hangs.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    question = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(question, capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired as exc:
        raise SettingsError("nvidia-smi gave no answer within 20 s: the GPU's driver hangs; restart it.") from exc
    names = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
    return "; ".join(names) if answer.returncode == 0 and names else None


def host_name() -> str:
    return platform.node() or "unnamed"


def pseudonym() -> str:
    """Tells machines apart in records that get published, and names none: a host's name may give away whose it is."""
    return f"machine-{hashlib.sha256(host_name().encode()).hexdigest()[:6]}"


def operating_system() -> str:
    """e.g. 'Debian GNU/Linux 12 (bookworm), Linux 6.1'."""
    kernel = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    try:
        pretty = platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return kernel
    return f"{pretty}, {kernel}" if pretty else kernel
