"""The first settings file: who thinks, which model, where its key is found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import yaml

from researchclaw.settings import AgentName, Settings, check_values
from stages.errors import SettingsError


@dataclass(frozen=True)
class Mind:
    """A kind of endpoint. `base_url` of None is the provider's own address; `key_env` of None: it needs no key."""

    provider: str
    base_url: str | None
    key_env: str | None
    example: str
    agent: str | None = None
    """A coding agent that is already signed in; it needs no model, address or key."""


MINDS: Mapping[str, Mind] = {
    "offline": Mind("offline", None, None, ""),
    "openai": Mind("openai", None, "OPENAI_API_KEY", "gpt-5-mini"),
    "anthropic": Mind("anthropic", None, "ANTHROPIC_API_KEY", "claude-sonnet-4-5"),
    "openrouter": Mind("openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "deepseek/deepseek-chat"),
    "gemini": Mind("openai", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "gemini-2.5-flash"),
    "deepseek": Mind("openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "deepseek-chat"),
    "ollama": Mind("openai", "http://127.0.0.1:11434/v1", None, "qwen3:32b"),
    "lmstudio": Mind("openai", "http://127.0.0.1:1234/v1", None, "the name that LM Studio shows"),
    "llamacpp": Mind("openai", "http://127.0.0.1:8080/v1", None, "any name"),
    "vllm": Mind("openai", "http://127.0.0.1:8000/v1", None, "the name after `vllm serve`"),
    **{f"{name}-cli" if name == "gemini" else name: Mind("acp", None, None, "", agent=name) for name in get_args(AgentName)},
}
"""The usual addresses of the local servers are those of their documentation (2026)."""


@dataclass(frozen=True)
class Choice:
    mind: str
    model: str | None
    base_url: str | None
    api_key_env: str | None


def written(choice: Choice) -> str:
    """The text of the settings file, tried before it is written.

    Raises:
        SettingsError: a part of the choice is not allowed, e.g. a key in place of a variable's name.
    """
    mind = MINDS[choice.mind]
    values: dict[str, str | int | None] = {"provider": mind.provider}
    if mind.agent is not None:
        values |= {"agent": mind.agent, "model": choice.model}
    elif mind.provider != "offline":
        if not choice.model:
            raise SettingsError("init: name the model with --model.")
        values["model"] = choice.model
        values["base_url"] = choice.base_url or mind.base_url
        values["api_key_env"] = choice.api_key_env or (mind.key_env if choice.base_url is None else None)
        if choice.mind == "vllm":
            values["concurrency"] = 16
    check_values("llm", values, "init")
    if choice.base_url is not None:
        from researchclaw.adapters.models.choice import check_address

        check_address(choice.base_url)
    lines = [
        "# Settings of researchclaw, written by `researchclaw init`. Every other key has its default;",
        "# `researchclaw doctor` tries the model, and the file config.arc.yaml of the project explains all keys.",
        "",
        "# Who answers the typed questions of the stages. Keys stay in the environment.",
        "llm:",
        *(f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value is not None),
    ]
    if mind.agent is not None:
        lines += ["  # At a limit a run stops with exit code 4 and can be resumed.", "  # budget_tokens: 2000000"]
    elif mind.provider != "offline":
        lines += ["  # At a limit a run stops with exit code 4 and can be resumed.", "  # budget_usd: 5", "  # budget_tokens: 2000000"]
    text = "\n".join(lines) + "\n"
    Settings.model_validate(yaml.safe_load(text))
    return text
