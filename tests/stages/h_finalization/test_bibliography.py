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
    assert set(entries["kingma2015adam"].fields_dict) == {"title", "author", "year", "booktitle", "eprint", "archiveprefix"}
    assert entries["some2020"]["howpublished"] == "arXiv:2001.00001"
    assert entries["abadi2016tensorflow"]["doi"] == "10.1000/xyz_1"


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
