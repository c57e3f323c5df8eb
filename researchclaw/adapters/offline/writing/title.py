"""Title and claim: the finding at its shortest."""

from __future__ import annotations

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.language import capital
from researchclaw.adapters.offline.writing.reading import Study


def title(study: Study) -> str:
    """Names the subject and how the question came out; no numeral, no claim that needs one."""
    names = [factor.label for factor in study.factors]
    subject = capital(" against ".join(names) if study.record.goal.contest else capital(study.about))
    place = tables.title_place(study, subject) if study.tables else f" in {study.record.goal.domain} under a fixed short budget"
    if study.verdict == "uncompared":
        return f"{subject}{place}: first measurements"
    ending = {
        "held": "a prediction that held" if len(study.trials) == 1 else "predictions that held",
        "failed": "a prediction that failed" if len(study.trials) == 1 else "predictions that failed",
        "open": _open_ending(study),
        "mixed": _mixed_ending(study),
    }[study.verdict]
    return f"{subject}{place}: {ending}"


def _open_ending(study: Study) -> str:
    """An undecided prediction of sameness may go with a clear difference."""
    lone = len(study.trials) == 1
    if any(trial.clear for trial in study.trials):
        return "a prediction left undecided" if lone else "predictions left undecided"
    return "a difference that paired seeds do not resolve" if lone else "differences that paired seeds do not resolve"


def _mixed_ending(study: Study) -> str:
    main = study.primary.outcome
    more = len(study.counted("held")) > 1
    return {
        "held": "the main prediction held, another failed"
        if study.counted("failed")
        else "predictions that held, and one left open"
        if more and len(study.trials) - len(study.counted("held")) == 1
        else "predictions that held beside open ones"
        if more
        else "the main prediction held, the rest stays open",
        "failed": "the main prediction failed, another held"
        if study.counted("held")
        else "the main prediction failed, the rest stays open"
        if len(study.counted("failed")) == 1
        else "predictions that failed beside an open one"
        if len(study.counted("failed")) + 1 == len(study.trials)
        else "predictions that failed beside open ones",
        "open": "an undecided main question and some clearer answers"
        if study.counted("held") or study.counted("failed")
        else "differences that paired seeds do not resolve",
        "uncompared": "an incomplete test of several predictions",
    }[main]


def claim(study: Study) -> str:
    """The paper's one claim, with its value by key."""
    trial = study.primary
    a, b = trial.treatment.id, trial.reference.id
    if trial.outcome == "uncompared":
        return f"The runs give first values for {study.about}; they are too few for a comparison."
    return (
        f"{capital(study.training(trial.treatment))} {study.cmp(a, b)} {study.training(trial.reference)} "
        f"({study.confidence} interval of the paired difference {study.interval(a, b)} {study.metric.unit})."
    )
