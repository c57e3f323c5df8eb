"""Which endpoint, which key, and that a key goes nowhere else."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from researchclaw.adapters.models.choice import api_key, is_here, places
from researchclaw.adapters.models.model import HttpModel
from researchclaw.settings import LlmSettings
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import SettingsError

KEYS = {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_API_KEY": "sk-a", "MINE": "sk-m"}


@pytest.mark.parametrize(
    ("url", "named", "key"),
    [
        ("https://api.openai.com/v1", None, "sk-o"),
        ("https://api.anthropic.com/v1", None, "sk-a"),
        ("https://api.openai.com/v1", "MINE", "sk-m"),
        ("http://127.0.0.1:8000/v1", None, None),
        ("https://models.example.org/v1", None, None),
        ("https://api.openai.com.example.org/v1", None, None),
    ],
)
def test_a_key_goes_to_its_own_host_or_where_the_settings_say(url: str, named: str | None, key: str | None) -> None:
    assert api_key(url, named, KEYS) == key


@pytest.mark.parametrize(
    "environment", [{}, {"OPENAI_API_KEY": " "}, {"OPENAI_API_KEY": "sk-secret\nx"}, {"OPENAI_API_KEY": "sk-sécret"}]
)
def test_a_missing_or_broken_key_names_the_variable_and_shows_nothing(environment: Mapping[str, str]) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        api_key("https://api.openai.com/v1", None, environment)
    assert "cret" not in str(caught.value)


def test_a_stand_in_may_be_at_another_provider() -> None:
    llm = LlmSettings(provider="openai", model="a", base_url="http://127.0.0.1:8000/v1", fallback=("llama3:8b", "anthropic:claude-x"))
    found = places(llm, KEYS)
    assert [(place.provider, place.model, place.host) for place in found] == [
        ("openai", "a", "127.0.0.1"),
        ("openai", "llama3:8b", "127.0.0.1"),
        ("anthropic", "claude-x", "api.anthropic.com"),
    ]
    assert "x-api-key" in found[2].headers


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://x/v1", "http:///v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        places(LlmSettings(provider="openai", model="m", base_url=url), {})


def test_a_model_must_be_named() -> None:
    with pytest.raises(SettingsError, match=r"llm\.model"):
        places(LlmSettings(provider="openai"), KEYS)


def test_this_machine_is_known_by_its_names() -> None:
    assert is_here("localhost")
    assert is_here("127.0.0.1")
    assert is_here("::1")
    assert not is_here("localhost.example.org")


def test_the_key_is_in_a_header_and_nowhere_else(mind: Callable[..., HttpModel], server: Any, question: TopicQuestion) -> None:
    model = mind("anthropic", api_key_env="ANTHROPIC_API_KEY")
    model.ask(question, TopicReading)
    assert server.headers[0]["x-api-key"] == "k"
    assert '"k"' not in str(server.seen[0])


def test_anthropic_is_told_which_beginning_to_keep(mind: Callable[..., HttpModel], server: Any, question: TopicQuestion) -> None:
    model = mind("anthropic")
    for topic in ("first?", "second?"):
        model.ask(question.model_copy(update={"topic": topic}), TopicReading)
    first, second = (body["messages"][0]["content"] for body in server.seen)
    assert [len(first), len(second)] == [1, 2]
    assert second[0]["cache_control"] == {"type": "ephemeral"}
    assert first[0]["text"].startswith(second[0]["text"])
    assert "second?" in second[1]["text"]


def test_a_verdict_is_asked_of_the_judge_and_at_temperature_0(
    mind: Callable[..., HttpModel], server: Any, question: TopicQuestion
) -> None:
    class Verdict(TopicQuestion):
        judges = True

    model = mind(judge="other-model", temperature=0.7)
    model.ask(question, TopicReading)
    model.ask(Verdict(**dict(question)), TopicReading)
    assert [(body["model"], body["temperature"]) for body in server.seen] == [("good-model", 0.7), ("other-model", 0.0)]
    assert "judged by other-model" in model.name
