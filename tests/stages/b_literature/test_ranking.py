"""The top of the list is spread over venues, years and authors; what fits far better stays in front."""

from __future__ import annotations

from stages.b_literature.ranking import balanced
from stages.contracts import Candidate, Work


def one(key: str, score: float, venue: str = "ICLR", year: int = 2020, author: str = "Ada Berg") -> Candidate:
    work = Work(key=key, title=key, authors=(author,), year=year, venue=venue, type="conference", confirmed_by=("openalex",))
    return Candidate(work=work, score=score, queries=("q",))


def keys(*candidates: Candidate) -> list[str]:
    return [candidate.work.key for candidate in balanced(candidates)]


def test_a_crowd_makes_room_for_another_venue_year_and_author() -> None:
    crowd = [one(f"c{number}", 10 - number / 100) for number in range(6)]
    assert keys(*crowd, one("other", 9.5, "Neural Computation", 1997, "Sepp Hochreiter")).index("other") == 2


def test_what_fits_twice_as_well_never_falls_behind() -> None:
    crowd = [one(f"c{number}", 20) for number in range(12)]
    assert keys(*crowd, one("other", 9, "Neural Computation", 1997, "Sepp Hochreiter"))[-1] == "other"


def test_works_asked_for_by_key_come_first_as_they_are() -> None:
    assert keys(one("a", 120), one("b", 119), one("c", 118), one("d", 9, "JMLR", 1990, "Bo Li")) == ["a", "b", "c", "d"]


def test_the_order_of_the_records_does_not_matter() -> None:
    some = [one(f"c{number}", number % 3 + 1, f"V{number % 2}", 2000 + number) for number in range(20)]
    assert keys(*some) == keys(*reversed(some))
