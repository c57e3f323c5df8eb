"""What a candidate's source may not hold, read from its syntax tree before anything is run.

These rules name the cheat early; they are no wall, and a person who means it gets around them. The walls are elsewhere:
the evaluator computes the score, the clock is the host's, and fresh seeds confirm what one seed found.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from stages import python_source

SOURCE_MAX = 131_072
"""Characters. The shipped train.py has 16 thousand."""
DATA_MAX = 8_192
"""Characters and numbers in literals: a table that long is knowledge brought along, e.g. of the validation text (a guess)."""
TEXT_MAX = 24_576
"""Characters of comments, documentation and different names: a program can read its own source, so text there is data, too. The
shipped programs hold 6 thousand at most."""
_SEEDING = frozenset({"manual_seed", "manual_seed_all", "seed", "default_rng", "RandomState"})


def fault(source: str, name: str = "train.py") -> str | None:
    """Why the candidate is refused, in one line; None when no rule is broken. Source that does not parse is no fault here.

    name: of its file.
    """
    if len(source) > SOURCE_MAX:
        return f"{name} is {len(source)} characters long, {SOURCE_MAX} are allowed"
    try:
        tree = python_source.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    carried = 0
    described = _docstrings(tree)
    for node in ast.walk(tree):
        if _chooses_a_seed(node):
            return f"{name} chooses its own seed (line {getattr(node, 'lineno', 0)}); the seed is the laboratory's"
        if isinstance(node, ast.Constant) and id(node) not in described:
            carried += len(node.value) if isinstance(node.value, str | bytes) else len(repr(node.value))
    if carried > DATA_MAX:
        return f"{name} carries data: its literals hold {carried} characters, {DATA_MAX} are allowed"
    text = _text_beside_the_code(source, tree)
    if text > TEXT_MAX:
        return f"{name} carries data: comments, documentation and names hold {text} characters, {TEXT_MAX} are allowed"
    return None


def _text_beside_the_code(source: str, tree: ast.Module) -> int:
    """Characters of comments, docstrings and different names; all of a source that only the parser can read."""
    comments, names = 0, set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            comments += len(token.string) if token.type == tokenize.COMMENT else 0
            if token.type == tokenize.NAME:
                names.add(token.string)
    except (tokenize.TokenError, SyntaxError):
        return len(source)
    documentation = sum(len(node.value) for node in _docstring_nodes(tree) if isinstance(node.value, str | bytes))
    return comments + documentation + sum(map(len, names))


def _chooses_a_seed(node: ast.AST) -> bool:
    """A generator that is seeded with literals alone, or another value than the given one put into a name `seed`."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        given = [*node.args, *(word.value for word in node.keywords)]
        return name in _SEEDING and bool(given) and all(isinstance(value, ast.Constant) for value in given)
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = [] if _is_the_given_seed(node.value) else node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [] if node.value is None or _is_the_given_seed(node.value) else [node.target]
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    return any(isinstance(target, ast.Name) and target.id.lower() == "seed" for target in targets)


def _is_the_given_seed(value: ast.expr) -> bool:
    """`os.environ["SEED"]`, `os.environ.get("SEED", "0")` or `os.getenv("SEED")`, as they are or in `int(…)`."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "int" and len(value.args) == 1:
        value = value.args[0]
    if isinstance(value, ast.Subscript):
        return ast.unparse(value) in ("os.environ['SEED']", "environ['SEED']")
    if not isinstance(value, ast.Call) or not value.args or value.keywords:
        return False
    asks = ast.unparse(value.func) in ("os.environ.get", "environ.get", "os.getenv", "getenv")
    return asks and isinstance(value.args[0], ast.Constant) and value.args[0].value == "SEED"


def _docstrings(tree: ast.Module) -> set[int]:
    """Identities of the constants that are documentation."""
    return {id(node) for node in _docstring_nodes(tree)}


def _docstring_nodes(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
