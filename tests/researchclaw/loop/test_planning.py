"""From what a repository looks like to a plan: detection, and the wizard's questions. No command runs here."""

from pathlib import Path

import pytest

from researchclaw import hardware
from researchclaw.loop.contracts import Plausible
from researchclaw.loop.detect import detect
from researchclaw.loop.opening import Place
from researchclaw.loop.planning import Given, of_kit, proposed, recorded, save
from researchclaw.loop.repository import Repository
from stages.errors import SettingsError

BENCH = 'print(f"METRIC throughput={1}")\n'


def test_a_measuring_script_tests_and_annotated_constants_are_found() -> None:
    files = {"bench_it.py": BENCH, "core.py": "N = 1  # search: 1 to 9\n", "other.py": "", "test_core.py": "import pytest\n"}
    stack = detect(files)
    (offer,) = stack.offers
    assert stack.languages == ("Python",)
    assert (offer.verify, offer.metric, offer.direction) == ("python bench_it.py", "throughput", "higher")
    assert offer.scope == ("core.py",)
    assert offer.guards == ("python -m pytest -q -x -p no:cacheprovider",)


def test_a_build_script_offers_the_size_of_what_it_builds() -> None:
    stack = detect({"package.json": '{"scripts": {"build": "rollup -c"}}', "src/a.js": ""}, frozenset({"node_modules"}))
    (offer,) = stack.offers
    assert (offer.metric, offer.direction, offer.needs, offer.scope) == ("bytes", "lower", ("node_modules",), ("src/**",))
    assert detect({"package.json": "{"}).offers == ()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    repository = Repository.create(tmp_path / "r.git")
    tree = repository.written(None, {"bench.py": BENCH.encode(), "core.py": b"N = 1  # search: 1 to 9\n"})
    repository.run("symbolic-ref", "HEAD", "refs/heads/main")
    repository.point("refs/heads/main", repository.commit(tree, None, "m\n"))
    return Place(tmp_path / "home", tmp_path, repository)


def test_the_wizard_asks_with_what_it_found_as_the_default_and_takes_another_answer(place: Place) -> None:
    asked: dict[str, str] = {}

    def ask(question: str, default: str) -> str:
        asked[question] = default
        return "lower" if question.startswith("Which is better") else default

    plan = proposed(place, Given(iterations=3), ask, lambda _: None)
    assert asked["Command that prints the metric"] == "python bench.py"
    assert asked["Files that may change"] == "core.py"
    assert (plan.verify, plan.scope, plan.direction, plan.iterations) == ("python bench.py", ("core.py",), "lower", 3)


def test_nobody_to_ask_takes_what_was_found_and_flags_go_first(place: Place) -> None:
    plan = proposed(place, Given(scope=("x/**",), direction="lower"), None, lambda _: None)
    assert (plan.verify, plan.scope, plan.direction, plan.metric) == ("python bench.py", ("x/**",), "lower", "throughput")


def test_a_repository_without_a_number_is_told_what_to_write(tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "r.git")
    repository.run("symbolic-ref", "HEAD", "refs/heads/main")
    repository.point("refs/heads/main", repository.commit(repository.written(None, {"a.txt": b"x"}), None, "m\n"))
    with pytest.raises(SettingsError, match="METRIC name=value"):
        proposed(Place(tmp_path, tmp_path, repository), Given(), None, lambda _: None)


def test_a_kit_is_tried_on_every_core_unless_told_otherwise() -> None:
    assert of_kit(Given(kit="tiny_lm")).parallel == hardware.physical_cores()
    assert of_kit(Given(kit="tiny_lm"), workers=3).parallel == 3
    assert of_kit(Given(kit="tiny_lm", parallel=1), workers=3).parallel == 1
    assert of_kit(Given(kit="gpu_lm", parallel=2), workers=3).parallel == 1


def test_a_gpu_kit_is_searched_on_more_than_a_few_chunks() -> None:
    assert of_kit(Given(kit="tiny_lm")).kit_scored_bytes == 32_768
    assert of_kit(Given(kit="gpu_lm")).kit_scored_bytes == 1 << 20
    assert of_kit(Given(kit="gpu_lm", scored_bytes=4_096)).kit_scored_bytes == 4_096


def test_a_recorded_plan_is_used_with_the_limits_of_the_day(place: Place) -> None:
    plan = proposed(place, Given(), None, lambda _: None)
    save(place, Plausible(plan=plan, commit="0" * 40, values=(1.0, 1.0), seconds=1.0))
    again = recorded(place, Given(iterations=7, parallel=2))
    assert again == plan.model_copy(update={"iterations": 7, "parallel": 2})
    (place.home / "plan.json").write_text("{")
    with pytest.raises(SettingsError, match="is damaged"):
        recorded(place, Given())
