"""Phase G, writing: outline, manuscript, reviews and their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stages.contracts.base import Contract, Slug, says_nothing


class FigureSpec(Contract):
    """A figure drawn by our code from results.json; `id` is its label fig:<id> and its file charts/<id>.pdf."""

    id: Slug
    kind: Literal[
        "learning_curves",
        "difference_forest",
        "seed_dots",
        "ablation_forest",
        "cost_quality",
        "method_diagram",
        "prisma",
    ]
    caption: str
    alt: str
    conditions: tuple[Slug, ...] = ()
    comparisons: tuple[str, ...] = ()


class SectionPlan(Contract):
    id: Slug
    title: str
    points: tuple[str, ...] = Field(description="What the section has to say.")
    keys: tuple[str, ...] = Field(default=(), description="Works to be cited there.")


class Outline(Contract):
    """Stage 16."""

    title: str
    claim: str = Field(description="The paper's one claim; follows the data.")
    sections: tuple[SectionPlan, ...]
    figures: tuple[FigureSpec, ...]


class BoundSentence(Contract):
    """A sentence whose typed numbers were replaced, by rule, by the references that print exactly them."""

    place: str = Field(description="'abstract', 'sec:<id>' …, where it stood then.")
    typed: str = Field(description="As it was written, in Markdown.")
    bound: str = Field(description="As it was put into the text; a later patch may have changed it.")


class Manuscript(Contract):
    """Stage 17: the document in its Markdown form (dialect: stages/g_writing/document.py), values by key."""

    title: str
    authors: tuple[str, ...]
    markdown: str
    figures: tuple[FigureSpec, ...]
    bound: tuple[BoundSentence, ...] = Field(default=(), exclude_if=says_nothing, description="In the order in which it was done.")


class Weakness(Contract):
    """One point of a review; `quote` is verbatim from the manuscript or names a table or figure by label."""

    id: Slug
    reviewer: str
    quote: str
    text: str
    severity: Literal["minor", "major"]
    required_change: str | None = None


class Review(Contract):
    """Scores are None where a mechanical reviewer has no ground to give one."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[Weakness, ...]
    quality: Annotated[int, Field(ge=1, le=4)] | None = None
    clarity: Annotated[int, Field(ge=1, le=4)] | None = None
    significance: Annotated[int, Field(ge=1, le=4)] | None = None
    originality: Annotated[int, Field(ge=1, le=4)] | None = None
    overall: Annotated[int, Field(ge=1, le=6)] | None = None
    confidence: Annotated[int, Field(ge=1, le=5)] | None = None


class Reviews(Contract):
    """Stage 18: reviews and the changes that the area chair requires."""

    reviews: tuple[Review, ...]
    required: tuple[Weakness, ...]


class ChangeAnswer(Contract):
    """How the revision answered one required change."""

    id: Slug
    done: bool
    answer: str
    before: str | None = None
    after: str | None = None


class RevisedManuscript(Contract):
    """Stage 19."""

    manuscript: Manuscript
    answers: tuple[ChangeAnswer, ...]
