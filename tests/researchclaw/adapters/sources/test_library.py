"""The catalogue and the sources as one library."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from researchclaw.adapters.catalogue import Catalogue, works
from researchclaw.adapters.sources.answers import Absent, Answer, Failed, Found, Identifier
from researchclaw.adapters.sources.crossref import Crossref
from researchclaw.adapters.sources.http import Web
from researchclaw.adapters.sources.library import LiveLibrary
from researchclaw.adapters.sources.openalex import OpenAlex
from researchclaw.settings import load
from researchclaw.wiring import library
from stages.contracts import SearchQuery, SourceOutcome, Work

QUERY = SearchQuery(id="q", text="rotary position embedding", about=(), sub_question="effect", sources=("catalogue",))
LIVE = Work(
    key="berg2021rotary",
    title="Rotary position embedding for seas",
    authors=("Ada Berg",),
    year=2021,
    venue="V",
    type="journal",
    doi="10.1/x",
    confirmed_by=("openalex",),
)


class Told:
    """A source and registry that says what it is told."""

    def __init__(self, name: str, answer: Answer[Work], wait_s: float = 0) -> None:
        self.name = self.label = name
        self.batched = True
        self._answer, self._wait_s = answer, wait_s
        self.deadlines: list[float] = []

    def search(self, text: str, limit: int, deadline: float) -> Answer[tuple[Work, ...]]:
        self.deadlines.append(deadline)
        time.sleep(self._wait_s)
        return Found((self._answer.value,)) if isinstance(self._answer, Found) else self._answer

    def look_up(self, identifiers: tuple[Identifier, ...], deadline: float) -> dict[Identifier, Answer[Work]]:
        return {one: self._answer for one in identifiers if one.kind == "doi"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


def make(catalogue: Catalogue, *sources: Told) -> LiveLibrary:
    return LiveLibrary(catalogue, sources, sources, works_per_query=20, total_s=5)


def test_works_of_all_come_together_and_each_source_is_told_of(catalogue: Catalogue) -> None:
    answer = make(
        catalogue, Told("openalex", Found(LIVE)), Told("arxiv", Absent("no")), Told("semantic_scholar", Failed("is down"))
    ).search(QUERY, 10)
    own = catalogue.search(QUERY, 10)
    assert answer.works[: len(own.works)] == own.works
    assert answer.works[-1][0] == LIVE
    assert answer.works[-1][1] > 0
    assert answer.outcomes[1:] == (
        SourceOutcome(source="openalex", answered=True, found=1),
        SourceOutcome(source="arxiv", answered=True, found=0),
        SourceOutcome(source="semantic_scholar", answered=False, found=0, reason="is down"),
    )


def test_scores_of_live_works_compare_with_the_catalogues(catalogue: Catalogue) -> None:
    top, score = catalogue.search(QUERY, 1).works[0]
    tags = " ".join((*top.topics, *top.about)).replace("_", " ")
    assert catalogue.score(QUERY.text, top.model_copy(update={"abstract": f"{tags} {top.gist} {top.also}"})) == pytest.approx(
        score, rel=0.02
    )
    assert catalogue.score(QUERY.text, LIVE) > catalogue.score(QUERY.text, LIVE.model_copy(update={"title": "Waves of the sea"})) == 0


def test_searches_under_way_share_one_deadline(catalogue: Catalogue) -> None:
    slow = Told("openalex", Absent("no"), wait_s=0.2)
    asked = make(catalogue, slow)
    threads = [threading.Thread(target=asked.search, args=(QUERY, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    asked.search(QUERY, 5)
    assert len(set(slow.deadlines[:4])) == 1
    assert slow.deadlines[4] > slow.deadlines[0]


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([Found(LIVE)], "verified"),
        ([Failed("is down"), Found(LIVE.model_copy(update={"year": 2022}))], "verified"),
        ([Found(LIVE.model_copy(update={"authors": ("Bo Li",)}))], "mismatch"),
        ([Found(LIVE.model_copy(update={"year": 2012}))], "mismatch"),
        ([Found(LIVE.model_copy(update={"retracted": True}))], "retracted"),
        ([Absent("no"), Absent("no")], "not found"),
        ([Absent("no"), Failed("is down")], "not checked"),
        ([Failed("is down")], "not checked"),
        ([], "not checked"),
    ],
)
def test_a_live_work_is_confirmed_by_its_identifiers(catalogue: Catalogue, answers: Sequence[Answer[Work]], verdict: str) -> None:
    asked = make(catalogue, *(Told(f"source {number}", answer) for number, answer in enumerate(answers)))
    cited = asked.verify([works()[0], LIVE])
    assert [one.verdict for one in cited] == ["verified", verdict]


def test_sixty_works_are_confirmed_in_a_few_requests(
    catalogue: Catalogue, farm: Callable[..., Any], farming: Any, samples: Any, web: Callable[..., Web]
) -> None:
    known = {f"10.1000/w.{number}": number for number in range(60)}

    def answer(call: Any) -> Any:
        asked = parse_qs(urlsplit(call.target).query)["filter"][0].removeprefix("doi:").split("|")
        return farming.Canned(body=samples.openalex_page(*(samples.openalex_work(known[doi]) for doi in asked)))

    served = farm(answer)
    every = web(served.url)
    people = ("Ada van der Berg", "Open Step Collaboration")
    record = LIVE.model_copy(update={"title": "Warm-up of learning rates", "authors": people})
    cited = [record.model_copy(update={"key": f"k{number}", "doi": doi}) for doi, number in known.items()]
    asked = LiveLibrary(catalogue, [], [Crossref(every), OpenAlex(every)], works_per_query=20, total_s=20)
    assert {one.verdict for one in asked.verify(cited)} == {"verified"}
    assert len(served.calls) == 2


def test_offline_opens_no_socket_and_starts_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    before = threading.active_count()
    offline = library(load(overrides=[f"output={tmp_path / 'out'}"], folder=tmp_path))
    assert offline.sources == ("catalogue",)
    assert offline.search(QUERY, 5).works
    assert threading.active_count() == before
    assert not (tmp_path / "out").exists()


def test_online_the_settings_decide_who_is_asked(tmp_path: Path) -> None:
    changes = [f"output={tmp_path}", "literature.mode=cache-first", "literature.arxiv.enabled=false"]
    asked = library(load(overrides=changes, folder=tmp_path))
    assert asked.sources == ("catalogue", "openalex", "semantic_scholar")
    assert (tmp_path / ".state" / "literature.sqlite").is_file()


def test_when_all_live_sources_are_down_the_catalogue_answers_at_once(tmp_path: Path, farm: Callable[..., Any], farming: Any) -> None:
    changes = [f"output={tmp_path}", "literature.mode=online"]
    changes += [f"literature.{name}.base_url=http://127.0.0.1:9" for name in ("openalex", "semantic_scholar", "arxiv")]
    begun = time.monotonic()
    answer = library(load(overrides=changes, folder=tmp_path)).search(QUERY, 10)
    assert time.monotonic() - begun < 5
    assert answer.works == Catalogue().search(QUERY, 10).works
    assert [outcome.answered for outcome in answer.outcomes] == [True, False, False, False]
    assert all("is not reached" in (outcome.reason or "") for outcome in answer.outcomes[1:])
