"""What this machine offers to a run, told before one is started."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable

from researchclaw import hardware
from researchclaw.run_store import check_output
from researchclaw.settings import Settings
from stages.contracts import Check, Contract
from stages.errors import ResearchError, SandboxUnavailable, SourceUnavailable


class Health(Contract):
    checks: tuple[Check, ...]
    passed: bool


def examine(settings: Settings) -> Health:
    """Every check, in the order in which a run would need it; a failed one does not stop the others."""
    named: tuple[tuple[str, Callable[[], str]], ...] = (
        ("python", _python),
        ("machine", _machine),
        ("libraries", _libraries),
        ("output", lambda: _output(settings)),
        ("kits", _kits),
        ("literature", lambda: _literature(settings)),
        ("model", lambda: _model(settings)),
        ("sandbox", lambda: _sandbox(settings)),
        ("typesetting", _typesetting),
    )
    checks = tuple(_check(name, look) for name, look in named)
    return Health(checks=checks, passed=all(check.passed for check in checks))


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, passed=True, detail=look())
    except ResearchError as exc:
        return Check(name=name, passed=False, detail=str(exc))


def _python() -> str:
    return f"{platform.python_version()} ({sys.executable})"


def _machine() -> str:
    found = hardware.found()
    cores = f"{found.physical_cores} core{'s' if found.physical_cores > 1 else ''}"
    return f"{found.cpu}, {cores}, {found.memory_gb:g} GB, {found.accelerator or 'no GPU'}; {found.operating_system}"


def _libraries() -> str:
    return ", ".join(f"{name} {version}" for name, version in hardware.versions().items() if name != "python")


def _output(settings: Settings) -> str:
    check_output(settings.output, settings.min_free_mb)
    return f"{settings.output.absolute()}, {shutil.disk_usage(settings.output).free / 2**30:.1f} GB free"


def _kits() -> str:
    from researchclaw.kits import shipped_kits

    return ", ".join(f"{kit.name} ({len(kit.factors)} factors)" for kit in shipped_kits())


def _literature(settings: Settings) -> str:
    """The catalogue, and which live sources answer within two seconds; nobody is asked when the mode is 'offline'.

    Raises:
        SourceUnavailable: live sources are wanted and none answers.
    """
    from researchclaw.adapters.catalogue import works

    own = f"catalogue of {len(works())} works"
    if settings.literature.mode == "offline":
        return f"{own}; live sources are not asked (literature.mode: offline)"
    from researchclaw.adapters.sources.probe import probed

    found = probed(settings.literature)
    told = ", ".join(f"{name} {'answers' if reason is None else reason}" for name, reason in found.items())
    if found and all(found.values()):
        raise SourceUnavailable(
            f"no live source answers ({told}); mend the network, or set literature.mode: offline to work with the {own} alone"
        )
    return f"{own}; {told}"


def _model(settings: Settings) -> str:
    """One tiny question to the model of the settings."""
    match settings.llm.provider:
        case "offline":
            return "the rule-based researcher; `researchclaw init` names a language model"
        case "canned":
            from researchclaw.wiring import language_model

            return f"recorded answers of {language_model(settings, '').name}"
        case _:
            from researchclaw.adapters.models.greeting import greet

            return greet(settings.llm)


def _sandbox(settings: Settings) -> str:
    """The self-test of the sandbox; its lines one after the other when something is open."""
    from researchclaw.experiment_cli import doctor_sandbox
    from researchclaw.wiring import state_folder

    lines: list[str] = []
    sandbox = settings.sandbox
    code = doctor_sandbox(
        state=state_folder(settings),
        echo=lines.append,
        allow_weaker=sandbox.allow_weaker,
        backend=sandbox.backend,
        image=sandbox.image,
        gpus=sandbox.gpu,
    )
    if code:
        raise SandboxUnavailable("; ".join(line.strip() for line in lines))
    return lines[0].removeprefix("isolation: ")


def _typesetting() -> str:
    latex = shutil.which("pdflatex")
    return f"LaTeX ({latex})" if latex else "no LaTeX: the PDF will be a marked preview by typst"
