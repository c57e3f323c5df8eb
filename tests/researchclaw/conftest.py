"""The toy pipeline and a project with a server, for the tests of the machine that runs stages."""

import functools
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw import server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def toy() -> ModuleType:
    """tests/researchclaw/toy.py as a module."""
    return _module("toy")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def with_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Gives an output folder that Prefect does not know yet an empty database: to make one costs each first server five seconds."""
    made = tmp_path_factory.mktemp("database")

    def give(output: Path) -> None:
        if not (made / "prefect.db").exists():
            kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
            command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            environment = kept | server.HUSH | {"PREFECT_HOME": str(made), "PREFECT_PROFILES_PATH": str(made / "profiles.toml")}
            subprocess.run(command, check=True, capture_output=True, env=environment, cwd=made)
        if not server.home(output).exists():
            server.home(output).mkdir(parents=True)
            for path in made.glob("prefect.db*"):
                shutil.copy(path, server.home(output))

    return give


@pytest.fixture
def start_toy(tmp_path: Path, with_database: Callable[[Path], None]) -> Callable[..., subprocess.Popen[str]]:
    """Starts toy.py as a process of its own, with a home folder that must stay empty."""
    home = tmp_path / "home"
    home.mkdir()

    def start(*arguments: str, path: str = "", new_database: bool = False) -> subprocess.Popen[str]:
        if arguments[2] == "prefect" and not new_database:
            with_database(Path(arguments[0]))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        environment |= {"HOME": str(home), "PYTHONPATH": f"{path}:{ROOT}", "OMP_NUM_THREADS": "1", "PREFECT_API_KEY": "not-ours"}
        return subprocess.Popen(
            [sys.executable, str(HERE / "toy.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        )

    return start


@pytest.fixture(scope="session")
def browser() -> ModuleType:
    """tests/researchclaw/browser.py as a module."""
    return _module("browser")


class Project:
    """An output folder with its own server, and what a person or a stranger may send to it."""

    def __init__(self, output: Path, with_database: Callable[[Path], None]) -> None:
        self.output, self._with_database = output, with_database
        self.url = ""
        self.environment: dict[str, str] = {}

    def command(self, *words: str, code: int = 0) -> str:
        """One `researchclaw` command as a process of its own; what it printed."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))} | self.environment
        done = subprocess.run(
            [sys.executable, "-m", "researchclaw", *words, "--output", str(self.output)],
            capture_output=True, text=True, env=environment, check=False, stdin=subprocess.DEVNULL, cwd=self.output.parent,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *words: str) -> None:
        self._with_database(self.output)
        said = self.command("server", "start", *words)
        self.url = next(word for word in said.split() if word.startswith("http://"))

    def stop(self) -> None:
        self.command("server", "stop")

    def ask(self, method: str, path: str, body: object = None, token: bool = True, **headers: str) -> tuple[int, Any]:
        """Status and JSON of the API's answer; with the UI's token. While SQLite is locked, asks again as the UI does."""
        deadline = time.monotonic() + 30
        while True:
            status, answer = self._asked(method, path, body, token, headers)
            if status != 503 or time.monotonic() > deadline:
                return status, answer
            time.sleep(0.5)

    def _asked(self, method: str, path: str, body: object, token: bool, headers: dict[str, str]) -> tuple[int, Any]:
        if token and method != "GET":
            _, given = self.ask("GET", "/csrf-token?client=test", **headers)
            headers |= {"Prefect-Csrf-Token": given["token"], "Prefect-Csrf-Client": "test"}
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/api{path}", text, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") else data.decode()

    def submit(self, link: str, **form: object) -> Any:
        """Fill in the form of a paused run, as the UI sends it."""
        status, answer = self.ask("POST", f"/flow_runs/{link.rsplit('/', 1)[1]}/resume", {"run_input": form})
        assert status < 300, answer
        return answer


@pytest.fixture(scope="session")
def project_class(with_database: Callable[[Path], None]) -> Callable[[Path], Project]:
    return functools.partial(Project, with_database=with_database)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], None]) -> Iterator[Project]:
    """A project whose server is up; it resumes nothing, because the real program cannot go on with a toy run."""
    it = Project(tmp_path_factory.mktemp("project") / "artifacts", with_database)
    it.start("--set", "server.resumes=false")
    yield it
    it.stop()


@pytest.fixture
def new_project(tmp_path: Path, with_database: Callable[[Path], None]) -> Iterator[Project]:
    """A project without a server; one that the test starts is stopped."""
    it = Project(tmp_path / "artifacts", with_database)
    yield it
    it.stop()
