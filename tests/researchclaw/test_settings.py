from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from researchclaw.settings import Settings, from_record, keys, load, overridden, presets
from researchclaw.shipped import shipped
from stages.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text)
    return path


def test_the_shipped_file_equals_the_defaults(folder: Path) -> None:
    assert load(ROOT / "config.arc.yaml") == Settings() == load(folder=folder)


def names(values: dict[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield from names(value, f"{above}{name}.") if isinstance(value, dict) else [f"{above}{name}"]


def test_the_shipped_file_holds_and_explains_every_key() -> None:
    text = (ROOT / "config.arc.yaml").read_text()
    values = yaml.safe_load(text)
    assert set(names(values)) == {key.name for key in keys()}
    words = " ".join(line.strip().removeprefix("#").strip() for line in text.splitlines())
    for key in keys():
        assert key.description, key.name
        assert key.description in words, key.name
        assert f"Allowed: {key.allowed}." in words, key.name


@pytest.mark.parametrize("preset", presets())
def test_every_preset_loads_and_says_what_differs(preset: str, folder: Path) -> None:
    load(None, preset, folder=folder)
    assert (shipped("configs") / f"{preset}.yaml").read_text().startswith("# ")


def test_quick_is_minutes(folder: Path) -> None:
    quick = load(None, "quick", folder=folder).experiment
    assert (quick.time_budget_sec, quick.seeds, quick.max_conditions, quick.refine_attempts) == (20, 5, 5, 3)
    assert (quick.confirm_seeds, quick.scored_bytes, quick.max_hours) == (3, 131072, 0.2)


def test_the_budget_of_a_run_is_five_minutes_by_default() -> None:
    assert Settings().experiment.time_budget_sec == 300


def test_set_wins_over_preset_wins_over_file(folder: Path) -> None:
    file = write(folder, "experiment:\n  seeds: 7\n  max_conditions: 4\n  confirm_seeds: 1\n")
    found = load(file, "quick", ["experiment.seeds=9"]).experiment
    assert (found.seeds, found.max_conditions) == (9, 5)


def test_the_file_in_the_current_folder_is_found(folder: Path) -> None:
    (folder / "config.arc.yaml").write_text("export:\n  author: Ada\n")
    assert load(folder=folder).export.author == "Ada"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("experiment:\n  sedes: 3\n", r"my\.yaml:2: unknown key 'experiment\.sedes'; did you mean 'experiment\.seeds'\?"),
        ("seeds: 3\n", r"my\.yaml:1: unknown key 'seeds'; did you mean 'experiment\.seeds'\?"),
        (
            "experiment:\n  seeds: 0\n",
            r"my\.yaml:2: 'experiment\.seeds' cannot be 0; allowed: a whole number, at least 1, at most 99\.",
        ),
        ("experiment:\n  seeds: many\n", r"'experiment\.seeds' cannot be 'many'"),
        ("experiment:\n  seeds: yes\n", r"'experiment\.seeds' cannot be true"),
        ("experiment:\n  time_budget_sec: .inf\n", r"'experiment\.time_budget_sec' cannot be inf"),
        ("export:\n  typesetter: word\n", r"'export\.typesetter' cannot be 'word'; allowed: auto, latex or typst\."),
        ("export:\n  author:\n", r"'export\.author' cannot be null"),
        ("experiment: 3\n", r"my\.yaml:1: unknown key 'experiment'"),
        ("experiment:\n  seeds: 3\n  seeds: 4\n", r"my\.yaml:3: 'experiment\.seeds' stands here a second time"),
        ("experiment: [\n", r"my\.yaml:2: not YAML"),
        ("- a\n- b\n", "expected keys with values"),
    ],
)
def test_a_wrong_file_is_one_line_with_the_place_and_the_remedy(folder: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load(write(folder, text))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("experiment.seeds", "not of the form key=value"),
        ("experiment.seed=3", r"did you mean 'experiment\.seeds'\?"),
        ("flow.engine=airflow", "allowed: prefect or plain"),
        ("sandbox.allow_weaker=perhaps", "allowed: true or false"),
    ],
)
def test_a_wrong_override_is_refused(override: str, message: str, folder: Path) -> None:
    with pytest.raises(SettingsError, match=message):
        load(None, None, [override], folder=folder)


def test_a_missing_file_and_an_unknown_preset_are_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(folder / "nope.yaml")
    with pytest.raises(SettingsError, match="did you mean 'quick'"):
        load(None, "quik", folder=folder)


def test_an_empty_file_and_an_empty_section_say_nothing(folder: Path) -> None:
    assert load(write(folder, "")) == Settings()
    assert load(write(folder, "experiment:\n  # nothing yet\n")) == Settings()


def test_settings_come_back_from_the_record(folder: Path) -> None:
    settings = load(None, "quick", ["output=/tmp/x", "experiment.corpus=/tmp/c"], folder=folder)
    record = settings.model_dump(mode="json")
    assert from_record(record) == settings
    assert overridden(settings, ["gates.auto_approve=true"]).gates.auto_approve
    with pytest.raises(SettingsError, match="not one of this version"):
        from_record({**record, "gone": 1})


def test_more_seeds_than_a_study_can_have_are_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="at most 99"):
        load(overrides=["experiment.seeds=99999999999999999999999"], folder=folder)


def test_brackets_without_end_are_no_bug(folder: Path) -> None:
    with pytest.raises(SettingsError, match="nested too deeply"):
        load(write(folder, "[" * 100_000))
