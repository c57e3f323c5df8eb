"""Fit one candidate of a generated kit: the guest's side. Runs inside the sandbox, with the training rows and nothing else.

python -I -B run_fit.py --train train.py --data train.safetensors --seed S --out DIR --status-fd FD
"""

import argparse
import json
import os
import sys
import types
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402
from safetensors.numpy import load_file, save_file  # noqa: E402

EXIT_NONFINITE = 3


def load_candidate(path: Path) -> types.ModuleType:
    """The candidate as a module, under a name that no other module has."""
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    exec(compile(path.read_text(encoding="utf-8"), "train.py", "exec"), module.__dict__)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit one candidate.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--status-fd", type=int, required=True)
    arguments = parser.parse_args()
    data = load_file(arguments.data)
    candidate = load_candidate(arguments.train)
    with os.fdopen(arguments.status_fd, "w", buffering=1) as status:
        status.write(json.dumps({"event": "ready"}) + "\n")
        state = candidate.fit(data["inputs"], data["targets"], arguments.seed)
        status.write(json.dumps({"event": "trained"}) + "\n")
    if not isinstance(state, dict) or not state:
        raise SystemExit("fit(inputs, targets, seed) must return a dict of named arrays")
    arrays = {str(name): np.ascontiguousarray(np.atleast_1d(np.asarray(value, dtype=np.float64))) for name, value in state.items()}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        print("FAIL: the fitted state holds numbers that are not finite", flush=True)
        raise SystemExit(EXIT_NONFINITE)
    save_file(arrays, arguments.out / "state.safetensors")
    print(f"fitted on {data['inputs'].shape[0]} rows: " + ", ".join(f"{name} {array.shape}" for name, array in arrays.items()))


if __name__ == "__main__":
    main()
