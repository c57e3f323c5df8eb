"""A kit is read whole or refused with the file and the key that are wrong."""

import sys
from pathlib import Path

import pytest
import yaml

from researchclaw.kits import kit_folder, kit_sha256, load_kit, shipped_kits
from stages.errors import SettingsError

TRAIN = """
SCHEDULE = "cosine"  # search: 'cosine', 'linear'
WARMUP = 0.05  # search: 0.0 to 0.3
SECRET = 3
"""


def level(name, settings, baseline=False):
    sentence = "It acts."
    return {
        "name": name,
        "label": name,
        "words": [name],
        "settings": settings,
        "is_baseline": baseline,
        "mechanism": sentence,
        "case_for": sentence,
        "case_against": sentence,
        "expected": "same",
        "expected_size": 0.0,
    }


def factor():
    return {
        "name": "schedule",
        "label": "schedule",
        "words": ["schedule"],
        "question": "Does it matter?",
        "background": ["It is known."],
        "confounders": ["The rate."],
        "practice": ["Use it."],
        "levels": [level("cosine", {"SCHEDULE": "'cosine'"}, baseline=True), level("linear", {"SCHEDULE": "'linear'"})],
        "default_contrasts": ["cosine", "linear"],
        "ablation": {"removes": "warm-up", "label": "without", "settings": {"WARMUP": "0.0"}, "reason": "It matters."},
    }


def described():
    return {
        "name": "small",
        "title": "Small",
        "domain": "testing",
        "summary": "A kit.",
        "metric": {"name": "val_bpb", "label": "bits", "unit": "bpb", "lower_is_better": True},
        "default_budget_s": 300,
        "answers": ["whether it works"],
        "scope_words": ["model"],
        "tunable": {"WARMUP": ["0.1"]},
        "factors_file": "factors.yaml",
    }


@pytest.fixture
def write(tmp_path):
    """Writes the small kit with these parts changed, and returns its folder."""

    def write(*, kit=None, factors=None, train=TRAIN):
        folder = tmp_path / "small"
        folder.mkdir(exist_ok=True)
        (folder / "kit.yaml").write_text(yaml.safe_dump(kit or described()))
        (folder / "factors.yaml").write_text(yaml.safe_dump(factors or [factor()]))
        (folder / "train.py").write_text(train)
        (folder / "prepare.py").write_text("print('data')\n")
        return folder

    return write


def test_the_shipped_kits_load_without_torch():
    kits = {kit.name: kit for kit in shipped_kits()}
    assert kits["tiny_lm"].constants["LEARNING_RATE"] == "0.002"
    assert kits["tiny_lm"].metric.name == "val_bpb"
    assert len(kits["tiny_lm"].constants) == 29
    # another test may have loaded torch before: only a fresh interpreter could tell, and the source does not name it
    source = Path(sys.modules["researchclaw.kits"].__file__).read_text()
    assert "import torch" not in source


def test_a_kit_is_read_with_the_literals_as_they_are_written(write):
    kit = load_kit(write())
    assert kit.constants == {"SCHEDULE": '"cosine"', "WARMUP": "0.05"}
    assert kit.factors[0].levels[1].settings == {"SCHEDULE": "'linear'"}
    assert kit.train_py == TRAIN


def broken(path, value):
    """The small kit's one factor with the value at this path replaced."""
    changed = factor()
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return [changed]


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"kit": described() | {"titel": "x"}}, r"kit\.yaml: titel: Extra inputs"),
        ({"kit": described() | {"name": "other"}}, r"kit\.yaml: name: 'other' must be the folder's name, 'small'"),
        (
            {"kit": described() | {"tunable": {"LR": ["1"]}}},
            r"kit\.yaml: tunable\.LR: train\.py has no such constant; it has: SCHEDULE, WARMUP",
        ),
        ({"kit": described() | {"tunable": {"WARMUP": ["fast"]}}}, r"kit\.yaml: tunable\.WARMUP: 'fast' is not a Python literal"),
        ({"factors": broken(("levels", 1, "expected"), "great")}, r"factors\.yaml: 0\.levels\.1\.expected: Input should be"),
        (
            {"factors": broken(("levels", 1, "settings"), {"LR": "1"})},
            r"schedule\.levels\.linear\.settings\.LR: train\.py has no such",
        ),
        (
            {"factors": broken(("levels", 1, "settings"), {"SCHEDULE": "linear"})},
            r"linear\.settings\.SCHEDULE: 'linear' is not a Python",
        ),
        (
            {"factors": broken(("levels", 0, "settings"), {"WARMUP": "0.1"})},
            r"cosine\.settings\.WARMUP: the baseline level says 0\.1, train",
        ),
        ({"factors": broken(("levels", 0, "is_baseline"), False)}, r"schedule\.levels: exactly one level must have is_baseline"),
        ({"factors": broken(("levels", 1, "name"), "cosine")}, r"schedule\.levels\.cosine: the level stands there twice"),
        (
            {"factors": broken(("groups",), [{"words": ["shape"], "levels": ["linear", "step"]}])},
            r"schedule\.groups: there is no level 'step'; there are: cosine",
        ),
        (
            {"factors": broken(("default_contrasts",), ["step"])},
            r"schedule\.default_contrasts: there is no level 'step'; there are: cosine",
        ),
        (
            {"factors": broken(("ablation", "settings"), {"SECRET": "0"})},
            r"schedule\.ablation\.settings\.SECRET: train\.py has no such",
        ),
        ({"factors": [factor(), factor()]}, r"factors\.yaml: schedule: the factor stands there twice"),
        ({"train": "SCHEDULE = (\n"}, r"train\.py: line 1: does not parse"),
        ({"train": "SCHEDULE = choose()  # search: x\n"}, r"train\.py: SCHEDULE: must be a literal on one line"),
        ({"train": TRAIN + "WARMUP = 0.1  # search: x\n"}, r"train\.py: WARMUP: is assigned twice"),
        ({"train": "X = 1\n"}, r"train\.py: has no constant with a '# search:' comment"),
    ],
)
def test_a_fault_is_named_with_its_file_and_key(write, parts, complaint):
    with pytest.raises(SettingsError, match=complaint):
        load_kit(write(**parts))


def test_a_missing_file_and_a_file_that_is_no_yaml_are_named(write):
    folder = write()
    (folder / "factors.yaml").write_text("a: [")
    with pytest.raises(SettingsError, match=r"factors\.yaml: is not YAML"):
        load_kit(folder)
    (folder / "factors.yaml").unlink()
    with pytest.raises(SettingsError, match=r"factors\.yaml cannot be read"):
        load_kit(folder)


def test_the_kit_hash_changes_with_every_file_but_not_with_caches(write):
    folder = write()
    before = kit_sha256(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "train.pyc").write_bytes(b"x")
    assert kit_sha256(folder) == before
    (folder / "program.md").write_text("explore")
    assert kit_sha256(folder) != before


def test_an_unknown_kit_lists_the_known_ones():
    with pytest.raises(SettingsError, match=r"no kit is named 'huge_lm'; there are: .*tiny_lm"):
        kit_folder("huge_lm")
