"""OpenAI's chat completions, as OpenAI, OpenRouter, vLLM, Ollama, llama.cpp and LM Studio speak them; always streamed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from researchclaw.adapters.models.dialect import Manners, Received, worded
from researchclaw.adapters.models.exchange import Exchange, Usage
from researchclaw.adapters.models.faults import Fault, of_error
from researchclaw.adapters.models.schema import strict
from researchclaw.adapters.models.wire import Endpoint, Wire, count, decoded, listing, mapping

BASE_URL = "https://api.openai.com/v1"


class OpenAIChat:
    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire, self._endpoint = wire, endpoint
        self._is_openai = urlsplit(endpoint.base_url).hostname == urlsplit(BASE_URL).hostname

    @property
    def manners(self) -> Manners:
        return Manners(tokens_key="max_completion_tokens" if self._is_openai else "max_tokens")

    async def send(self, exchange: Exchange, manners: Manners, received: Received) -> None:
        finish: str | None = None
        thought, refusal = False, None
        async for payload in self._wire.payloads(self._endpoint, "/chat/completions", self._body(exchange, manners)):
            if payload.strip() == "[DONE]":
                break
            event = decoded(payload)
            if event.get("error"):
                raise of_error(event["error"])
            received.begun = True
            received.usage = _usage(event.get("usage")) or received.usage
            for choice in listing(event.get("choices")):
                said = mapping(choice.get("delta") or choice.get("message"))
                refusal = said.get("refusal") or refusal
                if isinstance(said.get("content"), str):
                    received.pieces.append(said["content"])
                thought = thought or bool(said.get("reasoning_content") or said.get("reasoning"))
                finish = choice.get("finish_reason") or finish
        if finish is None:
            raise Fault("broken", "the stream ended without a finish reason")
        if refusal:
            raise Fault("refused", f"the model refuses: {' '.join(str(refusal).split())[:120]}")
        if finish == "length":
            raise Fault("length", f"the answer ran into its limit of {exchange.max_tokens} tokens")
        if finish == "content_filter":
            raise Fault("refused", "the endpoint's content filter ended the answer")
        if finish == "error":
            raise Fault("busy", "the endpoint gave up within the answer")
        if not received.text.strip():
            raise Fault("empty", "nothing but reasoning" if thought else "an empty answer")

    async def models(self) -> tuple[str, ...]:
        found = await self._wire.get(self._endpoint, "/models")
        return listed(found)

    def _body(self, exchange: Exchange, manners: Manners) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {
            "model": exchange.model,
            "messages": [{"role": turn.role, "content": turn.text} for turn in worded(exchange, manners.strategy)],
            "stream": True,
            manners.tokens_key: min(exchange.max_tokens, manners.most_tokens or exchange.max_tokens),
        }
        if "stream_options" not in manners.left_out:
            body["stream_options"] = {"include_usage": True}
        if exchange.temperature is not None and "temperature" not in manners.left_out:
            body["temperature"] = exchange.temperature
        if manners.strategy == "json_schema":
            json_schema: dict[str, JsonValue] = {"name": exchange.form.name, "schema": exchange.form.json_schema}
            if self._is_openai and (closed := strict(exchange.form.json_schema)) is not None:
                json_schema |= {"schema": closed, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": json_schema}
        elif manners.strategy == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def listed(found: JsonValue) -> tuple[str, ...]:
    """The ids in a list of models.

    Raises:
        Fault: it is no such list.
    """
    if not isinstance(found, dict) or not isinstance(found.get("data"), list):
        raise Fault("broken", "the list of models has another form")
    return tuple(str(row["id"]) for row in listing(found["data"]) if "id" in row)


def _usage(found: Any) -> Usage | None:
    counts = mapping(found)
    prompt, completion = count(counts, "prompt_tokens"), count(counts, "completion_tokens")
    if not prompt:
        return None
    return Usage(
        prompt=prompt, cached=min(prompt, count(mapping(counts.get("prompt_tokens_details")), "cached_tokens")), completion=completion
    )
