"""What the 23 stages ask of a language model: `python benchmarks/model_calls.py [--latency 0.5]`.

Runs one whole study over HTTP against a server that answers each call after the latency. The rule-based researcher answers
behind it (benchmarks/thinker_server.py), so the number of calls is that of a model which gives a valid answer each time. The
experiments are taken out: a table answers for the training runs (benchmarks/table_laboratory.py), and the paper, which is
about nothing, is thrown away. Tokens are letters / 4, with the schemas that go along, as they are sent, counted apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from table_laboratory import TableLaboratory
from thinker_server import Call, Thinker, serving

from researchclaw import hardware
from researchclaw.adapters.journalled import JournalledLaboratory, keep_run
from researchclaw.engine import Engine
from researchclaw.gates import AutoApprove
from researchclaw.journal import Journal
from researchclaw.run_store import RunStore
from researchclaw.settings import Settings, load
from researchclaw.wiring import OuterWorld
from stages.contracts import Brief, Guidance, Lesson
from stages.pipeline import PIPELINE
from stages.ports import Context

TOPIC = "Does the learning-rate schedule matter for tiny byte-level language models?"


class WithoutExperiments:
    """The world of a run, but a table stands for the laboratory."""

    def __init__(self, settings: Settings, store: RunStore, journal: Journal) -> None:
        self._world = OuterWorld(settings, store, journal)
        self._laboratory = JournalledLaboratory(TableLaboratory(store.folder, keep_run(journal)), journal)

    def brief(self, topic: str) -> Brief:
        return self._world.brief(topic)

    def context(self, guidance: tuple[Guidance, ...], round: int, lessons: tuple[Lesson, ...]) -> Context:  # noqa: A002
        return replace(self._world.context(guidance, round, lessons), laboratory=self._laboratory)


@dataclass(frozen=True)
class Study:
    """What one study took. `seconds`: stage number -> wall time, of all its rounds."""

    wall_s: float
    seconds: dict[int, float]
    calls: tuple[Call, ...]
    most_at_once: int
    store: RunStore


@contextmanager
def study(folder: Path, latency_s: float, overrides: Sequence[str] = ()) -> Iterator[Study]:
    """One whole study in `folder`, every gate approved; the endpoint is up until the block ends."""
    thinker = Thinker(latency_s)
    with serving(thinker) as url:
        asks = ["llm.provider=openai", "llm.model=stand-in", f"llm.base_url={url}", "llm.concurrency=64"]
        settings = load(
            None, "quick", [*asks, "gates.auto_approve=true", f"output={json.dumps(str(folder))}", *overrides], folder=folder
        )
        store = RunStore.create(
            folder,
            TOPIC,
            settings=settings.model_dump(mode="json"),
            hardware=hardware.found(),
            version="benchmark",
            versions=hardware.versions(),
        )
        began = time.monotonic()
        with store.lock(), Journal(store.journal_path) as journal:
            Engine(
                pipeline=PIPELINE,
                store=store,
                journal=journal,
                world=WithoutExperiments(settings, store, journal),
                gatekeeper=AutoApprove(store),
            ).run()
        wall_s = time.monotonic() - began
        seconds = {stage.number: found.seconds for stage in PIPELINE if (found := store.output(stage)) is not None}
        yield Study(wall_s, seconds, tuple(thinker.calls), thinker.most_at_once, store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.5, help="Seconds before an answer begins.")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="A setting, as on the command line.")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="researchclaw-calls-") as folder,
        study(Path(folder), arguments.latency, arguments.set) as done,
    ):
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        processor_s = sum(one.ru_utime + one.ru_stime for one in used)
        print(f"{len(done.calls)} calls, at most {done.most_at_once} at a time, {done.wall_s:.1f} s in all")
        print(f"{waited(done.calls):.1f} s waiting for at least one answer, {processor_s:.1f} s of processor time with the start")
        for name, count in (
            ("tokens in", sum(call.letters_in for call in done.calls)),
            ("  and in schemas", sum(call.letters_of_form for call in done.calls)),
            ("tokens out", sum(call.letters_out for call in done.calls)),
        ):
            print(f"{name:18} {count / 4000:7.1f} k")
        print("\nby kind of question            calls  in row  tokens in  schemas  tokens out")
        ordered = sorted(done.calls, key=lambda call: call.began)
        kinds = dict.fromkeys(call.question for call in ordered)
        for kind in kinds:
            its = [call for call in ordered if call.question == kind]
            print(
                f"{kind:30} {len(its):5d}  {rounds(its):6d}  {sum(c.letters_in for c in its) / 4:9.0f}  "
                f"{sum(c.letters_of_form for c in its) / 4:7.0f}  {sum(c.letters_out for c in its) / 4:10.0f}"
            )
        print("\nwall seconds by stage: " + ", ".join(f"{number}: {seconds:.1f}" for number, seconds in done.seconds.items()))


def waited(calls: Sequence[Call]) -> float:
    """Seconds in which a call was under way."""
    total = end = 0.0
    for call in sorted(calls, key=lambda call: call.began):
        total += max(0.0, call.ended - max(end, call.began))
        end = max(end, call.ended)
    return total


def rounds(calls: Sequence[Call]) -> int:
    """How many of them came one after the other: groups that do not overlap in time."""
    end, count = 0.0, 0
    for began, its in groupby(sorted(calls, key=lambda call: call.began), key=lambda call: call.began):
        if began >= end:
            count += 1
        end = max(end, *(call.ended for call in its))
    return count


if __name__ == "__main__":
    main()
