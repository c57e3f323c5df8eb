"""A .bib file of the user's, read and never written: its entries, and what is wrong in which line."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bibtexparser import entrypoint
from bibtexparser.exceptions import BlockAbortedException
from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock
from pydantic import PositiveInt

from stages.contracts import Contract, Work
from stages.errors import SettingsError
from stages.h_finalization.references.folding import decoded
from stages.h_finalization.references.reference import Reference, reference_of_fields

_TYPES: Final = {
    "article": "journal", "inproceedings": "conference", "conference": "conference", "proceedings": "conference", "book": "book",
    "incollection": "chapter", "inbook": "chapter",
}  # fmt: skip
_VENUES: Final = {
    "journal": ("journal", "journaltitle"), "conference": ("booktitle", "series"), "book": ("publisher",),
    "chapter": ("booktitle", "publisher"),
}  # fmt: skip
_NO_NAMES: Final = re.compile(r"no ?author|no ?title", re.IGNORECASE)
"""Zotero's placeholders for entries that were imported without facts ('noauthor_notitle_nodate')."""


LARGEST: Final = 32 * 2**20
"""Bytes; a library of a hundred thousand works has about as many, and takes ten seconds."""

LONGEST_FIELD: Final = 100_000
"""Signs; an abstract has some two thousand, the longest author lists thirty thousand."""


class BibEntry(Contract):
    """One entry with the line on which it begins; values are as written, without their outer braces."""

    key: str
    kind: str
    line: PositiveInt
    fields: dict[str, str]

    @property
    def reference(self) -> Reference:
        return reference_of_fields(self.key, self.fields)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a citation needs and the entry does not say."""
        reference = self.reference
        nameless = not reference.authors.people or _NO_NAMES.search(self.key)
        known = {"title": bool(reference.title), "author": not nameless, "year": reference.year is not None}
        return tuple(name for name, given in known.items() if not given)

    def work(self, source: str) -> Work:
        """The entry as a work that the user vouches for. The fields `gist` (a predicate: 'showed that ...') and `about` (tags of
        factors, e.g. 'schedule, optimizer') are ours; BibTeX passes over them. `keywords` serve as tags where there is no `about`.

        Raises:
            ValueError: the entry lacks a title, an author or a year; ask `lacks` first.
        """
        reference = self.reference
        kind = _TYPES.get(self.kind, "preprint")
        given = {name.lower(): value for name, value in self.fields.items()}
        venue = next((decoded(given[name]) for name in _VENUES.get(kind, ()) if name in given), None)
        if self.lacks or reference.year is None:
            raise ValueError(f"{self.key} lacks {', '.join(self.lacks)}")
        return Work(
            key=self.key,
            title=reference.title,
            authors=tuple(_forward(who.written) for who in reference.authors.people),
            authors_truncated=reference.authors.cut,
            year=reference.year,
            venue=venue or reference.venue or "",
            type=kind,
            arxiv_id=reference.arxiv_id,
            doi=reference.doi,
            volume=decoded(given["volume"]) if given.get("volume", "").strip() else None,
            pages=decoded(given["pages"]).replace("--", "-") if given.get("pages", "").strip() else None,
            url=given.get("url") or None,
            topics=_words(given.get("keywords", "")),
            about=tuple(word.replace(" ", "_") for word in _words(given.get("about", given.get("keywords", "")))),
            gist=decoded(given["gist"]).rstrip(".") if given.get("gist", "").strip() else None,
            confirmed_by=(source,),
        )


class BibFault(Contract):
    line: PositiveInt
    text: str


class BibFile(Contract):
    entries: tuple[BibEntry, ...]
    faults: tuple[BibFault, ...]


def read_bib(path: Path) -> BibFile:
    """The file's entries in order, and its faults with their lines. bibtexparser itself passes over what it cannot read.

    Raises:
        SettingsError: there is no such file, or it is not UTF-8.
    """
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise SettingsError(f"{path} has {size // 2**20} MB, at most {LARGEST // 2**20} are read; split the file")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name a .bib file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from error
    return parse_bib(text)


def parse_bib(text: str) -> BibFile:
    """As `read_bib`, from the text. Nothing is decoded but the braces around values and @string names."""
    with _silent():
        library = entrypoint.parse_string(text)
    faults = [BibFault(line=_line(block), text=_said(block)) for block in library.failed_blocks]
    entries = []
    for block in library.entries:
        entry = BibEntry(
            key=block.key,
            kind=block.entry_type.lower(),
            line=_line(block),
            fields={field.key.lower(): str(field.value) for field in block.fields},
        )
        broken = [name for name, value in entry.fields.items() if re.search(r'^"|"\s*\w+\s*=|\}\s*\w+\s*=\s*[{"]', value)]
        if swollen := [name for name, value in entry.fields.items() if len(value) > LONGEST_FIELD]:
            faults.append(BibFault(line=entry.line, text=f"{entry.key}: {swollen[0]} has more than {LONGEST_FIELD} signs"))
        elif broken:
            faults.append(BibFault(line=entry.line, text=f"{entry.key}: a comma is missing after {broken[0]}"))
        else:
            entries.append(entry)
    doubled = (_first_values(block) for block in library.failed_blocks if isinstance(block, DuplicateFieldKeyBlock))
    entries = sorted((*entries, *(entry for entry in doubled if entry is not None)), key=lambda entry: entry.line)
    return BibFile(entries=tuple(entries), faults=tuple(sorted(faults, key=lambda fault: fault.line)))


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """bibtexparser logs each fault as well; here they are told once, with the file's lines."""
    talkative = logging.getLogger("bibtexparser")
    before = talkative.level
    talkative.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        talkative.setLevel(before)


def _first_values(block: DuplicateFieldKeyBlock) -> BibEntry | None:
    """An entry that gives a field twice, read with the first value, so that it can still be checked."""
    inner = block.ignore_error_block
    if not isinstance(inner, Entry):
        return None
    fields: dict[str, str] = {}
    for field in inner.fields:
        fields.setdefault(field.key.lower(), str(field.value).strip('{}"'))
    return BibEntry(key=inner.key, kind=inner.entry_type.lower(), line=_line(block), fields=fields)


def _line(block: Entry | ParsingFailedBlock) -> int:
    return int(block.start_line or 0) + 1


def _said(block: ParsingFailedBlock) -> str:
    if isinstance(block, DuplicateBlockKeyBlock):
        return f"the key {block.key} is used a second time"
    if isinstance(block, DuplicateFieldKeyBlock):
        return f"a field is given twice: {', '.join(sorted(block.duplicate_keys))}"
    reason = block.error.abort_reason if isinstance(block.error, BlockAbortedException) else str(block.error)
    return f"cannot be read: {' '.join(reason.split()).rstrip('. ')}"


def _words(field: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in re.split(r"[,;]", decoded(field)) if word.strip())


def _forward(name: str) -> str:
    """'Family, Given' as 'Given Family'; 'Family, Jr., Given' as 'Given Family Jr.'."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) == 2:
        return f"{parts[1]} {parts[0]}"
    return f"{parts[2]} {parts[0]} {parts[1]}" if len(parts) == 3 else name
