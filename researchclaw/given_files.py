"""Files that a person names, and files of a folder that may be a stranger's: regular ones of limited size, or one clear line."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from stages.errors import SettingsError

TEXT_MAX = 4 << 20
"""Bytes of a program, a patch or a settings file: far more than anybody writes."""
DATA_MAX = 256 << 20
"""Bytes of what is no text: inputs and labels of a kit, a recorded request."""
# Without O_NONBLOCK the opening of a pipe waits for its other end.
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def read_given(path: Path, named: str, most_bytes: int = TEXT_MAX) -> bytes:
    """What the file holds; a link that a person names is followed. named: the option, for the message.

    Raises:
        SettingsError: it cannot be read, is no regular file (a pipe, a device, a folder), or is larger.
    """
    try:
        return _content(os.open(path, _OPEN), f"{named}: {path}", most_bytes)
    except OSError as exc:
        raise SettingsError(f"{named}: {path} cannot be read ({exc.strerror}).") from exc


def text_given(path: Path, named: str, most_bytes: int = TEXT_MAX) -> str:
    """The same as text.

    Raises:
        SettingsError: as `read_given`, or it is not UTF-8.
    """
    try:
        return read_given(path, named, most_bytes).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise SettingsError(f"{named}: {path} cannot be read as text: it is not UTF-8.") from exc


def read_below(root: Path, relative: str, most_bytes: int = DATA_MAX) -> bytes:
    """A file below a folder, reached through no symbolic link: what a stranger's folder links to is not his to show.

    Raises:
        SettingsError: as `read_given`, or a part of the path is a link.
    """
    parts = PurePosixPath(relative).parts
    assert parts and ".." not in parts and not relative.startswith("/")
    if (link := link_on_the_way(root, relative)) is not None:
        raise SettingsError(f"{link} is a symbolic link; nothing in a kit is read through one: put the file itself there.")
    folder = -1
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        return _content(os.open(parts[-1], _OPEN | os.O_NOFOLLOW, dir_fd=folder), str(root / relative), most_bytes)
    except OSError as exc:
        raise SettingsError(f"{root / relative} cannot be read ({exc.strerror}).") from exc
    finally:
        if folder >= 0:
            os.close(folder)


def link_on_the_way(root: Path, relative: str) -> Path | None:
    """The first part of the path below the folder that is a symbolic link."""
    here = root
    for part in PurePosixPath(relative).parts:
        here = here / part
        if here.is_symlink():
            return here
    return None


def _content(descriptor: int, named: str, most_bytes: int) -> bytes:
    with_size = os.fstat(descriptor)
    if not stat.S_ISREG(with_size.st_mode):
        os.close(descriptor)
        raise SettingsError(f"{named} is no regular file; name one.")
    with open(descriptor, "rb") as file:
        data = file.read(most_bytes + 1)  # of a file below /proc the size says nothing
    if len(data) > most_bytes:
        raise SettingsError(f"{named} is larger than {most_bytes >> 20} MB; that is not what is wanted here.")
    return data
