"""Searching and merging."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from stages.b_literature import literature_collect
from stages.contracts import Candidates, CitedWork, SearchPlan, SearchQuery, SourceOutcome, Work
from stages.errors import EvidenceMissing, SourceUnavailable
from stages.ports import Context, SearchAnswer

QUERY = SearchQuery(id="q", text="warm-up", about=(), sub_question="effect", sources=("catalogue",))
OTHER = QUERY.model_copy(update={"id": "other", "text": "seeds"})
WORK = Work(key="a2020work", title="A", authors=("A B",), year=2020, venue="V", type="journal", confirmed_by=("catalogue",))


class CannedLibrary:
    def __init__(self, answers: dict[str, SearchAnswer]) -> None:
        self._answers = answers

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        return self._answers[query.id]

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        return ()


def outcome(*, answered: bool = True, found: int = 0, reason: str | None = None) -> SourceOutcome:
    return SourceOutcome(source="catalogue", answered=answered, found=found, reason=reason)


def collect(context: Context, answers: dict[str, SearchAnswer]) -> Candidates:
    queries = tuple(query for query in (QUERY, OTHER) if query.id in answers)
    plan = SearchPlan(queries=queries, include_when=(), exclude_when=())
    return literature_collect.run(literature_collect.Inputs(plan=plan), replace(context, library=CannedLibrary(answers)))


def test_a_silent_library_is_an_error_not_an_empty_list(make_context: Callable[..., Context]) -> None:
    with pytest.raises(EvidenceMissing):
        collect(make_context(), {"q": SearchAnswer(works=(), outcomes=(outcome(),))})


def test_a_library_that_is_down_is_told_from_one_that_knows_nothing(make_context: Callable[..., Context]) -> None:
    down = SearchAnswer(works=(), outcomes=(outcome(answered=False, reason="no answer within 10 s"),))
    with pytest.raises(SourceUnavailable, match="no answer within 10 s"):
        collect(make_context(), {"q": down})


def test_a_work_found_twice_is_one_candidate_with_both_queries(make_context: Callable[..., Context]) -> None:
    answers = {
        "q": SearchAnswer(works=((WORK, 1.0),), outcomes=(outcome(found=1),)),
        "other": SearchAnswer(works=((WORK, 3.0),), outcomes=(outcome(found=1),)),
    }
    found = collect(make_context(), answers)
    assert [(c.work.key, c.score, c.queries) for c in found.candidates] == [("a2020work", 3.0, ("q", "other"))]
    assert found.outcomes == (outcome(found=2),)
