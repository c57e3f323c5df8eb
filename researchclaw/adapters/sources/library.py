"""The catalogue and the live sources as one library: everything is asked at once, and what failed is said."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from researchclaw.adapters.catalogue import Catalogue, this_month
from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Identifier, Registry, Source
from researchclaw.adapters.user_library import OfflineLibrary
from stages.contracts import CitedWork, SearchQuery, SourceOutcome, Work
from stages.h_finalization.references.reference import record_of_work, reference_of_work
from stages.h_finalization.references.verdicts import SourceAnswer, judge
from stages.ports import SearchAnswer

logger = logging.getLogger(__name__)


class LiveLibrary:
    """`stages.ports.Library` over the catalogue and the sources. A source that is down costs its works, never the search."""

    def __init__(
        self,
        catalogue: Catalogue | OfflineLibrary,
        sources: Sequence[Source],
        registries: Sequence[Registry],
        *,
        works_per_query: int,
        total_s: float,
    ) -> None:
        """total_s: seconds for all that is asked at once, such as the queries of a stage together.

        registries: asked for a work's identifiers.
        """
        self._catalogue, self._sources, self._registries = catalogue, tuple(sources), tuple(registries)
        self._works_per_query, self._total_s = works_per_query, total_s
        self._lock = threading.Lock()
        self._under_way = 0
        self._deadline = 0.0

    @property
    def sources(self) -> tuple[str, ...]:
        return (*self._catalogue.sources, *(source.name for source in self._sources))

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        """The catalogue's works and those of each source; a source's works are scored by the catalogue's own measure."""
        most = min(limit, self._works_per_query)
        with self._time() as deadline, ThreadPoolExecutor(max_workers=len(self._sources) or 1) as pool:
            asked = [pool.submit(source.search, query.text, most, deadline) for source in self._sources]
            own = self._catalogue.search(query, limit)
            works, outcomes = list(own.works), list(own.outcomes)
            for source, future in zip(self._sources, asked, strict=True):
                answer = future.result()
                found = answer.value if isinstance(answer, Found) else ()
                works += ((work, self._catalogue.score(query.text, work)) for work in found)
                outcomes.append(_outcome(source.label, answer))
        return SearchAnswer(works=tuple(works), outcomes=tuple(outcomes))

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        """The catalogue's works against the catalogue, the others by their identifiers against the sources."""
        own = {work.key for work in works if self._catalogue.holds(work)}
        by_catalogue = {cited.key: cited for cited in self._catalogue.verify([work for work in works if work.key in own])}
        others = [work for work in works if work.key not in own]
        with self._time() as deadline:
            found = self._look_up(tuple(dict.fromkeys(one for work in others for one in identifiers(work))), deadline)
        by_sources = {work.key: _verdict(work, found) for work in others}
        return tuple((by_catalogue | by_sources)[work.key] for work in works)

    def _look_up(self, asked: tuple[Identifier, ...], deadline: float) -> dict[Identifier, list[tuple[str, Answer[Work]]]]:
        """What the registries say about each identifier: first those that take many at once, the others about the rest."""
        found: dict[Identifier, list[tuple[str, Answer[Work]]]] = {one: [] for one in asked}
        for batched in (True, False):
            rest = tuple(one for one in asked if not any(isinstance(answer, Found) for _, answer in found[one]))
            registries = [registry for registry in self._registries if registry.batched is batched]
            if not rest or not registries:
                continue
            with ThreadPoolExecutor(max_workers=len(registries)) as pool:
                said = [(registry.label, pool.submit(registry.look_up, rest, deadline)) for registry in registries]
            for label, future in said:
                for one, answer in future.result().items():
                    found[one].append((label, answer))
        return found

    @contextmanager
    def _time(self) -> Iterator[float]:
        """The deadline shared by all that is under way; a new one when nothing was."""
        with self._lock:
            if not self._under_way:
                self._deadline = time.monotonic() + self._total_s
            self._under_way += 1
            deadline = self._deadline
        try:
            yield deadline
        finally:
            with self._lock:
                self._under_way -= 1


def identifiers(work: Work) -> tuple[Identifier, ...]:
    """Every identifier of the work."""
    held = (("doi", work.doi), ("arxiv", work.arxiv_id), ("openalex", work.openalex_id), ("s2", work.s2_id))
    return tuple(Identifier(kind=kind, value=value.lower() if kind == "doi" else value) for kind, value in held if value)  # type: ignore[arg-type]


def _outcome(source: str, answer: Answer[tuple[Work, ...]]) -> SourceOutcome:
    match answer:
        case Found(value):
            return SourceOutcome(source=source, answered=True, found=len(value))
        case Absent():
            return SourceOutcome(source=source, answered=True, found=0)
        case Failed(reason):
            logger.info("%s %s", source, reason)
            return SourceOutcome(source=source, answered=False, found=0, reason=reason)


def _verdict(work: Work, found: dict[Identifier, list[tuple[str, Answer[Work]]]]) -> CitedWork:
    """The work as it would be cited against every record that the registries gave, in all layers but the last.

    Its venue is not compared: each source names venues in words of its own, and the work's are those of one of them.
    """
    answers = [
        SourceAnswer(
            source=name,
            outcome="found" if isinstance(answer, Found) else "absent" if isinstance(answer, Absent) else "failed",
            records=(record_of_work(answer.value, name),) if isinstance(answer, Found) else (),
            complete=True,
            reason=answer.reason if isinstance(answer, Failed) else None,
        )
        for one in identifiers(work)
        for name, answer in found[one]
    ]
    return judge(reference_of_work(work).model_copy(update={"venue": None}), answers, now=this_month())
