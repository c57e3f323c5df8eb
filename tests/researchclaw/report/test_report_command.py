"""`researchclaw report`: where the page goes, and what it says on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw import cli
from researchclaw.run_store import RunStore


def test_the_page_goes_into_the_run_folder_or_where_it_is_told(
    honest_run: RunStore, copy_of: Callable[[RunStore], RunStore], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = copy_of(honest_run)
    assert cli.main(["report", str(store.folder)]) == 0
    assert capsys.readouterr().out.strip() == str(store.folder / "report.html")
    assert cli.main(["report", "latest", "--output", str(store.folder.parent), "--to", str(tmp_path / "new" / "page.html")]) == 0
    assert (tmp_path / "new" / "page.html").read_bytes() == (store.folder / "report.html").read_bytes()


def test_a_folder_is_no_place_for_a_page(honest_run: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(honest_run.folder), "--to", str(tmp_path)]) == 2
    assert "name a file" in capsys.readouterr().err
