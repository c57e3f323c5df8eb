"""A loop whose scorer is a formula; as a program it works on a run until it ends: `python toy_loop.py HOME`, to be killed at will."""

import ast
import hashlib
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from researchclaw.journal import Journal
from researchclaw.loop import store
from researchclaw.loop.contracts import GuardResult, LoopStarted, Plan, Score
from researchclaw.loop.engine import Engine
from researchclaw.loop.proposers.by_rule import RuleProposer
from researchclaw.loop.repository import Repository

SOURCE = """\
LEARNING_RATE = 0.001  # search: log scale, 0.0001 to 0.1
BATCH_SIZE = 32  # search: 2 to 64
TABLES = 0  # search: 0, 1, 2
INERT = 1.0  # search: 0.0 to 10.0
"""


def value_of(source: str) -> float:
    """Lower is better; the best are LEARNING_RATE 0.01, BATCH_SIZE 8 and TABLES 2; INERT changes nothing."""
    import math

    constants = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(source).body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    loss = 2.0 + 0.1 * abs(math.log(constants["LEARNING_RATE"] / 0.01)) + 0.1 * abs(math.log2(constants["BATCH_SIZE"] / 8))
    return loss + 0.1 * (2 - constants["TABLES"])


class FormulaScorer:
    """sd: of the noise; half of it is shared by all versions on a seed. repeatable: the noise of a version and seed is fixed."""

    isolation = "a formula"

    def __init__(self, repository: Repository, sd: float = 0.0, *, repeatable: bool | None = None, pause_s: float = 0.0) -> None:
        self.repository, self.sd, self.repeatable, self.pause_s = repository, sd, repeatable, pause_s
        self.stop = threading.Event()
        self.calls: list[tuple[str, int]] = []
        self.held: list[str] = []
        self.guarding: list[str] = []
        self.refuse_guard: Any = lambda _: False
        self.refuse_final: Any = lambda _source, _seed: False
        self._draw = random.Random(7)
        self._sources: dict[str, str] = {}

    def source(self, tree: str) -> str:
        if tree not in self._sources:
            (entry,) = [entry for entry in self.repository.entries(tree) if entry.path == "train.py"]
            self._sources[tree] = b"".join(self.repository.blobs([entry.id])).decode()
        return self._sources[tree]

    def expect(self, seconds: float) -> None:
        pass

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        self.calls.append((tree, seed))
        time.sleep(self.pause_s)
        cost = {"wall_s": 1.0, "cpu_s": 1.0, "peak_memory_mb": 100.0}
        source = self.source(tree)
        if "crash" in source:
            return Score(verdict="crash", reason="exit code 1: NameError at line 7", **cost)
        if whole and self.refuse_final(source, seed):
            return Score(verdict="rejected", reason="not causal", **cost)
        draw = (
            random.Random(int(hashlib.sha256(f"{source}{seed}".encode()).hexdigest(), 16))
            if self.repeatable is not None
            else self._draw
        )
        shared = random.Random(seed).gauss(0, self.sd / 2)
        return Score(verdict="ok", value=value_of(source) + shared + draw.gauss(0, self.sd), **cost)

    def guard(self, tree: str, command: str) -> GuardResult:
        self.guarding.append(tree)
        refused = self.refuse_guard(self.source(tree))
        return GuardResult(passed=not refused, reason="1 test failed" if refused else None, wall_s=0.1)

    def held_out(self, tree: str) -> Score:
        self.held.append(tree)
        return Score(verdict="ok", value=value_of(self.source(tree)), wall_s=1.0, cpu_s=1.0, peak_memory_mb=1.0)


def plan(**changes: Any) -> Plan:
    values: dict[str, Any] = {
        "goal": "a smaller loss",
        "scope": ("train.py",),
        "verify": "formula",
        "metric": "loss",
        "direction": "lower",
    }
    return Plan.model_validate(values | changes)


def begun(home: Path, the_plan: Plan, source: str = SOURCE) -> tuple[store.LoopStore, Repository]:
    """A run on a new repository of two files."""
    repository = (
        Repository.create(home / "repository.git") if not (home / "repository.git").exists() else Repository(home / "repository.git")
    )
    tree = repository.written(None, {"train.py": source.encode(), "judge.py": b"print(1)\n"})
    base = repository.commit(tree, None, "baseline\n")
    run = store.new_run(home / "runs")
    store.begin(run, LoopStarted(plan=the_plan, base=base, isolation="a formula", lessons=()))
    return run, repository


def worked(run: store.LoopStore, scorer: FormulaScorer, proposer: Any = None, tell: Any = None) -> Engine:
    with run.lock(), Journal(run.log_path) as journal:
        engine = Engine(run, journal, scorer.repository, scorer, proposer or RuleProposer(), tell)
        engine.run()
    return engine


if __name__ == "__main__":
    home = Path(sys.argv[1])
    (run,) = store.runs(home / "runs")
    worked(run, FormulaScorer(Repository(home / "repository.git"), 0.02, repeatable=True, pause_s=0.004))
