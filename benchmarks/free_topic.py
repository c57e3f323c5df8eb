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
        _in_discussion("The elastic net is better than the lasso on every seed."), "paper_draft", 1, "the comparison is"
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
        given = answers[type(question)](question) if type(question) in answers else mind.ask(question, Contract)
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
        command, cwd=folder, env=dict(environment), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LONGEST_S
    )
