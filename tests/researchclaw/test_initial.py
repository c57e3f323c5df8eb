"""The first settings file, and the one tiny question that proves it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from researchclaw.adapters.models.greeting import greet
from researchclaw.cli import main
from researchclaw.doctor import examine
from researchclaw.initial import MINDS, Choice, written
from researchclaw.settings import LlmSettings, Settings, load
from stages.errors import ResearchError, SettingsError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("mind", MINDS)
def test_the_file_of_every_mind_loads(mind: str, tmp_path: Path) -> None:
    (tmp_path / "config.arc.yaml").write_text(written(Choice(mind, "a-model", None, None)))
    llm = load(folder=tmp_path).llm
    assert llm.provider == MINDS[mind].provider
    assert llm.base_url == MINDS[mind].base_url
    assert llm.api_key_env == MINDS[mind].key_env
    assert llm.agent == MINDS[mind].agent


def test_options_answer_the_questions(here: Path) -> None:
    assert main(["init", "--mind", "ollama", "--model", 'odd "name"']) == 0
    assert yaml.safe_load((here / "config.arc.yaml").read_text())["llm"]["model"] == 'odd "name"'


def test_an_agent_needs_no_further_answer(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--mind", "gemini-cli"]) == 0
    assert yaml.safe_load((here / "config.arc.yaml").read_text())["llm"] == {"provider": "acp", "agent": "gemini"}
    assert main(["init", "--mind", "codex", "--base-url", "http://127.0.0.1", "--force"]) == 2
    assert "leave them out" in capsys.readouterr().err


def test_a_file_that_is_there_stays_unless_one_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / "config.arc.yaml"
    file.write_text("# mine\n")
    assert main(["init", "--mind", "offline"]) == 2
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"
    assert main(["init", "--mind", "offline", "--force"]) == 0
    assert "offline" in file.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--mind"),
        (["--mind", "gpt"], "known: offline, openai"),
        (["--mind", "openai"], "--model"),
        (["--mind", "openai", "--model", "m", "--api-key-env", "sk-abcdefgh12345678"], "holds a key"),
        (["--mind", "openai", "--model", "m", "--api-key-env", "lower-case-secret"], "name of an environment variable"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_writes_nothing(
    words: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert "abcdefgh12345678" not in error
    assert "lower-case-secret" not in error
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "llm:\n  api_key: abc\n",
        "llm:\n  model: sk-proj-abcdefghijklmnop1234\n",
        "llm:\n  base_url: https://me:word@models.example.org/v1\n",
        "llm:\n  fallback: [gsk_abcdefghijklmnop1234]\n",
        "experiment:\n  token: abc\n",
    ],
)
def test_settings_never_hold_a_key(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="keys never stand in settings") as caught:
        load(file)
    assert "c.yaml:2" in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "word@" not in str(caught.value)


# ---------------------------------------------------------------- doctor


@pytest.fixture
def endpoint() -> Iterator[Any]:
    import importlib.util

    path = Path(__file__).parent / "adapters" / "models" / "scripted.py"
    spec = importlib.util.spec_from_file_location("scripted_endpoint", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.scripted(lambda _: '{"ready": true}') as server:
        server.acts = module
        yield server


def _llm(endpoint: Any, **changes: Any) -> LlmSettings:
    short = {
        "provider": "openai",
        "model": "good-model",
        "base_url": endpoint.url,
        "deadline_sec": 1,
        "idle_sec": 0.3,
        "retry_sec": 0.01,
    }
    return LlmSettings.model_validate({**short, **changes})


def test_the_doctor_asks_one_tiny_question(endpoint: Any) -> None:
    said = greet(_llm(endpoint))
    assert said.startswith("good-model at 127.0.0.1 answered in ")
    assert "json_schema; price not known" in said
    assert len(endpoint.seen) == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("endpoint.acts.status(401, 'Incorrect API key')", "set a valid key"),
        ("endpoint.acts.status(404, 'model not found')", r"It has 2 models, e\.g\. good-model"),
        ("endpoint.acts.html", "wireless"),
        ("endpoint.acts.says('hello')", "no valid answer"),
        ("endpoint.acts.status(429, 'insufficient_quota')", "top up"),
    ],
)
def test_the_doctor_says_what_is_wrong_in_one_line(act: str, words: str, endpoint: Any) -> None:
    endpoint.forever = eval(act, {"endpoint": endpoint})
    with pytest.raises(ResearchError, match=f"(?i){words}") as caught:
        greet(_llm(endpoint, model="good-modle"))
    assert "\n" not in str(caught.value)


def test_the_model_is_one_of_the_checks(tmp_path: Path, endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("researchclaw.doctor._sandbox", lambda _: "not looked at here")
    endpoint.forever = endpoint.acts.status(401, "Incorrect API key")
    report = examine(Settings(output=tmp_path, llm=_llm(endpoint)))
    (check,) = [check for check in report.checks if check.name == "model"]
    assert not check.passed
    assert not report.passed
