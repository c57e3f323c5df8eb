"""What each client asks and what it reads, on small answers written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.sources.answers import Absent, Failed, Found, Identifier
from researchclaw.adapters.sources.arxiv import Arxiv
from researchclaw.adapters.sources.crossref import Crossref
from researchclaw.adapters.sources.datacite import Datacite
from researchclaw.adapters.sources.http import Web
from researchclaw.adapters.sources.openalex import OpenAlex, OpenAlexSingly
from researchclaw.adapters.sources.semantic_scholar import SemanticScholar
from stages.contracts import Work

Farm = Callable[..., Any]
MakeWeb = Callable[..., Web]
DOI = Identifier("doi", "10.1000/w.1")


def one(answer: Any) -> Work:
    assert isinstance(answer, Found), answer
    return answer.value[0] if isinstance(answer.value, tuple) else answer.value


def test_openalex(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    nameless = samples.openalex_work(2, authorships=[])
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work(), nameless)))
    answer = OpenAlex(web(served.url)).search("warm-up & decay #1", 20, soon)
    assert isinstance(answer, Found) and answer.incomplete == 1
    work = one(answer)
    assert (work.key, work.title, work.authors) == (
        "berg2021warm",
        "Warm-up of learning rates",
        ("Ada van der Berg", "Open Step Collaboration"),
    )
    assert (work.doi, work.arxiv_id, work.openalex_id, work.venue, work.type) == (
        "10.1000/w.1",
        "2101.00001",
        "W1",
        "Journal of Steps",
        "journal",
    )
    assert work.groups == ("Open Step Collaboration",)
    assert work.abstract == "Steps grow."
    assert work.confirmed_by == ("openalex",)
    assert "title" in work.provenance[0].fields and work.provenance[0].source == "openalex"
    assert "search=warm-up+%26+decay+%231" in served.calls[0].target


def test_volume_and_pages_are_read_as_the_sources_write_them(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    biblio = {"volume": "7", "issue": "2", "first_page": "1", "last_page": "30"}
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work(biblio=biblio))))
    work = one(OpenAlex(web(served.url)).search("warm-up", 20, soon))
    assert (work.volume, work.pages) == ("7", "1-30")
    assert {"volume", "pages"} <= set(work.provenance[0].fields)
    nothing = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work(biblio={"volume": None, "first_page": "x" * 99}))))
    work = one(OpenAlex(web(nothing.url)).search("warm-up", 20, soon))
    assert (work.volume, work.pages) == (None, None)
    journal = {"name": "Journal of Steps", "volume": "abs/2101.00001", "pages": "1 - 30"}
    scholar = farm(farming.Canned(body=samples.scholar_page(samples.scholar_paper(journal=journal))))
    work = one(SemanticScholar(web(scholar.url)).search("warm-up", 20, soon))
    assert (work.volume, work.pages) == ("abs/2101.00001", "1 - 30")  # of a preprint; references.bib prints none


@pytest.mark.parametrize("odd", ["e1_2", "_", "１２", "١٢", "1\\_2", "1^2", "1²"])
def test_no_sign_of_tex_or_of_another_script_is_read_as_volume_or_pages(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float, odd: str
) -> None:
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work(biblio={"volume": odd, "first_page": odd}))))
    work = one(OpenAlex(web(served.url)).search("warm-up", 20, soon))
    assert {work.volume, work.pages} <= {None, "12"}


def test_semantic_scholar(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    served = farm(farming.Canned(body=samples.scholar_page(samples.scholar_paper())))
    work = one(SemanticScholar(web(served.url)).search("warm-up & decay", 20, soon))
    assert (work.arxiv_id, work.doi, work.type) == ("2101.00001", None, "preprint")
    assert "query=warm+up+%26+decay" in served.calls[0].target


def test_a_batch_of_semantic_scholar_tells_absent_from_found(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    asked = (DOI, Identifier("arxiv", "2101.00001"))
    served = farm(farming.Canned(body=json.dumps([None, samples.scholar_paper()]).encode()))
    answers = SemanticScholar(web(served.url)).look_up(asked, soon)
    assert isinstance(answers[DOI], Absent)
    assert isinstance(answers[asked[1]], Found)
    assert json.loads(served.calls[0].body) == {"ids": ["DOI:10.1000/w.1", "ARXIV:2101.00001"]}
    short = farm(farming.Canned(body=b"[null]"))
    assert all(isinstance(answer, Failed) for answer in SemanticScholar(web(short.url)).look_up(asked, soon).values())


def test_arxiv(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    served = farm(farming.Canned(body=samples.arxiv_feed(1)))
    work = one(Arxiv(web(served.url)).search("the warm-up of rates", 20, soon))
    assert (work.title, work.arxiv_id, work.year, work.other_years) == ("Warm-up of learning α-rates", "2101.00001", 2021, (2022,))
    assert "search_query=all%3Awarm+OR+all%3Aup+OR+all%3Arates" in served.calls[0].target


def test_arxiv_ids_go_together_and_a_malformed_one_spoils_none(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    known, unknown, malformed = (Identifier("arxiv", value) for value in ("2101.00001", "2101.09999", "2305.XXXX"))
    served = farm(farming.Canned(body=samples.arxiv_feed(1)))
    answers = Arxiv(web(served.url)).look_up((known, unknown, malformed), soon)
    assert [type(answers[one]) for one in (known, unknown, malformed)] == [Found, Absent, Absent]
    assert len(served.calls) == 1


def test_crossref(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    served = farm(farming.Canned(body=samples.crossref_work()))
    asked = Identifier("doi", "10.1000/a#b")
    work = one(Crossref(web(served.url)).look_up((asked,), soon)[asked])
    assert work.title == "Warm-up of learning rates: A study of F1"
    assert (work.year, work.other_years, work.retracted, work.groups) == (2021, (2022,), True, ("Open Step Collaboration",))
    assert served.calls[0].target == "/works/10.1000%2Fa%23b"
    absent = farm(farming.Canned(body=b"Resource not found.", status=404))
    assert isinstance(Crossref(web(absent.url)).look_up((DOI,), soon)[DOI], Absent)


def test_datacite(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    served = farm(farming.Canned(body=samples.datacite_doi()))
    asked = Identifier("arxiv", "2101.00001")
    work = one(Datacite(web(served.url)).look_up((asked,), soon)[asked])
    assert (work.authors, work.groups) == (("Ada van der Berg", "Open Step Data"), ("Open Step Data",))
    assert (work.arxiv_id, work.doi, work.type, work.venue) == ("2101.00001", None, "preprint", "arXiv")
    assert served.calls[0].target == "/dois/10.48550/arxiv.2101.00001"
    absent = farm(farming.Canned(body=b'{"errors":[{"status":"404"}]}', status=404))
    assert isinstance(Datacite(web(absent.url)).look_up((DOI,), soon)[DOI], Absent)


def test_openalex_asks_for_many_dois_at_once_and_singly_for_what_the_list_lacks(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    not_found = b"<!doctype html><title>404 Not Found</title><p>The requested URL was not found on the server.</p>"

    def answer(call: Any) -> Any:
        if "filter=" in call.target:
            return farming.Canned(body=samples.openalex_page(samples.openalex_work(1)))
        return farming.Canned(body=not_found, status=404)

    served = farm(answer)
    other = Identifier("doi", "10.1000/w.2")
    asked = web(served.url)
    assert list(OpenAlex(asked).look_up((DOI, other), soon)) == [DOI]  # a list denies nothing: it hides merged preprints
    assert isinstance(OpenAlexSingly(asked).look_up((other,), soon)[other], Absent)
    assert len(served.calls) == 2


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
def test_an_outage_of_a_look_up_is_never_an_absent_work(
    status: int, farm: Farm, farming: ModuleType, web: MakeWeb, soon: float
) -> None:
    served = farm(farming.Canned(status=status, body=b"<html>no</html>"))
    every = web(served.url, backoff_s=())
    for registry in (OpenAlex(every), SemanticScholar(every), Arxiv(every), Crossref(every), Datacite(every)):
        asked = Identifier("arxiv", "2101.00001") if registry.name == "arxiv" else DOI
        assert isinstance(registry.look_up((asked,), soon)[asked], Failed), registry.name
