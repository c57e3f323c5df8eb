"""What goes to a model and what comes back, whatever its dialect."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from stages.contracts import Contract

Strategy = Literal["json_schema", "json_object", "prompted"]
"""How the form of an answer is enforced: by a grammar of the endpoint, as any JSON object, or by words alone."""

EXCHANGE = "model request"
"""Kind of the journal's lines that hold an `Answered`."""


class Turn(Contract):
    role: Literal["user", "assistant"]
    text: str


class Form(Contract):
    """The form of an answer: the contract's name and its JSON schema."""

    name: str
    json_schema: dict[str, JsonValue]


class Exchange(Contract):
    """One request to a model, as the journal knows it; how the form is enforced is the endpoint's matter and no part of it."""

    model: str
    turns: tuple[Turn, ...]
    form: Form
    max_tokens: PositiveInt
    temperature: float | None = None
    nth: PositiveInt = Field(default=1, description="1 + how often the question was given up before.")


class Usage(Contract):
    """Tokens as the endpoint counts them; where it does not, a fourth of the bytes, marked as estimated."""

    prompt: NonNegativeInt = Field(description="All tokens of the request, those of the cache included.")
    cached: NonNegativeInt = Field(default=0, description="Of these, read from the endpoint's cache.")
    cache_write: NonNegativeInt = Field(default=0, description="Of these, written to the endpoint's cache.")
    completion: NonNegativeInt
    estimated: bool = False

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class Cost(Contract):
    """What one request took. An attempt that the endpoint did not begin to answer is free."""

    usage: Usage
    usd: NonNegativeFloat | None = Field(description="None: the price of the model is not known.")
    seconds: NonNegativeFloat = Field(description="Wall time from sending to the last byte; pauses are not in it.")


class Asked(Contract):
    """For whom a request was made."""

    stage: int | None = Field(description="Number of the stage at work; None: outside of a run.")
    question: str = Field(description="Kind of question, e.g. 'CardQuestion'.")


class Answered(Contract):
    """A whole answer: the endpoint said that it had ended by itself. One line of the journal holds it with its cost."""

    text: str
    asked: Asked
    model: str
    cost: Cost
    tools: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda tools: not tools,
        description="That an agent used in its turn, by title; the text is data all the same.",
    )


def estimated_tokens(text: str) -> int:
    """A fourth of the bytes, at least 1 (measured 2026-11 on English prompts and Python: 3.6 to 4.4 bytes to a token)."""
    return max(1, len(text.encode()) // 4)
