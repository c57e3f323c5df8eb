"""References against live sources: how many requests it takes, what is repaired, what a title leads to, who cites whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from researchclaw.settings import load
from researchclaw.wiring import library
from stages.contracts import SearchQuery, Work
from stages.h_finalization.references.reference import reference_of_fields

NAMES = ("openalex", "semantic_scholar", "arxiv", "crossref", "datacite")
PEOPLE = ("Ada van der Berg", "Bo Li")
QUERY = SearchQuery(id="q", text="rotary position of seas", about=(), sub_question="effect", sources=("catalogue",))


NO = {
    "openalex": b"<p>The requested URL was not found on the server.</p>",
    "scholar": b'{"error": "Paper not found"}',
    "crossref": b"Resource not found.",
    "datacite": b'{"errors": [{"status": "404"}]}',
}
"""How each source says that it has no such record."""


def title(number: int) -> str:
    return f"Rotary position of seas, part {number}"


class Registers:
    """All five sources over works 0 to 99: even ones have a DOI, those divisible by three an arXiv number, the others too."""

    def __init__(
        self, farming: Any, samples: Any, *, missing: frozenset[int] = frozenset(), down: frozenset[str] = frozenset()
    ) -> None:
        self.farming, self.samples, self.missing, self.down = farming, samples, missing, down

    def __call__(self, call: Any) -> Any:
        place = urlsplit(call.target)
        source = place.path.split("/")[1]
        if source in self.down:
            return self.farming.Canned(status=500, body=b"<html>down</html>")
        body = getattr(self, f"_{source}")(unquote(place.path), parse_qs(place.query), call.body)
        if body is None:
            return self.farming.Canned(status=404, body=NO[source])
        return self.farming.Canned(body=body)

    def _alex(self, number: int, **changes: Any) -> dict[str, Any]:
        authors = [{"author": {"display_name": name}} for name in PEOPLE]
        return dict(self.samples.openalex_work(number, title(number), authorships=authors, locations=[], **changes))

    def _openalex(self, path: str, asked: dict[str, list[str]], _: bytes) -> bytes | None:
        kind, _, values = asked.get("filter", ["single:"])[0].partition(":")
        if kind == "single":
            return None
        if kind == "cites":  # 40 cites both seeds, 41 one of them
            links = {40: values.split("|"), 41: ["W1"]}
            return bytes(self.samples.openalex_page(*(self._alex(n, referenced_works=of) for n, of in links.items())))
        if kind == "openalex" and asked["select"] == ["id,referenced_works"]:
            return json.dumps({"results": [{"id": f"x/{one}", "referenced_works": ["x/W42"]} for one in values.split("|")]}).encode()
        if kind == "openalex":
            return bytes(self.samples.openalex_page(*(self._alex(int(one[1:])) for one in values.split("|"))))
        if kind == "title.search":
            hit = [n for n in range(1, 61) if title(n).replace(",", "") == values.replace("  ", " ")]
            return bytes(self.samples.openalex_page(*(self._alex(n) for n in hit)))
        numbers = [int(value.rsplit(".", 1)[1]) for value in values.split("|")]
        return bytes(self.samples.openalex_page(*(self._alex(n) for n in numbers if n not in self.missing)))

    def _scholar(self, path: str, _: dict[str, list[str]], body: bytes) -> bytes | None:
        if path.endswith(("/references", "/citations")):
            number, end = (43, "citedPaper") if path.endswith("/references") else (44, "citingPaper")
            paper = self.samples.scholar_paper(number, title(number), authors=[{"name": n} for n in PEOPLE])
            return json.dumps({"data": [{end: paper}, {end: {"paperId": None, "title": None}}]}).encode()
        if not path.endswith("/batch"):
            return None
        papers = []
        for name in json.loads(body)["ids"]:
            number = int(name.rsplit(".", 1)[1])
            ids = {"DOI": f"10.1000/w.{number}"} if name.startswith("DOI") else {"ArXiv": f"2101.{number:05}"}
            paper = self.samples.scholar_paper(number, title(number), externalIds=ids, authors=[{"name": n} for n in PEOPLE])
            papers.append(None if number in self.missing else paper)
        return json.dumps(papers).encode()

    def _arxiv(self, path: str, asked: dict[str, list[str]], _: bytes) -> bytes | None:
        numbers = [int(name.split(".")[1]) for name in asked["id_list"][0].split(",")]
        entries = "".join(
            f"<entry><id>http://arxiv.org/abs/2101.{n:05}v1</id><title>{title(n)}</title><published>2021-01-05</published><summary>S.</summary>"
            + "".join(f"<author><name>{name}</name></author>" for name in PEOPLE)
            + "</entry>"
            for n in numbers
            if n not in self.missing
        )
        return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()

    def _crossref(self, *_: Any) -> bytes | None:
        return None

    _datacite = _crossref


@pytest.fixture
def live(tmp_path: Path, farm: Callable[..., Any], farming: Any, samples: Any) -> Callable[..., tuple[Any, Any]]:
    def make(**given: Any) -> tuple[Any, Any]:
        served = farm(Registers(farming, samples, **given))
        places = {
            "openalex": "openalex",
            "semantic_scholar": "scholar",
            "arxiv": "arxiv",
            "crossref": "crossref",
            "datacite": "datacite",
        }
        changes = [f"output={tmp_path}", "literature.mode=online"]
        changes += [f"literature.{name}.base_url={served.url}/{place}" for name, place in places.items()]
        return library(load(overrides=changes, folder=tmp_path)), served

    return make


def work(number: int, **changes: Any) -> Work:
    ids: dict[str, Any] = {}
    if number % 2 == 0:
        ids["doi"] = f"10.1000/w.{number}"
    if number % 2 or number % 3 == 0:
        ids["arxiv_id"] = f"2101.{number:05}"
    given = {
        "key": f"k{number}",
        "title": title(number),
        "authors": PEOPLE,
        "year": 2021,
        "venue": "Journal of Steps",
        "type": "journal",
    }
    return Work.model_validate({**given, **ids, "confirmed_by": ("openalex",), **changes})


def test_sixty_references_of_all_kinds_take_few_requests(live: Callable[..., tuple[Any, Any]]) -> None:
    known, served = live()
    assert {cited.verdict for cited in known.verify([work(number) for number in range(1, 61)])} == {"verified"}
    assert len(served.calls) <= 15
    known, served = live()
    entries = [
        {"title": title(n), "author": " and ".join(PEOPLE), "year": "2021", **({"doi": w.doi} if (w := work(n)).doi else {})}
        | ({"eprint": w.arxiv_id, "archiveprefix": "arXiv"} if w.arxiv_id else {})
        for n in range(1, 61)
    ]
    assert {cited.verdict for cited in known.check([reference_of_fields(f"k{n}", e) for n, e in enumerate(entries, 1)])} == {
        "verified"
    }
    assert len(served.calls) <= 15


def test_a_source_that_is_down_is_no_denial(live: Callable[..., tuple[Any, Any]]) -> None:
    known, _served = live(missing=frozenset(range(1, 61)), down=frozenset({"openalex", "crossref", "datacite"}))
    assert {cited.verdict for cited in known.verify([work(number) for number in range(1, 7)])} == {"not checked"}
    known, _ = live(missing=frozenset(range(1, 61)), down=frozenset({"scholar", "arxiv", "openalex", "crossref", "datacite"}))
    cited = known.check([reference_of_fields("a", {"title": "A title of nobody", "author": "A. B", "year": "2020", "doi": "10.1/x"})])
    assert cited[0].verdict == "not checked"


def test_what_all_sources_deny_is_not_found(live: Callable[..., tuple[Any, Any]]) -> None:
    known, _ = live(missing=frozenset(range(1, 61)))
    assert [cited.verdict for cited in known.verify([work(2)])] == ["not found"]


def test_a_mismatch_carries_the_work_as_its_source_has_it(live: Callable[..., tuple[Any, Any]]) -> None:
    known, _ = live()
    wrong = work(4, year=2012, authors=("Ada van der Berg",), gist="studied seas")
    (cited,) = known.verify([wrong])
    assert cited.verdict == "mismatch"
    assert {difference.field for difference in cited.differences} == {"year", "authors"}
    assert cited.repaired is not None
    assert (cited.repaired.key, cited.repaired.year, cited.repaired.authors, cited.repaired.gist) == (
        "k4",
        2021,
        PEOPLE,
        "studied seas",
    )
    assert known.verify([cited.repaired])[0].verdict == "verified"
    (other,) = known.verify([work(4, title="Something else altogether on warm fish")])
    assert (other.verdict, other.repaired) == ("mismatch", None)


def test_another_name_of_a_venue_is_told_and_changes_nothing(live: Callable[..., tuple[Any, Any]]) -> None:
    known, _ = live()
    (cited,) = known.verify([work(2, venue="Annals of Warm Water")])
    assert cited.verdict == "verified"
    assert any("Annals of Warm Water" in line and "Journal of Steps" in line for line in cited.evidence)


def test_a_reference_without_an_identifier_is_found_by_its_title(live: Callable[..., tuple[Any, Any]]) -> None:
    known, _ = live()
    fields = {"title": title(7), "author": "van der Berg, A. and Li, B.", "year": "2021"}
    right, false = known.check(
        [reference_of_fields("a", fields), reference_of_fields("b", {**fields, "author": "Nobody, N. and Other, O."})]
    )
    assert (right.verdict, false.verdict) == ("verified", "mismatch")


def test_citations_are_followed_to_works_with_their_seeds(live: Callable[..., tuple[Any, Any]]) -> None:
    known, served = live()
    answer = known.neighbours([work(1, openalex_id="W1"), work(3, openalex_id="W3")], [QUERY], 50)
    assert {near.work.openalex_id: near.seeds for near in answer.neighbours} == {
        "W40": ("k1", "k3"), "W41": ("k1",), "W42": ("k1", "k3"),
    }  # fmt: skip
    assert all(near.score > 0 for near in answer.neighbours)
    assert [(told.source, told.answered) for told in answer.outcomes] == [("OpenAlex", True)]
    assert len(served.calls) == 3


def test_a_work_that_openalex_does_not_know_is_asked_about_at_semantic_scholar(live: Callable[..., tuple[Any, Any]]) -> None:
    known, served = live()
    answer = known.neighbours([work(5)], [QUERY], 50)
    assert {(near.work.title, near.seeds) for near in answer.neighbours} == {(title(43), ("k5",)), (title(44), ("k5",))}
    assert len(served.calls) == 2


def test_offline_nobody_is_asked_and_a_live_work_is_not_called_made_up(tmp_path: Path) -> None:
    offline = library(load(overrides=[f"output={tmp_path}"], folder=tmp_path))
    assert [cited.verdict for cited in offline.verify([work(2)])] == ["not checked"]
    assert offline.neighbours([work(1)], [QUERY], 50).neighbours == ()
    assert offline.passages(work(1), "seas").passages == ()
