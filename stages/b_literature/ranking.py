"""An order of candidates in which no venue, no year and no first author crowds out the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from stages.b_literature.names import family, folded
from stages.contracts import Candidate, Work

BALANCED: Final = 200
"""Places at the top that are put in balance; nobody reads further down (a guess)."""

LOSS: Final = 0.05
"""Part of its score that a work loses for each one above it of the same venue, years or first author (a guess: three of a kind
cost as much as a rank among close hits, and a work that fits twice as well never falls behind)."""

MOST_LOSSES: Final = 8

YEARS: Final = 3
"""Years that count as one: preprint, conference and journal of one line of work."""

ASKED_FOR: Final = 100.0
"""From this score on a work was asked for by its key; those come first as they are."""


def balanced(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, best first, the top of the list spread over venues, years and first authors; scores stay as they are."""
    ordered = sorted(candidates, key=lambda one: (-one.score, one.work.key))
    asked = [one for one in ordered if one.score >= ASKED_FOR]
    rest = ordered[len(asked) :]
    seen: Counter[str] = Counter()
    for one in asked:
        seen.update(_kinds(one.work))
    top = [(one, tuple(_kinds(one.work))) for one in rest[:BALANCED]]
    spread: list[Candidate] = []
    while top:
        best = max(top, key=lambda pair: (pair[0].score * (1 - LOSS * min(MOST_LOSSES, _crowd(pair[1], seen))), pair[0].work.key))
        top.remove(best)
        spread.append(best[0])
        seen.update(best[1])
    return (*asked, *spread, *rest[BALANCED:])


def _crowd(kinds: tuple[str, ...], seen: Counter[str]) -> int:
    """How often the works above share the venue, the years or the first author, beyond one each."""
    return sum(max(0, seen[kind] - 1) for kind in kinds)


def _kinds(work: Work) -> Iterator[str]:
    if work.venue and folded(work.venue) != "arxiv":
        yield f"venue {folded(work.venue)}"
    yield f"years {work.year // YEARS}"
    yield f"author {family(work.authors[0])} {folded(work.authors[0])[:1]}"
