"""The loop: calibrate, propose, commit, judge, keep or reset; until a reason to stop. Resuming is running it again.

Every decision is computed from the log (history.py), and every score is written there before it is used, so a process that
is killed anywhere loses at most the run that was going on, and nothing is counted twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Literal, TypeVar

from researchclaw.journal import Journal
from researchclaw.loop import door, escalation, lessons
from researchclaw.loop.anchor import Anchor
from researchclaw.loop.contracts import (
    AttemptEnded,
    Calibrated,
    FailedRun,
    FinalEstimate,
    HeldOut,
    Learned,
    LoopEnded,
    NoFinalEstimate,
    ProcessEnded,
    ProcessStarted,
    Proposed,
    Score,
    StrategyChanged,
    Surroundings,
)
from researchclaw.loop.history import FINAL_SEEDS, History, fresh_seeds
from researchclaw.loop.keep_rule import Noise, calibrate, final_interval
from researchclaw.loop.measuring import Measuring, StoppedError
from researchclaw.loop.proposers.proposer import Failure, Proposer, Situation, Suggestion
from researchclaw.loop.repository import GitRefusedError, Repository
from researchclaw.loop.scorers import InterruptedScoringError, Scorer
from researchclaw.loop.store import LoopStore
from researchclaw.loop.trial import Trial
from stages.contracts import Contract
from stages.errors import ExperimentFailed, MalformedAnswer

logger = logging.getLogger(__name__)

Tell = Callable[[Contract], None]
Done = TypeVar("Done")


class BaselineFailedError(ExperimentFailed):
    """The unchanged version gives no number, or breaks a guard."""

    exit_code = 2


@dataclass(frozen=True)
class _Judged:
    """An attempt with its verdict, before the keep of another attempt of its batch may overrule it."""

    ended: AttemptEnded
    fresh_gain: float | None


class Engine:
    """One process at work on one run; it holds the run's lock."""

    def __init__(
        self,
        store: LoopStore,
        journal: Journal,
        repository: Repository,
        scorer: Scorer,
        proposer: Proposer,
        tell: Tell | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        """tell: is called with every event after it is on disk.

        Raises:
            JournalDamaged: the log does not hold what was written to it.
        """
        self._store, self._journal, self._repository = store, journal, repository
        self._scorer, self._proposer = scorer, proposer
        self._measuring = Measuring(store, journal, scorer)
        self._tell = tell or (lambda _: None)
        self.history: History = store.history()
        self._plan = self.history.started.plan
        self._began = time.monotonic()
        self._surroundings = surroundings
        self._anchor = Anchor(store, repository, self.history.started.base)
        self._files: dict[str, dict[str, str]] = {}
        self._noting = threading.Lock()

    # ------------------------------------------------------------ the run

    def run(self) -> LoopEnded | None:
        """Work until the run ends; None when somebody asked it to stop before.

        Raises:
            BaselineFailedError: there is no baseline.
            ExperimentFailed, SandboxUnavailable, SourceUnavailable, BudgetSpent: as from the ports.
        """
        if self.history.ended is not None:
            return self.history.ended
        self._anchor.drop(*self._journal.head)
        self._journal.note(ProcessStarted(surroundings=self._surroundings))
        try:
            self._learn()
            self._calibrate()
            self._repository.point(self._store.branch, self.history.incumbent)
            while (reason := self._reason_to_end()) is None:
                self._climb()
                if (reason := self._reason_to_end()) is not None:
                    break
                if not self._batch():
                    reason = "The proposer has nothing left to try."
                    break
            self._finish(reason)
        except (StoppedError, InterruptedScoringError):
            logger.info("loop %s was asked to stop", self._store.run_id)
        finally:
            self._store.write_views(self.history)
            self._journal.note(ProcessEnded(seconds=time.monotonic() - self._began))
            self._anchor.drop(*self._journal.head)
        return self.history.ended

    def _note(self, event: Contract) -> None:
        with self._noting:
            self._journal.note(event)
            self.history.add(event)
            if isinstance(event, RESULTS):
                self._anchor.drop(*self._journal.head)
        self._tell(event)

    def _learn(self) -> None:
        """Write the lessons down that are due; a kill may have come between an event and its lesson."""
        for lesson in lessons.due(self._store.run_id, self.history):
            self._note(Learned(lesson=lesson))

    def _calibrate(self) -> None:
        """Five seeds of the baseline, and enough of them twice to see whether a seed repeats itself."""
        base = self._repository.tree_of(self.history.started.base)
        if self.history.calibration is None:
            seeds = fresh_seeds(0, self._plan.calibration_runs)
            scores = self._at_once([partial(self._baseline, base, seed, "") for seed in seeds])
            repeats: list[Score] = []
            if not self._scorer.repeatable:
                repeats.append(self._baseline(base, seeds[0], "again"))
                if repeats[0].value != scores[0].value:
                    repeats += [self._baseline(base, seed, "again") for seed in seeds[1:]]
            for command in self._plan.guards:
                guard = self._measuring.guard(base, command, "baseline")
                if not guard.passed:
                    raise BaselineFailedError(f"the guard `{command}` fails before any change ({guard.reason}); mend it first.")
            calibration = calibrate(
                [_value(score) for score in scores],
                [_value(score) for score in repeats] or [_value(scores[0])],
                self._plan,
                [score.wall_s for score in scores],
            )
            self._note(Calibrated(calibration=calibration))
        assert self.history.calibration is not None
        self._scorer.expect(self.history.calibration.seconds)
        self._hold_out("baseline", base)

    def _baseline(self, tree: str, seed: int, salt: str) -> Score:
        score = self._measuring.score(tree, seed, salt)
        if score.value is None:
            raise BaselineFailedError(f"the verify command gives no number for the unchanged version ({score.reason}); mend it first.")
        return score

    def _hold_out(self, what: Literal["baseline", "final"], tree: str) -> None:
        if (self._plan.holdout is None and self._plan.kit is None) or any(look.what == what for look in self.history.held_out):
            return
        self._measuring.check_stop()
        score = self._scorer.held_out(tree)
        self._note(HeldOut(what=what, value=score.value, reason=score.reason))

    def _reason_to_end(self) -> str | None:  # noqa: PLR0911 (a list of reasons)
        plan, attempts = self._plan, self.history.attempts
        if self.history.pending:
            return None
        if plan.iterations is not None and len(attempts) >= plan.iterations:
            return f"The {plan.iterations} attempts of the plan were made."
        spent = self.history.seconds + time.monotonic() - self._began
        if plan.budget_s is not None and spent >= plan.budget_s:
            return f"The budget of {plan.budget_s:.0f} s is spent."
        if plan.propose and len(attempts) >= len(plan.propose):
            return "Every patch that was proposed was tried."
        if (crash := escalation.repeated_crash(attempts)) is not None:
            return f"The same crash came {escalation.SAME_CRASH} times: {crash}"
        if not plan.propose and escalation.next_step(self.history.standing) == "stop":
            return f"{escalation.STOP_AFTER} changes of strategy in a row brought nothing that could be kept."
        return None

    def _climb(self) -> None:
        """Take the rungs of the ladder that are due."""
        while self.history.attempts and not self.history.pending and not self._plan.propose:
            step = escalation.next_step(self.history.standing)
            if step is None or step == "stop":
                return
            last = self.history.attempts[-1]
            banned = escalation.commonest(self.history.attempts)
            reasons = {
                "refine": f"{escalation.REFINE_AFTER} attempts in a row were not kept: smaller steps",
                "pivot": f"{escalation.PIVOT_AFTER} attempts in a row were not kept: {banned} is set aside",
                "widen": f"{escalation.WIDEN_AFTER} changes of strategy without a keep: structural changes and pairs are opened",
            }
            change = StrategyChanged(to=step, after=last.number, banned=banned if step == "pivot" else None, reason=reasons[step])
            self._note(change)
            self._learn()

    # ------------------------------------------------------------ proposing

    def _batch(self) -> bool:
        """Judge what is pending, else new proposals, as many as run at once; False when there was nothing to propose."""
        pending = self.history.pending
        if not pending:
            room = self._plan.parallel
            if self._plan.iterations is not None:
                room = min(room, self._plan.iterations - len(self.history.attempts))
            made = [self._propose() for _ in range(max(room, 1))]
            if not any(made):
                return False
            pending = self.history.pending
        noise = self.history.noise
        work = [self.history.proposed[number, 0] for number in pending]
        judged = self._at_once([partial(self._judge, proposed, noise) for proposed in work])
        # The best of a batch moves the branch; the others were judged against a version that is then no longer the incumbent.
        for one in sorted(
            judged, key=lambda one: (-(one.fresh_gain if one.fresh_gain is not None else float("-inf")), one.ended.number)
        ):
            self._end(one.ended)
        self._store.write_views(self.history)
        return True

    def _at_once(self, work: Sequence[Callable[[], Done]]) -> list[Done]:
        """The results of the calls, as many at a time as the plan allows; the first that fails breaks off the others."""
        if len(work) <= 1 or self._plan.parallel == 1:
            return [one() for one in work]
        with ThreadPoolExecutor(self._plan.parallel, thread_name_prefix="attempt") as pool:
            futures = [pool.submit(one) for one in work]
            try:
                return [future.result() for future in futures]
            except BaseException:
                self._scorer.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _propose(self) -> bool:
        """Ask for one change and commit it; False when there is none. One that the door refuses is an attempt, too."""
        self._measuring.check_stop()
        number = self.history.next_number
        situation = self._situation(number)
        try:
            suggestion = self._proposer.propose(situation)
            if suggestion is None:
                return False
            self._commit(suggestion, number, 0, situation)
        except DOOR as exc:
            self._note(self._refused(number, exc))
        return True

    def _situation(self, number: int) -> Situation:
        incumbent = self.history.incumbent
        files, tried = self._scope_files(incumbent), self.history.tried
        base = door.fingerprint(self._scope_files(self.history.started.base).items())

        def is_new(changes: Mapping[str, str | None]) -> bool:
            mark = door.fingerprint(_with(files, changes).items())
            return mark not in tried and mark != base and mark != door.fingerprint(files.items())

        return Situation(
            number=number,
            plan=self._plan,
            history=self.history,
            files=files,
            tree=self._repository.tree_of(incumbent),
            is_new=is_new,
        )

    def _scope_files(self, commit: str) -> dict[str, str]:
        """Text files in scope."""
        if commit not in self._files:
            entries = [e for e in self._repository.entries(commit) if e.is_file and door.in_scope(e.path, self._plan.scope)]
            contents = self._repository.blobs([entry.id for entry in entries])
            texts = {entry.path: _text(content) for entry, content in zip(entries, contents, strict=True)}
            self._files[commit] = {path: text for path, text in texts.items() if text is not None}
        return self._files[commit]

    def _commit(self, suggestion: Suggestion, number: int, revision: int, situation: Situation) -> Proposed:
        """Through the door, into a commit with a ref of its own, into the log: in this order, before anything runs.

        Raises:
            DoorClosedError, GitRefusedError
        """
        repository, parent = self._repository, self.history.incumbent
        if revision:
            parent = self.history.proposed[number, 0].parent
        old = repository.tree_of(parent)
        if suggestion.patch is not None:
            tree = repository.patched(old, suggestion.patch)
        else:
            for path in suggestion.files:
                door.check_path(path)
            tree = repository.written(old, {p: t.encode() if t is not None else None for p, t in suggestion.files.items()})
        added, removed = door.check(repository, old, tree, self._plan.scope)
        message = f"experiment {number}: {' '.join(suggestion.hypothesis.split())[:120]}\n\noperator: {suggestion.operator}\n"
        commit = repository.commit(tree, parent, message)
        mark = door.fingerprint(self._scope_files(commit).items())
        if mark in situation.history.tried:
            earlier = next(p.number for p in situation.history.proposed.values() if p.fingerprint == mark)
            raise door.DoorClosedError(f"the same code was tried in attempt {earlier}")
        if mark == door.fingerprint(self._scope_files(parent).items()):
            raise door.DoorClosedError("the change alters layout or comments only")
        repository.point(self._store.attempt_ref(number, revision), commit)
        proposed = Proposed(
            number=number,
            revision=revision,
            proposer=self._proposer.name,
            operator=suggestion.operator,
            hypothesis=" ".join(suggestion.hypothesis.split())[:400],
            commit=commit,
            tree=tree,
            parent=parent,
            fingerprint=mark,
            added=added,
            removed=removed,
            screening=suggestion.screening,
        )
        self._note(proposed)
        return proposed

    def _refused(self, number: int, exc: Exception) -> AttemptEnded:
        return AttemptEnded(
            number=number,
            verdict="rejected",
            reason=str(exc),
            operator="refused",
            hypothesis="refused at the door",
            commit=None,
            parent=self.history.incumbent,
        )

    # ------------------------------------------------------------ judging

    def _judge(self, first: Proposed, noise: Noise) -> _Judged:
        """Search seeds, guards, fresh seeds; with repairs and reworks where the proposer offers them."""
        repairs = reworks = 0
        while True:
            proposed = self.history.proposed[first.number, repairs + reworks]
            trial = Trial(self._measuring, self.history, proposed, self._repository.tree_of(proposed.parent), noise)
            failure = trial.search()
            if failure is not None and failure.verdict == "crash" and repairs < escalation.MAX_REPAIRS:
                if self._mended(proposed, Failure("crash", failure.reason or "it crashed", proposed, *self._version(proposed))):
                    repairs += 1
                    continue
            elif (
                trial.guard_failed is not None
                and reworks < escalation.MAX_REWORKS
                and self._mended(proposed, Failure("guard", trial.guard_failed, proposed, *self._version(proposed)))
            ):
                reworks += 1
                continue
            ended = trial.ended().model_copy(update={"repairs": repairs, "reworks": reworks})
            return _Judged(ended, ended.gain if ended.verdict == "keep" else None)

    def _version(self, proposed: Proposed) -> tuple[dict[str, str], str]:
        return self._scope_files(proposed.commit), proposed.tree

    def _mended(self, proposed: Proposed, failure: Failure) -> bool:
        """Whether there is a next revision of the attempt, in the log already or made now."""
        revision = proposed.revision + 1
        if (proposed.number, revision) in self.history.proposed:
            return True
        self._measuring.check_stop()
        situation = replace(self._situation(proposed.number), tree=self._repository.tree_of(proposed.parent))
        try:
            suggestion = self._proposer.mend(situation, failure)
            if suggestion is None:
                return False
            self._commit(suggestion, proposed.number, revision, situation)
        except DOOR as exc:
            logger.info("the repair of attempt %d was refused: %s", proposed.number, exc)
            return False
        return True

    def _end(self, ended: AttemptEnded) -> None:
        """Write the verdict down; a keep moves the branch."""
        if ended.verdict == "keep" and ended.parent != self.history.incumbent:
            why = "better than the version that it changed, but another attempt was kept meanwhile"
            ended = ended.model_copy(update={"verdict": "inconclusive", "reason": why})
        self._note(ended)
        if ended.verdict == "keep":
            assert ended.commit is not None
            self._repository.point(self._store.branch, ended.commit)
            self._learn()

    # ------------------------------------------------------------ the end

    def _finish(self, reason: str) -> None:
        """The baseline and the last version on seeds that no decision has seen, the sealed test, the lesson."""
        history, plan = self.history, self._plan
        base, best = history.started.base, history.incumbent
        if best != base:
            if history.final is None and plan.thresholds.final_seeds:
                self._estimate_final(base, best)
            self._hold_out("final", self._repository.tree_of(best))
        improved = best != base and _shown(history.final, asked=plan.thresholds.final_seeds > 0)
        if not any(lesson.outcome == "end" for lesson in history.learned):
            self._note(Learned(lesson=lessons.lesson_of_end(self._store.run_id, history, reason)))
        self._note(LoopEnded(reason=reason, improved=improved))

    def _estimate_final(self, base: str, best: str) -> None:
        assert self.history.calibration is not None
        count = 1 if self.history.noise.deterministic else self._plan.thresholds.final_seeds
        seeds = tuple(FINAL_SEEDS + index for index in range(count))
        old, new = self._repository.tree_of(base), self._repository.tree_of(best)
        scores = self._at_once([partial(self._final, tree, seed) for seed in seeds for tree in (old, new)])
        pairs = list(zip(seeds, scores[::2], scores[1::2], strict=True))
        whole = [(seed, a.value, b.value) for seed, a, b in pairs if a.value is not None and b.value is not None]
        runs = [(seed, version, score) for seed, a, b in pairs for version, score in (("baseline", a), ("last", b))]
        failed = tuple(
            FailedRun.model_validate({"seed": seed, "version": version, "reason": score.reason or score.verdict})
            for seed, version, score in runs
            if score.value is None
        )
        if not whole:
            self._note(NoFinalEstimate(failed=failed))
            return
        gains = [self._plan.gain(new_value, old_value) for _, old_value, new_value in whole]
        mean, low, high = final_interval(gains, self.history.noise)
        self._note(
            FinalEstimate(
                seeds=tuple(seed for seed, _, _ in whole),
                deltas=tuple(gains),
                gain=mean,
                low=low,
                high=high,
                baseline=fmean(value for _, value, _ in whole),
                value=fmean(value for _, _, value in whole),
                failed=failed,
            )
        )

    def _final(self, tree: str, seed: int) -> Score:
        return self._measuring.score(tree, seed, "final", whole=True)


RESULTS = (Calibrated, HeldOut, AttemptEnded, FinalEstimate, NoFinalEstimate, LoopEnded)
"""Events after which the head of the log is written down outside of it: one git process each."""

DOOR = (door.DoorClosedError, GitRefusedError, MalformedAnswer)
"""Refusals that cost the proposer its attempt and nothing else."""


def _shown(final: FinalEstimate | NoFinalEstimate | None, *, asked: bool) -> bool:
    """Is the last version better than the baseline? Seeds on which it failed are no reason to look at the others only."""
    if not isinstance(final, FinalEstimate):
        return final is None and not asked
    return final.low > 0 and not any(run.version == "last" for run in final.failed)


def _value(score: Score) -> float:
    assert score.value is not None
    return score.value


def _text(content: bytes) -> str | None:
    if len(content) > door.MAX_FILE_BYTES or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _with(files: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    new = {path: text for path, text in files.items() if path not in changes}
    return new | {path: text for path, text in changes.items() if text is not None}
