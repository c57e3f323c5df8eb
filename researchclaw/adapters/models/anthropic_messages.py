"""Anthropic's messages; always streamed. The beginning that two questions share is marked for the endpoint's cache."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from researchclaw.adapters.models.dialect import Manners, Received, worded
from researchclaw.adapters.models.exchange import Exchange, Usage
from researchclaw.adapters.models.faults import Fault, of_error
from researchclaw.adapters.models.openai_chat import listed
from researchclaw.adapters.models.schema import strict
from researchclaw.adapters.models.wire import Endpoint, Wire, count, decoded, mapping

BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
"""The header anthropic-version; the only one in force (its API reference, 2026)."""

LEAST_CACHED = 4096
"""Letters from which a shared beginning is marked: about the 1024 tokens below which nothing is cached."""

_ENDS: dict[str, tuple[str, str]] = {
    "max_tokens": ("length", "the answer ran into its limit of tokens"),
    "refusal": ("refused", "the model refuses"),
    "model_context_window_exceeded": ("context", "question and answer are longer than the model's window"),
}


class AnthropicMessages:
    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire, self._endpoint = wire, endpoint
        self._before: dict[str, str] = {}
        """Form -> the text of the last question with it."""

    @property
    def manners(self) -> Manners:
        return Manners(strategies=("json_schema", "prompted"))

    async def send(self, exchange: Exchange, manners: Manners, received: Received) -> None:
        stop: str | None = None
        ended = thought = False
        read: dict[str, Any] = {}
        async for payload in self._wire.payloads(self._endpoint, "/messages", self._body(exchange, manners)):
            event = decoded(payload)
            kind = event.get("type")
            if kind == "error" or event.get("error"):
                raise of_error(event.get("error"))
            received.begun = True
            if kind in ("message_start", "message"):
                message = mapping(event.get("message")) if kind == "message_start" else event
                read = mapping(message.get("usage"))
                received.usage = _usage(read)
                if kind == "message":  # a server that does not stream
                    received.pieces += [str(part.get("text")) for part in message.get("content") or () if part.get("type") == "text"]
                    stop, ended = message.get("stop_reason"), True
            elif kind == "content_block_delta":
                delta = mapping(event.get("delta"))
                if isinstance(delta.get("text"), str):
                    received.pieces.append(delta["text"])
                thought = thought or delta.get("type") == "thinking_delta"
            elif kind == "message_delta":
                stop = mapping(event.get("delta")).get("stop_reason") or stop
                received.usage = _usage({**read, **mapping(event.get("usage"))})
            elif kind == "message_stop":
                ended = True
        if stop is None or not ended:
            raise Fault("broken", "the stream ended without a stop reason")
        if stop in _ENDS:
            ending, words = _ENDS[stop]
            raise Fault(ending, words)  # type: ignore[arg-type]
        if stop not in ("end_turn", "stop_sequence"):
            raise Fault("broken", f"the answer stopped for another reason ({str(stop)[:40]})")
        if not received.text.strip():
            raise Fault("empty", "nothing but reasoning" if thought else "an empty answer")

    async def models(self) -> tuple[str, ...]:
        return listed(await self._wire.get(self._endpoint, "/models"))

    def _body(self, exchange: Exchange, manners: Manners) -> dict[str, JsonValue]:
        closed = strict(exchange.form.json_schema) if manners.strategy == "json_schema" else None
        first, *rest = worded(exchange, "json_schema" if closed is not None else "prompted")
        shared = 0 if "cache_control" in manners.left_out else self._shared(exchange.form.name, first.text)
        content: list[JsonValue] = []
        if shared:
            content.append({"type": "text", "text": first.text[:shared], "cache_control": {"type": "ephemeral"}})
        content.append({"type": "text", "text": first.text[shared:]})
        messages: list[JsonValue] = [{"role": "user", "content": content}]
        messages += [{"role": turn.role, "content": turn.text} for turn in rest]
        body: dict[str, JsonValue] = {
            "model": exchange.model,
            "max_tokens": min(exchange.max_tokens, manners.most_tokens or exchange.max_tokens),
            "messages": messages,
            "stream": True,
        }
        if exchange.temperature is not None and "temperature" not in manners.left_out:
            body["temperature"] = exchange.temperature
        if closed is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": closed}}
        return body

    def _shared(self, form: str, text: str) -> int:
        """Letters at the beginning that the question before with the same form had too, up to the end of a paragraph."""
        before = self._before.get(form, "")
        self._before[form] = text
        same = next((place for place, (a, b) in enumerate(zip(text, before, strict=False)) if a != b), min(len(text), len(before)))
        end = text.rfind("\n\n", 0, same)
        return end + 2 if LEAST_CACHED <= end + 2 < len(text) else 0


def _usage(counts: dict[str, Any]) -> Usage:
    cached, written = count(counts, "cache_read_input_tokens"), count(counts, "cache_creation_input_tokens")
    return Usage(
        prompt=count(counts, "input_tokens") + cached + written,
        cached=cached,
        cache_write=written,
        completion=count(counts, "output_tokens"),
    )
