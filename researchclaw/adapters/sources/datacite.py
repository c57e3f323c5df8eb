"""DataCite: the registry of DOIs of data, software and preprints; arXiv's own DOIs are only here."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from researchclaw.adapters.sources.answers import Answer, Failed, Identifier, Reply, Shape, judged, shaped
from researchclaw.adapters.sources.decoding import arxiv_id, doi, first_text, plain
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from researchclaw.adapters.sources.records import Author, author_of, listed, single, work, year_of
from stages.contracts import Work

NAME: Final = "datacite"
_KINDS: Final = {
    "JournalArticle": "journal",
    "ConferencePaper": "conference",
    "Preprint": "preprint",
    "Book": "book",
    "BookChapter": "chapter",
    "Report": "report",
    "Dissertation": "thesis",
}


class _Title(Shape):
    title: str | None = None


class _Creator(Shape):
    name: str | None = None
    nameType: str | None = None  # noqa: N815
    givenName: str | None = None  # noqa: N815
    familyName: str | None = None  # noqa: N815


class _Container(Shape):
    title: str | None = None


class _Publisher(Shape):
    name: str | None = None


class _Types(Shape):
    resourceTypeGeneral: str | None = None  # noqa: N815


class _Description(Shape):
    description: str | None = None
    descriptionType: str | None = None  # noqa: N815


class _Attributes(Shape):
    doi: str | None = None
    titles: tuple[_Title, ...] | None = None
    creators: tuple[_Creator, ...] | None = None
    publicationYear: int | str | None = None  # noqa: N815
    container: _Container | None = None
    publisher: _Publisher | str | None = None
    types: _Types | None = None
    descriptions: tuple[_Description, ...] | None = None
    url: str | None = None


class Record(Shape):
    """A DOI of DataCite, as far as we read it."""

    type: str
    attributes: _Attributes


class _One(Shape):
    data: Record


class _Page(Shape):
    data: tuple[Record, ...]


class Datacite:
    """A `Registry`."""

    name = NAME
    label = "DataCite"
    batched = False

    def __init__(self, web: Web) -> None:
        self._web = web

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """One request per DOI; an arXiv id is asked for by its DOI there."""
        answers: dict[Identifier, Answer[Work]] = {}
        for one in identifiers:
            if one.kind in {"doi", "arxiv"}:
                name = one.value if one.kind == "doi" else f"10.48550/arxiv.{one.value}"
                request = Request(f"/dois/{quote(name, safe='/')}", keep_s=90 * DAY_S)
                answers[one] = self._web.ask(NAME, request, _one, deadline)
        return answers


def _one(reply: Reply) -> Answer[Work]:
    return judged(reply, read_one, absent_404=lambda reply: reply.body.lstrip().startswith(b'{"errors"'))


def read_one(reply: Reply) -> Answer[Work]:
    one = shaped(reply, _One)
    return one if isinstance(one, Failed) else single(_work(one.data, reply))


def read_page(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The works of a list."""
    page = shaped(reply, _Page)
    return page if isinstance(page, Failed) else listed([_work(record, reply) for record in page.data], "no DOI matches")


def _work(record: Record, reply: Reply) -> Work | None:
    given = record.attributes
    publisher = given.publisher.name if isinstance(given.publisher, _Publisher) else given.publisher
    abstracts = [one.description for one in given.descriptions or () if one.descriptionType == "Abstract"]
    return work(
        NAME,
        reply,
        title=first_text([one.title for one in given.titles or ()]),
        authors=[name for one in given.creators or () if (name := _author(one))],
        year=year_of(given.publicationYear),
        venue=first_text((given.container.title if given.container else None, publisher)),
        kind=_KINDS.get((given.types.resourceTypeGeneral if given.types else None) or "", "other"),
        url=given.url,
        abstract=first_text(abstracts),
        arxiv_id=arxiv_id(given.doi) if "10.48550/" in (given.doi or "") else None,
        doi=doi(given.doi),
    )


def _author(one: _Creator) -> Author | None:
    if one.givenName and one.familyName:
        return Author(f"{plain(one.givenName)} {plain(one.familyName)}")
    if not one.name:
        return None
    return Author(plain(one.name), group=True) if one.nameType == "Organizational" else author_of(one.name)
