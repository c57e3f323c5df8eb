"""`server start | stop | status`: the project's own Prefect server."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from researchclaw.cli.given import load_settings, overrides_of
from researchclaw.cli.options import AsJson, Config, Output, Set
from researchclaw.cli.program import app
from stages.errors import SettingsError

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


@server_app.command("notify")
def server_notify(
    url: Annotated[str, typer.Argument(metavar="URL", help='Gets a POST of {"text": …}: Slack, Mattermost, or your own.')],
    output: Output = None,
    config: Config = None,
) -> None:
    """Let the server call a webhook when a run waits at a gate, fails or ends; replaces the one before."""
    import os
    from urllib.parse import urlsplit

    from researchclaw import server

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise SettingsError("server notify: give the URL of a webhook, e.g. https://chat.example/hooks/abc.")
    settings = load_settings(config, None, overrides_of(None, output, None, False))
    reached = server.lasting(settings.output, settings.flow.server_url)
    if reached is None:
        raise SettingsError("there is no server; start it first: researchclaw server start")
    secret = os.environ.get(server.AUTH) or os.environ.get("PREFECT_API_AUTH_STRING")
    with server.importing_prefect(settings.output, f"{reached}/api", secret):
        from researchclaw.flow.notifications import send_to
    name = send_to(url)
    print(f"{reached} calls {urlsplit(url).hostname} from now on; pause or delete it in the UI: Automations, {name}")
