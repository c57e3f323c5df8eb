"""The catalogue and the user's .bib as one library without a network."""

from pathlib import Path

import pytest

from researchclaw.adapters.user_library import OfflineLibrary, library_of
from stages.contracts import SearchQuery
from stages.errors import SettingsError
from stages.h_finalization.references.reference import reference_of_fields

OWN = """@article{Doe:2024,
  title = {Warm restarts for lukewarm people}, author = {Doe, Ann and Roe, Ben}, year = 2024, journal = {Journal of Things},
  gist = {found that lukewarm restarts help.}, about = {schedule, short budget}
}
@article{mykey, title={Attention is All you Need}, author={Vaswani, A. and others}, year=2017}
@misc{lonely, title={Nobody}}
@misc{müller2020, title={Etwas}, author={Karl Müller}, year=2020}
"""


@pytest.fixture
def library(tmp_path: Path) -> OfflineLibrary:
    (tmp_path / "mine.bib").write_text(OWN)
    return library_of([tmp_path / "mine.bib"])


def query(text: str) -> SearchQuery:
    return SearchQuery(id="q", text=text, about=("schedule",), sub_question="q", sources=("catalogue",))


def test_a_work_of_the_users_is_found_cited_by_its_key_and_verified(library: OfflineLibrary) -> None:
    answer = library.search(query("lukewarm restarts"), 40)
    work = next(work for work, _ in answer.works if work.key == "Doe:2024")
    assert (work.gist, work.about) == ("found that lukewarm restarts help", ("schedule", "short_budget"))
    assert library.verify([work])[0].verdict == "verified"
    assert library.verify([work.model_copy(update={"title": "Another"})])[0].verdict != "verified"
    outcome = {outcome.source: outcome for outcome in answer.outcomes}["mine.bib"]
    assert outcome.found == 1
    assert "lonely lacks author, year" in (outcome.reason or "")
    assert "line 7: müller2020 has a key with characters that cannot be cited" in (outcome.reason or "")


def test_a_work_that_both_hold_is_the_catalogues_and_says_so(library: OfflineLibrary) -> None:
    works = [
        work for work, _ in library.search(query("attention is all you need"), 60).works if work.title.startswith("Attention Is All")
    ]
    assert [(work.key, work.confirmed_by) for work in works] == [("vaswani2017attention", ("catalogue", "mine.bib"))]
    assert library.verify(works)[0].verdict == "verified"


def test_references_are_judged_by_both(library: OfflineLibrary) -> None:
    mine = reference_of_fields("x", {"title": "Warm Restarts for Lukewarm People", "author": "Doe, A. and Roe, B.", "year": "2024"})
    assert library.check([mine])[0].verdict == "verified"
    assert library_of().check([mine])[0].verdict == "not checked"


def test_a_broken_file_and_a_key_with_two_meanings_stop_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "broken.bib").write_text("@misc{a, title={t}\n@misc{b, title={u}}\n")
    with pytest.raises(SettingsError, match=r"broken\.bib: line 1"):
        library_of([tmp_path / "broken.bib"])
    (tmp_path / "taken.bib").write_text("\n@misc{kingma2015adam, title={Other}, author={A B}, year=2020}\n")
    with pytest.raises(SettingsError, match="line 2: the key kingma2015adam means another work"):
        library_of([tmp_path / "taken.bib"])
