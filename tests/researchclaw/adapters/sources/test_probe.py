"""The doctor's look at the live sources: short, and never a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from researchclaw.adapters.sources.probe import probed
from researchclaw.doctor import _literature
from researchclaw.settings import load
from stages.errors import SourceUnavailable

NAMES = ("openalex", "semantic_scholar", "arxiv", "crossref", "datacite")


def settings(tmp_path: Path, url: str, *more: str) -> Any:
    changes = [f"output={tmp_path}", "literature.mode=online", *(f"literature.{name}.base_url={url}/{name}" for name in NAMES), *more]
    return load(overrides=changes, folder=tmp_path)


def test_each_source_is_told_by_itself(tmp_path: Path, farm: Callable[..., Any], farming: Any) -> None:
    def answer(call: Any) -> Any:
        if call.target.startswith("/crossref"):
            return farming.Canned(status=500)
        if call.target.startswith("/semantic_scholar"):
            return farming.Canned(status=403, body=b'{"message": "Forbidden"}')
        return farming.Canned(body=b"{}", after_s=30 if call.target.startswith("/arxiv") else 0)

    begun = time.monotonic()
    found = probed(settings(tmp_path, farm(answer).url).literature)
    assert time.monotonic() - begun < 7
    assert found["openalex"] is None and found["datacite"] is None
    assert found["semantic_scholar"] == "refuses access (403): Forbidden"
    assert "status 500" in (found["crossref"] or "")
    assert "no whole answer within 2 s" in (found["arxiv"] or "")


def test_offline_nobody_is_asked(tmp_path: Path) -> None:
    assert "live sources are not asked" in _literature(load(folder=tmp_path))


def test_when_nobody_answers_the_remedy_is_named_at_once(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"literature\.mode: offline"):
        _literature(settings(tmp_path, "http://127.0.0.1:9"))
    assert time.monotonic() - begun < 3
