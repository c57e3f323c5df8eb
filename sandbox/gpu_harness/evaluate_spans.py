"""The evaluator of the harness beside this folder, for longer spans: `--span N --frame-tokens N`, then the options of evaluate.py.

A model of a GPU sees more bytes at once than one of tiny_lm, and gets more of them in a frame. Loss, audits and protocol are
evaluate.py's. Runs outside of the sandbox.
"""

import importlib.util
import sys
from pathlib import Path

_FILE = Path(__file__).parents[1] / "harness" / "evaluate.py"


def main() -> None:
    spec = importlib.util.spec_from_file_location("evaluate", _FILE)
    assert spec is not None
    assert spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    sys.modules["evaluate"] = evaluate
    spec.loader.exec_module(evaluate)
    evaluate.SPAN, evaluate.ROWS_TOKENS = (
        int(sys.argv[sys.argv.index("--span") + 1]),
        int(sys.argv[sys.argv.index("--frame-tokens") + 1]),
    )
    sys.argv = [sys.argv[0], *sys.argv[5:]]
    evaluate.main()


if __name__ == "__main__":
    main()
