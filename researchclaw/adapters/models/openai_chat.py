"""OpenAI's chat completions, as OpenAI, OpenRouter, vLLM, Ollama, llama.cpp and LM Studio speak them; always streamed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import JsonValue

from researchclaw.adapters.models.dialect import Manners, Received
from researchclaw.adapters.models.exchange import Exchange, Usage
from researchclaw.adapters.models.faults import Fault, of_error
from researchclaw.adapters.models.schema import strict
from researchclaw.adapters.models.wire import Endpoint, Wire, decoded

BASE_URL = "https://api.openai.com/v1"


class OpenAIChat:
    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire, self._endpoint = wire, endpoint
        self._is_openai = urlsplit(endpoint.base_url).hostname == urlsplit(BASE_URL).hostname

    @property
    def manners(self) -> Manners:
        return Manners(tokens_key="max_completion_tokens" if self._is_openai else "max_tokens")

    async def send(self, exchange: Exchange, manners: Manners) -> Received:
        body = self._body(exchange, manners)
        text: list[str] = []
        finish: str | None = None
        usage: Usage | None = None
        thought, refusal = False, None
        try:
            async for payload in self._wire.payloads(self._endpoint, "/chat/completions", body):
                if payload.strip() == "[DONE]":
                    break
                event = decoded(payload)
                if event.get("error"):
                    raise of_error(event["error"])
                usage = _usage(event.get("usage")) or usage
                for choice in event.get("choices") or ():
                    said = choice.get("delta") or choice.get("message") or {}
                    refusal = said.get("refusal") or refusal
                    if isinstance(said.get("content"), str):
                        text.append(said["content"])
                    thought = thought or bool(said.get("reasoning_content") or said.get("reasoning"))
                    finish = choice.get("finish_reason") or finish
        except Fault as fault:
            fault.partial = fault.partial or "".join(text)
            raise
        whole = "".join(text)
        if finish is None:
            raise Fault("broken", "the stream ended without a finish reason", partial=whole)
        if refusal:
            raise Fault("refused", f"the model refuses: {str(refusal)[:120]}", partial=whole)
        if finish == "length":
            raise Fault("length", "the answer ran into its limit of tokens", partial=whole)
        if finish == "content_filter":
            raise Fault("refused", "the endpoint's content filter ended the answer", partial=whole)
        if finish == "error":
            raise Fault("busy", "the endpoint gave up within the answer", partial=whole)
        if not whole.strip():
            raise Fault("empty", "nothing but reasoning" if thought else "an empty answer", partial=whole)
        return Received(whole, usage)

    async def models(self) -> tuple[str, ...]:
        found = await self._wire.get(self._endpoint, "/models")
        return listed(found)

    def _body(self, exchange: Exchange, manners: Manners) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {
            "model": exchange.model,
            "messages": [{"role": turn.role, "content": turn.text} for turn in exchange.turns],
            "stream": True,
            manners.tokens_key: exchange.max_tokens,
        }
        if "stream_options" not in manners.left_out:
            body["stream_options"] = {"include_usage": True}
        if exchange.temperature is not None and "temperature" not in manners.left_out:
            body["temperature"] = exchange.temperature
        if exchange.form is not None and exchange.strategy == "json_schema":
            json_schema: dict[str, JsonValue] = {"name": exchange.form.name, "schema": exchange.form.json_schema}
            if self._is_openai and (closed := strict(exchange.form.json_schema)) is not None:
                json_schema |= {"schema": closed, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": json_schema}
        elif exchange.form is not None and exchange.strategy == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def listed(found: JsonValue) -> tuple[str, ...]:
    """The ids in a list of models.

    Raises:
        Fault: it is no such list.
    """
    rows: Any = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise Fault("broken", "the list of models has another form")
    return tuple(str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row)


def _usage(found: Any) -> Usage | None:
    if not isinstance(found, dict) or not isinstance(found.get("prompt_tokens"), int):
        return None
    details = found.get("prompt_tokens_details") or {}
    return Usage(
        prompt=found["prompt_tokens"],
        cached=min(found["prompt_tokens"], details.get("cached_tokens") or 0),
        completion=found.get("completion_tokens") or 0,
    )
