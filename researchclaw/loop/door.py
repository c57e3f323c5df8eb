"""The one door: whoever proposes a change, it touches plain text files in scope, and little of them, or it is refused."""

from __future__ import annotations

import ast
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from researchclaw.loop.repository import Change, Repository
from stages import python_source

MAX_FILE_BYTES = 512 * 1024
MAX_FILES = 20
MAX_LINES = 4000
_FILE_MODES = ("100644", "100755")


class DoorClosedError(Exception):
    """The change is refused; one line that names the rule."""


def in_scope(path: str, scope: Sequence[str]) -> bool:
    """A folder in the scope stands for everything below it."""
    return any(_pattern(glob).fullmatch(path) for glob in scope)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """'*' and '?' stay within a folder, '**' crosses folders, '[…]' is a set."""
    text, at = "", 0
    glob = glob.removeprefix("./").rstrip("/")
    while at < len(glob):
        if glob.startswith("**/", at):
            text, at = text + "(?:[^/]+/)*", at + 3
        elif glob.startswith("**", at):
            text, at = text + ".*", at + 2
        elif glob[at] == "*":
            text, at = text + "[^/]*", at + 1
        elif glob[at] == "?":
            text, at = text + "[^/]", at + 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", r"\\")
            inner = "^" + inner[1:] if inner[0] == "!" else inner
            text, at = text + f"[{inner}]", end + 1
        else:
            text, at = text + re.escape(glob[at]), at + 1
    return re.compile(f"{text}(?:/.*)?")


def check(repository: Repository, parent_tree: str, tree: str, scope: Sequence[str]) -> tuple[int, int]:
    """Lines added and removed, when every change may pass.

    Raises:
        DoorClosedError
    """
    changes = repository.changes(parent_tree, tree)
    if not changes:
        raise DoorClosedError("the change changes nothing")
    if len(changes) > MAX_FILES:
        raise DoorClosedError(f"{len(changes)} files are changed, {MAX_FILES} are allowed in one attempt")
    for change in changes:
        check_path(change.path)
        if not in_scope(change.path, scope):
            raise DoorClosedError(f"{change.path[:200]} is out of scope")
    new = [change for change in changes if change.status != "D"]
    for change in new:
        _check_mode(change)
    sizes = repository.sizes([change.id for change in new])
    for change, size in zip(new, sizes, strict=True):
        if size > MAX_FILE_BYTES:
            raise DoorClosedError(f"{change.path[:200]} has {size} bytes, {MAX_FILE_BYTES} are allowed")
    for change, content in zip(new, repository.blobs([change.id for change in new]), strict=True):
        _check_text(change.path, content)
    added, removed = repository.lines_changed(parent_tree, tree)
    if added + removed > MAX_LINES:
        raise DoorClosedError(f"{added + removed} lines are changed, {MAX_LINES} are allowed in one attempt")
    return added, removed


def _check_mode(change: Change) -> None:
    if change.mode not in _FILE_MODES:
        kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(change.mode, f"of mode {change.mode}")
        raise DoorClosedError(f"{change.path[:200]} is {kind}; only plain files are allowed")
    if change.old_mode in _FILE_MODES and change.mode != change.old_mode:
        raise DoorClosedError(f"{change.path[:200]}: the right to execute may not change")


def _check_text(path: str, content: bytes) -> None:
    if b"\0" in content:
        raise DoorClosedError(f"{path[:200]} is a binary file")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        raise DoorClosedError(f"{path[:200]} is no UTF-8 text") from None


def check_path(path: str) -> None:
    """Raises: DoorClosedError: not a path that a change may name."""
    shown = ascii(path)[:200]
    parts = path.split("/")
    if not path or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise DoorClosedError(f"{shown} is no path inside the repository")
    if any(unicodedata.category(character)[0] == "C" or character == "\\" for character in path) or len(path) > 1000:
        raise DoorClosedError(f"{shown} is no ordinary file name")
    if any(part.lower().startswith(".git") for part in parts):
        raise DoorClosedError(f"{shown}: git's own files may not change")


def fingerprint(files: Iterable[tuple[str, str]]) -> str:
    """Hash of the code in scope as a machine would see it: layout, comments and docstrings of Python do not count."""
    digest = hashlib.sha256()
    for path, text in sorted(files):
        digest.update(f"{path}\0{normalised(path, text)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def normalised(path: str, text: str) -> str:
    if path.endswith(".py"):
        try:
            return ast.dump(_without_docstrings(python_source.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass  # not Python yet: compared as text
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree
