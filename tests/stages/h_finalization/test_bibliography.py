"""references.bib from confirmed works."""

from __future__ import annotations

import pytest
from bibtexparser.entrypoint import parse_string

from stages.contracts import Work
from stages.errors import ManuscriptRefused
from stages.h_finalization.bibliography import bib_escape, references_bib


@pytest.fixture
def works() -> tuple[Work, ...]:
    return (
        Work(
            key="kingma2015adam",
            title="Adam: A Method for Stochastic Optimization",
            authors=("Diederik P. Kingma", "Jimmy Ba"),
            year=2015,
            venue="ICLR",
            type="conference",
            arxiv_id="1412.6980",
            confirmed_by=("catalogue",),
        ),
        Work(
            key="abadi2016tensorflow",
            title="TensorFlow: A system for large-scale machine learning & more",
            authors=("Martín Abadi", "Jan van der Berg", "OpenAI", "Łukasz Kaiser"),
            authors_truncated=True,
            year=2016,
            venue="Journal of Machine Learning Research",
            type="journal",
            doi="10.1000/xyz_1",
            confirmed_by=("catalogue",),
        ),
        Work(
            key="some2020",
            title="GPT-3 at 100% of {x}_y",
            authors=("Ann Some",),
            year=2020,
            venue="arXiv",
            type="preprint",
            arxiv_id="2001.00001",
            confirmed_by=("catalogue",),
        ),
    )


def test_entries_are_sorted_and_read_back(works: tuple[Work, ...]) -> None:
    entries = parse_string(references_bib(works)).entries
    assert [entry.key for entry in entries] == ["abadi2016tensorflow", "kingma2015adam", "some2020"]
    assert [entry.entry_type for entry in entries] == ["article", "inproceedings", "misc"]


def test_names_keep_their_particles_accents_and_groups(works: tuple[Work, ...]) -> None:
    entry = parse_string(references_bib(works)).entries_dict["abadi2016tensorflow"]
    expected = r"Abadi, Mart{\'{\i}}n and van der Berg, Jan and {OpenAI} and Kaiser, {\L}ukasz and others"
    assert entry["author"] == expected


def test_capitals_that_a_style_would_lower_are_protected(works: tuple[Work, ...]) -> None:
    entries = parse_string(references_bib(works)).entries_dict
    assert entries["kingma2015adam"]["title"] == "{Adam}: A Method for Stochastic Optimization"
    assert entries["abadi2016tensorflow"]["title"] == r"{TensorFlow}: A system for large-scale machine learning \& more"
    assert entries["some2020"]["title"] == r"{GPT}-3 at 100\% of \{x\}\_y"


def test_only_recorded_fields_are_written(works: tuple[Work, ...]) -> None:
    entries = parse_string(references_bib(works)).entries_dict
    assert set(entries["kingma2015adam"].fields_dict) == {"title", "author", "year", "booktitle", "note", "eprint", "archiveprefix"}
    assert entries["some2020"]["howpublished"] == "arXiv:2001.00001"
    assert entries["abadi2016tensorflow"]["doi"] == "10.1000/xyz_1"


def test_every_identifier_stands_in_a_field_that_styles_print(works: tuple[Work, ...]) -> None:
    """No style of natbib prints `eprint`, and none the `doi` of a misc."""
    entries = parse_string(references_bib(works)).entries_dict
    assert entries["kingma2015adam"]["note"] == "arXiv:1412.6980"
    assert "note" not in entries["some2020"].fields_dict  # it says so already
    elsewhere = works[2].model_copy(update={"arxiv_id": None, "venue": "bioRxiv", "doi": "10.1101/2021.04.07.438649"})
    assert parse_string(references_bib([elsewhere])).entries_dict["some2020"]["url"] == "https://doi.org/10.1101/2021.04.07.438649"


def test_a_doubled_key_is_refused(works: tuple[Work, ...]) -> None:
    with pytest.raises(ManuscriptRefused, match="share the citation key some2020"):
        references_bib((*works, works[2]))


@pytest.mark.parametrize(
    ("words", "tex"), [("Müller", r"M{\"{u}}ller"), ("Čech & Søn", r"{\v{C}}ech \& S{\o}n"), ("Strauß", r"Strau{\ss}")]
)
def test_accents_become_commands_that_bibtex_can_sort(words: str, tex: str) -> None:
    assert bib_escape(words) == tex


def test_a_group_is_one_name(works: tuple[Work, ...]) -> None:
    work = works[0].model_copy(update={"authors": ("Ada Berg", "Open Step Collaboration"), "groups": ("Open Step Collaboration",)})
    assert "author = {Berg, Ada and {Open Step Collaboration}}" in references_bib([work])


def test_volume_and_pages_stand_where_a_source_gave_them(works: tuple[Work, ...]) -> None:
    printed = works[1].model_copy(update={"volume": "15", "pages": "1929-1958"})
    entry = parse_string(references_bib([printed])).entries_dict["abadi2016tensorflow"]
    assert (entry["volume"], entry["pages"]) == ("15", "1929--1958")
    odd = works[1].model_copy(update={"volume": r"15} \input{x}", "pages": "see there"})
    assert not {"volume", "pages"} & set(parse_string(references_bib([odd])).entries_dict["abadi2016tensorflow"].fields_dict)
    proceedings = works[0].model_copy(update={"volume": "97", "pages": "1-9"})
    entry = parse_string(references_bib([proceedings])).entries_dict["kingma2015adam"]
    assert (entry["volume"], entry["pages"]) == ("97", "1--9")
    preprint = works[2].model_copy(update={"volume": "1", "pages": "2"})
    assert not {"volume", "pages"} & set(parse_string(references_bib([preprint])).entries_dict["some2020"].fields_dict)


@pytest.mark.parametrize("name", ["and Chiyuan Zhang", "Zhang and", "Ada Berg, Bo Li", "- -", "Ada AND Bo"])
def test_a_name_that_bibtex_would_take_apart_is_held_together(name: str, works: tuple[Work, ...]) -> None:
    assert f"author = {{{{{name}}}}}" in references_bib([works[0].model_copy(update={"authors": (name,)})])


def test_a_brace_that_does_not_close_swallows_nothing() -> None:
    assert bib_escape("a {b} c") == r"a \{b\} c"
    assert bib_escape("a {b") == r"a \textbraceleft{}b"
    assert bib_escape("a }{ b") == r"a \textbraceright{}\textbraceleft{} b"


def test_an_identifier_ends_no_field(works: tuple[Work, ...]) -> None:
    work = works[2].model_copy(update={"arxiv_id": r"2001.00001}\input{x}"})
    assert parse_string(references_bib([work])).entries_dict["some2020"]["howpublished"] == "arXiv:2001.00001inputx"


def test_a_name_beyond_measure_is_cut_because_bibtex_would_cut_through_a_brace(works: tuple[Work, ...]) -> None:
    text = references_bib([works[0].model_copy(update={"authors": ("{" * 300, "A" * 300)})])
    (authors,) = [line for line in text.splitlines() if line.startswith("  author")]
    assert len(authors) < 450
    assert authors.count("{") == authors.count("}")


@pytest.mark.parametrize("odd", ["e1_2", "1_2", "12-e1_4", "１２", "12-１４", "١٢", "1٢", "١٢-١٤", "12 \u00b2", "1^2", "1$"])
def test_no_sign_of_tex_or_of_another_script_enters_pages_or_volume(works: tuple[Work, ...], odd: str) -> None:
    text = references_bib([works[1].model_copy(update={"volume": odd if "-" not in odd else "1_2", "pages": odd})])
    assert not {"volume", "pages"} & set(parse_string(text).entries_dict["abadi2016tensorflow"].fields_dict)


def test_pages_as_sources_write_them_stay(works: tuple[Work, ...]) -> None:
    for told, written in (("e12", "e12"), ("1:1 – 1:14", "1:1--1:14"), ("140:1--140:67", "140:1--140:67"), ("S12.4", "S12.4")):
        entry = parse_string(references_bib([works[1].model_copy(update={"pages": told})])).entries_dict["abadi2016tensorflow"]
        assert entry["pages"] == written


@pytest.mark.parametrize("sign", ["\U0001d15e", "\U0001d160", "\U0001d164", "\U0001d1bb", "\U0001d1c0", "\U0001f600", "字", "{"])
def test_a_name_of_signs_that_are_written_long_is_cut_and_ends(works: tuple[Work, ...], sign: str) -> None:
    for author in (sign * 12, sign * 300, f"{sign * 40} {sign * 40}", f"Ann {sign * 40}"):
        entry = parse_string(references_bib([works[2].model_copy(update={"authors": (author,)})])).entries_dict["some2020"]
        assert 0 < len(entry["author"]) <= 220
        assert entry["author"].count("dots") <= 1


def test_a_long_name_is_cut_once_and_a_short_one_never(works: tuple[Work, ...]) -> None:
    entry = parse_string(references_bib([works[2].model_copy(update={"authors": ("x" * 299, "Jose\u0301 Some")})])).entries_dict[
        "some2020"
    ]
    assert entry["author"].endswith(r"\dots{}} and Some, Jos{\'{e}}")
