"""Answer byte sequences with a trained model's logits: the guest's side of an evaluation. Nothing here is trusted.

    python -I -B serve_model.py --train train.py --weights W0 [W1 ...]

Frames on stdin and stdout as in PROTOCOL.md. torch and the weight files are loaded once; the candidate's code runs in
forked children only, in eval mode, without gradients, in float32, on one thread. A request marked fresh is answered by a
child that has seen nothing else; whatever that child leaves behind is killed before its answer is passed on. A request
marked 2 begins with a new child too, and that child goes on.

A fork inherits the memory of its parent, and so a candidate could look up which positions were audited. This process
therefore never holds a byte of a text or of an answer: the child reads the tokens from the source itself, its answer is
spliced from pipe to pipe, there is never more than one child, and none may look into another process (not dumpable).
"""

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import torch  # noqa: E402
from safetensors.torch import load, load_file  # noqa: E402

REQUEST = struct.Struct("<4sIIII")  # magic, weights index, fresh, rows B, length T
ANSWER = struct.Struct("<4sI")  # magic, length of the error text or 0
BROKE_OFF = b"the model process broke off"
PR_SET_CHILD_SUBREAPER = 36
PR_SET_DUMPABLE = 4


def read_exactly(fd: int, size: int) -> bytes:
    """size bytes from fd, or what there was before its end."""
    parts = []
    while size > 0 and (part := os.read(fd, min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write_all(fd: int, content: bytes | memoryview) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


@dataclass(frozen=True)
class Candidate:
    """The program whose model answers. `shut_in` is called in each child before the program is."""

    source: str
    name: str
    shut_in: Callable[[], None]


def load_model(candidate: Candidate, weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The candidate's model with these weights."""
    module = types.ModuleType("candidate")
    module.__file__ = candidate.name
    sys.modules["candidate"] = module
    exec(compile(candidate.source, candidate.name, "exec"), module.__dict__)  # the guest's purpose
    model = module.build_model()
    model.load_state_dict(weights)
    return model.float().eval()


def answer(model: torch.nn.Module, rows: int, length: int, tokens: bytes) -> bytes:
    """The logits of one frame as bytes."""
    batch = torch.frombuffer(bytearray(tokens), dtype=torch.uint8).long().view(rows, length)
    logits = model(batch)
    if logits.shape != (rows, length, 256):
        raise ValueError(f"logits have the shape {tuple(logits.shape)}, not {(rows, length, 256)}")
    return logits.detach().to(torch.float32).contiguous().numpy().tobytes()


def child(candidate: Candidate, weights: dict[str, torch.Tensor], requests: int, answers: int, source: int, once: bool) -> NoReturn:
    """Answer requests until the pipe ends; the heads come from the server, the tokens from the source."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # no process, no thread (does not bind a real root)
    os.dup2(0, 2)  # nothing: what waits in a shared pipe could be read by the next child
    status = 0
    try:
        candidate.shut_in()
        torch.manual_seed(0)
        model: torch.nn.Module | None = None
        with torch.no_grad():
            while len(head := read_exactly(requests, REQUEST.size)) == REQUEST.size:
                _, _, _, rows, length = REQUEST.unpack(head)
                tokens = read_exactly(source, rows * length)
                model = model or load_model(candidate, weights)
                content = answer(model, rows, length, tokens)
                write_all(answers, ANSWER.pack(b"RCA1", 0))
                write_all(answers, content)
                if once:
                    break
    except BaseException:  # noqa: BLE001 - whatever the candidate raises is its answer
        status = 1
        text = traceback.format_exc().encode("utf-8", "replace")[-4096:]
        with contextlib.suppress(OSError):
            write_all(answers, ANSWER.pack(b"RCA1", len(text)) + text)
    os._exit(status)


class Child:
    """A forked process that answers, seen from the server."""

    def __init__(self, candidate: Candidate, weights: dict[str, torch.Tensor], source: int, sink: int, *, once: bool) -> None:
        theirs_in, self.requests = os.pipe()
        self.answers, theirs_out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (sink, self.requests, self.answers):
                os.close(fd)
            child(candidate, weights, theirs_in, theirs_out, source, once)
        os.close(theirs_in)
        os.close(theirs_out)

    def ask(self, head: bytes) -> int | None:
        """Length of the error text, 0 for none; what follows waits in `answers`. None: the child broke off."""
        with contextlib.suppress(BrokenPipeError):
            write_all(self.requests, head)
        answered = read_exactly(self.answers, ANSWER.size)
        return ANSWER.unpack(answered)[1] if len(answered) == ANSWER.size else None

    def pass_on(self, size: int, sink: int) -> bool:
        """Move `size` bytes of the answer to the sink; False when the child broke off before."""
        while size > 0 and (moved := os.splice(self.answers, sink, min(size, 1 << 20))):
            size -= moved
        return size == 0

    def end(self) -> None:
        os.close(self.requests)
        os.close(self.answers)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def kill_strays(keep: set[int]) -> None:
    """Kill what dead children left behind: as subreaper this process has become its parent."""
    while strays := own_children() - keep:  # again and again: the children of a stray become ours too
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def own_children() -> set[int]:
    """Process ids whose parent is this process."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended while we looked
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.add(int(folder.name))
    return found


def serve(candidate: Candidate, weights: list[dict[str, torch.Tensor]], source: int, sink: int) -> None:
    """Bring requests to children and answers to the sink until the source ends or a child fails."""
    current: tuple[int, Child] | None = None
    while len(head := read_exactly(source, REQUEST.size)) == REQUEST.size:
        magic, index, fresh, rows, length = REQUEST.unpack(head)
        if magic != b"RCQ1" or index >= len(weights):
            raise SystemExit(f"bad request: {magic!r}, weights {index}")
        if current is not None and (fresh or current[0] != index):
            current[1].end()
            current = None
        if current is None:
            kill_strays(keep=set())
            current = (index, Child(candidate, weights[index], source, sink, once=fresh == 1))
        one = current[1]
        error = one.ask(head)
        kill_strays(keep={one.pid})
        if error is None:
            write_all(sink, ANSWER.pack(b"RCA1", len(BROKE_OFF)) + BROKE_OFF)
            break
        write_all(sink, ANSWER.pack(b"RCA1", min(error, 4096)))
        whole = one.pass_on(min(error, 4096) or rows * length * 256 * 4, sink)
        if fresh == 1:
            one.end()
            current = None
        if error or not whole:
            break  # tokens may be left in the source; the evaluator refuses the model at its first fault
    if current is not None:
        current[1].end()
    kill_strays(keep=set())


def settle() -> tuple[int, int]:
    """The input and output of this process, moved out of the candidate's way."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    return source, sink


def serve_source(source: str, weights: list[int], shut_in: Callable[[], None]) -> None:
    """Answer in a warm worker's child: the candidate comes as text, the weights as open files, which are closed."""
    requests, answers = settle()
    loaded = []
    for fd in weights:
        with os.fdopen(fd, "rb") as file:
            loaded.append(load(file.read()))
    serve(Candidate(source, "train.py", shut_in), loaded, requests, answers)


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer byte sequences with a model's logits.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    source, sink = settle()
    candidate = Candidate(arguments.train.read_text(encoding="utf-8"), str(arguments.train), lambda: None)
    serve(candidate, [load_file(path) for path in arguments.weights], source, sink)


if __name__ == "__main__":
    main()
