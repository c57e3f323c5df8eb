"""A slot is a process with one GPU or none, and ends with its worker."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from researchclaw.server_of_worker import find, prove, slots_of
from researchclaw.slots import Slot, SlotDied, result_of
from stages.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_slot_sees_its_own_gpu_and_a_killed_one_is_replaced() -> None:
    slot = Slot("1", os.getenv)  # type: ignore[arg-type]
    try:
        assert result_of(slot.submit("CUDA_VISIBLE_DEVICES")) == "1"
        waiting = Slot(None, time.sleep)  # type: ignore[arg-type]
        future = waiting.submit(60)  # type: ignore[arg-type]
        while waiting.pid is None:
            time.sleep(0.01)
        waiting.kill()
        with pytest.raises(SlotDied):
            result_of(future)
    finally:
        slot.kill()


@pytest.mark.slow
def test_a_unit_whose_process_is_only_starting_can_be_killed_and_a_process_that_died_idle_is_replaced() -> None:
    slot = Slot(None, time.sleep)  # type: ignore[arg-type]
    try:
        waiting = slot.submit(60)  # type: ignore[arg-type]
        slot.kill()
        with pytest.raises((SlotDied, CancelledError)):
            result_of(waiting)
        assert result_of(slot.submit(0)) is None  # type: ignore[arg-type]
        assert slot.pid is not None
        os.kill(slot.pid, signal.SIGKILL)
        while any(child.pid == slot.pid for child in multiprocessing.active_children()):
            time.sleep(0.01)
        time.sleep(0.1)  # until its executor has noticed too
        assert result_of(slot.submit(0)) is None  # type: ignore[arg-type]
    finally:
        slot.kill()


@pytest.mark.slow
def test_kill_9_of_a_worker_ends_its_slots(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import time\nfrom researchclaw.slots import Slot\n"
        "if __name__ == '__main__':\n    slot = Slot(None, time.sleep)\n    slot.submit(60)\n"
        "    while slot.pid is None:\n        time.sleep(0.01)\n    print(slot.pid, flush=True)\n    time.sleep(60)\n"
    )
    worker = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)})
    assert worker.stdout is not None
    pid = int(worker.stdout.readline())
    worker.kill()
    worker.communicate()
    until = time.monotonic() + 10
    while _lives(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_slots_are_gpus_or_cores() -> None:
    assert slots_of(None, None, 2) == (None, None)
    assert slots_of(None, 3, 2) == (None, None, None)
    assert slots_of("0,1", None, 2) == ("0", "1")
    assert slots_of("0,1", 1, 2) == ("0",)


@pytest.mark.parametrize(("gpus", "limit"), [("0,0", None), ("", None), ("0;rm", None), ("0", 2)])
def test_gpus_that_make_no_sense_are_named(gpus: str, limit: int | None) -> None:
    with pytest.raises(SettingsError, match=r"--gpus|--limit"):
        slots_of(gpus, limit, 2)


def test_the_server_is_the_given_one_else_the_variable_else_the_projects(tmp_path: Path) -> None:
    variables = {"PREFECT_API_URL": "http://lab:4200/api", "PREFECT_API_AUTH_STRING": "ada:x"}
    assert find("http://127.0.0.1:1", variables, tmp_path) == ("http://127.0.0.1:1", "ada:x")
    assert find(None, variables, tmp_path) == ("http://lab:4200", "ada:x")
    with pytest.raises(SettingsError, match="--server"):
        find(None, {}, tmp_path)


@pytest.mark.parametrize("url", ["lab:4200", "ftp://lab", "http://ada:secret@lab:4200"])
def test_a_url_that_is_none_or_holds_a_password_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--server: give http"):
        find(url, {}, tmp_path)


def test_a_server_that_is_not_there_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"gave no answer.*server status"):
        prove("http://127.0.0.1:9", None)
