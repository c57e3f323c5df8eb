"""The embedded catalogue and the user's own .bib files as one library without a network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from researchclaw.adapters.bibfile import BibEntry, BibFile, read_bib
from researchclaw.adapters.catalogue import SOURCE, Catalogue, this_month, works
from researchclaw.adapters.pdf_folder import PdfFolder
from stages.contracts import CitedWork, Reading, SearchQuery, SourceOutcome, Work
from stages.errors import SettingsError
from stages.h_finalization.references.matching import compare
from stages.h_finalization.references.reference import Reference, reference_of_work
from stages.h_finalization.references.verdicts import SourceAnswer, judge
from stages.ports import NeighbourAnswer, SearchAnswer

SHOWN_FAULTS = 5

_CITABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:./+-]*")
"""Keys that the manuscript's grammar takes, as in `stages.g_writing.document.Key`."""


class OfflineLibrary:
    """`stages.ports.Library` over several collections, each a source of its own in the record.

    A work of the user's keeps its key. A work that both hold is cited from the catalogue's record under the catalogue's key,
    because kits name works by that key; its `confirmed_by` names both.
    """

    def __init__(self, catalogue: Catalogue, shelves: Sequence[UserShelf] = (), papers: PdfFolder | None = None) -> None:
        self._catalogue, self._shelves, self._papers = catalogue, tuple(shelves), papers
        self.left_out = tuple(f"{shelf.name}: {reason}" for shelf in self._shelves for reason in shelf.left_out)
        together = [*works(), *(work for shelf in self._shelves for work in shelf.works)]
        # One index for all: BM25 weighs a word by how rare it is, so scores of two indices cannot be put in one order.
        self._searched = Catalogue(together) if self._shelves else catalogue
        self._both = {key: shelf.name for shelf in self._shelves for key in shelf.shared}

    @property
    def sources(self) -> tuple[str, ...]:
        return (SOURCE, *(shelf.name for shelf in self._shelves))

    def holds(self, work: Work) -> bool:
        """Whether the work says that it is a record of one of the collections."""
        return not set(self.sources).isdisjoint(work.confirmed_by)

    def score(self, text: str, work: Work) -> float:
        """As `Catalogue.score`: what a work of another source would get in a search here."""
        return self._searched.score(text, work)

    def search(self, query: SearchQuery, limit: int) -> SearchAnswer:
        """Works of the catalogue and of the user's files, best first."""
        found = tuple((self._marked(work), score) for work, score in self._searched.search(query, limit).works)
        sources = [SourceOutcome(source=SOURCE, answered=True, found=0), *(shelf.outcome for shelf in self._shelves)]
        counts = Counter(work.confirmed_by[0] for work, _ in found)
        return SearchAnswer(works=found, outcomes=tuple(told.model_copy(update={"found": counts[told.source]}) for told in sources))

    def neighbours(self, works: Sequence[Work], queries: Sequence[SearchQuery], limit: int) -> NeighbourAnswer:
        return self._catalogue.neighbours(works, queries, limit)

    def passages(self, work: Work, words: str) -> Reading:
        """From the user's own PDF of the work, if there is one."""
        return Reading() if self._papers is None else self._papers.passages(work, words)

    def verify(self, works: Sequence[Work]) -> tuple[CitedWork, ...]:
        """Each work against the collection that it came from."""
        return tuple(self._home(work).verify((work,))[0] for work in works)

    def check(self, references: Sequence[Reference], *, now: tuple[int, int] | None = None) -> tuple[CitedWork, ...]:
        """References that anybody may have written, against all collections together."""
        when = now or this_month()
        return tuple(judge(asked, self.answers(asked), now=when) for asked in references)

    def answers(self, reference: Reference) -> list[SourceAnswer]:
        """What each collection has that may be meant; to be judged together, also with the answers of other sources."""
        return [source.answer(reference) for source in (self._catalogue, *(shelf.whole for shelf in self._shelves))]

    def _home(self, work: Work) -> Catalogue:
        return next((shelf.catalogue for shelf in self._shelves if shelf.name in work.confirmed_by[:1]), self._catalogue)

    def _marked(self, work: Work) -> Work:
        shelf = self._both.get(work.key)
        return work if shelf is None else work.model_copy(update={"confirmed_by": (*work.confirmed_by, shelf)})


class UserShelf:
    """One .bib file: the works that only it holds, and the keys of the catalogue's works that it holds as well.

    Raises:
        SettingsError: the file cannot be read, or an entry's key means another work in the catalogue; with the line.
    """

    def __init__(self, path: Path, embedded: Catalogue) -> None:
        self.name = path.name
        self.file: BibFile = read_bib(path)
        if self.file.faults:
            lines = "; ".join(f"line {fault.line}: {fault.text}" for fault in self.file.faults[:SHOWN_FAULTS])
            if len(self.file.faults) > SHOWN_FAULTS:
                lines += f"; and {len(self.file.faults) - SHOWN_FAULTS} more"
            raise SettingsError(f"literature.user_bib: {path}: {lines}; mend the file, it is not changed from here")
        usable = [entry for entry in self.file.entries if not _unusable(entry)]
        self.left_out = tuple(f"line {entry.line}: {entry.key} {why}" for entry in self.file.entries if (why := _unusable(entry)))
        taken = {work.key for work in works()}
        shared, own = [], []
        for entry in usable:
            work = entry.work(self.name)
            twin = _twin(work, embedded)
            if twin is not None:
                shared.append(twin)
            elif entry.key in taken:
                raise SettingsError(
                    f"literature.user_bib: {path}: line {entry.line}: the key {entry.key} means another work in the embedded "
                    "catalogue; give the entry another key"
                )
            else:
                own.append(work)
        self.shared = tuple(shared)
        self.works = tuple(own)
        self.catalogue = Catalogue(own, self.name)
        self.whole = Catalogue([entry.work(self.name) for entry in usable], self.name)

    @property
    def outcome(self) -> SourceOutcome:
        """As a source of a search that found nothing yet; names the entries that could not be used."""
        shown = "; ".join(self.left_out[:5]) + (f"; and {len(self.left_out) - 5} more" if len(self.left_out) > 5 else "")
        return SourceOutcome(source=self.name, answered=True, found=0, reason=f"cannot be cited: {shown}" if shown else None)


def _unusable(entry: BibEntry) -> str | None:
    """Why the entry cannot be cited."""
    if entry.lacks:
        return f"lacks {', '.join(entry.lacks)}"
    return None if _CITABLE.fullmatch(entry.key) else "has a key with characters that cannot be cited"


def _twin(work: Work, embedded: Catalogue) -> str | None:
    """The key of the catalogue's record of the same work, by title and first author, whatever else the two differ in."""
    reference = reference_of_work(work)
    for record in embedded.answer(reference).records:
        found = compare(reference, record)
        if found.title == "same" and found.same_work and found.result("authors").outcome == "agrees":
            return record.key
    return None


@cache
def _catalogue() -> Catalogue:
    return Catalogue()


def library_of(bib_files: Sequence[Path] = (), papers: PdfFolder | None = None) -> OfflineLibrary:
    """The embedded catalogue with these files beside it, and the texts of the user's PDFs.

    Raises:
        SettingsError: a file cannot be read or used; with the line.
    """
    return OfflineLibrary(_catalogue(), [UserShelf(path, _catalogue()) for path in bib_files], papers)
