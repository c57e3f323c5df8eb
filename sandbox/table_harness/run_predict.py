"""Predict with a fitted candidate: the guest's side. Runs inside a fresh sandbox that holds no target.

    python -I -B run_predict.py --train train.py --state state.safetensors --rows rows.safetensors --out DIR

Some rows are predicted once more by themselves: a prediction that depends on the other rows shows.
"""

import argparse
import os
import sys
import types
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description="Predict with one candidate.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows, state = load_file(arguments.rows), load_file(arguments.state)
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    exec(compile(arguments.train.read_text(encoding="utf-8"), "train.py", "exec"), module.__dict__)
    answers = {
        name: np.ascontiguousarray(np.asarray(module.predict(dict(state), inputs.copy()), dtype=np.float64))
        for name, inputs in rows.items()
    }
    save_file(answers, arguments.out / "predictions.safetensors")


if __name__ == "__main__":
    main()
