"""What a run costs outside its experiments: `python benchmarks/overhead.py [--preset quick] [--engine prefect|plain|both]`.

Runs one study from an empty folder and splits its wall time into the experiments (stages 10, 12 and 13: short runs, training,
scoring), the export (stage 22, in which LaTeX works) and everything else (start, Prefect, thinking, writing, checking). Also
times `researchclaw --help` and `researchclaw stages`, the minimum of seven. All figures of one call are from one machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"
PROGRAM = [sys.executable, "-m", "researchclaw"]
EXPERIMENTS = {10, 12, 13}
EXPORT = {22}


def seconds(command: list[str], times: int = 7) -> float:
    """Shortest wall time of several calls."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - began)
    return min(found)


def study(preset: str, engine: str) -> dict[str, float]:
    """Wall time of one run, split by what it went to."""
    with tempfile.TemporaryDirectory(prefix="researchclaw-overhead-") as folder:
        command = [*PROGRAM, "run", "--topic", TOPIC, "--auto-approve", "--preset", preset, "--output", folder]
        began = time.perf_counter()
        subprocess.run([*command, "--set", f"flow.engine={engine}"], check=True, stdout=subprocess.DEVNULL)
        total = time.perf_counter() - began
        stages = [json.loads(file.read_text()) for file in Path(folder).glob("rc-*/stages/*/output.json")]
    by_number = {stage["stage"]: stage["seconds"] for stage in stages}
    experiments = sum(by_number[number] for number in EXPERIMENTS)
    export = sum(by_number[number] for number in EXPORT)
    thinking = sum(by_number.values()) - experiments - export
    return {
        "total_s": total,
        "experiments_s": experiments,
        "export_s": export,
        "other_stages_s": thinking,
        "start_and_orchestration_s": total - sum(by_number.values()),
        "overhead_s": total - experiments - export,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--engine", choices=("prefect", "plain", "both"), default="prefect")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    engines = ("prefect", "plain") if arguments.engine == "both" else (arguments.engine,)
    figures = {
        "help_s": seconds([*PROGRAM, "--help"]),
        "stages_s": seconds([*PROGRAM, "stages"]),
        "studies": {engine: study(arguments.preset, engine) for engine in engines},
    }
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"researchclaw --help   {figures['help_s']:6.2f} s\nresearchclaw stages   {figures['stages_s']:6.2f} s")
    for engine, split in figures["studies"].items():
        print(f"\n{arguments.preset} study, flow.engine={engine}")
        for name, value in split.items():
            print(f"  {name.removesuffix('_s').replace('_', ' '):26s} {value:8.1f} s")


if __name__ == "__main__":
    main()
