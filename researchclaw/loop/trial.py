"""One revision of one attempt on its way to a verdict: development seeds, guards, fresh seeds, the price in lines."""

from __future__ import annotations

import re
from statistics import fmean

from researchclaw.loop.contracts import AttemptEnded, Proposed, Score, Verdict
from researchclaw.loop.history import History, fresh_seeds
from researchclaw.loop.keep_rule import MAX_PAIRS, Noise, beyond_doubt, confirmed, decide, interval, worth_its_lines
from researchclaw.loop.measuring import Measuring
from stages.errors import ExperimentFailed


class Trial:
    """One revision of one attempt on its way to a verdict."""

    def __init__(self, measuring: Measuring, history: History, proposed: Proposed, old_tree: str, noise: Noise) -> None:
        """old_tree: of the version that the attempt changes. noise: as it was known when the attempt began."""
        self._measuring, self._history, self._proposed, self._noise = measuring, history, proposed, noise
        self._plan = history.started.plan
        self._old = old_tree
        self._gains: list[float] = []
        self._values: list[float] = []
        self._seeds: list[int] = []
        self._fresh: list[float] = []
        self._fresh_seeds: list[int] = []
        self._fresh_values: list[float] = []
        self._old_values: list[float] = []
        self._scores: list[Score] = []
        self._verdict: Verdict = "discard"
        self._reason = ""
        self._signature: str | None = None
        self.guard_failed: str | None = None
        self._guarded = False

    def search(self) -> Score | None:
        """Run until there is a verdict; the failing score, if that is why."""
        proposed = self._proposed
        pairs = 1 if proposed.screening else MAX_PAIRS
        decision = "drop"
        for seed in self._history.seeds(proposed.parent, pairs):
            failed = self._pair(seed, self._gains, self._values, self._seeds)
            if failed is not None:
                return self._failed(failed)
            if proposed.screening:
                self._verdict, self._reason = "inconclusive", "a run of the screening design"
                return None
            decision = decide(self._gains, self._noise, self._plan.thresholds, self._lines)
            if decision != "more":
                break
        if decision in ("accept", "simpler"):
            return self._accepted(simpler=decision == "simpler")
        self._verdict = "inconclusive" if decision == "undecided" else "discard"
        mean = fmean(self._gains)
        self._reason = f"gain {mean:+.6g} after {_counted(len(self._gains), 'pair')} " + ("is not shown" if mean > 0 else "is none")
        return None

    @property
    def _lines(self) -> int:
        return self._proposed.added - self._proposed.removed

    def _pair(self, seed: int, gains: list[float], values: list[float], seeds: list[int]) -> Score | None:
        """Candidate and incumbent on one seed; the candidate's score when it has no value."""
        proposed = self._proposed
        assert self._history.calibration is not None
        again = "" if self._history.calibration.repeatable else f"{proposed.number}.{proposed.revision}"
        new = self._measuring.score(proposed.tree, seed, again)
        self._scores.append(new)
        if new.value is None:
            return new
        old = self._measuring.score(self._old, seed, again and f"{again} incumbent")
        if old.value is None:
            raise ExperimentFailed(f"the incumbent gave no number on seed {seed} ({old.reason}); the verify command is not reliable.")
        gains.append(self._plan.gain(new.value, old.value))
        values.append(new.value)
        seeds.append(seed)
        self._old_values.append(old.value)
        return None

    def _failed(self, score: Score) -> Score:
        assert score.verdict != "ok"
        self._verdict, self._reason = score.verdict, score.reason or score.verdict
        if score.verdict == "crash":
            self._signature = re.sub(r"\d+|0x[0-9a-f]+", "#", self._reason)[:200]
        return score

    def _accepted(self, *, simpler: bool) -> Score | None:
        """Guards, then fresh seeds, then the price in lines."""
        proposed, plan = self._proposed, self._plan
        for command in plan.guards:
            guard = self._measuring.guard(proposed.tree, command, f"{proposed.number}.{proposed.revision}")
            self._guarded = True
            if not guard.passed:
                self.guard_failed = f"`{command}`: {guard.reason}"
                self._verdict, self._reason = "guard-failed", self.guard_failed
                return None
        count = 1 if self._noise.deterministic else plan.thresholds.confirmations
        for seed in fresh_seeds(proposed.number, count):
            failed = self._pair(seed, self._fresh, self._fresh_values, self._fresh_seeds)
            if failed is not None:
                return self._failed(failed)
            if beyond_doubt(self._fresh, self._noise) and not simpler and len(self._fresh) < 3:
                break
        gain = fmean(self._fresh)
        if not confirmed(self._fresh, plan.thresholds, simpler=simpler, noise=self._noise):
            self._verdict, self._reason = "inconclusive", f"gain {gain:+.6g} on fresh seeds does not confirm {fmean(self._gains):+.6g}"
        elif not simpler and not worth_its_lines(gain, self._lines, fmean(self._old_values), self._noise, plan.thresholds):
            self._verdict, self._reason = "discard", f"a gain of {gain:.3g} is not worth {self._lines} more lines"
        elif simpler:
            self._verdict, self._reason = "keep", f"no worse ({gain:+.6g} on fresh seeds), and {-self._lines} lines less"
        else:
            self._verdict, self._reason = "keep", f"gain {gain:+.6g} on {_counted(len(self._fresh), 'fresh seed')}"
        return None

    def ended(self) -> AttemptEnded:
        proposed = self._proposed
        counted, values = (self._fresh, self._fresh_values) if self._fresh else (self._gains, self._values)
        gain, low, high = interval(counted, self._noise) if counted else (None, None, None)
        guard = "failed" if self.guard_failed else "passed" if self._guarded else "not run" if self._plan.guards else "none"
        return AttemptEnded.model_validate(
            {
                "number": proposed.number,
                "verdict": self._verdict,
                "reason": self._reason,
                "operator": proposed.operator,
                "hypothesis": proposed.hypothesis,
                "commit": proposed.commit,
                "parent": proposed.parent,
                "seeds": tuple(self._seeds),
                "deltas": tuple(self._gains),
                "fresh_seeds": tuple(self._fresh_seeds),
                "fresh_deltas": tuple(self._fresh),
                "value": fmean(values) if values else None,
                "gain": gain,
                "low": low,
                "high": high,
                "runs": len(self._scores),
                "seconds": sum(score.wall_s for score in self._scores),
                "peak_memory_mb": max((score.peak_memory_mb for score in self._scores), default=0.0),
                "guard": guard,
                "lines": self._lines,
                "screening": proposed.screening,
                "crash_signature": self._signature,
            }
        )


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
