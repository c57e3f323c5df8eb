"""The conclusion: the answers once more, and what to run next."""

from __future__ import annotations

from researchclaw.adapters.offline.writing import asked
from researchclaw.adapters.offline.writing.language import Voice, capital, listing, paragraph
from researchclaw.adapters.offline.writing.phrases import lean_means, main_prediction, once_adjusted, withheld
from researchclaw.adapters.offline.writing.reading import Study, Trial


def conclusion(study: Study, voice: Voice) -> list[str]:
    trial = study.primary
    parts = [
        *(_without_an_answer if trial.outcome == "uncompared" else _with_an_answer)(study, voice, trial),
        _untested(study, voice),
        _contest(study, voice),
        "" if asked.either_way(study) else _joint_effect(study, voice),
        _next_step(study, voice, trial),
        voice.say(
            "conclusion reuse",
            f"The runs are stored with their seeds and commands, so that a doubt about {study.name(study.primary.treatment)} can be "
            "settled by running them again.",
            f"Seeds and commands of the {{{{cfg.runs_reported|int}}}} runs are on record, so the value of {study.name(study.baseline)} and "
            "every other can be put to the test again.",
            f"Whoever doubts a value, of {study.name(study.primary.treatment)} or another, can repeat the run behind it from the commands in "
            "@sec:appendix_reproducibility.",
        ),
    ]
    return [paragraph(*parts)]


def _without_an_answer(study: Study, voice: Voice, trial: Trial) -> list[str]:
    return [_no_main_answer(study, voice, trial), *_other_answers(study, voice)]


def _with_an_answer(study: Study, voice: Voice, trial: Trial) -> list[str]:
    endings = {
        "held": (
            f"The question about {study.about} has an answer for this setting, and it is the predicted one",
            "In this setting the main prediction passed its test",
        ),
        "failed": (
            f"The question about {study.about} has an answer for this setting, and it is not the predicted one",
            "The prediction made in advance has to be given up in this setting",
        ),
        "open": (
            f"The question about {study.about} stays open in this setting",
            "The experiment returns no verdict on its main prediction, which is itself worth recording",
        ),
    }[trial.outcome]
    both, found = asked.either_way(study), asked.choice(study)
    main = [f"{text}: {_measured(study, trial)}{_by_margin(study, trial)}." for text in endings]
    lead: list[str] = []
    if both is not None:
        lead = [voice.must("conclusion asked", f"{capital(asked.simple_effects(study, both)[1])}."), _joint_effect(study, voice)]
        if both.alone == (trial.treatment, trial.reference):  # its values have just been given
            main = [f"{main_prediction(study, trial)} {where}." for where in ("on these seeds", "here")]
    elif found is not None:
        lead = [voice.must("conclusion asked", f"The answer to the question is, {study.here}, {asked.taken(study, found)}.")]
    return [
        *lead,
        voice.must("conclusion", *main),
        *_other_answers(study, voice),
        _not_apart(study, voice),
        _lean(study, voice),
    ]


def _untested(study: Study, voice: Voice) -> str:
    lost = [study.name(other.treatment) for other in study.trials[1:] if other.result is None]
    if not lost:
        return ""
    return voice.must(
        "conclusion lost",
        f"What was foretold of {listing(lost)} stays untested until runs with {'it' if len(lost) == 1 else 'them'} come to an end.",
    )


def _contest(study: Study, voice: Voice) -> str:
    if study.rivals is None:
        return ""
    one, other = study.rivals
    result = study.comparison(one.id, other.id)
    why = "" if result is None else withheld(result)
    return voice.say(
        "conclusion contest",
        f"As a contest it ends like this: {'on the same rows' if study.tables else 'for the same budget of time'}, {study.plain(one)} {study.cmp(one.id, other.id)} {study.plain(other)}{why}; the mean difference is {study.pair('diff', one.id, other.id, 'signed3')} {study.metric.unit}, with an interval from {study.interval(one.id, other.id)}.",
    )


def _joint_effect(study: Study, voice: Voice) -> str:
    both = study.results.interaction
    if not study.interaction_measured or both is None or study.rivals is not None:
        return ""
    if both.verdict not in {"better", "worse"}:
        if asked.either_way(study) is None:
            return ""
        return voice.must(
            "conclusion interplay",
            f"From the one case to the other the effect changes by {study.interplay('mean_diff')} {study.metric.unit} (interval "
            f"{study.interplay('ci95_low')} to {study.interplay('ci95_high')}), {asked.interplay(study)}.",
        )
    return voice.say(
        "conclusion interplay",
        f"Since the joint effect departs from the sum of the separate ones by {{{{interaction.abs_mean_diff|f3}}}} {study.metric.unit}, "
        "neither factor should be set without regard to the other.",
    )


def _not_apart(study: Study, voice: Voice) -> str:
    """That an answer on a level is one on the settings that moved along with it, too; empty where none did."""
    clear = [trial.treatment for trial in study.trials if trial.clear and trial.treatment in study.moved]
    if not clear:
        return ""
    nouns = listing(list(dict.fromkeys(study.noun(name) for contrast in clear for name in study.moved_along(contrast))))
    names = listing([study.label(contrast) for contrast in clear])
    return voice.must(
        "conclusion moved",
        f"What {names} would give at the {nouns} of the reference was not measured, so these answers hold for whole settings.",
        f"These answers hold for {names} at other values of {nouns} than the reference has; the shares cannot be told apart.",
    )


def _lean(study: Study, voice: Voice) -> str:
    """That an ablation ends ahead of the reference, where one does; what the treatments say is not all that was measured."""
    lean = study.lean_ahead
    if lean is None:
        return ""
    return voice.must(
        "conclusion lean",
        f"None of these answers is about the leading mean of the plan, that of {study.name(lean)} ({lean_means(study, lean)} for the "
        "reference), which no registered comparison sets against the reference.",
        f"Ahead of the reference on every seed, though in no registered comparison with it, ends {study.name(lean)}, {lean_means(study, lean)}.",
    )


def _no_main_answer(study: Study, voice: Voice, trial: Trial) -> str:
    """Why the main question has no answer: its runs are missing, or too few."""
    if trial.result is None:
        lost = [study.name(contrast) for contrast in (trial.treatment, trial.reference) if not study.has_value(contrast.id)]
        why = f"no run of {listing(lost)} ended with a score" if lost else "its two sides share no seed that finished"
        return voice.must("conclusion", f"The main question, about {study.name(trial.treatment)}, has no answer here, because {why}.")
    return voice.say(
        "conclusion",
        f"The runs reported here show what values are reached in this setting and how to repeat them; an answer about {study.about} has to wait for more seeds."
        if not study.compared
        else f"For the main comparison, with {study.name(trial.treatment)}, too few pairs of runs finished, so its question stays without an answer.",
    )


def _measured(study: Study, trial: Trial) -> str:
    """Direction, size and interval of a comparison, without a period."""
    a, b = trial.treatment.id, trial.reference.id
    return (
        f"at a mean difference of {study.pair('diff', a, b, 'signed3')} {study.metric.unit} and an interval from {study.interval(a, b)}, "
        f"{study.plain(trial.treatment)} {study.cmp(a, b)} {study.plain(trial.reference)}{once_adjusted(trial)}"
    )


def _by_margin(study: Study, trial: Trial) -> str:
    return f"; {_fate(study, trial)}" if trial.hypothesis.predicts == "same" else ""


def _other_answers(study: Study, voice: Voice) -> list[str]:
    """The further hypotheses, one sentence each; what became of the second prediction is not said in the words of the first."""
    answers: list[str] = []
    told: set[str] = set()
    for trial in study.trials[1:]:
        if trial.outcome != "uncompared":
            answers.append(_other_answer(study, voice, trial, told))
            told.add(_fate(study, trial))
    return answers


def _other_answer(study: Study, voice: Voice, trial: Trial, told: set[str]) -> str:
    """A further hypothesis in one sentence: direction, size, interval and what became of the prediction.

    told: what has been said of earlier predictions.
    """
    a, b = trial.treatment.id, trial.reference.id
    one, other, verdict = study.plain(trial.treatment), f"{study.plain(trial.reference)}{once_adjusted(trial)}", study.cmp(a, b)
    diff, span = f"{study.pair('diff', a, b, 'signed3')} {study.metric.unit}", study.interval(a, b)
    fate = _fate(study, trial, again=_fate(study, trial) in told)
    return voice.must(
        "conclusion other",
        f"{capital(one)} {verdict} {other} ({diff} on average, interval {span}); {fate}.",
        f"For {study.name(trial.treatment)} the mean difference is {diff} and the interval {span}, so {one} {verdict} {other}; {fate}.",
        f"An interval of {span} around {diff} says that {one} {verdict} {other}; {fate}.",
    )


def _fate(study: Study, trial: Trial, *, again: bool = False) -> str:
    """What became of a prediction, as a clause; sameness is judged by its registered margin alone.

    again: the same was said of an earlier one.
    """
    margin = study.cfg(f"predicted_{trial.hypothesis.id}", "f3")
    if trial.hypothesis.predicts == "same" and margin is not None and trial.hypothesis.predicted_size > 0:
        return {
            "held": f"the whole interval keeps to the predicted margin of {margin}",
            "failed": f"the whole interval lies beyond the predicted margin of {margin}",
            "open": f"whether this keeps to the predicted margin of {margin} stays undecided",
            "uncompared": "",
        }[trial.outcome]
    if again:
        return {
            "held": "here, too, the prediction holds",
            "failed": "here, too, the prediction fails",
            "open": "here, too, the prediction stays open",
            "uncompared": "",
        }[trial.outcome]
    return {
        "held": "this had been predicted",
        "failed": "the opposite had been predicted",
        "open": "the prediction about it stays undecided",
        "uncompared": "",
    }[trial.outcome]


def _next_runs(study: Study, voice: Voice) -> str:
    """What to run next where the main comparison has too few runs."""
    if study.record.failed:
        lost = listing(list(dict.fromkeys(study.name(study.conditions[run.condition]) for run in study.record.failed)))
        return voice.say("next failures", f"Before anything else it should be found out why runs with {lost} end without a score.")
    return voice.say("next seeds", "Seeds are what is missing: with more of them the same plan would return verdicts.")


def _next_step(study: Study, voice: Voice, trial: Trial) -> str:
    asked_for = {(match.factor, name) for match in study.record.goal.matches for name in match.levels}
    levels = [(factor.name, level) for factor in study.factors for level in factor.levels if not level.is_baseline]
    levels.sort(key=lambda entry: (entry[0], entry[1].name) not in asked_for)  # what the topic named comes first
    spare = [level.label for factor, level in levels if not _tried(study, factor, level.name)]
    if trial.outcome == "uncompared":
        return _next_runs(study, voice)
    if trial.outcome == "open":
        until = (
            "the interval is narrow enough to lie within the predicted margin or beyond it"
            if trial.hypothesis.predicts == "same"
            else "the detectable difference falls below the size that was predicted"
        )
        return voice.say(
            "next open",
            f"The direct way forward is more seeds for {study.name(trial.treatment)}, until {until}.",
            f"More seeds for {study.name(trial.treatment)} and {study.name(trial.reference)} would narrow the interval, and nothing else in the design would need to change.",
        )
    if trial.outcome == "failed":
        return _after_a_failure(study, voice, trial)
    if spare:
        return voice.say(
            "next spare",
            f"Left untried {'was' if len(spare) == 1 else 'were'} {listing(spare[:3])}, which the same design could take up without any change.",
            f"The natural sequel is to put {listing(spare[:3])} through the same comparison.",
        )
    return voice.say(
        "next longer", f"The natural sequel is the same comparison {'on other data' if study.tables else 'under a longer budget'}."
    )


def _after_a_failure(study: Study, voice: Voice, trial: Trial) -> str:
    if trial.hypothesis.predicts == "same":
        return voice.say(
            "next failed",
            f"Why {study.name(trial.treatment)} matters here, although no difference of note had been expected, is the question that this study hands on.",
            f"The next experiment should look for the reason why so much depends on {study.name(trial.treatment)} after all.",
        )
    if study.lost_with_fewer_steps(trial):
        return voice.say(
            "next failed",
            f"A comparison at an equal number of steps would tell whether the mechanism of {study.name(trial.treatment)} or the price of its steps decided.",
            f"Whether {study.name(trial.treatment)} fails for its mechanism or for the price of its steps is the question that this study hands on.",
        )
    return voice.say(
        "next failed",
        f"The next experiment should look for the reason, since the mechanism from which the effect of {study.name(trial.treatment)} was derived is now in doubt.",
        f"Why {study.name(trial.treatment)} did not do what its mechanism suggests is the question that this study hands on.",
    )


def _tried(study: Study, factor: str, level: str) -> bool:
    return any(contrast.levels.get(factor) == level for contrast in study.record.plan.conditions)
