"""Nothing that the journal holds is paid for twice."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from researchclaw.adapters.journalled import JournalledLaboratory, JournalledLibrary, JournalledModel, keep_run
from researchclaw.journal import ExperimentEnded, Journal
from stages.asking import at_once
from stages.contracts import (
    CitedWork,
    Contract,
    CorpusFacts,
    GeneratedKit,
    RunCost,
    RunRecord,
    SearchQuery,
    SourceOutcome,
    TrainingRequest,
    Work,
)
from stages.errors import SettingsError
from stages.ports import Answer, Preparation, ProbeRequest, Probes, Question, SearchAnswer

QUERY = SearchQuery(id="q", text="warm-up", about=(), sub_question="effect", sources=("catalogue",))


class Library:
    """Down at first, then up."""

    def __init__(self) -> None:
        self.asked = 0

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        self.asked += 1
        up = self.asked > 1
        return SearchAnswer(works=(), outcomes=(SourceOutcome(source="s", answered=up, found=0, reason=None if up else "down"),))

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        return ()


class Laboratory:
    isolation, device, workers = "none", "none", 2
    data = "0"

    def __init__(self, journal: Journal, die_after: int = 99) -> None:
        self.keep, self.die_after, self.trained = keep_run(journal), die_after, list[int]()

    def corpus(self, kit: str) -> CorpusFacts:
        return CorpusFacts(name=kit, sha256=self.data * 64, files=1, train_bytes=1, val_bytes=1, test_bytes=1, references={})

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        raise NotImplementedError

    def probe(self, kit: str, requests: Sequence[ProbeRequest]) -> Probes:
        raise NotImplementedError

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        return tuple(self._one(request) for request in requests)

    def _one(self, request: TrainingRequest) -> RunRecord:
        if len(self.trained) == self.die_after:
            raise KeyboardInterrupt
        self.trained.append(request.seed)
        record = RunRecord(
            request_sha256="0" * 64,
            condition=request.condition,
            seed=request.seed,
            purpose=request.purpose,
            verdict="timeout",
            reason="too slow",
            cost=RunCost(train_cpu_s=1, train_wall_s=1, startup_s=1, evaluation_s=1, peak_memory_mb=1),
            isolation="none",
            command="",
            folder="",
        )
        self.keep(request, record)
        return record


def requests() -> list[TrainingRequest]:
    return [
        TrainingRequest(
            kit="k", kit_sha256="0" * 64, condition="c", train_py="", seed=n, steps=1, budget_s=1, scored_bytes=None, purpose="report"
        )
        for n in (1, 2, 3)
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_a_source_that_was_down_is_asked_again_and_one_that_answered_is_not(path: Path) -> None:
    library = Library()
    with Journal(path) as journal:
        journalled = JournalledLibrary(library, journal)
        assert not journalled.search(QUERY, 5).outcomes[0].answered
        assert journalled.search(QUERY, 5).outcomes[0].answered
        assert journalled.search(QUERY, 5).outcomes[0].answered
    assert library.asked == 2


def test_a_laboratory_that_dies_is_given_only_the_rest(path: Path) -> None:
    with Journal(path) as journal:
        first = Laboratory(journal, die_after=2)
        with pytest.raises(KeyboardInterrupt):
            JournalledLaboratory(first, journal).measure(requests())
    with Journal(path) as journal:
        second = Laboratory(journal)
        records = JournalledLaboratory(second, journal).measure(requests())
    assert first.trained == [1, 2]
    assert second.trained == [3]
    assert [record.seed for record in records] == [1, 2, 3]


def test_listeners_hear_of_every_run_once(path: Path) -> None:
    heard: list[int] = []
    with Journal(path) as journal:
        journal.listen(lambda event: heard.append(event.seed) if isinstance(event, ExperimentEnded) else None)
        laboratory = JournalledLaboratory(Laboratory(journal), journal)
        laboratory.measure(requests()[:2])
        assert heard == [1, 2]
        laboratory.measure(requests())
    assert heard == [1, 2, 1, 2, 3]


class Told(Contract):
    by: int


class Whom(Question):
    number: int


class Hasty:
    """Answers in any order, whoever asks first."""

    name = "hasty"

    def __init__(self) -> None:
        self.asked: list[int] = []

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        assert isinstance(question, Whom)
        time.sleep(random.random() / 100)
        self.asked.append(question.number)
        return answer.model_validate({"by": question.number})


def test_questions_that_were_asked_at_once_are_found_again_in_whatever_order(tmp_path: Path) -> None:
    questions = [Whom(number=number) for number in range(12)]
    for attempt in range(2):
        mind = Hasty()
        with Journal(tmp_path / "journal.jsonl") as journal:
            model = JournalledModel(mind, journal)
            random.shuffle(questions)
            told = at_once(lambda question: model.ask(question, answer=Told).by, questions)  # noqa: B023
        assert told == tuple(question.number for question in questions)
        assert sorted(mind.asked) == ([] if attempt else list(range(12)))


def test_after_a_change_of_the_data_nothing_more_is_trained(path: Path) -> None:
    with Journal(path) as journal:
        inner = Laboratory(journal, die_after=1)
        laboratory = JournalledLaboratory(inner, journal, compare_data=True)
        laboratory.corpus("k")
        with pytest.raises(KeyboardInterrupt):
            laboratory.measure(requests())
    with Journal(path) as journal:
        inner = Laboratory(journal)
        inner.data = "1"
        laboratory = JournalledLaboratory(inner, journal, compare_data=True)
        with pytest.raises(SettingsError, match="the corpus has changed since the study began"):
            laboratory.measure(requests())
        assert inner.trained == []
        assert len(laboratory.measure(requests()[:1])) == 1  # what is there can still be read
