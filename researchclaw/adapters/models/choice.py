"""Which models the settings name, where they are, and with which key. Nothing is sent."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from researchclaw import secret_values
from researchclaw.adapters.models import anthropic_messages, openai_chat
from researchclaw.adapters.models.acp.agents import AGENTS, Agent, agent_of, environment_for
from researchclaw.adapters.models.acp.dialect import AcpDialect
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.model import HttpModel, Limits
from researchclaw.adapters.models.prices import price_of
from researchclaw.adapters.models.purse import Purse
from researchclaw.adapters.models.seat import Seat
from researchclaw.adapters.models.turns import Turns
from researchclaw.adapters.models.wire import Endpoint, Wire
from researchclaw.prompts import Prompts
from stages.errors import SettingsError

if TYPE_CHECKING:
    from researchclaw.adapters.models.dialect import Dialect
    from researchclaw.settings import LlmSettings

Provider = Literal["openai", "anthropic"]

BASE_URLS: Mapping[Provider, str] = {"openai": openai_chat.BASE_URL, "anthropic": anthropic_messages.BASE_URL}

KEYS: Mapping[str, tuple[str, ...]] = {
    "api.openai.com": ("OPENAI_API_KEY",),
    "api.anthropic.com": ("ANTHROPIC_API_KEY",),
    "openrouter.ai": ("OPENROUTER_API_KEY",),
    "generativelanguage.googleapis.com": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "api.deepseek.com": ("DEEPSEEK_API_KEY",),
    "api.mistral.ai": ("MISTRAL_API_KEY",),
    "api.groq.com": ("GROQ_API_KEY",),
    "api.x.ai": ("XAI_API_KEY",),
}
"""Host -> variables in which people keep its key. A key is sent to no other host unless the settings say so."""

AT_ONCE = 8
"""Requests at a time to a service; it is halved when the service refuses (a guess)."""
AT_ONCE_HERE = 1
"""To a server on this machine: llama.cpp's Python server breaks off an answer when the next question comes (measured 2026-11)."""

AT_ONCE_OF_AN_AGENT = 4
"""Processes of an agent, each with one question: some have 300 MB (a guess)."""


@dataclass(frozen=True)
class Place:
    """One model at its endpoint."""

    provider: Provider
    model: str
    base_url: str
    key: str | None

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def headers(self) -> dict[str, str]:
        if self.provider == "anthropic":
            return {"anthropic-version": anthropic_messages.VERSION} | ({"x-api-key": self.key} if self.key else {})
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def http_model(llm: LlmSettings, marker: str, memory: Memory | None = None, environment: Mapping[str, str] = os.environ) -> HttpModel:
    """The models of the settings as one mind.

    marker: as in `Prompts`. memory: of the run; without one nothing is remembered.
    Raises:
        SettingsError: no model is named, a key is not set, or a limit in USD stands over a model whose price is not known.
    """
    memory = memory or Memory()
    wire = Wire()
    purse = Purse(llm.budget_usd, llm.budget_tokens, memory.spent())
    limits = Limits(llm.deadline_sec, llm.repair_rounds, llm.max_tokens, llm.temperature)
    if llm.provider == "acp":
        first = _agent_seat(agent_of(llm), llm.model, llm, wire, environment)
    else:
        first = _seat(places(llm, environment)[0], llm, wire)
    seats = [first, *(_stand_in(name, llm, wire, environment) for name in llm.fallback)]
    judge = None if llm.judge is None else _stand_in(llm.judge, llm, wire, environment)
    return HttpModel(wire, seats, Prompts(marker), purse, memory, limits, judge)


def places(llm: LlmSettings, environment: Mapping[str, str] = os.environ) -> tuple[Place, ...]:
    """The model of the settings and those that stand in for it, in this order; agents are left out: they have no address.

    Raises:
        SettingsError: no model is named, an address is none, or a key is not set.
    """
    assert llm.provider in ("openai", "anthropic")
    if not llm.model:
        raise SettingsError(f"llm.model: name the model of {llm.provider}, e.g. --set llm.model=NAME, or run `researchclaw init`.")
    return (
        _place(llm.provider, llm.model, llm, environment),
        *(_fallback(name, llm, environment) for name in llm.fallback if not _is_agent(name)),
    )


def _fallback(text: str, llm: LlmSettings, environment: Mapping[str, str]) -> Place:
    """'NAME' at the same endpoint, or 'anthropic:NAME' and 'openai:NAME' at the provider's own."""
    provider, colon, name = text.partition(":")
    if colon and provider in BASE_URLS and provider != llm.provider:
        elsewhere = llm.model_copy(update={"base_url": None, "api_key_env": None})
        return _place(provider, name, elsewhere, environment)  # type: ignore[arg-type]
    if llm.provider == "acp":
        raise SettingsError(f"llm.fallback, llm.judge: {text!r} is not of the form openai:NAME, anthropic:NAME or acp:AGENT.")
    assert llm.provider in ("openai", "anthropic")
    return _place(llm.provider, text.removeprefix(f"{llm.provider}:"), llm, environment)


def _stand_in(text: str, llm: LlmSettings, wire: Wire, environment: Mapping[str, str]) -> Seat:
    """As `_fallback`, or 'acp:AGENT' for a coding agent with its own choice of a model."""
    if not _is_agent(text):
        return _seat(_fallback(text, llm, environment), llm, wire)
    name = text.removeprefix("acp:")
    if name not in AGENTS:
        raise SettingsError(f"llm.fallback, llm.judge: there is no agent {name!r}; known: {', '.join(AGENTS)}.")
    return _agent_seat(AGENTS[name], None, llm, wire, environment)


def _is_agent(text: str) -> bool:
    return text.startswith("acp:")


def _agent_seat(agent: Agent, model: str | None, llm: LlmSettings, wire: Wire, environment: Mapping[str, str]) -> Seat:
    """Raises:
    SettingsError: its program is not there, or a limit in USD is set: what an agent takes of a subscription has no price.
    """
    if llm.budget_usd is not None:
        raise SettingsError(
            f"llm.budget_usd: what {agent.title} takes of its subscription has no known price; limit llm.budget_tokens instead."
        )
    given = environment_for(agent, llm.agent_env, environment)
    command = agent.command(given.get("PATH"))
    name = f"{agent.name}/{model}" if model else agent.name
    return Seat(
        model=name,
        dialect=AcpDialect(wire, agent, command, given, model, llm.idle_sec, llm.max_tokens),
        turns=Turns(llm.concurrency or AT_ONCE_OF_AN_AGENT),
        price=None,
        key_group=f"agent {agent.name}",
        retry_s=llm.retry_sec,
    )


def _place(provider: Provider, model: str, llm: LlmSettings, environment: Mapping[str, str]) -> Place:
    base_url = (llm.base_url or BASE_URLS[provider]).rstrip("/")
    check_address(base_url)
    if provider == "anthropic" and not base_url.endswith("/v1"):
        base_url += "/v1"
    return Place(provider, model, base_url, api_key(base_url, llm.api_key_env, environment))


def check_address(base_url: str) -> None:
    """Raises: SettingsError: it is no address of an endpoint."""
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of brackets that are left open, and of ports that are no numbers
        sound = False
    if not sound:
        raise SettingsError(f"llm.base_url: {base_url!r} is no address; give e.g. http://127.0.0.1:8000/v1.")


def api_key(base_url: str, named: str | None, environment: Mapping[str, str]) -> str | None:
    """The key for an endpoint, from the variable that was named, else from the usual ones; None: it is asked without.

    Raises:
        SettingsError: the variable is not set; a message never holds a key.
    """
    host = urlsplit(base_url).hostname or ""
    names = (named,) if named else next((names for known, names in KEYS.items() if host == known or host.endswith(f".{known}")), ())
    if not names:
        return None
    name = next((name for name in names if environment.get(name, "").strip()), None)
    if name is None:
        raise SettingsError(
            f"{' or '.join(names)} is not set: put the key for {host} into that environment variable, "
            "or name another one in llm.api_key_env."
        )
    key = environment[name].strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{name} holds characters that no key has; set it again.")
    return secret_values.keep(key)


def is_here(host: str) -> bool:
    """Is it this machine?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seat(place: Place, llm: LlmSettings, wire: Wire) -> Seat:
    endpoint = Endpoint(place.base_url, place.headers, llm.idle_sec)
    dialects: dict[Provider, type[openai_chat.OpenAIChat] | type[anthropic_messages.AnthropicMessages]] = {
        "openai": openai_chat.OpenAIChat,
        "anthropic": anthropic_messages.AnthropicMessages,
    }
    dialect: Dialect = dialects[place.provider](wire, endpoint)
    price = price_of(place.host, place.model, llm.prices)
    if price is None and llm.budget_usd is not None:
        raise SettingsError(
            f"llm.budget_usd: the price of {place.model!r} at {place.host} is not known; give it in llm.prices, "
            f"e.g. ['{place.model} 0.5 0.05 2'] (USD for a million tokens: prompt, cached, completion), "
            "or limit llm.budget_tokens instead."
        )
    at_once = llm.concurrency or (AT_ONCE_HERE if is_here(place.host) else AT_ONCE)
    return Seat(
        model=place.model,
        dialect=dialect,
        turns=Turns(at_once),
        price=price,
        key_group=f"{place.host} {place.key}",
        retry_s=llm.retry_sec,
    )
