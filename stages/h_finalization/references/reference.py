"""The two things that are compared: a reference as somebody wrote it, and a record as a source holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from stages.contracts import Contract, Work
from stages.h_finalization.references import identifiers
from stages.h_finalization.references.folding import decoded
from stages.h_finalization.references.names import Authors, Person, authors_of, person

_PUBLISHED_BY = ("journal", "journaltitle", "booktitle", "howpublished", "publisher", "school", "institution")


class Reference(Contract):
    """A claim that a work exists; nothing in it has been confirmed."""

    key: str
    title: str
    authors: Authors
    year: int | None
    venue: str | None = Field(description="Journal, proceedings or publisher, as written; None: none is named.")
    arxiv_id: str | None = Field(default=None, description="Bare number, or what stands in its place.")
    doi: str | None = None


class Record(Contract):
    """One work as one source knows it, with all titles, years and places of its versions."""

    source: str
    key: str
    titles: tuple[str, ...] = Field(min_length=1)
    authors: Authors
    years: tuple[int, ...] = Field(min_length=1, description="Year of the published version first.")
    venues: tuple[str, ...]
    arxiv_ids: tuple[str, ...] = ()
    dois: tuple[str, ...] = ()
    retracted: bool = False
    second: str | None = Field(default=None, description="What else the source saw to say the same, where it keeps that.")


def reference_of_fields(key: str, fields: Mapping[str, str]) -> Reference:
    """The reference that a BibTeX entry makes. Names of fields in any case; values may hold LaTeX and braces."""
    given = {name.lower(): value.strip() for name, value in fields.items() if value.strip()}
    year = re.search(r"\b(1[5-9]|20|21)\d\d\b", given.get("year", given.get("date", "")))
    venue = next((given[name] for name in _PUBLISHED_BY if name in given and "://" not in given[name]), None)
    return Reference(
        key=key,
        title=decoded(given.get("title", "")),
        authors=authors_of(given.get("author", given.get("editor", ""))),
        year=int(year[0]) if year else None,
        venue=decoded(venue) if venue else None,
        arxiv_id=_arxiv(given),
        doi=_doi(given),
    )


def _arxiv(given: Mapping[str, str]) -> str | None:
    archive = given.get("archiveprefix", given.get("eprinttype", "")).strip("{}").lower()
    eprint = given.get("eprint", "")
    if eprint and (archive == "arxiv" or (not archive and re.search(r"\d{4}\.\d{4}|[a-z-]/\d{7}|arxiv", eprint.lower()))):
        return identifiers.arxiv_id(eprint)
    if identifiers.doi(given.get("doi", "")).startswith(identifiers.ARXIV_DOI):
        return identifiers.arxiv_id(identifiers.doi(given["doi"]))
    lines = (given.get(name, "") for name in ("arxiv", "arxivid", "journal", "url", "howpublished", "note", "booktitle"))
    found = next((number for line in lines if (number := identifiers.arxiv_id_in(line))), None)
    return identifiers.arxiv_id(given["arxiv"]) if found is None and "arxiv" in given else found


def _doi(given: Mapping[str, str]) -> str | None:
    """The cited DOI; an arXiv DOI is an arXiv number and is read as one."""
    written = given.get("doi", "")
    if not written and "doi.org/10." in given.get("url", ""):
        written = given["url"]
    name = identifiers.doi(written)
    return None if not name or name.startswith(identifiers.ARXIV_DOI) else name


def reference_of_work(work: Work) -> Reference:
    """A work of the record, as the reference that the paper makes to it."""
    return Reference(
        key=work.key,
        title=work.title,
        authors=Authors(people=tuple(_person(name, work) for name in work.authors), cut=work.authors_truncated),
        year=work.year,
        venue=work.venue or None,
        arxiv_id=identifiers.arxiv_id(work.arxiv_id) if work.arxiv_id else None,
        doi=identifiers.doi(work.doi) if work.doi else None,
    )


def _person(name: str, work: Work) -> Person:
    return person(f"{{{name}}}" if name in work.groups and " " in name else name)


def record_of_work(work: Work, source: str, second: str | None = None) -> Record:
    """What a source confirms about a work."""
    name = identifiers.doi(work.doi) if work.doi else ""
    number = identifiers.arxiv_id(work.arxiv_id or (name if name.startswith(identifiers.ARXIV_DOI) else ""))
    return Record(
        source=source,
        key=work.key,
        titles=(work.title, *work.other_titles),
        authors=Authors(people=tuple(_person(author, work) for author in work.authors), cut=work.authors_truncated),
        years=(work.year, *work.other_years),
        venues=(work.venue,) if work.venue else (),
        arxiv_ids=(number,) if number else (),
        dois=() if not name or name.startswith(identifiers.ARXIV_DOI) else (name,),
        retracted=work.retracted,
        second=second,
    )
