"""What was predicted, by whom and with which arguments."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import (
    Voice,
    a_or_an,
    cited,
    ended,
    has_citation,
    listing,
    lowered,
    paragraph,
    printable,
    sentences,
)
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Statement


def hypotheses_opening(study: Study, voice: Voice) -> str:
    several = len(study.trials) > 1
    sizes = study.cfg(f"predicted_{study.primary.hypothesis.id}", "f3") is not None
    directed = any(trial.hypothesis.predicts != "same" for trial in study.trials)
    even = any(trial.hypothesis.predicts == "same" for trial in study.trials)
    return paragraph(
        voice.say(
            "hypotheses",
            f"{'The hypotheses were' if several else 'The hypothesis was'} set by rule: the arguments for and against a change, and the cautions on method, are "
            "those of a fixed table, and nobody discussed them.",
            f"{'Each hypothesis' if several else 'The hypothesis'} comes from a fixed table that holds, for every setting, an argument for it, one against it and a "
            "guess of what it does; no discussion took place.",
        )
        if study.by_rules
        else voice.say(
            "hypotheses",
            f"{'Each hypothesis' if several else 'The hypothesis'} was argued for by a proponent, against by a skeptic and checked by a methodologist "
            "before a chair settled its wording.",
            f"{'The hypotheses' if several else 'The hypothesis'} came out of a debate on record between a proponent, a skeptic and a methodologist, "
            "closed by the ruling of a chair.",
        ),
        voice.say(
            "hypotheses sizes",
            "The sizes given are guesses made before any run, kept so that they can be held against the data.",
            "All sizes are guesses from before the first run.",
        )
        if sizes
        else "",
        voice.say(
            "refuted directed",
            "A predicted gain or loss is refuted when the whole interval of the paired difference lies on the other side of zero.",
            "What would refute a gain or a loss was fixed with it: an interval that lies wholly on the other side of zero.",
        )
        if directed
        else "",
        voice.must(
            "refuted even",
            "A prediction of sameness is supported when the whole interval lies within the margin registered on either side of "
            "zero, refuted when it lies wholly beyond that margin, and undecided otherwise.",
            "Sameness counts as supported by an interval that lies wholly within the registered margin and as refuted by an interval "
            "wholly beyond it; any other interval leaves it undecided.",
        )
        if even
        else "",
    )


def hypothesis_told(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    debate = trial.hypothesis.debate
    return paragraph(
        _prediction(study, voice, trial, place),
        _rationale(study, voice, trial),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "proponent"], "for"),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "skeptic"], "against"),
        _turn(study, voice, trial, [turn for turn in debate if turn.role == "methodologist"], "method"),
        voice.say(f"parts {trial.hypothesis.id}", f"The arguments for and against {trial.treatment.label} are those on its parts.")
        if trial.treatment.role == "combination"
        else "",
    )


def _prediction(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    hypothesis = trial.hypothesis
    size = study.cfg(f"predicted_{hypothesis.id}", "f3")
    a, b = study.training(trial.treatment), study.training(trial.reference)
    about = f", by about {size} {study.metric.unit}" if size and hypothesis.predicted_size > 0 else ""
    name = "main hypothesis" if place == 0 else f"hypothesis on {study.name(trial.treatment)}"
    if hypothesis.predicts == "same":
        if hypothesis.predicted_size == 0:
            return voice.must(
                "hypothesis of no difference",
                f"Between {a} and {b} no difference is predicted at all, a statement that data can refute but never prove.",
                f"The {name} is that {a} and {b} end alike; no margin was granted, so it can be refuted and not confirmed.",
            )
        margin = f"by no more than {size} {study.metric.unit}" if size else "by less than a margin fixed in advance"
        return voice.must(
            "hypothesis of sameness",
            f"The {name} is that {'it' if place else a} and {b} differ {margin}, which would be too little to matter.",
            f"For {study.name(trial.treatment)} we predict a score that {b} would reach as well: the means should differ {margin}.",
            f"About {study.name(trial.treatment)} the expectation is that nothing of note happens, the distance to {study.name(trial.reference)} staying within the "
            "margin fixed in advance."
            if not size
            else f"About {study.name(trial.treatment)} the expectation is that nothing of note happens; {size} {study.metric.unit} is the most by which it may "
            f"part from {study.name(trial.reference)}.",
        )
    side = "below" if (hypothesis.predicts == "better") == study.metric.lower_is_better else "above"
    label, unit = study.name(trial.treatment), study.metric.label
    if place == 0:
        return voice.say(
            f"hypothesis {hypothesis.id}",
            f"The main hypothesis is that {a} ends {side} {b} in {unit}{about}.",
            f"Above all we predict that the {unit} reached by {a} will lie {side} what {b} reaches{about}.",
        )
    return voice.must(
        "hypothesis",
        f"For {label} our guess is that its runs end {side} those with {study.label(trial.reference)}{about}."
        if study.baseline_label != "the baseline"
        else f"For {label} our guess is that its runs end {side} those of the baseline{about}.",
        f"A {'gain' if hypothesis.predicts == 'better' else 'loss'} is foreseen for {label} against {study.name(trial.reference)}{about}.",
        f"For {label} the prediction is {a_or_an(hypothesis.predicts)} score than {study.name(trial.reference)} would give{about}.",
        f"We expect {a} to do {hypothesis.predicts} than {b}{about}.",
        f"The score of {a} is predicted to fall {side} that of {b}{about}.",
    )


def _rationale(study: Study, voice: Voice, trial: Trial) -> str:
    text = cited(trial.hypothesis.rationale, study.record.citable)
    if not text or not printable(text, study.names):
        return ""
    keys = [f"@{work.key}" for _, level in study.levels(trial.treatment) for work in study.works_of_level(level)][:3]
    if keys and not has_citation(text):
        text = f"{text.rstrip('.')} [{'; '.join(keys)}]"
    return voice.say(f"rationale {trial.hypothesis.id}", ended(text))


_TURN_FRAMES = {
    "for": (
        "The proponent argued that {text}.",
        "In its favour it was said that {text}.",
        "What speaks for it is that {text}.",
        "The case for it rests on the thought that {text}.",
    ),
    "against": (
        "The skeptic replied that {text}.",
        "Against this it was held that {text}.",
        "The objection is that {text}.",
        "The skeptic was not convinced: {text}.",
    ),
    "for a setting": (
        "For {label} it can be said that {text}.",
        "An argument for {label} is that {text}.",
        "What speaks for {label} is that {text}.",
    ),
    "against a setting": (
        "Against it stands that {text}.",
        "The table objects that {text}.",
        "What speaks against {label} is that {text}.",
    ),
    "method of a setting": (
        "On method the table notes that {text}.",
        "A caution on method is that {text}.",
    ),
    "for the change": (
        "What could yet speak for {label} is that {text}.",
        "In favour of {label}, against the prediction, it can be said that {text}.",
        "Had {label} a case, it would be that {text}.",
    ),
    "against the change": (
        "The prediction rests on the thought that {text}.",
        "A loss is foreseen with {label} because {text}.",
        "Against {label} it was held that {text}.",
    ),
    "method": (
        "On method it was noted that {text}.",
        "The methodologist pointed out that {text}.",
        "A caution concerned method: {text}.",
    ),
}


_OF_A_SETTING = {"for": "for a setting", "against": "against a setting", "method": "method of a setting"}
"""What a fixed table says of a setting was said by nobody."""


def _turn(study: Study, voice: Voice, trial: Trial, turns: list[Statement], side: str) -> str:
    """One role's words on a hypothesis; several sentences of it stand as they are after the first."""
    for turn in turns[:1]:
        text = cited(turn.text, study.record.citable)
        if not text or not printable(text, study.names):
            continue
        if not voice.fresh(text) or (side == "method" and _reserved(study, trial, turn)):
            continue
        if text.lower().startswith(f"the {turn.role}"):
            return voice.say(f"turn {trial.hypothesis.id} {side}", ended(text))
        first, *more = sentences(text)
        # Rules argue for and against the change; 'the case for it' would be one for the prediction, be it a loss or no difference.
        loss = trial.hypothesis.predicts == "worse" and side != "method"
        key = side if not study.by_rules else f"{side} the change" if loss else _OF_A_SETTING[side]
        said = voice.turn(
            f"turn {key}", *(frame.format(text=lowered(first), label=study.name(trial.treatment)) for frame in _TURN_FRAMES[key])
        )
        return paragraph(said, *(voice.say(f"turn {trial.hypothesis.id} {side} {sentence}", ended(sentence)) for sentence in more))
    return ""


def _reserved(study: Study, trial: Trial, turn: Statement) -> bool:
    """A confounder that is kept for the limitations; the first hypothesis may spend one where enough remain."""
    confounders = [text for factor in study.factors for text in factor.confounders]
    return turn.text in confounders and (trial.hypothesis.id != study.primary.hypothesis.id or len(confounders) < 3)


def hypotheses_refused(study: Study, voice: Voice) -> str:
    refused = [hypothesis for hypothesis in study.record.hypotheses.rejected if hypothesis.treatment in study.conditions]
    if not refused:
        return ""
    labels = listing(list(dict.fromkeys(study.conditions[hypothesis.treatment].label for hypothesis in refused)))
    if study.by_rules:
        return voice.say(
            "refused",
            f"A prediction about {labels} stands in the same table and was not pursued, because the number of conditions is limited.",
            f"To keep the number of conditions within its limit, {labels} had to be left out.",
        )
    return voice.say(
        "refused",
        f"Considered and not pursued was a hypothesis about {labels}; the reasons of the chair are kept with the plan.",
        f"The chair turned down a hypothesis about {labels}, so it forms no part of what follows.",
    )
