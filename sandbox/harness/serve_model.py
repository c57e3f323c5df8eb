"""Answer byte sequences with a trained model's logits: the guest's side of an evaluation. Nothing here is trusted.

    python -I -B serve_model.py --train train.py --weights W0 [W1 ...]

Frames on stdin and stdout as in PROTOCOL.md. torch and the weight files are loaded once; the candidate's code runs in
forked children only, in eval mode, without gradients, in float32, on one thread. A request marked fresh is answered by a
child that has seen nothing else; whatever that child leaves behind is killed before the next request is read.
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
from pathlib import Path
from typing import NoReturn

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

REQUEST = struct.Struct("<4sIIII")  # magic, weights index, fresh, rows B, length T
ANSWER = struct.Struct("<4sI")  # magic, length of the error text or 0
PR_SET_CHILD_SUBREAPER = 36


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


def load_model(train: Path, weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The candidate's model with these weights."""
    module = types.ModuleType("candidate")
    module.__file__ = str(train)
    sys.modules["candidate"] = module
    exec(compile(train.read_text(encoding="utf-8"), str(train), "exec"), module.__dict__)  # the guest's purpose
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


def child(train: Path, weights: dict[str, torch.Tensor], requests: int, answers: int, once: bool) -> NoReturn:
    """Answer requests until the pipe ends; the exit code says nothing."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # no process, no thread (does not bind a real root)
    status = 0
    try:
        torch.manual_seed(0)
        model: torch.nn.Module | None = None
        with torch.no_grad():
            while len(head := read_exactly(requests, REQUEST.size)) == REQUEST.size:
                _, _, _, rows, length = REQUEST.unpack(head)
                tokens = read_exactly(requests, rows * length)
                model = model or load_model(train, weights)
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
            os.write(2, text)
    os._exit(status)


class Child:
    """A forked process that answers, seen from the parent."""

    def __init__(self, train: Path, weights: dict[str, torch.Tensor], *, closed: list[int], once: bool) -> None:
        theirs_in, self.requests = os.pipe()
        self.answers, theirs_out = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (*closed, self.requests, self.answers):
                os.close(fd)
            child(train, weights, theirs_in, theirs_out, once)
        os.close(theirs_in)
        os.close(theirs_out)

    def ask(self, request: bytes, size: int) -> tuple[int, bytes]:
        """Error length and content; a child that broke off is an error."""
        with contextlib.suppress(BrokenPipeError):  # an error text may wait in the other pipe
            write_all(self.requests, request)
        head = read_exactly(self.answers, ANSWER.size)
        if len(head) == ANSWER.size:
            _, error = ANSWER.unpack(head)
            wanted = min(error, 4096) if error else size
            content = read_exactly(self.answers, wanted)
            if len(content) == wanted:
                return (wanted if error else 0), content
        text = b"the model process broke off"
        return len(text), text

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


def serve(train: Path, weights: list[dict[str, torch.Tensor]], source: int, sink: int) -> None:
    """Relay frames between the evaluator and the children until the source ends."""
    current: dict[int, Child] = {}
    while len(head := read_exactly(source, REQUEST.size)) == REQUEST.size:
        magic, index, fresh, rows, length = REQUEST.unpack(head)
        if magic != b"RCQ1" or index >= len(weights):
            raise SystemExit(f"bad request: {magic!r}, weights {index}")
        request = head + read_exactly(source, rows * length)
        size = rows * length * 256 * 4
        closed = [source, sink] + [fd for other in current.values() for fd in (other.requests, other.answers)]
        if fresh:
            one = Child(train, weights[index], closed=closed, once=True)
            error, content = one.ask(request, size)
            one.end()
            kill_strays(keep={other.pid for other in current.values()})
        else:
            if index not in current:
                for other in current.values():  # one weights file at a time: memory
                    other.end()
                kill_strays(keep=set())
                closed = [source, sink]
                current = {index: Child(train, weights[index], closed=closed, once=False)}
            error, content = current[index].ask(request, size)
        write_all(sink, ANSWER.pack(b"RCA1", error))
        write_all(sink, content)
    for other in current.values():
        other.end()
    kill_strays(keep=set())


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer byte sequences with a model's logits.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    serve(arguments.train, [load_file(path) for path in arguments.weights], source, sink)


if __name__ == "__main__":
    main()
