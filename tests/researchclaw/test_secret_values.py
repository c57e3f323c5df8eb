"""A key is masked by its value, whatever the variable is called that holds it."""

import logging
import sys
from pathlib import Path

import pytest

from researchclaw import secret_values
from researchclaw.adapters.models.acp.agents import AGENTS, environment_for
from researchclaw.adapters.models.choice import places
from researchclaw.adapters.models.faults import of_status
from researchclaw.adapters.sources.terms import terms_of
from researchclaw.cli import program
from researchclaw.journal import Journal, RunEnded
from researchclaw.settings import LiteratureSettings, LlmSettings
from stages.errors import SettingsError

KEY = 'mauve/"elephant"+4711'
"""It looks like no key, and JSON spells it otherwise."""


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_values, "_kept", ())


@pytest.fixture
def read() -> None:
    """The key as the settings name it: in a variable with an odd name."""
    llm = LlmSettings(provider="openai", model="m", base_url="http://127.0.0.1:1/v1", api_key_env="GARDEN")
    (place,) = places(llm, {"GARDEN": KEY})
    assert place.key == KEY
    assert place.headers["Authorization"].endswith(KEY)


def test_a_fault_does_not_repeat_the_key_that_an_endpoint_repeats(read: None) -> None:
    said = str(of_status(401, f"Incorrect API key provided: {KEY}"))
    assert "Incorrect API key provided: ***" in said
    assert "elephant" not in said


def test_the_journal_holds_no_key_and_can_be_read_again(read: None, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.event(RunEnded(status="failed", exit_code=1, message=f"the endpoint said {KEY}"))
        assert journal.verify() == 1
    text = (tmp_path / "journal.jsonl").read_text("utf-8")
    assert "elephant" not in text
    assert "the endpoint said ***" in text


@pytest.mark.parametrize("debug", [False, True])
def test_the_terminal_shows_no_key(
    read: None, debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise SettingsError(f"the endpoint refuses {KEY}")

    monkeypatch.setattr(program, "app", fails)
    monkeypatch.setattr(program.signal, "signal", lambda *_: None)
    assert program.main(["doctor", *(["--debug"] if debug else [])]) == 2
    shown = capsys.readouterr().err
    assert "the endpoint refuses ***" in shown
    assert ("Traceback" in shown) == debug
    assert "elephant" not in shown


def test_a_log_line_shows_no_key_though_no_name_tells_of_it(read: None) -> None:
    from researchclaw import flow

    try:
        {}[KEY]
    except KeyError:
        record = logging.LogRecord("x", logging.INFO, "", 1, "sent %s", (KEY,), sys.exc_info())
    text = flow.WithoutSecrets(logging.Formatter(), []).format(record)
    assert text.startswith("sent ***")
    assert "elephant" not in text


def test_a_key_of_a_literature_source_is_kept_and_an_address_is_not() -> None:
    settings = LiteratureSettings.model_validate({"semantic_scholar": {"key_env": "SHED"}, "crossref": {"key_env": "POST"}})
    terms_of(settings, {"SHED": KEY, "POST": "someone@example.org"})
    assert secret_values.masked(f"{KEY} someone@example.org") == "*** someone@example.org"
    assert secret_values.masked_bytes(f"<{KEY}>".encode()) == b"<***>"


def test_what_an_agent_gets_by_name_is_kept_unless_it_is_an_address() -> None:
    given = {"SHED": KEY, "WHERE": "http://127.0.0.1:1/v1", "PATH": "/usr/bin"}
    environment_for(AGENTS["codex"], ("SHED", "WHERE"), given)
    assert secret_values.masked(f"{KEY} http://127.0.0.1:1/v1 /usr/bin") == "*** http://127.0.0.1:1/v1 /usr/bin"


def test_a_word_that_stands_in_for_a_key_masks_nothing() -> None:
    places(LlmSettings(provider="openai", model="m", base_url="http://127.0.0.1:1/v1", api_key_env="GARDEN"), {"GARDEN": "ollama"})
    assert secret_values.masked("ollama runs models") == "ollama runs models"


def test_the_longer_of_two_keys_goes_first() -> None:
    for key in ("elephant", "elephant-4711"):
        secret_values.keep(key)
    assert secret_values.masked("elephant-4711 elephant") == "*** ***"
