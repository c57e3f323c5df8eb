"""A run at its limit: exit code 4, one line, and it goes on with a higher one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from researchclaw.adapters.offline import OfflineResearcher
from researchclaw.cli import main
from researchclaw.kits import shipped_kits
from stages.a_scoping.topic_init import TopicQuestion, TopicReading

TOPIC = "Does the learning-rate schedule matter for tiny language models?"


@pytest.fixture
def endpoint() -> Iterator[Any]:
    import importlib.util

    path = Path(__file__).parent / "adapters" / "models" / "scripted.py"
    spec = importlib.util.spec_from_file_location("scripted_for_budget", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    truth = OfflineResearcher().ask(TopicQuestion(topic=TOPIC, kits=shipped_kits()), TopicReading)
    with module.scripted(lambda _: truth.model_dump_json()) as server:
        yield server


def test_a_run_stops_before_its_limit_and_is_resumed_with_a_higher_one(
    endpoint: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {"llm.provider": "openai", "llm.model": "m", "llm.base_url": endpoint.url, "flow.engine": "plain", "min_free_mb": 1}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    place = ["--output", str(tmp_path / "runs")]
    assert main(["run", "--topic", TOPIC, *place, *words, "--set", "llm.budget_tokens=1000"]) == 4
    said = capsys.readouterr()
    assert "it stops at 1000 tokens" in said.out
    assert "llm.budget_tokens is 1000" in said.err
    assert endpoint.seen == []
    assert main(["resume", "latest", *place, "--set", "llm.budget_tokens=100000", "--to-stage", "1"]) == 0
    assert len(endpoint.seen) == 1
    capsys.readouterr()
    assert main(["status", "latest", *place, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["spending"]["prompt"], status["spending"]["completion"]) == (100, 50)
    assert status["spending"]["by_stage"][0]["name"] == "01"


def test_a_model_without_a_key_ends_before_a_run_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["--set", "llm.provider=openai", "--set", "llm.model=gpt-5"]
    assert main(["run", "--topic", TOPIC, "--output", str(tmp_path / "runs"), *words]) == 2
    assert "OPENAI_API_KEY is not set" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("rc-*"))
