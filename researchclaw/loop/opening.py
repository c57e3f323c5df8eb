"""Opening a run: everything that can be wrong is found here, in one line each, before a run is paid for; then it is wired."""

from __future__ import annotations

import secrets
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from researchclaw import wiring
from researchclaw.adapters.journalled import JournalledModel
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.journal import Journal
from researchclaw.kits import kit_folder, kit_names, load_kit
from researchclaw.loop import door, lessons, program_kits, store, surroundings
from researchclaw.loop.commands import Workbench
from researchclaw.loop.contracts import Agent, LoopEnded, LoopStarted, Plan
from researchclaw.loop.engine import BaselineFailedError, Engine, Tell
from researchclaw.loop.proposers.by_command import CommandProposer
from researchclaw.loop.proposers.by_model import ModelProposer
from researchclaw.loop.proposers.by_person import PersonProposer
from researchclaw.loop.proposers.by_rule import RuleProposer
from researchclaw.loop.proposers.proposer import Proposer
from researchclaw.loop.repository import GitRefusedError, Repository, branch_of, dirty, ignored, top_folder
from researchclaw.loop.scorers import CommandScorer, KitScorer, Scorer
from researchclaw.loop.store import LoopStore
from researchclaw.loop.surroundings import Data
from researchclaw.run_store import RunLocked, check_output
from researchclaw.settings import Settings
from stages.errors import SandboxUnavailable, SettingsError
from stages.ports import LanguageModel

_IN_PROGRESS = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert", "rebase-merge": "rebase"}
KIT_HOME = "loop"
"""Below the output folder: runs on kits."""


@dataclass(frozen=True)
class Place:
    """Where a loop works: the user's work tree and its repository (none for a kit), and the folder of its runs."""

    home: Path
    top: Path | None = None
    repository: Repository | None = None

    @property
    def state(self) -> Path:
        return self.home.parent / "state"


def place_of(folder: Path, output: Path | None = None) -> Place:
    """The place of the repository that a folder lies in.

    output: keep the runs there instead of inside the git folder.
    Raises:
        SettingsError: no repository, or output lies in the work tree and is not ignored.
    """
    top = top_folder(folder)
    repository = Repository.of(folder)
    if output is None:
        return Place(repository.git_dir / store.HOME, top, repository)
    home = output.absolute()
    if home.is_relative_to(top) and not home.is_relative_to(repository.git_dir) and not ignored(top, home):
        raise SettingsError(f"--output: {home} lies in the work tree; choose a folder outside, or add it to .gitignore.")
    return Place(home, top, repository)


def place_of_kits(settings: Settings) -> Place:
    return Place(settings.output / KIT_HOME)


# ---------------------------------------------------------------- preconditions


def preconditions(place: Place, plan: Plan) -> str:
    """The commit to start from, when nothing stands against it.

    Raises:
        SettingsError, RunLocked: the first thing that does, in one line with its remedy.
    """
    assert place.top is not None and place.repository is not None
    if (other := store.at_work(place.home)) is not None:
        raise RunLocked(f"loop {other.run_id} is at work on this repository; wait, or end it with `researchclaw loop stop`.")
    for name, what in _IN_PROGRESS.items():
        if (place.repository.git_dir / name).exists():
            raise SettingsError(f"a {what} is in progress; finish or abort it first.")
    if branch_of(place.top) is None:
        raise SettingsError("HEAD is detached; check out a branch first, e.g. `git switch -c experiment`.")
    try:
        commit = place.repository.commit_of(_head(place.top))
    except GitRefusedError as exc:
        raise SettingsError("the repository has no commit yet; commit your files first.") from exc
    changed, untracked = dirty(place.top)
    if changed:
        raise SettingsError(f"{len(changed)} tracked files have uncommitted changes ({_few(changed)}); commit or stash them first.")
    if strangers := [path for path in untracked if door.in_scope(path.rstrip("/"), plan.scope)]:
        raise SettingsError(f"{_few(strangers)}: in scope, but not in git; add and commit, or ignore it.")
    entries = place.repository.entries(commit)
    tracked = {entry.path for entry in entries if entry.is_file}
    for glob in plan.scope:
        if not glob or not any(door.in_scope(path, (glob,)) for path in tracked):
            raise SettingsError(f"--scope {glob or repr(glob)}: no tracked file matches; patterns are relative to {place.top}.")
    for command in filter(None, (plan.verify, plan.holdout, *plan.guards)):
        if judges := [path for path in _named(command, tracked) if door.in_scope(path, plan.scope)]:
            raise SettingsError(
                f"`{command}` runs {_few(judges)}, which is in scope: a change could rewrite its own exam. Narrow --scope."
            )
    _check_needs(place.top, plan, {entry.path for entry in entries})
    return commit


def _check_needs(top: Path, plan: Plan, tracked: set[str]) -> None:
    """tracked: links, too."""
    for need in plan.needs:
        door_closed = need.startswith("/") or ".." in Path(need).parts
        if door_closed or not (top / need).exists():
            raise SettingsError(f"--needs {need}: not a path below {top} that exists.")
        if need in tracked or any(path.startswith(need.rstrip("/") + "/") for path in tracked):
            raise SettingsError(f"--needs {need}: git tracks it, so the commands see it anyway; leave it out.")
        if not (top / need).resolve().is_relative_to(top.resolve()):
            raise SettingsError(f"--needs {need}: it links out of the repository, to {(top / need).resolve()}; put a copy there.")


def _head(top: Path) -> str:
    branch = branch_of(top)
    assert branch is not None
    return f"refs/heads/{branch}"


def _few(paths: Sequence[str]) -> str:
    shown = ", ".join(ascii(path)[1:-1] for path in paths[:3])
    return shown + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def _named(command: str, tracked: set[str]) -> list[str]:
    """Tracked files that a command names, by path or as `-m module`."""
    try:
        words = shlex.split(command, comments=False, posix=True)
    except ValueError:
        words = command.split()
    names = {word.removeprefix("./") for word in words}
    names |= {word.replace(".", "/") + ".py" for word in words} | {word.split("::")[0] for word in words}
    return sorted(names & tracked)


# ---------------------------------------------------------------- starting and going on


def start(place: Place, plan: Plan, settings: Settings) -> LoopStore:
    """A new run's folder with its first event; nothing has run yet.

    Raises:
        SettingsError, RunLocked, SandboxUnavailable
    """
    if plan.kit is not None:
        return _start_kit(place, plan, settings)
    base = preconditions(place, plan)
    check_output(place.home, 0)
    isolation = wiring.isolation_of(settings, place.state).name
    return _begun(place, plan, base, isolation)


def _begun(place: Place, plan: Plan, base: str, isolation: str, made: LoopStore | None = None) -> LoopStore:
    made = made or store.new_run(place.home)
    shown = lessons.to_show(place.home, datetime.now(UTC))
    store.begin(made, LoopStarted(plan=plan, base=base, isolation=isolation, lessons=shown))
    return made


def _start_kit(place: Place, plan: Plan, settings: Settings) -> LoopStore:
    """A kit's run has a repository of its own, with train.py and what explains it."""
    assert plan.kit is not None
    if plan.guards or plan.needs or plan.proposer_command:
        raise SettingsError("--kit: guards, needs and a proposer's command are for repositories; the kit's harness decides.")
    program_kits.check_machine(plan.kit, settings)
    folder = program_kits.folder_of(plan.kit)
    check_output(place.home, 0)
    isolation = wiring.isolation_of(settings, wiring.state_folder(settings)).name
    made = store.new_run(place.home)
    repository = Repository.create(made.folder / "repository.git")
    files: dict[str, bytes | None] = {name: (folder / name).read_bytes() for name in ("train.py", "program.md", "kit.yaml")}
    base = repository.commit(repository.written(None, files), None, f"kit {plan.kit}\n")
    return _begun(place, plan, base, isolation, made)


def work(place: Place, run: LoopStore, settings: Settings, tell: Tell | None = None) -> LoopEnded | None:
    """Work on a run until it ends (its last event) or is asked to stop (None).

    Raises:
        RunLocked, and as `Engine.run`.
        SettingsError: what the scores depend on is not as it was when the run began.
    """
    fresh = run.evaluations() == 0
    try:
        return _worked(place, run, settings, tell)
    except BaselineFailedError:
        if fresh:
            _forget(place, run)
        raise


def _forget(place: Place, run: LoopStore) -> None:
    """Remove a run that could not begin, so that `latest` is not the one that nothing can be done with.

    One in the background stays: its `output.log` is where a person reads why.
    """
    if (run.folder / "output.log").exists():
        return
    repository = objects(place, run)
    for name in repository.refs(f"refs/researchclaw/{run.run_id}/"):
        repository.run("update-ref", "--no-deref", "-d", name)
    shutil.rmtree(run.folder)


def _worked(place: Place, run: LoopStore, settings: Settings, tell: Tell | None) -> LoopEnded | None:
    with run.lock(), Journal(run.log_path) as journal:
        history = run.history()
        plan, isolation = history.started.plan, history.started.isolation
        bench = _measuring(place, run, plan, settings)
        if bench.scorer.isolation != isolation:
            raise SandboxUnavailable(
                f"the run began in '{isolation}' and would go on in '{bench.scorer.isolation}'; results would not compare. "
                "Mend the sandbox (`researchclaw doctor`), or start a new loop."
            )
        here = surroundings.surroundings_of(plan, bench.data())
        if (why := surroundings.difference(history, here)) is not None:
            raise SettingsError(why)
        proposer = _proposer(plan, settings, journal, bench.workbench)
        engine = Engine(run, journal, bench.repository, bench.scorer, proposer, tell, here)
        ended = engine.run()
        if ended is not None:
            lessons.remember(place.home, engine.history, datetime.now(UTC))
        return ended


def close(place: Place, run: LoopStore) -> None:
    """What is left to do after the last event of a run, once more: a kill may have come before it was done.

    Raises:
        RunLocked: the process that ended it is not through.
    """
    with run.lock():
        history = run.history()
        run.write_views(history)
        lessons.remember(place.home, history, datetime.now(UTC))


def mind(agent: Agent, settings: Settings, journal: Journal | None = None) -> LanguageModel:
    """Who proposes for `--agent model` and `--agent acp`; nothing is sent yet.

    Raises:
        SettingsError: the settings name nobody who can propose code, or a key is missing.
    """
    provider: str = settings.llm.provider
    if agent == "acp" and provider != "acp":
        raise SettingsError(f"--agent acp: llm.provider is '{provider}'; set it to 'acp', or use --agent model.")
    if provider in ("offline", "canned"):
        raise SettingsError(
            f"--agent {agent}: llm.provider is '{provider}', which proposes no code; name a model, "
            "e.g. --set llm.provider=openai --set llm.model=NAME, or use --agent offline."
        )
    return wiring.language_model(settings, secrets.token_hex(8), journal)


def measuring(place: Place, plan: Plan, settings: Settings, folder: Path) -> CommandScorer:
    """The scorer of a plan on the user's repository, outside of a run."""
    assert place.repository is not None
    return CommandScorer(_workbench(place, plan, settings, place.repository, folder), plan)


def objects(place: Place, run: LoopStore) -> Repository:
    """The repository that holds a run's commits."""
    return place.repository or Repository(run.folder / "repository.git")


def objects_and_scorer(place: Place, run: LoopStore, plan: Plan, settings: Settings) -> tuple[Repository, Scorer]:
    """What is needed to measure an attempt of a run again."""
    bench = _measuring(place, run, plan, settings)
    return bench.repository, bench.scorer


@dataclass(frozen=True)
class _Bench:
    """What measures a run. data: prepares them where that was not done before."""

    repository: Repository
    scorer: Scorer
    workbench: Workbench | None = None
    data: Callable[[], Data] = Data


def _measuring(place: Place, run: LoopStore, plan: Plan, settings: Settings) -> _Bench:
    if plan.kit is None:
        assert place.repository is not None
        workbench = _workbench(place, plan, settings, place.repository, run.folder / "versions")
        return _Bench(place.repository, CommandScorer(workbench, plan), workbench)
    repository = Repository(run.folder / "repository.git")
    program = program_kits.program_scorer(plan.kit, repository, plan, settings)
    if program is not None:
        return _Bench(repository, program, data=lambda: Data(program.corpus, program.gpu))
    state = wiring.state_folder(settings)
    laboratory = LocalLaboratory(
        kits_root=kit_folder(plan.kit).parent,
        state=state,
        run_folder=run.folder,
        isolation=wiring.isolation_of(settings, state),
        workers=plan.parallel,
        limits=wiring.limits_of(settings),
        corpus=settings.experiment.corpus,
    )
    kit = load_kit(kit_folder(plan.kit))
    return _Bench(repository, KitScorer(repository, laboratory, kit, plan), data=lambda: Data(laboratory.corpus(kit.name)))


def _workbench(place: Place, plan: Plan, settings: Settings, repository: Repository, folder: Path) -> Workbench:
    assert place.top is not None
    isolation = wiring.isolation_of(settings, place.state)
    needs = {need.rstrip("/"): (place.top / need).resolve() for need in plan.needs}
    return Workbench(repository, isolation, folder, wiring.limits_of(settings), needs)


def _proposer(plan: Plan, settings: Settings, journal: Journal, workbench: Workbench | None) -> Proposer:
    if plan.propose:
        return PersonProposer()
    if plan.proposer_command is not None:
        assert workbench is not None
        return CommandProposer(workbench, plan.proposer_command)
    if plan.agent != "offline":
        return ModelProposer(JournalledModel(mind(plan.agent, settings, journal), journal))  # an answer is paid for once
    if plan.kit is None or plan.kit not in kit_names():
        return RuleProposer()
    return RuleProposer(load_kit(kit_folder(plan.kit)).tunable)
