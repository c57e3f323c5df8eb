"""One run of a command kit: the program in a sandbox, its score from what it printed or from labels compared here."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field, FiniteFloat

from researchclaw.adapters import candidate_rules
from researchclaw.adapters.experiment_runner import last_line
from researchclaw.adapters.isolation.collector import ArtefactRefusedError, collect
from researchclaw.adapters.isolation.job import Inside, Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.streams import plain_text
from researchclaw.adapters.isolation.supervisor import Outcome
from researchclaw.command_kits import CommandKit, LabelScore, printed_metric, program_files, scope_files
from stages.contracts import Contract, Slug, Verdict

_STARTUP_S = 4.0
_ARTEFACT_MAX = 256 << 20
_PREDICTIONS_MAX = 1 << 20
_SCORED_BY = {"printed": "the program itself", "labels": "labels that it never saw"}
# Copies what was bound, so that the program finds its files where it runs and may change them; then becomes the program.
_IN_A_COPY = """
import os, shutil, sys
for folder, _, names in os.walk(sys.argv[1]):
    here = os.path.relpath(folder, sys.argv[1])
    os.makedirs(here, exist_ok=True)
    for name in names:
        shutil.copyfile(os.path.join(folder, name), os.path.join(here, name))
os.execvp(sys.argv[2], sys.argv[2:])
"""


class CommandRecord(Contract):
    """What a run of a command kit showed."""

    kit: Slug
    seed: int
    split: Literal["val", "test"]
    verdict: Verdict
    reason: str | None
    metric: Slug
    value: FiniteFloat | None
    scored_by: str = Field(description="Who computed the value: 'the program itself' has been checked by nobody.")
    train_cpu_s: float
    wall_s: float
    peak_memory_mb: float
    isolation: str
    log_tail: str


def run_command_kit(
    kit: CommandKit,
    folder: Path,
    isolation: Isolation,
    limits: Limits,
    *,
    seed: int = 0,
    split: Literal["val", "test"] = "val",
    candidate: Path | None = None,
    budget_s: float | None = None,
) -> CommandRecord:
    """Run and score once. candidate: takes the place of the first file in scope. Whatever the program does is a verdict.

    Raises:
        SettingsError: the kit's files cannot be used.
        SandboxUnavailable: no guest could be started.
    """
    files = program_files(kit, folder)
    first = next(iter(scope_files(kit, folder)))
    if candidate is not None:
        files[first] = candidate.read_bytes()
    budget = budget_s or kit.budget_s
    verdict: Verdict = "ok"
    value: float | None = None
    fault = candidate_rules.fault(files[first].decode("utf-8", "replace")) if first.endswith(".py") else None
    if fault is not None:
        return _record(kit, seed, split, isolation, "rejected", fault, None, None)
    limits = replace(limits, wall_s=10 * budget + 30, cpu_s=1.5 * budget + _STARTUP_S)
    with tempfile.TemporaryDirectory(prefix="researchclaw-command-") as kept, ExitStack() as guests:
        guest = guests.enter_context(isolation.start(_job(kit, kit.command, Path(kept, "train"), files, limits, seed)))
        outcome, _ = guest.run()
        reason = _fault(outcome, budget)
        if reason is not None:
            verdict = "timeout" if outcome.excess in ("wall time", "CPU time") else "crash"
        elif isinstance(kit.score, LabelScore):
            artefact = Path(kept, kit.score.artefact)
            try:
                collect(guest.scratch, kit.score.artefact, artefact, _ARTEFACT_MAX)
                value = _agreement(kit, kit.score, folder, files, artefact, isolation, limits, split)
            except ArtefactRefusedError as exc:
                verdict, reason = "rejected", str(exc)
        else:
            value = printed_metric(kit.metric.name, plain_text(outcome.stdout))
            if value is None:
                verdict, reason = "rejected", f"the program printed no number after {kit.metric.name}"
            elif not math.isfinite(value):
                verdict, reason, value = "nonfinite", f"{kit.metric.name} is not finite", None
    return _record(kit, seed, split, isolation, verdict, reason, value, outcome)


def _argv(command: tuple[str, ...]) -> Callable[[Inside], list[str]]:
    def words(inside: Inside) -> list[str]:
        program = [inside.python if command[0] in ("python", "python3") else command[0], *command[1:]]
        return [inside.python, "-I", "-B", "-c", _IN_A_COPY, f"{inside.inputs}/program", *program]

    return words


def _job(kit: CommandKit, command: tuple[str, ...], place: Path, files: dict[str, bytes], limits: Limits, seed: int) -> Job:
    """A job that has the files as one folder: a repository may have more of them than we may open."""
    place.mkdir(mode=0o755)
    for name, content in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Job(argv=_argv(command), inputs={"program": place}, limits=limits, hidden=kit.hidden, environment={"SEED": str(seed)})


def _fault(outcome: Outcome, budget_s: float) -> str | None:
    if outcome.excess in ("wall time", "CPU time"):
        return f"stopped after {outcome.wall_s:.0f} s, {outcome.cpu_s:.0f} s of CPU time; the budget is {budget_s:g} s"
    if outcome.excess is not None:
        return f"stopped: too much {outcome.excess}"
    if outcome.exit_code != 0:
        return last_line(outcome.stderr) or f"exit code {outcome.exit_code} without a word"
    return None


def _agreement(
    kit: CommandKit,
    score: LabelScore,
    folder: Path,
    files: dict[str, bytes],
    artefact: Path,
    isolation: Isolation,
    limits: Limits,
    split: Literal["val", "test"],
) -> float:
    """Share of right labels; the predicting sandbox has neither labels nor training data.

    Raises:
        ArtefactRefusedError: the predictions are not there or are no labels.
    """
    given_files = {name: files[name] for name in scope_files(kit, folder)}
    given_files |= {"inputs.npz": (folder / "private" / f"{split}_inputs.npz").read_bytes(), score.artefact: artefact.read_bytes()}
    job = _job(kit, score.predict, artefact.with_name("predict"), given_files, limits, 0)
    truth = (folder / "private" / f"{split}_labels.txt").read_text(encoding="utf-8").split()
    with isolation.start(job) as guest:
        outcome, _ = guest.run()
        if outcome.exit_code != 0:  # what it printed stays here: it has seen the inputs
            raise ArtefactRefusedError(
                "the program failed while it predicted" + (f": too much {outcome.excess}" if outcome.excess else "")
            )
        said = artefact.with_name("predictions.txt")
        collect(guest.scratch, "predictions.txt", said, _PREDICTIONS_MAX)
    given = said.read_bytes().decode("ascii", "replace").split()
    if len(given) != len(truth):
        raise ArtefactRefusedError(f"{len(given)} labels were predicted for {len(truth)} inputs")
    return sum(a == b for a, b in zip(given, truth, strict=True)) / len(truth)


def _record(
    kit: CommandKit,
    seed: int,
    split: Literal["val", "test"],
    isolation: Isolation,
    verdict: Verdict,
    reason: str | None,
    value: float | None,
    outcome: Outcome | None,
) -> CommandRecord:
    return CommandRecord(
        kit=kit.name,
        seed=seed,
        split=split,
        verdict=verdict,
        reason=reason,
        metric=kit.metric.name,
        value=value,
        scored_by=_SCORED_BY[kit.score.kind],
        train_cpu_s=round(outcome.cpu_s, 3) if outcome else 0.0,
        wall_s=round(outcome.wall_s, 3) if outcome else 0.0,
        peak_memory_mb=round(outcome.peak_memory_mb, 1) if outcome else 0.0,
        isolation=isolation.name,
        log_tail=plain_text(outcome.stdout + outcome.stderr)[-2000:] if outcome else "",
    )
