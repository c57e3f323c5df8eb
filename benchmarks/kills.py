"""Kills a run at random moments and resumes it: `python benchmarks/kills.py [--moments 20] [--preset smoke] [--server]`.

One study is made without a disturbance. Then, for each moment, another is started from an empty folder with the same prepared
data, killed with -9 at a random time of the undisturbed run's length (with every process that it started), and resumed. Each
must give the same paper.tex, but for the section that says what it cost, and must have paid for nothing twice: no request stands
in its journal more than once, and no training run was begun that the journal already held. Exits with 1 when one did not.

--server: the runs use a project's server, and no flow run may be left that seems to run. --deaths N: each study is killed N
times, each time resumed; its lives together are about as long as the undisturbed run: `--moments 1 --deaths 20 --preset quick`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"
PROGRAM = [sys.executable, "-m", "researchclaw"]
COST = re.compile(r"(?s)\\label\{sec:appendix_cost\}.*?(?=\\section|\\end\{document\})")
"""The section that says what the runs took: the only one that may differ, because a killed run costs more."""


@dataclass(frozen=True)
class Outcome:
    """What one kill did."""

    killed_after_s: float
    at_stages: tuple[str, ...]
    """Of each death."""
    same_paper: bool
    repeated: int
    """Requests that the journal answers more than once."""
    paid: int
    left_open: int
    """Flow runs that the project's server still calls running, after the end."""

    @property
    def good(self) -> bool:
        return self.same_paper and self.repeated == 0 and self.left_open == 0


def start(arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as sink:
        return subprocess.Popen([*PROGRAM, *arguments], stdout=sink, stderr=sink, stdin=subprocess.DEVNULL, start_new_session=True)


def finish(arguments: list[str], log: Path) -> None:
    process = start(arguments, log)
    if process.wait() != 0:
        raise SystemExit(f"researchclaw {' '.join(arguments)} ended with {process.returncode}:\n{log.read_text()[-2000:]}")


def kill(process: subprocess.Popen[bytes]) -> None:
    """-9 for the process and its group: nobody gets the chance to tidy up."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_folder(output: Path) -> Path | None:
    found = sorted(output.glob("rc-*/run.json"))
    return found[0].parent if found else None


def stage_of(folder: Path) -> str:
    return str(json.loads((folder / "run.json").read_text())["stage"])


def paper(folder: Path) -> list[str]:
    """The lines of paper.tex that must be the same, without the run's own name."""
    text = (folder / "deliverables" / "paper.tex").read_text().replace(folder.name, "RUN")
    return COST.sub("", text).splitlines()


def differing(one: list[str], other: list[str]) -> list[str]:
    """Lines that differ; of the cost none are compared."""
    pairs = list(zip(one, other, strict=False))
    found = [f"{a!r} / {b!r}" for a, b in pairs if a != b]
    return found + ([f"{len(one)} lines / {len(other)} lines"] if len(one) != len(other) else [])


def answers(folder: Path) -> Counter[tuple[str, str]]:
    """How often each request was answered: everything in the journal that has a key."""
    entries = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    return Counter((entry["kind"], entry["key"]) for entry in entries if entry["key"] is not None)


def open_flow_runs(output: Path) -> int:
    """Flow runs of the project's database that are neither done nor closed."""
    import sqlite3

    with sqlite3.connect(f"file:{output / '.prefect' / 'prefect.db'}?mode=ro", uri=True) as database:
        (number,) = database.execute(
            "select count(*) from flow_run where state_type in ('RUNNING', 'PENDING', 'CANCELLING')"
        ).fetchone()
    return int(number)


class Kills:
    """The same study again and again, below one folder."""

    def __init__(self, folder: Path, preset: str, *, changes: list[str], server: bool, deaths: int) -> None:
        self.folder, self.preset, self.changes, self.server, self.deaths = folder, preset, changes, server, deaths
        self.seconds, self.reference = 0.0, folder / "reference"

    def study(self, output: Path) -> list[str]:
        command = ["run", "--topic", TOPIC, "--auto-approve", "--preset", self.preset, "--output", str(output)]
        return [*command, *(word for change in self.changes for word in ("--set", change))]

    def undisturbed(self) -> None:
        began = time.monotonic()
        finish(self.study(self.reference), self.folder / "reference.log")
        self.seconds = time.monotonic() - began

    def killed(self, number: int, after_s: float) -> Outcome:
        output = self.folder / f"killed-{number}"
        output.mkdir()
        # prepared data and measured step costs: two machines may differ in those, two runs of one machine may not
        shutil.copytree(self.reference / ".state", output / ".state")
        log = self.folder / f"killed-{number}.log"
        if self.server:
            finish(["server", "start", "--output", str(output), "--set", "server.resumes=false"], log)
        try:
            return self._killed(output, log, after_s)
        finally:
            if self.server:
                finish(["server", "stop", "--output", str(output)], log)

    def _killed(self, output: Path, log: Path, after_s: float) -> Outcome:
        first = start(self.study(output), log)
        time.sleep(after_s)
        kill(first)
        folder = run_folder(output)
        stages = ["before the folder was made" if folder is None else stage_of(folder)]
        if folder is None:
            finish(self.study(output), log)
        else:
            for _ in range(self.deaths - 1):
                again = start(["resume", str(folder)], log)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    again.wait(random.uniform(0.2, 2 * self.seconds / self.deaths))
                stages.append(stage_of(folder))
                kill(again)
            finish(["resume", str(folder)], log)
        folder = run_folder(output)
        reference = run_folder(self.reference)
        assert folder is not None
        assert reference is not None
        different = differing(paper(reference), paper(folder))
        for line in different[:5]:
            print(f"  differs: {line}", flush=True)
        counts = answers(folder)
        return Outcome(
            killed_after_s=round(after_s, 1),
            at_stages=tuple(stages),
            same_paper=not different,
            repeated=sum(count - 1 for count in counts.values()),
            paid=sum(counts.values()) - sum(answers(reference).values()),
            left_open=open_flow_runs(output) if self.server else 0,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the study, as for `run`")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--deaths", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="researchclaw-kills-") as name:
        kills = Kills(Path(name), arguments.preset, changes=arguments.set, server=arguments.server, deaths=arguments.deaths)
        kills.undisturbed()
        if not arguments.json:
            print(f"undisturbed: {kills.seconds:.0f} s", flush=True)
        outcomes = []
        for number in range(arguments.moments):
            outcome = kills.killed(number, random.uniform(0.2, kills.seconds * (1 if kills.deaths == 1 else 2 / kills.deaths)))
            outcomes.append(outcome)
            if not arguments.json:
                verdict = "good" if outcome.good else "BAD "
                print(f"{verdict} {outcome}", flush=True)
    if arguments.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    if not all(outcome.good for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
