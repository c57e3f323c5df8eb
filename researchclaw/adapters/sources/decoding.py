"""Titles, names and identifiers as sources write them, made plain: LaTeX, HTML, MathML, 'Family, Given', versions."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

_TAG = re.compile(r"</?[a-zA-Z][\w:.-]*(?:\s[^<>]*)?/?>")
_LATEX = re.compile(r"\\|\$[^$]*[\^_{}\\][^$]*\$|\{[^{}]*\}")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(?P<id>.+)", re.IGNORECASE)
_ARXIV = re.compile(r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z]{2})?/\d{7})(?:v\d+)?$")
_WEB = re.compile(r"https?://[!-~]{3,500}", re.IGNORECASE)
_LONGEST = 20_000
"""Signs of one field that are read, about three pages: longer than any title or abstract, and short enough to be decoded at once."""

_MOST_BRACES = 100
"""In one field; formulas in the recorded titles have fewer than thirty."""

_NUMBERED = re.compile(r"\s+\d{4}$")
_GROUP = re.compile(
    r"\b(?:team|group|collaboration|consortium|committee|project|organi[sz]ation|association|institute|university|foundation|"
    r"network|initiative|society|agency|department|laborator(?:y|ies)|investigators)\b|[\s-](?-i:AI)$",
    re.IGNORECASE,
)
"""Words by which a name is a group's: 'DeepSeek-AI', 'Gemma Team', 'Open Science Collaboration'; but 'Qingyao Ai' is a person."""


def plain(text: str) -> str:
    """Words without markup, on one line. Plain text comes back unchanged, so doing it twice changes nothing."""
    for _ in range(2):  # '&amp;lt;' stands in some records
        text = html.unescape(text)
    text = _TAG.sub("", text[:_LONGEST])
    if text.count("{") > _MOST_BRACES or text.count("\\") > _MOST_BRACES:  # no title: the decoder would go as deep as it is nested
        text = _bare(text)
    elif _LATEX.search(text):
        try:
            # an unescaped % would begin a comment and eat the rest of the title
            text = _latex().latex_to_text(re.sub(r"(?<!\\)%", r"\\%", text))
        except (LookupError, ValueError, AttributeError, TypeError, RecursionError):
            text = _bare(text)  # pylatexenc falls over a macro without its arguments, such as \href{x}{y}
    return " ".join(visible(text).split())


def _bare(text: str) -> str:
    """The words of what cannot be decoded as LaTeX."""
    return re.sub(r"[\\{}$]", " ", text)


def visible(text: str) -> str:
    """Without signs that cannot be seen: controls become blanks; marks of direction and signs without width go."""
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if category == "Cc" else "" if category in {"Cf", "Cs", "Co", "Cn"} else sign for sign, category in _categories(text))
    return "".join(kept)


def _categories(text: str) -> Iterator[tuple[str, str]]:
    return ((sign, unicodedata.category(sign)) for sign in text)


def web_address(text: str | None) -> str | None:
    """The address where it is one of http or https and of usual length; a record may hold anything there."""
    address = (text or "").strip()
    return address if _WEB.fullmatch(address) else None


@cache
def _latex() -> LatexNodes2Text:
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(math_mode="text", strict_latex_spaces=False)


def person(name: str) -> str:
    """'Given Family' from 'Given Family', 'Family, Given' or 'Family, Jr., Given'; DBLP's numbers go."""
    parts = [part.strip() for part in _NUMBERED.sub("", plain(name)).split(",")]
    if len(parts) == 2:
        return " ".join(part for part in (parts[1], parts[0]) if part)
    if len(parts) == 3:
        return " ".join(part for part in (parts[2], parts[0], parts[1]) if part)
    return " ".join(parts)


def is_group(name: str) -> bool:
    """Whether a name that a source does not tell apart is a group's."""
    return bool(_GROUP.search(name)) and "," not in name


def doi(text: str | None) -> str | None:
    """The DOI in lower case without resolver, or None; a DOI of arXiv's is an arXiv id and no DOI here."""
    found = _DOI.search(html.unescape(text or "").strip())
    if found is None or _ARXIV_DOI.match(found[0]):
        return None
    name = found[0].lower().rstrip(".,;")
    return name if len(name) <= 200 and name.isascii() and not set(name) & set('{}\\"`^') else None


def arxiv_id(text: str | None) -> str | None:
    """The id without version from an id, an address or a DOI of arXiv's; None where there is none."""
    words = (text or "").strip()
    by_doi = _ARXIV_DOI.search(words)
    found = _ARXIV.search(by_doi["id"].lower() if by_doi else words.removesuffix(".pdf"))
    return found["id"] if found else None


def abstract_of(inverted: dict[str, list[int]] | None) -> str | None:
    """The running text of OpenAlex's inverted index."""
    if not inverted:
        return None
    places = sorted((place, word) for word, at in inverted.items() for place in at)
    return plain(" ".join(word for _, word in places)) or None


def first_text(values: Sequence[str | None]) -> str | None:
    """The first that holds words after decoding."""
    return next((words for value in values if value and (words := plain(value))), None)
