"""Stage 5: decide which works may be cited, each with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pydantic import Field, PositiveInt

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted
from stages.contracts import (
    Brief,
    Candidates,
    Contract,
    Factor,
    GateQuestion,
    Goal,
    PrismaCounts,
    Screened,
    SearchPlan,
    Shortlist,
)
from stages.errors import EvidenceMissing, UserMustAct
from stages.ports import Context, Question


class Inputs(Contract):
    brief: Brief
    goal: Goal
    plan: SearchPlan
    candidates: Candidates


class ScreenQuestion(Question):
    """Which candidates enter the shortlist, and why?"""

    template: ClassVar[str] = "b_literature/literature_screen.md.j2"

    goal: Goal
    plan: SearchPlan
    candidates: Candidates
    factors: tuple[Factor, ...]
    at_most: int
    guidance: tuple[str, ...]

    def faults(self, answer: Screening) -> Iterator[str]:
        yield from _faults(answer, self)


class Included(Contract):
    number: PositiveInt = Field(description="Place among the candidates, from 1.")
    reason: str


class Excluded(Contract):
    """Works that are left out for the same reason."""

    reason: str
    numbers: tuple[PositiveInt, ...]


class Screening(Contract):
    """Every candidate by its number, in exactly one place; a work has no other name here, so none can be invented."""

    included: tuple[Included, ...]
    excluded: tuple[Excluded, ...]
    guidance_not_understood: tuple[str, ...] = ()


def run(inputs: Inputs, ctx: Context) -> Shortlist:
    """The shortlist with PRISMA counts; every candidate has a decision.

    Raises:
        MalformedAnswer: a candidate was left undecided or decided twice, too many were included, or one without a text.
        EvidenceMissing: nothing was included.
    """
    candidates = inputs.candidates.candidates
    question = ScreenQuestion(
        goal=inputs.goal,
        plan=inputs.plan,
        candidates=inputs.candidates,
        factors=studied_factors(inputs.goal, kit_of(inputs.goal, ctx)),
        at_most=inputs.brief.max_works,
        guidance=tuple(item.message for item in ctx.guidance),
    )
    screening = accepted(ctx, question, Screening)
    reasons = {one.number: Screened(key="", included=True, reason=one.reason) for one in screening.included}
    reasons |= {
        number: Screened(key="", included=False, reason=group.reason) for group in screening.excluded for number in group.numbers
    }
    decisions = tuple(
        reasons[number].model_copy(update={"key": candidate.work.key}) for number, candidate in enumerate(candidates, start=1)
    )
    retracted = {candidate.work.key for candidate in candidates if candidate.work.retracted}
    decisions = tuple(
        Screened(key=decision.key, included=False, reason="retracted") if decision.key in retracted else decision
        for decision in decisions
    )
    included = {decision.key for decision in decisions if decision.included}
    works = tuple(candidate.work for candidate in candidates if candidate.work.key in included)
    if not works:
        raise EvidenceMissing("the screening left no work to cite; widen the topic or the search")
    identified = sum(candidate.records or len(candidate.queries) for candidate in candidates)
    return Shortlist(
        works=works,
        decisions=decisions,
        counts=PrismaCounts(
            identified=identified,
            duplicates=identified - len(candidates),
            screened=len(candidates),
            excluded=len(candidates) - len(works),
            included=len(works),
        ),
        guidance_not_understood=screening.guidance_not_understood,
    )


def _faults(screening: Screening, question: ScreenQuestion) -> list[str]:
    candidates = question.candidates.candidates
    included = [one.number for one in screening.included]
    numbers = sorted([*included, *(number for group in screening.excluded for number in group.numbers)])
    if numbers != list(range(1, len(candidates) + 1)):
        missing = sorted(set(range(1, len(candidates) + 1)) - set(numbers))
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        strange = sorted(set(numbers) - set(range(1, len(candidates) + 1)))
        return [
            f"the screening must decide on each candidate exactly once, and on nothing else: undecided {missing[:20]}, "
            f"decided twice {twice[:20]}, no candidates {strange[:20]}"
        ]
    if len(included) > question.at_most:
        return [f"{len(included)} works are included; {question.at_most} is the limit"]
    silent = [number for number in included if not (work := candidates[number - 1].work).gist and not work.abstract]
    return [f"works without a summary are included: {silent}"] if silent else []


def with_choice(output: Shortlist, candidates: Candidates, *, drop: Sequence[str], keep: Sequence[str], reason: str) -> Shortlist:
    """The shortlist as a person wants it: works dropped, works that were left out kept; works stay in the order of the search.

    reason: stands with each decision that was changed.
    Raises:
        UserMustAct: a work is no candidate, has no summary that a sentence could rest on, or none is left.
    """
    known = {candidate.work.key: candidate.work for candidate in candidates.candidates}
    if strangers := sorted({*drop, *keep} - known.keys()):
        raise UserMustAct(f"the search did not bring up {', '.join(strangers)}")
    if both := sorted(set(drop) & set(keep)):
        raise UserMustAct(f"{', '.join(both)} cannot be dropped and kept")
    if empty := [key for key in keep if known[key].gist is None]:
        raise UserMustAct(f"{', '.join(empty)} cannot be kept: the record has no summary that a sentence could rest on")
    wanted = ({decision.key for decision in output.decisions if decision.included} | set(keep)) - set(drop)
    if not wanted:
        raise UserMustAct("no work would be left to cite")
    decisions = tuple(
        decision
        if decision.included == (decision.key in wanted)
        else Screened(key=decision.key, included=decision.key in wanted, reason=reason)
        for decision in output.decisions
    )
    works = tuple(work for key, work in known.items() if key in wanted)
    counts = output.counts.model_copy(update={"excluded": output.counts.screened - len(works), "included": len(works)})
    return output.model_copy(update={"works": works, "decisions": decisions, "counts": counts})


def question(output: Shortlist) -> GateQuestion:
    """May these works be cited?"""
    reasons = {decision.key: decision.reason for decision in output.decisions}
    rows = "\n".join(f"| {work.key} | {_cell(work.title)} | {work.year} | {_cell(reasons[work.key])} |" for work in output.works)
    dropped = "\n".join(f"- {decision.key}: {decision.reason}" for decision in output.decisions if not decision.included)
    not_understood = "".join(f"- not understood, and without effect: {_cell(text)}\n\n" for text in output.guidance_not_understood)
    counts = output.counts
    return GateQuestion(
        stage=5,
        title="May these works be cited?",
        body=(
            f"{counts.identified} records found, {counts.duplicates} duplicates, {counts.screened} screened, "
            f"{counts.excluded} excluded, **{counts.included} included**.\n\n"
            f"| key | title | year | reason |\n|---|---|---|---|\n{rows}\n\n"
            f"Left out:\n\n{dropped or '- nothing'}\n\n{not_understood}"
            "To change the list, reject with a comment such as `drop KEY`, `keep KEY` or `also search for WORDS`."
        ),
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
