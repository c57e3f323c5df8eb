"""Guests for the tests: small scripts in the real sandbox."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.job import Isolation, Job
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.isolation.supervisor import Outcome

RunScript = Callable[..., Outcome]


@pytest.fixture(scope="session")
def sandbox_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def bubblewrap(sandbox_state: Path) -> Bubblewrap:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")
    return Bubblewrap(sandbox_state)


@pytest.fixture
def plain() -> PlainProcess:
    return PlainProcess()


def run_script(isolation: Isolation, code: str, *, limits: Limits | None = None, sealed: bool = False) -> Outcome:
    job = Job(
        argv=lambda inside: [inside.python, "-I", "-B", f"{inside.inputs}/script.py"],
        inputs={"script.py": code.encode()},
        limits=limits or Limits(wall_s=60, memory_mb=512, scratch_mb=32, tmp_mb=16, shm_mb=16, nice=0),
        sealed=sealed,
    )
    with isolation.start(job) as guest:
        outcome, _ = guest.run()
    return outcome


@pytest.fixture
def sandboxed(bubblewrap: Bubblewrap) -> RunScript:
    """Run Python source in bubblewrap."""
    return functools.partial(run_script, bubblewrap)


@pytest.fixture
def unisolated(plain: PlainProcess) -> RunScript:
    """Run Python source as a plain process."""
    return functools.partial(run_script, plain)


@pytest.fixture
def alive() -> Callable[[str], list[int]]:
    """Processes of this machine whose command line holds a token."""

    def find(token: str) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    if token.encode() in (folder / "cmdline").read_bytes():
                        found.append(int(folder.name))
                except (FileNotFoundError, ProcessLookupError):
                    continue
        return found

    return find
