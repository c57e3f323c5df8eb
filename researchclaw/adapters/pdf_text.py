"""The text of a PDF, page by page, from a process of its own that may use little of this machine."""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from researchclaw.adapters.sources.decoding import visible
from researchclaw.shipped import shipped
from stages.contracts import Passage

WALL_S: Final = 60.0
LARGEST: Final = 64 * 2**20
"""Bytes of a PDF; scanned books are larger and have no text."""

PASSAGE: Final = 900
"""Signs of a passage, about a paragraph."""

PASSAGES: Final = 8
"""Passages of one work: two thousand words leave a model room for the question (a guess)."""


@dataclass(frozen=True)
class Unreadable:
    reason: str


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pages: tuple[str, ...] = ()
    failed: str | None = None


def pages_of(pdf: bytes, kept: Path, *, first: int | None = None) -> tuple[str, ...] | Unreadable:
    """The text of each page on one line; kept by the hash of the PDF, so that a file is read once.

    kept: folder of texts that were extracted. first: only so many pages.
    """
    if len(pdf) > LARGEST:
        return Unreadable(f"it is larger than {LARGEST // 2**20} MB")
    place = kept / f"{hashlib.sha256(pdf).hexdigest()}{'' if first is None else f'.{first}'}.json"
    said = _kept(place)
    if said is None:
        said = _extracted(pdf, first)
        if said.pages:
            kept.mkdir(parents=True, exist_ok=True)
            part = place.with_suffix(".part")
            part.write_text(said.model_dump_json(), encoding="utf-8")
            part.replace(place)
    if said.failed is not None:
        return Unreadable(said.failed)
    pages = tuple(" ".join(visible(page).split()) for page in said.pages)
    return pages if any(pages) else Unreadable("it holds no text, only pictures")


def _kept(place: Path) -> _Said | None:
    try:
        return _Said.model_validate_json(place.read_bytes())
    except (FileNotFoundError, ValidationError):  # one that was cut off by a kill is made again
        return None


def _extracted(pdf: bytes, first: int | None) -> _Said:
    command = [sys.executable, "-I", str(shipped("sandbox") / "pdf" / "extract.py"), *([] if first is None else [str(first)])]
    try:
        done = subprocess.run(
            command, input=pdf, capture_output=True, timeout=WALL_S, check=False, env={"PYTHONDONTWRITEBYTECODE": "1"}
        )
    except subprocess.TimeoutExpired:
        return _Said(failed=f"reading it took longer than {WALL_S:.0f} s")
    if done.returncode:
        return _Said(failed=f"reading it took more time or memory than allowed (ended with {done.returncode})")
    try:
        return _Said.model_validate(json.loads(done.stdout))
    except (ValueError, RecursionError):
        return _Said(failed="its text could not be read")


def best_passages(pages: Sequence[str], words: str, most: int = PASSAGES) -> tuple[Passage, ...]:
    """The passages that share most with the words, rare words counting more; in the order of the pages."""
    passages = [Passage(page=number, text=text) for number, page in enumerate(pages, 1) for text in _cut(page)]
    stems = [_stems(passage.text) for passage in passages]
    holding = Counter(stem for held in stems for stem in set(held))
    wanted = set(_stems(words))
    scores = [
        sum(math.log(1 + len(passages) / holding[stem]) for stem in wanted & set(held)) / (1 + abs(len(held) - 100) / 400)
        for held in stems
    ]
    best = sorted(range(len(passages)), key=lambda place: (-scores[place], place))[:most]
    return tuple(passages[place] for place in sorted(best) if scores[place] > 0)


def _cut(page: str) -> list[str]:
    """The page in parts that end with a sentence where one ends near."""
    parts, start = [], 0
    while start < len(page):
        end = min(len(page), start + PASSAGE)
        if end < len(page):
            stop = page.rfind(". ", start + PASSAGE // 2, end)
            end = stop + 2 if stop > 0 else end
        parts.append(page[start:end].strip())
        start = end
    return [part for part in parts if part]


def _stems(text: str) -> list[str]:
    return [word[:6] for word in re.findall(r"[a-z]{4,}", text.lower())]
