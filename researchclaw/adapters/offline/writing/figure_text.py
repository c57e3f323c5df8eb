"""Figures, each with the paragraph that reads it."""

from __future__ import annotations

from itertools import pairwise

from researchclaw.adapters.offline.curves import still_descending
from researchclaw.adapters.offline.writing.language import Voice, listing, paragraph, singular
from researchclaw.adapters.offline.writing.phrases import LEAST_PRINTED
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Contrast, FigureSpec, Outline


def figure(spec: FigureSpec) -> str:
    return f'![{spec.caption}](charts/{spec.id}.pdf){{#fig:{spec.id} alt="{spec.alt}"}}'


def shown(outline: Outline, kind: str) -> FigureSpec | None:
    return next((spec for spec in outline.figures if spec.kind == kind), None)


def comparisons_drawn(study: Study, voice: Voice, outline: Outline, kind: str) -> str:
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


PAIRING_HELPS = 0.7
"""Share of the standard deviation that independent runs would give below which pairing is said to have helped (a guess)."""


def seeds_drawn(study: Study, voice: Voice, outline: Outline) -> str:
    spec = shown(outline, "seed_dots")
    if spec is None:
        return ""
    ranges = {contrast.id: study.results.conditions[contrast.id].metrics[study.m] for contrast in study.measured}
    parts = [
        voice.say(
            "dots",
            f"Behind the means stand single runs, which @fig:{spec.id} shows beside them.",
            f"Every reported run appears as a dot in @fig:{spec.id}.",
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


def curves_drawn(study: Study, voice: Voice, outline: Outline) -> str:
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
        _others_crossing(study, voice),
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


def _others_crossing(study: Study, voice: Voice) -> str:
    """The further conditions whose mean curve changes sides with that of their reference, once and for good."""
    ahead: list[str] = []
    behind: list[str] = []
    for trial in study.trials[1:]:
        if trial.outcome == "uncompared" or not (study.has_value(trial.treatment.id) and study.has_value(trial.reference.id)):
            continue
        one, other = _means(study, trial.treatment), _means(study, trial.reference)
        if len(one) != len(other) or any(a == b for a, b in zip(one, other, strict=True)):
            continue
        leads = [study.metric.gain(a, b) > 0 for a, b in zip(one, other, strict=True)]
        if sum(x != y for x, y in pairwise(leads)) == 1:
            (ahead if leads[-1] else behind).append(study.name(trial.treatment))
    base = study.name(study.primary.reference)
    parts = []
    if behind:
        are = "are" if len(behind) > 1 or not singular(behind[0]) else "is"
        parts.append(
            voice.must(
                "curves others behind",
                f"In the mean, {listing(behind)} {are} ahead of {base} early in training and behind at the end.",
            )
        )
    if ahead:
        are = "are" if len(ahead) > 1 or not singular(ahead[0]) else "is"
        parts.append(
            voice.must(
                "curves others ahead", f"In the mean, {listing(ahead)} {are} behind {base} early in training and ahead at the end."
            )
        )
    return paragraph(*parts)


def _slope(study: Study, voice: Voice) -> str:
    curves = [_means(study, contrast) for contrast in study.measured]
    descending = [
        still_descending(means, lower_is_better=study.metric.lower_is_better)
        for means in curves
        if len(means) >= 3 and means[0] != means[-1]
    ]
    if not descending:
        return ""
    if end := _rate_runs_out(study):
        return voice.say(
            "curves slope",
            f"Because the learning rate falls to the fraction {end} of its peak by the last step, the curves had to flatten there and do not "
            "show where a longer run would lead.",
            f"The last stretch says little about longer training, for there the learning rate falls to the fraction {end} of its peak.",
        )
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
    return ""


_FALLING = frozenset({"cosine", "linear", "trapezoid"})
_LOW = 0.1
"""Fraction of the peak up to which the end of a schedule flattens a curve whatever is left to learn (a guess)."""


def _rate_runs_out(study: Study) -> str | None:
    """The fraction of the peak at which the learning rate of every condition ends, by key; None where it stays up somewhere."""
    config = study.results.config
    ends = config.get("final_lr")
    varied = any(
        {"SCHEDULE", "FINAL_LR"} & contrast.settings.keys()
        for contrast in study.record.plan.conditions
        if study.has_value(contrast.id)
    )
    low = isinstance(ends, int | float) and ends <= _LOW
    return study.number("final_lr") if low and not varied and config.get("schedule") in _FALLING else None
