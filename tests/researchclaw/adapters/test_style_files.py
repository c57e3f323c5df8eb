"""Official style files are found by what they call themselves, never by a guess; the files here are our own fakes."""

from pathlib import Path

import pytest

from researchclaw.adapters.style_files import official_style
from stages.errors import SettingsError


def put(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_the_newest_style_of_the_venue_comes_with_what_lies_beside_it(tmp_path: Path) -> None:
    put(tmp_path / "styles", "neurips_2024.sty", "\\ProvidesPackage{neurips_2024}\n")
    put(tmp_path / "styles", "neurips_2025.sty", "% \\ProvidesPackage{icml2020}\n\\ProvidesPackage{neurips_2025}[2025/05/01]\n")
    put(tmp_path / "styles", "icml2026.sty", "\\ProvidesPackage{icml2026}\n")
    put(tmp_path / "styles", "icml2026.bst", "ENTRY")
    put(tmp_path / "styles", "notes.txt", "mine")
    found = official_style("neurips", (tmp_path / "absent", tmp_path / "styles"))
    assert found is not None
    assert (found.package, found.year) == ("neurips_2025", "2025")
    assert [file.name for file in found.files] == ["neurips_2025.sty", "icml2026.bst", "icml2026.sty"]


def test_a_file_under_a_false_name_or_of_another_venue_is_not_taken(tmp_path: Path) -> None:
    put(tmp_path, "iclr2026_conference.sty", "\\ProvidesPackage{neurips_2025}\n")
    assert official_style("iclr", (tmp_path,)) is None
    assert official_style("neurips", (tmp_path,)) is None
    assert official_style("plain", (tmp_path,)) is None


def test_a_style_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "icml2026.sty").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(SettingsError, match=r"export\.styles: .*icml2026\.sty"):
        official_style("icml", (tmp_path,))
