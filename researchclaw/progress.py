"""What a person sees of a run: one live display at a terminal, plain lines elsewhere, a status from another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import Field

from researchclaw.adapters.isolation.streams import plain
from researchclaw.journal import (
    Event,
    ExperimentEnded,
    ExperimentsPlanned,
    GateAsked,
    GateDecided,
    RunStarted,
    StageEnded,
    StageFailed,
    StageStarted,
    WentBack,
    entries,
)
from researchclaw.run_store import RunStore, StageOutput
from researchclaw.spending import Spending, spending
from stages.contracts import Analysis, Contract, Deliverables, ExperimentPlan, Hypotheses, RunRecord, Schedule
from stages.stage import Stage

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def duration(seconds: float) -> str:
    """'42 s', '3 min 05 s', '2 h 04 min'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Tally:
    """Counts what the events say."""

    def __init__(self, stages: int) -> None:
        self.stages = stages
        self.began = time.monotonic()
        self.stage: tuple[int, str, int] | None = None
        self.stage_began = self.began
        self.planned = 0
        self.reported = 0
        self.others = 0
        self.failed = 0
        self.best: tuple[float, str, int] | None = None
        self.lower_is_better: bool | None = None
        self.estimated_s: float | None = None
        self.experiments_began: float | None = None
        self.note = ""

    def take(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self.stage, self.stage_began = (event.stage, event.name, event.round), time.monotonic()
        elif isinstance(event, ExperimentsPlanned):
            self.planned, self.estimated_s, self.lower_is_better = event.runs, event.estimated_s, event.lower_is_better
            self.reported = 0
        elif isinstance(event, ExperimentEnded):
            self._experiment(event)
        elif isinstance(event, WentBack):
            self.note = f"back to stage {event.to}: {event.by}"
        elif isinstance(event, GateAsked):
            self.note = f"gate {event.stage}: {event.title}"

    def _experiment(self, event: ExperimentEnded) -> None:
        if self.experiments_began is None:
            self.experiments_began = time.monotonic()
        if event.purpose == "report":
            self.reported += 1
        else:
            self.others += 1
        if event.verdict != "ok":
            self.failed += 1
        if event.value is not None and event.purpose == "report" and self.lower_is_better is not None:
            better = self.best is None or (event.value < self.best[0]) == self.lower_is_better
            if better:
                self.best = (event.value, event.condition, event.seed)

    def remaining(self) -> str | None:
        """The schedule's estimate, less the share of its runs that have ended."""
        if self.estimated_s is None or not self.planned or self.reported >= self.planned:
            return None
        return f"about {duration(self.estimated_s * (1 - self.reported / self.planned))} of experiments left"

    def experiments(self) -> str | None:
        if not self.planned and not self.reported and not self.others:
            return None
        parts = [f"{min(self.reported, self.planned) if self.planned else self.reported} of {self.planned or '?'} runs"]
        if self.others:
            parts.append(f"{self.others} more in the improvement loop")
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.best is not None:
            parts.append(f"best {self.best[0]:.4f} ({self.best[1]}, seed {self.best[2]})")
        return ", ".join(parts)


class PlainLines:
    """One line at the start and the end of a stage, and for each training run."""

    def __init__(self, stages: int, write: Callable[[str], None]) -> None:
        self.tally = Tally(stages)
        self.write = write
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.tally.take(event)
            line = self._line(event)
            if line is not None:
                self.write(line)

    @contextmanager
    def paused(self) -> Iterator[None]:
        yield

    def _line(self, event: Event) -> str | None:
        tally, line = self.tally, None
        match event:
            case RunStarted():
                line = f"run {event.run_id} {'goes on' if event.resumed else 'starts'}"
            case StageStarted():
                line = f"{self._stage(event)} …"
            case StageEnded():
                line = f"{self._stage(event)} {'reused from before' if event.reused else f'done in {duration(event.seconds)}'}"
            case StageFailed():
                line = f"{self._stage(event)} ended with {event.error}"
            case ExperimentsPlanned():
                line = f"        {event.runs} training runs planned, about {duration(event.estimated_s)}"
            case ExperimentEnded():
                value = event.verdict if event.value is None else f"{event.value:.4f}"
                count = f"{tally.reported}/{tally.planned}" if event.purpose == "report" and tally.planned else event.purpose
                line = f"        {count} {event.condition}, seed {event.seed}: {value}"
            case WentBack():
                line = f"        back to stage {event.to} ({event.by}): {event.reason}"
            case GateDecided():
                line = f"        gate {event.answer.stage}: {event.answer.decision} ({event.answer.via})"
            case _:
                pass
        return line

    def _stage(self, event: StageStarted | StageEnded | StageFailed) -> str:
        return f"[{event.stage:2d}/{self.tally.stages}] {event.name}{_round(event.round)}"


def _round(number: int) -> str:
    return "" if number == 1 else f" (round {number})"


class LiveDisplay:
    """A few lines that are drawn again four times a second; what is finished scrolls by above them."""

    def __init__(self, stages: int, console: Console) -> None:
        from rich.live import Live

        self.tally = Tally(stages)
        self._lock = threading.Lock()
        self.console = console
        self._lines = PlainLines(stages, lambda _: None)
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveDisplay:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self.tally.take(event)
        if isinstance(event, StageEnded | StageFailed | WentBack | GateDecided):
            line = self._lines._line(event)
            if line is not None:
                self.console.print(plain(line), highlight=False, markup=False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        tally = self.tally
        now = time.monotonic()
        rows: list[RenderableType] = []
        if tally.stage is None:
            where = "starting"
        else:
            number, name, round_ = tally.stage
            where = f"stage {number}/{tally.stages} {name}{_round(round_)}, {duration(now - tally.stage_began)}"
        head = Table.grid(padding=(0, 2, 0, 0))
        head.add_row(
            Spinner("dots", style="cyan"), Text(where, style="bold"), Text(f"elapsed {duration(now - tally.began)}", style="dim")
        )
        rows.append(head)
        experiments = tally.experiments()
        if experiments is not None:
            bar = Table.grid(padding=(0, 2, 0, 0))
            done = min(tally.reported, tally.planned)
            bar.add_row(ProgressBar(total=tally.planned or 1, completed=done, width=24), Text(experiments))
            rows.append(bar)
        remaining = tally.remaining()
        if remaining is not None:
            rows.append(Text(remaining, style="dim"))
        return Group(*rows)


# ---------------------------------------------------------------- status from another process


class StageStatus(Contract):
    number: int
    name: str
    state: str = Field(description="'done', 'running', 'cut short', 'failed' or 'to do'.")
    round: int | None = None
    seconds: float | None = None
    edited_by: str | None = None


class RunStatus(Contract):
    """What `researchclaw status` says; --json prints exactly this."""

    run_id: str
    folder: str
    topic: str
    status: str = Field(description="As in run.json, or 'killed' when the process that ran it is gone.")
    exit_code: int | None
    message: str
    pid: int | None = Field(description="Of the living process that works on the run.")
    stage: str | None
    seconds: float
    stages: tuple[StageStatus, ...]
    runs_planned: int | None
    runs_done: int
    runs_failed: int
    best: float | None
    waiting_gates: tuple[int, ...]
    went_back: int
    spending: Spending | None = Field(default=None, description="What language models took; null: none was asked.")


class _Past:
    """What the journal says about the run as it stands, later lines over earlier ones."""

    def __init__(self, store: RunStore) -> None:
        self.started: dict[int, StageStarted] = {}
        self.failed: set[int] = set()
        self.went_back = 0
        self.reported: dict[str, RunRecord] = {}
        for entry in entries(store.journal_path):
            if entry.type == "StageStarted":
                started = StageStarted.model_validate(entry.body)
                self.started[started.stage] = started
                self.failed.discard(started.stage)
            elif entry.type == "StageFailed":
                self.failed.add(StageFailed.model_validate(entry.body).stage)
            elif entry.type == "WentBack":
                to = WentBack.model_validate(entry.body).to
                self.went_back += 1
                self.started = {number: event for number, event in self.started.items() if number < to}
            elif entry.type == "RunRecord":
                record = RunRecord.model_validate(entry.body)
                if record.purpose == "report":
                    self.reported[record.request_sha256] = record

    def stage(self, stage: Stage, output: StageOutput | None, at_work: bool) -> StageStatus:
        if output is not None:
            return StageStatus(
                number=stage.number,
                name=stage.name,
                state="done",
                round=output.round,
                seconds=output.seconds,
                edited_by=output.edited_by,
            )
        event = self.started.get(stage.number)
        if event is None:
            return StageStatus(number=stage.number, name=stage.name, state="to do")
        state = "failed" if stage.number in self.failed else "running" if at_work else "cut short"
        return StageStatus(number=stage.number, name=stage.name, state=state, round=event.round)


def status(store: RunStore, pipeline: Sequence[Stage]) -> RunStatus:
    """How a run stands, from its folder alone; the run may be at work meanwhile.

    Raises:
        SettingsError: a file of the run is damaged.
    """
    info, holder, past = store.info(), store.holder(), _Past(store)
    outputs = {stage.number: store.output(stage) for stage in pipeline}
    by_contract = {output.contract: output.output for output in outputs.values() if output is not None}
    schedule = Schedule.model_validate(by_contract["Schedule"]) if "Schedule" in by_contract else None
    values = [record.measurement.value for record in past.reported.values() if record.measurement is not None]
    best = None
    if values and "ExperimentPlan" in by_contract:
        lower = ExperimentPlan.model_validate(by_contract["ExperimentPlan"]).metric.lower_is_better
        best = min(values) if lower else max(values)
    return RunStatus(
        run_id=store.run_id,
        folder=str(store.folder),
        topic=info.topic,
        status="killed" if info.status == "running" and holder is None else info.status,
        exit_code=info.exit_code,
        message=info.message,
        pid=None if holder is None else holder.pid,
        stage=info.stage,
        seconds=info.seconds,
        stages=tuple(past.stage(stage, outputs[stage.number], holder is not None) for stage in pipeline),
        runs_planned=None if schedule is None else len(schedule.runs),
        runs_done=len(past.reported),
        runs_failed=sum(1 for record in past.reported.values() if record.verdict != "ok"),
        best=best,
        waiting_gates=tuple(gate.question.stage for gate in store.waiting_gates()),
        went_back=past.went_back,
        spending=_spent(store),
    )


def _spent(store: RunStore) -> Spending | None:
    found = spending(store.journal_path)
    return found if found.requests else None


# ---------------------------------------------------------------- the end


class Summary(Contract):
    """What a person wants to know when a run has ended; every part is looked up, and None where it is not there."""

    paper: str | None
    finding: str | None
    runs: int
    failed: int
    degraded: tuple[str, ...]
    models: str | None = None


def summary(store: RunStore, pipeline: Sequence[Stage]) -> Summary:
    outputs = {o.contract: o.output for stage in pipeline if (o := store.output(stage)) is not None}
    papers = [store.deliverables / name for name in ("paper.pdf", "paper.tex", "paper_draft.md")]
    records = [RunRecord.model_validate(e.body) for e in entries(store.journal_path) if e.type == "RunRecord"]
    finding = None
    if "Analysis" in outputs and "Hypotheses" in outputs:
        primary = Hypotheses.model_validate(outputs["Hypotheses"]).hypotheses[0]
        verdicts = {f.hypothesis: f.verdict for f in Analysis.model_validate(outputs["Analysis"]).findings}
        if primary.id in verdicts:
            finding = f"{verdicts[primary.id]}: {primary.statement}"
    degraded: tuple[str, ...] = ()
    if "Deliverables" in outputs:
        degraded = Deliverables.model_validate(outputs["Deliverables"]).degraded
    return Summary(
        paper=next((str(path) for path in papers if path.exists()), None),
        finding=finding,
        runs=len(records),
        failed=sum(1 for record in records if record.verdict != "ok"),
        degraded=degraded,
        models=None if (spent := _spent(store)) is None else spent.words(),
    )
