"""Results: an overview with its table, then a paragraph for each prediction and for each figure."""

from __future__ import annotations

from collections.abc import Sequence

from researchclaw.adapters.offline.writing.comparison_tables import main_table
from researchclaw.adapters.offline.writing.figure_text import comparisons_drawn, curves_drawn, seeds_drawn
from researchclaw.adapters.offline.writing.language import Voice, listing, paragraph
from researchclaw.adapters.offline.writing.phrases import LEAST_PRINTED
from researchclaw.adapters.offline.writing.predictions import prediction, untested
from researchclaw.adapters.offline.writing.reading import Study
from stages.contracts import Contrast, Outline

MOST_NAMED = 3
"""Ablations with a leading mean that one sentence names."""


def results(study: Study, voice: Voice, outline: Outline) -> list[str]:
    blocks = [paragraph(*_overview(study, voice)), main_table(study)]
    few = [trial for trial in study.trials if trial.outcome == "uncompared" and trial.result is not None]
    blocks.extend(prediction(study, voice, trial, place) for place, trial in enumerate(study.trials) if trial not in few)
    blocks.append(untested(study, voice, few))
    blocks.append(comparisons_drawn(study, voice, outline, "difference_forest"))
    blocks.append(seeds_drawn(study, voice, outline))
    blocks.append(curves_drawn(study, voice, outline))
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
