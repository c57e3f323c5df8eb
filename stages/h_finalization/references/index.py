"""Records by identifier, title and words: which of many may be meant by a reference."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from stages.h_finalization.references.folding import main_title, title_key, title_words
from stages.h_finalization.references.reference import Record, Reference

CANDIDATES: Final = 8
"""Records that share the rarest words of the title; the right one was never below place three in the labelled cases."""


class RecordIndex:
    """Looks up in memory; building takes about a second for ten thousand records."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = tuple(records)
        self._by_identifier: defaultdict[str, list[int]] = defaultdict(list)
        self._by_title: defaultdict[str, list[int]] = defaultdict(list)
        self._by_word: defaultdict[str, set[int]] = defaultdict(set)
        for place, record in enumerate(self._records):
            for name in (*record.arxiv_ids, *record.dois):
                self._by_identifier[name].append(place)
            for title in record.titles:
                front = main_title(title)
                for key in {title_key(title), title_key(front) if front else title_key(title)}:
                    self._by_title[key].append(place)
                for word in title_words(title):
                    self._by_word[word].add(place)

    def candidates(self, reference: Reference) -> tuple[Record, ...]:
        """What the identifiers lead to, what bears the title, and what shares its rarest words."""
        places: list[int] = []
        for name in (reference.arxiv_id, reference.doi):
            places += self._by_identifier.get(name or "", [])
        places += self._by_title.get(title_key(reference.title), [])
        places += self._by_shared_words(title_words(reference.title))
        return tuple(self._records[place] for place in dict.fromkeys(places))

    def _by_shared_words(self, words: tuple[str, ...]) -> list[int]:
        weights: defaultdict[int, float] = defaultdict(float)
        for word in set(words):
            holders = self._by_word.get(word, set())
            for place in holders:
                weights[place] += math.log(1 + len(self._records) / len(holders))
        return [place for place, _ in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:CANDIDATES]]
