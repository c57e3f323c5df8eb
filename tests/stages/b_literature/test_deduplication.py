"""Records of one work become one work."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from researchclaw.adapters.catalogue import works
from stages.b_literature.deduplication import unite
from stages.contracts import FieldSource, Work


def record(**changes: object) -> Work:
    given = {
        "key": "berg2021warm",
        "title": "Warm-up of learning rates",
        "authors": ("Ada Berg",),
        "year": 2021,
        "venue": "arXiv",
        "type": "preprint",
        "confirmed_by": ("arxiv",),
    }
    return Work.model_validate({**given, **changes})


PREPRINT = record(
    arxiv_id="2101.00001", provenance=(FieldSource(source="arxiv", fields=("title", "arxiv_id"), url="u", retrieved_at="t"),)
)
PAPER = record(
    title="Warm-Up of Learning Rates, Explained",
    arxiv_id="2101.00001",
    doi="10.1000/w.1",
    year=2022,
    venue="Journal of Steps",
    type="journal",
    confirmed_by=("crossref",),
    authors=("Ada Berg", "Bo Li"),
    provenance=(FieldSource(source="crossref", fields=("title", "doi", "authors"), url="v", retrieved_at="t"),),
)
NO_IDENTIFIER = record(
    title="WARM-UP of learning rates", authors=("A. Berg",), year=2022, venue="", type="other", confirmed_by=("openalex",)
)


def test_the_catalogue_comes_out_as_it_went_in() -> None:
    assert unite(works()).works == works()


def test_versions_are_one_work_with_the_published_record_and_all_identifiers() -> None:
    united = unite([PREPRINT, NO_IDENTIFIER, PAPER])
    (work,) = united.works
    assert united.place == (0, 0, 0)
    assert (work.title, work.year, work.venue, work.doi, work.arxiv_id) == (
        PAPER.title,
        2022,
        "Journal of Steps",
        "10.1000/w.1",
        "2101.00001",
    )
    assert work.other_years == (2021,)
    assert len(work.other_titles) == 1
    assert set(work.confirmed_by) == {"arxiv", "crossref", "openalex"}
    assert {entry.source: entry.fields for entry in work.provenance}["crossref"] == ("title", "doi", "authors")


def test_one_retracted_version_is_a_retracted_work() -> None:
    assert unite([PREPRINT, PAPER.model_copy(update={"retracted": True})]).works[0].retracted


def test_the_catalogue_keeps_its_key_and_its_facts() -> None:
    own = next(work for work in works() if work.arxiv_id and work.doi is None)
    live = record(
        arxiv_id=own.arxiv_id, title=own.title, authors=("Somebody Else",), doi="10.1/x", openalex_id="W1", abstract="Steps."
    )
    for order in ([own, live], [live, own]):
        (work,) = unite(order).works
        assert work.key == own.key
        assert (work.title, work.authors, work.doi, work.url) == (own.title, own.authors, None, own.url)
        assert (work.openalex_id, work.abstract, work.confirmed_by) == ("W1", "Steps.", ("catalogue", "arxiv"))


def test_what_only_resembles_stays_apart() -> None:
    book = record(key="goodfellow2016deep", title="Deep learning", authors=("Ian Goodfellow",), type="book", doi="10.1/book")
    article = record(key="lecun2015deep", title="Deep Learning", authors=("Yann LeCun",), type="journal", doi="10.1/nature")
    years = record(title="Deep learning", authors=("Ian Goodfellow",), year=2019)
    editorials = [record(title="Notes from the editors of this journal", type="journal", doi=f"10.1/{n}") for n in (1, 2)]
    assert len(unite([book, article, years]).works) == 3
    assert len(unite(editorials).works) == 2


def test_two_works_with_one_key_get_two_whatever_the_order() -> None:
    one, other = record(arxiv_id="2101.00001"), record(title="Warm seas", arxiv_id="2101.00002")
    assert {w.title: w.key for w in unite([one, other]).works} == {w.title: w.key for w in unite([other, one]).works}
    assert {w.key for w in unite([one, other]).works} == {"berg2021warm", "berg2021warmb"}


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_nothing(rng: random.Random) -> None:
    titles = ["Warm-up of learning rates", "Warm up of Learning Rates", "Deep learning", "Cold seas and their waves"]
    pool = [
        record(
            key="k",
            title=rng.choice(titles),
            authors=(rng.choice(["Ada Berg", "A. Berg", "Bo Li"]),),
            year=rng.choice([2019, 2021, 2022]),
            doi=rng.choice([None, "10.1/a", "10.1/b"]),
            arxiv_id=rng.choice([None, "2101.00001", "2101.00002"]),
            type=rng.choice(["preprint", "journal"]),
            confirmed_by=(rng.choice(["openalex", "crossref", "arxiv"]),),
        )
        for _ in range(8)
    ]
    first = unite(pool).works
    rng.shuffle(pool)
    assert {work.key: work for work in unite(pool).works} == {work.key: work for work in first}


def test_ten_thousand_records_take_seconds() -> None:
    rng = random.Random(0)
    pool = [
        rng.choice(works()).model_copy(update={"key": "x", "confirmed_by": ("openalex",), "title": f"Study {n % 4000} of warm seas"})
        for n in range(10_000)
    ]
    begun = time.monotonic()
    unite(pool)
    assert time.monotonic() - begun < 20


def test_volume_and_pages_come_from_the_same_printing() -> None:
    openalex = PAPER.model_copy(update={"confirmed_by": ("openalex",), "volume": "7", "pages": "1-30"})
    elsewhere = PREPRINT.model_copy(update={"venue": "Other Press", "type": "journal", "volume": "99", "pages": "5"})
    (work,) = unite([PREPRINT, PAPER, openalex]).works
    assert (work.volume, work.pages) == ("7", "1-30")
    (work,) = unite([PAPER, elsewhere]).works
    assert (work.volume, work.pages) == (None, None)
