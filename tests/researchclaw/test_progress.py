import io
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from researchclaw.journal import (
    ExperimentEnded,
    ExperimentsPlanned,
    GateDecided,
    Journal,
    RunStarted,
    StageEnded,
    StageFailed,
    StageStarted,
    WentBack,
)
from researchclaw.progress import LiveDisplay, PlainLines, Tally, duration, status, summary
from researchclaw.run_store import RunStore, now
from stages.contracts import GateAnswer


def ended(value: float | None, seed: int = 0, purpose: str = "report") -> ExperimentEnded:
    verdict = "crash" if value is None else "ok"
    return ExperimentEnded.model_validate(
        {"condition": "cosine", "seed": seed, "purpose": purpose, "verdict": verdict, "value": value}
    )


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7440, "2 h 04 min")])
def test_durations_are_read_at_a_glance(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_plain_lines_name_stage_round_experiments_and_ways_back() -> None:
    lines: list[str] = []
    show = PlainLines(23, lines.append)
    show(RunStarted(run_id="rc-1", pid=1, resumed=False))
    show(StageStarted(stage=12, name="experiment_run", round=1))
    show(ExperimentsPlanned(runs=25, estimated_s=600, lower_is_better=True))
    show(ended(2.5))
    show(ended(None, 1))
    show(ended(2.4, 7, "development"))
    show(StageEnded(stage=12, name="experiment_run", round=1, seconds=300, reused=False))
    show(WentBack(archive=1, to=13, by="refine", reason="too noisy"))
    show(StageStarted(stage=13, name="iterative_refine", round=2))
    show(StageFailed(stage=13, name="iterative_refine", round=2, error="BudgetSpent", message="no"))
    show(GateDecided(answer=GateAnswer(stage=20, decision="approve", by="x", via="terminal", at=now())))
    assert lines == [
        "run rc-1 starts",
        "[12/23] experiment_run …",
        "        25 training runs planned, about 10 min 00 s",
        "        1/25 cosine, seed 0: 2.5000",
        "        2/25 cosine, seed 1: crash",
        "        development cosine, seed 7: 2.4000",
        "[12/23] experiment_run done in 5 min 00 s",
        "        back to stage 13 (refine): too noisy",
        "[13/23] iterative_refine (round 2) …",
        "[13/23] iterative_refine (round 2) ended with BudgetSpent",
        "        gate 20: approve (terminal)",
    ]


@pytest.mark.parametrize(("lower", "best"), [(True, 2.0), (False, 3.0)])
def test_the_best_so_far_follows_the_metric(lower: bool, best: float) -> None:
    tally = Tally(23)
    tally.take(ExperimentsPlanned(runs=4, estimated_s=80, lower_is_better=lower))
    for seed, value in enumerate((2.5, 3.0, 2.0)):
        tally.take(ended(value, seed))
    tally.take(ended(1.0, 9, "development"))
    assert tally.best is not None
    assert tally.best[0] == best
    assert tally.remaining() == "about 20 s of experiments left"
    assert tally.experiments() is not None


def test_the_live_display_draws_stage_elapsed_runs_and_best() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=120, height=20)
    with LiveDisplay(23, console) as live:
        live(StageStarted(stage=12, name="experiment_run", round=2))
        live(ExperimentsPlanned(runs=25, estimated_s=600, lower_is_better=True))
        live(ended(2.5))
        console.print(live._draw())
        with live.paused():
            console.print("a question")
        live(StageEnded(stage=12, name="experiment_run", round=2, seconds=3, reused=False))
    shown = text.getvalue()
    assert "stage 12/23 experiment_run (round 2)" in shown
    assert "elapsed" in shown
    assert "1 of 25 runs, best 2.5000 (cosine, seed 0)" in shown
    assert "about 9 min 36 s of experiments left" in shown
    assert "[12/23] experiment_run (round 2) done in 3 s" in shown


def test_status_is_read_from_the_folder_alone(tmp_path: Path, toy: ModuleType) -> None:
    store: RunStore = toy.new_run(tmp_path)
    with store.lock(), Journal(store.journal_path) as journal:
        toy.engine(store, journal).run(to_stage=5)
        during = status(store, toy.PIPELINE)
    after = status(store, toy.PIPELINE)
    assert during.pid is not None
    assert after.pid is None
    assert after.status == "stopped"
    assert [s.state for s in after.stages] == ["done"] * 5 + ["to do"] * 2
    assert after.stages[4].round == 1


def test_a_run_whose_process_is_gone_is_said_to_be_killed(tmp_path: Path, toy: ModuleType) -> None:
    store: RunStore = toy.new_run(tmp_path)
    assert status(store, toy.PIPELINE).status == "killed"


def test_a_summary_without_a_paper_names_none(tmp_path: Path, toy: ModuleType) -> None:
    store: RunStore = toy.new_run(tmp_path)
    found = summary(store, toy.PIPELINE)
    assert (found.paper, found.finding, found.runs) == (None, None, 0)
    store.deliverables.mkdir()
    (store.deliverables / "paper.pdf").write_bytes(b"%PDF")
    assert summary(store, toy.PIPELINE).paper == str(store.deliverables / "paper.pdf")
