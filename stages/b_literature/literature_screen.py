"""Stage 5: decide which works may be cited, each with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from pydantic import Field, PositiveInt

from stages.a_scoping.study import kit_of, studied_factors
from stages.asking import accepted
from stages.b_literature.literature_collect import BY_CITATION
from stages.contracts import (
    Brief,
    Candidate,
    Candidates,
    CitedWork,
    Contract,
    Factor,
    GateQuestion,
    Goal,
    PrismaCounts,
    Screened,
    SearchPlan,
    Shortlist,
    Work,
)
from stages.errors import EvidenceMissing, UserMustAct
from stages.ports import Context, Question

READ_FOR_ONE_PLACE = 4
"""Candidates that are read for each place on the shortlist, best first (a guess: of 282 candidates for 40 places, of which 160 are
read so, the rule-based researcher chose none from beyond the 101st)."""
READ_OF_A_QUERY = 5
"""The best of each query are read wherever the search as a whole ranks them, so that no query goes unread (a guess)."""


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

    Three decisions are no matter of judgement and are made by rule: on works that are retracted, that have no text, and that the
    search ranks so low that nobody reads on, unless the kit, the plan or a person names them.

    What is chosen is verified at once, before a sentence rests on it: a record that disagrees with its source is repaired from
    the source, and what no source confirms is left out.

    Raises:
        MalformedAnswer: a candidate was left undecided or decided twice, too many were included, or one without a text.
        EvidenceMissing: nothing was included.
    """
    candidates = inputs.candidates.candidates
    guidance = tuple(item.message for item in ctx.guidance)
    factors = studied_factors(inputs.goal, kit_of(inputs.goal, ctx))
    unread = _left_out_by_rule(inputs, factors, guidance)
    read = tuple(candidate for candidate in candidates if candidate.work.key not in unread)
    if not read:
        raise EvidenceMissing("no work that was found has a summary that a sentence could rest on; widen the topic or the search")
    question = ScreenQuestion(
        goal=inputs.goal,
        plan=inputs.plan,
        candidates=inputs.candidates.model_copy(update={"candidates": read}),
        factors=factors,
        at_most=inputs.brief.max_works,
        guidance=guidance,
    )
    screening = accepted(ctx, question, Screening)
    judged = _judged(screening, [candidate.work.key for candidate in read])
    chosen = [candidate.work for candidate in read if judged[candidate.work.key].included]
    if not chosen:
        raise EvidenceMissing("the screening left no work to cite; widen the topic or the search")
    verdicts = {cited.key: cited for cited in ctx.library.verify(chosen)}
    works = _confirmed(chosen, verdicts, allow_unchecked=inputs.brief.allow_unchecked)
    if not works:
        doubts = "; ".join(_unconfirmed(cited) for cited in list(verdicts.values())[:3])
        raise EvidenceMissing(
            f"of {len(chosen)} works that were chosen none is confirmed ({doubts}); try again when the sources answer"
        )
    dropped = verdicts.keys() - {work.key for work in works}
    decided = (
        judged
        | {key: Screened(key=key, included=False, reason=reason, by_rule=True) for key, reason in unread.items()}
        | {key: Screened(key=key, included=False, reason=_unconfirmed(verdicts[key])) for key in dropped}
    )
    return Shortlist(
        works=works,
        decisions=tuple(decided[candidate.work.key] for candidate in candidates),
        counts=_counted(candidates, read=len(read), included=len(works)),
        doubted=tuple(cited for cited in verdicts.values() if cited.verdict != "verified"),
        guidance_not_understood=screening.guidance_not_understood,
    )


def _left_out_by_rule(inputs: Inputs, factors: Sequence[Factor], guidance: Sequence[str]) -> dict[str, str]:
    """Key -> the reason why the work is left out unread."""
    texts = (*guidance, *(sentence for factor in factors for sentence in factor.background))
    named = {key for query in inputs.plan.queries for key in query.keys} | set(re.findall(r"\w+", " ".join(texts)))
    named |= {key for factor in factors for level in factor.levels for key in level.works}
    most = READ_FOR_ONE_PLACE * inputs.brief.max_works
    of_query: Counter[str] = Counter()
    unread: dict[str, str] = {}
    place = 0
    for candidate in inputs.candidates.candidates:
        work = candidate.work
        if work.retracted:
            unread[work.key] = "retracted"
        elif not work.gist and not work.abstract:
            unread[work.key] = "no summary that a sentence could rest on"
        else:
            place += 1
            of_query.update(candidate.queries)
            best_of_a_query = any(of_query[query] <= READ_OF_A_QUERY for query in candidate.queries)
            if place > most and work.key not in named and not best_of_a_query:
                unread[work.key] = f"not among the first {most} works with a summary, as the search ranks them; not read"
    return unread


def _judged(screening: Screening, keys: Sequence[str]) -> dict[str, Screened]:
    """Key -> the decision on it. keys: of the candidates in the order of their numbers."""
    judged = {keys[one.number - 1]: Screened(key=keys[one.number - 1], included=True, reason=one.reason) for one in screening.included}
    for group in screening.excluded:
        for key in (keys[number - 1] for number in group.numbers):
            judged[key] = Screened(key=key, included=False, reason=group.reason)
    return judged


def _counted(candidates: Sequence[Candidate], *, read: int, included: int) -> PrismaCounts:
    identified = sum(candidate.records or len(candidate.queries) for candidate in candidates)
    return PrismaCounts(
        identified=identified,
        duplicates=identified - len(candidates),
        removed_by_rule=len(candidates) - read,
        screened=read,
        excluded=read - included,
        included=included,
        by_citation=sum(BY_CITATION in candidate.queries for candidate in candidates),
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


def _confirmed(chosen: Sequence[Work], verdicts: Mapping[str, CitedWork], *, allow_unchecked: bool) -> tuple[Work, ...]:
    """Verified works as they are, others as their source has them; what nobody confirms only where the settings allow it."""
    kept: list[Work] = []
    for work in chosen:
        cited = verdicts[work.key]
        if cited.verdict == "verified" or (cited.verdict == "not checked" and allow_unchecked):
            kept.append(work)
        elif cited.verdict == "mismatch" and cited.repaired is not None:
            kept.append(cited.repaired)
    return tuple(kept)


def _unconfirmed(cited: CitedWork) -> str:
    return f"not confirmed: {cited.verdict} ({'; '.join(cited.evidence)})"


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
    doubted = {cited.key: cited for cited in output.doubted}
    if false := [key for key in keep if key in doubted and not _is_included(output, key)]:
        raise UserMustAct(f"{false[0]} cannot be kept: {_unconfirmed(doubted[false[0]])}")
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
    settled = known | {work.key: work for work in output.works}  # a record that was repaired stays repaired
    works = tuple(settled[key] for key in known if key in wanted)
    return output.model_copy(update={"works": works, "decisions": decisions, "counts": recounted(output.counts, decisions)})


def recounted(counts: PrismaCounts, decisions: Sequence[Screened]) -> PrismaCounts:
    """The flow after a person's decisions: a work of those that a rule left out counts as screened once a person has decided on it."""
    removed = sum(one.by_rule for one in decisions)
    included = sum(one.included for one in decisions)
    screened = counts.screened + counts.removed_by_rule - removed
    flow = {"removed_by_rule": removed, "screened": screened, "excluded": screened - included, "included": included}
    return counts.model_copy(update=flow)


def _is_included(output: Shortlist, key: str) -> bool:
    return any(decision.included for decision in output.decisions if decision.key == key)


def question(output: Shortlist) -> GateQuestion:
    """May these works be cited?"""
    reasons = {decision.key: decision.reason for decision in output.decisions}
    rows = "\n".join(f"| {work.key} | {_cell(work.title)} | {work.year} | {_cell(reasons[work.key])} |" for work in output.works)
    dropped = "\n".join(f"- {decision.key}: {decision.reason}" for decision in output.decisions if not decision.included)
    not_understood = "".join(f"- not understood, and without effect: {_cell(text)}\n\n" for text in output.guidance_not_understood)
    counts = output.counts
    removed = f"{counts.removed_by_rule} left out unread by rule, " if counts.removed_by_rule else ""
    return GateQuestion(
        stage=5,
        title="May these works be cited?",
        body=(
            f"{counts.identified} records found, {counts.duplicates} duplicates, {removed}{counts.screened} screened, "
            f"{counts.excluded} excluded, **{counts.included} included**.\n\n"
            f"| key | title | year | reason |\n|---|---|---|---|\n{rows}\n\n"
            f"{_doubts(output)}"
            f"Left out:\n\n{dropped or '- nothing'}\n\n{not_understood}"
            "To change the list, reject with a comment such as `drop KEY`, `keep KEY` or `also search for WORDS`."
        ),
    )


def _doubts(output: Shortlist) -> str:
    """What is on the list although its record did not stand the first look."""
    lines = [
        f"- {cited.key}: {'repaired from its source' if cited.repaired else 'not checked, as the settings allow'}: "
        f"{_cell('; '.join(cited.evidence))}"
        for cited in output.doubted
        if _is_included(output, cited.key)
    ]
    return "Not confirmed as they stood:\n\n" + "\n".join(lines) + "\n\n" if lines else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
