"""Stage 4 against a simulated provider farm on loopback: 8 queries, 3 sources, 0.3 s latency, 429s, one source down.

python benchmarks/literature.py          prints the seconds of stage 4 and of the same requests one after the other
python benchmarks/literature.py --records 10000     stages 4 and 5 over that many candidate records instead: merged, ranked and
                                                    screened, with the seconds and the peak of memory in MB

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
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

from provider_farm import Call, Canned, Farm

from researchclaw import hardware
from researchclaw.adapters.catalogue import works
from researchclaw.settings import load
from researchclaw.wiring import library
from stages.a_scoping import topic_init
from stages.b_literature import literature_collect, literature_screen
from stages.contracts import Brief, Candidates, CitedWork, SearchPlan, SearchQuery, Shortlist, SourceOutcome, Work
from stages.ports import Context, Library, NeighbourAnswer, SearchAnswer

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


class Many:
    """A library that brings up a given number of records, a third of them twice; it verifies whatever is chosen."""

    sources = ("catalogue", "openalex", "semantic_scholar")

    def __init__(self, records: int) -> None:
        rng, known = random.Random(0), works()
        self._found: list[list[tuple[Work, float]]] = [[] for _ in WORDS]
        for number in range(records):
            of = rng.choice(known)
            serial = rng.randrange(records * 2 // 3)
            change = {
                "key": f"study{serial}",
                "title": f"Study {serial} of {of.title}",
                "doi": f"10.1000/w.{serial}" if serial % 3 else None,
                "arxiv_id": None,
                "year": 2000 + serial % 25,
                "abstract": " ".join(rng.choices(WORDS, k=60)),
                "confirmed_by": (self.sources[1 + number % 2],),
            }
            self._found[number % len(WORDS)].append((of.model_copy(update=change), rng.random() * 20))

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        found = tuple(self._found[int(query.id.removeprefix("q"))])
        return SearchAnswer(works=found, outcomes=(SourceOutcome(source="openalex", answered=True, found=len(found)),))

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        return NeighbourAnswer(neighbours=(), outcomes=())

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        return tuple(CitedWork(key=work.key, verdict="verified", evidence=("told",)) for work in works)


def screened(records: int) -> tuple[Shortlist, float]:
    """Stages 4 and 5 with the rule-based researcher, and their seconds."""
    from researchclaw.adapters.offline import OfflineResearcher
    from researchclaw.kits import shipped_kits

    parts = dict.fromkeys(("laboratory", "illustrator", "typesetter", "shelf"), cast("None", None))
    world = Context(model=OfflineResearcher(), library=cast("Library", Many(records)), kits=shipped_kits(), **parts)  # type: ignore[arg-type]
    queries = tuple(
        SearchQuery(id=f"q{number}", text=text, about=("schedule",), sub_question="effect", sources=("openalex",))
        for number, text in enumerate(WORDS)
    )
    plan = SearchPlan(queries=queries, include_when=(), exclude_when=())
    brief = Brief(
        topic="Does the learning-rate schedule matter for tiny language models?",
        budget_s=20, seeds=3, max_conditions=3, refine_attempts=0, confirm_seeds=0, scored_bytes=None, max_hours=1, max_works=40,
        author="A. Author", researcher="rule-based researcher", hardware=hardware.found(),
    )  # fmt: skip
    goal = topic_init.run(topic_init.Inputs(brief=brief), world)
    begun = time.perf_counter()
    candidates = literature_collect.run(literature_collect.Inputs(plan=plan), world)
    inputs = literature_screen.Inputs(brief=brief, goal=goal, plan=plan, candidates=candidates)
    return literature_screen.run(inputs, world), time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=0)
    records = parser.parse_args().records
    if records:
        shortlist, seconds = screened(records)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        counts = shortlist.counts
        told = f"{counts.identified} records, {counts.screened} works screened, {counts.included} included"
        print(f"{told}: {seconds:.2f} s, peak {peak:.0f} MB")
        return
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


if __name__ == "__main__":
    main()
