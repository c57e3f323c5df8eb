"""The Prefect server behind a run: the project's own while it is up, else a temporary one. Imports no Prefect.

Both keep their files below <output>/.prefect, hear on loopback, and send nothing anywhere. The project's server has the UI,
outlives the runs, and is what `researchclaw server start | stop | status` speak of; server.json says where it is. The
temporary one is a child process that dies with the run however that ends (PR_SET_PDEATHSIG). It is started before Prefect
is imported, so that most of its start-up is hidden behind ours. Measured on two idle cores: import 0.9 s, server 11 s the
first time (its database is made), 5.5 s later, 23 tasks 1.1 s.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from researchclaw.run_store import Holder, holder_of, living, now, read_model, write_model
from researchclaw.settings import ServerSettings
from stages.contracts import Contract
from stages.errors import SettingsError

logger = logging.getLogger(__name__)

TEMPORARY = """
import ctypes, os, runpy, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG: no orphan, even after kill -9 of the parent
if os.getppid() != int(sys.argv[1]):
    sys.exit(0)                              # the parent died before the line above
import prefect
sys.argv = ["uvicorn", "--app-dir", os.path.dirname(os.path.dirname(prefect.__file__)), "--factory",
            "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", sys.argv[2],
            "--log-level", "error", "--lifespan", "on"]
runpy.run_module("uvicorn", run_name="__main__")
"""

HUSH = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "4",  # 30 s in all
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_PLUGINS_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "researchclaw,stages",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
"""Nothing phones home, and the terminal belongs to our own progress display."""

SMALL_SERVER = {
    "PREFECT__SERVER_EPHEMERAL": "1",  # without the services that only deployments need
    "PREFECT_UI_ENABLED": "0",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
}
"""The temporary server shares the cores with the training runs (measured while it waits: 1.1 % of a core)."""

PROJECT_SERVER = {
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "5",  # how soon a worker that is gone is known to be
    "PREFECT_UI_API_URL": "/api",  # the browser asks the host that it got the page from
    "OMP_NUM_THREADS": "1",
}

SERVER_APP = (sys.executable, "-m", "researchclaw.flow.server_app")
AUTH = "PREFECT_SERVER_API_AUTH_STRING"
"""'user:password', from the environment only: it never stands in a file of ours."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
NEEDED = "experiment.executor: workpool needs the project's own server; start it first: researchclaw server start"
STOP_WITHIN_S = 15.0


class ServerRecord(Contract):
    """server.json: the project's server and where it hears."""

    holder: Holder
    host: str
    port: int
    authentication: bool
    database: str = "SQLite"
    started: str

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the UI."""
        return _local_url(self.host, self.port)


def _local_url(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 (a name, not a binding)
    return f"http://{name}:{port}"


@dataclass(frozen=True)
class Reached:
    """A server that a run may use."""

    url: str
    lasting: bool
    """It outlives the run and has a UI, so that a person can answer there."""
    wait: Callable[[], None]
    """Returns when it answers; to be called as late as possible."""
    runner: bool = False
    """It looks after runs whose process is gone, so that a person may retry them in the UI."""


def home(output: Path) -> Path:
    return (output / ".prefect").absolute()


def environment(output: Path, url: str, secret: str | None = None) -> dict[str, str]:
    """What Prefect must find in os.environ before it is imported; settings of the user's own Prefect are left out."""
    # a proxy of the user's shell must not see traffic to our own server; the name in lower case wins where both are set
    direct = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost")))
    return {
        **HUSH,
        "PREFECT_HOME": str(home(output)),
        "PREFECT_PROFILES_PATH": str(home(output) / "profiles.toml"),
        "PREFECT_API_URL": url,
        **({"PREFECT_API_AUTH_STRING": secret} if secret else {}),
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def without_prefect(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith("PREFECT_")}


# ---------------------------------------------------------------- the project's server


def running(output: Path) -> ServerRecord | None:
    """The project's server, if its process lives."""
    path = home(output) / "server.json"
    if not path.exists():
        return None
    record = read_model(path, ServerRecord)
    return record if living(record.holder) else None


def start(output: Path, settings: ServerSettings, startup_timeout_s: float) -> tuple[ServerRecord, bool]:
    """The project's server, and whether it was started now; it goes on when this process ends.

    Raises:
        SettingsError: no authentication beyond loopback, the port is taken, or it gives no answer.
    """
    folder = home(output)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        there = running(output)
        if there is not None:
            return there, False
        secret = os.environ.get(AUTH)
        if settings.host not in LOOPBACK and not secret:
            raise SettingsError(f"server.host: {settings.host} can be reached from elsewhere; set {AUTH}=user:password first.")
        port = settings.port or free_port(settings.host)
        _prove_free(settings.host, port)
        log = folder / "server.log"
        with log.open("ab") as sink, _starting(folder):
            child = subprocess.Popen(
                [*SERVER_APP, settings.host, str(port), str(output.absolute()), "resumes" if settings.resumes else "looks"],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                cwd=folder,
                env=_server_environment(output, settings, port, secret),
            )
            record = ServerRecord(
                holder=holder_of(child.pid),
                host=settings.host,
                port=port,
                authentication=bool(secret),
                database="PostgreSQL" if settings.database_url else "SQLite",
                started=now(),
            )
            write_model(folder / "server.json", record)
            try:
                _wait(child, record.url, startup_timeout_s, log, "see its log")
            except BaseException:
                _end(child.pid, record.holder)
                (folder / "server.json").unlink()
                raise
        return record, True


def _server_environment(output: Path, settings: ServerSettings, port: int, secret: str | None) -> dict[str, str]:
    names = {settings.host, *LOOPBACK[::2]} if settings.host in LOOPBACK else {settings.host}
    root = str(Path(__file__).parents[1])
    return {
        **without_prefect(os.environ),
        **environment(output, f"{_local_url(settings.host, port)}/api", secret),
        **PROJECT_SERVER,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", "")))),
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"http://{name}:{port}" for name in sorted(names)),
        **({AUTH: secret} if secret else {}),
        **({"PREFECT_SERVER_DATABASE_CONNECTION_URL": settings.database_url} if settings.database_url else {}),
    }


def stop(output: Path) -> ServerRecord | None:
    """End the project's server; None when none was up."""
    record = running(output)
    if record is not None:
        _end(record.holder.pid, record.holder)
    (home(output) / "server.json").unlink(missing_ok=True)
    return record


def _end(pid: int, holder: Holder) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_WITHIN_S
    while living(holder) and time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):  # not ours when another process started it
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    if living(holder):
        os.kill(pid, signal.SIGKILL)


def answers(record: ServerRecord) -> bool:
    """Does it answer now?"""
    return _healthy(record.url, 5)


def lasting(output: Path, url: str | None) -> str | None:
    """The server that a study shares with its workers, without '/api'; None: only a temporary one is to be had."""
    if url is not None:
        return url.rstrip("/").removesuffix("/api")
    record = running(output)
    return None if record is None else record.url


@contextlib.contextmanager
def importing_prefect(folder: Path, url: str, secret: str | None) -> Iterator[None]:
    """Within it Prefect may be imported for the first time: with our settings and none of the user's own Prefect."""
    if os.environ.get("PREFECT_API_URL") != url:
        os.environ.update(environment(folder, url, secret))
    home(folder).mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(home(folder)):
        yield


# ---------------------------------------------------------------- the server of a run


@contextlib.contextmanager
def server(output: Path, url: str | None, startup_timeout_s: float) -> Iterator[Reached]:
    """Set the environment for Prefect, and start the temporary server when neither `url` nor the project's server is there.

    Raises:
        SettingsError: the project's server asks for authentication that is not set; from `wait`: no answer.
    """
    secret = os.environ.get(AUTH) or os.environ.get("PREFECT_API_AUTH_STRING")
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"):
        if os.environ.get(name, "").startswith("socks") and importlib.util.find_spec("socksio") is None:
            del os.environ[name]  # Prefect's client could not even be made: httpx cannot speak it without that package
    there = None if url is not None else running(output)
    if there is not None:
        if there.authentication and not secret:
            raise SettingsError(f"the project's server at {there.url} asks for authentication; set {AUTH}=user:password.")
        url = f"{there.url}/api"
    if url is not None:
        os.environ.update(environment(output, url, secret))
        yield Reached(url.removesuffix("/api"), lasting=True, wait=lambda: None, runner=there is not None)
        return
    port = free_port()
    os.environ.update(environment(output, f"http://127.0.0.1:{port}/api"))
    folder = home(output)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as turn:
        turn.enter_context(_starting(folder))
        temporary = Temporary(port, folder)

        def ready() -> None:
            temporary.wait(startup_timeout_s)
            turn.close()
            temporary.keep_up()

        try:
            yield Reached(temporary.url, lasting=False, wait=ready)
        finally:
            temporary.end()


class Temporary:
    """The server of one run: a child process, started again when it dies in the middle of the run (out of memory, a stray kill)."""

    RESTARTS = 3
    LOOK_EVERY_S = 0.5

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port, self._folder = port, folder
        self._ending = threading.Event()
        self._child = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / "server.log").open("ab") as sink:
            return subprocess.Popen(
                [sys.executable, "-c", TEMPORARY, str(os.getpid()), str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # a Ctrl-C at the terminal is ours to handle
                env={**os.environ, **SMALL_SERVER},
                cwd=self._folder,  # Prefect reads .env, prefect.toml and pyproject.toml where it stands: the user's are not for ours
            )

    def wait(self, timeout_s: float) -> None:
        way_out = "see its log, or run without Prefect: --set flow.engine=plain"
        _wait(self._child, self.url, timeout_s, self._folder / "server.log", way_out)

    def keep_up(self) -> None:
        # PR_SET_PDEATHSIG speaks of the thread that started the child: this one lives as long as the run
        threading.Thread(target=self._watch, name="watches the temporary server", daemon=True).start()

    def _watch(self) -> None:
        left = self.RESTARTS
        while not self._ending.wait(self.LOOK_EVERY_S):
            if self._child.poll() is None:
                continue
            if left == 0:
                logger.warning("the temporary Prefect server died too often; the run goes on without it")
                return
            left -= 1
            logger.warning("the temporary Prefect server ended with code %s; it is started again", self._child.returncode)
            self._child = self._start()  # on the same port: Prefect's client tries again meanwhile
        self._end_child()

    def end(self) -> None:
        self._ending.set()
        self._end_child()

    def _end_child(self) -> None:
        child = self._child
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


_left_alone = False


def left_alone() -> None:
    """Remember that the run ended without its server."""
    global _left_alone  # noqa: PLW0603 (asked once, at the very end of the process)
    _left_alone = True


def leave(code: int) -> NoReturn:
    """End the process. Without a server Prefect's threads would go on for minutes to deliver its log, at every exit but this."""
    if _left_alone:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


@contextlib.contextmanager
def _starting(folder: Path) -> Iterator[None]:
    """Two servers that start together must not both make the database."""
    with (folder / "starting.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _prove_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise SettingsError(f"server.port: {host}:{port} cannot be used ({exc.strerror}); choose another, or null.") from exc


def _healthy(url: str, timeout_s: float) -> bool:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout_s)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(url: str) -> bool:
    """Does anything take connections there? Prefect's own client would try again for half a minute before it says no."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), timeout=2).close()
    except OSError:
        return False
    return True


def _wait(child: subprocess.Popen[bytes], url: str, timeout_s: float, log: Path, way_out: str) -> None:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if child.poll() is not None:
            raise SettingsError(f"the Prefect server ended with code {child.returncode} ({log}); {way_out}.")
        if _healthy(url, 2):
            return
        time.sleep(0.05)
    raise SettingsError(f"the Prefect server gave no answer within {timeout_s:.0f} s ({log}); {way_out}.")
