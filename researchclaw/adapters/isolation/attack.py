"""Guest side of the self-test: tries what must fail and prints a JSON list of [name, blocked, detail] after each attempt.

Runs inside the sandbox with -I -S; only the standard library; imported by nobody.
"""

# Plain calls of the operating system are what is tried here.
# ruff: noqa: PTH101, PTH108, PTH109, PTH116, PTH118, PTH123, PTH208, S103, SIM115, T201

import ctypes
import json
import os
import socket
import stat
import sys
from collections.abc import Callable


def main() -> None:
    targets = json.loads(sys.argv[1])

    def attempt(name: str, action: Callable[[], object]) -> None:
        """Blocked when the action raises, or gives back nothing."""
        try:
            got = action()
        except OSError as exc:
            result = (name, True, exc.strerror or str(exc))
        else:
            result = (name, not got, str(got)[:80] if got else "nothing there")
        print(json.dumps(result), flush=True)

    attempt("be root", lambda: os.getuid() == 0 or os.geteuid() == 0)
    attempt("read a file of the host", lambda: open(targets["canary"]).read())
    attempt("list the home folder", lambda: sorted(set(os.listdir(targets["home"])) - interpreter_parts(targets)))
    attempt("read /etc/shadow", lambda: open("/etc/shadow").read())
    attempt("write into a folder of the host", lambda: open(os.path.join(targets["folder"], "left"), "w"))
    attempt("write beside the interpreter", lambda: write_and_remove(targets["executable"] + ".left"))
    attempt("write into /usr", lambda: write_and_remove("/usr/left"))
    attempt("read the first process' environment", first_environment)
    attempt("find secrets in the environment", lambda: sorted(set(os.environ) - allowed()))
    attempt("connect to the host's loopback", lambda: socket.create_connection(("127.0.0.1", targets["port"]), 2))
    attempt("connect to an abstract socket", lambda: connect_unix(targets["abstract"]))
    attempt("open a vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
    attempt("open a packet socket", lambda: socket.socket(17, socket.SOCK_RAW))
    attempt("signal a process of the host", lambda: signal_process(targets["pid"]))
    attempt("make a user namespace", make_namespace)
    attempt("write a kernel setting", lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    attempt("make a set-user-id file", set_user_id)
    attempt("make a device", make_device)
    attempt("start more processes than allowed", lambda: start_many(targets["processes"]))
    print(json.dumps("end"))


def first_environment() -> list[str]:
    """What the first process has in its environment beyond what every guest has; in a container it is the guest itself."""
    with open("/proc/1/environ") as file:
        return sorted({entry.split("=")[0] for entry in file.read().split("\0") if entry} - allowed())


def allowed() -> set[str]:
    names = {"PATH", "HOME", "TMPDIR", "LANG", "TERM", "LC_CTYPE", "PWD"}
    names |= {"TRITON_LIBCUDA_PATH", "LD_LIBRARY_PATH"}  # with a GPU: where the driver's library lies
    return names | {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"}


def interpreter_parts(targets: dict[str, str]) -> set[str]:
    """Folders of the home that have to be there because the interpreter or its environment lies in it."""
    home = targets["home"].rstrip("/") + "/"
    paths = (targets["executable"], os.path.realpath(targets["executable"]), sys.base_prefix, sys.prefix, os.getcwd())
    return {path[len(home) :].split("/")[0] for path in paths if path.startswith(home)}


def write_and_remove(path: str) -> str:
    with open(path, "x"):
        pass
    os.unlink(path)
    return path


def connect_unix(name: str) -> object:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(2)
    connection.connect(name.encode("latin-1"))
    return connection


def signal_process(pid: int) -> bool:
    os.kill(pid, 0)
    return True


def make_namespace() -> bool:
    new_user = 0x10000000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(new_user) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def set_user_id() -> int:
    with open("tool", "w"):
        pass
    os.chmod("tool", 0o4755)
    return os.stat("tool").st_mode & stat.S_ISUID


def make_device() -> bool:
    os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 1))
    return True


def start_many(limit: int) -> int:
    children: list[int] = []
    try:
        for _ in range(limit + 8):
            pid = os.fork()
            if pid == 0:
                os.read(waiting[0], 1)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    return len(children)


waiting = os.pipe()

if __name__ == "__main__":
    main()
