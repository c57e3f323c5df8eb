"""Changes of structure that rules can make in Python files. Each is a guess about one place; guards and metric decide.

memoise        a top-level function keeps its results (functools.cache)
set lookup     `x in [..constants..]` looks into a frozenset
drop import    a module-level import that nothing names goes
drop function  a module-level function that nothing in scope names goes
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from researchclaw.loop.proposers.proposer import Suggestion


def structural(files: Mapping[str, str]) -> Iterator[Suggestion]:
    """Every such change of the files, simplifications first."""
    parsed = {path: tree for path in sorted(files) if path.endswith(".py") and (tree := _parsed(files[path])) is not None}
    names = {path: _names(tree) for path, tree in parsed.items()}
    for path, tree in parsed.items():
        yield from _unused_imports(path, files[path], tree)
    everywhere = set[str]().union(*names.values(), *(text.split() for path, text in files.items() if path not in parsed))
    for path, tree in parsed.items():
        yield from _unused_functions(path, files[path], tree, everywhere)
    for path, tree in parsed.items():
        yield from _memoised(path, files[path], tree)
        yield from _set_lookups(path, files[path], tree)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names(tree: ast.Module) -> set[str]:
    """Everything that is named: read, as an attribute, in strings (`__all__`, getattr), imported by others."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                found.add(name)
            case ast.Constant(value=str() as text):
                found.add(text)
            case ast.ImportFrom(names=aliases):
                found.update(alias.name for alias in aliases)
            case _:
                pass
    return found


def _unused_imports(path: str, text: str, tree: ast.Module) -> Iterator[Suggestion]:
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    loaded |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    if path.endswith("__init__.py"):
        return  # others import from it
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        bound = [(alias.asname or alias.name).split(".")[0] for alias in node.names]
        if "*" not in bound and not any(name in loaded for name in bound):
            yield Suggestion(
                operator=f"drop-import {path}:{bound[0]}",
                hypothesis=f"{', '.join(bound)} is imported in {path} and never used; without it there is less code",
                files={path: _without_lines(text, node.lineno, node.end_lineno or node.lineno)},
            )


def _unused_functions(path: str, text: str, tree: ast.Module, everywhere: set[str]) -> Iterator[Suggestion]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name not in everywhere and not node.decorator_list:
            yield Suggestion(
                operator=f"drop-function {path}:{node.name}",
                hypothesis=f"nothing in scope names {node.name}() of {path}; without it there is less code",
                files={path: _without_lines(text, node.lineno, node.end_lineno or node.lineno)},
            )


def _memoised(path: str, text: str, tree: ast.Module) -> Iterator[Suggestion]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or not node.args.args or not _returns_value(node):
            continue
        lines = text.splitlines(keepends=True)
        lines.insert(node.lineno - 1, "@functools.cache\n")
        if not any(isinstance(other, ast.Import) and any(alias.name == "functools" for alias in other.names) for other in tree.body):
            lines.insert(_first_statement(tree), "import functools\n")
        yield Suggestion(
            operator=f"memoise {path}:{node.name}",
            hypothesis=f"{node.name}() of {path} is asked the same questions again; keeping its answers saves the work",
            files={path: "".join(lines)},
        )


def _returns_value(function: ast.FunctionDef) -> bool:
    """It gives something back and is no generator, whose answer can be used only once."""
    inner = list(ast.walk(function))
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inner):
        return False
    return any(isinstance(node, ast.Return) and node.value is not None for node in inner)


def _first_statement(tree: ast.Module) -> int:
    """Number of lines before the first statement that may be preceded by an import."""
    at = 0
    for node in tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if not (is_docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")):
            break
        at = node.end_lineno or node.lineno
    return at


def _set_lookups(path: str, text: str, tree: ast.Module) -> Iterator[Suggestion]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn)):
            continue
        place = node.comparators[0]
        constants = isinstance(place, ast.List | ast.Tuple) and all(isinstance(item, ast.Constant) for item in place.elts)
        if constants and place.lineno == place.end_lineno and isinstance(place, ast.List | ast.Tuple) and len(place.elts) >= 3:
            lines = text.splitlines(keepends=True)
            line = lines[place.lineno - 1].encode()
            inner = ", ".join(ast.unparse(item) for item in place.elts)
            changed = line[: place.col_offset] + f"{{{inner}}}".encode() + line[place.end_col_offset :]
            lines[place.lineno - 1] = changed.decode()
            yield Suggestion(
                operator=f"set-lookup {path}:{place.lineno}",
                hypothesis=f"{path} looks through a list of {len(place.elts)} constants on line {place.lineno}; a set is asked faster",
                files={path: "".join(lines)},
            )


def _without_lines(text: str, first: int, last: int) -> str:
    """Without these lines and the blank ones that then stand doubled."""
    lines = text.splitlines(keepends=True)
    before, after = lines[: first - 1], lines[last:]
    while before and after and not before[-1].strip() and not after[0].strip():
        after = after[1:]
    return "".join(before + after)
