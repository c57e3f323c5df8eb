"""What tokens cost: the settings' own lines first, then a dated table; what neither knows is unknown, never zero."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import NonNegativeFloat

from researchclaw.adapters.models.exchange import Usage
from stages.contracts import Contract
from stages.errors import SettingsError

TABLE: Final = Path(__file__).with_name("prices.json")
_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
"""A snapshot costs what its model costs, e.g. gpt-4.1-2025-04-14."""


class Price(Contract):
    """USD for a million tokens."""

    prompt: NonNegativeFloat
    cached: NonNegativeFloat
    cache_write: NonNegativeFloat
    completion: NonNegativeFloat
    source: str

    def of(self, usage: Usage) -> float:
        """USD."""
        plain = usage.prompt - usage.cached - usage.cache_write
        return (
            plain * self.prompt
            + usage.cached * self.cached
            + usage.cache_write * self.cache_write
            + usage.completion * self.completion
        ) / 1e6

    def at_worst(self, prompt_tokens: int, completion_tokens: int) -> float:
        """USD, when nothing comes from a cache and all is written to one."""
        return (prompt_tokens * max(self.prompt, self.cache_write) + completion_tokens * self.completion) / 1e6


def price_of(host: str, model: str, lines: Sequence[str] = ()) -> Price | None:
    """The price of a model at a host; None: not known.

    lines: of the settings, e.g. 'my-model 0.5 0.05 2'.
    Raises:
        SettingsError: a line has another form.
    """
    own = {line.name: line.price for line in map(_line, lines)}
    if model in own:
        return own[model]
    table = json.loads(TABLE.read_text("utf-8"))
    known = table["usd_per_million_tokens"].get(host, {})
    row = known.get(model) or known.get(_DATED.sub("", model))
    if row is None:
        return None
    prompt, cached, cache_write, completion = row
    source = f"table of {table['as_of']}"
    return Price(prompt=prompt, cached=cached, cache_write=cache_write, completion=completion, source=source)


class _Line(Contract):
    name: str
    price: Price


def _line(text: str) -> _Line:
    name, *numbers = text.split() or [""]
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = []
    if len(values) != 3 or not all(math.isfinite(value) and value >= 0 for value in values):
        raise SettingsError(
            f"llm.prices: {text!r} is not of the form 'model prompt cached completion', "
            "in USD for a million tokens, e.g. 'my-model 0.5 0.05 2'."
        )
    prompt, cached, completion = values
    return _Line(name=name, price=Price(prompt=prompt, cached=cached, cache_write=prompt, completion=completion, source="settings"))
