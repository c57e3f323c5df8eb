"""A whole study of a topic beyond the shipped kits, made once with a scripted model in the real sandbox."""

import importlib.util
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw import hardware, wiring
from researchclaw.adapters.journalled import JournalledModel
from researchclaw.engine import Engine
from researchclaw.gates import AutoApprove
from researchclaw.journal import Journal
from researchclaw.run_store import RunStore
from researchclaw.settings import Settings, overridden
from stages.contracts import Contract, Guidance, Lesson
from stages.pipeline import PIPELINE
from stages.ports import Context, LanguageModel, Question
from stages.stage import Stage

HERE = Path(__file__).parent
LIMITS = ("time_budget_sec=2", "seeds=3", "max_conditions=4", "refine_attempts=1", "confirm_seeds=1")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def answers() -> ModuleType:
    """ridge_and_lasso.py."""
    return _module("ridge_and_lasso")


@pytest.fixture(scope="session")
def scripted(answers: ModuleType) -> ModuleType:
    """scripted_mind.py."""
    _module("paper")
    return _module("scripted_mind")


@dataclass
class Study:
    """A finished run, and the world in which single stages can be done again with another mind."""

    store: RunStore
    settings: Settings
    mind: Any
    scripted: ModuleType
    record: dict[type[Contract], Contract]
    scratch: Path

    @property
    def deliverables(self) -> Path:
        return self.store.deliverables

    def output(self, kind: type[Contract]) -> Any:
        return self.record[kind]

    def again(self, stage: str, other: Mapping[type[Question], Any], **changes: Contract) -> Contract:
        """One stage once more, with the finished run's inputs and with some answers replaced."""
        number = next(one for one in PIPELINE if one.name == stage)
        self.scratch.mkdir(parents=True, exist_ok=True)
        bench = wiring.laboratory(self.settings, self.scratch)
        context = replace(self.context(), model=self.scripted.ScriptedMind(other=other), laboratory=bench)
        record = {**self.record, **{type(value): value for value in changes.values()}}
        return number.run(number.gather(record), context)

    def context(self) -> Context:
        with Journal(self.scratch / "journal.jsonl") as journal:
            return wiring.build(self.settings, self.store, journal).context((), 1, ())


class ScriptedWorld(wiring.OuterWorld):
    """The world of the settings, with another mind."""

    def __init__(self, settings: Settings, store: RunStore, journal: Journal, mind: LanguageModel) -> None:
        super().__init__(settings, store, journal)
        self._mind = JournalledModel(mind, journal)

    def context(self, guidance: tuple[Guidance, ...], round: int, lessons: tuple[Lesson, ...]) -> Context:  # noqa: A002
        return replace(super().context(guidance, round, lessons), model=self._mind)


class Keeper:
    """Keeps every stage's output."""

    def __init__(self, record: dict[type[Contract], Contract]) -> None:
        self._record = record

    def output(self, stage: Stage, output: Contract) -> None:
        self._record[stage.output] = output

    def question(self, stage: Stage, body: str) -> None:
        pass


@pytest.fixture(scope="session")
def study(scripted: ModuleType, answers: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """From the topic to the verified paper."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: no experiment can be run")
    output = tmp_path_factory.mktemp("generated")
    settings = overridden(Settings(), [f"output={output}", "export.venue=plain", *(f"experiment.{limit}" for limit in LIMITS)])
    mind = scripted.ScriptedMind()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda size: "7" * 2 * size)  # the same rows in every run of the tests
        store = RunStore.create(
            output,
            answers.TOPIC,
            settings=settings.model_dump(mode="json"),
            hardware=hardware.found(),
            version="test",
            versions=hardware.versions(),
            command=("test",),
        )
        record: dict[type[Contract], Contract] = {}
        with store.lock(), Journal(store.journal_path) as journal:
            world = ScriptedWorld(settings, store, journal, mind)
            engine = Engine(PIPELINE, store, journal, world, AutoApprove(store), watcher=Keeper(record))
            engine.run()
    brief = store.info().brief
    assert brief is not None
    return Study(store, settings, mind, scripted, {type(brief): brief, **record}, output / "scratch")
