"""Where a worker finds its server, and with which right; what Prefect must find in its environment. Imports no Prefect."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from researchclaw.server import AUTH, importing_prefect, running
from researchclaw.unit_store import RemoteStore, StoreSilent
from stages.errors import SettingsError

WORKER = {
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_WORKER_ENABLE_CANCELLATION": "false",
}
PROBE = "0" * 64


def find(given: str | None, variables: Mapping[str, str], output: Path) -> tuple[str, str | None]:
    """The server's URL without '/api', and 'user:password' if it is set.

    Raises:
        SettingsError: there is none, or it is no URL.
    """
    secret = variables.get(AUTH) or variables.get("PREFECT_API_AUTH_STRING")
    url = given or variables.get("PREFECT_API_URL")
    if not url:
        record = running(output)
        if record is None:
            raise SettingsError("no server is named: give --server http://HOST:PORT, set PREFECT_API_URL, or start one here.")
        url = record.url
    url = url.rstrip("/").removesuffix("/api")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise SettingsError(f"--server: give http://HOST:PORT, the password in {AUTH}.")
    return url, secret


def prove(url: str, secret: str | None) -> None:
    """Raises: SettingsError: it gives no answer, refuses, or is no server of a project."""
    store = RemoteStore(url, secret)
    try:
        store.has(PROBE)
    except StoreSilent as exc:
        raise SettingsError(f"{exc} Is it up (`researchclaw server status` there), and can it be reached from here?") from exc
    finally:
        store.close()


def slots_of(gpus: str | None, limit: int | None, cores: int) -> tuple[str | None, ...]:
    """A GPU, or None, for each slot.

    Raises:
        SettingsError: a GPU is no number or UUID, is named twice, or there are fewer than the limit.
    """
    if gpus is None:
        return (None,) * (limit or cores)
    names = tuple(word.strip() for word in gpus.split(","))
    if len(set(names)) < len(names) or not all(name.replace("-", "").replace(".", "").isalnum() for name in names):
        raise SettingsError(f"--gpus: '{gpus}' is no list of different GPUs, e.g. 0,1.")
    if limit is not None and limit > len(names):
        raise SettingsError(f"--limit {limit}: a run needs a GPU of its own, and --gpus names {len(names)}.")
    return names[:limit]


@contextlib.contextmanager
def prefect_for(folder: Path, url: str, secret: str | None) -> Iterator[None]:
    """Within it Prefect is imported for a worker that keeps its files in `folder`."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    with importing_prefect(folder, f"{url}/api", secret):
        os.environ.update(WORKER)
        yield
