"""The one place that speaks HTTP to a model: a request out, the payloads of its event stream in.

All requests of a process run on one event loop in a thread of its own, so that a question ends when its time is up,
whatever it waits for: a name, a connection, its turn, or a server that sends one byte a second.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import email.utils
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import JsonValue

from researchclaw.adapters.event_loop import LoopThread
from researchclaw.adapters.models.faults import Fault, of_status
from researchclaw.interruption import interrupted
from stages.errors import SettingsError

if TYPE_CHECKING:
    import httpx

Value = TypeVar("Value")

CONNECT_S = 10.0
LOOK_S = 0.2
"""Seconds after which a thread that waits for an answer looks whether the program was interrupted."""
LARGEST_BODY = 32 * 2**20
"""Bytes of one answer; a paper has a thousandth of it."""
USER_AGENT = "researchclaw/0.1"


@dataclass(frozen=True)
class Endpoint:
    """Where a model is reached. `headers` hold the key; it is shown nowhere."""

    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    idle_s: float = 120
    """Seconds without a byte after which an answer is given up."""


class Wire:
    """Sends requests; safe for threads. No thread and no socket exists before the first one."""

    def __init__(self) -> None:
        self._thread = LoopThread("models", self._shut)
        self._client: httpx.AsyncClient | None = None
        self.at_end: list[Callable[[], Coroutine[Any, Any, None]]] = []
        """What else has to end with the loop; on the loop."""

    def wait(self, work: Coroutine[Any, Any, Value]) -> Value:
        """What `work` gives; it runs on the loop of this wire.

        A wait ends when the program is interrupted: Ctrl-C reaches the main thread only, and that may be waiting for this one.
        Raises:
            KeyboardInterrupt: the program was interrupted.
        """
        future = self._thread.begin(work)
        try:
            while not interrupted.is_set():
                if concurrent.futures.wait([future], timeout=LOOK_S).done:
                    return future.result()
            raise KeyboardInterrupt
        finally:
            future.cancel()

    def close(self) -> None:
        """End the thread and its connections; a later request starts them again."""
        self._thread.close()

    async def _shut(self) -> None:
        client, self._client = self._client, None
        me = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not me]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.gather(*(end() for end in self.at_end))
        if client is not None:
            await client.aclose()

    # ------------------------------------------------------------ on the loop

    async def payloads(self, endpoint: Endpoint, path: str, body: Mapping[str, JsonValue]) -> AsyncIterator[str]:
        """The payload of each event. A server that answers with one JSON body instead of a stream gives that as the only one.

        Raises:
            Fault: no connection, a status other than 200, silence, or a stream that breaks.
            SettingsError: the base URL is no URL.
        """
        import httpx

        try:
            async with self._http().stream(
                "POST",
                endpoint.base_url.rstrip("/") + path,
                json=dict(body),
                headers={**endpoint.headers, "Accept": "text/event-stream"},
                timeout=httpx.Timeout(endpoint.idle_s, connect=min(CONNECT_S, endpoint.idle_s)),
            ) as response:
                if response.status_code != 200:
                    raise of_status(response.status_code, await _whole(response), _retry_after(response.headers))
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "text/event-stream":
                    yield _one_body(kind, await _whole(response))
                    return
                async for payload in _events(response):
                    yield payload
        except httpx.TimeoutException as exc:
            if isinstance(exc, httpx.ConnectTimeout | httpx.PoolTimeout):
                raise Fault("unreachable", f"no connection to {endpoint.base_url} within {CONNECT_S:g} s") from exc
            raise Fault("silent", f"no byte for {endpoint.idle_s:g} s") from exc
        except httpx.ConnectError as exc:
            raise Fault("unreachable", f"no connection to {endpoint.base_url} ({_words(exc)})") from exc
        except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.DecodingError) as exc:
            raise Fault("broken", f"the connection broke ({_words(exc)})") from exc
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as exc:
            raise SettingsError(f"llm.base_url: {endpoint.base_url!r} is no address; give e.g. http://127.0.0.1:8000/v1.") from exc

    async def get(self, endpoint: Endpoint, path: str) -> JsonValue:
        """The JSON body of a GET; for lists of models.

        Raises:
            Fault: it cannot be had.
        """
        import httpx

        try:
            response = await self._http().get(
                endpoint.base_url.rstrip("/") + path, headers=dict(endpoint.headers), timeout=httpx.Timeout(min(15, endpoint.idle_s))
            )
            if response.status_code != 200:
                raise of_status(response.status_code, response.text)
            found: JsonValue = response.json()
        except httpx.HTTPError as exc:
            raise Fault("unreachable", _words(exc)) from exc
        except ValueError as exc:
            raise Fault("broken", "the list of models is no JSON") from exc
        return found

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
            here = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}  # no proxy stands before this machine
            self._client = httpx.AsyncClient(limits=limits, mounts=here, headers={"User-Agent": USER_AGENT})
        return self._client


async def _whole(response: httpx.Response) -> str:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Fault("broken", f"a body of more than {LARGEST_BODY // 2**20} MB")
    return body.decode("utf-8", errors="replace")


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    """Payloads of server-sent events: `data:` lines, several of one event joined by newlines; comments keep alive."""
    data: list[str] = []
    size = 0
    async for line in response.aiter_lines():
        size += len(line)
        if size > LARGEST_BODY:
            raise Fault("broken", f"a stream of more than {LARGEST_BODY // 2**20} MB")
        if not line:
            if data:
                yield "\n".join(data)
                data = []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
    if data:  # the last event lacks its empty line: a whole payload is taken, half of one is found out by its reader
        yield "\n".join(data)


def _one_body(kind: str, body: str) -> str:
    """A body that is no stream: JSON is passed on, anything else is no answer."""
    start = body.lstrip()[:1]
    if start == "{" and "html" not in kind:
        return body
    shown = " ".join(body.split())[:120]
    raise Fault("broken", f"not an event stream but {kind or 'no content type'}: {shown or 'nothing'}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms`, or `retry-after` as seconds or as an HTTP date; None: not said."""
    milliseconds, named = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(0.0, float(milliseconds) / 1000)
        if named is not None:
            return max(0.0, float(named))
    except ValueError:
        pass
    if named is None:
        return None
    try:
        when = email.utils.parsedate_to_datetime(named).timestamp()
    except ValueError:
        return None
    return max(0.0, when - time.time())


def _words(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__


def decoded(payload: str) -> dict[str, Any]:
    """A payload as a JSON object.

    Raises:
        Fault: it is none.
    """
    try:
        found = json.loads(payload)
    except ValueError as exc:
        raise Fault("broken", f"an event that is no JSON: {' '.join(payload.split())[:120]}") from exc
    if not isinstance(found, dict):
        raise Fault("broken", "an event that is no JSON object")
    return found


def mapping(found: object) -> dict[str, Any]:
    """A JSON object where one belongs; anything else says nothing."""
    return found if isinstance(found, dict) else {}


def listing(found: object) -> tuple[dict[str, Any], ...]:
    """The JSON objects of a list where one belongs."""
    return tuple(row for row in found if isinstance(row, dict)) if isinstance(found, list) else ()


def count(found: Mapping[str, Any], name: str) -> int:
    """A number of tokens; 0 where none stands."""
    number = found.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 0
