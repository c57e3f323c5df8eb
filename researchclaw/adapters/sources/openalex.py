"""OpenAlex. Look-ups by id or DOI are free, a list costs 1 credit and a search 10; 1,000 a day without a key (2026-11)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import quote

from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Identifier, Link, Reply, Shape, judged, shaped
from researchclaw.adapters.sources.decoding import abstract_of, arxiv_id, doi, first_text
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from researchclaw.adapters.sources.records import author_of, listed, single, work
from stages.contracts import Work

NAME: Final = "openalex"
_SEARCH_CREDITS: Final = 10
_MOST_ON_A_PAGE: Final = 100
_AT_A_TIME: Final = 50
"""DOIs in one list request: a hundred are allowed, but an address ends at about 4 KB."""

_FIELDS: Final = (
    "id,doi,title,display_name,publication_year,type,primary_location,locations,authorships,is_retracted,abstract_inverted_index,ids,"
    "biblio"
)
_KINDS: Final = {"preprint": "preprint", "book": "book", "book-chapter": "chapter", "dissertation": "thesis", "report": "report"}


class _Venue(Shape):
    display_name: str | None = None
    type: str | None = None


class _Location(Shape):
    landing_page_url: str | None = None
    source: _Venue | None = None
    raw_source_name: str | None = None
    raw_type: str | None = None


class _Person(Shape):
    display_name: str | None = None


class _Authorship(Shape):
    author: _Person | None = None
    raw_author_name: str | None = None


class _Biblio(Shape):
    volume: str | None = None
    first_page: str | None = None
    last_page: str | None = None


class Record(Shape):
    """A work of OpenAlex, as far as we read it."""

    id: str | None = None
    doi: str | None = None
    title: str | None = None
    display_name: str | None = None
    publication_year: int | None = None
    type: str | None = None
    primary_location: _Location | None = None
    locations: tuple[_Location, ...] = ()
    authorships: tuple[_Authorship, ...] = ()
    is_retracted: bool | None = None
    biblio: _Biblio | None = None
    abstract_inverted_index: dict[str, list[int]] | None = None


class _Page(Shape):
    results: tuple[Record, ...]


class _Citing(Record):
    referenced_works: tuple[str, ...] = ()


class _CitingPage(Shape):
    results: tuple[_Citing, ...]


class OpenAlex:
    """A `Source` and a `Registry`."""

    name = NAME
    label = "OpenAlex"
    batched = True

    def __init__(self, web: Web) -> None:
        self._web = web

    def search(self, text: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        params = (("search", text), ("per_page", str(min(limit, _MOST_ON_A_PAGE))), ("select", _FIELDS))
        return self._web.ask(NAME, Request("/works", params, cost=_SEARCH_CREDITS), _page, deadline)

    def by_title(self, title: str, deadline: float) -> Answer[tuple[Work, ...]]:
        """Works whose title holds the words; the server splits filters at , : | ! even when they are encoded."""
        words = " ".join(title.translate(str.maketrans(",:|!\"'", "      ")).split())
        params = (("filter", f"title.search:{words}"), ("per_page", "5"), ("select", _FIELDS))
        return self._web.ask(NAME, Request("/works", params), _page, deadline)

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """DOIs and own ids fifty at a time. What a list lacks is left out, since lists hide merged preprints.

        `OpenAlexSingly` knows those as well.
        """
        answers: dict[Identifier, Answer[Work]] = {}
        for kind, name in (("doi", "doi"), ("openalex", "openalex")):
            known = [one for one in identifiers if one.kind == kind and not set(one.value) & set(",|")]
            for start in range(0, len(known), _AT_A_TIME):
                some = known[start : start + _AT_A_TIME]
                params = (
                    ("filter", f"{name}:" + "|".join(one.value for one in some)),
                    ("per_page", str(_AT_A_TIME)),
                    ("select", _FIELDS),
                )
                page = self._web.ask(NAME, Request("/works", params, keep_s=90 * DAY_S), _page, deadline)
                if isinstance(page, Failed):
                    answers |= dict.fromkeys(some, page)
                elif isinstance(page, Found):
                    held = {found.doi if kind == "doi" else found.openalex_id: found for found in page.value}
                    answers |= {one: Found(held[one.value]) for one in some if one.value in held}
        return answers

    def knows(self, work: Work) -> bool:
        return work.openalex_id is not None

    def neighbours(self, works: Sequence[Work], limit: int, deadline: float) -> Answer[tuple[Link, ...]]:
        """Three lists for all works together (3 credits): what cites them, what they refer to by id, and those records.

        Of what they refer to, works that several of them refer to come first; of what cites them, the most cited.
        """
        seeds = {work.openalex_id: work.key for work in works if work.openalex_id}
        ids, most = "|".join(sorted(seeds)), str(min(limit, _MOST_ON_A_PAGE))
        citing = Request(
            "/works",
            (
                ("filter", f"cites:{ids}"),
                ("sort", "cited_by_count:desc"),
                ("per_page", most),
                ("select", f"{_FIELDS},referenced_works"),
            ),
        )
        cited = Request("/works", (("filter", f"openalex:{ids}"), ("per_page", most), ("select", "id,referenced_works")))
        with ThreadPoolExecutor(max_workers=2) as pool:
            above = pool.submit(self._web.ask, NAME, citing, _with_references, deadline)
            references = self._web.ask(NAME, cited, _references, deadline)
            up = above.result()
        links = [Link(seeds[to], work) for work, named in up.value for to in named if to in seeds] if isinstance(up, Found) else []
        named_by: dict[str, list[str]] = {}
        for of, named in references.value if isinstance(references, Found) else ():
            for to in named if of in seeds else ():
                named_by.setdefault(to, []).append(seeds[of])
        wanted = sorted(named_by.keys() - seeds.keys(), key=lambda one: (-len(named_by[one]), one))[: min(limit, _AT_A_TIME)]
        down: Answer[tuple[Work, ...]] = Absent("no references")
        if wanted:
            params = (("filter", f"openalex:{'|'.join(wanted)}"), ("per_page", str(_AT_A_TIME)), ("select", _FIELDS))
            down = self._web.ask(NAME, Request("/works", params), _page, deadline)
        if isinstance(down, Found):
            links += [Link(seed, work) for work in down.value for seed in named_by.get(work.openalex_id or "", ())]
        failed = next((answer for answer in (up, references, down) if isinstance(answer, Failed)), None)
        if links:
            return Found(tuple(links))
        return failed or Absent("no references and no citations")


class OpenAlexSingly:
    """A `Registry`: OpenAlex asked for one identifier at a time, which is free and also finds what its lists hide."""

    name = NAME
    label = OpenAlex.label
    batched = False

    def __init__(self, web: Web) -> None:
        self._web = web

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        answers: dict[Identifier, Answer[Work]] = {}
        for one in identifiers:
            if one.kind in {"doi", "openalex"}:
                place = f"doi:{quote(one.value, safe='/')}" if one.kind == "doi" else quote(one.value, safe="")
                request = Request(f"/works/{place}", (("select", _FIELDS),), cost=0, keep_s=90 * DAY_S)
                answers[one] = self._web.ask(NAME, request, _one, deadline)
        return answers


def _page(reply: Reply) -> Answer[tuple[Work, ...]]:
    return judged(reply, read_page, absent_404=_says_not_found)


def _one(reply: Reply) -> Answer[Work]:
    return judged(reply, read_one, absent_404=_says_not_found)


def _says_not_found(reply: Reply) -> bool:
    """Its 404 is the page of its web framework, or JSON."""
    return b"The requested URL was not found on the server" in reply.body or reply.body.lstrip().startswith(b"{")


def read_page(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The works of a list."""
    page = shaped(reply, _Page)
    if isinstance(page, Failed):
        return page
    return listed([_work(record, reply) for record in page.results], "no work matches")


def _with_references(reply: Reply) -> Answer[tuple[tuple[Work, tuple[str, ...]], ...]]:
    """Works with the ids of what they refer to."""
    return judged(reply, _read_citing, absent_404=_says_not_found)


def _read_citing(reply: Reply) -> Answer[tuple[tuple[Work, tuple[str, ...]], ...]]:
    page = shaped(reply, _CitingPage)
    if isinstance(page, Failed):
        return page
    return Found(tuple((work, _ids(one)) for one in page.results if (work := _work(one, reply)) is not None))


def _references(reply: Reply) -> Answer[tuple[tuple[str, tuple[str, ...]], ...]]:
    """Ids of works with the ids of what they refer to."""
    return judged(reply, _read_references, absent_404=_says_not_found)


def _read_references(reply: Reply) -> Answer[tuple[tuple[str, tuple[str, ...]], ...]]:
    page = shaped(reply, _CitingPage)
    return page if isinstance(page, Failed) else Found(tuple((_bare(one.id or ""), _ids(one)) for one in page.results))


def _ids(one: _Citing) -> tuple[str, ...]:
    return tuple(name for address in one.referenced_works if re.fullmatch(r"W\d+", name := _bare(address)))


def _bare(address: str) -> str:
    return address.rsplit("/", 1)[-1]


def read_one(reply: Reply) -> Answer[Work]:
    record = shaped(reply, Record)
    if isinstance(record, Failed):
        return record
    if not (record.id or record.doi):
        return Failed("sent JSON that is no record of a work")
    return single(_work(record, reply))


def _work(record: Record, reply: Reply) -> Work | None:
    primary = record.primary_location or _Location()
    everywhere = (primary, *record.locations)
    names = [(one.author.display_name if one.author else None) or one.raw_author_name for one in record.authorships]
    return work(
        NAME,
        reply,
        title=first_text((record.title, record.display_name)),
        authors=[author_of(name) for name in names if name],
        year=record.publication_year,
        venue=first_text((primary.source.display_name if primary.source else None, primary.raw_source_name)),
        kind=_kind(record, primary),
        url=primary.landing_page_url or record.id,
        abstract=abstract_of(record.abstract_inverted_index),
        arxiv_id=next(
            (found for at in everywhere if _is_arxiv(at) and (found := arxiv_id(at.landing_page_url))), arxiv_id(_own_arxiv(record))
        ),
        doi=doi(record.doi),
        volume=record.biblio.volume if record.biblio else None,
        pages="-".join(dict.fromkeys(page for page in (record.biblio.first_page, record.biblio.last_page) if page))
        if record.biblio
        else None,
        openalex_id=_bare(record.id) if record.id else None,
        retracted=bool(record.is_retracted),
    )


def _own_arxiv(record: Record) -> str | None:
    return record.doi if record.doi and "10.48550/" in record.doi else None


def _is_arxiv(location: _Location) -> bool:
    return "arxiv" in (location.landing_page_url or "").lower()


def _kind(record: Record, primary: _Location) -> str:
    raw, place = primary.raw_type or "", (primary.source.type if primary.source else None) or ""
    if "proceedings" in raw or place == "conference":
        return "conference"
    if place == "repository" and record.type in {"article", "preprint"}:
        return "preprint"
    return _KINDS.get(
        record.type or "", "journal" if record.type in {"article", "review", "letter", "editorial", "erratum"} else "other"
    )
