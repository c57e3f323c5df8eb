"""Phrases that several sections have in common."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.changes import changes_in_words
from researchclaw.adapters.offline.writing.language import capital, listing, printable
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Contrast, PairedComparison

LEAST_PRINTED = 0.0005
"""The smallest size that three decimals print as more than zero."""


def worth_stating(mde: float | None) -> bool:
    """A detectable difference that is more than zero as printed."""
    return mde is not None and mde >= LEAST_PRINTED


def lean_means(study: Study, lean: Contrast) -> str:
    """'3.045 against 3.168 bpb': the means of an ablation and of the baseline."""
    return f"{study.value(lean.id, 'mean', 'f3')} against {study.value(study.baseline.id, 'mean', 'f3')} {study.metric.unit}"


def kept_change(study: Study) -> str:
    """What the search kept, with its value where it is one number for another: 'n-gram tables (2 in the place of 0)'."""
    start = study.conditions[study.record.incumbent or study.baseline.id]
    words = listing(changes_in_words([attempt for attempt in study.record.attempts if attempt.verdict == "keep"]))
    return f"{words}{values_kept(study, start)}"


def main_prediction(study: Study, trial: Trial) -> str:
    """'The main prediction, a gain for linear decay, fails': without a period, for where the values have been given."""
    fate = {"held": "holds", "failed": "fails", "open": "stays undecided", "uncompared": "has no answer"}[trial.outcome]
    margin = study.cfg(f"predicted_{trial.hypothesis.id}", "f3")
    even = f"no difference beyond {margin} {study.metric.unit}" if margin and trial.hypothesis.predicted_size > 0 else "no difference"
    kind = {"same": even, "better": "a gain", "worse": "a loss"}[trial.hypothesis.predicts]
    return f"The main prediction, {kind} for {study.label(trial.treatment)}, {fate}"


def beside_the_question(study: Study, *, briefly: bool = False) -> str:
    """That the search changed nothing which the study asks about, as the end of a sentence; empty where that is not certain."""
    kept = [attempt for attempt in study.record.attempts if attempt.verdict == "keep"]
    names = {name for attempt in kept for name in attempt.settings}
    about = {name for factor in study.factors for level in factor.levels for name in level.settings}
    if not names or names & about or any(attempt.edits for attempt in kept):
        return ""
    if briefly:
        return f"; of {listing([factor.named for factor in study.factors])} this says nothing"
    shared = listing([factor.named.removeprefix("the ") for factor in study.factors])
    return f"; both have the same {shared}, about which this says nothing"


def values_kept(study: Study, incumbent: Contrast) -> str:
    """' (0.95 in the place of 0.99)', where the change is one number for another."""
    kept = [attempt for attempt in study.record.attempts if attempt.verdict == "keep"]
    names = [name.lower() for attempt in kept for name in attempt.settings]
    if len(names) != 1:
        return ""
    new = study.cfg(f"tuned_{names[0]}", "text")
    old = study.cfg(f"{incumbent.id}_{names[0]}", "text") or study.cfg(names[0], "text")
    return f" ({new} in the place of {old})" if new and old else ""


def question_sentence(study: Study) -> str | None:
    """The user's question where it can stand in the paper as it is; None when it holds typed numbers."""
    question = study.record.goal.question.strip()
    if not printable(question, study.names) or not 4 <= len(question.split()) <= 40:
        return None
    return capital(question if question.endswith("?") else f"{question.rstrip('.')}?")


def once_adjusted(trial: Trial) -> str:
    """Why a verdict is withheld from an interval that leaves out zero; empty where none is."""
    return "" if trial.result is None else withheld(trial.result)


def only_adjusted(result: PairedComparison) -> bool:
    """Whether the interval leaves out zero and the adjusted test alone withholds the verdict."""
    low, high = result.ci95_low, result.ci95_high
    return result.verdict == "not distinguishable" and low is not None and high is not None and not low <= 0 <= high


def withheld(result: PairedComparison) -> str:
    """What has to follow 'does not differ clearly from ...' where the interval itself leaves out zero; empty elsewhere."""
    return " once the test is adjusted, although the interval itself leaves out zero" if only_adjusted(result) else ""


def fresh_seeds(study: Study, start: Contrast) -> str:
    """'three fresh seeds', the number by key: those that the searched setting shares with the condition that it started from."""
    result = study.comparison("tuned", start.id)
    if result is None:
        return "fresh seeds"
    return f"{study.pair('pairs', 'tuned', start.id, 'words')} fresh seed{'' if result.n == 1 else 's'}"
