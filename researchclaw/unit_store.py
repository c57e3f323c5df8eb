"""Content-addressed files between the study and its workers: units, data, results, weights.

They lie in a folder of the project's server (not in its database) and travel over its own HTTP routes, behind the same
authentication as everything else there. Each file is named by its SHA-256, checked by whoever takes it in. A result is
found by the name of its unit: a small file that holds the result's hash; the first one stays.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx

from researchclaw.units import DATA_MAX, UNIT_MAX
from stages.errors import ResearchError, SettingsError, TryAgain

ROUTE = "/researchclaw"
NAME = re.compile(r"[0-9a-f]{64}")
CHUNK = 1 << 20

Got = TypeVar("Got")


class StoreSilent(TryAgain):
    """The server gave no answer."""


class NotWhatItSays(ResearchError):
    """A file whose content is not the one that its name promises, or that is too large."""


class Incoming:
    """A file that is being taken in; it stands under its name only when its hash is right."""

    def __init__(self, folder: Path, name: str, limit: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._final, self._limit, self._size = folder / name, limit, 0
        self._part = folder / f".{name[:12]}-{secrets.token_hex(6)}"
        self._hash = hashlib.sha256()
        self._file = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "wb")

    def add(self, data: bytes) -> None:
        """Raises: NotWhatItSays: longer than allowed."""
        self._size += len(data)
        if self._size > self._limit:
            self.drop()
            raise NotWhatItSays(f"{self._final.name[:12]} has more than {self._limit} bytes")
        self._hash.update(data)
        self._file.write(data)

    def keep(self) -> Path:
        """Raises: NotWhatItSays: the content has another hash."""
        if self._hash.hexdigest() != self._final.name:
            self.drop()
            raise NotWhatItSays(f"{self._final.name[:12]} arrived as {self._hash.hexdigest()[:12]}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._final)
        return self._final

    def drop(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written for want of space cannot be closed either
            self._file.close()
        self._part.unlink(missing_ok=True)


class FolderStore:
    """The files themselves."""

    def __init__(self, folder: Path) -> None:
        self._files, self._results = folder / "files", folder / "results"

    def incoming(self, name: str, limit: int = DATA_MAX) -> Incoming:
        return Incoming(self._files, name, limit)

    def find(self, name: str) -> Path | None:
        path = self._files / name
        return path if path.is_file() else None

    def result(self, unit: str) -> str | None:
        """Name of the file that holds the unit's result."""
        path = self._results / unit
        return path.read_text() if path.is_file() else None

    def put_result(self, unit: str, name: str) -> str:
        """The result that stands from now on: the first one."""
        self._results.mkdir(parents=True, exist_ok=True)
        part = self._results / f".{unit[:12]}-{secrets.token_hex(6)}"
        try:
            with part.open("w") as file:
                file.write(name)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(part, self._results / unit)  # whole or not at all, and never over another
        finally:
            part.unlink(missing_ok=True)
        return (self._results / unit).read_text()


class RemoteStore:
    """The same over HTTP. A silent server is waited for, `patience_s` seconds at most."""

    def __init__(
        self, server_url: str, secret: str | None, *, patience_s: float = 0, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()} if secret else {}
        self._client = httpx.Client(base_url=server_url + ROUTE, headers=headers, timeout=60)
        self._url, self._patience_s = server_url, patience_s

    def close(self) -> None:
        self._client.close()

    def has(self, name: str) -> bool:
        return self._patiently(lambda: self._asked("HEAD", f"/files/{name}").status_code == 200)

    def put(self, name: str, content: bytes | Path) -> None:
        """Send a file unless it is there."""
        if not self.has(name):
            self._patiently(lambda: self._asked("PUT", f"/files/{name}", content))

    def get(self, name: str, limit: int = UNIT_MAX) -> bytes:
        """Raises: NotWhatItSays: not there, too large, or another content than the name promises."""
        return self._patiently(lambda: self._bytes(name, limit))

    def fetch(self, name: str, folder: Path) -> Path:
        """The file in `folder`, fetched once.

        Raises:
            NotWhatItSays: as for `get`; also when a file that was fetched earlier has changed on this disk.
        """
        path = folder / name
        if not path.is_file():
            self._patiently(lambda: self._into(Incoming(folder, name, DATA_MAX), name))
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != name:
                path.unlink()
                raise NotWhatItSays(f"{path} has changed on this disk; it was deleted and is fetched again next time")
        return path

    def result(self, unit: str) -> str | None:
        def ask() -> str | None:
            answer = self._asked("GET", f"/results/{unit}")
            if answer.status_code == 404:
                return None
            if not NAME.fullmatch(answer.text):
                raise NotWhatItSays(f"the server named no file as the result of {unit[:12]}")
            return answer.text

        return self._patiently(ask)

    def put_result(self, unit: str, name: str) -> None:
        self._patiently(lambda: self._asked("PUT", f"/results/{unit}", name.encode()))

    # ------------------------------------------------------------ inside

    def _bytes(self, name: str, limit: int) -> bytes:
        content = bytearray()
        with self._streamed(name) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) > limit:
                    raise NotWhatItSays(f"{name[:12]} has more than {limit} bytes")
        if hashlib.sha256(content).hexdigest() != name:
            raise NotWhatItSays(f"{name[:12]} arrived as {hashlib.sha256(content).hexdigest()[:12]}")
        return bytes(content)

    def _into(self, incoming: Incoming, name: str) -> None:
        try:
            with self._streamed(name) as chunks:
                for chunk in chunks:
                    incoming.add(chunk)
            incoming.keep()
        except BaseException:
            incoming.drop()
            raise

    @contextlib.contextmanager
    def _streamed(self, name: str) -> Iterator[Iterator[bytes]]:
        with self._client.stream("GET", f"/files/{name}") as answer:
            self._sound(answer)
            if answer.status_code == 404:
                raise NotWhatItSays(f"{self._url} has no file {name[:12]}")
            yield answer.iter_raw(CHUNK)

    def _asked(self, method: str, path: str, content: bytes | Path | None = None) -> httpx.Response:
        if isinstance(content, Path):
            with content.open("rb") as file:
                length = {"Content-Length": str(content.stat().st_size)}
                return self._sound(self._client.request(method, path, content=file, headers=length))
        return self._sound(self._client.request(method, path, content=content))

    def _sound(self, answer: httpx.Response) -> httpx.Response:
        """Raises: SettingsError: refused. NotWhatItSays: not taken in. StoreSilent: the server is in trouble."""
        code = answer.status_code
        if code in (401, 403):
            raise SettingsError(f"{self._url} refuses ({code}); set PREFECT_SERVER_API_AUTH_STRING as it was set for the server.")
        if code in (400, 413, 422):
            answer.read()
            raise NotWhatItSays(f"{self._url} did not take it: {answer.text.strip()[:200]}")
        if code == 404 and "researchclaw" not in answer.headers.get("server-part", ""):
            raise SettingsError(f"{self._url} is no server of a researchclaw project; give that of `researchclaw server start`.")
        if code == 507:
            raise StoreSilent(f"the disk of the server at {self._url} is full; free some space there")
        if code >= 500:
            raise StoreSilent(f"{self._url} answers {code}")
        return answer

    def _patiently(self, ask: Callable[[], Got]) -> Got:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return ask()
            except (httpx.TransportError, StoreSilent) as exc:
                if time.monotonic() >= until:
                    raise StoreSilent(f"{self._url} gave no answer within {self._patience_s:.0f} s ({exc}).") from exc
                time.sleep(min(2.0, max(0.05, until - time.monotonic())))
