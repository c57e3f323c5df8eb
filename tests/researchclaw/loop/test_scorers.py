"""A kit's score comes from the laboratory's record, with a number of steps that the step clock allows."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

from researchclaw.adapters.isolation.supervisor import Outcome
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.kits import kit_folder, load_kit
from researchclaw.loop.commands import Workbench
from researchclaw.loop.repository import Repository
from researchclaw.loop.scorers import CommandScorer, KitScorer
from stages.contracts import RunCost, RunRecord, TrainingRequest
from stages.ports import Probe, ProbeRequest, Probes


class Bench:
    """A laboratory in which the candidate's steps cost twice the baseline's, and every run is not finite."""

    isolation = "none"

    def __init__(self) -> None:
        self.requests: list[TrainingRequest] = []

    def probe(self, kit: str, requests: Sequence[ProbeRequest]) -> Probes:
        ratios = (1.0, 2.0)
        probes = [
            Probe(condition=r.condition, failure=None, step_s=0.01 * x, cost_ratio=x, parameters=9, weights_sha256="0" * 64)
            for r, x in zip(requests, ratios, strict=True)
        ]
        return Probes(clock="cpu", probes=tuple(probes))

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        self.requests += requests
        cost = RunCost(train_cpu_s=2.0, train_wall_s=3.0, startup_s=1.0, evaluation_s=0.5, peak_memory_mb=99.0)
        record = {"request_sha256": "0" * 64, "measurement": None, "cost": cost, "isolation": "none", "command": "-", "folder": "-"}
        return tuple(
            RunRecord.model_validate(
                record
                | {"condition": r.condition, "seed": r.seed, "purpose": r.purpose, "log_tail": ""}
                | {"verdict": "nonfinite", "reason": "the loss is not finite"}
            )
            for r in requests
        )


def test_a_candidate_gets_the_steps_that_fit_and_an_infinite_loss_is_a_crash_with_its_reason(toy: ModuleType, tmp_path: Path) -> None:
    kit = load_kit(kit_folder("tiny_lm"))
    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"train.py": b"WIDTH = 1\n"})
    bench = Bench()
    plan = toy.plan(kit="tiny_lm", kit_budget_s=20.0, kit_scored_bytes=4096)
    scorer = KitScorer(repository, cast(LocalLaboratory, bench), kit, plan)
    score = scorer.score(tree, 3)
    assert (score.verdict, score.value, score.reason) == ("crash", None, "the loss is not finite")
    assert (score.wall_s, score.cpu_s, score.peak_memory_mb) == (4.5, 2.0, 99.0)
    scorer.held_out(tree)
    scorer.score(tree, 3, whole=True)
    search, sealed, milestone = bench.requests
    assert (search.train_py, search.seed, search.steps, search.split, search.scored_bytes) == ("WIDTH = 1\n", 3, 1000, "val", 4096)
    assert (sealed.split, sealed.scored_bytes) == ("test", None)
    assert (milestone.split, milestone.scored_bytes) == ("val", None)


def test_a_change_that_takes_the_program_away_is_rejected_and_nothing_is_run(toy: ModuleType, tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"kit.yaml": b"name: tiny_lm\n"})
    bench = Bench()
    scorer = KitScorer(repository, cast(LocalLaboratory, bench), load_kit(kit_folder("tiny_lm")), toy.plan(kit="tiny_lm"))
    score = scorer.score(tree, 3)
    assert (score.verdict, score.reason) == ("rejected", "the change takes train.py away")
    assert bench.requests == []


class Printed:
    """A workbench whose command prints one METRIC line, and of what else it printed so many bytes are lost."""

    isolation = "none"

    def __init__(self, lost: int) -> None:
        self.lost = lost

    def run(self, *_: object, **__: object) -> Outcome:
        return Outcome(0, None, False, 1.0, 1.0, 9.0, stdout=b"METRIC m=-5\n", stderr=b"", stdout_left_out=self.lost)


def test_where_output_was_lost_nobody_knows_how_often_a_metric_stood_there(toy: ModuleType) -> None:
    whole, cut = (CommandScorer(cast(Workbench, Printed(lost)), toy.plan(metric="m")).score("tree", 0) for lost in (0, 1))
    assert (whole.verdict, whole.value) == ("ok", -5.0)
    assert (cut.verdict, cut.value) == ("rejected", None)
    assert "send logs to stderr" in str(cut.reason)
