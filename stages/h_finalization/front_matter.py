"""Who is named on page 1, and how: the author block of each venue, in its own style or in ours.

Authors stand in one line of the settings, 'A. One (Institute); B. Two (Institute)'. A submission names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import Field

from stages.contracts import Contract, Manuscript, OfficialStyle, PaperMode, Venue
from stages.h_finalization.latex import FrontMatter
from stages.h_finalization.tex_characters import escape

ANONYMOUS = "Anonymous authors"
_NAMELESS: dict[Venue, tuple[str, str]] = {
    "neurips": ("Anonymous Author(s)", "Affiliation\\\\ Address\\\\ \\texttt{email}"),
    "iclr": ("Anonymous authors", "Paper under double-blind review"),
    "icml": ("Anonymous Authors", "Anonymous Institution"),
    "plain": ("Anonymous authors", ""),
}
"""Name and the lines below it, as the venues' instructions word them."""


class Author(Contract):
    name: str
    affiliation: str = Field(default="", description="Empty: none was given.")


def authors_of(lines: Sequence[str]) -> tuple[Author, ...]:
    """The people named in author lines, each with what stands in brackets after the name."""
    found = []
    for part in (part.strip() for line in lines for part in line.split(";")):
        named = re.fullmatch(r"(.+?)\s*\(([^()]+)\)", part)
        if part:
            found.append(Author(name=named[1], affiliation=named[2]) if named else Author(name=part))
    return tuple(found)


def signed(manuscript: Manuscript, mode: PaperMode, author: str) -> Manuscript:
    """The manuscript under the names of this export; nothing that goes to a blind review says who wrote it.

    author: as in the settings; empty leaves the names that the manuscript has.
    """
    authors = (ANONYMOUS,) if mode == "submission" else (author,) if author else manuscript.authors
    return manuscript.model_copy(update={"authors": authors})


def usable(official: OfficialStyle | None, mode: PaperMode) -> bool:
    """Whether the venue's own style can set a paper in this mode: one without a preprint option would claim a review or a place."""
    return official is not None and (mode != "preprint" or _knows(official, "preprint"))


def front_matter(venue: Venue, mode: PaperMode, lines: Sequence[str], official: OfficialStyle | None) -> FrontMatter:
    """The author block and what switches the style into the mode.

    official: the venue's own style when it is used; None: our layout.
    """
    people = authors_of(lines)
    if official is not None:
        return _official(venue, mode, people, official)
    options = ("lines",) if mode == "submission" else ()
    if mode == "submission":
        name, below = _NAMELESS[venue]
        if venue == "icml":
            return FrontMatter(
                block=f"\\textbf{{{name}}}\\textsuperscript{{1}}", affiliations=f"\\textsuperscript{{1}}{below}.", options=options
            )
        return FrontMatter(block=f"\\rcauthor{{{name}}}{{{below}}}", options=options)
    if venue == "icml":
        numbers = _numbers(people)
        block = "\\and ".join(f"\\textbf{{{escape(person.name)}}}{_mark(person, numbers)}" for person in people)
        below = " ".join(f"\\textsuperscript{{{number}}}{escape(place)}." for place, number in numbers.items())
        return FrontMatter(block=block, affiliations=below)
    return FrontMatter(
        block="\\and ".join(f"\\rcauthor{{{escape(person.name)}}}{{{escape(person.affiliation)}}}" for person in people)
    )


def _numbers(people: Sequence[Author]) -> dict[str, int]:
    places = dict.fromkeys(person.affiliation for person in people if person.affiliation)
    return {place: number for number, place in enumerate(places, 1)}


def _mark(person: Author, numbers: dict[str, int]) -> str:
    return f"\\textsuperscript{{{numbers[person.affiliation]}}}" if person.affiliation else ""


def _official(venue: Venue, mode: PaperMode, people: Sequence[Author], official: OfficialStyle) -> FrontMatter:
    """Options and macros as the styles of 2025 and 2026 name them; their submission mode hides the authors by itself."""
    bibliography = next((file.name.removesuffix(".bst") for file in official.files if file.name.endswith(".bst")), "plainnat")
    common = {"official": official.package, "bibliography_style": bibliography}
    if mode == "submission":
        people = (Author(name=_NAMELESS[venue][0]),)
    if venue == "icml":
        option = {"submission": (), "preprint": ("preprint",), "final": ("accepted",)}[mode]
        numbers = _numbers(people)
        keys = {place: f"place{number}" for place, number in numbers.items()}
        block = "\n".join(f"\\icmlauthor{{{escape(person.name)}}}{{{keys.get(person.affiliation, 'none')}}}" for person in people)
        places = [f"\\icmlaffiliation{{{key}}}{{{escape(place)}}}" for place, key in keys.items()]
        if any(not person.affiliation for person in people):
            places.append(
                f"\\icmlaffiliation{{none}}{{{'Anonymous Institution' if mode == 'submission' else 'No affiliation given'}}}"
            )
        return FrontMatter(block=block, affiliations="\n".join(places), official_options=option, **common)
    option = {"submission": (), "preprint": ("preprint",), "final": ("final",)}[mode] if venue == "neurips" else ()
    block = " \\And ".join(
        escape(person.name) + (f" \\\\ {escape(person.affiliation)}" if person.affiliation else "") for person in people
    )
    final = "\\iclrfinalcopy" if venue == "iclr" and mode != "submission" else ""
    return FrontMatter(block=block, official_options=option, final_copy=final, **common)


def _knows(official: OfficialStyle, option: str) -> bool:
    return f"\\DeclareOption{{{option}}}" in official.files[0].text
