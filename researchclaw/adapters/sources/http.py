"""The one HTTP layer under all sources: limits per host, time, retries and the cache.

All requests run on one event loop in a thread of its own. So the limits of a host hold for every thread that asks, and a
request ends when its time is up whatever it waits for: a name, a connection, its turn, or a server that sends one byte a
second. Nothing here knows a source's records.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from researchclaw.adapters.event_loop import LoopThread
from researchclaw.adapters.sources.answers import Answer, Failed, Reply, failure
from researchclaw.secret_values import masked_bytes
from stages.errors import SettingsError

if TYPE_CHECKING:
    import httpx
    from pydantic import JsonValue

    from researchclaw.adapters.sources.cache import Cache

Value = TypeVar("Value")

DAY_S: Final = 86400.0

CONNECT_S: Final = 1.0
"""A host that never answered and takes no connection within a second is not reached: offline is noticed at once."""

UNREACHED_S: Final = 30.0
"""How long a host that took no connection is not asked again (a guess)."""

SILENT_S: Final = 60.0
"""How long a host that failed several times in a row is not asked again (a guess)."""

FAILURES_IN_A_ROW: Final = 3

RETRY_S: Final = 0.5
"""After a status from 500 a request is put once more (transient ones are frequent at Semantic Scholar)."""

WIDEST_GAP_S: Final = 5.0
FIRST_GAP_S: Final = 0.1
"""Gaps between requests after refusals (a guess)."""

LONGEST_PAUSE_S: Final = 30.0
"""A Retry-After beyond this is no pause but a closed door (OpenAlex names twelve hours when the day's budget is spent)."""

LARGEST_BODY: Final = 32 * 2**20
"""Bytes; Semantic Scholar's own limit is 10 MB."""

REDIRECTS: Final = 3

_PRIVATE: Final = frozenset({"mailto", "api_key"})
"""Parameters that are no part of the question: left out of the cache's key and of the recorded address."""

USER_AGENT: Final = "researchclaw/0.1 (literature search; one request at a time where asked)"


@dataclass(frozen=True)
class Terms:
    """What one source allows, and where it is."""

    base_url: str
    per_second: float
    at_once: int
    timeout_s: float
    backoff_s: tuple[float, ...]
    """Pauses after a first, second … refusal in a row that names none; after the last the source is off."""
    off_s: float
    """How long the source stays off then; infinity: for the run."""
    daily_budget: float | None = None
    """In the source's own unit: credits at OpenAlex, else requests; None: no limit of ours."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Holds the key, if there is one."""
    params: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request, e.g. an e-mail address."""


@dataclass(frozen=True)
class Request:
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: JsonValue = None
    """Sent as JSON by POST; None: a GET."""
    cost: float = 1
    keep_s: float = 7 * DAY_S

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def key(self, base_url: str) -> str:
        """Hash of the question; key and e-mail address are no part of it."""
        asked = sorted((name, value) for name, value in self.params if name not in _PRIVATE)
        return hashlib.sha256(json.dumps([self.method, base_url, self.path, asked, self.body], sort_keys=True).encode()).hexdigest()


class _Closed(Failed):
    """The connection broke: it may have been an idle one that the server had given up."""


@dataclass
class _Host:
    """The state of one source's limits; touched on the event loop only."""

    terms: Terms
    turns: asyncio.Semaphore
    next_start: float = 0
    paused_until: float = 0
    off_until: float = 0
    off_reason: str = ""
    refusals: int = 0
    """In a row; what was refused at once with another counts once."""
    refused_at: float = 0
    failures: int = 0
    reached: bool = False
    gap_s: float = 0
    """Between two starts, beyond what the terms ask for: doubled at each refusal, since the source allows less than we think."""
    spent: float = 0

    def switch_off(self, seconds: float, reason: str) -> Failed:
        self.off_until, self.off_reason = time.monotonic() + seconds, reason
        return Failed(reason, None if seconds == float("inf") else seconds)

    def pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)
        self.next_start = max(self.next_start, self.paused_until)


class Web:
    """Asks sources by name; safe for threads. No thread and no socket exists before the first request."""

    def __init__(self, terms: Mapping[str, Terms], cache: Cache | None, mode: Literal["cache-first", "online"]) -> None:
        self._terms, self._cache, self._mode = dict(terms), cache, mode
        self._thread = LoopThread("literature", self._shut)
        self._client: httpx.AsyncClient | None = None
        self._hosts: dict[str, _Host] = {}

    def ask(self, source: str, request: Request, read: Callable[[Reply], Answer[Value]], deadline: float) -> Answer[Value]:
        """What `read` makes of the reply; a reply that it reads as found or absent is kept.

        deadline: in seconds of `time.monotonic`.
        Raises:
            SettingsError: the source's base URL is no URL.
        """
        key = request.key(self._terms[source].base_url)
        if self._cache is not None and self._mode == "cache-first":
            kept = self._cache.get(key, time.time())
            if kept is not None:
                return read(kept)
        reply = self._thread.begin(self._fetch(source, request, deadline)).result()
        if isinstance(reply, Failed):
            return reply
        answer = read(reply)
        if not isinstance(answer, Failed) and self._cache is not None:
            keep_s = request.keep_s if reply.status == 200 else DAY_S
            self._cache.put(key, reply, keep_s)
        return answer

    def close(self) -> None:
        """End the thread and its connections; a later request starts them again."""
        self._thread.close()

    async def _shut(self) -> None:
        client, self._client = self._client, None
        self._hosts = {}
        if client is not None:
            await client.aclose()

    # ------------------------------------------------------------ on the loop

    async def _fetch(self, source: str, request: Request, deadline: float) -> Reply | Failed:
        host = self._host(source)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await self._attempts(source, host, request, deadline)
        except TimeoutError:
            return Failed("the time for the whole search was up")

    def _host(self, source: str) -> _Host:
        if source not in self._hosts:
            terms = self._terms[source]
            self._hosts[source] = _Host(terms=terms, turns=asyncio.Semaphore(terms.at_once))
        return self._hosts[source]

    async def _attempts(self, source: str, host: _Host, request: Request, deadline: float) -> Reply | Failed:
        again = True
        while True:
            async with host.turns:
                refused = self._refusal(source, host, request) or await self._turn(host, deadline)
                if refused:
                    return refused
                self._spend(source, host, request)
                begun = time.monotonic()
                reply = await self._once(host, request)
            if isinstance(reply, _Closed) and again and host.off_until <= time.monotonic():
                again = False
                continue
            if isinstance(reply, Failed):
                return reply
            host.reached = True
            if reply.status in {429, 503} or reply.body.strip() == b"Rate exceeded.":
                closed = _refused(host, reply, begun, deadline)
                if closed:
                    return closed
                continue
            host.refusals = 0
            if reply.status < 500:
                host.failures = 0
                return reply
            failed = _failed(host, failure(reply))
            if not again or host.off_until > time.monotonic():
                return failed
            again = False
            await asyncio.sleep(RETRY_S)

    async def _turn(self, host: _Host, deadline: float) -> Failed | None:
        """Wait until the host's rate allows the next request."""
        while True:
            now = time.monotonic()
            if host.off_until > now:
                return Failed(host.off_reason)
            start = max(now, host.next_start)
            if start > deadline:
                return Failed("its rate limit left no turn within the time for the whole search")
            host.next_start = start + max(1 / host.terms.per_second, host.gap_s)
            await asyncio.sleep(start - now)
            if host.paused_until <= time.monotonic():
                return None

    def _refusal(self, source: str, host: _Host, request: Request) -> Failed | None:
        budget = host.terms.daily_budget
        if host.off_until > time.monotonic():
            return Failed(host.off_reason)
        if budget is None or not request.cost:
            return None
        spent = host.spent if self._cache is None else self._cache.spent(source, _today())
        if spent + request.cost <= budget:
            return None
        return host.switch_off(float("inf"), f"today's budget of {budget:g} is spent; the source is off for this run")

    def _spend(self, source: str, host: _Host, request: Request) -> None:
        host.spent += request.cost
        if self._cache is not None and request.cost:
            self._cache.spend(source, _today(), request.cost)

    async def _once(self, host: _Host, request: Request) -> Reply | Failed:
        """One exchange, whole, within the source's time limit."""
        import httpx

        terms = host.terms
        try:
            async with asyncio.timeout(terms.timeout_s):
                return await self._exchange(terms, request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            reason = f"is not reached ({_words(exc)})"
            # a host that answers others was only too busy to take one more connection
            return _Closed(_failed(host, reason).reason) if host.reached else host.switch_off(UNREACHED_S, reason)
        except (TimeoutError, httpx.TimeoutException):
            return _failed(host, f"gave no whole answer within {terms.timeout_s:g} s")
        except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError) as exc:
            return _Closed(_failed(host, f"closed the connection before the answer was whole ({_words(exc)})").reason)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as exc:
            raise SettingsError(f"{terms.base_url!r} is no URL of a literature source; mend its base_url.") from exc

    async def _exchange(self, terms: Terms, request: Request) -> Reply | Failed:
        import httpx

        if self._client is None:
            timeout = httpx.Timeout(None, connect=CONNECT_S)
            # gzip only: it is unpacked here, with a bound, and other codings pack a bomb still tighter
            headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
            self._client = httpx.AsyncClient(timeout=timeout, headers=headers)
            self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        client = self._client
        url = terms.base_url.rstrip("/") + request.path
        params = httpx.QueryParams((*request.params, *terms.params.items()))
        sent: httpx.Request | None = client.build_request(
            request.method, url, params=params or None, headers=dict(terms.headers), json=request.body
        )
        for _ in range(REDIRECTS + 1):
            assert sent is not None
            response = await client.send(sent, stream=True)
            try:
                whole = await _whole(response)
                if isinstance(whole, Failed):
                    return whole
                body = whole
            finally:
                await response.aclose()
            following = response.next_request
            if following is None or not _stays(sent.url, following.url):
                break
            sent = following
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=masked_bytes(body),
            url=str(response.url.copy_remove_param("mailto").copy_remove_param("api_key")),
            retrieved_at=time.time(),
        )


def _stays(asked: httpx.URL, following: httpx.URL) -> bool:
    """Whether a redirect leads to the same server, at most from http to https: the key has no business anywhere else."""
    here, there = ((url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)) for url in (asked, following))
    return there == here or (here[1] == there[1] and here[::2] == ("http", 80) and there[::2] == ("https", 443))


async def _whole(response: httpx.Response) -> bytes | Failed:
    """The unpacked body. Read raw, because a library that unpacks a bomb hands over as much as the bomb holds."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        return Failed(f"sent a body in the coding {coding[:20]!r}, which was not asked for")
    too_much = Failed(f"sent more than {LARGEST_BODY // 2**20} MB")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, LARGEST_BODY + 1 - len(body))
        except zlib.error as exc:
            return Failed(f"sent a body that does not unpack ({_words(exc)})")
        if len(body) > LARGEST_BODY or (unpack is not None and unpack.unconsumed_tail):
            return too_much
    if unpack is not None and body and not unpack.eof:
        return Failed("sent a packed body that is not whole")
    return bytes(body)


def _refused(host: _Host, reply: Reply, begun: float, deadline: float) -> Failed | None:
    """After 429 or 503: None when the request may be tried after a pause, else why not."""
    named = retry_after(reply)
    if named is not None and named > LONGEST_PAUSE_S:
        spent = "budget" in failure(reply).lower()
        why = "today's budget is spent" if spent else failure(reply)
        off_s, named_off = (float("inf"), "this run") if spent else (named, f"{named:g} s")
        return host.switch_off(off_s, f"{why}; the source is off for {named_off}")
    if begun < host.refused_at:  # sent before the last refusal came: the pause for that one holds for this one too
        return None
    if host.refusals >= len(host.terms.backoff_s):
        return host.switch_off(host.terms.off_s, f"{failure(reply)}; refused {host.refusals + 1} times in a row")
    wait = named if named is not None else host.terms.backoff_s[host.refusals]
    host.refusals += 1
    host.refused_at = time.monotonic()
    host.gap_s = min(max(2 * host.gap_s, FIRST_GAP_S), WIDEST_GAP_S)
    host.pause(wait)
    if time.monotonic() + wait > deadline:
        return Failed(f"{failure(reply)}; the pause it needs passes the time for the whole search", wait)
    return None


def retry_after(reply: Reply) -> float | None:
    """Seconds that the source asks us to wait, from the header; a date there is left to the back-off."""
    value = reply.headers.get("retry-after", "").strip()
    return float(value) if value.isdigit() else None


def _failed(host: _Host, reason: str) -> Failed:
    host.failures += 1
    if host.failures >= FAILURES_IN_A_ROW:
        return host.switch_off(SILENT_S, reason)
    return Failed(reason)


def _words(exc: Exception) -> str:
    return " ".join(str(exc).split())[:100] or type(exc).__name__


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
