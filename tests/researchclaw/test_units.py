"""What a worker may be asked, and what of its answer is believed: a unit with a result, and every lie about it."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from researchclaw import units
from researchclaw.journal import sha256_of
from researchclaw.kits import file_hashes, kit_folder, load_kit
from researchclaw.units import Environment, ResultRefused, Unit, UnitRefused, UnitResult, believed, packed, unit_name
from stages.contracts import CorpusFacts, Hardware, Measurement, RunCost, RunRecord, TrainingRequest

SHA = "a" * 64
HERE = Environment(python="3.11", torch="2.9.0", numpy="2.0.0", processor="x86_64-GenuineIntel-avx2")
HARDWARE = Hardware(
    cpu="a CPU", physical_cores=2, memory_gb=8, accelerator=None, operating_system="Linux", python="3.11.1", torch="2.9.0"
)
STRONG = "bubblewrap (user namespaces)"


@pytest.fixture(scope="module")
def unit() -> Unit:
    kit = load_kit(kit_folder("tiny_lm"))
    request = TrainingRequest(
        kit=kit.name, kit_sha256=kit.kit_sha256, condition="cosine", train_py="CONTEXT = 64\n", seed=3, steps=10,
        budget_s=10, scored_bytes=None, purpose="report",
    )  # fmt: skip
    corpus = CorpusFacts(name="text", sha256=SHA, files=1, train_bytes=100, val_bytes=50, test_bytes=40, references={})
    return Unit(
        study="rc-1", request=request, kit_files=file_hashes(kit_folder(kit.name)), metric="val_bpb", corpus=corpus,
        data={"train.bin": SHA, "val.bin": SHA}, environment=HERE, weaker_isolation=False, memory_mb=1024, disk_mb=64,
        processes=16, startup_s=10, keep_weights=False,
    )  # fmt: skip


@pytest.fixture
def answer(unit: Unit) -> dict[str, Any]:
    """A result that is the unit's, as JSON values to be changed."""
    measured = Measurement(
        metric="val_bpb", value=2.5, split="val", scored_bytes=50, curve=(), parameters=1, steps=10, tokens=10,
        weights_sha256=SHA, corpus_sha256=SHA,
    )  # fmt: skip
    record = RunRecord(
        request_sha256=sha256_of(unit.request), condition="cosine", seed=3, purpose="report", verdict="ok", measurement=measured,
        cost=RunCost(train_cpu_s=1, train_wall_s=1, startup_s=1, evaluation_s=1, peak_memory_mb=1), isolation=STRONG,
        command="c", folder="f",
    )  # fmt: skip
    result = UnitResult(unit=unit_name(unit), record=record, log="", worker="w", hardware=HARDWARE, environment=HERE)
    found: dict[str, Any] = json.loads(packed(result))
    return found


def test_the_units_own_result_is_believed(unit: Unit, answer: dict[str, Any]) -> None:
    assert believed(unit, json.dumps(answer).encode()).record.measurement is not None


@pytest.mark.parametrize(("score", "fault"), [(None, None), (2.6, None), (None, "rejected: no number"), (2.6, "rejected: no number")])
def test_a_look_that_was_asked_for_has_one_answer(unit: Unit, answer: dict[str, Any], score: float | None, fault: str | None) -> None:
    looking = unit.model_copy(update={"request": unit.request.model_copy(update={"sealed": True})})
    answer["unit"], answer["record"]["request_sha256"] = unit_name(looking), sha256_of(looking.request)
    said = {"sealed_value": score, "sealed_fault": fault}
    answer["record"]["measurement"] |= {name: value for name, value in said.items() if value is not None}
    if (score is None) != (fault is None):
        assert believed(looking, json.dumps(answer).encode()).record.verdict == "ok"
    else:
        with pytest.raises(ResultRefused, match=r"answers about the test split is [02], not 1"):
            believed(looking, json.dumps(answer).encode())


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(value: dict[str, Any]) -> None:
        place: Any = value
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("unit", to="b" * 64), "unit is"),
        (_set("record", "request_sha256", to="b" * 64), "request is"),
        (_set("record", "seed", to=4), "seed is 4"),
        (_set("record", "condition", to="linear"), "condition is linear"),
        (_set("record", "purpose", to="development"), "purpose"),
        (_set("record", "measurement", "value", to=math.nan), "finite"),
        (_set("record", "measurement", "value", to=-math.inf), "finite"),
        (_set("record", "measurement", "metric", to="accuracy"), "metric is accuracy"),
        (_set("record", "measurement", "split", to="test"), "split is test"),
        (_set("record", "measurement", "steps", to=5), "steps is 5"),
        (_set("record", "measurement", "corpus_sha256", to="b" * 64), "corpus is"),
        (_set("record", "measurement", "scored_bytes", to=51), "scored_bytes is 51"),
        (_set("record", "measurement", "curve", to=[{"step": 11, "value": 1.0}]), "curve"),
        (_set("record", "measurement", to=None), "measurement is False"),
        (_set("record", "verdict", to="crash"), "measurement is True"),
        (_set("record", "reason", to="and yet it failed"), "reason is"),
        (_set("record", "isolation", to="process only"), "process only"),
        (_set("record", "cost", "train_cpu_s", to=math.nan), "cost"),
        (_set("record", "cost", "train_wall_s", to=-1), "cost"),
        (_set("environment", "torch", to="2.8.0"), "environment"),
        (_set("weights", to={"../../weights.safetensors": SHA}), "weights"),
        (_set("weights", to={"weights.safetensors": SHA}), "nobody asked"),
        (_set("note", to="an extra field"), "note"),
        (_set("record", "bonus", to=1), "bonus"),
        (_set("log", to="x" * (3 << 20 | 1)), "log"),
    ],
)
def test_another_result_is_refused_with_its_fault(
    unit: Unit, answer: dict[str, Any], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    change(answer)
    with pytest.raises(ResultRefused, match=said):
        believed(unit, json.dumps(answer).encode())


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff", b"{" * 100_000, b" " * (units.UNIT_MAX + 1)])
def test_what_is_no_result_is_refused(unit: Unit, data: bytes) -> None:
    with pytest.raises(ResultRefused):
        believed(unit, data)


@pytest.mark.parametrize(("name", "ours"), [("torch", "2.8.0"), ("numpy", "1.26"), ("python", "3.12"), ("processor", "arm64")])
def test_a_worker_with_another_version_refuses_by_name(unit: Unit, name: str, ours: str) -> None:
    with pytest.raises(UnitRefused, match=rf"{name} is {ours} here, the study has"):
        units.refuse_unless_same(unit, HERE.model_copy(update={name: ours}), STRONG)


def test_a_worker_with_another_harness_or_a_changed_kit_refuses(unit: Unit) -> None:
    units.refuse_unless_same(unit, HERE, STRONG)
    for changed in ({**unit.kit_files, "train.py": SHA}, {**unit.kit_files, "../../etc/passwd": SHA}):
        with pytest.raises(UnitRefused, match="harness"):
            units.refuse_unless_same(unit.model_copy(update={"kit_files": changed}), HERE, STRONG)


def test_a_plain_process_does_only_units_of_a_study_that_runs_so(unit: Unit) -> None:
    with pytest.raises(UnitRefused, match="weaker"):
        units.refuse_unless_same(unit, HERE, "process only")
    units.refuse_unless_same(unit.model_copy(update={"weaker_isolation": True}), HERE, "process only")


@pytest.mark.parametrize(
    "change",
    [
        _set("data", to={"../../../etc/passwd": SHA}),
        _set("data", "train.bin", to="/etc/passwd"),
        _set("request", "condition", to="../up"),
        _set("format", to=2),
        _set("command", to="rm -rf /"),
        _set("startup_s", to=1e9),
    ],
)
def test_a_hostile_unit_is_no_unit(unit: Unit, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(packed(unit))
    change(value)
    with pytest.raises(UnitRefused, match="not a unit"):
        units.read_unit(json.dumps(value).encode())


def test_the_same_request_of_another_study_is_another_unit(unit: Unit) -> None:
    assert unit_name(unit) != unit_name(unit.model_copy(update={"study": "rc-2"}))
    assert unit_name(unit) == unit_name(units.read_unit(packed(unit)))


def test_a_queue_has_no_letters_that_prefect_forbids() -> None:
    queue = HERE.model_copy(update={"torch": "2.9.0+cpu/x%y"}).queue
    assert not set(queue) & set("/%&<>+")
