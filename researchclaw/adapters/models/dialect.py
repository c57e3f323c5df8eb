"""What the two dialects have in common: a body to send, and a stream to read to its proper end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from researchclaw.adapters.models.exchange import Exchange, Strategy, Usage


@dataclass(frozen=True)
class Manners:
    """What an endpoint takes, found out by asking; kept for every later request to it."""

    strategies: tuple[Strategy, ...] = ("json_schema", "json_object", "prompted")
    """The first is used; one that is refused is dropped."""
    tokens_key: str = "max_tokens"
    left_out: frozenset[str] = field(default_factory=frozenset)

    def after(self, complaint: str) -> Manners | None:
        """The manners without what the endpoint complained about; None when nothing is left to give up."""
        said = complaint.lower()
        if "max_completion_tokens" in said and self.tokens_key == "max_tokens":
            return replace(self, tokens_key="max_completion_tokens")
        if "max_tokens" in said and self.tokens_key == "max_completion_tokens":
            return replace(self, tokens_key="max_tokens")
        for name in ("temperature", "stream_options", "cache_control"):
            if name in said and name not in self.left_out:
                return replace(self, left_out=self.left_out | {name})
        if any(name in said for name in ("response_format", "json_schema", "output_config", "output_format", "json_object")):
            rest = self.strategies[1:]
            return replace(self, strategies=rest) if rest else None
        return None


@dataclass(frozen=True)
class Received:
    text: str
    usage: Usage | None
    """None: the endpoint does not count."""


class Dialect(Protocol):
    """How one kind of endpoint is spoken to."""

    @property
    def manners(self) -> Manners:
        """What is tried first."""
        ...

    async def send(self, exchange: Exchange, manners: Manners) -> Received:
        """A whole answer.

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
