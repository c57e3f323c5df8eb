"""A folder of the user's PDFs: which of them is which work, and what its text says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Final

from researchclaw.adapters.pdf_text import LARGEST, Unreadable, best_passages, pages_of
from stages.contracts import Reading, Work
from stages.errors import SettingsError
from stages.h_finalization.references.folding import title_key, title_words

MOST_FILES: Final = 500
LOOKED_AT_ONCE: Final = 2
TITLE_WITHIN: Final = 1500
"""Signs at the beginning of the first page among which the title stands."""

TITLE_WORDS: Final = 4
"""Titles of fewer words stand by chance on a page about something else."""


class PdfFolder:
    """PDFs by name (the citation key, as Zotero's Better BibTeX names files), by identifier, or by the title on page one.

    A file that is none of the works asked about is nobody's: its text is never quoted, and no work is made out of it.
    """

    def __init__(self, folder: Path, kept: Path) -> None:
        """kept: folder in which extracted text is kept.

        Raises:
            SettingsError: there is no such folder, or it holds too many files.
        """
        if not folder.is_dir():
            raise SettingsError(f"literature.pdf_folder: {folder} is no folder; name one that holds PDFs, or null")
        self._files = sorted(file for file in folder.rglob("*") if file.suffix.lower() == ".pdf" and file.is_file())
        if len(self._files) > MOST_FILES:
            raise SettingsError(f"literature.pdf_folder: {folder} holds {len(self._files)} PDFs, at most {MOST_FILES} are read")
        self._folder, self._kept = folder, kept

    def passages(self, work: Work, words: str) -> Reading:
        """The passages of the work's PDF that share most with the words."""
        file = next(self._of(work), None)
        if file is None:
            return Reading()
        pages = self._pages(file, None)
        name = file.relative_to(self._folder).as_posix()
        if isinstance(pages, Unreadable):
            return Reading(source=name, failed=pages.reason)
        return Reading(source=name, passages=best_passages(pages, words))

    def _of(self, work: Work) -> Iterator[Path]:
        for file in self._files:
            if file.stem.lower() == work.key.lower() or (work.arxiv_id and _bare(work.arxiv_id) == _bare(_unversioned(file.stem))):
                yield file
        for file, beginning in self._beginnings.items():
            if _is_on(work, beginning):
                yield file

    @cached_property
    def _beginnings(self) -> dict[Path, str]:
        """The text of each file's first page; what cannot be read begins with nothing."""
        with ThreadPoolExecutor(max_workers=LOOKED_AT_ONCE) as pool:
            pages = pool.map(lambda file: self._pages(file, 1), self._files)
            return {file: "" if isinstance(found, Unreadable) else found[0] for file, found in zip(self._files, pages, strict=True)}

    def _pages(self, file: Path, first: int | None) -> tuple[str, ...] | Unreadable:
        try:
            if file.stat().st_size > LARGEST:
                return Unreadable(f"it is larger than {LARGEST // 2**20} MB")
            return pages_of(file.read_bytes(), self._kept, first=first)
        except OSError as error:
            return Unreadable(f"it cannot be read ({error.strerror})")


def _is_on(work: Work, beginning: str) -> bool:
    """Whether the first page says that it is this work: by its number, its DOI, or its title near the top."""
    lower = beginning.lower()
    if work.arxiv_id and re.search(rf"arxiv:\s*{re.escape(work.arxiv_id.lower())}(?!\d)", lower):
        return True
    if work.doi and re.search(rf"{re.escape(work.doi.lower())}(?![\w/.-]*\w)", lower):
        return True
    return len(title_words(work.title)) >= TITLE_WORDS and title_key(work.title) in title_key(beginning[:TITLE_WITHIN])


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _unversioned(stem: str) -> str:
    return re.sub(r"v\d+$", "", stem.lower().removeprefix("arxiv"))
