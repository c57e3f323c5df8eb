"""A probe whose guest tells lies about its blocks."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from researchclaw.adapters import step_clock
from researchclaw.adapters.isolation.collector import Weights
from researchclaw.adapters.isolation.limits import Limits
from stages.ports import ProbeRequest


class Guest:
    """Says that it has done whatever it was told."""

    scratch = 0

    def say(self, line: str) -> None: ...

    def wait_for(self, event: str, stop: threading.Event) -> str:
        return event

    def stop(self) -> None: ...


class Bench:
    limits = Limits()


def timed(step_s: float) -> Any:
    return step_clock._Timed(ProbeRequest(condition="c", train_py=""), cast(Any, Guest()), [step_s] * (step_clock.ROUNDS + 1))


@pytest.mark.parametrize("step_s", [-1e-3, 0.0, 1e-9])
def test_steps_that_took_no_time_fail_the_probe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step_s: float) -> None:
    monkeypatch.setattr(step_clock, "collect_weights", lambda *_: Weights(tmp_path / "w", "1" * 64, 9))
    place: Any = (tmp_path / "w", Bench(), threading.Event())
    assert "before it took any time" in str(step_clock._cost(timed(step_s), timed(0.04), *place).failure)
    honest = step_clock._cost(timed(0.08), timed(0.04), *place)
    assert (honest.failure, honest.cost_ratio) == (None, pytest.approx(2, rel=0.02))
