"""The routes under which the project's server keeps files for workers; see unit_store.py.

HEAD, GET, PUT  /researchclaw/files/<sha256>     the content; what does not hash to its name is refused (400)
GET, PUT        /researchclaw/results/<sha256>   of a unit: the name of the file that holds its result; the first one stays

507: the disk is full; the sender waits and tries again.
"""

from __future__ import annotations

import base64
import binascii
import errno
import hmac
import shutil
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from researchclaw.unit_store import NAME, ROUTE, FolderStore, NotWhatItSays
from researchclaw.units import DATA_MAX

MARK = {"server-part": "researchclaw"}
FREE_AFTER = 500 << 20
"""Bytes of disk that a file from elsewhere must leave free."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class StoreRoutes:
    """In front of Prefect's application; takes what begins with /researchclaw/. secret: 'user:password' that is asked for."""

    def __init__(self, app: ASGIApp, folder: Path, secret: str | None) -> None:
        self._app, self._folder, self._store, self._secret = app, folder, FolderStore(folder), secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROUTE + "/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._answer(request) if self._may(request) else PlainTextResponse("unauthorized\n", 401)
        answer.headers.update(MARK)
        await answer(scope, receive, send)

    def _may(self, request: Request) -> bool:
        if self._secret is None:
            return True
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            return kind == "Basic" and hmac.compare_digest(base64.b64decode(given, validate=True), self._secret.encode())
        except binascii.Error:
            return False

    async def _answer(self, request: Request) -> Response:
        kind, _, name = request.scope["path"].removeprefix(ROUTE + "/").partition("/")
        if not NAME.fullmatch(name) or kind not in ("files", "results"):
            return PlainTextResponse("no such thing\n", 404)
        if request.method in ("GET", "HEAD"):
            return self._file(name) if kind == "files" else self._result(name)
        if request.method == "PUT":
            return await (self._take(name, request) if kind == "files" else self._take_result(name, request))
        return PlainTextResponse("not allowed\n", 405)

    def _file(self, name: str) -> Response:
        path = self._store.find(name)
        return PlainTextResponse("no such file\n", 404) if path is None else FileResponse(path, media_type="application/octet-stream")

    def _result(self, unit: str) -> Response:
        name = self._store.result(unit)
        return PlainTextResponse("no result yet\n", 404) if name is None else PlainTextResponse(name)

    async def _take(self, name: str, request: Request) -> Response:
        if self._store.find(name) is not None:
            return PlainTextResponse("known\n")
        self._folder.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(self._folder).free - FREE_AFTER
        said = request.headers.get("Content-Length", "")
        if room < (int(said) if said.isdecimal() else 1):
            return _full()
        limit = min(DATA_MAX, room)
        incoming = self._store.incoming(name, limit)
        try:
            async for chunk in request.stream():
                await run_in_threadpool(incoming.add, chunk)
            await run_in_threadpool(incoming.keep)
        except NotWhatItSays as exc:
            return PlainTextResponse(f"{exc}\n", 400)
        except ClientDisconnect:
            incoming.drop()
            raise
        except OSError as exc:
            incoming.drop()
            if exc.errno in NO_SPACE:
                return _full()
            raise
        return PlainTextResponse("kept\n", 201)

    async def _take_result(self, unit: str, request: Request) -> Response:
        said = bytearray()
        async for chunk in request.stream():
            said += chunk
            if len(said) > 64:
                return PlainTextResponse("a result is named by 64 hexadecimal digits\n", 413)
        name = said.decode("latin-1")
        if not NAME.fullmatch(name) or self._store.find(name) is None or self._store.find(unit) is None:
            return PlainTextResponse("no such unit or file\n", 400)
        try:
            return PlainTextResponse(await run_in_threadpool(self._store.put_result, unit, name))
        except OSError as exc:
            if exc.errno in NO_SPACE:
                return _full()
            raise


def _full() -> Response:
    """The sender keeps what it has and tries again: a result that took hours is not lost for want of space here."""
    return PlainTextResponse("the disk is full\n", 507)
