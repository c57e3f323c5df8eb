"""Output of a guest, kept within bounds: the beginning and the end of each stream, and clean text for the record."""

from __future__ import annotations

import re
from collections import deque

_TERMINAL_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SEPARATOR = re.compile(r"[\u2028\u2029]")  # line breaks to str.splitlines, and to nobody who looks at a terminal


class KeptStream:
    """A quarter of the room for the beginning, the rest for the end."""

    def __init__(self, room_bytes: int) -> None:
        self._head_room = room_bytes // 4
        self._tail_room = room_bytes - self._head_room
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self.total = 0

    def add(self, data: bytes) -> None:
        self.total += len(data)
        room = self._head_room - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data)
            self._tail_bytes += len(data)
            while self._tail_bytes - len(self._tail[0]) >= self._tail_room:
                self._tail_bytes -= len(self._tail.popleft())

    @property
    def left_out(self) -> int:
        """Bytes between the beginning and the end that were dropped."""
        return self.total - len(self._head) - min(self._tail_bytes, self._tail_room)

    def kept(self) -> bytes:
        tail = b"".join(self._tail)[-self._tail_room :]
        gap = f"\n[{self.left_out} bytes left out]\n".encode() if self.left_out else b""
        return bytes(self._head) + gap + tail


def plain_text(data: bytes) -> str:
    """Text that cannot steer a terminal or reorder a line: escapes, control and bidirectional characters are dropped."""
    return plain(data.decode("utf-8", errors="replace"))


def plain(text: str) -> str:
    """The same for text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SEPARATOR.sub(" ", _CONTROL.sub("", _TERMINAL_ESCAPE.sub("", text)))


def one_line(text: str) -> str:
    """The same on one line, for a name or a reason that a stranger wrote."""
    return " ".join(plain(text).split())
