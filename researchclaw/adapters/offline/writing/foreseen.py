"""Outcomes that a kit foresaw: which of its sentences for practice has its condition come true."""

from __future__ import annotations

import re
from collections.abc import Mapping

from researchclaw.adapters.offline.writing.language import (
    cited,
    printable,
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Factor

_ALIKE = re.compile(
    r"\b(told apart|separated|no difference|hardly|agree|does not matter|harmless|no harm|costs? nothing|changes? nothing|suffices?|"
    r"keeps? (?:up|pace))\b",
    re.IGNORECASE,
)
_UNRESOLVED = re.compile(r"\b(told apart|separated|within noise)\b", re.IGNORECASE)
"""Of the outcomes without a difference, those that an open verdict makes true; the others assert that there is none."""
_AHEAD = re.compile(r"\b(wins?|ahead|helps?|large gain)\b", re.IGNORECASE)
_BEHIND = re.compile(r"\b(harm|behind)\b", re.IGNORECASE)
_OUTCOME_WORDS = re.compile(
    r"\b(if|is|are|comes?|out|falls?|does|do|gives?|by|a|an|the|all|at|in|within|even|despite|clear\w*|margin|noise|equal size|"
    r"short runs?|this depth|fewer steps|large gain|no harm|harm|ahead|behind|wins?|helps?|steadily|costs? nothing|changes? nothing|"
    r"suffices?|keeps? (?:up|pace)|harmless)\b",
    re.IGNORECASE,
)


def fitting(study: Study, factor: Factor) -> str:
    """The practice sentence whose condition came true, empty where none did."""
    trials = [trial for trial in study.trials if factor.name in trial.treatment.levels and trial.treatment.role == "treatment"]
    trials = [trial for trial in trials if trial.outcome != "uncompared"]
    for sentence in factor.practice if trials else ():
        text = cited(sentence, study.record.citable)
        if text and printable(text, study.names) and came_true(text.split(",")[0], study, factor, trials):
            return text
    return ""


def came_true(condition: str, study: Study, factor: Factor, trials: list[Trial]) -> bool:
    """Whether an 'If …' condition is the outcome. Strict: one whose words name no measured level is true of none.

    Ahead asks for the leading mean and a clear verdict, behind for a clear loss, alike for sameness that was predicted and held.
    """
    verdicts = {trial.treatment.levels[factor.name]: trial.result.verdict for trial in trials if trial.result is not None}
    base = next(level.name for level in factor.levels if level.is_baseline)
    leading = study.leader.levels.get(factor.name, base)
    named, whole = _named(condition, factor)
    if re.search(r"\bfewer steps\b", condition) and not _makes_fewer_steps(study, trials, factor, leading):
        return False
    absent = next((level.name for level in factor.levels if level.label.startswith("no ") and not level.is_baseline), None)
    if whole and absent is not None and not _ALIKE.search(condition):  # 'if clipping does harm' is told by the runs without it
        wanted = "worse" if _AHEAD.search(condition) else "better"
        return verdicts.get(absent) == wanted
    if _ALIKE.search(condition):
        if _UNRESOLVED.search(condition):
            return not set(verdicts.values()) & {"better", "worse"}
        concerned = [trial for trial in trials if whole or trial.treatment.levels[factor.name] in named]
        return bool(concerned) and all(_shown_alike(trial) for trial in concerned)
    if _AHEAD.search(condition):
        small = any(trial.size_against_prediction == "smaller" for trial in trials if trial.treatment.levels[factor.name] == leading)
        return _is_ahead(named, whole, base, leading, verdicts) and not ("large" in condition and small)
    return _BEHIND.search(condition) is not None and is_behind(named, whole, base, verdicts)


def _makes_fewer_steps(study: Study, trials: list[Trial], factor: Factor, leading: str) -> bool:
    steps = study.results.conditions[study.baseline.id].steps
    return any(
        study.results.conditions[trial.treatment.id].steps < steps
        for trial in trials
        if trial.treatment.levels[factor.name] == leading and study.has_value(trial.treatment.id)
    )


def _is_ahead(named: frozenset[str], whole: bool, base: str, leading: str, verdicts: Mapping[str, str]) -> bool:
    """The leading level is one of those named, or any change of the factor, and its lead is clear."""
    if base in named:
        outside = [verdict for level, verdict in verdicts.items() if level not in named]
        return leading in named and bool(outside) and all(verdict == "worse" for verdict in outside)
    return (whole or leading in named) and verdicts.get(leading) == "better"


def is_behind(named: frozenset[str], whole: bool, base: str, verdicts: Mapping[str, str]) -> bool:
    """The levels named, or every clear change of the factor, lose clearly; the baseline does where every other level leads clearly."""
    if whole:
        return "worse" in verdicts.values() and "better" not in verdicts.values()
    if base in named:  # behind only one of several is not behind
        return bool(verdicts) and all(verdict == "better" for verdict in verdicts.values())
    measured = [verdicts[level] for level in named if level in verdicts]
    return bool(measured) and all(verdict == "worse" for verdict in measured)


def _shown_alike(trial: Trial) -> bool:
    """Sameness had been predicted within a margin and held; failing to tell apart does not show it."""
    return trial.hypothesis.predicts == "same" and trial.outcome == "held"


def _named(condition: str, factor: Factor) -> tuple[frozenset[str], bool]:
    """(levels that the condition's words single out, whether it speaks of the factor as a whole)."""
    said = _stems(_OUTCOME_WORDS.sub(" ", condition))
    of_factor = _stems(" ".join((factor.label, factor.name.replace("_", " "))))
    words = said - of_factor
    if not words:
        return frozenset(), bool(said)
    # A word of the label weighs more: 'constant' is also said of a schedule that only begins so.
    fits = {
        level.name: len(words & (_stems(" ".join((level.label, *level.words))) - of_factor))
        + len(words & (_stems(level.label) - of_factor))
        for level in factor.levels
    }
    top = max(fits.values())
    return frozenset(name for name, fit in fits.items() if fit == top > 0), False


def _stems(text: str) -> set[str]:
    """Words of content, crudely without endings."""
    return {
        re.sub(r"(er|est|s|ing|ed)$", "", word) for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 3 and word not in _EMPTY
    }


_EMPTY = frozenset(
    {"start", "starts", "with", "from", "that", "this", "than", "then", "when", "model", "models", "rate", "rates", "training"}
)
