"""What a run's journal remembers of its models: answers that were paid for, requests that failed, what endpoints take."""

from __future__ import annotations

import threading

from researchclaw.adapters.models.exchange import EXCHANGE, Answered, Asked, Cost, Exchange
from researchclaw.adapters.models.faults import Fault
from researchclaw.adapters.models.purse import Sum
from researchclaw.journal import (
    Event,
    Journal,
    ModelRequestFailed,
    QuestionGivenUp,
    StageStarted,
    request_key,
)
from researchclaw.spending import spending
from stages.ports import Question

_FINAL = frozenset({"length", "empty", "refused", "context"})
"""Faults that are an answer of a kind: the same request would be paid for again to hear the same."""


FIRST = 1
"""The topic is read once before any stage begins; that is the first stage's question."""


class Memory:
    """Over a run's journal, or over nothing: then it forgets with the process."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._stage: int | None = None
        self._lock = threading.Lock()
        self._given_up: dict[str, int] = {}
        self._failed: dict[str, Fault] = {}
        if journal is not None:
            journal.listen(self._take)
            self._stage = FIRST
            for started in journal.events(StageStarted):  # the one at work may have begun before anybody was listening
                self._take(started)
            for given_up in journal.events(QuestionGivenUp):
                self._count(given_up)
            for failed in journal.events(ModelRequestFailed):
                self._note(failed)

    def asked(self, question: Question) -> Asked:
        return Asked(stage=self._stage, question=type(question).__name__)

    def nth(self, question: Question) -> int:
        """1, and one more for each time that the question was given up: then it is put anew."""
        return 1 + self._given_up.get(request_key(question), 0)

    def give_up(self, question: Question) -> None:
        event = QuestionGivenUp(question=type(question).__name__, request=request_key(question))
        if self._journal is not None:
            self._journal.event(event)
        self._count(event)

    def find(self, exchange: Exchange) -> Answered | None:
        """The answer on record.

        Raises:
            Fault: the record says that there is none to be had.
        """
        if self._journal is None:
            return None
        if (fault := self._failed.get(request_key(exchange))) is not None:
            raise Fault(fault.kind, str(fault))
        return self._journal.find(EXCHANGE, exchange, Answered)

    def keep(self, exchange: Exchange, answered: Answered) -> None:
        if self._journal is not None:
            self._journal.record(EXCHANGE, exchange, answered)

    def failed(self, exchange: Exchange, asked: Asked, fault: Fault, cost: Cost) -> None:
        event = ModelRequestFailed(
            stage=asked.stage,
            question=asked.question,
            model=exchange.model,
            request=request_key(exchange),
            fault=fault.kind,
            message=str(fault),
            prompt=cost.usage.prompt,
            cached=cost.usage.cached,
            completion=cost.usage.completion,
            usd=cost.usd,
            seconds=cost.seconds,
        )
        if self._journal is not None:
            self._journal.event(event)
            self._note(event)

    def spent(self) -> Sum:
        """What the run has taken so far, by the journal."""
        if self._journal is None:
            return Sum()
        total = spending(self._journal.path)
        return Sum(total.usd, total.prompt + total.completion)

    def _take(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._stage = event.stage

    def _count(self, event: QuestionGivenUp) -> None:
        with self._lock:
            self._given_up[event.request] = self._given_up.get(event.request, 0) + 1

    def _note(self, event: ModelRequestFailed) -> None:
        if event.fault in _FINAL:
            self._failed[event.request] = Fault(event.fault, event.message)  # type: ignore[arg-type]
