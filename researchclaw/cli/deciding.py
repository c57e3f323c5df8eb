"""`approve`, `reject`, `guide`, `edit`: what people say to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from researchclaw.cli.given import reading_stages, stage_numbers, store_of
from researchclaw.cli.options import Config, Output, Run
from researchclaw.cli.program import app
from stages.errors import SettingsError


@app.command()
def approve(
    run: Run = "latest",
    stage: Annotated[str | None, typer.Option("--stage", metavar="N|NAME", help="Gate; default: the one that waits.")] = None,
    comment: Annotated[str, typer.Option("--comment", help="Kept with the decision.")] = "",
    output: Output = None,
    config: Config = None,
) -> None:
    """Approve at the gate where a run waits."""
    _decide("approve", run, stage, comment, output, config)


@app.command()
def reject(
    run: Run = "latest",
    reason: Annotated[str, typer.Option("--reason", help="Told to the stage that made the material.")] = "",
    stage: Annotated[str | None, typer.Option("--stage", metavar="N|NAME", help="Gate; default: the one that waits.")] = None,
    output: Output = None,
    config: Config = None,
) -> None:
    """Reject at the gate where a run waits; the stage that made the material is done again with the reason."""
    if not reason.strip():
        raise SettingsError('a rejection needs a reason: --reason "…".')
    _decide("reject", run, stage, reason.strip(), output, config)


def _decide(decision: str, run: str, stage: str | None, comment: str, output: Path | None, config: Path | None) -> None:
    from researchclaw.gates import answer_by_command

    store = store_of(run, output, config)
    answer = answer_by_command(store, "approve" if decision == "approve" else "reject", comment, stage_numbers(stage, None)[0])
    at_work = store.holder()
    goes_on = f"`researchclaw resume {store.reference}` goes on" if at_work is None else f"process {at_work.pid} goes on"
    print(f"gate {answer.stage} of {store.run_id}: {answer.decision}; {goes_on}.")


@app.command()
def guide(
    run: Run = "latest",
    stage: Annotated[str, typer.Option("--stage", metavar="N|NAME", help="The stage that is told.")] = "",
    message: Annotated[str, typer.Option("--message", help="What it is told.")] = "",
    output: Output = None,
    config: Config = None,
) -> None:
    """Tell a stage something; if it is done already, `resume` does it and all after it again."""
    from researchclaw.gates import person
    from researchclaw.modes import check_guided
    from researchclaw.settings import from_record
    from stages.contracts import Guidance
    from stages.pipeline import PIPELINE

    if not stage or not message.strip():
        raise SettingsError('guidance needs a stage and words: --stage 9 --message "…".')
    store = store_of(run, output, config)
    number = stage_numbers(stage, None)[0]
    assert number is not None
    check_guided(number, PIPELINE, reading_stages(from_record(store.info().settings)))
    store.add_guidance(Guidance(stage=number, message=message.strip(), by=person()))
    at_work = store.holder()
    if at_work is None:
        then = f"`researchclaw resume {store.reference}` goes on."
    elif store.output(PIPELINE[number - 1]) is None:
        then = f"process {at_work.pid} is at work and comes to it."
    else:
        then = f"it is done already: `researchclaw resume {store.reference}` does it again when process {at_work.pid} has ended."
    print(f"stage {number} of {store.run_id} will be told; {then}")


@app.command()
def edit(
    run: Run = "latest",
    stage: Annotated[str, typer.Option("--stage", metavar="N|NAME", help="The stage whose output is edited.")] = "",
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The new output as JSON; default: your $EDITOR.")
    ] = None,
    comment: Annotated[str, typer.Option("--comment", help="Kept with the decision where the run waits at this stage.")] = "",
    output: Output = None,
    config: Config = None,
) -> None:
    """Put your version in the place of a stage's output; `resume` does again what rests on it."""
    from researchclaw.editing import put_in_place, read_edit
    from stages.pipeline import PIPELINE

    if not stage:
        raise SettingsError("say which stage: --stage 9, or --stage experiment_design.")
    store = store_of(run, output, config)
    number = stage_numbers(stage, None)[0]
    assert number is not None
    one = PIPELINE[number - 1]
    changed = read_edit(store, one, from_)
    at_work = put_in_place(store, one, changed, comment.strip())
    resume = f"`researchclaw resume {store.reference}` does what rests on it again"
    goes_on = resume if at_work is None else f"process {at_work} goes on"
    print(f"stage {number} of {store.run_id} is yours now; the stage's own version stays beside it; {goes_on}.")
