"""A place of a sentence that names a condition or a metric."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mention:
    name: str
    start: int
    end: int
