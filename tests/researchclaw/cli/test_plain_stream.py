"""Names and titles of a stranger's files are printed without what would steer a terminal."""

import io
import sys
from pathlib import Path

import pytest
import yaml

from researchclaw import cli
from researchclaw.cli.plain_stream import as_plain, steering

EVIL = "\x1b]0;owned\x07\x1b[2Je\x9bvil\u202e"


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What kit.yaml of a stranger holds; its program has an evil name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"{EVIL}.py").write_text("print('m: 1')\n", encoding="utf-8")
    return {
        "name": "own", "title": f"{EVIL}\nfolder: forged", "summary": EVIL,
        "metric": {"name": "m", "label": EVIL, "unit": "u", "lower_is_better": True},
        "budget_s": 1.0, "command": ["python", EVIL], "scope": ["*.py"], "score": {"kind": "printed"},
    }  # fmt: skip


@pytest.mark.parametrize("words", [("kits", "show", "./own"), ("kits", "check", "./own"), ("kits", "show", f"./{EVIL}")])
@pytest.mark.parametrize("key", ["title", f"key{EVIL}"])
def test_a_stranger_s_kit_steers_no_terminal(
    kit: dict[str, object], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], key: str
) -> None:
    Path("own", "kit.yaml").write_text(yaml.safe_dump({**kit, key: kit["title"]}, allow_unicode=False), encoding="utf-8")
    cli.main(words)
    said = "".join(capsys.readouterr())
    assert "evil" in said
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said)
    assert not any(line.startswith("folder: forged") for line in said.splitlines())


def test_the_streams_are_the_process_own_again_after_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    assert cli.main(("--version",)) == 0
    assert (sys.stdout, sys.stderr) == before


def test_a_display_of_our_own_may_steer_and_a_stream_is_cleaned_once() -> None:
    below = io.StringIO()
    clean = as_plain(below)
    assert as_plain(clean) is clean
    assert steering(clean) is below
    assert steering(below) is below
    clean.writelines(["a\x1b[1m", "b\r\n"])
    assert clean.write("\x07c") == 2
    assert below.getvalue() == "ab\nc"
