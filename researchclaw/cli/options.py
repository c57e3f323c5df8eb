"""The options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run id, its beginning, a run folder, or 'latest'.")]
Output = Annotated[Path | None, typer.Option("--output", help="Folder of the runs; default: 'output' of the settings.")]
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default: ./config.arc.yaml if it is there.")]
Preset = Annotated[str | None, typer.Option("--preset", help="Differences from the defaults: quick, smoke, gpu, offline.")]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting; may be given often.")]
FromStage = Annotated[str | None, typer.Option("--from-stage", metavar="N|NAME", help="Do this stage and all after it again.")]
ToStage = Annotated[str | None, typer.Option("--to-stage", metavar="N|NAME", help="Stop after this stage.")]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Approve every gate; the record says so.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Mode = Annotated[
    str | None,
    typer.Option("--mode", help="Where a person decides: full-auto, gate-only, checkpoint, step-by-step, co-pilot or custom."),
]
