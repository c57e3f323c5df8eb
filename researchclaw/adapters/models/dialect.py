"""What the two dialects have in common: a body to send, and a stream to read to its proper end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Protocol

from researchclaw.adapters.models.exchange import Exchange, Strategy, Turn, Usage
from researchclaw.adapters.models.prompts import answer_form

_FORM = ("response_format", "json_schema", "output_config", "output_format", "json_object")
_TOO_MANY = re.compile(r"too (large|high|many)|at most|exceed|greater than|maximum")
_FEWEST_TOKENS = 1024
"""An endpoint that allows fewer in one answer cannot write a section of a paper."""


@dataclass(frozen=True)
class Manners:
    """What an endpoint takes, found out by asking; kept for every later request to it."""

    strategies: tuple[Strategy, ...] = ("json_schema", "json_object", "prompted")
    """The first is used; one that is refused is dropped."""
    tokens_key: str = "max_tokens"
    left_out: frozenset[str] = frozenset()
    most_tokens: int | None = None
    """The most that one answer may have, once the endpoint has said so."""

    @property
    def strategy(self) -> Strategy:
        return self.strategies[0]

    def after(self, complaint: str, tokens: int) -> Manners | None:
        """The manners without what the endpoint complained about; None when nothing is left to give up.

        tokens: that were asked for.
        """
        said = complaint.lower()
        if any(name in said for name in _FORM):
            rest = self.strategies[1:]
            return replace(self, strategies=rest) if rest else None
        if "max_completion_tokens" in said and self.tokens_key == "max_tokens":
            return replace(self, tokens_key="max_completion_tokens")
        if "max_tokens" in said and _TOO_MANY.search(said):
            named = [int(number) for number in re.findall(r"\d+", said) if 1 <= int(number) < tokens]
            return replace(self, most_tokens=max(named, default=tokens // 2)) if tokens > _FEWEST_TOKENS else None
        if "max_tokens" in said and self.tokens_key == "max_completion_tokens":
            return replace(self, tokens_key="max_tokens")
        for name in ("temperature", "stream_options", "cache_control"):
            if name in said and name not in self.left_out:
                return replace(self, left_out=self.left_out | {name})
        return None


@dataclass
class Received:
    """What has come so far. It stands also when the answer breaks off: what was begun is paid for."""

    begun: bool = False
    """The endpoint has taken the question and begun to answer."""
    pieces: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    """Tools that the other side used on the way, by title; an agent may, an endpoint has none."""
    usage: Usage | None = None
    """None: the endpoint has not counted."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Dialect(Protocol):
    """How one kind of endpoint is spoken to."""

    @property
    def manners(self) -> Manners:
        """What is tried first."""
        ...

    async def send(self, exchange: Exchange, manners: Manners, received: Received) -> None:
        """Fill `received` with a whole answer.

        Raises:
            Fault: there is none.
        """
        ...

    async def models(self) -> tuple[str, ...]:
        """The models that the endpoint lists.

        Raises:
            Fault: it lists none.
        """
        ...


def worded(exchange: Exchange, strategy: Strategy) -> tuple[Turn, ...]:
    """The turns of an exchange; the first one ends with what is said about the form."""
    first, *rest = exchange.turns
    text = f"{first.text}\n\n{answer_form(exchange.form, strategy)}"
    return (first.model_copy(update={"text": text}), *rest)
