"""The layer under the sources: broken lines, limits, budgets, the cache and time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from researchclaw.adapters.sources.answers import Absent, Failed, Found
from researchclaw.adapters.sources.arxiv import Arxiv
from researchclaw.adapters.sources.cache import Cache
from researchclaw.adapters.sources.http import Web
from researchclaw.adapters.sources.openalex import OpenAlex
from researchclaw.adapters.sources.semantic_scholar import SemanticScholar
from stages.errors import SettingsError

Farm = Callable[..., Any]
MakeWeb = Callable[..., Web]


def reason(answer: object) -> str:
    assert isinstance(answer, Failed), answer
    return answer.reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"body": b"<!DOCTYPE html><html>Sign in to the hotel's network</html>"}, "HTML instead of whole JSON"),
        ({"body": b'{"results": [{"id": "W1", "ti'}, "broken JSON"),
        ({"body": b""}, "an empty body"),
        ({"body": b'{"error": "internal", "message": "x"}'}, "an error under status 200"),
        ({"body": b"{}"}, "unexpected shape at results"),
        ({"body": b'{"results": [{"publication_year": "soon"}]}'}, "unexpected shape at results.0.publication_year"),
        ({"body": b"<html>Not here</html>", "status": 404}, "is the base URL right"),
        ({"body": b"<html>Bad gateway</html>", "status": 502}, "failed with status 502"),
        ({"body": b'{"message": "no such key"}', "status": 401}, "refuses the key (401): no such key"),
        ({"status": 301, "headers": {"location": "http://elsewhere.example/works"}}, "moved to another place"),
        ({"body": b'{"results": []}' * 40, "fault": "cut"}, "before the answer was whole"),
        ({"fault": "closed"}, "closed the connection"),
        ({"body": b'{"results": []}' * 40, "fault": "drip"}, "no whole answer within 0.6 s"),
        ({"body": b'{"results": []}', "after_s": 5}, "no whole answer within 0.6 s"),
    ],
)
def test_what_is_no_answer_is_told_apart_and_never_kept(
    given: dict[str, Any], words: str, farm: Farm, farming: ModuleType, web: MakeWeb, cache: Cache, soon: float
) -> None:
    served = farm(farming.Canned(**given))
    client = OpenAlex(web(served.url, cache, timeout_s=0.6))
    assert words in reason(client.search("steps", 5, soon))
    before = len(served.calls)
    client.search("steps", 5, soon)
    assert len(served.calls) > before


def test_a_page_without_records_is_a_definite_no(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    served = farm(farming.Canned(body=samples.openalex_page()))
    assert OpenAlex(web(served.url)).search("steps", 5, soon) == Absent("no work matches")


def test_words_instead_of_a_feed_are_a_refusal(farm: Farm, farming: ModuleType, web: MakeWeb, soon: float) -> None:
    served = farm(farming.Canned(body=b"Rate exceeded.", headers={"content-type": "text/plain"}))
    assert "refused 3 times in a row" in reason(Arxiv(web(served.url)).search("steps", 5, soon))
    assert len(served.calls) == 3


def test_a_refused_request_waits_as_told_and_is_put_again(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    answers = [
        farming.Canned(status=429, body=b'{"message": "slow down"}', headers={"retry-after": "1"}),
        farming.Canned(body=samples.openalex_page(samples.openalex_work())),
    ]
    served = farm(lambda _: answers.pop(0))
    assert isinstance(OpenAlex(web(served.url)).search("steps", 5, soon), Found)
    first, second = served.calls
    assert second.at - first.at >= 0.99


def test_a_spent_budget_switches_the_source_off_at_once(farm: Farm, farming: ModuleType, web: MakeWeb, soon: float) -> None:
    body = json.dumps({"error": "Rate limit exceeded", "message": "Insufficient budget. Resets at midnight UTC."}).encode()
    served = farm(farming.Canned(status=429, body=body, headers={"retry-after": "43200"}))
    client = OpenAlex(web(served.url))
    begun = time.monotonic()
    assert reason(client.search("steps", 5, soon)) == "today's budget is spent; the source is off for this run"
    assert reason(client.search("more", 5, soon)) == "today's budget is spent; the source is off for this run"
    assert time.monotonic() - begun < 2
    assert len(served.calls) == 1


def test_our_own_budget_holds_across_runs_and_spares_what_is_free(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, cache: Cache, soon: float
) -> None:
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work())))
    assert isinstance(OpenAlex(web(served.url, cache, daily_budget=15)).search("one", 5, soon), Found)
    assert "today's budget of 15 is spent" in reason(OpenAlex(web(served.url, cache, daily_budget=15)).search("two", 5, soon))
    assert len(served.calls) == 1


def test_a_host_that_takes_no_connection_is_asked_once(web: MakeWeb, soon: float) -> None:
    client = SemanticScholar(web("http://127.0.0.1:9"))
    begun = time.monotonic()
    assert "is not reached" in reason(client.search("steps", 5, soon))
    assert "is not reached" in reason(client.search("more", 5, soon))
    assert time.monotonic() - begun < 2


def test_a_resolver_that_sits_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, web: MakeWeb, soon: float) -> None:
    def sit(*_: object, **__: object) -> None:
        time.sleep(20)

    monkeypatch.setattr(socket, "getaddrinfo", sit)
    begun = time.monotonic()
    assert "is not reached" in reason(OpenAlex(web("http://api.example")).search("steps", 5, soon))
    assert time.monotonic() - begun < 3
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "name look-up")


def test_a_request_ends_when_the_time_for_all_is_up(farm: Farm, farming: ModuleType, web: MakeWeb) -> None:
    served = farm(farming.Canned(body=b"{}", after_s=30))
    begun = time.monotonic()
    assert reason(OpenAlex(web(served.url, timeout_s=60)).search("steps", 5, begun + 0.4)) == "the time for the whole search was up"
    assert time.monotonic() - begun < 3


def test_a_pause_that_passes_the_deadline_is_not_waited_for(farm: Farm, farming: ModuleType, web: MakeWeb) -> None:
    served = farm(farming.Canned(status=503, headers={"retry-after": "20"}))
    begun = time.monotonic()
    assert "passes the time" in reason(OpenAlex(web(served.url)).search("steps", 5, begun + 5))
    assert time.monotonic() - begun < 3


def test_the_rate_of_a_host_is_shared_by_all_threads(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    served = farm(farming.Canned(body=samples.scholar_page(samples.scholar_paper())))
    client = SemanticScholar(web(served.url, per_second=10, at_once=1))
    with ThreadPoolExecutor(max_workers=6) as pool:
        assert all(isinstance(one, Found) for one in pool.map(lambda n: client.search(f"steps {n}", 5, soon), range(6)))
    at = [call.at for call in served.calls]
    assert len(at) == 6
    assert at[-1] - at[0] >= 0.35


def test_one_host_is_never_asked_more_at_once_than_it_allows(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float
) -> None:
    busy, most, lock = [0], [0], threading.Lock()

    def answer(_: object) -> Any:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.05)
        with lock:
            busy[0] -= 1
        return farming.Canned(body=samples.openalex_page(samples.openalex_work()))

    client = OpenAlex(web(farm(answer).url, at_once=2))
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda n: client.search(f"steps {n}", 5, soon), range(8)))
    assert most[0] == 2


def test_definite_answers_are_kept_and_shared_by_search_and_look_up(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, cache: Cache, soon: float
) -> None:
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work())))
    first = OpenAlex(web(served.url, cache)).search("steps", 5, soon)
    assert OpenAlex(web(served.url, cache)).search("steps", 5, soon) == first
    assert len(served.calls) == 1
    OpenAlex(web(served.url, cache, mode="online")).search("steps", 5, soon)
    assert len(served.calls) == 2


def test_what_is_kept_ends(cache: Cache, farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, soon: float) -> None:
    served = farm(farming.Canned(body=samples.arxiv_feed(1)))
    OpenAlex(web(served.url)).search("steps", 5, soon)
    client = Arxiv(web(served.url, cache))
    client.search("steps", 5, soon)
    (key,) = [row[0] for row in cache._connection.execute("SELECT key FROM replies")]
    assert cache.get(key, time.time() + 80_000) is not None
    assert cache.get(key, time.time() + 90_000) is None


def test_the_key_goes_to_the_source_and_into_no_record(
    farm: Farm, farming: ModuleType, web: MakeWeb, samples: ModuleType, cache: Cache, soon: float
) -> None:
    served = farm(farming.Canned(body=samples.openalex_page(samples.openalex_work())))
    secret = {"headers": {"Authorization": "Bearer verysecret"}, "params": {"mailto": "ada@example.org"}}
    answer = OpenAlex(web(served.url, cache, **secret)).search("steps", 5, soon)
    assert served.calls[0].headers["authorization"] == "Bearer verysecret"
    assert "mailto=ada%40example.org" in served.calls[0].target
    kept = repr(cache._connection.execute("SELECT * FROM replies").fetchall()) + repr(answer)
    assert "verysecret" not in kept
    assert "ada" not in kept.lower().replace("ada van der berg", "")


def test_a_base_url_that_is_none_is_a_setting_to_mend(web: MakeWeb, soon: float) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        OpenAlex(web("ftp://somewhere")).search("steps", 5, soon)


def test_a_file_that_is_no_cache_is_named(tmp_path: Any) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"this is no database at all, and long enough to be seen as such" * 20)
    with pytest.raises(SettingsError, match="delete the file"):
        Cache(tmp_path / "x.sqlite")


def test_threads_share_one_cache(cache: Cache) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda _: cache.spend("openalex", "2026-11-20", 10), range(200)))
    assert cache.spent("openalex", "2026-11-20") == 2000
