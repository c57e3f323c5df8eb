"""A key is masked by its value, whatever the variable is called that holds it."""

import base64
import json
import logging
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from researchclaw import secret_values
from researchclaw.adapters.models.acp.agents import AGENTS, environment_for
from researchclaw.adapters.models.choice import places
from researchclaw.adapters.models.faults import of_status
from researchclaw.adapters.sources.terms import terms_of
from researchclaw.cli import program
from researchclaw.journal import Journal, RunEnded
from researchclaw.settings import LiteratureSettings, LlmSettings
from stages.contracts import Contract
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
    given = {"SHED_KEY": KEY, "WHERE": "http://127.0.0.1:1/v1", "PATH": "/usr/bin"}
    environment_for(AGENTS["codex"], ("SHED_KEY", "WHERE"), given)
    assert secret_values.masked(f"{KEY} http://127.0.0.1:1/v1 /usr/bin") == "*** http://127.0.0.1:1/v1 /usr/bin"


def test_a_word_that_stands_in_for_a_key_masks_nothing() -> None:
    places(LlmSettings(provider="openai", model="m", base_url="http://127.0.0.1:1/v1", api_key_env="GARDEN"), {"GARDEN": "ollama"})
    assert secret_values.masked("ollama runs models") == "ollama runs models"


def test_the_longer_of_two_keys_goes_first() -> None:
    for key in ("elephant-", "elephant-4711"):
        secret_values.keep(key)
    assert secret_values.masked("elephant-4711 elephant-") == "*** ***"


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("AWS_PROFILE", "training", False),
        ("AWS_PROFILE", "research", False),
        ("ANTHROPIC_MODEL", "claude-opus-4-1", False),
        ("ANTHROPIC_MODEL", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", False),
        ("PACKAGE", "sk-learn-and-more-words", False),
        ("GARDEN", "sk-ant-Pq7-vN2-Zx9", True),
        ("GARDEN", "ghp_16C7e42F292c6912E7", True),
        ("GARDEN", "a81bc81b-dead-4e5d-abff-90865d1e13b1", True),
        ("GARDEN", "q8w7e6r5t4y3u2i1o0p9", True),
        ("MY_TOKEN", "Mauve-elephant", True),
        ("MY_TOKEN", "elephant", False),
    ],
)
def test_of_what_an_agent_gets_only_keys_are_masked(name: str, value: str, hidden: bool) -> None:
    environment_for(AGENTS["codex"], (name,), {name: value})
    assert secret_values.masked(f"the {value} run") == ("the *** run" if hidden else f"the {value} run")


@pytest.mark.parametrize("value", ["xxxxxxxxxxxx", "00000000000000", "12345678901", "placeholder", "EMPTY"])
def test_what_stands_in_for_a_key_is_not_masked(value: str) -> None:
    secret_values.keep(value)
    assert secret_values.masked(f"a {value} b") == f"a {value} b"


class Measured(Contract):
    value: float
    text: str


@pytest.mark.parametrize("key", ["333333333334", '"value":0.3'])
def test_a_key_cuts_no_number_and_no_field_of_a_journal(key: str, tmp_path: Path) -> None:
    """A paid answer that could not be recorded would be paid for again."""
    secret_values.keep(key)
    request = Measured(value=1, text="asked")
    given = Measured(value=0.3333333333341, text=f"said {key}.")
    with Journal(tmp_path / "journal.jsonl") as journal:
        answer = journal.once("test", request, Measured, lambda: given)
        assert answer == Measured(value=given.value, text="said ***.")
        assert journal.once("test", request, Measured, lambda: pytest.fail("asked twice")) == answer
    with Journal(tmp_path / "journal.jsonl") as journal:
        assert journal.find("test", request, Measured) == answer


def test_json_of_an_endpoint_or_a_source_stays_json() -> None:
    """With the key in a string of JSON within JSON, beside a number and a name that hold it, too."""
    key = "333333333334"
    secret_values.keep(key)
    inner = json.dumps({f"n{key}": 0.3333333333341, "said": key})
    body = json.dumps({"choices": [{"content": inner, "cost": 1333333333334}]})
    cleaned = secret_values.masked(body)
    assert secret_values.masked(cleaned) == cleaned
    assert secret_values.masked_bytes(body.encode()) == cleaned.encode()
    (choice,) = json.loads(cleaned)["choices"]
    assert choice["cost"] == 1333333333334
    assert json.loads(choice["content"]) == {f"n{key}": 0.3333333333341, "said": "***"}


@pytest.mark.parametrize("text", ["[note] {}", "[" * 100_000 + "{}", '{{"half": "{}'])
def test_what_only_begins_like_json_is_masked_as_text(text: str) -> None:
    secret_values.keep("Mauve-elephant")
    assert secret_values.masked(text.replace("{}", "Mauve-elephant")) == text.replace("{}", "***")
    assert secret_values.masked_bytes(b"\xff Mauve-elephant") == b"\xff ***"


def test_a_name_that_is_a_key_for_certain_is_masked() -> None:
    secret_values.keep("sk-ant-Pq7-vN2-Zx9")
    assert secret_values.masked('{"sk-ant-Pq7-vN2-Zx9": 1}') == '{"***": 1}'


@pytest.mark.parametrize(
    "spelled",
    [
        quote(KEY, safe=""),
        json.dumps(KEY)[1:-1],
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(f":{KEY}".encode()).decode(),
        base64.b64encode(f"{KEY}:".encode()).decode(),
    ],
)
def test_a_key_is_masked_in_every_spelling(read: None, spelled: str) -> None:
    assert secret_values.masked(f"sent {spelled} there").replace("=", "") == "sent *** there"


def test_the_log_of_debug_shows_no_key(read: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), [logging.getLogger(name) for name in ("researchclaw", "stages")]
    levels = [one.level for one in (root, *ours)]
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(program, "_debug", True)
    monkeypatch.setenv("OTHER_TOKEN", "Grey-elephant")
    try:
        program._everywhere()
        logging.getLogger("researchclaw.x").warning("sent %s and Grey-elephant", KEY)
    finally:
        for one, level in zip((root, *ours), levels, strict=True):
            one.setLevel(level)
    shown = capsys.readouterr().err
    assert "researchclaw.x sent *** and ***" in shown
    assert "elephant" not in shown
