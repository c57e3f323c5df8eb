"""The deliverables folder appears whole or not at all."""

from pathlib import Path

import pytest

from researchclaw.adapters.shelf import FolderShelf
from stages.errors import EvidenceMissing, SettingsError


def test_an_export_is_visible_only_when_published(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.begin()
    shelf.put("charts/a.pdf", b"1")
    assert not (tmp_path / "deliverables").exists()
    shelf.publish()
    assert shelf.list() == ("charts/a.pdf",)
    assert (tmp_path / "deliverables/charts/a.pdf").read_bytes() == b"1"
    assert [folder.name for folder in tmp_path.iterdir()] == ["deliverables"]


def test_a_broken_export_leaves_the_old_folder_and_is_dropped_by_the_next(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.begin()
    shelf.put("paper.tex", b"old")
    shelf.publish()
    shelf.begin()
    shelf.put("half.txt", b"x")
    assert (tmp_path / "deliverables/paper.tex").read_bytes() == b"old"
    again = FolderShelf(tmp_path)
    again.begin()
    again.put("paper.tex", b"new")
    again.publish()
    assert again.list() == ("paper.tex",)
    assert again.get("paper.tex") == b"new"


def test_a_late_file_goes_into_the_published_folder(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.begin()
    shelf.publish()
    shelf.put("verification_report.json", b"{}")
    assert shelf.list() == ("verification_report.json",)


def test_only_the_readable_files_of_a_training_run_are_copied(tmp_path: Path) -> None:
    run = tmp_path / "experiment_runs/baseline/0"
    run.mkdir(parents=True)
    (run / "measurement.json").write_text("{}")
    (run / "weights.safetensors").write_text("heavy")
    shelf = FolderShelf(tmp_path)
    shelf.begin()
    assert shelf.copy_runs() == ("experiment_runs/baseline/0/measurement.json",)


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", ""])
def test_no_path_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(SettingsError):
        FolderShelf(tmp_path).put(path, b"")


def test_a_missing_file_and_missing_runs_are_errors(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    with pytest.raises(EvidenceMissing):
        shelf.get("paper.tex")
    with pytest.raises(EvidenceMissing):
        shelf.copy_runs()
    with pytest.raises(EvidenceMissing):
        shelf.publish()
