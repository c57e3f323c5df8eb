"""What a guest sees of a GPU: its device alone, the driver's library, and what a compiler of CUDA launchers includes.

torch.compile has Triton build small C modules: by gcc or clang, with Python.h from where `sysconfig` says that it is, linked with
libcuda.so.1 from TRITON_LIBCUDA_PATH or the loader's cache (triton/runtime/build.py and its NVIDIA driver.py).
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from researchclaw import nvidia
from researchclaw.adapters.isolation.guest_python import NEVER_BOUND
from stages.errors import SandboxUnavailable

_LIBRARY = "libcuda.so.1"
_ELSEWHERE = ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib")  # Kubernetes; no loader's cache names them


def gpu_devices(gpus: tuple[int, ...]) -> Iterator[str]:
    """Devices and system files that CUDA needs, for the chosen GPUs alone; after --dev, which would cover them.

    Not tried on a machine with a GPU (2026-11): the list follows NVIDIA's container toolkit. It shows the guest the names
    of the machine's PCI devices, and gives it the driver's system calls, which are kernel code.
    Raises:
        SandboxUnavailable: a device is not there.
        GpuUnavailable: the driver does not tell which device a GPU is.
    """
    if not gpus:
        return
    for device, remedy in (
        ("/dev/nvidiactl", "load the driver: nvidia-smi, or nvidia-modprobe -c0, does"),
        *((f"/dev/nvidia{minor}", f"make it: nvidia-modprobe -c{minor}, or change sandbox.gpu") for minor in map(nvidia.minor, gpus)),
        ("/dev/nvidia-uvm", "load the module that CUDA needs: nvidia-modprobe -u -c0"),
    ):
        if not Path(device).exists():
            raise SandboxUnavailable(f"sandbox.gpu asks for {device}, which is not there; {remedy}.")
        yield from ("--dev-bind", device, device)
    yield from ("--dev-bind-try", "/dev/nvidia-uvm-tools", "/dev/nvidia-uvm-tools")
    for folder in ("/sys/bus/pci", "/sys/devices", "/sys/module"):
        yield from ("--ro-bind-try", folder, folder)


def header_folders() -> set[Path]:
    """Where Triton looks for Python.h."""
    scheme = sysconfig.get_default_scheme()
    paths = sysconfig.get_paths("posix_prefix" if scheme == "posix_local" else scheme)  # Debian's own, which Triton avoids, too
    return {Path(paths[name]) for name in ("include", "platinclude") if Path(paths[name]).is_dir()}


def cached_folders() -> list[Path]:
    """Where the loader's cache finds the driver's library, its first choice first."""
    try:
        listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=20, check=False).stdout
    except FileNotFoundError:
        return []
    lines = (line.partition(" => ") for line in listed.splitlines() if line.strip().startswith(_LIBRARY))
    return [Path(place.strip()).parent for name, _, place in lines if "64" in name]  # x86-64, AArch64


def gpu_files(shown: Iterable[str]) -> tuple[tuple[Path, ...], dict[str, str]]:
    """Folders to bind read-only beside those of the system that are `shown`, and the guest's variables.

    The driver's library is the one that we would load: from LD_LIBRARY_PATH, the loader's cache, or Kubernetes' folder.
    """
    there = {Path(name).resolve() for name in shown if Path(name).is_dir()}

    def is_shown(folder: Path) -> bool:
        return any(place in there for place in (folder.resolve(), *folder.resolve().parents))

    cached = cached_folders()
    given = [Path(name) for name in os.environ.get("LD_LIBRARY_PATH", "").split(":") if name.startswith("/")]
    forbidden = {Path(name) for name in (*NEVER_BOUND, str(Path.home()))}
    folders, environment = header_folders(), dict[str, str]()
    for folder in (*given, *cached, *map(Path, _ELSEWHERE)):
        if (folder / _LIBRARY).exists() and folder.resolve() not in forbidden:
            folders |= {folder, (folder / _LIBRARY).resolve().parent}
            if folder not in cached or not is_shown(folder):
                environment = {"TRITON_LIBCUDA_PATH": str(folder), "LD_LIBRARY_PATH": str(folder)}
            break
    return tuple(sorted(folder for folder in folders if folder.resolve() not in forbidden and not is_shown(folder))), environment
