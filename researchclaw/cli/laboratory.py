"""`kits`, `doctor`, `experiment`, `sandbox exec`: the machine, and single training runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from researchclaw.cli.given import load_settings, must_be_finite, must_be_known, overrides_of
from researchclaw.cli.options import AsJson, Config, Output, Set
from researchclaw.cli.program import app
from stages.errors import SettingsError

if TYPE_CHECKING:
    from stages.contracts import Kit

kits_app = typer.Typer(help="The studies that can be run here.", rich_markup_mode=None)
sandbox_app = typer.Typer(help="The sealed place where training code runs.", rich_markup_mode=None)
app.add_typer(kits_app, name="kits")
app.add_typer(sandbox_app, name="sandbox")


@kits_app.command("list")
def kits_list(as_json: AsJson = False) -> None:
    """The kits, and what they can answer."""
    from researchclaw import gpu_kits
    from researchclaw.command_kits import command_kit_names, command_kits_folder, load_command_kit
    from researchclaw.kits import shipped_kits

    found = shipped_kits()
    on_gpus = [gpu_kits.load_gpu_kit(name) for name in gpu_kits.gpu_kit_names()]
    programs = [load_command_kit(command_kits_folder() / name) for name in command_kit_names()]
    if as_json:
        import json

        listed = [{"name": k.name, "title": k.title, "domain": k.domain, "answers": k.answers} for k in found]
        listed += [{"name": k.name, "title": k.title, "summary": k.summary} for k in programs]
        listed += [{"name": k.name, "title": k.title, "summary": k.summary, "gpu": gpu_kits.need(k)} for k in on_gpus]
        print(json.dumps(listed, indent=2))
        return
    for kit in found:
        print(f"{kit.name}: {kit.title} ({kit.metric.label})")
        for line in kit.answers:
            print(f"  {line}")
    for program in programs:
        print(f"{program.name}: {program.title} ({program.metric.label}); for `experiment` and `loop`")
    for one in on_gpus:
        print(f"{one.name}: {one.title} ({one.metric.label}); for `experiment` and `loop`; {gpu_kits.need(one)}")


def _kit(name: str) -> Kit:
    from researchclaw.kits import kit_folder, load_kit

    _kit_must_be_known("kit", name)
    return load_kit(kit_folder(name))


def _kit_must_be_known(key: str, name: str) -> None:
    """Raises: SettingsError: it is no shipped kit; a folder with a kit of one's own is named by its path."""
    from researchclaw.command_kits import KIT_FILE

    if (Path(name) / KIT_FILE).is_file():
        raise SettingsError(f"{key}: a kit of your own is named by its path: write ./{name}")
    if "/" in name:
        raise SettingsError(f"{key}: there is no {KIT_FILE} in {name}; `researchclaw kits new --to {name}` writes one.")
    must_be_known(key, name, _every_kit())


def _every_kit() -> tuple[str, ...]:
    """Names of the shipped kits of all kinds."""
    from researchclaw.command_kits import command_kit_names
    from researchclaw.gpu_kits import gpu_kit_names
    from researchclaw.kits import kit_names

    return (*kit_names(), *command_kit_names(), *gpu_kit_names())


@kits_app.command("show")
def kits_show(name: Annotated[str, typer.Argument(metavar="KIT")], as_json: AsJson = False) -> None:
    """One kit: what may vary in it, and what it can answer."""
    from researchclaw import gpu_kits
    from researchclaw.command_kits import command_kit_folder, load_command_kit

    if name in gpu_kits.gpu_kit_names():
        one = gpu_kits.load_gpu_kit(name)
        lines = (f"{one.name}: {one.title}", one.summary, f"metric: {one.metric.label} ({one.metric.unit})")
        recipes = f"recipes beside train.py: {', '.join(one.recipes)}"
        print(one.model_dump_json(indent=2) if as_json else "\n".join((*lines, recipes, gpu_kits.need(one))))
        return
    if (folder := command_kit_folder(name)) is not None:
        from researchclaw.experiment_cli import told_of_a_kit

        program = load_command_kit(folder)
        print(program.model_dump_json(indent=2) if as_json else "\n".join(told_of_a_kit(program, folder)))
        return
    kit = _kit(name)
    if as_json:
        print(kit.model_dump_json(indent=2))
        return
    print(f"{kit.name}: {kit.title}\n{kit.summary}\nmetric: {kit.metric.label} ({kit.metric.unit})\n")
    for factor in kit.factors:
        print(f"{factor.name}: {factor.question}")
        for level in factor.levels:
            print(f"  {level.name:<20} {level.label}{'  (baseline)' if level.is_baseline else ''}")


@kits_app.command("check")
def kits_check(
    name: Annotated[str, typer.Argument(metavar="KIT", help="A kit's name, or the folder of one of yours.")],
    deep: Annotated[bool, typer.Option("--deep", help="Also try its program in the sandbox.")] = False,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Read a kit as a run would; says what is wrong with it."""
    from researchclaw import experiment_cli, gpu_kits, wiring
    from researchclaw.adapters.command_experiment import broken_rule
    from researchclaw.command_kits import command_kit_folder, load_command_kit, program_files, scope_files

    settings = load_settings(config, None, list(set_ or []))
    if name in gpu_kits.gpu_kit_names():
        one = gpu_kits.load_gpu_kit(name)
        if settings.experiment.device == "cuda":
            gpu_kits.gpu_for(one, settings.sandbox.gpu)
        print(f"{one.name} is sound: {one.budget_s:g} s of wall time, {one.metric.name}, recipes: {', '.join(one.recipes)}")
        if deep:
            from researchclaw import gpu_runs

            raise typer.Exit(gpu_runs.check(one, settings, _echo))
        return
    folder = command_kit_folder(name)
    if folder is not None:
        program = load_command_kit(folder)
        first = next(scope_files(program, folder))
        own = program_files(program, folder)[first]
        if (fault := broken_rule(first, own, own)) is not None:
            raise SettingsError(f"{program.name}: {fault}.")
        print(f"{program.name} is sound: {' '.join(program.command)}, {program.metric.name}, scored by {program.score.kind}")
        if deep:
            isolation = wiring.isolation_of(settings, wiring.state_folder(settings))
            raise typer.Exit(experiment_cli.check_command_kit(program, folder, isolation, wiring.limits_of(settings), _echo))
        return
    kit = _kit(name)
    print(f"{kit.name} is sound: {len(kit.factors)} factors, {len(kit.constants)} constants, {kit.kit_sha256[:12]}")
    if deep:
        state = wiring.state_folder(settings)
        isolation = wiring.isolation_of(settings, state)
        raise typer.Exit(experiment_cli.check_kit(kit, state, isolation, wiring.limits_of(settings), _echo))


@kits_app.command("new")
def kits_new(
    source: Annotated[Path, typer.Option("--from", help="A repository with a program that trains and prints its metric.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder of the kit; default: kits/NAME.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Default: the repository's name.")] = None,
    command: Annotated[str | None, typer.Option("--command", help="What trains, e.g. 'python train.py'.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="As it is printed, e.g. val_acc.")] = None,
    direction: Annotated[str | None, typer.Option("--direction", help="lower or higher.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="File that may change, or a pattern; repeatable.")] = None,
    budget: Annotated[float, typer.Option("--budget", min=0.1, help="CPU seconds of one run.")] = 60.0,
) -> None:
    """Make a kit of a repository; asks at a terminal for what no option says."""
    import re
    import shlex

    from researchclaw.command_kits import new_kit

    must_be_finite("--budget", budget)
    if not source.is_dir():
        raise SettingsError(f"--from: {source} is no folder; name the repository that holds the training script.")
    chosen = name or re.sub(r"[^a-z0-9]+", "_", source.resolve().name.lower()).strip("_") or "kit"
    command = command or _asked("--command", "Command that trains", "python train.py")
    metric = metric or _asked("--metric", "Metric, as it is printed", None)
    direction = direction or _asked("--direction", "Better is lower or higher", "lower")
    if direction not in ("lower", "higher"):
        must_be_known("--direction", direction, ("lower", "higher"))
    scope = scope or _asked("--scope", "Files that may change, apart by blanks", "train.py").split()
    target = to or Path("kits") / chosen
    new_kit(
        source=source,
        target=target,
        name=chosen,
        command=command,
        metric=metric,
        lower_is_better=direction == "lower",
        scope=tuple(scope),
        budget_s=budget,
    )
    place = target if target.is_absolute() else f"./{target}"
    print(f"{target} is written. Next: researchclaw kits check --deep {shlex.quote(str(place))}")


def _asked(option: str, question: str, default: str | None) -> str:
    """The answer of a person at the terminal; without a terminal the option is required."""
    import sys

    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{option} is needed where nobody can be asked", param_hint=option)
    return str(typer.prompt(question, default=default))


@app.command()
def doctor(as_json: AsJson = False, output: Output = None, config: Config = None, set_: Set = None) -> None:
    """What this machine offers to a run, and what it lacks."""
    from researchclaw.doctor import examine

    report = examine(load_settings(config, None, overrides_of(set_, output, None, False)))
    if as_json:
        print(report.model_dump_json(indent=2))
    else:
        for check in report.checks:
            print(f"{'ok  ' if check.passed else 'LACK'}  {check.name:<12} {check.detail}")
    if not report.passed:
        raise typer.Exit(2)


@app.command()
def experiment(
    kit: Annotated[str, typer.Option("--kit", help="The kit that scores it.")] = "tiny_lm",
    request: Annotated[
        Path | None, typer.Option("--request", help="A recorded request.json, to be repeated as it was; no other choice counts then.")
    ] = None,
    train: Annotated[Path | None, typer.Option("--train", help="The candidate; default: the kit's own train.py.")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Of a GPU kit: a program beside its own, e.g. baseline.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Default: as many as fit in the budget.")] = None,
    budget: Annotated[float | None, typer.Option("--budget", min=0.1, help="Seconds; default: the kit's.")] = None,
    scored_bytes: Annotated[
        int | None, typer.Option("--scored-bytes", min=1, help="Default: the whole split, on a GPU 4 MiB of it.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="val or test.")] = "val",
    keep: Annotated[Path | None, typer.Option("--keep", help="Folder in which the run's files are kept.")] = None,
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train and score one candidate in the sandbox, as a run would."""
    from researchclaw import experiment_cli, experiments, wiring
    from researchclaw.command_kits import command_kit_folder

    must_be_finite("--budget", budget)
    settings = load_settings(config, None, list(set_ or []))
    if request is not None:
        again = experiment_cli.repeat_request(
            file=request,
            state=wiring.state_around(settings, Path.cwd()),
            echo=_echo,
            json_output=as_json,
            output=keep,
            limits=wiring.limits_of(settings),
            isolation=wiring.isolation_of(settings, wiring.state_folder(settings)),
        )
        raise typer.Exit(again)
    if split not in ("val", "test"):
        must_be_known("--split", split, ("val", "test"))
    if command_kit_folder(kit) is None:
        _kit_must_be_known("--kit", kit)
    chosen: Literal["val", "test"] = "test" if split == "test" else "val"
    asked = experiments.Asked(kit, train, recipe, seed, steps, budget, scored_bytes, chosen, keep, as_json)
    try:
        code = experiments.run(asked, settings, _echo)
    except experiments.UnfitChoice as exc:
        raise typer.BadParameter(str(exc), param_hint=exc.option) from exc
    raise typer.Exit(code)


@sandbox_app.command("exec", context_settings={"allow_interspersed_args": False})  # options of the command are its own
def sandbox_exec(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="After --; files of yours are bound read-only.")],
    with_file: Annotated[list[Path] | None, typer.Option("--with-file", help="A file that the command may read.")] = None,
    config: Config = None,
) -> None:
    """Run a command where training code runs: no network, no files of yours, hard limits."""
    from researchclaw import experiment_cli, wiring

    settings = load_settings(config)
    code = experiment_cli.sandbox_exec(
        command,
        state=wiring.state_folder(settings),
        echo=_echo,
        with_files=tuple(with_file or ()),
        limits=wiring.limits_of(settings),
        allow_weaker=settings.sandbox.allow_weaker,
        backend=settings.sandbox.backend,
        image=settings.sandbox.image,
        gpus=settings.sandbox.gpu,
    )
    raise typer.Exit(code)


def _echo(line: str) -> None:
    print(line, flush=True)
