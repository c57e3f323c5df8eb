"""The catalogue and the live sources as one library: everything is asked at once, and what failed is said."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from researchclaw.adapters.catalogue import this_month
from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Graph, Identifier, Index, Registry, Source
from researchclaw.adapters.sources.open_texts import OpenTexts
from researchclaw.adapters.user_library import OfflineLibrary
from stages.b_literature.deduplication import unite
from stages.contracts import CitedWork, Reading, SearchQuery, SourceOutcome, Work
from stages.h_finalization.references.folding import title_key
from stages.h_finalization.references.identifiers import impossible_arxiv, impossible_doi
from stages.h_finalization.references.matching import compare
from stages.h_finalization.references.reference import Record, Reference, record_of_work, reference_of_work
from stages.h_finalization.references.verdicts import SourceAnswer, judge
from stages.ports import Neighbour, NeighbourAnswer, SearchAnswer

logger = logging.getLogger(__name__)

TITLES_AT_ONCE: Final = 8
"""Titles asked for at the same time; the sources' own rates hold them back further."""


class LiveLibrary:
    """`stages.ports.Library` over the catalogue and the sources. A source that is down costs its works, never the search."""

    def __init__(
        self,
        catalogue: OfflineLibrary,
        sources: Sequence[Source],
        registries: Sequence[Registry],
        *,
        works_per_query: int,
        total_s: float,
        graphs: Sequence[Graph] = (),
        indices: Sequence[Index] = (),
        open_texts: OpenTexts | None = None,
    ) -> None:
        """total_s: seconds for all that is asked at once, such as the queries of a stage together.

        registries: asked for a work's identifiers. graphs: asked who cites whom, indices: for a title; both in this order.
        """
        self._catalogue, self._sources, self._registries = catalogue, tuple(sources), tuple(registries)
        self._graphs, self._indices, self._open_texts = tuple(graphs), tuple(indices), open_texts
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

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        """One step in the citation graph: each work is asked about at the first source that knows it."""
        shares = [(graph, [work for work in works if self._graph_of(work) is graph]) for graph in self._graphs]
        shares = [(graph, share) for graph, share in shares if share]
        with self._time() as deadline, ThreadPoolExecutor(max_workers=len(shares) or 1) as pool:
            answers = list(pool.map(lambda pair: pair[0].neighbours(pair[1], limit, deadline), shares))
        linked: dict[str, list[str]] = {}
        records: dict[str, Work] = {}
        for link in (link for answer in answers if isinstance(answer, Found) for link in answer.value):
            mark = f"{link.work.confirmed_by} {link.work.openalex_id or link.work.s2_id or link.work.key}"
            records.setdefault(mark, link.work)
            linked.setdefault(mark, []).append(link.seed)
        neighbours = [
            Neighbour(
                work=near,
                score=max((self._catalogue.score(query.text, near) for query in queries), default=0.0),
                seeds=tuple(dict.fromkeys(linked[mark])),
            )
            for mark, near in records.items()
        ]
        neighbours.sort(key=lambda near: (-near.score, near.work.key))
        outcomes = tuple(_outcome(graph.label, answer) for (graph, _), answer in zip(shares, answers, strict=True))
        return NeighbourAnswer(neighbours=tuple(neighbours), outcomes=outcomes)

    def _graph_of(self, work: Work) -> Graph | None:
        return next((graph for graph in self._graphs if graph.knows(work)), None)

    def passages(self, work: Work, words: str) -> Reading:
        """From the user's own PDF, else from the open one of a preprint, where the settings let it be fetched."""
        own = self._catalogue.passages(work, words)
        if own.passages or own.failed or self._open_texts is None:
            return own
        with self._time() as deadline:
            return self._open_texts.passages(work, words, deadline)

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        """The catalogue's works against the catalogue, the others by their identifiers against the sources."""
        own = {work.key for work in works if self._catalogue.holds(work)}
        by_catalogue = {cited.key: cited for cited in self._catalogue.verify([work for work in works if work.key in own])}
        others = [work for work in works if work.key not in own]
        with self._time() as deadline:
            found = self._look_up(tuple(dict.fromkeys(one for work in others for one in identifiers(work))), deadline)
        by_sources = {work.key: _verdict(work, found) for work in others}
        return tuple((by_catalogue | by_sources)[work.key] for work in works)

    def check(self, references: Sequence[Reference], *, now: tuple[int, int] | None = None) -> tuple[CitedWork, ...]:
        """References that anybody may have written: against the own collections, then by identifier, then by title.

        What an own collection verifies is not asked for again.
        """
        when = now or this_month()
        known = {
            place: cited for place, cited in enumerate(self._catalogue.check(references, now=when)) if cited.verdict == "verified"
        }
        rest = [(place, reference) for place, reference in enumerate(references) if place not in known]
        with self._time() as deadline:
            asked = {place: _identifiers_of(reference) for place, reference in rest}
            found = self._look_up(tuple(dict.fromkeys(one for some in asked.values() for one in some)), deadline)
            answers = {place: [answer for one in some for answer in _answers(one, found)] for place, some in asked.items()}
            nameless = [(place, reference) for place, reference in rest if not any(a.records for a in answers[place])]
            with ThreadPoolExecutor(max_workers=TITLES_AT_ONCE) as pool:
                by_title = list(pool.map(lambda pair: self._by_title(pair[1], deadline), nameless))
        for (place, _), told in zip(nameless, by_title, strict=True):
            answers[place] += told
        for place, reference in rest:
            own = self._catalogue.answers(reference)
            # sources name venues in their own words, and many know only the preprint: what is unknown there is no doubt
            known[place] = judge(reference, [*own, *answers[place]], now=when, venue_noted=("unknown",))
        return tuple(known[place] for place in range(len(references)))

    def _by_title(self, reference: Reference, deadline: float) -> list[SourceAnswer]:
        """What the sources say to the title, one after the other until a record bears it."""
        told: list[SourceAnswer] = []
        for index in self._indices if reference.title else ():
            answer = index.by_title(reference.title, deadline)
            works = answer.value if isinstance(answer, Found) else ()
            records = tuple(record_of_work(work, index.label) for work in works)
            told.append(_answer(index.label, answer, records))
            if any(compare(reference, record).same_work for record in records):
                break
        return told

    def _look_up(self, asked: tuple[Identifier, ...], deadline: float) -> dict[Identifier, list[tuple[str, Answer[Work]]]]:
        """What the registries say about each identifier: first those that take many at once, the others about the rest.

        An identifier that a found record bears is settled, whoever was asked for it.
        """
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
            for label, work in [(label, a.value) for told in list(found.values()) for label, a in told if isinstance(a, Found)]:
                for one in identifiers(work):
                    if one in found and all(name != label or not isinstance(a, Found) for name, a in found[one]):
                        found[one].append((label, Found(work)))
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
    """Its DOI and arXiv id; where it has neither, the sources' own ids."""
    public = (("doi", work.doi), ("arxiv", work.arxiv_id))
    held = public if work.doi or work.arxiv_id else (("openalex", work.openalex_id), ("s2", work.s2_id))
    return tuple(Identifier(kind=kind, value=value.lower() if kind == "doi" else value) for kind, value in held if value)  # type: ignore[arg-type]


def _identifiers_of(reference: Reference) -> tuple[Identifier, ...]:
    """Those of the reference that can exist; the others are told without asking."""
    held: list[Identifier] = []
    if reference.doi and not impossible_doi(reference.doi):
        held.append(Identifier("doi", reference.doi))
    if reference.arxiv_id and not impossible_arxiv(reference.arxiv_id, now=this_month()):
        held.append(Identifier("arxiv", reference.arxiv_id))
    return tuple(held)


def _outcome(source: str, answer: Answer[tuple[Any, ...]]) -> SourceOutcome:
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

    Another venue is told and changes no verdict: each source names venues in words of its own, and the work's are one's of them.
    """
    answers = [answer for one in identifiers(work) for answer in _answers(one, found)]
    cited = judge(reference_of_work(work), answers, now=this_month(), venue_noted=("differs", "unknown"))
    if cited.verdict != "mismatch" or any(difference.field == "title" for difference in cited.differences):
        return cited
    records = [answer.value for one in identifiers(work) for _, answer in found[one] if isinstance(answer, Found)]
    united = unite([record for record in records if title_key(record.title) == title_key(work.title)])
    if not united.works:
        return cited
    repaired = united.works[0].model_copy(update={name: getattr(work, name) for name in ("key", "topics", "about", "gist", "also")})
    again = judge(reference_of_work(repaired), answers, now=this_month(), venue_noted=("differs", "unknown"))
    return cited.model_copy(update={"repaired": repaired}) if again.verdict == "verified" else cited


def _answers(one: Identifier, found: dict[Identifier, list[tuple[str, Answer[Work]]]]) -> list[SourceAnswer]:
    return [
        _answer(name, answer, (record_of_work(answer.value, name),) if isinstance(answer, Found) else ())
        for name, answer in found[one]
    ]


def _answer(source: str, answer: Answer[Any], records: tuple[Record, ...]) -> SourceAnswer:
    return SourceAnswer(
        source=source,
        outcome="found" if isinstance(answer, Found) else "absent" if isinstance(answer, Absent) else "failed",
        records=records,
        complete=True,
        reason=answer.reason if isinstance(answer, Failed) else None,
    )
