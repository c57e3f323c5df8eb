"""Lessons are what the record holds, and the commands are those that were recorded."""

import runpy
import shlex
from pathlib import Path
from types import SimpleNamespace

from researchclaw.settings import keys
from stages.contracts import Archive, Attempt, Brief, ExperimentPlan, Goal, RefinedRecords
from stages.h_finalization import knowledge_archive
from stages.h_finalization.knowledge_archive import study_command

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))


def archived(tmp_path: Path, **changes: object) -> Archive:
    outputs = small.record()
    outputs[RefinedRecords] = outputs[RefinedRecords].model_copy(update=changes)
    return knowledge_archive.run(small.inputs_of(knowledge_archive.Inputs, outputs), small.context(tmp_path))


def test_each_hypothesis_leaves_a_lesson_with_its_size(tmp_path: Path) -> None:
    constant, linear = archived(tmp_path).lessons
    assert constant.outcome == "supported: The interval says so."
    assert "bpb over 5 seeds, worse" in constant.insight
    assert "would have been found here" in linear.insight
    assert "tiny_lm, 20 s per run, 5 seeds" in linear.context


def test_attempts_and_failures_leave_lessons_too(tmp_path: Path) -> None:
    attempts = (
        Attempt(number=1, change="LEARNING_RATE 0.002 -> 0.003", settings={}, seed=9, value=2.2, gain=-0.01, verdict="discard"),
        Attempt(number=2, change="WIDTH 96 -> 960", settings={}, seed=9, value=None, gain=None, verdict="timeout"),
        Attempt(number=3, change="another name", settings={}, seed=9, value=None, gain=None, verdict="same"),
    )
    runs = small.record()[RefinedRecords].runs
    crashed = runs[0].model_copy(update={"verdict": "crash", "reason": "exit code 1", "measurement": None})
    found = archived(tmp_path, attempts=attempts, incumbent="cosine", runs=(crashed, *runs[1:]))
    outcomes = [lesson.outcome for lesson in found.lessons]
    assert "discard: gain -0.0100 on seed 9" in outcomes
    assert "timeout: no score" in outcomes
    assert "crash: exit code 1" in outcomes
    (idle,) = [lesson for lesson in found.lessons if lesson.outcome == "same: no score"]
    assert idle.insight == "It changes no prediction of what stood, so it was not measured."
    assert len(found.reproduction) == 1 + len(runs) - 1


def test_the_study_command_uses_keys_that_exist() -> None:
    outputs = small.record()
    words = shlex.split(study_command(outputs[Brief], outputs[Goal], outputs[ExperimentPlan]))
    assert words[:4] == ["researchclaw", "run", "--topic", "Does the learning-rate schedule matter?"]
    known = {key.name for key in keys()}
    assert {words[i + 1].partition("=")[0] for i, word in enumerate(words) if word == "--set"} <= known
