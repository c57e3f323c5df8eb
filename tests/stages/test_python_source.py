"""Parsing by many threads."""

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from stages import python_source

DEEP = "x = " + "(" * 60 + "1" + ")" * 60 + "\nRATE = -0.5\nNAME = 'a'\nlower = 3\nSUM = 1 + 1\n"


def test_many_threads_parse_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(python_source.parse, [DEEP] * 400))
    assert all(isinstance(tree, ast.Module) for tree in trees)


def test_constants_are_the_literals_of_upper_case_names() -> None:
    assert python_source.constants(DEEP) == {"RATE": -0.5, "NAME": "a"}


def test_a_broken_script_says_where() -> None:
    with pytest.raises(SyntaxError):
        python_source.parse("def (")
