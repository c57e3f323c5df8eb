"""Stage 4: search every source for every query at once and merge what comes back."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from stages.contracts import Candidate, Candidates, Contract, SearchPlan, SourceOutcome, Work
from stages.errors import EvidenceMissing, SourceUnavailable
from stages.ports import Context, SearchAnswer

WORKS_PER_QUERY = 60
"""Deep enough that a factor's own works come up behind the tagged ones; screening reads some two hundred (a guess)."""


class Inputs(Contract):
    plan: SearchPlan


def run(inputs: Inputs, ctx: Context) -> Candidates:
    """Every work that a query brought up, best first, each once.

    Raises:
        SourceUnavailable: no source answered (may be tried again).
        EvidenceMissing: the sources answered and know no work.
    """
    queries = inputs.plan.queries
    with ThreadPoolExecutor(max_workers=len(queries)) as pool:
        answers = list(pool.map(lambda query: ctx.library.search(query, WORKS_PER_QUERY), queries))
    outcomes = _merge_outcomes(answers)
    if not any(outcome.answered for outcome in outcomes):
        raise SourceUnavailable("; ".join(f"{outcome.source}: {outcome.reason}" for outcome in outcomes))

    works: dict[str, Work] = {}
    scores: dict[str, float] = defaultdict(float)
    found_by: dict[str, list[str]] = defaultdict(list)
    for query, answer in zip(queries, answers, strict=True):
        for work, score in answer.works:
            works.setdefault(work.key, work)
            scores[work.key] = max(scores[work.key], score)
            found_by[work.key].append(query.id)
    if not works:
        raise EvidenceMissing("the sources answered, and none knows a work for any query; widen the topic or the sources")
    ranked = sorted(works, key=lambda key: (-scores[key], key))
    return Candidates(
        candidates=tuple(Candidate(work=works[key], score=scores[key], queries=tuple(dict.fromkeys(found_by[key]))) for key in ranked),
        outcomes=outcomes,
    )


def _merge_outcomes(answers: list[SearchAnswer]) -> tuple[SourceOutcome, ...]:
    """One line per source: it answered if it answered any query; the last reason stands for the failures."""
    merged: dict[str, SourceOutcome] = {}
    for outcome in (outcome for answer in answers for outcome in answer.outcomes):
        before = merged.get(outcome.source)
        merged[outcome.source] = SourceOutcome(
            source=outcome.source,
            answered=outcome.answered or (before is not None and before.answered),
            found=outcome.found + (before.found if before else 0),
            reason=outcome.reason or (before.reason if before else None),
        )
    return tuple(merged.values())
