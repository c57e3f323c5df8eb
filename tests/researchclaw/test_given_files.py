"""Files that a person names: no pipe, no device, nothing endless, and nothing that a stranger's folder links to."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw import cli
from researchclaw.given_files import read_below, read_given, text_given
from stages.errors import SettingsError


def test_a_regular_file_is_read_and_a_link_that_a_person_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\n")
    (tmp_path / "b").symlink_to("a")
    assert read_given(tmp_path / "b", "--train") == b"x\n"
    assert text_given(tmp_path / "b", "--train") == "x\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is no regular file"),
        (os.mkdir, "is no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
        (lambda path: path.write_bytes(b"\xff"), "cannot be read as text: it is not UTF-8"),
        (lambda path: path.write_bytes(b"x" * 5_000_000), "is larger than 4 MB"),
        (lambda _: None, "cannot be read"),
    ],
)
def test_what_is_no_file_of_text_is_one_line(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    make(tmp_path / "it")
    with pytest.raises(SettingsError, match=f"^--train: .*/it {said}"):
        text_given(tmp_path / "it", "--train")


@pytest.mark.parametrize(("relative", "link"), [("link", "link"), ("folder/file", "folder")])
def test_nothing_below_a_folder_is_read_through_a_link(tmp_path: Path, relative: str, link: str) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "file").write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"secret")
    (root / "link").symlink_to("../file")
    (root / "folder").symlink_to("..")
    assert read_below(root, "inner/file") == b"x"
    with pytest.raises(SettingsError, match=f"{link} is a symbolic link"):
        read_below(root, relative)


@pytest.mark.parametrize("option", ["--train", "--request", "--config"])
def test_a_pipe_does_not_hang_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert cli.main(("experiment", "--kit", "digits", option, "pipe")) == 2
    assert f"{option}: pipe is no regular file" in capsys.readouterr().err


def test_a_file_that_is_no_request_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("request.json").touch()
    assert cli.main(("experiment", "--request", "request.json")) == 2
    assert "no request.json of a recorded run: the text: Invalid JSON" in capsys.readouterr().err
