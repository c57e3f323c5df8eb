"""What a check found about a cited work and about the sentences that cite it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.contracts.base import Contract, says_nothing
from stages.contracts.works import Work


class Difference(Contract):
    """One field in which a reference and the record of the work are not the same."""

    field: Literal["title", "authors", "year", "venue", "doi", "arxiv_id"]
    cited: str
    found: str


class LayerEvidence(Contract):
    """What one layer of the verification asked, and what came back."""

    layer: Literal["identifier", "record", "second source", "support"]
    outcome: Literal["agrees", "differs", "absent", "not asked", "failed", "weak"]
    detail: str


class CitedWork(Contract):
    """One reference with its verdict.

    'not found' is said only by sources that would hold the work; a source that failed, or none that could know, is 'not checked'.
    """

    key: str
    verdict: Literal["verified", "mismatch", "not found", "not checked", "retracted"]
    evidence: tuple[str, ...] = Field(description="The reasons for the verdict, one sentence each.")
    layers: tuple[LayerEvidence, ...] = ()
    differences: tuple[Difference, ...] = ()
    repaired: Work | None = Field(
        default=None, exclude_if=says_nothing, description="After a mismatch: the same work as its source has it, under the same key."
    )


class Judgement(Contract):
    """What a mind says about one citing sentence and the text of the work that it cites."""

    verdict: Literal["supported", "partly", "not supported", "cannot tell"]
    reason: str


class CitationSupport(Contract):
    """A citing sentence against what is known of the work: the words that both have in common.

    Words show that the sentence is about the work's subject, not that what it says is true.
    """

    key: str
    place: str
    sentence: str = Field(description="Verbatim Markdown.")
    rests_on: str = Field(description="Title and summary of the work, as recorded.")
    shared: tuple[str, ...] = Field(description="Words of the sentence that the work's title or summary has as well.")
    weak: bool = Field(description="Nothing distinctive is shared: somebody should read the sentence.")
    judgement: Judgement | None = Field(default=None, exclude_if=says_nothing, description="Of a mind, where one was asked.")

    @property
    def doubtful(self) -> bool:
        """Whether a person should read the sentence."""
        return (
            self.weak if self.judgement is None or self.judgement.verdict == "cannot tell" else self.judgement.verdict != "supported"
        )
