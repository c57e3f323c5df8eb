"""Lessons fade, help, and are counted; the ladder's arithmetic is tested with the engine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.loop import lessons
from researchclaw.loop.contracts import Lesson
from stages.errors import SettingsError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def lesson(days: float, helped: int = 0, operator: str = "A up") -> Lesson:
    at = (NOW - timedelta(days=days)).isoformat()
    return Lesson(operator=operator, strategy="s", outcome="keep", insight="i", context="c", at=at, run="r", helped=helped)


def test_a_lesson_counts_half_after_two_weeks_and_more_when_it_helped() -> None:
    assert lessons.weight(lesson(14), NOW) == pytest.approx(0.5)
    assert lessons.weight(lesson(14, helped=3), NOW) == pytest.approx(2.0)


def test_what_a_run_learned_is_shown_to_the_next_and_counted_when_it_helps(toy: ModuleType, tmp_path: Path) -> None:
    home = tmp_path / "runs"
    the_run, repository = toy.begun(tmp_path, toy.plan(iterations=6))
    first = toy.worked(the_run, toy.FormulaScorer(repository, repeatable=True)).history
    lessons.remember(home, first, NOW)
    shown = lessons.to_show(home, NOW)
    assert {one.operator for one in shown} >= {kept.operator for kept in first.keeps}
    assert all(one.shown == 1 for one in lessons.load(home))
    second = first.started.model_copy(update={"lessons": shown})
    first.started = second
    first.learned = []
    lessons.remember(home, first, NOW)
    assert max(one.helped for one in lessons.load(home)) >= 1


def test_a_damaged_file_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / lessons.FILE).write_text("{")
    with pytest.raises(SettingsError, match="remove it"):
        lessons.load(tmp_path)
