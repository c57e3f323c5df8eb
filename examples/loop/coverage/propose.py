"""A scripted proposer: adds one test at a time from a list, as a unified diff; prints nothing when the list is at its end."""

import difflib
import os
from pathlib import Path

IDEAS = (
    ("one letter is read", 'self.assertEqual(roman.read("X"), 10)'),
    ("a year is read back", "self.assertEqual(roman.read(roman.written(1994)), 1994)"),
    ("zero is refused", "with self.assertRaises(ValueError):\n            roman.written(0)"),
    ("twelve again, which covers nothing new", 'self.assertEqual(roman.written(12), "XII")'),
    ("a wrong expectation", 'self.assertEqual(roman.written(4), "IIII")'),
    ("text is no number", 'with self.assertRaises(TypeError):\n            roman.written("4")'),
    ("large numbers are refused", "with self.assertRaises(ValueError):\n            roman.written(4000)"),
    ("nothing is refused", 'with self.assertRaises(ValueError):\n            roman.read(" ")'),
    ("other letters are refused", 'with self.assertRaises(ValueError):\n            roman.read("XA")'),
    ("the unusual form is refused", 'with self.assertRaises(ValueError):\n            roman.read("IIII")'),
)

number = int(os.environ["RESEARCHCLAW_SEED"]) - 1
if number < len(IDEAS):
    name, body = IDEAS[number]
    path = Path("tests/test_roman.py")
    old = path.read_text()
    new = f"{old}\n    def test_{name.replace(' ', '_').replace(',', '')}(self):\n        {body}\n"
    print(f"# {name}")
    for line in difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"):
        print(line, end="")
