"""A publication, as sources hold it."""

from __future__ import annotations

from pydantic import Field

from stages.contracts.base import Contract, says_nothing


class FieldSource(Contract):
    """Which source gave which fields of a work, and when."""

    source: str
    fields: tuple[str, ...]
    url: str
    retrieved_at: str = Field(description="UTC, e.g. '2026-11-20T09:30:00Z'.")


class Work(Contract):
    """One publication as a source or the catalogue confirms it."""

    key: str
    title: str
    authors: tuple[str, ...] = Field(min_length=1, description="'Given Family', in order.")
    authors_truncated: bool = False
    year: int
    venue: str
    type: str
    arxiv_id: str | None = None
    doi: str | None = None
    url: str | None = None
    topics: tuple[str, ...] = ()
    about: tuple[str, ...] = Field(default=(), description="Study factors and themes that the work bears on.")
    gist: str | None = Field(default=None, description="Predicate in our words: 'introduced …', no trailing period.")
    also: str | None = Field(default=None, description="A second predicate of the same form.")
    confirmed_by: tuple[str, ...] = Field(min_length=1, description="Sources that hold the record, e.g. 'catalogue'.")
    # What follows is known of works from live sources only; it is left out of the record where it says nothing.
    volume: str | None = Field(default=None, exclude_if=says_nothing, description="Of `venue`, as the source writes it.")
    pages: str | None = Field(default=None, exclude_if=says_nothing, description="'1929-1958', an article number or one page.")
    openalex_id: str | None = Field(default=None, exclude_if=says_nothing)
    s2_id: str | None = Field(default=None, exclude_if=says_nothing)
    groups: tuple[str, ...] = Field(default=(), exclude_if=says_nothing, description="Those of `authors` that are no persons.")
    other_titles: tuple[str, ...] = Field(default=(), exclude_if=says_nothing, description="Of other versions, e.g. the preprint.")
    other_years: tuple[int, ...] = Field(default=(), exclude_if=says_nothing, description="Of other versions.")
    retracted: bool = Field(default=False, exclude_if=says_nothing)
    abstract: str | None = Field(
        default=None, exclude_if=says_nothing, description="Read and quoted from, never printed or delivered."
    )
    provenance: tuple[FieldSource, ...] = Field(default=(), exclude_if=says_nothing)
