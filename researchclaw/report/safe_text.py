"""Text of models, logs, works and users on a page: shown, never obeyed.

jinja2 escapes what HTML would read as markup; here is what it leaves: characters that HTML forbids, that turn the reading
direction around, or that nobody sees.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Control characters, lone surrogates and non-characters (HTML standard, 'preprocessing the input stream')."""
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
"""Bidirectional controls (Unicode TR 9), zero-width characters and tags. The joiners U+200C and U+200D stay: scripts need them."""


def shown(value: object) -> object:
    """A value on its way into a template: forbidden and unseen characters are replaced by their names.

    Raises:
        TypeError: None would be printed as a word; the template must say what is missing.
    """
    if value is None:
        raise TypeError("the page would print None; say in the template what is missing")
    if type(value) is str:
        return _UNSEEN.sub(_name, _FORBIDDEN.sub(_name, value))
    return value


def _name(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def web_address(url: str) -> str | None:
    """An address that a click may follow: http or https with a host; anything else is None."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # e.g. a bracket that opens no IPv6 address
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~-._")


def work_address(doi: str | None, arxiv_id: str | None, url: str | None) -> str | None:
    """Where a work can be read: its DOI, its arXiv page, or the address on record."""
    if doi:
        return f"https://doi.org/{quote(doi, safe='/.:;()-_')}"
    if arxiv_id:
        return f"https://arxiv.org/abs/{quote(arxiv_id, safe='/.')}"
    return web_address(url) if url else None
