"""`status`, `stages`, `report`, `replay`, `audit`: look at what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from researchclaw.cli.given import load_settings, store_of
from researchclaw.cli.options import AsJson, Config, Output, Run, Set
from researchclaw.cli.program import app
from stages.errors import ResearchError, SettingsError

if TYPE_CHECKING:
    from pydantic import JsonValue


@app.command()
def status(
    run: Run = "latest",
    output: Output = None,
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="One line for each run instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """How a run stands; works while it runs, from another terminal."""

    from researchclaw.progress import duration
    from researchclaw.progress import status as run_status
    from researchclaw.run_store import RunStore, runs
    from stages.pipeline import PIPELINE

    if everything:
        output = output or load_settings(config).output
        rows: list[dict[str, JsonValue]] = []
        for folder in runs(output):
            try:
                found = run_status(RunStore(folder), PIPELINE)
            except ResearchError as exc:  # one damaged folder hides no other
                rows.append({"run_id": folder.name, "status": "damaged", "message": str(exc)})
                line = f"{folder.name}  {'damaged':<12} {exc}"
            else:
                rows.append(found.model_dump(mode="json"))
                line = f"{found.run_id}  {found.status:<12} {found.stage or '':<24} {found.topic}"
            if not as_json:
                print(line)
        if as_json:
            print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    store = store_of(run, output, config)
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
    if one.spending is not None:
        print(f"language model: {one.spending.words()}")
        for part in one.spending.by_stage:
            print(f"  stage {part.name}: {part.words()}")
    for gate in one.waiting_gates:
        print(f'gate {gate} waits: `researchclaw approve {store.reference}` or `researchclaw reject {store.reference} --reason "…"`')
    if one.message:
        print(one.message)
    if one.status in ("killed", "interrupted", "failed", "stopped", "budget spent"):
        print(f"`researchclaw resume {store.reference}` goes on.")


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

    store = store_of(run, output, config)
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

    store = store_of(run, runs, config)
    settings = settings_module.from_record(store.info().settings)
    place = (output or Path(f"{store.run_id}-replay")).absolute()
    with tempfile.TemporaryDirectory(prefix="researchclaw-") as cache:
        world = wiring.remembered(settings, models_of(store.journal_path), Path(cache), store.info().created)
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
    config: Config = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Check every number and citation of a deliverables folder again, or every reference of a .bib file.

    By the catalogue and your libraries alone; with --set literature.mode=cache-first also by the live sources.
    """
    if not path.exists():
        raise SettingsError(f"{path} is no folder and no file; name the deliverables folder of a run, or a .bib file")
    from researchclaw import audit as auditing
    from researchclaw.wiring import library

    settings = load_settings(config, None, set_ or ())
    more = {"user_bib": (*settings.literature.user_bib, *(user_bib or ()))}
    known = library(settings.model_copy(update={"literature": settings.literature.model_copy(update=more)}))
    if path.is_file():
        found = auditing.audit_bib(path, known)
        print(found.model_dump_json(indent=2) if as_json else "\n".join(found.lines()))
        if not found.passed:
            raise typer.Exit(1)
        return
    checks = auditing.audit(path, known)
    if as_json:
        import json

        print(json.dumps([check.model_dump(mode="json") for check in checks], indent=2, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.name:<24} {check.detail}")
    if not all(check.passed for check in checks):
        raise typer.Exit(1)
