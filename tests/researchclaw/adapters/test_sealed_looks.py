"""Looks at sealed splits are counted for each data set, in whatever order and from however many threads they come."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from researchclaw.adapters.sealed_looks import looks_at, note_look


def test_looks_are_counted_for_each_data_set(tmp_path: Path) -> None:
    state = tmp_path / "new"
    assert looks_at(state, "a" * 64) == 0
    assert [note_look(state, data * 64, "0" * 64, 1) for data in "aab"] == [1, 2, 1]
    assert [looks_at(state, data * 64) for data in "abc"] == [2, 1, 0]


def test_no_look_is_lost_or_counted_twice_when_many_look_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda seed: note_look(tmp_path, "a" * 64, "0" * 64, seed), range(50)))
    assert sorted(told) == list(range(1, 51))
