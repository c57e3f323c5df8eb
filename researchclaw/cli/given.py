"""What a person gave on the command line, checked: settings, stages by number or name, a run by its id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.errors import SettingsError

if TYPE_CHECKING:
    from researchclaw.run_store import RunStore
    from researchclaw.settings import Settings


LOOKS = ("export.venue", "export.mode", "export.author", "export.styles", "export.typesetter")
"""What may change after the research is done: how the paper is set, not what it says."""

LIMITS = ("llm.budget_usd", "llm.budget_tokens", "llm.deadline_sec", "llm.idle_sec", "llm.concurrency", "llm.max_tokens", "llm.prices")
"""What may change because a run came to a limit: how much may be spent and waited for."""

WHERE = (
    "experiment.executor",
    "experiment.pool",
    "experiment.pool_limit",
    "experiment.worker_lost_sec",
    "experiment.worker_wait_sec",
    "flow.engine",
    "flow.server_url",
)
"""What may change because a server or its workers are gone: who does the work; its results are the same."""

ASKED = ("gates.policies", "gates.timeout")
"""What goes with `resume --mode`: where this process waits for a person, and how long."""


def what_changed(set_: list[str] | None) -> list[str]:
    for given in set_ or []:
        if given.partition("=")[0].strip() not in (*LOOKS, *LIMITS, *WHERE, *ASKED):
            raise SettingsError(
                f"--set {given}: a resumed run keeps its settings; only {', '.join((*LOOKS, *LIMITS, *WHERE, *ASKED))} can be changed."
            )
    return list(set_ or [])


def load_settings(config: Path | None, preset: str | None = None, overrides: Sequence[str] = ()) -> Settings:
    """The settings with absolute paths: a run may be resumed from another folder, and a sandbox has none of ours."""
    from researchclaw.settings import load

    try:
        Path.cwd()
    except FileNotFoundError as exc:
        raise SettingsError("the current folder was deleted; go to one that is there.") from exc
    settings = load(config, preset, overrides)
    corpus = settings.experiment.corpus
    experiment = settings.experiment.model_copy(update={"corpus": _absolute(corpus) if corpus else None})
    files = tuple(_absolute(path) for path in settings.literature.user_bib)
    papers = settings.literature.pdf_folder
    found = {"user_bib": files, "pdf_folder": _absolute(papers) if papers else None}
    literature = settings.literature.model_copy(update=found)
    answers = settings.llm.answers
    llm = settings.llm.model_copy(update={"answers": _absolute(answers) if answers else None})
    styles = settings.export.styles
    export = settings.export.model_copy(update={"styles": _absolute(styles) if styles else None})
    parts = {"experiment": experiment, "literature": literature, "export": export, "llm": llm}
    return settings.model_copy(update={"output": _absolute(settings.output), **parts})


def _absolute(path: Path) -> Path:
    """With the home folder for '~', which a shell does not put in for us in a file or behind '--set output='."""
    try:
        return path.expanduser().absolute()
    except RuntimeError as exc:
        raise SettingsError(f"{path}: there is no such user's home folder; write the path in full.") from exc


def overrides_of(
    set_: list[str] | None, output: Path | None, kit: str | None, auto_approve: bool, mode: str | None = None
) -> list[str]:
    """The options that are settings, as `--set` would give them; JSON strings are YAML."""

    given = list(set_ or [])
    if output is not None:
        given.append(f"output={json.dumps(str(output))}")
    if kit is not None:
        given.append(f"experiment.kit={json.dumps(kit)}")
    if auto_approve:
        given.append("gates.auto_approve=true")
    if mode is not None:
        given.append(f"gates.mode={json.dumps(mode)}")
    return given


def who_decides(auto_approve: bool, mode: str | None) -> list[str]:
    """For `resume`, as `--set` would give it: what is said now takes the place of what the run was started with."""
    if mode is None:
        return ["gates.auto_approve=true", "gates.mode=null", "gates.policies=[]"] if auto_approve else []
    kept = [] if mode == "custom" else ["gates.policies=[]"]
    return [f"gates.auto_approve={'true' if auto_approve else 'false'}", f"gates.mode={json.dumps(mode)}", *kept]


def reading_stages(settings: Settings) -> tuple[int, ...]:
    """Stages that read a person's words, with the mind that these settings choose."""
    from researchclaw.adapters.offline import HEEDS_GUIDANCE
    from researchclaw.modes import readers
    from stages.pipeline import PIPELINE

    return readers(PIPELINE, HEEDS_GUIDANCE if settings.llm.provider == "offline" else None)


def check_before_spending(settings: Settings, topic: str) -> None:
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
    from researchclaw.modes import policies
    from stages.pipeline import PIPELINE

    policies(settings.gates, PIPELINE)
    if settings.experiment.kit is not None:
        from researchclaw.kits import kit_names

        must_be_a_study(settings.experiment.kit)
        must_be_known("experiment.kit", settings.experiment.kit, kit_names())
    corpus = settings.experiment.corpus
    if corpus is not None and not corpus.exists():
        raise SettingsError(f"experiment.corpus: {corpus} is not there; give a file or a folder of text.")
    if settings.llm.provider != "offline":
        from researchclaw.wiring import language_model

        language_model(settings, "")  # a missing key or price ends the run before it begins
    if settings.literature.pdf_folder is not None:
        from researchclaw.wiring import papers

        papers(settings)
    if settings.literature.user_bib:
        from researchclaw.adapters.user_library import library_of

        # A file that cannot be read ends the run before it begins; an entry that lacks something is left out aloud.
        for entry in library_of(settings.literature.user_bib).left_out:
            print(f"Not citable: {entry}.")
    styles = settings.export.styles
    if styles is not None and not styles.is_dir():
        raise SettingsError(f"export.styles: {styles} is no folder; give the folder that holds the venue's style file.")
    if settings.experiment.executor == "workpool":
        from researchclaw import server

        if server.lasting(settings.output, settings.flow.server_url) is None:
            raise SettingsError(server.NEEDED)
    check_output(settings.output, settings.min_free_mb)


def must_be_a_study(kit: str) -> None:
    """Refuse a kit that is here, but has no factors, so that no paper can come of it.

    Raises:
        SettingsError: it is one program; the message says what it is for.
    """
    from researchclaw.command_kits import command_kit_names
    from researchclaw.gpu_kits import gpu_kit_names
    from researchclaw.kits import kit_names

    if kit in (*command_kit_names(), *gpu_kit_names()):
        raise SettingsError(
            f"experiment.kit: '{kit}' is one program without factors to compare, so a study cannot use it; try "
            f"`researchclaw experiment --kit {kit}` or `researchclaw loop start --kit {kit}`. For a study: {', '.join(kit_names())}."
        )


def must_be_finite(option: str, value: object) -> None:
    """Refuse 'inf' and 'nan', which are floating-point numbers to a command line."""
    import math

    if isinstance(value, float) and not math.isfinite(value):
        raise SettingsError(f"{option}: '{value}' is no finite number; leave it out where there is to be no limit.")


def must_be_known(key: str, value: str, allowed: Sequence[str]) -> None:
    import difflib

    if value not in allowed:
        close = difflib.get_close_matches(value, allowed, n=1, cutoff=0.4)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise SettingsError(f"{key}: there is no '{value}'; {hint}known: {', '.join(allowed)}.")


def stage_numbers(from_stage: str | None, to_stage: str | None) -> tuple[int | None, int | None]:
    if from_stage is None and to_stage is None:
        return None, None
    from researchclaw.named_stage import stage_number
    from stages.pipeline import PIPELINE

    first = None if from_stage is None else stage_number(PIPELINE, from_stage)
    last = None if to_stage is None else stage_number(PIPELINE, to_stage)
    if first is not None and last is not None and first > last:
        raise SettingsError(f"--from-stage {first} comes after --to-stage {last}.")
    return first, last


def store_of(reference: str, output: Path | None, config: Path | None = None) -> RunStore:
    from researchclaw.run_store import RunStore, find_run

    if output is None:
        output = load_settings(config).output
    return RunStore(find_run(reference, output))
