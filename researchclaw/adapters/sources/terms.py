"""What each source allows, from the settings and, where they leave it open, from the source's own rules (read 2026-11)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from researchclaw.adapters.sources.http import Terms

if TYPE_CHECKING:
    from researchclaw.settings import LiteratureSettings, SourceSettings

FOREVER: Final = float("inf")


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
        changes = {
            "per_second": settings.requests_per_second or own.per_second,
            "daily_budget": own.daily_budget if settings.daily_budget is None else settings.daily_budget,
        }
        found[name] = replace(own, **changes)  # type: ignore[arg-type]
    return found


def _key(settings: SourceSettings, environment: Mapping[str, str]) -> str | None:
    """The first of the named variables that is set."""
    return next((environment[name] for name in settings.key_env.split() if environment.get(name)), None)


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
        at_once=1,
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
