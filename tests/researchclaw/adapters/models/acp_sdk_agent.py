"""An agent made with the protocol's official SDK: `python acp_sdk_agent.py ANSWER`. It asks for a permission before it answers."""

import asyncio
import sys
from typing import Any

from acp import (
    PROTOCOL_VERSION,
    Agent,
    InitializeResponse,
    NewSessionResponse,
    PromptResponse,
    run_agent,
    start_tool_call,
    text_block,
    update_agent_message,
    update_agent_thought_text,
)
from acp.schema import Implementation, PermissionOption, ToolCallUpdate, Usage


class Oracle(Agent):
    def on_connect(self, conn: Any) -> None:
        self._client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> InitializeResponse:
        assert protocol_version == PROTOCOL_VERSION
        return InitializeResponse(protocol_version=protocol_version, agent_info=Implementation(name="sdk", version="0.12"))

    async def new_session(self, cwd: str, **_: Any) -> NewSessionResponse:
        return NewSessionResponse(session_id=f"session in {cwd}")

    async def prompt(self, prompt: list[Any], session_id: str, **_: Any) -> PromptResponse:
        assert prompt[0].text
        tell = self._client.session_update
        await tell(session_id, update_agent_thought_text("hm"))
        await tell(session_id, start_tool_call("t", "look around", kind="read"))
        options = [
            PermissionOption(option_id="yes", name="Yes", kind="allow_once"),
            PermissionOption(option_id="no", name="No", kind="reject_once"),
        ]
        reply = await self._client.request_permission(
            session_id=session_id, tool_call=ToolCallUpdate(tool_call_id="t", title="look around"), options=options
        )
        assert reply.outcome.option_id == "no"
        for letter in sys.argv[1]:
            await tell(session_id, update_agent_message(text_block(letter)))
        return PromptResponse(stop_reason="end_turn", usage=Usage(total_tokens=30, input_tokens=20, output_tokens=10))


asyncio.run(run_agent(Oracle()))
