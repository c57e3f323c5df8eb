"""What stands behind `experiment --kit` and `kits check --deep` of a GPU kit, and behind benchmarks/gpu_lm.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from researchclaw import gpu_kits, nvidia, wiring
from researchclaw.adapters.gpu_compiler import refuse_without_compiler
from researchclaw.adapters.gpu_experiment import GpuBench, GpuRecord, run_gpu_kit
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.adapters.sealed_looks import note_look, told_of_looks
from researchclaw.experiment_cli import Echo, read_candidate
from researchclaw.gpu_kits import GpuKit
from researchclaw.nvidia import Gpu
from researchclaw.settings import Settings
from researchclaw.shipped import shipped


def bench_of(kit: GpuKit, settings: Settings) -> GpuBench:
    """Where the kit's runs happen, with its data prepared; the GPU is looked for first.

    The sandbox is shown that one GPU alone: a program that found two could use both.

    Raises:
        GpuUnavailable, SettingsError, SandboxUnavailable: something is missing.
        ExperimentFailed: the data could not be prepared.
    """
    gpu = None
    if settings.experiment.device == "cuda":
        number, name = gpu_kits.gpu_for(kit, settings.sandbox.gpu)
        gpu = Gpu(number, name, nvidia.uuid(number))
    shown = settings.sandbox.model_copy(update={"gpu": () if gpu is None else (gpu.number,)})
    state = wiring.state_folder(settings)
    isolation, limits = wiring.isolation_of(settings.model_copy(update={"sandbox": shown}), state), wiring.limits_of(settings)
    if gpu is not None:
        refuse_without_compiler(isolation, limits, shipped("sandbox"))
    with tempfile.TemporaryDirectory(prefix="researchclaw-gpu-") as folder:
        laboratory = LocalLaboratory(
            kits_root=shipped("sandbox") / "kits",
            state=state,
            run_folder=Path(folder),
            isolation=isolation,
            workers=1,
            limits=limits,
            corpus=settings.experiment.corpus,
        )
        data, corpus = laboratory.prepared(kit.data)
        held_out = laboratory.held_out(data)
    startup_s, idle_mb = settings.experiment.gpu_startup_sec, settings.experiment.gpu_idle_mb
    return GpuBench(kit, isolation, shipped("sandbox"), data, corpus, limits, gpu, startup_s, idle_mb, held_out)


def run_kit(
    name: str,
    settings: Settings,
    echo: Echo,
    *,
    train: Path | None,
    recipe: str | None,
    seed: int,
    split: Literal["val", "test"],
    budget_s: float | None,
    scored_bytes: int | None,
    json_output: bool,
) -> int:
    """Run a GPU kit once; 0 only when the verdict is ok, else 1."""
    kit = gpu_kits.load_gpu_kit(name)
    source = read_candidate(train) if train is not None else gpu_kits.program(kit, recipe)
    record = run_gpu_kit(
        bench_of(kit, settings),
        source,
        program="candidate" if train is not None else recipe or kit.name,
        seed=seed,
        budget_s=budget_s,
        split=split,
        scored_bytes=scored_bytes,
    )
    for line in [record.model_dump_json(indent=2)] if json_output else told(record):
        echo(line)
    looks = count_look(record, settings)
    if looks is not None and not json_output:
        echo(told_of_looks(looks))
    return 0 if record.verdict == "ok" else 1


def count_look(record: GpuRecord, settings: Settings) -> int | None:
    """Write down that weights were scored on the sealed split, also where they were refused; how often now. None: they were not."""
    if record.split != "test" or record.weights_sha256 is None:
        return None
    return note_look(wiring.state_folder(settings), record.corpus_sha256, record.weights_sha256, record.seed)


def check(kit: GpuKit, settings: Settings, echo: Echo) -> int:
    """Run its program for a few seconds in the sandbox; 0 when that works."""
    record = run_gpu_kit(bench_of(kit, settings), gpu_kits.program(kit), program=kit.name, budget_s=3.0, scored_bytes=8 * kit.span)
    for line in told(record):
        echo(line)
    return 0 if record.verdict == "ok" else 1


def told(record: GpuRecord) -> list[str]:
    """A record in a few lines for a person."""
    lines = [f"verdict    {record.verdict}" + (f": {record.reason}" if record.reason else "")]
    if record.value is not None:
        lines.append(f"{record.metric:<10} {record.value:.6f} on {_part(record)} bytes of the {record.split} split")
    speed = "" if record.tokens_per_s is None else f", {record.tokens_per_s:,.0f} bytes/s"
    lines.append(f"training   {record.steps} steps in {record.train_s:.1f} s of {record.budget_s:g} s{speed}")
    if record.mfu is not None:
        lines.append(f"MFU        {100 * record.mfu:.1f} % of the device's bfloat16 peak")
    if record.peak_memory_mb is not None:
        lines.append(f"memory     {record.peak_memory_mb:.0f} MB on the GPU at most")
    charged = f" ({record.startup_charged_s:.1f} s of it off the budget)" if record.startup_charged_s else ""
    apart = f"start-up and compiling {record.startup_s:.1f} s{charged}, writing {record.save_s:.1f} s"
    return [
        *lines,
        f"apart      {apart}, evaluation {record.evaluation_s:.1f} s",
        f"device     {record.device}",
        f"isolation  {record.isolation}",
    ]


def _part(record: GpuRecord) -> str:
    """A span or less is always left over at a split's end."""
    whole = record.scored_bytes > 0.9 * record.split_bytes
    return str(record.scored_bytes) if whole else f"{record.scored_bytes} of the {record.split_bytes}"
