"""Stage 8: state falsifiable hypotheses; three roles argue and answer each other, a chair decides, all on record."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import ClassVar, Literal

from pydantic import Field, FiniteFloat

from stages.a_scoping.study import foreign_settings, kit_of, studied_factors, without_idle_settings
from stages.asking import accepted, at_once
from stages.contracts import (
    Brief,
    Contract,
    Contrast,
    Factor,
    Goal,
    Hypotheses,
    Hypothesis,
    KnowledgeCards,
    Objection,
    Role,
    Ruling,
    Slug,
    Statement,
    Synthesis,
)
from stages.foreign_text import flat
from stages.ports import Context, Question

DEBATERS: tuple[Role, ...] = ("proponent", "skeptic", "methodologist")

SHORTEST_QUOTE = 12
"""Characters that a quotation must have to be one; 'the' stands everywhere (a guess)."""


class Inputs(Contract):
    brief: Brief
    goal: Goal
    cards: KnowledgeCards
    synthesis: Synthesis


FACTORIAL = 4
"""Conditions without which a study of two factors says nothing: neither, each alone, both."""


class ContrastQuestion(Question):
    """Which conditions would tell the possible answers apart?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.contrasts.md.j2"

    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    max_conditions: int
    round: int
    guidance: tuple[str, ...]

    def faults(self, answer: Contrasts) -> Iterator[str]:
        yield from _faulty_contrasts(answer, self)


class Contrasts(Contract):
    """The baseline first; `spare` are levels that the limit on conditions leaves out."""

    contrasts: tuple[Contrast, ...]
    spare: tuple[Contrast, ...] = ()

    @property
    def debated(self) -> tuple[Contrast, ...]:
        """What a hypothesis is stated about."""
        return tuple(c for c in (*self.contrasts, *self.spare) if c.role in ("treatment", "combination"))


class DebateQuestion(Question):
    """What does one role say about each contrast?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.debate.md.j2"

    role: Role
    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    contrasts: Contrasts

    def faults(self, answer: Turns) -> Iterator[str]:
        yield from _faulty_turns(answer, self, keys_of(self.synthesis))


class Turn(Contract):
    contrast: Slug
    statement: Statement


class Turns(Contract):
    turns: tuple[Turn, ...]


class RebuttalQuestion(Question):
    """Where is another role wrong, word for word?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.rebuttal.md.j2"

    role: Role
    goal: Goal
    contrasts: Contrasts
    debate: tuple[Turn, ...]

    def faults(self, answer: Rebuttals) -> Iterator[str]:
        yield from _faulty_rebuttals(answer, self)


class Rebuttal(Contract):
    contrast: Slug
    to: Role
    quote: str = Field(description="Verbatim from the statement of `to` on the contrast.")
    text: str


class Rebuttals(Contract):
    rebuttals: tuple[Rebuttal, ...]


class ChairQuestion(Question):
    """How is each objection answered, and which hypotheses stand, in which order?"""

    template: ClassVar[str] = "c_synthesis/hypothesis_gen.chair.md.j2"

    goal: Goal
    synthesis: Synthesis
    factors: tuple[Factor, ...]
    contrasts: Contrasts
    debate: tuple[Turn, ...]
    objections: tuple[Objection, ...]
    retrieved: tuple[tuple[Slug, tuple[str, ...]], ...] = Field(description="Condition -> keys of the works read that bear on it.")

    def faults(self, answer: Chairing) -> Iterator[str]:
        yield from _faulty_chairing(answer, self, keys_of(self.synthesis))


class StatedHypothesis(Contract):
    """A hypothesis as the chair words it; the debate is added from the record, not copied by a mind."""

    id: Slug
    statement: str
    treatment: Slug
    reference: Slug
    predicts: Literal["better", "worse", "same"]
    predicted_size: FiniteFloat = Field(ge=0)
    refuted_when: str
    rationale: str
    keys: tuple[str, ...] = ()
    novelty: Literal["unknown", "studied elsewhere", "not seen in the works read"]
    ruling: str = Field(description="How the debate on the condition ended, one full sentence.")


class Chairing(Contract):
    """The first hypothesis is the primary one; rejected ones are about spare conditions."""

    rulings: tuple[Ruling, ...]
    hypotheses: tuple[StatedHypothesis, ...] = Field(min_length=1)
    rejected: tuple[StatedHypothesis, ...] = ()


def run(inputs: Inputs, ctx: Context) -> Hypotheses:
    """Hypotheses with their debate; the first one is the primary one.

    Raises:
        MalformedAnswer: a role leaves a condition out or cites what was not read, a rebuttal quotes what nobody said, the chair
            leaves an objection unanswered, or a hypothesis is about a stranger or claims a novelty that the works do not show.
    """
    kit = kit_of(inputs.goal, ctx)
    factors = studied_factors(inputs.goal, kit)
    asked = ContrastQuestion(
        goal=inputs.goal,
        synthesis=inputs.synthesis,
        factors=factors,
        max_conditions=max(inputs.brief.max_conditions, FACTORIAL if inputs.goal.study == "two_factors" else 0),
        round=ctx.round,
        guidance=tuple(item.message for item in ctx.guidance),
    )
    answer = accepted(ctx, asked, Contrasts)
    contrasts = Contrasts(
        contrasts=tuple(without_idle_settings(contrast, kit.constants) for contrast in answer.contrasts),
        spare=tuple(without_idle_settings(contrast, kit.constants) for contrast in answer.spare),
    )

    def argue(role: Role) -> tuple[Turn, ...]:
        debated = tuple(_debated(factor, contrasts) for factor in factors)
        question = DebateQuestion(role=role, goal=inputs.goal, synthesis=inputs.synthesis, factors=debated, contrasts=contrasts)
        return accepted(ctx, question, Turns).turns

    debate = tuple(turn for turns in at_once(argue, DEBATERS) for turn in turns)

    def answer_back(role: Role) -> tuple[Rebuttal, ...]:
        question = RebuttalQuestion(role=role, goal=inputs.goal, contrasts=contrasts, debate=debate)
        return accepted(ctx, question, Rebuttals).rebuttals

    rebuttals = tuple(zip(DEBATERS, at_once(answer_back, DEBATERS), strict=True))
    debate += tuple(
        Turn(contrast=one.contrast, statement=Statement(role=role, text=one.text, to=one.to, quote=one.quote))
        for role, given in rebuttals
        for one in given
    )
    question = ChairQuestion(
        goal=inputs.goal,
        synthesis=inputs.synthesis,
        factors=tuple(_debated(factor, contrasts) for factor in factors),
        contrasts=contrasts,
        debate=debate,
        objections=_objections(debate),
        retrieved=tuple((contrast.id, _retrieved(contrast, inputs.cards, factors)) for contrast in contrasts.debated),
    )
    chairing = accepted(ctx, question, Chairing)
    return Hypotheses(
        contrasts=contrasts.contrasts,
        hypotheses=tuple(_on_record(stated, chairing, question) for stated in chairing.hypotheses),
        rejected=tuple(_on_record(stated, chairing, question) for stated in chairing.rejected),
    )


def keys_of(synthesis: Synthesis) -> frozenset[str]:
    """The works that may be cited in the debate."""
    keys = [key for theme in synthesis.themes for key in theme.keys]
    return frozenset([*keys, *(key for agreement in synthesis.agreements for key in agreement.keys)])


def _debated(factor: Factor, contrasts: Contrasts) -> Factor:
    """The factor with its baseline and those levels that a contrast has; nobody debates the others."""
    had = {contrast.levels.get(factor.name) for contrast in (*contrasts.contrasts, *contrasts.spare)}
    levels = tuple(level for level in factor.levels if level.is_baseline or level.name in had)
    return factor.model_copy(update={"levels": levels})


def _objections(debate: tuple[Turn, ...]) -> tuple[Objection, ...]:
    """What the skeptic and the methodologist said, and every rebuttal, in the order of the debate."""
    raised = [turn for turn in debate if turn.statement.role != "proponent" or turn.statement.quote]
    return tuple(
        Objection(
            id=f"o{number}",
            contrast=turn.contrast,
            by=turn.statement.role,
            text=turn.statement.text,
            quote=turn.statement.quote,
        )
        for number, turn in enumerate(raised, start=1)
    )


def _retrieved(contrast: Contrast, cards: KnowledgeCards, factors: tuple[Factor, ...]) -> tuple[str, ...]:
    """Works with a card that is about a factor of the contrast, or that are known to have studied its level."""
    named = {
        key for factor in factors for level in factor.levels if contrast.levels.get(factor.name) == level.name for key in level.works
    }
    return tuple(card.key for card in cards.cards if card.key in named or set(card.about) & contrast.levels.keys())


def _on_record(stated: StatedHypothesis, chairing: Chairing, question: ChairQuestion) -> Hypothesis:
    on_it = {objection.id for objection in question.objections if objection.contrast == stated.treatment}
    turns = tuple(turn.statement for turn in question.debate if turn.contrast == stated.treatment)
    fields = {name: getattr(stated, name) for name in StatedHypothesis.model_fields if name != "ruling"}
    return Hypothesis(
        **fields,
        debate=(*turns, Statement(role="chair", text=stated.ruling)),
        rulings=tuple(ruling for ruling in chairing.rulings if ruling.objection in on_it),
    )


# ---------------------------------------------------------------- what is refused


def _faulty_contrasts(answer: Contrasts, question: ContrastQuestion) -> Iterator[str]:
    contrasts = (*answer.contrasts, *answer.spare)
    ids = [contrast.id for contrast in contrasts]
    if len(set(ids)) != len(ids):
        yield "two conditions have the same id"
    if not answer.contrasts or answer.contrasts[0].role != "baseline" or answer.contrasts[0].settings:
        yield "the first condition must be the baseline, without constants of its own"
    if len(answer.contrasts) > question.max_conditions:
        yield f"there are {len(answer.contrasts)} conditions; {question.max_conditions} is the limit, the others are spare"
    if not answer.debated:
        yield "there is no treatment to state a hypothesis about"
    levels = {factor.name: {level.name for level in factor.levels} for factor in question.factors}
    for contrast in contrasts:
        if strange := foreign_settings(contrast, question.factors):
            yield f"condition {contrast.id!r} sets {', '.join(strange)}, which no level and no ablation of the factors sets"
        if wrong := sorted(f"{name} = {level}" for name, level in contrast.levels.items() if level not in levels.get(name, ())):
            yield f"condition {contrast.id!r} takes levels that do not exist: {wrong}"
        if contrast.ablates is not None and contrast.ablates not in ids:
            yield f"ablation {contrast.id!r} takes something out of {contrast.ablates!r}, which is no condition"


def _faulty_turns(answer: Turns, question: DebateQuestion, known: Collection[str]) -> Iterator[str]:
    wanted = [contrast.id for contrast in question.contrasts.debated]
    given = [turn.contrast for turn in answer.turns]
    if sorted(given) != sorted(wanted):
        yield f"the {question.role} must speak once about each of {wanted}; he spoke about {given}"
    for turn in answer.turns:
        statement = turn.statement
        if statement.role != question.role or statement.quote or statement.to:
            yield f"the {question.role} spoke on {turn.contrast!r} in another name, or out of turn"
        yield from _typed(statement.text, question.contrasts, f"the {question.role} on {turn.contrast!r}")
        if strangers := sorted(set(statement.keys) - set(known)):
            yield f"the {question.role} cites works that were not read: {strangers}"


def _faulty_rebuttals(answer: Rebuttals, question: RebuttalQuestion) -> Iterator[str]:
    said = {(turn.contrast, turn.statement.role): turn.statement.text for turn in question.debate}
    seen: set[tuple[Slug, Role]] = set()
    for one in answer.rebuttals:
        place = (one.contrast, one.to)
        if one.to == question.role or place not in said:
            yield f"the {question.role} answers the {one.to} on {one.contrast!r}, who did not speak there or is himself"
        elif len(flat(one.quote)) < SHORTEST_QUOTE or flat(one.quote) not in flat(said[place]):
            yield f"the {one.to} never said on {one.contrast!r}: {one.quote[:120]!r}; quote his words letter for letter"
        if place in seen:
            yield f"the {question.role} answers the {one.to} on {one.contrast!r} twice"
        seen.add(place)
        yield from _typed(one.text, question.contrasts, f"the {question.role} to the {one.to} on {one.contrast!r}")


def _faulty_chairing(answer: Chairing, question: ChairQuestion, known: Collection[str]) -> Iterator[str]:
    wanted, given = [one.id for one in question.objections], [ruling.objection for ruling in answer.rulings]
    if sorted(given) != sorted(wanted):
        missing, strange = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        yield f"the chair must answer each objection once: unanswered {missing}, answered twice or never raised {strange or 'none'}"
    yield from (f"objection {ruling.objection!r} is answered without a reason" for ruling in answer.rulings if not ruling.text.strip())
    conditions = {contrast.id for contrast in question.contrasts.contrasts}
    standing = {contrast.id for contrast in question.contrasts.debated} & conditions
    spare = {contrast.id for contrast in question.contrasts.spare}
    retrieved = dict(question.retrieved)
    stated = (*answer.hypotheses, *answer.rejected)
    if len({one.id for one in stated}) != len(stated):
        yield "two hypotheses have the same id"
    for one in answer.hypotheses:
        if strangers := sorted({one.treatment, one.reference} - conditions):
            yield f"hypothesis {one.id!r} is about unknown conditions {strangers}"
        elif one.treatment not in standing or one.treatment == one.reference:
            yield f"hypothesis {one.id!r} must compare a treatment or a combination with another condition"
    for one in answer.rejected:
        if one.treatment not in spare:
            yield f"hypothesis {one.id!r} is rejected, but its condition {one.treatment!r} is not a spare one"
    for one in stated:
        if strangers := sorted(set(one.keys) - set(known)):
            yield f"hypothesis {one.id!r} cites works that were not read: {strangers}"
        found = retrieved.get(one.treatment, ())
        if not found and one.novelty != "unknown":
            yield f"no work was read that bears on {one.treatment!r}, so the novelty of {one.id!r} is unknown"
        if one.novelty == "studied elsewhere" and not set(one.keys) & set(found):
            yield f"hypothesis {one.id!r} is said to be studied elsewhere, without the key of a work that shows it"


def _typed(text: str, contrasts: Contrasts, who: str) -> Iterator[str]:
    """Numerals before anything was measured; names of conditions may hold some."""
    for label in sorted((c.label for c in (*contrasts.contrasts, *contrasts.spare)), key=len, reverse=True):
        text = re.sub(re.escape(label), " ", text, flags=re.IGNORECASE)
    if typed := re.findall(r"(?<![\w-])\d[\d.,]*", text):
        yield f"{who} types the numeral {', '.join(typed)}; nothing has been measured yet"
