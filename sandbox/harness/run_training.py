"""Train one candidate: the guest's side of a run. Runs inside the sandbox; nothing that it prints is evidence.

    python -I -B run_training.py --train train.py --data train.bin --seed S --steps N --out DIR
                                 [--checkpoints 0.1,0.2,0.4,0.7] [--status-fd FD] [--control] [--device cpu]

One thread. Writes DIR/weights.safetensors and DIR/checkpoint_<step>.safetensors. Exit code 3: the loss is not finite or
above 100 nats per byte. Exit code 1: the candidate failed, its traceback is on stderr. The whole protocol, with the life
signs and the control lines: PROTOCOL.md beside this file.
"""

import argparse
import gc
import json
import math
import os
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"  # before torch: a second OpenMP thread busy-waits and slows a small model down

import torch  # noqa: E402
from safetensors.torch import save, save_file  # noqa: E402

EXIT_NONFINITE = 3
LOSS_LIMIT = 100.0  # nats per byte; the limit of karpathy's autoresearch


class NonFinite(Exception):
    """The loss has left the numbers."""


@dataclass(frozen=True)
class Task:
    """What to train, and where its weights go: files in a folder, or open descriptors by name."""

    source: str
    name: str
    data: Path | int
    seed: int
    steps: int
    checkpoints: Sequence[float]
    out: Path | dict[str, int]
    status_fd: int | None
    device: str = "cpu"


def load_candidate(source: str, name: str) -> types.ModuleType:
    """The candidate as a module, under a name that no other module has."""
    module = types.ModuleType("candidate")
    module.__file__ = name
    sys.modules["candidate"] = module
    exec(compile(source, name, "exec"), module.__dict__)  # the guest's purpose
    return module


def contents(data: Path | int) -> bytes:
    """What a file holds, by its path or by its open descriptor, which is closed."""
    if isinstance(data, Path):
        return data.read_bytes()
    with os.fdopen(data, "rb") as file:
        return file.read()


class Run:
    """One training run with its life signs and its files."""

    def __init__(self, task: Task, started: float) -> None:
        self.started = started
        self.out = task.out
        self.steps = task.steps
        self.status = os.fdopen(task.status_fd, "w", buffering=1) if task.status_fd is not None else None
        data = torch.frombuffer(bytearray(contents(task.data)), dtype=torch.uint8).to(task.device)
        candidate = load_candidate(task.source, task.name)
        torch.manual_seed(task.seed)
        self.training = candidate.Training(data, self.steps, task.seed)
        self.checkpoints = {round(fraction * self.steps) for fraction in task.checkpoints} - {0, self.steps}
        self.every = max(1, self.steps // 20)
        self.done = 0
        self.training_started = time.perf_counter()
        gc.collect()
        gc.freeze()

    def tell(self, **event: object) -> None:
        """One life sign; a parent that no longer listens is no reason to stop."""
        if self.status is not None:
            try:
                self.status.write(json.dumps(event) + "\n")
            except BrokenPipeError:
                self.status = None

    def train(self, steps: int) -> None:
        """Run some steps, with checkpoints where they are due."""
        for _ in range(steps):
            loss = float(self.training.step())
            self.done += 1
            if not math.isfinite(loss) or loss > LOSS_LIMIT:
                raise NonFinite(f"loss is {loss} after step {self.done}")
            if self.done % self.every == 0:
                self.tell(event="step", step=self.done, loss=loss)
                print(f"step {self.done:6d} of {self.steps} | loss {loss:.4f} nats/byte", flush=True)
            if self.done in self.checkpoints:
                self.save(f"checkpoint_{self.done}")

    def save(self, name: str) -> None:
        """Weights under their own names; copies, since tied parameters share memory. In a folder: whole or not at all."""
        state = {key: value.detach().to("cpu").contiguous().clone() for key, value in self.training.model.state_dict().items()}
        if isinstance(self.out, Path):
            partial = self.out / f"{name}.part"
            save_file(state, partial)
            partial.rename(self.out / f"{name}.safetensors")
        else:
            with open(self.out[name], "wb", closefd=False) as file:
                file.write(save(state))

    def finish(self) -> None:
        """Write the weights and say so."""
        seconds = time.perf_counter() - self.training_started
        self.tell(event="trained")
        self.save("weights")
        parameters = sum(p.numel() for p in self.training.model.parameters())
        tokens = self.done * int(self.training.tokens_per_step)
        memory_mb = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_initialized() else 0.0
        print("---")
        print(f"training_seconds: {seconds:.1f}")
        print(f"total_seconds:    {time.perf_counter() - self.started:.1f}")
        print(f"peak_vram_mb:     {memory_mb:.1f}")
        print(f"total_tokens_M:   {tokens / 1e6:.3f}")
        print(f"num_steps:        {self.done}")
        print(f"num_params_M:     {parameters / 1e6:.3f}")
        depth = getattr(sys.modules["candidate"], "DEPTH", None)
        if depth is not None:
            print(f"depth:            {depth}")
        sys.stdout.flush()
        self.tell(event="done", steps=self.done, parameters=parameters, tokens=tokens)


def serve_control(run: Run) -> None:
    """Do what stdin says, a line at a time, until it ends."""
    commands: dict[str, Callable[[list[str]], None]] = {
        "steps": lambda words: run.train(int(words[0])),
        "save": lambda words: run.finish(),
    }
    for line in sys.stdin:
        name, *words = line.split()
        commands[name](words)
        if name == "steps":
            run.tell(event="ran", steps=int(words[0]))


def settle() -> None:
    """One thread, and arithmetic that does not depend on what ran before."""
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    torch.set_flush_denormal(True)


def train(task: Task, started: float, *, control: bool = False) -> int:
    """The whole run; its exit code."""
    run = Run(task, started)
    run.tell(event="ready")
    run.training_started = time.perf_counter()
    try:
        if control:
            serve_control(run)
        else:
            run.train(run.steps)
            run.finish()
    except NonFinite as exc:
        print(f"FAIL: {exc}", flush=True)
        return EXIT_NONFINITE
    return 0


def train_source(
    *, source: str, data: int, seed: int, steps: int, checkpoints: Sequence[float], outputs: dict[str, int], status_fd: int
) -> int:
    """A run in a warm worker's child: the candidate comes as text, the weights go to open files."""
    task = Task(source, "train.py", data, seed, steps, checkpoints, outputs, status_fd)
    return train(task, time.perf_counter())


def main() -> None:
    started = time.perf_counter()
    parser = argparse.ArgumentParser(description="Train one candidate.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--checkpoints", type=lambda text: [float(part) for part in text.split(",") if part], default=[])
    parser.add_argument("--status-fd", type=int, default=None)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    if not given.out.is_dir():
        parser.error(f"--out: {given.out} is no folder")
    settle()
    source = given.train.read_text(encoding="utf-8")
    task = Task(
        source, str(given.train), given.data, given.seed, given.steps, given.checkpoints, given.out, given.status_fd, given.device
    )
    raise SystemExit(train(task, started, control=given.control))


if __name__ == "__main__":
    main()
