"""The filter, run by a small interpreter of its own: what is refused on each architecture."""

import errno
import struct

import pytest

from researchclaw.adapters.isolation.seccomp import _REFUSED, assemble, filter_program
from stages.errors import SandboxUnavailable

ALLOW, KILL = 0x7FFF0000, 0x80000000
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def refused(code: int) -> int:
    return 0x00050000 | code


def answer(machine: str, number: int, *arguments: int, architecture: int | None = None, sealed: bool = False) -> int:
    """What the kernel would do with this call: classic BPF as in linux/filter.h, the subset that seccomp uses."""
    arguments = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number, architecture or ARCHITECTURE[machine], 0, *arguments)
    program, at, accumulator = assemble(machine, sealed=sealed), 0, 0
    while True:
        operation, if_true, if_false, constant = program[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, constant)[0]
        elif operation == 0x06:
            return constant
        else:
            holds = {
                0x15: accumulator == constant,
                0x35: accumulator >= constant,
                0x25: accumulator > constant,
                0x45: bool(accumulator & constant),
            }
            at += if_true if holds[operation] else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_listed_call_is_refused(machine: str) -> None:
    column = 0 if machine == "x86_64" else 1
    for name, numbers in _REFUSED.items():
        number = numbers[column]
        if number is not None:
            assert answer(machine, number) == refused(errno.EPERM), name


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_another_call_table_kills(machine: str) -> None:
    assert answer(machine, 0, architecture=0x40000003) == KILL  # i386


def test_x32_kills() -> None:
    assert answer("x86_64", 0x40000000) == KILL


@pytest.mark.parametrize(("machine", "read", "clone", "socket", "openat"), [("x86_64", 0, 56, 41, 257), ("aarch64", 63, 220, 198, 56)])
def test_ordinary_calls_pass_and_dangerous_arguments_do_not(machine: str, read: int, clone: int, socket: int, openat: int) -> None:
    assert answer(machine, read) == ALLOW
    assert answer(machine, clone, 0x003D0F00) == ALLOW  # a thread
    assert answer(machine, clone, 0x10000000) == refused(errno.EPERM)  # CLONE_NEWUSER
    for family in (1, 2, 10):
        assert answer(machine, socket, family, 1) == ALLOW
        assert answer(machine, socket, family, 1, sealed=True) == refused(errno.EAFNOSUPPORT)
    assert answer(machine, socket, 16, 3, 0) == ALLOW  # netlink, routing
    assert answer(machine, socket, 16, 3, 12) == refused(errno.EAFNOSUPPORT)  # netlink, netfilter
    for family in (17, 40, 31, 38):
        assert answer(machine, socket, family, 1) == refused(errno.EAFNOSUPPORT)
    assert answer(machine, openat, 0, 0, 0, 0o4755) == ALLOW  # no O_CREAT: the mode is what the register held
    assert answer(machine, openat, 0, 0, 0o101, 0o4755) == refused(errno.EPERM)
    assert answer(machine, openat, 0, 0, 0o101, 0o644) == ALLOW
    assert answer(machine, 435) == answer(machine, 451) == refused(errno.ENOSYS)


@pytest.mark.parametrize(
    ("machine", "fcntl", "flock", "fallocate", "futex", "madvise"),
    [("x86_64", 72, 73, 285, 202, 28), ("aarch64", 25, 32, 47, 98, 233)],
)
def test_no_process_leaves_a_note_for_another_where_that_matters(
    machine: str, fcntl: int, flock: int, fallocate: int, futex: int, madvise: int
) -> None:
    everywhere = {"F_SETLEASE": 1024, "F_NOTIFY": 1026, "F_SET_RW_HINT": 1036, "F_SET_FILE_RW_HINT": 1038}
    when_sealed = {"F_SETLK": 6, "F_OFD_SETLK": 37, "F_SETSIG": 10, "F_SETOWN": 8, "F_SETPIPE_SZ": 1031}
    for command in everywhere.values():
        assert answer(machine, fcntl, 3, command) == refused(errno.EPERM)
    for command in when_sealed.values():
        assert answer(machine, fcntl, 3, command) == ALLOW
        assert answer(machine, fcntl, 3, command, sealed=True) == refused(errno.EPERM)
    for command in (0, 1, 2, 3, 4, 1030):
        assert answer(machine, fcntl, 3, command, sealed=True) == ALLOW
    for call in (flock, fallocate):
        assert answer(machine, call, 3, 2) == ALLOW
        assert answer(machine, call, 3, 2, sealed=True) == refused(errno.EPERM)
    for operation in (0, 9, 128, 129, 137, 138):  # waits, and anything private to a process
        assert answer(machine, futex, 0, operation, sealed=True) == ALLOW
    for operation in (1, 3, 4, 5, 10):
        assert answer(machine, futex, 0, operation) == ALLOW
        assert answer(machine, futex, 0, operation, sealed=True) == refused(errno.EPERM)
    assert answer(machine, madvise, 0, 0, 4, sealed=True) == ALLOW
    assert answer(machine, madvise, 0, 0, 21, sealed=True) == refused(errno.EPERM)


def test_the_program_is_an_array_of_eight_byte_instructions() -> None:
    assert len(filter_program("x86_64")) == 8 * len(assemble("x86_64"))
    assert len(assemble("x86_64")) < 4096  # BPF_MAXINSNS


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        filter_program("riscv64")
