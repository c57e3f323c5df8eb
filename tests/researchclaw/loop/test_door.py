"""What may pass: plain text in scope. Patches come from strangers."""

from pathlib import Path

import pytest

from researchclaw.loop import door
from researchclaw.loop.door import DoorClosedError
from researchclaw.loop.repository import GitRefusedError, Repository


@pytest.mark.parametrize(
    ("path", "scope", "inside"),
    [
        ("src/a.py", "src", True),
        ("src/a.py", "src/**", True),
        ("src/x/y/a.py", "src/**/*.py", True),
        ("src/a.py", "src/**/*.py", True),
        ("src/x/a.py", "src/*.py", False),
        ("src2/a.py", "src", False),
        ("a.py", "*.py", True),
        ("x/a.py", "*.py", False),
        ("a1.py", "a[0-9].py", True),
        ("ab.py", "a[!0-9].py", True),
        ("a+py", "a.py", False),
    ],
)
def test_globs(path: str, scope: str, inside: bool) -> None:
    assert door.in_scope(path, (scope,)) is inside


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Repository, str]:
    made = Repository.create(tmp_path / "r.git")
    return made, made.written(None, {"src/a.py": b"x = 1\n", "judge.py": b"1\n"})


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"judge.py": b"0\n"}, "judge.py is out of scope"),
        ({"src/a.py": b"x = \0\n"}, "binary file"),
        ({"src/a.py": b"x = '\xff'\n"}, "no UTF-8 text"),
        ({"src/a.py": b"x = 1\n" * 200_000}, "bytes, 524288 are allowed"),
        ({f"src/{n}.py": b"1\n" for n in range(21)}, "21 files are changed"),
        ({"src/a.py": b"x = 1\n" * 5000}, "lines are changed, 4000 are allowed"),
        ({"src/.gitattributes": b"* filter=evil\n"}, "git's own files"),
        ({"src/.GITmodules": b"1\n"}, "git's own files"),
        ({"src/a\x1b[31m.py": b"1\n"}, "no ordinary file name"),
        ({"src/a\u202e.py": b"1\n"}, "no ordinary file name"),
        ({"src/a.py": b"x = 1\n"}, "changes nothing"),
    ],
)
def test_what_the_door_refuses(repository: tuple[Repository, str], files: dict[str, bytes | None], why: str) -> None:
    made, tree = repository
    with pytest.raises(DoorClosedError, match=why):
        door.check(made, tree, made.written(tree, files), ("src",))


@pytest.mark.parametrize("path", ["../evil.py", "/etc/passwd", "src/../../evil", ".git/config", "src//a", "", "src/.", "a\nb"])
def test_paths_that_leave_the_repository(path: str) -> None:
    with pytest.raises(DoorClosedError):
        door.check_path(path)


_NEW = "diff --git a/src/l b/src/l\nnew file mode {mode}\n--- /dev/null\n+++ b/src/l\n@@ -0,0 +1 @@\n+{text}\n"
_LINK = _NEW.format(mode="120000", text="/etc/passwd") + "\\ No newline at end of file\n"
_EXECUTABLE = "diff --git a/src/a.py b/src/a.py\nold mode 100644\nnew mode 100755\n"
_MODULE = _NEW.format(mode="160000", text="Subproject commit " + "1" * 40)


@pytest.mark.parametrize(("patch", "why"), [(_LINK, "symbolic link"), (_EXECUTABLE, "right to execute"), (_MODULE, "submodule")])
def test_patches_with_links_modes_and_submodules_are_refused(repository: tuple[Repository, str], patch: str, why: str) -> None:
    made, tree = repository
    with pytest.raises(DoorClosedError, match=why):
        door.check(made, tree, made.patched(tree, patch), ("src",))


def test_a_patch_that_leaves_the_repository_is_refused_by_git(repository: tuple[Repository, str], tmp_path: Path) -> None:
    made, tree = repository
    for name in ("../escaped", str(tmp_path / "escaped"), ".git/hooks/post-commit"):
        patch = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n"
        with pytest.raises((GitRefusedError, DoorClosedError)):
            door.check(made, tree, made.patched(tree, patch), ("**",))
    assert not (tmp_path / "escaped").exists()


def test_a_good_change_passes_with_its_lines_counted(repository: tuple[Repository, str]) -> None:
    made, tree = repository
    assert door.check(made, tree, made.written(tree, {"src/a.py": b"x = 2\ny = 3\n"}), ("src",)) == (2, 1)


def test_the_fingerprint_ignores_layout_comments_and_docstrings_of_python_only() -> None:
    a = door.fingerprint([("a.py", "x = 1\n")])
    assert a == door.fingerprint([("a.py", '"""Doc."""\nx  =  1  # why\n\n')])
    assert a != door.fingerprint([("a.py", "x = 2\n")])
    assert door.fingerprint([("a.js", "x\n")]) != door.fingerprint([("a.js", "x // why\n")])
