import hashlib
import json
import math

import numpy as np
import pytest

PREPARE = "kits/tiny_lm/prepare.py"
SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module")
def prepare(guest_module):
    return guest_module(PREPARE)


def folder_of_texts(root, text, files=120, size=4_000):
    root.mkdir()
    for number in range(files):
        (root / f"file_{number:03}.txt").write_bytes(f"text {number}\n".encode() + text(size))
    return root


def test_the_standard_library_gives_three_splits_and_its_facts(start, tmp_path):
    done = start(PREPARE, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "corpus.json").read_text())
    sizes = {name: (tmp_path / f"{name}.bin").stat().st_size for name in SPLITS}
    assert {name: facts[f"{name}_bytes"] for name in SPLITS} == sizes
    assert sizes["train"] > 5_000_000
    assert min(sizes["val"], sizes["test"]) > 100_000
    whole = hashlib.sha256(b"".join(hashlib.sha256((tmp_path / f"{name}.bin").read_bytes()).digest() for name in SPLITS))
    assert facts["sha256"] == whole.hexdigest()
    assert set(facts["references"]) == {"gzip", "bz2", "xz", "order_0", "order_1", "order_2", "order_3"}
    orders = [facts["references"][f"order_{k}"] for k in range(4)]
    assert orders == sorted(orders, reverse=True)
    assert 4.0 < orders[0] < 5.2  # order 0 of Python source measured on 3.11: 4.596


def test_the_same_corpus_gives_the_same_bytes(prepare, text, tmp_path):
    corpus = folder_of_texts(tmp_path / "corpus", text)
    for out in ("a", "b"):
        prepare.prepare(tmp_path / out, corpus)
    for name in (*(f"{name}.bin" for name in SPLITS), "corpus.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_no_file_stands_in_two_splits_and_duplicates_are_dropped(prepare, text, tmp_path):
    corpus = folder_of_texts(tmp_path / "corpus", text)
    (corpus / "copy.txt").write_bytes((corpus / "file_000.txt").read_bytes())
    prepare.prepare(tmp_path / "out", corpus)
    heads = {name: {part[:12] for part in (tmp_path / "out" / f"{name}.bin").read_bytes().split(b"\0")} for name in SPLITS}
    assert sum(len(part) for part in heads.values()) == 120
    assert json.loads((tmp_path / "out" / "corpus.json").read_text())["files"] == 120
    assert heads["train"].isdisjoint(heads["val"] | heads["test"])


def test_one_large_file_is_split_by_blocks(prepare, text, tmp_path):
    one = tmp_path / "book.txt"
    one.write_bytes(text(600_000))
    prepare.prepare(tmp_path / "out", one)
    facts = json.loads((tmp_path / "out" / "corpus.json").read_text())
    assert facts["name"] == "book.txt"
    assert facts["files"] == 1
    assert facts["val_bytes"] >= 4_096


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"short\n", "corpus too small: 6 bytes"), (b"\xff" * 400_000, "corpus too small: 0 bytes"), (None, "corpus not found")],
)
def test_an_unusable_corpus_is_one_line_and_exit_code_2(start, tmp_path, content, complaint):
    corpus = tmp_path / "corpus.txt"
    if content is not None:
        corpus.write_bytes(content)
    done = start(PREPARE, "--out", tmp_path / "out", "--corpus", corpus)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_witten_bell_agrees_with_the_formula_on_a_text_counted_by_hand(prepare):
    train, val = np.frombuffer(b"abab", np.uint8), np.frombuffer(b"ab", np.uint8)
    order_0, order_1 = prepare.witten_bell(train, val, highest=1)
    # order 0: count 2 of 4, 2 distinct bytes; (2 + 2/256) / (4 + 2) for both bytes
    p0 = (2 + 2 / 256) / 6
    assert order_0 == pytest.approx(-math.log2(p0))
    # order 1: after a, b came 2 of 2 times, 1 distinct follower; the first byte has no context
    p1 = (2 + 1 * p0) / 3
    assert order_1 == pytest.approx(-(math.log2(p0) + math.log2(p1)) / 2)


def test_witten_bell_probabilities_sum_to_one(prepare):
    train = np.random.default_rng(0).integers(0, 4, 500).astype(np.uint8)
    head = bytes([1, 2, 3])
    total = 0.0
    for byte in range(256):
        longer = prepare.witten_bell(train, np.frombuffer(head + bytes([byte]), np.uint8), highest=3)[3] * 4
        total += 2.0 ** -(longer - prepare.witten_bell(train, np.frombuffer(head, np.uint8), highest=2)[2] * 3)
    assert total == pytest.approx(1.0)
