"""What is known about a run at this moment, computed from its events alone; a resumed process sees what the killed one saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from researchclaw.journal import Entry, Journal
from researchclaw.loop.contracts import (
    AttemptEnded,
    Calibrated,
    Calibration,
    FinalEstimate,
    HeldOut,
    Learned,
    Lesson,
    LoopEnded,
    LoopStarted,
    NoFinalEstimate,
    ProcessEnded,
    ProcessStarted,
    Proposed,
    StrategyChanged,
    Surroundings,
)
from researchclaw.loop.escalation import Standing, standing
from researchclaw.loop.keep_rule import Noise, noise_of
from stages.contracts import Contract
from stages.errors import SettingsError

_EVENTS: tuple[type[Contract], ...] = (
    *(LoopStarted, ProcessStarted, Calibrated, HeldOut, Proposed, AttemptEnded, StrategyChanged, Learned),
    *(FinalEstimate, NoFinalEstimate, LoopEnded),
)


@dataclass
class History:
    """The events so far, sorted into what is asked of them."""

    started: LoopStarted
    calibration: Calibration | None = None
    held_out: list[HeldOut] = field(default_factory=list)
    proposed: dict[tuple[int, int], Proposed] = field(default_factory=dict)
    attempts: list[AttemptEnded] = field(default_factory=list)
    changes: list[StrategyChanged] = field(default_factory=list)
    learned: list[Lesson] = field(default_factory=list)
    final: FinalEstimate | NoFinalEstimate | None = None
    ended: LoopEnded | None = None
    surroundings: Surroundings | None = None
    """Those that the run began in; None: an older version of this program did not record them."""
    seconds: float = 0.0
    """Wall time of the processes in the log; a killed one counts to its last entry."""

    def add(self, event: Contract) -> None:
        match event:
            case Calibrated():
                self.calibration = event.calibration
            case HeldOut():
                self.held_out.append(event)
            case Proposed():
                self.proposed[event.number, event.revision] = event
            case AttemptEnded():
                self.attempts.append(event)
            case StrategyChanged():
                self.changes.append(event)
            case Learned():
                self.learned.append(event.lesson)
            case FinalEstimate() | NoFinalEstimate():
                self.final = event
            case LoopEnded():
                self.ended = event
            case ProcessStarted():
                self.surroundings = self.surroundings or event.surroundings
            case _:
                pass

    # ------------------------------------------------------------ asked of it

    @property
    def keeps(self) -> list[AttemptEnded]:
        return [attempt for attempt in self.attempts if attempt.verdict == "keep"]

    @property
    def incumbent(self) -> str:
        """The commit that the next attempt starts from."""
        keeps = self.keeps
        return (keeps[-1].commit or self.started.base) if keeps else self.started.base

    @property
    def pending(self) -> list[int]:
        """Attempts that were proposed and have no verdict yet."""
        ended = {attempt.number for attempt in self.attempts}
        return sorted({number for number, _ in self.proposed} - ended)

    @property
    def next_number(self) -> int:
        return max([0, *(attempt.number for attempt in self.attempts), *(number for number, _ in self.proposed)]) + 1

    @property
    def standing(self) -> Standing:
        return standing(self.attempts, self.changes)

    @property
    def noise(self) -> Noise:
        assert self.calibration is not None
        return noise_of(self.calibration, [attempt.deltas for attempt in self.attempts])

    @property
    def tried(self) -> frozenset[str]:
        return frozenset(proposed.fingerprint for proposed in self.proposed.values())

    def seeds(self, commit: str, count: int) -> tuple[int, ...]:
        """Development seeds of an incumbent. After a keep they are the ones that had confirmed it, so that its score on them was not
        selected for: a lucky winner would raise the bar for all that follow. A pivot changes them, so that luck does not last."""
        number = next((attempt.number for attempt in self.attempts if attempt.commit == commit), 0)
        later = tuple(seed + 100 * self.standing.pivots for seed in fresh_seeds(number, count))
        return later if commit == self.incumbent else fresh_seeds(number, count)


def fresh_seeds(number: int, count: int) -> tuple[int, ...]:
    """Seeds that belong to one attempt; those of number 0 to the baseline."""
    return tuple(1000 * number + 1 + index for index in range(count))


FINAL_SEEDS = 10**8
"""Where the seeds of the final comparison begin."""


def history_of(lines: Sequence[Entry]) -> History:
    """From the entries of a log.

    Raises:
        SettingsError: the log does not begin with a loop's start.
    """
    kinds = {kind.__name__: kind for kind in _EVENTS}
    history: History | None = None
    for line in lines:
        if line.kind != Journal.EVENT or line.type not in kinds:
            continue
        event = kinds[line.type].model_validate(line.body)
        if isinstance(event, LoopStarted):
            history = History(event)
        elif history is not None:
            history.add(event)
    if history is None:
        raise SettingsError("the log holds no start of a loop; remove the run's folder and start again.")
    history.seconds = wall_seconds(lines)
    return history


def wall_seconds(lines: Sequence[Entry]) -> float:
    """Of all processes in a log: what each said at its end; of one that was killed, from its start to its last entry.

    Logs of older programs tell no starts; their killed processes count nothing.
    """
    total = 0.0
    first: Entry | None = None
    last: Entry | None = None
    for line in lines:
        if line.type == ProcessStarted.__name__:
            total += _between(first, last)
            first = last = line
        elif line.type == ProcessEnded.__name__:
            total += ProcessEnded.model_validate(line.body).seconds
            first = last = None
        elif first is not None:
            last = line
    return total + _between(first, last)


def _between(first: Entry | None, last: Entry | None) -> float:
    if first is None or last is None:
        return 0.0
    return max((datetime.fromisoformat(last.at) - datetime.fromisoformat(first.at)).total_seconds(), 0.0)
