"""What the host knows of a guest's processes."""

import os
import subprocess
import sys
import time

import pytest

from researchclaw.adapters.isolation import process_tree


def test_grandchildren_are_found_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo ready; wait"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        listed = process_tree.descendants(shell.pid)
        monkeypatch.setattr(process_tree, "_kernel_lists_children", lambda: False)
        assert sorted(process_tree.descendants(shell.pid)) == sorted(listed)
        assert len(listed) == 2
        for pid in listed:
            os.kill(pid, 9)


def test_time_of_ended_children_stays_counted() -> None:
    code = """
import os, time
if os.fork() == 0:
    end = time.process_time() + 0.4
    while time.process_time() < end: pass
    os._exit(0)
os.wait(); input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        meter = process_tree.CpuMeter(process.pid)
        deadline = time.monotonic() + 30
        readings = [meter.read_s()]
        while len(process_tree.descendants(process.pid)) == 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        while len(process_tree.descendants(process.pid)) > 1 and time.monotonic() < deadline:
            readings.append(meter.read_s())
            time.sleep(0.01)
        readings.append(meter.read_s())
        process.kill()
    assert readings == sorted(readings)
    assert readings[-1] > 0.25


def test_a_process_that_has_gone_has_no_clock() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert process_tree.cpu_ns(process.pid) is None
    assert process_tree.resident_bytes([process.pid]) == 0
