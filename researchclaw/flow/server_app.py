"""Prefect's API and UI as the project's server runs them; started by server.py as a process of its own.

    python -m researchclaw.flow.server_app HOST PORT OUTPUT resumes|looks

In front stands a door against other web pages in the user's browser: they can neither read the API (CORS) nor send it
anything (the Origin header), and a name that is made to point at loopback (DNS rebinding) finds nobody (the Host header).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from researchclaw.flow.store_routes import StoreRoutes

READING = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SameOrigin:
    """Refuses (403) what another origin sends, and on loopback every foreign host name (400)."""

    def __init__(self, app: ASGIApp, *, loopback: bool) -> None:
        self._app, self._loopback = app, loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        origin = headers.get("origin")
        reads = scope["type"] == "http" and scope["method"] in READING
        if self._loopback and host.rpartition(":")[0] not in LOOPBACK:
            await self._refuse(400, "unknown host name", scope, receive, send)
        elif origin is not None and not reads and urlsplit(origin).netloc != host:
            await self._refuse(403, "another origin", scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @staticmethod
    async def _refuse(code: int, why: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        else:
            await PlainTextResponse(f"refused: {why}\n", code)(scope, receive, send)


def serve(host: str, port: int, output: Path, *, resumes: bool) -> None:
    from prefect.server.api.server import create_app

    from researchclaw.flow.runner import Runner

    Runner(output, resumes=resumes).begin()

    store = StoreRoutes(create_app(), Path(os.environ["PREFECT_HOME"]) / "store", os.environ.get("PREFECT_SERVER_API_AUTH_STRING"))
    app = SameOrigin(store, loopback=host in ("127.0.0.1", "::1", "localhost"))
    uvicorn.run(app, host=host, port=port, log_level="error", lifespan="on", timeout_graceful_shutdown=3)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), resumes=sys.argv[4] == "resumes")
