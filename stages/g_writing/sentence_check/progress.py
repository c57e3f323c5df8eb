"""What is known of a sentence while its numbers are bound, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from stages.g_writing.sentence_check.alternatives import Reading
from stages.g_writing.sentence_check.pairs import Pair, pair_of
from stages.g_writing.sentence_check.reading import Sentence
from stages.g_writing.sentence_check.roles import Roles
from stages.g_writing.sentence_check.settings import Settings
from stages.g_writing.sentence_check.study import Study


class Refused(Exception):
    """A number or word of the sentence is not borne out by the record; the text says which."""


@dataclass
class Progress:
    """A sentence against a study, and what the numbers so far were bound to."""

    sentence: Sentence
    study: Study
    pair: Pair
    settings: Settings
    roles: Roles
    last_unit: str = ""
    last_level: tuple[str, str] | None = None
    """(condition, metric) of the value before; a deviation behind it is of the same."""
    reading: Reading | None = None
    """What another reading than the first one says of the number's condition and metric."""
    used_metrics: set[str] = field(default_factory=set)
    used: list[tuple[str, str]] = field(default_factory=list)
    """The pairs whose differences were printed; the comparing words speak of them."""

    @classmethod
    def start(cls, sentence: Sentence, study: Study) -> Progress:
        settings = Settings(sentence, study)
        return cls(sentence, study, pair_of(sentence, study), settings, Roles(sentence, study, settings))
