"""Guest side, first program in the sandbox: gives up rights, sets ceilings, then becomes the guest's program.

Runs as `python -I -S -B shim.py SETTINGS` with SETTINGS a JSON object: uid and gid (or null), limits {name: value}, nice,
cpu (or null), fds {number inside: number inherited}, folders, argv, env, keep_children (stay as the keeper of orphans),
and handshake, the number of an inherited UNIX socket. Over it the shim sends the writable folders, opened, so that the
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

    with socket.socket(fileno=settings["handshake"]) as handshake:
        folders = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in settings["folders"]]
        socket.send_fds(handshake, [b"ready"], folders)
        if handshake.recv(1) != b"g":
            sys.exit("shim: the supervisor has gone")

    # Through high numbers to the ones that the guest expects; nothing else that was inherited stays open.
    lifted = {int(inside): fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for inside, fd in settings["fds"].items()}
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
    try:
        os.execvpe(settings["argv"][0], settings["argv"], settings["env"])
    except OSError as exc:
        sys.stderr.write(f"{settings['argv'][0]}: {exc.strerror}\n")
        sys.exit(127)


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
