"""What each source allows, from the settings and, where they leave it open, from the source's own rules (read 2026-11)."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from researchclaw import secret_values
from researchclaw.adapters.sources.http import Terms

if TYPE_CHECKING:
    from researchclaw.settings import LiteratureSettings, SourceSettings

FOREVER: Final = float("inf")

MOST_AT_ONCE: Final = 8
"""Requests under way at one source when the settings lift its rate."""


def terms_of(literature: LiteratureSettings, environment: Mapping[str, str] = os.environ) -> dict[str, Terms]:
    """The terms of every source, with the keys that the environment holds."""
    found = {}
    for name, rules in (
        ("openalex", _openalex),
        ("semantic_scholar", _semantic_scholar),
        ("arxiv", _arxiv),
        ("crossref", _crossref),
        ("datacite", _datacite),
    ):
        settings: SourceSettings = getattr(literature, name)
        own = rules(settings, _key(settings, environment))
        if _here(settings.base_url):
            own = replace(own, per_second=50, at_once=8, backoff_s=(0.5, 1, 2, 4))
        if settings.requests_per_second is not None:
            at_once = max(own.at_once, min(MOST_AT_ONCE, math.ceil(settings.requests_per_second)))
            own = replace(own, per_second=settings.requests_per_second, at_once=at_once)
        if settings.daily_budget is not None:
            own = replace(own, daily_budget=settings.daily_budget)
        found[name] = own
    return found


def _here(base_url: str) -> bool:
    """Whether the source stands on this machine: a mirror of one's own, to which the public one's terms do not apply."""
    return urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def _key(settings: SourceSettings, environment: Mapping[str, str]) -> str | None:
    """The first of the named variables that is set."""
    key = next((environment[name] for name in settings.key_env.split() if environment.get(name)), None)
    return key if key is None or "@" in key else secret_values.keep(key)  # an address may be the author's, who signs the paper


def _openalex(settings: SourceSettings, key: str | None) -> Terms:
    return Terms(
        base_url=settings.base_url,
        per_second=20 if key else 5,
        at_once=4,
        timeout_s=settings.timeout_sec,
        backoff_s=(1, 2, 4),
        off_s=FOREVER,
        daily_budget=10_000 if key else 1_000,
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


def _semantic_scholar(settings: SourceSettings, key: str | None) -> Terms:
    return Terms(
        base_url=settings.base_url,
        per_second=1 / 1.1 if key else 1 / 3,
        at_once=2,
        timeout_s=settings.timeout_sec,
        backoff_s=(2, 4, 8, 16),
        off_s=300,
        headers={"x-api-key": key} if key else {},
    )


def _arxiv(settings: SourceSettings, key: str | None) -> Terms:
    return Terms(
        base_url=settings.base_url,
        per_second=1 / 3,
        at_once=1,
        timeout_s=settings.timeout_sec,
        backoff_s=(10, 30, 60),
        off_s=FOREVER,
    )


def _crossref(settings: SourceSettings, key: str | None) -> Terms:
    return Terms(
        base_url=settings.base_url,
        per_second=8 if key else 4,
        at_once=3 if key else 1,
        timeout_s=settings.timeout_sec,
        backoff_s=(2, 4, 8),
        off_s=300,
        params={"mailto": key} if key else {},
    )


def _datacite(settings: SourceSettings, key: str | None) -> Terms:
    return Terms(
        base_url=settings.base_url,
        per_second=3,
        at_once=2,
        timeout_s=settings.timeout_sec,
        backoff_s=(5, 10, 20),
        off_s=300,
    )
