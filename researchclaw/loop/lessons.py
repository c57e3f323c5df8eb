"""What runs on one repository taught, kept between them: shown to later runs, fading with time, with a count of how often it
helped. The file is a view of all logs' lessons and of who saw them; deleting it loses memory, no record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from researchclaw.loop.contracts import AttemptEnded, Lesson
from researchclaw.loop.history import History
from researchclaw.run_store import write_whole
from stages.contracts import Contract
from stages.errors import SettingsError

FILE = "lessons.json"
HALF_LIFE_DAYS, KEPT, SHOWN = 14.0, 50, 10  # codex-autoresearch decays over 14 and 30 days and keeps 50


class Lessons(Contract):
    lessons: tuple[Lesson, ...] = ()


def load(home: Path) -> tuple[Lesson, ...]:
    """Raises: SettingsError: the file is damaged."""
    path = home / FILE
    if not path.exists():
        return ()
    try:
        return Lessons.model_validate_json(path.read_bytes()).lessons
    except ValidationError as exc:
        raise SettingsError(f"{path} is damaged; remove it, only memory is lost.") from exc


def weight(lesson: Lesson, now: datetime) -> float:
    """Half after two weeks; more when it has helped."""
    days = max((now - datetime.fromisoformat(lesson.at)).total_seconds() / 86400, 0.0)
    return float(0.5 ** (days / HALF_LIFE_DAYS)) * (1 + lesson.helped)


def to_show(home: Path, now: datetime) -> tuple[Lesson, ...]:
    """The lessons that a new run begins with, the weightiest first; they count as shown."""
    known = load(home)
    chosen = sorted(known, key=lambda lesson: -weight(lesson, now))[:SHOWN]
    if chosen:
        marked = [lesson.model_copy(update={"shown": lesson.shown + 1}) if lesson in chosen else lesson for lesson in known]
        _save(home, marked)
    return tuple(chosen)


def remember(home: Path, history: History, now: datetime) -> None:
    """Add what an ended run learned, and count for each lesson that it was shown how often it helped; once for each run."""
    known = load(home)
    if {_name(lesson) for lesson in history.learned} & {_name(lesson) for lesson in known}:
        return
    kept = [attempt.operator for attempt in history.keeps]
    shown = {(lesson.run, lesson.operator, lesson.at) for lesson in history.started.lessons}
    updated = []
    for lesson in known:
        helped = kept.count(lesson.operator) if (lesson.run, lesson.operator, lesson.at) in shown else 0
        updated.append(lesson.model_copy(update={"helped": lesson.helped + helped}))
    updated += history.learned
    _save(home, sorted(updated, key=lambda lesson: -weight(lesson, now))[:KEPT])


def _name(lesson: Lesson) -> tuple[str, str, str, str]:
    return lesson.run, lesson.outcome, lesson.operator, lesson.at


def _save(home: Path, lessons: Sequence[Lesson]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    write_whole(home / FILE, (Lessons(lessons=tuple(lessons)).model_dump_json(indent=1) + "\n").encode())


# ---------------------------------------------------------------- writing them


def due(run: str, history: History) -> list[Lesson]:
    """Lessons of keeps and pivots that the log does not hold."""
    told = {(lesson.operator, lesson.strategy, lesson.insight) for lesson in history.learned if lesson.outcome == "keep"}
    found = [
        lesson_of_attempt(run, history, kept) for kept in history.keeps if (kept.operator, kept.hypothesis, kept.reason) not in told
    ]
    turned = Counter(change.banned for change in history.changes if change.banned is not None)
    turned.subtract(lesson.operator for lesson in history.learned if lesson.outcome == "pivot")
    return [*found, *(lesson_of_pivot(run, history, banned) for banned, count in turned.items() if banned is not None and count > 0)]


def lesson_of_attempt(run: str, history: History, kept: AttemptEnded) -> Lesson:
    return Lesson(
        operator=kept.operator,
        strategy=kept.hypothesis,
        outcome="keep",
        insight=kept.reason,
        context=_context(history),
        at=_now(),
        run=run,
    )


def lesson_of_pivot(run: str, history: History, banned: str) -> Lesson:
    recent = [attempt for attempt in history.attempts if attempt.operator.startswith(banned)]
    verdicts = ", ".join(sorted({attempt.verdict for attempt in recent})) or "nothing kept"
    return Lesson(
        operator=banned,
        strategy=f"changes of {banned}",
        outcome="pivot",
        insight=f"{len(recent)} attempts on {banned}, and none since the last keep was kept ({verdicts})",
        context=_context(history),
        at=_now(),
        run=run,
    )


def lesson_of_end(run: str, history: History, reason: str) -> Lesson:
    keeps = history.keeps
    best = ", ".join(attempt.operator for attempt in sorted(keeps, key=lambda a: -(a.gain or 0.0))[:3]) or "nothing"
    return Lesson(
        operator=keeps[-1].operator if keeps else "none",
        strategy=f"{len(history.attempts)} attempts, {len(keeps)} kept",
        outcome="end",
        insight=f"largest gains: {best}. {reason}",
        context=_context(history),
        at=_now(),
        run=run,
    )


def _context(history: History) -> str:
    plan = history.started.plan
    return f"{plan.metric} ({plan.direction} is better) of {plan.kit or ', '.join(plan.scope)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
