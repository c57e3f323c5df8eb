import ast

from researchclaw.loop.proposers.screening import design, main_effects
from researchclaw.loop.proposers.structural import structural

SOURCE = '''"""A module."""

from __future__ import annotations

import os
import sys


def used(n):
    return n if n < 2 else used(n - 1) + used(n - 2)


def unused():
    return 1


def kind(word):
    return word in ["a", "b", "c"]


print(used(5), kind("a"), sys.argv)
'''


def test_each_operator_finds_its_place_and_leaves_python_behind() -> None:
    found = {s.operator: s.files["m.py"] for s in structural({"m.py": SOURCE})}
    assert set(found) == {
        "drop-import m.py:os",
        "drop-function m.py:unused",
        "memoise m.py:used",
        "memoise m.py:kind",
        "set-lookup m.py:18",
    }
    for text in found.values():
        ast.parse(text or "")
    assert "import os" not in (found["drop-import m.py:os"] or "")
    assert "def unused" not in (found["drop-function m.py:unused"] or "")
    memoised = found["memoise m.py:used"] or ""
    assert "import functools\n" in memoised and "@functools.cache\ndef used" in memoised
    scope: dict[str, object] = {}
    exec(compile(memoised, "m", "exec"), scope)
    assert "word in {'a', 'b', 'c'}" in (found["set-lookup m.py:18"] or "")


def test_what_another_file_names_is_not_dropped_and_what_is_no_python_is_left_alone() -> None:
    files = {"m.py": "def helper():\n    return 1\n", "n.py": "from m import helper\nhelper()\n", "x.js": "import os"}
    assert not [s for s in structural(files) if s.operator.startswith("drop")]
    assert list(structural({"m.py": "def broken(:"})) == []


def test_the_design_is_balanced_and_finds_main_effects_also_with_rows_missing() -> None:
    rows = design(11)
    assert len(rows) == 12
    for column in range(11):
        assert sum(row[column] for row in rows) == 6
        for other in range(column):
            assert sum(row[column] and row[other] for row in rows) == 3
    gains = [2.0 * row[0] - 1.0 * row[3] for row in rows]
    effects = main_effects(rows, gains)
    assert abs(effects[0] - 2) < 0.01 and abs(effects[3] + 1) < 0.01 and abs(effects[5]) < 0.01
    few = design(4)
    effects = main_effects(few[2:], [2.0 * row[0] for row in few[2:]])
    assert abs(effects[0] - 2) < 0.05
