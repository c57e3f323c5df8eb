"""Walks the pipeline: gather, do or reuse, decide, go on or back. Knows no Prefect.

What is done is decided by the run folder alone: a stage whose output.json was made from the same inputs and the same
guidance is reused, every other one is done, after what it replaces was archived.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from researchclaw.gates import AutoApprove, Gatekeeper
from researchclaw.journal import (
    Event,
    ExperimentsPlanned,
    GateAsked,
    GateDecided,
    Journal,
    RunEnded,
    RunStarted,
    StageEnded,
    StageFailed,
    StageStarted,
    WentBack,
    sha256_of,
)
from researchclaw.modes import Policy, ways_back
from researchclaw.questions import question_of
from researchclaw.run_store import RunInfo, RunStore, Status, guidance_hash, now
from researchclaw.secret_values import masked
from stages import routing
from stages.contracts import Brief, Contract, Decision, ExperimentPlan, GateAnswer, Guidance, Lesson, Schedule
from stages.errors import BudgetSpent, ResearchError, TryAgain, WaitingAtGate
from stages.ports import Context
from stages.stage import Stage

logger = logging.getLogger(__name__)

EXIT_INTERRUPTED = 130


class World(Protocol):
    """What `wiring.build` gives: the outer world, heavy parts loaded when first asked for."""

    def brief(self, topic: str) -> Brief: ...

    def context(self, guidance: tuple[Guidance, ...], round: int, lessons: tuple[Lesson, ...]) -> Context: ...  # noqa: A002


Invoke = Callable[[Stage, int, Callable[[], Contract]], Contract]
"""Runs a stage's body, in its own process of thought: plainly, or as a task of an orchestrator. int: the round."""


class Watcher(Protocol):
    """Is shown what the run brings forth, inside the stage's task; keeps nothing that the run depends on."""

    def output(self, stage: Stage, output: Contract) -> None: ...

    def question(self, stage: Stage, body: str) -> None: ...


class NobodyWatches:
    def output(self, stage: Stage, output: Contract) -> None: ...

    def question(self, stage: Stage, body: str) -> None: ...


@dataclass(frozen=True)
class Plainly:
    """Runs a stage without an orchestrator; what may be tried again is tried again."""

    retries: int = 0
    delay_s: float = 0

    def __call__(self, stage: Stage, round_: int, body: Callable[[], Contract]) -> Contract:
        for left in range(self.retries, 0, -1):
            try:
                return body()
            except TryAgain as exc:
                logger.warning("%s (round %d): %s (tried again in %g s, %d left)", stage.task_name, round_, exc, self.delay_s, left)
                time.sleep(self.delay_s)
        return body()


@dataclass(frozen=True)
class Routes:
    """Where a run goes after a stage and after a rejected gate."""

    after: Callable[[int, Contract, dict[str, int]], int] = routing.after
    rejected: Mapping[int, int] = field(default_factory=lambda: routing.REJECTED_GOES_TO)


@dataclass
class Engine:
    """One run, in a process that holds the run's lock."""

    pipeline: tuple[Stage, ...]
    store: RunStore
    journal: Journal
    world: World
    gatekeeper: Gatekeeper
    routes: Routes = field(default_factory=Routes)
    invoke: Invoke = field(default_factory=Plainly)
    watcher: Watcher = field(default_factory=NobodyWatches)
    policies: Mapping[int, Policy] = field(default_factory=dict)
    """What happens after each stage; a stage that is not named: a gate asks, another goes on."""
    reading: tuple[int, ...] = ()
    """Stages that read a person's words; a rejection leads to the nearest one, where the routes name none."""
    auto_by: str = "--auto-approve"
    """Who let a gate pass at which nobody is asked, as the record names it."""
    _began: float = field(default_factory=time.monotonic)
    _before_s: float = 0
    _where: Stage | None = None
    _reached: Status = "stopped"
    _lower_is_better: bool | None = None

    # ---- the edge

    def run(self, *, from_stage: int | None = None, to_stage: int | None = None) -> None:
        """Bring the run to its end, or to the end of `to_stage`.

        from_stage: do this stage and all after it again, and archive what they replace.
        Raises:
            ResearchError: recorded in run.json, then passed on; so is every other exception.
        """
        with self.standing():
            self.walk(self.prepared(), from_stage=from_stage, to_stage=to_stage)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """The one place that records how a run ends, and passes the exception on."""
        self._before_s = self.store.info().seconds
        resumed = bool(self.journal.events(RunStarted))
        self.journal.event(RunStarted(run_id=self.store.run_id, pid=os.getpid(), resumed=resumed))
        self._stand(status="running", exit_code=None, message="", pid=os.getpid())
        try:
            yield
        except BaseException as exc:
            status, code, message = _end(exc)
            message = masked(message)
            self._stand(status=status, exit_code=code, message=message)
            if self._where is not None and not isinstance(exc, WaitingAtGate):
                self.journal.event(
                    StageFailed(
                        stage=self._where.number,
                        name=self._where.name,
                        round=self._round(self._where),
                        error=type(exc).__name__,
                        message=message,
                    )
                )
            self.journal.event(RunEnded(status=status, exit_code=code, message=message))
            raise
        self._stand(status=self._reached, exit_code=0, message="")
        self.journal.event(RunEnded(status=self._reached, exit_code=0))

    def prepared(self) -> Brief:
        """The brief, and a first reading of the topic, before anything is spent or started.

        Stage 1 is done for its errors only (a topic that no kit can answer); its answers stay in the journal.
        """
        info = self.store.info()
        if info.brief is not None:
            return info.brief
        brief = self.world.brief(info.topic)
        first = self.pipeline[0]
        self._where = first
        first.run(first.gather({Brief: brief}), self._context(first, self.store.guidance(first.number)))
        self._stand(brief=brief)
        return brief

    # ---- the walk

    def walk(self, brief: Brief, *, from_stage: int | None = None, to_stage: int | None = None) -> None:
        self._finish_archive()
        if from_stage is not None and self._has_outputs(from_stage):
            self._go_back(from_stage, "user", f"redone from stage {from_stage} on request")
        last = len(self.pipeline)
        until = last if to_stage is None else to_stage
        for stage in self.pipeline:
            self._heed_rejection(stage)
        record: dict[type[Contract], Contract] = {Brief: brief}
        number = 1
        while number <= until:
            stage = self.pipeline[number - 1]
            output = self._stage(stage, record)
            if self._asks(stage):
                output, answer = self._gate(stage, output)
                if answer.decision == "reject":
                    number = self._rejected(stage, answer)
                    continue
            follows = self.routes.after(number, output, self._loops())
            if follows <= number:
                assert isinstance(output, Decision)
                assert output.verdict != "proceed"
                self._go_back(follows, output.verdict, " ".join(output.reasons))
            record[stage.output] = output
            number = follows
        self._reached = "done" if until == last else "stopped"

    def _stage(self, stage: Stage, record: Mapping[type[Contract], Contract]) -> Contract:
        """The stage's output: reused when nothing that it depends on has changed, else made."""
        inputs = {contract.__name__: sha256_of(record[contract]) for contract in stage.needs}
        guidance = self.store.guidance(stage.number)
        found = self.store.output(stage)
        if found is not None:
            if found.inputs == inputs and found.guidance == guidance_hash(guidance):
                self._where = stage
                self._tell(StageEnded(stage=stage.number, name=stage.name, round=found.round, seconds=found.seconds, reused=True))
                output = stage.output.model_validate(found.output)
                self._announce(output)
                return output
            if found.inputs == inputs:
                self._go_back(stage.number, "guidance", f"stage {stage.number} was given new guidance")
            else:
                self._go_back(stage.number, "changed inputs", f"the inputs of stage {stage.number} have changed")
        round_ = self._round(stage)
        self._where = stage
        self._stand(status="running")

        def body() -> Contract:
            began = time.monotonic()
            self.journal.event(StageStarted(stage=stage.number, name=stage.name, round=round_))
            logger.info("%s starts", stage.task_name)
            made = stage.run(stage.gather(record), self._context(stage, guidance, round_))
            # through JSON, so that a resumed run works on the same values to the last bit
            output = stage.output.model_validate_json(made.model_dump_json())
            seconds = time.monotonic() - began
            self.store.write_output(stage, output, round_=round_, inputs=inputs, guidance=guidance, seconds=seconds)
            self.journal.event(StageEnded(stage=stage.number, name=stage.name, round=round_, seconds=round(seconds, 3), reused=False))
            logger.info("%s ended after %.1f s", stage.task_name, seconds)
            self._announce(output)
            self.watcher.output(stage, output)
            if stage.question is not None:
                self.watcher.question(stage, stage.question(output).body)
            return output

        return self.invoke(stage, round_, body)

    def _context(self, stage: Stage, guidance: Sequence[Guidance], round_: int | None = None) -> Context:
        return self.world.context(tuple(guidance), self._round(stage) if round_ is None else round_, ())

    def _announce(self, output: Contract) -> None:
        """What the progress display needs to know of an output."""
        if isinstance(output, ExperimentPlan):
            self._lower_is_better = output.metric.lower_is_better
        if isinstance(output, Schedule):
            self._tell(
                ExperimentsPlanned(
                    runs=len(output.runs),
                    estimated_s=output.estimated_total_s,
                    lower_is_better=self._lower_is_better,
                )
            )

    def _tell(self, event: Event) -> None:
        self.journal.tell(event)

    # ---- gates

    def _policy(self, stage: Stage) -> Policy:
        return self.policies.get(stage.number, "ask" if stage.gate else "auto")

    def _asks(self, stage: Stage) -> bool:
        """Is there a question after this stage? One that was asked in another mode stays one."""
        return stage.gate or self._policy(stage) != "auto" or self.store.gate(stage.number) is not None

    def _gate(self, stage: Stage, output: Contract) -> tuple[Contract, GateAnswer]:
        """The output as the person leaves it, and the decision."""
        before = self.store.gate(stage.number)
        question = question_of(stage, output)
        gate = self.store.ask(question.model_copy(update={"may_reject": stage.number in self._ways_back()}))
        if before is None:
            self.journal.event(GateAsked(stage=stage.number, title=gate.question.title))
        answer = gate.answer
        if answer is None:
            policy = self._policy(stage)
            if policy == "auto":
                answer = AutoApprove(self.store, self.auto_by).decide(stage, output, gate.question)
            else:
                self._stand(status="waiting", message=f"waiting at gate {stage.number}: {gate.question.title}")
                answer = self.gatekeeper.decide(stage, output, gate.question, suspend=policy == "suspend")
                self._stand(status="running", message="")
        if not any(event.answer == answer for event in self.journal.events(GateDecided)):
            self.journal.event(GateDecided(answer=answer))
        if answer.decision == "edit":
            found = self.store.output(stage)
            assert found is not None
            return stage.output.model_validate(found.output), answer
        return output, answer

    def _ways_back(self) -> dict[int, int]:
        return ways_back(self.pipeline, self.reading, self.routes.rejected)

    def _heed_rejection(self, stage: Stage) -> None:
        """Go back for a rejection that was given while no process was at work."""
        gate = self.store.gate(stage.number)
        if gate is not None and gate.answer is not None and gate.answer.decision == "reject":
            self.journal.event(GateDecided(answer=gate.answer))
            self._rejected(stage, gate.answer)

    def _rejected(self, stage: Stage, answer: GateAnswer) -> int:
        """Give the reason to every stage from the one that made the material to the gate, and go back there."""
        to = self._ways_back()[stage.number]
        for number in range(to, stage.number + 1):
            for message in filter(None, (*answer.changes, answer.comment)):
                self.store.add_guidance(Guidance(stage=number, message=message, by=answer.by), at=answer.at)
        self._go_back(to, "rejected", "; ".join(filter(None, (answer.comment, *answer.changes))))
        return to

    # ---- going back

    def _go_back(self, to: int, by: str, reason: str) -> None:
        """First the journal, then the move: a kill between them is mended by `_finish_archive`."""
        number = self.store.next_archive()
        self.journal.event(WentBack.model_validate({"archive": number, "to": to, "by": by, "reason": reason}))
        self.store.archive(number, to, reason)

    def _finish_archive(self) -> None:
        events = self.journal.events(WentBack)
        if events:
            self.store.archive(events[-1].archive, events[-1].to, events[-1].reason)

    def _has_outputs(self, number: int) -> bool:
        return any((self.store.stage_folder(stage) / "output.json").exists() for stage in self.pipeline[number - 1 :])

    def _loops(self) -> dict[str, int]:
        """How often each way back was taken, in the research as it stands."""
        counts: dict[str, int] = {}
        for event in self._rounds():
            counts[event.by] = counts.get(event.by, 0) + 1
        return counts

    def _round(self, stage: Stage) -> int:
        return 1 + sum(1 for event in self._rounds() if event.to <= stage.number)

    def _rounds(self) -> list[WentBack]:
        """The ways back that began new rounds, without those that a later redo has made void."""
        standing: list[WentBack] = []
        for event in self.journal.events(WentBack):
            if event.by in ("refine", "pivot", "rejected"):
                standing.append(event)
            else:
                standing = [earlier for earlier in standing if earlier.to < event.to]
        return standing

    # ---- run.json

    def _stand(self, **changes: object) -> None:
        """Write run.json with the changes, the time spent so far and where the run is."""
        info = self.store.info()
        where = {} if self._where is None else {"stage": self._where.task_name}
        spent = {"seconds": round(self._before_s + time.monotonic() - self._began, 1), "updated": now()}
        self.store.write_info(RunInfo.model_validate({**info.model_dump(by_alias=True), **where, **spent, **changes}))


def _end(exc: BaseException) -> tuple[Status, int, str]:
    """How a run stands after an exception: status, exit code, one line."""
    if isinstance(exc, WaitingAtGate):
        return "waiting", exc.exit_code, str(exc)
    if isinstance(exc, BudgetSpent):
        return "budget spent", exc.exit_code, str(exc)
    if isinstance(exc, ResearchError):
        return "failed", exc.exit_code, str(exc)
    if isinstance(exc, KeyboardInterrupt):
        return "interrupted", EXIT_INTERRUPTED, "interrupted; `researchclaw resume` goes on from here."
    return "failed", 1, f"{type(exc).__name__}: {exc}".splitlines()[0]
