"""What a person is asked, and what is answered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from stages.contracts.base import Contract


class GateQuestion(Contract):
    """What a person is asked at a gate; `body` is Markdown with the facts to decide on."""

    stage: PositiveInt
    title: str
    body: str
    may_reject: bool = Field(default=True, description="False: no stage up to this one reads a person's words.")


class GateAnswer(Contract):
    """A decision, recorded once; the first answer wins."""

    stage: PositiveInt
    decision: Literal["approve", "reject", "edit"]
    comment: str = ""
    changes: tuple[str, ...] = Field(default=(), description="What a rejection asks to be changed, one sentence each.")
    by: str
    via: Literal["auto-approve", "terminal", "command line", "prefect ui"]
    at: str = Field(description="UTC, ISO 8601.")
