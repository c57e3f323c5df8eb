"""What every contract is, and the names and hashes that all of them use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
"""A name that is safe as folder, file, JSON and value-reference key."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def says_nothing(value: object) -> bool:
    """For a field that is left out of the record where it is empty."""
    return not value


class Contract(BaseModel):
    """Base of everything that crosses a border between stages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
