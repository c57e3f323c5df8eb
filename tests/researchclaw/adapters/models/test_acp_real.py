"""Real agents against the scripted endpoint on loopback; the recipe is in docs/models.md. Nobody's account is used.

RESEARCHCLAW_REAL_AGENTS="opencode claude-code" python -m pytest tests/researchclaw/adapters/models/test_acp_real.py
"""

import json
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.models.acp.agents import AGENTS, ROLE
from researchclaw.adapters.models.greeting import greet
from researchclaw.settings import LlmSettings

ANSWER = '{"ready": true}'
WANTED = os.environ.get("RESEARCHCLAW_REAL_AGENTS", "").split()


def _needs(name: str) -> pytest.MarkDecorator:
    there = any(shutil.which(program) for program, *_ in AGENTS[name].commands)
    return pytest.mark.skipif(
        name not in WANTED or not there, reason=f"{name} is not named in RESEARCHCLAW_REAL_AGENTS or not installed"
    )


def _every_event(line: Any) -> None:
    """A stream of messages as Anthropic's own SDK insists on it."""
    line.head()
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": line.body["model"], "content": [], "stop_reason": None}
    line.event({"type": "message_start", "message": {**message, "usage": {"input_tokens": 100, "output_tokens": 1}}}, "message_start")
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    line.event(block, "content_block_start")
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": line.answer}}
    line.event(delta, "content_block_delta")
    line.event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    ended = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 9}}
    line.event(ended, "message_delta")
    line.event({"type": "message_stop"}, "message_stop")


@_needs("opencode")
def test_opencode(scripted: ModuleType, tmp_path: Path) -> None:
    with scripted.scripted(lambda _: ANSWER) as server:
        options = {"baseURL": server.url, "apiKey": "x"}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "loop", "options": options, "models": {"m": {"name": "m"}}}
        file = tmp_path / ".config" / "opencode" / "opencode.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"provider": {"loop": provider}, "model": "loop/m", "small_model": "loop/m"}))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        llm = LlmSettings(provider="acp", agent="opencode", agent_env=("OPENCODE_DISABLE_MODELS_FETCH",))
        assert "answered over ACP" in greet(llm, environment)
    (asked,) = server.seen
    assert not asked.get("tools")
    assert asked["messages"][0]["content"].startswith(ROLE)


@_needs("claude-code")
def test_claude_code(scripted: ModuleType, tmp_path: Path) -> None:
    with scripted.scripted(lambda _: ANSWER) as server:
        server.forever = _every_event
        named = {"ANTHROPIC_BASE_URL": server.url.removesuffix("/v1"), "ANTHROPIC_AUTH_TOKEN": "x"}
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **named}
        llm = LlmSettings(provider="acp", agent="claude-code", agent_env=tuple(named))
        assert "answered over ACP" in greet(llm, environment)
    asked = server.seen[-1]
    assert not asked.get("tools")
    assert ROLE in json.dumps(asked["system"])
