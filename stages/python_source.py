"""Reading Python sources, one thread at a time.

CPython 3.11 counts the recursion depth of its syntax tree builder per process: two threads that parse at once end in
`SystemError: AST constructor recursion depth mismatch` (python/cpython#106905; seen here with 3.11.7, 2026-11).
"""

from __future__ import annotations

import ast
from contextlib import suppress
from threading import Lock

_ONE_AT_A_TIME = Lock()


def parse(source: str) -> ast.Module:
    """The syntax tree of a module.

    Raises:
        SyntaxError: as `ast.parse`, and for what that gives up on otherwise: null bytes, thousands of brackets in each other.
    """
    with _ONE_AT_A_TIME:
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError) as exc:
            raise SyntaxError(f"the parser gives it up ({exc})") from exc


def literal(text: str) -> object:
    """The value of a Python literal.

    Raises:
        ValueError, SyntaxError: as `ast.literal_eval`.
    """
    with _ONE_AT_A_TIME:
        return ast.literal_eval(text)


def constants(source: str) -> dict[str, object]:
    """The literals that a script assigns to ALL_CAPS names at its top level.

    Raises:
        SyntaxError: as `ast.parse`.
    """
    found: dict[str, object] = {}
    for statement in parse(source).body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        else:
            continue
        if isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, ast.Constant | ast.UnaryOp | ast.Tuple):
            with suppress(ValueError, RecursionError):  # `-x`, `(a, b)`: no literal
                found[target.id] = ast.literal_eval(value)
    return found
