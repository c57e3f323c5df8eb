"""Gates in a real browser, with the real pipeline up to stage 9. RESEARCHCLAW_SCREENSHOTS=docs/images writes the pictures.

Gate 20 comes after the training; its form is tested without a browser in test_gate_forms.py.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
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


def test_a_person_drops_a_work_at_gate_5_and_sends_the_design_back_at_gate_9(project: Any, page: Any) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "researchclaw", "run", "--topic", TOPIC, "--preset", "quick", "--to-stage", "9",
         "--output", str(project.output)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=environment,
    )  # fmt: skip
    try:
        link = next_gate(process)
        store = RunStore(runs(project.output)[-1])
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
        page.click(f"{DIALOG}//button[contains(., 'Submit')]")

        assert next_gate(process) == link  # gate 9 of the same flow run
        answer = answer_of(store, 5)
        assert (answer.decision, answer.by, answer.via, answer.comment) == ("edit", "Ada", "prefect ui", "treats the batch size")
        works = Shortlist.model_validate(output_of(store, 5))
        assert "smith2018dont" not in {work.key for work in works.works}
        before = ExperimentPlan.model_validate(output_of(store, 9))

        page.open(link)
        page.click("//button[contains(., 'Resume')]")
        page.wait_for(f"{DIALOG}//h2[contains(., 'May these experiments be run?')]")
        page.choose(f"{field('Decision')}//select", "reject")
        page.type(f"{field('Comment')}//textarea", "use 4 seeds; drop linear decay")
        picture(page, "gate-09-plan")
        page.click(f"{DIALOG}//button[contains(., 'Submit')]")

        assert next_gate(process) == link
        after = ExperimentPlan.model_validate(output_of(store, 9))
        assert (len(before.seeds), len(after.seeds)) == (5, 4)
        assert {c.id for c in before.conditions} - {c.id for c in after.conditions} == {"linear"}
        assert after.registration_sha256 != before.registration_sha256

        page.open(link)
        page.click("//button[contains(., 'Resume')]")
        page.wait_for(f"{DIALOG}//*[contains(., 'x 4 seeds')]")
        page.choose(f"{field('Decision')}//select", "approve")
        page.click(f"{DIALOG}//button[contains(., 'Submit')]")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()
    page.open(link)
    page.click("//*[normalize-space(.) = 'Artifacts' and not(*)]")
    page.wait_for("//*[contains(., 'gate-09-question')]")
    picture(page, "artifacts")
