"""The command line. Heavy parts are imported where they are used: help must come at once.

Exit codes: 0 done, 1 failed, 2 bad settings or arguments, 3 waiting at a gate, 4 stopped by budget, 5 evidence missing,
130 interrupted. An error is one line with its remedy; --debug adds the traceback.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from stages.errors import ResearchError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from researchclaw.adapters.isolation.limits import Limits
    from researchclaw.gates import Gatekeeper
    from researchclaw.journal import Journal
    from researchclaw.progress import LiveDisplay, PlainLines
    from researchclaw.run_store import RunStore
    from researchclaw.settings import Settings

app = typer.Typer(
    name="researchclaw",
    help="From one sentence to a research paper that can be checked.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
kits_app = typer.Typer(help="The studies that can be run here.", rich_markup_mode=None)
sandbox_app = typer.Typer(help="The sealed place where training code runs.", rich_markup_mode=None)
server_app = typer.Typer(help="The project's own Prefect server, with the UI where gates can be answered.", rich_markup_mode=None)
app.add_typer(server_app, name="server")
app.add_typer(kits_app, name="kits")
app.add_typer(sandbox_app, name="sandbox")

UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""What typer raises for every wrong word on the line; some of its versions carry their own copy of click."""

_debug = False

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run id, its beginning, a run folder, or 'latest'.")]
Output = Annotated[Path | None, typer.Option("--output", help="Folder of the runs; default: 'output' of the settings.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default: ./config.arc.yaml if it is there.")]
Preset = Annotated[str | None, typer.Option("--preset", help="Differences from the defaults: quick, smoke, gpu, offline.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; may be given often.")]
FromStage = Annotated[str | None, typer.Option("--from-stage", metavar="N|NAME", help="Do this stage and all after it again.")]
ToStage = Annotated[str | None, typer.Option("--to-stage", metavar="N|NAME", help="Stop after this stage.")]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Approve every gate; the record says so.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit code of the process."""
    global _debug  # noqa: PLW0603 (the one switch of the command line itself)
    _mend_streams()
    _debug = "--debug" in arguments  # anywhere on the line, before or after the command's name
    arguments = [word for word in arguments if word != "--debug"] or ["--help"]
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(arguments, standalone_mode=False, prog_name="researchclaw")
    except UsageError as exc:
        return _fail(exc.format_message(), 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted.", Interrupted.exit_code)
    except ResearchError as exc:
        return _fail(str(exc), exc.exit_code)
    except BrokenPipeError:  # `researchclaw stages | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as exc:
        remedy = "free some space, then `researchclaw resume`" if exc.errno == errno.ENOSPC else "mend it, then `researchclaw resume`"
        return _fail(f"{exc.strerror or exc}: {exc.filename or 'the machine'}; {remedy}.", 1)
    except Exception as exc:  # noqa: BLE001 (the edge of the program: one line, or the traceback with --debug)
        return _fail(f"{type(exc).__name__}: {' '.join(str(exc).split()) or 'no message'} (a bug; --debug shows where).", 1)
    return code if isinstance(code, int) else 0


def _mend_streams() -> None:
    """A stream that is closed or that cannot hold our letters must not end a run; nor may a run's files get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # started with `<&-`, `>&-` or `2>&-`
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (open as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class Interrupted(ResearchError):
    """Ctrl-C or SIGTERM; the run can be resumed."""

    exit_code = 130


def _fail(message: str, code: int) -> int:
    if _debug and sys.exc_info()[1] is not None:
        traceback.print_exc()
    print(f"researchclaw: {message.strip()}", file=sys.stderr)
    return code


def _terminate(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM ends a run as Ctrl-C does: recorded, resumable, no process left behind."""
    raise KeyboardInterrupt


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"researchclaw {version('researchclaw')}")
        except PackageNotFoundError:
            print("researchclaw (a checkout that is not installed)")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error, and the log.")] = False,
) -> None:
    if _debug:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
        for ours in ("researchclaw", "stages"):
            logging.getLogger(ours).setLevel(logging.INFO)


# ---------------------------------------------------------------- run, resume


@app.command()
def run(
    topic: Annotated[str, typer.Option("--topic", help="What the paper is to find out, in one sentence.")],
    auto_approve: AutoApprove = False,
    preset: Preset = None,
    output: Output = None,
    config: Config = None,
    kit: Annotated[str | None, typer.Option("--kit", help="Kit to use; default: found from the topic.")] = None,
    from_stage: FromStage = None,
    to_stage: ToStage = None,
    set_: Set = None,
) -> None:
    """Make a paper about a topic."""
    settings = _load(config, preset, _overrides(set_, output, kit, auto_approve))
    _check(settings, topic)
    first, last = _numbers(from_stage, to_stage)
    if first is not None and first > 1:
        store = _earlier_run(settings.output, topic, first)
        _work(store, settings, first, last)
        return
    from researchclaw import hardware
    from researchclaw.run_store import RunStore

    store = RunStore.create(
        settings.output,
        " ".join(topic.split()),
        settings=settings.model_dump(mode="json"),
        hardware=hardware.found(),
        version=_program_version(),
        versions=hardware.versions(),
        command=("researchclaw", *sys.argv[1:]),
    )
    _work(store, settings, None, last)


@app.command()
def resume(
    run: Run = "latest",
    from_stage: FromStage = None,
    to_stage: ToStage = None,
    auto_approve: AutoApprove = False,
    output: Output = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Go on with a run where it stopped; nothing that was paid for is paid again."""
    from researchclaw import settings as settings_module
    from researchclaw.run_store import check_output

    store = _store(run, output, config)
    info = store.info()
    overrides = [*_how_it_looks(set_), *(["gates.auto_approve=true"] if auto_approve else [])]
    settings = settings_module.overridden(settings_module.from_record(info.settings), overrides)
    settings = settings.model_copy(update={"output": store.folder.parent})  # the folder may have been moved
    check_output(store.folder.parent, settings.min_free_mb)
    first, last = _numbers(from_stage, to_stage)
    if info.status == "done" and first is None and _unchanged(store):
        print(f"{store.run_id} is done; nothing was changed. Redo a part with --from-stage.")
        _summary(store)
        return
    _work(store, settings, first, last)


LOOKS = ("export.venue", "export.mode", "export.styles", "export.typesetter")
"""What may change after the research is done: how the paper is set, not what it says."""


def _how_it_looks(set_: list[str] | None) -> list[str]:
    for given in set_ or []:
        if given.partition("=")[0].strip() not in LOOKS:
            raise SettingsError(f"--set {given}: a resumed run keeps its settings; only {', '.join(LOOKS)} can be changed.")
    return list(set_ or [])


def _load(config: Path | None, preset: str | None = None, overrides: Sequence[str] = ()) -> Settings:
    """The settings with absolute paths: a run may be resumed from another folder, and a sandbox has none of ours."""
    from researchclaw.settings import load

    try:
        Path.cwd()
    except FileNotFoundError as exc:
        raise SettingsError("the current folder was deleted; go to one that is there.") from exc
    settings = load(config, preset, overrides)
    corpus = settings.experiment.corpus
    experiment = settings.experiment.model_copy(update={"corpus": corpus.absolute() if corpus else None})
    files = tuple(path.absolute() for path in settings.literature.user_bib)
    literature = settings.literature.model_copy(update={"user_bib": files})
    styles = settings.export.styles
    export = settings.export.model_copy(update={"styles": styles.absolute() if styles else None})
    parts = {"experiment": experiment, "literature": literature, "export": export}
    return settings.model_copy(update={"output": settings.output.absolute(), **parts})


def _overrides(set_: list[str] | None, output: Path | None, kit: str | None, auto_approve: bool) -> list[str]:
    """The options that are settings, as `--set` would give them; JSON strings are YAML."""
    import json

    given = list(set_ or [])
    if output is not None:
        given.append(f"output={json.dumps(str(output))}")
    if kit is not None:
        given.append(f"experiment.kit={json.dumps(kit)}")
    if auto_approve:
        given.append("gates.auto_approve=true")
    return given


def _check(settings: Settings, topic: str) -> None:
    """Everything that can be wrong before anything is spent.

    Raises:
        SettingsError: the topic is empty, or a setting names something that is not there.
    """
    from researchclaw.run_store import check_output

    if not any(character.isalnum() for character in topic):
        raise SettingsError('the topic is empty; say in one sentence what to find out: --topic "…".')
    try:
        topic.encode()
    except UnicodeEncodeError as exc:
        raise SettingsError("the topic is not UTF-8 text; say it in the encoding of this system.") from exc
    if settings.experiment.kit is not None:
        from researchclaw.kits import kit_names

        _known("experiment.kit", settings.experiment.kit, kit_names())
    corpus = settings.experiment.corpus
    if corpus is not None and not corpus.exists():
        raise SettingsError(f"experiment.corpus: {corpus} is not there; give a file or a folder of text.")
    if settings.literature.user_bib:
        from researchclaw.adapters.user_library import library_of

        # A file that cannot be read ends the run before it begins; an entry that lacks something is left out aloud.
        for entry in library_of(settings.literature.user_bib).left_out:
            print(f"Not citable: {entry}.")
    styles = settings.export.styles
    if styles is not None and not styles.is_dir():
        raise SettingsError(f"export.styles: {styles} is no folder; give the folder that holds the venue's style file.")
    check_output(settings.output, settings.min_free_mb)


def _known(key: str, value: str, allowed: Sequence[str]) -> None:
    import difflib

    if value not in allowed:
        close = difflib.get_close_matches(value, allowed, n=1, cutoff=0.4)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise SettingsError(f"{key}: there is no '{value}'; {hint}known: {', '.join(allowed)}.")


def _numbers(from_stage: str | None, to_stage: str | None) -> tuple[int | None, int | None]:
    if from_stage is None and to_stage is None:
        return None, None
    from researchclaw.engine import stage_number
    from stages.pipeline import PIPELINE

    first = None if from_stage is None else stage_number(PIPELINE, from_stage)
    last = None if to_stage is None else stage_number(PIPELINE, to_stage)
    if first is not None and last is not None and first > last:
        raise SettingsError(f"--from-stage {first} comes after --to-stage {last}.")
    return first, last


def _earlier_run(output: Path, topic: str, first: int) -> RunStore:
    """The newest run on the same topic, to be redone from a stage on."""
    from researchclaw.run_store import RunStore, runs

    words = " ".join(topic.split())
    for folder in reversed(runs(output)):
        store = RunStore(folder)
        if store.info().topic == words:
            return store
    raise SettingsError(f"--from-stage {first}: {output} holds no run on this topic whose earlier stages could be used.")


def _unchanged(store: RunStore) -> bool:
    """No guidance was added, no gate rejected since the run was done."""
    from researchclaw.run_store import guidance_hash
    from stages.pipeline import PIPELINE

    for stage in PIPELINE:
        found = store.output(stage)
        if found is None or found.guidance != guidance_hash(store.guidance(stage.number)):
            return False
    return True


def _work(store: RunStore, settings: Settings, first: int | None, last: int | None) -> None:
    """Hold the lock, wire the world, walk the stages, say where the paper is.

    Raises:
        Interrupted: typer would end a Ctrl-C without a word.
    """
    try:
        _walk(store, settings, first, last)
    except KeyboardInterrupt as exc:
        raise Interrupted(f"interrupted; `researchclaw resume {store.reference}` goes on from here.") from exc
    _summary(store)


def _walk(store: RunStore, settings: Settings, first: int | None, last: int | None) -> None:
    from researchclaw import wiring
    from researchclaw.engine import Engine, Plainly
    from researchclaw.journal import Journal
    from stages.pipeline import PIPELINE

    with contextlib.ExitStack() as stack:
        stack.enter_context(store.lock())
        journal: Journal = stack.enter_context(Journal(store.journal_path))
        if journal.dropped:
            print("The last line of the journal was torn when the run was killed; it was dropped, its work is done again.")
        display = stack.enter_context(_display(len(PIPELINE)))
        journal.listen(display)
        engine = Engine(
            pipeline=PIPELINE,
            store=store,
            journal=journal,
            world=wiring.build(settings, store, journal),
            gatekeeper=_gatekeeper(settings, store, display),
        )
        if settings.flow.engine == "plain":
            engine.invoke = Plainly(settings.flow.retries, settings.flow.retry_delay_sec)
            engine.run(from_stage=first, to_stage=last)
        else:
            from researchclaw import flow

            def tell(line: str) -> None:
                with display.paused():
                    _say(line)

            flow.run(engine, settings.flow, settings.output, from_stage=first, to_stage=last, gates=settings.gates, tell=tell)


@contextlib.contextmanager
def _display(stages: int) -> Iterator[LiveDisplay | PlainLines]:
    from researchclaw.progress import LiveDisplay, PlainLines

    if sys.stdout.isatty():
        with LiveDisplay(stages, _console()) as live:
            yield live
    else:
        yield PlainLines(stages, _say)


def _say(line: str) -> None:
    """A line to whoever watches; when nobody reads any more (`researchclaw run | head`), the run goes on unseen."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _console() -> Console:
    from rich.console import Console

    return Console()


def _gatekeeper(settings: Settings, store: RunStore, display: LiveDisplay | PlainLines) -> Gatekeeper:
    from researchclaw.gates import AtTerminal, AutoApprove, LeaveWaiting

    if settings.gates.auto_approve:
        return AutoApprove(store)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return LeaveWaiting(store)
    from rich.markdown import Markdown

    console = _console()

    def ask(prompt: str, look: Callable[[], None]) -> str:
        with display.paused():
            print(prompt, end="", flush=True)
            while not select.select([sys.stdin], [], [], 1.0)[0]:
                try:
                    look()
                except BaseException:
                    print()  # the prompt is left standing
                    raise
            line = sys.stdin.readline()
            if not line:
                raise EOFError
            return line.removesuffix("\n")

    def show(markdown: str) -> None:
        with display.paused():
            console.print(Markdown(markdown))

    return AtTerminal(store, show, ask)


def _summary(store: RunStore) -> None:
    """Where the paper is, what it found, what it cost: looked up in the run folder."""
    from researchclaw.progress import duration, summary
    from stages.pipeline import PIPELINE

    found = summary(store, PIPELINE)
    info = store.info()
    if info.status == "stopped":
        print(f"{store.run_id} stopped as asked after {info.stage}; `researchclaw resume {store.reference}` goes on.")
    if found.paper is not None:
        print(f"Paper:    {found.paper}")
    if found.finding is not None:
        print(f"Finding:  {found.finding}")
    if found.runs:
        print(f"Runs:     {found.runs} training runs, {found.failed} failed")
    for line in found.degraded:
        print(f"Note:     {line}")
    print(f"Time:     {duration(info.seconds)}   Folder: {store.folder}")


def _program_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("researchclaw")
    except PackageNotFoundError:
        return "checkout"


# ---------------------------------------------------------------- look and decide


def _store(reference: str, output: Path | None, config: Path | None = None) -> RunStore:
    from researchclaw.run_store import RunStore, find_run

    if output is None:
        output = _load(config).output
    return RunStore(find_run(reference, output))


@app.command()
def status(
    run: Run = "latest",
    output: Output = None,
    everything: Annotated[bool, typer.Option("--all", help="One line for each run instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """How a run stands; works while it runs, from another terminal."""
    import json

    from researchclaw.progress import duration
    from researchclaw.progress import status as run_status
    from researchclaw.run_store import RunStore, runs
    from stages.pipeline import PIPELINE

    if everything:
        output = output or _load(None).output
        found = [run_status(RunStore(folder), PIPELINE) for folder in runs(output)]
        if as_json:
            print(json.dumps([one.model_dump(mode="json") for one in found], indent=2, ensure_ascii=False))
            return
        for one in found:
            print(f"{one.run_id}  {one.status:<12} {one.stage or '':<24} {one.topic}")
        return
    store = _store(run, output)
    one = run_status(store, PIPELINE)
    if as_json:
        print(one.model_dump_json(indent=2))
        return
    print(f"{one.run_id}: {one.status}{f' (process {one.pid})' if one.pid else ''}, {duration(one.seconds)}")
    print(f"topic: {one.topic}")
    for stage in one.stages:
        extra = f"round {stage.round}" if stage.round is not None and stage.round > 1 else ""
        edited = f"edited by {stage.edited_by}" if stage.edited_by else ""
        seconds = "" if stage.seconds is None else duration(stage.seconds)
        print(f"  {stage.number:2d} {stage.name:<22} {stage.state:<9} {seconds:>12}  {extra} {edited}".rstrip())
    if one.runs_planned is not None or one.runs_done:
        best = "" if one.best is None else f", best {one.best:.4f}"
        print(f"training runs: {one.runs_done} of {one.runs_planned or '?'} done, {one.runs_failed} failed{best}")
    for gate in one.waiting_gates:
        print(f'gate {gate} waits: `researchclaw approve {store.reference}` or `researchclaw reject {store.reference} --reason "…"`')
    if one.message:
        print(one.message)
    if one.status in ("killed", "interrupted", "failed", "stopped", "budget spent"):
        print(f"`researchclaw resume {store.reference}` goes on.")


@app.command()
def approve(
    run: Run = "latest",
    stage: Annotated[str | None, typer.Option("--stage", metavar="N|NAME", help="Gate; default: the one that waits.")] = None,
    comment: Annotated[str, typer.Option("--comment", help="Kept with the decision.")] = "",
    output: Output = None,
) -> None:
    """Approve at the gate where a run waits."""
    _decide("approve", run, stage, comment, output)


@app.command()
def reject(
    run: Run = "latest",
    reason: Annotated[str, typer.Option("--reason", help="Told to the stage that made the material.")] = "",
    stage: Annotated[str | None, typer.Option("--stage", metavar="N|NAME", help="Gate; default: the one that waits.")] = None,
    output: Output = None,
) -> None:
    """Reject at the gate where a run waits; the stage that made the material is done again with the reason."""
    if not reason.strip():
        raise SettingsError('a rejection needs a reason: --reason "…".')
    _decide("reject", run, stage, reason.strip(), output)


def _decide(decision: str, run: str, stage: str | None, comment: str, output: Path | None) -> None:
    from researchclaw.gates import answer_by_command

    store = _store(run, output)
    answer = answer_by_command(store, "approve" if decision == "approve" else "reject", comment, _numbers(stage, None)[0])
    at_work = store.holder()
    goes_on = f"`researchclaw resume {store.reference}` goes on" if at_work is None else f"process {at_work.pid} goes on"
    print(f"gate {answer.stage} of {store.run_id}: {answer.decision}; {goes_on}.")


@app.command()
def guide(
    run: Run = "latest",
    stage: Annotated[str, typer.Option("--stage", metavar="N|NAME", help="The stage that is told.")] = "",
    message: Annotated[str, typer.Option("--message", help="What it is told.")] = "",
    output: Output = None,
) -> None:
    """Tell a stage something; if it is done already, `resume` does it and all after it again."""
    from researchclaw.gates import person
    from stages.contracts import Guidance

    if not stage or not message.strip():
        raise SettingsError('guidance needs a stage and words: --stage 9 --message "…".')
    store = _store(run, output)
    number = _numbers(stage, None)[0]
    assert number is not None
    store.add_guidance(Guidance(stage=number, message=message.strip(), by=person()))
    print(f"stage {number} of {store.run_id} will be told; `researchclaw resume {store.reference}` goes on.")


@app.command("stages")
def list_stages(as_json: AsJson = False) -> None:
    """The 23 stages with their inputs, outputs and gates."""
    from stages.pipeline import PIPELINE

    if as_json:
        import json

        rows = [
            {
                "number": stage.number,
                "name": stage.name,
                "phase": stage.phase,
                "inputs": [contract.__name__ for contract in stage.needs],
                "output": stage.output.__name__,
                "gate": stage.gate,
                "summary": stage.summary,
            }
            for stage in PIPELINE
        ]
        print(json.dumps(rows, indent=2))
        return
    import shutil
    import textwrap

    width = max(60, shutil.get_terminal_size((110, 24)).columns)
    phase = ""
    for stage in PIPELINE:
        if stage.phase != phase:
            phase = stage.phase
            print(phase)
        takes = ", ".join(contract.__name__ for contract in stage.needs)
        head = f"  {stage.number:2d} {stage.name:<18} {'gate' if stage.gate else '    '}  "
        print(textwrap.fill(f"{stage.output.__name__} <- {takes}", width, initial_indent=head, subsequent_indent=" " * 32))


# ---------------------------------------------------------------- the project's server


@server_app.command("start")
def server_start(output: Output = None, config: Config = None, set_: Set = None) -> None:
    """Start the server of this output folder; runs use it from now on, until `server stop`."""
    from researchclaw import server
    from researchclaw.run_store import check_output

    settings = _load(config, None, _overrides(set_, output, None, False))
    check_output(settings.output, settings.min_free_mb)
    record, new = server.start(settings.output, settings.server, settings.flow.startup_timeout_sec)
    print(f"{'started' if new else 'is up already'}: {record.url} (process {record.holder.pid}, {record.database})")


@server_app.command("stop")
def server_stop(output: Output = None, config: Config = None) -> None:
    """Stop the server of this output folder; no result is lost."""
    from researchclaw import server

    record = server.stop(_load(config, None, _overrides(None, output, None, False)).output)
    print("there is none" if record is None else f"stopped: {record.url}")


@server_app.command("status")
def server_status(output: Output = None, config: Config = None, as_json: AsJson = False) -> None:
    """Where the server of this output folder hears; exit code 1 when there is none or it does not answer."""
    import json

    from researchclaw import server

    record = server.running(_load(config, None, _overrides(None, output, None, False)).output)
    answers = record is not None and server.answers(record)
    if as_json:
        facts = {} if record is None else {"url": record.url, **record.model_dump(mode="json")}
        print(json.dumps({"up": record is not None, "answers": answers, **facts}, indent=2))
    elif record is None:
        print("there is none; `researchclaw server start` starts it")
    else:
        auth = "with authentication" if record.authentication else "without authentication"
        print(f"{record.url}: process {record.holder.pid}, since {record.started}, {record.database}, {auth}")
        if not answers:
            print("it gives no answer; `researchclaw server stop`, then `start`")
    if not answers:
        raise typer.Exit(1)


# ---------------------------------------------------------------- kits, machine, single experiments


@kits_app.command("list")
def kits_list(as_json: AsJson = False) -> None:
    """The kits, and what they can answer."""
    from researchclaw.kits import shipped_kits

    found = shipped_kits()
    if as_json:
        import json

        print(json.dumps([{"name": k.name, "title": k.title, "domain": k.domain, "answers": k.answers} for k in found], indent=2))
        return
    for kit in found:
        print(f"{kit.name}: {kit.title} ({kit.metric.label})")
        for line in kit.answers:
            print(f"  {line}")


def _kit(name: str) -> object:
    from researchclaw.kits import kit_folder, kit_names, load_kit

    _known("kit", name, kit_names())
    return load_kit(kit_folder(name))


@kits_app.command("show")
def kits_show(name: Annotated[str, typer.Argument(metavar="KIT")], as_json: AsJson = False) -> None:
    """One kit: what may vary in it, and what it can answer."""
    from stages.contracts import Kit

    kit = _kit(name)
    assert isinstance(kit, Kit)
    if as_json:
        print(kit.model_dump_json(indent=2))
        return
    print(f"{kit.name}: {kit.title}\n{kit.summary}\nmetric: {kit.metric.label} ({kit.metric.unit})\n")
    for factor in kit.factors:
        print(f"{factor.name}: {factor.question}")
        for level in factor.levels:
            print(f"  {level.name:<20} {level.label}{'  (baseline)' if level.is_baseline else ''}")


@kits_app.command("check")
def kits_check(name: Annotated[str, typer.Argument(metavar="KIT")]) -> None:
    """Read a kit as a run would; says what is wrong with it."""
    from stages.contracts import Kit

    kit = _kit(name)
    assert isinstance(kit, Kit)
    print(f"{kit.name} is sound: {len(kit.factors)} factors, {len(kit.constants)} constants, {kit.kit_sha256[:12]}")


@app.command()
def doctor(as_json: AsJson = False, output: Output = None, config: Config = None) -> None:
    """What this machine offers to a run, and what it lacks."""
    from researchclaw.doctor import examine

    report = examine(_load(config, None, _overrides(None, output, None, False)))
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
    train: Annotated[Path | None, typer.Option("--train", help="The candidate; default: the kit's own train.py.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 0,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Default: as many as fit in the budget.")] = None,
    budget: Annotated[float | None, typer.Option("--budget", min=0.1, help="Seconds; default: the kit's.")] = None,
    scored_bytes: Annotated[int | None, typer.Option("--scored-bytes", min=1, help="Default: the whole split.")] = None,
    split: Annotated[str, typer.Option("--split", help="val or test.")] = "val",
    keep: Annotated[Path | None, typer.Option("--keep", help="Folder in which the run's files are kept.")] = None,
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Train and score one candidate in the sandbox, as a run would."""
    from researchclaw import experiment_cli, wiring
    from researchclaw.kits import kit_names

    settings = _load(config, None, list(set_ or []))
    _known("--kit", kit, kit_names())
    if split not in ("val", "test"):
        _known("--split", split, ("val", "test"))
    code = experiment_cli.run_experiment(
        kit=kit,
        state=wiring.state_around(settings, Path.cwd()),
        echo=_echo,
        train=train,
        seed=seed,
        steps=steps,
        budget_s=budget,
        scored_bytes=scored_bytes,
        split="test" if split == "test" else "val",
        json_output=as_json,
        output=keep,
        corpus=settings.experiment.corpus,
        limits=_limits(settings),
        allow_weaker=settings.sandbox.allow_weaker,
    )
    raise typer.Exit(code)


@sandbox_app.command("exec", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox_exec(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="After --; files of yours are bound read-only.")],
    with_file: Annotated[list[Path] | None, typer.Option("--with-file", help="A file that the command may read.")] = None,
    config: Config = None,
) -> None:
    """Run a command where training code runs: no network, no files of yours, hard limits."""
    from researchclaw import experiment_cli, wiring

    settings = _load(config)
    code = experiment_cli.sandbox_exec(
        command,
        state=wiring.state_folder(settings),
        echo=_echo,
        with_files=tuple(with_file or ()),
        limits=_limits(settings),
        allow_weaker=settings.sandbox.allow_weaker,
    )
    raise typer.Exit(code)


def _limits(settings: Settings) -> Limits:
    from researchclaw.adapters.isolation.limits import Limits

    sandbox = settings.sandbox
    return Limits(memory_mb=sandbox.memory_mb, scratch_mb=sandbox.disk_mb, processes=sandbox.processes)


def _echo(line: str) -> None:
    print(line, flush=True)


@app.command()
def report(
    run: Run = "latest",
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Default: report.html in the run folder.")] = None,
    output: Output = None,
    config: Config = None,
) -> None:
    """Write one self-contained HTML page about a run: every number leads to its training runs and their logs."""
    from researchclaw.report.page import report as page
    from researchclaw.report.record import read_record
    from researchclaw.run_store import write_whole
    from stages.pipeline import PIPELINE

    store = _store(run, output, config)
    place = (to or store.folder / "report.html").absolute()
    if place.is_dir():
        raise SettingsError(f"--to: {place} is a folder; name a file, e.g. {place / 'report.html'}.")
    write_whole(place, page(read_record(store, PIPELINE)).encode())
    print(place)


@app.command()
def replay(
    run: Run = "latest",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FOLDER", help="New folder for the paper; default: <run id>-replay here.")
    ] = None,
    runs: Annotated[Path | None, typer.Option("--runs", help="Folder of the runs; default: 'output' of the settings.")] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Write the same paper again from the journal and the run folder, without a model, a laboratory or a network."""
    import tempfile

    from researchclaw import settings as settings_module
    from researchclaw import wiring
    from researchclaw.replay import models_of
    from researchclaw.replay import replay as replayed
    from stages.pipeline import PIPELINE

    store = _store(run, runs, config)
    settings = settings_module.from_record(store.info().settings)
    place = (output or Path(f"{store.run_id}-replay")).absolute()
    with tempfile.TemporaryDirectory(prefix="researchclaw-") as cache:
        world = wiring.remembered(settings, models_of(store.journal_path), Path(cache))
        found = replayed(store, PIPELINE, place, world)
    if as_json:
        print(found.model_dump_json(indent=2))
        return
    print(f"the same: {', '.join(found.files[:3])} and {len(found.files) - 3} more files, byte for byte")
    print(f"{found.stages} stages from {found.looked_up} answers of the journal; nothing was asked, nothing was run")
    for line in found.taken:
        print(f"taken from the run folder: stage {line}")
    print(found.folder)


@app.command()
def audit(
    path: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.bib", help="The deliverables folder of a run, or any .bib file.")],
    user_bib: Annotated[
        list[Path] | None, typer.Option("--user-bib", help="For a .bib: a library of yours that may confirm; may be given often.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every number and citation of a deliverables folder again, or every reference of a .bib file."""
    from researchclaw import audit as auditing

    if path.is_file():
        found = auditing.audit_bib(path, tuple(user_bib or ()))
        print(found.model_dump_json(indent=2) if as_json else "\n".join(found.lines()))
        if not found.passed:
            raise typer.Exit(1)
        return
    checks = auditing.audit(path)
    if as_json:
        import json

        print(json.dumps([check.model_dump(mode="json") for check in checks], indent=2, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.name:<24} {check.detail}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)
