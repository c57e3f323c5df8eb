"""Is the record whole, and does an attempt give the same again?"""

from __future__ import annotations

from dataclasses import dataclass

from researchclaw.journal import Journal, entries
from researchclaw.loop import anchor
from researchclaw.loop.contracts import AttemptEnded, ProcessEnded, Score
from researchclaw.loop.history import History, history_of
from researchclaw.loop.repository import GitRefusedError, Repository
from researchclaw.loop.scorers import Scorer
from researchclaw.loop.store import LoopStore, attempts_tsv, results_tsv
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
    """Chain, end, commits, refs and tables of a run against each other.

    What a kill leaves behind and the next process mends is no fault: a ref of the next attempt or repair that has no event
    yet, a branch that has not moved to the last keep yet, tables that lack the last rows, a last ref of the log's head that
    names an earlier entry than the last one.

    Raises:
        JournalDamaged: a line was changed or inserted, or one that is not the last was removed.
    """
    head, refs, tip = anchor.found(run, repository), repository.refs(run.attempt_refs), repository.ref(run.branch)
    tables = {name: (run.folder / name).read_text(encoding="utf-8") if (run.folder / name).exists() else None for name in _TABLES}
    lines = list(entries(run.log_path))  # after what a process at work writes later than its entries
    history = history_of(lines)
    faults = [why] if (why := anchor.fault(head, lines)) is not None else []
    numbers = [attempt.number for attempt in history.attempts]
    faults += [
        f"attempt {number} has {numbers.count(number)} verdicts" for number in sorted(set(numbers)) if numbers.count(number) > 1
    ]
    keys = [(entry.kind, entry.key) for entry in lines if entry.key is not None]
    if len(keys) != len(set(keys)):
        faults.append(f"{len(keys) - len(set(keys))} scores stand twice")
    faults += _commits(run, repository, history)
    faults += [f"{name} has no event in the log" for name in refs if not _known(name.removeprefix(run.attempt_refs), history)]
    if tip not in _tips(history):
        faults.append(f"{run.branch} points to {(tip or 'nothing')[:7]}, the log ends at {history.incumbent[:7]}")
    whole = lines[-1].type == ProcessEnded.__name__
    for name, made in _TABLES.items():
        have, meant = tables[name], made(history)
        may_lag = have is None or (have != "" and meant.startswith(have) and have.endswith("\n"))
        if have != meant and (whole or not may_lag):
            faults.append(f"{name} is not what the log says")
    events = sum(entry.kind == Journal.EVENT for entry in lines)
    scores = sum(entry.kind == "score" for entry in lines)
    return Checked(len(lines), events, scores, len(history.attempts), tuple(faults))


_TABLES = {"results.tsv": results_tsv, "attempts.tsv": attempts_tsv}


def _commits(run: LoopStore, repository: Repository, history: History) -> list[str]:
    faults = []
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
    return faults


def _known(name: str, history: History) -> bool:
    """Whether '<number>.<revision>' is an attempt of the log, or the next thing that would have become one."""
    number, _, revision = name.partition(".")
    if not (number.isdecimal() and revision.isdecimal()):
        return False
    revisions = sum(of == int(number) for of, _ in history.proposed)
    return int(revision) <= revisions and int(number) <= history.next_number


def _tips(history: History) -> set[str | None]:
    """Where the branch may point."""
    tips: set[str | None] = {history.incumbent}
    if history.ended is None:
        if history.attempts and history.attempts[-1].verdict == "keep":
            tips.add(history.attempts[-1].parent)
        if not history.proposed and not history.attempts:
            tips.add(None)
    return tips


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
