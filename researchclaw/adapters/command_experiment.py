"""One run of a command kit: the program in a sandbox, its score from what it printed or from labels compared here."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
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
from researchclaw.adapters.sealed_looks import note_look
from researchclaw.command_kits import CommandKit, LabelScore, printed_metric, program_files, scope_files
from researchclaw.given_files import read_below
from stages.contracts import Contract, Sha256, Slug, Verdict
from stages.errors import SettingsError

_STARTUP_S = 4.0
_PREDICT_SHARE = 0.2  # of the budget: answering is a pass over some hundred inputs, and what is more is training in disguise
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
    predict_cpu_s: float | None = Field(default=None, description="Its limit is its own; None: nothing was predicted.")
    wall_s: float
    peak_memory_mb: float
    isolation: str
    log_tail: str
    looks: int | None = Field(default=None, description="At these sealed test labels on this machine so far; None: this was none.")


@dataclass(frozen=True)
class _Answer:
    """What the predicting sandbox came to. reason: why there is no value."""

    cpu_s: float
    value: float | None = None
    verdict: Verdict = "ok"
    reason: str | None = None


@dataclass(frozen=True)
class _HeldOut:
    """What is asked, and the right answers."""

    inputs: bytes
    labels: tuple[str, ...]
    sha256: Sha256


def run_command_kit(
    kit: CommandKit,
    folder: Path,
    isolation: Isolation,
    limits: Limits,
    *,
    seed: int = 0,
    split: Literal["val", "test"] = "val",
    candidate: bytes | None = None,
    budget_s: float | None = None,
    state: Path | None = None,
) -> CommandRecord:
    """Run and score once. candidate: a source that takes the place of the first file in scope. Whatever the program does is a verdict.

    state: where looks at the sealed test split are counted; that split needs it.
    Raises:
        SettingsError: the kit's files cannot be used, or it has no test split.
        SandboxUnavailable: no guest could be started.
    """
    assert state is not None or split == "val"
    held_out = _held_out(kit, folder, split)
    looks: int | None = None
    answer: _Answer | None = None
    files = program_files(kit, folder)
    first = next(iter(scope_files(kit, folder)))
    own = files[first]
    if candidate is not None:
        files[first] = candidate
    budget = budget_s or kit.budget_s
    verdict: Verdict = "ok"
    value: float | None = None
    fault = broken_rule(first, files[first], own)
    if fault is not None:
        return _record(kit, seed, split, isolation, "rejected", fault, None)
    limits = replace(limits, wall_s=10 * budget + 30, cpu_s=1.5 * budget + _STARTUP_S)
    with tempfile.TemporaryDirectory(prefix="researchclaw-command-") as kept, ExitStack() as guests:
        guest = guests.enter_context(isolation.start(_job(kit, kit.command, Path(kept, "train"), files, limits, seed)))
        outcome, _ = guest.run()
        reason = _fault(outcome, budget)
        if reason is not None:
            verdict = "timeout" if outcome.excess in ("wall time", "CPU time") else "crash"
        elif held_out is not None and isinstance(kit.score, LabelScore):
            artefact = Path(kept, kit.score.artefact)
            try:
                collect(guest.scratch, kit.score.artefact, artefact, _ARTEFACT_MAX)
                if state is not None and split == "test":  # before the answers are there: a refusal is a look, too
                    looks = note_look(state, held_out.sha256, hashlib.sha256(files[first]).hexdigest(), seed)
                limits = replace(limits, cpu_s=_PREDICT_SHARE * budget + _STARTUP_S)
                answer = _agreement(kit, kit.score, folder, files, artefact, isolation, limits, held_out)
                value, verdict, reason = answer.value, answer.verdict, answer.reason
            except ArtefactRefusedError as exc:
                verdict, reason = "rejected", str(exc)
        else:
            value = printed_metric(kit.metric.name, plain_text(outcome.stdout))
            if value is None:
                verdict, reason = "rejected", f"the program printed no number after {kit.metric.name}"
            elif not math.isfinite(value):
                verdict, reason, value = "nonfinite", f"{kit.metric.name} is not finite", None
    return _record(kit, seed, split, isolation, verdict, reason, value, outcome, answer, looks)


def broken_rule(name: str, source: bytes, own: bytes) -> str | None:
    """Why a program is refused before it is run, with the remedy; None: it is not. Only Python is read. own: the kit's own program."""
    if not name.endswith(".py"):
        return None
    fault = candidate_rules.fault(source.decode("utf-8", "replace"), name, own.decode("utf-8", "replace"))
    return f"{fault}: int(os.environ['SEED'])" if fault is not None and "seed" in fault else fault


def _held_out(kit: CommandKit, folder: Path, split: Literal["val", "test"]) -> _HeldOut | None:
    """What the kit keeps from its program; None: it keeps nothing, the program scores itself.

    Raises:
        SettingsError: the kit has no such split.
    """
    if not isinstance(kit.score, LabelScore):
        if split == "test":
            raise SettingsError(f"--split test: {kit.name} has no sealed split, its program computes its own number; leave it out.")
        return None
    inputs, answers = (read_below(folder, f"private/{split}_{name}") for name in ("inputs.npz", "labels.txt"))
    labels = tuple(answers.decode("utf-8", "replace").split())
    if not labels:
        file = folder / "private" / f"{split}_labels.txt"
        raise SettingsError(f"{file} holds no label; write one a line, in the order of the inputs.")
    return _HeldOut(inputs, labels, hashlib.sha256(inputs + answers).hexdigest())


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
    return Job(
        argv=_argv(command),
        inputs={"program": place},
        limits=limits,
        # A child that nobody waits for takes its CPU time along. Where the program scores itself, its clock proves nothing either.
        one_process=isinstance(kit.score, LabelScore),
        hidden=kit.hidden,
        environment={"SEED": str(seed)},
    )


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
    held_out: _HeldOut,
) -> _Answer:
    """Share of right labels; the predicting sandbox has neither labels nor training data, but for what the artefact holds of them."""
    given_files = {name: files[name] for name in scope_files(kit, folder)}
    given_files |= {"inputs.npz": held_out.inputs, score.artefact: artefact.read_bytes()}
    job = _job(kit, score.predict, artefact.with_name("predict"), given_files, limits, 0)
    with isolation.start(job) as guest:
        outcome, _ = guest.run()
        cpu_s = outcome.cpu_s
        if outcome.excess in ("wall time", "CPU time"):
            why = f"stopped after {outcome.wall_s:.0f} s, {cpu_s:.0f} s of CPU time while it predicted"
            return _Answer(cpu_s, verdict="timeout", reason=f"{why}; {limits.cpu_s:g} s of CPU time are allowed for that")
        if outcome.exit_code != 0:  # what it printed stays here: it has seen the inputs
            excess = f": too much {outcome.excess}" if outcome.excess else ""
            return _Answer(cpu_s, verdict="rejected", reason=f"the program failed while it predicted{excess}")
        said = artefact.with_name("predictions.txt")
        try:
            collect(guest.scratch, "predictions.txt", said, _PREDICTIONS_MAX)
        except ArtefactRefusedError as exc:
            return _Answer(cpu_s, verdict="rejected", reason=str(exc))
    given = said.read_bytes().decode("ascii", "replace").split()
    if len(given) != len(held_out.labels):
        reason = f"{len(given)} labels were predicted for {len(held_out.labels)} inputs"
        return _Answer(cpu_s, verdict="rejected", reason=reason)
    return _Answer(cpu_s, sum(a == b for a, b in zip(given, held_out.labels, strict=True)) / len(held_out.labels))


def _record(
    kit: CommandKit,
    seed: int,
    split: Literal["val", "test"],
    isolation: Isolation,
    verdict: Verdict,
    reason: str | None,
    value: float | None,
    outcome: Outcome | None = None,
    answer: _Answer | None = None,
    looks: int | None = None,
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
        predict_cpu_s=round(answer.cpu_s, 1) if answer else None,  # no finer: it may depend on the sealed inputs
        wall_s=round(outcome.wall_s, 3) if outcome else 0.0,
        peak_memory_mb=round(outcome.peak_memory_mb, 1) if outcome else 0.0,
        isolation=isolation.name,
        log_tail=plain_text(outcome.stdout + outcome.stderr)[-2000:] if outcome else "",
        looks=looks,
    )
