"""The run as a Prefect flow: one task per stage and round, artifacts for people. The only importer of Prefect.

The embedded default is a temporary server of our own: a child process on loopback with its database below
<output>/.prefect, which dies with this process however that ends (PR_SET_PDEATHSIG). It is started before Prefect is
imported, so that most of its start-up is hidden behind ours. Measured on two idle cores: import 0.9 s, server 11 s the
first time (its database is made), 5.5 s later, 23 tasks 1.1 s. Prefect's database is a view: deleting it loses no research.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import importlib.util
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from researchclaw.engine import Engine
from researchclaw.settings import FlowSettings
from stages.contracts import Analysis, Contract, Deliverables, ExperimentPlan, Goal, Results, Shortlist
from stages.errors import SettingsError, TryAgain, WaitingAtGate
from stages.stage import Stage

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

SERVER = """
import ctypes, os, runpy, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)   # PR_SET_PDEATHSIG: no orphan, even after kill -9 of the parent
if os.getppid() != int(sys.argv[1]):
    sys.exit(0)                              # the parent died before the line above
import prefect
sys.argv = ["uvicorn", "--app-dir", os.path.dirname(os.path.dirname(prefect.__file__)), "--factory",
            "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", sys.argv[2],
            "--log-level", "error", "--lifespan", "on"]
runpy.run_module("uvicorn", run_name="__main__")
"""

HUSH = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_PLUGINS_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_INTERNAL_LOGGING_LEVEL": "CRITICAL",
}
"""Nothing phones home, and the terminal belongs to our own progress display."""

SMALL_SERVER = {
    "PREFECT__SERVER_EPHEMERAL": "1",  # without the services that only deployments need
    "PREFECT_UI_ENABLED": "0",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
}
"""The temporary server shares the cores with the training runs (measured while it waits: 1.1 % of a core)."""


def environment(output: Path, url: str) -> dict[str, str]:
    """What Prefect must find in os.environ before it is imported; settings of the user's own Prefect are left out."""
    home = (output / ".prefect").absolute()
    # a proxy of the user's shell must not see traffic to our own server; the name in lower case wins where both are set
    direct = ",".join(filter(None, (os.environ.get("no_proxy") or os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost")))
    return {
        **HUSH,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": url,
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


@contextlib.contextmanager
def server(output: Path, settings: FlowSettings) -> Iterator[Callable[[], None]]:
    """Set the environment and start the temporary server, if none is configured.

    Gives a function that waits until the server answers; to be called as late as possible.
    Raises:
        SettingsError (from that function): the server gives no answer.
    """
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    if settings.server_url is not None:
        os.environ.update(environment(output, settings.server_url))
        yield lambda: None
        return
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"):
        if os.environ.get(name, "").startswith("socks") and importlib.util.find_spec("socksio") is None:
            del os.environ[name]  # Prefect's client could not even be made: httpx cannot speak it without that package
    port = free_port()
    os.environ.update(environment(output, f"http://127.0.0.1:{port}/api"))
    home = output / ".prefect"
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    turn = (home / "starting.lock").open("a")
    fcntl.flock(turn, fcntl.LOCK_EX)  # two runs started together must not both make the database
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(os.getpid()), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to handle
            env={**os.environ, **SMALL_SERVER},
            cwd=home,  # Prefect reads .env, prefect.toml and pyproject.toml where it stands: the user's are not for our server
        )

    def ready() -> None:
        _wait(child, port, settings.startup_timeout_sec, log)
        turn.close()

    try:
        yield ready
    finally:
        turn.close()
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(child: subprocess.Popen[bytes], port: int, timeout_s: float, log: Path) -> None:
    until = time.monotonic() + timeout_s
    way_out = "see its log, or run without Prefect: --set flow.engine=plain"
    while time.monotonic() < until:
        if child.poll() is not None:
            raise SettingsError(f"the temporary Prefect server ended with code {child.returncode} ({log}); {way_out}.")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/api/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise SettingsError(f"the temporary Prefect server gave no answer within {timeout_s:.0f} s ({log}); {way_out}.")


def run(engine: Engine, settings: FlowSettings, output: Path, *, from_stage: int | None = None, to_stage: int | None = None) -> None:
    """Bring the run to its end under Prefect.

    The ports are bound in closures: Prefect would validate and store flow parameters.
    Raises:
        ResearchError: as from `Engine.run`; how the run ended stands in run.json.
    """
    with engine.standing(), server(output, settings) as ready:
        brief = engine.prepared()  # a topic that no kit can answer ends here, before anybody waits for a server
        ready()
        prefect_run(engine, settings, lambda: engine.walk(brief, from_stage=from_stage, to_stage=to_stage))


def prefect_run(engine: Engine, settings: FlowSettings, walk: Callable[[], None]) -> None:
    home = Path(os.environ["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(home):  # as for the server: settings of the user's own Prefect are left out
        from prefect import flow, task
        from prefect.cache_policies import NO_CACHE
        from prefect.states import Completed

    _take_the_console_away()
    graph = _Graph()

    def invoke(stage: Stage, round_: int, body: Callable[[], Contract]) -> Contract:
        made: list[Contract] = []

        def stage_body() -> None:
            made.append(body())

        stage_task: Task[[], None] = task(
            name=stage.task_name,
            task_run_name=stage.task_name if round_ == 1 else f"{stage.task_name} (round {round_})",
            description=stage.summary,
            tags=[stage.phase] + (["gate"] if stage.gate else []),
            retries=settings.retries,
            retry_delay_seconds=settings.retry_delay_sec,
            retry_condition_fn=_may_be_tried_again,
            cache_policy=NO_CACHE,
            persist_result=False,
            log_prints=False,
        )(stage_body)
        # the states of the stages whose outputs this one takes: the UI draws its graph from them
        state: State[None] = stage_task(return_state=True, wait_for=graph.upstream(stage))
        if not state.is_completed():
            state.result()  # raises what the stage raised
        graph.made[stage.output] = state
        return made[-1]

    @flow(
        name="researchclaw",
        flow_run_name=engine.store.run_id,
        description="From one sentence to a paper that can be checked.",
        persist_result=False,
        validate_parameters=False,
        log_prints=False,
    )
    def researchclaw() -> State[None] | None:
        try:
            walk()
        except WaitingAtGate as exc:  # nothing has failed: this process is done, the run is not
            waiting.append(exc)
            return Completed(name="Waiting", message=str(exc))
        return None

    waiting: list[WaitingAtGate] = []
    engine.invoke = invoke
    engine.watcher = Artifacts(engine)
    _mark_the_killed(engine.store.run_id)
    try:
        researchclaw()
    finally:
        _send_what_is_left()
    if waiting:
        raise waiting[0]


def _mark_the_killed(run_id: str) -> None:
    """A process that was killed could not tell Prefect: its flow runs of our name, left 'Running', are set to Crashed.

    This process holds the run's lock, so none of them can be alive.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        left = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                name=FlowRunFilterName(any_=[run_id]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])),
            )
        )
        for flow_run in left:
            client.set_flow_run_state(flow_run.id, Crashed(message="The process was killed; a later one took over."), force=True)


@dataclass
class _Graph:
    """Which task's state stands for which output."""

    made: dict[type[Contract], State[Any]] = field(default_factory=dict)

    def upstream(self, stage: Stage) -> list[State[Any]]:
        return [self.made[contract] for contract in stage.needs if contract in self.made]


def _may_be_tried_again(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Only what the world may answer next time; a person's part or a bug is not helped by waiting."""
    try:
        state.result()
    except TryAgain:
        return True
    except Exception:  # noqa: BLE001 (the engine raises it again; here only its kind matters)
        return False
    return False


def _take_the_console_away() -> None:
    """Prefect's log goes to its server; what a person must know is raised, and printed by the command line."""
    from prefect.logging.handlers import PrefectConsoleHandler

    names = ["", *logging.root.manager.loggerDict]
    for name in names:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            if isinstance(handler, PrefectConsoleHandler):
                logger.removeHandler(handler)


def _send_what_is_left() -> None:
    """Log lines and events that wait for their batch, before the temporary server is gone; 5 s each at most."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    EventsWorker.drain_all(timeout=5)
    APILogHandler().flush()


# ---------------------------------------------------------------- what a person sees in the UI


@dataclass(frozen=True)
class Artifacts:
    """Puts the main outputs into Prefect's UI. A watcher: the run depends on none of it."""

    engine: Engine

    def output(self, stage: Stage, output: Contract) -> None:
        if isinstance(output, Goal):
            self._markdown("goal", goal_text(output), "What the study wants to know")
        elif isinstance(output, Shortlist):
            self._table("shortlist", shortlist_rows(output), "What may be cited, and why")
        elif isinstance(output, ExperimentPlan):
            self._markdown("plan", plan_text(output), "What will be run, frozen before the first run")
        elif isinstance(output, Analysis):
            self._table("results", result_rows(output.results), "Every condition over its seeds")
        elif isinstance(output, Deliverables):
            self._markdown("deliverables", deliverables_text(output, self.engine.store.deliverables), "The paper and its figures")

    def question(self, stage: Stage, body: str) -> None:
        self._markdown(f"gate-{stage.number:02d}-question", body, f"What is asked at gate {stage.number}")

    def _markdown(self, key: str, text: str, description: str) -> None:
        from prefect.artifacts import create_markdown_artifact

        create_markdown_artifact(markdown=text, key=key, description=description)

    def _table(self, key: str, rows: list[dict[str, Any]], description: str) -> None:
        from prefect.artifacts import create_table_artifact

        create_table_artifact(table=rows, key=key, description=description)


def goal_text(goal: Goal) -> str:
    choices = "\n".join(f"- {choice}" for choice in goal.choices)
    return f"# {goal.question}\n\n**Topic:** {goal.topic}\n\n**Counts as success:** {goal.success_criterion}\n\n{choices}\n"


def shortlist_rows(shortlist: Shortlist) -> list[dict[str, Any]]:
    works = {work.key: work for work in shortlist.works}
    return [
        {
            "key": decision.key,
            "in": "yes" if decision.included else "no",
            "title": works[decision.key].title if decision.key in works else "",
            "year": works[decision.key].year if decision.key in works else "",
            "reason": decision.reason,
        }
        for decision in shortlist.decisions
    ]


def plan_text(plan: ExperimentPlan) -> str:
    rows = "\n".join(
        f"| {c.id} | {c.role} | {c.label} | {', '.join(f'{k}={v}' for k, v in c.settings.items())} |" for c in plan.conditions
    )
    analysis = "\n".join(f"- {sentence}" for sentence in plan.analysis)
    return (
        f"Kit `{plan.kit}`, metric {plan.metric.label}, {len(plan.conditions)} conditions × {len(plan.seeds)} seeds × "
        f"{plan.budget_s:g} s\n\n| condition | role | what | settings |\n|---|---|---|---|\n{rows}\n\n{analysis}\n\n"
        f"Registration `{plan.registration_sha256}`\n"
    )


def result_rows(results: Results) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, condition in results.conditions.items():
        summary = condition.metrics.get(results.metric.name)
        if summary is not None:
            rows.append(
                {
                    "condition": name,
                    "role": condition.role,
                    "what": condition.label,
                    "n": summary.n,
                    f"mean {results.metric.unit}": summary.mean,
                    "sd": summary.std,
                    "failed": condition.failed,
                }
            )
    return rows


def deliverables_text(deliverables: Deliverables, folder: Path) -> str:
    """Links to the paper, its figures and its records; the training runs' many files are only counted."""
    shown = [file for file in deliverables.files if "/" not in file.path or file.path.startswith("charts/")]
    lines = [f"- [{file.path}]({(folder / file.path).as_uri()}) ({file.bytes} bytes)" for file in shown]
    more = f"\nand {len(deliverables.files) - len(shown)} files of code and training runs\n"
    return f"{deliverables.pages} pages, typeset by {deliverables.typeset_by}\n\n" + "\n".join(lines) + "\n" + more
