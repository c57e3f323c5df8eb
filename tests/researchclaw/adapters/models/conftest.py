"""A misbehaving endpoint, and a mind in front of it whose waits are short."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.models.choice import http_model
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.model import HttpModel
from researchclaw.adapters.offline import OfflineResearcher
from researchclaw.journal import Journal
from researchclaw.kits import shipped_kits
from researchclaw.settings import LlmSettings
from stages.a_scoping.topic_init import TopicQuestion, TopicReading


@pytest.fixture(scope="session")
def scripted() -> ModuleType:
    """tests/researchclaw/adapters/models/scripted.py as a module."""
    path = Path(__file__).with_name("scripted.py")
    spec = importlib.util.spec_from_file_location("scripted_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scripted_model"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def question() -> TopicQuestion:
    return TopicQuestion(topic="Does the learning-rate schedule matter for tiny language models?", kits=shipped_kits())


@pytest.fixture(scope="session")
def truth(question: TopicQuestion) -> TopicReading:
    """The right answer to `question`: the server says it, and nothing else may come out of the client."""
    return OfflineResearcher().ask(question, TopicReading)


@pytest.fixture
def server(scripted: ModuleType, truth: TopicReading) -> Iterator[Any]:
    with scripted.scripted(lambda _: truth.model_dump_json()) as it:
        yield it


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.jsonl") as it:
        yield it


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mind(server: Any, journal: Journal) -> Iterator[Callable[..., HttpModel]]:
    """Makes a model over `server` and `journal`."""
    made: list[HttpModel] = []

    def make(provider: str = "openai", *, remember: bool = True, **settings: Any) -> HttpModel:
        short = {
            "model": "good-model",
            "base_url": server.url,
            "deadline_sec": 6,
            "idle_sec": 0.25,
            "retry_sec": 0.02,
            "concurrency": 8,
        }
        llm = LlmSettings.model_validate({"provider": provider, **short, **settings})
        made.append(http_model(llm, "0123456789abcdef", Memory(journal if remember else None), {"ANTHROPIC_API_KEY": "k"}))
        return made[-1]

    yield make
    for model in made:
        model.close()
