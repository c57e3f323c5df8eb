"""Results and ablations: one paragraph for each prediction, worded by what the data did to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from researchclaw.adapters.offline.curves import still_descending
from researchclaw.adapters.offline.writing.changes import changes_in_words
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.reading import Study, Trial
from stages.contracts import Attempt, Contrast, FigureSpec, Outline, PairedComparison

LEAST_PRINTED = 0.0005
"""The smallest size that three decimals print as more than zero."""
MOST_NAMED = 3
"""Ablations with a leading mean that one sentence names."""
PAIRING_HELPS = 0.7
"""Share of the standard deviation that independent runs would give below which pairing is said to have helped (a guess)."""


def results(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = [paragraph(*_overview(study, voice)), _main_table(study)]
    few = [trial for trial in study.trials if trial.outcome == "uncompared" and trial.result is not None]
    blocks.extend(_trial(study, voice, trial, place) for place, trial in enumerate(study.trials) if trial not in few)
    blocks.append(_few(study, voice, few))
    blocks.append(_figure_text(study, voice, outline, "difference_forest"))
    blocks.append(_spread(study, voice, outline))
    blocks.append(_curves(study, voice, outline))
    return [block for block in blocks if block]


def _overview(study: Study, voice: Voice) -> list[str]:
    best, unit = study.leader, study.metric.unit
    n = {study.results.conditions[contrast.id].metrics[study.m].n for contrast in study.measured}
    sign = "negative" if study.metric.lower_is_better else "positive"
    parts = [
        voice.say(
            "results table",
            f"@tbl:main holds the outcome for {study.about}: mean and spread of the {study.metric.label} over seeds, and the paired difference from the reference."
            if study.compared
            else f"@tbl:main holds the outcome for {study.about}, the {study.metric.label} of each condition.",
            f"The scores for {study.about} are collected in @tbl:main; {sign} differences favour the condition of the row."
            if study.compared
            else f"The scores for {study.about} are collected in @tbl:main.",
        )
    ]
    levels = {
        study.results.conditions[contrast.id].metrics[study.m].mean for contrast in study.measured if contrast.role != "ablation"
    }
    if study.compared and len(levels) == 1:
        mean = study.value(best.id, "mean", "f3")
        parts.append(
            voice.must("results alike", f"Every condition has the same mean, {mean} {unit}; nothing stands apart from anything.")
        )
    elif study.compared:
        mean, base = study.value(best.id, "mean", "f3"), study.value(study.baseline.id, "mean", "f3")
        among = " of the conditions in the table" if study.lean_leader is not None else ""
        parts.append(
            voice.say(
                "results best",
                f"On average nothing{among.replace(' of the conditions', '')} scores beyond {study.name(best)}, the reference, whose mean is {mean} {unit}; means alone prove little, so we turn to the paired differences.",
                f"The reference, {study.name(best)}, has the leading mean{among}, {mean} {unit}; whether the distance to the others is more than luck of the seeds is the matter of what follows.",
            )
            if best.id == study.baseline.id
            else voice.say(
                "results best",
                f"The leading mean{among} is that of {study.name(best)}, {mean} {unit}, while {study.name(study.baseline)} stands at {base}; means alone prove little, so we turn to the paired differences.",
                f"Ordered by mean, the table is led by {study.name(best)} with {mean} {unit} against {base} for {study.name(study.baseline)}; the paired analysis shows how much of this order can be trusted.",
            )
        )
    ahead = [one for one in study.measured if one.role == "ablation" and _mean_gain(study, one, best) > LEAST_PRINTED]
    if study.compared and ahead:
        ordered = sorted(ahead, key=lambda one: _mean_gain(study, one, best), reverse=True)
        parts.append(voice.must("results ablation ahead", *_ablations_ahead(study, ordered)))
    if len(n) > 1:
        parts.append(
            "Because some runs failed, the conditions do not all have the same number of values; each comparison uses the seeds that both sides have."
        )
    return [part for part in parts if part]


def _ablations_ahead(study: Study, ahead: Sequence[Contrast]) -> tuple[str, ...]:
    """Who beyond the treatments has a better mean, in two wordings.

    ahead: the ablations, best mean first. How many there are beyond those named is not said: the record holds no such number.
    """
    unit, first = study.metric.unit, ahead[0]
    mean = {one.id: f"{study.value(one.id, 'mean', 'f3')} {unit}" for one in ahead}
    if len(ahead) == 1:
        return (
            f"Beyond it in the mean, at {mean[first.id]}, lies only what was planned as an ablation, {study.name(first)}, which tests "
            "no hypothesis of its own (@sec:ablations).",
            f"An ablation goes beyond this mean: {study.name(first)}, at {mean[first.id]}, was planned to take a component out and "
            "tests no hypothesis of its own (@sec:ablations).",
        )
    named = [f"{study.name(one)} ({mean[one.id]})" for one in ahead[:MOST_NAMED]]
    all_named = listing([*named, "further ones"] if len(ahead) > MOST_NAMED else named)
    return (
        f"Beyond it in the mean lie only conditions that were planned as ablations, {all_named}; they test no hypothesis of their own "
        "(@sec:ablations).",
        f"Ablations go beyond this mean: {all_named} were planned to take components out and test no hypothesis of their own "
        "(@sec:ablations).",
    )


def _mean_gain(study: Study, one: Contrast, other: Contrast) -> float:
    """By how much the mean of the first is ahead; below zero behind."""
    mean = {contrast.id: study.results.conditions[contrast.id].metrics[study.m].mean for contrast in (one, other)}
    return study.metric.gain(mean[one.id], mean[other.id])


def _main_table(study: Study) -> str:
    compared = study.compared
    spread = study.seeds >= 2
    head = ["Condition", f"Mean ({study.metric.unit})"] + (["SD"] if spread else [])
    head += ["Difference", f"{study.confidence} interval", "Adjusted p", "Seeds won"] if compared else []
    rows = [f"| {' | '.join(head)} |", "|" + "|".join(["---"] + ["--:"] * (1 + spread) + (["--:"] * 4 if compared else [])) + "|"]
    for contrast in study.measured:
        if contrast.role == "ablation":
            continue
        summary = study.results.conditions[contrast.id].metrics[study.m]
        cells = [capital(study.row(contrast)), study.value(contrast.id, "mean", "f3")]
        if spread:
            cells.append(study.value(contrast.id, "std", "f3") if summary.std is not None else "no spread")
        if compared:
            trial = next((trial for trial in study.trials if trial.treatment.id == contrast.id and trial.result is not None), None)
            cells += _difference_cells(study, trial.result) if trial and trial.result else ["reference", "", "", ""]
        rows.append(f"| {' | '.join(cells)} |")
    caption = (
        f"{capital(study.metric.label)}, mean and standard deviation over seeds, with the paired difference of each condition from {study.name(study.primary.reference)}."
        if compared
        else f"{capital(study.metric.label)} of each condition over the seeds that finished."
    )
    return "\n".join(rows) + f"\n\n: {caption} {{#tbl:main}}"


def _difference_cells(study: Study, result: PairedComparison) -> list[str]:
    a, b = result.a, result.b
    return [
        study.pair("diff", a, b, "signed3"),
        study.interval(a, b) if result.ci95_low is not None else "too few seeds",
        study.test(a, b, "holm_p") if result.holm_p is not None else "none",
        f"{study.pair('wins', a, b, 'int')} of {study.pair('pairs', a, b, 'int')}",
    ]


# ---------------------------------------------------------------- one prediction


def _trial(study: Study, voice: Voice, trial: Trial, place: int) -> str:
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


def _few(study: Study, voice: Voice, trials: list[Trial]) -> str:
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
    p = f", adjusted p {study.test(a, b, 'holm_p')}" if trial.result and trial.result.holm_p is not None else ""
    return voice.must(
        "difference",
        f"The paired difference is {diff} {unit} on average ({study.confidence} interval {low} to {high}{p}): {one} {study.cmp(a, b)} {other}.",
        f"In the runs, {one} {study.cmp(a, b)} {other}; the mean difference is {diff} {unit} and its {study.confidence} interval reaches from {low} to {high}{p}.",
        f"What we observe is {diff} {unit} in the mean, with {low} to {high} as {study.confidence} interval{p}, so that {one} {study.cmp(a, b)} {other}.",
        f"Seed against seed the scores differ by {diff} {unit} on average, within {low} to {high} at {study.confidence} confidence{p}; {one} {study.cmp(a, b)} {other}.",
    )


def _verdict(study: Study, voice: Voice, trial: Trial) -> str:
    """What became of the prediction."""
    of_sameness = trial.hypothesis.predicts == "same"
    options = (_fate_of_sameness if of_sameness else _fate_of_direction)(trial, study.name(trial.treatment))
    return voice.must(f"verdict {trial.hypothesis.predicts} {trial.outcome} {trial.clear}", *options)


def _fate_of_sameness(trial: Trial, label: str) -> tuple[str, ...]:
    if trial.outcome == "open" and not trial.clear and trial.side != "both":
        return (
            f"Taken alone, the interval of {label} leaves out no difference; the adjusted p value, which decides, does not fall below the "
            "level of the tests, so that no difference is called, and sameness within the margin is not shown either.",
            f"For {label} it is the adjusted p value that withholds the verdict, since the interval alone leaves out no difference; "
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


def _worth_stating(mde: float | None) -> bool:
    """A detectable difference that is more than zero as printed."""
    return mde is not None and mde >= LEAST_PRINTED


def _resolution(study: Study, voice: Voice, trial: Trial) -> str:
    """Size against what the design can see."""
    if trial.result is None or not _worth_stating(trial.result.mde) or study.cfg("power_percent") is None:
        return ""
    a, b = trial.treatment.id, trial.reference.id
    mde, power, label = study.pair("mde", a, b, "f3"), f"{study.cfg('power_percent')} %", study.name(trial.treatment)
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


# ---------------------------------------------------------------- figures


def figure(spec: FigureSpec) -> str:
    return f'![{spec.caption}](charts/{spec.id}.pdf){{#fig:{spec.id} alt="{spec.alt}"}}'


def shown(outline: Outline, kind: str) -> FigureSpec | None:
    return next((spec for spec in outline.figures if spec.kind == kind), None)


def _figure_text(study: Study, voice: Voice, outline: Outline, kind: str) -> str:
    spec = shown(outline, kind)
    if spec is None:
        return ""
    clear = [study.name(trial.treatment) for trial in study.trials if trial.side != "both"]
    unclear = [study.name(trial.treatment) for trial in study.trials if trial.outcome != "uncompared" and trial.side == "both"]
    if clear and unclear:
        stays = f"the interval of {clear[0]} stays" if len(clear) == 1 else f"the intervals of {listing(clear)} stay"
        crosses = f"that of {unclear[0]} crosses it" if len(unclear) == 1 else f"those of {listing(unclear)} cross it"
        reading = f"{stays} away from the line of no difference, whereas {crosses}"
    elif clear:
        reading = "no interval touches the line of no difference"
    else:
        reading = "each interval takes in the line of no difference"
    if len(study.trials) == 1:
        a, b = study.trials[0].treatment, study.trials[0].reference
        one = "crosses" if unclear else "stays away from"
        text = voice.say(
            f"figure {kind}",
            f"@fig:{spec.id} shows the difference of each seed between {study.name(a)} and {study.name(b)}; the interval of their mean {one} the line of no difference.",
        )
        return f"{text}\n\n{figure(spec)}"
    text = voice.say(
        f"figure {kind}",
        f"@fig:{spec.id} shows the same comparisons on a common axis, where {reading}.",
        f"Drawn side by side in @fig:{spec.id}, the comparisons show at a glance that {reading}.",
    )
    return f"{text}\n\n{figure(spec)}"


def _spread(study: Study, voice: Voice, outline: Outline) -> str:
    spec = shown(outline, "seed_dots")
    if spec is None:
        return ""
    ranges = {contrast.id: study.results.conditions[contrast.id].metrics[study.m] for contrast in study.measured}
    parts = [
        voice.say(
            "dots",
            f"Behind the means stand single runs, which @fig:{spec.id} shows beside them.",
            f"Every scored run appears as a dot in @fig:{spec.id}.",
            f"@fig:{spec.id} gives the runs themselves, condition by condition.",
        )
    ]
    noisy = [contrast for contrast in study.measured if ranges[contrast.id].std is not None]
    if len(noisy) > 1:
        widest = max(noisy, key=lambda contrast: ranges[contrast.id].std or 0.0)
        tightest = min(noisy, key=lambda contrast: ranges[contrast.id].std or 0.0)
        wider = (ranges[widest.id].std or 0.0) - (ranges[tightest.id].std or 0.0) >= LEAST_PRINTED
        parts.append(
            voice.say(
                "dots spread",
                f"Seeds scatter most with {study.name(widest)}, where the standard deviation is {study.value(widest.id, 'std', 'f3')} {study.metric.unit}, and least with {study.name(tightest)}, where it is {study.value(tightest.id, 'std', 'f3')}.",
                f"The spread between seeds ranges from {study.value(tightest.id, 'std', 'f3')} {study.metric.unit} ({study.name(tightest)}) to {study.value(widest.id, 'std', 'f3')} ({study.name(widest)}).",
            )
            if wider
            else ""
        )
        trial = study.primary
        if (
            trial.n > 2
            and trial.result
            and trial.result.sd_diff is not None
            and ranges[trial.treatment.id].std
            and ranges[trial.reference.id].std
        ):
            unpaired = ((ranges[trial.treatment.id].std or 0) ** 2 + (ranges[trial.reference.id].std or 0) ** 2) ** 0.5
            if trial.result.sd_diff < PAIRING_HELPS * unpaired:
                sd = study.pair("sd", trial.treatment.id, trial.reference.id, "f3")
                parts.append(
                    voice.say(
                        "dots pairing",
                        f"Pairing by seed paid off for {study.name(trial.treatment)}, since the differences to {study.name(trial.reference)} have a standard deviation of only {sd} {study.metric.unit}.",
                    )
                )
    return f"{paragraph(*parts)}\n\n{figure(spec)}"


def _curves(study: Study, voice: Voice, outline: Outline) -> str:
    spec = shown(outline, "learning_curves")
    if spec is None:
        return ""
    parts = [
        voice.say(
            "curves",
            f"How {study.name(study.baseline)} and the other conditions arrive at these scores is shown in @fig:{spec.id}.",
            f"@fig:{spec.id} follows {study.name(study.primary.treatment)} and the other conditions through training.",
        ),
        _crossing(study, voice),
        _slope(study, voice),
    ]
    return f"{paragraph(*parts)}\n\n{figure(spec)}"


def _means(study: Study, contrast: Contrast) -> list[float]:
    """Mean of the curve at each checkpoint, in the order of steps."""
    curve = study.results.conditions[contrast.id].curve
    return [curve[step].mean for step in sorted(curve, key=int)]


def _crossing(study: Study, voice: Voice) -> str:
    """Whether the order of the two main conditions changes on the way."""
    trial = study.primary
    if trial.outcome == "uncompared" or not (study.has_value(trial.treatment.id) and study.has_value(trial.reference.id)):
        return ""
    one, other = _means(study, trial.treatment), _means(study, trial.reference)
    if len(one) != len(other) or len(one) < 2:
        return ""
    if any(a == b for a, b in zip(one, other, strict=True)):
        return ""
    signs = [a < b for a, b in zip(one, other, strict=True)]
    a, b = study.name(trial.treatment), study.name(trial.reference)
    if len(set(signs)) == 1:
        return voice.say(
            "curves order",
            f"The mean curves of {a} and {b} keep their order at every checkpoint.",
            f"Between {a} and {b} the order of the mean curves is settled at the first checkpoint and stays.",
        )
    changes = sum(x != y for x, y in pairwise(signs))
    if changes == 1:
        return voice.say(
            "curves order",
            f"The mean curves of {a} and {b} cross on the way: the means had the other order earlier in training.",
            f"On the way the mean curves of {a} and {b} change places, so the order of the means depends on when training stops.",
        )
    return voice.say(
        "curves order",
        f"The mean curves of {a} and {b} cross repeatedly before the budget is spent.",
        f"Between {a} and {b} the order of the mean curves changes repeatedly on the way.",
    )


def _slope(study: Study, voice: Voice) -> str:
    curves = [_means(study, contrast) for contrast in study.measured]
    descending = [
        still_descending(means, lower_is_better=study.metric.lower_is_better)
        for means in curves
        if len(means) >= 3 and means[0] != means[-1]
    ]
    if not descending:
        return ""
    if any(descending):
        return voice.say(
            "curves slope",
            "Not one of the conditions has levelled off when the budget ends, which is a reason not to read the final order as a final word."
            if all(descending)
            else "Some conditions are still descending when the budget ends, which is a reason not to read the final order as a final word.",
            "At the end of the budget no curve has levelled off, so longer training may change the order."
            if all(descending)
            else "At the end of the budget not every curve has levelled off, so longer training may change the order.",
        )
    return voice.say(
        "curves slope",
        "By the end of the budget the curves have flattened, so a little more time would change the scores little.",
    )


# ---------------------------------------------------------------- ablations


def ablations(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = []
    for ablation, origin, result in study.ablation_pairs:
        blocks.append(_ablation(study, voice, ablation, origin, result))
    blocks.append(_lost_ablations(study, voice))
    blocks.append(_side_table(study, voice))
    spec = shown(outline, "ablation_forest")
    lead = (
        voice.say(
            "ablation figure",
            f"@fig:{spec.id} sets these comparisons beside each other.",
            f"The comparisons of this section are drawn in @fig:{spec.id}.",
        )
        if spec is not None
        else ""
    )
    blocks.append(paragraph(_interplay(study, voice), lead))
    blocks.append(figure(spec) if spec is not None else "")
    blocks.append(_loop(study, voice))
    return [block for block in blocks if block] or [
        "The plan contains no condition from which a component was taken out, so the share of single components in the result is not known."
    ]


def _lost_ablations(study: Study, voice: Voice) -> str:
    """Planned ablations that could not be set against the condition that they were taken from."""
    compared = {ablation.id for ablation, _, _ in study.ablation_pairs}
    parts = []
    for ablation in study.ablations:
        origin = study.conditions.get(ablation.ablates or "")
        if ablation.id in compared or origin is None:
            continue
        missing = [study.name(contrast) for contrast in (origin, ablation) if not study.has_value(contrast.id)]
        why = f"no run of {listing(missing)} ended with a score" if missing else "they share no seed that finished"
        parts.append(
            voice.must(
                f"ablation lost {ablation.id}",
                f"{capital(study.plain(ablation))} was to be set against {study.plain(origin)}; this could not be done, because {why}.",
            )
        )
    return paragraph(*parts)


def _side_table(study: Study, voice: Voice) -> str:
    """The comparisons of the plan that test no hypothesis, as a table; one alone is told in words."""
    rows = []
    for planned in study.record.plan.comparisons:
        result = study.comparison(planned.a, planned.b)
        if planned.purpose != "hypothesis" and result is not None and result.ci95_low is not None:
            one, other = study.conditions[planned.a], study.conditions[planned.b]
            rows.append(
                f"| {capital(study.label(one))} | {capital(study.label(other))} | {' | '.join(_difference_cells(study, result))} |"
            )
    if len(rows) < 2:
        return ""
    head = [
        "Condition",
        "Compared with",
        f"Difference ({study.metric.unit})",
        f"{study.confidence} interval",
        "Adjusted p",
        "Seeds won",
    ]
    lead = voice.say(
        "side table",
        "@tbl:side collects the comparisons that test no hypothesis of their own.",
        "The further planned comparisons stand in @tbl:side.",
    )
    kinds = ["components taken out"] if any(contrast.role == "ablation" for contrast, _, _ in study.ablation_pairs) else []
    kinds += ["changes made together"] if any(contrast.role == "combination" for contrast in study.treatments) else []
    caption = f"Further planned comparisons: {listing(kinds)}."
    table = [f"| {' | '.join(head)} |", "|---|---|" + "--:|" * 4, *rows]
    return f"{lead}\n\n" + "\n".join(table) + f"\n\n: {caption} {{#tbl:side}}"


def _ablation(study: Study, voice: Voice, ablation: Contrast, origin: Contrast, result: PairedComparison) -> str:
    a, b = ablation.id, origin.id
    removed = ablation.removes or ablation.label
    parts = [voice.say(f"ablation reason {a}", _ended(ablation.reason))]
    if result.ci95_low is None:
        parts.append(
            f"The means are {study.value(a, 'mean', 'f3')} {study.metric.unit} for {ablation.label} and {study.value(b, 'mean', 'f3')} {study.metric.unit} for {study.name(origin)}; with so few seeds they are not compared."
        )
        return paragraph(*parts)
    interval = f"{study.pair('ci_low', a, b, 'signed3')} to {study.pair('ci_high', a, b, 'signed3')}"
    parts.append(
        voice.say(
            f"ablation {a}",
            f"With {removed} taken out, {study.plain(ablation)} {study.cmp(a, b)} {study.plain(origin)}, with a paired difference of {study.pair('diff', a, b, 'signed3')} {study.metric.unit} (interval {interval}).",
            f"Taking {removed} out of {study.name(origin)} moves the score by {study.pair('diff', a, b, 'signed3')} {study.metric.unit} (interval {interval}): {study.plain(ablation)} {study.cmp(a, b)} {study.plain(origin)}.",
        )
    )
    steps = {name: study.results.conditions[name].steps for name in (a, b)}
    if steps[a] != steps[b]:
        parts.append(
            voice.must(
                "ablation steps",
                f"The comparison is not at equal steps: {study.of(a, 'steps')} fit into the budget with {removed} taken out, {study.of(b, 'steps')} before.",
                f"The sides differ in the number of updates as well: {study.of(a, 'steps')} with {removed} taken out, against {study.of(b, 'steps')}.",
            )
        )
    parts.append(
        {
            "worse": voice.say(
                f"ablation reading {a}",
                f"Part of the score of {study.name(origin)} thus rests on {removed}, and where {removed} is absent it would not be reached.",
                f"To the result of {study.name(origin)}, then, {removed} contributes.",
            ),
            "better": voice.say(
                f"ablation reading {a}",
                f"The values for {study.name(origin)} thus understate what a leaner setting reaches.",
                f"{capital(study.here)} {removed} turns out to stand in the way of {study.name(origin)}.",
            ),
        }.get(
            result.verdict,
            voice.say(
                f"ablation reading {a}",
                f"We have no evidence that the result hangs on {removed}, though an effect smaller than {study.pair('mde', a, b, 'f3')} {study.metric.unit} could have been missed.",
                f"The answer therefore does not visibly depend on {removed}; effects below {study.pair('mde', a, b, 'f3')} {study.metric.unit} could have escaped this test.",
            )
            if _worth_stating(result.mde)
            else "",
        )
    )
    return paragraph(*parts)


def _ended(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _interplay(study: Study, voice: Voice) -> str:
    parts = []
    combinations = {contrast.id for contrast in study.treatments if contrast.role == "combination"}
    for planned in study.record.plan.comparisons:
        result = study.comparison(planned.a, planned.b)
        joint = planned.purpose != "hypothesis" and study.conditions[planned.a].role == "combination"
        if not (joint or planned.purpose == "interaction") or result is None or result.ci95_low is None:
            continue
        a, b = study.conditions[planned.a], study.conditions[planned.b]
        diff, interval = (
            study.pair("diff", a.id, b.id, "signed3"),
            f"{study.pair('ci_low', a.id, b.id, 'signed3')} to {study.pair('ci_high', a.id, b.id, 'signed3')}",
        )
        if a.id in combinations:
            added = [factor.named for factor, level in study.levels(a) if b.levels.get(factor.name) != level.name]
            parts.append(
                voice.say(
                    f"interplay {a.id} {b.id}",
                    f"Changing {listing(added) or 'more'} on top of {study.name(b)} gives {diff} {study.metric.unit} ({interval}); in words, {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}.",
                    f"{capital(study.plain(a))} {study.cmp(a.id, b.id)} {study.plain(b)} ({diff} {study.metric.unit}, interval {interval}).",
                )
            )
        else:
            parts.append(
                voice.must(
                    f"contest {a.id} {b.id}",
                    f"The contest itself rests on a paired difference of {diff} {study.metric.unit} ({interval}): {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}.",
                    f"In the contest itself the rivals differ by {diff} {study.metric.unit} ({interval}), so that {study.plain(a)} {study.cmp(a.id, b.id)} {study.plain(b)}.",
                )
            )
            parts.append(_unmatched(study, voice, a, b))
    both = study.results.interaction
    if study.compared and len(study.factors) == 2 and (both is None or both.ci95_low is None):
        lost = [study.name(contrast) for contrast in (study.baseline, *study.treatments) if not study.has_value(contrast.id)]
        why = f"no run of {listing(lost)} ended with a score" if lost else "too few seeds have a score of each condition"
        parts.append(voice.must("interplay lost", f"Whether the effects of {study.about} add up cannot be said, because {why}."))
    adjusted = ", adjusted p {{interaction.holm_p|p}}" if both is not None and both.holm_p is not None else ""
    if both is not None and both.ci95_low is not None and len(study.factors) == 2:
        one, other = (factor.named for factor in study.factors)
        span = "{{interaction.ci95_low|signed3}} to {{interaction.ci95_high|signed3}}"
        value = "{{interaction.mean_diff|signed3}}"
        if both.verdict in {"better", "worse"}:
            parts.append(
                voice.say(
                    "interaction",
                    f"The joint effect of {one} and {other} departs from the sum of the separate ones by {value} {study.metric.unit} ({span}{adjusted}), so the factors cannot be judged apart.",
                    f"Their effects do not add up: the excess of the joint condition over the sum is {value} {study.metric.unit} ({span}{adjusted}), which ties {one} to {other}.",
                )
            )
        else:
            parts.append(
                voice.say(
                    "interaction",
                    f"The joint effect of {one} and {other} departs from the sum of the separate ones by {value} {study.metric.unit}, and with an interval of {span}{adjusted}, plain addition is not ruled out.",
                    f"Whether {one} and {other} reinforce each other stays open, since the departure from plain addition is {value} {study.metric.unit} with an interval of {span}{adjusted}.",
                )
            )
    return paragraph(*parts)


def _unmatched(study: Study, voice: Voice, a: Contrast, b: Contrast) -> str:
    """Where rivals differ in size or in steps, the contest is one of whole settings; empty where they do not."""
    one, other = study.results.conditions[a.id], study.results.conditions[b.id]
    facts = []
    for field, noun in (("parameters", "stored numbers" if study.tables else "parameters"), ("steps", "steps")):
        if getattr(one, field) != getattr(other, field):
            facts.append(f"{study.of(a.id, field)} and {study.of(b.id, field)} {noun}")
    if not facts:
        return ""
    return voice.must(
        f"unmatched {a.id} {b.id}",
        f"The rivals are not matched: {study.name(a)} and {study.name(b)} have {listing(facts, 'as well as')} respectively, so the contest is one of {'whole methods' if study.tables else 'equal time only'}.",
    )


def _loop(study: Study, voice: Voice) -> str:
    """The improvement loop, told as what it is: a search on another seed, confirmed on fresh ones or not."""
    record = study.record
    if record.incumbent is None or not record.attempts:
        return ""
    incumbent = study.conditions[record.incumbent]
    name = study.name(incumbent)
    count = study.cfg("loop_attempts", "words") or "several"
    lone = len(record.attempts) == 1
    tried = [_attempt(study, attempt) for attempt in record.attempts]
    signs = (
        "; a gain below zero is a loss" if any(attempt.gain is not None and attempt.gain < 0 for attempt in record.attempts) else ""
    )
    parts = [
        voice.must(
            "loop",
            f"Apart from the registered comparisons, {count} further change{' was' if lone else 's were'} tried on {name}"
            f"{'' if lone else ', each of them alone'}, with a seed that is reported nowhere else.",
            f"After the registered runs a short search started from {name}: on a development seed of its own, {count} change"
            f"{' was' if lone else 's were'} tried{'' if lone else ', each of them alone'}.",
        ),
        voice.must(
            "loop gains",
            f"Against {name} on that seed, the outcome{' was' if lone else 's were'} as follows: {listing(tried)}{signs}.",
            f"Set against {name} with the same seed, {'this change' if lone else 'they'} came out as follows: {listing(tried)}{signs}.",
        )
        if any(attempt.gain is not None for attempt in record.attempts)
        else voice.must(
            "loop same", f"What was tried, {listing(changes_in_words(record.attempts))}, changes no prediction and was not measured."
        )
        if all(attempt.verdict == "same" for attempt in record.attempts)
        else voice.must(
            "loop scoreless", f"No run of this search, with {listing(changes_in_words(record.attempts))}, ended with a score."
        ),
        _kept(study, voice, incumbent),
    ]
    return paragraph(*parts)


def _attempt(study: Study, attempt: Attempt) -> str:
    """'a larger batch (gain 0.012 bpb)'; an attempt without a score is said to have none, and why where it changes nothing."""
    words = listing(changes_in_words([attempt]))
    gain = study.cfg(f"attempt_{attempt.number}_gain", "f3")
    without = "which changes no prediction" if attempt.verdict == "same" else "no score"
    return f"{words} ({f'gain {gain} {study.metric.unit}' if gain else without})"


def _kept(study: Study, voice: Voice, incumbent: Contrast) -> str:
    """What was kept, its size, how it did on fresh seeds, and that what it is compared with was not tuned."""
    record, name, unit = study.record, study.name(incumbent), study.metric.unit
    kept = listing(changes_in_words([attempt for attempt in record.attempts if attempt.verdict == "keep"]))
    if not kept:
        return voice.must("loop nothing", "Nothing of this was kept, and the registered conditions stand as they are.")
    result = study.comparison("tuned", incumbent.id)
    if result is None or "tuned" not in study.results.conditions:
        return paragraph(
            voice.must(
                "loop unconfirmed",
                f"What was kept, {kept}, has not been confirmed on fresh seeds and plays no part in the conclusions.",
            ),
            _on_the_test_split(study, voice, name),
        )
    sizes = study.of("tuned", "parameters"), study.of(incumbent.id, "parameters")
    stored = "stored numbers" if study.tables else "parameters"
    same = study.results.conditions["tuned"].parameters == study.results.conditions[incumbent.id].parameters
    size = (
        f"The number of {stored} stays at {sizes[0]}."
        if same
        else f"The number of {stored} thereby changes from {sizes[1]} to {sizes[0]}."
    )
    if result.ci95_low is None:
        outcome = (
            f"On fresh seeds the tuned setting has a mean of {study.value('tuned', 'mean', 'f3')} {unit}; the seeds are too few to compare "
            f"it with {name}, and it is no part of the conclusions."
        )
    else:
        outcome = (
            f"Run again on fresh seeds, the tuned setting {study.cmp('tuned', incumbent.id)} {name} "
            f"({study.pair('diff', 'tuned', incumbent.id, 'signed3')} {unit}, interval {study.interval('tuned', incumbent.id)}), "
            "an observation outside the registered family."
        )
    return paragraph(
        voice.must("loop kept", f"The change with the largest gain was kept: {kept}{_values_kept(study, incumbent)}."),
        voice.must("loop size", size),
        voice.must("loop confirmed", outcome),
        _against_yardsticks(study, voice),
        _after_the_search(voice, name, result.verdict),
        _on_the_test_split(study, voice, name),
    )


def _against_yardsticks(study: Study, voice: Voice) -> str:
    """The tuned setting beside the scores that need no training, where those are on record."""
    references = study.results.references
    orders = [name for name in references if name.startswith("order_")]
    known = [
        (name, label)
        for name, label in ((min(orders, key=lambda name: references[name], default=""), "the table of counts"), ("gzip", "gzip"))
        if name in references
    ]
    mean = study.results.conditions["tuned"].metrics[study.m].mean
    passed, ahead = (
        listing([f"{label} ({study.ref(name)})" for name, label in known if (study.metric.gain(mean, references[name]) > 0) == side])
        for side in (True, False)
    )
    verdict = " and ".join(part for part in (f"passes {passed}" if passed else "", f"stays behind {ahead}" if ahead else "") if part)
    if not verdict:
        return ""
    return voice.must(
        "loop yardsticks",
        f"Held against the yardsticks of @sec:data, the tuned setting, at {study.value('tuned', 'mean', 'f3')} {study.metric.unit}, {verdict}.",
        f"At {study.value('tuned', 'mean', 'f3')} {study.metric.unit} the tuned setting {verdict}, the yardsticks of @sec:data.",
    )


def _on_the_test_split(study: Study, voice: Voice, name: str) -> str:
    """The scores of beginning and end on the test split, by key; empty where nobody looked at it."""
    looks, unit = study.cfg("sealed_looks"), study.metric.unit
    if looks is None:
        return ""
    before, after, gain = (study.cfg(f"sealed_{part}", "f3") for part in ("incumbent", "tuned", "gain"))
    if before is None or after is None or gain is None:
        return voice.must(
            "loop sealed lost", "The test split was looked at, too, but not both of the models came out of that with a score."
        )
    loss = ", which is a loss" if float(study.results.config["sealed_gain"]) < 0 else ""
    return voice.must(
        "loop sealed",
        f"On the sealed test split, with one seed, {name} scores {before} {unit} and the tuned setting {after} {unit}, "
        f"a gain of {gain} {unit}{loss}.",
        f"Scored once on the sealed test split, with one seed, {name} reaches {before} {unit} and the tuned setting {after} {unit} "
        f"(gain {gain} {unit}{loss}).",
    )


def _after_the_search(voice: Voice, name: str, verdict: str) -> str:
    """What the confirmation makes of the gain that the search saw; empty where it has no verdict."""
    if verdict == "better":
        return voice.must(
            "loop untuned",
            f"It should be borne in mind that {name} itself had not been tuned, nor had any other planned condition.",
            f"Neither {name} nor any other planned condition had been searched for in this way, so the gain is one over untuned settings.",
        )
    if verdict == "worse":
        return voice.must(
            "loop reversed", "What looked like a gain on the development seed was thus a loss on seeds that had not chosen it."
        )
    if verdict == "not distinguishable":
        return voice.must("loop unborne", "The gain that the development seed had shown is thereby not confirmed.")
    return ""


def lean_means(study: Study, lean: Contrast) -> str:
    """'3.045 against 3.168 bpb': the means of an ablation and of the baseline."""
    return f"{study.value(lean.id, 'mean', 'f3')} against {study.value(study.baseline.id, 'mean', 'f3')} {study.metric.unit}"


def kept_change(study: Study) -> str:
    """What the search kept, with its value where it is one number for another: 'n-gram tables (2 in the place of 0)'."""
    start = study.conditions[study.record.incumbent or study.baseline.id]
    words = listing(changes_in_words([attempt for attempt in study.record.attempts if attempt.verdict == "keep"]))
    return f"{words}{_values_kept(study, start)}"


def _values_kept(study: Study, incumbent: Contrast) -> str:
    """' (0.95 in the place of 0.99)', where the change is one number for another."""
    kept = [attempt for attempt in study.record.attempts if attempt.verdict == "keep"]
    names = [name.lower() for attempt in kept for name in attempt.settings]
    if len(names) != 1:
        return ""
    new = study.cfg(f"tuned_{names[0]}", "text")
    old = study.cfg(f"{incumbent.id}_{names[0]}", "text") or study.cfg(names[0], "text")
    return f" ({new} in the place of {old})" if new and old else ""
