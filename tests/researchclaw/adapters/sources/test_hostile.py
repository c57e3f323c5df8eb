"""Answers that want to harm: bombs, hidden signs, TeX, redirects, cookies. What comes through is a plain record or none."""

from __future__ import annotations

import gzip
import json
import resource
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.sources.answers import Failed, Found
from researchclaw.adapters.sources.arxiv import Arxiv
from researchclaw.adapters.sources.decoding import doi, plain
from researchclaw.adapters.sources.http import Web
from researchclaw.adapters.sources.openalex import OpenAlex
from stages.h_finalization.bibliography import references_bib

Farm = Callable[..., Any]
MakeWeb = Callable[..., Web]


def found(farm: Farm, farming: ModuleType, web: MakeWeb, soon: float, **canned: Any) -> Any:
    return OpenAlex(web(farm(farming.Canned(**canned)).url)).search("steps", 5, soon)


def test_a_bomb_is_not_unpacked(farm: Farm, farming: ModuleType, web: MakeWeb, soon: float) -> None:
    bomb = gzip.compress(b" " * (300 * 2**20), 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = found(farm, farming, web, soon, body=bomb, headers={"content-encoding": "gzip"})
    assert isinstance(said, Failed) and "more than 32 MB" in said.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"body": gzip.compress(b'{"results": []}')[:-6], "headers": {"content-encoding": "gzip"}}, "not whole"),
        ({"body": b"no gzip", "headers": {"content-encoding": "gzip"}}, "does not unpack"),
        ({"body": b"x", "headers": {"content-encoding": "br"}}, "was not asked for"),
        ({"body": b"[" * 200_000}, "broken JSON"),
        ({"body": b'{"results": [{"publication_year": ' + b"9" * 10_000 + b"}]}"}, "broken JSON"),
        ({"status": 302, "headers": {"location": "file:///etc/passwd"}}, "moved to another place"),
        ({"status": 302, "headers": {"location": "http://169.254.169.254/latest/meta-data"}}, "moved to another place"),
        ({"status": 302, "headers": {"location": "gopher://127.0.0.1:1/"}}, "moved to another place"),
        ({"status": 302, "headers": {"location": "http://127.0.0.1:1/works"}}, "moved to another place"),
        ({"status": 302, "headers": {"location": "http://[broken"}}, ""),
    ],
)
def test_what_cannot_be_trusted_is_no_answer(
    given: dict[str, Any], words: str, farm: Farm, farming: ModuleType, web: MakeWeb, soon: float
) -> None:
    said = found(farm, farming, web, soon, **given)
    assert isinstance(said, Failed)
    assert words in said.reason


def test_a_packed_answer_is_read(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    body = gzip.compress(samples.openalex_page(samples.openalex_work()))
    assert isinstance(found(farm, farming, web, soon, body=body, headers={"content-encoding": "gzip"}), Found)


def test_cookies_are_not_kept(farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    body = samples.openalex_page(samples.openalex_work())
    served = farm(farming.Canned(body=body, headers={"set-cookie": "track=1; Path=/"}))
    client = OpenAlex(web(served.url))
    client.search("one", 5, soon)
    client.search("two", 5, soon)
    assert all("cookie" not in call.headers for call in served.calls)


def test_a_feed_that_swells_is_no_answer(farm: Farm, farming: ModuleType, web: MakeWeb, soon: float) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha" * 50}">' for n in range(9))
    body = f'<?xml version="1.0"?><!DOCTYPE feed [{entities}]><feed xmlns="http://www.w3.org/2005/Atom"><title>&a8;</title></feed>'
    said = Arxiv(web(farm(farming.Canned(body=body.encode())).url)).search("steps", 5, soon)
    assert isinstance(said, Failed)


def test_a_hostile_record_becomes_plain_text_in_every_output(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    record = samples.openalex_work(
        title="Grow\u202eing \x1b[31msteps\u200b\x00 \\input{/etc/passwd} <script>alert(1)</script> {\\write18{ls}} 100%_of & #1",
        doi="https://doi.org/10.1000/x}\\input{/etc/passwd}",
        id="https://openalex.org/../W1?x=1",
        primary_location={"landing_page_url": "javascript:alert(1)", "source": {"display_name": "J\u2066 of \\href{x}{S}"}},
        authorships=[{"author": {"display_name": "Ada\u202e Berg\\immediate"}}],
        locations=[],
    )
    said = found(farm, farming, web, soon, body=samples.openalex_page(record))
    (work,) = said.value
    assert work.title.startswith("Growing [31msteps")
    assert all(sign.isprintable() for text in (work.title, work.venue, *work.authors) for sign in text)
    assert (work.doi, work.openalex_id) == (None, None)
    assert work.url is None
    bib = references_bib([work])
    for command in ("\\input", "\\write", "\\href", "\\immediate", "<script>", "javascript:"):
        assert command not in bib


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 5000},
        {"publication_year": -4},
        {"publication_year": 99999},
        {"authorships": [{"author": {"display_name": "a b"}}] * 10_001},
        {"authorships": [{"author": {"display_name": "\u202e\u200b"}}]},
        {"title": "\u200b\u202e"},
    ],
)
def test_a_record_beyond_measure_is_no_work(
    changes: dict[str, Any], farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    said = found(farm, farming, web, soon, body=json.dumps({"results": [samples.openalex_work(**changes)]}).encode())
    assert isinstance(said, Found) and said.value == () and said.incomplete == 1


def test_decoding_ends_soon_and_changes_nothing_twice() -> None:
    for text in ("{" * 20_000, "\\" * 20_000, "<a " * 20_000, "$" * 20_001, "&amp;" * 20_000, "\\textbf{" * 5_000):
        once = plain(text)
        assert plain(once) == once or len(once) < len(text)
    assert doi("10.1000/" + "x" * 500) is None
