"""Phase H, finalization: the last checks, what is learnt, delivered and verified."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints

from stages.contracts.base import Contract, Sha256, says_nothing
from stages.contracts.citations import CitationSupport, CitedWork


class Check(Contract):
    name: str
    passed: bool
    detail: str


class QualityReport(Contract):
    """Stage 20: mechanical gates are never lifted by a score."""

    checks: tuple[Check, ...]
    passed: bool
    for_a_person: tuple[str, ...]
    manuscript_sha256: Sha256 = Field(description="The text is frozen from here on.")
    support: tuple[CitationSupport, ...] = Field(
        default=(), exclude_if=says_nothing, description="Citing sentences that a mind has judged."
    )


class Lesson(Contract):
    strategy: str
    outcome: str
    insight: str
    context: str


class Archive(Contract):
    """Stage 21."""

    lessons: tuple[Lesson, ...]
    reproduction: tuple[str, ...] = Field(description="Commands that reproduce the study, one a line.")


class DeliveredFile(Contract):
    path: str = Field(description="Relative to deliverables/.")
    sha256: Sha256
    bytes: int


Venue = Literal["neurips", "icml", "iclr", "plain"]


PaperMode = Literal["preprint", "submission", "final"]
"""submission: nobody is named and lines are numbered."""


class StyleFile(Contract):
    """A file that the user put into the folder of official styles."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(sty|bst|cls)$")]
    text: str


class OfficialStyle(Contract):
    """A venue's own style file, as the user dropped it in; `package` and `year` are read from its \\ProvidesPackage."""

    venue: Venue
    package: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
    year: str
    files: tuple[StyleFile, ...] = Field(min_length=1, description="The style itself first, then what lies beside it.")


class Deliverables(Contract):
    """Stage 22."""

    files: tuple[DeliveredFile, ...]
    typeset_by: Literal["latex", "typst preview"]
    pages: PositiveInt
    degraded: tuple[str, ...] = Field(description="What could not be had; full sentences, also in the paper's appendix.")


class VerificationReport(Contract):
    """Stage 23: checked over the exported bytes."""

    citations: tuple[CitedWork, ...]
    support: tuple[CitationSupport, ...] = Field(default=(), description="Every citing sentence with each work that it cites.")
    checks: tuple[Check, ...]
    passed: bool
    unchecked_allowed: bool = Field(default=False, exclude_if=says_nothing, description="The settings let unchecked works pass.")
    program: str = Field(default="", exclude_if=says_nothing, description="Release and code of the program that exported.")
