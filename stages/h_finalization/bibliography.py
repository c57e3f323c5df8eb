"""references.bib from the works that sources confirmed, and nothing else: a field that no record holds is left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from bibtexparser import entrypoint
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field
from bibtexparser.writer import BibtexFormat

from stages.contracts import Work
from stages.errors import ManuscriptRefused
from stages.h_finalization.tex_characters import escape

_TYPES = {"conference": "inproceedings", "journal": "article", "preprint": "misc", "book": "book", "chapter": "incollection"}
_VENUE_FIELDS = {"inproceedings": "booktitle", "article": "journal", "book": "publisher", "incollection": "booktitle"}
_ACCENTS = {
    "\u0300": "\\`", "\u0301": "\\'", "\u0302": "\\^", "\u0303": "\\~", "\u0304": "\\=", "\u0306": "\\u", "\u0307": "\\.",
    "\u0308": '\\"', "\u030a": "\\r", "\u030b": "\\H", "\u030c": "\\v", "\u0327": "\\c", "\u0328": "\\k",
}  # fmt: skip
_LETTERS = {"ß": "{\\ss}", "æ": "{\\ae}", "Æ": "{\\AE}", "œ": "{\\oe}", "ø": "{\\o}", "Ø": "{\\O}", "ł": "{\\l}", "Ł": "{\\L}",
            "đ": "{\\dj}", "ı": "{\\i}", "ð": "{\\dh}", "þ": "{\\th}"}  # fmt: skip
_PARTICLES = frozenset("van von der den de del della di da dos du la le ter ten el al bin ibn".split())
_PROPER = frozenset(
    "Adam Bayes Bayesian Bernoulli Boltzmann Dirichlet Euclidean Fourier Gaussian Hamiltonian Hessian Hilbert Kronecker "
    "Langevin Laplace  Lipschitz Markov Monte Carlo Nesterov Newton Polyak Python Riemannian Wasserstein Zipf Shannon English "
    "Chinese German French".split(),
)
"""Names and adjectives of names in titles of the field; a style would lower them."""
MOST_AUTHORS = 20
_SEPARATES = re.compile(r",|(?<!\S)and(?!\S)", re.IGNORECASE)
"""What parts names for bibtex: inside a name it must be held in braces, else bibtex ends with an error."""
_VOLUMES = frozenset({"journal", "conference", "chapter", "book"})
_PAGED = frozenset({"journal", "conference", "chapter"})
_VOLUME = r"[A-Za-z0-9][A-Za-z0-9 ./-]{0,20}"
_PAGE = r"[A-Za-z]{0,3}[0-9][A-Za-z0-9.:]{0,15}"
_PAGES = rf"({_PAGE})(?:\s*[-\u2013\u2014]{{1,2}}\s*({_PAGE}))?"
"""Pages and article numbers as sources write them; anything else is left out, as are signs of other scripts and TeX's own."""
_LONGEST_NAME = 200
"""Signs of a written name: bibtex cuts the label of an entry at 500, which may hold two names, and would cut through a brace."""
_SUFFIXES = frozenset({"Jr.", "Jr", "Sr.", "Sr", "II", "III", "IV"})


def references_bib(works: Sequence[Work]) -> str:
    """The works as BibTeX, sorted by key; read back before it is returned.

    Raises:
        ManuscriptRefused: two works share a key, or an entry does not read back as it was meant.
    """
    ordered = sorted(works, key=lambda work: work.key)
    keys = [work.key for work in ordered]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise ManuscriptRefused(f"two works share the citation key {', '.join(sorted(doubled))}")
    library = Library([_entry(work) for work in ordered])
    layout = BibtexFormat()  # type: ignore[no-untyped-call]
    layout.indent = "  "
    layout.trailing_comma = True
    layout.block_separator = "\n"
    # Entries are finished text: the default middleware would enclose and escape a second time.
    text = entrypoint.write_string(library, unparse_stack=[], bibtex_format=layout)
    _read_back(text, keys)
    return text


def _read_back(text: str, keys: Sequence[str]) -> None:
    parsed = entrypoint.parse_string(text)
    if parsed.failed_blocks:
        raise ManuscriptRefused(f"references.bib does not read back: {parsed.failed_blocks[0].error}")
    if [entry.key for entry in parsed.entries] != list(keys):
        raise ManuscriptRefused("references.bib does not read back to the works that were written")


def _entry(work: Work) -> Entry:
    kind = _TYPES.get(work.type, "misc")
    cut = work.authors_truncated or len(work.authors) > MOST_AUTHORS
    fields = {
        "title": _title(work.title),
        "author": " and ".join([_name(author, work) for author in work.authors[:MOST_AUTHORS]] + (["others"] if cut else [])),
        "year": str(work.year),
    }
    if kind == "misc":
        fields["howpublished"] = f"arXiv:{_bare(work.arxiv_id)}" if work.arxiv_id else _title(work.venue)
    else:
        fields[_VENUE_FIELDS[kind]] = _title(work.venue)
        if volume := volume_of(work):
            fields["volume"] = bib_escape(volume)
        if pages := pages_of(work):
            fields["pages"] = "--".join(bib_escape(part) for part in pages)
    if work.doi:
        fields["doi"] = _bare(work.doi)
    if work.arxiv_id:
        if kind != "misc":
            fields["note"] = f"arXiv:{_bare(work.arxiv_id)}"  # no style of natbib or of a venue prints `eprint`
        fields["eprint"] = _bare(work.arxiv_id)
        fields["archiveprefix"] = "arXiv"
    elif kind == "misc" and work.doi:
        fields["url"] = f"https://doi.org/{_bare(work.doi)}"  # of a misc no style prints `doi`
    elif work.url and not work.doi:
        fields["url"] = re.sub(r"[{}\\\s]", "", work.url)
    return Entry(entry_type=kind, key=work.key, fields=[Field(name, f"{{{value}}}") for name, value in fields.items() if value])


def volume_of(work: Work) -> str | None:
    """The volume of a published work, where it looks like one."""
    return work.volume if work.type in _VOLUMES and work.volume and re.fullmatch(_VOLUME, work.volume) else None


def pages_of(work: Work) -> tuple[str, ...]:
    """First and last page of a published work, or the one page or article number; empty where none is known."""
    found = re.fullmatch(_PAGES, work.pages) if work.type in _PAGED and work.pages else None
    return tuple(part for part in found.groups() if part) if found else ()


def _bare(identifier: str) -> str:
    """An identifier without what would end its field or act on TeX."""
    return re.sub(r"[{}\\\s%]", "", identifier)


def bib_escape(text: str) -> str:
    """Words for a BibTeX field: TeX specials escaped, accents as commands, so that bibtex sorts and cuts names rightly."""
    written = []
    for sign in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", sign)
        if sign in _LETTERS:
            written.append(_LETTERS[sign])
        elif len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
            letter = "\\i" if parts[0] == "i" else parts[0]
            written.append(f"{{{_ACCENTS[parts[1]]}{{{letter}}}}}")
        else:
            written.append(sign)
    # Runs without accents go through the prose rules; the accent groups stay as they are.
    pieces = re.split(r"(\{\\(?:[a-zA-Z]+|[`'^~=.\"])(?:\{\\?\w\})?\})", "".join(written))
    return "".join(piece if index % 2 else _balanced(escape(piece)) for index, piece in enumerate(pieces))


def _balanced(escaped: str) -> str:
    """Braces that do not close as commands: bibtex counts those behind a backslash too, and one too many swallows what follows."""
    depth = 0
    for brace in re.findall(r"\\([{}])", escaped):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth == 0:
        return escaped
    return escaped.replace("\\{", "\\textbraceleft{}").replace("\\}", "\\textbraceright{}")


def _title(title: str) -> str:
    """The title with capitals protected that a style would lower: acronyms, inner capitals, names."""
    return re.sub(r"[A-Za-z0-9{}\\\\'\"`^~=.]+", _protected, bib_escape(title))


def _protected(match: re.Match[str]) -> str:
    word = match[0]
    bare = word.rstrip(".")
    letters = re.sub(r"\\[a-zA-Z]+|[^A-Za-z]", "", word)
    inner = any(letter.isupper() for letter in letters[1:])
    single = len(letters) == 1 and letters.isupper() and letters not in {"A", "I"}
    digits = bool(re.search(r"\d", word)) and letters[:1].isupper()
    if not (inner or single or digits or letters in _PROPER) or bare.count("{") != bare.count("}"):
        return word
    return f"{{{bare}}}{word[len(bare) :]}"


def _name(author: str, work: Work) -> str:
    """'Given Family' as 'Family, Given': particles stay with the family name; a name of one word or a group is kept whole."""
    a_group = author in work.groups
    author = _shortened(author)
    words = author.split()
    wordless = any(not any(sign.isalnum() for sign in word) for word in words)  # a lone dash would leave a part of the name empty
    if len(words) == 1 or wordless or a_group or _SEPARATES.search(author):
        return f"{{{bib_escape(author)}}}"
    suffix = words.pop() if words[-1] in _SUFFIXES and len(words) > 2 else ""
    split = len(words) - 1
    while split > 1 and words[split - 1].lower() in _PARTICLES:
        split -= 1
    family, given = bib_escape(" ".join(words[split:])), bib_escape(" ".join(words[:split]))
    return ", ".join(part for part in (family, bib_escape(suffix), given) if part)


def _shortened(author: str) -> str:
    """The name, cut where it would be written with more signs than a label holds; one sign of it always stays."""
    whole = shown = unicodedata.normalize("NFC", author)
    kept = len(whole)
    while kept > 1 and len(bib_escape(shown)) > _LONGEST_NAME:
        kept = kept * 3 // 4
        shown = f"{whole[:kept].rstrip()} …"
    return shown
