"""Score a model that may cheat: the trusted side of an evaluation. Runs outside the sandbox, owns the bytes and the loss.

    python -I -B evaluate.py --split val.bin --model-in FD --model-out FD --context T --weights-count K
        --curve-steps s1,s2,... --scored-bytes N|all --curve-bytes 32768 --audits 64 --seed S

Writes frames to --model-in (the model server's stdin) and reads its answers from --model-out. Prints one JSON object:
verdict (ok, nonfinite, rejected), reason, value, scored_bytes, curve, context. The frames: PROTOCOL.md.

The value is the mean cross-entropy in bits per byte. The split after its first byte is cut into spans of 512 bytes;
scored spans are spread evenly over it (a contiguous prefix triples the noise), each is cut into chunks of T bytes, and
every byte of a chunk is predicted once from the bytes before it in the chunk and the one byte before the chunk.

Audits, for the final model: once all answers at full length are in, K prefixes, ended at places that the candidate could not
know, are answered by a fresh process in the order of the text, so that it has seen nothing later, and must agree: a model that
looks ahead on a fraction f of the places escapes with probability (1 - f)^K. One batch is sent again to a fresh process: a
model that remembers earlier batches differs. Not covered: what a model does without looking ahead (long computation is
stopped by the timeout only), and looking ahead in the checkpoints of the curve.
"""

import argparse
import hashlib
import json
import math
import os
import select
import struct
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPAN = 512
KEEP, ONCE, NEW = 0, 1, 2  # who answers: the child in use, a fresh one that then dies, a fresh one that goes on
ROWS_TOKENS = 4_096  # tokens in a frame: 4 MiB of logits
REQUEST = struct.Struct("<4sIIII")  # magic, weights index, fresh, rows B, length T
ANSWER = struct.Struct("<4sI")  # magic, length of the error text or 0
LOGIT_LIMIT = 1e4
SAME_PREFIX = 1e-3  # largest difference of log-probabilities: float32 sums differ between lengths by about 1e-5
SAME_BATCH = 1e-5  # the same shape on the same machine: equal but for memory alignment
LEAST_BPB = 0.05  # below it no causal model of text can be


class Refused(Exception):
    """The model is not scored. The reason never holds anything that the model said: it has seen validation bytes."""

    def __init__(self, verdict: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


class Model:
    """The model server, seen from here: bytes in, log-probabilities out, everything checked."""

    def __init__(self, requests: int, answers: int, timeout_s: float) -> None:
        self.requests, self.answers, self.timeout_s = requests, answers, timeout_s
        os.set_blocking(requests, False)

    def log_probabilities(self, tokens: NDArray[np.uint8], *, weights: int = 0, fresh: int = KEEP) -> NDArray[np.float64]:
        """tokens, uint8 (B, T) -> natural logarithms, float64 (B, T, 256), normalised here.

        Raises:
            Refused: the answer is late, short, an error, not finite or out of range.
        """
        rows, length = tokens.shape
        deadline = time.monotonic() + self.timeout_s
        self._write(REQUEST.pack(b"RCQ1", weights, fresh, rows, length) + tokens.tobytes(), deadline)
        magic, error = ANSWER.unpack(self._read(ANSWER.size, deadline))
        if magic != b"RCA1":
            raise Refused("rejected", "the answer is no frame of the protocol")
        if error:
            raise Refused("rejected", "the model failed while it answered (an exception, a wrong shape or a process that ended)")
        logits = np.frombuffer(self._read(rows * length * 256 * 4, deadline), dtype="<f4").reshape(rows, length, 256)
        if not np.isfinite(logits).all():
            raise Refused("nonfinite", "the logits are not finite")
        if np.abs(logits).max() > LOGIT_LIMIT:
            raise Refused("rejected", f"logits beyond +-{LOGIT_LIMIT:.0f}")
        x = logits.astype(np.float64)
        x -= x.max(axis=-1, keepdims=True)
        x -= np.log(np.exp(x).sum(axis=-1, keepdims=True))
        return x

    def _wait(self, fd: int, deadline: float, *, writing: bool) -> None:
        left = deadline - time.monotonic()
        ready = select.select([] if writing else [fd], [fd] if writing else [], [], max(0.0, left))
        if left <= 0 or not any(ready):
            raise Refused("rejected", f"no answer within {self.timeout_s:.0f} s")

    def _write(self, content: bytes, deadline: float) -> None:
        view = memoryview(content)
        while view:
            self._wait(self.requests, deadline, writing=True)
            try:
                view = view[os.write(self.requests, view) :]
            except BrokenPipeError:
                raise Refused("rejected", "the model server ended early") from None

    def _read(self, size: int, deadline: float) -> bytearray:
        content = bytearray(size)
        view = memoryview(content)
        while view:
            self._wait(self.answers, deadline, writing=False)
            count = os.readv(self.answers, [view])
            if count == 0:
                raise Refused("rejected", "the model server ended early")
            view = view[count:]
        return content


class Sample:
    """Chunks of the split that are scored together. inputs and targets are uint8 (chunks, context)."""

    def __init__(self, split: NDArray[np.uint8], context: int, scored_bytes: int | None) -> None:
        spans = (len(split) - 1) // SPAN
        wanted = spans if scored_bytes is None else min(spans, max(1, scored_bytes // SPAN))
        starts = 1 + SPAN * ((2 * np.arange(wanted) + 1) * spans // (2 * wanted))
        # column by column: chunks of one span do not stand side by side in a frame
        chunks = (np.arange(0, SPAN, context)[:, None] + starts[None, :]).reshape(-1)
        self.starts = chunks
        at = chunks[:, None] + np.arange(context)[None, :]
        self.inputs, self.targets = split[at - 1], split[at]
        self.scored_bytes = int(self.targets.size)
        self.rows = max(1, ROWS_TOKENS // context)

    def frames(self) -> list[slice]:
        return [slice(at, at + self.rows) for at in range(0, len(self.inputs), self.rows)]


def surprise(log_probabilities: NDArray[np.float64], targets: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Nats for each target byte."""
    return -np.take_along_axis(log_probabilities, targets[:, :, None].astype(np.int64), axis=-1)[:, :, 0]


def largest_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.abs(a - b).max())


def score_curve_point(model: Model, sample: Sample, weights: int) -> float:
    """bpb of one checkpoint."""
    nats = [surprise(model.log_probabilities(sample.inputs[part], weights=weights), sample.targets[part]) for part in sample.frames()]
    return float(np.concatenate(nats).mean() / math.log(2))


def score(model: Model, sample: Sample, audits: int, secret: np.random.Generator) -> float:
    """bpb of the final model, audited."""
    rows, context = sample.inputs.shape
    chosen = [(int(secret.integers(rows)), int(secret.integers(1, context + 1))) for _ in range(audits)]
    chosen.sort(key=lambda place: int(sample.starts[place[0]]) + place[1])
    frames = sample.frames()
    again = int(secret.integers(1, len(frames))) if len(frames) > 1 else 0  # not the first: there is nothing to remember yet
    nats, kept = [], None
    full: dict[tuple[int, int], NDArray[np.float64]] = {}
    for number, part in enumerate(frames):
        answer = model.log_probabilities(sample.inputs[part], fresh=KEEP if number else NEW)
        nats.append(surprise(answer, sample.targets[part]))
        full |= {(row, end): answer[row - part.start, end - 1].copy() for row, end in chosen if part.start <= row < part.stop}
        if number == again:
            kept = answer
    repeated = model.log_probabilities(sample.inputs[frames[again]], fresh=ONCE)
    if kept is None or largest_difference(repeated, kept) > SAME_BATCH:
        raise Refused("rejected", "stateful: a fresh process answers the same bytes differently")
    # After the answers at full length: who gave those cannot have learned where the audits are, and a few bits that a process
    # leaves behind for the next (there are always some: its page faults, its time) could tell it which places to spare. Told
    # about the text, as now, they are worth no more than these few bits. In the order of the places in the split, so that a
    # process has seen no byte that comes later.
    for number, (row, end) in enumerate(chosen):
        alone = model.log_probabilities(sample.inputs[row : row + 1, :end], fresh=KEEP if number else NEW)[0, -1]
        if largest_difference(full[row, end], alone) > SAME_PREFIX:
            raise Refused("rejected", "not causal: a prediction changes with the bytes after it")
    value = float(np.concatenate(nats).mean() / math.log(2))
    if value < LEAST_BPB:
        raise Refused("rejected", f"below {LEAST_BPB} bits per byte, which no causal model of this text can reach")
    return value


def evaluate(
    split: NDArray[np.uint8],
    model: Model,
    *,
    context: int,
    weights_count: int,
    curve_steps: Sequence[int],
    scored_bytes: int | None,
    curve_bytes: int,
    audits: int,
    seed: int,
) -> dict[str, object]:
    """The report, as it is printed. A refusal has no value and no curve."""
    if SPAN % context or len(split) <= SPAN:
        raise SystemExit(f"the context {context} must divide {SPAN}, and the split of {len(split)} bytes must be longer than {SPAN}")
    if len(curve_steps) not in (weights_count - 1, weights_count):
        raise SystemExit(f"{len(curve_steps)} curve steps for {weights_count} weight files: one for each checkpoint, at most one more")
    # the split enters the secret: a candidate that knows the seed still cannot know the places of the audits
    secret = np.random.default_rng(list(hashlib.sha256(seed.to_bytes(16, "big", signed=True) + split.tobytes()).digest()))
    report: dict[str, object] = {"verdict": "ok", "reason": None, "value": None, "scored_bytes": 0, "curve": [], "context": context}
    try:
        final = Sample(split, context, scored_bytes)
        value = score(model, final, audits, secret)
        few = Sample(split, context, curve_bytes)
        order = [*range(1, weights_count), 0]
        points = zip(curve_steps, order, strict=False)  # the final model only where a step is given for it
        curve = [{"step": step, "value": score_curve_point(model, few, weights)} for step, weights in points]
        report |= {"value": value, "scored_bytes": final.scored_bytes, "curve": curve}
    except Refused as exc:
        report |= {"verdict": exc.verdict, "reason": exc.reason}
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description="Score a model that may cheat.")
    parser.add_argument("--split", type=Path, required=True)
    parser.add_argument("--model-in", type=int, required=True)
    parser.add_argument("--model-out", type=int, required=True)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--weights-count", type=int, default=1)
    parser.add_argument("--curve-steps", type=lambda text: [int(part) for part in text.split(",") if part], default=[])
    parser.add_argument("--scored-bytes", type=lambda text: None if text == "all" else int(text), default=None)
    parser.add_argument("--curve-bytes", type=int, default=32_768)
    parser.add_argument("--audits", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frame-timeout", type=float, default=120.0, help="seconds for one answer")
    arguments = parser.parse_args()
    report = evaluate(
        np.fromfile(arguments.split, dtype=np.uint8),
        Model(arguments.model_in, arguments.model_out, arguments.frame_timeout),
        context=arguments.context,
        weights_count=arguments.weights_count,
        curve_steps=arguments.curve_steps,
        scored_bytes=arguments.scored_bytes,
        curve_bytes=arguments.curve_bytes,
        audits=arguments.audits,
        seed=arguments.seed,
    )
    print(json.dumps(report))


if __name__ == "__main__":
    main()
