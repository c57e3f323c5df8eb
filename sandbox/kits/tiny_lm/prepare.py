"""Data of the tiny_lm kit: three splits of a text corpus, as bytes, and reference values that need no training.

    python -I -B prepare.py --out DIR [--corpus PATH]

Without --corpus the corpus is the source of Python's own standard library, read from the interpreter in use (nothing is
downloaded, nothing is redistributed). Left out: installed packages, tests, encodings, pydoc_data, build configuration
and files whose bytes were seen before. --corpus takes a folder of UTF-8 text files or one such file.

Splits are by document: sha256(relative path) mod 20 is 0 for validation, 1 for the sealed test split, else training. A
document is a file; where there are fewer than 100 files it is a block of 8 KiB of one (neighbouring blocks may then sit
in different splits). Documents stand in an order fixed by another hash of their path, with a NUL byte between them.

Writes train.bin, val.bin, test.bin and corpus.json. The reference values are bits per byte on the whole validation
split: gzip -9, bz2 -9 and xz -9e compress it alone; order_k is the interpolated Witten-Bell model of k bytes of context
(Bell, Cleary & Witten 1990, method C), its counts taken from the whole training split.
Exit code 2 and one line if the corpus is too small or holds no text. Same input, same bytes out.
"""

import argparse
import bz2
import gzip
import hashlib
import json
import lzma
import platform
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SMALLEST_CORPUS = 300_000  # bytes; a twentieth of it is 15 kB, the least that spans of 512 bytes sample well (a guess)
SMALLEST_SPLIT = 4_096  # bytes; eight spans of the evaluator
BLOCK = 8_192
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "encodings", "pydoc_data", "__pycache__"}


class CorpusError(Exception):
    """The corpus cannot be used; the message is one line for a person."""


def standard_library() -> Iterator[tuple[str, bytes]]:
    """Relative path and content of each source file; `_sysconfigdata*` describes the build machine and is left out."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if not LEFT_OUT.intersection(relative.parts) and not path.name.startswith("_sysconfigdata"):
            yield relative.as_posix(), path.read_bytes()


def text_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every UTF-8 text below path (or path itself); hidden files and anything with a NUL byte are left out."""
    if not path.exists():
        raise CorpusError(f"corpus not found: {path}")
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        relative = file.relative_to(path.parent if path.is_file() else path)
        if not file.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        content = file.read_bytes()
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if b"\0" not in content:
            yield relative.as_posix(), content


def without_duplicates(files: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The first file of each content; empty files are dropped."""
    seen: dict[bytes, tuple[str, bytes]] = {}
    for name, content in files:
        if content:
            seen.setdefault(hashlib.sha256(content).digest(), (name, content))
    return list(seen.values())


def split(files: list[tuple[str, bytes]]) -> dict[str, bytes]:
    """The bytes of each split."""
    documents = files
    if len(files) < 100:
        documents = [(f"{name}#{at // BLOCK}", text[at : at + BLOCK]) for name, text in files for at in range(0, len(text), BLOCK)]
    parts: dict[str, list[tuple[bytes, bytes]]] = {"train": [], "val": [], "test": []}
    for name, content in documents:
        bucket = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % 20
        order = hashlib.sha256(b"order:" + name.encode()).digest()
        parts[{0: "val", 1: "test"}.get(bucket, "train")].append((order, content))
    return {part: b"\0".join(content for _, content in sorted(entries)) for part, entries in parts.items()}


def witten_bell(train: np.ndarray, val: np.ndarray, highest: int) -> list[float]:
    """Bits per byte of the orders 0 to highest on val; train and val are uint8. The first bytes of val have a shorter context."""

    def codes(text: np.ndarray, length: int) -> np.ndarray:
        code = np.zeros(len(text) - length + 1, dtype=np.uint32)
        for i in range(length):
            code = code << np.uint32(8) | text[i : len(text) - length + 1 + i]
        return code

    def counted(keys: np.ndarray, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, counts[at], 0)

    probability = np.full(len(val), 1 / 256)
    bits = []
    for order in range(highest + 1):
        grams, count = np.unique(codes(train, order + 1), return_counts=True)
        contexts, first, distinct = np.unique(grams >> np.uint32(8), return_index=True, return_counts=True)
        total = np.add.reduceat(count, first)
        wanted = codes(val, order + 1)
        context = wanted >> np.uint32(8)
        followed, followers = counted(contexts, total, context), counted(contexts, distinct, context)
        lower = probability[order:]
        seen = followed > 0
        mixed = (counted(grams, count, wanted) + followers * lower) / np.maximum(followed + followers, 1)
        probability = np.concatenate([probability[:order], np.where(seen, mixed, lower)])
        bits.append(float(-np.log2(probability).mean()))
    return bits


def references(train: bytes, val: bytes) -> dict[str, float]:
    """Bits per byte on val by name."""
    packed = {
        "gzip": gzip.compress(val, 9, mtime=0),
        "bz2": bz2.compress(val, 9),
        "xz": lzma.compress(val, preset=9 | lzma.PRESET_EXTREME),
    }
    found = {name: 8 * len(content) / len(val) for name, content in packed.items()}
    orders = witten_bell(np.frombuffer(train, np.uint8), np.frombuffer(val, np.uint8), highest=3)
    return {name: round(value, 6) for name, value in (found | {f"order_{k}": bpb for k, bpb in enumerate(orders)}).items()}


def prepare(out: Path, corpus: Path | None) -> None:
    files = without_duplicates(standard_library() if corpus is None else text_files(corpus))
    size = sum(len(content) for _, content in files)
    if size < SMALLEST_CORPUS:
        raise CorpusError(f"corpus too small: {size} bytes of text in {len(files)} files, at least {SMALLEST_CORPUS} are needed")
    parts = split(files)
    if short := [name for name, content in parts.items() if len(content) < SMALLEST_SPLIT]:
        size = len(parts[short[0]])
        raise CorpusError(f"corpus too small: the {short[0]} split has {size} bytes, at least {SMALLEST_SPLIT} are needed")
    out.mkdir(parents=True, exist_ok=True)
    whole = hashlib.sha256()
    for name, content in parts.items():
        whole.update(hashlib.sha256(content).digest())
        (out / f"{name}.bin").write_bytes(content)
    facts = {
        "name": f"Python {platform.python_version()} standard library" if corpus is None else corpus.resolve().name,
        "sha256": whole.hexdigest(),
        "files": len(files),
        **{f"{name}_bytes": len(content) for name, content in parts.items()},
        "references": references(parts["train"], parts["val"]),
    }
    (out / "corpus.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Prepare the data of the tiny_lm kit.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, default=None)
    arguments = parser.parse_args()
    try:
        prepare(arguments.out, arguments.corpus)
    except (CorpusError, OSError) as exc:
        print(str(exc), file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
