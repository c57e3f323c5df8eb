"""Recorded answers of the real sources, sent again from loopback through the real clients."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from researchclaw.adapters.sources import crossref, datacite, openalex, semantic_scholar
from researchclaw.adapters.sources.answers import Absent, Failed, Found, Identifier
from researchclaw.adapters.sources.arxiv import Arxiv
from researchclaw.adapters.sources.http import Request, Web
from researchclaw.adapters.sources.records import year_of
from stages.contracts import Work

SHARED = Path(os.environ.get("RESEARCHCLAW_SHARED", Path(__file__).parents[5] / "shared"))
RECORDED = SHARED / "data" / "recorded_api"
FOLDERS = ("openalex", "semanticscholar", "arxiv", "crossref", "datacite")

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded answers at {RECORDED}; set RESEARCHCLAW_SHARED")


@dataclass(frozen=True)
class Exchange:
    name: str
    url: str
    status: int
    headers: dict[str, str]
    value: Any
    """JSON or None."""
    body: bytes


def recorded(folder: str) -> list[Exchange]:
    found = []
    for path in sorted((RECORDED / folder).glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        answer = kept["response"]
        value = answer.get("body_json")
        body = (answer.get("body_text") or "").encode() if value is None else json.dumps(value).encode()
        passed_on = {n: v for n, v in answer["headers"].items() if n in {"content-type", "retry-after", "location"}}
        found.append(Exchange(path.name, kept["request"]["url"], answer["status"], passed_on, value, body))
    return found


def ask(folder: str, exchange: Exchange, web: Web) -> Any:
    """What the client says when this answer comes to the call that one makes for such an address."""
    deadline = time.monotonic() + 10
    path = unquote(urlsplit(exchange.url).path)
    by_doi = Identifier("doi", "10.1/x")
    if folder == "openalex":
        if "/works/" in path:
            return openalex.OpenAlexSingly(web).look_up((by_doi,), deadline)[by_doi]
        return openalex.OpenAlex(web).search("x", 20, deadline)
    if folder == "crossref":
        crossref_client = crossref.Crossref(web)
        single = re.fullmatch(r"/(?:v1/)?works/10\..*", path)
        return crossref_client.look_up((by_doi,), deadline)[by_doi] if single else crossref_client.by_title("x", deadline)
    if folder == "datacite":
        return datacite.Datacite(web).look_up((by_doi,), deadline)[by_doi]
    if folder == "arxiv":
        return Arxiv(web).search("x", 20, deadline)
    scholar = semantic_scholar.SemanticScholar(web)
    if path.endswith("/paper/batch"):
        length = len(exchange.value) if isinstance(exchange.value, list) else 2
        some = tuple(Identifier("doi", f"10.1/{number}") for number in range(length))
        return list(scholar.look_up(some, deadline).values())
    if path.endswith(("/citations", "/references")):
        return web.ask(semantic_scholar.NAME, Request(path), semantic_scholar.read_links, deadline)
    single = re.search(r"/paper/(?!search)[^/]+(?:/[^/]+)?$", path) and not path.endswith(("/citations", "/references", "/authors"))
    return scholar.look_up((by_doi,), deadline)[by_doi] if single else scholar.search("x", 20, deadline)


def whole_records(folder: str, value: Any) -> int | None:
    """How many records of the body have title, author and year, counted without the clients; None: another kind of body."""
    if folder == "openalex":
        records = value.get("results", [value])
        return sum(bool(r.get("title") and r.get("authorships") and r.get("publication_year")) for r in records)
    if folder == "crossref":
        message = value.get("message", {})  # a transform to CSL has none
        records = message.get("items", [message] if "DOI" in message else None)
        if records is None:
            return None
        dated = ("issued", "published", "posted", "created")
        return sum(
            bool(
                any(r.get("title") or [""])
                and any(a.get("family") or a.get("name") or a.get("given") for a in r.get("author") or r.get("editor") or [])
                and any(year_of(((r.get(d) or {}).get("date-parts") or [[None]])[0][0]) for d in dated)
            )
            for r in records
        )
    if folder == "datacite":
        given = value["data"].get("attributes", {}) if isinstance(value["data"], dict) else {}
        return int(bool(given.get("titles") and given.get("creators") and year_of(given.get("publicationYear"))))
    records = value if isinstance(value, list) else value.get("data", [value])
    records = [r.get("citedPaper") or r.get("citingPaper") or r for r in records if r]
    return sum(bool(r and r.get("title") and r.get("authors") and r.get("year")) for r in records)


def works_of(answer: Any) -> list[Work]:
    if isinstance(answer, list):
        return [one.value for one in answer if isinstance(one, Found)]
    if isinstance(answer, Found):
        return list(answer.value) if isinstance(answer.value, tuple) else [answer.value]
    return []


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_recorded_answer_is_told_apart_and_every_whole_record_is_a_work(
    folder: str, farm: Callable[..., Any], farming: ModuleType, web: Callable[..., Web]
) -> None:
    now: list[Exchange] = []

    def answer(_: object) -> Any:
        headers = {**now[0].headers, "retry-after": "0"} if now[0].status in {429, 503} else now[0].headers
        return farming.Canned(body=now[0].body, status=now[0].status, headers=headers)

    served = farm(answer)
    exchanges = recorded(folder)
    assert len(exchanges) > 20
    for exchange in exchanges:
        now[:] = [exchange]
        said = ask(folder, exchange, web(served.url))
        works = works_of(said)
        everything = said if isinstance(said, list) else [said]
        if exchange.status == 200 and folder == "arxiv":
            assert len(works) == exchange.body.count(b"<entry>"), exchange.name
            assert isinstance(said, Found) or b"<entry>" not in exchange.body, exchange.name
        elif exchange.status == 200 and exchange.value is not None:
            expected = whole_records(folder, exchange.value)
            assert len(works) == (expected or 0), (exchange.name, said)
        elif exchange.status in {404, 400}:
            assert not works, exchange.name
            kinds = {type(one) for one in everything}
            assert kinds == {Absent} or kinds == {Failed}, exchange.name
        else:
            assert all(isinstance(one, Failed) for one in everything), exchange.name


DEFINITE = {
    "openalex": {"404_works_10_1046_2Fj_1365_2699_2003_00795_select_open_access_doi_5a8c81.json"},
    "crossref": {
        "404_works_10_1371_notarealdoi_92d3b9.json",
        "404_works_10_48550_2Farxiv_2312_07559_mailto_test_40example_org_9ed22e.json",
    },
    "arxiv": {"400_id_abc_s0_m100_b79c8dcf6bc3.json", "200_id_0000.0000_s0_m100_8b51d9633a68.json"},
    "semanticscholar": {
        "404_graph_v1_paper_search_match_query_abs12032jsdafn_fields_authors_2Ccita_fe04da.json",
        "404_graph_v1_paper_DOI_10_1101_2024_04_01_587366_fields_authors_citationCo_21ef94.json",
        "200_graph_v1_paper_search_match_query_empty_results_edge_case_query_fields_6775c4.json",
    },
}


@pytest.mark.parametrize(("folder", "name"), [(folder, name) for folder, names in DEFINITE.items() for name in sorted(names)])
def test_a_recorded_no_is_a_definite_no(
    folder: str, name: str, farm: Callable[..., Any], farming: ModuleType, web: Callable[..., Web]
) -> None:
    (exchange,) = [one for one in recorded(folder) if one.name == name]
    served = farm(farming.Canned(body=exchange.body, status=exchange.status, headers=exchange.headers))
    assert isinstance(ask(folder, exchange, web(served.url)), Absent)


@pytest.mark.parametrize(
    ("folder", "name", "reason"),
    [
        ("openalex", "429_DOCUMENTED_budget_5e780f.json", "budget"),
        ("openalex", "400_DOCUMENTED_bad_filter_790fa2.json", "did not understand"),
        ("openalex", "503_DOCUMENTED_search_paused_875dad.json", "paused"),
        (
            "semanticscholar",
            "403_graph_v1_paper_batch_fields_abstract_2Cauthors_2CcitationCount_2Ccitat_ac9d37.json",
            "refuses access",
        ),
        (
            "semanticscholar",
            "429_graph_v1_paper_arXiv_2507_02092_fields_title_citationCount_externalIds_d1d66b.json",
            "too many requests",
        ),
        ("arxiv", "429_DOCUMENTED_rate_exceeded_a40914.json", "too many requests"),
        ("crossref", "500_works_cursor_5_41c3f2.json", "status 500"),
    ],
)
def test_a_recorded_refusal_says_why_and_is_no_verdict(
    folder: str, name: str, reason: str, farm: Callable[..., Any], farming: ModuleType, web: Callable[..., Web]
) -> None:
    (exchange,) = [one for one in recorded(folder) if one.name == name]
    served = farm(farming.Canned(body=exchange.body, status=exchange.status, headers=exchange.headers))
    said = ask(folder, exchange, web(served.url))
    failed = said[0] if isinstance(said, list) else said
    assert isinstance(failed, Failed)
    assert reason in failed.reason
