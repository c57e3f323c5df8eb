"""Takes files out of a guest's scratch folder after the guest is dead, and looks at weights without believing them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np

_HEADER_MAX = 1 << 20
_TENSORS_MAX = 10_000
_DIMENSIONS_MAX = 16
_CHUNK = 1 << 20
_ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
_FLOATS: dict[str, np.dtype[np.floating]] = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2")}


class ArtefactRefusedError(Exception):
    """A file that the guest left is missing or not what it should be; the message is one line."""


class NonFiniteWeightsError(ArtefactRefusedError):
    """The weights hold NaN or infinity."""


@dataclass(frozen=True)
class Weights:
    """A collected file of weights: on our side, checked, never unpickled."""

    path: Path
    sha256: str
    parameters: int
    """Stored numbers; equal tensors count once, so that tied matrices are not counted twice."""


def collect(folder: int, name: str, target: Path, max_bytes: int) -> str:
    """Copy one regular file from an open scratch folder to target and return its SHA-256.

    Links, pipes, devices and hard-linked files are refused; the name is ours, never the guest's.
    Raises:
        ArtefactRefusedError
    """
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as exc:
        raise ArtefactRefusedError(f"the run left no readable file {name} ({exc.strerror})") from None
    try:
        state = os.fstat(source)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
            raise ArtefactRefusedError(f"{name} is not a plain file of its own")
        if state.st_size > max_bytes:
            raise ArtefactRefusedError(f"{name} is {state.st_size} bytes long, {max_bytes} are allowed")
        digest = hashlib.sha256()
        copy = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(copy, "wb") as out:
            os.fchmod(copy, 0o644)  # the model's sandbox reads it under another user id
            left = state.st_size
            while left > 0 and (part := os.read(source, min(left, _CHUNK))):
                digest.update(part)
                out.write(part)
                left -= len(part)
        return digest.hexdigest()
    finally:
        os.close(source)


def collect_weights(folder: int, name: str, target: Path, max_bytes: int, kinds: frozenset[str] = frozenset(_ITEM_BYTES)) -> Weights:
    """Collect a safetensors file and check its header, its extents and that every number is finite.

    kinds: of numbers that may be in it, as the format names them.
    Raises:
        ArtefactRefusedError, NonFiniteWeightsError
    """
    digest = collect(folder, name, target, max_bytes)
    return Weights(path=target, sha256=digest, parameters=_parameters(target, name, kinds))


def written_weights(file: int, path: Path, name: str, max_bytes: int) -> Weights:
    """The same for an open file of ours that the guest has written; it ended before.

    Raises:
        ArtefactRefusedError, NonFiniteWeightsError
    """
    os.fchmod(file, 0o644)  # the guest may have changed that where it runs under our user id
    size = os.fstat(file).st_size
    if size == 0:
        raise ArtefactRefusedError(f"the run left no readable file {name} (nothing was written)")
    if size > max_bytes:
        raise ArtefactRefusedError(f"{name} is {size} bytes long, {max_bytes} are allowed")
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Weights(path=path, sha256=digest, parameters=_parameters(path, name, frozenset(_ITEM_BYTES)))


def _parameters(path: Path, name: str, kinds: frozenset[str]) -> int:
    with path.open("rb") as file:
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > _HEADER_MAX:
            raise ArtefactRefusedError(f"{name} is no safetensors file")
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            raise ArtefactRefusedError(f"{name} has no readable safetensors header") from None
        if not isinstance(header, dict):
            raise ArtefactRefusedError(f"{name} has no readable safetensors header")
        header.pop("__metadata__", None)
        if not 0 < len(header) <= _TENSORS_MAX:
            raise ArtefactRefusedError(f"{name} holds {len(header)} tensors")
        extents = sorted(_extent(entry, name) for entry in header.values())
        if strange := {kind for _, _, kind, _ in extents} - kinds:
            raise ArtefactRefusedError(f"{name} holds numbers of kind {min(strange)}; {', '.join(sorted(kinds))} is allowed")
        size = path.stat().st_size - 8 - length
        ends = [0, *(end for _, end, _, _ in extents)]
        starts = [*(start for start, _, _, _ in extents), size]
        if ends != starts or any(b < a for a, b in pairwise(ends)):
            raise ArtefactRefusedError(f"{name} has tensors that overlap or leave gaps")
        seen: dict[tuple[str, tuple[int, ...], bytes], int] = {}
        for start, end, kind, shape in extents:
            content = file.read(end - start)
            _check_finite(content, kind, name)
            seen[kind, shape, hashlib.sha256(content).digest() if prod(shape) > 1024 else start.to_bytes(8, "big")] = prod(shape)
        return max(1, sum(seen.values()))


def _extent(entry: object, name: str) -> tuple[int, int, str, tuple[int, ...]]:
    """Start, end, type and shape of one tensor, in agreement with each other."""
    if isinstance(entry, dict):
        kind, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
        if (
            isinstance(kind, str)
            and kind in _ITEM_BYTES
            and isinstance(shape, list)
            and len(shape) <= _DIMENSIONS_MAX  # before the product: a long list of large numbers takes minutes to multiply
            and isinstance(offsets, list)
            and len(offsets) == 2
            and all(type(number) is int and 0 <= number < 2**40 for number in (*shape, *offsets))
            and offsets[1] - offsets[0] == prod(shape) * _ITEM_BYTES[kind]
        ):
            return offsets[0], offsets[1], kind, tuple(shape)
    raise ArtefactRefusedError(f"{name} describes a tensor that cannot be")


def _check_finite(content: bytes, kind: str, name: str) -> None:
    if kind == "BF16":  # all ones in the exponent: NaN or infinity
        finite = not ((np.frombuffer(content, "<u2") & 0x7F80) == 0x7F80).any()
    elif kind in _FLOATS:
        finite = bool(np.isfinite(np.frombuffer(content, _FLOATS[kind])).all())
    else:
        return
    if not finite:
        raise NonFiniteWeightsError(f"{name} holds numbers that are not finite")
