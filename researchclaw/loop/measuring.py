"""Scores and guards through the log: what was measured once is looked up, never paid for again."""

from __future__ import annotations

from researchclaw.journal import Journal
from researchclaw.loop.contracts import GuardRequest, GuardResult, Score, ScoreRequest
from researchclaw.loop.scorers import Scorer
from researchclaw.loop.store import LoopStore


class StoppedError(Exception):
    """Somebody asked the loop to stop; it can be resumed."""


class Measuring:
    """A scorer behind the log of a run. Threads may share it."""

    def __init__(self, store: LoopStore, journal: Journal, scorer: Scorer) -> None:
        self._store, self._journal, self._scorer = store, journal, scorer

    def check_stop(self) -> None:
        """Raises: StoppedError: between two runs is the place to stop."""
        if self._scorer.stop.is_set() or self._store.stop_requested:
            raise StoppedError

    def score(self, tree: str, seed: int, salt: str = "", *, whole: bool = False) -> Score:
        """From the log, or measured now and written there. salt: see `ScoreRequest`. whole: see `Scorer.score`; it needs a salt."""
        self.check_stop()
        return self._journal.once(
            "score", ScoreRequest(tree=tree, seed=seed, salt=salt), Score, lambda: self._scorer.score(tree, seed, whole=whole)
        )

    def guard(self, tree: str, command: str, salt: str) -> GuardResult:
        self.check_stop()
        request = GuardRequest(tree=tree, command=command, salt=salt)
        return self._journal.once("guard", request, GuardResult, lambda: self._scorer.guard(tree, command))
