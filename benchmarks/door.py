"""Null edits and planted gains through `researchclaw loop start` itself: `python benchmarks/door.py [--sessions 3] [--edits 40]`.

Each session is a git repository of its own whose verify command prints a number with noise, and a row of patches that people
propose: null edits, which change the code and nothing that it gives, and --planted ones among them that are truly better by
--effect standard deviations of a paired difference. Told are the shares that were kept, what a keep claimed beside what it is
worth, and whether the log verifies. Sessions are of two kinds in turn: a seed repeats itself there, or every run differs.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SD = 0.02
"""Of one run. The standard deviation of a paired difference is the square root of two times that."""
PROGRAM = [sys.executable, "-m", "researchclaw", "loop"]
VERIFY = """\
import hashlib, os, pathlib, random
edits = [path.read_text() for path in sorted(pathlib.Path("edits").iterdir())]
gain = sum(float(line.partition(" = ")[2]) for text in edits for line in text.splitlines() if line.startswith("GAIN"))
seed = os.urandom(8).hex() if {varies} else os.environ["RESEARCHCLAW_SEED"]
noise = random.Random(hashlib.sha256(("|".join(edits) + "{session}" + seed).encode()).hexdigest()).gauss(0, {sd})
print(f"METRIC loss={{2.7 - gain + noise:.9f}}")
"""


@dataclass
class Found:
    """What the sessions of one kind came to; gains in the metric's unit."""

    verdicts: dict[bool, Counter[str]] = field(default_factory=lambda: {False: Counter(), True: Counter()})
    """By whether the edit is a planted gain."""
    claimed: list[float] = field(default_factory=list)
    """Of each keep: the gain that it reports, less the true one."""
    runs: int = 0


def run(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: not improved
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}")


def session(number: int, folder: Path, *, edits: int, planted: int, gain: float, found: Found) -> None:
    """One repository and one `loop start` with all its patches.

    Raises:
        SystemExit: a command failed, or the log does not verify.
    """
    (folder / "edits").mkdir(parents=True)
    (folder / "verify.py").write_text(VERIFY.format(varies=bool(number % 2), session=number, sd=SD))
    better = set(random.Random(number).sample(range(edits), planted))
    for edit in range(edits):
        (folder / "edits" / f"e{edit:02}.py").write_text("STEP = 0\n")
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "."],
        ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "--message", "a number with noise"],
    ):
        run(["git", *arguments], folder)
    patches = []
    for edit in range(edits):
        line = f"GAIN = {gain!r}" if edit in better else f"STEP = {edit + 1}"
        name = f"edits/e{edit:02}.py"
        patches.append(folder.with_name(f"{folder.name}-{edit:02}.patch"))
        patches[-1].write_text(f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-STEP = 0\n+{line}\n")
    proposed = [part for patch in patches for part in ("--propose", str(patch))]
    verify = ["--scope", "edits/**", "--verify", "python verify.py", "--metric", "loss", "--direction", "lower"]
    run([*PROGRAM, "start", *verify, *proposed, "--iterations", str(edits)], folder)
    run([*PROGRAM, "verify-log"], folder)
    [table] = (folder / ".git" / "researchclaw" / "loop").glob("*/attempts.tsv")
    with table.open(newline="") as source:
        for attempt in csv.DictReader(source, delimiter="\t"):
            is_better = int(attempt["number"]) - 1 in better  # a person's patches are tried in their order
            found.verdicts[is_better][attempt["verdict"]] += 1
            found.runs += int(attempt["runs"])
            if attempt["verdict"] == "keep":
                found.claimed.append(float(attempt["gain"]) - (gain if is_better else 0.0))


def told(name: str, found: Found) -> str:
    null, planted = found.verdicts[False], found.verdicts[True]
    line = f"{name:<8} null edits {null.total():4} kept {null['keep']:3} ({null['keep'] / max(1, null.total()):.1%})"
    if planted.total():
        line += f"   planted {planted.total():4} kept {planted['keep']:3} ({planted['keep'] / planted.total():.1%})"
    line += f"   runs for an edit {found.runs / max(1, null.total() + planted.total()):.1f}"
    if found.claimed:
        line += f"   a keep claims {statistics.fmean(found.claimed):+.4f} more than it is worth"
    return f"{line}   {dict(null + planted)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Null edits and planted gains through `researchclaw loop start`.")
    parser.add_argument("--sessions", type=int, default=6, help="every other one has a metric that repeats itself")
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--planted", type=int, default=0, help="how many of the edits are better")
    parser.add_argument("--effect", type=float, default=3.0, help="by how many sds of a paired difference")
    arguments = parser.parse_args()
    gain = round(arguments.effect * SD * math.sqrt(2), 6)
    found = {"repeats": Found(), "varies": Found()}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.sessions):
            name = "varies" if number % 2 else "repeats"
            place = Path(folder) / f"session-{number}"
            session(number, place, edits=arguments.edits, planted=arguments.planted, gain=gain, found=found[name])
            print(f"session {number}: {told(name, found[name])}", file=sys.stderr, flush=True)
    for name, counts in found.items():
        print(told(name, counts))


if __name__ == "__main__":
    main()
