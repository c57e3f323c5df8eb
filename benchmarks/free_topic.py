"""A topic that no shipped kit answers, over HTTP: `python benchmarks/free_topic.py [--cheat NAME …] [--honest] [--keep DIR]`.

Starts a scripted chat-completions server on loopback (the scripted mind of the tests behind benchmarks/thinker_server.py),
runs `python -m researchclaw run` in an empty folder, and looks at what a user would look at. The honest mind must end with a
kit, real runs and a paper that passes `researchclaw audit`; each cheat must be refused at its stage, with its exit code and
in words that name it. One line of figures for each run; exit code 1 when any of it does not hold. Needs bubblewrap.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinker_server import Thinker, serving, told_by

from stages.a_scoping.topic_init import BlueprintQuestion
from stages.contracts import Contract, Edit
from stages.d_design.kit_making import Patch, PatchQuestion, PrepareCode, PrepareQuestion, RepairAnswer, RepairQuestion
from stages.g_writing.paper_draft import Mended, MendQuestion, SectionDraft, SectionQuestion
from stages.ports import Question

ANSWERS = Path(__file__).parents[1] / "tests" / "researchclaw" / "generated_kits"
TOPIC = "Is ridge or lasso the better regression when features are correlated?"
SMALL = ("time_budget_sec=2", "seeds=3", "max_conditions=4", "refine_attempts=1", "confirm_seeds=1")
"""Settings of `experiment`: enough runs for every part of a paper, few enough for a minute."""
LONGEST_S = 600.0
"""A run that takes longer is said to hang."""

Says = Callable[[Any], Contract | str]


def _scripts() -> tuple[Any, Any]:
    """(scripted_mind, ridge_and_lasso): the answers that the tests have."""
    sys.path.insert(0, str(ANSWERS))
    try:
        return importlib.import_module("scripted_mind"), importlib.import_module("ridge_and_lasso")
    finally:
        sys.path.remove(str(ANSWERS))


scripted_mind, study = _scripts()


@dataclass(frozen=True)
class Cheat:
    """Answers that cheat, and where that must end."""

    answers: Mapping[type[Question], Says]
    stage: str
    exit_code: int
    says: str
    """Words of the message."""


GIVE_UP: Mapping[type[Question], Says] = {RepairQuestion: lambda _: RepairAnswer(diagnosis="Nothing is wrong with it.", edits=())}
UNMENDED: Mapping[type[Question], Says] = {MendQuestion: lambda _: Mended(patches=())}


def _prepare(source: str) -> dict[type[Question], Says]:
    return {PrepareQuestion: lambda _: PrepareCode(prepare_py=source), **GIVE_UP}


def _same_program(question: PatchQuestion) -> Patch:
    found: Patch = study.PATCHES["lasso" if question.ablated is None else "lasso_ablated"]
    return found


def _same_behaviour(question: PatchQuestion) -> Patch:
    if question.condition.id == "elastic_net":
        return Patch(edits=(Edit(find="MIX = 0.0", replace="MIX = 0.5 + 0.5"),))
    found: Patch = study.PATCHES[question.condition.id]
    return found


def _in_discussion(sentence: str) -> dict[type[Question], Says]:
    def write(question: SectionQuestion) -> SectionDraft:
        draft: SectionDraft = scripted_mind.SCRIPT[SectionQuestion](question)
        return SectionDraft(markdown=f"{draft.markdown}\n\n{sentence}") if question.section.id == "discussion" else draft

    return {SectionQuestion: write, **UNMENDED}


def _own_measure(_: BlueprintQuestion) -> str:
    return json.dumps({**study.BLUEPRINT.model_dump(mode="json"), "measure": "always_one"})


CHEATS: dict[str, Cheat] = {
    "own-measure": Cheat({BlueprintQuestion: _own_measure}, "topic_init", 1, "measure"),
    "metric": Cheat(
        _prepare(study.PREPARE + "\n\ndef rmse(predictions, targets):\n    return 0.0\n"), "code_generation", 1, "defines rmse"
    ),
    "leak": Cheat(
        _prepare(study.PREPARE.replace('"inputs": inputs', '"inputs": np.column_stack([inputs, 3 * targets + 1])')),
        "code_generation",
        1,
        "leak: column 20 of the inputs is the target",
    ),
    "same-program": Cheat({PatchQuestion: _same_program}, "code_generation", 1, "are the same program"),
    "same-behaviour": Cheat({PatchQuestion: _same_behaviour}, "code_generation", 1, "behave the same"),
    "reference": Cheat(
        _in_discussion("Others saw the same [@nobody2031everything]."),
        "paper_draft",
        1,
        "no confirmed work has the key nobody2031everything",
    ),
    "number": Cheat(_in_discussion("The lasso is 37.5 per cent better."), "paper_draft", 1, "the numeral 37.5 is typed"),
    "claim": Cheat(
        _in_discussion("The elastic net is better than the lasso on every seed."), "paper_draft", 1, "'better' claims something"
    ),
}
"""Name -> the cheat; in the order of the stages that refuse them."""


@dataclass(frozen=True)
class Ended:
    """How a command line ended, and what its server saw."""

    exit_code: int
    output: str
    errors: str
    seconds: float
    calls: int
    twice: tuple[str, ...]
    """Kinds of question of which the same one came more than once."""
    misunderstood: tuple[str, ...]
    folder: Path | None

    @property
    def record(self) -> dict[str, Any]:
        """run.json; empty where no run began."""
        found: dict[str, Any] = {} if self.folder is None else json.loads((self.folder / "run.json").read_text())
        return found


def run(folder: Path, answers: Mapping[type[Question], Says] = {}, overrides: Sequence[str] = ()) -> Ended:
    """The command line on the topic, started in the folder, which is empty."""
    mind = scripted_mind.ScriptedMind(other={})
    misunderstood: list[str] = []

    def says(question: Question) -> str:
        try:
            given = answers[type(question)](question) if type(question) in answers else mind.ask(question, Contract)
        except Exception as fault:  # the server's thread would swallow it, and the client call it a broken line
            misunderstood.append(f"{type(question).__name__}: {fault!r}")
            raise
        return given if isinstance(given, str) else given.model_dump_json()

    thinker = Thinker(0.0, says=says)
    with serving(thinker) as url:
        settings = ["llm.provider=openai", "llm.model=scripted", f"llm.base_url={url}", *(f"experiment.{one}" for one in SMALL)]
        arguments = ["run", "--topic", TOPIC, "--auto-approve"]
        for setting in (*settings, *overrides):
            arguments += ["--set", setting]
        began = time.monotonic()
        ended = program(arguments, folder, told_by(url))
        seconds = time.monotonic() - began
    asked = Counter((call.question, call.messages_sha256) for call in thinker.calls)
    runs = sorted((folder / "artifacts").glob("rc-*"))
    return Ended(
        exit_code=ended.returncode,
        output=ended.stdout,
        errors=ended.stderr,
        seconds=seconds,
        calls=len(thinker.calls),
        twice=tuple(kind for (kind, _), count in asked.items() if count > 1),
        misunderstood=tuple(misunderstood),
        folder=runs[-1] if runs else None,
    )


def program(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`python -m researchclaw …` in the folder."""
    command = [sys.executable, "-m", "researchclaw", *arguments]
    return subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LONGEST_S,
    )


def _asked(ended: Ended) -> list[str]:
    """What is wrong with what the server saw."""
    wrong = [f"the scripted mind failed on {fault}" for fault in ended.misunderstood]
    return wrong + ([f"asked more than once: {', '.join(ended.twice)}"] if ended.twice else [])


def faults_of_honest(ended: Ended, folder: Path) -> list[str]:
    """What a user would miss in a study whose answers were honest; empty when all is there."""
    if ended.exit_code != 0 or ended.folder is None:
        return [f"exit code {ended.exit_code}: {ended.errors.strip()[-300:]}", *_asked(ended)]
    wrong = _asked(ended)
    deliverables = ended.folder / "deliverables"
    for name in ("prepare.py", "train.py", "kit.yaml"):
        if not (deliverables / "code" / "kit" / name).is_file():
            wrong.append(f"the kit lacks {name}")
    runs = measured(ended)
    if len(runs) != len(set(runs)) or len(runs) < 12:
        wrong.append(f"{len(runs)} runs were measured, with {len(set(runs))} different scores; 12 are planned")
    pdf = deliverables / "paper.pdf"
    if shutil.which("pdflatex") and not (pdf.is_file() and pdf.read_bytes().startswith(b"%PDF")):
        wrong.append("there is no PDF, though LaTeX is installed")
    checks = program(["audit", str(deliverables)], folder, told_by("http://127.0.0.1:9/v1"))
    if checks.returncode != 0:
        wrong.append(f"the audit ends with {checks.returncode}: {checks.stdout.strip()[-300:]}")
    shown = program(["status", str(ended.folder), "--json"], folder, told_by("http://127.0.0.1:9/v1"))
    spending = json.loads(shown.stdout)["spending"]
    if (spending["requests"], spending["failed"]) != (ended.calls, 0):
        wrong.append(f"status tells of {spending['requests']} requests, {spending['failed']} failed; the server saw {ended.calls}")
    return wrong


def measured(ended: Ended) -> list[float]:
    """The scores of the reported runs, as their folders hold them."""
    assert ended.folder is not None
    files = sorted((ended.folder / "experiment_runs").glob("*/[0-9]*/measurement.json"))
    return [float(json.loads(file.read_text())["measurement"]["value"]) for file in files]


def faults_of_cheat(ended: Ended, cheat: Cheat) -> list[str]:
    """Where the cheat was not refused as it must be; empty when it was."""
    wrong = [f"the scripted mind failed on {fault}" for fault in ended.misunderstood]
    if ended.exit_code != cheat.exit_code:
        wrong.append(f"exit code {ended.exit_code}, not {cheat.exit_code}")
    if stage_of(ended) != cheat.stage:
        wrong.append(f"ended at {stage_of(ended)}, not at {cheat.stage}")
    if cheat.says not in ended.errors:
        wrong.append(f"the message does not say {cheat.says!r}")
    if "Traceback" in ended.errors:
        wrong.append("the message is a traceback")
    if ended.folder is not None and (ended.folder / "deliverables" / "paper.tex").exists():
        wrong.append("a paper was delivered all the same")
    return wrong


def stage_of(ended: Ended) -> str:
    """The stage at which the run ended, by its name."""
    return str(ended.record.get("stage") or "none").split()[-1]


def message(ended: Ended) -> str:
    """The line that the command line ended with."""
    lines = ended.errors.strip().splitlines()
    return lines[-1] if lines else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cheat", action="append", choices=CHEATS, metavar="NAME", help=f"Only these: {', '.join(CHEATS)}.")
    parser.add_argument("--honest", action="store_true", help="No cheat at all.")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="A setting, as on the command line.")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="Keep the runs below this folder, which must not exist.")
    arguments = parser.parse_args()
    if arguments.honest and arguments.cheat:
        parser.error("--honest goes without --cheat")
    names = arguments.cheat or ([] if arguments.honest else list(CHEATS))
    scratch = tempfile.TemporaryDirectory(prefix="researchclaw-topic-") if arguments.keep is None else None
    root = Path(scratch.name) if scratch else arguments.keep.absolute()
    root.mkdir(exist_ok=scratch is not None, parents=True)
    failed = False
    try:
        if not arguments.cheat:
            folder = root / "honest"
            folder.mkdir()
            ended = run(folder, {}, arguments.set)
            wrong = faults_of_honest(ended, folder)
            failed |= bool(wrong)
            runs = len(measured(ended)) if ended.folder else 0
            figures = f"exit {ended.exit_code}, {ended.seconds:.0f} s, {ended.calls} questions, {runs} reported runs"
            print("; ".join([f"{'FAIL' if wrong else 'ok  '} honest: {figures}", *wrong]), flush=True)
        for name in names:
            folder = root / name
            folder.mkdir()
            ended = run(folder, CHEATS[name].answers, arguments.set)
            wrong = faults_of_cheat(ended, CHEATS[name])
            failed |= bool(wrong)
            figures = f"exit {ended.exit_code} at {stage_of(ended)}, {ended.seconds:.0f} s, {ended.calls} questions"
            print("; ".join([f"{'FAIL' if wrong else 'ok  '} {name}: {figures}", *wrong, message(ended)]), flush=True)
    finally:
        if scratch:
            scratch.cleanup()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
