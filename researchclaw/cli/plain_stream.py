"""What every command prints, without what would steer a terminal: names, titles and reasons may be a stranger's."""

from __future__ import annotations

from typing import Any, TextIO, cast

from researchclaw.adapters.isolation.streams import plain


class _PlainStream:
    """A text stream whose every written text is cleaned; for all else the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self.steering = stream

    def write(self, text: str) -> int:
        self.steering.write(plain(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # whatever the stream has
        return getattr(self.steering, name)


def as_plain(stream: TextIO) -> TextIO:
    """The stream, cleaned; one that is clean already as it is."""
    return stream if isinstance(stream, _PlainStream) else cast("TextIO", _PlainStream(stream))


def steering(stream: TextIO) -> TextIO:
    """The stream below, for a display of our own that moves the cursor."""
    return stream.steering if isinstance(stream, _PlainStream) else stream
