"""The ports with the journal in front: a request that was answered once is never put to the world again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from researchclaw.journal import ExperimentEnded, Journal
from stages.contracts import (
    CitedWork,
    Contract,
    CorpusFacts,
    GeneratedKit,
    Reading,
    RunRecord,
    SearchQuery,
    Slug,
    TrainingRequest,
    Work,
)
from stages.errors import SettingsError
from stages.ports import (
    Answer,
    Laboratory,
    LanguageModel,
    Library,
    NeighbourAnswer,
    Preparation,
    ProbeRequest,
    Probes,
    Question,
    SearchAnswer,
)

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


class _Neighbours(Contract):
    works: tuple[Work, ...]
    queries: tuple[SearchQuery, ...]
    limit: int


class _Passages(Contract):
    work: Work
    words: str


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

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        return self._journal.once(
            "citation graph",
            _Neighbours(works=tuple(works), queries=tuple(queries), limit=limit),
            NeighbourAnswer,
            lambda: self._library.neighbours(works, queries, limit),
            definite=lambda answer: all(outcome.answered for outcome in answer.outcomes),
        )

    def passages(self, work: Work, words: str) -> Reading:
        return self._journal.once(
            "full text",
            _Passages(work=work, words=words),
            Reading,
            lambda: self._library.passages(work, words),
            definite=lambda reading: reading.failed is None,
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
    """A `Laboratory` in which no training run is paid for twice.

    compare_data: refuse to train on other data than those that the study began with.
    """

    def __init__(self, laboratory: Laboratory, journal: Journal, *, compare_data: bool = False) -> None:
        self._laboratory, self._journal, self._compare_data = laboratory, journal, compare_data

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
        for kit in sorted({request.kit for request in missing if request.generated is None} if self._compare_data else ()):
            self._same_corpus(kit)
        measured = iter(self._laboratory.measure(missing) if missing else ())
        return tuple(record or next(measured) for record in known)

    def _same_corpus(self, kit: Slug) -> None:
        """Raises: SettingsError: the data are not those that the study began with; runs on both cannot be compared."""
        noted = self._journal.find("corpus", _CorpusOf(kit=kit), CorpusFacts)
        if noted is not None and (here := self._laboratory.corpus(kit)).sha256 != noted.sha256:
            raise SettingsError(
                f"the corpus has changed since the study began ({noted.sha256[:12]}, now {here.sha256[:12]}): another "
                "experiment.corpus, or another Python, whose standard library it is by default. Put it back, or start a new run."
            )


def keep_run(journal: Journal) -> Callable[[TrainingRequest, RunRecord], None]:
    """What the laboratory calls as each run ends: the record is on disk before anybody sees it."""

    def keep(request: TrainingRequest, record: RunRecord) -> None:
        journal.record(TRAINING_RUN, request, record)
        journal.tell(ExperimentEnded.of(record))

    return keep
