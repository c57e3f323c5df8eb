"""A venue's official style files, found where the user dropped them; none is shipped with the program."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from stages.contracts import OfficialStyle, StyleFile, Venue
from stages.errors import SettingsError

logger = logging.getLogger(__name__)

_PROVIDES = re.compile(r"^[^%\n]*\\ProvidesPackage\s*\{\s*([A-Za-z0-9_-]+)\s*\}", re.MULTILINE)
_NAMES: dict[Venue, re.Pattern[str]] = {
    "neurips": re.compile(r"(?:neurips|nips)_?(\d{4})$"),
    "icml": re.compile(r"icml_?(\d{4})$"),
    "iclr": re.compile(r"iclr_?(\d{4})(?:_conference)?$"),
}
"""What the venues' styles call themselves, with the year."""


def official_style(venue: Venue, folders: Sequence[Path]) -> OfficialStyle | None:
    """The newest style of the venue in the first folder that has one, with the style files beside it; None: there is none.

    Raises:
        SettingsError: a file there is not text, or its name is none that TeX can load.
    """
    pattern = _NAMES.get(venue)
    if pattern is None:
        return None
    for folder in folders:
        found = []
        for path in sorted(folder.glob("*.sty")):
            provided = _PROVIDES.search(_text(path))
            match = pattern.fullmatch(provided[1].lower()) if provided else None
            if provided and match and provided[1] == path.stem:
                found.append((match[1], path))
            elif provided and match:
                logger.warning("%s says that it is %s.sty; TeX would not find it under this name", path, provided[1])
        if found:
            year, path = max(found)
            beside = [other for other in sorted(folder.iterdir()) if other.suffix in {".sty", ".bst", ".cls"} and other != path]
            styles = {other for _, other in found}
            files = tuple(_file(each) for each in (path, *(other for other in beside if other not in styles)))
            logger.info("the official style %s is used", path)
            return OfficialStyle(venue=venue, package=path.stem, year=year, files=files)
    logger.warning("no official style of %s in %s; the layout of our own is used", venue, " or ".join(str(each) for each in folders))
    return None


def _file(path: Path) -> StyleFile:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", path.name):
        raise SettingsError(f"export.styles: {path} has a name that TeX cannot load; rename or remove it")
    return StyleFile(name=path.name, text=_text(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"export.styles: {path} cannot be read as UTF-8 text ({exc})") from exc
