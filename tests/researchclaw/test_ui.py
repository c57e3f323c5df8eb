"""Gates in a real browser, with the real pipeline up to stage 10. RESEARCHCLAW_SCREENSHOTS=docs/images writes the pictures.

Gate 20 comes after the training; its form is filled in on a toy run that asks its question.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.run_store import RunStore, runs
from stages.contracts import ExperimentPlan, GateAnswer, Shortlist
from stages.pipeline import PIPELINE

ROOT = Path(__file__).parents[2]
TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"
DIALOG = "//*[@role='dialog']"
SHOTS = os.environ.get("RESEARCHCLAW_SCREENSHOTS")

pytestmark = pytest.mark.slow


@pytest.fixture
def page(browser: ModuleType, tmp_path: Path) -> Iterator[Any]:
    why = browser.missing()
    if why is not None:
        pytest.skip(why)
    with browser.Browser(tmp_path / "profile") as it:
        yield it


def field(label: str) -> str:
    """The form's field of that name."""
    return (
        f"{DIALOG}//*[contains(concat(' ', @class, ' '), ' schema-form-property ')]"
        f"[.//label[starts-with(normalize-space(.), '{label}')]]"
    )


def picture(page: Any, name: str) -> None:
    if SHOTS is not None:
        page.screenshot(ROOT / SHOTS / f"{name}.png")


def next_gate(process: subprocess.Popen[str]) -> str:
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"gate \d+ waits: (http://\S+)", line):
            return found[1]
    raise AssertionError("".join(said))


def answer_of(store: RunStore, number: int) -> GateAnswer:
    gate = store.gate(number)
    assert gate is not None
    assert gate.answer is not None
    return gate.answer


def output_of(store: RunStore, number: int) -> Any:
    found = store.output(PIPELINE[number - 1])
    assert found is not None
    return found.output


@pytest.fixture(scope="module")
def helpful(tmp_path_factory: pytest.TempPathFactory, project_class: Any) -> Iterator[Any]:
    """A project whose server goes on with runs that are retried in the UI."""
    it = project_class(tmp_path_factory.mktemp("helpful") / "artifacts")
    it.start()
    yield it
    it.stop()


@pytest.fixture
def start_run(helpful: Any) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a run of the real pipeline; whatever works on it at the end is killed."""
    begun: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | {"PYTHONPATH": str(ROOT)}
        command = ["run", "--topic", TOPIC, "--preset", "quick", "--output", str(helpful.output)]
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "researchclaw", *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
        )
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()
    for folder in runs(helpful.output):
        holder = RunStore(folder).holder()
        if holder is not None:
            os.kill(holder.pid, signal.SIGKILL)


def open_form(page: Any, link: str, question: str) -> None:
    page.open(link)
    page.click("//button[contains(., 'Resume')]")
    page.wait_for(f"{DIALOG}//*[contains(., '{question}')]")


def submit(page: Any) -> None:
    page.click(f"{DIALOG}//button[contains(., 'Submit')]")


def test_a_person_drops_a_work_sends_the_design_back_and_retries_a_killed_run(helpful: Any, page: Any, start_run: Any) -> None:
    process = start_run()
    link = next_gate(process)
    store = RunStore(runs(helpful.output)[-1])
    page.open(link)
    page.wait_for(f"//*[contains(., '{store.run_id}')]")
    page.wait_for("//*[contains(., 'literature_screen ended after')]")  # the log of the stages
    picture(page, "run-paused")
    page.click("//button[contains(., 'Resume')]")
    page.wait_for(f"{DIALOG}//h2[contains(., 'May these works be cited?')]")
    page.choose(f"{field('Decision')}//select", "edit")
    page.choose(f"{field('Drop')}//select", "smith2018dont")
    page.type(f"{field('Comment')}//textarea", "treats the batch size")
    page.type(f"{field('Your name')}//textarea", "Ada")
    picture(page, "gate-05-works")
    submit(page)

    assert next_gate(process) == link  # gate 9 of the same flow run
    answer = answer_of(store, 5)
    assert (answer.decision, answer.by, answer.via, answer.comment) == ("edit", "Ada", "prefect ui", "treats the batch size")
    works = Shortlist.model_validate(output_of(store, 5))
    assert "smith2018dont" not in {work.key for work in works.works}
    before = ExperimentPlan.model_validate(output_of(store, 9))

    open_form(page, link, "May these experiments be run?")
    page.choose(f"{field('Decision')}//select", "reject")
    page.type(f"{field('Comment')}//textarea", "use 4 seeds; drop linear decay")
    picture(page, "gate-09-plan")
    submit(page)

    assert next_gate(process) == link
    after = ExperimentPlan.model_validate(output_of(store, 9))
    assert len(before.seeds) != 4
    assert len(after.seeds) == 4
    assert {c.id for c in before.conditions} - {c.id for c in after.conditions} == {"linear"}
    assert after.registration_sha256 != before.registration_sha256

    open_form(page, link, "x 4 seeds")
    page.choose(f"{field('Decision')}//select", "approve")
    submit(page)
    assert process.stdout is not None
    assert any(line.startswith("[10/23]") for line in process.stdout)
    process.kill()

    page.open(link)
    page.wait_for("//*[normalize-space(.) = 'Crashed' and not(*)]")  # nobody told the server but the runner in it
    page.click("//*[normalize-space(.) = 'Artifacts' and not(*)]")
    page.wait_for("//*[contains(., 'gate-09-question')]")
    picture(page, "artifacts")
    picture(page, "menu0")
    page.click("//button[contains(., 'Retry')]")
    picture(page, "retry")
    page.click(f"{DIALOG}//button[contains(., 'Retry')]")
    page.wait_for("//*[normalize-space(.) = 'Running' and not(*)]")
    holder = store.holder()
    assert holder is not None
    assert holder.pid != process.pid
    events = [json.loads(line)["type"] for line in store.journal_path.read_text().splitlines()]
    assert events.count("RunStarted") == 2


def test_the_paper_is_returned_with_required_changes_and_accepted_at_the_last_gate(
    project: Any, page: Any, start_toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_WAITS", "1")
    monkeypatch.setenv("TOY_NEW", "1")
    monkeypatch.setenv("TOY_PAPER", "1")
    process = start_toy(str(project.output), "toys", "prefect")
    link = next_gate(process)
    open_form(page, link, "May the paper be exported?")
    page.choose(f"{field('Decision')}//select", "return")
    page.type(f"{field('Comment')}//textarea", "say that toys differ")
    picture(page, "gate-20-paper")
    submit(page)
    assert next_gate(process) == link
    store = RunStore(runs(project.output)[-1])
    open_form(page, link, "say that toys differ")
    page.choose(f"{field('Decision')}//select", "accept")
    submit(page)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert answer_of(store, 2).decision == "approve"
    page.open(link)
    page.wait_for("//*[normalize-space(.) = 'Completed' and not(*)]")
