"""Searching and merging."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from stages.b_literature import literature_collect
from stages.contracts import Candidates, CitedWork, Reading, SearchPlan, SearchQuery, SourceOutcome, Work
from stages.errors import EvidenceMissing, SourceUnavailable
from stages.ports import Context, Neighbour, NeighbourAnswer, SearchAnswer

QUERY = SearchQuery(id="q", text="warm-up", about=(), sub_question="effect", sources=("catalogue",))
OTHER = QUERY.model_copy(update={"id": "other", "text": "seeds"})
WORK = Work(key="a2020work", title="A", authors=("A B",), year=2020, venue="V", type="journal", confirmed_by=("catalogue",))


class CannedLibrary:
    sources = ("catalogue",)

    def __init__(self, answers: dict[str, SearchAnswer], graph: NeighbourAnswer | None = None) -> None:
        self._answers, self._graph = answers, graph or NeighbourAnswer(neighbours=(), outcomes=())

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        return self._answers[query.id]

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        return self._graph

    def passages(self, work: Work, words: str) -> Reading:
        return Reading()

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        return ()


def outcome(*, answered: bool = True, found: int = 0, reason: str | None = None) -> SourceOutcome:
    return SourceOutcome(source="catalogue", answered=answered, found=found, reason=reason)


def collect(context: Context, answers: dict[str, SearchAnswer], graph: NeighbourAnswer | None = None) -> Candidates:
    queries = tuple(query for query in (QUERY, OTHER) if query.id in answers)
    plan = SearchPlan(queries=queries, include_when=(), exclude_when=())
    return literature_collect.run(literature_collect.Inputs(plan=plan), replace(context, library=CannedLibrary(answers, graph)))


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


LIVE = WORK.model_copy(update={"key": "b2020work", "doi": "10.1/x", "confirmed_by": ("openalex",)})


def test_records_of_two_sources_are_one_candidate_that_counts_both(make_context: Callable[..., Context]) -> None:
    same = LIVE.model_copy(update={"confirmed_by": ("crossref",), "title": "A, again"})
    found = collect(make_context(), {"q": SearchAnswer(works=((LIVE, 1.0), (same, 2.0)), outcomes=(outcome(found=2),))})
    (candidate,) = found.candidates
    assert (candidate.score, candidate.queries, candidate.records) == (2.0, ("q",), 2)
    assert candidate.work.confirmed_by == ("crossref", "openalex")


def test_one_source_down_costs_its_works_and_is_said(make_context: Callable[..., Context]) -> None:
    down = outcome(answered=False, reason="is not reached").model_copy(update={"source": "openalex"})
    found = collect(make_context(), {"q": SearchAnswer(works=((WORK, 1.0),), outcomes=(outcome(found=1), down))})
    assert [candidate.work for candidate in found.candidates] == [WORK]
    assert found.outcomes[1] == down


def test_nothing_at_all_names_the_sources_that_were_down(make_context: Callable[..., Context]) -> None:
    down = outcome(answered=False, reason="is not reached").model_copy(update={"source": "openalex"})
    with pytest.raises(EvidenceMissing, match="no answer from openalex: is not reached") as raised:
        collect(make_context(), {"q": SearchAnswer(works=(), outcomes=(outcome(), down))})
    assert raised.value.exit_code == 5


def test_citations_are_followed_and_chance_neighbours_left_out(make_context: Callable[..., Context]) -> None:
    near = {
        key: LIVE.model_copy(update={"key": key, "doi": f"10.1/{key}", "title": key}) for key in ("both", "fitting", "chance", "alien")
    }
    graph = NeighbourAnswer(
        neighbours=(
            Neighbour(work=near["both"], score=0.1, seeds=("a2020work", "c2020work")),
            Neighbour(work=near["fitting"], score=5.0, seeds=("a2020work",)),
            Neighbour(work=near["chance"], score=0.1, seeds=("a2020work",)),
            Neighbour(work=near["alien"], score=0.0, seeds=("a2020work", "c2020work")),
        ),
        outcomes=(
            SourceOutcome(source="OpenAlex", answered=True, found=4),
            SourceOutcome(source="OpenAlex", answered=False, found=0, reason="is down"),
        ),
    )
    found = collect(make_context(), {"q": SearchAnswer(works=((WORK, 1.0),), outcomes=(outcome(found=1),))}, graph)
    assert [(one.work.key, one.queries) for one in found.candidates] == [
        ("fitting", ("citation_graph",)),
        ("a2020work", ("q",)),
        ("both", ("citation_graph",)),
    ]
    assert found.outcomes[-1] == SourceOutcome(source="citations in OpenAlex", answered=True, found=2, reason="OpenAlex: is down")
