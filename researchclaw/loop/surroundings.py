"""What scores depend on beside the version that is measured: a run goes on only where that is as it was when it began."""

from __future__ import annotations

from dataclasses import dataclass

from researchclaw import hardware
from researchclaw.gpu_kits import gpu_kit_names
from researchclaw.journal import canonical_json, sha256_of_text
from researchclaw.kits import file_hashes, kit_names, kit_sha256
from researchclaw.loop.contracts import Plan, Surroundings
from researchclaw.loop.history import History
from researchclaw.loop.program_kits import folder_of
from researchclaw.shipped import shipped
from stages.contracts import CorpusFacts


@dataclass(frozen=True)
class Data:
    """Prepared data of a kit, and the GPU that its runs are on."""

    corpus: CorpusFacts | None = None
    gpu: str | None = None


def surroundings_of(plan: Plan, data: Data) -> Surroundings:
    """Those of this process."""
    versions = hardware.versions()
    return Surroundings(
        corpus=data.corpus.name if data.corpus else None,
        data=data.corpus.sha256 if data.corpus else None,
        kit=_kit_sha256(plan.kit) if plan.kit is not None else None,
        python=versions["python"],
        torch=versions["torch"],
        numpy=versions["numpy"],
        processor=hardware.cpu_name(),
        processor_class=hardware.processor_class(),
        gpu=data.gpu,
    )


def _kit_sha256(name: str) -> str:
    """Of its files and of what measures it."""
    folder = folder_of(name)
    if name in kit_names():
        return kit_sha256(folder)
    judges = [shipped("sandbox") / "harness", shipped("sandbox") / "gpu_harness"] if name in gpu_kit_names() else []
    return sha256_of_text(
        canonical_json({f"{place.name}/{file}": sha for place in (folder, *judges) for file, sha in file_hashes(place).items()})
    )


def difference(history: History, now: Surroundings) -> str | None:
    """The first thing that differs from the run's beginning, in one line with its remedy; None also where nothing was recorded.

    Versions come before the data, which may follow from them: the standard library is a corpus.
    """
    began = history.surroundings
    if began is None:
        return None
    if began.kit != now.kit:
        kits = (f"another version of the kit or its harness ({_short(began.kit)})", _short(now.kit))
        return _line(*kits, "Go back to the version of researchclaw that it began with")
    libraries = (("Python", began.python, now.python), ("torch", began.torch, now.torch), ("numpy", began.numpy, now.numpy))
    for what, was, is_now in libraries:
        if was != is_now:
            return _line(f"{what} {was}", is_now, "Install that version again")
    if began.data != now.data:
        data = (f"the data '{began.corpus}' ({_short(began.data)})", f"'{now.corpus}' ({_short(now.data)})")
        return _line(*data, "Give the experiment.corpus that it began with")
    before, after = _machine(history, began), _machine(history, now)
    return None if before == after else _line(before, after, "Go on on the machine that it began on")


def _machine(history: History, one: Surroundings) -> str:
    """What of the machine the scores depend on.

    A kit of a study makes as many steps as its processor can pay for, and a number that varies may be a time; a number that
    repeats itself depends on the processor by the last bits of its sums at most. What runs on a GPU depends on that.
    """
    if one.gpu is not None:
        return f"the GPU {one.gpu}"
    calibration = history.calibration
    if history.started.plan.kit in kit_names() or calibration is None or not calibration.repeatable:
        return f"the processor {one.processor}"
    return f"a processor of the class {one.processor_class}"


def _line(was: str, is_now: str, remedy: str) -> str:
    return f"the run began with {was} and would go on with {is_now}; results would not compare. {remedy}, or start a new loop."


def _short(sha: str | None) -> str:
    return "none" if sha is None else sha[:7]
