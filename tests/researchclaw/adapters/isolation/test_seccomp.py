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


def answer(machine: str, number: int, *arguments: int, architecture: int | None = None, sockets: bool = True) -> int:
    """What the kernel would do with this call: classic BPF as in linux/filter.h, the subset that seccomp uses."""
    arguments = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number, architecture or ARCHITECTURE[machine], 0, *arguments)
    program, at, accumulator = assemble(machine, sockets=sockets), 0, 0
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
        assert answer(machine, socket, family, 1, sockets=False) == refused(errno.EAFNOSUPPORT)
    assert answer(machine, socket, 16, 3, 0) == ALLOW  # netlink, routing
    assert answer(machine, socket, 16, 3, 12) == refused(errno.EAFNOSUPPORT)  # netlink, netfilter
    for family in (17, 40, 31, 38):
        assert answer(machine, socket, family, 1) == refused(errno.EAFNOSUPPORT)
    assert answer(machine, openat, 0, 0, 0, 0o4755) == ALLOW  # no O_CREAT: the mode is what the register held
    assert answer(machine, openat, 0, 0, 0o101, 0o4755) == refused(errno.EPERM)
    assert answer(machine, openat, 0, 0, 0o101, 0o644) == ALLOW
    assert answer(machine, 435) == answer(machine, 451) == refused(errno.ENOSYS)


def test_the_program_is_an_array_of_eight_byte_instructions() -> None:
    assert len(filter_program("x86_64")) == 8 * len(assemble("x86_64"))
    assert len(assemble("x86_64")) < 4096  # BPF_MAXINSNS


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        filter_program("riscv64")
