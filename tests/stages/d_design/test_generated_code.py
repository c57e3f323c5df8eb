"""Sources and edits of generated kits: what is refused, and with which words."""

import pytest

from stages.contracts import Edit
from stages.d_design.generated_code import CodeFault, check_source, edited, parts_of

FIT = "import numpy as np\n\ndef fit(inputs, targets, seed):\n    return {}\n\ndef predict(state, inputs):\n    return inputs\n"
MAKE = "import numpy as np\n\ndef make(seed):\n    return {}\n"


def test_edits_replace_passages_in_order() -> None:
    assert edited("a = 1\nb = 2\n", [Edit(find="a = 1", replace="a = 3"), Edit(find="a = 3\nb", replace="c")]) == "c = 2\n"


@pytest.mark.parametrize(
    ("find", "why"), [("x = 1", "stands there 2 times"), ("y = 1", "stands there 0 times"), ("x  = 1", "stands there 0 times")]
)
def test_a_passage_must_stand_there_exactly_once(find: str, why: str) -> None:
    with pytest.raises(CodeFault, match=why):
        edited("x = 1\nx = 1\n", [Edit(find=find, replace="")])


def test_no_edit_is_no_repair() -> None:
    with pytest.raises(CodeFault, match="no edit"):
        edited("x = 1\n", [])


def test_honest_files_pass() -> None:
    check_source("train.py", FIT)
    check_source("prepare.py", MAKE + "\n\ndef _helper(x):\n    return x\n")
    check_source("prepare.py", "from sklearn.datasets import load_diabetes\n" + MAKE)


@pytest.mark.parametrize(
    ("file", "source", "why"),
    [
        ("train.py", FIT.replace("inputs, targets, seed", "inputs, targets"), "must define fit with 3 parameters"),
        ("train.py", "import os\n" + FIT, "line 1: imports os"),
        ("train.py", "from subprocess import run\n" + FIT, "imports subprocess"),
        ("train.py", "from sklearn.datasets import load_iris\n" + FIT, "reads a data set"),
        ("train.py", "from sklearn import datasets\n" + FIT, "reads a data set"),
        ("train.py", "import sklearn\n" + FIT + "\nx = sklearn.datasets.load_iris()\n", "reads a data set"),
        ("train.py", "from numpy import load\n" + FIT, "uses load"),
        ("train.py", FIT + "\nx = np.load('x')\n", r"uses \.load"),
        ("train.py", FIT + "\nx = ().__class__\n", r"uses \.__class__"),
        ("train.py", FIT + "\nx = __import__('os')\n", "uses __import__"),
        ("train.py", FIT + "\nx = getattr(np, 'lo' + 'ad')\n", "uses getattr"),
        ("train.py", FIT + "def (:\n", "does not parse"),
        ("prepare.py", MAKE + "def score(p, t):\n    return 1.0\n", "defines score"),
        ("prepare.py", "from sklearn.datasets import fetch_california_housing\n" + MAKE, "uses fetch_california_housing"),
        ("prepare.py", "x = 1\n", "must define make with 1 parameter"),
    ],
)
def test_what_reaches_elsewhere_is_refused(file: str, source: str, why: str) -> None:
    with pytest.raises(CodeFault, match=why):
        check_source(file, source)


def test_of_a_long_file_only_what_the_log_names_is_shown() -> None:
    filler = "".join(f"def f{number}():\n    return {number}\n\n" for number in range(60))
    source = f"import numpy as np\n\n{filler}def broken():\n    raise ValueError\n"
    shown = parts_of(source, f'  File "train.py", line {len(source.splitlines())}, in broken\n')
    assert "raise ValueError" in shown
    assert "import numpy" in shown
    assert "return 30" not in shown
    assert parts_of(FIT, "") == FIT
