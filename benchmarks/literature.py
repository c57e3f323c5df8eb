"""Stage 4 against a simulated provider farm on loopback: 8 queries, 3 sources, 0.3 s latency, 429s, one source down.

python benchmarks/literature.py          prints the seconds of stage 4 and of the same requests one after the other
python benchmarks/literature.py --records 10000     also unites that many records, with the peak of memory in MB

A source on this machine is not held back by the public one's terms; everything else is the product with its defaults:
settings, clients, limits, cache and stage.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

from provider_farm import Call, Canned, Farm

from researchclaw.adapters.catalogue import works
from researchclaw.settings import load
from researchclaw.wiring import library
from stages.b_literature import literature_collect
from stages.b_literature.deduplication import unite
from stages.contracts import Candidates, SearchPlan, SearchQuery
from stages.ports import Context

LATENCY_S = 0.3
WORDS = (
    "learning rate warm-up", "cosine schedule", "weight decay", "gradient clipping",
    "rotary position embedding", "byte level language models", "dropout", "batch size",
)  # fmt: skip
PER_PAGE = 10


class Provider:
    """Two working sources and one that is down; every fifth request of a working one is refused first."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, call: Call) -> Canned:
        path = urlsplit(call.target)
        if path.path.startswith("/down"):
            return Canned(status=502, body=b"<html>Bad gateway</html>", after_s=LATENCY_S)
        asked = parse_qs(path.query)
        text = (asked.get("search") or asked.get("query") or [""])[0]
        if sum(text.encode()) % 5 == 0 and call.target not in self._seen:
            self._seen.add(call.target)
            return Canned(status=429, body=b'{"message": "Too many requests"}', headers={"retry-after": "0"}, after_s=LATENCY_S)
        return Canned(body=_page(path.path, text), after_s=LATENCY_S)


def _page(path: str, text: str) -> bytes:
    rng = random.Random(text)
    # the same works at both sources: half of each page meets the other's
    numbers = [rng.randrange(10**4) for _ in range(PER_PAGE)]
    if path.startswith("/openalex"):
        results = [
            {
                "id": f"https://openalex.org/W{n}",
                "doi": f"https://doi.org/10.1000/w.{n}",
                "title": f"{text} in study {n}",
                "publication_year": 2000 + n % 25,
                "authorships": [{"author": {"display_name": f"Ada Berg{n}"}}],
                "primary_location": {"source": {"display_name": "Journal of Steps", "type": "journal"}},
                "type": "article",
            }
            for n in numbers
        ]
        return json.dumps({"results": results}).encode()
    papers = [
        {
            "paperId": f"{n:040x}",
            "externalIds": {"DOI": f"10.1000/W.{n}"},
            "title": f"{text} in study {n}",
            "year": 2000 + n % 25,
            "authors": [{"name": f"A. Berg{n}"}],
            "venue": "J. Steps",
        }
        for n in numbers[: PER_PAGE // 2]
    ]
    return json.dumps({"total": len(papers), "data": papers}).encode()


def collect(farm_url: str, folder: Path) -> Candidates:
    """Stage 4 with the real library over the farm."""
    changes = [f"output={folder}", "literature.mode=online"]
    for source, place in (("openalex", "openalex"), ("semantic_scholar", "scholar"), ("arxiv", "down")):
        changes += [f"literature.{source}.base_url={farm_url}/{place}"]
    live = library(load(overrides=changes, folder=folder))
    queries = tuple(
        SearchQuery(id=f"q{number}", text=text, about=(), sub_question="effect", sources=live.sources)
        for number, text in enumerate(WORDS)
    )
    plan = SearchPlan(queries=queries, include_when=(), exclude_when=())
    world = Context(
        library=live, **dict.fromkeys(("model", "laboratory", "illustrator", "typesetter", "shelf"), cast("None", None)), kits=()
    )  # type: ignore[arg-type]
    return literature_collect.run(literature_collect.Inputs(plan=plan), world)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=0)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder, Farm(Provider()) as farm:
        collect(farm.url, Path(folder) / "warm")  # imports and the catalogue's index are no part of the measurement
        farm.calls.clear()
        begun = time.perf_counter()
        found = collect(farm.url, Path(folder) / "measured")
        seconds = time.perf_counter() - begun
        serial = len(WORDS) * 3 * LATENCY_S
        print(f"{len(WORDS)} queries x 3 sources, {LATENCY_S} s each: {seconds:.2f} s, one after the other {serial:.1f} s")
        print(f"share of the serial time: {seconds / serial:.2f}; requests: {len(farm.calls)}; candidates: {len(found.candidates)}")
        for outcome in found.outcomes:
            print(f"  {outcome.source}: {outcome.found} found" + (f", {outcome.reason}" if outcome.reason else ""))
    if records:
        rng = random.Random(0)
        pool = [
            rng.choice(works()).model_copy(
                update={"key": "x", "confirmed_by": ("openalex",), "title": f"Study {n % 4000} of warm seas"}
            )
            for n in range(records)
        ]
        begun = time.perf_counter()
        united = unite(pool)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{records} records united to {len(united.works)} works in {time.perf_counter() - begun:.2f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
