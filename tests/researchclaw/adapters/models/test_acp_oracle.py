"""The protocol's official SDK as the other side, and as the judge of what is sent."""

import json
import os
import sys
from pathlib import Path

import pytest

from researchclaw.adapters.models.choice import http_model
from researchclaw.adapters.models.exchange import EXCHANGE
from researchclaw.adapters.models.memory import Memory
from researchclaw.journal import Journal, entries
from researchclaw.settings import LlmSettings
from stages.a_scoping.topic_init import TopicQuestion, TopicReading
from stages.errors import ModelUnavailable

acp = pytest.importorskip("acp", reason="agent-client-protocol, the SDK of ACP, is not installed")

HERE = Path(__file__).parent


def test_an_agent_of_the_sdk_answers(question: TopicQuestion, truth: TopicReading, journal: Journal) -> None:
    llm = LlmSettings(provider="acp", agent=(sys.executable, str(HERE / "acp_sdk_agent.py"), truth.model_dump_json()))
    model = http_model(llm, "0123456789abcdef", Memory(journal), os.environ)
    try:
        assert model.ask(question, TopicReading) == truth
    finally:
        model.close()
    (entry,) = [entry for entry in entries(journal.path) if entry.kind == EXCHANGE]
    assert isinstance(entry.body, dict)
    assert entry.body["tools"] == ["look around", "look around"]
    assert entry.body["cost"]["usage"]["prompt"] == 20


def test_every_message_is_one_of_the_schema(question: TopicQuestion, truth: TopicReading, tmp_path: Path) -> None:
    from acp import schema

    (tmp_path / "answer").write_text(truth.model_dump_json())
    (tmp_path / "mood").write_text("closes")
    (tmp_path / "script").write_text("permission\nno_way_to_reject\nsilent\n")
    llm = LlmSettings(
        provider="acp",
        model="large",
        idle_sec=0.5,
        retry_sec=0.01,
        deadline_sec=20,
        agent=(sys.executable, str(HERE / "acp_agent.py"), str(tmp_path)),
    )
    model = http_model(llm, "0123456789abcdef", environment=os.environ)
    try:
        for topic in ("one?", "two?", "three?"):
            model.ask(question.model_copy(update={"topic": topic}), TopicReading)
    except ModelUnavailable as exc:  # pragma: no cover - says why
        pytest.fail(str(exc))
    finally:
        model.close()
    forms = {
        "initialize": schema.InitializeRequest,
        "session/new": schema.NewSessionRequest,
        "session/prompt": schema.PromptRequest,
        "session/set_config_option": schema.SetSessionConfigOptionSelectRequest,
        "session/cancel": schema.CancelNotification,
        "session/close": schema.CloseSessionRequest,
    }
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert {message["method"] for message in seen if "method" in message} == set(forms)
    for message in seen:
        assert message["jsonrpc"] == "2.0"
        if "method" in message:
            checked = forms[message["method"]].model_validate(message["params"])
            assert not checked.model_extra, message
    replies = [json.loads(line) for line in (tmp_path / "replies").read_text().splitlines()]
    assert [schema.RequestPermissionResponse.model_validate(reply["result"]).outcome.outcome for reply in replies] == [
        "selected",
        "cancelled",
    ]
