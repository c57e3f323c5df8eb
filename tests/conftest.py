"""For every test: no socket but loopback, and no HTTP proxy that would hide one. For two processes: the long files first."""

import ipaddress
import signal
import socket
from typing import Any

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a job that a script put into the background ignores Ctrl-C, and so would every program that the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the tests by file, those with the paper come first, then the slow ones: neither is left with a long one.

    In one process the order stays: what is quick fails first.
    """
    if not hasattr(config, "workerinput"):
        return
    turn: dict[object, int] = {}
    for item in items:
        own = 0 if item.get_closest_marker("paper") else 1 if item.get_closest_marker("slow") else 2
        turn[item.path] = min(own, turn.get(item.path, own))
    items.sort(key=lambda item: turn[item.path])


class NetworkIsShut(AssertionError):
    """A test tried to reach the world."""


def _check(address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if isinstance(address, tuple) and host not in ("localhost", ""):
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = False
        if not local:
            raise NetworkIsShut(f"a test tried to reach {host}")


@pytest.fixture(autouse=True)
def _shut_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets that are no loopback or Unix sockets fail at once; names are not looked up."""
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, _original: Any = original) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _check(address)
            return _original(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)
    lookup = socket.getaddrinfo

    def local_lookup(host: Any, *arguments: Any, **named: Any) -> Any:
        if host is not None:
            _check((host, 0))
        return lookup(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local_lookup)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
