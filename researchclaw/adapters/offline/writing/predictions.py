"""What became of one prediction: a paragraph worded by what the data did to it."""

from __future__ import annotations

from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.phrases import once_adjusted, worth_stating
from researchclaw.adapters.offline.writing.reading import Study, Trial


def prediction(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    if trial.result is None:
        missing = [contrast.label for contrast in (trial.treatment, trial.reference) if not study.has_value(contrast.id)]
        why = f"no run of {listing(missing)} ended with a score" if missing else "its conditions share no seed that finished"
        return voice.say(
            f"trial {trial.hypothesis.id}",
            f"The prediction about {trial.treatment.label} could not be put to the test, because {why}.",
        )
    return paragraph(
        _foretold(study, voice, trial, place),
        _difference(study, voice, trial),
        _seeds(study, voice, trial),
        _verdict(study, voice, trial),
        _size(study, voice, trial),
        _resolution(study, voice, trial),
    )


def untested(study: Study, voice: Voice, trials: list[Trial]) -> str:
    """Predictions whose conditions share too few seeds for a comparison: values side by side and nothing else."""
    if not trials:
        return ""
    reference = study.name(trials[0].reference)
    values = listing([f"{study.value(trial.treatment.id, 'mean', 'f3')} for {trial.treatment.label}" for trial in trials])
    base = f"{study.value(trials[0].reference.id, 'mean', 'f3')} {study.metric.unit} for {reference}"
    labels = listing([trial.treatment.label for trial in trials])
    differences = listing([study.pair("diff", trial.treatment.id, trial.reference.id, "signed3") for trial in trials])
    lone = max(trial.n for trial in trials) <= 1
    return paragraph(
        voice.say(
            "few",
            f"A lone run of each condition was made, so nothing is claimed here about {labels} in general."
            if lone
            else f"For {labels} the shared seeds are too few for an interval, so no comparison is made.",
            f"The runs with {labels} are too few to support a comparison, and none is made.",
        ),
        voice.say(
            "few values",
            f"The {'values' if lone else 'means'} stand at {base}, and {values}.",
            f"What can be given is {'the values' if lone else 'the means'} themselves: {base}, and {values}.",
        ),
        voice.say(
            "few differences",
            f"Within shared seeds this amounts to {differences} {study.metric.unit} from the reference, and the predictions stay where they were.",
            f"Set against the reference seed by seed, that is {differences} {study.metric.unit}; every prediction remains untested.",
        ),
    )


def _foretold(study: Study, voice: Voice, trial: Trial, place: int) -> str:
    """What had been predicted, as the paragraph's opening."""
    label, rival = study.name(trial.treatment), study.name(trial.reference)
    main = "The main prediction" if place == 0 else "The prediction"
    if trial.hypothesis.predicts == "same":
        size = study.cfg(f"predicted_{trial.hypothesis.id}", "f3")
        margin = f", give or take {size} {study.metric.unit}" if size and trial.hypothesis.predicted_size > 0 else ""
        return voice.must(
            "foretold same",
            f"{main} for {label} was that it would score as {rival} does{margin}.",
            f"{capital(label)} had been predicted to change nothing of note against {rival}{margin}.",
            f"No difference of note from {rival} had been predicted for {label}{margin}.",
        )
    kind = "gain" if trial.hypothesis.predicts == "better" else "loss"
    return voice.must(
        f"foretold {kind}",
        f"{main} was a {kind} of {label} against {rival}." if kind == "gain" else f"{main} was a loss with {label} against {rival}.",
        f"A {kind} against {rival} had been predicted for {label}.",
        f"For {label} a {kind} against {rival} had been predicted.",
        f"We had predicted a {kind} where {rival} gives way to {label}.",
    )


def _difference(study: Study, voice: Voice, trial: Trial) -> str:
    """The measured difference with its interval, its adjusted p value and the verdict in words."""
    a, b = trial.treatment.id, trial.reference.id
    one, other, unit = study.plain(trial.treatment), study.plain(trial.reference), study.metric.unit
    diff, low, high = (
        study.pair("diff", a, b, "signed3"),
        study.pair("ci_low", a, b, "signed3"),
        study.pair("ci_high", a, b, "signed3"),
    )
    why = once_adjusted(trial)
    p = f", adjusted p {study.test(a, b, 'holm_p')}" if trial.result and trial.result.holm_p is not None else ""
    return voice.must(
        "difference",
        f"The paired difference is {diff} {unit} on average ({study.confidence} interval {low} to {high}{p}): {one} {study.cmp(a, b)} {other}{why}.",
        f"In the runs, {one} {study.cmp(a, b)} {other}{why}; the mean difference is {diff} {unit} and its {study.confidence} interval reaches from {low} to {high}{p}.",
        f"What we observe is {diff} {unit} in the mean, with {low} to {high} as {study.confidence} interval{p}, so that {one} {study.cmp(a, b)} {other}{why}.",
        f"Seed against seed the scores differ by {diff} {unit} on average, within {low} to {high} at {study.confidence} confidence{p}; {one} {study.cmp(a, b)} {other}{why}.",
    )


def _verdict(study: Study, voice: Voice, trial: Trial) -> str:
    """What became of the prediction."""
    of_sameness = trial.hypothesis.predicts == "same"
    options = (_fate_of_sameness if of_sameness else _fate_of_direction)(trial, study.name(trial.treatment))
    return voice.must(f"verdict {trial.hypothesis.predicts} {trial.outcome} {trial.clear}", *options)


def _fate_of_sameness(trial: Trial, label: str) -> tuple[str, ...]:
    if trial.outcome == "open" and not trial.clear and trial.side != "both":
        return (
            f"Taken alone, the interval of {label} leaves out zero; the adjusted p value, which decides, does not fall below the "
            "level of the tests, so that no difference is called, and sameness within the margin is not shown either.",
            f"For {label} it is the adjusted p value that withholds the verdict, since the interval alone leaves out zero; "
            "whether the margin set in advance is kept stays open.",
        )
    return _fate_of_sameness_as_judged(trial, label)


def _fate_of_sameness_as_judged(trial: Trial, label: str) -> tuple[str, ...]:
    if trial.outcome == "held":
        return (
            "This is what was predicted: whatever difference remains is confined to the margin that was set in advance.",
            f"The expectation that {label} would change little is borne out within the margin set in advance.",
            f"For {label} the predicted sameness thereby holds, to within the margin fixed beforehand.",
        )
    if trial.outcome == "failed":
        return (
            "The expected absence of a difference is thereby refuted.",
            f"The expectation that {label} would change nothing that matters has to be given up here.",
            f"For {label} the predicted sameness does not hold, since the whole interval lies beyond the margin fixed beforehand.",
        )
    if trial.clear:
        return (
            f"With {label} something does move; how the size of it stands to the margin declared negligible, the interval leaves open.",
            "There is a difference, then, where none of note had been predicted; but the interval does not tell "
            "whether it is larger than the margin that was declared negligible.",
            f"That {label} would differ by a negligible margin only can be neither upheld nor dismissed, although the sign of the difference is settled.",
        )
    return (
        "Failing to find a difference falls short of showing that there is none, and the interval is too wide for the latter.",
        "Sameness is compatible with this interval, and so are differences that would matter; the prediction stays undecided.",
        f"Neither sameness nor a difference beyond the margin is shown for {label} by an interval that reaches across the margin's edge.",
    )


def _fate_of_direction(trial: Trial, label: str) -> tuple[str, ...]:
    if trial.outcome == "held":
        return (
            "The prediction is supported.",
            "That is the predicted direction, and the interval leaves no room for the other.",
            f"The hypothesis on {label} thereby passes the test that it was given.",
        )
    if trial.outcome == "failed" and not trial.clear:
        return (
            "Although the adjusted test does not call this difference clear, the whole interval lies opposite to the prediction, "
            "which cannot be kept.",
            "The prediction is lost all the same: the interval lies wholly on the other side, even if the adjusted test shies away from a verdict.",
            f"What was predicted for {label} cannot be upheld, since its interval leaves out the predicted side; called clear by the adjusted test it is not.",
        )
    if trial.outcome == "failed":
        return (
            "The prediction failed: the whole interval lies on the side that the hypothesis had excluded.",
            f"The hypothesis on {label} had named the opposite direction and is refuted by this result.",
            "What was predicted did not happen; its reverse did.",
            f"For {label} the result is the reverse of what had been predicted.",
        )
    if trial.side != "both":
        return (
            "Taken alone, the interval would agree with the prediction; taken with all comparisons of the plan, the adjusted test "
            "does not, and the verdict stays open.",
            "The interval lies on the predicted side, but not convincingly once the number of comparisons is accounted for; we leave the prediction undecided.",
            f"For {label} the interval points the predicted way, yet the test across all comparisons does not follow, so nothing is decided.",
        )
    leaning = (
        "the mean lies on the predicted side" if trial.leans_as_predicted else "the mean even lies on the side that was not predicted"
    )
    return (
        f"The prediction is neither confirmed nor refuted: {leaning}, yet the interval reaches across the point of no difference.",
        f"For the hypothesis on {label} this decides nothing; {leaning}, and the seeds do not settle it.",
        f"Although {leaning}, the data on {label} are compatible with either direction.",
    )


def _seeds(study: Study, voice: Voice, trial: Trial) -> str:
    assert trial.result is not None
    a, b = trial.treatment.id, trial.reference.id
    label, rival = study.name(trial.treatment), study.name(trial.reference)
    n, wins = study.pair("pairs", a, b, "words"), study.pair("wins", a, b, "words")
    if trial.ties == trial.n:
        return voice.turn(
            "seeds tied",
            f"On every seed {label} and {rival} score exactly the same, as they would if the change never took hold.",
            f"Not a seed tells {label} from {rival}: their scores are the same to the last digit.",
        )
    if trial.ties:
        return voice.turn(
            "seeds partly tied", f"The count of seeds in favour of {label} is {wins} of {n}, with exact ties among the rest."
        )
    if trial.unanimous:
        ahead = label if trial.result.wins else rival
        return voice.turn(
            "seeds alike",
            f"All {n} seeds agree, in favour of {ahead}.",
            f"The sign is the same for every seed ({study.pair('wins', a, b, 'int')} of {study.pair('pairs', a, b, 'int')} for {label}).",
            f"Seed by seed the picture does not change: all {n} go to {ahead}.",
            f"Not one of the {n} seeds speaks for {rival if trial.result.wins else label}.",
        )
    return voice.turn(
        "seeds split",
        f"The seeds disagree, with {wins} of {n} in favour of {label}.",
        f"The sign of the difference flips between seeds: in {wins} of {n} the first of the pair is ahead.",
        f"With {wins} of {n} seeds on the side of {label}, the sign is not settled.",
    )


def _size(study: Study, voice: Voice, trial: Trial) -> str:
    size = study.cfg(f"predicted_{trial.hypothesis.id}", "f3")
    a, b = trial.treatment.id, trial.reference.id
    got = study.pair("absdiff", a, b, "f3")
    if size is None or trial.hypothesis.predicts == "same" or trial.outcome == "failed":
        return ""
    label = study.name(trial.treatment)
    options = {
        "smaller": (
            f"The size falls well short of the guess, {got} where {size} {study.metric.unit} had been foreseen.",
            f"The guess of {size} {study.metric.unit} was far too high, as the data give {got}.",
        ),
        "close": (
            f"In size, too, the guess of {size} {study.metric.unit} was of the right order, with {got} measured.",
            f"The measured {got} {study.metric.unit} is not far from the {size} that had been guessed for {label}.",
        ),
        "larger": (
            f"At {got} {study.metric.unit} the effect exceeds the guess of {size} by a wide margin.",
            f"The guess for {label} was too timid: {size} {study.metric.unit} were foreseen and {got} measured.",
        ),
        "excluded": (
            f"An effect of the predicted size, {size} {study.metric.unit} in favour of the hypothesis on {label}, lies outside the interval between {study.pair('ci_low', a, b, 'signed3')} and {study.pair('ci_high', a, b, 'signed3')}.",
            f"Even so something has been learnt about {label}, for the interval from {study.pair('ci_low', a, b, 'signed3')} to {study.pair('ci_high', a, b, 'signed3')} rules out the {size} {study.metric.unit} that had been guessed.",
        ),
        "none": (),
    }[trial.size_against_prediction]
    return voice.say(f"size {trial.hypothesis.id}", *options) if options else ""


def _resolution(study: Study, voice: Voice, trial: Trial) -> str:
    """Size against what the design can see."""
    if trial.result is None or not worth_stating(trial.result.mde) or study.cfg("power_percent") is None:
        return ""
    a, b = trial.treatment.id, trial.reference.id
    mde, power, label = study.pair("mde", a, b, "f3"), f"{study.cfg('power_percent')} %", study.name(trial.treatment)
    if not trial.clear and (trial.side != "both" or trial.above_threshold):
        return ""  # the mean exceeds what could have been missed, or the adjustment alone withholds the verdict
    if not trial.clear:
        return voice.turn(
            "resolution open",
            f"A true difference would have to reach about {mde} {study.metric.unit} to be found with {power} power, so smaller effects may well exist.",
            f"At this spread the comparison finds differences of {mde} {study.metric.unit} with {power} power and may miss any that is smaller.",
            f"For {label} the design has {power} power from {mde} {study.metric.unit} on; what lies below it may have been missed.",
        )
    if trial.above_threshold:
        return ""
    return voice.turn(
        "resolution below",
        f"The difference is below {mde} {study.metric.unit}, which is what such a comparison finds with {power} power; its size may be overstated.",
        f"Since the comparison of {label} detects only {mde} {study.metric.unit} with {power} power, the measured size is more likely too large than too small.",
    )
