"""What goes to a model and what comes back, whatever its dialect."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from stages.contracts import Contract

Strategy = Literal["json_schema", "json_object", "prompted"]
"""How the form of an answer is enforced: by a grammar of the endpoint, as any JSON object, or by words alone."""


class Turn(Contract):
    role: Literal["user", "assistant"]
    text: str


class Form(Contract):
    """The form of an answer: the contract's name and its JSON schema."""

    name: str
    json_schema: dict[str, JsonValue]


class Exchange(Contract):
    """One request to a model. Two equal ones are the same request; `nth` tells apart those that shall not be."""

    model: str
    turns: tuple[Turn, ...]
    form: Form | None
    strategy: Strategy
    max_tokens: PositiveInt
    temperature: float | None = None
    nth: PositiveInt = 1


class Usage(Contract):
    """Tokens as the endpoint counts them; where it does not, a fourth of the bytes, marked as estimated."""

    prompt: NonNegativeInt = Field(description="All tokens of the request, the cached ones included.")
    cached: NonNegativeInt = Field(default=0, description="Of these, read from the endpoint's cache.")
    completion: NonNegativeInt
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class Reply(Contract):
    """A whole answer: the endpoint said that it had ended by itself."""

    text: str
    usage: Usage
    seconds: NonNegativeFloat
    requests: PositiveInt = Field(default=1, description="Requests that it took, broken ones included.")


def estimated_tokens(text: str) -> int:
    """A fourth of the bytes, at least 1 (measured 2026-11 on English prompts and Python: 3.6 to 4.4 bytes to a token)."""
    return max(1, len(text.encode()) // 4)
