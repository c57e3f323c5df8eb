"""Looks at sealed test splits, counted on this machine: a split that was looked at often is worth less each time.

A look is a program whose work was asked about the sealed split, whatever came of it: also a refusal tells something. It is
written down for each data set in the state folder's `test_looks.tsv`: data, what was scored, seed.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

from stages.contracts import Sha256

_FILE = "test_looks.tsv"


def note_look(state: Path, data: Sha256, what: Sha256, seed: int) -> int:
    """Write down a look; how often the sealed split of these data was looked at on this machine, this look included.

    data: hash of the corpus, of the rows, or of the split itself. what: hash of the request, the program or the weights.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / _FILE).open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{data}\t{what}\t{seed}\n")
        file.flush()
        return _count(file, data)


def looks_at(state: Path, data: Sha256) -> int:
    """How often the sealed split of these data was looked at on this machine."""
    if not (state / _FILE).exists():
        return 0
    with (state / _FILE).open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        return _count(file, data)


def _count(file: TextIO, data: Sha256) -> int:
    file.seek(0)
    return sum(line.split("\t")[0] == data for line in file)


def told_of_looks(looks: int) -> str:
    """The line for a person who has just looked."""
    return f"looks      {looks} at this sealed test split on this machine; each one makes it worth less"
