"""Keys by their value: whoever reads one from the environment keeps it here, and whatever leaves the process is masked by it.

The name of a variable says little: `llm.api_key_env` and the key_env of a literature source may name any. What an endpoint, an
agent or a library says may hold the key that it was sent, so texts are masked where they come in and where they go out. In JSON
only the strings are masked: a key that is also a word or digits must not cut the name of a field or a number.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pydantic import JsonValue

SHORTEST = 8
"""Characters. Shorter values stand in for a key that is not needed ('none', 'EMPTY', 'ollama') and are words of other texts."""

SHORTEST_NUMBER = 12
"""Digits. Shorter numbers stand in for a key, too, and are parts of measured values."""

MASK = "***"

SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH_STRING", re.IGNORECASE)
"""Environment variables whose values must not stand in a log."""

_PREFIXES = re.compile(
    r"(?:sk|pk|rk|csk|xai|pplx|nvapi|glpat|gsk|hf|r8|gh[opsu]|github_pat|xox[abeprs])[-_](?=.*[0-9A-Z]).{13,}|(?:AKIA|ASIA|AIza|eyJ|ABSK|ya29\.).{12,}"
)
"""How the keys of known services begin."""
_RUN = re.compile(r"[A-Za-z0-9]{20,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_kept: tuple[str, ...] = ()
"""In every spelling; the longest first, since one may be a part of another."""


def stands_in(value: str) -> bool:
    """Whether a value is a word for a key that is not needed, as local endpoints take it; such a one is not masked."""
    return (
        len(value) < SHORTEST
        or len(set(value)) == 1
        or (value.isdecimal() and len(value) < SHORTEST_NUMBER)
        or (value.isalpha() and value.islower())
    )


def looks_like_a_key(value: str) -> bool:
    """Whether a value is a key whatever its variable is called: a known beginning, a UUID, or 20 letters and digits without a break.

    Names of models and of accounts have breaks: claude-sonnet-4-5-20250929.
    """
    return (
        _PREFIXES.fullmatch(value) is not None
        or _UUID.fullmatch(value) is not None
        or any(any(map(str.isdigit, run)) and any(map(str.isalpha, run)) for run in _RUN.findall(value))
    )


def spellings(value: str) -> frozenset[str]:
    """A key as it is, and as addresses, JSON and the header of Basic authentication spell it."""
    plain = {value, quote(value, safe="")}
    escaped = {json.dumps(one, ensure_ascii=ascii_only)[1:-1] for one in plain for ascii_only in (True, False)}
    coded = {base64.b64encode(one.encode(errors="surrogateescape")).decode() for one in (value, f":{value}", f"{value}:")}
    return frozenset(plain | escaped | {one.rstrip("=") for one in coded})


def keep(value: str) -> str:
    """The value, which no text shows from now on; one that stands in for a key is left as it is."""
    global _kept  # noqa: PLW0603 (a key is one for the whole process, whoever read it)
    if not stands_in(value) and value not in _kept:
        _kept = _longest_first({*_kept, *spellings(value)})
    return value


def masked(text: str) -> str:
    """The text with *** for every key that was kept; a text that is a JSON object or array stays one."""
    return _without(text, _kept)


def masked_bytes(data: bytes) -> bytes:
    """As `masked`, for what has not been read as text yet."""
    if not any(secret.encode(errors="surrogateescape") in data for secret in _kept):
        return data
    try:
        return masked(data.decode()).encode()
    except UnicodeDecodeError:
        for secret in _kept:
            data = data.replace(secret.encode(errors="surrogateescape"), MASK.encode())
        return data


def masked_values(value: JsonValue) -> JsonValue:
    """As `masked`, for what JSON spells: strings are masked, numbers are not, names only if they hold what is a key for certain.

    Raises:
        RecursionError: it is nested too deeply.
    """
    return _values_without(value, _kept, tuple(filter(looks_like_a_key, _kept)))


class WithoutSecrets(logging.Formatter):
    """Puts *** for every secret, in the message and in the traceback: those given, and the keys that this process has read."""

    def __init__(self, inner: logging.Formatter, secrets: list[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = _longest_first({one for secret in secrets if not stands_in(secret) for one in spellings(secret)})

    def format(self, record: logging.LogRecord) -> str:
        return masked(_replaced(self._inner.format(record), self._secrets))


def _without(text: str, secrets: tuple[str, ...]) -> str:
    if not any(secret in text for secret in secrets):
        return text
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.dumps(_values_without(json.loads(text), secrets, tuple(filter(looks_like_a_key, secrets))))
        except (ValueError, RecursionError):  # words that begin with a bracket, or nested by an enemy: there is no number to spare
            return _replaced(text, secrets)
    return _replaced(text, secrets)


def _values_without(value: JsonValue, secrets: tuple[str, ...], certain: tuple[str, ...]) -> JsonValue:
    if isinstance(value, str):
        return _without(value, secrets)
    if isinstance(value, list):
        return [_values_without(one, secrets, certain) for one in value]
    if isinstance(value, dict):
        return {_replaced(name, certain): _values_without(one, secrets, certain) for name, one in value.items()}
    return value


def _replaced(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _longest_first(secrets: set[str]) -> tuple[str, ...]:
    return tuple(sorted(secrets, key=lambda one: (-len(one), one)))
