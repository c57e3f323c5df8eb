"""The run as a Prefect flow: one task per stage and round, artifacts for people, gates as forms where a server stays up.

Prefect is imported in this package and nowhere else; server.py says which server it is. Prefect's database is a view:
deleting it loses no research.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from researchclaw.engine import Engine, Plainly
from researchclaw.flow.artifacts import Artifacts
from researchclaw.gates import Anywhere, AtTerminal, AutoApprove, from_ui
from researchclaw.secret_values import SECRET_NAMES, WithoutSecrets
from researchclaw.server import Reached, left_alone, listens, server
from researchclaw.settings import FlowSettings, GateSettings
from stages.contracts import Contract
from stages.errors import ResearchError, TryAgain, WaitingAtGate
from stages.stage import Stage

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State, TaskRun
    from prefect.flows import Flow
    from prefect.tasks import Task

logger = logging.getLogger(__name__)

NOWHERE = logging.NullHandler()


class ServerLost(ResearchError):
    """The Prefect server went away while the run was at work; what was done stands in the run folder."""


def run(
    engine: Engine,
    settings: FlowSettings,
    output: Path,
    *,
    from_stage: int | None = None,
    to_stage: int | None = None,
    gates: GateSettings | None = None,
    tell: Callable[[str], None] = logger.info,
) -> None:
    """Bring the run to its end under Prefect.

    The ports are bound in closures: Prefect would validate and store flow parameters.
    tell: a line for the person, such as where a gate waits.
    Raises:
        ResearchError: as from `Engine.run`; how the run ended stands in run.json.
    """
    with engine.standing(), server(output, settings.server_url, settings.startup_timeout_sec) as reached:
        brief = engine.prepared()  # a topic that no kit can answer ends here, before anybody waits for a server
        reached.wait()
        flow_run = PrefectRun(engine, settings, reached, gates or GateSettings(), tell)
        flow_run.go(lambda: engine.walk(brief, from_stage=from_stage, to_stage=to_stage))


@dataclass
class PrefectRun:
    """One process of the run as one flow run."""

    engine: Engine
    settings: FlowSettings
    reached: Reached
    gates: GateSettings
    tell: Callable[[str], None]
    _walked: bool = False

    def go(self, walk: Callable[[], None]) -> None:
        place = Path(os.environ["PREFECT_HOME"])
        place.mkdir(parents=True, exist_ok=True)
        with contextlib.chdir(place):  # as for the server: settings of the user's own Prefect are left out
            import httpx
            from prefect.exceptions import Pause, PrefectHTTPStatusError
            from prefect.flow_engine import run_flow

        _take_the_console_away()
        waiting: list[WaitingAtGate] = []
        whole = self._flow(walk, waiting)
        self.engine.watcher = Artifacts(self.engine)
        try:
            run_flow(whole, flow_run=self._flow_run(whole))
        except Pause:
            pass
        except (httpx.HTTPError, PrefectHTTPStatusError) as exc:
            if self._walked:
                self.tell(f"The Prefect server at {self.reached.url} went away; the run is whole without it.")
                return
            raise ServerLost(
                f"the Prefect server at {self.reached.url} gives no answer or no sound one ({' '.join(str(exc).split())[:200]}); see "
                f"`researchclaw server status`, then `researchclaw resume {self.engine.store.reference}`."
            ) from exc
        finally:
            if listens(self.reached.url):
                _send_what_is_left()
            else:
                left_alone()
        if waiting:
            raise waiting[0]

    def _flow(self, walk: Callable[[], None], waiting: list[WaitingAtGate]) -> Flow[[], State[None] | None]:
        """The walk as a flow; at a gate it ends, and why is put into `waiting`."""
        from prefect import flow
        from prefect.exceptions import Pause
        from prefect.states import Completed

        @flow(
            name="researchclaw",
            flow_run_name=self.engine.store.run_id,
            description="From one sentence to a paper that can be checked.",
            persist_result=False,
            validate_parameters=False,
            log_prints=False,
        )
        def researchclaw() -> State[None] | None:
            try:
                self._inside(walk)
            except WaitingAtGate as exc:  # nothing has failed: this process is done, the run is not
                waiting.append(exc)
                paused = _paused()
                if paused is not None:  # the form stays in the UI, and what is filled in is taken up by the next process
                    raise Pause(state=paused) from exc
                return Completed(name="Waiting", message=str(exc))
            return None

        return researchclaw

    def _flow_run(self, whole: Flow[[], Any]) -> FlowRun | None:
        """The flow run to go on with: one that a person retried in the UI, or a new one that can be retried there; None: any."""
        from prefect.client.orchestration import get_client

        from researchclaw.flow.zombies import new_flow_run

        adopted = _take_over(self.engine, self.tell)
        if adopted is None and self.reached.runner:
            with get_client(sync_client=True) as client:
                return new_flow_run(client, whole, self.engine.store.run_id)
        return adopted

    def _inside(self, walk: Callable[[], None]) -> None:
        """The walk, within the flow."""
        from prefect.client.orchestration import get_client
        from prefect.runtime import flow_run

        from researchclaw.flow.experiments import CLOSE_WITHIN_S, Experiments

        _take_the_console_away()  # Prefect sets its handlers when the first flow begins
        flow_run_id = UUID(str(flow_run.id))
        self.engine.invoke = self._invoke()
        experiments = Experiments(flow_run_id)
        self.engine.journal.listen(experiments)
        try:
            with get_client(sync_client=True) as client:
                self._open_the_gates(client, flow_run_id)
                walk()
                self._walked = True
        finally:
            experiments.close(CLOSE_WITHIN_S if listens(self.reached.url) else 0)

    def _open_the_gates(self, client: SyncPrefectClient, flow_run_id: UUID) -> None:
        """Where the server stays up, a person may decide there too."""
        from researchclaw.flow.gate import PausedRun, look_in

        engine, keeper = self.engine, self.engine.gatekeeper
        if not self.reached.lasting or isinstance(keeper, AutoApprove):
            return
        look = look_in(engine.store, engine.pipeline)
        engine.gatekeeper = Anywhere(
            store=engine.store,
            open_form=lambda stage, output: PausedRun(client, flow_run_id, self.reached.url, engine.store, stage, output, look),
            prompt=keeper if isinstance(keeper, AtTerminal) else None,
            timeout_s=self.gates.timeout,
            tell=self.tell,
        )

    def _invoke(self) -> Callable[[Stage, int, Callable[[], Contract]], Contract]:
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        graph = _Graph()

        plainly = Plainly(self.settings.retries, self.settings.retry_delay_sec)

        def invoke(stage: Stage, round_: int, body: Callable[[], Contract]) -> Contract:
            if not listens(self.reached.url):
                logger.warning("%s is done without its view: no Prefect server at %s", stage.task_name, self.reached.url)
                return plainly(stage, round_, body)
            made: list[Contract] = []

            def stage_body() -> None:
                made.append(body())

            stage_task: Task[[], None] = task(
                name=stage.task_name,
                task_run_name=stage.task_name if round_ == 1 else f"{stage.task_name} (round {round_})",
                description=stage.summary,
                tags=[stage.phase] + (["gate"] if stage.gate else []),
                retries=self.settings.retries,
                retry_delay_seconds=self.settings.retry_delay_sec,
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

        return invoke


def _paused() -> State[Any] | None:
    """The state of this flow run on the server, if it is paused there."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(str(flow_run.id))).state
    return state if state is not None and state.is_paused() else None


# ---------------------------------------------------------------- what earlier processes left


def _take_over(engine: Engine, tell: Callable[[str], None]) -> FlowRun | None:
    """Earlier flow runs of this run that the server still calls open: this process holds the run's lock, so no process is behind
    them. What a person submitted there is recorded; then they are closed, as crashed or as gone on.

    Returns the one that a person retried in the UI, which this process is to go on with.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Completed, Crashed

    from researchclaw.flow.zombies import KILLED, close_tasks

    open_types = [StateType.SCHEDULED, StateType.RUNNING, StateType.PENDING, StateType.PAUSED, StateType.CANCELLING]
    adopted = None
    with get_client(sync_client=True) as client:
        left = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                name=FlowRunFilterName(any_=[engine.store.run_id]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=open_types)),
            ),
            sort=FlowRunSort.START_TIME_DESC,
        )
        for flow_run in left:
            _take_up_answers(client, flow_run, engine, tell)
            close_tasks(client, flow_run)
            if flow_run.state_type == StateType.SCHEDULED and adopted is None:
                adopted = flow_run
            elif flow_run.state_type in (StateType.PAUSED, StateType.SCHEDULED):
                gone_on: State[Any] = Completed(name="Went on", message="A later process of this run went on from here.")
                client.set_flow_run_state(flow_run.id, gone_on, force=True)
            else:
                client.set_flow_run_state(flow_run.id, Crashed(message=f"{KILLED} A later one took over."), force=True)
    return adopted


def _take_up_answers(client: SyncPrefectClient, flow_run: FlowRun, engine: Engine, tell: Callable[[str], None]) -> None:
    """Record what a person submitted in the UI while no process was at work; an earlier answer in another way counts."""
    from researchclaw.flow.gate import look_in, read, submitted
    from researchclaw.gate_forms import FormIncomplete, form_for

    for gate in engine.store.gates():
        stage = engine.pipeline[gate.question.stage - 1]
        found = engine.store.output(stage)
        values = submitted(client, flow_run.id, gate) if found is not None else []
        if found is None or not values:
            continue
        output = stage.output.model_validate(found.output)
        try:
            decided = read(form_for(output), values[-1], output, look_in(engine.store, engine.pipeline), gate)
        except FormIncomplete as exc:
            tell(f"gate {stage.number}: what was submitted in the UI is no decision ({exc}); it is asked again.")
            continue
        answer = from_ui(engine.store, stage, decided, tell)
        tell(f"gate {stage.number}: {answer.decision} by {answer.by} ({answer.via}), given while no process was at work.")


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
    """Prefect's log goes to its server, without secrets; what a person must know is raised, and printed by the command line."""
    from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler

    for ours in ("researchclaw", "stages"):
        logging.getLogger(ours).setLevel(logging.INFO)
    for theirs in ("prefect", "asyncio"):  # a server that went away costs the view, and no traceback on the terminal
        logging.getLogger(theirs).addHandler(NOWHERE)
    secrets = [value for name, value in os.environ.items() if SECRET_NAMES.search(name)]
    for name in ["", *logging.root.manager.loggerDict]:
        one = logging.getLogger(name)
        for handler in list(one.handlers):
            if isinstance(handler, PrefectConsoleHandler):
                one.removeHandler(handler)
            elif isinstance(handler, APILogHandler) and not isinstance(handler.formatter, WithoutSecrets):
                handler.setFormatter(WithoutSecrets(handler.formatter or logging.Formatter(), secrets))


def _send_what_is_left() -> None:
    """Log lines and events that wait for their batch, before the temporary server is gone; 5 s each at most."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    EventsWorker.drain_all(timeout=5)
    APILogHandler().flush()
