"""CrossRef: the registry of journals', conferences' and books' DOIs. No key; an e-mail address gives the faster pool."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from researchclaw.adapters.sources.answers import Answer, Failed, Identifier, Reply, Shape, judged, shaped
from researchclaw.adapters.sources.decoding import doi, first_text, plain
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from researchclaw.adapters.sources.records import Author, author_of, listed, single, work, year_of
from stages.contracts import Work

NAME: Final = "crossref"
_KINDS: Final = {
    "journal-article": "journal",
    "proceedings-article": "conference",
    "posted-content": "preprint",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-chapter": "chapter",
    "report": "report",
    "dissertation": "thesis",
}
_WITHDRAWN: Final = frozenset({"retraction", "withdrawal", "removal"})


class _Name(Shape):
    given: str | None = None
    family: str | None = None
    name: str | None = None
    suffix: str | None = None


class _Date(Shape):
    # CrossRef writes [[null]] where it knows no date
    date_parts: tuple[tuple[int | str | None, ...], ...] = ()

    model_config = Shape.model_config | {"alias_generator": lambda name: name.replace("_", "-"), "populate_by_name": True}


class _Update(Shape):
    type: str | None = None


class _Institution(Shape):
    name: str | None = None


class Record(Shape):
    """A work of CrossRef, as far as we read it; the names in the answers have hyphens."""

    model_config = Shape.model_config | {
        "alias_generator": lambda name: "DOI" if name == "doi" else "URL" if name == "url" else name.replace("_", "-")
    }

    doi: str | None = None
    url: str | None = None
    type: str | None = None
    title: tuple[str, ...] | None = None
    subtitle: tuple[str, ...] | None = None
    author: tuple[_Name, ...] | None = None
    editor: tuple[_Name, ...] | None = None
    issued: _Date | None = None
    published: _Date | None = None
    posted: _Date | None = None
    created: _Date | None = None
    published_print: _Date | None = None
    published_online: _Date | None = None
    container_title: tuple[str, ...] | None = None
    group_title: str | None = None
    publisher: str | None = None
    volume: str | None = None
    page: str | None = None
    institution: tuple[_Institution, ...] | _Institution | None = None
    abstract: str | None = None
    updated_by: tuple[_Update, ...] | None = None


class _One(Shape):
    message: Record


class _Items(Shape):
    items: tuple[Record, ...]


class _Page(Shape):
    message: _Items


class Crossref:
    """A `Registry` and a second opinion by title."""

    name = NAME
    label = "CrossRef"
    batched = False

    def __init__(self, web: Web) -> None:
        self._web = web

    def by_title(self, title: str, deadline: float) -> Answer[tuple[Work, ...]]:
        params = (("query.bibliographic", title), ("rows", "5"))
        return self._web.ask(NAME, Request("/works", params), _page, deadline)

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """One request per DOI: its list needs as many."""
        return {
            one: self._web.ask(NAME, Request(f"/works/{quote(one.value, safe='')}", keep_s=90 * DAY_S), _one, deadline)
            for one in identifiers
            if one.kind == "doi"
        }


def _page(reply: Reply) -> Answer[tuple[Work, ...]]:
    return judged(reply, read_page, absent_404=lambda _: False)


def _one(reply: Reply) -> Answer[Work]:
    return judged(reply, read_one, absent_404=lambda reply: b"Resource not found" in reply.body)


def read_page(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The works of a list."""
    page = shaped(reply, _Page)
    if isinstance(page, Failed):
        return page
    return listed([_work(record, reply) for record in page.message.items], "no work matches")


def read_one(reply: Reply) -> Answer[Work]:
    one = shaped(reply, _One)
    if isinstance(one, Failed):
        return one
    if one.message.doi is None:
        return Failed("sent JSON that is no record of a work")
    return single(_work(one.message, reply))


def _work(record: Record, reply: Reply) -> Work | None:
    dates = (record.issued, record.published, record.posted, record.published_print, record.published_online, record.created)
    years = [year for date in dates[:-1] if (year := _year(date))] or [year for year in (_year(record.created),) if year]
    institutions = record.institution if isinstance(record.institution, tuple) else (record.institution or _Institution(),)
    subtitle = first_text(record.subtitle or ())
    return work(
        NAME,
        reply,
        title=first_text(record.title or ()),
        subtitle=subtitle,
        authors=[name for one in record.author or record.editor or () if (name := _author(one))],
        year=years[0] if years else None,
        venue=first_text((*(record.container_title or ()), *(one.name for one in institutions), record.group_title, record.publisher)),
        kind=_KINDS.get(record.type or "", "other"),
        url=record.url,
        abstract=record.abstract,
        doi=doi(record.doi),
        volume=record.volume,
        pages=record.page,
        other_years=years[1:],
        retracted=any(update.type in _WITHDRAWN for update in record.updated_by or ()),
    )


def _author(one: _Name) -> Author | None:
    if one.family:
        parts = (one.given, one.family, one.suffix)
        return Author(" ".join(words for part in parts if part and (words := plain(part))))
    if one.name:
        return Author(plain(one.name), group=True)
    return author_of(one.given) if one.given else None


def _year(date: _Date | None) -> int | None:
    return year_of(date.date_parts[0][0]) if date and date.date_parts and date.date_parts[0] else None
