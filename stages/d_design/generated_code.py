"""What can be said about generated code without running it, and how it is changed.

Changes are passages to be found and replaced. A unified diff asks its writer to count lines and to repeat context without
a slip; a passage either stands in the file exactly once or the edit is refused with that as its reason, and a second try
is cheap. The checks here are no border: they say early and by name what the sandbox would stop anyway.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Sequence

from stages import python_source
from stages.contracts import Blueprint, Edit, GeneratedKit
from stages.errors import KitRefused

LIBRARIES = frozenset(
    "__future__ collections dataclasses functools itertools math numpy random scipy sklearn statistics torch typing".split()
)
"""What generated code may import: the machine's numerical libraries and the part of the standard library that computes."""
REFUSED_NAMES = frozenset("open exec eval compile __import__ input globals locals vars breakpoint getattr setattr delattr".split())
REFUSED_MEMBERS = frozenset(
    "load loadtxt genfromtxt fromfile fromregex memmap save savez savetxt tofile dump open system popen ctypes ctypeslib".split()
)
"""Members of numpy, scipy and torch that reach for files or processes."""
INTERFACE = {"prepare.py": {"make": 1}, "train.py": {"fit": 3, "predict": 2}}
"""File -> function -> number of its parameters."""
WHOLE_FILE_LINES = 80
"""Up to this length a failing file is shown whole; above it the parts that the traceback names."""


class CodeFault(ValueError):
    """What is wrong with a source or an edit, in one line."""


def edited(source: str, edits: Sequence[Edit]) -> str:
    """The source with every passage replaced, in order.

    Raises:
        CodeFault: there is nothing to do, or a passage does not stand there exactly once.
    """
    if not edits:
        raise CodeFault("no edit was given")
    for number, edit in enumerate(edits, 1):
        count = source.count(edit.find)
        if count != 1:
            first = edit.find.strip().splitlines()[0] if edit.find.strip() else ""
            raise CodeFault(f"edit {number}: the passage to be replaced stands there {count} times, not once: {first[:80]!r}")
        source = source.replace(edit.find, edit.replace)
    return source


def check_source(file: str, source: str) -> None:
    """Refuse what a file of a generated kit may not hold.

    Raises:
        CodeFault: it does not parse, lacks its functions, or imports, names or defines what it may not; with the line.
    """
    try:
        tree = python_source.parse(source)
    except (SyntaxError, ValueError) as error:
        raise CodeFault(f"{file} does not parse: {error}") from error
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, parameters in INTERFACE[file].items():
        if name not in functions or len(functions[name].args.args) != parameters:
            raise CodeFault(f"{file} must define {name} with {parameters} parameter{'s' if parameters > 1 else ''}")
    if file == "prepare.py":
        for name, function in functions.items():
            if name not in INTERFACE[file] and not name.startswith("_"):
                raise CodeFault(
                    f"prepare.py, line {function.lineno}: defines {name}; it may define make and helpers that begin with '_': "
                    "splits and metrics are computed elsewhere"
                )
    for fault in _faults(file, tree):
        raise CodeFault(fault)


def _faults(file: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        where = f"{file}, line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
            members = [] if isinstance(node, ast.Import) else [alias.name for alias in node.names]
            for name in names:
                if name.split(".")[0] not in LIBRARIES:
                    yield f"{where}: imports {name}; allowed are {', '.join(sorted(LIBRARIES - {'__future__'}))}"
                if file == "train.py" and (name.startswith("sklearn.datasets") or (name == "sklearn" and "datasets" in members)):
                    yield f"{where}: reads a data set; the rows to train on are given to fit"
            for member in members:
                if member.startswith(("fetch_", "_")) or member in REFUSED_MEMBERS:
                    yield f"{where}: uses {member}, which reaches for files or the network"
        elif isinstance(node, ast.Name) and node.id in REFUSED_NAMES:
            yield f"{where}: uses {node.id}; generated code reads no files and runs no other code"
        elif isinstance(node, ast.Attribute):
            if node.attr.startswith("__") or node.attr in REFUSED_MEMBERS or node.attr.startswith("fetch_"):
                yield f"{where}: uses .{node.attr}, which reaches for files, the network or the interpreter"
            if file == "train.py" and node.attr == "datasets":
                yield f"{where}: reads a data set; the rows to train on are given to fit"


def parts_of(source: str, log: str) -> str:
    """What a mind needs to see of a failing file: all of a short one, else its head and what the traceback names."""
    lines = source.splitlines()
    if len(lines) <= WHOLE_FILE_LINES:
        return source
    try:
        body = python_source.parse(source).body
    except (SyntaxError, ValueError):
        return source
    named = {int(number) for number in re.findall(r"line (\d+)", log)}
    kept = []
    for node in body:
        first, last = node.lineno, node.end_lineno or node.lineno
        simple = not isinstance(node, ast.FunctionDef | ast.ClassDef)
        if simple or any(first <= number <= last for number in named):
            kept += lines[first - 1 : last]
        else:
            kept.append(f"# {lines[first - 1].strip()} … left out here")
    return "\n".join(kept) + "\n"


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def blueprint_sha256(blueprint: Blueprint) -> str:
    """Stands for the kit in the registered plan, until its code is written."""
    return text_sha256(json.dumps(blueprint.model_dump(mode="json"), sort_keys=True))


def kit_sha256(kit: GeneratedKit) -> str:
    """Hash of the frozen kit; every training request carries it."""
    return text_sha256(json.dumps(kit.model_dump(mode="json"), sort_keys=True))


def prepared_as_frozen(kit: GeneratedKit) -> GeneratedKit:
    """The kit, if its prepare.py is the one that was reviewed.

    Raises:
        KitRefused: it is another one.
    """
    if text_sha256(kit.prepare_py) != kit.prepare_sha256:
        raise KitRefused(f"prepare.py of kit {kit.name} is not the one that was reviewed and frozen")
    return kit
