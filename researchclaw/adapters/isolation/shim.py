"""Guest side, first program in the sandbox: gives up rights, sets ceilings, then becomes the guest's program.

Runs as `python -I -S -B shim.py SETTINGS` with SETTINGS a JSON object:
uid, gid (or null), limits {name: value}, nice, cpu, fds {number inside: number inherited}, folders, argv, env, and
handshake (an inherited UNIX socket): the shim sends the writable folders, opened, over it, so that the supervisor can
measure and collect what lies there without following a path, and waits for one byte before it starts the guest.
The first folder is the scratch folder, where the guest starts.
Only the standard library; imported by nobody.
"""

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
    try:
        os.execvpe(settings["argv"][0], settings["argv"], settings["env"])
    except OSError as exc:
        sys.stderr.write(f"{settings['argv'][0]}: {exc.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
