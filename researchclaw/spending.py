"""What a run's language models took: tokens, USD and seconds, by stage and by kind of question, from the journal alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from pydantic import Field

from researchclaw.adapters.models.exchange import EXCHANGE, Answered
from researchclaw.journal import Entry, ModelRequestFailed, entries
from stages.contracts import Contract


class Request(Contract):
    """One request, answered or not."""

    stage: int | None
    question: str
    model: str
    answered: bool
    prompt: int
    cached: int
    completion: int
    usd: float | None
    seconds: float


class Sum(Contract):
    """Of several requests."""

    name: str
    requests: int = 0
    failed: int = Field(default=0, description="Requests that gave no answer; what was begun of one is paid for.")
    prompt: int = Field(default=0, description="Tokens of the prompts.")
    cached: int = Field(default=0, description="Of these, from the endpoint's cache.")
    completion: int = Field(default=0, description="Tokens of the answers, reasoning included.")
    usd: float = Field(default=0.0, description="Where the price is known.")
    unpriced: int = Field(default=0, description="Requests whose price is not known.")
    seconds: float = Field(default=0.0, description="Of all requests, also of those that went on at the same time.")

    @property
    def answers(self) -> int:
        return self.requests - self.failed

    def plus(self, one: Request) -> Self:
        return self.model_copy(
            update={
                "requests": self.requests + 1,
                "failed": self.failed + (not one.answered),
                "prompt": self.prompt + one.prompt,
                "cached": self.cached + one.cached,
                "completion": self.completion + one.completion,
                "usd": self.usd + (one.usd or 0.0),
                "unpriced": self.unpriced + (one.usd is None),
                "seconds": self.seconds + one.seconds,
            }
        )

    def money(self) -> str:
        """'0.0123 USD', 'price not known', or both."""
        if self.unpriced == self.requests:
            return "price not known"
        return f"{self.usd:.4f} USD" + (f" and {self.unpriced} requests whose price is not known" if self.unpriced else "")

    def words(self) -> str:
        """One line for a person."""
        cached = f" ({self.cached} from cache)" if self.cached else ""
        failed = f", {self.failed} without an answer" if self.failed else ""
        return f"{self.requests} requests{failed}; {self.prompt} tokens in{cached}, {self.completion} out; {self.money()}"


class Spending(Sum):
    """All requests of a run."""

    name: str = "all"
    by_stage: tuple[Sum, ...] = ()
    by_question: tuple[Sum, ...] = ()
    by_model: tuple[Sum, ...] = ()


def spending(journal: Path) -> Spending:
    """What the run took so far; it may be at work meanwhile."""
    return spending_of(entries(journal))


def spending_of(lines: Iterable[Entry]) -> Spending:
    found = list(requests_of(lines))
    total = Spending()
    for one in found:
        total = total.plus(one)
    return total.model_copy(
        update={
            "by_stage": _grouped((f"{one.stage:02d}" if one.stage is not None else "outside", one) for one in found),
            "by_question": _grouped((one.question, one) for one in found),
            "by_model": _grouped((one.model, one) for one in found),
        }
    )


def requests_of(lines: Iterable[Entry]) -> Iterator[Request]:
    """The requests to models that the journal's lines tell of, in their order."""
    for entry in lines:
        if entry.kind == EXCHANGE:
            answered = Answered.model_validate(entry.body)
            usage = answered.cost.usage
            yield Request(
                stage=answered.asked.stage,
                question=answered.asked.question,
                model=answered.model,
                answered=True,
                prompt=usage.prompt,
                cached=usage.cached,
                completion=usage.completion,
                usd=answered.cost.usd,
                seconds=answered.cost.seconds,
            )
        elif entry.type == ModelRequestFailed.__name__:
            failed = ModelRequestFailed.model_validate(entry.body)
            yield Request(
                stage=failed.stage,
                question=failed.question,
                model=failed.model,
                answered=False,
                prompt=failed.prompt,
                cached=failed.cached,
                completion=failed.completion,
                usd=failed.usd,
                seconds=failed.seconds,
            )


def _grouped(named: Iterable[tuple[str, Request]]) -> tuple[Sum, ...]:
    sums: dict[str, Sum] = {}
    for name, one in named:
        sums[name] = sums.get(name, Sum(name=name)).plus(one)
    return tuple(sums[name] for name in sorted(sums))
