"""The laboratory with the real kit, harness and sandbox; a few training steps each."""

import json
import os
import re
import shutil
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from researchclaw.adapters.experiment_runner import checkpoint_steps, integer_constant, run_folder
from researchclaw.adapters.isolation.bubblewrap import Bubblewrap
from researchclaw.adapters.isolation.plain import PlainProcess
from researchclaw.adapters.laboratory import LocalLaboratory, append_result
from researchclaw.adapters.sealed_looks import looks_at
from researchclaw.adapters.step_clock import StepCost, quantised, with_shared_ratios
from researchclaw.journal import sha256_of
from researchclaw.kits import kits_folder, load_kit
from stages.contracts import Kit, Measurement, RunCost, RunRecord, TrainingRequest
from stages.errors import ExperimentFailed, SettingsError
from stages.ports import ProbeRequest

MakeLaboratory = Callable[..., LocalLaboratory]
MakeRequest = Callable[..., TrainingRequest]


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load_kit(kits_folder() / "tiny_lm")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for the module: data are prepared once."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture
def laboratory(state: Path, tmp_path: Path) -> MakeLaboratory:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed: apt install bubblewrap")

    def make(**settings: object) -> LocalLaboratory:
        usual = {
            "kits_root": kits_folder(),
            "state": state,
            "run_folder": tmp_path / "run",
            "isolation": Bubblewrap(state),
            "workers": 2,
        }
        return LocalLaboratory(**(usual | settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def request_for(kit: Kit) -> MakeRequest:
    def make(train_py: str | None = None, **changes: object) -> TrainingRequest:
        usual = {
            "kit": kit.name,
            "kit_sha256": kit.kit_sha256,
            "condition": "candidate",
            "train_py": kit.train_py if train_py is None else train_py,
            "seed": 1,
            "steps": 10,
            "budget_s": 10,
            "scored_bytes": 8192,
            "purpose": "report",
        }
        return TrainingRequest.model_validate(usual | changes)

    return make


# ---------------------------------------------------------------- without a sandbox


def test_a_request_without_a_look_at_the_sealed_split_is_the_one_of_earlier_versions(request_for: MakeRequest) -> None:
    """Its hash names runs in the journals of old studies, which must be found again."""
    plain, looking = request_for(), request_for(sealed=True)
    assert "sealed" not in plain.model_dump_json()
    assert TrainingRequest.model_validate_json(looking.model_dump_json()) == looking
    assert sha256_of(plain) != sha256_of(looking)
    earlier = Measurement(
        metric="val_bpb", value=2.0, split="val", scored_bytes=1, curve=(), parameters=1, steps=1, tokens=1, weights_sha256="0" * 64,
        corpus_sha256="0" * 64,
    )  # fmt: skip
    assert "sealed_value" not in earlier.model_dump_json()


def test_checkpoints_are_neither_first_nor_last() -> None:
    assert checkpoint_steps(100) == (10, 20, 40, 70)
    assert checkpoint_steps(2) == (1,)
    assert checkpoint_steps(1) == ()


@pytest.mark.parametrize(
    ("source", "value"),
    [("CONTEXT = 128\n", 128), ("CONTEXT = 1\nCONTEXT = 2", 2), ("CONTEXT = int(3)", None), ("CONTEXT = True", None), ("x = (", None)],
)
def test_constants_are_read_and_never_run(source: str, value: int | None) -> None:
    assert integer_constant(source, "CONTEXT") == value


def test_costs_within_two_percent_are_equal() -> None:
    assert quantised(1.004) == quantised(0.97) == quantised(1.035) == 1.0
    assert quantised(1.06) == quantised(1.065) == pytest.approx(1.0612, rel=1e-3)
    assert quantised(0.5) == pytest.approx(0.5, rel=0.01)


def test_conditions_whose_costs_cannot_be_told_apart_share_a_ratio():
    costs = [StepCost(cost_ratio=ratio) for ratio in (1.0, 2.54, 2.63, 1.43, 3.0)]
    failed = StepCost(failure="crash")
    assert [cost.cost_ratio for cost in with_shared_ratios([*costs, failed])] == [1.0, 2.54, 2.54, 1.43, 3.0, None]


def test_folders_name_purpose_and_split(request_for: MakeRequest, tmp_path: Path) -> None:
    def name(**changes: object) -> str:
        return str(run_folder(tmp_path, request_for(**changes)).relative_to(tmp_path))

    assert name() == "experiment_runs/candidate/1"
    assert name(purpose="development", seed=7) == "experiment_runs/candidate/development_7"
    assert name(split="test") == "experiment_runs/candidate/1_test"


def test_another_request_of_the_same_name_gets_a_folder_of_its_own(request_for: MakeRequest, tmp_path: Path) -> None:
    first, second = request_for(), request_for("CONTEXT = 128")
    folder = run_folder(tmp_path, first)
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(first.model_dump_json(indent=2) + "\n", encoding="utf-8")
    assert run_folder(tmp_path, first) == folder
    assert run_folder(tmp_path, second) != folder


def test_results_have_five_columns_and_one_row_for_each_run(request_for: MakeRequest, tmp_path: Path) -> None:
    cost = RunCost(train_cpu_s=1, train_wall_s=1, startup_s=1, evaluation_s=1, peak_memory_mb=512)
    record = RunRecord(
        request_sha256="0" * 64,
        condition="candidate",
        seed=1,
        purpose="report",
        verdict="crash",
        reason="a\ttab: and\na line",
        cost=cost,
        isolation="x",
        command="x",
        folder="experiment_runs/candidate/1",
    )
    for _ in range(2):
        append_result(tmp_path / "results.tsv", request_for(), record)
    head, row = (tmp_path / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["commit", "val_bpb", "memory_gb", "status", "description"]
    assert row.split("\t")[1:] == ["0.000000", "0.5", "crash", "candidate/1: crash, a tab: and a line"]
    with (tmp_path / "results.tsv").open("a") as file:
        file.write("\n")  # a blank line means nothing
    append_result(tmp_path / "results.tsv", request_for(), record)
    assert len((tmp_path / "results.tsv").read_text(encoding="utf-8").splitlines()) == 2
    with (tmp_path / "results.tsv").open("a") as file:
        file.write("half a row\n")
    with pytest.raises(SettingsError, match=r"results\.tsv is damaged: 'half a row'"):
        append_result(tmp_path / "results.tsv", request_for(), record)


# ---------------------------------------------------------------- in the sandbox


@pytest.mark.slow
def test_the_corpus_is_prepared_once_and_checked(laboratory: MakeLaboratory, state: Path, kit: Kit) -> None:
    facts = laboratory().corpus(kit.name)
    assert facts.val_bytes > 100_000
    assert laboratory().corpus(kit.name) == facts
    (folder,) = (state / "data").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["corpus.json", "test.bin", "train.bin", "val.bin"]
    val = (folder / "val.bin").read_bytes()
    (folder / "val.bin").write_bytes(val[:-1] + b"!")
    with pytest.raises(SettingsError, match=r"val\.bin has changed"):
        laboratory().corpus(kit.name)
    (folder / "val.bin").write_bytes(val)


@pytest.mark.slow
def test_a_corpus_that_is_too_small_is_the_users_to_mend(laboratory: MakeLaboratory, kit: Kit, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.mkdir()
    (text / "a.txt").write_text("too little", encoding="utf-8")
    with pytest.raises(SettingsError, match="too small"):
        laboratory(corpus=text).corpus(kit.name)


@pytest.mark.slow
def test_the_same_request_gives_the_same_value_and_a_full_record(
    laboratory: MakeLaboratory, request_for: MakeRequest, tmp_path: Path, kit: Kit
) -> None:
    started: list[int] = []
    kept: list[RunRecord] = []
    records = laboratory(
        on_start=lambda request: started.append(request.seed), on_record=lambda _, record: kept.append(record)
    ).measure([request_for(), request_for(condition="again"), request_for(seed=2)])
    assert [(record.condition, record.seed, record.verdict) for record in records] == [
        ("candidate", 1, "ok"),
        ("again", 1, "ok"),
        ("candidate", 2, "ok"),
    ]
    assert sorted(started) == [1, 1, 2]
    assert sorted(kept, key=lambda record: record.folder) == sorted(records, key=lambda record: record.folder)
    first, again, other = (record.measurement for record in records)
    assert first is not None
    assert again is not None
    assert other is not None
    assert first == again
    assert other.value != first.value
    assert 4 < first.value < 9  # ten steps from uniform: eight bits
    assert [point.step for point in first.curve] == [1, 2, 4, 7, 10]
    assert first.tokens == 10 * 16 * 128
    assert first.scored_bytes == 8192
    folder = tmp_path / "run" / records[0].folder
    assert sorted(path.name for path in folder.iterdir()) == ["log.txt", "measurement.json", "patch.diff", "request.json", "train.py"]
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert f"\nval_bpb:          {first.value:.6f}\n" in log
    assert RunRecord.model_validate_json((folder / "measurement.json").read_text(encoding="utf-8")) == records[0]
    assert records[0].command.startswith(
        "researchclaw experiment --kit tiny_lm --train experiment_runs/candidate/1/train.py --seed 1 --steps 10"
    )
    assert 0 < records[0].cost.train_cpu_s < 60
    assert records[0].cost.peak_memory_mb > 100


@pytest.mark.slow
def test_a_warm_worker_gives_the_weights_of_a_cold_start(
    laboratory: MakeLaboratory, request_for: MakeRequest, kit: Kit, state: Path, tmp_path: Path
) -> None:
    cold = Bubblewrap(state)
    cold.seals = False
    wide = re.sub(r"^WIDTH = \d+", "WIDTH = 160", kit.train_py, count=1, flags=re.MULTILINE)  # its weights take 3 MB
    assert wide != kit.train_py
    request = request_for(wide, steps=3, scored_bytes=4096, sealed=True)
    values = []
    for isolation in (cold, Bubblewrap(state)):
        (record,) = laboratory(isolation=isolation, run_folder=tmp_path / str(isolation.seals)).measure([request])
        values.append(record.measurement)
    assert values[0] is not None
    assert values[0] == values[1]
    assert values[0].sealed_value is not None  # the same weights on the test split
    assert 4 < values[0].sealed_value < 9
    assert values[0].sealed_value != values[0].value
    (test,) = laboratory().measure([request.model_copy(update={"split": "test", "sealed": False})])
    assert test.measurement is not None
    assert test.measurement.value == values[0].sealed_value
    assert looks_at(state, values[0].corpus_sha256) == 3  # whoever asked


GUEST_LOOKS_AROUND = """
import os, sys
val = os.path.join
names = [os.path.join(folder, name) for folder, _, names in os.walk('/lab') for name in names]
print('sees', sorted(os.path.basename(name) for name in names))
print('val_bpb:          0.000001')
print('\\x1b[31mred')
"""


@pytest.mark.slow
def test_the_verdicts(laboratory: MakeLaboratory, request_for: MakeRequest, kit: Kit, tmp_path: Path) -> None:
    def candidate(condition: str, code: str) -> TrainingRequest:
        return request_for(kit.train_py + code, condition=condition, steps=3)

    records = laboratory().measure(
        [
            candidate("crash", "\nraise RuntimeError('no such layer')\n"),
            candidate("nonfinite", "\nTraining.step = lambda self: float('nan')\n"),
            candidate("nothing_left", "\nimport os; os._exit(0)\n"),
            candidate(
                "link_left", "\nimport os; os.symlink('/lab/input/train.bin', '/lab/scratch/weights.safetensors'); os._exit(0)\n"
            ),
            candidate("big_memory", "\nx = [bytearray(1 << 28) for _ in range(64)]\n"),
            candidate("no_context", "\nCONTEXT = int('128')\n"),
            candidate("chatty", GUEST_LOOKS_AROUND),
            candidate("looks_ahead", "\nforward_ = GPT.forward\nGPT.forward = lambda self, x: forward_(self, x.flip(1)).flip(1)\n"),
        ]
    )
    found = {record.condition: (record.verdict, record.reason) for record in records}
    assert found["crash"] == ("crash", "RuntimeError: no such layer")
    assert found["nonfinite"] == ("nonfinite", "loss is nan after step 1")
    assert found["nothing_left"][0] == "rejected"
    assert found["link_left"] == (
        "crash",
        "OSError: [Errno 30] Read-only file system: '/lab/input/train.bin' -> '/lab/scratch/weights.safetensors'",
    )
    assert found["big_memory"][0] == "crash"
    assert "CONTEXT" in str(found["no_context"][1])
    assert found["chatty"][0] == "ok"
    assert found["looks_ahead"][0] == "rejected"
    assert "causal" in str(found["looks_ahead"][1])
    chatty = next(record for record in records if record.condition == "chatty")
    assert chatty.measurement is not None
    assert chatty.measurement.value > 1
    log = (tmp_path / "run" / chatty.folder / "log.txt").read_text(encoding="utf-8")
    assert "> sees ['one_process.bpf', 'run_training.py', 'serve_model.py', 'shim.py', 'warm_worker.py']" in log
    assert [line for line in log.splitlines() if line.startswith("val_bpb")] == [f"val_bpb:          {chatty.measurement.value:.6f}"]
    assert "\x1b" not in log
    rows = (tmp_path / "run" / "experiment_runs" / "results.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(records)


@pytest.mark.slow
def test_a_run_that_spends_too_much_is_a_timeout(laboratory: MakeLaboratory, request_for: MakeRequest, kit: Kit) -> None:
    spin = request_for(kit.train_py + "\nwhile True: pass\n", budget_s=1)
    (record,) = laboratory(startup_s=2).measure([spin])
    assert record.verdict == "timeout"
    assert record.measurement is None
    assert record.cost.train_cpu_s > 1


@pytest.mark.slow
def test_probes_are_timed_once_and_then_known(laboratory: MakeLaboratory, kit: Kit, tmp_path: Path) -> None:
    def half(source: str) -> str:
        return source.replace("BATCH_SIZE = 16", "BATCH_SIZE = 8")

    requests = [
        ProbeRequest(condition="baseline", train_py=kit.train_py),
        ProbeRequest(condition="half_batch", train_py=half(kit.train_py)),
        ProbeRequest(condition="broken", train_py=kit.train_py + "\n1 / 0\n"),
    ]
    probes = laboratory(state=tmp_path / "state").probe(kit.name, requests)
    assert probes.clock == "cpu"
    baseline, half_batch, broken = probes.probes
    assert baseline.cost_ratio == 1.0
    assert half_batch.cost_ratio is not None
    assert 0.35 < half_batch.cost_ratio < 0.8
    assert baseline.weights_sha256 != half_batch.weights_sha256
    assert broken.failure == "ZeroDivisionError: division by zero"
    began = time.monotonic()
    assert laboratory(state=tmp_path / "state").probe(kit.name, requests[:2]).probes == probes.probes[:2]
    assert time.monotonic() - began < 2
    assert len(json.loads((tmp_path / "state" / "calibration.json").read_text(encoding="utf-8"))["costs"]) == 2


@pytest.mark.slow
def test_an_interruption_ends_every_guest_and_records_nothing(
    laboratory: MakeLaboratory, request_for: MakeRequest, kit: Kit, tmp_path: Path
) -> None:
    endless = [request_for(kit.train_py + "\nwhile True: pass\n", seed=seed) for seed in range(3)]

    def interrupt(request: TrainingRequest) -> None:
        threading.Timer(2, os.kill, (os.getpid(), 2)).start() if request.seed == 0 else None

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        laboratory(on_start=interrupt).measure(endless)
    assert time.monotonic() - began < 10
    assert not (tmp_path / "run" / "experiment_runs" / "results.tsv").exists()


@pytest.mark.slow
def test_a_kit_that_changed_since_the_plan_is_refused(laboratory: MakeLaboratory, request_for: MakeRequest) -> None:
    with pytest.raises(ExperimentFailed, match="changed since the plan"):
        laboratory().measure([request_for(kit_sha256="0" * 64)])


def test_modules_are_held_out_where_the_library_is_the_kits_own_text_and_not_from_a_text_of_the_users(tmp_path: Path) -> None:
    source = Path(sysconfig.get_paths()["stdlib"], "imaplib.py").read_bytes()
    for split in ("val.bin", "test.bin"):
        (tmp_path / split).write_bytes(source)
    for corpus, held_out in ((None, ("imaplib.py",)), (tmp_path, ())):
        laboratory = LocalLaboratory(
            kits_root=kits_folder(), state=tmp_path, run_folder=tmp_path, isolation=PlainProcess(), workers=1, corpus=corpus
        )
        assert laboratory.held_out(tmp_path) == held_out
