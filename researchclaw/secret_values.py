"""Keys by their value: whoever reads one from the environment keeps it here, and whatever leaves the process is masked by it.

The name of a variable says little: `llm.api_key_env` and the key_env of a literature source may name any. What an endpoint, an
agent or a library says may hold the key that it was sent, so texts are masked where they come in and where they go out.
"""

from __future__ import annotations

import json

SHORTEST = 8
"""Characters. Shorter values stand in for a key that is not needed ('none', 'EMPTY', 'ollama') and are words of other texts."""

MASK = "***"

_kept: tuple[str, ...] = ()
"""As they are and as JSON spells them; the longest first, since one may be a part of another."""


def keep(value: str) -> str:
    """The value, which no text shows from now on."""
    global _kept  # noqa: PLW0603 (a key is one for the whole process, whoever read it)
    if len(value) >= SHORTEST and value not in _kept:
        _kept = tuple(sorted({*_kept, value, json.dumps(value)[1:-1]}, key=lambda one: (-len(one), one)))
    return value


def masked(text: str) -> str:
    """The text with *** for every key that was kept."""
    for secret in _kept:
        text = text.replace(secret, MASK)
    return text


def masked_bytes(data: bytes) -> bytes:
    """As `masked`, for what has not been read as text yet."""
    for secret in _kept:
        data = data.replace(secret.encode(), MASK.encode())
    return data
