"""Make a generated kit's data: the guest's side. Runs inside the sandbox.

python -I -B run_prepare.py --prepare prepare.py --seed S --out DIR
"""

import argparse
import os
import types
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

NAMES = {"inputs", "targets", "coefficients"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the data of a generated kit.")
    parser.add_argument("--prepare", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    module = types.ModuleType("prepare")
    exec(compile(arguments.prepare.read_text(encoding="utf-8"), "prepare.py", "exec"), module.__dict__)
    made = module.make(arguments.seed)
    if not isinstance(made, dict) or not {"inputs", "targets"} <= set(made) <= NAMES:
        raise SystemExit("make(seed) must return a dict with 'inputs', 'targets' and at most 'coefficients'")
    arrays = {name: np.ascontiguousarray(np.asarray(value, dtype=np.float64)) for name, value in made.items()}
    save_file(arrays, arguments.out / "data.safetensors")


if __name__ == "__main__":
    main()
