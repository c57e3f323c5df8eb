"""`server start | stop | status`: the project's own Prefect server."""

from __future__ import annotations

import json

import typer

from researchclaw.cli.given import load_settings, overrides_of
from researchclaw.cli.options import AsJson, Config, Output, Set
from researchclaw.cli.program import app

server_app = typer.Typer(help="The project's own Prefect server, with the UI where gates can be answered.", rich_markup_mode=None)
app.add_typer(server_app, name="server")


@server_app.command("start")
def server_start(output: Output = None, config: Config = None, set_: Set = None) -> None:
    """Start the server of this output folder; runs use it from now on, until `server stop`."""
    from researchclaw import server
    from researchclaw.run_store import check_output

    settings = load_settings(config, None, overrides_of(set_, output, None, False))
    check_output(settings.output, settings.min_free_mb)
    record, new = server.start(settings.output, settings.server, settings.flow.startup_timeout_sec)
    print(f"{'started' if new else 'is up already'}: {record.url} (process {record.holder.pid}, {record.database})")


@server_app.command("stop")
def server_stop(output: Output = None, config: Config = None) -> None:
    """Stop the server of this output folder; no result is lost."""
    from researchclaw import server

    record = server.stop(load_settings(config, None, overrides_of(None, output, None, False)).output)
    print("there is none" if record is None else f"stopped: {record.url}")


@server_app.command("status")
def server_status(output: Output = None, config: Config = None, as_json: AsJson = False) -> None:
    """Where the server of this output folder hears; exit code 1 when there is none or it does not answer."""

    from researchclaw import server

    record = server.running(load_settings(config, None, overrides_of(None, output, None, False)).output)
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
