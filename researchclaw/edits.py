"""A person's version of a stage's output: checked against its type and against itself, and refused where it would be a fact."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from researchclaw.kits import shipped_kits
from stages import contracts as c
from stages.a_scoping import study
from stages.b_literature import literature_screen
from stages.d_design import experiment_design
from stages.errors import UserMustAct

FACTS: tuple[type[c.Contract], ...] = (
    c.Candidates,
    c.KnowledgeCards,
    c.CodeBundle,
    c.Schedule,
    c.RunRecords,
    c.RefinedRecords,
    c.Analysis,
    c.QualityReport,
    c.Archive,
    c.Deliverables,
    c.VerificationReport,
)
"""What was found, measured, computed or checked; a person may have it done again, not say how it came out."""


class EditRefused(UserMustAct):
    """The edited output cannot take the stage's place; the message says why."""


def check_editable(contract: type[c.Contract]) -> None:
    """Raises: EditRefused: the output is no opinion."""
    if contract in FACTS:
        raise EditRefused(
            f"{contract.__name__} says what was found, measured or checked, and that is not edited; "
            "edit or guide an earlier stage, or have this one done again with --from-stage"
        )


def edited_output(before: c.Contract, text: str) -> c.Contract:
    """The output as a person wrote it, in JSON.

    Raises:
        EditRefused: it is a fact, does not fit its type, contradicts itself, or nothing was changed.
    """
    check_editable(type(before))
    try:
        after = type(before).model_validate_json(text)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the text"
        raise EditRefused(f"the output does not fit its type: {place}: {first['msg']}") from exc
    if after == before:
        raise EditRefused("nothing was changed")
    if isinstance(before, c.Goal) and isinstance(after, c.Goal):
        return _goal(before, after)
    if isinstance(before, c.Hypotheses) and isinstance(after, c.Hypotheses):
        return _hypotheses(after)
    if isinstance(before, c.ExperimentPlan) and isinstance(after, c.ExperimentPlan):
        return _plan(before, after)
    if isinstance(before, c.Shortlist) and isinstance(after, c.Shortlist):
        return _shortlist(before, after)
    if _bound(after) != _bound(before):
        raise EditRefused("'bound' says which sentences were put by reference, and is not edited; edit the Markdown")
    return after


def _bound(output: c.Contract) -> tuple[c.BoundSentence, ...]:
    """Of a manuscript, revised or not, what the program itself changed in it."""
    if isinstance(output, c.RevisedManuscript):
        return output.manuscript.bound
    return output.bound if isinstance(output, c.Manuscript) else ()


def _goal(before: c.Goal, after: c.Goal) -> c.Goal:
    """What is asked may be said otherwise; what is studied with, and on, was found."""
    for name in ("topic", "kit", "metric", "hardware", "blueprint"):
        if getattr(after, name) != getattr(before, name):
            raise EditRefused(f"{name} is not the goal's to change; start a run with --topic and --kit")
    if (after.study, [match.factor for match in after.matches]) != (before.study, [match.factor for match in before.matches]):
        raise EditRefused("the factors of the study are not edited; start a run whose topic names others")
    factors = study.studied_factors(before, study.kit_among(before, shipped_kits()))
    for match in after.matches:
        known = {level.name for factor in factors for level in factor.levels if factor.name == match.factor}
        if strangers := sorted(set(match.levels) - known):
            raise EditRefused(f"{match.factor} has no level {', '.join(strangers)}; it has {', '.join(sorted(known))}")
    return after


def _hypotheses(after: c.Hypotheses) -> c.Hypotheses:
    """Each is about conditions that are there; one that was rejected is about a level that was left out."""
    ids = [one.id for one in (*after.hypotheses, *after.rejected)]
    if len(set(ids)) != len(ids):
        raise EditRefused("two hypotheses have the same id")
    conditions = _conditions(after.contrasts)
    for one in after.hypotheses:
        if strangers := sorted({one.treatment, one.reference} - conditions):
            raise EditRefused(f"hypothesis {one.id} is about unknown conditions: {', '.join(strangers)}")
    return after


def _conditions(conditions: Sequence[c.Contrast]) -> set[str]:
    """Their ids: each once, and the baseline first.

    Raises:
        EditRefused: they are no study.
    """
    ids = [condition.id for condition in conditions]
    if len(set(ids)) != len(ids):
        raise EditRefused("two conditions have the same id")
    if not ids or [condition.role for condition in conditions].count("baseline") != 1 or conditions[0].role != "baseline":
        raise EditRefused("the first condition, and no other, must be the baseline")
    return set(ids)


def _plan(before: c.ExperimentPlan, after: c.ExperimentPlan) -> c.ExperimentPlan:
    """Registered anew; what belongs to the kit stays as it is."""
    if (after.kit, after.kit_sha256, after.metric) != (before.kit, before.kit_sha256, before.metric):
        raise EditRefused("kit and metric are not the plan's to change; start a run with --kit")
    if strangers := sorted({name for one in after.comparisons for name in (one.a, one.b)} - _conditions(after.conditions)):
        raise EditRefused(f"a comparison names unknown conditions: {', '.join(strangers)}")
    return after.model_copy(update={"registration_sha256": experiment_design.registration(after)})


def _shortlist(before: c.Shortlist, after: c.Shortlist) -> c.Shortlist:
    """Each candidate still has one decision, the works are those that were included, as their sources have them."""
    if sorted(one.key for one in after.decisions) != sorted(one.key for one in before.decisions):
        raise EditRefused("each work that was screened needs one decision, and no other work")
    included = [one.key for one in after.decisions if one.included]
    if sorted(included) != sorted(work.key for work in after.works):
        raise EditRefused("the works must be those whose decision says 'included'")
    known = {work.key: work for work in before.works}
    if changed := [work.key for work in after.works if known.get(work.key) != work]:
        raise EditRefused(f"records of works are not edited: {', '.join(changed)}; to keep a work that was left out, fill in the form")
    by_rule = {one.key for one in before.decisions if one.by_rule}
    if changed := [one.key for one in after.decisions if one.by_rule != (one.key in by_rule)]:
        raise EditRefused(f"'by_rule' says who decided and is not edited: {', '.join(changed)}; to keep a work, fill in the form")
    return after.model_copy(update={"counts": literature_screen.recounted(before.counts, after.decisions)})
