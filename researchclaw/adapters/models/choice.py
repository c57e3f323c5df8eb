"""Which model the settings name, and with which key."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from researchclaw.adapters.models.model import HttpModel
from researchclaw.adapters.models.openai_chat import BASE_URL, OpenAIChat
from researchclaw.adapters.models.prompts import Prompts
from researchclaw.adapters.models.wire import Endpoint, Wire
from stages.errors import SettingsError

if TYPE_CHECKING:
    from researchclaw.settings import LlmSettings

KEY_OF_HOST: Mapping[str, str] = {
    "api.openai.com": "OPENAI_API_KEY",
    "api.anthropic.com": "ANTHROPIC_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
}


def http_model(llm: LlmSettings, marker: str, environment: Mapping[str, str] = os.environ) -> HttpModel:
    """The model of the settings.

    Raises:
        SettingsError: no model is named, or a key is not set.
    """
    if not llm.model:
        raise SettingsError("llm.model: name the model, e.g. --set llm.model=gpt-5, or run `researchclaw init`.")
    base_url = llm.base_url or BASE_URL
    key = api_key(base_url, llm.api_key_env, environment)
    endpoint = Endpoint(base_url, {"Authorization": f"Bearer {key}"} if key else {}, llm.idle_sec)
    wire = Wire()
    return HttpModel(
        wire,
        OpenAIChat(wire, endpoint),
        llm.model,
        Prompts(marker),
        deadline_s=llm.deadline_sec,
        repair_rounds=llm.repair_rounds,
        max_tokens=llm.max_tokens,
    )


def api_key(base_url: str, named: str | None, environment: Mapping[str, str]) -> str | None:
    """The key for an endpoint, from the variable that was named, else the usual one; None: it is asked without.

    Raises:
        SettingsError: the variable is not set; a message never holds a key.
    """
    host = urlsplit(base_url).hostname or ""
    usual = next((name for known, name in KEY_OF_HOST.items() if host == known or host.endswith(f".{known}")), None)
    if named is None and usual is None:
        return None if is_local(host) else environment.get("OPENAI_API_KEY")
    name = named or usual
    assert name is not None
    key = environment.get(name, "").strip()
    if not key:
        raise SettingsError(f"{name} is not set; put the key for {host} into it, or name another variable in llm.api_key_env.")
    if not key.isascii() or not key.isprintable():
        raise SettingsError(f"{name} holds characters that no key has; set it again.")
    return key


def is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
