"""Stage 4: search every source for every query at once and merge what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from stages.asking import at_once
from stages.b_literature.deduplication import unite
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
    answers = at_once(lambda query: ctx.library.search(query, WORKS_PER_QUERY), queries)
    outcomes = _merge_outcomes(answers)
    if not any(outcome.answered for outcome in outcomes):
        raise SourceUnavailable("; ".join(f"{outcome.source}: {outcome.reason}" for outcome in outcomes))

    found = [(query.id, work, score) for query, answer in zip(queries, answers, strict=True) for work, score in answer.works]
    if not found:
        silent = [f"{outcome.source}: {outcome.reason}" for outcome in outcomes if not outcome.answered]
        raise EvidenceMissing(
            "the sources that answered know no work for any query; widen the topic or the sources"
            + (f" (no answer from {'; '.join(silent)})" if silent else "")
        )
    united = unite([work for _, work, _ in found])
    scores: dict[str, float] = defaultdict(float)
    found_by: dict[str, list[str]] = defaultdict(list)
    for (query_id, _, score), place in zip(found, united.place, strict=True):
        key = united.works[place].key
        scores[key] = max(scores[key], score)
        found_by[key].append(query_id)
    candidates = (_candidate(work, scores[work.key], found_by[work.key]) for work in united.works)
    return Candidates(candidates=tuple(sorted(candidates, key=lambda one: (-one.score, one.work.key))), outcomes=outcomes)


def _candidate(work: Work, score: float, found_by: Sequence[str]) -> Candidate:
    queries = tuple(dict.fromkeys(found_by))
    return Candidate(work=work, score=score, queries=queries, records=len(found_by) if len(found_by) > len(queries) else 0)


def _merge_outcomes(answers: Sequence[SearchAnswer]) -> tuple[SourceOutcome, ...]:
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
