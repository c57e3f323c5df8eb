"""Is the record whole, and does an attempt give the same again?"""

from __future__ import annotations

from dataclasses import dataclass

from researchclaw.journal import Journal, entries
from researchclaw.loop.contracts import AttemptEnded, Score
from researchclaw.loop.repository import GitRefusedError, Repository
from researchclaw.loop.scorers import Scorer
from researchclaw.loop.store import LoopStore, results_tsv
from stages.errors import SettingsError


@dataclass(frozen=True)
class Checked:
    """What `verify-log` found; `faults` is empty when all is well."""

    entries: int
    events: int
    scores: int
    attempts: int
    faults: tuple[str, ...]


def verify_log(run: LoopStore, repository: Repository) -> Checked:
    """Chain, order, commits, refs and tables of a run against each other.

    Raises:
        JournalDamaged: a line was changed, removed or inserted.
    """
    lines = list(entries(run.log_path))
    history = run.history()
    faults: list[str] = []
    numbers = [attempt.number for attempt in history.attempts]
    faults += [
        f"attempt {number} has {numbers.count(number)} verdicts" for number in sorted(set(numbers)) if numbers.count(number) > 1
    ]
    keys = [(entry.kind, entry.key) for entry in lines if entry.key is not None]
    if len(keys) != len(set(keys)):
        faults.append(f"{len(keys) - len(set(keys))} scores stand twice")
    for (number, revision), proposed in history.proposed.items():
        ref = run.attempt_ref(number, revision)
        try:
            if repository.tree_of(proposed.commit) != proposed.tree:
                faults.append(f"attempt {number}: its commit does not hold its tree")
        except GitRefusedError:
            faults.append(f"attempt {number}: commit {proposed.commit[:7]} is gone")
            continue
        if repository.ref(ref) != proposed.commit:
            faults.append(f"attempt {number}: {ref} does not point to {proposed.commit[:7]}")
    tip = repository.ref(run.branch)
    if history.ended is not None and tip != history.incumbent:
        faults.append(f"{run.branch} points to {(tip or 'nothing')[:7]}, the log ends at {history.incumbent[:7]}")
    table = run.folder / "results.tsv"
    if history.ended is not None and (not table.exists() or table.read_text(encoding="utf-8") != results_tsv(history)):
        faults.append("results.tsv is not what the log says")
    events = sum(entry.kind == Journal.EVENT for entry in lines)
    scores = sum(entry.kind == "score" for entry in lines)
    return Checked(len(lines), events, scores, len(history.attempts), tuple(faults))


def attempt_of(run: LoopStore, number: int) -> AttemptEnded:
    """Raises: SettingsError: there is none."""
    for attempt in run.history().attempts:
        if attempt.number == number:
            return attempt
    raise SettingsError(f"loop {run.run_id} has no attempt {number} with a verdict; see `researchclaw loop report`.")


def replayed(run: LoopStore, repository: Repository, scorer: Scorer, number: int) -> tuple[tuple[int, Score | None, Score], ...]:
    """Seed, recorded score, score measured now, for every seed of an attempt.

    Raises:
        SettingsError: the attempt was never run.
    """
    attempt = attempt_of(run, number)
    seeds = (*attempt.seeds, *attempt.fresh_seeds)
    if attempt.commit is None or not seeds:
        raise SettingsError(f"attempt {number} was not measured ({attempt.reason}); there is nothing to replay.")
    tree = repository.tree_of(attempt.commit)
    recorded = recorded_scores(run, tree)
    return tuple((seed, recorded.get(seed), scorer.score(tree, seed)) for seed in seeds)


def recorded_scores(run: LoopStore, tree: str) -> dict[int, Score]:
    """The first score of each seed of a version, in the order of the log; the request's hash names it."""
    from researchclaw.journal import request_key
    from researchclaw.loop.contracts import ScoreRequest

    history = run.history()
    found: dict[int, Score] = {}
    by_key = {entry.key: entry for entry in entries(run.log_path) if entry.kind == "score"}
    for attempt in history.attempts:
        revision = attempt.repairs + attempt.reworks
        for seed in (*attempt.seeds, *attempt.fresh_seeds):
            for salt in ("", f"{attempt.number}.{revision}"):
                entry = by_key.get(request_key(ScoreRequest(tree=tree, seed=seed, salt=salt)))
                if entry is not None:
                    found.setdefault(seed, Score.model_validate(entry.body))
    return found
