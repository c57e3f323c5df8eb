"""`worker start`: this machine trains for studies of a project elsewhere."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import Annotated

import typer

from researchclaw.cli.given import load_settings, overrides_of
from researchclaw.cli.options import Config, Output, Set
from researchclaw.cli.program import app
from stages.errors import SettingsError

worker_app = typer.Typer(help="Training runs for studies on other machines.", rich_markup_mode=None)
app.add_typer(worker_app, name="worker")


@worker_app.command("start")
def worker_start(
    pool: Annotated[str | None, typer.Option("--pool", help="The work pool; default: 'experiment.pool' of the settings.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Runs at once; default: one for each core, or GPU.")] = None,
    gpus: Annotated[str | None, typer.Option("--gpus", help="GPUs to use, e.g. 0,1: one run on each at a time.")] = None,
    server: Annotated[str | None, typer.Option("--server", help="The project's server, e.g. http://lab:4200.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What records call it; default: a word that names nobody.")] = None,
    output: Output = None,
    config: Config = None,
    set_: Set = None,
) -> None:
    """Do training runs of a work pool until Ctrl-C.

    The server is --server, else PREFECT_API_URL, else that of this output folder; who may use it: the variable
    PREFECT_SERVER_API_AUTH_STRING or PREFECT_API_AUTH_STRING.
    """
    from researchclaw import hardware, server_of_worker, wiring
    from researchclaw.run_store import check_output

    given = overrides_of(set_, output, None, False)
    if pool is not None:
        given.append(f"experiment.pool={json.dumps(pool)}")
    settings = load_settings(config, None, given)
    check_output(settings.output, settings.min_free_mb)
    slots = server_of_worker.slots_of(gpus, limit, hardware.physical_cores())
    folder = settings.output / ".worker"
    folder.mkdir(parents=True, exist_ok=True)
    isolation = wiring.isolation_of(settings, folder)
    url, secret = server_of_worker.find(server, os.environ, settings.output)
    server_of_worker.prove(url, secret)

    def started(worker: str) -> None:
        print(f"{worker} does {len(slots)} run{'s' if len(slots) > 1 else ''} at once for {url}, {isolation.name}", flush=True)

    with server_of_worker.prefect_for(folder, url, secret):
        from researchclaw.flow import worker as prefect_worker
    from researchclaw.unit_bench import Place, perform

    if name is not None and not name.isprintable():
        raise SettingsError("--name: printable letters only.")
    place = partial(
        perform,
        place=Place(
            url,
            secret,
            folder,
            name or hardware.pseudonym(),
            settings.sandbox.allow_weaker,
            settings.sandbox.memory_mb,
            settings.sandbox.disk_mb,
            settings.sandbox.backend,
            settings.sandbox.image,
        ),
    )
    done = prefect_worker.start(settings.experiment.pool, name, place, slots, started)
    print(f"stopped after {done} run{'' if done == 1 else 's'}")
