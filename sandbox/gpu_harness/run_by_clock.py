"""Train one candidate for a given time: the guest's side of a run on a GPU. Nothing that it prints is evidence.

    python -I -B run_by_clock.py --train train.py --later DIR --bytes N --seed S --out DIR --status-fd FD --device cuda|cpu

The parent owns the clock. It waits for 'ready' (the model is built and compiled on random bytes; the training text is not
here yet), puts train.bin into --later and says, a line at a time on stdin:

    data                     read the N bytes of train.bin; answered by 'loaded'
    steps K PROGRESS SLOPE   K steps, the i-th (from 0) at the share PROGRESS + i * SLOPE of the time; answered by 'ran'
    save                     write weights.safetensors; answered by 'done'

So compiling costs no training time, up to an allowance. The weights are put back as they were before `warm_up`; a program that
means to keep what it learnt can, and pays for the time above the allowance.
Exit code 3: the loss is not finite or above 100 nats per byte.
"""

import argparse
import gc
import json
import math
import os
import sys
import types
from pathlib import Path

if "cpu" in sys.argv:
    for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[_variable] = "1"  # before torch

import torch
from safetensors.torch import save_file

EXIT_NONFINITE = 3
LOSS_LIMIT = 100.0  # nats per byte; the limit of karpathy's autoresearch


def load_candidate(path: Path) -> types.ModuleType:
    """The candidate as a module, under a name that no other module has."""
    module = types.ModuleType("candidate")
    module.__file__ = str(path)
    sys.modules["candidate"] = module
    exec(compile(path.read_text(encoding="utf-8"), "train.py", "exec"), module.__dict__)  # the guest's purpose
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one candidate for a given time.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--later", type=Path, required=True)
    parser.add_argument("--bytes", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--status-fd", type=int, required=True)
    parser.add_argument("--device", choices=("cuda", "cpu"), required=True)
    given = parser.parse_args()
    if given.device == "cpu":
        torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    status = os.fdopen(given.status_fd, "w", buffering=1)

    def tell(**event: object) -> None:
        if given.device == "cuda":
            torch.cuda.synchronize()
        status.write(json.dumps(event) + "\n")

    noise = torch.Generator().manual_seed(given.seed)
    data = torch.randint(0, 256, (given.bytes,), dtype=torch.uint8, generator=noise).to(given.device)
    torch.manual_seed(given.seed)
    training = load_candidate(given.train).Training(data, given.seed)
    before = {key: value.detach().to("cpu", copy=True) for key, value in training.model.state_dict().items()}
    training.warm_up()
    training.model.load_state_dict(before)
    del before
    torch.manual_seed(given.seed)
    gc.collect()
    gc.freeze()
    tell(event="ready")
    done = 0
    for line in sys.stdin:
        name, *words = line.split()
        if name == "data":
            content = bytearray((given.later / "train.bin").read_bytes())
            data.copy_(torch.frombuffer(content, dtype=torch.uint8))
            tell(event="loaded")
        elif name == "steps":
            progress, slope = float(words[1]), float(words[2])
            for number in range(int(words[0])):
                latest = training.step(min(1.0, progress + number * slope))
            loss = float(latest)
            done += int(words[0])
            if not math.isfinite(loss) or loss > LOSS_LIMIT:
                print(f"FAIL: loss is {loss} after step {done}", flush=True)
                raise SystemExit(EXIT_NONFINITE)
            print(f"step {done:6d} | {100 * progress:5.1f} % of the time | loss {loss:.4f} nats/byte", flush=True)
            tell(event="ran", steps=int(words[0]))
        else:
            state = {key: value.detach().to("cpu").contiguous().clone() for key, value in training.model.state_dict().items()}
            partial = given.out / "weights.part"
            save_file(state, partial)
            partial.rename(given.out / "weights.safetensors")
            tell(event="done", tokens_per_step=int(training.tokens_per_step))


if __name__ == "__main__":
    main()
