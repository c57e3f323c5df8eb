"""arXiv's Atom API: one request in three seconds over one connection; a hundred ids fit into one request."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Identifier, Reply, failure
from researchclaw.adapters.sources.decoding import arxiv_id, doi
from researchclaw.adapters.sources.http import DAY_S, Request, Web
from researchclaw.adapters.sources.records import authors_of, listed, work, year_of
from stages.contracts import Work

NAME: Final = "arxiv"
_ATOM: Final = {"a": "http://www.w3.org/2005/Atom", "x": "http://arxiv.org/schemas/atom"}
_MOST_ON_A_PAGE: Final = 100
_MOST_WORDS: Final = 8
_SMALL_WORDS: Final = frozenset("a an and as at by for from in into is of on or the to towards via with within".split())


class Arxiv:
    """A `Source` and a `Registry`."""

    name = NAME
    label = "arXiv"
    batched = True

    def __init__(self, web: Web) -> None:
        self._web = web

    def search(self, text: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        """By any of the first eight words that say something, ranked by how many match: all of them together match little."""
        words = [word for word in re.findall(r"[\w]+", text.replace("-", " ")) if word.lower() not in _SMALL_WORDS]
        asked = " OR ".join(f"all:{word}" for word in dict.fromkeys(words[:_MOST_WORDS]))
        params = (("search_query", asked), ("start", "0"), ("max_results", str(min(limit, _MOST_ON_A_PAGE))), ("sortBy", "relevance"))
        return self._web.ask(NAME, Request("/api/query", params, keep_s=DAY_S), read_page, deadline)

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        """A hundred in one request. One malformed id spoils a list, so those are never sent: they cannot exist."""
        known = [one for one in identifiers if one.kind == "arxiv"]
        good = [one for one in known if arxiv_id(one.value) == one.value]
        answers: dict[Identifier, Answer[Work]] = {one: Absent("not of the form of an arXiv id") for one in known if one not in good}
        for start in range(0, len(good), _MOST_ON_A_PAGE):
            some = good[start : start + _MOST_ON_A_PAGE]
            params = (("id_list", ",".join(one.value for one in some)), ("max_results", str(len(some))))
            page = self._web.ask(NAME, Request("/api/query", params, keep_s=90 * DAY_S), read_page, deadline)
            if isinstance(page, Failed):
                answers |= dict.fromkeys(some, page)
                continue
            by_id = {found.arxiv_id: found for found in page.value} if isinstance(page, Found) else {}
            answers |= {one: Found(by_id[one.value]) if one.value in by_id else Absent("no such record") for one in some}
        return answers


def read_page(reply: Reply) -> Answer[tuple[Work, ...]]:
    """The entries of a feed. A 200 may hold an error entry or the words 'Rate exceeded.', a 400 a definite 'no such id'."""
    if reply.status not in {200, 400}:
        return Failed(failure(reply))
    feed = _feed(reply)
    if isinstance(feed, Failed):
        return feed
    entries = feed.findall("a:entry", _ATOM)
    for entry in entries:
        if "/api/errors" in (said := _text(entry, "a:id")) or _text(entry, "a:title") == "Error":
            why = _text(entry, "a:summary")
            return Absent(why) if "incorrect_id_format" in said else Failed(f"did not understand the request: {why[:120]}")
    return listed([_work(entry, reply) for entry in entries], "no entry matches") if reply.status == 200 else Failed(failure(reply))


def _feed(reply: Reply) -> ElementTree.Element | Failed:
    try:
        feed = ElementTree.fromstring(reply.body)  # noqa: S314 - expat expands no external entities, and bodies are bounded
    except ElementTree.ParseError:
        if reply.body.strip() == b"Rate exceeded.":
            return Failed("too many requests ('Rate exceeded.')")
        return Failed(failure(reply) if reply.status == 400 else "sent something else than a whole Atom feed")
    return feed if feed.tag == f"{{{_ATOM['a']}}}feed" else Failed("sent XML that is no Atom feed")


def _text(entry: ElementTree.Element, path: str) -> str:
    return " ".join((entry.findtext(path, "", _ATOM) or "").split())


def _work(entry: ElementTree.Element, reply: Reply) -> Work | None:
    number = arxiv_id(_text(entry, "a:id"))
    return work(
        NAME,
        reply,
        title=_text(entry, "a:title"),
        authors=authors_of(author.findtext("a:name", "", _ATOM) for author in entry.findall("a:author", _ATOM)),
        year=year_of(_text(entry, "a:published")),
        venue="arXiv",
        kind="preprint",
        url=f"https://arxiv.org/abs/{number}" if number else None,
        abstract=_text(entry, "a:summary"),
        arxiv_id=number,
        doi=doi(_text(entry, "x:doi")),
        other_years=[year for year in (year_of(_text(entry, "a:updated")),) if year],
    )
