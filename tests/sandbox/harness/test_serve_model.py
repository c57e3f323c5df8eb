"""Real servers, real forks, and candidates that try to cheat."""

import contextlib
import math
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from stages.d_design.patching import apply_settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split(text, tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "val.bin"
    file.write_bytes(text(20_000))
    return file


def test_the_server_gives_the_value_that_torch_gives_in_process(write_candidate, evaluate_process, split):
    import torch
    from safetensors.torch import load_file

    train, weights = write_candidate("return honest")
    found = evaluate_process(train, [weights, weights], split, "--curve-steps", "5,9", "--curve-bytes", "2048", "--audits", "8")
    scored = np.frombuffer(split.read_bytes(), np.uint8)[: 1 + 512 * 39].astype(np.int64)
    logits = load_file(weights)["table"].double()[torch.from_numpy(scored[:-1])]
    nats = torch.nn.functional.cross_entropy(logits, torch.from_numpy(scored[1:]))
    assert found["verdict"] == "ok"
    assert found["value"] == pytest.approx(float(nats) / math.log(2), abs=1e-6)
    assert found["curve"][0]["value"] == found["curve"][1]["value"]


PEEK = "ahead = nn.functional.one_hot(torch.roll(tokens, -1, 1), 256).float()\n"
CHEATS = {
    "looks ahead": (PEEK + "return honest + 9 * ahead", "not causal"),
    "looks ahead at full length": (PEEK + "return honest + 9 * ahead * (tokens.shape[1] == 64)", "not causal"),
    "looks ahead in larger batches": (PEEK + "return honest + 9 * ahead * (tokens.shape[0] > 1)", "not causal"),
    "remembers": (
        "self.n = getattr(self, 'n', 0) + 1\nreturn honest + 0.0005 * (self.n > 1) * torch.arange(256) / 256",
        "stateful",
    ),
    "wrong shape": ("return honest[:, :-1]", "failed while it answered"),
    "raises": ("raise RuntimeError(str(tokens.tolist()))", "failed while it answered"),
    "exits": ("import os; os._exit(0)", "failed while it answered"),
    "answers with nan": ("return honest * float('nan')", "not finite"),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_refused(write_candidate, evaluate_process, split, cheat):
    answer, reason = CHEATS[cheat]
    train, weights = write_candidate(answer)
    found = evaluate_process(train, [weights], split, "--audits", "8", "--scored-bytes", "8192")
    assert found["verdict"] in ("rejected", "nonfinite")
    assert reason in found["reason"]
    assert found["value"] is None


def test_prints_and_patched_libraries_do_not_change_the_value(write_candidate, evaluate_process, split):
    forged = """
        import math, os, sys
        print("val_bpb: 0.0001", flush=True)
        sys.__stdout__.buffer.write(b"RCA1" + bytes(4)); sys.__stdout__.flush()
        os.write(1, b"RCA1" + bytes(4))
        math.log = lambda *a: 1e9
        nn.functional.cross_entropy = lambda *a, **k: torch.zeros(())
        return honest
    """
    values = []
    for answer in ("return honest", forged):
        train, weights = write_candidate(answer)
        values.append(evaluate_process(train, [weights], split, "--audits", "2", "--scored-bytes", "4096")["value"])
    assert values[0] == values[1]


def test_no_process_of_a_child_survives(write_candidate, evaluate_process, split):
    daemon = """
        import contextlib, subprocess
        with contextlib.suppress(BlockingIOError):  # a user other than root cannot even start it
            subprocess.Popen(["sleep", "61.5"], start_new_session=True)
        return honest
    """
    train, weights = write_candidate(daemon)
    assert evaluate_process(train, [weights], split, "--audits", "2", "--scored-bytes", "512")["verdict"] == "ok"
    sleepers = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            sleepers.append(b"61.5" in (folder / "cmdline").read_bytes())
    assert not any(sleepers)


def test_the_server_ends_with_its_input(write_candidate, sandbox):
    train, weights = write_candidate("return honest")
    command = [sys.executable, "-I", "-B", sandbox / "harness/serve_model.py", "--train", train, "--weights", weights]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_trained_model_is_scored_end_to_end_and_twice_the_same(start, sandbox, evaluate_process, split, tmp_path):
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(1)
    small = {"BATCH_SIZE": "4", "CONTEXT": "32", "WIDTH": "32", "NGRAM_TABLES": "1"}
    train = tmp_path / "train.py"
    train.write_text(apply_settings((sandbox / "kits/tiny_lm/train.py").read_text(), small))
    run = ("--train", train, "--data", split, "--seed", "1", "--steps", "30", "--out", tmp_path, "--checkpoints", "0.5")
    assert start("harness/run_training.py", *run).returncode == 0
    files = [tmp_path / "weights.safetensors", tmp_path / "checkpoint_15.safetensors"]
    first, second = (evaluate_process(train, files, split, "--curve-steps", "15,30", context=32) for _ in range(2))
    assert first == second
    assert first["verdict"] == "ok"
    module = types.ModuleType("candidate")
    exec(train.read_text(), module.__dict__)
    model = module.build_model()
    model.load_state_dict(load_file(files[0]))
    scored = torch.frombuffer(bytearray(split.read_bytes()), dtype=torch.uint8).long()[: 1 + 512 * 39]
    with torch.no_grad():
        logits = model.eval()(scored[:-1].view(-1, 32)).double()
    nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), scored[1:])
    assert first["value"] == pytest.approx(float(nats) / math.log(2), abs=1e-6)
    assert first["curve"][0]["value"] > first["curve"][1]["value"]
