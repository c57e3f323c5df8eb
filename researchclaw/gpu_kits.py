"""GPU kits: a program that trains on one GPU for a fixed wall time, and what the parent knows of the GPU.

They stand apart from the kits of a study (`researchclaw.kits`): their budget is wall time instead of steps, and a machine
without a GPU cannot run them. Nothing here imports torch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import PositiveFloat, PositiveInt, TypeAdapter

from researchclaw import hardware
from researchclaw.kits import check_settings, read_contract, read_text
from researchclaw.shipped import shipped
from stages.contracts import Contract, Metric, Slug
from stages.d_design.patching import apply_settings, constant_places
from stages.errors import GpuUnavailable, SettingsError

Device = Literal["cuda", "cpu"]

PEAK_TFLOPS = {
    r"NVIDIA A100\b.*": 312.0,
    r"NVIDIA L4": 121.0,
    r"NVIDIA L40S": 362.0,
    r"NVIDIA H100 80GB HBM3": 989.5,
    r"NVIDIA H100 PCIe": 756.5,
    r"NVIDIA H200": 989.5,
}
"""Dense bfloat16 peak in 10^12 operations a second, by the driver's name of the device (a pattern for the whole of it).

NVIDIA's data sheets of each product; where they print the figure with sparsity (H100: 1,979 and 1,513, H200: 1,979), its
half. What is not here has no share of a peak.
"""


class GpuKit(Contract):
    """What kit.yaml of a GPU kit holds."""

    name: Slug
    title: str
    summary: str
    metric: Metric
    budget_s: PositiveFloat
    data: Slug
    span: PositiveInt
    recipes: dict[Slug, dict[str, str]]
    check: dict[str, str]


def gpu_kits_folder() -> Path:
    """Where they lie."""
    return shipped("sandbox") / "gpu_kits"


def gpu_kit_names() -> tuple[str, ...]:
    """Names of the shipped GPU kits, sorted."""
    return tuple(sorted(file.parent.name for file in gpu_kits_folder().glob("*/kit.yaml")))


def load_gpu_kit(name: str) -> GpuKit:
    """The kit of that name, its recipes checked against its train.py.

    Raises:
        SettingsError: a file is missing or wrong; names file and key.
    """
    folder = gpu_kits_folder() / name
    file = folder / "kit.yaml"
    kit = read_contract(file, TypeAdapter(GpuKit))
    constants = dict.fromkeys(constant_places(program(kit)), "")
    for key, settings in (*((f"recipes.{recipe}", given) for recipe, given in kit.recipes.items()), ("check", kit.check)):
        check_settings(settings, constants, f"{file}: {key}")
    return kit


def program(kit: GpuKit, recipe: str | None = None) -> str:
    """The kit's train.py, or one of its recipes.

    Raises:
        SettingsError: there is no such recipe.
    """
    source = read_text(gpu_kits_folder() / kit.name / "train.py")
    if recipe is None:
        return source
    if recipe not in kit.recipes:
        raise SettingsError(f"--recipe: {kit.name} has no recipe '{recipe}'; it has: {', '.join(kit.recipes)}.")
    return apply_settings(source, kit.recipes[recipe])


def check_size(kit: GpuKit, source: str) -> str:
    """The program at the size at which one processor thread proves its path.

    Raises:
        SettingsError: the program lacks a constant that the size is made of.
    """
    try:
        return apply_settings(source, kit.check)
    except (KeyError, ValueError, SyntaxError) as exc:
        raise SettingsError(f"experiment.device=cpu: this program cannot be made small: {exc}.") from exc


def found_gpus() -> tuple[str, ...]:
    """Names of the GPUs here, in the driver's order; empty: none is seen."""
    told = hardware.accelerator()
    return () if told is None else tuple(part.split(",")[0].strip() for part in told.split(";"))


def gpu_for(kit: GpuKit, gpus: tuple[int, ...]) -> tuple[int, str]:
    """Number and name of the GPU that a run of the kit may use: the first of `sandbox.gpu`.

    Raises:
        GpuUnavailable: there is none, or not that one.
        SettingsError: the settings pass no GPU through.
    """
    names = found_gpus()
    if not names:
        raise GpuUnavailable(
            f"{kit.name} needs an NVIDIA GPU and none is found here (nvidia-smi names none), so nothing was run. Use a machine with "
            "one, the kit tiny_lm, or --set experiment.device=cpu to try the path at a size that means nothing."
        )
    if not gpus:
        raise SettingsError(f"sandbox.gpu: no GPU is passed into the sandbox; say which {kit.name} may use: --set sandbox.gpu=[0].")
    if gpus[0] >= len(names):
        raise GpuUnavailable(f"sandbox.gpu: there is no GPU {gpus[0]}; found: {', '.join(f'{n} ({g})' for n, g in enumerate(names))}.")
    return gpus[0], names[gpus[0]]


def need(kit: GpuKit) -> str:
    """What the machine lacks for the kit, or has, in half a sentence."""
    names = found_gpus()
    return f"needs a GPU: {', '.join(names)}" if names else f"needs an NVIDIA GPU, and none is found here ({kit.name} cannot run)"


def peak_flops(device: str) -> float | None:
    """Operations a second that the device can do at best in bfloat16; None: no figure is known for it."""
    return next((peak * 1e12 for name, peak in PEAK_TFLOPS.items() if re.fullmatch(name, device)), None)


def flops_per_token(matrix_parameters: int, depth: int, width: int, context: int) -> int:
    """Operations of training for one token, by the usual count: six for each number of a matrix that is multiplied with.

    And, in each layer, twelve for each channel and byte of context in the attention, half of which a causal mask saves
    (Chowdhery et al. 2022, PaLM, appendix B; without its half).
    """
    return 6 * matrix_parameters + 6 * depth * width * context
