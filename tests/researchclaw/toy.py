"""A pipeline of seven toy stages that go through the real engine, flow, journal and run folder.

As a script: `python toy.py FOLDER TOPIC ENGINE [SLEEP_S]` starts or resumes a run in FOLDER, with every gate approved; each
training run sleeps SLEEP_S first, so that a test can kill the process in the middle.
"""

import dataclasses
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, cast

from researchclaw import server
from researchclaw.engine import Engine, Routes
from researchclaw.gates import AutoApprove, Gatekeeper, LeaveWaiting
from researchclaw.journal import ExperimentEnded, Journal
from researchclaw.run_store import RunStore, runs
from researchclaw.settings import FlowSettings, GateSettings
from stages.contracts import Brief, Contract, Decision, GateQuestion, Guidance, Hardware, QualityReport
from stages.errors import ResearchError, SourceUnavailable
from stages.ports import Context
from stages.stage import Stage

HARDWARE = Hardware(cpu="toy", physical_cores=1, memory_gb=1, accelerator=None, operating_system="toy", python="3.11", torch="2.13.0")


class Aim(Contract):
    text: str


class Found(Contract):
    works: tuple[str, ...]
    heard: tuple[str, ...] = ()


class Kept(Contract):
    works: tuple[str, ...]


class Design(Contract):
    seeds: tuple[int, ...]
    works: tuple[str, ...]


class Trial(Contract):
    seed: int
    round: int


class Score(Contract):
    value: float


class Scores(Contract):
    values: tuple[float, ...]
    round: int


class Report(Contract):
    text: str


class NeedsBrief(Contract):
    brief: Brief


class NeedsAim(Contract):
    aim: Aim


class NeedsFound(Contract):
    found: Found


class NeedsKept(Contract):
    kept: Kept


class NeedsDesign(Contract):
    design: Design


class NeedsScores(Contract):
    scores: Scores


class NeedsAll(Contract):
    aim: Aim
    scores: Scores
    decision: Decision


class Laboratory:
    """Counts what it is paid for, in a file, so that a killed process's work counts too."""

    def __init__(self, journal: Journal, ledger: Path, sleep_s: float, fail_times: int = 0) -> None:
        self.journal, self.ledger, self.sleep_s, self.fail_times = journal, ledger, sleep_s, fail_times

    def score(self, trial: Trial) -> Score:
        def compute() -> Score:
            time.sleep(self.sleep_s)
            if self.fail_times:
                self.fail_times -= 1
                raise SourceUnavailable("the toy laboratory is out to lunch")
            with self.ledger.open("a") as file:
                file.write(f"{trial.seed}/{trial.round}\n")
            return Score(value=1 / (3 + trial.seed + trial.round))

        score = self.journal.once("run", trial, Score, compute)
        self.journal.tell(ExperimentEnded(condition="toy", seed=trial.seed, purpose="report", verdict="ok", value=score.value))
        return score


class World:
    def __init__(self, laboratory: Laboratory) -> None:
        self.laboratory = laboratory

    def brief(self, topic: str) -> Brief:
        return Brief(
            topic=topic, budget_s=1, seeds=3, max_conditions=2, refine_attempts=0, confirm_seeds=0, scored_bytes=None,
            max_hours=1, max_works=20, author="", researcher="toy", hardware=HARDWARE,
        )  # fmt: skip

    def context(self, guidance: tuple[Guidance, ...], round: int, lessons: tuple[Any, ...]) -> Context:  # noqa: A002
        ports: dict[str, Any] = {field.name: None for field in dataclasses.fields(Context)}
        here = {"laboratory": self.laboratory, "kits": (), "guidance": guidance, "round": round, "lessons": lessons}
        return Context(**{**ports, **here})


def aim(inputs: NeedsBrief, _: Context) -> Aim:
    return Aim(text=inputs.brief.topic)


def search(inputs: NeedsAim, ctx: Context) -> Found:
    words = tuple(g.message for g in ctx.guidance)
    return Found(works=(inputs.aim.text, "second work", *words), heard=words)


def screen(inputs: NeedsFound, _: Context) -> Kept:
    return Kept(works=inputs.found.works)


def screen_question(output: Kept) -> GateQuestion:
    return GateQuestion(stage=3, title="Are these the works?", body="\n".join(f"- {work}" for work in output.works))


def design(inputs: NeedsKept, _: Context) -> Design:
    return Design(seeds=(0, 1, 2), works=inputs.kept.works)


def trial(inputs: NeedsDesign, ctx: Context) -> Scores:
    laboratory = cast("Any", ctx.laboratory)
    return Scores(
        values=tuple(laboratory.score(Trial(seed=seed, round=ctx.round)).value for seed in inputs.design.seeds), round=ctx.round
    )


def judge(inputs: NeedsScores, ctx: Context) -> Decision:
    verdict = "refine" if inputs.scores.round == 1 else "proceed"
    return Decision.model_validate({"verdict": verdict, "reasons": ["toy reason"], "evidence": []})


def report(inputs: NeedsAll, _: Context) -> Report:
    return Report(text=f"{inputs.aim.text}: {inputs.scores.values} after {inputs.decision.verdict}")


def _stage(number: int, name: str, inputs: type[Contract], output: type[Contract], run: Any, question: Any = None) -> Stage:
    phase = "A scoping" if number < 4 else "E execution"
    return Stage(number, name, phase, f"toy {name}", inputs, output, run, question, reads_guidance=name == "search")


PIPELINE = (
    _stage(1, "aim", NeedsBrief, Aim, aim),
    _stage(2, "search", NeedsAim, Found, search),
    _stage(3, "screen", NeedsFound, Kept, screen, screen_question),
    _stage(4, "design", NeedsKept, Design, design),
    _stage(5, "trial", NeedsDesign, Scores, trial),
    _stage(6, "judge", NeedsScores, Decision, judge),
    _stage(7, "report", NeedsAll, Report, report),
)


def revise(inputs: NeedsBrief, ctx: Context) -> Aim:
    return Aim(text=" ".join([inputs.brief.topic, *(g.message for g in ctx.guidance)]))


def check(inputs: NeedsAim, _: Context) -> QualityReport:
    return QualityReport(checks=(), passed=True, for_a_person=(inputs.aim.text,), manuscript_sha256="0" * 64)


def check_question(output: QualityReport) -> GateQuestion:
    return GateQuestion(stage=2, title="May the paper be exported?", body=output.for_a_person[0])


PAPER = (
    _stage(1, "revise", NeedsBrief, Aim, revise),
    _stage(2, "check", NeedsAim, QualityReport, check, check_question),
    _stage(3, "search", NeedsAim, Found, search),
)
"""Ends with the question of the last gate: is the paper accepted or returned?"""


def after(number: int, output: Contract, loops: dict[str, int]) -> int:
    if isinstance(output, Decision) and output.verdict == "refine" and loops.get("refine", 0) < 2:
        return 5
    return number + 1


ROUTES = Routes(after=after, rejected={3: 2})


def new_run(output: Path, topic: str = "toys") -> RunStore:
    return RunStore.create(output, topic, settings={}, hardware=HARDWARE, version="0", versions={})


def engine(store: RunStore, journal: Journal, gatekeeper: Gatekeeper | None = None, sleep_s: float = 0, fail_times: int = 0) -> Engine:
    laboratory = Laboratory(journal, store.folder / "paid.txt", sleep_s, fail_times)
    return Engine(
        pipeline=PIPELINE,
        store=store,
        journal=journal,
        world=World(laboratory),
        gatekeeper=gatekeeper or AutoApprove(store),
        routes=ROUTES,
    )


def run_plainly(output: Path) -> RunStore:
    """A run without Prefect, to its end, in this process."""
    store = new_run(output)
    with store.lock(), Journal(store.journal_path) as journal:
        engine(store, journal).run()
    return store


def paid(store: RunStore) -> list[str]:
    return (store.folder / "paid.txt").read_text().split() if (store.folder / "paid.txt").exists() else []


def main(folder: str, topic: str, kind: str, sleep_s: str = "0") -> None:
    output = Path(folder)
    known = () if "TOY_NEW" in os.environ else runs(output)
    store = RunStore(known[-1]) if known else new_run(output, topic)
    with store.lock(), Journal(store.journal_path) as journal:
        gatekeeper = LeaveWaiting(store) if "TOY_WAITS" in os.environ else AutoApprove(store)
        it = engine(store, journal, gatekeeper, sleep_s=float(sleep_s), fail_times=int(os.environ.get("TOY_FAILS", "0")))
        if "TOY_PAPER" in os.environ:
            it.pipeline, it.routes = PAPER, Routes(after=after, rejected={2: 1})
        it.journal.listen(lambda event: sys.stdout.write(f"{type(event).__name__}\n") and sys.stdout.flush())
        if kind == "plain":
            it.run()
        else:
            from researchclaw import flow

            timeout = os.environ.get("TOY_TIMEOUT")
            flow.run(
                it,
                FlowSettings(retry_delay_sec=0.1),
                output,
                gates=GateSettings(timeout=None if timeout is None else float(timeout)),
                tell=lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush(),
            )


def interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    if "LAB_AUTH" in os.environ:
        os.environ["PREFECT_SERVER_API_AUTH_STRING"] = os.environ["LAB_AUTH"]
    if "TOY_CLIENT_RETRIES" in os.environ:
        server.HUSH["PREFECT_CLIENT_MAX_RETRIES"] = os.environ["TOY_CLIENT_RETRIES"]
    signal.signal(signal.SIGTERM, interrupt)
    code = 0
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except ResearchError as exc:
        sys.stderr.write(f"{exc}\n")
        code = exc.exit_code
    server.leave(code)
