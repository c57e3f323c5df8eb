"""The ports with the journal in front: a request that was answered once is never put to the world again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from researchclaw.journal import ExperimentEnded, Journal
from stages.contracts import CitedWork, Contract, CorpusFacts, GeneratedKit, RunRecord, SearchQuery, Slug, TrainingRequest, Work
from stages.ports import Answer, Laboratory, LanguageModel, Library, Preparation, ProbeRequest, Probes, Question, SearchAnswer

TRAINING_RUN = "training run"


class JournalledModel:
    """A `LanguageModel` that is asked each question once."""

    def __init__(self, model: LanguageModel, journal: Journal) -> None:
        self._model, self._journal = model, journal

    @property
    def name(self) -> str:
        return self._model.name

    def ask(self, question: Question, answer: type[Answer]) -> Answer:
        kind = f"model call: {self._model.name}"
        return self._journal.once(kind, question, answer, lambda: self._model.ask(question, answer))


class _Search(Contract):
    query: SearchQuery
    limit: int


class _Verification(Contract):
    works: tuple[Work, ...]


class _Verdicts(Contract):
    works: tuple[CitedWork, ...]


class JournalledLibrary:
    """A `Library` whose definite answers are kept; a source that was down is asked again after a resume."""

    def __init__(self, library: Library, journal: Journal) -> None:
        self._library, self._journal = library, journal

    @property
    def sources(self) -> tuple[str, ...]:
        return self._library.sources

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        return self._journal.once(
            "source query",
            _Search(query=query, limit=limit),
            SearchAnswer,
            lambda: self._library.search(query, limit),
            definite=lambda answer: all(outcome.answered for outcome in answer.outcomes),
        )

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        return self._journal.once(
            "verification",
            _Verification(works=tuple(works)),
            _Verdicts,
            lambda: _Verdicts(works=self._library.verify(works)),
            definite=lambda answer: all(work.verdict != "not checked" for work in answer.works),
        ).works


class _CorpusOf(Contract):
    kit: Slug


class _PreparationOf(Contract):
    kit: GeneratedKit
    seed: int


class _ProbesOf(Contract):
    kit: Slug
    requests: tuple[ProbeRequest, ...]


class JournalledLaboratory:
    """A `Laboratory` in which no training run is paid for twice."""

    def __init__(self, laboratory: Laboratory, journal: Journal) -> None:
        self._laboratory, self._journal = laboratory, journal

    @property
    def isolation(self) -> str:
        return self._laboratory.isolation

    @property
    def device(self) -> str:
        return self._laboratory.device

    @property
    def workers(self) -> int:
        return self._laboratory.workers

    def corpus(self, kit: Slug) -> CorpusFacts:
        return self._journal.once("corpus", _CorpusOf(kit=kit), CorpusFacts, lambda: self._laboratory.corpus(kit))

    def prepare(self, kit: GeneratedKit, seed: int) -> Preparation:
        request = _PreparationOf(kit=kit, seed=seed)
        return self._journal.once("preparation", request, Preparation, lambda: self._laboratory.prepare(kit, seed))

    def probe(self, kit: Slug, requests: Sequence[ProbeRequest]) -> Probes:
        request = _ProbesOf(kit=kit, requests=tuple(requests))
        return self._journal.once("probe", request, Probes, lambda: self._laboratory.probe(kit, requests))

    def measure(self, requests: Sequence[TrainingRequest]) -> tuple[RunRecord, ...]:
        """Runs that the journal holds are looked up; the laboratory is given the rest, and `keep_run` as its `on_record`."""
        known = [self._journal.find(TRAINING_RUN, request, RunRecord) for request in requests]
        for record in known:
            if record is not None:
                self._journal.tell(ExperimentEnded.of(record))
        missing = [request for request, record in zip(requests, known, strict=True) if record is None]
        measured = iter(self._laboratory.measure(missing) if missing else ())
        return tuple(record or next(measured) for record in known)


def keep_run(journal: Journal) -> Callable[[TrainingRequest, RunRecord], None]:
    """What the laboratory calls as each run ends: the record is on disk before anybody sees it."""

    def keep(request: TrainingRequest, record: RunRecord) -> None:
        journal.record(TRAINING_RUN, request, record)
        journal.tell(ExperimentEnded.of(record))

    return keep
