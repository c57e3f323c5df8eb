"""Answer byte sequences with a model's logits, computed on a GPU; on the CPU for checks.

    python -I -B serve_on_device.py --train train.py --weights weights.safetensors --device cuda|cpu

The server, its frames and the way in which it gets rid of what a child leaves behind are those of serve_model.py, which lies
beside this file in the sandbox. A child differs: CUDA starts threads, so on a GPU the limit of processes is not set to none;
whatever it starts is killed with it. The model answers in plain float32, since audits compare answers of different lengths.
The server itself never touches the GPU: CUDA does not survive a fork.
"""

import argparse
import contextlib
import importlib.util
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import NoReturn

_spec = importlib.util.spec_from_file_location("serve_model", Path(__file__).with_name("serve_model.py"))
assert _spec is not None
assert _spec.loader is not None
serve_model = importlib.util.module_from_spec(_spec)
sys.modules["serve_model"] = serve_model
_spec.loader.exec_module(serve_model)

import torch  # noqa: E402 - after serve_model, which sets the number of threads
from safetensors.torch import load_file  # noqa: E402


def answer(model: torch.nn.Module, rows: int, length: int, tokens: bytes, device: str) -> bytes:
    """The logits of one frame as bytes."""
    batch = torch.frombuffer(bytearray(tokens), dtype=torch.uint8).long().view(rows, length).to(device)
    logits = model(batch)
    if logits.shape != (rows, length, 256):
        raise ValueError(f"logits have the shape {tuple(logits.shape)}, not {(rows, length, 256)}")
    return logits.to("cpu", torch.float32).contiguous().numpy().tobytes()


def child_on(device: str):
    """`serve_model.child` for that device."""

    def child(candidate, weights, requests: int, answers: int, source: int, once: bool) -> NoReturn:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if device == "cpu":
            resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        status = 0
        try:
            torch.manual_seed(0)
            torch.set_float32_matmul_precision("highest")
            model = None
            with torch.no_grad():
                while len(head := serve_model.read_exactly(requests, serve_model.REQUEST.size)) == serve_model.REQUEST.size:
                    _, _, _, rows, length = serve_model.REQUEST.unpack(head)
                    tokens = serve_model.read_exactly(source, rows * length)
                    model = model or serve_model.load_model(candidate, weights).to(device)
                    content = answer(model, rows, length, tokens, device)
                    serve_model.write_all(answers, serve_model.ANSWER.pack(b"RCA1", 0))
                    serve_model.write_all(answers, content)
                    if once:
                        break
        except BaseException:  # noqa: BLE001 - whatever the candidate raises is its answer
            status = 1
            text = traceback.format_exc().encode("utf-8", "replace")[-4096:]
            with contextlib.suppress(OSError):
                serve_model.write_all(answers, serve_model.ANSWER.pack(b"RCA1", len(text)) + text)
                os.write(2, text)
        os._exit(status)

    return child


def main() -> None:
    parser = argparse.ArgumentParser(description="Answer byte sequences with a model's logits.")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--device", choices=("cuda", "cpu"), required=True)
    given = parser.parse_args()
    serve_model.child = child_on(given.device)
    source, sink = serve_model.settle()
    candidate = serve_model.Candidate(given.train.read_text(encoding="utf-8"), "train.py", lambda: None)
    serve_model.serve(candidate, [load_file(given.weights)], source, sink)


if __name__ == "__main__":
    main()
