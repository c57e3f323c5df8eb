"""Records of one work become one work, whatever order they come in.

Two records are the same work when they share a DOI, an arXiv id or a source's own id, or when folded title and the first
author's family name are equal and the years lie at most two apart. Titles that only resemble each other never count: at
a ratio of 95 of shared words 74 pairs of different works of the catalogue would fall together (measured 2026-11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from stages.b_literature.names import family, folded
from stages.contracts import Contract, FieldSource, Work

CATALOGUE: Final = "catalogue"

RANK: Final = (CATALOGUE, "crossref", "openalex", "semantic_scholar", "datacite", "arxiv")
"""Whose record is taken where several hold the published version: the registry's before those that collect."""

YEARS_APART: Final = 2
"""A preprint of December and its journal paper two years later are one work."""

WORDS_THAT_TELL: Final = 3
"""Titles of fewer words, such as 'Deep learning' and 'Editorial', need the same year as well."""


class United(Contract):
    """`works` without repetition; `place[i]` says which of them the i-th record became."""

    works: tuple[Work, ...]
    place: tuple[int, ...]


def unite(records: Sequence[Work]) -> United:
    """The works behind the records, in the order of their first records; keys are unique and independent of that order."""
    groups = _groups(records)
    merged = [_merged([records[index] for index in group]) for group in groups]
    keys = _unique_keys(merged)
    place = {index: number for number, group in enumerate(groups) for index in group}
    works = (work if work.key == key else work.model_copy(update={"key": key}) for work, key in zip(merged, keys, strict=True))
    return United(works=tuple(works), place=tuple(place[index] for index in range(len(records))))


def _groups(records: Sequence[Work]) -> list[list[int]]:
    """Connected components of 'is the same work as', each and all in the order of the records."""
    parent = list(range(len(records)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        parent[high] = low

    first: dict[Hashable, int] = {}
    same_words: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, work in enumerate(records):
        for mark in _marks(work):
            join(first.setdefault(mark, index), index)
        same_words[folded(work.title), family(work.authors[0])].append(index)
    for (title, _), alike in same_words.items():
        apart = YEARS_APART if len(title.split()) >= WORDS_THAT_TELL else 0
        for one, other in _neighbours(alike, records):
            if abs(one.year - other.year) <= apart and not _kept_apart(one, other):
                join(first[_mark_of(one)], first[_mark_of(other)])
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(records)):
        groups[root(index)].append(index)
    return list(groups.values())


def _neighbours(alike: list[int], records: Sequence[Work]) -> Iterator[tuple[Work, Work]]:
    """Pairs of different records under one title; repeated records of the same search are one."""
    different = list({_mark_of(records[index]): records[index] for index in alike}.values())
    yield from ((one, other) for number, one in enumerate(different) for other in different[:number])


def _mark_of(work: Work) -> Hashable:
    """The record itself, to tell it from others and to find it again."""
    return ("record", work.key, work.title, work.authors, work.year, work.doi, work.arxiv_id, work.openalex_id, work.s2_id)


def _marks(work: Work) -> Iterator[Hashable]:
    yield _mark_of(work)
    for name in ("doi", "arxiv_id", "openalex_id", "s2_id"):
        value = getattr(work, name)
        if value:
            yield (name, value.lower())


def _kept_apart(one: Work, other: Work) -> bool:
    """Two works of the curated catalogue are two; so are two published ones with a DOI each and titles alike."""
    if CATALOGUE in one.confirmed_by and CATALOGUE in other.confirmed_by:
        return True
    published = "preprint" not in {one.type, other.type}
    return published and one.doi is not None and other.doi is not None and one.doi.lower() != other.doi.lower()


# ---------------------------------------------------------------- merging


def _order(work: Work) -> tuple[object, ...]:
    """The catalogue's record first, then published before preprint, then by source, then by what the record says."""
    rank = min((RANK.index(source) for source in work.confirmed_by if source in RANK), default=len(RANK))
    published = bool(work.venue) and work.type not in {"preprint", "other"}
    return (CATALOGUE not in work.confirmed_by, not published, rank, -len(work.authors), work.model_dump_json())


def _merged(records: Sequence[Work]) -> Work:
    """One record from several: the best one's title, year and venue; identifiers and the rest from whoever has them.

    What the catalogue says of a work in bibliographic terms stands as it is: it was read by eye.
    """
    different = sorted({work.model_dump_json(): work for work in records}.values(), key=_order)
    base, *rest = different
    if not rest:
        return base
    changes: dict[str, object] = {}
    taken: dict[int, list[str]] = {number: [] for number in range(len(different))}
    curated = CATALOGUE in base.confirmed_by
    for name in (
        ("openalex_id", "s2_id", "abstract") if curated else ("doi", "arxiv_id", "url", "openalex_id", "s2_id", "abstract", "venue")
    ):
        number = next((number for number, work in enumerate(different) if getattr(work, name)), 0)
        changes[name] = getattr(different[number], name)
        taken[number].append(name)
    printed = next((number for number, work in enumerate(different) if (work.volume or work.pages) and _same_issue(base, work)), None)
    if printed is not None:
        changes |= {name: getattr(different[printed], name) for name in ("volume", "pages")}
        taken[printed] += ["volume", "pages"]
    if base.authors_truncated and not curated:
        number = next((number for number, work in enumerate(different) if not work.authors_truncated), 0)
        changes |= {name: getattr(different[number], name) for name in ("authors", "authors_truncated", "groups")}
        taken[number].append("authors")
    titles = {folded(title): title for work in reversed(different) for title in (*work.other_titles, work.title)}
    years = {year for work in different for year in (work.year, *work.other_years)}
    return base.model_copy(
        update={
            **changes,
            "other_titles": tuple(title for words, title in sorted(titles.items()) if words != folded(base.title)),
            "other_years": tuple(sorted(years - {base.year})),
            "retracted": any(work.retracted for work in different),
            "confirmed_by": tuple(dict.fromkeys(source for work in different for source in work.confirmed_by)),
            "provenance": _provenance(different, taken),
        }
    )


def _same_issue(base: Work, other: Work) -> bool:
    """Whether the other's volume and pages are those of the base: a preprint or a reprint has others."""
    same_doi = base.doi is not None and other.doi is not None and base.doi.lower() == other.doi.lower()
    return other is base or same_doi or (bool(base.venue) and folded(base.venue) == folded(other.venue))


def _provenance(different: Sequence[Work], taken: dict[int, list[str]]) -> tuple[FieldSource, ...]:
    """Of each record the fields that stand in the merged work; a record that only confirms is listed with none."""
    own = {"title", "year", "type", "authors"}
    kept = []
    for number, work in enumerate(different):
        fields = set(taken[number]) | (own if number == 0 else set())
        if number == 0 and any("authors" in names for other, names in taken.items() if other):
            fields.discard("authors")
        fields |= {"retracted"} if work.retracted else set()
        kept += [entry.model_copy(update={"fields": tuple(n for n in entry.fields if n in fields)}) for entry in work.provenance]
    return tuple(kept)


def _unique_keys(works: Sequence[Work]) -> list[str]:
    """The catalogue's keys as they are; of other works with one key the second by record gets 'b', and so on."""
    by_key: dict[str, list[int]] = defaultdict(list)
    for number, work in enumerate(works):
        by_key[work.key].append(number)
    keys = [work.key for work in works]
    for key, numbers in by_key.items():
        if len(numbers) > 1:
            ordered = sorted(numbers, key=lambda number: _order(works[number]))
            for count, number in enumerate(ordered[1:], start=1):
                keys[number] = next(new for new in (f"{key}{suffix}" for suffix in _suffixes(count)) if new not in by_key)
    return keys


def _suffixes(count: int) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    yield letters[count] if count < len(letters) else f"_{count}"
    yield f"_{count}x"
