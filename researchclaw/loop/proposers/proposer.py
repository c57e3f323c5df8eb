"""What a proposer is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from researchclaw.loop.contracts import Plan, Proposed
from researchclaw.loop.history import History


@dataclass(frozen=True)
class Situation:
    """Everything that a proposer may know. `files` are the incumbent's in scope."""

    number: int
    plan: Plan
    history: History
    files: Mapping[str, str]
    tree: str
    is_new: Callable[[Mapping[str, str | None]], bool]
    """Whether the incumbent with these files in place was never tried, up to layout and comments."""


@dataclass(frozen=True)
class Suggestion:
    """A change: whole new contents, or a patch for git to apply."""

    operator: str
    hypothesis: str
    files: Mapping[str, str | None] = field(default_factory=dict)
    """Path -> new text, None removes it."""
    patch: str | None = None
    screening: bool = False


@dataclass(frozen=True)
class Failure:
    """What went wrong with an attempt that may be mended."""

    kind: str
    """'crash' or 'guard'."""
    reason: str
    proposed: Proposed
    files: Mapping[str, str]
    tree: str


class Proposer(Protocol):
    @property
    def name(self) -> str: ...

    def propose(self, situation: Situation) -> Suggestion | None:
        """The next change; None when there is nothing left to try."""
        ...

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        """The attempt once more, repaired, as a change of the incumbent; None when this proposer does not repair."""
        ...
