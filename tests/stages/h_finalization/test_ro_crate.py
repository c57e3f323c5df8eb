"""The folder's description: read by the reference library, and false as soon as the folder changes."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

from rocrate.rocrate import ROCrate

from stages.contracts import RefinedRecords
from stages.h_finalization import export_publish
from stages.h_finalization.checks import verify_files
from stages.h_finalization.ro_crate import METADATA, undescribed

small = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("small_study.py"))))


def delivered(tmp_path: Path) -> Path:
    outputs = small.ready(small.record())
    small.write_runs(tmp_path, outputs[RefinedRecords])
    export_publish.run(small.inputs_of(export_publish.Inputs, outputs), small.context(tmp_path, date="2026-11-21T00:00:00+00:00"))
    return tmp_path / "deliverables"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_reference_library_reads_it_and_finds_every_file(tmp_path: Path) -> None:
    folder = delivered(tmp_path)
    crate = ROCrate(str(folder))
    paths = {entity.id for entity in crate.data_entities if entity.type == "File"}
    assert paths == contents(folder).keys() - {METADATA, "manifest.json"}
    assert crate.mainEntity.id == "paper.pdf"
    assert str(crate.datePublished).startswith("2026-11-21")
    actions = [entity for entity in crate.contextual_entities if entity.type == "CreateAction"]
    assert actions
    for action in actions:
        assert action["instrument"].id in paths
        assert {result.id for result in action["result"]} <= paths


def test_a_changed_file_and_a_changed_description_are_found(tmp_path: Path) -> None:
    files = contents(delivered(tmp_path))
    assert list(undescribed(files[METADATA], files)) == []
    changed = {**files, "paper.tex": files["paper.tex"] + b" "}
    assert list(undescribed(files[METADATA], changed)) == ["paper.tex is described wrongly"]
    graph = json.loads(files[METADATA])
    graph["@graph"] = [entity for entity in graph["@graph"] if entity["@id"] != "references.bib"]
    files[METADATA] = json.dumps(graph).encode()
    failed = {check.name: check.detail for check in verify_files(files) if not check.passed}
    assert failed["metadata"] == "references.bib is not described"


def test_a_description_that_is_none_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    files = contents(delivered(tmp_path))
    for broken in (b"{}", b"[]", b'{"@graph": [7]}', b"\xff", b'{"@graph": [{"@type": "File"}]}'):
        failed = {check.name for check in verify_files({**files, METADATA: broken}) if not check.passed}
        assert "metadata" in failed
