"""What a training run costs beside its training: `python benchmarks/run_overhead.py [--budget 20] [--runs 3] [--scored-bytes 65536]`.

Runs the shipped tiny_lm through the laboratory, one run after the other, and prints for each: seconds of training, of start-up,
of scoring, and of everything together. Overhead is what is neither training nor scoring (a forward pass over the scored bytes
is work that was asked for). The first run also starts the worker; the others find it warm. Wall times: run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from researchclaw.adapters.isolation.choice import choose_isolation
from researchclaw.adapters.laboratory import LocalLaboratory
from researchclaw.experiment_cli import steps_in_budget
from researchclaw.kits import kits_folder, load_kit
from stages.contracts import TrainingRequest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scored-bytes", type=int, default=65_536)
    given = parser.parse_args()
    kit = load_kit(kits_folder() / "tiny_lm")
    with tempfile.TemporaryDirectory(prefix="researchclaw-overhead-") as folder:
        state = Path(folder, "state")
        laboratory = LocalLaboratory(
            kits_root=kits_folder(), state=state, run_folder=Path(folder, "run"), isolation=choose_isolation(state), workers=1
        )
        steps = steps_in_budget(laboratory, kit.name, kit.train_py, kit.train_py, given.budget)
        for seed in range(given.runs):
            request = TrainingRequest(
                kit=kit.name,
                kit_sha256=kit.kit_sha256,
                condition="baseline",
                train_py=kit.train_py,
                seed=seed,
                steps=steps,
                budget_s=given.budget,
                scored_bytes=given.scored_bytes,
                purpose="replay",
            )
            began = time.monotonic()
            cost = laboratory.measure([request])[0].cost
            total = time.monotonic() - began
            apart = total - cost.train_wall_s - cost.evaluation_s
            figures = {
                "training_cpu_s": cost.train_cpu_s,
                "training_s": cost.train_wall_s,
                "startup_s": cost.startup_s,
                "scoring_s": cost.evaluation_s,
                "total_s": total,
                "overhead_s": apart,
                "overhead_percent": 100 * apart / cost.train_wall_s,
                "overhead_and_scoring_percent": 100 * (apart + cost.evaluation_s) / cost.train_wall_s,
            }
            print(json.dumps({name: round(value, 3) for name, value in figures.items()}), flush=True)


if __name__ == "__main__":
    main()
