"""Whether a sandbox can compile for its GPU: tried inside, once, before the first run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from researchclaw.adapters.experiment_runner import last_line
from researchclaw.adapters.isolation.job import Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from stages.errors import GpuUnavailable

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_REMEDIES = {
    "compiler": "Debian/Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc",
    "headers": f"Debian/Ubuntu: apt install python{_PYTHON}-dev; Fedora: dnf install python{_PYTHON}-devel; pyenv, conda have them",
    "driver": "install the NVIDIA driver's CUDA library (Debian/Ubuntu: libcuda1, or libnvidia-compute of the driver's version) and "
    "run ldconfig, or name its folder in LD_LIBRARY_PATH",
}


def refuse_without_compiler(isolation: Isolation, limits: Limits, sandbox: Path) -> None:
    """sandbox: holds `gpu_harness`.

    Raises:
        GpuUnavailable: compiler, Python.h or libcuda.so.1 is missing where programs will run; one line with the remedy.
        SandboxUnavailable: no guest could be started.
    """
    job = Job(
        argv=lambda inside: [inside.python, "-I", "-B", f"{inside.inputs}/try_compiler.py"],
        inputs={"try_compiler.py": (sandbox / "gpu_harness" / "try_compiler.py").read_bytes()},
        limits=replace(limits, wall_s=60.0, cpu_s=None, address_space=False),
    )
    with isolation.start(job) as guest:
        outcome, _ = guest.run()
    said = last_line(outcome.stdout)
    if said == "ok":
        return
    kind, _, detail = said.partition(" ")
    why = detail or last_line(outcome.stderr) or outcome.excess
    remedy = _REMEDIES.get(kind, "try the command 'researchclaw doctor'")
    raise GpuUnavailable(f"torch.compile cannot work inside the sandbox ({why}); nothing was run. {remedy}.")
