"""What a guest sees of a GPU: arguments for a machine that is made up, and a compiler at work in the real sandbox."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from researchclaw import nvidia
from researchclaw.adapters.gpu_compiler import refuse_without_compiler
from researchclaw.adapters.isolation import bubblewrap, gpu_view
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.job import Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.shipped import shipped
from stages.errors import GpuUnavailable, SandboxUnavailable

SHOWN = ("/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/include", "/usr/local/lib")


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Devices of a pod whose one GPU is the sixth of its machine."""
    there = {"/dev/nvidiactl", "/dev/nvidia5", "/dev/nvidia-uvm"}
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: str(self) in there if str(self).startswith("/dev/nv") else real(self))
    monkeypatch.setattr(nvidia, "minor", lambda gpu: 5 + gpu)
    return there


def test_only_the_chosen_gpus_device_is_shown_and_only_when_asked(devices: set[str]) -> None:
    assert list(gpu_view.gpu_devices(())) == []
    words = list(gpu_view.gpu_devices((0,)))
    bound = [words[at + 1] for at, word in enumerate(words) if word.startswith("--dev-bind")]
    assert bound == ["/dev/nvidiactl", "/dev/nvidia5", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"]
    seen = [words[at + 1] for at, word in enumerate(words) if word.startswith("--ro-bind")]
    assert seen == ["/sys/bus/pci", "/sys/devices", "/sys/module"]


@pytest.mark.parametrize(("gpu", "gone", "said"), [(1, "-", "nvidia6, which.*-c6"), (0, "/dev/nvidia-uvm", "nvidia-modprobe -u -c0")])
def test_a_device_that_is_not_there_is_refused_with_a_remedy(devices: set[str], gpu: int, gone: str, said: str) -> None:
    devices.discard(gone)
    with pytest.raises(SandboxUnavailable, match=said):
        list(gpu_view.gpu_devices((gpu,)))


def test_the_gpu_comes_after_the_devices_that_would_cover_it(sandbox_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    monkeypatch.setattr(bubblewrap, "gpu_devices", lambda _: iter(("--dev-bind-try", "/dev/nvidia0", "/dev/nvidia0")))
    isolation = Bubblewrap(sandbox_state, gpus=(0,))
    words = list(isolation._view(Job(argv=lambda _: []), lambda _: 9, 1000))  # the whole command line needs a guest
    assert words.index("--dev") < words.index("--dev-bind-try") < words.index("--remount-ro")


def test_the_drivers_library_outside_the_systems_folders_is_bound_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Kubernetes: no loader's cache knows the folder, and a guest has no LD_LIBRARY_PATH of ours."""
    (tmp_path / "libcuda.so.1").touch()
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(gpu_view, "cached_folders", list)
    monkeypatch.setattr(gpu_view, "_ELSEWHERE", (str(tmp_path),))
    monkeypatch.setattr(gpu_view, "header_folders", set)
    assert gpu_view.gpu_files(SHOWN) == ((tmp_path,), {"TRITON_LIBCUDA_PATH": str(tmp_path), "LD_LIBRARY_PATH": str(tmp_path)})


def test_a_library_that_the_loader_finds_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path("/usr/lib/x86_64-linux-gnu")
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self == folder / "libcuda.so.1" or real(self))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(gpu_view, "cached_folders", lambda: [folder])
    monkeypatch.setattr(gpu_view, "header_folders", lambda: {Path("/usr/include")})
    assert gpu_view.gpu_files((*SHOWN, str(folder))) == ((), {})


def test_a_home_is_never_bound_for_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libcuda.so.1").touch()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    monkeypatch.setattr(gpu_view, "cached_folders", list)
    monkeypatch.setattr(gpu_view, "header_folders", set)
    assert gpu_view.gpu_files(SHOWN) == ((), {})


def test_a_launcher_compiles_inside_and_what_is_missing_is_named(
    sandbox_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the headers of the Python in use, wherever they lie, and a driver's library outside of the system's folders."""
    if shutil.which("bwrap") is None or shutil.which("gcc") is None:
        pytest.skip("bubblewrap or gcc is not installed: apt install bubblewrap gcc")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        pytest.skip("Python's headers are not installed: apt install python3-dev")
    monkeypatch.setattr(bubblewrap, "gpu_devices", lambda _: iter(()))
    monkeypatch.setattr(gpu_view, "cached_folders", list)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    with pytest.raises(GpuUnavailable, match=r"libcuda\.so\.1.*nothing was run.*ldconfig") as refused:
        refuse_without_compiler(Bubblewrap(sandbox_state, gpus=(0,)), Limits(), shipped("sandbox"))
    assert "\n" not in str(refused.value)
    library = tmp_path / "driver" / "libcuda.so.1"
    library.parent.mkdir()
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", str(library)], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library.parent))
    refuse_without_compiler(Bubblewrap(sandbox_state, gpus=(0,)), Limits(), shipped("sandbox"))
    monkeypatch.setattr(gpu_view, "header_folders", set)
    if not sysconfig.get_paths()["include"].startswith("/usr/include"):
        with pytest.raises(GpuUnavailable, match=r"Python\.h.*apt install python3"):
            refuse_without_compiler(Bubblewrap(sandbox_state, gpus=(0,)), Limits(), shipped("sandbox"))


def test_a_machine_without_a_compiler_is_told_how_to_get_one(tmp_path: Path) -> None:
    harness = tmp_path / "gpu_harness"
    harness.mkdir()
    (harness / "try_compiler.py").write_text("print('compiler none in /usr/bin')\n", encoding="utf-8")
    with pytest.raises(GpuUnavailable, match=r"none in /usr/bin.*apt install gcc"):
        refuse_without_compiler(PlainProcess(), Limits(), tmp_path)
