"""A run in words: a line for each event, a summary, a table; and as one HTML page that loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from researchclaw.adapters.isolation.streams import one_line, plain
from researchclaw.loop.contracts import (
    AttemptEnded,
    Calibrated,
    Calibration,
    FailedRun,
    FinalEstimate,
    HeldOut,
    LoopEnded,
    NoFinalEstimate,
    Plan,
    Proposed,
    StrategyChanged,
)
from researchclaw.loop.history import History
from researchclaw.shipped import shipped
from stages.contracts import Contract

SUMMARY_EVERY = 10


clean = one_line
"""Without escapes and line breaks: proposers and programs wrote it."""


def told(event: Contract, plan: Plan) -> str | None:  # noqa: PLR0911 (a sentence for each kind of event)
    """One line for a person; None for events that say nothing new."""
    match event:
        case Calibrated():
            return calibrated(event.calibration, plan)
        case HeldOut():
            return f"sealed test, {event.what}: {f'{event.value:.6g}' if event.value is not None else clean(event.reason or '')}"
        case Proposed():
            again = f", repair {event.revision}" if event.revision else ""
            return f"  #{event.number}{again} {event.commit[:7]} {clean(event.hypothesis)} (+{event.added} -{event.removed})"
        case AttemptEnded():
            return f"#{event.number} {event.verdict}: {clean(event.reason)} [{event.runs} runs, {event.seconds:.1f} s]"
        case StrategyChanged():
            return f"-- {event.to}: {clean(event.reason)}"
        case FinalEstimate():
            return (
                f"final, {len(event.seeds)} seeds that no decision has seen: {event.baseline:.6g} -> {event.value:.6g}, "
                f"gain {event.gain:.6g} (90 % interval {event.low:.6g} to {event.high:.6g}){_failures(event.failed)}"
            )
        case NoFinalEstimate():
            return f"final: no seed gave a number for both versions{_failures(event.failed)}"
        case LoopEnded():
            return f"ended: {clean(event.reason)}" + ("" if event.improved else " No improvement is shown.")
        case _:
            return None


def _failures(failed: Sequence[FailedRun]) -> str:
    return "".join(f"; seed {run.seed}, {run.version} version: {clean(run.reason)}" for run in failed)


def calibrated(calibration: Calibration, plan: Plan) -> str:
    n, mean = len(calibration.values), fmean(calibration.values)
    if calibration.deterministic:
        noise = "every run gives the same number, so one run decides"
    else:
        how = (
            "a seed repeats itself" if calibration.repeatable else "a seed does not repeat itself; incumbent and candidate run in turn"
        )
        noise = f"sd {calibration.sd:.4g}; {how}; gains of {calibration.mde:.4g} are found in 80 % of cases"
    line = f"baseline {plan.metric} {mean:.6g} ({n} runs of {calibration.seconds:.2f} s): {noise}"
    return line + (f"\nadvice: {calibration.advice}" if calibration.advice else "")


def summary(history: History) -> list[str]:
    """Where the run stands, in a few lines."""
    plan = history.started.plan
    counts = Counter(attempt.verdict for attempt in history.attempts)
    lines = [f"goal      {clean(plan.goal)}", f"metric    {plan.metric}, {plan.direction} is better"]
    if history.calibration is None:
        return [*lines, "not calibrated yet"]
    lines.append(f"baseline  {fmean(history.calibration.values):.6g}")
    keeps = history.keeps
    if keeps:
        lines.append(f"now       {keeps[-1].value:.6g} at {(keeps[-1].commit or '')[:7]} (on its fresh seeds)")
    lines.append(f"attempts  {len(history.attempts)}: " + (", ".join(f"{n} {name}" for name, n in counts.most_common()) or "none yet"))
    for kept in sorted(keeps, key=lambda a: -(a.gain or 0.0))[:5]:
        lines.append(f"  kept #{kept.number}: {clean(kept.hypothesis)} (gain {kept.gain:.4g})")
    if looks := len(history.held_out):
        lines.append(f"sealed    looked at {looks} times: " + ", ".join(f"{h.what} {h.value}" for h in history.held_out))
    if history.final is not None:
        lines.append(told(history.final, plan) or "")
    if history.ended is not None:
        lines.append(told(history.ended, plan) or "")
    return lines


# ---------------------------------------------------------------- HTML


def html(history: History, run_id: str, patches: Mapping[int, str]) -> str:
    """One page: summary, running best with intervals, every attempt with its patch. patches: attempt -> unified diff."""
    environment = Environment(
        loader=FileSystemLoader(shipped("templates") / "loop"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        run_id=run_id,
        plan=history.started.plan,
        summary=summary(history),
        calibration=history.calibration,
        attempts=[(attempt, clean(attempt.hypothesis), clean(attempt.reason)) for attempt in history.attempts],
        changes={change.after: change for change in history.changes},
        lessons=history.learned,
        shown_lessons=history.started.lessons,
        patches=patches,
        chart=_chart(history),
        operators=_operators(history),
    )
    return plain(page)  # lessons and patches, too, are a stranger's


def _operators(history: History) -> list[tuple[str, int, int, float]]:
    """Kind of change, attempts, keeps, seconds; the most tried first."""
    kinds: dict[str, list[AttemptEnded]] = {}
    for attempt in history.attempts:
        kinds.setdefault(attempt.operator.split(" ", 1)[0], []).append(attempt)
    rows = [(kind, len(of), sum(a.verdict == "keep" for a in of), sum(a.seconds for a in of)) for kind, of in kinds.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


class Dot(Contract):
    """A mark of the chart in its coordinates."""

    x: float
    y: float
    top: float
    bottom: float
    kept: bool
    number: int


class Chart(Contract):
    width: int
    height: int
    dots: tuple[Dot, ...]
    steps: str
    low: float
    high: float


def _chart(history: History) -> Chart | None:
    """Every measured attempt, and the incumbent as a line of steps."""
    if history.calibration is None:
        return None
    measured = [attempt for attempt in history.attempts if attempt.value is not None]
    start = fmean(history.calibration.values)
    values = [start, *(attempt.value for attempt in measured if attempt.value is not None)]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    width, height = 900, 300
    last = max((attempt.number for attempt in measured), default=1)

    def x(number: int) -> float:
        return round(20 + (width - 40) * number / max(last, 1), 1)

    def y(value: float) -> float:
        return round(height - 20 - (height - 40) * min(max((value - low) / span, 0.0), 1.0), 1)

    dots = []
    points = [f"{x(0)},{y(start)}"]
    now = start
    for attempt in measured:
        assert attempt.value is not None
        half = (attempt.high - attempt.low) / 2 if attempt.high is not None and attempt.low is not None else 0.0
        kept = attempt.verdict == "keep"
        dots.append(
            Dot(
                x=x(attempt.number),
                y=y(attempt.value),
                top=y(attempt.value + half),
                bottom=y(attempt.value - half),
                kept=kept,
                number=attempt.number,
            )
        )
        points.append(f"{x(attempt.number)},{y(now)}")
        if kept:
            now = attempt.value
            points.append(f"{x(attempt.number)},{y(now)}")
    points.append(f"{x(last)},{y(now)}")
    return Chart(width=width, height=height, dots=tuple(dots), steps=" ".join(points), low=low, high=high)
