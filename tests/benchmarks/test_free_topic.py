"""A topic without a kit over real HTTP: the command line ends with a kit, runs and a paper, or with the refusal that is due."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def free_topic() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("free_topic")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.slow
def test_the_command_line_ends_with_a_kit_real_runs_and_a_paper(free_topic: Any, tmp_path: Path) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: no experiment can be run")
    ended = free_topic.run(tmp_path, {}, ("flow.engine=plain", "export.typesetter=typst"))
    assert free_topic.faults_of_honest(ended, tmp_path) == []
    assert ended.calls > 20
    assert free_topic.faults_of_cheat(ended, free_topic.CHEATS["metric"])[:2] == [
        "exit code 0, not 1",
        "ended at citation_verify, not at code_generation",
    ]


@pytest.mark.slow
def test_a_measure_of_the_model_s_own_is_refused_at_the_first_stage(free_topic: Any, tmp_path: Path) -> None:
    cheat = free_topic.CHEATS["own-measure"]
    ended = free_topic.run(tmp_path, cheat.answers, ("flow.engine=plain",))
    assert free_topic.faults_of_cheat(ended, cheat) == []
    assert free_topic.faults_of_honest(ended, tmp_path)[0].startswith("exit code 1: ")


def test_what_a_cheat_gets_away_with_is_told(free_topic: Any) -> None:
    cheat = free_topic.CHEATS["number"]
    refused = free_topic.Ended(1, "", f"researchclaw: {cheat.says}", 1.0, 40, (), (), None)
    assert free_topic.faults_of_cheat(refused, cheat) == ["ended at none, not at paper_draft"]
    assert "the message is a traceback" in free_topic.faults_of_cheat(replace(refused, errors="Traceback (most recent call"), cheat)


def test_every_cheat_of_the_promise_is_among_those_that_are_tried(free_topic: Any) -> None:
    assert {"metric", "same-program", "same-behaviour", "reference", "number"} <= free_topic.CHEATS.keys()
