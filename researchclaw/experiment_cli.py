"""What stands behind `researchclaw experiment`, `researchclaw sandbox exec` and the sandbox' part of `researchclaw doctor`.

Each function returns the exit code of its command and prints through `echo`, a line at a time. Errors that a person must
mend are raised as they are (`stages.errors`), for the command line to print.
"""

from __future__ import annotations

import codecs
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from researchclaw.adapters.command_experiment import CommandRecord, run_command_kit
from researchclaw.adapters.isolation.choice import Backend, choose_isolation, make_isolation
from researchclaw.adapters.isolation.job import Inside, Isolation, Job
from researchclaw.adapters.isolation.limits import DEFAULT_LIMITS, Limits
from researchclaw.adapters.isolation.self_test import self_test
from researchclaw.adapters.isolation.streams import one_line, plain
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.adapters.sealed_looks import looks_at, told_of_looks
from researchclaw.command_kits import CommandKit, load_command_kit, scope_files
from researchclaw.given_files import DATA_MAX, read_given, text_given
from researchclaw.kits import kit_folder, kit_names, kits_folder, load_kit
from stages.contracts import Kit, RunRecord, TrainingRequest
from stages.errors import ExperimentFailed, SandboxUnavailable, SettingsError
from stages.ports import ProbeRequest

Echo = Callable[[str], None]

_EXIT_TIMEOUT, _EXIT_KILLED = 124, 137  # as timeout(1) and a shell say it
_INTERPRETER = re.compile(r"^(python[0-9.]*|sh|bash|dash|perl)$")


def run_experiment(
    *,
    kit: str,
    state: Path,
    echo: Echo,
    train: Path | None = None,
    seed: int = 0,
    steps: int | None = None,
    budget_s: float | None = None,
    scored_bytes: int | None = None,
    split: Literal["val", "test"] = "val",
    json_output: bool = False,
    output: Path | None = None,
    corpus: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
    allow_weaker: bool = False,
    backend: Backend = "auto",
    image: str | None = None,
    gpus: tuple[int, ...] = (),
) -> int:
    """Train and score one candidate; 0 only when the verdict is ok, else 1.

    train: None: the kit's own train.py. steps: None: as many as fit in the budget by the cost ratio measured against the
    kit's baseline. budget_s: None: the kit's. output: keeps experiment_runs/; None: nothing is kept.
    """
    described = load_kit(kit_folder(kit))
    source = described.train_py if train is None else read_candidate(train)
    budget = budget_s or described.default_budget_s
    isolation = choose_isolation(state, allow_weaker=allow_weaker, backend=backend, image=image, gpus=gpus)
    place: AbstractContextManager[str] = (
        tempfile.TemporaryDirectory(prefix="researchclaw-experiment-") if output is None else nullcontext(str(output))
    )
    with place as folder:
        laboratory = LocalLaboratory(
            kits_root=kit_folder(kit).parent,
            state=state,
            run_folder=Path(folder),
            isolation=isolation,
            workers=1,
            limits=limits,
            corpus=corpus,
        )
        request = TrainingRequest(
            kit=kit,
            kit_sha256=described.kit_sha256,
            condition="candidate",
            train_py=source,
            seed=seed,
            steps=steps or steps_in_budget(laboratory, kit, described.train_py, source, budget),
            budget_s=budget,
            scored_bytes=scored_bytes,
            split=split,
            purpose="replay",
        )
        record = laboratory.measure([request])[0]
        looks = looks_at(state, laboratory.corpus(kit).sha256) if split == "test" else 0
    if json_output:
        echo(record.model_dump_json(indent=2))
    else:
        for line in told(record, request):
            echo(line)
        if looks:
            echo(told_of_looks(looks))
    return 0 if record.verdict == "ok" else 1


def run_command(
    folder: Path,
    isolation: Isolation,
    limits: Limits,
    echo: Echo,
    *,
    state: Path,
    train: Path | None,
    seed: int,
    split: Literal["val", "test"],
    budget_s: float | None,
    json_output: bool,
) -> int:
    """Run a command kit once; 0 only when the verdict is ok, else 1."""
    candidate = None if train is None else read_candidate(train).encode()
    kit = load_command_kit(folder)
    record = run_command_kit(
        kit, folder, isolation, limits, seed=seed, split=split, candidate=candidate, budget_s=budget_s, state=state
    )
    if json_output:
        echo(record.model_dump_json(indent=2))
    else:
        for line in told_of_a_command(record):
            echo(line)
    return 0 if record.verdict == "ok" else 1


def told_of_a_command(record: CommandRecord) -> list[str]:
    """A record in a few lines for a person."""
    lines = [f"verdict    {record.verdict}" + (f": {record.reason}" if record.reason else "")]
    if record.value is not None:
        lines.append(f"{record.metric:<10} {record.value:.6f} on the {record.split} split, scored by {record.scored_by}")
    lines.append(f"training   {record.train_cpu_s:.1f} s of CPU time")
    if record.predict_cpu_s is not None:
        lines.append(f"predicting {record.predict_cpu_s:.1f} s of CPU time")
    lines.append(f"isolation  {record.isolation}")
    return [*lines, told_of_looks(record.looks)] if record.looks is not None else lines


def told_of_a_kit(kit: CommandKit, folder: Path) -> list[str]:
    """A command kit in a few lines for a person."""
    better = "lower is better" if kit.metric.lower_is_better else "higher is better"
    who = "labels that the program never sees" if kit.score.kind == "labels" else "the program itself, checked by nobody"
    lines = [
        f"{kit.name}: {kit.title}",
        kit.summary,
        f"metric: {kit.metric.label} ({better}), scored by {who}",
        f"command: {shlex.join(kit.command)}, {kit.budget_s:g} s of CPU time",
        f"may change: {', '.join(scope_files(kit, folder))}",
        f"folder: {folder}" + (f", of the repository {kit.source}" if kit.source is not None else ""),
    ]
    return [one_line(line) for line in lines]


def check_command_kit(kit: CommandKit, folder: Path, isolation: Isolation, limits: Limits, echo: Echo) -> int:
    """Run its program twice with one seed and say whether the number comes again; 0 when there is a number."""
    records = [run_command_kit(kit, folder, isolation, limits) for _ in range(2)]
    for record in records:
        if record.verdict != "ok":
            echo(f"its program does not run here: {record.verdict}: {record.reason}")
            return 1
    first, second = records
    echo(f"{kit.metric.name} = {first.value:.6g} in {first.train_cpu_s:.1f} s of CPU time, scored by {first.scored_by}")
    echo(
        "the same seed gives the same number" if first.value == second.value else f"the same seed gave {second.value:.6g}: it is noisy"
    )
    return 0


def check_kit(kit: Kit, state: Path, isolation: Isolation, limits: Limits, echo: Echo) -> int:
    """Prepare the data and train a few steps in the sandbox; 0 when that works."""
    with tempfile.TemporaryDirectory(prefix="researchclaw-check-") as folder:
        laboratory = LocalLaboratory(
            kits_root=kit_folder(kit.name).parent, state=state, run_folder=Path(folder), isolation=isolation, workers=1, limits=limits
        )
        facts = laboratory.corpus(kit.name)
        (probe,) = laboratory.probe(kit.name, [ProbeRequest(condition="baseline", train_py=kit.train_py)]).probes
    echo(f"data: {facts.name}, {facts.train_bytes} bytes to train on, {facts.val_bytes} to score")
    if probe.failure is not None:
        echo(f"its train.py does not run here: {probe.failure}")
        return 1
    echo(f"train.py: {probe.parameters} parameters, {probe.step_s:.4f} s of CPU time a step")
    return 0


def repeat_request(
    *,
    file: Path,
    state: Path,
    echo: Echo,
    isolation: Isolation,
    json_output: bool = False,
    output: Path | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> int:
    """Do a recorded run again, with the kit that its request holds; 0 only when the verdict is ok, else 1.

    Raises:
        SettingsError: the file is no recorded request.
    """
    try:
        request = TrainingRequest.model_validate_json(read_given(file, "--request", DATA_MAX))
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the text"
        raise SettingsError(f"--request: {file} is no request.json of a recorded run: {key}: {first['msg']}.") from exc
    if request.generated is None and request.kit not in kit_names():
        raise SettingsError(f"--request: {file} is of the kit '{request.kit}', which is not here; known: {', '.join(kit_names())}.")
    place: AbstractContextManager[str] = (
        tempfile.TemporaryDirectory(prefix="researchclaw-experiment-") if output is None else nullcontext(str(output))
    )
    with place as folder:
        laboratory = LocalLaboratory(
            kits_root=kits_folder(),
            state=state,
            run_folder=Path(folder),
            isolation=isolation,
            workers=1,
            limits=limits,
        )
        record = laboratory.measure([request.model_copy(update={"purpose": "replay"})])[0]
    for line in [record.model_dump_json(indent=2)] if json_output else told(record, request):
        echo(line)
    return 0 if record.verdict == "ok" else 1


def read_candidate(train: Path) -> str:
    """The source of a candidate.

    Raises:
        SettingsError: it cannot be read as text, is no regular file, or is too large.
    """
    return text_given(train, "--train")


def steps_in_budget(laboratory: LocalLaboratory, kit: str, baseline: str, candidate: str, budget_s: float) -> int:
    """Steps of the candidate that cost the budget on the reference clock.

    A candidate that does not survive its probe gets the baseline's number: the run itself must give the verdict.
    Raises:
        ExperimentFailed: the baseline does not survive its probe.
    """
    requests = [ProbeRequest(condition="baseline", train_py=baseline), ProbeRequest(condition="candidate", train_py=candidate)]
    reference, own = laboratory.probe(kit, requests).probes
    if reference.step_s is None:
        raise ExperimentFailed(f"the baseline of kit {kit} failed in its probe run: {reference.failure}")
    return max(1, int(budget_s / (reference.step_s * (own.cost_ratio or 1.0))))


def told(record: RunRecord, request: TrainingRequest) -> list[str]:
    """A record in a few lines for a person."""
    lines = [f"verdict    {record.verdict}" + (f": {record.reason}" if record.reason else "")]
    if record.measurement is not None:
        measured = record.measurement
        lines.append(
            f"{measured.metric:<10} {measured.value:.6f} on {measured.scored_bytes} {measured.counts} of the {measured.split} split"
        )
    cost = record.cost
    lines += [
        f"training   {request.steps} steps, {cost.train_cpu_s:.1f} s of CPU time, {cost.peak_memory_mb:.0f} MB",
        f"apart      start-up {cost.startup_s:.1f} s, evaluation {cost.evaluation_s:.1f} s",
        f"isolation  {record.isolation}",
    ]
    return lines


def sandbox_exec(
    argv: Sequence[str],
    *,
    state: Path,
    echo: Echo,
    with_files: Sequence[Path] = (),
    limits: Limits = DEFAULT_LIMITS,
    allow_weaker: bool = False,
    backend: Backend = "auto",
    image: str | None = None,
    gpus: tuple[int, ...] = (),
    write: Callable[[Literal["stdout", "stderr"], str], None] | None = None,
) -> int:
    """Run a command as the laboratory would run a candidate; its exit code, 124 after a time limit, 137 after another.

    The command starts in an empty scratch folder that is thrown away. It sees none of our files, apart from with_files
    and the program itself (argv[0] given as a path, or the script behind an interpreter), which are bound read-only in
    the inputs folder. Output comes as text without terminal escapes, as it is written, up to the limit.
    """
    if not argv:
        raise SettingsError("sandbox exec: no command is given. Use: researchclaw sandbox exec -- COMMAND [ARGUMENTS]")
    inputs: dict[str, bytes | Path] = {}
    program = program_argument(argv)
    for file in with_files:
        if not file.is_file():
            fault = "is no file; name a file, a folder's one by one" if file.exists() else "is not there"
            raise SettingsError(f"--with-file: {file} {fault}")
        if file.name in inputs or (program is not None and file.name == Path(argv[program]).name):
            raise SettingsError(f"--with-file: {file}: another file has the name {file.name}, and they lie in one folder; rename one")
        inputs[file.name] = file.resolve()
    if program is not None:
        inputs[Path(argv[program]).name] = read_given(Path(argv[program]), "sandbox exec", DATA_MAX)
    isolation = choose_isolation(state, allow_weaker=allow_weaker, backend=backend, image=image, gpus=gpus)

    def command(inside: Inside) -> list[str]:
        words = list(argv)
        if program is not None:
            words[program] = f"{inside.inputs}/{Path(argv[program]).name}"
        if program == 0:  # bound without the right to be executed
            words = [*first_line_interpreter(argv[0], inside), *words]
        return words

    job = Job(argv=command, inputs=inputs, limits=limits)
    emit = write if write is not None else write_to_own_streams
    relays = {"stdout": Relay("stdout", emit, limits), "stderr": Relay("stderr", emit, limits)}
    with isolation.start(job) as guest:
        guest.on_output = lambda name, data: relays[name].add(data)
        outcome, _ = guest.run()
    for relay in relays.values():
        relay.end()
    if outcome.excess is not None:
        echo(f"stopped by the sandbox: too much {outcome.excess} ({outcome.wall_s:.1f} s, {outcome.peak_memory_mb:.0f} MB at most)")
        return _EXIT_TIMEOUT if outcome.excess in ("wall time", "CPU time") else _EXIT_KILLED
    assert outcome.exit_code is not None
    return outcome.exit_code


class Relay:
    """One stream to a person, as clean text, cut at the limit with a word about it."""

    def __init__(
        self, name: Literal["stdout", "stderr"], write: Callable[[Literal["stdout", "stderr"], str], None], limits: Limits
    ) -> None:
        self._name: Literal["stdout", "stderr"] = name
        self._write = write
        self._left = limits.output_kb * 1024
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._cut = False

    def add(self, data: bytes) -> None:
        shown = data[: self._left]
        self._left -= len(shown)
        if shown:
            self._write(self._name, plain(self._decoder.decode(shown)))
        if len(shown) < len(data) and not self._cut:
            self._cut = True
            self._write("stderr", f"\n[{self._name} is longer than allowed; the rest is not shown]\n")

    def end(self) -> None:
        rest = self._decoder.decode(b"", final=True)
        if rest:
            self._write(self._name, rest)


def write_to_own_streams(name: Literal["stdout", "stderr"], text: str) -> None:
    """Straight to this process' streams."""
    stream = sys.stdout if name == "stdout" else sys.stderr
    stream.write(text)
    stream.flush()


def program_argument(argv: Sequence[str]) -> int | None:
    """Which argument is the program that the user wants to run, when it is a file of ours that the sandbox does not have."""
    if "/" in argv[0] and is_ours(argv[0]):
        return 0
    if _INTERPRETER.match(Path(argv[0]).name):
        for index, word in enumerate(argv[1:], start=1):
            if word in ("-c", "-m"):
                return None
            if not word.startswith("-"):
                return index if is_ours(word) else None
    return None


def is_ours(word: str) -> bool:
    """A regular file that does not lie where the sandbox has the system's own."""
    path = Path(word)
    return path.is_file() and not str(path.resolve()).startswith(
        ("/usr/", "/bin/", "/lib", "/etc/", sys.prefix + "/", sys.base_prefix + "/")
    )


def first_line_interpreter(program: str, inside: Inside) -> list[str]:
    """The words after #! of a script, with the sandbox' own Python for any Python; /bin/sh without such a line.

    Raises:
        SettingsError: the program is a binary; those of the system can be run by name.
    """
    with Path(program).open("rb") as file:
        first = file.readline(256)
    if first.startswith(b"\x7fELF"):
        raise SettingsError(f"sandbox exec: {program} is a binary of yours; only scripts and the system's programs can be run")
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else ["/bin/sh"]
    if words and Path(words[0]).name == "env":
        words = words[1:]
    if words and Path(words[0]).name.startswith("python"):
        words = [inside.python, *words[1:]]
    return words or ["/bin/sh"]


def doctor_sandbox(
    *,
    state: Path,
    echo: Echo,
    allow_weaker: bool = False,
    backend: Backend = "auto",
    image: str | None = None,
    gpus: tuple[int, ...] = (),
) -> int:
    """Attack the sandbox and say what held; 0 when all did, else the exit code of SandboxUnavailable.

    With allow_weaker a missing sandbox is told, and is no failure.
    """
    try:
        isolation = make_isolation(state, backend=backend, image=image, gpus=gpus)
        attempts = self_test(isolation)
    except SandboxUnavailable as exc:
        echo(f"isolation: none. {exc}")
        if allow_weaker:
            echo("sandbox.allow_weaker is set: generated code runs as a plain process, and every record says 'process only'.")
            return 0
        return SandboxUnavailable.exit_code
    open_doors = [attempt for attempt in attempts if not attempt.blocked]
    echo(f"isolation: {isolation.name}, {len(attempts) - len(open_doors)} of {len(attempts)} attacks blocked")
    for attempt in attempts:
        echo(f"  {'blocked' if attempt.blocked else 'OPEN   '}  {attempt.name} ({attempt.detail})")
    return SandboxUnavailable.exit_code if open_doors else 0
