"""The loop's keep rule and search: `python benchmarks/loop.py [aa|landscape|kit|planted] [--sessions N] [--seed N] [--runs N]`.

aa         40 null edits a session: how many are kept; and how many planted gains of 0.5 to 3 sd of a paired difference are found
landscape  a noisy landscape of nine constants (three inert): greedy, random and ours after the same number of runs; judged by
           the true value of what each ends with, and by what each claims to have gained
kit        the same three on tiny_lm, with real training runs (--budget seconds each, --runs in all); minutes to hours
planted    gains and null edits planted into tiny_lm, judged by the whole loop with real training runs (planted_gains.py); an hour

greedy is karpathy's rule with the same proposer: one run decides, strictly better is kept, the old score is not asked again.
random draws whole settings and takes the best single run. Ours is the pure part of researchclaw/loop: the same keep rule and
rule-based proposer, without git. All seeds are fixed, so the figures repeat; the kit's depend on the machine only by its speed.
The rules were tuned on sessions from 0 on: `--seed 1000` begins with sessions that they have not seen.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import math
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from researchclaw.loop import door, escalation
from researchclaw.loop.contracts import AttemptEnded, Calibrated, LoopStarted, Plan, StrategyChanged, Thresholds
from researchclaw.loop.history import History, fresh_seeds
from researchclaw.loop.keep_rule import MAX_PAIRS, Noise, beyond_doubt, calibrate, confirmed, decide, noise_of, worth_its_lines
from researchclaw.loop.proposers.by_rule import RuleProposer
from researchclaw.loop.proposers.proposer import Situation, Suggestion
from researchclaw.loop.proposers.search_space import knobs, with_literal

STATE = Path(tempfile.gettempdir()) / "researchclaw-benchmark-state"
Score = Callable[[str, int], float | None]
"""Source and seed -> metric, lower is better; None: it crashed."""

LANDSCAPE = """\
LEARNING_RATE = 0.002  # search: log scale, 0.0003 to 0.03
BATCH_SIZE = 32  # search: 2 to 64
WIDTH = 64  # search: 32 to 192
DEPTH = 2  # search: 1 to 6
TABLES = 0  # search: 0, 1, 2, 3
NORM = "a"  # search: 'a', 'b', 'c'
DROPOUT = 0.1  # search: 0.0 to 0.3
BETA = 0.9  # search: 0.8 to 0.999
SOFTCAP = 0.0  # search: 0.0, 15.0, 30.0
"""


def true_value(source: str) -> float:
    """The landscape without noise: a bowl in the strong constants, and three that do nothing; about 3.0 at the start, 2.2 at best."""
    c = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(source).body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    loss = 2.2 + 0.06 * math.log(c["LEARNING_RATE"] / 0.008) ** 2 + 0.05 * math.log2(c["BATCH_SIZE"] / 8) ** 2
    loss += 0.02 * math.log2(c["WIDTH"] / 96) ** 2 + 0.01 * (c["DEPTH"] - 3) ** 2 + 0.08 * abs(c["TABLES"] - 2)
    return loss + {"a": 0.03, "b": 0.0, "c": 0.05}[c["NORM"]]


def noisy(sd: float, session: int) -> Score:
    """Half of the variance belongs to the seed and is shared by all versions, half to version and seed: pairing helps."""

    def score(source: str, seed: int) -> float:
        own = random.Random(int(hashlib.sha256(f"{session}/{seed}/{source}".encode()).hexdigest(), 16))
        shared = random.Random(f"{session}/{seed}")
        return true_value(source) + sd * math.sqrt(0.5) * (shared.gauss(0, 1) + own.gauss(0, 1))

    return score


# ---------------------------------------------------------------- the three ways


@dataclass
class Session:
    """One search: what it ends with, what it says it gained, and what every run cost."""

    score: Score
    runs: int
    spent: int = 0
    seen: dict[tuple[str, int], float | None] = field(default_factory=dict)

    def measure(self, source: str, seed: int) -> float | None:
        """A version and seed that were measured cost nothing again: the metric repeats itself.

        Raises:
            TimeoutError: the runs are used up.
        """
        if (source, seed) not in self.seen:
            if self.spent >= self.runs:
                raise TimeoutError
            self.spent += 1
            self.seen[source, seed] = self.score(source, seed)
        return self.seen[source, seed]


def _plan(seed: int) -> Plan:
    return Plan(goal="lower", scope=("train.py",), verify="-", direction="lower", seed=seed, thresholds=Thresholds(final_seeds=0))


def _situation(history: History, source: str, tried: set[str]) -> Situation:
    def is_new(files: Mapping[str, str | None]) -> bool:
        return door.fingerprint([("train.py", files["train.py"] or "")]) not in tried

    return Situation(
        number=history.next_number,
        plan=history.started.plan,
        history=history,
        files={"train.py": source},
        tree="0" * 40,
        is_new=is_new,
    )


def _name(source: str) -> str:
    return hashlib.sha1(source.encode()).hexdigest()


def _history(source: str, seed: int) -> History:
    return History(LoopStarted(plan=_plan(seed), base=_name(source), isolation="-", lessons=()))


def ours(session: Session, start: str, seed: int, preferred: Mapping[str, tuple[str, ...]] | None = None) -> tuple[str, float]:
    """Where the loop ends, and the gain that it reports."""
    history, incumbent, proposer, claimed = _history(start, seed), start, RuleProposer(preferred), 0.0
    tried = {door.fingerprint([("train.py", start)])}
    try:
        values = [session.measure(start, s) for s in fresh_seeds(0, 5)]
        whole = [value for value in values if value is not None]
        history.add(Calibrated(calibration=calibrate(whole, whole[:1], history.started.plan, [1.0])))
        while True:
            while (step := escalation.next_step(history.standing)) is not None and history.attempts:
                if step == "stop":
                    return incumbent, claimed
                banned = escalation.commonest(history.attempts) if step == "pivot" else None
                history.add(StrategyChanged(to=step, after=history.attempts[-1].number, banned=banned, reason="-"))
            suggestion = proposer.propose(_situation(history, incumbent, tried))
            if suggestion is None:
                return incumbent, claimed
            candidate = suggestion.files["train.py"] or ""
            tried.add(door.fingerprint([("train.py", candidate)]))
            ended = _judged(session, history, incumbent, candidate, suggestion)
            history.add(ended)
            if ended.verdict == "keep":
                incumbent, claimed = candidate, claimed + (ended.gain or 0.0)
    except TimeoutError:
        return incumbent, claimed


def _judged(session: Session, history: History, incumbent: str, candidate: str, made: Suggestion) -> AttemptEnded:
    number, thresholds = history.next_number, history.started.plan.thresholds
    noise, gains, fresh, verdict, gain = history.noise, list[float](), list[float](), "discard", None
    decision = "drop"
    for seed in history.seeds(_name(incumbent), MAX_PAIRS):
        new, old = session.measure(candidate, seed), session.measure(incumbent, seed)
        if new is None or old is None:
            verdict = "crash"
            break
        gains.append(old - new)
        if (decision := decide(gains, noise, thresholds, 0)) != "more":
            break
    if decision == "undecided":
        verdict = "inconclusive"
    elif decision == "accept":
        for seed in fresh_seeds(number, thresholds.confirmations):
            new, old = session.measure(candidate, seed), session.measure(incumbent, seed)
            assert new is not None and old is not None
            fresh.append(old - new)
            if beyond_doubt(fresh, noise):
                break
        gain = statistics.fmean(fresh)
        sure = confirmed(fresh, thresholds, simpler=False, noise=noise) and worth_its_lines(gain, 0, 1.0, noise, thresholds)
        verdict = "keep" if sure else "inconclusive"
    return AttemptEnded.model_validate(
        {
            **{"number": number, "verdict": verdict, "reason": "-", "operator": made.operator, "hypothesis": made.hypothesis},
            **{"commit": _name(candidate), "parent": _name(incumbent), "deltas": tuple(gains), "gain": gain},
            "fresh_deltas": tuple(fresh),
        }
    )


def greedy(session: Session, start: str, seed: int, preferred: Mapping[str, tuple[str, ...]] | None = None) -> tuple[str, float]:
    """One run decides; strictly better is kept."""
    history, incumbent, proposer = _history(start, seed), start, RuleProposer(preferred)
    tried = {door.fingerprint([("train.py", start)])}
    try:
        first = best = session.measure(start, 1)
        assert first is not None and best is not None
        while True:
            suggestion = proposer.propose(_situation(history, incumbent, tried))
            if suggestion is None:
                break
            candidate = suggestion.files["train.py"] or ""
            tried.add(door.fingerprint([("train.py", candidate)]))
            value = session.measure(candidate, 1000 + history.next_number)  # each run its own data order, as on a GPU
            kept = value is not None and value < best
            history.add(
                AttemptEnded(
                    number=history.next_number,
                    verdict="keep" if kept else "discard",
                    reason="-",
                    operator=suggestion.operator,
                    hypothesis=suggestion.hypothesis,
                    commit=_name(candidate),
                    parent=_name(incumbent),
                )
            )
            if kept and value is not None:
                incumbent, best = candidate, value
    except TimeoutError:
        pass
    assert first is not None and best is not None
    return incumbent, first - best


def at_random(session: Session, start: str, seed: int, preferred: Mapping[str, tuple[str, ...]] | None = None) -> tuple[str, float]:
    """Whole settings at random, one run each; the best single run wins."""
    draw = random.Random(seed)
    first = session.measure(start, 1)
    assert first is not None
    best, best_value = start, first
    try:
        while True:
            candidate = start
            for knob in knobs({"train.py": start}, preferred):
                literal = draw.choice((knob.literal, *knob.choices)) if knob.choices else knob.at(draw.random())
                if literal is not None:
                    candidate = with_literal(candidate, knob, literal)
            value = session.measure(candidate, 1000 + session.spent)
            if value is not None and value < best_value:
                best, best_value = candidate, value
    except TimeoutError:
        return best, first - best_value


WAYS = {"greedy": greedy, "random": at_random, "ours": ours}


# ---------------------------------------------------------------- A/A and power


def edits(session: int, count: int, effect: float, *, paired: bool, unlike: float = 0.0, no_ops: float = 0.0) -> tuple[int, int]:
    """Kept edits out of `count` in one session, and the runs that they took; noise has sd 1 for a paired difference.

    effect: true gain in those sds. paired: the metric repeats itself on a seed, so the incumbent's scores are used again.
    unlike: edits scatter differently, by a log-normal factor of this sd. no_ops: chance of a removal of dead code before each
    edit; it changes no result and is kept, and neither it nor its runs are counted.
    """
    draw = random.Random(f"{session}/{effect}/{paired}")
    single = math.sqrt(0.5)
    plan = _plan(0)
    first = [draw.gauss(0, single) for _ in range(5)]
    again = first[:1] if paired else [draw.gauss(0, single) for _ in range(5)]
    calibration = calibrate(first, again, plan, [1.0])
    incumbent, groups, kept, runs, idle = first, list[list[float]](), 0, 5 if paired else 10, 0
    for _ in range(count):
        while no_ops and draw.random() < no_ops:
            groups.append(_removal(noise_of(calibration, groups), draw, plan.thresholds, scatter=0.0 if paired else 1.0))
        noise, gains = noise_of(calibration, groups), list[float]()
        scale = math.exp(draw.gauss(0, unlike)) if unlike else 1.0
        decision = "more"
        while decision == "more":
            if paired and len(gains) == len(incumbent):  # a seed that the incumbent has not been asked for yet
                incumbent.append(draw.gauss(0, single))
                runs += 1
            old = incumbent[len(gains)] if paired else draw.gauss(0, single)
            gains.append(effect + scale * (old - draw.gauss(0, single)))
            runs += 1 if paired else 2
            decision = decide(gains, noise, plan.thresholds, 0)
        groups.append(gains)
        if decision == "accept":
            fresh = [effect + scale * (draw.gauss(0, single) - draw.gauss(0, single))]
            while not beyond_doubt(fresh, noise):
                fresh.append(effect + scale * (draw.gauss(0, single) - draw.gauss(0, single)))
            runs += 2 * len(fresh)
            if confirmed(fresh, plan.thresholds, simpler=False, noise=noise):
                kept, idle = kept + 1, -1
        idle += 1
        if paired and idle in (0, 5):  # a keep brings its own seeds, a pivot new ones
            incumbent, runs, idle = [draw.gauss(0, single) for _ in range(5)], runs + (2 if idle == 0 else 5), 0
    return kept, runs


def _removal(noise: Noise, draw: random.Random, thresholds: Thresholds, *, scatter: float) -> list[float]:
    """The paired gains of an edit that removes three lines and changes nothing: all the same where a seed repeats itself."""
    gains = [draw.gauss(0, scatter)]
    while decide(gains, noise, thresholds, -3) == "more":
        gains.append(draw.gauss(0, scatter))
    return gains


def strict(session: int, count: int) -> tuple[int, float]:
    """The same null edits under 'strictly better is kept': false keeps, and the gain that is claimed, in sds of one run."""
    draw = random.Random(session)
    best = first = draw.gauss(0, 1)
    kept = 0
    for _ in range(count):
        value = draw.gauss(0, 1)
        if value < best:
            best, kept = value, kept + 1
    return kept, first - best


def table_of_edits(sessions: int, first: int = 0) -> list[str]:
    lines = [f"{'metric':<10}{'edits':<10}{'true gain (sd)':>16}{'kept %':>9}{'runs per edit':>15}"]
    alike, kinds = (0.0, 0.5, 1.0, 1.25, 1.5, 2.0, 3.0), {"unlike": {"unlike": 0.8}, "no-ops": {"no_ops": 0.1}}
    rows = [("alike", effect, dict[str, float]()) for effect in alike]
    rows += [(name, effect, given) for name, given in kinds.items() for effect in (0.0, 2.0)]
    for paired in (True, False):
        for name, effect, given in rows:
            found = [edits(session, 40, effect, paired=paired, **given) for session in range(first, first + sessions)]
            kept = 100 * statistics.fmean(kept for kept, _ in found) / 40
            runs = statistics.fmean(runs for _, runs in found) / 40
            lines.append(f"{'repeats' if paired else 'varies':<10}{name:<10}{effect:>16.2f}{kept:>9.1f}{runs:>15.1f}")
    naive = [strict(session, 100) for session in range(first, first + sessions)]
    lines.append(
        f"strictly better, one run, 100 null edits: {statistics.fmean(k for k, _ in naive):.1f} false keeps, "
        f"{statistics.fmean(g for _, g in naive):.1f} sd of gain claimed"
    )
    return lines


def table_of_searches(sessions: int, runs: int, sd: float, first: int = 0) -> list[str]:
    """first: number of the first session; a session's number seeds its noise and its proposer."""
    lines = [
        f"{'way':<8}{'true value':>12}{'sd':>8}{'true gain':>11}{'claimed':>9}   ({runs} runs, noise sd {sd}, {sessions} sessions)"
    ]
    start = true_value(LANDSCAPE)
    for name, way in WAYS.items():
        ends = [way(Session(noisy(sd, session), runs), LANDSCAPE, session) for session in range(first, first + sessions)]
        values = [true_value(source) for source, _ in ends]
        claimed = statistics.fmean(gain for _, gain in ends)
        mean = statistics.fmean(values)
        lines.append(f"{name:<8}{mean:>12.4f}{statistics.stdev(values):>8.4f}{start - mean:>11.4f}{claimed:>9.4f}")
    return lines


# ---------------------------------------------------------------- tiny_lm


class Trainer:
    """Real training runs of a kit's train.py, in the laboratory, one at a time."""

    def __init__(self, kit: str, budget_s: float, scored_bytes: int, folder: Path) -> None:
        """folder: of the runs' files. What was timed and prepared is kept for the next benchmark on this machine."""
        from researchclaw.adapters.isolation.choice import choose_isolation
        from researchclaw.adapters.laboratory import LocalLaboratory
        from researchclaw.kits import kit_folder, load_kit

        self.kit = load_kit(kit_folder(kit))
        self.harness = kit_folder(kit).parent.parent / "harness"
        self._budget_s, self._scored_bytes = budget_s, scored_bytes
        self._lab = LocalLaboratory(
            kits_root=kit_folder(kit).parent, state=STATE, run_folder=folder, isolation=choose_isolation(STATE), workers=1
        )

    @property
    def data(self) -> Path:
        """The folder with the prepared splits."""
        return self._lab.prepared(self.kit.name)[0]

    def steps(self, source: str) -> int:
        """As many as the budget pays for."""
        from researchclaw.experiment_cli import steps_in_budget

        return steps_in_budget(self._lab, self.kit.name, self.kit.train_py, source, self._budget_s)

    def score(self, source: str, seed: int, *, steps: int, whole: bool = False) -> float | None:
        from stages.contracts import TrainingRequest

        request = TrainingRequest(
            kit=self.kit.name,
            kit_sha256=self.kit.kit_sha256,
            condition="candidate",
            train_py=source,
            seed=seed,
            steps=steps,
            budget_s=self._budget_s,
            scored_bytes=None if whole else self._scored_bytes,
            purpose="development",
        )
        (record,) = self._lab.measure([request])
        return record.measurement.value if record.measurement else None


def table_of_kit(kit: str, runs: int, budget_s: float, sessions: int, scored_bytes: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="researchclaw-benchmark-") as folder:
        trainer = Trainer(kit, budget_s, scored_bytes, Path(folder))
        start, metric = trainer.kit.train_py, trainer.kit.metric.name
        lines = [f"{'way':<8}{'fresh ' + metric:>18}{'claimed':>9}   ({runs} runs of {budget_s} s)"]

        def score(source: str, seed: int, whole: bool = False) -> float | None:
            return trainer.score(source, seed, steps=trainer.steps(source), whole=whole)

        for name, way in WAYS.items():
            for session in range(sessions):
                end, claimed = way(Session(score, runs), start, session, trainer.kit.tunable)
                fresh = [score(end, seed, whole=True) for seed in (900_001, 900_002)]
                shown = statistics.fmean(value for value in fresh if value is not None)
                lines.append(f"{name:<8}{shown:>18.4f}{claimed:>9.4f}")
                print(lines[-1], file=sys.stderr, flush=True)
    return lines


def table_of_planted(sessions: int, attempts: int, budget_s: float, scored_bytes: int, journal: Path) -> list[str]:
    import planted_gains as planted

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="researchclaw-benchmark-") as folder:
        trainer = Trainer("tiny_lm", budget_s, scored_bytes, Path(folder))
        plain = trainer.kit.train_py
        steps = trainer.steps(plain)
        workshop = planted.Workshop(plain, trainer.data, trainer.harness, scored_bytes)
        ours, theirs = workshop.value(plain, 1, steps), trainer.score(plain, 1, steps=steps)
        if ours != theirs:
            raise SystemExit(f"this process gives {ours}, the laboratory {theirs} for the same run; nothing was measured")
        measure = planted.measured(workshop, planted.Notebook(journal), plain, steps, scored_bytes)
        tell(f"{steps} steps of the plain version; this process and the laboratory agree: {ours}")
        return planted.tables(measure, plain, sessions, attempts, trainer.kit.tunable, tell)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("aa", "landscape", "kit", "planted"), default="aa")
    parser.add_argument("--sessions", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0, help="aa, landscape: number of the first session; the rules saw 0 to 399")
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--sd", type=float, default=0.02)
    parser.add_argument("--kit", default="tiny_lm")
    parser.add_argument("--budget", type=float, default=5.0)
    parser.add_argument("--scored-bytes", type=int, default=None, help="default: kit 65536, planted 32768 as `loop start --kit`")
    parser.add_argument("--attempts", type=int, default=15, help="planted: of the rule-based proposer in a session")
    parser.add_argument("--journal", type=Path, default=STATE / "planted.jsonl", help="planted: scores, so that it goes on")
    given = parser.parse_args()
    if given.what == "aa":
        lines = table_of_edits(given.sessions or 400, given.seed)
    elif given.what == "landscape":
        lines = table_of_searches(given.sessions or 20, given.runs, given.sd, given.seed)
    elif given.what == "planted":
        lines = table_of_planted(given.sessions or 10, given.attempts, given.budget, given.scored_bytes or 32768, given.journal)
    else:
        lines = table_of_kit(given.kit, given.runs, given.budget, given.sessions or 1, given.scored_bytes or 65536)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
