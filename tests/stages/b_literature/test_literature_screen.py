"""What may be cited."""

from __future__ import annotations

from collections.abc import Callable

from stages.b_literature import literature_screen
from stages.contracts import Brief, Candidate, Candidates, Contract, Work
from stages.pipeline import PIPELINE
from stages.ports import Context


def shortlist_with(
    extra: Work, walk: Callable[..., dict[type[Contract], Contract]], brief: Brief, context: Context
) -> literature_screen.Shortlist:
    """The shortlist of the usual study when the search also brought up `extra`, before everything else."""
    record = walk(PIPELINE[:4], brief, context)
    found = record[Candidates]
    assert isinstance(found, Candidates)
    queries = found.candidates[0].queries
    candidates = (Candidate(work=extra, score=1e6, queries=queries), *found.candidates)
    record[Candidates] = found.model_copy(update={"candidates": candidates})
    made = PIPELINE[4].run(PIPELINE[4].gather(record), context)
    assert isinstance(made, literature_screen.Shortlist)
    return made


def reason(shortlist: literature_screen.Shortlist, key: str) -> tuple[bool, str]:
    return next((one.included, one.reason) for one in shortlist.decisions if one.key == key)


LIVE = Work(
    key="berg2021warm",
    title="Learning-rate schedules",
    authors=("Ada Berg",),
    year=2021,
    venue="V",
    type="journal",
    confirmed_by=("openalex",),
    about=("schedule",),
    abstract="Steps grow.",
)


def test_rules_leave_a_work_with_only_an_abstract_uncited_and_say_so(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    assert reason(shortlist_with(LIVE, walk, make_brief(), make_context()), LIVE.key) == (
        False,
        "has an abstract but no summary in our words, and rules do not paraphrase",
    )


def test_a_retracted_work_is_never_included(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    read = LIVE.model_copy(update={"gist": "studied schedules"})
    assert reason(shortlist_with(read, walk, make_brief(), make_context()), LIVE.key)[0]
    retracted = read.model_copy(update={"retracted": True})
    assert reason(shortlist_with(retracted, walk, make_brief(), make_context()), LIVE.key) == (False, "retracted")
