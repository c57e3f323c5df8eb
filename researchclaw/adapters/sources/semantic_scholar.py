"""Semantic Scholar's graph API. Without a key its pool is shared by all and mostly refuses (429 without Retry-After)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue, RootModel

from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Identifier, Link, Reply, Shape, judged, shaped
from researchclaw.adapters.sources.decoding import arxiv_id, doi
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from researchclaw.adapters.sources.records import authors_of, listed, single, work, year_of
from stages.contracts import Work

NAME: Final = "semantic_scholar"
_FIELDS: Final = "title,abstract,authors,year,venue,publicationVenue,journal,externalIds,publicationTypes,publicationDate,url"
"""Always named: all fields are large, and some of them cause errors."""

_MOST_ON_A_PAGE: Final = 100
_MOST_IN_A_BATCH: Final = 500
_MOST_SEEDS: Final = 4
"""Works whose links are asked for: without a key each of the eight requests has to wait for three seconds."""

_PREFIX: Final = {"doi": "DOI:", "arxiv": "ARXIV:", "s2": ""}


class _Author(Shape):
    name: str | None = None


class _Place(Shape):
    name: str | None = None
    type: str | None = None


class _Journal(Shape):
    name: str | None = None
    volume: str | None = None
    pages: str | None = None


class _Ids(Shape):
    DOI: str | None = None
    ArXiv: str | None = None


class Record(Shape):
    """A paper of Semantic Scholar, as far as we read it."""

    paperId: str | None = None  # noqa: N815
    externalIds: _Ids | None = None  # noqa: N815
    url: str | None = None
    title: str | None = None
    abstract: str | None = None
    venue: str | None = None
    publicationVenue: _Place | None = None  # noqa: N815
    journal: _Journal | None = None
    year: int | None = None
    publicationDate: str | None = None  # noqa: N815
    publicationTypes: tuple[str, ...] | None = None  # noqa: N815
    authors: tuple[_Author, ...] | None = None


class _Page(Shape):
    total: int | None = None
    data: tuple[Record, ...] | None = None


class _Link(Shape):
    citedPaper: Record | None = None  # noqa: N815
    citingPaper: Record | None = None  # noqa: N815


class _Links(Shape):
    data: tuple[_Link, ...] | None


class _Batch(RootModel[tuple[Record | None, ...]]):
    """One place for each identifier; null: not known."""


class SemanticScholar:
    """A `Source` and a `Registry`."""

    name = NAME
    label = "Semantic Scholar"
    batched = True

    def __init__(self, web: Web) -> None:
        self._web = web

    def search(self, text: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        """Hyphenated words match nothing there, so hyphens become blanks."""
        words = " ".join(text.replace("-", " ").split())
        params = (("query", words), ("limit", str(min(limit, _MOST_ON_A_PAGE))), ("fields", _FIELDS))
        return self._web.ask(NAME, Request("/graph/v1/paper/search", params), _page, deadline)

    def by_title(self, title: str, deadline: float) -> Answer[tuple[Work, ...]]:
        """The one paper whose title is closest; compare the title again, the score drifts."""
        params = (("query", title), ("fields", _FIELDS))
        return self._web.ask(NAME, Request("/graph/v1/paper/search/match", params), _page, deadline)

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """All in batches of five hundred."""
        known = [one for one in identifiers if one.kind in _PREFIX]
        answers: dict[Identifier, Answer[Work]] = {}
        for start in range(0, len(known), _MOST_IN_A_BATCH):
            some = known[start : start + _MOST_IN_A_BATCH]
            if len(some) == 1:
                place = quote(_PREFIX[some[0].kind] + some[0].value, safe="/:")
                request = Request(f"/graph/v1/paper/{place}", (("fields", _FIELDS),), keep_s=90 * DAY_S)
                answers[some[0]] = self._web.ask(NAME, request, _one, deadline)
                continue
            body: JsonValue = {"ids": [_PREFIX[one.kind] + one.value for one in some]}
            request = Request("/graph/v1/paper/batch", (("fields", _FIELDS),), body=body, keep_s=90 * DAY_S)
            page = self._web.ask(NAME, request, _BatchReader(len(some)), deadline)
            if isinstance(page, Failed | Absent):
                answers |= dict.fromkeys(some, page)
            else:
                answers |= dict(zip(some, page.value, strict=True))
        return answers

    def knows(self, work: Work) -> bool:
        return bool(work.s2_id or work.doi or work.arxiv_id)

    def neighbours(self, works: Sequence[Work], limit: int, deadline: float) -> Answer[tuple[Link, ...]]:
        """Two requests for each work, so only for the first few."""
        some = [work for work in works if self.knows(work)][:_MOST_SEEDS]
        ways = [(work, way) for work in some for way in ("references", "citations")]
        with ThreadPoolExecutor(max_workers=len(ways) or 1) as pool:
            pages = list(pool.map(lambda pair: self._links(pair[0], pair[1], limit, deadline), ways))
        links = tuple(
            Link(work.key, near)
            for (work, _), page in zip(ways, pages, strict=True)
            for near in (page.value if isinstance(page, Found) else ())
        )
        if links:
            return Found(links)
        return next((page for page in pages if isinstance(page, Failed)), Absent("no references and no citations"))

    def _links(self, work: Work, way: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        held = ((work.s2_id, ""), (work.doi, "DOI:"), (work.arxiv_id, "ARXIV:"))
        name = next(f"{prefix}{value}" for value, prefix in held if value)
        params = (("limit", str(min(limit, _MOST_ON_A_PAGE))), ("fields", _FIELDS))
        return self._web.ask(NAME, Request(f"/graph/v1/paper/{quote(name, safe='/:')}/{way}", params), _linked, deadline)


class _BatchReader:
    """Reads a batch of known length; a list of another length would give answers to the wrong questions."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __call__(self, reply: Reply) -> Answer[tuple[Answer[Work], ...]]:
        return judged(reply, self._read, absent_404=lambda _: False)

    def _read(self, reply: Reply) -> Answer[tuple[Answer[Work], ...]]:
        batch = shaped(reply, _Batch)
        if isinstance(batch, Failed):
            return batch
        if len(batch.root) != self._length:
            return Failed(f"answered {len(batch.root)} of {self._length} look-ups of a batch")
        return Found(tuple(Absent("no such record") if record is None else single(_work(record, reply)) for record in batch.root))


def _page(reply: Reply) -> Answer[tuple[Work, ...]]:
    return judged(reply, read_page, absent_404=_says_not_found)


def _one(reply: Reply) -> Answer[Work]:
    return judged(reply, read_one, absent_404=_says_not_found)


def _says_not_found(reply: Reply) -> bool:
    return reply.body.lstrip().startswith(b"{") and b"not found" in reply.body


def read_page(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The papers of a search or a title match."""
    page = shaped(reply, _Page)
    if isinstance(page, Failed):
        return page
    if page.data is None and page.total != 0:
        return Failed("sent JSON without a list of papers")
    return listed([_work(record, reply) for record in page.data or ()], "no paper matches")


def _linked(reply: Reply) -> Answer[tuple[Work, ...]]:
    return judged(reply, read_links, absent_404=_says_not_found)


def read_links(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The papers at the other ends of references or citations; null where a publisher keeps them back."""
    page = shaped(reply, _Links)
    if isinstance(page, Failed):
        return page
    ends = [link.citedPaper or link.citingPaper for link in page.data or ()]
    return listed([_work(end, reply) for end in ends if end is not None], "no such links")


def read_one(reply: Reply) -> Answer[Work]:
    record = shaped(reply, Record)
    if isinstance(record, Failed):
        return record
    if not record.paperId:
        return Failed("sent JSON that is no record of a paper")
    return single(_work(record, reply))


def _work(record: Record, reply: Reply) -> Work | None:
    ids = record.externalIds or _Ids()
    place = record.publicationVenue.name if record.publicationVenue else None
    return work(
        NAME,
        reply,
        title=record.title,
        authors=authors_of(author.name for author in record.authors or ()),
        year=record.year or year_of(record.publicationDate),
        venue=place or record.venue or (record.journal.name if record.journal else None),
        kind=_kind(record),
        url=record.url,
        abstract=record.abstract,
        arxiv_id=arxiv_id(ids.ArXiv) or arxiv_id(ids.DOI if "10.48550/" in (ids.DOI or "") else None),
        doi=doi(ids.DOI),
        volume=record.journal.volume if record.journal else None,
        pages=record.journal.pages if record.journal else None,
        s2_id=record.paperId,
    )


def _kind(record: Record) -> str:
    named = (record.venue or "").lower()
    place = (record.publicationVenue.type if record.publicationVenue else None) or ""
    if "arxiv" in named or named in {"corr", "biorxiv", "medrxiv"}:
        return "preprint"
    kinds = set(record.publicationTypes or ())
    if "Conference" in kinds or place == "conference":
        return "conference"
    if "Book" in kinds:
        return "book"
    if "BookSection" in kinds:
        return "chapter"
    if kinds & {"JournalArticle", "Review"} or place == "journal":
        return "journal"
    return "other"
