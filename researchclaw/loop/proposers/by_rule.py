"""The rule-based proposer: typed constants and structural changes, chosen by a bandit over operators.

It is a pure function of the history and the plan's seed: a resumed run proposes what the killed one would have.

Thompson sampling over operators ('LEARNING_RATE up', 'NORM = 'rmsnorm''): each has a Beta belief that it brings a confirmed
gain, fed by the attempts of this run and, at less weight, by the lessons of earlier ones. Each is tried once, the constants
that are known to be strong first; what was kept goes on in its direction, what was worse is tried the other way, and nothing
goes back. Then every seventh attempt or so draws a constant and a value at random. After three discards steps are halved; a
pivot sets the operator's family aside and tries what nearly helped together; widening opens structural changes, patches, pairs.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from researchclaw.loop.contracts import AttemptEnded, Lesson
from researchclaw.loop.escalation import family
from researchclaw.loop.proposers import screening
from researchclaw.loop.proposers.proposer import Failure, Situation, Suggestion
from researchclaw.loop.proposers.search_space import Knob, knobs, same_value, with_literal
from researchclaw.loop.proposers.structural import structural

_STEP, _SMALL_STEP = 0.25, 0.1
_EXPLORE = 0.15  # a guess
# Where others found short-budget gains: batch, learning rate, width, depth, optimiser (facts of eCLIP, SkyPilot, staged screening).
_STRONG = re.compile(r"LEARNING|(^|_)LR($|_)|BATCH|WIDTH|DEPTH|OPTIM|TABLE", re.IGNORECASE)
_LESSON_WEIGHT = 0.5
_NEAR = 4  # near misses that are tried together


class RuleProposer:
    """preferred: constant -> literals to try first, in order of promise (a kit's `tunable`)."""

    name = "rules"

    def __init__(self, preferred: Mapping[str, Sequence[str]] | None = None) -> None:
        self._preferred = dict(preferred or {})

    def propose(self, situation: Situation) -> Suggestion | None:  # noqa: PLR0911 (a ladder of preferences)
        """See `Proposer.propose`."""
        draw = random.Random(f"{situation.plan.seed}/{situation.number}")  # noqa: S311 (no secret)
        space = knobs(situation.files, self._preferred)
        if situation.plan.screen and (row := self._screening_row(situation, space)) is not None:
            return row
        standing = situation.history.standing
        step = _SMALL_STEP if standing.refined else _STEP
        if standing.pivots and (near := _near_misses(situation, space)) is not None:
            return near
        single = list(self._single(situation, space, step))
        banned = set(standing.banned)
        allowed = [suggestion for suggestion in single if family(suggestion.operator) not in banned]
        swept = {s.operator for s in allowed} <= {attempt.operator for attempt in situation.history.attempts}
        if allowed and draw.random() < _EXPLORE * swept and (somewhere := _anywhere(space, situation, draw, banned)) is not None:
            return somewhere
        ranked = self._ranked(allowed, situation, draw)
        for suggestion in ranked:
            if situation.is_new(suggestion.files):
                return suggestion
        if standing.widened and (pair := self._pair(ranked, situation)) is not None:
            return pair
        for suggestion in self._ranked([s for s in single if family(s.operator) in banned], situation, draw):
            if situation.is_new(suggestion.files):
                return suggestion
        if not standing.refined:  # nothing left at this step: the small one
            for suggestion in self._ranked(list(self._single(situation, space, _SMALL_STEP)), situation, draw):
                if situation.is_new(suggestion.files):
                    return suggestion
        return _anywhere(space, situation, draw, set())

    def mend(self, situation: Situation, failure: Failure) -> Suggestion | None:
        """Rules do not repair."""
        return None

    # ------------------------------------------------------------ candidates

    def _single(self, situation: Situation, space: Sequence[Knob], step: float) -> Iterator[Suggestion]:
        for knob in space:
            yield from _moves(knob, situation.files[knob.path], step)
        if situation.history.standing.widened or not space:
            yield from structural(situation.files)
            tried = {attempt.operator for attempt in situation.history.attempts}
            for number, patch in enumerate(situation.plan.patches, start=1):
                if f"patch {number}" not in tried:
                    yield Suggestion(operator=f"patch {number}", hypothesis=first_words(patch), patch=patch)

    def _ranked(self, suggestions: Sequence[Suggestion], situation: Situation, draw: random.Random) -> list[Suggestion]:
        """Best draw first; a direction that has just been kept comes before all."""
        attempts = situation.history.attempts
        beliefs = _beliefs(attempts, situation.history.started.lessons, _screened(situation, self._preferred))
        scores: dict[int, float] = {}
        for place, suggestion in enumerate(suggestions):
            wins, losses = beliefs(suggestion.operator)
            # what the file or kit lists first is meant to be tried first: a small handicap for the others
            scores[place] = draw.betavariate(wins, losses) - 0.002 * place + _hint(suggestion, attempts)
        return [suggestions[place] for place in sorted(scores, key=lambda place: -scores[place])]

    def _pair(self, ranked: Sequence[Suggestion], situation: Situation) -> Suggestion | None:
        """Two changes of different constants at once, the most promising that is new."""
        plain = [suggestion for suggestion in ranked if suggestion.patch is None][:8]
        for place, first in enumerate(plain):
            for second in plain[place + 1 :]:
                if family(first.operator) == family(second.operator):
                    continue
                files = _together(situation.files, [first, second])
                if files is not None and situation.is_new(files):
                    return Suggestion(
                        operator=f"{family(first.operator)}+{family(second.operator)} pair",
                        hypothesis=f"together: {first.hypothesis}; {second.hypothesis}",
                        files=files,
                    )
        return None

    # ------------------------------------------------------------ screening

    def _screening_row(self, situation: Situation, space: Sequence[Knob]) -> Suggestion | None:
        """The next run of the screening design, on the baseline; None when it is over."""
        chosen = _factors(space, situation.files)
        done = sum(attempt.screening for attempt in situation.history.attempts)
        rows = (
            [row for row in dict.fromkeys(screening.design(len(chosen))) if any(row)] if len(chosen) >= 2 else []
        )  # the rest is known
        pending = sum(proposed.screening for proposed in situation.history.proposed.values()) - done
        at = done + max(pending, 0)
        if at >= len(rows) or situation.history.keeps:
            return None
        made = [suggestion for suggestion, change in zip(chosen, rows[at], strict=True) if change]
        files = _together(situation.files, made)
        assert files is not None  # one constant each
        return Suggestion(
            operator=f"screening {at + 1}", hypothesis="screening: " + ", ".join(s.operator for s in made), files=files, screening=True
        )


def _factors(space: Sequence[Knob], files: Mapping[str, str]) -> list[Suggestion]:
    """The first change of each constant, strong ones first."""
    ordered = sorted(space, key=lambda knob: not _STRONG.search(knob.name))
    firsts = [next(_moves(knob, files[knob.path], _STEP), None) for knob in ordered]
    return [suggestion for suggestion in firsts if suggestion is not None][: screening.MAX_FACTORS]


def _screened(situation: Situation, preferred: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Operator -> main effect in units of the largest; empty without a finished screening."""
    runs = {a.operator: a for a in situation.history.attempts if a.screening}
    if not runs:
        return {}
    mentioned = [a.hypothesis.removeprefix("screening: ").split(", ") for a in runs.values()]
    operators = sorted({operator for words in mentioned for operator in words if operator})
    rows, gains = [], []
    for attempt, words in zip(runs.values(), mentioned, strict=True):
        if attempt.deltas:
            rows.append([operator in words for operator in operators])
            gains.append(attempt.deltas[0])
    if len(rows) < 4 or not operators:
        return {}
    effects = screening.main_effects([*rows, [False] * len(operators)], [*gains, 0.0])
    largest = max(abs(effect) for effect in effects) or 1.0
    return {operator: effect / largest for operator, effect in zip(operators, effects, strict=True)}


def _beliefs(
    attempts: Sequence[AttemptEnded], lessons: Sequence[Lesson], screened: Mapping[str, float]
) -> Callable[[str], tuple[float, float]]:
    """Operator -> parameters of the Beta distribution of its chance to be kept."""
    wins: dict[str, float] = defaultdict(float)
    losses: dict[str, float] = defaultdict(float)
    for attempt in attempts:
        if attempt.screening:
            continue
        for operator in (attempt.operator, family(attempt.operator)):
            if attempt.verdict == "keep":
                wins[operator] += 1
            elif attempt.verdict == "inconclusive":
                losses[operator] += 0.3
            else:
                losses[operator] += 1
    for lesson in lessons:
        if lesson.outcome == "keep":
            wins[lesson.operator] += _LESSON_WEIGHT
        elif lesson.outcome == "pivot":
            losses[lesson.operator] += _LESSON_WEIGHT

    def belief(operator: str) -> tuple[float, float]:
        group = family(operator)
        effect = screened.get(operator, 0.0)
        prior = 2.0 if _STRONG.search(group) else 1.0
        return (
            prior + wins[operator] + 0.5 * wins[group] + 4 * max(effect, 0.0),
            3.0 + losses[operator] + 0.3 * losses[group] + 4 * max(-effect, 0.0),
        )

    return belief


def _hint(suggestion: Suggestion, attempts: Sequence[AttemptEnded]) -> float:
    """What the attempts on the same constant say beyond their verdicts, to be added to a draw between 0 and 1 (guesses)."""
    operator, group = suggestion.operator, family(suggestion.operator)
    own = [attempt for attempt in attempts if family(attempt.operator) == group and not attempt.screening]
    keeps = [place for place, attempt in enumerate(own) if attempt.verdict == "keep"]
    kept, since = (own[keeps[-1]].operator, own[keeps[-1] + 1 :]) if keeps else (None, own)
    opposite = _opposite(operator)
    if opposite and kept == operator and not since:
        return 1.0  # further in the same direction
    if (opposite and kept == opposite) or any(_undone(own[place].hypothesis) == suggestion.hypothesis.split()[-1] for place in keeps):
        return -0.4  # back to where it came from
    if any(attempt.operator == operator for attempt in since):
        return -0.2
    if any(attempt.operator == opposite and sum(attempt.deltas) < 0 for attempt in since):
        return 0.8  # the other way is worse
    return 0.6 if _STRONG.search(group) else 0.2  # each once, the strong constants first


def _undone(hypothesis: str) -> str | None:
    """'NORM "a" -> "b"' -> '"a"'."""
    words = hypothesis.split()
    return words[-3] if len(words) >= 3 and words[-2] == "->" else None


def _opposite(operator: str) -> str | None:
    name, _, direction = operator.rpartition(" ")
    other = {"up": "down", "down": "up"}.get(direction)
    return f"{name} {other}" if other else None


def _moves(knob: Knob, text: str, step: float) -> Iterator[Suggestion]:
    for choice in knob.choices:
        if not same_value(choice, knob.literal):
            yield _set(knob, text, choice, f"{knob.name} = {choice}")
    for direction, word in ((1, "up"), (-1, "down")):
        moved = knob.moved(direction, step)
        if moved is not None:
            yield _set(knob, text, moved, f"{knob.name} {word}")


def _near_misses(situation: Situation, space: Sequence[Knob]) -> Suggestion | None:
    """What seemed to help since the last keep and could not be shown alone, together: the gains add up, the noise does not."""
    named = {knob.name: knob for knob in space}
    seemed: dict[str, tuple[float, Suggestion]] = {}
    for attempt in situation.history.attempts:
        if attempt.verdict == "keep":
            seemed = {}
        words = attempt.hypothesis.split(" ")
        knob = named.get(words[0])
        if knob is None or len(words) != 4 or words[1] != knob.literal or sum(attempt.deltas) <= 0 or attempt.fresh_deltas:
            continue
        strength = sum(attempt.deltas) / math.sqrt(len(attempt.deltas))
        if strength > seemed.get(knob.name, (0.0, None))[0]:
            change = _set(knob, situation.files[knob.path], words[3], attempt.operator)
            seemed[knob.name] = strength, change
    best = [change for _, change in sorted(seemed.values(), key=lambda one: -one[0])][:_NEAR]
    for count in range(len(best), 1, -1):
        files = _together(situation.files, best[:count])
        if files is not None and situation.is_new(files):
            return Suggestion(
                operator="+".join(family(change.operator) for change in best[:count]) + " together",
                hypothesis="together: " + "; ".join(change.hypothesis for change in best[:count]),
                files=files,
            )
    return None


def _set(knob: Knob, text: str, literal: str, operator: str) -> Suggestion:
    return Suggestion(
        operator=operator,
        hypothesis=f"{knob.name} {knob.literal} -> {literal}",
        files={knob.path: with_literal(text, knob, literal)},
    )


def _anywhere(space: Sequence[Knob], situation: Situation, draw: random.Random, banned: set[str]) -> Suggestion | None:
    """A constant and a value drawn at random."""
    candidates = [knob for knob in space if knob.name not in banned]
    for _ in range(40 if candidates else 0):
        knob = draw.choice(candidates)
        literal: str | None
        listed = draw.choice(knob.choices) if knob.choices else None
        drawn = knob.at(draw.random())
        literal = listed if drawn is None or (listed is not None and draw.random() < 0.5) else drawn
        if literal is None or same_value(literal, knob.literal):
            continue
        suggestion = _set(knob, situation.files[knob.path], literal, f"{knob.name} anywhere")
        if situation.is_new(suggestion.files):
            return suggestion
    return None


def _together(files: Mapping[str, str], suggestions: Sequence[Suggestion]) -> dict[str, str | None] | None:
    """Several one-line changes at once; None when one of them is no one-line change or two want the same line."""
    lines = {path: files[path].splitlines(keepends=True) for path in files}
    taken: set[tuple[str, int]] = set()
    changed: set[str] = set()
    for suggestion in suggestions:
        for path, text in suggestion.files.items():
            new = (text or "").splitlines(keepends=True)
            if path not in files or len(new) != len(lines[path]):
                return None
            for number, (old_line, new_line) in enumerate(zip(files[path].splitlines(keepends=True), new, strict=True)):
                if old_line != new_line:
                    if (path, number) in taken:
                        return None
                    taken.add((path, number))
                    lines[path][number] = new_line
                    changed.add(path)
    return {path: "".join(lines[path]) for path in changed}


def first_words(patch: str) -> str:
    """What a patch says before its first difference."""
    head = patch.split("\ndiff --git", 1)[0].split("\n--- ", 1)[0]
    words = " ".join(line.lstrip("# ").strip() for line in head.splitlines() if not line.startswith(("diff ", "---", "From ")))
    return " ".join(words.split())[:200] or "a patch"
