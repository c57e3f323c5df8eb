"""Gates and take-overs on a project's server, with toy runs as processes of their own: seconds each."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.run_store import RunStore, runs
from stages.contracts import GateAnswer

pytestmark = pytest.mark.slow

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def waiting(project: Any, start_toy: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[subprocess.Popen[str], str]]:
    """Starts a new run that waits at gate 3; the process, and the link to its form."""
    monkeypatch.setenv("TOY_WAITS", "1")

    def start(new: bool = True, timeout: str | None = None) -> tuple[subprocess.Popen[str], str]:
        if new:
            monkeypatch.setenv("TOY_NEW", "1")
        else:
            monkeypatch.delenv("TOY_NEW", raising=False)
        if timeout is None:
            monkeypatch.delenv("TOY_TIMEOUT", raising=False)
        else:
            monkeypatch.setenv("TOY_TIMEOUT", timeout)
        process = start_toy(str(project.output), "toys", "prefect")
        return process, link(process)

    return start


@pytest.fixture
def resume(start_toy: Start, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.Popen[str]]:
    """Goes on with the newest run of the project."""

    def start(project: Any, store: RunStore) -> subprocess.Popen[str]:
        monkeypatch.delenv("TOY_NEW", raising=False)
        assert newest(project).run_id == store.run_id
        return start_toy(str(project.output), "toys", "prefect")

    return start


def link(process: subprocess.Popen[str]) -> str:
    """Where the process says that its gate waits."""
    said = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"waits: (http://\S+)", line):
            return found[1]
    assert process.stderr is not None
    raise AssertionError("".join(said) + process.stderr.read())


def ended(process: subprocess.Popen[str], code: int) -> str:
    out, error = process.communicate(timeout=120)
    assert process.returncode == code, error
    return out + error


def newest(project: Any) -> RunStore:
    return RunStore(runs(project.output)[-1])


def answer_of(store: RunStore) -> GateAnswer:
    gate = store.gate(3)
    assert gate is not None
    assert gate.answer is not None
    return gate.answer


def flow_runs(project: Any, store: RunStore) -> Any:
    body = {"flow_runs": {"name": {"any_": [store.run_id]}}, "sort": "START_TIME_ASC"}
    return project.ask("POST", "/flow_runs/filter", body)[1]


def states(project: Any, store: RunStore) -> list[str]:
    return [f"{run['state']['type']} {run['state']['name']}" for run in flow_runs(project, store)]


def becomes(project: Any, store: RunStore, state: str) -> None:
    until = time.monotonic() + 20
    while states(project, store) != [state] and time.monotonic() < until:
        time.sleep(0.2)
    assert states(project, store) == [state]


def retry(project: Any, store: RunStore) -> None:
    """As the button in the UI does it."""
    (run,) = flow_runs(project, store)
    wanted = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}, "force": False}
    assert project.ask("POST", f"/flow_runs/{run['id']}/set_state", wanted)[1]["status"] == "ACCEPT"


def test_a_form_that_is_filled_in_decides_once_and_a_second_answer_is_told_so(project: Any, waiting: Any) -> None:
    process, form = waiting()
    store = newest(project)
    assert store.info().status == "waiting"
    assert states(project, store) == ["PAUSED Paused"]
    project.submit(form, decision="approve", comment="fine", name="Ada")
    again = project.submit(form, decision="reject", comment="too late")
    assert again["status"] == "ABORT"
    ended(process, 0)
    answer = answer_of(store)
    assert (answer.decision, answer.comment, answer.by, answer.via) == ("approve", "fine", "Ada", "prefect ui")
    assert "answered already: approve by Ada (prefect ui)" in project.command("approve", store.run_id, "--stage", "3", code=2)
    assert states(project, store) == ["COMPLETED Completed"]


def test_a_command_from_another_terminal_decides_while_the_form_is_open_and_the_form_says_who(project: Any, waiting: Any) -> None:
    process, form = waiting()
    store = newest(project)
    assert "goes on" in project.command("approve", store.run_id, "--stage", "3", "--comment", "by hand")
    ended(process, 0)
    assert answer_of(store).via == "command line"
    assert project.submit(form, decision="reject", comment="too late")["status"] == "ABORT"


def test_a_form_that_is_no_decision_is_asked_again_with_the_reason_and_a_rejection_leads_back(project: Any, waiting: Any) -> None:
    process, form = waiting()
    store = newest(project)
    project.submit(form, decision="reject", comment="  ")
    flow_run = form.rsplit("/", 1)[1]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        inputs = project.ask("POST", f"/flow_runs/{flow_run}/input/filter", {"prefix": "paused-gate-03", "limit": 50})[1]
        if any("a rejection needs a reason" in one["value"] for one in inputs):
            break
        time.sleep(0.2)
    else:
        raise AssertionError(inputs)
    project.submit(form, decision="reject", comment="older works", name="Ada")
    assert link(process) == form  # the same flow run asks about the new list
    assert [g.message for g in store.guidance(2)] == ["older works"]
    gate = store.gate(3)
    assert gate is not None
    assert "older works" in gate.question.body
    project.submit(form, decision="edit", output='{"works": ["only this"]}', name="Ada")
    ended(process, 0)
    kept = [path.read_text() for path in sorted((store.folder / "stages").glob("03_*/output.json"))]
    assert '"only this"' in kept[0]
    assert '"edited_by": "Ada"' in kept[0]


def test_without_an_answer_the_process_ends_and_the_next_takes_up_what_was_filled_in(project: Any, waiting: Any, resume: Any) -> None:
    process, form = waiting(timeout="1")
    assert "no answer within 1 s (gates.timeout)" in ended(process, 3)
    store = newest(project)
    assert (store.info().status, store.info().exit_code) == ("waiting", 3)
    assert states(project, store) == ["PAUSED Paused"]  # the form stays
    project.submit(form, decision="approve", name="Ada")
    goes_on = resume(project, store)
    assert "given while no process was at work" in ended(goes_on, 0)
    assert answer_of(store).by == "Ada"
    assert states(project, store)[-1] == "COMPLETED Completed"
    assert "CRASHED Crashed" in states(project, store)[:-1]  # the UI had set it to running, and nobody was there


def test_a_killed_process_is_found_marked_and_taken_over(project: Any, waiting: Any, toy: ModuleType) -> None:
    process, form = waiting()
    store = newest(project)
    process.kill()
    process.communicate()
    again, second = waiting(new=False)
    assert second != form
    assert states(project, store) == ["COMPLETED Went on", "PAUSED Paused"]
    project.submit(second, decision="approve")
    ended(again, 0)
    assert states(project, store) == ["COMPLETED Went on", "COMPLETED Completed"]
    assert len(toy.paid(store)) == 6


def test_a_process_killed_at_work_is_marked_by_the_server_and_a_retry_goes_on_as_the_same_flow_run(
    project: Any, start_toy: Start, monkeypatch: pytest.MonkeyPatch, toy: ModuleType
) -> None:
    monkeypatch.setenv("TOY_NEW", "1")
    process = start_toy(str(project.output), "toys", "prefect", "0.3")
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("ExperimentEnded"))
    process.kill()
    process.communicate()
    store = newest(project)
    becomes(project, store, "CRASHED Crashed")
    retry(project, store)
    assert states(project, store) == ["SCHEDULED AwaitingRetry"]
    monkeypatch.delenv("TOY_NEW")
    ended(start_toy(str(project.output), "toys", "prefect"), 0)
    assert states(project, store) == ["COMPLETED Completed"]
    body = {"flow_runs": {"name": {"any_": [store.run_id]}}}
    tasks = project.ask("POST", "/task_runs/filter", body)[1]
    assert not [task["name"] for task in tasks if task["state"]["type"] in ("RUNNING", "PENDING")]
    trials = {task["name"] for task in tasks if "training run" in task["tags"]}
    assert {"toy, seed 0: 0.2500", "toy, seed 2: 0.1429"} <= trials
    retry(project, store)  # there is nothing to go on with
    becomes(project, store, "COMPLETED Completed")
    assert "is done" in flow_runs(project, store)[0]["state"]["message"]
    cancelled_in_the_ui(project, start_toy, monkeypatch)


def cancelled_in_the_ui(project: Any, start_toy: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends, and so do its training runs at workers."""
    monkeypatch.setenv("TOY_NEW", "1")
    process = start_toy(str(project.output), "toys", "prefect", "0.5")
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("ExperimentEnded"))
    store = newest(project)
    found = flow_runs(project, store)[0]
    unit = {"flow_id": found["flow_id"], "name": "one of its units", "tags": [store.run_id, "training unit"]}
    waiting = project.ask("POST", "/flow_runs/", {**unit, "state": {"type": "PENDING"}})[1]["id"]
    cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    project.ask("POST", f"/flow_runs/{found['id']}/set_state", cancelling)
    process.communicate(timeout=15)
    assert process.returncode != 0
    becomes(project, store, "CANCELLED Cancelled")
    assert store.run_id in flow_runs(project, store)[0]["state"]["message"]
    assert project.ask("GET", f"/flow_runs/{waiting}")[1]["state"]["type"] in ("CANCELLING", "CANCELLED")


def test_two_at_once_one_wins_and_the_other_says_why(project: Any, waiting: Any, resume: Any) -> None:
    process, form = waiting()
    store = newest(project)
    other = resume(project, store)
    assert f"being worked on by process {process.pid}" in ended(other, 2)
    assert states(project, store) == ["PAUSED Paused"]
    project.submit(form, decision="approve")
    ended(process, 0)
    assert states(project, store) == ["COMPLETED Completed"]


def test_a_run_that_waits_costs_no_time_worth_naming(project: Any, waiting: Any) -> None:
    process, form = waiting()
    before = _cpu_s(process.pid)
    time.sleep(5)
    assert _cpu_s(process.pid) - before < 0.05  # 1 % of a core; measured 0.15 %
    project.submit(form, decision="approve")
    ended(process, 0)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_deleted_database_loses_no_research_and_a_run_whose_server_goes_away_ends_without_it(
    new_project: Any, start_toy: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_WAITS", "1")
    monkeypatch.setenv("TOY_TIMEOUT", "0.5")
    monkeypatch.setenv("TOY_CLIENT_RETRIES", "1")
    new_project.start()
    ended(start_toy(str(new_project.output), "toys", "prefect"), 3)
    new_project.stop()
    for path in (new_project.output / ".prefect").glob("prefect.db*"):
        path.unlink()
    store = newest(new_project)
    monkeypatch.delenv("TOY_TIMEOUT")
    new_project.start()
    process = start_toy(str(new_project.output), "toys", "prefect")
    link(process)
    assert states(new_project, store) == ["PAUSED Paused"]
    new_project.stop()
    store.answer(GateAnswer(stage=3, decision="approve", by="Ada", via="command line", at="2026-01-01"))
    assert "went away; the run is whole without it" in ended(process, 0)  # and the process ends: its log is not waited for
    assert store.info().status == "done"
