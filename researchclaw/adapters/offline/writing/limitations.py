"""Limitations: what could mislead, what the setting leaves open, and what the evidence cannot bear."""

from __future__ import annotations

import re
from statistics import median, stdev

from researchclaw.adapters.offline.writing import tables
from researchclaw.adapters.offline.writing.changes import changes_in_words
from researchclaw.adapters.offline.writing.language import (
    Voice,
    cited,
    ended,
    listing,
    paragraph,
    printable,
)
from researchclaw.adapters.offline.writing.reading import Study


def limitations(study: Study, voice: Voice) -> list[str]:
    return [
        block
        for block in (paragraph(*_confounders(study, voice)), paragraph(*_scale(study, voice)), paragraph(*_evidence(study, voice)))
        if block
    ]


def _confounders(study: Study, voice: Voice) -> list[str]:
    parts = []
    for factor in study.factors:
        fresh = [
            text
            for text in (cited(sentence, study.record.citable) for sentence in factor.confounders)
            if text and printable(text, study.names) and voice.fresh(text) and applies(study, text)
        ]
        if not fresh:
            continue
        parts.append(
            voice.say(
                f"confounders {factor.name}",
                f"What looks like an effect of {factor.named} may have another source.",
                f"Other causes could pass for an effect of {factor.named}.",
                f"Not every difference that follows a change of {factor.named} is owed to it.",
            )
        )
        limit = 3 if len(study.factors) == 1 else 2
        parts.extend(voice.say(f"confounder {text}", ended(text)) for text in fresh[:limit])
    parts.append(_one_level(study, voice))
    parts.append(untuned_gain(study, voice))
    if study.moved:
        parts.append(_moved_along(study, voice))
    else:
        program = "program that fits" if study.tables else "training script"
        parts.append(
            voice.say(
                "limits untuned",
                f"All other settings were left at the defaults of the {program}, and {study.alternatives} might have asked for others.",
                f"Beside {study.about}, {study.name(study.baseline)} and what is set against it share the defaults of the {program}; these "
                "were not searched for any planned condition, and some may be served by them less than others.",
            )
        )
    return [part for part in parts if part]


_OF_STEPS = re.compile(r"\b(?:gains?|costs?|fewer|more|number of) (?:steps|updates)\b", re.IGNORECASE)
_OF_A_SETTING = (
    (re.compile(r"\bslopes? to each head\b"), "position", "alibi"),
    (re.compile(r"\bunder normalisation, so variants without it\b"), "norm", "none"),
)
"""A caution's words -> the setting and the value without which no run gives it an object."""


def applies(study: Study, text: str) -> bool:
    """Whether a caution on method has an object in this study: steps that differ, or a setting that some run has."""
    made = {study.results.conditions[contrast.id].steps for contrast in study.measured}
    if _OF_STEPS.search(text) and len(made) == 1 and not study.tables:
        return False
    config = study.results.config
    for words, name, value in _OF_A_SETTING:
        used = {config.get(name), *(config.get(f"{contrast.id}_{name}") for contrast in study.measured)}
        if words.search(text) and value not in used:
            return False
    return True


def _one_level(study: Study, voice: Voice) -> str:
    """That the answer on a factor is one on the only alternative that was tried."""
    tried = {
        factor.named: sorted({level.label for contrast in study.treatments for of, level in study.levels(contrast) if of == factor})
        for factor in study.factors
    }
    lone = {label: levels[0] for label, levels in tried.items() if len(levels) == 1}
    if not lone or len(lone) < len(tried):
        return ""
    names = listing([f"{level} for {label}" for label, level in lone.items()])
    each = "each factor" if len(lone) > 1 else "the factor"
    return voice.must(
        "limits level",
        f"Of {each} only one alternative was tried, {names}; another might have turned the answer.",
        f"The answer rests on a single alternative for {each}, {names}, and does not extend to others.",
    )


COMPARABLE = 0.5
"""Share of the main difference from which on the gain of one setting outside the study is set beside it (a guess)."""


def untuned_gain(study: Study, voice: Voice) -> str:
    """A change of a shared setting that the short search saw move the score about as much as the main comparison does."""
    trial, incumbent = study.primary, study.record.incumbent
    if trial.result is None or not trial.clear or incumbent is None:
        return ""
    studied = {name for factor in study.factors for level in factor.levels for name in level.settings}
    rates = [
        attempt
        for attempt in study.record.attempts
        if len(attempt.settings) == 1 and not studied & attempt.settings.keys() and set(attempt.settings) <= _TUNED_ANYWAY
    ]
    large = [one for one in rates if one.gain is not None and one.gain >= COMPARABLE * trial.result.abs_mean_diff]
    if not large:
        return ""
    best = max(large, key=lambda one: one.gain or 0.0)
    gain, size = study.cfg(f"attempt_{best.number}_gain", "f3"), study.pair("absdiff", trial.treatment.id, trial.reference.id, "f3")
    words, start = listing(changes_in_words([best])), study.name(study.conditions[incumbent])
    if gain is None:
        return ""
    return voice.must(
        "limits untuned gain",
        f"In the short search, {words} alone moved the score of {start} by {gain} {study.metric.unit} on one seed, beside which the {size} "
        f"{study.metric.unit} between {study.name(trial.treatment)} and {study.name(trial.reference)} have to be seen: how much of them would "
        "remain if each side had its own tuned settings was not measured.",
    )


_TUNED_ANYWAY = frozenset({"LEARNING_RATE", "BATCH_SIZE", "WARMUP", "BETA2", "FINAL_LR", "WEIGHT_DECAY", "GRAD_CLIP", "INIT_STD"})
"""Constants that a study of anything else would tune for each of its conditions."""


def _moved_along(study: Study, voice: Voice) -> str:
    """Which settings changed together with a level, their values on both sides, and what that leaves open."""
    alone = [contrast for contrast in study.moved if contrast.role == "treatment"] or list(study.moved)
    ran = "; ".join(
        f"{study.label(contrast)} ran with {study.moved_values(contrast)}, the reference with {study.moved_from(contrast)}"
        for contrast in alone
    )
    owed = listing([factor.named for factor in study.factors if any(factor.name in contrast.levels for contrast in alone)])
    return paragraph(
        voice.must("limits moved", f"Above all, settings moved along: {ran}."),
        voice.must(
            "limits moved owed",
            "Neither side was run with the values of the other, so part of such a difference may be owed to these settings and not "
            f"to {owed}; the values were chosen by judgement and not by search.",
            "Since neither side was given the values of the other, an unknown part of the difference may come from these settings "
            f"instead of {owed}; they were set by judgement and not by search.",
        ),
    )


def _scale(study: Study, voice: Voice) -> list[str]:
    if study.tables:
        return tables.scope(study, voice)
    parameters, steps = study.scale, _span_of_steps(study)
    name = study.data("name", "text")
    return [
        voice.say(
            "limits scale",
            f"The scale is small in every respect: {parameters}, {steps} steps, about {{{{cfg.budget_s|int}}}} seconds; what {study.training(study.primary.treatment)} does in larger models, trained for days, is a different question.",
            f"With {parameters} and {steps} steps the runs cover the opening of training only, and what {study.training(study.primary.treatment)} does later, or in larger models, is out of sight.",
            f"The results were obtained with {parameters} and about {{{{cfg.budget_s|int}}}} seconds; the rank of {study.name(study.primary.treatment)} may change with size and with training time.",
        ),
        voice.say(
            "limits corpus",
            f"Only one kind of text was used, {name}, whose regular form may suit or mask {study.name(study.primary.treatment)} as other text would not."
            if name
            else "",
            f"The corpus, {name}, is program text; prose, other languages and other sources may rank {study.name(study.baseline)} and the alternatives differently."
            if name
            else "",
        ),
    ]


def _span_of_steps(study: Study) -> str:
    """Steps of the reported conditions: one number, or the span where they differ."""
    reported = [contrast.id for contrast in study.measured] + (["tuned"] if study.searched else [])
    made = {name: study.results.conditions[name].steps for name in reported}
    least, most = min(made, key=lambda name: made[name]), max(made, key=lambda name: made[name])
    if made[least] == made[most]:
        return study.of(study.baseline.id, "steps")
    return f"{study.of(least, 'steps')} to {study.of(most, 'steps')}"


def _few_seeds(study: Study, voice: Voice) -> str:
    if study.seeds < 3:
        return voice.say(
            "limits seeds",
            f"With {study.seed_count} for each condition nothing can be said about how far the scores would scatter, let alone about which condition is preferable.",
        )
    return voice.say(
        "limits seeds",
        f"Few seeds were run, {{{{cfg.seeds|words}}}} for each condition: the spread on which every interval rests{_for_one(study)} is itself poorly known, "
        "and that differences between seeds are roughly normal, as the intervals assume, cannot be checked.",
        f"The intervals{_for_one(study)} assume that differences between seeds are roughly normal, which {{{{cfg.seeds|words}}}} values for each condition cannot check.",
    )


STANDS_APART = 2.5
"""How many times the standard deviation of the other seeds' scores that of all may be before a lone run is named (a guess; with
five normal values it happens in about one case of ten, by the critical values of Grubbs' test)."""


def lone_run(study: Study, voice: Voice) -> str:
    """The run that makes most of a condition's spread, and with it most of the width of its intervals; empty where none does."""
    for contrast in (study.baseline, *study.treatments):
        if not study.has_value(contrast.id):
            continue
        scores = study.results.conditions[contrast.id].metrics[study.m].seeds
        if len(scores) < 4:
            continue
        middle = median(scores.values())
        seed = max(scores, key=lambda name: abs(scores[name] - middle))
        others = {name: score for name, score in scores.items() if name != seed}
        if stdev(scores.values()) < STANDS_APART * stdev(others.values()):
            continue
        low, high = min(others, key=lambda name: others[name]), max(others, key=lambda name: others[name])
        score, least, most = (study.value(contrast.id, f"seed.{name}", "f3") for name in (seed, low, high))
        return voice.must(
            "limits lone run",
            f"For {study.name(contrast)} a lone run, with a score of {score}, makes most of the spread, for its others lie between {least} "
            f"and {most} {study.metric.unit}.",
        )
    return ""


def _for_one(study: Study) -> str:
    """', that of linear decay from -0.2 to -0.1 included,': the widest interval of the tested hypotheses, where there is one."""
    bounded = [
        (trial.result.ci95_high - trial.result.ci95_low, trial)
        for trial in study.trials
        if trial.result is not None and trial.result.ci95_low is not None and trial.result.ci95_high is not None
    ]
    if not bounded:
        return ""
    _, widest = max(bounded, key=lambda pair: pair[0])
    a, b = widest.treatment, widest.reference
    low, high = study.pair("ci_low", a.id, b.id, "signed3"), study.pair("ci_high", a.id, b.id, "signed3")
    return f", that of {study.name(a)} from {low} to {high} included,"


def _evidence(study: Study, voice: Voice) -> list[str]:
    open_trials = study.counted("open")
    shown_lit = study.lit("included")
    parts = [
        _few_seeds(study, voice),
        lone_run(study, voice),
    ]
    if open_trials:
        labels = listing([study.short(trial.treatment) for trial in open_trials])
        parts.append(
            voice.say(
                "limits open",
                f"In particular, the undecided outcome for {labels} may only reflect this lack of seeds.",
                f"An undecided verdict, as for {labels}, must be expected often under such conditions.",
            )
        )
    if study.record.failed:
        labels = listing(list(dict.fromkeys(study.name(study.conditions[run.condition]) for run in study.record.failed)))
        parts.append(
            voice.say(
                "limits failed",
                f"Runs that failed, those with {labels}, leave gaps that are unlikely to be random, since a setting that breaks {'a fit' if study.tables else 'training'} breaks it for a reason.",
            )
        )
    if shown_lit:
        parts.append(
            voice.say(
                "limits literature",
                f"What is said of earlier work on {study.about} rests on {shown_lit} works from an embedded catalogue, read by their records and short summaries; relevant work will be missing.",
                f"Finally, works on {study.about} were sought in an embedded catalogue alone; the {shown_lit} that were kept were not read in full, and the newest may be absent.",
            )
        )
    parts.append(
        voice.say(
            "limits rules",
            f"A program chose {study.alternatives} by rule; a researcher with taste and experience might have chosen sharper comparisons.",
            f"Rules, and not insight, decided which settings of {study.about} to compare and which to leave out.",
        )
    )
    return [part for part in parts if part]
