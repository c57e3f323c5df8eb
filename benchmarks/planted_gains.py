"""Planted gains, null edits and the rules' own finds, with real training of tiny_lm: `python benchmarks/loop.py planted`.

undo  Each session takes the kit with sensible constants, plants one handicap (batch size, learning rate, no tables), calibrates
      on seeds of its own, and is then offered, in an order of its own, the edit that undoes the handicap among null edits:
      edits that change the arithmetic but not the quality, and one that gives the same weights to the last bit.
find  The same starts, and the kit as shipped; nothing is offered, the rule-based proposer must find it by itself.

All of it goes through `researchclaw.loop.engine`: git, log, calibration, search, fresh seeds, escalation are those of
`researchclaw loop start`. Training and scoring are the harness' own code, in this process: our own edits need no sandbox, whose
guests would cost more than the training. One run is done in the laboratory as well and must give the same value to the last
bit. Every score is written to a journal before it is used, so a stopped measurement goes on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from researchclaw.adapters.step_clock import quantised
from researchclaw.journal import Journal
from researchclaw.loop import store
from researchclaw.loop.contracts import AttemptEnded, GuardResult, LoopStarted, Plan, Score, Thresholds
from researchclaw.loop.engine import Engine
from researchclaw.loop.history import History
from researchclaw.loop.proposers.by_person import PersonProposer
from researchclaw.loop.proposers.by_rule import RuleProposer
from researchclaw.loop.proposers.proposer import Failure, Proposer, Situation, Suggestion
from researchclaw.loop.proposers.search_space import knobs, with_literal
from researchclaw.loop.repository import Repository
from stages.d_design.patching import apply_settings, unified_patch

Measure = Callable[[str, int], float | None]
"""Source and seed -> metric, lower is better; None: it gave none."""

SENSIBLE = {"NGRAM_TABLES": "2", "LEARNING_RATE": "0.003", "BATCH_SIZE": "4"}
"""Good and steady at a budget of 1 to 2 s (five seeds, 2026-11); each handicap takes one of them back. At 2 s a rate of 0.005 gains
0.2 on most seeds and loses 0.5 on the others, and batches of 4, 8 and 16 are then the same within the noise."""

HANDICAPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "batch size": ("BATCH_SIZE", ("64", "8")),
    "learning rate": ("LEARNING_RATE", ("0.0005", "0.002")),
    "tables": ("NGRAM_TABLES", ("0",)),
}
"""Kind -> constant, and the values that sessions take in turn: a bad one and a milder one."""

NULLS = {
    "another data order": ("seed * 1_000_003 + 1)", "seed * 1_000_003 + 2)"),
    "another initialisation": ("seed * 1_000_003 + zlib", "seed * 1_000_003 + 7 + zlib"),
    "the rows of a batch in reverse": (
        "window = self.data[at.to(self.data.device)]",
        "window = self.data[at.flip(0).to(self.data.device)]",
    ),
    "another hash": ("2_654_435_761", "2_246_822_519"),
    "a sum the other way round": ("x = x + self.place[:length]", "x = self.place[:length] + x"),
}
"""What it is -> text of the kit's train.py, and what takes its place. The last gives the same weights, bit by bit."""

_COSTS_NOTHING = frozenset(
    {"LEARNING_RATE", "BETA2", "WEIGHT_DECAY", "SCHEDULE", "WARMUP", "FINAL_LR", "DATA_FRACTION"}
    | {"INIT", "INIT_STD", "ZERO_INIT_PROJECTIONS"}
)
_SEEDS_OF_A_SESSION = 10**6
_UNSEEN = 900_001
_NULLS_OFFERED = 3
_ROUNDS, _STEPS_OF_A_BLOCK = 4, 6


# ---------------------------------------------------------------- starts and edits


def handicapped(plain: str, kind: str, session: int) -> tuple[str, str]:
    """The start of a session, and the version without its handicap."""
    sensible = apply_settings(plain, SENSIBLE)
    name, values = HANDICAPS[kind]
    return apply_settings(sensible, {name: values[session % len(values)]}), sensible


def null_edits(source: str) -> dict[str, str]:
    """Each null edit of the version.

    Raises:
        ValueError: the kit's text is no longer what the edits expect.
    """
    for old, _ in NULLS.values():
        if source.count(old) != 1:
            raise ValueError(f"train.py has {source.count(old)} times {old!r}; the null edits need it once")
    return {name: source.replace(old, new) for name, (old, new) in NULLS.items()}


def same_cost(plain: str, source: str) -> str:
    """A version whose steps take as long: the plain one with the constants that matter for that. One timing serves them all."""
    values = {knob.name: knob.literal for knob in knobs({"train.py": source}) if knob.name not in _COSTS_NOTHING}
    for knob in knobs({"train.py": plain}):
        plain = with_literal(plain, knob, values.get(knob.name, knob.literal))
    return plain


# ---------------------------------------------------------------- scores


class Notebook:
    """Numbers by name in a file, a line each; what was measured once is looked up."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, float | None] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                kept = json.loads(line)
                self._known[kept["name"]] = kept["value"]

    def once(self, name: str, measure: Callable[[], float | None]) -> float | None:
        if name not in self._known:
            value = measure()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"name": name, "value": value}) + "\n")
            self._known[name] = value
        return self._known[name]


class Workshop:
    """Trains and scores in this process, with the harness' own code."""

    def __init__(self, plain: str, data: Path, harness: Path, scored_bytes: int) -> None:
        """data: the folder with the prepared splits."""
        import numpy as np
        import torch

        self._training, self._evaluate = _module(harness / "run_training.py"), _module(harness / "evaluate.py")
        self._training.settle()
        self._plain, self._scored_bytes = plain, scored_bytes
        self._train = torch.frombuffer(bytearray((data / "train.bin").read_bytes()), dtype=torch.uint8)
        self._val = np.fromfile(data / "val.bin", dtype=np.uint8)

    def value(self, source: str, seed: int, steps: int) -> float | None:
        """Bits per byte; None: the version failed, which is its result."""
        import torch

        try:
            candidate, training = self._begun(source, seed, steps)
            for _ in range(steps):
                if not math.isfinite(training.step()):
                    return None
            model = training.model.float().eval()
            sample = self._evaluate.Sample(self._val, candidate.CONTEXT, self._scored_bytes)
            with torch.no_grad():
                parts = [self._nats(model, sample.inputs[part], sample.targets[part]) for part in sample.frames()]
        except Exception as exc:  # noqa: BLE001 - as in the guest: whatever a candidate raises is its result
            print(f"a version failed: {exc}", file=sys.stderr, flush=True)
            return None
        import numpy as np

        nats = float(np.concatenate(parts).mean())
        return nats / math.log(2) if math.isfinite(nats) else None

    def cost_ratio(self, source: str) -> float:
        """CPU time of a step over the plain version's, by blocks of steps in alternation; 1 where the version fails."""
        try:
            both = [self._begun(one, 0, 1000)[1] for one in (self._plain, source)]
            blocks: list[list[float]] = [[], []]
            for number in range(1 + _ROUNDS):
                for training, taken in zip(both, blocks, strict=True):
                    began = time.process_time()
                    for _ in range(_STEPS_OF_A_BLOCK):
                        training.step()
                    if number:  # caches, and the optimiser's state is made in the first
                        taken.append(time.process_time() - began)
        except Exception as exc:  # noqa: BLE001 - the run itself gives the verdict
            print(f"a version could not be timed: {exc}", file=sys.stderr, flush=True)
            return 1.0
        return quantised(statistics.median(own / plain for plain, own in zip(*blocks, strict=True)))

    def _begun(self, source: str, seed: int, steps: int) -> tuple[Any, Any]:
        import torch

        candidate = self._training.load_candidate(source, "train.py")
        torch.manual_seed(seed)
        return candidate, candidate.Training(self._train, steps, seed)

    def _nats(self, model: Any, inputs: Any, targets: Any) -> Any:
        import numpy as np
        import torch

        x = model(torch.from_numpy(inputs.copy()).long()).numpy().astype(np.float64)
        x -= x.max(axis=-1, keepdims=True)
        x -= np.log(np.exp(x).sum(axis=-1, keepdims=True))
        return self._evaluate.surprise(x, targets)


def _module(path: Path) -> ModuleType:
    """A program of the harness: the guests' code is imported by nobody else."""
    spec = importlib.util.spec_from_file_location(f"harness_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def measured(workshop: Workshop, notebook: Notebook, plain: str, plain_steps: int, scored_bytes: int) -> Measure:
    """Values through the notebook. plain_steps: what the budget pays for of the plain version."""

    def steps_of(source: str) -> int:
        priced = same_cost(plain, source)
        ratio = notebook.once(f"cost {digest(priced)}", lambda: workshop.cost_ratio(priced)) or 1.0
        return max(1, int(plain_steps / ratio))

    def measure(source: str, seed: int) -> float | None:
        steps = steps_of(source)
        return notebook.once(f"{digest(source)} {seed} {steps} {scored_bytes}", lambda: workshop.value(source, seed, steps))

    return measure


def digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


class SessionScorer:
    """`researchclaw.loop.scorers.Scorer` over a measure; every session has seeds of its own."""

    repeatable = True
    isolation = "as measured"

    def __init__(self, repository: Repository, measure: Measure, session: int) -> None:
        self._repository, self._measure, self._session = repository, measure, session
        self.stop = threading.Event()
        self.runs = 0

    def expect(self, seconds: float) -> None:
        """The kit's own limits hold."""

    def score(self, tree: str, seed: int, *, whole: bool = False) -> Score:
        """See `Scorer.score`. The engine asks for nothing twice, so each call is a run."""
        self.runs += 1
        (entry,) = self._repository.entries(tree)
        source = b"".join(self._repository.blobs([entry.id])).decode()
        value = self._measure(source, _SEEDS_OF_A_SESSION * (self._session + 1) + seed)
        cost = {"wall_s": 0.0, "cpu_s": 0.0, "peak_memory_mb": 0.0}
        if value is None:
            return Score(verdict="crash", reason="it gave no score", **cost)
        return Score(verdict="ok", value=value, **cost)

    def guard(self, tree: str, command: str) -> GuardResult:
        raise NotImplementedError("there are no guards here")

    def held_out(self, tree: str) -> Score:
        raise NotImplementedError("nothing is held out here")


def looped(measure: Measure, start: str, session: int, proposer: Proposer, **plan: object) -> tuple[History, int]:
    """A whole run of the loop on one file, without the final comparison; and the training runs that it asked for."""
    described = {"goal": "lower", "scope": ("train.py",), "verify": "-", "metric": "val_bpb", "direction": "lower", "seed": session}
    the_plan = Plan.model_validate({**described, "thresholds": Thresholds(final_seeds=0), **plan})
    with tempfile.TemporaryDirectory(prefix="researchclaw-planted-") as folder:
        repository = Repository.create(Path(folder, "repository.git"))
        base = repository.commit(repository.written(None, {"train.py": start.encode()}), None, "baseline\n")
        run = store.new_run(Path(folder, "runs"))
        scorer = SessionScorer(repository, measure, session)
        store.begin(run, LoopStarted(plan=the_plan, base=base, isolation=scorer.isolation, lessons=()))
        with run.lock(), Journal(run.log_path) as journal:
            engine = Engine(run, journal, repository, scorer, proposer)
            engine.run()
    return engine.history, scorer.runs


# ---------------------------------------------------------------- undo


@dataclass(frozen=True)
class Undone:
    """A session in which the edit was offered."""

    kind: str
    value: str
    kept: bool
    gain: float | None
    """As the loop reports it, when the edit was kept."""
    true_gains: tuple[float, ...]
    """Paired, on seeds that no decision has seen."""
    nulls_offered: int
    nulls_kept: tuple[str, ...]
    runs: int


def undo(measure: Measure, plain: str, kind: str, session: int) -> Undone:
    """One session: the planted gain among the null edits."""
    start, sensible = handicapped(plain, kind, session)
    name, values = HANDICAPS[kind]
    draw = random.Random(f"{kind}/{session}")
    nulls = null_edits(start)
    edits = {kind: sensible, **{edit: nulls[edit] for edit in draw.sample(sorted(nulls), _NULLS_OFFERED)}}
    order = sorted(edits)
    draw.shuffle(order)
    patches = tuple(unified_patch(start, edits[edit]) for edit in order)
    history, runs = looped(measure, start, session, PersonProposer(), propose=patches)
    verdicts = dict(zip(order, history.attempts, strict=True))
    unseen = [_SEEDS_OF_A_SESSION * (session + 1) + _UNSEEN + index for index in range(5)]
    pairs = [(measure(start, seed), measure(sensible, seed)) for seed in unseen]
    return Undone(
        kind=kind,
        value=f"{name} = {values[session % len(values)]}",
        kept=verdicts[kind].verdict == "keep",
        gain=verdicts[kind].gain,
        true_gains=tuple(old - new for old, new in pairs if old is not None and new is not None),
        nulls_offered=len(order) - 1,
        nulls_kept=tuple(edit for edit in order if edit != kind and verdicts[edit].verdict == "keep"),
        runs=runs,
    )


def table_of_undone(sessions: Sequence[Undone]) -> list[str]:
    """The true gain is a mean over all sessions, kept or not; its sd is that of one pair."""
    lines = [f"{'planted':<24}{'kept':>8}{'true gain':>11}{'sd':>8}{'reported':>10}{'null edits kept':>17}{'runs':>7}"]
    groups = [(value, [s for s in sessions if s.value == value]) for value in sorted({s.value for s in sessions})]
    for name, group in [*groups, ("all", list(sessions))]:
        reported = [s.gain for s in group if s.kept and s.gain is not None]
        true = [gain for s in group for gain in s.true_gains]
        kept, nulls = sum(s.kept for s in group), sum(len(s.nulls_kept) for s in group)
        offered = sum(s.nulls_offered for s in group)
        lines.append(
            f"{name:<24}{f'{kept}/{len(group)}':>8}{statistics.fmean(true):>11.3f}{statistics.stdev(true):>8.3f}"
            f"{f'{statistics.fmean(reported):.3f}' if reported else '-':>10}{f'{nulls}/{offered}':>17}"
            f"{statistics.fmean(s.runs for s in group):>7.1f}"
        )
    return lines


# ---------------------------------------------------------------- find


@dataclass(frozen=True)
class Found:
    """A session in which the rules proposed."""

    kind: str
    value: str
    constant: bool
    """A change of the handicapped constant was kept."""
    as_much: bool
    """What was kept gained as much as undoing the handicap does."""
    attempts: int
    """Until it was found, or to the end."""
    kept: tuple[str, ...]
    gained: float
    worth: float
    runs: int
    ended: str

    @property
    def found(self) -> bool:
        return self.constant or self.as_much


class UntilFound:
    """A proposer that has nothing more to propose once the handicap is found: what comes after is not asked about."""

    name = "rules"

    def __init__(self, proposer: Proposer, found: Callable[[Sequence[AttemptEnded]], bool]) -> None:
        self._proposer, self._found = proposer, found

    def propose(self, situation: Situation) -> Suggestion | None:
        return None if self._found(situation.history.keeps) else self._proposer.propose(situation)

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        return self._proposer.mend(situation, failure)


def find(
    measure: Measure, plain: str, kind: str, session: int, preferred: Mapping[str, tuple[str, ...]], attempts: int, worth: float
) -> Found:
    """One session: the rules from the handicapped start. worth: what undoing it gains, in bpb."""
    start, _ = handicapped(plain, kind, session)
    name, values = HANDICAPS[kind]

    def by_constant(keeps: Sequence[AttemptEnded]) -> bool:
        return any(name in constants_of(attempt) for attempt in keeps)

    def by_gain(keeps: Sequence[AttemptEnded]) -> bool:
        return gained(keeps) >= worth

    rules = UntilFound(RuleProposer(preferred), lambda keeps: by_constant(keeps) or by_gain(keeps))
    history, runs = looped(measure, start, session, rules, iterations=attempts)
    keeps = history.keeps
    return Found(
        kind=kind,
        value=f"{name} = {values[session % len(values)]}",
        constant=by_constant(keeps),
        as_much=by_gain(keeps),
        attempts=len(history.attempts),
        kept=tuple(attempt.operator for attempt in keeps),
        gained=gained(keeps),
        worth=worth,
        runs=runs,
        ended=history.ended.reason if history.ended else "",
    )


def gained(keeps: Sequence[AttemptEnded]) -> float:
    """What the loop reports to have gained, in bpb."""
    return sum(attempt.gain or 0.0 for attempt in keeps)


def table_of_found(sessions: Sequence[Found]) -> list[str]:
    lines = [f"{'start':<24}{'found':>8}{'the constant':>14}{'as much':>9}{'at attempt':>12}{'runs':>7}{'gained':>9}{'worth':>9}"]
    groups = [(value, [s for s in sessions if s.value == value]) for value in sorted({s.value for s in sessions})]
    for name, group in [*groups, ("all", list(sessions))]:
        at = [s.attempts for s in group if s.found]
        lines.append(
            f"{name:<24}{f'{len(at)}/{len(group)}':>8}{sum(s.constant for s in group):>14}{sum(s.as_much for s in group):>9}"
            f"{f'{statistics.median(at):g}' if at else '-':>12}{statistics.fmean(s.runs for s in group):>7.1f}"
            f"{statistics.fmean(s.gained for s in group):>9.3f}{statistics.fmean(s.worth for s in group):>9.3f}"
        )
    return lines


def constants_of(attempt: AttemptEnded) -> set[str]:
    """'BATCH_SIZE+DEPTH pair' -> both."""
    return set(attempt.operator.split(" ", 1)[0].split("+"))


def told(session: Undone | Found) -> str:
    """One session in a line."""
    if isinstance(session, Undone):
        nulls = ", ".join(session.nulls_kept) or "none"
        gain = f" ({session.gain:+.3f})" if session.gain is not None else ""
        return (
            f"undo  {session.value:<24}{'kept' if session.kept else 'NOT KEPT'}{gain}; null edits kept: {nulls}; {session.runs} runs"
        )
    where = "found" if session.found else "NOT FOUND"
    kept = ", ".join(session.kept) or "nothing"
    return (
        f"find  {session.value:<24}{where} in {session.attempts} attempts, {session.runs} runs; kept {kept} "
        f"({session.gained:+.3f} of {session.worth:.3f}); {session.ended}"
    )


def tables(
    measure: Measure,
    plain: str,
    sessions: int,
    attempts: int,
    preferred: Mapping[str, tuple[str, ...]],
    tell: Callable[[str], None],
) -> list[str]:
    """Both measurements; in a session each handicap is undone, and one of them in turn is left to the rules."""
    undone, found = list[Undone](), list[Found]()
    for session in range(sessions):
        for kind in HANDICAPS:
            undone.append(undo(measure, plain, kind, session))
            tell(told(undone[-1]))
        left = undone[-len(HANDICAPS) + session % len(HANDICAPS)]
        found.append(find(measure, plain, left.kind, session, preferred, attempts, statistics.fmean(left.true_gains)))
        tell(told(found[-1]))
    return [*table_of_undone(undone), "", *table_of_found(found)]
