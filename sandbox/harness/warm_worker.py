"""A guest that has imported torch and forks a child for each run: the guest's side of a warm worker.

    python -I -B warm_worker.py --control FD --filter one_process.bpf

The sandbox around it is sealed (nothing is writable, no sockets), and no candidate's code ever runs in this process, so a
child finds what every child finds: a fresh fork of the same imports, with no file, socket or process to leave a note in.
A message on the control socket, with descriptors, starts a run; the order of the descriptors is `REQUEST` to `FILES`.
The child says 'born' on the same socket, from which the kernel tells the parent its process id; when it has ended, this
process kills what it left behind and says 'ended CODE CPU_SECONDS PEAK_KB'. One run at a time.
"""

import argparse
import contextlib
import ctypes
import gc
import importlib.util
import json
import os
import signal
import socket
import sys
import types
from pathlib import Path
from typing import NoReturn

os.environ["TORCHINDUCTOR_CACHE_DIR"] = "/tmp"  # it must exist; without a name torch looks for a folder that can be written
HERE = Path(__file__).parent
REQUEST, STDIN, STDOUT, STDERR, STATUS, FILES = range(6)
"""What each descriptor is: the request as JSON, the streams, the signs of life, then files: of weights to be read, or the
training split and files for the weights to be written."""
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 36, 4
EXIT_CRASH = 1


def load(name: str) -> types.ModuleType:
    """A program of the harness as a module."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


run_training = load("run_training")
serve_model = load("serve_model")
importlib.import_module("torch._dynamo")  # every optimiser imports it: half a second of CPU time
PRCTL = ctypes.CDLL(None, use_errno=True).prctl


def shut_in(program: bytes) -> None:
    """Add a seccomp filter to this process; it cannot be taken off."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    given = Program(len(program) // 8, program)
    if PRCTL(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the filter was not accepted")


def child(control: socket.socket, fds: list[int], program: bytes) -> NoReturn:
    """One run, from its request to its exit code."""
    code = EXIT_CRASH
    try:
        control.send(b"born")
        control.close()
        with os.fdopen(fds[REQUEST], "rb") as file:
            request = json.loads(file.read())
        for inside, fd in enumerate(fds[STDIN : STATUS + 1]):
            os.dup2(fd, inside)
            os.close(fd)
        files = fds[FILES:]
        os.closerange(STATUS, min(files, default=STATUS))  # 0 to 3 are taken, all else but the files goes
        for a, b in zip(files, [*files[1:], 65536], strict=True):
            os.closerange(a + 1, b)
        os.setsid()
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        run_training.settle()
        if request["do"] == "train":
            shut_in(program)
            code = run_training.train_source(
                source=request["train_py"],
                data=files[0],
                seed=request["seed"],
                steps=request["steps"],
                checkpoints=request["checkpoints"],
                outputs=dict(zip(request["files"], files[1:], strict=True)),
                status_fd=3,
            )
        else:
            serve_model.serve_source(request["train_py"], files, lambda: shut_in(program))
            code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else EXIT_CRASH
    except BaseException:  # noqa: BLE001 - whatever the candidate raises ends its run
        import traceback

        with contextlib.suppress(OSError):
            os.write(2, traceback.format_exc().encode("utf-8", "replace")[-65536:])
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    os._exit(code)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fork a child for each run.")
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--filter", type=Path, required=True)
    arguments = parser.parse_args()
    program = arguments.filter.read_bytes()
    PRCTL(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    PRCTL(PR_SET_DUMPABLE, 0, 0, 0, 0)
    run_training.settle()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=arguments.control) as control:
        control.send(b"ready")
        while True:
            message, fds, _, _ = socket.recv_fds(control, 16, 32)
            if not message:
                return
            pid = os.fork()
            if pid == 0:
                child(control, fds, program)
            for fd in fds:
                os.close(fd)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            serve_model.kill_strays(keep={pid})
            _, status, used = os.wait4(pid, 0)
            code = os.waitstatus_to_exitcode(status)
            serve_model.kill_strays(keep=set())
            control.send(f"ended {code if code >= 0 else 128 - code} {used.ru_utime + used.ru_stime:.6f} {used.ru_maxrss}".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
