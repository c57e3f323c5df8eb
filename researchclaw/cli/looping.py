"""`loop`: improve any repository that has a number, or a kit; unattended, and recorded so that it can be checked."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from researchclaw.cli.given import load_settings, must_be_finite, must_be_known
from researchclaw.cli.options import AsJson, Config, Set
from researchclaw.cli.program import Interrupted, app
from stages.errors import ResearchError, SettingsError

if TYPE_CHECKING:
    from researchclaw.loop.contracts import LoopEnded, Plan
    from researchclaw.loop.opening import Place
    from researchclaw.loop.planning import Given
    from researchclaw.loop.repository import Repository
    from researchclaw.loop.store import LoopStore
    from researchclaw.settings import Settings
    from stages.contracts import Contract

loop_app = typer.Typer(help="The improvement loop on any repository with a number to improve.", rich_markup_mode=None)
app.add_typer(loop_app, name="loop")

Repo = Annotated[Path, typer.Option("--repository", "-C", help="A folder of the repository.")]
Home = Annotated[Path | None, typer.Option("--output", help="Folder of the runs; default: researchclaw/loop in the git folder.")]
OfKit = Annotated[str | None, typer.Option("--kit", help="Look at the runs on kits instead of a repository's.")]
Which = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or 'latest'.")]
Number = Annotated[int, typer.Argument(metavar="N", help="Number of the attempt.")]

Goal = Annotated[str | None, typer.Option("--goal", help="What is wanted, in one sentence.")]
Scope = Annotated[list[str] | None, typer.Option("--scope", metavar="GLOB", help="Files that may change; may be given often.")]
Verify = Annotated[
    str | None, typer.Option("--verify", metavar="CMD", help="Prints the metric: METRIC name=value, JSON or a last number.")
]
Metric = Annotated[str | None, typer.Option("--metric", help="Its name in METRIC lines and JSON.")]
Direction = Annotated[str | None, typer.Option("--direction", help="lower or higher is better.")]
Guard = Annotated[list[str] | None, typer.Option("--guard", metavar="CMD", help="Must end with 0; may be given often.")]
Holdout = Annotated[
    str | None, typer.Option("--holdout", metavar="CMD", help="Sealed test: run for the baseline and at the end only.")
]
Needs = Annotated[
    list[str] | None, typer.Option("--needs", metavar="PATH", help="Untracked path that the commands read, e.g. node_modules.")
]
MinDelta = Annotated[float, typer.Option("--min-delta", min=0.0, help="A gain must be larger, in the metric's unit.")]
TinyLines = Annotated[int | None, typer.Option("--tiny-gain-lines", min=0, help="Net lines that a tiny gain may cost.")]
TinyGain = Annotated[float | None, typer.Option("--tiny-gain", min=0.0, help="Relative gain that counts as tiny.")]
Repeats = Annotated[int | None, typer.Option("--repeats", min=2, max=50, help="Seeds on which the baseline is calibrated.")]
Confirm = Annotated[int | None, typer.Option("--confirm", min=1, max=20, help="Fresh seeds that confirm a keep.")]
Iterations = Annotated[int | None, typer.Option("--iterations", min=1, help="Attempts; default: until there is a reason to stop.")]
Budget = Annotated[str | None, typer.Option("--budget", help="Wall time, e.g. 90, 30m, 8h.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0.1, help="Seconds for one command; default: ten times the baseline's.")
]
Parallel = Annotated[
    int | None,
    typer.Option("--parallel", min=1, max=64, help="Attempts at once, each on its own copy; default: 1, of a kit one for each core."),
]
Agent = Annotated[str, typer.Option("--agent", help="Who proposes: offline (rules), model, acp.")]
Propose = Annotated[list[Path] | None, typer.Option("--propose", metavar="FILE.patch", help="Try this patch; may be given often.")]
ProposerCommand = Annotated[str | None, typer.Option("--proposer-command", metavar="CMD", help="Runs in the sandbox, prints a diff.")]
Patches = Annotated[Path | None, typer.Option("--patches", metavar="DIR", help="Patches that the rules may try when they widen.")]
Screen = Annotated[bool, typer.Option("--screen", help="Begin with a twelve-run screening of the annotated constants.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the rule-based proposer.")]
KitName = Annotated[str | None, typer.Option("--kit", help="Improve this kit's train.py, scored by its harness.")]
KitBudget = Annotated[float | None, typer.Option("--run-budget", min=0.1, help="Seconds of one training run of the kit.")]
KitBytes = Annotated[
    int | None,
    typer.Option(
        "--scored-bytes",
        min=1,
        help="Bytes of the kit's validation split while searching; default: 32768, on a GPU 1048576; the end scores all.",
    ),
]
Detach = Annotated[bool, typer.Option("--detach", help="Go on in the background; `loop status` and `loop stop` find it.")]

_OF_A_PLAN = (
    *("goal", "metric", "direction", "guard", "needs", "min_delta", "tiny_gain", "tiny_gain_lines", "repeats", "confirm", "screen"),
)
_OF_A_REPOSITORY = ("scope", "verify", "metric", "direction", "holdout", "timeout")
_OF_A_KIT = ("run_budget", "scored_bytes")

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@loop_app.command()
def plan(
    repository: Repo = Path(),
    output: Home = None,
    goal: Goal = None,
    scope: Scope = None,
    verify: Verify = None,
    metric: Metric = None,
    direction: Direction = None,
    guard: Guard = None,
    holdout: Holdout = None,
    needs: Needs = None,
    min_delta: MinDelta = 0.0,
    tiny_gain: TinyGain = None,
    tiny_gain_lines: TinyLines = None,
    repeats: Repeats = None,
    confirm: Confirm = None,
    iterations: Iterations = None,
    budget: Budget = None,
    timeout: Timeout = None,
    parallel: Parallel = None,
    agent: Agent = "offline",
    proposer_command: ProposerCommand = None,
    patches: Patches = None,
    screen: Screen = False,
    seed: Seed = 0,
    yes: Annotated[bool, typer.Option("--yes", help="Take what is proposed, ask nothing.")] = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Find a metric, try the commands, record the plan; `loop start` then needs no flags."""
    from researchclaw.loop import opening, planning

    settings = load_settings(config, None, list(set_ or []))
    place = opening.place_of(repository, output)
    given = _given(locals(), settings)
    ask = None if yes or not sys.stdin.isatty() else _ask
    made = planning.proposed(place, given, ask, _echo)
    tried = planning.tried(place, made, settings)
    planning.save(place, tried)
    mean = sum(tried.values) / len(tried.values)
    print(f"verify    {made.verify}\n          gave {', '.join(f'{v:.6g}' for v in tried.values)} in {tried.seconds:.2f} s a run")
    print(f"guards    {', '.join(made.guards) or 'none'}" + (" (pass)" if made.guards else ""))
    print(f"scope     {', '.join(made.scope)}")
    print(f"baseline  {made.metric} {mean:.6g} at {tried.commit[:7]}, {made.direction} is better")
    print("The plan is recorded; `researchclaw loop start` begins.")


@loop_app.command()
def start(
    repository: Repo = Path(),
    output: Home = None,
    goal: Goal = None,
    scope: Scope = None,
    verify: Verify = None,
    metric: Metric = None,
    direction: Direction = None,
    guard: Guard = None,
    holdout: Holdout = None,
    needs: Needs = None,
    min_delta: MinDelta = 0.0,
    tiny_gain: TinyGain = None,
    tiny_gain_lines: TinyLines = None,
    repeats: Repeats = None,
    confirm: Confirm = None,
    iterations: Iterations = None,
    budget: Budget = None,
    timeout: Timeout = None,
    parallel: Parallel = None,
    agent: Agent = "offline",
    propose: Propose = None,
    proposer_command: ProposerCommand = None,
    patches: Patches = None,
    screen: Screen = False,
    seed: Seed = 0,
    kit: KitName = None,
    run_budget: KitBudget = None,
    scored_bytes: KitBytes = None,
    detach: Detach = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Improve until there is a reason to stop."""
    settings = load_settings(config, None, list(set_ or []))
    place, made = _opened(locals(), settings)
    from researchclaw.loop import opening

    run = opening.start(place, made, settings)
    print(f"loop {run.run_id}: {run.folder}\nisolation: {run.history().started.isolation}")
    if detach:
        _detached(run, place, made.kit, config, list(set_ or []))
        return
    _work(place, run, settings, _words(config, set_))


@loop_app.command()
def resume(
    run: Which = "latest",
    repository: Repo = Path(),
    output: Home = None,
    kit: OfKit = None,
    detach: Detach = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Go on where a run stopped; nothing that was measured is measured again."""
    settings = load_settings(config, None, list(set_ or []))
    place, found = _found(run, repository, output, kit, settings)
    history = found.history()
    if history.ended is not None:
        from researchclaw.loop import opening

        opening.close(place, found)
        print(f"loop {found.run_id} has ended: {history.ended.reason}")
        return
    if detach:
        _detached(found, place, history.started.plan.kit, config, list(set_ or []))
        return
    _work(place, found, settings, _words(config, set_))


@loop_app.command()
def ci(
    repository: Repo = Path(),
    output: Home = None,
    goal: Goal = None,
    scope: Scope = None,
    verify: Verify = None,
    metric: Metric = None,
    direction: Direction = None,
    guard: Guard = None,
    holdout: Holdout = None,
    needs: Needs = None,
    min_delta: MinDelta = 0.0,
    tiny_gain: TinyGain = None,
    tiny_gain_lines: TinyLines = None,
    repeats: Repeats = None,
    confirm: Confirm = None,
    iterations: Iterations = None,
    budget: Budget = None,
    timeout: Timeout = None,
    parallel: Parallel = None,
    agent: Agent = "offline",
    propose: Propose = None,
    proposer_command: ProposerCommand = None,
    patches: Patches = None,
    screen: Screen = False,
    seed: Seed = 0,
    kit: KitName = None,
    run_budget: KitBudget = None,
    scored_bytes: KitBytes = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """For CI: a line of JSON for each event; exit code 0 improved, 1 not improved, 2 blocked."""
    try:
        if iterations is None and budget is None and not propose:
            raise SettingsError("loop ci: give --iterations or --budget, so that it ends.")
        settings = load_settings(config, None, list(set_ or []))
        place, made = _opened(locals(), settings)
        from researchclaw.loop import opening

        run = opening.start(place, made, settings)
        _json_line({"event": "run", "run": run.run_id, "folder": str(run.folder), "branch": run.branch})
        ended = opening.work(place, run, settings, lambda event: _json_line(_as_json(event)))
    except ResearchError as exc:
        _json_line({"event": "blocked", "reason": str(exc)})
        raise typer.Exit(2) from exc
    except KeyboardInterrupt as exc:
        again = _to_resume(run, place, made.kit, settings, _words(config, set_))
        raise Interrupted(f"interrupted; `{again}` goes on from here.") from exc
    raise typer.Exit(0 if ended is not None and ended.improved else 1)


@loop_app.command()
def status(
    run: Which = "latest",
    repository: Repo = Path(),
    output: Home = None,
    kit: OfKit = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Where a run stands."""
    from researchclaw.loop import telling

    _, found = _found(run, repository, output, kit, load_settings(config))
    history, holder = found.history(), found.holder()
    state = "ended" if history.ended else f"at work (process {holder.pid})" if holder else "stopped"
    if as_json:
        keeps = history.keeps
        facts = {
            "run": found.run_id,
            "state": "ended" if history.ended else "at work" if holder else "stopped",
            "attempts": len(history.attempts),
            "kept": len(keeps),
            "pending": history.pending,
            "metric": history.started.plan.metric,
            "baseline": sum(history.calibration.values) / len(history.calibration.values) if history.calibration else None,
            "value": keeps[-1].value if keeps else None,
            "commit": history.incumbent,
            "improved": history.ended.improved if history.ended else None,
        }
        print(json.dumps(facts, indent=2))
        return
    print(f"loop {found.run_id}: {state}")
    for line in telling.summary(history):
        print(line)


@loop_app.command()
def stop(
    run: Which = "latest",
    repository: Repo = Path(),
    output: Home = None,
    kit: OfKit = None,
    now: Annotated[bool, typer.Option("--now", help="Break off the measurement that is going on; it is repeated on resume.")] = False,
    config: Config = None,
) -> None:
    """Ask a run to stop after the measurement that is going on."""
    import signal

    settings = load_settings(config)
    place, found = _found(run, repository, output, kit, settings)
    holder = found.holder()
    if holder is None:
        print(f"loop {found.run_id} is not at work.")
        return
    found.request_stop()
    if now:
        os.kill(holder.pid, signal.SIGTERM)
    again = _to_resume(found, place, kit, settings, _words(config, None))
    print(f"loop {found.run_id}: process {holder.pid} was asked to stop; `{again}` goes on, with each --set that it was started with.")


@loop_app.command()
def report(
    run: Which = "latest",
    repository: Repo = Path(),
    output: Home = None,
    kit: OfKit = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained HTML page.")] = None,
    config: Config = None,
) -> None:
    """What a run tried, what was kept, and why."""
    from researchclaw.loop import telling
    from researchclaw.run_store import write_whole

    if html is not None and (html.is_dir() or not html.absolute().parent.is_dir()):
        raise SettingsError(f"--html: {html} is no file in a folder that is there; name one, e.g. report.html.")
    place, found = _found(run, repository, output, kit, load_settings(config))
    history = found.history()
    if html is not None:
        objects = _objects(place, found)
        made = {a.number: objects.patch(a.parent, a.commit) for a in history.attempts if a.commit is not None}
        page = telling.html(history, found.run_id, made).encode("utf-8", "replace")
        try:
            write_whole(html.absolute(), page)
        except OSError as exc:
            raise SettingsError(f"--html: {html} cannot be written ({exc.strerror}); choose another place.") from exc
        print(html)
        return
    for line in telling.summary(history):
        print(line)
    print()
    for attempt in history.attempts:
        print(telling.told(attempt, history.started.plan), f"| {telling.clean(attempt.hypothesis)}")
    print(f"\ntables: {found.folder / 'results.tsv'}\nbranch: {found.branch.removeprefix('refs/heads/')}")


@loop_app.command()
def diff(
    number: Number, run: Which = "latest", repository: Repo = Path(), output: Home = None, kit: OfKit = None, config: Config = None
) -> None:
    """The patch of an attempt, kept or not."""
    from researchclaw.loop.checking import attempt_of

    place, found = _found(run, repository, output, kit, load_settings(config))
    attempt = attempt_of(found, number)
    if attempt.commit is None:
        raise SettingsError(f"attempt {number} was refused at the door ({attempt.reason}); nothing was committed.")
    print(_objects(place, found).patch(attempt.parent, attempt.commit), end="")


@loop_app.command()
def replay(
    number: Number,
    run: Which = "latest",
    repository: Repo = Path(),
    output: Home = None,
    kit: OfKit = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Measure an attempt again on its seeds; exit code 1 when a repeatable number is not the recorded one."""
    from researchclaw.loop import checking, opening

    settings = load_settings(config, None, list(set_ or []))
    place, found = _found(run, repository, output, kit, settings)
    history = found.history()
    calibration = history.calibration
    assert calibration is not None  # there are attempts only after it
    checking.attempt_of(found, number)
    objects, scorer = opening.objects_and_scorer(place, found, history.started.plan, settings)
    differ = 0
    for seed, before, again in checking.replayed(found, objects, scorer, number):
        same = before is not None and before.value == again.value and before.verdict == again.verdict
        differ += not same
        was = "not in the log" if before is None else before.value if before.value is not None else before.verdict
        print(
            f"seed {seed}: {was} then, {again.value if again.value is not None else again.verdict} now"
            + (", identical" if same else "")
        )
    if calibration.repeatable and differ:
        print(f"{differ} numbers differ: the environment has changed, or the record was tampered with.")
        raise typer.Exit(1)
    if not calibration.repeatable:
        print("This metric does not repeat itself; compare the numbers with the interval of the attempt.")


@loop_app.command("verify-log")
def verify_log(
    run: Which = "latest", repository: Repo = Path(), output: Home = None, kit: OfKit = None, config: Config = None
) -> None:
    """Check the chain of a run's log, its commits, its refs and its tables; exit code 1 when something does not fit."""
    from researchclaw.loop import checking

    place, found = _found(run, repository, output, kit, load_settings(config))
    checked = checking.verify_log(found, _objects(place, found))
    print(
        f"{checked.entries} lines, the chain is whole: {checked.events} events, {checked.scores} scores, {checked.attempts} attempts"
    )
    for fault in checked.faults:
        print(f"FAULT  {fault}")
    if checked.faults:
        raise typer.Exit(1)


# ---------------------------------------------------------------- what the commands share


def _found(run: str, repository: Path, output: Path | None, kit: str | None, settings: Settings) -> tuple[Place, LoopStore]:
    from researchclaw.loop import opening, store

    if kit is not None:
        place = opening.place_of_kits(settings) if output is None else opening.Place(output.absolute())
    else:
        place = opening.place_of(repository, output)
    return place, store.find(place.home, run)


def _objects(place: Place, run: LoopStore) -> Repository:
    from researchclaw.loop.opening import objects

    return objects(place, run)


def _opened(values: dict[str, object], settings: Settings) -> tuple[Place, Plan]:
    """The place and the plan that the options ask for; without --verify and --kit the recorded plan."""
    from researchclaw.loop import opening, planning

    given = _given(values, settings)
    if given.agent != "offline":
        opening.mind(given.agent, settings)  # proved before anything runs
    output, repository = values["output"], values["repository"]
    assert isinstance(repository, Path) and (output is None or isinstance(output, Path))
    if given.kit is not None:
        _must_not_be_given(values, _OF_A_REPOSITORY, "a kit has its own; leave it out, or start without --kit.")
        from researchclaw.loop.program_kits import loop_kit_names

        must_be_known("--kit", given.kit, loop_kit_names())
        place = opening.place_of_kits(settings) if output is None else opening.Place(output.absolute())
        return place, planning.of_kit(given, settings.experiment.workers)
    _must_not_be_given(values, _OF_A_KIT, "it is for the runs of a kit; name one with --kit.")
    place = opening.place_of(repository, output)
    if given.verify is None:
        plan = planning.recorded(place, given)
        again = (
            "the recorded plan says it; make it again with `researchclaw loop plan`, or give --scope, --verify and --direction, too."
        )
        _must_not_be_given(values, _OF_A_PLAN, again)
        return place, plan
    return place, planning.complete(given)


def _must_not_be_given(values: Mapping[str, object], names: Sequence[str], why: str) -> None:
    """Raises: SettingsError: an option that would have no effect, so that nobody relies on it."""
    for name in names:
        value = values[name]
        if value is not None and value is not False and value != [] and not (name == "min_delta" and value == 0.0):
            raise SettingsError(f"--{name.replace('_', '-')}: {why}")


def _given(values: dict[str, object], settings: Settings) -> Given:
    """The options of a command as one object, completed from the settings; the path of a patch becomes its text."""
    from researchclaw.given_files import text_given
    from researchclaw.loop.planning import Given

    fields: dict[str, object] = dict(settings.loop)
    fields |= {name: value for name, value in values.items() if name in Given.model_fields and value is not None}
    propose, folder, budget = fields.pop("propose", None), fields.pop("patches", None), fields.pop("budget", None)
    if isinstance(propose, list):
        fields["propose"] = tuple(text_given(path, "--propose") for path in propose)
    if isinstance(folder, Path):
        if not folder.is_dir():
            raise SettingsError(f"--patches: {folder} is no folder.")
        fields["patches"] = tuple(text_given(path, "--patches") for path in sorted(folder.glob("*.patch")))
    if budget is not None:
        fields["budget"] = _seconds(str(budget))
    for name, value in fields.items():
        must_be_finite(f"--{name.replace('_', '-')}", value)
    for name, allowed in (("direction", ("lower", "higher")), ("agent", ("offline", "model", "acp"))):
        if name in fields:
            must_be_known(f"--{name}", str(fields[name]), allowed)
    return Given.model_validate(fields)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if found is None or float(found[1]) <= 0:
        raise SettingsError(f"--budget: '{text}' is no time; allowed: seconds, or a number with s, m, h or d, e.g. 8h.")
    return float(found[1]) * _SECONDS[found[2]]


def _work(place: Place, run: LoopStore, settings: Settings, words: Sequence[str]) -> None:
    """Work in the foreground, a line for each event and a summary every ten attempts. words: the settings, as they were given.

    Raises:
        Interrupted: the run goes on with `resume`.
    """
    from researchclaw.loop import opening, telling
    from researchclaw.loop.contracts import AttemptEnded

    the_plan = run.history().started.plan
    count = len(run.history().attempts)

    def tell(event: Contract) -> None:
        nonlocal count
        if (line := telling.told(event, the_plan)) is not None:
            _echo(line)
        if isinstance(event, AttemptEnded):
            count += 1
            if count % telling.SUMMARY_EVERY == 0:
                for line in telling.summary(run.history()):
                    _echo(f"  | {line}")

    try:
        ended: LoopEnded | None = opening.work(place, run, settings, tell)
    except KeyboardInterrupt as exc:
        raise Interrupted(f"interrupted; `{_to_resume(run, place, the_plan.kit, settings, words)}` goes on from here.") from exc
    if ended is None:
        print(f"stopped; `{_to_resume(run, place, the_plan.kit, settings, words)}` goes on from here.")
    elif ended.improved and the_plan.kit is None:
        print(f"take it over: git merge {run.branch.removeprefix('refs/heads/')}")


def _words(config: Path | None, set_: Sequence[str] | None) -> list[str]:
    """The settings of a command, to be given to another one."""
    return [*(["--config", str(config.absolute())] if config else []), *(word for value in set_ or () for word in ("--set", value))]


def _to_resume(run: LoopStore, place: Place, kit: str | None, settings: Settings, words_given: Sequence[str]) -> str:
    """The command that goes on with a run from this folder, with these settings."""
    import shlex

    from researchclaw.loop import opening, store

    words = ["researchclaw", "loop", "resume", run.run_id, *words_given]
    if kit is not None:
        usual = opening.place_of_kits(settings).home
        words += ["--kit", kit]
        corpus = settings.experiment.corpus  # it goes on with the same data only, from any folder
        words += [] if corpus is None else ["--set", f"experiment.corpus={corpus.absolute()}"]
    else:
        assert place.top is not None and place.repository is not None
        usual = place.repository.git_dir / store.HOME
        words += [] if Path.cwd().is_relative_to(place.top) else ["--repository", str(place.top)]
    words += [] if place.home.absolute() == usual.absolute() else ["--output", str(place.home)]
    return shlex.join(words)


def _detached(run: LoopStore, place: Place, kit: str | None, config: Path | None, set_: list[str]) -> None:
    """Go on in a process of its own that outlives this terminal."""
    words = [sys.executable, "-P", "-m", "researchclaw", "loop", "resume", run.run_id, "--output", str(place.home)]
    words += ["--kit", kit] if kit is not None else ["--repository", str(place.top)]
    words += _words(config, set_)
    log = run.folder / "output.log"
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(sys.executable, words, os.environ, file_actions=files, setsid=True)
    print(f"process {pid} goes on; it writes to {log}")


def _ask(question: str, default: str) -> str:
    answer = typer.prompt(question, default=default or None)
    return str(answer).strip()


def _echo(line: str) -> None:
    print(line, flush=True)


def _json_line(values: dict[str, object]) -> None:
    print(json.dumps(values, ensure_ascii=True, sort_keys=True), flush=True)


def _as_json(event: Contract) -> dict[str, object]:
    return {"event": type(event).__name__, **event.model_dump(mode="json")}
