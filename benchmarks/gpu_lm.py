"""The baseline recipe and ours on one GPU, side by side: `python benchmarks/gpu_lm.py [--budget 300] [--seeds N] [--gpu 0]`.

Prints a table: val_bpb on the whole validation split, bytes per second, share of the bfloat16 peak (MFU), peak memory; each the
mean over the seeds, and at the end the difference with its pairs. Both programs run under the same harness on the same text, in
turns, for the same wall time. Needs an NVIDIA GPU and ends with one line and exit code 2 without one. `--device cpu` tries the
script at a size that means nothing, and says so in the table.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from researchclaw import gpu_kits, gpu_runs
from researchclaw.adapters.gpu_experiment import GpuRecord, run_gpu_kit
from researchclaw.settings import Settings
from stages.errors import ResearchError

KIT = "gpu_lm"


def table(records: Sequence[tuple[GpuRecord, GpuRecord]]) -> list[str]:
    """One line for each program, and the difference; records are pairs of baseline and ours, one pair a seed."""
    first = records[0][0]
    lines = [
        f"{first.device}, {first.budget_s:g} s of wall time, {len(records)} seeds, {first.scored_bytes} bytes scored",
        f"{'program':<10}{'val_bpb':>10}{'bytes/s':>14}{'MFU %':>8}{'peak MB':>10}{'steps':>8}{'parameters':>13}",
    ]
    for name, runs in zip(("baseline", "ours"), zip(*records, strict=True), strict=True):
        lines.append(
            f"{name:<10}{_mean([run.value for run in runs], '.4f'):>10}{_mean([run.tokens_per_s for run in runs], ',.0f'):>14}"
            f"{_mean([None if run.mfu is None else 100 * run.mfu for run in runs], '.1f'):>8}"
            f"{_mean([run.peak_memory_mb for run in runs], '.0f'):>10}{_mean([run.steps for run in runs], '.0f'):>8}"
            f"{_mean([run.parameters for run in runs], ',.0f'):>13}"
        )
    pairs = [(a.value, b.value) for a, b in records if a.value is not None and b.value is not None]
    if len(pairs) == len(records):
        gains = [100 * (a - b) / a for a, b in pairs]
        spread = f", sd over seeds {statistics.stdev(gains):.2f}" if len(gains) > 1 else ", one seed: no spread is known"
        lines.append(f"ours is {statistics.fmean(gains):.2f} % lower{spread}; the goal is 1 %")
    lines += [
        f"{run.program}, seed {run.seed}: {run.verdict}: {run.reason}" for pair in records for run in pair if run.verdict != "ok"
    ]
    return lines


def _mean(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(statistics.fmean(known), form) if len(known) == len(values) else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=None, help="seconds of a run; default: the kit's")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--gpu", type=int, default=0)
    parser.add_argument("--corpus", type=Path, default=None, help="file or folder of text; default: as tiny_lm")
    parser.add_argument("--scored-bytes", type=int, default=None)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "researchclaw-benchmark-state")
    given = parser.parse_args()
    try:
        kit = gpu_kits.load_gpu_kit(KIT)
        settings = Settings.model_validate(
            {
                "output": given.state,
                "sandbox": {"gpu": [] if given.device == "cpu" else [given.gpu]},
                "experiment": {"device": given.device, "corpus": given.corpus},
            }
        )
        bench = gpu_runs.bench_of(kit, settings)
        records = []
        for seed in range(given.seeds):
            pair = []
            for recipe in ("baseline", None):
                pair.append(
                    run_gpu_kit(
                        bench,
                        gpu_kits.program(kit, recipe),
                        program=recipe or "ours",
                        seed=seed,
                        budget_s=given.budget,
                        scored_bytes=given.scored_bytes,
                    )
                )
                print(pair[-1].model_dump_json(), file=sys.stderr, flush=True)
            records.append((pair[0], pair[1]))
    except ResearchError as exc:
        print(f"gpu_lm.py: {exc}", file=sys.stderr)
        raise SystemExit(exc.exit_code) from None
    print("\n".join(table(records)))


if __name__ == "__main__":
    main()
