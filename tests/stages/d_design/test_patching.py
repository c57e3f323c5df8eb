import subprocess

import pytest

from stages.d_design.patching import apply_settings, normalised_hash, unified_patch

SOURCE = '''"""Training – a study."""
import math

NAME = "Grüße"; RATE = 0.002  # search: log scale
SCHEDULE: str = "cosine"  # search: 'cosine'
SHAPE = (
    1,
    2,
)
twice = 1


def f():
    """Says."""
    RATE = 5
    return RATE
'''


def test_only_the_literal_changes():
    changed = apply_settings(SOURCE, {"RATE": "0.005", "SCHEDULE": "'linear'", "SHAPE": "(3,)"})
    expected = SOURCE.replace("RATE = 0.002", "RATE = 0.005").replace('str = "cosine"', "str = 'linear'")
    assert changed == expected.replace("(\n    1,\n    2,\n)", "(3,)")


def test_no_setting_changes_nothing():
    assert apply_settings(SOURCE, {}) == SOURCE


@pytest.mark.parametrize("settings", [{"SCHEDULE": "'cosine'"}, {"RATE": "2e-3"}, {"SHAPE": "(1, 2)"}])
def test_a_value_that_is_there_already_is_not_spelt_anew(settings):
    assert apply_settings(SOURCE, settings) == SOURCE


def test_another_type_is_another_value():
    assert apply_settings("FLAG = 1\n", {"FLAG": "True"}) == "FLAG = True\n"


def test_a_constant_that_does_not_exist_is_named():
    with pytest.raises(KeyError, match=r"no constant DEPTH, WIDTH; it has: NAME, RATE"):
        apply_settings(SOURCE, {"DEPTH": "1", "RATE": "1", "WIDTH": "2"})


@pytest.mark.parametrize("literal", ["linear", "__import__('os')", "1 +", ""])
def test_what_is_no_literal_is_refused(literal):
    with pytest.raises(ValueError, match=r"RATE: .* is not a Python literal"):
        apply_settings(SOURCE, {"RATE": literal})


def test_a_constant_that_is_assigned_twice_is_refused():
    with pytest.raises(ValueError, match="RATE is assigned 2 times"):
        apply_settings("RATE = 1\nRATE = 2\n", {"RATE": "3"})


@pytest.mark.parametrize("after", [SOURCE.replace("0.002", "0.005"), SOURCE.removesuffix("\n"), SOURCE + "X = 1"])
def test_git_applies_the_patch(tmp_path, after):
    (tmp_path / "train.py").write_text(SOURCE)
    patch = unified_patch(SOURCE, after)
    assert patch.startswith("--- a/train.py\n+++ b/train.py\n@@ ")
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=tmp_path, check=True)
    assert (tmp_path / "train.py").read_text() == after


def test_equal_texts_have_an_empty_patch():
    assert unified_patch(SOURCE, SOURCE) == ""


def test_layout_comments_docstrings_and_spelling_do_not_make_another_program():
    other = SOURCE.replace("0.002  # search: log scale", "2e-3").replace('"""Says."""', '"""Speaks."""').replace("Training", "T")
    assert normalised_hash(other) == normalised_hash(SOURCE)
    assert normalised_hash(SOURCE.replace('    """Says."""\n', "")) == normalised_hash(SOURCE)


def test_another_value_makes_another_program():
    assert normalised_hash(SOURCE.replace("0.002", "0.003")) != normalised_hash(SOURCE)
    assert normalised_hash(SOURCE.replace("0.002", "2")) != normalised_hash(SOURCE.replace("0.002", "2.0"))
