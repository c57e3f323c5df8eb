"""arXiv numbers and DOIs in the forms in which they are written, and what cannot be one."""

from __future__ import annotations

import re
from typing import Final

_NEW: Final = re.compile(r"(\d{2})(\d{2})\.(\d{4,5})")
_OLD: Final = re.compile(r"([a-z-]+(?:\.[a-z]{2})?)/(\d{2})(\d{2})(\d{3})")
_WRITTEN: Final = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|arxiv\s*[:.]?\s*|\babs/)([a-z.-]+/\d{7}|\d{4}\.\d{4,6}|\d{4}\.[0-9x]{4,5})", re.IGNORECASE
)
ARXIV_DOI: Final = "10.48550/arxiv."


def arxiv_id(text: str) -> str:
    """The number without prefix, address, version and ending, in lower case: '1706.03762'. What is no number comes back bare."""
    plain = text.strip().strip("{}").lower()
    plain = re.sub(r"^(https?://)?(www\.|export\.)?arxiv\.org/", "", plain)
    plain = re.sub(r"^(abs|pdf|html|e-print)/", "", plain)
    plain = re.sub(r"^(https?://)?(dx\.)?doi\.org/", "", plain).removeprefix(ARXIV_DOI)
    plain = re.sub(r"^arxiv\s*[:.]?\s*", "", plain)
    plain = re.sub(r"\s*\[[a-z.-]+\]$", "", plain)
    return re.sub(r"v\d+$", "", plain.removesuffix(".pdf").strip().rstrip("/."))


def arxiv_id_in(text: str) -> str | None:
    """The arXiv number that a line such as 'arXiv preprint arXiv:1509.06461' or an address names."""
    found = _WRITTEN.search(text)
    return arxiv_id(found[1]) if found else None


def impossible_arxiv(number: str, *, now: tuple[int, int]) -> str | None:
    """Why the number can never have been given out; None where it could.

    now: (year, month) of the day of asking. Numbers have four digits from 2007-04 to 2014-12 and five after that (arXiv's
    own description of its identifiers). A number past the last one of its month looks possible: only a look-up tells.
    """
    if old := _OLD.fullmatch(number):
        return None if 1 <= int(old[3]) <= 12 else f"arXiv:{number} names month {old[3]}"
    parts = _NEW.fullmatch(number)
    if parts is None:
        return f"{number!r} is no arXiv number"
    year, month = 2000 + int(parts[1]), int(parts[2])
    if not 1 <= month <= 12:
        return f"arXiv:{number} names month {parts[2]}"
    if (year, month) < (2007, 4):
        return f"arXiv:{number} is older than the form in which it is written (2007-04)"
    if (year, month) > now:
        return f"arXiv:{number} lies in the future"
    return _impossible_serial(number, parts[3], digits=4 if year < 2015 else 5)


def _impossible_serial(number: str, serial: str, digits: int) -> str | None:
    if len(serial) != digits:
        return f"arXiv:{number} has {len(serial)} digits after the point; numbers of its month have {digits}"
    return f"arXiv:{number} has the serial number zero" if int(serial) == 0 else None


def arxiv_year(number: str) -> int | None:
    """The year in which the first version appeared."""
    if found := _NEW.fullmatch(number):
        return 2000 + int(found[1])
    if found := _OLD.fullmatch(number):
        return (1900 if int(found[2]) > 90 else 2000) + int(found[2])
    return None


def doi(text: str) -> str:
    """The DOI in lower case without address, prefix and TeX escapes; what is no DOI comes back bare."""
    plain = re.sub(r"[{}\\\s]", "", text).lower()
    plain = re.sub(r"^(https?://)?(dx\.|www\.)?doi\.org/", "", plain)
    return re.sub(r"^doi:?", "", plain).rstrip(".,;")


def impossible_doi(name: str) -> str | None:
    """Why this cannot be a DOI; None where it could."""
    return None if re.fullmatch(r"10\.\d{1,9}(\.\d+)*/\S+", name) else f"{name!r} is no DOI"


_SAYS: Final = (
    re.compile(r"10\.1109/(?P<series>[a-z]+)\d*\.(?P<year>(?:19|20)\d\d)\.\d+"),
    re.compile(r"10\.18653/v1/(?P<year>20\d\d)\.(?P<series>[a-z]+)-\w+\.\d+"),
    re.compile(r"10\.1609/(?P<series>aaai)\.v(?P<volume>\d\d)i\d+\.\d+"),
    re.compile(r"10\.24963/(?P<series>ijcai)\.(?P<year>20\d\d)/\d+"),
)
_FIRST_AAAI: Final = 1986
"""Year before the first of the yearly volumes of AAAI's proceedings as its DOIs count them: volume 36 is of 2022."""


def doi_says(name: str) -> tuple[str, int] | None:
    """The conference and the year that the DOI itself spells out, as those of IEEE, ACL, AAAI and IJCAI do; None for others."""
    found = next((match for pattern in _SAYS if (match := pattern.fullmatch(name))), None)
    if found is None:
        return None
    parts = found.groupdict()
    return parts["series"], _FIRST_AAAI + int(parts["volume"]) if "volume" in parts else int(parts["year"])
