"""Weights are looked at without being believed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from researchclaw.adapters.isolation.collector import ArtefactRefusedError, NonFiniteWeightsError, collect_weights


def collected(folder: Path, target: Path) -> int:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return collect_weights(fd, "weights.safetensors", target, 1 << 24).parameters
    finally:
        os.close(fd)


def raw(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_parameters_are_counted_and_tied_ones_once(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    save_file(
        {"embed": matrix, "head": matrix, "bias": np.zeros(64, np.float32), "gain": np.zeros(64, np.float32)},
        tmp_path / "weights.safetensors",
    )
    assert collected(tmp_path, tmp_path / "copy") == 64 * 64 + 128


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_none_are_told_apart(tmp_path: Path, number: float) -> None:
    save_file({"w": np.array([1.0, number], np.float32)}, tmp_path / "weights.safetensors")
    with pytest.raises(NonFiniteWeightsError):
        collected(tmp_path, tmp_path / "copy")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 64,
        raw(b"[" * 100_000),
        raw([]),
        raw({}),
        raw({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"w": {"dtype": "F32", "shape": [1 << 39, 1 << 39], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"w": {"dtype": "F32", "shape": [(1 << 40) - 1] * 70_000, "data_offsets": [0, 4]}}, bytes(4)),  # minutes to multiply
        raw({"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
        raw({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(8)),
        raw({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, bytes(4)),
        raw({"w": {"dtype": "O", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"w": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"w": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),  # no key of a table
        raw({"w": 3}),
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(ArtefactRefusedError):
        collected(tmp_path, tmp_path / "copy")


def test_only_the_kinds_of_numbers_that_were_asked_for_are_taken(tmp_path: Path) -> None:
    """numpy cannot read all that the format has: a file written around the harness must not get as far."""
    (tmp_path / "weights.safetensors").write_bytes(raw({"all": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)))
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(ArtefactRefusedError, match="numbers of kind BF16; F64 is allowed"):
            collect_weights(fd, "weights.safetensors", tmp_path / "copy", 1 << 24, frozenset({"F64"}))
    finally:
        os.close(fd)
