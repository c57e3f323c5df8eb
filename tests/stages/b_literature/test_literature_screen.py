"""What may be cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from researchclaw.adapters.catalogue import Catalogue
from stages.b_literature import literature_screen
from stages.contracts import Brief, Candidate, Candidates, CitedWork, Contract, Guidance, PrismaCounts, Work
from stages.errors import UserMustAct
from stages.pipeline import PIPELINE
from stages.ports import Context, Question


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


class Sources(Catalogue):
    """The catalogue beside a source that says of live works what it is told."""

    def __init__(self, verdict: str = "verified", repaired: Work | None = None) -> None:
        super().__init__()
        self._told, self._repaired = verdict, repaired

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        told = {"verdict": self._told, "evidence": ("told",), "repaired": self._repaired}
        return tuple(
            super(Sources, self).verify((work,))[0] if self.holds(work) else CitedWork.model_validate({"key": work.key, **told})
            for work in works
        )


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
    world = replace(make_context(), library=Sources())
    assert reason(shortlist_with(read, walk, make_brief(), world), LIVE.key)[0]
    retracted = read.model_copy(update={"retracted": True})
    assert reason(shortlist_with(retracted, walk, make_brief(), world), LIVE.key) == (False, "retracted")


READ = LIVE.model_copy(update={"gist": "studied schedules"})


@pytest.mark.parametrize("verdict", ["not found", "not checked", "retracted", "mismatch"])
def test_what_no_source_confirms_is_left_out_with_the_reason(
    verdict: str,
    walk: Callable[..., dict[type[Contract], Contract]],
    make_brief: Callable[..., Brief],
    make_context: Callable[..., Context],
) -> None:
    made = shortlist_with(READ, walk, make_brief(), replace(make_context(), library=Sources(verdict)))
    assert reason(made, READ.key) == (False, f"not confirmed: {verdict} (told)")
    assert READ.key not in {work.key for work in made.works}
    assert made.counts.included == len(made.works)
    candidates = Candidates(candidates=(Candidate(work=READ, score=1, queries=("q",)),), outcomes=())
    with pytest.raises(UserMustAct, match="cannot be kept: not confirmed"):
        literature_screen.with_choice(made, candidates, drop=(), keep=(READ.key,), reason="a person's word")


def test_the_settings_may_let_unchecked_works_pass_and_nothing_else(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    lenient = make_brief(allow_unchecked=True)
    made = shortlist_with(READ, walk, lenient, replace(make_context(), library=Sources("not checked")))
    assert reason(made, READ.key)[0]
    assert [cited.key for cited in made.doubted] == [READ.key]
    assert "not checked, as the settings allow" in literature_screen.question(made).body
    made = shortlist_with(READ, walk, lenient, replace(make_context(), library=Sources("not found")))
    assert not reason(made, READ.key)[0]


def test_a_record_that_disagrees_with_its_source_is_repaired_before_it_is_cited(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    right = READ.model_copy(update={"year": 2019, "authors": ("Ada Berg", "Bo Li")})
    made = shortlist_with(READ, walk, make_brief(), replace(make_context(), library=Sources("mismatch", right)))
    assert next(work for work in made.works if work.key == READ.key) == right
    assert "repaired from its source: told" in literature_screen.question(made).body


def test_the_tail_of_the_ranking_is_not_read_and_each_work_of_it_says_why(
    walk: Callable[..., dict[type[Contract], Contract]], make_brief: Callable[..., Brief], make_context: Callable[..., Context]
) -> None:
    brief, context = make_brief(max_works=20), make_context()
    record = walk(PIPELINE[:4], brief, context)
    found = record[Candidates]
    assert isinstance(found, Candidates)
    query = found.candidates[0].queries
    tail = tuple(
        Candidate(work=LIVE.model_copy(update={"key": f"tail{n}", "gist": "grew trees"}), score=0.0, queries=query) for n in range(3)
    )
    silent = Candidate(work=LIVE.model_copy(update={"key": "silent", "gist": None, "abstract": None}), score=0.0, queries=query)
    record[Candidates] = found.model_copy(update={"candidates": (silent, *found.candidates, *tail)})
    asked: list[literature_screen.ScreenQuestion] = []

    class Listening:
        name = "listening"

        def ask(self, question: Question, answer: type[Contract]) -> Contract:
            if isinstance(question, literature_screen.ScreenQuestion):
                asked.append(question)
            return context.model.ask(question, answer)

    named = replace(context, model=Listening(), guidance=(Guidance(stage=5, message="keep tail1", by="x"),))
    made = PIPELINE[4].run(PIPELINE[4].gather(record), named)
    assert isinstance(made, literature_screen.Shortlist)
    read = [candidate.work.key for candidate in asked[0].candidates.candidates]
    most = literature_screen.READ_FOR_ONE_PLACE * 20
    assert most <= len(read) < len(found.candidates)
    assert "tail1" in read
    assert not {"silent", "tail0", "tail2"} & set(read)
    assert reason(made, "tail0") == (False, f"not among the first {most} works with a summary, as the search ranks them; not read")
    assert reason(made, "silent") == (False, "no summary that a sentence could rest on")
    assert len(made.decisions) == len(found.candidates) + 4
    unread = len(made.decisions) - len(read)
    assert (made.counts.screened, made.counts.removed_by_rule) == (len(read), unread)
    assert_adds_up(made.counts)
    assert f"duplicates, {unread} left out unread by rule, {len(read)} screened" in literature_screen.question(made).body
    every = record[Candidates]
    assert isinstance(every, Candidates)
    kept = literature_screen.with_choice(made, every, drop=[made.works[0].key], keep=["tail0"], reason="told")
    assert (kept.counts.screened, kept.counts.removed_by_rule) == (len(read) + 1, unread - 1)
    assert_adds_up(kept.counts)
    again = literature_screen.with_choice(kept, every, drop=["tail0"], keep=[], reason="told")
    assert (again.counts.screened, again.counts.included) == (len(read) + 1, made.counts.included - 1)
    assert_adds_up(again.counts)
    for query_id in {name for candidate in found.candidates for name in candidate.queries}:
        own = [c.work.key for c in found.candidates if query_id in c.queries and (c.work.gist or c.work.abstract)]
        assert set(own[: literature_screen.READ_OF_A_QUERY]) <= set(read)


def assert_adds_up(counts: PrismaCounts) -> None:
    assert counts.identified == counts.duplicates + counts.removed_by_rule + counts.screened
    assert counts.screened == counts.excluded + counts.included


def test_counts_of_older_records_load_and_say_nothing_of_the_rule() -> None:
    older = {"identified": 5, "duplicates": 1, "screened": 4, "excluded": 2, "included": 2}
    assert PrismaCounts.model_validate(older).model_dump() == older
