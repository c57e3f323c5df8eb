"""What is said about a reference, from what the sources answered."""

import pytest

from stages.contracts import CitedWork, Work
from stages.h_finalization.references.reference import Record, record_of_work, reference_of_fields
from stages.h_finalization.references.verdicts import SourceAnswer, judge

NOW = (2026, 11)
ADAM = Work(
    key="kingma2015adam",
    title="Adam: A Method for Stochastic Optimization",
    authors=("Diederik P. Kingma", "Jimmy Ba"),
    year=2015,
    venue="ICLR",
    type="conference",
    arxiv_id="1412.6980",
    confirmed_by=("near",),
)
LSTM = Work(
    key="hochreiter1997long",
    title="Long Short-Term Memory",
    authors=("Sepp Hochreiter", "Jürgen Schmidhuber"),
    year=1997,
    venue="Neural Computation",
    type="journal",
    doi="10.1162/neco.1997.9.8.1735",
    confirmed_by=("near",),
)
FIELDS = {
    "title": "{Adam}: A method for stochastic optimization",
    "author": "Kingma, D. P. and Ba, J.",
    "year": "2015",
    "booktitle": "3rd International Conference on Learning Representations, ICLR",
    "eprint": "arXiv:1412.6980v9",
    "archiveprefix": "arXiv",
}


def found(*works: Work, source: str = "near", complete: bool = False, **changes: object) -> SourceAnswer:
    records = tuple(record_of_work(work, source).model_copy(update=changes) for work in works)
    return SourceAnswer(source=source, outcome="found" if works else "absent", records=records, complete=complete)


def verdict(fields: dict[str, str], *answers: SourceAnswer) -> CitedWork:
    return judge(reference_of_fields("a", fields), answers or (found(ADAM, LSTM),), now=NOW)


def layers(cited: CitedWork) -> dict[str, str]:
    return {layer.layer: layer.outcome for layer in cited.layers}


def test_a_reference_that_agrees_in_everything_it_names_is_verified() -> None:
    cited = verdict(FIELDS)
    assert cited.verdict == "verified"
    assert layers(cited) == {"identifier": "agrees", "record": "agrees", "second source": "not asked"}


@pytest.mark.parametrize(
    "change",
    [{"title": "Adam"}, {"year": "2014", "booktitle": "", "journal": "arXiv preprint arXiv:1412.6980"},
     {"author": "Kingma, D. and others"},
     {"eprint": ""}, {"booktitle": ""}],
)  # fmt: skip
def test_what_people_do_to_real_references_changes_no_verdict(change: dict[str, str]) -> None:
    assert verdict({**FIELDS, **change}).verdict == "verified"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Adam: A Method for Stochastic Optimisers"}, "title"),
        ({"title": "Adam: A Method for Long Short-Term Memory"}, "title"),
        ({"author": "Hochreiter, S. and Schmidhuber, J."}, "authors"),
        ({"author": "Kingma, D. P."}, "authors"),
        ({"author": "John Doe and Jane Doe"}, "authors"),
        ({"year": "2020"}, "year"),
        ({"year": "2035"}, "year"),
        ({"booktitle": "ICML"}, "venue"),
        ({"eprint": "1412.6981"}, "arxiv_id"),
        ({"eprint": "1413.6980"}, "arxiv_id"),
        ({"doi": "10.1162/neco.1997.9.8.1735"}, "doi"),
    ],
)
def test_what_fabrication_does_is_a_mismatch_that_names_the_field(change: dict[str, str], field: str) -> None:
    cited = verdict({**FIELDS, **change})
    assert cited.verdict == "mismatch"
    assert field in {difference.field for difference in cited.differences}


def test_a_doi_that_no_source_holds_is_not_confirmed() -> None:
    cited = verdict({**FIELDS, "doi": "10.8888/conf/2839881"})
    assert cited.verdict == "not checked"
    assert "10.8888/conf/2839881" in cited.evidence[0]


def test_a_preprint_record_cannot_say_where_the_work_was_published() -> None:
    preprint = ADAM.model_copy(update={"venue": "arXiv", "year": 2014})
    assert verdict(FIELDS, found(preprint)).verdict == "not checked"
    assert verdict(FIELDS, found(preprint), found(ADAM, source="far")).verdict == "verified"


def test_a_small_collection_that_lacks_the_work_says_nothing_about_it() -> None:
    assert verdict({"title": "Ledger Gates", "author": "Kingma, D.", "year": "2015"}).verdict == "not checked"


def test_only_a_source_that_would_know_says_not_found() -> None:
    fields = {"title": "Ledger Gates", "author": "Kingma, D.", "year": "2015"}
    assert verdict(fields, found(complete=True, source="far")).verdict == "not found"


def test_a_source_that_failed_makes_nothing_fabricated() -> None:
    fields = {"title": "Ledger Gates", "author": "Kingma, D.", "year": "2015"}
    down = SourceAnswer(source="far", outcome="failed", complete=True, reason="HTTP 503")
    cited = verdict(fields, found(complete=True, source="other"), down)
    assert cited.verdict == "not checked"
    assert "HTTP 503" in cited.evidence[0]
    assert verdict(FIELDS, found(ADAM), down).verdict == "verified"


def test_a_retracted_work_is_named_whatever_else_agrees() -> None:
    cited = verdict(FIELDS, found(ADAM, retracted=True))
    assert cited.verdict == "retracted"


def test_a_second_source_is_evidence() -> None:
    assert layers(verdict(FIELDS, found(ADAM), found(ADAM, source="far")))["second source"] == "agrees"


def test_a_short_title_needs_its_authors() -> None:
    namesake = ADAM.model_copy(update={"key": "b", "title": "Adam: The First Man", "authors": ("Eve Snake",), "arxiv_id": None})
    cited = verdict({"title": "Adam", "author": "Snake, E.", "year": "2015"}, found(ADAM, namesake))
    assert cited.verdict == "verified"
    assert "(b)" in cited.evidence[0]
    assert verdict({"title": "Adam", "year": "2015"}, found(ADAM)).verdict == "not checked"


def test_a_record_lists_every_year_of_its_versions() -> None:
    record = record_of_work(ADAM, "near").model_copy(update={"years": (2021, 2015)})
    answer = SourceAnswer(source="near", outcome="found", records=(Record.model_validate(record.model_dump()),), complete=False)
    assert verdict({**FIELDS, "year": "2021"}, answer).verdict == "verified"


UNKNOWN = {"title": "Seeing what nobody saw before", "author": "Berg, Ada", "year": "2023", "doi": "10.1109/CVPR52729.2023.00035"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"booktitle": "Symposium on Neural Scaling Laws"}, {"venue"}),
        ({"booktitle": "CVPR", "year": "2019"}, {"year"}),
        ({"booktitle": "IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)", "year": "2022"}, set()),
        ({"journal": "arXiv preprint", "year": "2019"}, set()),
        ({"year": "2019"}, set()),
    ],
)
def test_a_doi_that_says_otherwise_contradicts_a_reference_that_nobody_knows(changes: dict[str, str], fields: set[str]) -> None:
    cited = judge(reference_of_fields("k", UNKNOWN | changes), (), now=NOW)
    assert {difference.field for difference in cited.differences} == fields
    assert cited.verdict == ("mismatch" if fields else "not checked")


def test_a_venue_that_is_only_noted_changes_no_verdict() -> None:
    answer = SourceAnswer(source="near", outcome="found", records=(record_of_work(LSTM, "near"),), complete=True)
    fields = {"title": LSTM.title, "author": "Hochreiter, S. and Schmidhuber, J.", "year": "1997", "journal": "The Lancet"}
    assert judge(reference_of_fields("k", fields), (answer,), now=NOW).verdict == "mismatch"
    noted = judge(reference_of_fields("k", fields), (answer,), now=NOW, venue_noted=("differs",))
    assert noted.verdict == "verified"
    assert "The Lancet" in noted.evidence[-1]


def test_a_list_that_breaks_off_inside_a_name_is_a_cut_list() -> None:
    answer = SourceAnswer(source="near", outcome="found", records=(record_of_work(LSTM, "near"),), complete=True)
    fields = {"title": LSTM.title, "author": 'Sepp Hochreiter and J{\\"u', "year": "1997", "journal": "Neural Computation"}
    assert judge(reference_of_fields("k", fields), (answer,), now=NOW).verdict == "verified"
