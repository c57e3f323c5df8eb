"""Stage 4: search every source for every query at once, follow citations one step, and merge what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Final

from stages.asking import at_once
from stages.b_literature.deduplication import unite
from stages.b_literature.ranking import balanced
from stages.contracts import Candidate, Candidates, Contract, SearchPlan, SourceOutcome, Work
from stages.errors import EvidenceMissing, SourceUnavailable
from stages.ports import Context, NeighbourAnswer, SearchAnswer

WORKS_PER_QUERY = 60
"""Deep enough that a factor's own works come up behind the tagged ones; screening reads some two hundred (a guess)."""


SEEDS: Final = 8
"""Works, the best of the search, whose references and citations are followed (five to ten are usual in snowballing)."""

NEIGHBOURS: Final = 50
"""Records for one seed and one direction."""

BY_CITATION: Final = "citation_graph"
"""Stands among a candidate's queries when following citations brought it up."""


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
    seeds = _candidates(found)[:SEEDS]
    graph = ctx.library.neighbours([seed.work for seed in seeds], queries, NEIGHBOURS)
    linked = [(BY_CITATION, work, score) for work, score in _worth_reading(graph, seeds)]
    return Candidates(candidates=_candidates([*found, *linked]), outcomes=_with_graph(outcomes, graph, len(linked)))


Hit = tuple[str, Work, float]
"""The query that brought a record up, the record, its score."""


def _candidates(found: Sequence[Hit]) -> tuple[Candidate, ...]:
    """The works behind the records, best first and in balance."""
    united = unite([work for _, work, _ in found])
    scores: dict[str, float] = defaultdict(float)
    found_by: dict[str, list[str]] = defaultdict(list)
    for (query_id, _, score), place in zip(found, united.place, strict=True):
        key = united.works[place].key
        scores[key] = max(scores[key], score)
        found_by[key].append(query_id)
    return balanced([_candidate(work, scores[work.key], found_by[work.key]) for work in united.works])


def _worth_reading(graph: NeighbourAnswer, seeds: Sequence[Candidate]) -> list[tuple[Work, float]]:
    """Neighbours of two seeds or more, and those that fit a query as well as the middle one of the seeds does."""
    asked = median(seed.score for seed in seeds)
    return [(near.work, near.score) for near in graph.neighbours if near.score > 0 and (len(near.seeds) > 1 or near.score >= asked)]


def _with_graph(outcomes: Sequence[SourceOutcome], graph: NeighbourAnswer, kept: int) -> tuple[SourceOutcome, ...]:
    """One line for all who were asked who cites whom; none where nobody knows."""
    if not graph.outcomes:
        return tuple(outcomes)
    silent = [f"{outcome.source}: {outcome.reason}" for outcome in graph.outcomes if not outcome.answered]
    line = SourceOutcome(
        source=f"citations in {' and '.join(dict.fromkeys(outcome.source for outcome in graph.outcomes))}",
        answered=any(outcome.answered for outcome in graph.outcomes),
        found=kept,
        reason="; ".join(silent) or None,
    )
    return (*outcomes, line)


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
