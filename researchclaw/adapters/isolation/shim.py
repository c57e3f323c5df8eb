"""Guest side, first program in the sandbox: gives up rights, sets ceilings, then becomes the guest's program.

Runs as `python -I -S -B shim.py SETTINGS` with SETTINGS a JSON object: uid and gid (or null), limits {name: value}, nice,
cpu (or null), fds {number inside: number inherited} or how many come over the handshake (for 0, 1, 2 …), folders, argv, env,
keep_children (stay as the keeper of orphans), filter (a seccomp program's file, where nobody else installs it), and
handshake, the number of an inherited UNIX socket or the path of one. Over it the shim sends the writable folders, opened, so that the
supervisor can measure and collect what lies there without following a path; then it waits for one byte before it starts
the guest. The guest starts in the first folder, its scratch folder. Only the standard library; imported by nobody.
"""

# Close to the system calls on purpose.
# ruff: noqa: PTH123, S606

import fcntl
import json
import os
import resource
import socket
import sys


def main() -> None:
    settings = json.loads(sys.argv[1])
    if settings["uid"] is not None:
        os.setgroups([])
        os.setresgid(settings["gid"], settings["gid"], settings["gid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])
        if 0 in os.getresuid() + os.getresgid() or os.getgroups():
            sys.exit("shim: the user id was not given up")
    os.umask(0o077)
    if settings["cpu"] is not None:
        os.sched_setaffinity(0, {settings["cpu"]})
    os.nice(settings["nice"])
    os.chdir(settings["folders"][0])

    with door(settings["handshake"]) as handshake:
        folders = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in settings["folders"]]
        socket.send_fds(handshake, [b"ready"], folders)
        word, handed, _, _ = socket.recv_fds(handshake, 1, 8)
        if word != b"g":
            sys.exit("shim: the supervisor has gone")

    # Through high numbers to the ones that the guest expects; nothing else that was inherited stays open.
    given = dict(enumerate(handed)) if isinstance(settings["fds"], int) else settings["fds"]
    lifted = {int(inside): fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for inside, fd in given.items()}
    os.closerange(3, 200)
    for inside, fd in lifted.items():
        os.dup2(fd, inside)
    os.closerange(max(lifted, default=2) + 1, 65536)

    for name, value in settings["limits"].items():
        number = getattr(resource, "RLIMIT_" + name)
        hard = resource.getrlimit(number)[1]
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (wanted, wanted))
    if settings["keep_children"]:
        _become_keeper()
    if settings.get("filter"):
        _shut_in(settings["filter"])
    try:
        os.execvpe(settings["argv"][0], settings["argv"], settings["env"])
    except OSError as exc:
        sys.stderr.write(f"{settings['argv'][0]}: {exc.strerror}\n")
        sys.exit(127)


def door(handshake: "int | str") -> socket.socket:
    """The supervisor's end of the handshake: an inherited socket by its number, or one with a name."""
    if isinstance(handshake, int):
        return socket.socket(fileno=handshake)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(handshake)
    return connection


def _shut_in(path: str) -> None:
    """Install a seccomp filter from a file, where no bwrap did."""
    import ctypes

    with open(path, "rb") as file:
        program = file.read()

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    prctl = ctypes.CDLL(None).prctl
    set_no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    given = Program(len(program) // 8, program)
    if prctl(set_no_new_privileges, 1, 0, 0, 0) != 0 or prctl(set_seccomp, by_filter, ctypes.byref(given), 0, 0) != 0:
        sys.exit("shim: the seccomp filter was not accepted")


def _become_keeper() -> None:
    """Go on in a child; stay behind as the parent of all its orphans, and kill them when it ends or our parent does.

    For isolation without a process namespace, where nothing else finds a daemon again.
    """
    import ctypes
    import signal

    set_parent_death_signal, set_child_subreaper = 1, 36
    libc = ctypes.CDLL(None)
    libc.prctl(set_child_subreaper, 1, 0, 0, 0)
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        libc.prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != keeper:
            os._exit(1)
        return

    def kill_all(*_: object) -> None:
        while children := _children():
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)
        os._exit(137)

    signal.signal(signal.SIGTERM, kill_all)
    libc.prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)
    status = 0
    while True:
        pid, ended = os.waitpid(-1, 0)
        if pid == child:
            status = ended
            break
    while children := _children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(-1, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(word) for word in file.read().split()]


if __name__ == "__main__":
    main()
