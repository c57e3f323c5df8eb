"""`run` and `resume`: hold the lock, wire the world, walk the stages, say where the paper is."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from researchclaw.cli.given import (
    LIMITS,
    LOOKS,
    WHERE,
    check_before_spending,
    load_settings,
    overrides_of,
    reading_stages,
    stage_numbers,
    store_of,
    what_changed,
    who_decides,
)
from researchclaw.cli.options import AutoApprove, Config, FromStage, Mode, Output, Preset, Run, Set, ToStage
from researchclaw.cli.plain_stream import steering
from researchclaw.cli.program import Interrupted, app
from stages.errors import SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from researchclaw.gates import Gatekeeper
    from researchclaw.journal import Journal
    from researchclaw.progress import LiveDisplay, PlainLines
    from researchclaw.run_store import RunStore
    from researchclaw.settings import Settings


QUALITY_GATE = 20
"""Where a new look begins: the gate lists what the venue asks of the authors, and the stages after it set the paper."""


@app.command()
def run(
    topic: Annotated[str, typer.Option("--topic", help="What the paper is to find out, in one sentence.")],
    auto_approve: AutoApprove = False,
    mode: Mode = None,
    preset: Preset = None,
    output: Output = None,
    config: Config = None,
    kit: Annotated[str | None, typer.Option("--kit", help="Kit to use; default: found from the topic.")] = None,
    from_stage: FromStage = None,
    to_stage: ToStage = None,
    set_: Set = None,
) -> None:
    """Make a paper about a topic."""
    settings = load_settings(config, preset, overrides_of(set_, output, kit, auto_approve, mode))
    check_before_spending(settings, topic)
    first, last = stage_numbers(from_stage, to_stage)
    _say_what_it_may_take(settings)
    if first is not None and first > 1:
        store = _earlier_run(settings.output, topic, first)
        _same_research(store, settings)
        _work(store, settings, first, last)
        return
    from researchclaw import hardware, wiring
    from researchclaw.program_version import release
    from researchclaw.run_store import RunStore

    words = " ".join(topic.split())
    wiring.check_topic(settings, words)
    store = RunStore.create(
        settings.output,
        words,
        settings=settings.model_dump(mode="json"),
        hardware=hardware.found(),
        version=release(),
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
    mode: Mode = None,
    output: Output = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Go on with a run where it stopped; nothing that was paid for is paid again."""
    from researchclaw import settings as settings_module
    from researchclaw.modes import policies
    from researchclaw.run_store import check_output
    from stages.pipeline import PIPELINE

    store = store_of(run, output, config)
    info = store.info()
    overrides = [*what_changed(set_), *who_decides(auto_approve, mode)]
    recorded = settings_module.from_record(info.settings)
    settings = settings_module.overridden(recorded, overrides)
    settings = settings.model_copy(update={"output": store.folder.parent})  # the folder may have been moved
    policies(settings.gates, PIPELINE)
    check_output(store.folder.parent, settings.min_free_mb)
    first, last = stage_numbers(from_stage, to_stage)
    if first is None and store.deliverables.exists() and _to_be_set_again(store, settings, recorded, set_ or []):
        first = QUALITY_GATE
    if info.status == "done" and first is None and _unchanged(store):
        print(f"{store.run_id} is done; nothing was changed. Redo a part with --from-stage.")
        _summary(store)
        return
    _work(store, settings, first, last)


def _to_be_set_again(store: RunStore, settings: Settings, recorded: Settings, set_: list[str]) -> bool:
    """Whether the paper is to look otherwise; where it was asked for and already is so, that is said."""
    if settings.export != recorded.export:
        return True
    asked = [given for given in set_ if given.partition("=")[0].strip() in LOOKS]
    if not asked or store.info().status != "done":
        return False
    from researchclaw.set_again import why_set_again

    why = why_set_again(store.deliverables, settings)
    if why is not None:
        print(f"The paper is set again: {why}.")
        return True
    print(f"The paper is set with {', '.join(asked)} already, by this version of researchclaw.")
    return False


def _say_what_it_may_take(settings: Settings) -> None:
    """The likely cost of a language model, before anything is spent."""
    if settings.llm.provider in ("openai", "anthropic"):
        from researchclaw.adapters.models.choice import places
        from researchclaw.adapters.models.estimate import estimate

        llm = settings.llm
        print(estimate(places(llm)[0], llm.prices, llm.budget_usd, llm.budget_tokens))
    elif settings.llm.provider == "acp":
        from researchclaw.adapters.models.acp.agents import agent_of
        from researchclaw.adapters.models.estimate import estimate_of_agent

        print(estimate_of_agent(agent_of(settings.llm).title, settings.llm.budget_tokens))


def _earlier_run(output: Path, topic: str, first: int) -> RunStore:
    """The newest run on the same topic, to be redone from a stage on."""
    from researchclaw.run_store import RunStore, runs

    words = " ".join(topic.split())
    for folder in reversed(runs(output)):
        store = RunStore(folder)
        if store.info().topic == words:
            return store
    raise SettingsError(f"--from-stage {first}: {output} holds no run on this topic whose earlier stages could be used.")


MAY_DIFFER = ("output", "min_free_mb", "gates", "server", "flow", *LOOKS, *LIMITS, *WHERE)
"""Settings that say how a run is made and looks, not what is researched."""


def _same_research(store: RunStore, settings: Settings) -> None:
    """Raises: SettingsError: the earlier stages, which are kept, were made with other settings."""
    from researchclaw.settings import flat

    before, now = flat(store.info().settings), flat(settings.model_dump(mode="json"))
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name] and not any(name == one or name.startswith(f"{one}.") for one in MAY_DIFFER):
            raise SettingsError(
                f"{store.run_id} was begun with {name}={json.dumps(before[name])}, and now it is {json.dumps(now[name])}: its earlier "
                f"stages rest on the former. Leave out --from-stage for a new run, or redo it as it was: "
                f"`researchclaw resume {store.reference} --from-stage N`."
            )


def _unchanged(store: RunStore) -> bool:
    """No guidance was added, no gate rejected, nothing edited since the run was done."""
    from researchclaw.run_store import guidance_hash
    from stages.pipeline import PIPELINE

    outputs: dict[str, str] = {}
    for stage in PIPELINE:
        found = store.output(stage)
        if found is None or found.guidance != guidance_hash(store.guidance(stage.number)):
            return False
        gate = store.gate(stage.number)
        if gate is not None and gate.answer is not None and gate.answer.decision == "reject":
            return False
        # what a person edited since: the stages after it were made from another version
        made_from = {name: digest for name, digest in found.inputs.items() if name in outputs}
        if any(outputs[name] != digest for name, digest in made_from.items()):
            return False
        outputs[found.contract] = found.output_sha256
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
    from researchclaw.kits import shipped_hashes
    from researchclaw.modes import mode_of, policies
    from researchclaw.other_version import check_kit, check_version
    from stages.pipeline import PIPELINE

    with contextlib.ExitStack() as stack:
        stack.enter_context(store.lock())
        check_version(store, PIPELINE, first)
        check_kit(store, PIPELINE, first, shipped_hashes())
        store.record_export(settings.export.model_dump(mode="json"))
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
            reading=reading_stages(settings),
            policies=policies(settings.gates, PIPELINE),
            auto_by="--auto-approve" if settings.gates.auto_approve else f"mode {mode_of(settings.gates)}",
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

    return Console(file=steering(sys.stdout))


def _gatekeeper(settings: Settings, store: RunStore, display: LiveDisplay | PlainLines) -> Gatekeeper:
    from researchclaw.adapters.isolation.streams import plain
    from researchclaw.gates import AtTerminal, AutoApprove, LeaveWaiting

    if settings.gates.auto_approve:
        return AutoApprove(store)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return LeaveWaiting(store)
    from rich.markdown import Markdown

    from researchclaw.modes import check_guided
    from stages.pipeline import PIPELINE

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
            console.print(Markdown(plain(markdown)))

    def check_guided_here(number: int) -> None:
        check_guided(stage_numbers(str(number), None)[0] or 0, PIPELINE, reading_stages(settings))

    return AtTerminal(store, show, ask, check_guided_here)


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
    if found.models is not None:
        print(f"Models:   {found.models}")
    for line in found.degraded:
        print(f"Note:     {line}")
    print(f"Time:     {duration(info.seconds)}   Folder: {store.folder}")
