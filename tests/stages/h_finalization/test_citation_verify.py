"""The last stage reads the exported bytes back and refuses what is not true, after saying so in the folder."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.contracts import Deliverables, RefinedRecords
from stages.errors import ManuscriptRefused
from stages.h_finalization import citation_verify, export_publish
from stages.h_finalization.manifest import check_manifest

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))


def exported(run_folder: Path) -> dict[type, object]:
    outputs = small.ready(small.record())
    small.write_runs(run_folder, outputs[RefinedRecords])
    outputs[Deliverables] = export_publish.run(small.inputs_of(export_publish.Inputs, outputs), small.context(run_folder))
    return outputs


def test_a_sound_export_is_verified_and_the_manifest_covers_the_report(tmp_path: Path) -> None:
    outputs = exported(tmp_path)
    report = citation_verify.run(small.inputs_of(citation_verify.Inputs, outputs), small.context(tmp_path))
    assert report.passed
    assert {work.key for work in report.citations} == {"kingma2015adam", "loshchilov2017sgdr"}
    folder = tmp_path / "deliverables"
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert all(check.passed for check in check_manifest(files))
    assert any(entry["path"] == "verification_report.json" for entry in json.loads(files["manifest.json"]))


def test_verifying_twice_changes_nothing(tmp_path: Path) -> None:
    outputs = exported(tmp_path)
    inputs, world = small.inputs_of(citation_verify.Inputs, outputs), small.context(tmp_path)
    first = citation_verify.run(inputs, world)
    before = (tmp_path / "deliverables/manifest.json").read_bytes()
    assert citation_verify.run(inputs, world) == first
    assert (tmp_path / "deliverables/manifest.json").read_bytes() == before


@pytest.mark.parametrize("path", ["paper.tex", "references.bib", "results.json", "paper_draft.md"])
def test_a_file_that_changed_after_the_export_fails_the_run_with_a_report(path: str, tmp_path: Path) -> None:
    outputs = exported(tmp_path)
    file = tmp_path / "deliverables" / path
    file.write_text(file.read_text().replace("2", "3", 1))
    with pytest.raises(ManuscriptRefused, match="verification_report"):
        citation_verify.run(small.inputs_of(citation_verify.Inputs, outputs), small.context(tmp_path))
    report = json.loads((tmp_path / "deliverables/verification_report.json").read_text())
    assert report["passed"] is False
    assert any(check["name"] == "exported files" and path in check["detail"] for check in report["checks"])


@pytest.mark.parametrize("verdict", ["mismatch", "not found", "not checked", "retracted"])
def test_a_work_that_is_not_confirmed_fails_the_run(verdict: str, tmp_path: Path) -> None:
    outputs = exported(tmp_path)
    world = small.context(tmp_path, library=small.CannedLibrary(verdict))
    with pytest.raises(ManuscriptRefused, match="citations: kingma2015adam"):
        citation_verify.run(small.inputs_of(citation_verify.Inputs, outputs), world)
