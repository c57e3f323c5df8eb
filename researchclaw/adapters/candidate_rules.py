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
from stages.errors import SettingsError

SOURCE_MAX = 131_072
"""Characters. The shipped train.py has 16 thousand."""
INFORMATION_MAX = 16_384
"""Bytes that the whole source takes when it is compressed. No compression is lossless and gives fewer bytes than a source holds,
so nothing more can be hidden, whatever the place: names that come again, white space, the order of statements. The shipped train.py
takes 5.2 thousand of 15.7, and 45 thousand characters of four of our programs together take 13.3 (measured 2026-11)."""
NUMBER_BITS = 128
"""Of a whole number. Longer ones are data, and those of thousands of digits cannot even be printed."""
DATA_MAX = 8_192
"""Characters and numbers in literals: a table that long is knowledge brought along, e.g. of the validation text (a guess)."""
TEXT_MAX = 24_576
"""Characters of comments, documentation and different names: a program can read its own source, so text there is data, too. The
shipped programs hold 6 thousand at most."""
_SEEDING = frozenset({"manual_seed", "manual_seed_all", "seed", "default_rng", "RandomState"})


def fault(source: str, name: str = "train.py", own: str = "") -> str | None:
    """Why the candidate is refused, in one line; None when no rule is broken. Source that does not parse is no fault here.

    name: of its file. own: a program of the user's, before any change; one that holds much may be changed as well.
    """
    return next(_faults(source, name, own), None)


def _faults(source: str, name: str, own: str) -> Iterator[str]:
    if len(source) > SOURCE_MAX:
        yield f"{name} is {len(source)} characters long, {SOURCE_MAX} are allowed"
        return
    held, allowed = information(source), max(INFORMATION_MAX, 2 * information(own))
    if held > allowed:
        yield f"{name} carries data: it holds {held} bytes when compressed, {allowed} are allowed"
    try:
        tree = python_source.parse(source)
    except SyntaxError:
        return
    carried = 0
    described = _docstrings(tree)
    for node in ast.walk(tree):
        if _chooses_a_seed(node):
            yield f"{name} chooses its own seed (line {getattr(node, 'lineno', 0)}); the seed is the laboratory's"
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value.bit_length() > NUMBER_BITS:
            yield f"{name} carries data: a number of {node.value.bit_length()} bits (line {node.lineno}), {NUMBER_BITS} are allowed"
        elif isinstance(node, ast.Constant) and id(node) not in described:
            carried += len(node.value) if isinstance(node.value, str | bytes) else len(repr(node.value))
    if carried > DATA_MAX:
        yield f"{name} carries data: its literals hold {carried} characters, {DATA_MAX} are allowed"
    text = _text_beside_the_code(source, tree)
    if text > TEXT_MAX:
        yield f"{name} carries data: comments, documentation and names hold {text} characters, {TEXT_MAX} are allowed"


def information(source: str) -> int:
    """Bytes of a source when it is compressed: an upper bound of what it holds.

    Raises:
        SettingsError: this Python was built without LZMA.
    """
    try:
        import lzma
    except ImportError as exc:
        raise SettingsError("this Python has no module lzma; install liblzma-dev (xz-devel) and build Python again.") from exc
    packing = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 18}]
    return len(lzma.compress(source.encode("utf-8", "surrogatepass"), format=lzma.FORMAT_RAW, filters=packing))


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
        return _dotted(value.value) in ("os.environ", "environ") and _is_its_name(value.slice)
    if not isinstance(value, ast.Call) or not value.args or value.keywords:
        return False
    return _dotted(value.func) in ("os.environ.get", "environ.get", "os.getenv", "getenv") and _is_its_name(value.args[0])


def _is_its_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == "SEED"


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as text, empty for anything else. Not by `ast.unparse`: that fails on what is deep or long."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def _docstrings(tree: ast.Module) -> set[int]:
    """Identities of the constants that are documentation."""
    return {id(node) for node in _docstring_nodes(tree)}


def _docstring_nodes(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
