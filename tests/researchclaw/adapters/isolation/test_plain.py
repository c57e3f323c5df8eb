"""Weaker isolation says what it is, bounds what it can, and leaves nothing behind."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw.adapters.isolation.choice import choose_isolation, refuse_unless_blocked
from researchclaw.adapters.isolation.limits import Limits
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.isolation.self_test import PROCESSES, Attempt, self_test
from researchclaw.adapters.isolation.supervisor import Outcome
from stages.errors import SandboxUnavailable

RunScript = Callable[..., Outcome]
Alive = Callable[[str], list[int]]


def said(outcome: Outcome) -> str:
    return outcome.stdout.decode().strip()


def test_weaker_isolation_must_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="allow_weaker"):
        choose_isolation(tmp_path)
    assert choose_isolation(tmp_path, allow_weaker=True).name == "process only"


def test_the_self_test_sees_the_open_doors(plain: PlainProcess) -> None:
    open_doors = {attempt.name for attempt in self_test(plain) if not attempt.blocked}
    assert {"read a file of the host", "connect to the host's loopback", "leave a file outside"} <= open_doors


def test_an_open_door_is_a_refusal(plain: PlainProcess) -> None:
    with pytest.raises(SandboxUnavailable, match="did not stop the attempt to fly"):
        refuse_unless_blocked(plain, (Attempt("fly", blocked=False, detail="wings"),))
    with pytest.raises(SandboxUnavailable, match="ignores them where they are of version 1"):
        refuse_unless_blocked(plain, (Attempt(PROCESSES, blocked=False, detail="32"),))


def test_our_environment_stays_ours(unisolated: RunScript, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    assert "API_KEY" not in said(unisolated("import os; print(dict(os.environ))"))


def test_daemons_die_with_the_guest(unisolated: RunScript, alive: Alive) -> None:
    token = secrets.token_hex(8)
    outcome = unisolated(
        f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{token}'])
    os._exit(0)
os.wait(); time.sleep(0.3); sys.exit(5)
""",
    )
    assert outcome.exit_code == 5
    assert alive(token) == []


def test_the_wall_limit_holds(unisolated: RunScript, alive: Alive) -> None:
    token = secrets.token_hex(8)
    code = f"import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{token}'])"
    outcome = unisolated(code, limits=Limits(wall_s=0.5, nice=0))
    assert outcome.excess == "wall time"
    assert alive(token) == []


def test_the_scratch_folder_is_bounded(unisolated: RunScript) -> None:
    code = "import time\nfor i in range(9): open(f'x{i}', 'wb').write(bytes(2 << 20))\ntime.sleep(60)"
    assert unisolated(code, limits=Limits(scratch_mb=8, nice=0)).excess == "disk"
