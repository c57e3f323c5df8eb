"""Which program this is: the release, and the code that writes papers and checks them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import stages

_DIGITS = 12


def release() -> str:
    """The installed version, or 'checkout'."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("researchclaw")
    except PackageNotFoundError:
        return "checkout"


@cache
def program() -> str:
    """'0.1.0+3f2a9c1d0b7e': the release, and the first digits of the SHA-256 over the code of stages/.

    Two programs of one release may set the same paper differently; with the same digits they do not.
    """
    folder = Path(stages.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return f"{release()}+{digest.hexdigest()[:_DIGITS]}"
