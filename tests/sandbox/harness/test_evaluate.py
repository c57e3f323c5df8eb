"""The evaluator against a server of its own protocol that runs in a thread: no torch, milliseconds."""

import math
import os
import struct
import threading

import numpy as np
import pytest

REQUEST, ANSWER = struct.Struct("<4sIIII"), struct.Struct("<4sI")
CONTEXT = 64
SETTINGS = {"scored_bytes": None, "curve_bytes": 4096, "audits": 32, "seed": 7}
TABLE = np.random.default_rng(0).normal(0.0, 1.5, (256, 256)).astype(np.float32)


@pytest.fixture(scope="module")
def harness(guest_module):
    return guest_module("harness/evaluate.py")


@pytest.fixture(scope="module")
def split(text):
    return np.frombuffer(text(40_000), np.uint8)


def honest(tokens, fresh):
    return TABLE[tokens]


def sharpened(tokens, strength=8.0):
    """Bigram logits with the true next byte pushed up wherever it can be seen."""
    logits = TABLE[tokens].copy()
    rows, places = np.indices(tokens[:, :-1].shape)
    logits[rows, places, tokens[:, 1:]] += strength
    return logits


def report(harness, split, model, **options):
    """The evaluator's report on model(tokens (B, T), fresh) -> logits, or bytes to be sent as they are."""
    (requests_out, requests_in), (answers_out, answers_in) = os.pipe(), os.pipe()

    def serve():
        with os.fdopen(requests_out, "rb") as source, os.fdopen(answers_in, "wb") as sink:
            while len(head := source.read(REQUEST.size)) == REQUEST.size:
                _, weights, fresh, rows, length = REQUEST.unpack(head)
                tokens = np.frombuffer(source.read(rows * length), np.uint8).reshape(rows, length)
                answer = model(tokens, fresh) if weights == 0 else TABLE[tokens] * 0
                content = answer if isinstance(answer, bytes) else ANSWER.pack(b"RCA1", 0) + answer.astype("<f4").tobytes()
                try:
                    sink.write(content)
                    sink.flush()
                except BrokenPipeError:
                    break

    server = threading.Thread(target=serve)
    server.start()
    try:
        link = harness.Model(requests_in, answers_out, options.pop("timeout_s", 20.0))
        defaults = SETTINGS | {"weights_count": 1, "curve_steps": []}
        return harness.evaluate(split, link, context=CONTEXT, **defaults | options)
    finally:
        os.close(requests_in)
        os.close(answers_out)
        server.join()


def bits(split, spans):
    """bpb of the bigram table over these spans, computed another way."""
    at = np.concatenate([np.arange(start, start + 512) for start in spans])
    logits = TABLE[split[at - 1]].astype(np.float64)
    nats = np.log(np.exp(logits).sum(-1)) - logits[np.arange(len(at)), split[at]]
    return nats.mean() / math.log(2)


def test_an_honest_model_gets_the_value_of_an_independent_computation(harness, split):
    found = report(harness, split, honest)
    spans = range(1, 1 + 512 * (39_999 // 512), 512)
    assert found["verdict"] == "ok"
    assert found["reason"] is None
    assert found["context"] == CONTEXT
    assert found["scored_bytes"] == 512 * len(spans)
    assert found["value"] == pytest.approx(bits(split, spans), abs=1e-6)


def test_a_sample_is_spread_over_the_whole_split(harness, split):
    found = report(harness, split, honest, scored_bytes=5 * 512 + 100)
    spans = [1 + 512 * (78 * odd // 10) for odd in (1, 3, 5, 7, 9)]
    assert found["scored_bytes"] == 5 * 512
    assert found["value"] == pytest.approx(bits(split, spans), abs=1e-6)


def test_every_byte_is_scored_once(harness, split):
    for context in (32, 128, 512):
        numbered = np.arange(len(split), dtype=np.int64)
        sample = harness.Sample(numbered, context, None)
        assert sorted(sample.targets.ravel()) == list(range(1, 1 + 512 * 78))
        assert (sample.inputs == sample.targets - 1).all()


def test_the_curve_has_a_point_for_each_checkpoint_and_one_for_the_final_model(harness, split):
    found = report(harness, split, honest, weights_count=3, curve_steps=[10, 20, 30])
    assert [point["step"] for point in found["curve"]] == [10, 20, 30]
    assert [point["value"] for point in found["curve"][:2]] == pytest.approx([8.0, 8.0])
    assert found["curve"][2]["value"] == pytest.approx(found["value"], abs=0.5)


def test_the_value_does_not_depend_on_the_audits(harness, split):
    assert len({report(harness, split, honest, seed=seed, audits=audits)["value"] for seed, audits in ((1, 4), (2, 16))}) == 1


def test_the_audits_cannot_be_known_from_the_seed(harness, split):
    asked = []

    def watch(tokens, fresh):
        asked.append(tokens.shape[1] if fresh else 0)
        return honest(tokens, fresh)

    report(harness, split, watch)
    report(harness, split[1:], watch)
    prefixes = [length for length in asked if 0 < length < CONTEXT]
    half = len(prefixes) // 2
    assert prefixes[:half] != prefixes[half:]


def test_looking_ahead_is_rejected(harness, split):
    found = report(harness, split, lambda tokens, fresh: sharpened(tokens))
    assert (found["verdict"], found["value"], found["curve"], found["scored_bytes"]) == ("rejected", None, [], 0)
    assert "not causal" in found["reason"]


def test_looking_ahead_at_full_length_only_is_rejected(harness, split):
    found = report(harness, split, lambda tokens, fresh: sharpened(tokens) if tokens.shape[1] == CONTEXT else TABLE[tokens])
    assert "not causal" in found["reason"]


def test_looking_ahead_on_a_fifth_of_the_places_is_rejected(harness, split):
    def rarely(tokens, fresh):
        return np.where((np.arange(tokens.shape[1]) % 5 == 3)[None, :, None], sharpened(tokens), TABLE[tokens])

    assert "not causal" in report(harness, split, rarely, audits=64)["reason"]


def test_remembering_earlier_batches_is_rejected(harness, split):
    seen = []

    def drifting(tokens, fresh):
        seen.append(tokens)
        shift = np.zeros(256, np.float32)
        shift[:8] = 0 if fresh else 0.0005 * len(seen)
        return TABLE[tokens] + shift

    assert "stateful" in report(harness, split, drifting, audits=0)["reason"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_nonfinite(harness, split, value):
    def broken(tokens, fresh):
        logits = TABLE[tokens].copy()
        logits[-1, -1, 3] = value
        return logits

    assert report(harness, split, broken)["verdict"] == "nonfinite"


def test_huge_logits_are_rejected(harness, split):
    assert "beyond" in report(harness, split, lambda tokens, fresh: TABLE[tokens] * 1e5)["reason"]


def test_an_error_frame_is_rejected_without_repeating_its_text(harness, split):
    text = b"the next byte is 42"
    found = report(harness, split, lambda tokens, fresh: ANSWER.pack(b"RCA1", len(text)) + text)
    assert found["verdict"] == "rejected"
    assert "42" not in found["reason"]


def test_foreign_bytes_in_the_channel_are_rejected(harness, split):
    assert "no frame" in report(harness, split, lambda tokens, fresh: b"val_bpb: 0.0001\n")["reason"]


def test_a_short_answer_is_a_timeout(harness, split):
    found = report(harness, split, lambda tokens, fresh: ANSWER.pack(b"RCA1", 0) + bytes(10), timeout_s=0.3)
    assert (found["verdict"], found["reason"]) == ("rejected", "no answer within 0 s")


def test_a_score_that_no_model_can_reach_is_rejected(harness):
    constant = np.zeros(5_000, np.uint8)

    def certain(tokens, fresh):
        logits = np.zeros((*tokens.shape, 256), np.float32)
        logits[..., 0] = 50.0
        return logits

    assert "below 0.05" in report(harness, constant, certain)["reason"]


@pytest.mark.parametrize(("context", "size"), [(96, 5_000), (1024, 5_000), (64, 512)])
def test_a_context_or_split_that_cannot_be_scored_is_a_fault_of_the_caller(harness, context, size):
    with pytest.raises(SystemExit, match="must divide 512"):
        harness.evaluate(np.zeros(size, np.uint8), None, context=context, weights_count=1, curve_steps=[], **SETTINGS)


def test_a_note_of_which_prefixes_are_audited_is_of_no_use(harness, split):
    audited = set()

    def tell_tale(tokens, fresh):
        if len(tokens) == 1:
            audited.add(tokens.tobytes())
            return honest(tokens, fresh)
        logits = sharpened(tokens)
        for row, end in np.ndindex(tokens.shape):
            if tokens[row, : end + 1].tobytes() in audited:
                logits[row, end] = TABLE[tokens[row, end]]
        return logits

    found = report(harness, split, tell_tale)
    assert (found["verdict"], found["value"]) == ("rejected", None)
    assert "not causal" in found["reason"]
