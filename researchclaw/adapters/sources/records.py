"""One way from a source's record to a `Work`: decoded, keyed, and with the source of each field."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Reply
from researchclaw.adapters.sources.decoding import is_group, person, plain, web_address
from stages.b_literature.names import family, folded
from stages.contracts import FieldSource, Work

_SMALL_WORDS: Final = frozenset(
    "a an and as at by for from in into is of on or the to towards toward via with how what why do does are".split()
)
_OWN_FIELDS: Final = (
    "title",
    "authors",
    "year",
    "venue",
    "type",
    "arxiv_id",
    "doi",
    "url",
    "volume",
    "pages",
    "openalex_id",
    "s2_id",
    "abstract",
    "retracted",
)


LONGEST_TITLE: Final = 1000
LONGEST_NAME: Final = 300
MOST_AUTHORS: Final = 10_000
"""Beyond what any work has (the longest author list has some five thousand names); a record beyond it describes no work."""

_OPENALEX: Final = re.compile(r"W\d{1,12}")
_S2: Final = re.compile(r"[0-9a-f]{40}|\d{1,12}")


@dataclass(frozen=True)
class Author:
    name: str
    group: bool = False


def authors_of(names: Iterable[str | None]) -> list[Author]:
    """Authors from names that do not say whether they are persons."""
    return [author_of(name) for name in names if name and plain(name)]


def author_of(name: str) -> Author:
    words = plain(name)
    return Author(words, group=True) if is_group(words) else Author(person(name))


def work(
    source: str,
    reply: Reply,
    *,
    title: str | None,
    authors: Sequence[Author],
    year: int | None,
    venue: str | None,
    kind: str,
    url: str | None,
    subtitle: str | None = None,
    abstract: str | None = None,
    arxiv_id: str | None = None,
    doi: str | None = None,
    openalex_id: str | None = None,
    s2_id: str | None = None,
    volume: str | None = None,
    pages: str | None = None,
    retracted: bool = False,
    other_years: Sequence[int] = (),
) -> Work | None:
    """The work, or None where title, author or year is missing or beyond measure: nobody could cite that."""
    words = plain(title or "")
    named = [author for author in authors if folded(author.name) and len(author.name) <= LONGEST_NAME]
    if not words or not named or year is None or not folded(words):
        return None
    if len(words) > LONGEST_TITLE or len(named) > MOST_AUTHORS or not 1500 <= year <= 2200:
        return None
    truncated = named[-1].name.lower() in {"others", "et al", "et al."}
    named = named[:-1] if truncated and len(named) > 1 else named
    if subtitle and folded(subtitle) not in folded(words):
        words = f"{words}: {plain(subtitle)}"
    found = Work(
        key=key_of(words, named[0].name, year),
        title=words,
        authors=tuple(author.name for author in named),
        authors_truncated=truncated,
        year=year,
        venue=plain(venue or "") or ("arXiv" if arxiv_id else ""),
        type=kind,
        arxiv_id=arxiv_id,
        doi=doi,
        url=web_address(url),
        confirmed_by=(source,),
        openalex_id=openalex_id if openalex_id and _OPENALEX.fullmatch(openalex_id) else None,
        s2_id=s2_id if s2_id and _S2.fullmatch(s2_id) else None,
        groups=tuple(author.name for author in named if author.group),
        other_years=tuple(sorted({other for other in other_years if other != year})),
        volume=_short(volume),
        pages=_short(pages),
        retracted=retracted,
        abstract=plain(abstract or "") or None,
    )
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(reply.retrieved_at))
    given = tuple(name for name in _OWN_FIELDS if getattr(found, name))
    return found.model_copy(update={"provenance": (FieldSource(source=source, fields=given, url=reply.url, retrieved_at=at),)})


def _short(text: str | None) -> str | None:
    """A volume or pages as written; what no volume and no pages are written like is left out, TeX's signs and other scripts too."""
    words = plain(text or "")
    return words if re.fullmatch(r"[A-Za-z0-9.:/()–-][A-Za-z0-9.:/() ,–-]{0,30}", words) else None


def key_of(title: str, author: str, year: int) -> str:
    """'vaswani2017attention': family name, year and the first word of the title that says something."""
    words = re.findall(r"[a-z0-9]+", folded(title))
    word = next((word for word in words if word not in _SMALL_WORDS and not word.isdigit()), words[0] if words else "untitled")
    name = re.sub(r"[^a-z0-9]", "", family(author)) or "anonymous"
    return f"{name}{year}{word}"


def listed(found: Sequence[Work | None], nothing: str) -> Answer[tuple[Work, ...]]:
    """A page of records as an answer; a page without records is a definite no."""
    if not found:
        return Absent(nothing)
    whole = tuple(work for work in found if work is not None)
    return Found(whole, incomplete=len(found) - len(whole))


def single(found: Work | None) -> Answer[Work]:
    """One record as an answer; one that lacks title, author or year confirms no work and denies none."""
    return Found(found) if found is not None else Failed("holds the record, but without a title, an author or a year")


def year_of(date: object) -> int | None:
    """The year at the start of a date or a number; None where there is none."""
    match = re.match(r"\d{4}", str(date or ""))
    return int(match[0]) if match and 1500 <= int(match[0]) <= 2200 else None
