"""Nothing that was answered is asked again: not in the same process, not in the next, not after kill -9."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.models.canned import CannedModel
from researchclaw.adapters.models.model import HttpModel
from researchclaw.journal import Journal
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import MalformedAnswer, ModelRefused, ModelUnavailable, SettingsError

Mind = Callable[..., HttpModel]

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from researchclaw.adapters.journalled import JournalledModel
from researchclaw.adapters.models.choice import http_model
from researchclaw.adapters.models.memory import Memory
from researchclaw.journal import Journal
from researchclaw.settings import LlmSettings
from stages.a_scoping.topic_init import TopicQuestion, TopicReading

url, folder, question = sys.argv[1:]
asked = TopicQuestion.model_validate_json(Path(question).read_text())
with Journal(Path(folder) / "journal.jsonl") as journal:
    llm = LlmSettings(provider="openai", model="m", base_url=url, concurrency=2, deadline_sec=60)
    model = JournalledModel(http_model(llm, "0123456789abcdef", Memory(journal)), journal)
    def ask(n):
        return model.ask(asked.model_copy(update={"topic": f"topic {n}?"}), TopicReading)
    for n in range(3):
        ask(n)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(3, 7)))
"""


def test_the_next_process_asks_nothing_that_was_answered(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, truth: TopicReading
) -> None:
    server.script = [scripted.cut_short, scripted.says('{"kit": 7}')]
    assert mind().ask(question, TopicReading) == truth
    assert len(server.seen) == 3  # cut, wrong form, repaired
    assert mind().ask(question, TopicReading) == truth
    assert len(server.seen) == 3


def test_what_was_given_up_is_put_anew(
    mind: Mind, server: Any, scripted: ModuleType, question: TopicQuestion, truth: TopicReading
) -> None:
    server.script = [scripted.refusal, scripted.says("no"), scripted.says("no")]
    with pytest.raises(ModelRefused):
        mind().ask(question, TopicReading)
    with pytest.raises(MalformedAnswer):
        mind(repair_rounds=1).ask(question, TopicReading)
    assert mind().ask(question, TopicReading) == truth
    assert len(server.seen) == 4


def test_an_answer_that_its_question_does_not_accept_is_sent_back(
    mind: Mind, server: Any, truth: TopicReading, question: TopicQuestion
) -> None:
    class Strict(TopicQuestion):
        def check(self, answer: Any) -> None:
            if len(server.seen) < 2:
                raise MalformedAnswer("The second answer is the right one.")

    assert mind().ask(Strict(**dict(question)), TopicReading) == truth
    assert "The second answer is the right one." in server.seen[1]["messages"][2]["content"]


@pytest.mark.parametrize("call", [2, 5])
def test_after_kill_9_no_answered_question_is_seen_twice(
    call: int, server: Any, scripted: ModuleType, question: TopicQuestion, tmp_path: Path
) -> None:
    """The process is killed while call number `call` is waiting for its answer; the one that resumes it repeats no other."""
    reached: list[str] = []
    answered: list[str] = []

    def act(line: Any) -> None:
        topic = str(line.body)
        if len(answered) + 1 >= call and not reached:
            reached.append(topic)
            time.sleep(0.6)
            return
        if reached and process.poll() is None:
            return
        scripted.well(line)
        answered.append(topic)

    server.forever = act
    file = tmp_path / "question.json"
    file.write_text(question.model_dump_json())
    command = [sys.executable, "-c", PROGRAM, server.url, str(tmp_path), str(file)]
    process = subprocess.Popen(command)
    while not reached:
        time.sleep(0.005)
    time.sleep(0.1)  # what was answered before is written down
    process.kill()
    process.wait()
    before = list(answered)
    subprocess.run(command, check=True, timeout=60)
    assert len(answered) == 7
    assert len(set(answered)) == 7, "a question was answered twice"
    assert answered[: len(before)] == before


def test_recorded_answers_answer_without_a_model(mind: Mind, question: TopicQuestion, truth: TopicReading, journal: Journal) -> None:
    from researchclaw.adapters.journalled import JournalledModel

    model = mind()
    JournalledModel(model, journal).ask(question, TopicReading)
    canned = CannedModel(journal.path)
    assert canned.name == model.name
    assert canned.ask(question, TopicReading) == truth
    with pytest.raises(ModelUnavailable, match="hold none"):
        canned.ask(question.model_copy(update={"topic": "another?"}), TopicReading)


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no run folder"):
        CannedModel(tmp_path)


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_a_silent_model(server: Any, scripted: ModuleType, tmp_path: Path) -> None:
    """The whole command: it says what a study may take, asks, is interrupted, and can be resumed."""

    def silent(line: Any) -> None:
        time.sleep(20)

    server.forever = silent
    settings = {"llm.provider": "openai", "llm.model": "m", "llm.base_url": server.url, "flow.engine": "plain", "min_free_mb": 1}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command = [
        sys.executable,
        "-m",
        "researchclaw",
        "run",
        "--topic",
        "Does warm-up matter?",
        "--output",
        str(tmp_path / "runs"),
        *words,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not server.seen and process.poll() is None:
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=15)
    assert time.monotonic() - began < 8
    assert process.returncode == 130, error
    assert "tokens in" in said
    assert "researchclaw resume" in error
