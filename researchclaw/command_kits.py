"""Command kits: a program that trains, from any repository, and how its work is scored.

`kits new` writes one, `kits check` tries it in the sandbox, `experiment --kit` runs it. The score is either a number that
the program prints, which is the program's own word and is recorded as that, or it is computed outside from labels that a
second, sealed sandbox gives for inputs whose answers it does not have.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, TypeAdapter

from researchclaw.given_files import link_on_the_way, read_below
from researchclaw.kits import read_contract
from researchclaw.shipped import shipped
from stages.contracts import Contract, Metric, Slug
from stages.errors import SettingsError

KIT_FILE = "kit.yaml"
_FILES_MAX, _BYTES_MAX = 2_000, 64 * 2**20
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
_SECRET = re.compile(
    r"(^\.env($|\.)|\.pem$|\.key$|^id_(rsa|ed25519|ecdsa)|credentials|^\.netrc$|secrets?\.(ya?ml|json|toml)$)", re.IGNORECASE
)


class PrintedScore(Contract):
    """The last number after the metric's name in what the program prints: nobody has checked it."""

    kind: Literal["printed"] = "printed"


class LabelScore(Contract):
    """Share of labels that agree; predicted in a sealed sandbox that has inputs.npz, the scope's files and the artefact."""

    kind: Literal["labels"] = "labels"
    predict: tuple[str, ...] = Field(min_length=1)
    artefact: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", description="File that the training command leaves where it runs.")


class Phase(Contract):
    """What to explore, in order."""

    name: str
    about: str


class CommandKit(Contract):
    """What kit.yaml of a command kit holds."""

    name: Slug
    title: str
    summary: str
    metric: Metric
    budget_s: PositiveFloat = Field(allow_inf_nan=False, description="CPU seconds of one run.")
    command: tuple[str, ...] = Field(min_length=1)
    scope: tuple[str, ...] = Field(min_length=1, description="Files that may change, as patterns.")
    score: Annotated[PrintedScore | LabelScore, Field(discriminator="kind")]
    hidden: tuple[str, ...] = ()
    source: Path | None = Field(default=None, description="The repository; None: the kit's own folder.")
    phases: tuple[Phase, ...] = ()


PHASES = (
    Phase(name="hyper-parameters", about="rates, sizes, schedules: one number at a time"),
    Phase(name="small architecture", about="one block, one activation, one loss term at a time"),
    Phase(name="larger changes", about="another model or another way to use the data"),
    Phase(name="moonshots", about="what would be surprising if it worked"),
)


def command_kits_folder() -> Path:
    """Where the shipped ones lie."""
    return shipped("sandbox") / "command_kits"


def command_kit_names() -> tuple[str, ...]:
    """Names of the shipped command kits, sorted."""
    return tuple(sorted(file.parent.name for file in command_kits_folder().glob(f"*/{KIT_FILE}")))


def command_kit_folder(name: str) -> Path | None:
    """The folder of a shipped command kit, or of one of the user's by its path; None: it is no command kit."""
    if name in command_kit_names():
        return command_kits_folder() / name
    folder = Path(name)
    return folder if "/" in name and (folder / KIT_FILE).is_file() else None


def load_command_kit(folder: Path) -> CommandKit:
    """The kit in that folder.

    Raises:
        SettingsError: its kit.yaml is missing or wrong; names file and key.
    """
    if (folder / KIT_FILE).is_symlink():
        raise SettingsError(f"{folder / KIT_FILE} is a symbolic link; put the file itself there.")
    kit = read_contract(folder / KIT_FILE, TypeAdapter(CommandKit))
    if not repository(kit, folder).is_dir():
        raise SettingsError(f"{folder / KIT_FILE}: source: there is no folder {kit.source}; write where the repository lies now")
    list(scope_files(kit, folder))
    return kit


def repository(kit: CommandKit, folder: Path) -> Path:
    """Where the program lies."""
    return kit.source if kit.source is not None else folder


def scope_files(kit: CommandKit, folder: Path, named: str | None = None) -> Iterator[str]:
    """Files that may change, relative to the repository; links, and what lies behind one, are left out.

    named: where the scope was given; None: in the kit's file.
    Raises:
        SettingsError: a pattern leads out of the repository or fits no file.
    """
    root, named = repository(kit, folder), named or f"{folder / KIT_FILE}: scope"
    for pattern in kit.scope:
        parts = Path(pattern).parts
        if not parts or "\0" in pattern:
            raise SettingsError(f"{named}: {pattern!r} is no pattern of files; name a file, e.g. train.py")
        if Path(pattern).is_absolute() or ".." in parts:
            raise SettingsError(f"{named}: {pattern!r} leads out of the repository")
        literal = "/".join(itertools.takewhile(lambda part: not set("*?[") & set(part), parts))
        if (link := link_on_the_way(root, literal)) is not None:
            raise SettingsError(f"{named}: {pattern!r} leads through {link}, a symbolic link; put the file itself there")
        found = sorted(file.relative_to(root).as_posix() for file in root.glob(pattern) if file.is_file())
        if not (kept := [name for name in found if link_on_the_way(root, name) is None]):
            raise SettingsError(f"{named}: no file{' but links' if found else ''} of {root} fits {pattern!r}")
        yield from kept


def program_files(kit: CommandKit, folder: Path) -> dict[str, bytes]:
    """What the training sandbox gets: what is public in the kit, and the files in scope or the whole repository.

    Links of the repository are left out, and so are version control, caches, files that look like keys, and the kit itself where
    it lies in the repository: it may hold the answers. So may another kit there, and what earlier runs of ours left: prepared data
    with their held-out parts, records of what was tried and how it scored.
    Raises:
        SettingsError: the repository is too large to be copied for each run, a file would be lost or hidden, or one of the kit's
            own is a link.
    """
    root, home = repository(kit, folder), folder.resolve()
    given = sorted(file.name for file in (folder / "public").glob("*") if file.is_file() or file.is_symlink())
    public = {name: read_below(folder, f"public/{name}") for name in given}
    if kit.source is None:
        return {**public, **{name: read_below(root, name) for name in scope_files(kit, folder)}}
    found: dict[str, bytes] = {}
    total = 0
    for relative in _copied(root, home):
        file = root / relative
        total += file.stat().st_size
        if len(found) >= _FILES_MAX or total > _BYTES_MAX:
            raise SettingsError(f"{root} holds more than {_FILES_MAX} files or {_BYTES_MAX >> 20} MB; put data elsewhere")
        found[relative] = read_below(root, relative, _BYTES_MAX)
    if lost := sorted(set(scope_files(kit, folder)) - found.keys()):
        raise SettingsError(
            f"{', '.join(lost)} would not be in the sandbox: it lies in the kit's folder {folder}, in what a run of ours wrote, or "
            "in a cache; keep what may change beside them"
        )
    if clash := sorted(public.keys() & found.keys()):
        raise SettingsError(f"{', '.join(clash)} is in the repository and in {folder / 'public'}; one would hide the other")
    return {**found, **public}


def _copied(root: Path, home: Path) -> Iterator[str]:
    """Files of the repository that a program may see, relative to it. home: the kit's folder, resolved."""
    if root.resolve().is_relative_to(home):
        return
    for place, folders, names in os.walk(root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and not _may_hold_answers(here / name, home))
        for name in sorted(names):
            file = here / name
            if name not in _LEFT_OUT and not _SECRET.search(name) and file.is_file() and not file.is_symlink():
                yield file.relative_to(root).as_posix()


def _may_hold_answers(folder: Path, home: Path) -> bool:
    """This kit, another one's answers, or what a run of ours wrote. A user's own files beside those, as in artifacts/, are none."""
    if folder.name == "private":
        return (folder.parent / KIT_FILE).is_file()
    if folder.name == "loop":
        return (folder.parent / ".state").is_dir()
    is_run = (folder / "run.json").is_file() and (folder / "journal.jsonl").is_file()
    return is_run or folder.name in (".state", ".prefect") or folder.resolve() == home


def new_kit(
    *, source: Path, target: Path, name: str, command: str, metric: str, lower_is_better: bool, scope: tuple[str, ...], budget_s: float
) -> CommandKit:
    """Write a command kit for a repository; the repository itself is not touched.

    Raises:
        SettingsError: the target exists, or a value is wrong.
    """
    if not source.is_dir():
        raise SettingsError(f"--from: {source} is no folder")
    if target.exists():
        raise SettingsError(f"--to: {target} exists; choose another name or remove it")
    try:
        words = tuple(shlex.split(command))
    except ValueError as exc:
        raise SettingsError(f"--command: `{command}` is no command line ({exc}); close the quote, or leave it out") from exc
    direction = "lower is better" if lower_is_better else "higher is better"
    described = {
        "name": name,
        "title": name.replace("_", " "),
        "summary": f"{metric} of `{command}`, as the program prints it; {direction}.",
        "metric": {"name": metric, "label": metric, "unit": "as printed", "lower_is_better": lower_is_better},
        "budget_s": budget_s,
        "command": words,
        "scope": scope,
        "score": {"kind": "printed"},
        "source": str(source.resolve()),
        "phases": [phase.model_dump() for phase in PHASES],
    }
    import yaml
    from pydantic import ValidationError

    try:
        kit = CommandKit.model_validate(described)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        said = "small letters, digits and _, beginning with a letter" if first["type"] == "string_pattern_mismatch" else first["msg"]
        remedies = {"metric": "; let the program print it so, its case does not matter", "name": "; give another with --name"}
        remedy = remedies.get(str(first["loc"][0]), "")
        raise SettingsError(f"kits new: {'.'.join(map(str, first['loc']))}: {said}{remedy}") from exc
    list(scope_files(kit, target, "--scope"))
    try:
        target.mkdir(parents=True)
    except OSError as exc:
        raise SettingsError(f"--to: {target} cannot be made ({exc.strerror}); choose another folder") from exc
    text = yaml.safe_dump(kit.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (target / KIT_FILE).write_text(
        "# A command kit: `researchclaw kits check` tries it, `researchclaw experiment --kit` runs it.\n" + text
    )
    phases = "".join(f"{number}. **{phase.name}**: {phase.about}\n" for number, phase in enumerate(PHASES, start=1))
    (target / "program.md").write_text(
        f"# {name}: what to explore, and what not\nGoal: {metric}, {direction}, within {budget_s:g} s of CPU time on one thread.\n"
        f"Only {', '.join(scope)} may change. The number is the program's own word: do not touch how it is computed.\n\n{phases}"
    )
    (target / "scratchpad.md").write_text("# scratchpad: what was tried, what was seen, what to try next\n")
    return kit


def printed_metric(name: str, output: str) -> float | None:
    """The last number that stands after the metric's name (`name: 1.5`, `name=1.5`, `"name": 1.5`); None when there is none."""
    number = r"[+-]?(?:nan|inf|(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[+-]?\d{1,3})?)"  # bounded: a long line must not take minutes
    between = r"[\"']?[ \t]{0,8}[:= \t][ \t]{0,8}"
    pattern = re.compile(rf"(?<![\w.]){re.escape(name)}{between}({number})(?![\w.])", re.IGNORECASE)
    found = None
    for line in output.splitlines():
        for match in pattern.finditer(line[:4096]):  # a longer line is no summary
            found = float(match.group(1))
    return found
