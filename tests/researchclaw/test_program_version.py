"""The name of the program changes with the code that writes papers, and with nothing else."""

import re
from pathlib import Path

import pytest

import stages
from researchclaw.program_version import program, release


def test_the_name_holds_the_release_and_belongs_to_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = program()
    assert re.fullmatch(rf"{re.escape(release())}\+[0-9a-f]{{12}}", made)
    (tmp_path / "one.py").write_text("a = 1\n")
    monkeypatch.setattr(stages, "__file__", str(tmp_path / "__init__.py"))
    names = []
    for text in ("a = 1\n", "a = 1\n", "a = 2\n"):
        (tmp_path / "one.py").write_text(text)
        names.append(program.__wrapped__())
    assert names[0] == names[1] != names[2]
    assert made not in names
