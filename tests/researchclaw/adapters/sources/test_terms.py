"""What each source allows, with and without a key."""

from pathlib import Path

from researchclaw.adapters.sources.terms import terms_of
from researchclaw.settings import load


def test_a_key_changes_what_is_allowed_and_goes_into_a_header(tmp_path: Path) -> None:
    literature = load(folder=tmp_path).literature
    without, with_keys = (
        terms_of(literature, environment)
        for environment in ({}, {"OPENALEX_API_KEY": "a", "SEMANTIC_SCHOLAR_API_KEY": "b", "CROSSREF_MAILTO": "ada@example.org"})
    )
    assert (without["openalex"].daily_budget, with_keys["openalex"].daily_budget) == (1000, 10_000)
    assert without["semantic_scholar"].per_second < with_keys["semantic_scholar"].per_second < 1
    assert with_keys["semantic_scholar"].headers == {"x-api-key": "b"}
    assert with_keys["crossref"].params == {"mailto": "ada@example.org"}
    assert not without["openalex"].headers


def test_the_settings_win(tmp_path: Path) -> None:
    changes = [
        "literature.arxiv.requests_per_second=2",
        "literature.arxiv.daily_budget=5",
        "literature.arxiv.base_url=http://127.0.0.1:1",
    ]
    arxiv = terms_of(load(overrides=changes, folder=tmp_path).literature, {})["arxiv"]
    assert (arxiv.per_second, arxiv.daily_budget, arxiv.base_url) == (2, 5, "http://127.0.0.1:1")
