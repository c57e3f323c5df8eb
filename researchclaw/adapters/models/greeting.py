"""Is there a model behind the settings? One tiny typed question, by the same way as every other."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from os import environ
from typing import TYPE_CHECKING, ClassVar, Literal

from researchclaw.adapters.models.choice import http_model, places
from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.memory import Memory
from researchclaw.adapters.models.prices import price_of
from stages.contracts import Contract
from stages.errors import ModelUnavailable, SettingsError
from stages.ports import Question

if TYPE_CHECKING:
    from researchclaw.settings import LlmSettings

DEADLINE_S = 60.0
"""A model that is loaded on the first question takes that long; nobody waits longer for a check."""


class Greeting(Question):
    """Are you there?"""

    template: ClassVar[str] = ""
    text: ClassVar[str] = "This is a check of the connection before a study. Say that you are ready."


class Ready(Contract):
    ready: Literal[True]


def greet(llm: LlmSettings, environment: Mapping[str, str] = environ) -> str:
    """What came of it, in one line.

    Raises:
        ResearchError: what is wrong, in one line, with the remedy.
    """
    short = llm.model_copy(update={"deadline_sec": min(DEADLINE_S, llm.deadline_sec), "max_tokens": 2048, "fallback": ()})
    if llm.provider == "acp":
        return _greet_agent(short, environment)
    place = places(llm, environment)[0]
    model = http_model(short, "", Memory(), environment)
    began = time.monotonic()
    try:
        model.ask_text(Greeting(), Greeting.text, Ready)
        took_s = time.monotonic() - began
        price = price_of(place.host, place.model, llm.prices)
        known = (
            "price not known" if price is None else f"{price.prompt:g} and {price.completion:g} USD for a million tokens in and out"
        )
        said = f"{place.model} at {place.host} answered in {took_s:.1f} s, form by {model.strategy}; {known}"
    except (SettingsError, ModelUnavailable) as exc:
        raise type(exc)(f"{exc}{_listed(model, place.model)}") from exc
    else:
        return said
    finally:
        model.close()


def _greet_agent(llm: LlmSettings, environment: Mapping[str, str]) -> str:
    from researchclaw.adapters.models.acp.dialect import AcpDialect

    model = http_model(llm, "", Memory(), environment)
    began = time.monotonic()
    try:
        model.ask_text(Greeting(), Greeting.text, Ready)
        took_s = time.monotonic() - began
        dialect = model.endpoint
        assert isinstance(dialect, AcpDialect)
        return (
            f"{dialect.agent.title} ({dialect.version or 'no version told'}) answered over ACP in {took_s:.1f} s, by its own account"
        )
    finally:
        model.close()


def _listed(model: object, wanted: str) -> str:
    """What the endpoint has, when it tells, and the wanted model is not in it."""
    from researchclaw.adapters.models.model import HttpModel

    assert isinstance(model, HttpModel)
    try:
        names = model.listed()
    except Fault:
        return ""
    if wanted in names or not names:
        return ""
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.3) or sorted(names)[:3]
    return f" It has {len(names)} models, e.g. {', '.join(near)}."
