"""Identifiers in the forms in which people write them, and those that cannot exist."""

import pytest

from stages.h_finalization.references.identifiers import (
    arxiv_id,
    arxiv_id_in,
    arxiv_year,
    doi,
    doi_says,
    impossible_arxiv,
    impossible_doi,
)

NOW = (2026, 11)


@pytest.mark.parametrize(
    "written",
    ["1706.03762", "arXiv:1706.03762v5", "https://arxiv.org/abs/1706.03762", "arxiv.org/pdf/1706.03762v2.pdf", "abs/1706.03762",
     "1706.03762 [cs.CL]", "https://doi.org/10.48550/arXiv.1706.03762"],
)  # fmt: skip
def test_every_form_of_an_arxiv_number_is_the_number(written: str) -> None:
    assert arxiv_id(written) == "1706.03762"


def test_old_numbers_keep_their_archive() -> None:
    assert arxiv_id("arXiv:cs/0112017v1") == "cs/0112017"
    assert impossible_arxiv("cs/0112017", now=NOW) is None
    assert arxiv_year("hep-th/9901001") == 1999


def test_a_number_is_found_in_a_line() -> None:
    assert arxiv_id_in("arXiv preprint arXiv:1509.06461") == "1509.06461"
    assert arxiv_id_in("CoRR, abs/1509.06461") == "1509.06461"
    assert arxiv_id_in("arXiv preprint arXiv:2305.XXXX") == "2305.xxxx"
    assert arxiv_id_in("Journal of Things") is None


@pytest.mark.parametrize("number", ["2313.04567", "2400.01234", "2016.1234", "1508.0799", "1412.12345", "0612.1234", "2701.00001",
                                    "2305.xxxx", "2305.00000", "nonsense"])  # fmt: skip
def test_what_arxiv_can_never_have_given_out_is_impossible(number: str) -> None:
    assert impossible_arxiv(number, now=NOW) is not None


@pytest.mark.parametrize("number", ["0704.0001", "1412.6980", "1501.00001", "2611.00001"])
def test_what_arxiv_may_have_given_out_is_possible(number: str) -> None:
    assert impossible_arxiv(number, now=NOW) is None


def test_dois_are_bare_and_lower_case() -> None:
    assert doi("https://doi.org/10.1162/NECO.1997.9.8.1735") == "10.1162/neco.1997.9.8.1735"
    assert doi(r"doi: 10.1007/978-3-319\_24") == "10.1007/978-3-319_24"
    assert impossible_doi("10.1162/neco.1997.9.8.1735") is None
    assert impossible_doi("10.XXXX/1") is not None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("10.1109/cvpr52729.2023.00035", ("cvpr", 2023)),
        ("10.1109/iccv.2015.123", ("iccv", 2015)),
        ("10.18653/v1/2020.emnlp-main.550", ("emnlp", 2020)),
        ("10.1609/aaai.v36i2.20128", ("aaai", 2022)),
        ("10.24963/ijcai.2021/15", ("ijcai", 2021)),
        ("10.1109/5.771073", None),
        ("10.1162/neco.1997.9.8.1735", None),
        ("10.1038/s41586-021-03819-2", None),
    ],
)
def test_some_dois_spell_out_conference_and_year(name: str, said: tuple[str, int] | None) -> None:
    assert doi_says(name) == said
