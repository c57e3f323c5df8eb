"""Searching and confirming without a network."""

import pytest

from researchclaw.adapters.catalogue import Catalogue, works
from stages.contracts import SearchQuery, Work
from stages.h_finalization.references.reference import Reference, reference_of_fields


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


def query(text: str, *about: str, keys: tuple[str, ...] = ()) -> SearchQuery:
    return SearchQuery(id="q", text=text, about=about, sub_question="effect", sources=("catalogue",), keys=keys)


def found(catalogue: Catalogue, asked: SearchQuery, limit: int = 10) -> list[str]:
    return [work.key for work, _ in catalogue.search(asked, limit).works]


def test_words_find_the_work_that_introduced_the_thing(catalogue: Catalogue) -> None:
    assert found(catalogue, query("rotary position embedding"))[0] == "su2021roformer"
    assert "hendrycks2016gaussian" in found(catalogue, query("gaussian error linear units"), 3)


def test_tags_raise_works_that_treat_the_factor(catalogue: Catalogue) -> None:
    assert "loshchilov2017sgdr" in found(catalogue, query("learning-rate schedule", "schedule"), 3)


def test_a_work_asked_for_by_key_comes_first(catalogue: Catalogue) -> None:
    assert found(catalogue, query("anything at all", keys=("shannon1948mathematical",)))[0] == "shannon1948mathematical"


def test_the_same_query_gives_the_same_order(catalogue: Catalogue) -> None:
    asked = query("training small language models", "byte_level")
    assert found(catalogue, asked, 60) == found(Catalogue(), asked, 60)


def test_words_that_stand_nowhere_find_nothing_and_the_source_answered(catalogue: Catalogue) -> None:
    answer = catalogue.search(query("zzyzx qwghlm"), 10)
    assert answer.works == ()
    assert [outcome.answered for outcome in answer.outcomes] == [True]


def test_a_record_of_the_catalogue_is_verified(catalogue: Catalogue) -> None:
    assert {cited.verdict for cited in catalogue.verify(works()[:20])} == {"verified"}


def test_a_changed_year_is_a_mismatch_that_says_both(catalogue: Catalogue) -> None:
    (cited,) = catalogue.verify([works()[0].model_copy(update={"year": 1900})])
    assert cited.verdict == "mismatch"
    assert "1900" in cited.evidence[0]
    assert str(works()[0].year) in cited.evidence[0]


def test_an_invented_work_is_not_found(catalogue: Catalogue) -> None:
    (cited,) = catalogue.verify([works()[0].model_copy(update={"key": "nobody2026nothing"})])
    assert cited.verdict == "not found"


def cited(work: Work, **changes: str) -> Reference:
    """The work as a careful person cites it, with something changed; without identifiers, which would give the work away."""
    names = " and ".join(work.authors) + (" and others" if work.authors_truncated else "")
    fields = {"title": work.title, "author": names, "year": str(work.year)}
    return reference_of_fields(work.key, {**fields, **changes})


def test_every_work_is_recognised_in_the_ways_people_cite_it(catalogue: Catalogue) -> None:
    sample = works()[::5]
    variants = [cited(work) for work in sample]
    variants += [cited(work, title=f"{{{work.title.upper()}}}") for work in sample]
    variants += [cited(work, author=f"{work.authors[0]} and others") for work in sample]
    variants += [cited(work, year=str(work.year + 1)) for work in sample]
    assert [found.key for found in catalogue.check(variants, now=(2026, 11)) if found.verdict != "verified"] == []


def test_no_work_is_verified_with_something_made_up(catalogue: Catalogue) -> None:
    sample = works()[::5]
    strangers = [works()[(number * 5 + 283) % len(works())] for number in range(len(sample))]
    made_up = [cited(work, year=str(work.year - 5)) for work in sample]
    made_up += [cited(work, title=f"Robust {work.title}") for work in sample]
    made_up += [cited(work, author=" and ".join(other.authors)) for work, other in zip(sample, strangers, strict=True)]
    assert [found.key for found in catalogue.check(made_up, now=(2026, 11)) if found.verdict == "verified"] == []
