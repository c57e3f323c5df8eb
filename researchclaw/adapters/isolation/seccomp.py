"""A seccomp filter for guest code, assembled here so that no native library is needed.

The filter refuses what training code has no use for: namespaces, mounts, tracing, kernel modules, key rings, io_uring,
System V and POSIX message queues, anonymous memory files, devices and pipes with a name, set-uid bits, sockets other than
UNIX, TCP, UDP and routing netlink (other protocols would load kernel modules), kernel AIO (its contexts are counted for the
whole machine), characters pushed into a terminal and other line disciplines, watches, leases and hints on files that other
sandboxes see, too, writing out all of the machine's files, and limits, priorities and affinities of another process (a model
that is audited could keep notes there for its next process). Everything else is allowed, up to the newest system call that was
known when the list was written; later ones answer "not implemented". A call by the wrong table (32-bit or x32) kills the
process.

Numbers are those of Linux' asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64). The aarch64 table has been
assembled and simulated in the tests, not run.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable

from stages.errors import SandboxUnavailable

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_GREATER, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16

_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LAST_KNOWN_CALL = 450  # set_mempolicy_home_node, Linux 5.17; what follows has fallbacks in every libc (fchmodat2 among them)
_X32_BIT = 0x40000000

_CLONE_NEW_ANY = 0x7E020000  # NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h
_CLONE_THREAD = 0x00010000
_SET_ID_BITS = 0o6000
_O_CREAT_OR_TMPFILE = 0o100 | 0o20000000
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0
_TIOCSTI, _TIOCLINUX, _TIOCSETD = 0x5412, 0x541C, 0x5423
_PRIO_PROCESS = 0
_F_SETLEASE, _F_NOTIFY, _F_SET_RW_HINT, _F_SET_FILE_RW_HINT = 1024, 1026, 1036, 1038
_FCNTL_WITHOUT_NOTES = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_FUTEX_PRIVATE, _FUTEX_WAKES = 128, (1, 3, 4, 5, 10)  # FUTEX_WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAKE_BITSET
_MADV_PAGEOUT = 21
_ANY_PROTOCOL, _TCP, _UDP = 0, 6, 17

# name: (x86_64, aarch64); None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "fsopen": (430, 430), "fsmount": (432, 432), "fsconfig": (431, 431), "fspick": (433, 433),
    "move_mount": (429, 429), "open_tree": (428, 428), "mount_setattr": (442, 442), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194),
    "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197), "semget": (64, 190), "semop": (65, 193),
    "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183), "mq_notify": (244, 184), "mq_getsetattr": (245, 185), "mknod": (133, None),
    "mknodat": (259, 33), "personality": (135, 92), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116), "vhangup": (153, 58),
    "iopl": (172, None), "ioperm": (173, None), "lookup_dcookie": (212, 18), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "ustat": (136, None), "sysfs": (139, None),
    "uselib": (134, None), "modify_ldt": (154, None), "move_pages": (279, 239), "migrate_pages": (256, 238),
    "nfsservctl": (180, 42), "_sysctl": (156, None), "ioprio_set": (251, 30), "io_setup": (206, 0),
    "sethostname": (170, 161), "setdomainname": (171, 162), "inotify_init": (253, None), "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27), "sync": (162, 81), "syncfs": (306, 267),
}  # fmt: skip

_NUMBERS = {
    "setpriority": (141, 140), "clone": (56, 220), "clone3": (435, 435), "fork": (57, None), "vfork": (58, None),
    "openat2": (437, 437), "socket": (41, 198), "socketpair": (53, 199),
    "ioctl": (16, 29), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53),
    "open": (2, None), "openat": (257, 56), "creat": (85, None), "fcntl": (72, 25), "futex": (202, 98), "madvise": (28, 233),
}  # fmt: skip

# Calls about a process, with the argument that names it: 0 is the caller itself.
_ONLY_ITSELF: dict[str, tuple[int, int, int]] = {
    "prlimit64": (302, 261, 0), "sched_setaffinity": (203, 122, 0), "sched_setscheduler": (144, 119, 0),
    "sched_setparam": (142, 118, 0), "sched_setattr": (314, 274, 0), "setpriority": (141, 140, 1),
}  # fmt: skip

# What one process can tell a later one, or one in another sandbox, by: locks outlive a process where the open file does,
# and what of a read-only file is in memory is the same for all who see the file. Space taken by fallocate is in no file's
# length, so that no limit of the kernel is kept for it.
_SEALED: dict[str, tuple[int, int]] = {
    "flock": (73, 32), "mincore": (27, 232), "fadvise64": (221, 223), "readahead": (187, 213), "preadv2": (327, 286),
    "fallocate": (285, 47),
}  # fmt: skip

_SIGNALS: dict[str, tuple[int, int]] = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424),
}  # fmt: skip

Instruction = tuple[int, int, int, int]
"""Operation, steps to jump when true, steps to jump when false, constant."""


def filter_program(machine: str | None = None, *, processes: bool = True, signals: bool = True, sealed: bool = False) -> bytes:
    """The filter as an array of struct sock_filter, ready for `bwrap --seccomp`.

    machine: 'x86_64' or 'aarch64'; None: this machine.
    processes: off for a guest that must be one process (threads are free): its CPU clock then counts all that it uses.
    signals: off for a guest that shares its sandbox with processes of ours.
    sealed: on for a guest whose processes must not tell each other anything and that writes to files of ours: no sockets but
    pairs of UNIX ones, no locks, no wakes across processes, no settings of open files but their flags, no look at what of a file
    is in memory, no disk space beyond what is written.
    Raises:
        SandboxUnavailable: another architecture.
    """
    return b"".join(
        struct.pack("<HBBI", *instruction)
        for instruction in assemble(machine or platform.machine(), processes=processes, signals=signals, sealed=sealed)
    )


def assemble(machine: str, *, processes: bool = True, signals: bool = True, sealed: bool = False) -> list[Instruction]:
    """The filter's instructions; the system call's number is in the accumulator at the start of every block."""
    if machine not in _AUDIT_ARCHITECTURE:
        raise SandboxUnavailable(
            f"No seccomp table for {machine}; generated code was not run. Use an x86_64 or aarch64 machine, "
            "or set sandbox.allow_weaker: true and accept results marked 'process only'."
        )
    column = 0 if machine == "x86_64" else 1

    def number(name: str) -> int | None:
        return _NUMBERS[name][column]

    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if machine == "x86_64":
        program += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    program += [(_JUMP_GREATER, 0, 1, _LAST_KNOWN_CALL), _refuse(errno.ENOSYS)]
    program += _block(number("clone3"), [_refuse(errno.ENOSYS)])  # its flags lie in memory, out of a filter's sight
    program += _block(number("openat2"), [_refuse(errno.ENOSYS)])
    program += _block(number("clone"), _refuse_bits(0, _CLONE_NEW_ANY))
    if not processes:
        for name in ("fork", "vfork"):
            program += _block(number(name), [_refuse(errno.EPERM)])
        program += _block(number("clone"), [_argument(0), (_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD), _refuse(errno.EPERM)])
    program += _block(number("socket"), [_refuse(errno.EAFNOSUPPORT)] if sealed else _sockets())
    program += _block(number("socketpair"), _only_values(0, (_AF_UNIX,), errno.EAFNOSUPPORT))
    program += _block(number("ioctl"), _refuse_values(1, (_TIOCSTI, _TIOCLINUX, _TIOCSETD)))
    for name, mode_argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("creat", 1)):
        program += _block(number(name), _refuse_bits(mode_argument, _SET_ID_BITS))
    for name, flags_argument in (("open", 1), ("openat", 2)):
        program += _block(number(name), _refuse_set_id_creation(flags_argument, flags_argument + 1))
    for call in _ONLY_ITSELF.values():
        program += _block(call[column], _only_values(call[2], (0,), errno.EPERM))
    program += _block(number("setpriority"), _only_values(0, (_PRIO_PROCESS,), errno.EPERM))  # not a whole group or user
    for refused in _REFUSED.values():
        program += _block(refused[column], [_refuse(errno.EPERM)])
    lasting = _refuse_values(1, (_F_SETLEASE, _F_NOTIFY, _F_SET_RW_HINT, _F_SET_FILE_RW_HINT))
    program += _block(number("fcntl"), _only_values(1, _FCNTL_WITHOUT_NOTES, errno.EPERM) if sealed else lasting)
    if sealed:
        wakes = _refuse_values(1, _FUTEX_WAKES)[1:]
        program += _block(number("futex"), [_argument(1), (_JUMP_ANY_BIT, len(wakes), 0, _FUTEX_PRIVATE), *wakes])
        program += _block(number("madvise"), _refuse_values(2, (_MADV_PAGEOUT,)))
        for refused in _SEALED.values():
            program += _block(refused[column], [_refuse(errno.EPERM)])
    if not signals:
        for about_another in _SIGNALS.values():
            program += _block(about_another[column], [_refuse(errno.EPERM)])
    program.append((_RETURN, 0, 0, _ALLOW))
    return program


def _refuse(code: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _argument(index: int) -> Instruction:
    """Load the low 32 bits of an argument (little-endian machines): all that flags, modes and families have."""
    return (_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * index)


def _block(number: int | None, body: list[Instruction]) -> list[Instruction]:
    """Run the body for one system call; if it does not return, the number is in the accumulator again."""
    if number is None:
        return []
    reload = [] if body[-1][0] == _RETURN and len(body) == 1 else [(_LOAD, 0, 0, _NUMBER_OFFSET)]
    whole = body + reload
    return [(_JUMP_EQUAL, 0, len(whole), number), *whole]


def _refuse_bits(argument: int, bits: int) -> list[Instruction]:
    return [_argument(argument), (_JUMP_ANY_BIT, 0, 1, bits), _refuse(errno.EPERM)]


def _refuse_values(argument: int, values: Iterable[int]) -> list[Instruction]:
    body = [_argument(argument)]
    for value in values:
        body += [(_JUMP_EQUAL, 0, 1, value), _refuse(errno.EPERM)]
    return body


def _only_values(argument: int, values: tuple[int, ...], code: int) -> list[Instruction]:
    body = [_argument(argument)]
    for index, value in enumerate(values):
        body.append((_JUMP_EQUAL, len(values) - index, 0, value))
    return [*body, _refuse(code)]


def _sockets() -> list[Instruction]:
    """UNIX; INET and INET6 with TCP and UDP; netlink with the routing protocol (libc lists interfaces by it)."""
    return [
        _argument(0),
        (_JUMP_EQUAL, 10, 0, _AF_UNIX),
        (_JUMP_EQUAL, 4, 0, _AF_INET),
        (_JUMP_EQUAL, 3, 0, _AF_INET6),
        (_JUMP_EQUAL, 0, 6, _AF_NETLINK),
        _argument(2),
        (_JUMP_EQUAL, 5, 4, _NETLINK_ROUTE),
        _argument(2),
        (_JUMP_EQUAL, 3, 0, _ANY_PROTOCOL),
        (_JUMP_EQUAL, 2, 0, _TCP),
        (_JUMP_EQUAL, 1, 0, _UDP),
        _refuse(errno.EAFNOSUPPORT),
    ]


def _refuse_set_id_creation(flags: int, mode: int) -> list[Instruction]:
    """Without O_CREAT the mode argument is whatever the register held, so it is looked at only with it."""
    return [_argument(flags), (_JUMP_ANY_BIT, 0, 3, _O_CREAT_OR_TMPFILE), *_refuse_bits(mode, _SET_ID_BITS)]
