"""`researchclaw audit FILE.bib`: exit 0, or a list of what is wrong."""

import json
from pathlib import Path

import pytest

from researchclaw.cli import main

ADAM = (
    "@inproceedings{adam, title={Adam: A method for stochastic optimization}, author={Kingma, D. and Ba, J.}, "
    "year=YEAR, booktitle={ICLR}}\n"
)


def bib(folder: Path, text: str) -> str:
    file = folder / "refs.bib"
    file.write_text(text)
    return str(file)


def test_a_true_file_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", bib(tmp_path, ADAM.replace("YEAR", "2015"))]) == 0
    assert "1 references against catalogue: 1 verified" in capsys.readouterr().out


def test_what_is_wrong_is_listed_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = ADAM.replace("YEAR", "2025") + "@misc{own, title={A thing of mine}, author={Doe, A.}, year=2024}\n@misc{bare, title={t}}\n"
    assert main(["audit", bib(tmp_path, text)]) == 1
    shown = capsys.readouterr().out
    assert "MISMATCH     refs.bib:1: adam: year: '2025'" in shown
    assert "NOT CHECKED  refs.bib:2: own" in shown
    assert "FAIL  refs.bib:3: bare lacks author, year" in shown


def test_a_library_of_the_users_may_confirm(tmp_path: Path) -> None:
    own = tmp_path / "own.bib"
    own.write_text("@misc{k, title={A thing of mine}, author={Doe, Ann}, year=2024}\n")
    file = bib(tmp_path, "@misc{own, title={A Thing of Mine}, author={Doe, A.}, year=2024}\n")
    assert main(["audit", file]) == 1
    assert main(["audit", file, "--user-bib", str(own)]) == 0


def test_json_carries_the_evidence_of_each_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["audit", bib(tmp_path, ADAM.replace("YEAR", "2015")), "--json"])
    (found,) = json.loads(capsys.readouterr().out)["references"]
    assert [layer["layer"] for layer in found["cited"]["layers"]] == ["identifier", "record", "second source"]


def test_a_file_without_entries_is_a_wrong_argument(tmp_path: Path) -> None:
    assert main(["audit", bib(tmp_path, "just text\n")]) == 2


def test_live_sources_are_asked_when_told_and_their_silence_denies_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = [
        f"--set=literature.{name}.base_url=http://127.0.0.1:9"
        for name in ("openalex", "semantic_scholar", "arxiv", "crossref", "datacite")
    ]
    text = (
        ADAM.replace("YEAR", "2015") + "@article{live, title={A thing of the sea}, author={Berg, A.}, year=2021, doi={10.1000/w.1}}\n"
    )
    live = ["--set=literature.mode=online", f"--set=output={tmp_path}", *nowhere]
    assert main(["audit", bib(tmp_path, text), *live]) == 1
    shown = capsys.readouterr().out
    assert "NOT CHECKED  refs.bib:2: live: OpenAlex gave no answer (is not reached" in shown
    assert "2 references against catalogue, openalex, semantic_scholar, arxiv: 1 not checked, 1 verified" in shown
