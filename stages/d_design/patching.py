"""Changing one thing in train.py, showing the change, and telling two programs apart.

The source is found by its syntax tree and changed as text, so that comments and layout stay and the diff is one line.
"""

import ast
import difflib
import hashlib
from collections.abc import Mapping

from stages import python_source


def apply_settings(train_py: str, settings: Mapping[str, str]) -> str:
    """train_py with the literals of these top-level constants replaced: name -> Python literal. One that is there already stays.

    Raises:
        KeyError: constants that train_py does not assign at top level, by name.
        ValueError: a value is not a Python literal, or a constant is assigned more than once.
    """
    places = constant_places(train_py)
    if unknown := [name for name in settings if name not in places]:
        raise KeyError(f"train.py has no constant {', '.join(unknown)}; it has: {', '.join(places)}")
    lines = train_py.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    source = train_py.encode()
    edits: list[tuple[int, int, bytes]] = []
    for name, literal in settings.items():
        try:
            wanted = python_source.literal(literal)
        except (ValueError, SyntaxError) as exc:
            raise ValueError(f"{name}: {literal!r} is not a Python literal") from exc
        if len(places[name]) != 1:
            raise ValueError(f"{name} is assigned {len(places[name])} times")
        value = places[name][0]
        assert value.end_lineno is not None
        assert value.end_col_offset is not None
        if _is_already(value, wanted):  # else other quotes would show as a change that is none
            continue
        begin = starts[value.lineno - 1] + value.col_offset
        edits.append((begin, starts[value.end_lineno - 1] + value.end_col_offset, literal.encode()))
    for begin, end, text in sorted(edits, reverse=True):  # from the end: earlier places keep their offsets
        source = source[:begin] + text + source[end:]
    return source.decode()


def _is_already(value: ast.expr, wanted: object) -> bool:
    """Whether the constant is assigned this very value, of this very type, however it is spelt."""
    try:
        present = ast.literal_eval(value)
    except (ValueError, TypeError):  # computed, as `2 * WIDTH`
        return False
    return type(present) is type(wanted) and bool(present == wanted)


def constant_places(train_py: str) -> dict[str, list[ast.expr]]:
    """Top-level ALL_CAPS constant -> the expressions that it is assigned."""
    places: dict[str, list[ast.expr]] = {}
    for node in python_source.parse(train_py).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        else:
            continue
        if isinstance(target, ast.Name) and target.id.isupper() and node.value is not None:
            places.setdefault(target.id, []).append(node.value)
    return places


def unified_patch(before: str, after: str) -> str:
    """Unified diff from a/train.py to b/train.py, as git and patch read it; empty for equal texts."""
    diff = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "a/train.py", "b/train.py")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in diff)


def normalised_hash(source: str) -> str:
    """SHA-256 of what the program does: layout, comments, docstrings and the spelling of literals do not count.

    Comparable within one version of Python only: the syntax tree changes between versions.
    """
    tree = python_source.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            statements = node.body
            node.body = statements[1:] if ast.get_docstring(node) is not None else statements
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
