"""GPU kits: read, refused where there is no GPU, and what is known of one."""

from pathlib import Path

import pytest

from researchclaw import gpu_kits
from researchclaw.gpu_kits import GpuKit
from stages.d_design.patching import unified_patch
from stages.errors import GpuUnavailable, SettingsError


@pytest.fixture
def kit() -> GpuKit:
    return gpu_kits.load_gpu_kit("gpu_lm")


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A driver's tool that names two GPUs."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 81559 MiB'\necho 'NVIDIA L4, 23034 MiB'\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tool


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def test_every_shipped_gpu_kit_is_sound() -> None:
    assert gpu_kits.gpu_kit_names() == ("gpu_lm",)
    for name in gpu_kits.gpu_kit_names():
        gpu_kits.load_gpu_kit(name)


def test_the_baseline_differs_in_its_constants_alone(kit: GpuKit) -> None:
    changed = [
        line for line in unified_patch(gpu_kits.program(kit), gpu_kits.program(kit, "baseline")).splitlines() if line[:1] in "+-"
    ]
    assert len(changed) == 2 + 2 * len(kit.recipes["baseline"])


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_it_is_refused_in_one_line_with_a_remedy(kit: GpuKit) -> None:
    with pytest.raises(GpuUnavailable, match=r"gpu_lm needs an NVIDIA GPU.*nothing was run.*device=cpu") as refused:
        gpu_kits.gpu_for(kit, (0,))
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
    assert "none is found here" in gpu_kits.need(kit)


@pytest.mark.usefixtures("smi")
def test_with_one_it_must_be_passed_through_and_be_there(kit: GpuKit) -> None:
    assert gpu_kits.gpu_for(kit, (1, 0)) == (1, "NVIDIA L4")
    assert gpu_kits.need(kit) == "needs a GPU: NVIDIA H100 80GB HBM3, NVIDIA L4"
    with pytest.raises(SettingsError, match=r"sandbox\.gpu"):
        gpu_kits.gpu_for(kit, ())
    with pytest.raises(GpuUnavailable, match="no GPU 2; found: 0 "):
        gpu_kits.gpu_for(kit, (2,))


@pytest.mark.parametrize(
    ("device", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989.5), ("NVIDIA H100 PCIe", 756.5), ("NVIDIA H200", 989.5), ("NVIDIA H200 NVL", None),
        ("NVIDIA A100-SXM4-80GB", 312), ("NVIDIA A100 80GB PCIe", 312), ("NVIDIA L4", 121), ("NVIDIA L40S", 362), ("NVIDIA L40", None),
        ("AMD Instinct MI300X", None),
    ],
)  # fmt: skip
def test_a_peak_is_known_or_is_none(device: str, tflops: float | None) -> None:
    assert gpu_kits.peak_flops(device) == (None if tflops is None else pytest.approx(tflops * 1e12))


def test_operations_are_counted_as_the_papers_do() -> None:
    """A GPT-2 of 124 million: 85 million in its blocks' matrices, 12 layers of width 768, a context of 1024."""
    assert gpu_kits.flops_per_token(84_934_656, 12, 768, 1024) == 6 * 84_934_656 + 56_623_104


def test_a_program_that_lacks_a_constant_cannot_be_made_small(kit: GpuKit) -> None:
    with pytest.raises(SettingsError, match=r"device=cpu.*DEPTH"):
        gpu_kits.check_size(kit, "CONTEXT = 128\n")


def test_an_unknown_recipe_is_named(kit: GpuKit) -> None:
    with pytest.raises(SettingsError, match=r"no recipe 'best'; it has: baseline"):
        gpu_kits.program(kit, "best")
