"""The place of one number in its sentence: what a cue may look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from stages.g_writing.sentence_check.reading import Number, Sentence
from stages.g_writing.sentence_check.settings import Settings
from stages.g_writing.sentence_check.study import Study


@dataclass(frozen=True)
class Place:
    """One number, and the words on both sides of it."""

    number: Number
    sentence: Sentence
    study: Study
    settings: Settings

    @property
    def text(self) -> str:
        return self.sentence.text

    @cached_property
    def before(self) -> str:
        """The words since the number before, 60 characters at most."""
        return self.sentence.near(self.number)[0]

    @cached_property
    def after(self) -> str:
        """The words up to the next number, 40 characters at most."""
        return self.sentence.near(self.number)[1]

    @cached_property
    def ahead(self) -> str:
        """All of the sentence before the number."""
        return self.sentence.text[: self.number.start]

    @cached_property
    def behind(self) -> str:
        """All of the sentence behind the number."""
        return self.sentence.text[self.number.end :]


Cue = Callable[[Place], str | None]
"""The role that the words around a number give it; None where this cue does not apply."""
