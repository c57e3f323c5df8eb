"""A model server and the evaluator, wired as the laboratory does it."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

HEAD = """
import torch
from torch import nn
CONTEXT = 64
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(256, 256))
    def forward(self, tokens):
        return self.answer(tokens, self.table[tokens])
"""


@pytest.fixture(scope="session")
def write_candidate(tmp_path_factory):
    """A candidate whose model is a table of bigrams and this body of `answer(self, tokens, honest)`; with its weights."""
    import numpy as np
    from safetensors.numpy import save_file

    table = np.random.default_rng(1).normal(0.0, 1.0, (256, 256)).astype(np.float32)

    def write(answer):
        folder = tmp_path_factory.mktemp("candidate")
        body = textwrap.indent(textwrap.dedent(answer), " " * 8)
        method = f"    def answer(self, tokens, honest):\n{body}\n"
        (folder / "train.py").write_text(f"{HEAD}{method}\ndef build_model():\n    return Model()\n")
        save_file({"table": table}, folder / "weights.safetensors")
        return folder / "train.py", folder / "weights.safetensors"

    return write


@pytest.fixture(scope="session")
def evaluate_process(sandbox):
    """Starts the server on a candidate and the evaluator on both; returns the evaluator's report."""

    def evaluate(train, weights, split, *options, context=64):
        (requests_out, requests_in), (answers_out, answers_in) = os.pipe(), os.pipe()
        program = [sys.executable, "-I", "-B"]
        serve = [*program, sandbox / "harness/serve_model.py", "--train", train, "--weights", *weights]
        server = subprocess.Popen(serve, stdin=requests_out, stdout=answers_in, stderr=subprocess.PIPE)
        os.close(requests_out)
        os.close(answers_in)
        descriptors = ["--model-in", str(requests_in), "--model-out", str(answers_out), "--context", str(context)]
        score = [
            *program,
            sandbox / "harness/evaluate.py",
            "--split",
            split,
            *descriptors,
            "--weights-count",
            str(len(weights)),
            *options,
        ]
        done = subprocess.run(score, pass_fds=(requests_in, answers_out), capture_output=True, text=True, check=False, timeout=120)
        os.close(requests_in)
        os.close(answers_out)
        server.communicate(timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluate
