import hashlib
import json
import os
import subprocess
import sys

import pytest

from stages.d_design.patching import apply_settings

pytestmark = pytest.mark.slow

PROGRAM = "harness/run_training.py"
SMALL = {"BATCH_SIZE": "2", "CONTEXT": "32", "WIDTH": "32"}


@pytest.fixture(scope="module")
def data(text, tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "train.bin"
    file.write_bytes(text(30_000))
    return file


@pytest.fixture(scope="module")
def small(sandbox):
    return apply_settings((sandbox / "kits/tiny_lm/train.py").read_text(), SMALL)


def train(start, folder, source, data, *options, seed=3, steps=20, **process):
    folder.mkdir()
    (folder / "train.py").write_text(source)
    arguments = ("--train", folder / "train.py", "--data", data, "--seed", seed, "--steps", steps, "--out", folder)
    return start(PROGRAM, *arguments, *options, **process)


def hashes(folder):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.safetensors"))}


def test_a_run_writes_weights_checkpoints_and_a_summary_without_a_score(start, small, data, tmp_path):
    done = train(start, tmp_path / "run", small, data, "--checkpoints", "0.1,0.5,1.0")
    assert done.returncode == 0, done.stderr
    assert set(hashes(tmp_path / "run")) == {"weights.safetensors", "checkpoint_2.safetensors", "checkpoint_10.safetensors"}
    summary = dict(line.split(":") for line in done.stdout.split("---\n")[1].splitlines())
    assert int(summary["num_steps"]) == 20
    assert float(summary["total_seconds"]) >= float(summary["training_seconds"])
    assert "val_bpb" not in done.stdout


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(start, small, data, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert train(start, tmp_path / name, small, data, "--checkpoints", "0.5", seed=seed).returncode == 0
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert set(hashes(tmp_path / "a").values()).isdisjoint(hashes(tmp_path / "c").values())


@pytest.mark.parametrize(
    "fault",
    [
        "return float('nan')",
        "return float('inf')",
        "return 100.5",
    ],
)
def test_a_loss_out_of_bounds_stops_at_once_with_exit_code_3(start, data, tmp_path, fault):
    source = CANDIDATE.replace("return 1.0", fault)
    done = train(start, tmp_path / "run", source, data)
    assert done.returncode == 3
    assert "after step 1\n" in done.stdout
    assert hashes(tmp_path / "run") == {}


CANDIDATE = """
import torch
CONTEXT = 32
def build_model():
    model = torch.nn.Linear(2, 2)
    model.again = model.weight  # tied parameters share memory
    return model
class Training:
    def __init__(self, data, total_steps, seed):
        self.model, self.tokens_per_step = build_model(), 7
    def step(self):
        return 1.0
"""


def test_a_candidate_with_tied_parameters_is_saved(start, data, tmp_path):
    assert train(start, tmp_path / "run", CANDIDATE, data).returncode == 0


def test_a_crash_of_the_candidate_is_exit_code_1_with_its_traceback(start, data, tmp_path):
    done = train(start, tmp_path / "run", CANDIDATE.replace("return 1.0", "return undefined_name"), data)
    assert done.returncode == 1
    assert "NameError" in done.stderr
    assert "train.py" in done.stderr


def test_life_signs_and_control_lines(sandbox, small, data, tmp_path):
    (tmp_path / "train.py").write_text(small)
    status_out, status_in = os.pipe()
    command = [sys.executable, "-I", "-B", sandbox / PROGRAM, "--train", tmp_path / "train.py", "--data", data, "--seed", "1"]
    command += ["--steps", "20", "--out", tmp_path, "--control", "--status-fd", str(status_in)]
    process = subprocess.Popen(command, pass_fds=(status_in,), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    os.close(status_in)
    with os.fdopen(status_out) as status, process:
        events = (json.loads(line) for line in status)
        assert next(events) == {"event": "ready"}
        process.stdin.write("steps 2\n")
        process.stdin.flush()
        assert [next(events)["event"] for _ in range(2)] == ["step", "step"]
        assert next(events) == {"event": "ran", "steps": 2}
        process.stdin.write("steps 1\nsave\n")
        process.stdin.close()
        process.stdin = None
        rest = list(events)
    assert [event["event"] for event in rest] == ["step", "ran", "trained", "done"]
    assert rest[-1] | {"parameters": 0} == {"event": "done", "steps": 3, "parameters": 0, "tokens": 3 * 2 * 32}
    assert process.returncode == 0
    assert (tmp_path / "weights.safetensors").exists()
