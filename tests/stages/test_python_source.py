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


@pytest.mark.parametrize("line", ["WIDTH = -lower", "WIDTH = (lower, 1)", "WIDTH = -'a'", "WIDTH = not lower"])
def test_a_name_that_is_given_no_literal_is_no_constant(line: str) -> None:
    assert python_source.constants(f"{DEEP}{line}\n") == {"RATE": -0.5, "NAME": "a"}


@pytest.mark.parametrize("source", ["x = '\0'", "x = " + "-" * 20_000 + "1", "x = '\ud800'"])
def test_what_the_parser_gives_up_on_is_a_syntax_error(source: str) -> None:
    with pytest.raises(SyntaxError):
        python_source.parse(source)


def test_a_broken_script_says_where() -> None:
    with pytest.raises(SyntaxError):
        python_source.parse("def (")
