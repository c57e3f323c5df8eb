"""Phase B, literature: what is searched, what is kept and what it says."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, PositiveInt
from pydantic.json_schema import SkipJsonSchema

from stages.contracts.base import Contract, Slug, says_nothing
from stages.contracts.citations import CitedWork
from stages.contracts.works import Work


class SearchQuery(Contract):
    id: Slug
    text: str
    about: tuple[str, ...] = Field(description="Catalogue tags that the query aims at.")
    sub_question: Slug
    sources: tuple[str, ...]
    keys: tuple[str, ...] = Field(default=(), description="Known works that the query asks for by key.")


class SearchPlan(Contract):
    """Stage 3: what is searched where, and what may enter the shortlist."""

    queries: tuple[SearchQuery, ...] = Field(min_length=1)
    include_when: tuple[str, ...]
    exclude_when: tuple[str, ...]


class Candidate(Contract):
    work: Work
    score: FiniteFloat = Field(description="Retrieval score, comparable within one run only.")
    queries: tuple[Slug, ...]
    records: int = Field(default=0, exclude_if=says_nothing, description="Records that it stands for; 0: one for each query.")


class SourceOutcome(Contract):
    source: str
    answered: bool
    found: int = Field(ge=0)
    reason: str | None = Field(default=None, description="Why it gave no answer, to a query at least.")


class Candidates(Contract):
    """Stage 4: every work that a query brought up, best first."""

    candidates: tuple[Candidate, ...]
    outcomes: tuple[SourceOutcome, ...]


class Screened(Contract):
    key: str
    included: bool
    reason: str
    by_rule: bool = Field(default=False, exclude_if=says_nothing, description="Left out before the screening; nobody read it.")


class PrismaCounts(Contract):
    """Flow of records as PRISMA 2020 counts them: identified = duplicates + removed_by_rule + screened = … + excluded + included."""

    identified: int
    duplicates: int
    removed_by_rule: int = Field(
        default=0, exclude_if=says_nothing, description="Works that a rule left out before screening: nobody read them."
    )
    screened: int
    excluded: int
    included: int
    by_citation: int = Field(
        default=0, exclude_if=says_nothing, description="Of those identified: records found by following references and citations."
    )


class Shortlist(Contract):
    """Stage 5: what may be cited, with a reason for each decision."""

    works: tuple[Work, ...]
    decisions: tuple[Screened, ...]
    counts: PrismaCounts
    doubted: tuple[CitedWork, ...] = Field(
        default=(), exclude_if=says_nothing, description="Works that were chosen and not confirmed as they stood, with the reasons."
    )
    guidance_not_understood: tuple[str, ...] = ()


class Passage(Contract):
    """A part of a work's full text, blanks and line ends made one."""

    page: PositiveInt
    text: str


class Reading(Contract):
    """What of a work's full text bears on some words; empty where no full text is at hand."""

    passages: tuple[Passage, ...] = Field(default=(), description="In the order of the pages.")
    source: str | None = Field(default=None, description="Where the text is from, e.g. the name of a file.")
    failed: str | None = Field(default=None, description="Why a text that should be there cannot be read.")


class Quote(Contract):
    """Words of a work's full text, with the page on which they stand."""

    page: PositiveInt
    text: str


class KnowledgeCard(Contract):
    """What one work says, tied to the span that says it."""

    key: str
    claim: str
    method: str | None = Field(default=None, description="The technique it is about, if the record names one.")
    about: tuple[str, ...]
    span: str = Field(description="Verbatim part of the source text below that the claim rests on.")
    span_source: Literal["gist", "title", "abstract", "full text"]
    page: SkipJsonSchema[PositiveInt | None] = Field(
        default=None, exclude_if=says_nothing, description="Of a span from the full text; found, not told."
    )
    quotes: tuple[Quote, ...] = Field(default=(), exclude_if=says_nothing, description="What the full text says on the claim.")
    text_source: SkipJsonSchema[str | None] = Field(
        default=None, exclude_if=says_nothing, description="Where the full text is from; found, not told."
    )


class RefusedCard(Contract):
    """A card that rests on nothing; its work can be cited by its summary only, if it has one."""

    key: str
    reason: str


class KnowledgeCards(Contract):
    """Stage 6."""

    cards: tuple[KnowledgeCard, ...]
    refused: SkipJsonSchema[tuple[RefusedCard, ...]] = Field(default=(), exclude_if=says_nothing)
