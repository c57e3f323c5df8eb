"""Whether the live sources can be reached, in two seconds and one free request each."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from researchclaw.adapters.sources.answers import Answer, Failed, Found, Reply, failure
from researchclaw.adapters.sources.http import Request, Web
from researchclaw.adapters.sources.terms import terms_of

if TYPE_CHECKING:
    from researchclaw.settings import LiteratureSettings

PROBE_S: Final = 2.0

_PLACES: Final = {
    "openalex": Request("/works/W2741809807", (("select", "id"),), cost=0),
    "semantic_scholar": Request("/graph/v1/paper/ARXIV:1706.03762", (("fields", "title"),)),
    "arxiv": Request("/api/query", (("id_list", "1706.03762"), ("max_results", "1"))),
    "crossref": Request("/works", (("rows", "0"),)),
    "datacite": Request("/heartbeat"),
}
"""The cheapest question that each source answers; any answer below 400 shows that it is there and takes our key."""


def probed(literature: LiteratureSettings) -> dict[str, str | None]:
    """Source -> None, or why it gives no answer; all are asked at once and nothing is kept."""
    terms = {
        name: replace(own, timeout_s=PROBE_S, backoff_s=())
        for name, own in terms_of(literature).items()
        if getattr(literature, name).enabled
    }
    web = Web(terms, None, "online")
    deadline = time.monotonic() + 2 * PROBE_S
    try:
        with ThreadPoolExecutor(max_workers=len(terms) or 1) as pool:
            answers = dict(zip(terms, pool.map(lambda name: web.ask(name, _PLACES[name], _there, deadline), terms), strict=True))
    finally:
        web.close()
    return {name: answer.reason if isinstance(answer, Failed) else None for name, answer in answers.items()}


def _there(reply: Reply) -> Answer[int]:
    return Found(reply.status) if reply.status < 400 else Failed(failure(reply))
