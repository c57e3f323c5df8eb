"""What a run costs outside its experiments: `python benchmarks/overhead.py [--preset quick] [--engine prefect|server|plain|all]`.

Runs one study from an empty folder and splits its wall time into the experiments (stages 10, 12 and 13: short runs, training,
scoring), the export (stage 22, in which LaTeX works) and everything else (start, Prefect, thinking, writing, checking).
`server` is Prefect on the project's own server, started before the clock; `prefect` starts a temporary one within the run. Also
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


def study(preset: str, engine: str, to_stage: int) -> dict[str, float]:
    """Wall time of one run, split by what it went to."""
    with tempfile.TemporaryDirectory(prefix="researchclaw-overhead-") as folder:
        command = [*PROGRAM, "run", "--topic", TOPIC, "--auto-approve", "--preset", preset, "--output", folder]
        command += ["--to-stage", str(to_stage), "--set", f"flow.engine={'plain' if engine == 'plain' else 'prefect'}"]
        if engine == "server":
            subprocess.run([*PROGRAM, "server", "start", "--output", folder], check=True, stdout=subprocess.DEVNULL)
        try:
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            total = time.perf_counter() - began
        finally:
            if engine == "server":
                subprocess.run([*PROGRAM, "server", "stop", "--output", folder], check=True, stdout=subprocess.DEVNULL)
        return split(total, seconds_of(next(Path(folder).glob("rc-*"))))


def seconds_of(run: Path) -> dict[int, float]:
    """Number of each stage of a run folder -> its wall time."""
    stages = [json.loads(file.read_text()) for file in run.glob("stages/*/output.json")]
    return {int(stage["stage"].split()[0]): stage["seconds"] for stage in stages}  # "12 experiment_run"


def split(total: float, by_number: dict[int, float]) -> dict[str, float]:
    """Wall time of a run by what it went to. by_number: stage -> its seconds."""
    experiments = sum(by_number.get(number, 0) for number in EXPERIMENTS)
    export = sum(by_number.get(number, 0) for number in EXPORT)
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
    parser.add_argument("--engine", choices=("prefect", "server", "plain", "all"), default="prefect")
    parser.add_argument("--to-stage", type=int, default=23, help="9 leaves out the experiments")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    engines = ("prefect", "server", "plain") if arguments.engine == "all" else (arguments.engine,)
    figures = {
        "help_s": seconds([*PROGRAM, "--help"]),
        "stages_s": seconds([*PROGRAM, "stages"]),
        "studies": {engine: study(arguments.preset, engine, arguments.to_stage) for engine in engines},
    }
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"researchclaw --help   {figures['help_s']:6.2f} s\nresearchclaw stages   {figures['stages_s']:6.2f} s")
    for engine, split in figures["studies"].items():
        print(f"\n{arguments.preset} study, {engine}")
        for name, value in split.items():
            print(f"  {name.removesuffix('_s').replace('_', ' '):26s} {value:8.1f} s")


if __name__ == "__main__":
    main()
