"""Phase C, synthesis: what the works leave open, and the hypotheses with their debate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat
from pydantic.json_schema import SkipJsonSchema

from stages.contracts.base import Contract, Slug, says_nothing


class Theme(Contract):
    id: Slug
    title: str
    about: tuple[str, ...]
    keys: tuple[str, ...] = Field(min_length=1)


class Gap(Contract):
    id: Slug
    text: str
    rests_on: tuple[str, ...] = Field(description="Citation keys of the cards that show the gap.")
    factor: Slug | None = None


class Agreement(Contract):
    text: str
    keys: tuple[str, ...] = Field(min_length=2)
    kind: Literal["agreement", "tension"]


class Synthesis(Contract):
    """Stage 7: what the works say together and what they leave open."""

    themes: tuple[Theme, ...] = Field(min_length=1)
    agreements: tuple[Agreement, ...]
    gaps: tuple[Gap, ...] = Field(min_length=1)


Role = Literal["proponent", "skeptic", "methodologist", "chair"]


class Statement(Contract):
    """One turn of the debate; a rebuttal names whom it answers and quotes him."""

    role: Role
    text: str
    keys: tuple[str, ...] = ()
    to: SkipJsonSchema[Role | None] = Field(default=None, exclude_if=says_nothing)
    quote: SkipJsonSchema[str | None] = Field(
        default=None, exclude_if=says_nothing, description="Verbatim from the statement that is answered."
    )


class Objection(Contract):
    """What the chair has to answer: a statement of the skeptic or the methodologist, or a rebuttal."""

    id: Slug
    contrast: Slug
    by: Role
    text: str
    quote: str | None = None


class Ruling(Contract):
    """The chair's answer to one objection."""

    objection: Slug
    verdict: Literal["granted", "refuted", "left to a comparison"]
    text: str


class Hypothesis(Contract):
    """A claim that a measurement can refute."""

    id: Slug
    statement: str
    treatment: Slug = Field(description="Condition id that the claim is about.")
    reference: Slug = Field(description="Condition id that it is compared with.")
    predicts: Literal["better", "worse", "same"]
    predicted_size: FiniteFloat = Field(ge=0, description="Absolute difference in the metric.")
    refuted_when: str
    rationale: str
    keys: tuple[str, ...] = ()
    debate: tuple[Statement, ...] = Field(min_length=3)
    rulings: tuple[Ruling, ...] = Field(
        default=(), exclude_if=says_nothing, description="On each objection to this hypothesis, in their order."
    )
    novelty: Literal["unknown", "studied elsewhere", "not seen in the works read"]


class Contrast(Contract):
    """What a condition changes in words and in constants."""

    id: Slug
    label: str
    role: Literal["baseline", "treatment", "combination", "ablation"]
    levels: dict[Slug, Slug] = Field(default_factory=dict, description="Factor -> level, where it differs from the baseline.")
    settings: dict[str, str] = Field(default_factory=dict, description="Constant -> literal, differences from the baseline.")
    removes: str | None = None
    ablates: Slug | None = Field(default=None, description="Condition from which an ablation takes something out.")
    reason: str


class Hypotheses(Contract):
    """Stage 8: debated hypotheses and the contrasts that would test them; the first hypothesis is the primary one."""

    contrasts: tuple[Contrast, ...] = Field(min_length=2)
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    rejected: tuple[Hypothesis, ...] = ()
